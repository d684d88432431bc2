//! `cloudwatch_alarm`: says so when a metric is beyond a threshold for some time.

use super::metric::{Dimension, MetricDataQuery};
use super::read;
use crate::aws::{Cx, Error, Result, Sdk, Tags};
use crate::engine::resource::{
    Changed, Creation, FieldProblem, IdentityBy, Live, ReplaceOrder, Resource, Rules, Want,
};
use crate::resources::or_gone;
use crate::stack::schema::immutable;
use crate::stack::value::contains_placeholder;
use aws_sdk_cloudwatch::types::{ComparisonOperator, StandardUnit, Statistic, Tag};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

crate::sdk_enum!(ComparisonOperator => "ComparisonOperator", Statistic => "Statistic");

/// A CloudWatch alarm on a metric, or on an expression over several. The alarms that target tracking
/// needs are AWS's own; one for a step policy names the policy's ARN in its actions.
///
/// ```toml
/// [cloudwatch_alarm.errors]
/// name                = "${env}-order-api-errors"
/// alarm_description   = "the API answers with errors"
/// namespace           = "AWS/ApplicationELB"
/// metric_name         = "HTTPCode_Target_5XX_Count"
/// dimensions          = [{ name = "LoadBalancer", value = "${load_balancer.main.load_balancer_full_name}" }]
/// statistic           = "Sum"
/// period              = 60
/// evaluation_periods  = 5
/// datapoints_to_alarm = 3
/// threshold           = 10
/// comparison_operator = "GreaterThanThreshold"
/// treat_missing_data  = "notBreaching"
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloudwatchAlarm {
    /// Name, unique in the account and region; at most 255 characters.
    #[schemars(transform = immutable)]
    pub name: String,
    /// What it means, at most 1024 characters; an empty one takes it away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarm_description: Option<String>,
    /// Whether its actions are taken. AWS starts with true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions_enabled: Option<bool>,
    /// ARNs of what is done when it is well again; at most 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ok_actions: Option<BTreeSet<String>>,
    /// ARNs of what is done when it goes off, such as a topic or a step policy; at most 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarm_actions: Option<BTreeSet<String>>,
    /// ARNs of what is done when there are too few data; at most 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insufficient_data_actions: Option<BTreeSet<String>>,
    /// Name of the metric; not with `metrics`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_name: Option<String>,
    /// Namespace of the metric, e.g. `AWS/ECS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Statistic of the metric: `Average`, `Sum`, `Minimum`, `Maximum` or `SampleCount`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statistic: Option<Sdk<Statistic>>,
    /// Percentile of the metric instead of a statistic, e.g. `p99`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extended_statistic: Option<String>,
    /// Dimensions of the metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<BTreeSet<Dimension>>,
    /// Seconds of a period: 10, 20, 30 or a multiple of 60.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 10))]
    pub period: Option<i32>,
    /// Unit of the metric; all units when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Sdk<StandardUnit>>,
    /// Periods that are looked at.
    #[schemars(range(min = 1))]
    pub evaluation_periods: i32,
    /// Of these, how many must be beyond the threshold; all when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub datapoints_to_alarm: Option<i32>,
    /// The threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// Which side of the threshold is bad, e.g. `GreaterThanThreshold`.
    pub comparison_operator: Sdk<ComparisonOperator>,
    /// What missing data count as: `missing`, as AWS starts, `breaching`, `notBreaching` or
    /// `ignore`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub treat_missing_data: Option<String>,
    /// Of a percentile, whether few data count: `evaluate` or `ignore`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluate_low_sample_count_percentile: Option<String>,
    /// Metrics and expressions over them, of which one returns data; instead of `metric_name`.
    #[schemars(extend("x-key" = ["id"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Vec<MetricDataQuery>>,
    /// Expression of `metrics` that is the threshold, instead of `threshold`: a band of what was
    /// expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold_metric_id: Option<String>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct CloudwatchAlarmOut {
    /// The name.
    pub id: String,
    /// ARN.
    pub arn: String,
}

impl Resource for CloudwatchAlarm {
    const TYPE: &'static str = "cloudwatch_alarm";
    const AWS_NAME: &'static str = "AWS::CloudWatch::Alarm";
    const RULES: Rules =
        Rules { identity: IdentityBy::Name, replace: ReplaceOrder::CreateFirst, ..Rules::DEFAULT };
    type Out = CloudwatchAlarmOut;

    fn natural_name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn validate(&self) -> Vec<FieldProblem> {
        self.problems()
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        read::list(cx, want).await
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        self.put(cx, Some(with.tags)).await?;
        Ok(self.name.clone())
    }

    /// Sends the whole alarm, because the call overwrites all of it: what the stack does not say
    /// stays as it is.
    async fn update(&self, cx: &Cx, live: &Live<Self>, _: &Changed) -> Result<()> {
        self.over(&live.spec).put(cx, None).await
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        if !set.is_empty() {
            let call = cx.cloudwatch().tag_resource().resource_arn(&live.out.arn);
            call.set_tags(Some(to_cloudwatch(set))).send().await?;
        }
        if !remove.is_empty() {
            let call = cx.cloudwatch().untag_resource().resource_arn(&live.out.arn);
            call.set_tag_keys(Some(remove.to_vec())).send().await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        or_gone(cx.cloudwatch().delete_alarms().alarm_names(&live.id).send().await)
    }
}

fn to_cloudwatch(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

fn texts(all: Option<&BTreeSet<String>>) -> Option<Vec<String>> {
    all.map(|all| all.iter().cloned().collect())
}

impl CloudwatchAlarm {
    /// Puts it; tags count for a new one only.
    async fn put(&self, cx: &Cx, tags: Option<&Tags>) -> Result<()> {
        let dimensions = self.dimensions.as_ref();
        let metrics = self.metrics.as_ref();
        cx.cloudwatch()
            .put_metric_alarm()
            .alarm_name(&self.name)
            .set_alarm_description(self.alarm_description.clone().filter(|text| !text.is_empty()))
            .set_actions_enabled(self.actions_enabled)
            .set_ok_actions(texts(self.ok_actions.as_ref()))
            .set_alarm_actions(texts(self.alarm_actions.as_ref()))
            .set_insufficient_data_actions(texts(self.insufficient_data_actions.as_ref()))
            .set_metric_name(self.metric_name.clone())
            .set_namespace(self.namespace.clone())
            .set_statistic(self.statistic.as_ref().map(|one| one.0.clone()))
            .set_extended_statistic(self.extended_statistic.clone())
            .set_dimensions(dimensions.map(|all| all.iter().map(Dimension::sdk).collect()))
            .set_period(self.period)
            .set_unit(self.unit.as_ref().map(|one| one.0.clone()))
            .evaluation_periods(self.evaluation_periods)
            .set_datapoints_to_alarm(self.datapoints_to_alarm)
            .set_threshold(self.threshold)
            .comparison_operator(self.comparison_operator.0.clone())
            .set_treat_missing_data(self.treat_missing_data.clone())
            .set_evaluate_low_sample_count_percentile(
                self.evaluate_low_sample_count_percentile.clone(),
            )
            .set_metrics(metrics.map(|all| all.iter().map(MetricDataQuery::sdk).collect()))
            .set_threshold_metric_id(self.threshold_metric_id.clone())
            .set_tags(tags.map(to_cloudwatch))
            .send()
            .await
            .map(drop)
            .map_err(Error::from)
    }

    /// It, with what it does not say as a live one has it; but nothing that excludes what it says.
    fn over(&self, live: &Self) -> Self {
        fn keep<T: Clone>(mine: &mut Option<T>, live: Option<&T>) {
            if mine.is_none() {
                *mine = live.cloned();
            }
        }
        let mut all = self.clone();
        keep(&mut all.alarm_description, live.alarm_description.as_ref());
        keep(&mut all.actions_enabled, live.actions_enabled.as_ref());
        keep(&mut all.ok_actions, live.ok_actions.as_ref());
        keep(&mut all.alarm_actions, live.alarm_actions.as_ref());
        keep(&mut all.insufficient_data_actions, live.insufficient_data_actions.as_ref());
        keep(&mut all.treat_missing_data, live.treat_missing_data.as_ref());
        if self.metrics.is_none() {
            keep(&mut all.metric_name, live.metric_name.as_ref());
            keep(&mut all.namespace, live.namespace.as_ref());
            keep(&mut all.dimensions, live.dimensions.as_ref());
            keep(&mut all.period, live.period.as_ref());
            keep(&mut all.unit, live.unit.as_ref());
            if self.extended_statistic.is_none() {
                keep(&mut all.statistic, live.statistic.as_ref());
            }
            if all.statistic.is_none() {
                keep(&mut all.extended_statistic, live.extended_statistic.as_ref());
                let low = live.evaluate_low_sample_count_percentile.as_ref();
                keep(&mut all.evaluate_low_sample_count_percentile, low);
            }
        }
        if self.metric_name.is_none() {
            keep(&mut all.metrics, live.metrics.as_ref());
        }
        if self.threshold.is_none() && self.threshold_metric_id.is_none() {
            all.threshold = live.threshold;
            all.threshold_metric_id.clone_from(&live.threshold_metric_id);
        }
        let fits = |points: &i32| *points <= self.evaluation_periods;
        if all.datapoints_to_alarm.is_none() {
            all.datapoints_to_alarm = live.datapoints_to_alarm.filter(fits);
        }
        all
    }

    fn problems(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |path: &str, message: &str| {
            problems.push(FieldProblem { path: path.to_owned(), message: message.to_owned() });
        };
        if !(1..=255).contains(&self.name.chars().count()) && !contains_placeholder(&self.name) {
            problem("name", "a name has 1 to 255 characters");
        }
        if self.metric_name.is_some() == self.metrics.is_some() {
            problem("metric_name", "give either `metric_name` or `metrics`");
        }
        if self.metric_name.is_some() {
            if self.namespace.is_none() {
                problem("namespace", "`metric_name` needs it");
            }
            if self.period.is_none() {
                problem("period", "`metric_name` needs it");
            }
            if self.statistic.is_some() == self.extended_statistic.is_some() {
                problem("statistic", "give either `statistic` or `extended_statistic`");
            }
        }
        for (name, given) in [
            ("namespace", self.namespace.is_some()),
            ("statistic", self.statistic.is_some()),
            ("extended_statistic", self.extended_statistic.is_some()),
            ("dimensions", self.dimensions.is_some()),
            ("period", self.period.is_some()),
            ("unit", self.unit.is_some()),
        ] {
            if given && self.metrics.is_some() {
                problem(name, "not with `metrics`, each of which has its own");
            }
        }
        let periods = self.period.into_iter();
        let valid = |seconds: i32| matches!(seconds, 10 | 20 | 30) || seconds % 60 == 0;
        if periods.into_iter().any(|seconds| !valid(seconds)) {
            problem("period", "10, 20, 30 or a multiple of 60 seconds");
        }
        if self.threshold.is_some() == self.threshold_metric_id.is_some() {
            problem("threshold", "give either `threshold` or `threshold_metric_id`");
        }
        if self.datapoints_to_alarm.is_some_and(|points| points > self.evaluation_periods) {
            problem("datapoints_to_alarm", "at most `evaluation_periods`");
        }
        for (name, given, known) in [
            (
                "treat_missing_data",
                &self.treat_missing_data,
                ["breaching", "notBreaching", "ignore", "missing"].as_slice(),
            ),
            (
                "evaluate_low_sample_count_percentile",
                &self.evaluate_low_sample_count_percentile,
                &["evaluate", "ignore"],
            ),
        ] {
            let wrong = given
                .as_ref()
                .is_some_and(|word| !contains_placeholder(word) && !known.contains(&word.as_str()));
            if wrong {
                problem(name, &format!("one of `{}`", known.join("`, `")));
            }
        }
        if let Some(metrics) = &self.metrics {
            let ids: BTreeSet<&String> = metrics.iter().map(|one| &one.id).collect();
            if ids.len() < metrics.len() {
                problem("metrics", "two have the same `id`");
            }
            let returned = metrics.iter().filter(|one| one.return_data != Some(false)).count();
            if returned != 1 && self.threshold_metric_id.is_none() {
                problem("metrics", "`return_data = false` for all but one");
            }
            for (at, one) in metrics.iter().enumerate() {
                if one.expression.is_some() == one.metric_stat.is_some() {
                    let path = format!("metrics.{at}.expression");
                    problem(&path, "give either `expression` or `metric_stat`");
                }
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn alarm(more: Json) -> CloudwatchAlarm {
        let mut whole = json!({
            "name": "errors", "namespace": "AWS/ECS", "metric_name": "CPUUtilization",
            "statistic": "Average", "period": 60, "evaluation_periods": 3, "threshold": 80,
            "comparison_operator": "GreaterThanThreshold",
        });
        if let (Json::Object(whole), Json::Object(more)) = (&mut whole, more) {
            whole.extend(more);
            whole.retain(|_, value| !value.is_null());
        }
        serde_json::from_value(whole).unwrap()
    }

    #[test]
    fn what_excludes_itself_is_refused() {
        let problems = |more: Json| -> Vec<String> {
            alarm(more).validate().into_iter().map(|problem| problem.path).collect()
        };
        assert_eq!(problems(json!({})), [""; 0]);
        assert_eq!(problems(json!({ "extended_statistic": "p99" })), ["statistic"]);
        assert_eq!(problems(json!({ "threshold": null })), ["threshold"]);
        assert_eq!(problems(json!({ "datapoints_to_alarm": 4 })), ["datapoints_to_alarm"]);
        assert_eq!(problems(json!({ "period": 45 })), ["period"]);
        assert_eq!(problems(json!({ "treat_missing_data": "good" })), ["treat_missing_data"]);
        let sum = json!([{ "id": "e1", "expression": "m1 * 100" }]);
        let alone = json!({
            "metrics": sum, "metric_name": null, "namespace": null, "statistic": null,
            "period": null,
        });
        assert_eq!(problems(alone), [""; 0]);
        let both = problems(json!({ "metrics": sum }));
        assert_eq!(both, ["metric_name", "namespace", "statistic", "period"].map(String::from));
    }

    #[test]
    fn what_is_not_said_stays_unless_it_is_excluded() {
        let live = alarm(json!({
            "alarm_description": "by hand", "datapoints_to_alarm": 3, "treat_missing_data": "ignore",
        }));
        let kept = alarm(json!({ "threshold": 90 })).over(&live);
        assert_eq!(kept.alarm_description.as_deref(), Some("by hand"));
        assert_eq!((kept.threshold, kept.datapoints_to_alarm), (Some(90.0), Some(3)));
        let percentile = json!({ "statistic": null, "extended_statistic": "p99" });
        let other = alarm(percentile).over(&live);
        assert_eq!((other.statistic, other.extended_statistic.as_deref()), (None, Some("p99")));
        assert_eq!(alarm(json!({ "evaluation_periods": 2 })).over(&live).datapoints_to_alarm, None);
        let sum = json!({
            "metrics": [{ "id": "e1", "expression": "m1 * 100" }], "metric_name": null,
            "namespace": null, "statistic": null, "period": null,
        });
        let sum = alarm(sum).over(&live);
        assert_eq!((sum.metric_name, sum.namespace, sum.period), (None, None, None));
        assert_eq!(sum.metrics.unwrap().len(), 1);
    }
}
