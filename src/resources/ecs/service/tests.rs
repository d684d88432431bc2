//! What a service may say.

use super::EcsService;
use crate::engine::resource::Resource;
use serde_json::{Value as Json, json};

fn service(more: Json) -> EcsService {
    let mut spec = json!({ "name": "api", "cluster": "main", "task_definition": "app:1" });
    if let (Json::Object(spec), Json::Object(more)) = (&mut spec, more) {
        spec.extend(more);
    }
    serde_json::from_value(spec).unwrap()
}

fn problems(more: Json) -> Vec<String> {
    service(more).validate().into_iter().map(|problem| problem.path).collect()
}

#[test]
fn arns_become_the_names_that_aws_knows_things_by() {
    let arn = "arn:aws:ecs:eu-west-1:123456789012";
    let read = service(json!({
        "cluster": format!("{arn}:cluster/main"),
        "task_definition": format!("{arn}:task-definition/app:7"),
        "placement_strategy": [{ "type": "binpack", "field": "MEMORY" },
                               { "type": "spread", "field": "host" }],
        "service_connect_configuration": { "enabled": true, "services": [
            { "port_name": "http", "discovery_name": "http" }] },
    }));
    assert_eq!((read.cluster.as_str(), read.task_definition.as_str()), ("main", "app:7"));
    let fields: Vec<_> =
        read.placement_strategy.iter().flatten().map(|one| one.field.as_deref()).collect();
    assert_eq!(fields, [Some("memory"), Some("instanceId")]);
    let connect = read.service_connect_configuration.unwrap();
    assert_eq!(connect.services.first().unwrap().discovery_name, None);
}

#[test]
fn a_deployment_that_can_replace_nothing_is_refused() {
    let percents = |tasks: Option<i32>, low: i32, high: i32| {
        let configuration = json!({ "minimum_healthy_percent": low, "maximum_percent": high });
        problems(match tasks {
            Some(tasks) => {
                json!({ "desired_count": tasks, "deployment_configuration": configuration })
            }
            None => json!({ "deployment_configuration": configuration }),
        })
    };
    let path = "deployment_configuration.maximum_percent";
    assert_eq!(percents(Some(2), 100, 100), [path]);
    assert_eq!(percents(Some(1), 100, 150), [path], "1.5 tasks are one");
    assert_eq!(percents(Some(2), 100, 150), [""; 0]);
    assert_eq!(percents(Some(3), 70, 100), [path], "2.1 tasks are three");
    assert_eq!(percents(Some(4), 50, 100), [""; 0]);
    assert_eq!(percents(Some(0), 100, 100), [""; 0]);
    assert_eq!(percents(None, 100, 100), [path]);
    let unless = json!({ "scheduling_strategy": "DAEMON", "desired_count": 1 });
    assert_eq!(problems(unless), ["desired_count"]);
    let breaker = json!({ "deployment_configuration": {
        "deployment_circuit_breaker": { "enable": false, "rollback": true } } });
    let path = "deployment_configuration.deployment_circuit_breaker.rollback";
    assert_eq!(problems(breaker), [path]);
}

#[test]
fn rebalancing_needs_room_and_zones() {
    let with = |more: Json| {
        let mut spec = json!({ "availability_zone_rebalancing": "ENABLED" });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        problems(spec)
    };
    let rebalancing = ["availability_zone_rebalancing"];
    let full = json!({ "minimum_healthy_percent": 0, "maximum_percent": 100 });
    assert_eq!(with(json!({ "deployment_configuration": full })), rebalancing);
    let packed = json!([{ "type": "binpack", "field": "cpu" }]);
    assert_eq!(with(json!({ "placement_strategy": packed })), rebalancing);
    let spread = json!([{ "type": "spread", "field": "attribute:ecs.availability-zone" }]);
    assert_eq!(with(json!({ "placement_strategy": spread })), [""; 0]);
    assert_eq!(with(json!({})), [""; 0]);
}

#[test]
fn what_does_not_belong_together_is_told() {
    let strategy = json!([{ "capacity_provider": "main", "weight": 1 }]);
    let both = json!({ "launch_type": "EC2", "capacity_provider_strategy": strategy });
    assert_eq!(problems(both), ["launch_type"]);
    assert_eq!(problems(json!({ "task_definition": "app" })), ["task_definition"]);
    let unweighted = json!([{ "capacity_provider": "main" }]);
    let path = ["capacity_provider_strategy"];
    assert_eq!(problems(json!({ "capacity_provider_strategy": unweighted })), path);
    let random = json!([{ "type": "random", "field": "cpu" }]);
    assert_eq!(problems(json!({ "placement_strategy": random })), ["placement_strategy.0.field"]);
    let constraint = json!([{ "type": "distinctInstance", "expression": "x" }]);
    let found = problems(json!({ "placement_constraints": constraint }));
    assert_eq!(found, ["placement_constraints"]);
    let grace = json!({ "load_balancers": [], "health_check_grace_period_seconds": 30 });
    assert_eq!(problems(grace), ["health_check_grace_period_seconds"]);
    let connect = json!({ "enabled": true, "namespace": "shop.internal" });
    let found = problems(json!({ "service_connect_configuration": connect }));
    assert_eq!(found, ["service_connect_configuration.namespace"]);
}

#[test]
fn a_text_that_fits_no_tag_is_remembered_by_its_digest() {
    let kept =
        |text: &str| service(json!({ "force_new_deployment": text })).force_new_deployment.unwrap();
    assert_eq!(kept("sha256:0123"), "sha256:0123");
    let long = kept("a, b");
    assert_eq!((long.len(), kept(&long)), (64, long.clone()));
}
