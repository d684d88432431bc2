//! A way to break each rule.

use serde_json::{Value, json};

use super::super::rules::{
    BREAKER, CLUSTER_NAME, CONNECT, CONTAINER_MEMORY, CONTAINER_MISSING, CONTAINER_PORT,
    CONTAINER_SIZE, CONTAINERS, CONTAINS_INSTANCES, CONTAINS_PROVIDERS, CONTAINS_SERVICES,
    CONTAINS_TASKS, DEPENDENCY, DEREGISTERED, DESIRED_COUNT, DRAINING, FAMILY, FARGATE, GROUP_USED,
    HAS_TASKS, HEALTH_CHECK, IDENTIFIER, INACTIVE_DEFINITION, INSTANCE_FILTER, INSTANCE_STATUS,
    LAUNCH_AND_STRATEGY, LOG_OPTIONS, NAME, NETWORK_MISSING, NETWORK_MODE, NETWORK_REFUSED,
    NO_CLUSTER, NO_DEFINITION, NO_GROUP, NO_INSTANCE, NO_NAMESPACE, NO_PROVIDER, NO_SERVICE,
    NO_TASK, NOT_ACTIVE, NOT_IDEMPOTENT, PERCENTAGES, PLACEMENT, PORT_MAPPING, PROTECTION_GROUP,
    PROTECTION_SCALING, PROTECTION_SERVICE, PROVIDER_BUSY, PROVIDER_EXISTS, PROVIDER_IN_USE,
    PROVIDER_KIND, PROVIDER_MISSING, PROVIDER_NAME, REBALANCING, RESERVED_PROVIDER, RESERVED_TAG,
    REVISION, ROLE, RUN_COUNT, SCALED, SECRET_NAME, SECRETS_ROLE, SECURITY_GROUPS, SETTING_NAME,
    SETTING_VALUE, STEPS, STRATEGY_MIXED, STRATEGY_NOT_ASSOCIATED, STRATEGY_WEIGHTS, SUBNETS,
    TAG_COUNT, TAG_TARGET, TARGET_GROUP, TARGET_GROUP_LONELY, TARGET_TYPE, TASK_SIZE, TOKEN,
    TOO_MANY, UNMODELLED_LAUNCH, UPDATE_IN_PROGRESS, VOLUME,
};
use super::world::{World, behind};
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

fn provider(name: &str, group: &str, more: Value) -> Value {
    let over = with(json!({"autoScalingGroupArn": group}), more);
    json!({"name": name, "autoScalingGroupProvider": over})
}

/// The creation of a provider of the world's group.
fn provided(more: Value) -> Refusal {
    let world = World::new(0);
    world.no("CreateCapacityProvider", provider("one", &world.group, more))
}

/// With the capacity providers `one` and `two` on the cluster `main`.
fn clustered(world: World) -> World {
    let second = world.new_group("second", 0, false);
    for (name, group) in [("one", &world.group), ("two", &second)] {
        world.ok("CreateCapacityProvider", provider(name, group, json!({})));
    }
    world.ok("PutClusterCapacityProviders", put(&["one", "two"], json!([])));
    world
}

fn put(providers: &[&str], strategy: Value) -> Value {
    json!({"cluster": "main", "capacityProviders": providers,
        "defaultCapacityProviderStrategy": strategy})
}

fn strategy(providers: &[&str], strategy: Value) -> Refusal {
    clustered(World::new(0)).no("PutClusterCapacityProviders", put(providers, strategy))
}

/// The creation of a service with `more`.
fn created(more: Value) -> Refusal {
    let world = World::new(0);
    world.no("CreateService", world.input(&world.revision(json!({})), 1, more))
}

/// A task of its own, with `more`.
fn run(world: &World, more: Value) -> Value {
    let network = json!({"awsvpcConfiguration": {"subnets": world.subnets}});
    let definition = world.revision(json!({}));
    let input = json!({"cluster": "main", "taskDefinition": definition,
        "networkConfiguration": network});
    with(input, more)
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
    (&CONTAINS_PROVIDERS, || {
        clustered(World::new(0)).no("DeleteCluster", json!({"cluster": "main"}))
    }),
    (&UPDATE_IN_PROGRESS, || {
        clustered(World::slow(0)).no("PutClusterCapacityProviders", put(&[], json!([])))
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
    (&PROVIDER_NAME, || refused("CreateCapacityProvider", provider("ecs-own", "arn", json!({})))),
    (&PROVIDER_EXISTS, || {
        clustered(World::new(0)).no("CreateCapacityProvider", provider("one", "arn", json!({})))
    }),
    (&PROVIDER_MISSING, || refused("DeleteCapacityProvider", json!({"capacityProvider": "one"}))),
    (&PROVIDER_KIND, || refused("CreateCapacityProvider", json!({"name": "one"}))),
    (&PROVIDER_BUSY, || {
        let lab = clustered(World::slow(0));
        lab.ok("DeleteCapacityProvider", json!({"capacityProvider": "one"}));
        lab.no("DeleteCapacityProvider", json!({"capacityProvider": "one"}))
    }),
    (&RESERVED_PROVIDER, || {
        refused("DeleteCapacityProvider", json!({"capacityProvider": "FARGATE"}))
    }),
    (&NO_GROUP, || refused("CreateCapacityProvider", provider("one", "arn", json!({})))),
    (&GROUP_USED, || {
        let world = clustered(World::new(0));
        world.no("CreateCapacityProvider", provider("other", &world.group, json!({})))
    }),
    (&PROTECTION_SCALING, || provided(json!({"managedTerminationProtection": "ENABLED"}))),
    (&PROTECTION_GROUP, || {
        let world = World::new(0);
        let group = world.new_group("bare", 0, false);
        let more = json!({"managedTerminationProtection": "ENABLED",
            "managedScaling": {"status": "ENABLED"}});
        world.no("CreateCapacityProvider", provider("one", &group, more))
    }),
    (&STEPS, || {
        provided(json!({"managedScaling":
            {"minimumScalingStepSize": 3, "maximumScalingStepSize": 2}}))
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
    (&CONTAINS_SERVICES, || {
        let world = World::new(0);
        world.serve(&world.revision(json!({})), 0, json!({}));
        world.no("DeleteCluster", json!({"cluster": "main"}))
    }),
    (&CONTAINS_TASKS, || {
        let world = World::new(1);
        world.ok("RunTask", run(&world, json!({})));
        world.no("DeleteCluster", json!({"cluster": "main"}))
    }),
    (&CONTAINS_INSTANCES, || World::new(1).no("DeleteCluster", json!({"cluster": "main"}))),
    (&PROVIDER_IN_USE, || {
        let world = World::new(0);
        world.provider(json!({}));
        world.serve(&world.revision(json!({})), 0, json!({}));
        world.no("PutClusterCapacityProviders", put(&[], json!([])))
    }),
    (&INACTIVE_DEFINITION, || {
        let world = World::new(0);
        let definition = world.revision(json!({}));
        world.ok("DeregisterTaskDefinition", json!({"taskDefinition": definition}));
        world.no("CreateService", world.input(&definition, 1, json!({})))
    }),
    (&NAME, || created(json!({"serviceName": "a b"}))),
    (&NOT_IDEMPOTENT, || {
        let world = World::new(0);
        let definition = world.revision(json!({}));
        world.serve(&definition, 0, json!({}));
        world.no("CreateService", world.input(&definition, 0, json!({})))
    }),
    (&DRAINING, || {
        let world = World::slow(1);
        let definition = world.revision(json!({}));
        world.serve(&definition, 1, json!({}));
        world.skip(60);
        world.ok("DeleteService", json!({"cluster": "main", "service": "web", "force": true}));
        world.no("CreateService", world.input(&definition, 0, json!({})))
    }),
    (&DESIRED_COUNT, || created(json!({"desiredCount": null}))),
    (&LAUNCH_AND_STRATEGY, || {
        created(json!({"launchType": "EC2",
            "capacityProviderStrategy": [{"capacityProvider": "one"}]}))
    }),
    (&UNMODELLED_LAUNCH, || created(json!({"launchType": "FARGATE"}))),
    (&NETWORK_MISSING, || created(json!({"networkConfiguration": null}))),
    (&NETWORK_REFUSED, || {
        let world = World::new(0);
        let definition = world.revision(json!({"networkMode": "bridge"}));
        world.no("CreateService", world.input(&definition, 1, json!({})))
    }),
    (&SUBNETS, || {
        created(json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}))
    }),
    (&SECURITY_GROUPS, || {
        let world = World::new(0);
        let network = json!({"awsvpcConfiguration":
            {"subnets": world.subnets, "securityGroups": ["sg-1"]}});
        let more = json!({"networkConfiguration": network});
        world.no("CreateService", world.input(&world.revision(json!({})), 1, more))
    }),
    (&TARGET_GROUP, || created(json!({"loadBalancers": behind("none")}))),
    (&TARGET_GROUP_LONELY, || {
        let world = World::new(0);
        let more = json!({"loadBalancers": behind(&world.target_group("lonely", "ip"))});
        world.no("CreateService", world.input(&world.revision(json!({})), 1, more))
    }),
    (&TARGET_TYPE, || {
        let world = World::new(0);
        let more = json!({"loadBalancers": behind(&world.balanced("instance"))});
        world.no("CreateService", world.input(&world.revision(json!({})), 1, more))
    }),
    (&CONTAINER_PORT, || {
        created(json!({"loadBalancers": [{"targetGroupArn": "none", "containerName": "app",
            "containerPort": 1}]}))
    }),
    (&PERCENTAGES, || created(json!({"deploymentConfiguration": {"maximumPercent": 300}}))),
    (&BREAKER, || {
        created(json!({"deploymentConfiguration":
            {"deploymentCircuitBreaker": {"enable": false, "rollback": true}}}))
    }),
    (&REBALANCING, || {
        created(json!({"availabilityZoneRebalancing": "ENABLED",
            "deploymentConfiguration": {"maximumPercent": 100}}))
    }),
    (&PLACEMENT, || created(json!({"placementConstraints": [{"type": "memberOf"}]}))),
    (&CONNECT, || created(json!({"serviceConnectConfiguration": {"enabled": true}}))),
    (&NO_NAMESPACE, || {
        created(json!({"serviceConnectConfiguration": {"enabled": true, "namespace": "none"}}))
    }),
    (&NO_SERVICE, || {
        World::new(0).no("UpdateService", json!({"cluster": "main", "service": "web"}))
    }),
    (&NOT_ACTIVE, || {
        let world = World::new(0);
        world.serve(&world.revision(json!({})), 0, json!({}));
        world.ok("DeleteService", json!({"cluster": "main", "service": "web"}));
        world.no("UpdateService", json!({"cluster": "main", "service": "web"}))
    }),
    (&SCALED, || {
        let world = World::new(0);
        world.serve(&world.revision(json!({})), 1, json!({}));
        world.no("DeleteService", json!({"cluster": "main", "service": "web"}))
    }),
    (&RUN_COUNT, || {
        let world = World::new(0);
        world.no("RunTask", run(&world, json!({"count": 11})))
    }),
    (&NO_TASK, || World::new(0).no("StopTask", json!({"cluster": "main", "task": "1"}))),
    (&PROTECTION_SERVICE, || {
        let world = World::new(1);
        let task = world.ok("RunTask", run(&world, json!({})))["tasks"][0]["taskArn"].clone();
        let input = json!({"cluster": "main", "tasks": [task], "protectionEnabled": true});
        world.no("UpdateTaskProtection", input)
    }),
    (&NO_INSTANCE, || {
        let input = json!({"cluster": "main", "containerInstance": "1"});
        World::new(0).no("DeregisterContainerInstance", input)
    }),
    (&HAS_TASKS, || {
        let world = World::new(1);
        world.ok("RunTask", run(&world, json!({})));
        let instance = world.container_instances()[0]["containerInstanceArn"].clone();
        let input = json!({"cluster": "main", "containerInstance": instance});
        world.no("DeregisterContainerInstance", input)
    }),
    (&INSTANCE_FILTER, || {
        let input = json!({"cluster": "main", "filter": "whatever"});
        World::new(0).no("ListContainerInstances", input)
    }),
    (&INSTANCE_STATUS, || {
        let input = json!({"cluster": "main", "containerInstances": [], "status": "REGISTERING"});
        World::new(0).no("UpdateContainerInstancesState", input)
    }),
];
