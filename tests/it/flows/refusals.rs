//! For each order AWS insists on: the wrong one is refused, ours passes.

mod network;

use super::bench::{Bench, EVERY_TYPE, told};
use super::ledger::Ledger;
use infra::aws::Error;
use infra::engine::plan::{Action, Mode};
use infra::sandbox::{self, Options, Sandbox, Slow};
use std::collections::BTreeSet;

/// Codes by which AWS refuses what comes too early, too late or twice; others refuse bad input.
const ORDER: [&str; 12] = [
    "CannotDelete",
    "DeleteConflict",
    "DependencyViolation",
    "EntityAlreadyExists",
    "Gateway.NotAttached",
    "InvalidCidrBlock.InUse",
    "InvalidGroup.Duplicate",
    "InvalidPermission.Duplicate",
    "InvalidSubnet.Conflict",
    "Resource.AlreadyAssociated",
    "ResourceAlreadyExistsException",
    "RouteAlreadyExists",
];

/// Rules that a test here breaks on purpose, before our own order passes.
const BROKEN_HERE: [&str; 29] = [
    "ASSOCIATION_CONFLICT",
    "BAD_PRINCIPAL",
    "DNS_HOSTNAMES_WITHOUT_SUPPORT",
    "ENDPOINT_ROUTE",
    "EXISTS",
    "GROUP_DEFAULT",
    "GROUP_DUPLICATE",
    "GROUP_IN_USE",
    "INTERNET_GATEWAY_IN_USE",
    "INTERNET_GATEWAY_NOT_ATTACHED",
    "INTERNET_GATEWAY_TAKEN",
    "PERMISSION_DUPLICATE",
    "PROFILE_HAS_ROLE",
    "PROTECTED",
    "PUBLIC_ADDRESSES",
    "ROLE_EXISTS",
    "ROLE_HAS_ATTACHMENTS",
    "ROLE_HAS_POLICIES",
    "ROLE_IN_PROFILE",
    "ROUTE_EXISTS",
    "ROUTE_OTHER_NETWORK",
    "ROUTE_TABLE_IN_USE",
    "SUBNET_BLOCK_IN_USE",
    "SUBNET_CONFLICT",
    "SUBNET_IN_USE",
    "VPC_BLOCK_IN_USE",
    "VPC_HAS_INTERNET_GATEWAY",
    "VPC_IN_USE",
    "VPC_NOT_FOUND",
];

/// About objects that no type of ours makes, and calls that none makes.
const OF_OTHERS: [&str; 6] = [
    "ADDRESS_TWICE",
    "NETWORK_NOT_ATTACHED",
    "POLICY_ATTACHED",
    "POLICY_EXISTS",
    "PROFILE_EXISTS",
    "STREAM_EXISTS",
];

#[test]
fn every_order_aws_insists_on_is_broken_and_kept_here() {
    let of_order: BTreeSet<&str> =
        sandbox::rules().filter(|r| ORDER.contains(&r.code)).map(|r| r.id).collect();
    let known: BTreeSet<&str> = BROKEN_HERE.into_iter().chain(OF_OTHERS).collect();
    let missing: Vec<_> = of_order.difference(&known).collect();
    assert!(missing.is_empty(), "no flow breaks and keeps {missing:?}");
}

/// Insists that a call was refused by this rule.
fn refused_by<T, E: Into<Error>>(rule: &str, result: Result<T, E>) {
    assert!(BROKEN_HERE.contains(&rule), "{rule} is to be listed");
    let rules: Vec<_> = sandbox::rules().filter(|r| r.id == rule).collect();
    let Some(error) = result.err().map(Into::into) else { panic!("{rule} let it pass") };
    let fits = |r: &&sandbox::Rule| {
        error.is(r.code) && error.message.contains(r.message.split("{}").next().unwrap_or_default())
    };
    assert!(rules.iter().any(fits), "{rule} should refuse, not {error}");
}

#[tokio::test(start_paused = true)]
async fn what_a_role_has_goes_before_it() {
    let bench = Bench::new(EVERY_TYPE);
    bench.applied().await;
    // AWS names attachments before policies of the role's own.
    let (spoilt, cx) = (bench.copy(), bench.cx().await);
    refused_by("ROLE_HAS_ATTACHMENTS", cx.iam().delete_role().role_name("app").send().await);
    let cx = spoilt.cx().await;
    let detach = cx.iam().detach_role_policy().role_name("app");
    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    detach.policy_arn(arn).send().await.expect("it is attached");
    refused_by("ROLE_HAS_POLICIES", cx.iam().delete_role().role_name("app").send().await);

    bench.sandbox.clear_calls();
    bench.destroyed().await;
    assert_eq!(bench.refused(), [""; 0]);
    spoilt.destroyed().await;
}

#[tokio::test(start_paused = true)]
async fn a_role_in_somebody_else_s_profile_is_told_and_left() {
    let bench = Bench::new(EVERY_TYPE);
    bench.applied().await;
    let cx = bench.cx().await;
    let iam = cx.iam();
    iam.create_instance_profile().instance_profile_name("theirs").send().await.expect("made");
    let add = iam.add_role_to_instance_profile().instance_profile_name("theirs").role_name("app");
    add.send().await.expect("added");
    let name = cx.iam().delete_role_policy().role_name("app").policy_name("read");
    name.send().await.expect("it is there");
    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    iam.detach_role_policy().role_name("app").policy_arn(arn).send().await.expect("attached");
    refused_by("ROLE_IN_PROFILE", iam.delete_role().role_name("app").send().await);

    let ran = bench.run(Mode::Destroy).await;
    if !ran.outcome.is_complete() {
        let told = told(&ran.outcome);
        assert!(told.contains("theirs"), "the profile is named: {told}");
        assert_eq!(ran.outcome.failed.len(), 1, "{told}");
        let cx = bench.cx().await;
        let remove = cx.iam().remove_role_from_instance_profile();
        remove.instance_profile_name("theirs").role_name("app").send().await.expect("removed");
        let delete = cx.iam().delete_instance_profile().instance_profile_name("theirs");
        delete.send().await.expect("nothing is in it");
        bench.destroyed().await;
    }
    assert_eq!(bench.ledger(), Ledger::default());
}

#[tokio::test(start_paused = true)]
async fn a_role_leaves_its_profile_before_either_goes() {
    let bench = Bench::new(EVERY_TYPE);
    bench.applied().await;
    let cx = bench.cx().await;
    let delete = cx.iam().delete_instance_profile().instance_profile_name("app");
    refused_by("PROFILE_HAS_ROLE", delete.send().await);

    bench.sandbox.clear_calls();
    bench.destroyed().await;
    assert_eq!(bench.refused(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_exist_twice_is_replaced_by_deleting_first() {
    let mut bench = Bench::new(EVERY_TYPE);
    bench.applied().await;
    let (cx, ids) = (bench.cx().await, bench.ids().await);
    let vpc = &ids["vpc.main"];
    let subnet = cx.ec2().create_subnet().vpc_id(vpc).cidr_block("10.0.0.0/24");
    refused_by("SUBNET_CONFLICT", subnet.send().await);
    let group = cx.ec2().create_security_group().vpc_id(vpc).group_name("back").description("b");
    refused_by("GROUP_DUPLICATE", group.send().await);
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]}"#;
    let role = cx.iam().create_role().role_name("app").assume_role_policy_document(trust);
    refused_by("ROLE_EXISTS", role.send().await);
    refused_by("EXISTS", cx.logs().create_log_group().log_group_name("/shop/app").send().await);

    bench.replace("\"${region}${each.key}\"", "'${region}${each.key == \"a\" ? \"c\" : \"a\"}'");
    bench.replace("\"requests from the front\"", "\"what the front asks for\"");
    bench.replace("\"app\"\nassume", "\"app\"\npath = \"/shop/\"\nassume");
    bench.replace("retention_in_days = 14", "log_group_class = \"INFREQUENT_ACCESS\"");
    bench.sandbox.clear_calls();
    let ran = bench.applied().await;
    let replaced = |address: &str| {
        assert!(ran.actions().contains(&(address.to_owned(), Action::Replace)), "{address}");
        let gone = ran.done(address, Action::Delete);
        assert!(gone < ran.done(address, Action::Create), "{address}");
    };
    // It stands in these two and nowhere else.
    replaced("load_balancer.main");
    replaced("subnet.public[\"a\"]");
    replaced("subnet.public[\"b\"]");
    replaced("security_group.back");
    replaced("iam_role.app");
    replaced("log_group.app");
    assert_eq!(bench.refused(), [""; 0], "our order has AWS refuse nothing");
    bench.destroyed().await;
}

#[tokio::test(start_paused = true)]
async fn a_role_is_trusted_once_iam_knows_it() {
    let slow = Options { slow: Slow::Aws, ..Options::default() };
    let bench = Bench::over(Sandbox::in_memory(slow), EVERY_TYPE);
    let cx = bench.cx().await;
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::123456789012:role/app"}}]}"#;
    let role = cx.iam().create_role().role_name("early").assume_role_policy_document(trust);
    refused_by("BAD_PRINCIPAL", role.send().await);
    let ran = bench.applied().await;
    let told = "iam_role.reader: IAM to know the principal";
    assert!(ran.waits().iter().any(|w| w == told), "{:#?}", ran.waits());
    bench.destroyed().await;
}

#[tokio::test(start_paused = true)]
async fn a_protected_log_group_goes_once_its_protection_is_off() {
    let group = |on: bool| {
        format!("[log_group.app]\nname = \"/shop/app\"\ndeletion_protection_enabled = {on}\n")
    };
    let mut bench = Bench::new(&group(true));
    bench.applied().await;
    let cx = bench.cx().await;
    refused_by("PROTECTED", cx.logs().delete_log_group().log_group_name("/shop/app").send().await);
    let ran = bench.run(Mode::Destroy).await;
    let told = told(&ran.outcome);
    assert!(!ran.outcome.is_complete() && told.contains("rotect"), "{told}");
    bench.edit(&group(false));
    bench.applied().await;
    bench.destroyed().await;
}

/// Between plan and apply somebody does exactly what the plan wants.
#[tokio::test(start_paused = true)]
async fn what_somebody_did_meanwhile_counts_as_done() {
    let mut bench = Bench::new(EVERY_TYPE);
    bench.applied().await;
    let more = "cidr_ipv4 = \"0.0.0.0/0\" }, { ip_protocol = \"tcp\", from_port = 80, cidr_ipv4 = \"0.0.0.0/0\" }]";
    bench.replace("cidr_ipv4 = \"0.0.0.0/0\" }]", more);
    let cx = bench.cx().await;
    let planned = bench.planned(&cx, Mode::Apply).await.expect("a plan");
    let front = &bench.ids().await["security_group.front"];
    let add = || {
        let call = cx.ec2().authorize_security_group_ingress().group_id(front);
        call.ip_protocol("tcp").from_port(80).to_port(80).cidr_ip("0.0.0.0/0").send()
    };
    add().await.expect("a rule");
    refused_by("PERMISSION_DUPLICATE", add().await);
    let outcome = super::bench::carry_out_plainly(&cx, &planned).await;
    assert!(outcome.is_complete(), "{}", told(&outcome));
    bench.must_have_no_changes().await;

    let planned = bench.planned(&cx, Mode::Destroy).await.expect("a plan");
    let vpc = bench.ids().await["vpc.main"].clone();
    bench.copy().destroyed().await;
    bench.run(Mode::Destroy).await.must_be_complete();
    refused_by("VPC_NOT_FOUND", cx.ec2().delete_vpc().vpc_id(vpc).send().await);
    let outcome = super::bench::carry_out_plainly(&cx, &planned).await;
    assert!(outcome.is_complete(), "{}", told(&outcome));
    assert_eq!(bench.ledger(), Ledger::default());
}
