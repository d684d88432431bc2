//! The stack of this repository on an AWS that takes its time, in each of its environments.

use super::bench::{Bench, Ran, WORKSPACE, told};
use super::slow::{slow, waited_for};
use infra::engine::event::EventType;
use infra::engine::plan::{Action, Mode};
use infra::sandbox::{Options, Sandbox};
use std::time::Duration;

const STACK: &str = include_str!("../../../stacks/supporting-infrastructure.toml");

/// Name, file, and how many resources it has.
const ENVIRONMENTS: [(&str, &str, usize); 3] = [
    ("dev", include_str!("../../../stacks/environments/dev.toml"), 38),
    ("uat", include_str!("../../../stacks/environments/uat.toml"), 50),
    ("prod", include_str!("../../../stacks/environments/prod.toml"), 61),
];

fn bench(sandbox: Sandbox, environment: &str, file: &str) -> Bench {
    // Without the variables of all workspaces: the services, which they are for, are not here.
    let ours = file.find("\n[variables.").expect("variables of the workspace");
    let file = match file.find("\n[variables]") {
        Some(all) if all < ours => [&file[..all], &file[ours..]].concat(),
        _ => file.to_owned(),
    };
    let file = file.replace("supporting-infrastructure", WORKSPACE);
    Bench::over(sandbox, STACK).in_environment(environment, &file)
}

/// Places of all events of a kind among those of the deletions of a type.
fn places(ran: &Ran, kind: EventType, ty: &str) -> Vec<usize> {
    let of = |e: &infra::engine::event::Event| {
        let address = e.address.as_ref();
        e.kind == kind && e.action == Some(Action::Delete) && address.is_some_and(|a| a.ty == ty)
    };
    let numbered = ran.events.iter().enumerate();
    numbered.filter(|(_, event)| of(event)).map(|(number, _)| number).collect()
}

/// Insists that all of one type are gone before the first of another begins to go.
#[track_caller]
fn gone_before(ran: &Ran, first: &str, then: &str) {
    let gone = places(ran, EventType::Done, first).into_iter().max();
    let begun = places(ran, EventType::Started, then).into_iter().min();
    let (gone, begun) = (gone.expect("some go"), begun.expect("some go"));
    assert!(gone < begun, "{first} is gone at {gone}, {then} begins at {begun}");
}

async fn comes_and_goes_slowly(number: usize) {
    let (environment, file, resources) = ENVIRONMENTS[number];
    let bench = bench(slow(), environment, file);
    let ran = bench.run(Mode::Apply).await;
    ran.must_be_complete();
    assert_eq!(ran.actions().len(), resources);
    for (address, reason) in [
        ("nat_gateway.main[\"eu-west-1a\"]", "it to be ready, it is pending"),
        ("vpc_endpoint.interface[\"ssm\"]", "it to be ready, it is pending"),
        ("dynamodb_table.orders", "it to be ready, it is CREATING"),
    ] {
        assert!(waited_for(&ran, &format!("{address}: {reason}")), "{:#?}", ran.waits());
    }
    if environment == "prod" {
        let reason = "dynamodb_table.orders: backups of the new table to begin";
        assert!(waited_for(&ran, reason), "{:#?}", ran.waits());
    }
    told_why(&ran);
    tokio::time::sleep(Duration::from_secs(5)).await;
    bench.must_have_no_changes().await;

    let ran = bench.destroyed().await;
    // A setting of the account stays.
    let settings = usize::from(environment != "dev");
    assert_eq!(ran.actions().len(), resources - settings);
    for (first, then) in [
        ("nat_gateway", "eip"),
        ("nat_gateway", "subnet"),
        ("nat_gateway", "internet_gateway"),
        ("vpc_endpoint", "subnet"),
        ("eip", "internet_gateway"),
        ("subnet", "vpc"),
        ("internet_gateway", "vpc"),
        ("egress_only_internet_gateway", "vpc"),
        ("autoscaling_group", "launch_template"),
        ("autoscaling_group", "nat_gateway"),
        ("autoscaling_group", "vpc_endpoint"),
        ("load_balancer", "internet_gateway"),
        ("load_balancer", "subnet"),
        ("service_discovery_namespace", "vpc"),
    ] {
        gone_before(&ran, first, then);
    }
    // A cluster lets go of its capacity provider, and a group of its instances, before they are
    // deleted themselves.
    for (first, then) in
        [("ecs_capacity_provider", "autoscaling_group"), ("autoscaling_group", "ecs_cluster")]
    {
        let gone = places(&ran, EventType::Done, first).into_iter().max();
        let last = places(&ran, EventType::Started, then).into_iter().max();
        assert!(
            gone.expect("it goes") < last.expect("it goes"),
            "{first} {gone:?}, {then} {last:?}"
        );
    }
    for address in ["nat_gateway.main[\"eu-west-1a\"]", "vpc_endpoint.interface[\"ssm\"]"] {
        let reason = format!("{address}: it to be gone, it is deleting");
        assert!(waited_for(&ran, &reason), "{:#?}", ran.waits());
    }
    told_why(&ran);
    let inventory = bench.inventory().await;
    assert!(inventory.items.is_empty(), "{inventory:#?}");
}

/// Insists that each wait says what for.
#[track_caller]
fn told_why(ran: &Ran) {
    assert!(ran.waits().iter().all(|w| !w.ends_with(": ")), "{:#?}", ran.waits());
}

#[tokio::test(start_paused = true)]
async fn dev_comes_and_goes_with_everything_slow() {
    comes_and_goes_slowly(0).await;
}

#[tokio::test(start_paused = true)]
async fn uat_comes_and_goes_with_everything_slow() {
    comes_and_goes_slowly(1).await;
}

#[tokio::test(start_paused = true)]
async fn prod_comes_and_goes_with_everything_slow() {
    comes_and_goes_slowly(2).await;
}

/// Waits are counted, not computing: the clock stands still while anything runs.
#[tokio::test(start_paused = true)]
async fn a_plan_waits_for_few_calls_after_each_other() {
    for (environment, file, _) in ENVIRONMENTS {
        let latency = Duration::from_millis(50);
        let sandbox = Sandbox::in_memory(Options { latency, ..Options::default() });
        let bench = bench(sandbox, environment, file);
        bench.run(Mode::Apply).await.must_be_complete();
        let began = tokio::time::Instant::now();
        bench.must_have_no_changes().await;
        let waited = began.elapsed();
        println!("{environment}: {waited:?} behind calls of {latency:?}");
        assert!(waited <= 8 * latency, "{environment}: {waited:?}");
    }
}

/// Whatever call a run is killed at, it leaves the account as an undisturbed run had it at one of
/// its moments: the next run finishes from each of them, and makes nothing twice.
async fn killed_at_any_call(mode: Mode) {
    let (environment, file, resources) = ENVIRONMENTS[0];
    let empty = bench(Sandbox::in_memory(Options::default()), environment, file);
    let whole = empty.copy();
    whole.applied().await;
    // Instances and volumes that the group launches are told too.
    let told_of = whole.inventory().await.items.len();
    assert!(told_of >= resources, "{told_of}");
    let start = if mode == Mode::Apply { &empty } else { &whole };
    let (ran, moments) = start.copy().recorded(mode).await;
    ran.must_be_complete();
    println!("{mode:?}: {} moments to be killed at", moments.len());
    assert!(moments.len() > resources, "{} moments", moments.len());
    for moment in &moments {
        let bench = start.at(moment);
        let again = bench.run(mode).await;
        assert!(again.outcome.is_complete(), "{}: {}", moment.after, told(&again.outcome));
        if mode == Mode::Apply {
            bench.must_have_no_changes().await;
        }
        let there = bench.inventory().await.items.len();
        let expected = if mode == Mode::Apply { told_of } else { 0 };
        assert_eq!(there, expected, "after {}", moment.after);
    }
}

#[tokio::test(start_paused = true)]
async fn an_apply_killed_at_any_call_is_finished_by_the_next() {
    killed_at_any_call(Mode::Apply).await;
}

#[tokio::test(start_paused = true)]
async fn a_destroy_killed_at_any_call_is_finished_by_the_next() {
    killed_at_any_call(Mode::Destroy).await;
}
