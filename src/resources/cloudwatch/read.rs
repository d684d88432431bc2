//! Reading alarms: by their names, a hundred in a call.

use super::alarm::{CloudwatchAlarm, CloudwatchAlarmOut};
use super::metric::{Dimension, MetricDataQuery};
use crate::aws::{Cx, Error, Result, Sdk, Tags, unless_missing};
use crate::engine::resource::{Live, Status, Want};
use crate::resources::PARALLEL;
use aws_sdk_cloudwatch::types::{AlarmType, ComparisonOperator, MetricAlarm};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};

/// AWS takes this many names in a call.
const MOST: usize = 100;

/// Reads the alarms in question; the index of tags is evidence for what nobody asks for by name.
pub(super) async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<CloudwatchAlarm>>> {
    let mut indexed: BTreeMap<String, Tags> = BTreeMap::new();
    let names: BTreeSet<String> = match want {
        // What is about to be written, or was just written, is read without the index.
        Want::Ids(ids) => ids.iter().cloned().collect(),
        Want::Owned { workspaces, names } => {
            let cell = cx.tag_index().await?;
            let prefix = cx.arn("cloudwatch", "alarm:");
            for (arn, tags) in cell.get().into_iter().flatten() {
                let name = arn.strip_prefix(&prefix);
                if let Some(name) = name.filter(|_| cx.scope.owns(tags, workspaces)) {
                    indexed.insert(name.to_owned(), tags.clone());
                }
            }
            names.iter().cloned().chain(indexed.keys().cloned()).collect()
        }
    };
    let names: Vec<String> = names.into_iter().collect();
    let mut found = Vec::new();
    for chunk in names.chunks(MOST) {
        let call = cx.cloudwatch().describe_alarms().set_alarm_names(Some(chunk.to_vec()));
        let call = call.alarm_types(AlarmType::MetricAlarm).max_records(100);
        let pages = call.into_paginator().send();
        let pages = pages.collect::<std::result::Result<Vec<_>, _>>().await?;
        found.extend(pages.into_iter().flat_map(|page| page.metric_alarms.unwrap_or_default()));
    }
    let indexed = &indexed;
    stream::iter(found)
        .map(|alarm| async move {
            let Some(name) = alarm.alarm_name.clone() else { return Ok(None) };
            let arn = alarm.alarm_arn.clone();
            let arn = arn.unwrap_or_else(|| cx.arn("cloudwatch", &format!("alarm:{name}")));
            let tags = match indexed.get(&name) {
                Some(tags) => Some(tags.clone()),
                None => tags_of(cx, &arn).await?,
            };
            Ok::<_, Error>(tags.map(|tags| live(alarm, name, arn, tags)))
        })
        .buffered(PARALLEL)
        .try_filter_map(|live| async { Ok(live) })
        .try_collect()
        .await
}

/// Reads the tags; `None` when the alarm is gone meanwhile.
async fn tags_of(cx: &Cx, arn: &str) -> Result<Option<Tags>> {
    let call = cx.cloudwatch().list_tags_for_resource().resource_arn(arn);
    let found = unless_missing(call.send().await)?;
    let pair =
        |tag: aws_sdk_cloudwatch::types::Tag| Some((tag.key?, tag.value.unwrap_or_default()));
    Ok(found.map(|found| found.tags.unwrap_or_default().into_iter().filter_map(pair).collect()))
}

fn live(alarm: MetricAlarm, name: String, arn: String, tags: Tags) -> Live<CloudwatchAlarm> {
    let set = |all: Option<Vec<String>>| Some(all.unwrap_or_default().into_iter().collect());
    let is_single = alarm.metric_name.is_some();
    let dimensions = alarm.dimensions.unwrap_or_default().into_iter().map(Dimension::of_sdk);
    let metrics = alarm.metrics.filter(|metrics| !metrics.is_empty());
    let operator = alarm.comparison_operator;
    let spec = CloudwatchAlarm {
        name: name.clone(),
        alarm_description: Some(alarm.alarm_description.unwrap_or_default()),
        actions_enabled: Some(alarm.actions_enabled.unwrap_or(true)),
        ok_actions: set(alarm.ok_actions),
        alarm_actions: set(alarm.alarm_actions),
        insufficient_data_actions: set(alarm.insufficient_data_actions),
        metric_name: alarm.metric_name,
        namespace: alarm.namespace,
        statistic: alarm.statistic.map(Sdk),
        extended_statistic: alarm.extended_statistic,
        dimensions: is_single.then(|| dimensions.collect()),
        period: alarm.period,
        unit: alarm.unit.map(Sdk),
        evaluation_periods: alarm.evaluation_periods.unwrap_or_default(),
        datapoints_to_alarm: alarm.datapoints_to_alarm,
        threshold: alarm.threshold,
        comparison_operator: Sdk(operator.unwrap_or(ComparisonOperator::GreaterThanThreshold)),
        treat_missing_data: alarm.treat_missing_data.or_else(|| Some("missing".to_owned())),
        evaluate_low_sample_count_percentile: alarm.evaluate_low_sample_count_percentile,
        metrics: metrics.map(|all| all.into_iter().map(MetricDataQuery::of_sdk).collect()),
        threshold_metric_id: alarm.threshold_metric_id,
    };
    let out = CloudwatchAlarmOut { id: name.clone(), arn };
    Live { id: name, tags, status: Status::Ready, spec, out }
}
