//! Metrics and expressions over them that an alarm watches.

use crate::aws::Sdk;
use aws_sdk_cloudwatch::types::{
    Dimension as SdkDimension, Metric as SdkMetric, MetricDataQuery as SdkQuery,
    MetricStat as SdkStat, StandardUnit,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

crate::sdk_enum!(StandardUnit => "StandardUnit");

/// What a metric is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
}

/// A metric, or an expression over others of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricDataQuery {
    /// Name in expressions: small letters, digits and `_`.
    pub id: String,
    /// Metric; instead of `expression`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_stat: Option<MetricStat>,
    /// Expression; instead of `metric_stat`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// What people are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether it is what is watched; true for one of the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_data: Option<bool>,
    /// Seconds between points of an expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub period: Option<i32>,
    /// Account that has the metric, of another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
}

/// A metric with its statistic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricStat {
    /// The metric.
    pub metric: Metric,
    /// Seconds between its points.
    #[schemars(range(min = 1))]
    pub period: i32,
    /// Statistic, e.g. `Sum`, `p90`.
    pub stat: String,
    /// Unit of the metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Sdk<StandardUnit>>,
}

/// A metric of CloudWatch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub metric_name: String,
    /// Dimensions.
    #[serde(default)]
    pub dimensions: BTreeSet<Dimension>,
}

impl Dimension {
    pub(super) fn sdk(&self) -> SdkDimension {
        SdkDimension::builder().name(&self.name).value(&self.value).build()
    }

    pub(super) fn of_sdk(found: SdkDimension) -> Self {
        Self { name: found.name.unwrap_or_default(), value: found.value.unwrap_or_default() }
    }
}

impl MetricDataQuery {
    pub(super) fn sdk(&self) -> SdkQuery {
        SdkQuery::builder()
            .id(&self.id)
            .set_metric_stat(self.metric_stat.as_ref().map(MetricStat::sdk))
            .set_expression(self.expression.clone())
            .set_label(self.label.clone())
            .set_return_data(self.return_data)
            .set_period(self.period)
            .set_account_id(self.account_id.clone())
            .build()
    }

    pub(super) fn of_sdk(found: SdkQuery) -> Self {
        Self {
            id: found.id.unwrap_or_default(),
            metric_stat: found.metric_stat.map(MetricStat::of_sdk),
            expression: found.expression,
            label: found.label,
            // What says nothing returns data (MetricDataQuery API reference).
            return_data: Some(found.return_data.unwrap_or(true)),
            period: found.period,
            account_id: found.account_id,
        }
    }
}

impl MetricStat {
    fn sdk(&self) -> SdkStat {
        let metric = SdkMetric::builder()
            .namespace(&self.metric.namespace)
            .metric_name(&self.metric.metric_name)
            .set_dimensions(Some(self.metric.dimensions.iter().map(Dimension::sdk).collect()))
            .build();
        let stat = SdkStat::builder().metric(metric).period(self.period).stat(&self.stat);
        stat.set_unit(self.unit.as_ref().map(|unit| unit.0.clone())).build()
    }

    fn of_sdk(found: SdkStat) -> Self {
        let metric = found.metric.unwrap_or_else(|| SdkMetric::builder().build());
        let dimensions = metric.dimensions.unwrap_or_default();
        Self {
            metric: Metric {
                namespace: metric.namespace.unwrap_or_default(),
                metric_name: metric.metric_name.unwrap_or_default(),
                dimensions: dimensions.into_iter().map(Dimension::of_sdk).collect(),
            },
            period: found.period.unwrap_or_default(),
            stat: found.stat.unwrap_or_default(),
            unit: found.unit.map(Sdk),
        }
    }
}
