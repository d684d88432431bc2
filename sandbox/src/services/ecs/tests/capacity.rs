//! Managed scaling and managed termination protection of capacity providers.

use serde_json::{Value, json};

use super::world::World;

fn scaling(more: Value) -> Value {
    json!({"managedScaling": super::with(json!({"status": "ENABLED"}), more)})
}

fn complete(running: u64) -> (u64, u64, String) {
    (running, 0, "COMPLETED".to_owned())
}

/// The sizes that a group goes through in so many seconds.
fn sizes(world: &World, group: &str, seconds: u64) -> Vec<u64> {
    let mut seen = vec![world.desired(group)];
    for _ in 0..seconds / 5 {
        world.skip(5);
        let now = world.desired(group);
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
    seen
}

#[test]
fn without_managed_scaling_nothing_is_added_for_tasks_without_a_place() {
    let world = World::new(0);
    world.provider(json!({"managedScaling": {"status": "DISABLED"}}));
    world.serve(&world.revision(json!({})), 2, json!({}));
    world.skip(3600);
    assert_eq!(world.desired("hosts"), 0);
    assert_eq!(world.counts(), (0, 0, "IN_PROGRESS".to_owned()));
    assert!(world.tasks(true).is_empty(), "what cannot be placed is not made");
    let on = json!({"name": "hosts", "autoScalingGroupProvider": scaling(json!({}))});
    world.ok("UpdateCapacityProvider", on);
    world.skip(60);
    assert_eq!(world.counts(), complete(2));
    assert_eq!(world.desired("hosts"), 1, "a t3.medium has room for two tasks with interfaces");
}

#[test]
fn tasks_wait_in_provisioning_while_their_group_grows() {
    let world = World::slow(0);
    world.provider(scaling(json!({})));
    world.serve(&world.revision(json!({})), 2, json!({}));
    world.skip(5);
    assert_eq!(world.counts(), (0, 2, "IN_PROGRESS".to_owned()));
    let task = world.tasks(true)[0].clone();
    assert_eq!(
        (&task["lastStatus"], &task["capacityProviderName"]),
        (&json!("PROVISIONING"), &json!("hosts"))
    );
    assert_eq!(task["containerInstanceArn"], Value::Null);
    assert_eq!(world.desired("hosts"), 1);
    world.skip(300);
    assert_eq!(world.counts(), complete(2));
    assert_eq!(world.container_instances()[0]["capacityProviderName"], "hosts");
}

#[test]
fn steps_bound_how_much_is_added_at_once() {
    let narrow = |steps: Value, tasks: u32| {
        let world = World::slow(0);
        let more = json!({"VPCZoneIdentifier": world.subnets[0], "MaxSize": 10});
        let group = world.grouped("narrow", more);
        world.provider_over(&group, scaling(steps));
        world.serve(&world.revision(json!({})), tasks, json!({}));
        (sizes(&world, "narrow", 600), world.counts())
    };
    assert_eq!(narrow(json!({}), 10), (vec![5], complete(10)));
    assert_eq!(narrow(json!({"maximumScalingStepSize": 3}), 10), (vec![3, 5], complete(10)));
    assert_eq!(narrow(json!({"minimumScalingStepSize": 2}), 2), (vec![2], complete(2)));
}

#[test]
fn over_several_zones_the_minimum_step_is_added_whatever_is_missing() {
    let world = World::slow(0);
    world.provider(scaling(json!({"maximumScalingStepSize": 10})));
    world.serve(&world.revision(json!({})), 6, json!({}));
    assert_eq!(sizes(&world, "hosts", 900), [1, 2, 3]);
    assert_eq!(world.counts(), complete(6));
}

#[test]
fn below_a_target_of_a_hundred_there_is_room_to_spare() {
    for (target, size) in [(100, 1), (90, 2), (50, 2), (34, 3)] {
        let world = World::new(0);
        world.provider(scaling(json!({"targetCapacity": target})));
        // Rebalanced tasks would use the room to spare.
        let stay = json!({"availabilityZoneRebalancing": "DISABLED"});
        world.serve(&world.revision(json!({})), 2, stay);
        assert_eq!(world.counts(), complete(2));
        world.skip(3600);
        assert_eq!(world.desired("hosts"), size, "target {target}");
    }
}

#[test]
fn a_group_grows_up_to_its_maximum_and_the_rest_waits() {
    let world = World::new(0);
    world.resize("hosts", json!({"MaxSize": 1}));
    world.provider(scaling(json!({})));
    world.serve(&world.revision(json!({})), 3, json!({}));
    world.skip(600);
    assert_eq!(world.counts(), (2, 1, "IN_PROGRESS".to_owned()));
    world.resize("hosts", json!({"MaxSize": 2}));
    world.skip(60);
    assert_eq!(world.counts(), complete(3));
}

#[test]
fn what_fits_on_no_instance_adds_none() {
    let world = World::new(0);
    world.provider(scaling(json!({})));
    let definition = world.revision(json!({"cpu": "4096", "memory": "8192"}));
    world.serve(&definition, 1, json!({}));
    world.skip(600);
    assert_eq!((world.desired("hosts"), world.counts().1), (0, 1));
}

#[test]
fn a_group_shrinks_after_a_quarter_of_an_hour_and_by_half_at_most() {
    let world = World::new(0);
    let group = world.grouped("open", json!({}));
    world.provider_over(&group, scaling(json!({})));
    world.serve(&world.revision(json!({})), 8, json!({}));
    assert_eq!((world.counts(), world.desired("open")), (complete(8), 4));
    world.update(json!({"desiredCount": 2}));
    let task = world.tasks(true)[0]["taskArn"].clone();
    world.skip(14 * 60);
    assert_eq!(world.desired("open"), 4, "too early");
    world.skip(3 * 60);
    assert_eq!(world.desired("open"), 2);
    world.skip(3600);
    // Two tasks may be on two instances, which both stay then.
    let busy = world
        .tasks(true)
        .iter()
        .map(|it| it["containerInstanceArn"].to_string())
        .collect::<std::collections::BTreeSet<_>>();
    assert_eq!(world.desired("open"), busy.len() as u64);
    assert!(world.tasks(true).iter().any(|it| it["taskArn"] == task), "no task was moved");
    world.update(json!({"desiredCount": 0}));
    world.skip(3600);
    assert_eq!(world.desired("open"), 0);
    assert!(world.members("open").is_empty());
}

#[test]
fn only_protected_instances_keep_their_tasks_when_a_group_is_made_smaller() {
    let open = World::new(0);
    let group = open.grouped("open", json!({"DesiredCapacity": 2}));
    open.provider_over(&group, json!({"managedDraining": "DISABLED"}));
    open.serve(&open.revision(json!({})), 2, json!({}));
    assert_eq!(open.counts(), complete(2));
    open.resize("open", json!({"DesiredCapacity": 1}));
    open.skip(60);
    let stopped = open.tasks(false);
    assert_eq!(stopped[0]["stopCode"], "TerminationNotice", "{stopped:?}");

    let world = World::new(0);
    let protects = json!({"managedTerminationProtection": "ENABLED",
        "managedScaling": {"status": "ENABLED"}});
    world.provider(protects);
    world.serve(&world.revision(json!({})), 2, json!({}));
    assert_eq!(world.counts(), complete(2));
    let before = world.members("hosts");
    world.resize("hosts", json!({"DesiredCapacity": 0}));
    world.skip(3600);
    assert_eq!((world.counts(), world.members("hosts")), (complete(2), before.clone()));
    assert!(world.tasks(false).is_empty());
}

#[test]
fn protection_outlives_what_it_protected() {
    let world = World::new(0);
    world.provider(json!({"managedTerminationProtection": "ENABLED",
        "managedScaling": {"status": "ENABLED"}}));
    world.serve(&world.revision(json!({})), 2, json!({}));
    world.ok("DeleteService", json!({"cluster": "main", "service": "web", "force": true}));
    assert_eq!(world.service()["status"], "INACTIVE");
    let none = json!({"MinSize": 0, "MaxSize": 0, "DesiredCapacity": 0});
    world.resize("hosts", none);
    world.skip(3600);
    let left = world.members("hosts");
    assert_eq!(left.len(), 1, "nobody takes the protection away");
    let free = json!({"AutoScalingGroupName": "hosts", "InstanceIds": [left[0].0],
        "ProtectedFromScaleIn": false});
    world.call("autoscaling", "SetInstanceProtection", free);
    world.skip(60);
    assert!(world.members("hosts").is_empty());
    assert!(world.container_instances().is_empty());
}
