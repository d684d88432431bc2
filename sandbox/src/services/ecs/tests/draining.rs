//! Managed draining: instances give up their tasks before they are terminated.

use serde_json::json;

use super::world::World;

const HOOK: &str = "ecs-managed-draining-termination-hook";

/// Two instances, each with one task of a service that must not run with less than both.
fn world(draining: &str) -> World {
    let world = World::slow(0);
    let group = world.grouped("open", json!({"DesiredCapacity": 2}));
    world.provider_over(&group, json!({"managedDraining": draining}));
    world.skip(300);
    world.serve(&world.revision(json!({})), 2, json!({}));
    world.skip(120);
    assert_eq!(world.counts(), (2, 0, "COMPLETED".to_owned()));
    world
}

fn hooks(world: &World) -> Vec<String> {
    let group = json!({"AutoScalingGroupName": "open"});
    let hooks = world.call("autoscaling", "DescribeLifecycleHooks", group);
    let hooks = hooks["LifecycleHooks"].as_array().unwrap();
    hooks.iter().map(|it| it["LifecycleHookName"].as_str().unwrap().to_owned()).collect()
}

/// Takes one instance away and returns the fewest tasks that ran meanwhile, and whether an instance
/// was seen to drain while it waited for the hook.
fn shrink(world: &World, seconds: u64) -> (u64, bool) {
    world.resize("open", json!({"DesiredCapacity": 1}));
    let (mut least, mut drained) = (u64::MAX, false);
    for _ in 0..seconds / 5 {
        world.skip(5);
        least = least.min(world.counts().0);
        let waits = world.members("open").iter().any(|(_, state)| state == "Terminating:Wait");
        let hosts = world.container_instances();
        drained |= waits && hosts.iter().any(|it| it["status"] == "DRAINING");
    }
    (least, drained)
}

#[test]
fn without_draining_tasks_die_with_their_instance() {
    let world = world("DISABLED");
    assert!(hooks(&world).is_empty());
    assert_eq!(shrink(&world, 600), (1, false));
    assert_eq!(world.members("open").len(), 1);
}

#[test]
fn an_instance_waits_until_its_tasks_run_elsewhere() {
    let world = world("ENABLED");
    assert_eq!(hooks(&world), [HOOK]);
    assert_eq!(shrink(&world, 600), (2, true));
    assert_eq!(world.members("open").len(), 1);
    assert_eq!(world.container_instances().len(), 1);
    assert_eq!(world.counts(), (2, 0, "COMPLETED".to_owned()));
}

#[test]
fn without_room_elsewhere_it_waits_as_long_as_the_hook_lasts() {
    let world = world("ENABLED");
    world.update(json!({"desiredCount": 4}));
    world.skip(120);
    assert_eq!(world.counts().0, 4);
    assert_eq!(shrink(&world, 3000), (4, true));
    // Other changes of the provider leave the hook alone.
    let steps = json!({"name": "hosts", "autoScalingGroupProvider":
        {"managedScaling": {"status": "DISABLED", "maximumScalingStepSize": 5}}});
    world.ok("UpdateCapacityProvider", steps);
    world.skip(500);
    assert!(world.members("open").iter().any(|(_, state)| state == "Terminating:Wait"));
    world.skip(400);
    assert_eq!(world.members("open").len(), 1);
    assert_eq!(world.counts().0, 2);
}

#[test]
fn a_completed_hook_lets_an_instance_go_with_what_is_on_it() {
    let world = world("ENABLED");
    world.update(json!({"desiredCount": 4}));
    world.skip(120);
    shrink(&world, 300);
    let members = world.members("open");
    let waits = members.iter().find(|(_, state)| state == "Terminating:Wait").unwrap();
    let done = json!({"AutoScalingGroupName": "open", "LifecycleHookName": HOOK,
        "LifecycleActionResult": "CONTINUE", "InstanceId": waits.0});
    world.call("autoscaling", "CompleteLifecycleAction", done);
    world.skip(120);
    assert_eq!(world.members("open").len(), 1);
}

#[test]
fn the_hook_goes_when_draining_is_turned_off() {
    let world = world("ENABLED");
    let off = json!({"name": "hosts", "autoScalingGroupProvider": {"managedDraining": "DISABLED"}});
    world.ok("UpdateCapacityProvider", off);
    assert!(hooks(&world).is_empty());
    let on = json!({"name": "hosts", "autoScalingGroupProvider": {"managedDraining": "ENABLED"}});
    assert_eq!(world.no("UpdateCapacityProvider", on.clone()).code, "UpdateInProgressException");
    world.skip(60);
    world.ok("UpdateCapacityProvider", on);
    assert_eq!(hooks(&world), [HOOK]);
}

#[test]
fn an_instance_set_to_draining_by_hand_takes_no_tasks_and_gives_up_its_own() {
    let world = World::slow(2);
    world.serve(&world.revision(json!({})), 2, json!({}));
    world.skip(120);
    let hosts = world.container_instances();
    let arn = hosts[0]["containerInstanceArn"].clone();
    let set =
        |status: &str| json!({"cluster": "main", "containerInstances": [arn], "status": status});
    let refusal = world.no("UpdateContainerInstancesState", set("REGISTERING"));
    assert_eq!(refusal.code, "InvalidParameterException");
    let changed = world.ok("UpdateContainerInstancesState", set("DRAINING"));
    assert_eq!(changed["containerInstances"][0]["status"], "DRAINING");
    let mut least = u64::MAX;
    for _ in 0..40 {
        world.skip(5);
        least = least.min(world.counts().0);
    }
    assert_eq!((least, world.counts().0), (2, 2));
    let on = world.tasks(true);
    assert!(on.iter().all(|it| it["containerInstanceArn"] != arn));
    let listed = |status: &str| {
        let input = json!({"cluster": "main", "status": status});
        world.ok("ListContainerInstances", input)["containerInstanceArns"].clone()
    };
    assert_eq!(listed("DRAINING"), json!([arn]));
    world.ok("UpdateContainerInstancesState", set("ACTIVE"));
    assert_eq!(listed("DRAINING"), json!([]));
}
