//! Namespaces, their services, scaling targets and alarms through their lives.

use super::World;
use crate::engine::resource::Status;
use serde_json::json;

#[tokio::test]
async fn a_namespace_lives_and_dies() {
    let world = World::sandbox().await;
    let spec =
        |words: &str| json!({ "name": "dev.internal", "type": "HTTP", "description": words });
    let ty = "service_discovery_namespace";
    let (live, updates) = world.apply(ty, "main", spec("services")).await;
    assert_eq!(updates, 0);
    assert!(live.out["id"].as_str().unwrap().starts_with("ns-"));
    assert!(live.out["arn"].as_str().unwrap().contains(":namespace/ns-"));
    let (_, updates) = world.apply(ty, "main", spec("")).await;
    assert_eq!(updates, 1);
    let names = ["HTTP/dev.internal".to_owned()];
    assert_eq!(world.owned(ty, &names).await.len(), 1);
    world.delete(ty, "main").await;
    assert!(world.owned(ty, &names).await.iter().all(|one| one.status != Status::Ready));
}

#[tokio::test]
async fn a_private_namespace_remembers_its_vpc() {
    let world = World::sandbox().await;
    let (vpc, _) = world.apply("vpc", "main", json!({ "cidr_block": "10.0.0.0/16" })).await;
    let spec = |ttl: i64| {
        json!({
            "name": "dev.internal", "type": "DNS_PRIVATE", "vpc": vpc.id,
            "properties": { "dns_properties": { "soa": { "ttl": ttl } } },
        })
    };
    let ty = "service_discovery_namespace";
    let (live, updates) = world.apply(ty, "main", spec(60)).await;
    assert_eq!(updates, 0);
    assert!(live.out["hosted_zone_id"].is_string());
    assert_eq!(live.spec["vpc"], json!(vpc.id));
    let (_, updates) = world.apply(ty, "main", spec(30)).await;
    assert_eq!(updates, 1);
    // Without our tag the hosted zone tells.
    let live = world.find(ty, "main").await.unwrap();
    let remove = ["infra:vpc".to_owned()];
    world.handler(ty).tag(&world.cx, &live, &[].into(), &remove).await.unwrap();
    let live = world.find(ty, "main").await.unwrap();
    assert!(!live.tags.contains_key("infra:vpc"));
    assert_eq!(live.spec["vpc"], json!(vpc.id));
    world.delete(ty, "main").await;
}

#[tokio::test]
async fn a_service_lives_and_dies_in_its_namespace() {
    let world = World::sandbox().await;
    let (vpc, _) = world.apply("vpc", "main", json!({ "cidr_block": "10.0.0.0/16" })).await;
    let namespace = json!({ "name": "dev.internal", "type": "DNS_PRIVATE", "vpc": vpc.id });
    let (namespace, _) = world.apply("service_discovery_namespace", "main", namespace).await;
    let namespace = namespace.out["id"].clone();
    let spec = |ttl: i64| {
        json!({
            "name": "api", "namespace_id": namespace, "description": "the API",
            "dns_config": { "dns_records": [{ "type": "SRV", "ttl": ttl }, { "type": "A", "ttl": 10 }] },
            "health_check_custom_config": {},
        })
    };
    let ty = "service_discovery_service";
    let (live, updates) = world.apply(ty, "api", spec(10)).await;
    assert_eq!(updates, 0);
    assert!(live.out["arn"].as_str().unwrap().contains(":service/srv-"));
    let (again, updates) = world.apply(ty, "api", spec(20)).await;
    assert_eq!((again.id, updates), (live.id, 1));
    let unique = [format!("{}/api", namespace.as_str().unwrap())];
    assert_eq!(world.owned(ty, &unique).await.len(), 1);
    // AWS keeps the namespace while the service is there.
    let held = world.find("service_discovery_namespace", "main").await.unwrap();
    let handler = world.handler("service_discovery_namespace");
    let refused = handler.delete(&world.cx, &held).await.unwrap_err();
    assert!(refused.is("ResourceInUse"), "{refused}");
    let blockers = handler.blockers(&world.cx, &held).await.unwrap();
    assert_eq!((blockers.len(), &blockers[0].leaves), (1, &None));
    world.delete(ty, "api").await;
    world.delete("service_discovery_namespace", "main").await;
}

#[tokio::test]
async fn an_alarm_lives_and_dies() {
    let world = World::sandbox().await;
    let spec = |more: serde_json::Value| {
        let mut whole = json!({
            "name": "errors", "namespace": "AWS/ECS", "metric_name": "CPUUtilization",
            "dimensions": [{ "name": "ServiceName", "value": "api" }],
            "statistic": "Average", "period": 60, "evaluation_periods": 3, "threshold": 80.5,
            "comparison_operator": "GreaterThanThreshold",
        });
        let map = whole.as_object_mut().unwrap();
        map.extend(more.as_object().unwrap().clone());
        map.retain(|_, value| !value.is_null());
        whole
    };
    let ty = "cloudwatch_alarm";
    let (live, updates) = world.apply(ty, "errors", spec(json!({}))).await;
    assert_eq!((live.id.as_str(), updates), ("errors", 0));
    assert!(live.out["arn"].as_str().unwrap().ends_with(":alarm:errors"));
    let words = json!({ "alarm_description": "too busy", "treat_missing_data": "ignore" });
    assert_eq!(world.apply(ty, "errors", spec(words)).await.1, 1);
    // What is left out stays, what excludes itself goes.
    let percentile = json!({ "statistic": null, "extended_statistic": "p99" });
    let (live, updates) = world.apply(ty, "errors", spec(percentile)).await;
    assert_eq!((updates, &live.spec["alarm_description"]), (1, &json!("too busy")));
    assert!(live.spec.get("statistic").is_none());
    let metrics = json!({
        "metric_name": null, "namespace": null, "dimensions": null, "statistic": null,
        "period": null,
        "metrics": [
            { "id": "m1", "return_data": false, "metric_stat": {
                "metric": { "namespace": "AWS/ECS", "metric_name": "CPUUtilization" },
                "period": 60, "stat": "Average",
            }},
            { "id": "e1", "expression": "m1 * 2", "label": "double" },
        ],
    });
    assert_eq!(world.apply(ty, "errors", spec(metrics)).await.1, 1);
    assert_eq!(world.owned(ty, &["errors".to_owned()]).await.len(), 1);
    world.delete(ty, "errors").await;
}

#[tokio::test]
async fn a_scaling_target_lives_and_dies_with_its_policies() {
    let world = World::sandbox().await;
    let table = json!({
        "name": "orders", "billing_mode": "PROVISIONED",
        "key_schema": [{ "attribute_name": "id", "attribute_type": "S", "key_type": "HASH" }],
        "provisioned_throughput": { "read_capacity_units": 2, "write_capacity_units": 2 },
    });
    world.apply("dynamodb_table", "orders", table).await;
    let policy = |name: &str, value: f64| {
        json!({
            "policy_name": name,
            "target_tracking_scaling_policy_configuration": {
                "target_value": value, "scale_in_cooldown": 60,
                "predefined_metric_specification": {
                    "predefined_metric_type": "DynamoDBReadCapacityUtilization",
                },
            },
        })
    };
    let spec = |most: i32, policies: serde_json::Value| {
        json!({
            "service_namespace": "dynamodb", "resource_id": "table/orders",
            "scalable_dimension": "dynamodb:table:ReadCapacityUnits",
            "min_capacity": 5, "max_capacity": most, "scaling_policies": policies,
        })
    };
    let ty = "scaling_target";
    let id = "dynamodb/table/orders/dynamodb:table:ReadCapacityUnits";
    let (live, updates) = world.apply(ty, "reads", spec(10, json!([policy("reads", 70.0)]))).await;
    assert_eq!((live.id.as_str(), updates), (id, 1));
    assert!(live.out["policy_arns"]["reads"].as_str().unwrap().contains("policyName/reads"));
    // AWS brings the capacity into the range.
    let table = world.find("dynamodb_table", "orders").await.unwrap();
    assert_eq!(table.spec["provisioned_throughput"]["read_capacity_units"], json!(5));
    // Another name for the same metric: the old policy goes first.
    let (live, updates) = world.apply(ty, "reads", spec(20, json!([policy("r2", 50.0)]))).await;
    assert_eq!((updates, &live.spec["max_capacity"]), (1, &json!(20)));
    assert_eq!(live.out["policy_arns"].as_object().unwrap().len(), 1);
    assert_eq!(world.apply(ty, "reads", spec(20, json!([]))).await.1, 1);
    assert_eq!(world.owned(ty, &[id.to_owned()]).await.len(), 1);
    world.delete(ty, "reads").await;
}
