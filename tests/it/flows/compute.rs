//! Launch templates and Auto Scaling groups: instances come, are replaced and leave, and what
//! happens when one of these does not succeed.

use super::bench::{Bench, Ran, told};
use aws_sdk_autoscaling::types::AutoScalingGroup;
use infra::engine::plan::{Action, Mode};
use infra::sandbox::{Options, Sandbox, Slow};
use std::time::Duration;

/// Two hosts of a cluster whose size ECS decides, with all that ECS adds to their group.
const HOSTS: &str = r##"
[locals]
cluster = "main"

[vpc.main]
cidr_block = "10.0.0.0/16"

[subnet.public]
for_each                = { a = 0, b = 1 }
vpc_id                  = "${vpc.main.id}"
cidr_block              = "${cidrsubnet(vpc.main.cidr_block, 12, each.value)}"
availability_zone       = "${region}${each.key}"
map_public_ip_on_launch = true

[internet_gateway.main]
vpc_id = "${vpc.main.id}"

[route_table.public]
vpc_id     = "${vpc.main.id}"
subnet_ids = "${[for s in subnet.public : s.id]}"
routes     = [{ destination_cidr_block = "0.0.0.0/0", gateway_id = "${internet_gateway.main.id}" }]

[iam_role.host]
name                        = "host"
assume_role_policy_document = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] }
managed_policy_arns         = ["arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"]

[iam_instance_profile.host]
name      = "host"
role_name = "${iam_role.host.id}"

[data.image.host]
owners       = ["amazon"]
name         = "al2023-ami-ecs-hvm-*"
architecture = "x86_64"
most_recent  = true

[launch_template.host]
name = "host"

[launch_template.host.launch_template_data]
image_id             = "${data.image.host.id}"
instance_type        = "t3.small"
iam_instance_profile = { name = "${iam_instance_profile.host.id}" }
metadata_options     = { http_tokens = "required" }
user_data            = "#!/bin/bash\necho ECS_CLUSTER=${local.cluster} >> /etc/ecs/ecs.config\n"

[autoscaling_group.main]
name                = "main"
launch_template     = { launch_template_id = "${launch_template.host.id}", version = "${launch_template.host.latest_version}" }
vpc_zone_identifier = "${[for s in subnet.public : s.id]}"
min_size            = 2
max_size            = 4
instance_refresh    = { min_healthy_percentage = 50 }

new_instances_protected_from_scale_in = true
"##;

const CLUSTER: &str = r#"
[ecs_cluster.main]
name               = "main"
capacity_providers = ["${ecs_capacity_provider.main.id}"]

[ecs_capacity_provider.main]
name = "hosts"

[ecs_capacity_provider.main.auto_scaling_group_provider]
auto_scaling_group_arn         = "${autoscaling_group.main.arn}"
managed_termination_protection = "ENABLED"
managed_draining               = "ENABLED"
managed_scaling                = { status = "ENABLED", target_capacity = 80 }
"#;

fn slow(stack: &str) -> Bench {
    let options = Options { slow: Slow::Aws, ..Options::default() };
    Bench::over(Sandbox::in_memory(options), stack)
}

fn waited(ran: &Ran, words: &str) -> bool {
    ran.waits().iter().any(|wait| wait.contains(words))
}

fn calls(bench: &Bench, operation: &str) -> usize {
    bench.sandbox.calls().iter().filter(|call| call.operation == operation).count()
}

async fn versions(bench: &Bench) -> Vec<String> {
    let cx = bench.cx().await;
    let found = cx.autoscaling().describe_auto_scaling_groups().send().await.expect("an answer");
    let members = found.auto_scaling_groups().iter().flat_map(AutoScalingGroup::instances);
    let serving = members
        .filter(|one| one.lifecycle_state().is_some_and(|state| state.as_str() == "InService"));
    serving.map(|one| one.launch_template().unwrap().version().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn hosts_of_a_cluster_come_are_replaced_and_leave() {
    let stack = format!("{HOSTS}{CLUSTER}");
    let stack = stack.replace("${local.cluster}", "${ecs_cluster.main.id}");
    let mut bench = slow(&stack);
    let ran = bench.applied().await;
    assert!(
        waited(&ran, "it to be ready, it is 0 of 2 instances in service"),
        "{:#?}",
        ran.waits()
    );
    assert_eq!(versions(&bench).await, ["1", "1"]);

    bench.replace("t3.small", "t3.medium");
    let ran = bench.applied().await;
    assert_eq!(
        ran.actions(),
        [
            ("autoscaling_group.main".to_owned(), Action::Update),
            ("launch_template.host".to_owned(), Action::Update)
        ]
    );
    assert!(waited(&ran, "it is instance refresh 50% complete"), "{:#?}", ran.waits());
    assert_eq!(versions(&bench).await, ["2", "2"]);

    bench.sandbox.clear_calls();
    let ran = bench.destroyed().await;
    let leaving = ["(InService", "(Terminating"];
    assert!(leaving.iter().any(|state| waited(&ran, state)), "{:#?}", ran.waits());
    // IAM does not know a new role everywhere at once; nothing else is refused.
    let refused = bench.refused();
    assert!(refused.iter().all(|call| call.contains("AddRole")), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refresh_of_a_run_that_was_killed_is_followed() {
    let mut bench = slow(HOSTS);
    bench.applied().await;
    bench.replace("t3.small", "t3.medium");
    let before = calls(&bench, "StartInstanceRefresh");
    let mut call = 1;
    // The call after which the refresh runs: a new version, its default, the refresh.
    while calls(&bench, "StartInstanceRefresh") == before {
        assert!(bench.killed(Mode::Apply, call).await, "it never came to a refresh");
        call += 1;
    }
    let ran = bench.applied().await;
    assert!(waited(&ran, "it is instance refresh"), "{:#?}", ran.waits());
    assert_eq!(calls(&bench, "StartInstanceRefresh"), before + 1);
    assert_eq!(versions(&bench).await, ["2", "2"]);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_fails_or_is_cancelled_fails_the_run_with_its_reason() {
    // Protected instances are waited for, an hour long.
    let wait = HOSTS
        .replace("{ min_healthy_percentage = 50 }", "{ scale_in_protected_instances = \"Wait\" }");
    let mut bench = slow(&wait);
    bench.applied().await;
    bench.replace("t3.small", "t3.medium");
    let ran = bench.run(Mode::Apply).await;
    let words = told(&ran.outcome);
    assert_eq!(ran.outcome.exit_code(), 3, "{words}");
    assert!(words.contains("autoscaling_group.main fell back to what it was"), "{words}");
    assert!(words.contains("instance refresh Failed 0% complete"), "{words}");
    assert!(words.contains("protected from scale in"), "{words}");

    let cx = bench.cx().await;
    let somebody = async {
        let cancel = || cx.autoscaling().cancel_instance_refresh().auto_scaling_group_name("main");
        loop {
            tokio::time::sleep(Duration::from_secs(30)).await;
            if cancel().send().await.is_ok() {
                break;
            }
        }
    };
    let (ran, ()) = futures::join!(bench.run(Mode::Apply), somebody);
    let words = told(&ran.outcome);
    assert!(words.contains("Cancelled due to user request"), "{words}");

    // What is wanted now is begun anew, and nothing is left of what failed.
    bench.replace("{ scale_in_protected_instances = \"Wait\" }", "{ min_healthy_percentage = 50 }");
    bench.applied().await;
    assert_eq!(versions(&bench).await, ["2", "2"]);
    bench.destroyed().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_launch_fails_the_run_and_is_mended_by_the_next() {
    // 16 addresses of each of two subnets, five of them AWS's own.
    let many = HOSTS.replace("min_size            = 2", "min_size            = 23");
    let many = many.replace("max_size            = 4", "max_size            = 30");
    let mut bench = slow(&many);
    let ran = bench.run(Mode::Apply).await;
    let words = told(&ran.outcome);
    assert_eq!(ran.outcome.exit_code(), 3, "{words}");
    assert!(words.contains("autoscaling_group.main (main) failed"), "{words}");
    assert!(words.contains("an instance was not launched:"), "{words}");
    let plan = bench.plan().await;
    let change = plan.workspaces[0].changes.iter().find(|c| c.id.as_deref() == Some("main"));
    assert_eq!(change.expect("the group").action, Action::Update, "it is tried again");
    bench.replace("min_size            = 23", "min_size            = 3");
    bench.replace("max_size            = 30", "max_size            = 4");
    bench.applied().await;
    bench.destroyed().await;
}

#[tokio::test(start_paused = true)]
async fn a_group_under_a_new_name_takes_the_place_of_the_old_one() {
    let mut bench = slow(HOSTS);
    bench.applied().await;
    bench.replace("name                = \"main\"", "name                = \"other\"");
    let ran = bench.applied().await;
    let address = "autoscaling_group.main";
    assert_eq!(ran.actions(), [(address.to_owned(), Action::Replace)]);
    assert_eq!(versions(&bench).await.len(), 2);
    bench.destroyed().await;
}

#[tokio::test(start_paused = true)]
async fn a_plan_without_difference_asks_little() {
    let bench = Bench::new(HOSTS);
    bench.applied().await;
    let cx = bench.cx().await;
    bench.planned(&cx, Mode::Apply).await.expect("a plan");
    let asked = cx.calls();
    for once in [
        "autoscaling.DescribeAutoScalingGroups",
        "ec2.DescribeLaunchTemplates",
        "ec2.DescribeLaunchTemplateVersions",
    ] {
        assert_eq!(asked.get(once), Some(&1), "{asked:?}");
    }
    assert_eq!(asked.get("autoscaling.DescribeInstanceRefreshes"), None, "{asked:?}");
}
