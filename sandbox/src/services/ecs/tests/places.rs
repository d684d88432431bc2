//! Where tasks go and are found: zones, interfaces, target groups, Service Connect.

use serde_json::{Value, json};

use super::world::{World, behind};

fn complete(running: u64) -> (u64, u64, String) {
    (running, 0, "COMPLETED".to_owned())
}

fn zones(world: &World) -> Vec<String> {
    let tasks = world.tasks(true);
    let mut zones: Vec<String> =
        tasks.iter().map(|it| it["availabilityZone"].as_str().unwrap().to_owned()).collect();
    zones.sort();
    zones
}

#[test]
fn tasks_move_to_a_zone_that_comes_later_only_with_rebalancing() {
    for (rebalancing, after) in [("DISABLED", "eu-west-1a"), ("ENABLED", "eu-west-1b")] {
        let world = World::new(0);
        world.grouped("one", json!({"VPCZoneIdentifier": world.subnets[0], "DesiredCapacity": 1}));
        let more = json!({"availabilityZoneRebalancing": rebalancing});
        world.serve(&world.revision(json!({})), 2, more);
        assert_eq!(
            (world.counts(), zones(&world)),
            (complete(2), vec!["eu-west-1a".to_owned(); 2])
        );
        world.grouped("two", json!({"VPCZoneIdentifier": world.subnets[1], "DesiredCapacity": 1}));
        world.skip(600);
        assert_eq!(world.counts(), complete(2));
        assert_eq!(zones(&world), ["eu-west-1a", after]);
        let told = world.events().iter().any(|it| it.contains("not Availability Zone balanced"));
        assert_eq!(told, rebalancing == "ENABLED");
    }
}

#[test]
fn a_trunk_makes_room_for_more_interfaces_where_the_type_has_one() {
    let tasks = |kind: &str, trunks: bool| {
        let world = World::new(0);
        if trunks {
            world.ok(
                "PutAccountSettingDefault",
                json!({"name": "awsvpcTrunking", "value": "enabled"}),
            );
        }
        world.launch(kind);
        world.grouped("one", json!({"DesiredCapacity": 1}));
        let definition = world.revision(json!({"cpu": "128", "memory": "128"}));
        world.serve(&definition, 12, json!({}));
        let why = world.events()[0].clone();
        assert!(why.contains("RESOURCE:ENI"), "{why}");
        if !trunks {
            // An instance keeps what it was launched with.
            world.ok(
                "PutAccountSettingDefault",
                json!({"name": "awsvpcTrunking", "value": "enabled"}),
            );
            world.skip(600);
        }
        world.counts().0
    };
    assert_eq!((tasks("m5.large", false), tasks("m5.large", true)), (2, 10));
    assert_eq!(
        (tasks("t3.medium", false), tasks("t3.medium", true)),
        (2, 2),
        "no trunk in a T type"
    );
}

#[test]
fn managed_scaling_counts_with_trunks() {
    for (trunks, size) in [("disabled", 3), ("enabled", 1)] {
        let world = World::new(0);
        world.ok("PutAccountSettingDefault", json!({"name": "awsvpcTrunking", "value": trunks}));
        world.launch("m5.large");
        let group = world.grouped("one", json!({"VPCZoneIdentifier": world.subnets[0]}));
        world.provider_over(&group, json!({"managedScaling": {"status": "ENABLED"}}));
        let definition = world.revision(json!({"cpu": "128", "memory": "128"}));
        world.serve(&definition, 6, json!({}));
        assert_eq!((world.counts(), world.desired("one")), (complete(6), size));
    }
}

#[test]
fn a_task_drains_as_long_as_its_target_group_says() {
    for (delay, status) in [(300, "DEACTIVATING"), (20, "STOPPED")] {
        let world = World::slow(2);
        let group = world.balanced("ip");
        let input = json!({"TargetGroupArn": group, "Attributes":
            [{"Key": "deregistration_delay.timeout_seconds", "Value": delay.to_string()}]});
        world.call("elasticloadbalancing", "ModifyTargetGroupAttributes", input);
        let definition = world.revision(json!({"container": {"stopTimeout": 2}}));
        world.serve(&definition, 1, json!({"loadBalancers": behind(&group)}));
        world.skip(300);
        assert_eq!(world.counts(), complete(1));
        world.update(json!({"desiredCount": 0}));
        let health = json!({"TargetGroupArn": group});
        let health = world.call("elasticloadbalancing", "DescribeTargetHealth", health);
        assert_eq!(health["TargetHealthDescriptions"][0]["TargetHealth"]["State"], "draining");
        world.skip(60);
        assert_eq!(world.tasks(false)[0]["lastStatus"], status);
    }
}

#[test]
fn service_connect_keeps_its_names_in_the_namespace_until_the_service_is_gone() {
    let world = World::new(1);
    let begun = world.call("servicediscovery", "CreateHttpNamespace", json!({"Name": "dev"}));
    let done = world.call("servicediscovery", "GetOperation", begun);
    let namespace = done["Operation"]["Targets"]["NAMESPACE"].clone();
    let names = || -> Vec<String> {
        let all = world.call("servicediscovery", "ListServices", json!({}));
        let all = all["Services"].as_array().unwrap();
        all.iter().map(|it| it["Name"].as_str().unwrap().to_owned()).collect()
    };
    let definition = world.revision(json!({}));
    let connect = |services: Value| json!({"serviceConnectConfiguration": {"enabled": true, "namespace": "dev", "services": services}});
    let wrong = world.input(&definition, 1, connect(json!([{"portName": "grpc"}])));
    assert!(world.no("CreateService", wrong).message.contains("portName 'grpc'"));
    let alias = json!({"port": 80, "dnsName": "api.dev"});
    let one = json!([{"portName": "http", "discoveryName": "api", "clientAliases": [alias]}]);
    world.serve(&definition, 1, connect(one));
    assert_eq!((world.counts(), names()), (complete(1), vec!["api".to_owned()]));
    let deployment = world.service()["deployments"][0].clone();
    assert_eq!(deployment["serviceConnectResources"][0]["discoveryName"], "api");
    assert_eq!(
        deployment["serviceConnectConfiguration"]["services"][0]["clientAliases"][0]["port"],
        80
    );
    let gone = json!({ "Id": namespace });
    let refused = world.lab.0.call("servicediscovery", "DeleteNamespace", gone.clone());
    assert_eq!(refused.unwrap_err().code, "ResourceInUse");
    world.update(connect(json!([{"portName": "http"}])));
    assert_eq!((world.counts(), names()), (complete(1), vec!["http".to_owned()]));
    world.update(json!({"serviceConnectConfiguration": {"enabled": false}}));
    assert_eq!((world.counts(), names()), (complete(1), Vec::new()));
    world.update(connect(json!([{"portName": "http"}])));
    world.ok("DeleteService", json!({"cluster": "main", "service": "web", "force": true}));
    assert_eq!(world.service()["status"], "INACTIVE");
    assert_eq!(names(), Vec::<String>::new());
    world.call("servicediscovery", "DeleteNamespace", gone);
}

#[test]
fn a_placement_constraint_and_a_strategy_choose_among_instances() {
    let world = World::new(0);
    world.grouped("medium", json!({"DesiredCapacity": 1}));
    world.launch("t3.small");
    world.grouped("small", json!({"DesiredCapacity": 1}));
    let definition = world.revision(json!({}));
    let by = |expression: &str| json!({"placementConstraints": [{"type": "memberOf", "expression": expression}]});
    world.serve(&definition, 1, by("attribute:ecs.instance-type == m5.large"));
    assert_eq!(world.counts().0, 0);
    assert!(world.events()[0].contains("was unable to place a task"), "{:?}", world.events());
    world.update(by("attribute:ecs.instance-type == t3.small"));
    assert_eq!(world.counts(), complete(1));
    let host = world.tasks(true)[0]["containerInstanceArn"].clone();
    let hosts = world.container_instances();
    let host = hosts.iter().find(|it| it["containerInstanceArn"] == host).unwrap();
    let kind = json!({"name": "ecs.instance-type", "value": "t3.small"});
    assert!(host["attributes"].as_array().unwrap().contains(&kind));
}
