//! Services of two workspaces on instances of several sizes, in one group that can grow.

use std::time::Duration;

use serde_json::{Value, json};

use super::world::World;

/// A cluster whose group has one to four instances of a type, and two services with two tasks each.
fn shared(world: &World, kind: &str, least_healthy: u32) {
    world.launch(kind);
    let more = json!({"MinSize": 1, "MaxSize": 4, "VPCZoneIdentifier": world.subnets[0]});
    let group = world.grouped("shared", more);
    world.provider_over(&group, json!({"managedScaling": {"status": "ENABLED"}}));
    for name in ["web", "api"] {
        let definition = world.revision(json!({"family": name, "cpu": "512", "memory": "1024"}));
        let percent = json!({"minimumHealthyPercent": least_healthy, "maximumPercent": 200});
        let more = json!({"serviceName": name, "deploymentConfiguration": percent});
        world.serve(&definition, 2, more);
    }
}

fn services(world: &World) -> Vec<Value> {
    let input = json!({"cluster": "main", "services": ["web", "api"]});
    let all = world.ok("DescribeServices", input)["services"].clone();
    all.as_array().unwrap().clone()
}

fn are_steady(world: &World) -> bool {
    services(world).iter().all(|it| {
        let deployments = it["deployments"].as_array().unwrap();
        it["runningCount"] == 2
            && deployments.len() == 1
            && deployments[0]["rolloutState"] == "COMPLETED"
    })
}

/// Seconds of the sandbox until both services are steady; none within half an hour.
fn time_to_steady(world: &World) -> Option<u64> {
    let is_there = |seconds: &u64| {
        let steady = are_steady(world);
        if !steady {
            world.lab.0.skip(Duration::from_secs(5));
        }
        steady || *seconds > 1800
    };
    let seconds = (0..).step_by(5).find(is_there)?;
    (seconds <= 1800).then_some(seconds)
}

/// Has the `web` service replace its tasks.
fn redeploy(world: &World) {
    world.update(json!({"forceNewDeployment": true}));
}

#[test]
fn a_group_finds_its_size_by_what_its_instances_hold() {
    // A t3.small has no memory for two of them, a t3.medium interfaces for two.
    for (kind, size) in [("t3.micro", None), ("t3.small", Some(4)), ("t3.medium", Some(2))] {
        let world = World::new(0);
        shared(&world, kind, 100);
        let steady = time_to_steady(&world);
        assert_eq!(steady, size.map(|_| 0), "{kind}: at once, or never");
        assert_eq!(world.desired("shared"), size.unwrap_or(1), "{kind}");
    }
}

#[test]
fn with_slow_states_both_are_steady_within_minutes() {
    for kind in ["t3.small", "t3.medium"] {
        let world = World::slow(0);
        shared(&world, kind, 100);
        let steady = time_to_steady(&world);
        assert!(steady.is_some_and(|it| (60..=420).contains(&it)), "{kind}: {steady:?}");
    }
}

#[test]
fn a_full_group_replaces_tasks_only_where_some_may_stop_before() {
    for (least_healthy, goes) in [(100, false), (50, true)] {
        let world = World::new(0);
        shared(&world, "t3.small", least_healthy);
        assert_eq!(time_to_steady(&world), Some(0));
        redeploy(&world);
        assert_eq!(time_to_steady(&world).is_some(), goes, "at least {least_healthy} percent");
        let web = services(&world)[0].clone();
        assert_eq!(web["pendingCount"], if goes { 0 } else { 2 });
        assert_eq!(world.desired("shared"), 4);
        // One more instance ends what hangs.
        world.resize("shared", json!({"MaxSize": 6}));
        assert!(time_to_steady(&world).is_some());
    }
}
