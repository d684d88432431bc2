//! What a task definition may say.

use super::EcsTaskDefinition;
use crate::engine::resource::Resource;
use serde_json::{Value as Json, json};

fn merged(mut whole: Json, more: Json) -> Json {
    if let (Json::Object(whole), Json::Object(more)) = (&mut whole, more) {
        whole.extend(more);
    }
    whole
}

fn container(more: Json) -> Json {
    merged(json!({ "name": "app", "image": "app:1", "memory": 64 }), more)
}

fn definition(containers: &[Json], more: Json) -> EcsTaskDefinition {
    let spec = merged(json!({ "family": "app", "container_definitions": containers }), more);
    serde_json::from_value(spec).unwrap()
}

fn problems(containers: &[Json], more: Json) -> Vec<String> {
    let found = definition(containers, more).validate();
    found.into_iter().map(|problem| problem.path).collect()
}

fn of_container(more: Json, task: Json) -> Vec<String> {
    let paths = problems(&[container(more)], task);
    let short = |path: String| path.trim_start_matches("container_definitions.0.").to_owned();
    paths.into_iter().map(short).collect()
}

#[test]
fn several_ways_of_saying_it_are_one() {
    let awsvpc = json!({ "network_mode": "awsvpc", "cpu": "0.25 vCPU", "memory": "1 GB",
                         "volumes": [{ "name": "tmp", "host": {} }] });
    let more = json!({ "cpu": 0, "user": "", "linux_parameters": {}, "image_owner": "stack",
        "port_mappings": [{ "container_port": 80, "host_port": 80, "protocol": "tcp" }],
        "health_check": { "command": ["CMD", "x"], "interval": 30, "start_period": 0 } });
    let long = definition(&[container(more)], awsvpc);
    let more = json!({ "port_mappings": [{ "container_port": 80 }],
                       "health_check": { "command": ["CMD", "x"] } });
    let short = definition(
        &[container(more.clone())],
        json!({ "network_mode": "awsvpc", "cpu": "256", "memory": "1024",
                "volumes": [{ "name": "tmp" }] }),
    );
    assert_eq!(long, short);
    let static_port = json!({ "port_mappings": [{ "container_port": 80, "host_port": 80 }] });
    let bridge = json!({ "network_mode": "bridge" });
    let kept = definition(&[container(static_port)], bridge.clone());
    let dynamic = definition(&[container(more)], bridge);
    assert_ne!(kept.container_definitions, dynamic.container_definitions, "a port of its own");
    let named = |names: [&str; 2]| {
        let two = names.map(|name| container(json!({ "name": name })));
        definition(&two, json!({})).sorted()
    };
    assert_eq!(named(["b", "a"]), named(["a", "b"]));
}

#[test]
fn sizes_must_fit() {
    let none = json!({ "memory": null });
    assert_eq!(of_container(none.clone(), json!({})), ["memory"]);
    assert_eq!(of_container(none, json!({ "memory": "64" })), [""; 0]);
    assert_eq!(of_container(json!({ "memory": 4 }), json!({})), ["memory"]);
    let reserved = json!({ "memory_reservation": 64 });
    assert_eq!(of_container(reserved, json!({})), ["memory_reservation"]);
    assert_eq!(of_container(json!({}), json!({ "memory": "32" })), ["memory", "memory"]);
    assert_eq!(of_container(json!({ "cpu": 512 }), json!({ "cpu": "256" })), ["cpu"]);
    assert_eq!(of_container(json!({}), json!({ "cpu": "little" })), ["cpu"]);
    let fargate = json!({ "requires_compatibilities": ["FARGATE"] });
    assert_eq!(of_container(json!({}), fargate), ["network_mode", "cpu", "memory"]);
}

#[test]
fn what_a_container_names_must_be_there() {
    let mount = json!({ "mount_points": [{ "source_volume": "v", "container_path": "/v" }] });
    assert_eq!(of_container(mount.clone(), json!({})), ["mount_points"]);
    assert_eq!(of_container(mount, json!({ "volumes": [{ "name": "v" }] })), [""; 0]);
    let own = json!({ "depends_on": [{ "container_name": "app", "condition": "START" }] });
    assert_eq!(of_container(own, json!({})), ["depends_on"]);
    let twice = json!({ "environment": [{ "name": "A", "value": "1" }],
                        "secrets": [{ "name": "A", "value_from": "arn:x" }] });
    let role = json!({ "execution_role_arn": "arn:aws:iam::123456789012:role/r" });
    assert_eq!(of_container(twice.clone(), role), ["secrets"]);
    assert_eq!(of_container(twice, json!({})), ["secrets", "secrets"]);
    let log = json!({ "log_configuration": { "log_driver": "awslogs",
                                             "options": { "awslogs-group": "g" } } });
    assert_eq!(of_container(log, json!({})), ["log_configuration.options"]);
    let same = [container(json!({})), container(json!({}))];
    assert_eq!(problems(&same, json!({})), ["container_definitions.1.name"]);
    let idle = container(json!({ "essential": false }));
    assert_eq!(problems(&[idle], json!({})), ["container_definitions"]);
    assert_eq!(problems(&[], json!({})), ["container_definitions"]);
    assert_eq!(
        problems(&[container(json!({}))], json!({ "task_role_arn": "app" })),
        ["task_role_arn"]
    );
}

#[test]
fn ports_follow_the_network_mode() {
    let port =
        |host: i32| json!({ "port_mappings": [{ "container_port": 80, "host_port": host }] });
    let mode = |mode: &str| json!({ "network_mode": mode });
    assert_eq!(of_container(port(81), mode("awsvpc")), ["port_mappings"]);
    assert_eq!(of_container(port(80), mode("awsvpc")), [""; 0]);
    assert_eq!(of_container(port(81), mode("bridge")), [""; 0]);
    assert_eq!(of_container(port(0), mode("none")), ["port_mappings"]);
    assert_eq!(of_container(json!({ "hostname": "a" }), mode("awsvpc")), ["hostname"]);
    let twice = json!({ "port_mappings": [{ "container_port": 80, "name": "a" },
                                          { "container_port": 80, "name": "b" }] });
    assert_eq!(of_container(twice, mode("awsvpc")), ["port_mappings"]);
}

#[test]
fn what_the_stack_leaves_out_stays_but_within_a_container_is_none() {
    let now = definition(
        &[container(json!({ "image": "app:7", "user": "1" }))],
        json!({ "cpu": "256", "runtime_platform": { "cpu_architecture": "ARM64" } }),
    );
    let platform = json!({ "runtime_platform": { "operating_system_family": "LINUX" } });
    let wanted = definition(&[container(json!({ "image_owner": "deploy" }))], platform);
    let made = wanted.over(&now);
    assert_eq!(made.cpu.as_deref(), Some("256"));
    let platform = made.runtime_platform.unwrap();
    assert!(platform.cpu_architecture.is_some() && platform.operating_system_family.is_some());
    let made = &made.container_definitions[0];
    assert_eq!((made.image.as_str(), &made.user, made.image_owner), ("app:7", &None, None));
}
