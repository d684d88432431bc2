//! What lives in a cluster: instances join, tasks run, deployments replace them.

use serde_json::{Value, json};

use super::world::{World, behind};

#[test]
fn instances_of_a_group_join_the_cluster_that_their_user_data_names() {
    let world = World::new(2);
    let hosts = world.container_instances();
    assert_eq!(hosts.len(), 2);
    let zones: Vec<&Value> =
        hosts.iter().flat_map(|it| it["attributes"].as_array().unwrap()).collect();
    let zone = json!({"name": "ecs.availability-zone", "value": "eu-west-1b"});
    assert!(zones.contains(&&zone));
    assert_eq!(hosts[0]["registeredResources"][0]["integerValue"], 2048);
    assert_eq!(hosts[0]["agentConnected"], true);
    let cluster = world.ok("DescribeClusters", json!({"clusters": ["main"]}));
    assert_eq!(cluster["clusters"][0]["registeredContainerInstancesCount"], 2);
}

#[test]
fn without_a_way_out_or_rights_nothing_joins() {
    let world = World::new(0);
    let tables = world.call("ec2", "DescribeRouteTables", json!({}));
    let table = tables["RouteTables"][0]["RouteTableId"].clone();
    let route = json!({"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"});
    world.call("ec2", "DeleteRoute", route);
    let grow = json!({"AutoScalingGroupName": "hosts", "DesiredCapacity": 1});
    world.call("autoscaling", "UpdateAutoScalingGroup", grow);
    world.skip(600);
    assert_eq!(world.container_instances().len(), 0);
    let gateways = world.call("ec2", "DescribeInternetGateways", json!({}));
    let gateway = gateways["InternetGateways"][0]["InternetGatewayId"].clone();
    let route = json!({"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0",
        "GatewayId": gateway});
    world.call("ec2", "CreateRoute", route);
    world.skip(120);
    assert_eq!(world.container_instances().len(), 1);
}

#[test]
fn a_service_runs_its_tasks_over_zones_with_interfaces_of_their_own() {
    let world = World::new(2);
    let definition = world.revision(json!({}));
    world.serve(&definition, 2, json!({}));
    assert_eq!(world.counts(), (2, 0, "COMPLETED".to_owned()));
    let tasks = world.tasks(true);
    assert_ne!(tasks[0]["availabilityZone"], tasks[1]["availabilityZone"]);
    assert_eq!(tasks[0]["lastStatus"], "RUNNING");
    assert_eq!(tasks[0]["attachments"][0]["status"], "ATTACHED");
    let filter = json!([{"Name": "description", "Values": ["arn:aws:ecs:*:attachment/*"]}]);
    let held = world.call("ec2", "DescribeNetworkInterfaces", json!({"Filters": filter}));
    assert_eq!(held["NetworkInterfaces"].as_array().unwrap().len(), 2);
    let events = world.events();
    assert!(
        events.iter().any(|it| it == "(service web) has reached a steady state."),
        "{events:?}"
    );
    let streams = json!({"logGroupName": "/ecs/web"});
    let streams = world.call("logs", "DescribeLogStreams", streams);
    assert_eq!(streams["logStreams"].as_array().unwrap().len(), 2);
}

#[test]
fn what_finds_no_room_stays_away_and_the_service_says_why() {
    let world = World::new(0);
    let definition = world.revision(json!({}));
    world.serve(&definition, 2, json!({}));
    assert_eq!(world.counts(), (0, 0, "IN_PROGRESS".to_owned()));
    assert!(world.events()[0].contains("No Container Instances were found"));
    let grow = json!({"AutoScalingGroupName": "hosts", "DesiredCapacity": 1});
    world.call("autoscaling", "UpdateAutoScalingGroup", grow);
    assert_eq!(world.counts(), (2, 0, "COMPLETED".to_owned()));
    // A t3.medium has three interfaces, one of them its own.
    world.update(json!({"desiredCount": 3}));
    assert_eq!(world.counts().0, 2);
    assert!(world.events()[0].contains("RESOURCE:ENI"), "{:?}", world.events());
}

#[test]
fn tasks_go_slowly_through_their_states_and_drain_before_they_stop() {
    let world = World::slow(2);
    let group = world.balanced("ip");
    let definition = world.revision(json!({"container": {"stopTimeout": 20}}));
    world.serve(&definition, 1, json!({"loadBalancers": behind(&group)}));
    assert_eq!(world.tasks(true)[0]["lastStatus"], "PROVISIONING");
    world.skip(12);
    assert_eq!(world.tasks(true)[0]["lastStatus"], "PENDING");
    world.skip(20);
    assert_eq!(world.tasks(true)[0]["lastStatus"], "RUNNING");
    assert_eq!(world.counts().2, "IN_PROGRESS", "not healthy yet");
    world.skip(200);
    assert_eq!(world.counts(), (1, 0, "COMPLETED".to_owned()));
    world.update(json!({"desiredCount": 0}));
    assert_eq!(world.tasks(false)[0]["lastStatus"], "DEACTIVATING");
    let shown = world.ok("DeleteService", json!({"cluster": "main", "service": "web"}));
    assert_eq!(shown["service"]["status"], "DRAINING");
    let again = world.no("CreateService", world.input(&definition, 1, json!({})));
    assert!(again.message.contains("still Draining"));
    world.skip(301);
    assert_eq!(world.tasks(false)[0]["lastStatus"], "STOPPING");
    world.skip(20);
    assert_eq!(world.tasks(false)[0]["lastStatus"], "DEPROVISIONING");
    world.skip(60);
    assert_eq!(world.tasks(false)[0]["lastStatus"], "STOPPED");
    assert_eq!(world.service()["status"], "INACTIVE");
    world.skip(3700);
    let gone = world.ok("DescribeServices", json!({"cluster": "main", "services": ["web"]}));
    assert_eq!(gone["failures"][0]["reason"], "MISSING");
}

#[test]
fn a_deployment_keeps_enough_healthy_tasks_while_it_replaces_them() {
    let world = World::slow(4);
    let first = world.revision(json!({}));
    world.serve(&first, 2, json!({}));
    world.skip(120);
    assert_eq!(world.counts(), (2, 0, "COMPLETED".to_owned()));
    let second = world.revision(json!({}));
    world.update(json!({"taskDefinition": second}));
    let mut seen_both = false;
    for _ in 0..40 {
        world.skip(5);
        assert!(world.counts().0 >= 2);
        seen_both |= world.service()["deployments"].as_array().unwrap().len() == 2;
    }
    assert!(seen_both);
    let service = world.service();
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1);
    assert_eq!(service["taskDefinition"], json!(second));
    assert_eq!(world.counts(), (2, 0, "COMPLETED".to_owned()));
    assert!(world.tasks(true).iter().all(|it| it["taskDefinitionArn"] == json!(second)));
}

#[test]
fn a_missing_image_trips_the_breaker_and_the_deployment_before_comes_back() {
    let breaker = json!({"deploymentConfiguration":
        {"deploymentCircuitBreaker": {"enable": true, "rollback": true}}});
    for slow in [false, true] {
        let world = if slow { World::slow(4) } else { World::new(4) };
        let first = world.revision(json!({}));
        world.serve(&first, 2, breaker.clone());
        world.skip(300);
        let before = world.service()["deployments"][0]["id"].clone();
        let image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:none";
        let second = world.revision(json!({"container": {"image": image}}));
        world.update(json!({"taskDefinition": second}));
        let mut rolled = false;
        for _ in 0..60 {
            let reason = world.service()["deployments"][0]["rolloutStateReason"].to_string();
            rolled |= reason.contains("rolling back");
            world.skip(10);
        }
        let service = world.service();
        assert_eq!(service["deployments"][0]["id"], before);
        assert_eq!(service["taskDefinition"], json!(first));
        assert_eq!(world.counts(), (2, 0, "COMPLETED".to_owned()));
        assert!(rolled || !slow, "the way back is seen where things take time");
        let failed = world.tasks(false);
        assert!((3..=4).contains(&failed.len()), "two at a time: {}", failed.len());
        let reason = failed[0]["stoppedReason"].as_str().unwrap();
        assert!(reason.starts_with("CannotPullContainerError"), "{reason}");
        assert_eq!(failed[0]["stopCode"], "TaskFailedToStart");
        let events = world.events();
        assert!(events.iter().any(|it| it.contains("deployment failed: tasks failed to start")));
    }
}

#[test]
fn a_first_deployment_that_fails_has_nothing_to_go_back_to() {
    let world = World::new(2);
    let image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:none";
    let definition = world.revision(json!({"container": {"image": image}}));
    world.serve(
        &definition,
        1,
        json!({"deploymentConfiguration":
        {"deploymentCircuitBreaker": {"enable": true, "rollback": true}}}),
    );
    assert_eq!(world.counts(), (0, 0, "FAILED".to_owned()));
    let deployment = world.service()["deployments"][0].clone();
    assert_eq!(deployment["failedTasks"], 3);
    assert_eq!(
        deployment["rolloutStateReason"],
        "ECS deployment circuit breaker: tasks failed to start."
    );
}

#[test]
fn a_container_that_exits_fails_its_deployment_and_leaves_its_words() {
    let world = World::new(1);
    let script = "echo cannot reach the table; exit 3";
    let definition = world.revision(json!({"container": {"command": ["sh", "-c", script]}}));
    let breaker = json!({"deploymentCircuitBreaker": {"enable": true, "rollback": false}});
    world.serve(&definition, 1, json!({"deploymentConfiguration": breaker}));
    assert_eq!(world.counts(), (0, 0, "FAILED".to_owned()));
    let task = world.tasks(false)[0].clone();
    assert_eq!(task["stopCode"], "EssentialContainerExited");
    assert_eq!(task["stoppedReason"], "Essential container in task exited");
    assert_eq!(task["containers"][0]["exitCode"], 3);
    let id = task["taskArn"].as_str().unwrap().rsplit('/').next().unwrap();
    let stream = json!({"logGroupName": "/ecs/web", "logStreamName": format!("web/app/{id}")});
    let events = world.call("logs", "GetLogEvents", stream)["events"].clone();
    assert_eq!(events[1]["message"], "cannot reach the table");
}

#[test]
fn without_a_breaker_failing_tasks_are_tried_ever_more_seldom() {
    let world = World::new(1);
    let definition = world.revision(json!({"container": {"logConfiguration": {
        "logDriver": "awslogs", "options": {"awslogs-group": "/none", "awslogs-region": "eu-west-1"}}}}));
    world.serve(&definition, 1, json!({}));
    assert_eq!(world.counts(), (0, 0, "IN_PROGRESS".to_owned()));
    for _ in 0..30 {
        world.skip(60);
        world.service();
    }
    let failed = world.tasks(false);
    assert!((4..12).contains(&failed.len()), "{}", failed.len());
    assert!(
        failed[0]["stoppedReason"].as_str().unwrap().starts_with("ResourceInitializationError")
    );
    world.call("logs", "CreateLogGroup", json!({"logGroupName": "/none"}));
    world.skip(900);
    assert_eq!(world.counts(), (1, 0, "COMPLETED".to_owned()));
}

#[test]
fn a_balanced_service_is_complete_when_its_targets_are_healthy() {
    let world = World::new(2);
    let group = world.balanced("ip");
    let definition = world.revision(json!({}));
    world.serve(&definition, 2, json!({"loadBalancers": behind(&group)}));
    assert_eq!(world.counts(), (2, 0, "COMPLETED".to_owned()));
    let health = json!({"TargetGroupArn": group});
    let health = world.call("elasticloadbalancing", "DescribeTargetHealth", health);
    let states = health["TargetHealthDescriptions"].as_array().unwrap();
    assert!(states.len() == 2 && states.iter().all(|it| it["TargetHealth"]["State"] == "healthy"));
}

#[test]
fn targets_that_cannot_be_reached_fail_the_deployment() {
    let world = World::new(2);
    let group = world.balanced("ip");
    let closed = json!({"VpcId": world.vpc, "GroupName": "closed", "Description": "closed"});
    let closed = world.call("ec2", "CreateSecurityGroup", closed)["GroupId"].clone();
    let definition = world.revision(json!({}));
    let network = json!({"awsvpcConfiguration":
        {"subnets": world.subnets, "securityGroups": [closed]}});
    world.serve(
        &definition,
        1,
        json!({"loadBalancers": behind(&group),
        "networkConfiguration": network, "deploymentConfiguration":
            {"deploymentCircuitBreaker": {"enable": true, "rollback": false}}}),
    );
    world.skip(600);
    assert_eq!(world.counts().2, "FAILED");
    assert!(world.events().iter().any(|it| it.contains("is unhealthy in (target-group")));
}

#[test]
fn bridge_tasks_take_ports_of_the_host_and_are_targets_by_instance() {
    let world = World::new(1);
    let group = world.balanced("instance");
    let definition = world.revision(json!({"networkMode": "bridge"}));
    let more = json!({"loadBalancers": behind(&group), "networkConfiguration": null});
    world.serve(&definition, 3, more);
    assert_eq!(world.counts(), (3, 0, "COMPLETED".to_owned()));
    let tasks = world.tasks(true);
    let mut ports: Vec<u64> = tasks
        .iter()
        .map(|it| it["containers"][0]["networkBindings"][0]["hostPort"].as_u64().unwrap())
        .collect();
    ports.sort_unstable();
    assert_eq!(ports, [32768, 32769, 32770]);
}

#[test]
fn a_daemon_is_on_every_instance() {
    let world = World::new(2);
    let definition = world.revision(json!({}));
    let more = json!({"desiredCount": null, "schedulingStrategy": "DAEMON"});
    world.serve(&definition, 0, more);
    assert_eq!(world.counts(), (2, 0, "COMPLETED".to_owned()));
    let second = world.revision(json!({}));
    world.update(json!({"taskDefinition": second}));
    assert_eq!(world.counts(), (2, 0, "COMPLETED".to_owned()));
    assert_eq!(world.service()["deployments"].as_array().unwrap().len(), 1);
}

#[test]
fn an_instance_that_ends_takes_its_tasks_along_and_they_start_elsewhere() {
    let world = World::new(2);
    let definition = world.revision(json!({}));
    world.serve(&definition, 1, json!({}));
    let task = world.tasks(true)[0].clone();
    let hosts = world.container_instances();
    let host = hosts.iter().find(|it| it["containerInstanceArn"] == task["containerInstanceArn"]);
    let id = host.unwrap()["ec2InstanceId"].clone();
    world.call("ec2", "TerminateInstances", json!({"InstanceIds": [id]}));
    assert_eq!(world.counts(), (1, 0, "COMPLETED".to_owned()));
    assert_ne!(world.tasks(true)[0]["taskArn"], task["taskArn"]);
    let stopped = world.tasks(false)[0]["stoppedReason"].to_string();
    assert!(stopped.contains("terminated"), "{stopped}");
}
