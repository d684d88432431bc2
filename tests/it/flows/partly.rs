//! Steps of several calls that fail on the way, and objects that an earlier run did not see ready.

use super::bench::{Bench, actions, told};
use infra::engine::plan::{Action, Mode, Reason};
use infra::sandbox::{Calls, Fault, Options, Sandbox, Slow};

const ROLE: &str = r#"
[iam_role.app]
name                        = "app"
description                 = "one"
assume_role_policy_document = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] }

[iam_role.app.inline_policies]
read = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }] }
"#;

#[tokio::test(start_paused = true)]
async fn a_change_that_fails_half_way_is_partly_applied() {
    for (refused, code) in [("UpdateRole", 1), ("PutRolePolicy", 3)] {
        let mut bench = Bench::new(ROLE);
        bench.applied().await;
        bench.replace("\"one\"", "\"two\"");
        bench.replace("s3:GetObject", "s3:*");
        bench.sandbox.inject(Fault::refuse(Calls::of(refused), 1, "AccessDenied", 403));
        let ran = bench.run(Mode::Apply).await;
        assert_eq!(ran.outcome.exit_code(), code, "{refused}: {}", told(&ran.outcome));
        assert_eq!(ran.outcome.failed.len(), 1);
        bench.applied().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_fails_half_way_is_partly_applied() {
    for (refused, code) in [("DeleteRolePolicy", 1), ("DeleteRole", 3)] {
        let bench = Bench::new(ROLE);
        bench.applied().await;
        bench.sandbox.inject(Fault::refuse(Calls::of(refused), 1, "AccessDenied", 403));
        let ran = bench.run(Mode::Destroy).await;
        assert_eq!(ran.outcome.exit_code(), code, "{refused}: {}", told(&ran.outcome));
        bench.destroyed().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_run_did_not_see_ready_is_told_and_waited_for() {
    let slow = Options { slow: Slow::Aws, ..Options::default() };
    let stack = "[vpc.main]\ncidr_block = \"10.0.0.0/16\"\nenable_dns_support = true\n";
    let bench = Bench::over(Sandbox::in_memory(slow), stack);
    assert!(bench.killed(Mode::Apply, 1).await, "it dies with the VPC just made");
    let ran = bench.run(Mode::Apply).await;
    assert_eq!(actions(&ran.plan), [("vpc.main".to_owned(), Action::Update)]);
    let change = &ran.plan.workspaces[0].changes[0];
    assert_eq!(change.reason, Some(Reason::Settling { state: "pending".to_owned() }));
    assert_eq!(change.fields, []);
    ran.must_be_complete();
    assert!(ran.waits().iter().any(|w| w.contains("it is pending")), "{:?}", ran.waits());
    bench.must_have_no_changes().await;
}

const PAIRS: &str = r#"
[vpc.pair]
for_each   = { a = 0, b = 1 }
cidr_block = "10.${each.value}.0.0/16"

[subnet.pair]
for_each   = { a = 0, b = 1 }
vpc_id     = "${vpc.pair[each.key].id}"
cidr_block = "10.${each.value}.1.0/24"

[internet_gateway.b]
vpc_id = '${vpc.pair["b"].id}'

[route_table.all]
vpc_id     = '${vpc.pair["b"].id}'
subnet_ids = '${[for k, s in subnet.pair : s.id if k == "b"]}'
"#;

#[tokio::test(start_paused = true)]
async fn an_instance_that_fails_holds_up_only_what_refers_to_it() {
    // The first VPC that is made is the one of the key with more behind it.
    for (call, failed) in [(1, "b"), (2, "a")] {
        let bench = Bench::new(PAIRS);
        bench.sandbox.inject(Fault::refuse(Calls::of("CreateVpc"), call, "AccessDenied", 403));
        let outcome = bench.run(Mode::Apply).await.outcome;
        let failures: Vec<_> = outcome.failed.iter().map(|f| f.step.address.to_string()).collect();
        assert_eq!(failures, [format!("vpc.pair[{failed:?}]")], "{}", told(&outcome));
        let held_up =
            |address: &str| outcome.skipped.iter().any(|s| s.step.address.to_string() == address);
        assert!(held_up(&format!("subnet.pair[{failed:?}]")), "{}", told(&outcome));
        let other = if failed == "a" { "b" } else { "a" };
        let made = |address: &str| outcome.done.iter().any(|s| s.address.to_string() == address);
        assert!(made(&format!("subnet.pair[{other:?}]")), "{}", told(&outcome));
        assert_eq!(made("internet_gateway.b"), failed == "a", "{}", told(&outcome));
        assert!(held_up("route_table.all"), "it refers to all subnets: {}", told(&outcome));
        bench.applied().await;
    }
}
