//! Changes of a live system: each plan shows just the change, and what comes of it is healthy.

use super::super::stage::{Plan, Stage};
use super::{INFRASTRUCTURE, SERVICES};

/// A change of a file, and what the plan shows for each workspace.
struct Change {
    what: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
    infrastructure: &'static [&'static str],
    processor: &'static [&'static str],
    api: &'static [&'static str],
    tasks: usize,
}

const NONE: Change = Change {
    what: "",
    file: "environments/dev.toml",
    from: "",
    to: "",
    infrastructure: &[],
    processor: &[],
    api: &[],
    tasks: 2,
};

/// Where variables of the environment are added.
const ALL: &str = "[variables]\n";
const HERE: &str = "[variables.supporting-infrastructure]\n";

/// Tasks on a bridge answer on high ports of the instances.
const GROUPS: &[&str] = &[
    "update security_group.instances: egress ingress",
    "update security_group.load_balancer: egress",
];

const CHANGES: &[Change] = &[
    Change {
        what: "image tag",
        from: ALL,
        to: "[variables.order-api]\nimage_tag = \"1.1.0\"\n\n[variables]\n",
        api: &[
            "update ecs_service.service: task_definition",
            "update ecs_task_definition.service: container_definitions[order-api].image",
        ],
        ..NONE
    },
    Change {
        what: "CPU",
        from: ALL,
        to: "[variables]\ncpu = 256\n",
        processor: &[
            "update ecs_service.service: task_definition",
            "update ecs_task_definition.service: cpu",
        ],
        api: &[
            "update ecs_service.service: task_definition",
            "update ecs_task_definition.service: cpu",
        ],
        ..NONE
    },
    Change {
        what: "desired count",
        from: ALL,
        to: "[variables]\ndesired_count = 3\n",
        processor: &["update scaling_target.service: min_capacity"],
        api: &["update scaling_target.service: min_capacity"],
        tasks: 3,
        ..NONE
    },
    Change {
        what: "listener rule",
        file: "order-api.toml",
        from: "values = [\"/orders*\"]",
        to: "values = [\"/orders\", \"/orders/*\"]",
        api: &["update listener_rule.service: conditions"],
        tasks: 3,
        ..NONE
    },
    Change {
        what: "priority of the rule",
        file: "order-api.toml",
        from: "default     = 100\n",
        to: "default     = 110\n",
        api: &["update listener_rule.service: priority"],
        tasks: 3,
        ..NONE
    },
    Change {
        what: "instance type",
        from: "\"t3.medium\"",
        to: "\"t3.large\"",
        infrastructure: &[
            "update autoscaling_group.instances: launch_template.version",
            "update launch_template.instances: launch_template_data.instance_type",
        ],
        tasks: 3,
        ..NONE
    },
    Change {
        what: "billing mode",
        from: HERE,
        to: "[variables.supporting-infrastructure]\ntable_billing_mode = \"PAY_PER_REQUEST\"\n",
        infrastructure: &[
            "update dynamodb_table.inventory: billing_mode",
            "update dynamodb_table.orders: billing_mode",
        ],
        tasks: 3,
        ..NONE
    },
    Change {
        what: "network mode",
        from: HERE,
        to: "[variables.supporting-infrastructure]\nnetwork_mode = \"bridge\"\n",
        infrastructure: GROUPS,
        processor: &[
            "update ecs_service.service: task_definition",
            "update ecs_task_definition.service: network_mode",
        ],
        api: &[
            "update ecs_service.service: load_balancers task_definition",
            "update ecs_task_definition.service: network_mode",
            "update listener_rule.service: actions[0].forward_config.target_groups",
            "replace target_group.service: target_type",
        ],
        tasks: 3,
        ..NONE
    },
    Change {
        what: "network mode, back again",
        from: "network_mode = \"bridge\"\n",
        to: "",
        infrastructure: GROUPS,
        processor: &[
            "update ecs_service.service: network_configuration task_definition",
            "update ecs_task_definition.service: network_mode",
        ],
        api: &[
            "update ecs_service.service: load_balancers network_configuration task_definition",
            "update ecs_task_definition.service: network_mode",
            "update listener_rule.service: actions[0].forward_config.target_groups",
            "replace target_group.service: target_type",
        ],
        tasks: 3,
        ..NONE
    },
];

fn shows(plan: &Plan, change: &Change) {
    for (workspace, expected) in [
        (INFRASTRUCTURE, change.infrastructure),
        ("order-processor", change.processor),
        ("order-api", change.api),
    ] {
        assert_eq!(plan.changes_in(workspace), expected, "{}: {workspace}", change.what);
    }
}

/// Makes the system, changes it in every way, each with the plan it should have, and unmakes it.
/// What `settles` does after a change is for accounts in which nothing lives.
fn each_shows_as_itself(stage: &Stage, settles: impl Fn(&Change)) {
    let calls = stage.apply_all()["api_calls"].as_u64().expect("a number");
    assert!(calls <= 70, "a plan without changes took {calls} calls");
    stage.healthy(2);
    for change in CHANGES {
        let text = stage.read(change.file);
        assert_eq!(text.matches(change.from).count(), 1, "{}", change.what);
        stage.write(change.file, &text.replace(change.from, change.to));
        shows(&stage.plan(&["--all"]), change);
        stage.run(&["plan", "--all", "--detailed-exitcode"]).exits(2);
        stage.run(&["apply", "--all", "--yes"]).exits(0);
        settles(change);
        stage.run(&["plan", "--all", "--detailed-exitcode"]).exits(0);
        let told = stage.healthy(change.tasks);
        assert_eq!(told["order-api"]["image"], "dev-order-api:1.1.0", "{}", change.what);
    }
    stage.nothing_is_left_after(&["destroy", "--all", "--yes"]);
}

#[test]
fn each_shows_as_itself_and_converges() {
    each_shows_as_itself(&Stage::of_real_stacks("dev"), |_| ());
}

/// As far as moto 5.2.5 goes: it refuses Service Connect, which is taken out of the stacks, and does
/// not bring what a target scales into its range, so the plan says it; its instances and tasks do
/// nothing by themselves.
#[test]
fn each_shows_as_itself_on_moto_too() {
    let stage = Stage::of_real_stacks_on_moto("dev");
    for service in SERVICES {
        let file = format!("{service}.toml");
        let text = stage.read(&file);
        let (head, rest) = text
            .split_once("[ecs_service.service.service_connect_configuration]")
            .expect("services are connected");
        let (_, tail) = rest.split_once("\n\n").expect("more follows");
        stage.write(&file, &format!("{head}{tail}"));
    }
    each_shows_as_itself(&stage, |change| {
        let Change { what: "desired count", .. } = change else { return };
        let plan = stage.plan(&["--all"]);
        for workspace in SERVICES {
            let left = ["update ecs_service.service: desired_count"];
            assert_eq!(plan.changes_in(workspace), left);
        }
        stage.run(&["apply", "--all", "--yes"]).exits(0);
    });
}
