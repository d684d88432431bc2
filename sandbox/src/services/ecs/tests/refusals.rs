//! A way to break each rule.

use serde_json::{Value, json};

use super::super::rules::{
    CLUSTER_NAME, CONTAINER_MEMORY, CONTAINER_MISSING, CONTAINER_SIZE, CONTAINERS,
    CONTAINS_PROVIDERS, DEPENDENCY, DEREGISTERED, FAMILY, FARGATE, GROUP_USED, HEALTH_CHECK,
    IDENTIFIER, LOG_OPTIONS, NETWORK_MODE, NO_CLUSTER, NO_DEFINITION, NO_PROVIDER, PORT_MAPPING,
    PROTECTION_SCALING, PROVIDER_BUSY, PROVIDER_EXISTS, PROVIDER_KIND, PROVIDER_MISSING,
    PROVIDER_NAME, RESERVED_PROVIDER, RESERVED_TAG, REVISION, ROLE, SECRET_NAME, SECRETS_ROLE,
    SETTING_NAME, SETTING_VALUE, STEPS, STRATEGY_MIXED, STRATEGY_NOT_ASSOCIATED, STRATEGY_WEIGHTS,
    TAG_COUNT, TAG_TARGET, TASK_SIZE, TOKEN, TOO_MANY, UPDATE_IN_PROGRESS, VOLUME,
};
use super::{Lab, container, definition, with};
use crate::rules::{Refusal, Rule};

fn refused(operation: &str, input: Value) -> Refusal {
    Lab::new().no(operation, input)
}

/// A registration whose only container has `more`.
fn contained(more: Value) -> Refusal {
    defined(json!({"containerDefinitions": [container(more)]}))
}

fn defined(more: Value) -> Refusal {
    refused("RegisterTaskDefinition", definition(more))
}

fn group(name: &str) -> String {
    format!(
        "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:u:autoScalingGroupName/{name}"
    )
}

fn provider(name: &str, more: Value) -> Value {
    let over = with(json!({"autoScalingGroupArn": group(name)}), more);
    json!({"name": name, "autoScalingGroupProvider": over})
}

/// With the cluster `main`, and capacity provider `one` and `two` on it.
fn clustered(lab: Lab) -> Lab {
    lab.ok("CreateCluster", json!({"clusterName": "main"}));
    for name in ["one", "two"] {
        lab.ok("CreateCapacityProvider", provider(name, json!({})));
    }
    lab.ok("PutClusterCapacityProviders", put(&["one", "two"], json!([])));
    lab
}

fn put(providers: &[&str], strategy: Value) -> Value {
    json!({"cluster": "main", "capacityProviders": providers,
        "defaultCapacityProviderStrategy": strategy})
}

fn strategy(providers: &[&str], strategy: Value) -> Refusal {
    clustered(Lab::new()).no("PutClusterCapacityProviders", put(providers, strategy))
}

fn tags(count: usize, prefix: &str) -> Value {
    (0..count).map(|n| json!({"key": format!("{prefix}{n}"), "value": ""})).collect()
}

pub(crate) static REFUSALS: &[(&Rule, fn() -> Refusal)] = &[
    (&IDENTIFIER, || refused("DeleteCluster", json!({"cluster": "arn:aws:ecs:x:1:cluster/a"}))),
    (&NO_CLUSTER, || refused("DeleteCluster", json!({"cluster": "main"}))),
    (&CLUSTER_NAME, || refused("CreateCluster", json!({"clusterName": "a b"}))),
    (&SETTING_NAME, || {
        let setting = json!([{"name": "containerInsights", "value": "on"}]);
        refused("CreateCluster", json!({"clusterName": "a", "settings": setting}))
    }),
    (&CONTAINS_PROVIDERS, || clustered(Lab::new()).no("DeleteCluster", json!({"cluster": "main"}))),
    (&UPDATE_IN_PROGRESS, || {
        clustered(Lab::slow()).no("PutClusterCapacityProviders", put(&[], json!([])))
    }),
    (&NO_PROVIDER, || strategy(&["three"], json!([]))),
    (&STRATEGY_NOT_ASSOCIATED, || strategy(&["one"], json!([{"capacityProvider": "two"}]))),
    (&STRATEGY_WEIGHTS, || {
        let items = json!([{"capacityProvider": "one", "base": 1},
            {"capacityProvider": "two", "base": 1, "weight": 1}]);
        strategy(&["one", "two"], items)
    }),
    (&STRATEGY_MIXED, || {
        let items = json!([{"capacityProvider": "one", "weight": 1},
            {"capacityProvider": "FARGATE", "weight": 1}]);
        strategy(&["one", "FARGATE"], items)
    }),
    (&PROVIDER_NAME, || refused("CreateCapacityProvider", provider("ecs-own", json!({})))),
    (&PROVIDER_EXISTS, || {
        clustered(Lab::new()).no("CreateCapacityProvider", provider("one", json!({})))
    }),
    (&PROVIDER_MISSING, || refused("DeleteCapacityProvider", json!({"capacityProvider": "one"}))),
    (&PROVIDER_KIND, || refused("CreateCapacityProvider", json!({"name": "one"}))),
    (&PROVIDER_BUSY, || {
        let lab = clustered(Lab::slow());
        lab.ok("DeleteCapacityProvider", json!({"capacityProvider": "one"}));
        lab.no("DeleteCapacityProvider", json!({"capacityProvider": "one"}))
    }),
    (&RESERVED_PROVIDER, || {
        refused("DeleteCapacityProvider", json!({"capacityProvider": "FARGATE"}))
    }),
    (&GROUP_USED, || {
        let other = with(provider("one", json!({})), json!({"name": "other"}));
        clustered(Lab::new()).no("CreateCapacityProvider", other)
    }),
    (&PROTECTION_SCALING, || {
        let protection = json!({"managedTerminationProtection": "ENABLED"});
        refused("CreateCapacityProvider", provider("one", protection))
    }),
    (&STEPS, || {
        let scaling = json!({"managedScaling":
            {"minimumScalingStepSize": 3, "maximumScalingStepSize": 2}});
        refused("CreateCapacityProvider", provider("one", scaling))
    }),
    (&SETTING_VALUE, || {
        refused("PutAccountSetting", json!({"name": "awsvpcTrunking", "value": "on"}))
    }),
    (&RESERVED_TAG, || refused("CreateCluster", json!({"tags": tags(1, "aws:")}))),
    (&TAG_COUNT, || {
        let lab = Lab::new();
        let made = lab.ok("CreateCluster", json!({"clusterName": "one", "tags": tags(50, "k")}));
        let arn = &made["cluster"]["clusterArn"];
        lab.no("TagResource", json!({"resourceArn": arn, "tags": tags(1, "more")}))
    }),
    (&TAG_TARGET, || {
        let arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/none";
        refused("TagResource", json!({"resourceArn": arn, "tags": tags(1, "k")}))
    }),
    (&TOKEN, || refused("ListClusters", json!({"nextToken": "?"}))),
    (&TOO_MANY, || {
        let names: Vec<String> = (0..101).map(|n| format!("c{n}")).collect();
        refused("DescribeClusters", json!({"clusters": names}))
    }),
    (&FAMILY, || defined(json!({"family": "a b"}))),
    (&CONTAINER_MISSING, || contained(json!({"image": null}))),
    (&CONTAINERS, || contained(json!({"essential": false}))),
    (&CONTAINER_MEMORY, || contained(json!({"memory": null}))),
    (&CONTAINER_SIZE, || contained(json!({"memoryReservation": 256}))),
    (&TASK_SIZE, || defined(json!({"cpu": "64"}))),
    (&NETWORK_MODE, || {
        let ports = json!([{"containerPort": 80, "hostPort": 8080}]);
        let containers = json!([container(json!({"portMappings": ports}))]);
        defined(json!({"networkMode": "awsvpc", "containerDefinitions": containers}))
    }),
    (&PORT_MAPPING, || {
        contained(json!({"portMappings": [{"containerPort": 80, "hostPort": 80},
            {"containerPort": 81, "hostPort": 80}]}))
    }),
    (&ROLE, || defined(json!({"taskRoleArn": "nobody"}))),
    (&SECRETS_ROLE, || contained(json!({"secrets": [{"name": "A", "valueFrom": "a"}]}))),
    (&SECRET_NAME, || {
        let lab = Lab::new();
        let more = json!({"secrets": [{"name": "A", "valueFrom": "a"}],
            "environment": [{"name": "A", "value": "1"}]});
        let containers = json!([container(more)]);
        let input = json!({"containerDefinitions": containers,
            "executionRoleArn": lab.role("execution")});
        lab.no("RegisterTaskDefinition", definition(input))
    }),
    (&LOG_OPTIONS, || contained(json!({"logConfiguration": {"logDriver": "awslogs"}}))),
    (&VOLUME, || contained(json!({"mountPoints": [{"sourceVolume": "data"}]}))),
    (&DEPENDENCY, || {
        contained(json!({"dependsOn": [{"containerName": "db", "condition": "START"}]}))
    }),
    (&HEALTH_CHECK, || contained(json!({"healthCheck": {"command": ["true"]}}))),
    (&FARGATE, || defined(json!({"requiresCompatibilities": ["FARGATE"]}))),
    (&NO_DEFINITION, || refused("DescribeTaskDefinition", json!({"taskDefinition": "web"}))),
    (&REVISION, || refused("DeregisterTaskDefinition", json!({"taskDefinition": "web"}))),
    (&DEREGISTERED, || {
        let lab = Lab::new();
        lab.ok("RegisterTaskDefinition", definition(json!({})));
        lab.ok("DeregisterTaskDefinition", json!({"taskDefinition": "web:1"}));
        lab.no("DeregisterTaskDefinition", json!({"taskDefinition": "web:1"}))
    }),
];
