//! What CloudWatch checks of an alarm before it takes it.

use std::sync::OnceLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::rules::{
    ACTION, COMPOSITES, DATAPOINTS, MISSING, PERIOD, RETURNED, RULE, RULE_ALARM, STATISTIC,
    THRESHOLD, WHAT, WINDOW, WORD,
};
use super::{Alarm, Input, Members};
use crate::rules::Refusal;

const DAY: i64 = 24 * 3600;

/// Checks PutMetricAlarm.
pub(super) fn metric(input: &Input) -> Result<(), Refusal> {
    let metrics = input.list("Metrics");
    if input.contains_key("MetricName") != metrics.is_empty() {
        return Err(WHAT.refuse(&[]));
    }
    let needs: &[&str] = if metrics.is_empty() {
        &["Namespace", "Period", "EvaluationPeriods", "ComparisonOperator"]
    } else {
        &["EvaluationPeriods", "ComparisonOperator"]
    };
    if let Some(missing) = needs.iter().find(|name| !input.contains_key(**name)) {
        return Err(MISSING.refuse(&[missing]));
    }
    let statistics = ["Statistic", "ExtendedStatistic"];
    let given = statistics.iter().filter(|name| input.contains_key(**name)).count();
    if given != usize::from(metrics.is_empty()) {
        return Err(STATISTIC.refuse(&[]));
    }
    if input.contains_key("Threshold") == input.contains_key("ThresholdMetricId") {
        return Err(THRESHOLD.refuse(&[]));
    }
    returned(metrics)?;
    periods(input, metrics)?;
    for (name, words) in [
        ("TreatMissingData", ["breaching", "notBreaching", "ignore", "missing"].as_slice()),
        ("EvaluateLowSampleCountPercentile", &["evaluate", "ignore"]),
    ] {
        if let Some(word) = input.text(name).filter(|word| !words.contains(word)) {
            return Err(WORD.refuse(&[word, name, &words.join(", ")]));
        }
    }
    Ok(())
}

/// One metric or expression is what the alarm watches; each returns data unless it says no.
fn returned(metrics: &[Value]) -> Result<(), Refusal> {
    let returned = metrics.iter().filter(|metric| metric["ReturnData"] != Value::Bool(false));
    match returned.count() {
        0 if metrics.is_empty() => Ok(()),
        1 => Ok(()),
        count => Err(RETURNED.refuse(&[&count.to_string()])),
    }
}

fn periods(input: &Input, metrics: &[Value]) -> Result<(), Refusal> {
    let of_metric = |metric: &Map<String, Value>| {
        let stat = metric.object("MetricStat").and_then(|stat| stat.integer("Period"));
        stat.or_else(|| metric.integer("Period"))
    };
    let metrics = metrics.iter().filter_map(Value::as_object).filter_map(of_metric);
    let periods: Vec<i64> = input.integer("Period").into_iter().chain(metrics).collect();
    let valid = |period: i64| matches!(period, 10 | 20 | 30) || (period > 0 && period % 60 == 0);
    if let Some(period) = periods.iter().find(|period| !valid(**period)) {
        return Err(PERIOD.refuse(&[&period.to_string()]));
    }
    let count = input.integer("EvaluationPeriods").unwrap_or_default();
    if let Some(points) = input.integer("DatapointsToAlarm").filter(|points| *points > count) {
        return Err(DATAPOINTS.refuse(&[&points.to_string(), &count.to_string()]));
    }
    let longest = periods.into_iter().max().unwrap_or(60);
    let (most, words) = if longest >= 3600 { (7 * DAY, "a week") } else { (DAY, "a day") };
    if count.saturating_mul(longest) > most {
        return Err(WINDOW.refuse(&[words, &most.to_string()]));
    }
    Ok(())
}

/// Checks the actions of an alarm of any type.
pub(super) fn actions(input: &Input) -> Result<(), Refusal> {
    let lists = ["OKActions", "AlarmActions", "InsufficientDataActions"];
    let mut actions = lists.iter().flat_map(|list| input.texts(list));
    match actions.find(|action| !action.starts_with("arn:")) {
        Some(action) => Err(ACTION.refuse(&[action])),
        None => Ok(()),
    }
}

/// Checks that a composite alarm's rule speaks of alarms that are there.
pub(super) fn composite(
    input: &Input,
    arn_prefix: &str,
    known: impl Fn(&str) -> bool,
) -> Result<(), Refusal> {
    static STATE: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = r#"\b(?:ALARM|OK|INSUFFICIENT_DATA)\(\s*(?:"([^"]+)"|([^\s()"]+))\s*\)"#;
    let rule = input.text("AlarmRule").unwrap_or_default();
    let state = STATE.get_or_init(|| Regex::new(pattern).ok());
    let named: Vec<&str> = state
        .iter()
        .flat_map(|state| state.captures_iter(rule))
        .filter_map(|found| found.get(1).or_else(|| found.get(2)))
        .map(|name| name.as_str().strip_prefix(arn_prefix).unwrap_or(name.as_str()))
        .collect();
    if named.is_empty() && !rule.contains("TRUE") && !rule.contains("FALSE") {
        return Err(RULE.refuse(&[rule]));
    }
    match named.iter().find(|name| !known(name)) {
        Some(name) => Err(RULE_ALARM.refuse(&[name])),
        None => Ok(()),
    }
}

/// Refuses to delete more than one composite alarm at once.
pub(super) fn one_composite<'a>(alarms: impl Iterator<Item = &'a Alarm>) -> Result<(), Refusal> {
    if alarms.filter(|alarm| alarm.composite).count() > 1 {
        return Err(COMPOSITES.refuse(&[]));
    }
    Ok(())
}
