//! Task definitions: what AWS fills in, numbers, states and lists.

use serde_json::{Value, json};

use super::{Lab, container, definition};

fn revision(lab: &Lab, more: Value) -> Value {
    lab.ok("RegisterTaskDefinition", definition(more))["taskDefinition"].clone()
}

#[test]
fn defaults_are_filled_in() {
    let lab = Lab::new();
    let port = json!([{"containerPort": 8000}]);
    let check = json!({"command": ["CMD", "true"]});
    let containers = json!([container(json!({"portMappings": port, "healthCheck": check}))]);
    let bridge = revision(&lab, json!({"containerDefinitions": containers}));
    assert_eq!(bridge["networkMode"], "bridge");
    let inner = &bridge["containerDefinitions"][0];
    assert_eq!(
        inner["portMappings"][0],
        json!({"containerPort": 8000, "hostPort": 0, "protocol": "tcp"})
    );
    assert_eq!((&inner["cpu"], &inner["essential"]), (&json!(0), &json!(true)));
    assert_eq!(
        inner["healthCheck"],
        json!({"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3})
    );
    let more = json!({"containerDefinitions": containers, "networkMode": "awsvpc",
        "cpu": "1 vCPU", "memory": "2 GB"});
    let awsvpc = revision(&lab, more);
    assert_eq!(awsvpc["containerDefinitions"][0]["portMappings"][0]["hostPort"], 8000);
    assert_eq!((&awsvpc["cpu"], &awsvpc["memory"]), (&json!("1024"), &json!("2048")));
    assert_eq!((&bridge["revision"], &awsvpc["revision"]), (&json!(1), &json!(2)));
    assert!(awsvpc["compatibilities"].as_array().unwrap().contains(&json!("FARGATE")));
}

#[test]
fn numbers_are_never_used_again_and_a_family_means_its_latest_active_revision() {
    let lab = Lab::new();
    for _ in 0..3 {
        revision(&lab, json!({}));
    }
    let gone = lab.ok("DeregisterTaskDefinition", json!({"taskDefinition": "web:3"}));
    assert_eq!(gone["taskDefinition"]["status"], "INACTIVE");
    let latest = lab.ok("DescribeTaskDefinition", json!({"taskDefinition": "web"}));
    assert_eq!(latest["taskDefinition"]["revision"], 2);
    let by_number = lab.ok("DescribeTaskDefinition", json!({"taskDefinition": "web:3"}));
    assert_eq!(by_number["taskDefinition"]["status"], "INACTIVE");
    let deleted = lab.ok("DeleteTaskDefinitions", json!({"taskDefinitions": ["web:3", "web:2"]}));
    assert_eq!(deleted["taskDefinitions"][0]["status"], "DELETE_IN_PROGRESS");
    assert_eq!(deleted["failures"].as_array().unwrap().len(), 1);
    lab.skip(3700);
    lab.no("DescribeTaskDefinition", json!({"taskDefinition": "web:3"}));
    assert_eq!(revision(&lab, json!({}))["revision"], 4);
}

#[test]
fn lists_know_whole_families_sort_by_number_and_have_pages() {
    let lab = Lab::new();
    for _ in 0..11 {
        revision(&lab, json!({}));
    }
    revision(&lab, json!({"family": "web-2"}));
    let list = |more: Value| lab.ok("ListTaskDefinitions", more);
    let names = |answer: &Value| -> Vec<String> {
        let arns = answer["taskDefinitionArns"].as_array().unwrap();
        arns.iter().map(|arn| arn.as_str().unwrap().rsplit('/').next().unwrap().into()).collect()
    };
    let first = list(json!({"familyPrefix": "web", "sort": "DESC", "maxResults": 2}));
    assert_eq!(names(&first), ["web:11", "web:10"]);
    let second = list(json!({"familyPrefix": "web", "sort": "DESC", "maxResults": 9,
        "nextToken": first["nextToken"]}));
    assert_eq!((names(&second)[0].as_str(), names(&second).len()), ("web:9", 9));
    assert_eq!(names(&list(json!({}))).len(), 12);
    let families = lab.ok("ListTaskDefinitionFamilies", json!({"familyPrefix": "web"}));
    assert_eq!(families["families"], json!(["web", "web-2"]));
}
