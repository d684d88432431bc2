//! The alarms that target tracking keeps in CloudWatch for each policy.

use serde_json::{Map, Value, json};

use super::Members;
use super::resource::Resource;
use crate::services::dynamodb::Units;

/// Returns the alarms of a policy, by the side they look to: above, and unless that is off, below.
/// For tables there are two more on the provisioned capacity (DynamoDB developer guide, auto scaling).
pub(super) fn of(
    configuration: &Map<String, Value>,
    resource: Resource<'_>,
) -> Vec<(&'static str, Map<String, Value>)> {
    let value = configuration.get("TargetValue").and_then(Value::as_f64).unwrap_or_default();
    let watched = watched(configuration, resource);
    let alarm = |comparison: &str, threshold: f64, periods: i64, more: &Map<String, Value>| {
        let mut alarm = more.clone();
        alarm.insert("ComparisonOperator".to_owned(), json!(comparison));
        alarm.insert("Threshold".to_owned(), json!(threshold));
        alarm.insert("EvaluationPeriods".to_owned(), json!(periods));
        alarm
    };
    let falls = configuration.flag("DisableScaleIn") != Some(true);
    let mut alarms = Vec::new();
    if let Resource::Table { table, index, units } = resource {
        let provisioned = provisioned(table, index, units);
        let (high, low) = ("ProvisionedCapacityHigh", "ProvisionedCapacityLow");
        alarms.push(("AlarmHigh", alarm("GreaterThanThreshold", value, 2, &watched)));
        alarms.push((high, alarm("GreaterThanThreshold", value, 3, &provisioned)));
        alarms.push((low, alarm("LessThanThreshold", value, 3, &provisioned)));
    } else {
        alarms.push(("AlarmHigh", alarm("GreaterThanThreshold", value, 3, &watched)));
    }
    if falls {
        // Ten percent below the target, for a quarter of an hour.
        alarms.push(("AlarmLow", alarm("LessThanThreshold", value * 0.9, 15, &watched)));
    }
    alarms
}

fn dimension(name: &str, value: &str) -> Value {
    json!({"Name": name, "Value": value})
}

fn measured(
    namespace: &str,
    metric: &str,
    dimensions: Vec<Value>,
    statistic: &str,
) -> Map<String, Value> {
    let members = [
        ("Namespace", json!(namespace)),
        ("MetricName", json!(metric)),
        ("Dimensions", Value::Array(dimensions)),
        ("Statistic", json!(statistic)),
        ("Period", json!(60)),
    ];
    members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

fn table(name: &str, index: Option<&str>) -> Vec<Value> {
    let mut dimensions = vec![dimension("TableName", name)];
    dimensions.extend(index.map(|index| dimension("GlobalSecondaryIndexName", index)));
    dimensions
}

fn provisioned(name: &str, index: Option<&str>, units: Units) -> Map<String, Value> {
    let metric = match units {
        Units::Reads => "ProvisionedReadCapacityUnits",
        Units::Writes => "ProvisionedWriteCapacityUnits",
    };
    let mut measured = measured("AWS/DynamoDB", metric, table(name, index), "Average");
    measured.insert("Period".to_owned(), json!(300));
    measured
}

/// What a policy watches, as the members of an alarm that say it.
fn watched(configuration: &Map<String, Value>, resource: Resource<'_>) -> Map<String, Value> {
    if let Some(custom) = configuration.object("CustomizedMetricSpecification") {
        let mut watched: Map<String, Value> = Map::new();
        for name in ["Namespace", "MetricName", "Dimensions", "Statistic", "Unit", "Metrics"] {
            watched.extend(custom.get(name).map(|value| (name.to_owned(), value.clone())));
        }
        if !watched.contains_key("Metrics") {
            watched.insert("Period".to_owned(), json!(60));
        }
        return watched;
    }
    let predefined = configuration.object("PredefinedMetricSpecification");
    let metric = predefined.and_then(|given| given.text("PredefinedMetricType"));
    match resource {
        Resource::Table { table: name, index, units } => {
            let metric = match units {
                Units::Reads => "ConsumedReadCapacityUnits",
                Units::Writes => "ConsumedWriteCapacityUnits",
            };
            measured("AWS/DynamoDB", metric, table(name, index), "Sum")
        }
        Resource::Service { cluster, service } => match metric {
            Some("ALBRequestCountPerTarget") => {
                let label = predefined.and_then(|given| given.text("ResourceLabel"));
                let label = label.unwrap_or_default();
                let (balancer, group) = label.split_once("/targetgroup/").unwrap_or((label, ""));
                let dimensions = vec![
                    dimension("LoadBalancer", balancer),
                    dimension("TargetGroup", &format!("targetgroup/{group}")),
                ];
                measured("AWS/ApplicationELB", "RequestCountPerTarget", dimensions, "Sum")
            }
            metric => {
                let is_memory = metric.is_some_and(|metric| metric.contains("Memory"));
                let name = if is_memory { "MemoryUtilization" } else { "CPUUtilization" };
                let dimensions =
                    vec![dimension("ClusterName", cluster), dimension("ServiceName", service)];
                measured("AWS/ECS", name, dimensions, "Average")
            }
        },
    }
}
