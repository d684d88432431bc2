//! What a scaling policy watches, where it is no metric that AWS has a name for.

use crate::aws::{Error, Result, Sdk};
use aws_sdk_applicationautoscaling::types::{
    CustomizedMetricSpecification as SdkSpecification, MetricDimension as SdkDimension,
    MetricStatistic, TargetTrackingMetric, TargetTrackingMetricDataQuery as SdkQuery,
    TargetTrackingMetricDimension, TargetTrackingMetricStat,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

crate::sdk_enum!(MetricStatistic => "MetricStatistic");

/// A metric of CloudWatch, or an expression over several.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomizedMetricSpecification {
    /// Name of the metric; not with `metrics`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_name: Option<String>,
    /// Namespace of the metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Dimensions of the metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<BTreeSet<MetricDimension>>,
    /// Statistic: `Average`, `Minimum`, `Maximum`, `SampleCount` or `Sum`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statistic: Option<Sdk<MetricStatistic>>,
    /// Unit of the metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Metrics and expressions over them, of which one returns data.
    #[schemars(extend("x-key" = ["id"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Vec<MetricDataQuery>>,
}

/// What a metric is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricDimension {
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
}

/// A metric, or an expression over others of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricDataQuery {
    /// Name in expressions: small letters, digits and `_`.
    pub id: String,
    /// Expression; instead of `metric_stat`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// Metric; instead of `expression`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_stat: Option<MetricStat>,
    /// What people are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether it is what is watched; true for one of the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_data: Option<bool>,
}

/// A metric with its statistic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricStat {
    /// The metric.
    pub metric: Metric,
    /// Statistic, e.g. `Sum`.
    pub stat: String,
    /// Unit of the metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// A metric of CloudWatch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_name: Option<String>,
    /// Dimensions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<BTreeSet<MetricDimension>>,
}

fn incomplete(error: impl std::fmt::Display) -> Error {
    Error::local("customized_metric_specification", error.to_string())
}

impl CustomizedMetricSpecification {
    pub(super) fn sdk(&self) -> Result<SdkSpecification> {
        let dimension = |one: &MetricDimension| {
            SdkDimension::builder().name(&one.name).value(&one.value).build().map_err(incomplete)
        };
        let dimensions = self.dimensions.as_ref();
        let dimensions = dimensions.map(|all| all.iter().map(dimension).collect::<Result<_>>());
        let metrics = self.metrics.as_ref();
        let metrics =
            metrics.map(|all| all.iter().map(MetricDataQuery::sdk).collect::<Result<_>>());
        Ok(SdkSpecification::builder()
            .set_metric_name(self.metric_name.clone())
            .set_namespace(self.namespace.clone())
            .set_dimensions(dimensions.transpose()?)
            .set_statistic(self.statistic.as_ref().map(|one| one.0.clone()))
            .set_unit(self.unit.clone())
            .set_metrics(metrics.transpose()?)
            .build())
    }

    pub(super) fn of_sdk(found: SdkSpecification) -> Self {
        let dimension = |one: SdkDimension| MetricDimension { name: one.name, value: one.value };
        let is_single = found.metric_name.is_some();
        let dimensions = found.dimensions.unwrap_or_default();
        Self {
            metric_name: found.metric_name,
            namespace: found.namespace,
            dimensions: is_single.then(|| dimensions.into_iter().map(dimension).collect()),
            statistic: found.statistic.map(Sdk),
            unit: found.unit,
            metrics: found
                .metrics
                .filter(|metrics| !metrics.is_empty())
                .map(|metrics| metrics.into_iter().map(MetricDataQuery::of_sdk).collect()),
        }
    }
}

impl MetricDataQuery {
    fn sdk(&self) -> Result<SdkQuery> {
        SdkQuery::builder()
            .id(&self.id)
            .set_expression(self.expression.clone())
            .set_metric_stat(self.metric_stat.as_ref().map(MetricStat::sdk).transpose()?)
            .set_label(self.label.clone())
            .set_return_data(self.return_data)
            .build()
            .map_err(incomplete)
    }

    fn of_sdk(found: SdkQuery) -> Self {
        Self {
            id: found.id,
            expression: found.expression,
            metric_stat: found.metric_stat.map(MetricStat::of_sdk),
            label: found.label,
            return_data: found.return_data,
        }
    }
}

impl MetricStat {
    fn sdk(&self) -> Result<TargetTrackingMetricStat> {
        let dimension = |one: &MetricDimension| {
            let built = TargetTrackingMetricDimension::builder().name(&one.name).value(&one.value);
            built.build().map_err(incomplete)
        };
        let dimensions = self.metric.dimensions.as_ref();
        let dimensions = dimensions.map(|all| all.iter().map(dimension).collect::<Result<_>>());
        let metric = TargetTrackingMetric::builder()
            .set_namespace(self.metric.namespace.clone())
            .set_metric_name(self.metric.metric_name.clone())
            .set_dimensions(dimensions.transpose()?)
            .build();
        let stat = TargetTrackingMetricStat::builder().metric(metric).stat(&self.stat);
        stat.set_unit(self.unit.clone()).build().map_err(incomplete)
    }

    fn of_sdk(found: TargetTrackingMetricStat) -> Self {
        let metric = found.metric.unwrap_or_else(|| TargetTrackingMetric::builder().build());
        let dimension = |one: TargetTrackingMetricDimension| MetricDimension {
            name: one.name,
            value: one.value,
        };
        Self {
            metric: Metric {
                namespace: metric.namespace,
                metric_name: metric.metric_name,
                dimensions: Some(
                    metric.dimensions.unwrap_or_default().into_iter().map(dimension).collect(),
                ),
            },
            stat: found.stat,
            unit: found.unit,
        }
    }
}
