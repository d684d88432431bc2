//! What AWS gives back for a task definition equals its canonical form, whatever it says and in
//! whatever order.

use super::World;
use crate::engine::diff;
use crate::engine::resource::Creation;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

const TYPE: &str = "ecs_task_definition";

/// A field that may be left out.
fn field(
    name: &'static str,
    value: impl Strategy<Value = Json> + 'static,
) -> BoxedStrategy<Map<String, Json>> {
    prop::option::weighted(0.3, value)
        .prop_map(move |value| value.map(|value| (name.to_owned(), value)).into_iter().collect())
        .boxed()
}

fn merged(parts: Vec<Map<String, Json>>) -> Map<String, Json> {
    parts.into_iter().flatten().collect()
}

fn text() -> BoxedStrategy<Json> {
    "[a-z][a-z0-9]{0,7}".prop_map(Json::from).boxed()
}

fn table() -> BoxedStrategy<Json> {
    let pairs: BoxedStrategy<BTreeMap<String, String>> =
        prop::collection::btree_map("[A-Z]{1,4}", "[a-z0-9 =]{0,6}", 1..4).boxed();
    pairs.prop_map(|pairs| json!(pairs)).boxed()
}

fn pairs() -> BoxedStrategy<Json> {
    let pair = |(name, value): (&String, &Json)| json!({ "name": name, "value": value });
    let all = move |table: Json| table.as_object().unwrap().iter().map(pair).rev().collect();
    table().prop_map(move |table| Json::Array(all(table))).boxed()
}

fn list(of: impl Strategy<Value = Json> + 'static) -> BoxedStrategy<Json> {
    prop::collection::btree_map("[a-z]{3}", of, 0..3)
        .prop_map(|all| Json::Array(all.into_values().collect()))
        .boxed()
}

fn ports() -> BoxedStrategy<Json> {
    let port = (prop::bool::ANY, prop::bool::ANY, prop::option::of(Just("http")));
    let ports = prop::collection::btree_map(1_i32..60000, port, 0..3);
    ports
        .prop_map(|ports| {
            let port = |(number, (udp, host, app)): (i32, (bool, bool, Option<&str>))| {
                let mut port = json!({ "container_port": number, "name": format!("p{number}") });
                if udp {
                    port["protocol"] = json!("udp");
                }
                if host {
                    port["host_port"] = json!(number);
                }
                if let Some(app) = app.filter(|_| !udp) {
                    port["app_protocol"] = json!(app);
                }
                port
            };
            Json::Array(ports.into_iter().map(port).collect())
        })
        .boxed()
}

fn health() -> BoxedStrategy<Json> {
    let seconds = (5_i32..300, 2_i32..120, 1_i32..10, 0_i32..300);
    let whole = seconds.prop_map(|(interval, timeout, retries, start)| {
        json!({ "command": ["CMD-SHELL", "exit 0"], "interval": interval, "timeout": timeout,
                "retries": retries, "start_period": start })
    });
    prop_oneof![Just(json!({ "command": ["CMD", "true"] })), whole].boxed()
}

fn linux() -> BoxedStrategy<Json> {
    let drop = prop::collection::btree_set(prop_oneof![Just("ALL"), Just("NET_RAW")], 0..2);
    (drop, prop::bool::ANY, prop::option::of(1_i32..64))
        .prop_map(|(drop, init, size)| {
            let mut linux = json!({ "init_process_enabled": init });
            if !drop.is_empty() {
                linux["capabilities"] = json!({ "drop": drop });
            }
            if let Some(size) = size {
                linux["tmpfs"] =
                    json!([{ "container_path": "/t", "size": size, "mount_options": ["noexec"] }]);
            }
            linux
        })
        .boxed()
}

fn container(name: &'static str) -> BoxedStrategy<Json> {
    let ulimit = (1_i32..1000).prop_map(
        |limit| json!([{ "name": "nofile", "soft_limit": limit, "hard_limit": limit + 1 }]),
    );
    let secret = |name: String| format!("arn:aws:ssm:eu-west-1:123456789012:parameter/{name}");
    let secrets =
        "[a-z]{3}".prop_map(move |name| json!([{ "name": "SECRET", "value_from": secret(name) }]));
    let log = text().prop_map(|prefix| {
        json!({ "log_driver": "awslogs", "options": { "awslogs-group": "/app",
                "awslogs-region": "eu-west-1", "awslogs-stream-prefix": prefix } })
    });
    let flag = || prop::bool::ANY.prop_map(Json::from);
    let number = |range: std::ops::Range<i32>| range.prop_map(Json::from);
    let one: Vec<BoxedStrategy<Map<String, Json>>> = vec![
        field("cpu", number(0..256)),
        field("port_mappings", ports()),
        field("environment", pairs()),
        field("docker_labels", table()),
        field("secrets", secrets),
        field("command", prop::collection::vec("[a-z]{1,5}", 0..3).prop_map(|w| json!(w))),
        field("entry_point", prop::collection::vec("[a-z]{1,5}", 0..3).prop_map(|w| json!(w))),
        field("user", prop_oneof![Just(json!("")), Just(json!("10001:10001"))]),
        field("working_directory", Just(json!("/app"))),
        field("privileged", flag()),
        field("readonly_root_filesystem", flag()),
        field("interactive", flag()),
        field("pseudo_terminal", flag()),
        field("start_timeout", number(2..120)),
        field("stop_timeout", number(2..120)),
        field("health_check", health()),
        field("linux_parameters", linux()),
        field("ulimits", ulimit),
        field("log_configuration", log),
        field("mount_points", list(text().prop_map(|path| {
            json!({ "source_volume": "data", "container_path": format!("/{}", path.as_str().unwrap()) })
        }))),
        field("system_controls", Just(json!([{ "namespace": "net.core.somaxconn", "value": "512" }]))),
    ];
    one.prop_map(move |parts| {
        let mut container = merged(parts);
        container.insert("name".into(), json!(name));
        container.insert("image".into(), json!("busybox:1"));
        container.insert("memory".into(), json!(64));
        Json::Object(container)
    })
    .boxed()
}

fn definition() -> BoxedStrategy<Json> {
    let task: Vec<BoxedStrategy<Map<String, Json>>> = vec![
        field("cpu", prop_oneof![Just(json!("512")), Just(json!("0.5 vCPU"))]),
        field("memory", prop_oneof![Just(json!("1024")), Just(json!("1 GB"))]),
        field("requires_compatibilities", Just(json!(["EC2"]))),
        field(
            "runtime_platform",
            Just(json!({ "cpu_architecture": "ARM64",
                                               "operating_system_family": "LINUX" })),
        ),
        field(
            "placement_constraints",
            Just(json!([
            { "expression": "attribute:ecs.os-type == linux" }])),
        ),
        field("pid_mode", Just(json!("task"))),
    ];
    let mode = prop_oneof![Just("awsvpc"), Just("bridge")];
    (task, container("app"), prop::option::of(container("beside")), mode)
        .prop_map(|(task, app, beside, mode)| {
            let mut spec = merged(task);
            // The other way round than the canonical form.
            let containers: Vec<Json> = beside.into_iter().chain([app]).collect();
            spec.insert("container_definitions".into(), Json::Array(containers));
            spec.insert("volumes".into(), json!([{ "name": "data", "host": {} }, { "name": "b" }]));
            spec.insert("network_mode".into(), json!(mode));
            Json::Object(spec)
        })
        .boxed()
}

#[test]
fn what_aws_gives_back_is_the_canonical_form() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::sandbox());
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Action": "sts:AssumeRole", "Principal": { "Service": "ecs-tasks.amazonaws.com" } }] });
    let role = json!({ "name": "execution", "assume_role_policy_document": trust });
    let (role, _) = runtime.block_on(world.apply("iam_role", "execution", role));
    let handler = world.handler(TYPE);
    let number = std::cell::Cell::new(0);
    let config = Config { cases: 96, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&definition(), |mut spec| {
        number.set(number.get() + 1);
        let family = format!("family-{}", number.get());
        spec["family"] = json!(family);
        // Secrets need it.
        spec["execution_role_arn"] = role.out["arn"].clone();
        let wanted = handler.normalize(&spec).map_err(|e| TestCaseError::fail(format!("{e:?}")))?;
        prop_assert_eq!(&handler.normalize(&wanted).unwrap(), &wanted);
        prop_assert_eq!(handler.validate(&wanted), vec![]);
        let live = runtime.block_on(async {
            let tags = world.tags(TYPE, &family);
            let with = Creation { tags: &tags, token: "token" };
            let made = handler.create(&world.cx, &wanted, with).await;
            made.map_err(|error| TestCaseError::fail(error.to_string()))?;
            Ok::<_, TestCaseError>(world.by_id(TYPE, &family).await.unwrap())
        })?;
        prop_assert_eq!(diff::diff(handler.entry().spec(), &live.spec, &wanted), vec![]);
        let mut given = live.spec.clone();
        given.as_object_mut().unwrap().retain(|field, _| wanted.get(field).is_some());
        prop_assert_eq!(diff::diff(handler.entry().spec(), &wanted, &given), vec![]);
        // The other way: what AWS tells is wanted, as after an import.
        prop_assert_eq!(&handler.normalize(&live.spec).unwrap(), &live.spec);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
