//! Orders within a network: what lies in it, what is attached to it, what leads out of it.

use super::super::bench::{Bench, EVERY_TYPE, told};
use super::super::ledger::Ledger;
use super::refused_by;
use infra::aws::Cx;
use infra::engine::plan::{Action, Mode};
use infra::sandbox::{Calls, Fault};
use infra::stack::Kind;
use std::time::Duration;

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

    let both = "subnet_ids = \"${[for s in subnet.public : s.id]}\"";
    bench.replace(both, "subnet_ids = ['${subnet.public[\"a\"].id}']");
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
