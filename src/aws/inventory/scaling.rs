//! Asks Cloud Map, CloudWatch and Application Auto Scaling what is there.

use crate::aws::arn::Arn;
use crate::aws::{Cx, Error, Result, unless_missing};
use aws_sdk_cloudwatch::types::AlarmType;

/// Asks whether an object is there; `None` for kinds that are not asked after.
pub(super) async fn exists(cx: &Cx, arn: &Arn) -> Result<Option<bool>> {
    let asked = match (arn.service.as_str(), arn.kind.as_str()) {
        ("servicediscovery", "namespace") => {
            let call = cx.service_discovery().get_namespace().id(&arn.name);
            call.send().await.map(drop).map_err(Error::from)
        }
        ("servicediscovery", "service") => {
            let call = cx.service_discovery().get_service().id(&arn.name);
            call.send().await.map(drop).map_err(Error::from)
        }
        ("cloudwatch", "alarm") => {
            let call = cx.cloudwatch().describe_alarms().alarm_names(&arn.name);
            let types = [AlarmType::MetricAlarm, AlarmType::CompositeAlarm];
            let found = call.set_alarm_types(Some(types.to_vec())).send().await?;
            let there = !found.metric_alarms().is_empty() || !found.composite_alarms().is_empty();
            return Ok(Some(there));
        }
        ("application-autoscaling", "scalable-target") => {
            // Nothing else takes the ARN.
            let call = cx.application_autoscaling().list_tags_for_resource();
            let call = call.resource_arn(arn.as_str());
            call.send().await.map(drop).map_err(Error::from)
        }
        _ => return Ok(None),
    };
    Ok(Some(unless_missing(asked)?.is_some()))
}
