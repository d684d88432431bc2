//! A service on instances of a group: it is only done when its tasks run, a failure says why, and
//! what others decide is left to them.

use super::bench::{Bench, Ran, told};
use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};
use aws_sdk_ecs::types::{DesiredStatus, Service};
use infra::aws::Cx;
use infra::engine::plan::{Action, Change, Mode, Plan};

const PLATFORM: &str = include_str!("platform.toml");

/// A load balancer before the service.
const BALANCED: &str = r#"
[load_balancer.main]
name            = "main"
scheme          = "internet-facing"
subnets         = "${[for s in subnet.public : s.id]}"
security_groups = ["${security_group.open.id}"]

[target_group.app]
name_prefix       = "app-"
protocol          = "HTTP"
port              = 8000
target_type       = "ip"
vpc_id            = "${vpc.main.id}"
health_check_path = "/health"

[listener.http]
load_balancer_arn = "${load_balancer.main.id}"
protocol          = "HTTP"
port              = 80
default_actions   = [{ type = "forward", target_group_arn = "${target_group.app.id}" }]
"#;

const TARGETS: &str = "load_balancers = [{ target_group_arn = \"${target_group.app.id}\", \
                       container_name = \"app\", container_port = 8000 }]";

/// An image that no repository holds.
const MISSING: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:9";

async fn up() -> Bench {
    let bench = Bench::new(PLATFORM);
    bench.applied().await;
    bench
}

async fn service(cx: &Cx) -> Service {
    let call = cx.ecs().describe_services().cluster("main").services("app");
    call.send().await.expect("an answer").services.expect("services").remove(0)
}

fn change<'a>(plan: &'a Plan, address: &str) -> &'a Change {
    let mut all = plan.workspaces.iter().flat_map(|w| &w.changes);
    all.find(|change| change.address.to_string() == address).expect("it is in the plan")
}

/// Every change, as `action address: paths`.
fn shown(plan: &Plan) -> Vec<String> {
    let changes = plan.workspaces.iter().flat_map(|w| &w.changes);
    let changes = changes.filter(|change| change.action != Action::None);
    let mut lines: Vec<String> = changes
        .map(|change| {
            let mut paths: Vec<&str> = change.fields.iter().map(|f| f.path.as_str()).collect();
            paths.dedup();
            format!("{:?} {}: {}", change.action, change.address, paths.join(" "))
        })
        .collect();
    lines.sort();
    lines
}

/// All that a run says of why it failed.
fn why(ran: &Ran) -> String {
    assert_eq!(ran.outcome.exit_code(), 3, "{}", told(&ran.outcome));
    told(&ran.outcome)
}

#[track_caller]
fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no `{word}` in\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_change_of_a_service_is_planned_as_it_is_and_converges() {
    let mut bench = up().await;
    let cx = bench.cx().await;
    assert_eq!(service(&cx).await.running_count(), 2);
    let image = "container_definitions[app].image";
    let revision = "Update ecs_service.app: task_definition";
    for (old, new, expected) in [
        (
            "app:1\"",
            "app:2\"",
            vec![revision.to_owned(), format!("Update ecs_task_definition.app: {image}")],
        ),
        (
            "= \"256\"\nmemory",
            "= \"512\"\nmemory",
            vec![revision.to_owned(), "Update ecs_task_definition.app: cpu".to_owned()],
        ),
        (
            "desired_count   = 2",
            "desired_count   = 3",
            vec!["Update ecs_service.app: desired_count".to_owned()],
        ),
        (
            "# balanced",
            "force_new_deployment = \"1\"",
            vec!["Update ecs_service.app: force_new_deployment".to_owned()],
        ),
        (
            "desired_count   = 3",
            "desired_count   = 2\ncapacity_provider_strategy = [{ capacity_provider = \"${ecs_capacity_provider.hosts.id}\", weight = 100 }]",
            vec![
                "Update ecs_service.app: capacity_provider_strategy[hosts].weight desired_count"
                    .to_owned(),
            ],
        ),
    ] {
        bench.replace(old, new);
        let ran = bench.applied().await;
        assert_eq!(shown(&ran.plan), expected, "{new}");
        let now = service(&cx).await;
        assert_eq!(now.running_count(), now.desired_count(), "{new}");
        assert_eq!(now.deployments().len(), 1, "{new}");
    }
    bench.run(Mode::Destroy).await.must_be_complete();
    assert_eq!(bench.ids().await.into_keys().collect::<Vec<_>>(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn the_network_mode_goes_to_and_fro() {
    let mut bench = up().await;
    let cx = bench.cx().await;
    let awsvpc = PLATFORM.split_once("[ecs_service.app.network_configuration").expect("a network");
    let bridge = awsvpc.0.replace("\"awsvpc\"", "\"bridge\"");
    bench.edit(&bridge);
    let ran = bench.applied().await;
    let mode =
        ["Update ecs_service.app: task_definition", "Update ecs_task_definition.app: network_mode"];
    assert_eq!(shown(&ran.plan), mode);
    let now = service(&cx).await;
    assert!(now.network_configuration().is_none() && now.running_count() == 2, "{now:?}");
    bench.edit(PLATFORM);
    let ran = bench.applied().await;
    assert_eq!(
        shown(&ran.plan),
        ["Update ecs_service.app: network_configuration task_definition", mode[1]]
    );
    assert_eq!(service(&cx).await.running_count(), 2);
    // The target group's type follows, and the new group stands beside the old one meanwhile.
    let balanced = format!("{}{BALANCED}", PLATFORM.replace("# balanced", TARGETS));
    bench.edit(&balanced);
    bench.applied().await;
    let balanced = format!("{}{BALANCED}", bridge.replace("# balanced", TARGETS));
    bench.edit(&balanced.replace("target_type       = \"ip\"", "target_type       = \"instance\""));
    let ran = bench.applied().await;
    assert_eq!(
        shown(&ran.plan),
        [
            "Replace target_group.app: target_type",
            "Update ecs_service.app: load_balancers task_definition",
            "Update ecs_task_definition.app: network_mode",
            "Update listener.http: default_actions[0].forward_config.target_groups",
        ]
    );
    assert_eq!(service(&cx).await.running_count(), 2);
    bench.run(Mode::Destroy).await.must_be_complete();
}

#[tokio::test(start_paused = true)]
async fn a_change_killed_anywhere_is_finished_by_the_next_run() {
    let mut bench = up().await;
    bench.replace("app:1\"", "app:2\"");
    bench.replace("# balanced", "force_new_deployment = \"1\"");
    let (ran, moments) = bench.recorded(Mode::Apply).await;
    ran.must_be_complete();
    assert!(moments.len() >= 3, "only {} moments", moments.len());
    for moment in &moments {
        let (bench, after) = (bench.at(moment), &moment.after);
        let ran = bench.run(Mode::Apply).await;
        assert!(ran.outcome.is_complete(), "after {after}: {}", told(&ran.outcome));
        bench.must_have_no_changes().await;
        let now = service(&bench.cx().await).await;
        assert!(now.task_definition().expect("one").ends_with("app:2"), "after {after}");
        assert_eq!(now.running_count(), 2, "after {after}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_image_fails_with_its_reason_and_is_rolled_back() {
    let mut bench = up().await;
    bench.replace("public.ecr.aws/shop/app:1", MISSING);
    let ran = bench.run(Mode::Apply).await;
    says(
        &why(&ran),
        &[
            "ecs_service.app fell back to what it was",
            "task_definition: wanted \\\"app:2\\\", is \\\"app:1\\\"",
            "deployment failed: tasks failed to start",
            "of app:2 stopped: CannotPullContainerError",
            "app:9: not found",
        ],
    );
    let cx = bench.cx().await;
    let now = service(&cx).await;
    assert!(now.task_definition().expect("one").ends_with("app:1"));
    assert_eq!(now.running_count(), 2);
    let plan = bench.plan().await;
    assert_eq!(shown(&plan), ["Update ecs_service.app: task_definition"]);
    // Once the image is there the same run succeeds.
    let manifest =
        r#"{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}"#;
    let call = cx.ecr().put_image().repository_name("app").image_tag("9");
    call.image_manifest(manifest).send().await.expect("the image is pushed");
    bench.applied().await;
    assert!(service(&cx).await.task_definition().expect("one").ends_with("app:2"));
}

#[tokio::test(start_paused = true)]
async fn a_first_deployment_that_fails_is_tried_again_in_place() {
    let stack = PLATFORM.replace("public.ecr.aws/shop/app:1", MISSING);
    let bench = Bench::new(&stack);
    let ran = bench.run(Mode::Apply).await;
    let text = why(&ran);
    says(
        &text,
        &["ecs_service.app (service/main/app) failed", "FAILED: ECS deployment circuit breaker"],
    );
    says(&text, &["of app:1 stopped: CannotPullContainerError"]);
    let again = bench.run(Mode::Apply).await;
    assert_eq!(
        shown(&again.plan),
        ["Update ecs_service.app: "],
        "in place, though nothing differs"
    );
    says(&why(&again), &["CannotPullContainerError"]);
    let cx = bench.cx().await;
    let manifest =
        r#"{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}"#;
    let call = cx.ecr().put_image().repository_name("app").image_tag("9");
    call.image_manifest(manifest).send().await.expect("the image is pushed");
    bench.applied().await;
    assert_eq!(service(&cx).await.running_count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_exits_fails_with_its_code_and_its_last_words() {
    let mut bench = up().await;
    bench.replace(
        "# command",
        "command = [\"sh\", \"-c\", \"echo cannot reach the table; exit 3\"]",
    );
    let text = why(&bench.run(Mode::Apply).await);
    says(
        &text,
        &[
            "fell back to what it was",
            "stopped: Essential container in task exited; container app: exit code 3",
            "log of app: cannot reach the table",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn failing_health_checks_fail_the_deployment() {
    let stack = format!("{}{BALANCED}", PLATFORM.replace("# balanced", TARGETS));
    let mut bench = Bench::new(&stack);
    bench.applied().await;
    bench.edit(
        &stack
            .rsplit_once("[load_balancer.main]")
            .map(|(start, rest)| {
                let closed = start.replace(
                    "security_groups = [\"${security_group.open.id}\"]",
                    "security_groups = [\"${security_group.closed.id}\"]",
                );
                format!("{closed}[load_balancer.main]{rest}")
            })
            .expect("a load balancer"),
    );
    let text = why(&bench.run(Mode::Apply).await);
    says(
        &text,
        &[
            "fell back",
            "network_configuration",
            "Task failed ELB health checks in",
            "is unhealthy in (target-group",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_that_fits_on_no_instance_is_refused_before_anything_is_changed() {
    let stack = PLATFORM.replace("memory       = \"256\"", "memory       = \"8192\"");
    let strategy = "capacity_provider_strategy = [{ capacity_provider = \"${ecs_capacity_provider.hosts.id}\", weight = 1 }]";
    // Its own strategy, or that which its cluster comes to have in the same run.
    for stack in [&stack.replace("# balanced", strategy), &stack] {
        let bench = Bench::new(stack);
        let planned = bench.planned(&bench.cx().await, Mode::Apply).await;
        let problems = planned.err().expect("a problem");
        let [problem] = problems.0.as_slice() else { panic!("{problems:?}") };
        assert_eq!(
            problem.message,
            "ecs_service.app.task_definition: a task of app fits on no instance: it takes 8192 \
             MiB, a t3.medium has about 3993 for tasks"
        );
        let at = problem.at.as_ref().expect("a place");
        let text = stack.lines().nth(at.line_column().0 - 1).expect("the line");
        assert_eq!(text, "task_definition = \"${ecs_task_definition.app.arn}\"");
    }
    // Who only wants to know what differs is not refused.
    let mut bench = up().await;
    bench.edit(&stack);
    assert!(bench.planned(&bench.cx().await, Mode::Apply).await.is_err());
    assert_eq!(shown(&bench.compared().await).len(), 2);
    bench.edit(PLATFORM);
    bench.sandbox.clear_calls();
    bench.plan().await;
    let calls = bench.sandbox.calls();
    assert!(calls.iter().all(|call| call.operation != "DescribeInstanceTypes"), "nothing changes");
}

#[tokio::test(start_paused = true)]
async fn what_others_decide_is_left_to_them_and_shown() {
    let mut bench = up().await;
    let cx = bench.cx().await;
    let target = cx.application_autoscaling().register_scalable_target();
    target
        .service_namespace(ServiceNamespace::Ecs)
        .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
        .resource_id("service/main/app")
        .min_capacity(3)
        .max_capacity(4)
        .send()
        .await
        .expect("a scaling target");
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    assert_eq!(service(&cx).await.running_count(), 3);
    bench.must_have_no_changes().await;
    let plan = bench.plan().await;
    let left: Vec<String> = change(&plan, "ecs_service.app")
        .left
        .iter()
        .map(|one| format!("{} {}: {}", one.path, one.value, one.owner))
        .collect();
    assert_eq!(
        left,
        [
            "desired_count 3: its scaling target (3 to 4)",
            "capacity_provider_strategy [{\"base\":0,\"capacity_provider\":\"hosts\",\"weight\":1}]: \
             the default strategy of its cluster",
        ]
    );
    // Another change does not touch it.
    bench.replace("app:1\"", "app:2\"");
    bench.applied().await;
    assert_eq!(service(&cx).await.running_count(), 3);
    // A deployment's image stands.
    bench.replace("app:2\"", "app:2\"\nimage_owner = \"deploy\"");
    bench.applied().await;
    bench.replace("app:2\"", "app:3\"");
    bench.must_have_no_changes().await;
    let plan = bench.plan().await;
    let left = &change(&plan, "ecs_task_definition.app").left;
    assert_eq!(left[0].path, "container_definitions[app].image");
    assert_eq!(left[0].owner, "deployments");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_goes_stops_what_was_started_by_hand() {
    let bench = up().await;
    let cx = bench.cx().await;
    let network = service(&cx).await.network_configuration.expect("a network");
    let call = cx.ecs().run_task().cluster("main").task_definition("app");
    call.network_configuration(network).send().await.expect("a task");
    bench.run(Mode::Destroy).await.must_be_complete();
    assert_eq!(bench.ids().await.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_takes_long_says_what_it_waits_for() {
    let stack = format!("{}{BALANCED}", PLATFORM.replace("# balanced", TARGETS));
    let sandbox = infra::sandbox::Sandbox::in_memory(infra::sandbox::Options {
        slow: infra::sandbox::Slow::Aws,
        ..infra::sandbox::Options::default()
    });
    let bench = Bench::over(sandbox, &stack);
    bench.run(Mode::Apply).await.must_be_complete();
    let cx = bench.cx().await;
    let ran = bench.run(Mode::Destroy).await;
    ran.must_be_complete();
    let waits = ran.waits().join("\n");
    says(
        &waits,
        &["(DEACTIVATING) (it stops when its connections have drained)", "2 targets draining in"],
    );
    let call = cx.ecs().list_tasks().cluster("main").desired_status(DesiredStatus::Running);
    assert!(call.send().await.is_err(), "the cluster is gone");
}
