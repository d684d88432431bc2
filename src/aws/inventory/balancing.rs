//! Asks Elastic Load Balancing what is there.

use crate::aws::arn::Arn;
use crate::aws::{Cx, Error, Result, unless_missing};

/// Asks whether an object is there; `None` for kinds that are not asked after, such as classic load
/// balancers, whose ARNs name no kind of load balancer.
pub(super) async fn exists(cx: &Cx, arn: &Arn) -> Result<Option<bool>> {
    let (elbv2, text) = (cx.elbv2(), arn.as_str());
    let asked = match arn.kind.as_str() {
        "loadbalancer" if arn.name.contains('/') => {
            let call = elbv2.describe_load_balancers().load_balancer_arns(text);
            call.send().await.map(drop).map_err(Error::from)
        }
        "targetgroup" => {
            let call = elbv2.describe_target_groups().target_group_arns(text);
            call.send().await.map(drop).map_err(Error::from)
        }
        "listener" => {
            let call = elbv2.describe_listeners().listener_arns(text);
            call.send().await.map(drop).map_err(Error::from)
        }
        "listener-rule" => {
            let call = elbv2.describe_rules().rule_arns(text);
            call.send().await.map(drop).map_err(Error::from)
        }
        _ => return Ok(None),
    };
    Ok(Some(unless_missing(asked)?.is_some()))
}
