//! For each order AWS insists on: the wrong one is refused, ours passes.

use super::bench::{Bench, EVERY_TYPE, told};
use super::ledger::Ledger;
use infra::aws::{Cx, Error};
use infra::engine::plan::{Action, Mode};
use infra::sandbox::{self, Calls, Fault, Options, Sandbox, Slow};
use infra::stack::Kind;
use std::collections::BTreeSet;
use std::time::Duration;

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
const OF_OTHERS: [&str; 5] =
    ["ADDRESS_TWICE", "NETWORK_NOT_ATTACHED", "POLICY_ATTACHED", "POLICY_EXISTS", "PROFILE_EXISTS"];

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
async fn everything_in_a_network_goes_before_it() {
    let bench = Bench::new(EVERY_TYPE);
    bench.applied().await;
    let (cx, ids) = (bench.cx().await, bench.ids().await);
    let ec2 = cx.ec2();
    let vpc = &ids["vpc.main"];
    refused_by("VPC_IN_USE", ec2.delete_vpc().vpc_id(vpc).send().await);
    let gateway = &ids["internet_gateway.main"];
    let delete = ec2.delete_internet_gateway().internet_gateway_id(gateway);
    refused_by("INTERNET_GATEWAY_IN_USE", delete.send().await);
    let table = ec2.delete_route_table().route_table_id(&ids["route_table.public"]);
    refused_by("ROUTE_TABLE_IN_USE", table.send().await);
    for group in ["security_group.front", "security_group.back"] {
        let delete = ec2.delete_security_group().group_id(&ids[group]);
        refused_by("GROUP_IN_USE", delete.send().await);
    }
    let groups = ec2.describe_security_groups().send().await.expect("a listing");
    let default = groups.security_groups().iter().find(|g| g.group_name() == Some("default"));
    let default = default.and_then(|g| g.group_id()).expect("every VPC has one");
    refused_by("GROUP_DEFAULT", ec2.delete_security_group().group_id(default).send().await);

    bench.sandbox.clear_calls();
    bench.destroyed().await;
    assert_eq!(bench.refused(), [""; 0], "our order has AWS refuse nothing");
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

/// Makes a network interface as a load balancer has it.
async fn interface(cx: &Cx, subnet: &str, group: &str, description: &str) -> String {
    let call = cx.ec2().create_network_interface().subnet_id(subnet).groups(group);
    let made = call.description(description).send().await.expect("an interface");
    made.network_interface.and_then(|i| i.network_interface_id).expect("it has an id")
}

async fn delete_interface(cx: &Cx, id: &str) {
    let call = cx.ec2().delete_network_interface().network_interface_id(id);
    call.send().await.expect("nothing holds it");
}

#[tokio::test(start_paused = true)]
async fn interfaces_of_others_go_before_subnets_and_groups() {
    let bench = Bench::new(EVERY_TYPE);
    bench.applied().await;
    let (cx, ids) = (bench.cx().await, bench.ids().await);
    let (subnet, group) = (&ids["subnet.public[\"a\"]"], &ids["security_group.front"]);
    let nic = interface(&cx, subnet, group, "somebody's").await;
    refused_by("SUBNET_IN_USE", cx.ec2().delete_subnet().subnet_id(subnet).send().await);
    refused_by("GROUP_IN_USE", cx.ec2().delete_security_group().group_id(group).send().await);

    let ran = bench.run(Mode::Destroy).await;
    assert_eq!(ran.outcome.exit_code(), Kind::Blocked.exit_code(), "{}", told(&ran.outcome));
    let told = told(&ran.outcome);
    assert!(told.contains(&nic), "what holds it is named: {told}");
    let failed: Vec<_> = ran.outcome.failed.iter().map(|f| f.step.address.to_string()).collect();
    assert_eq!(failed.len(), 2, "only what the interface holds fails: {failed:?}");
    delete_interface(&cx, &nic).await;
    bench.destroyed().await;
}

#[tokio::test(start_paused = true)]
async fn public_addresses_go_before_the_internet_gateway() {
    let bench = Bench::new(EVERY_TYPE);
    bench.applied().await;
    let (cx, ids) = (bench.cx().await, bench.ids().await);
    let (subnet, group) = (&ids["subnet.public[\"a\"]"], &ids["security_group.front"]);
    let nic = interface(&cx, subnet, group, "ELB app/theirs/1").await;
    let public = cx.ec2().modify_network_interface_attribute().network_interface_id(&nic);
    public.associate_public_ip_address(true).send().await.expect("a public address");
    let detach = cx.ec2().detach_internet_gateway().vpc_id(&ids["vpc.main"]);
    let detach = detach.internet_gateway_id(&ids["internet_gateway.main"]);
    refused_by("PUBLIC_ADDRESSES", detach.send().await);

    let leaves = async {
        tokio::time::sleep(Duration::from_secs(90)).await;
        delete_interface(&cx, &nic).await;
    };
    let (ran, ()) = tokio::join!(bench.run(Mode::Destroy), leaves);
    ran.must_be_complete();
    let waits = ran.waits();
    for address in ["internet_gateway.main", "subnet.public[\"a\"]", "security_group.front"] {
        let told =
            |w: &&String| w.starts_with(address) && w.contains(&nic) && w.contains("load bal");
        assert!(waits.iter().any(|w| told(&w)), "{address}: {waits:#?}");
    }
    assert_eq!(bench.ledger(), Ledger::default());
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

    bench.replace("\"${region}${each.key}\"", "\"${region}c\"");
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
    replaced("subnet.public[\"a\"]");
    replaced("subnet.public[\"b\"]");
    replaced("security_group.back");
    replaced("iam_role.app");
    replaced("log_group.app");
    assert_eq!(bench.refused(), [""; 0], "our order has AWS refuse nothing");
    bench.destroyed().await;
}

#[tokio::test(start_paused = true)]
async fn a_subnet_moves_to_another_table() {
    let mut bench = Bench::new(EVERY_TYPE);
    bench.applied().await;
    let (cx, ids) = (bench.cx().await, bench.ids().await);
    let subnet = &ids["subnet.public[\"b\"]"];
    let made = cx.ec2().create_route_table().vpc_id(&ids["vpc.main"]).send().await;
    let other = made.expect("a table").route_table.and_then(|t| t.route_table_id).expect("an id");
    let associate = cx.ec2().associate_route_table().route_table_id(&other).subnet_id(subnet);
    refused_by("ASSOCIATION_CONFLICT", associate.send().await);
    cx.ec2().delete_route_table().route_table_id(&other).send().await.expect("nothing uses it");

    bench.replace("\"${[for s in subnet.public : s.id]}\"", "['${subnet.public[\"a\"].id}']");
    let more = "[route_table.other]\nvpc_id = \"${vpc.main.id}\"\n\
                subnet_ids = ['${subnet.public[\"b\"].id}']\nroutes = []\n\n[log_group.app]";
    bench.replace("[log_group.app]", more);
    bench.sandbox.clear_calls();
    bench.applied().await;
    // And back, while the table that lets go of it is deleted.
    bench.edit(EVERY_TYPE);
    bench.applied().await;
    assert_eq!(bench.ids().await, ids, "nothing was made anew");
    assert_eq!(bench.refused(), [""; 0], "our order has AWS refuse nothing");
    bench.destroyed().await;
}

/// The table that has a subnet lets go of it at the moment at which another one takes it over.
#[tokio::test(start_paused = true)]
async fn a_subnet_that_nobody_has_any_more_is_taken_all_the_same() {
    let stack = |one: &str, two: &str| {
        format!(
            "[vpc.main]\ncidr_block = \"10.0.0.0/16\"\n\
             [subnet.a]\nvpc_id = \"${{vpc.main.id}}\"\ncidr_block = \"10.0.0.0/24\"\n\
             [route_table.one]\nvpc_id = \"${{vpc.main.id}}\"\nsubnet_ids = [{one}]\n\
             [route_table.two]\nvpc_id = \"${{vpc.main.id}}\"\nsubnet_ids = [{two}]\n"
        )
    };
    let mut bench = Bench::new(&stack("\"${subnet.a.id}\"", ""));
    bench.applied().await;
    bench.edit(&stack("", "\"${subnet.a.id}\""));
    let (operation, code) = ("ReplaceRouteTableAssociation", "InvalidAssociationID.NotFound");
    bench.sandbox.clear_calls();
    bench.sandbox.inject(Fault::refuse(Calls::of(operation), 1, code, 400));
    bench.applied().await;
    assert_eq!(bench.refused().first(), Some(&format!("{operation} {code}")));
    bench.destroyed().await;
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_goes_before_another_of_its_service_serves_the_table() {
    let stack = |name: &str| {
        format!(
            "[vpc.main]\ncidr_block = \"10.0.0.0/16\"\n\
             [route_table.main]\nvpc_id = \"${{vpc.main.id}}\"\n\
             [vpc_endpoint.{name}]\nvpc_id = \"${{vpc.main.id}}\"\n\
             service_name = \"com.amazonaws.${{region}}.s3\"\n\
             route_table_ids = [\"${{route_table.main.id}}\"]\n"
        )
    };
    let mut bench = Bench::new(&stack("old"));
    bench.applied().await;
    let (cx, ids) = (bench.cx().await, bench.ids().await);
    let again = cx.ec2().create_vpc_endpoint().vpc_id(&ids["vpc.main"]);
    let again = again.service_name("com.amazonaws.eu-west-1.s3");
    let again = again.route_table_ids(&ids["route_table.main"]).send().await;
    refused_by("ENDPOINT_ROUTE", again);
    bench.edit(&stack("new"));
    bench.sandbox.clear_calls();
    bench.applied().await;
    assert_eq!(bench.refused(), [""; 0]);
    assert_eq!(bench.ids().await.len(), 3);
    bench.destroyed().await;
}

#[tokio::test(start_paused = true)]
async fn a_route_turns_to_another_target_in_place() {
    let bench = Bench::new(
        "[vpc.main]\ncidr_block = \"10.0.0.0/16\"\n\
         [internet_gateway.main]\nvpc_id = \"${vpc.main.id}\"\n\
         [route_table.main]\nvpc_id = \"${vpc.main.id}\"\n\
         routes = [{ destination_cidr_block = \"0.0.0.0/0\", gateway_id = \"${internet_gateway.main.id}\" }]\n",
    );
    bench.applied().await;
    let (cx, ids) = (bench.cx().await, bench.ids().await);
    let (ec2, gateway, table) = (cx.ec2(), &ids["internet_gateway.main"], &ids["route_table.main"]);
    let route = |gateway: &str| {
        let call = ec2.create_route().route_table_id(table).gateway_id(gateway);
        call.destination_cidr_block("0.0.0.0/0").send()
    };
    refused_by("ROUTE_EXISTS", route(gateway).await);
    // Somebody puts a gateway of theirs in the place of ours.
    let detach = ec2.detach_internet_gateway().internet_gateway_id(gateway);
    detach.vpc_id(&ids["vpc.main"]).send().await.expect("attached");
    let made = ec2.create_internet_gateway().send().await.expect("a gateway").internet_gateway;
    let theirs = made.and_then(|g| g.internet_gateway_id).expect("an id");
    let attach = ec2.attach_internet_gateway().internet_gateway_id(&theirs);
    attach.vpc_id(&ids["vpc.main"]).send().await.expect("there is room");
    refused_by("ROUTE_EXISTS", route(&theirs).await);
    let replace = ec2.replace_route().route_table_id(table).gateway_id(&theirs);
    replace.destination_cidr_block("0.0.0.0/0").send().await.expect("it is there");
    // Theirs leaves again, and the route to it is the one we turn round.
    let detach = ec2.detach_internet_gateway().internet_gateway_id(&theirs);
    detach.vpc_id(&ids["vpc.main"]).send().await.expect("attached");
    bench.sandbox.clear_calls();
    let ran = bench.applied().await;
    let expected = ["internet_gateway.main", "route_table.main"];
    assert_eq!(ran.actions(), expected.map(|a| (a.to_owned(), Action::Update)));
    assert_eq!(bench.refused(), [""; 0]);
    ec2.delete_internet_gateway().internet_gateway_id(&theirs).send().await.expect("unused");
    bench.destroyed().await;
}

#[tokio::test(start_paused = true)]
async fn dns_host_names_come_after_support_and_go_before_it() {
    let dns = |on: bool| {
        let vpc = format!("cidr_block = \"10.0.0.0/16\"\nenable_dns_support = {on}");
        format!("[vpc.main]\n{vpc}\nenable_dns_hostnames = {on}\n")
    };
    let mut bench = Bench::new(&dns(false));
    bench.applied().await;
    let (cx, vpc) = (bench.cx().await, bench.ids().await["vpc.main"].clone());
    let on = infra_flag(true);
    let modify = cx.ec2().modify_vpc_attribute().vpc_id(&vpc).enable_dns_hostnames(on);
    refused_by("DNS_HOSTNAMES_WITHOUT_SUPPORT", modify.send().await);
    for state in [true, false] {
        bench.edit(&dns(state));
        bench.sandbox.clear_calls();
        bench.applied().await;
        assert_eq!(bench.refused(), [""; 0]);
    }
    bench.destroyed().await;
}

fn infra_flag(on: bool) -> aws_sdk_ec2::types::AttributeBooleanValue {
    aws_sdk_ec2::types::AttributeBooleanValue::builder().value(on).build()
}

#[tokio::test(start_paused = true)]
async fn an_internet_gateway_is_detached_before_it_is_attached_elsewhere() {
    let stack = |vpc: &str| {
        format!(
            "[vpc.one]\ncidr_block = \"10.0.0.0/16\"\n[vpc.two]\ncidr_block = \"10.1.0.0/16\"\n\
             [internet_gateway.main]\nvpc_id = \"${{vpc.{vpc}.id}}\"\n"
        )
    };
    let mut bench = Bench::new(&stack("one"));
    bench.applied().await;
    let (cx, ids) = (bench.cx().await, bench.ids().await);
    let (gateway, ec2) = (&ids["internet_gateway.main"], cx.ec2());
    let two = &ids["vpc.two"];
    let attach = ec2.attach_internet_gateway().internet_gateway_id(gateway).vpc_id(two);
    refused_by("INTERNET_GATEWAY_TAKEN", attach.send().await);
    let detach = ec2.detach_internet_gateway().internet_gateway_id(gateway).vpc_id(two);
    refused_by("INTERNET_GATEWAY_NOT_ATTACHED", detach.send().await);
    let made = ec2.create_internet_gateway().send().await.expect("a gateway").internet_gateway;
    let other = made.and_then(|g| g.internet_gateway_id).expect("an id");
    let attach = ec2.attach_internet_gateway().internet_gateway_id(&other);
    refused_by("VPC_HAS_INTERNET_GATEWAY", attach.vpc_id(&ids["vpc.one"]).send().await);
    let route_table = ec2.create_route_table().vpc_id(&ids["vpc.one"]).send().await;
    let table = route_table.expect("a table").route_table.and_then(|t| t.route_table_id);
    let route = ec2.create_route().set_route_table_id(table.clone()).gateway_id(&other);
    refused_by("ROUTE_OTHER_NETWORK", route.destination_cidr_block("0.0.0.0/0").send().await);
    ec2.delete_route_table().set_route_table_id(table).send().await.expect("unused");
    ec2.delete_internet_gateway().internet_gateway_id(other).send().await.expect("unused");

    bench.edit(&stack("two"));
    bench.sandbox.clear_calls();
    let ran = bench.applied().await;
    assert_eq!(ran.actions(), [("internet_gateway.main".to_owned(), Action::Update)]);
    assert_eq!(bench.refused(), [""; 0]);
    // Detached by hand already: that is done.
    let detach = ec2.detach_internet_gateway().internet_gateway_id(gateway).vpc_id(two);
    detach.send().await.expect("attached");
    bench.destroyed().await;
}

#[tokio::test(start_paused = true)]
async fn a_range_goes_after_what_lies_in_it() {
    let subnet = "[subnet.a]\nvpc_id = \"${vpc.main.id}\"\ncidr_block = \"10.0.0.0/24\"\n\
                  ipv6_cidr_block = \"${cidrsubnet(vpc.main.ipv6_cidr_block, 8, INDEX)}\"\n\
                  assign_ipv6_address_on_creation = true\n\
                  [security_group.any]\nname = \"any\"\nvpc_id = \"${vpc.main.id}\"\n";
    let vpc = |six: bool| {
        let six = format!("assign_generated_ipv6_cidr_block = {six}");
        format!("[vpc.main]\ncidr_block = \"10.0.0.0/16\"\n{six}\n")
    };
    let mut bench = Bench::new(&(vpc(true) + &subnet.replace("INDEX", "0")));
    bench.applied().await;
    let (cx, ids) = (bench.cx().await, bench.ids().await);
    let ec2 = cx.ec2();
    let vpcs = ec2.describe_vpcs().send().await.expect("a listing");
    let range = vpcs
        .vpcs()
        .iter()
        .flat_map(aws_sdk_ec2::types::Vpc::ipv6_cidr_block_association_set)
        .next();
    let range = range.and_then(|a| a.association_id()).expect("it has one");
    let disassociate = ec2.disassociate_vpc_cidr_block().association_id(range);
    refused_by("VPC_BLOCK_IN_USE", disassociate.send().await);
    let nic = interface(&cx, &ids["subnet.a"], &ids["security_group.any"], "somebody's").await;
    let subnets = ec2.describe_subnets().send().await.expect("a listing");
    let range = subnets
        .subnets()
        .iter()
        .flat_map(aws_sdk_ec2::types::Subnet::ipv6_cidr_block_association_set)
        .next();
    let range = range.and_then(|a| a.association_id()).expect("it has one");
    let disassociate = ec2.disassociate_subnet_cidr_block().association_id(range);
    refused_by("SUBNET_BLOCK_IN_USE", disassociate.send().await);
    delete_interface(&cx, &nic).await;

    bench.edit(&(vpc(true) + &subnet.replace("INDEX", "1")));
    bench.applied().await;
    // The subnet goes in the same run as the range it lies in.
    bench.edit(&vpc(false));
    bench.applied().await;
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
