//! Addresses, NAT gateways and egress-only gateways: made, changed, mended, destroyed in order.

use super::on_both;
use super::stage::Stage;
use serde_json::{Value, json};

/// A network whose private subnet goes out through a NAT gateway in this subnet, over these routes.
fn network(subnet: &str, routes: &str, tag: &str) -> String {
    format!(
        r#"
[workspace]
description = "ways out"
[vpc.main]
cidr_block                       = "10.50.0.0/16"
assign_generated_ipv6_cidr_block = true
[internet_gateway.main]
vpc_id = "${{vpc.main.id}}"
[subnet.a]
vpc_id     = "${{vpc.main.id}}"
cidr_block = "10.50.1.0/24"
[subnet.b]
vpc_id     = "${{vpc.main.id}}"
cidr_block = "10.50.2.0/24"
[eip.nat]
tags = {{ Name = "{tag}" }}
[nat_gateway.main]
subnet_id     = "${{subnet.{subnet}.id}}"
allocation_id = "${{eip.nat.id}}"
tags          = {{ Name = "{tag}" }}
[egress_only_internet_gateway.main]
vpc_id = "${{vpc.main.id}}"
tags   = {{ Name = "{tag}" }}
[route_table.private]
vpc_id = "${{vpc.main.id}}"
routes = [{routes}]
[outputs]
way_out = {{ value = "${{nat_gateway.main.public_ip}}", description = "address seen from outside" }}
"#
    )
}

const NAT: &str =
    r#"{ destination_cidr_block = "0.0.0.0/0", nat_gateway_id = "${nat_gateway.main.id}" }"#;
const EGRESS: &str = r#"{ destination_ipv6_cidr_block = "::/0", egress_only_internet_gateway_id = "${egress_only_internet_gateway.main.id}" }"#;
const STRAIGHT: &str =
    r#"{ destination_cidr_block = "0.0.0.0/0", gateway_id = "${internet_gateway.main.id}" }"#;

fn ways_out(stage: &Stage) {
    let both = format!("{NAT}, {EGRESS}");
    stage.stack("ways-out", &network("a", &both, "one"));
    stage.apply("ways-out");
    let before = stage.settled("ways-out");
    let nat = before.id("nat_gateway.main");

    // Tags and routes change in place.
    stage.stack("ways-out", &network("a", &format!("{STRAIGHT}, {EGRESS}"), "two"));
    stage.changes(
        "ways-out",
        &[
            "update egress_only_internet_gateway.main: tags.Name",
            "update eip.nat: tags.Name",
            "update nat_gateway.main: tags.Name",
            "update route_table.private: routes[0.0.0.0/0]",
        ],
    );
    stage.stack("ways-out", &network("a", &both, "two"));
    stage.changes("ways-out", &["update route_table.private: routes[0.0.0.0/0]"]);

    // Another subnet takes another gateway; the address stays.
    stage.stack("ways-out", &network("b", &both, "two"));
    let route = "update route_table.private: routes[0.0.0.0/0].nat_gateway_id";
    stage.changes("ways-out", &["replace nat_gateway.main: subnet_id", route]);
    let after = stage.settled("ways-out");
    assert_ne!(after.id("nat_gateway.main"), nat);
    assert_eq!(after.id("eip.nat"), before.id("eip.nat"));
    let outputs = stage.run(&["outputs", "ways-out", "way_out"]).exits(0);
    let address = json!({ "AllocationIds": [after.id("eip.nat")] });
    let address = stage.call("ec2", "describe_addresses", address);
    let ip = address["Addresses"][0]["PublicIp"].as_str().expect("it has one");
    assert!(outputs.stdout.contains(ip), "{} has no {ip}", outputs.stdout);

    stage.destroy_all();
}

/// What is taken away by hand comes back, and what led to it leads to the new one.
fn gateways_taken_away(stage: &Stage) {
    stage.stack("ways-out", &network("a", &format!("{NAT}, {EGRESS}"), "one"));
    stage.apply("ways-out");
    let plan = stage.settled("ways-out");

    let (nat, table) = (plan.id("nat_gateway.main"), plan.id("route_table.private"));
    stage.call("ec2", "delete_nat_gateway", json!({ "NatGatewayId": nat }));
    // moto has no blackholes: there, only the id of the target differs.
    let (four, six) = if stage.is_moto() {
        ("[0.0.0.0/0].nat_gateway_id", "[::/0].egress_only_internet_gateway_id")
    } else {
        ("[0.0.0.0/0]", "[::/0]")
    };
    let route = format!("update route_table.private: routes{four}");
    stage.changes("ways-out", &["create nat_gateway.main", &route]);

    let egress = plan.id("egress_only_internet_gateway.main");
    let gone = json!({ "EgressOnlyInternetGatewayId": egress });
    stage.call("ec2", "delete_egress_only_internet_gateway", gone);
    let route = format!("update route_table.private: routes{six}");
    stage.changes("ways-out", &["create egress_only_internet_gateway.main", &route]);

    let route = json!({ "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0" });
    stage.call("ec2", "delete_route", route);
    stage.changes("ways-out", &["update route_table.private: routes"]);
    stage.untag(&plan.id("eip.nat"), "Name");
    stage.changes("ways-out", &["update eip.nat: tags.Name"]);

    // What is in the file no more goes, the route to it first.
    let whole = network("a", EGRESS, "one");
    let (start, rest) = whole.split_once("[eip.nat]").expect("it is there");
    let (_, rest) = rest.split_once("[egress_only").expect("it is there");
    let (rest, _) = rest.split_once("[outputs]").expect("it is there");
    stage.stack("ways-out", &format!("{start}[egress_only{rest}"));
    stage.changes(
        "ways-out",
        &["delete eip.nat", "delete nat_gateway.main", "update route_table.private: routes"],
    );
    stage.destroy_all();
}

on_both!(ways_out, gateways_taken_away);

/// A run's events as `--format json` tells them.
pub(super) struct Told(Vec<Value>);

impl Told {
    pub(super) fn by(stage: &Stage, arguments: &[&str]) -> Self {
        let ran = stage.run(&[arguments, &["--format", "json"]].concat()).exits(0);
        let lines = ran.stdout.lines().filter(|line| line.starts_with('{'));
        Self(lines.map(|line| serde_json::from_str(line).expect("an event is JSON")).collect())
    }

    fn place(&self, kind: &str, address: &str) -> usize {
        let place = self.0.iter().position(|event| {
            event["type"] == kind && event["address"] == address && event["part"] == "main"
        });
        place.unwrap_or_else(|| panic!("{address} is not {kind}: {:#?}", self.0))
    }

    /// Insists that the first was done before the second was started.
    #[track_caller]
    pub(super) fn before(&self, first: &str, then: &str) {
        let (done, started) = (self.place("done", first), self.place("started", then));
        assert!(done < started, "{then} started before {first} was done");
    }

    /// Insists that a wait was told with a reason that has these words.
    #[track_caller]
    pub(super) fn waited(&self, address: &str, words: &str) {
        let reasons: Vec<&str> = self
            .0
            .iter()
            .filter(|event| event["type"] == "waiting" && event["address"] == address)
            .filter_map(|event| event["reason"].as_str())
            .collect();
        assert!(reasons.iter().any(|it| it.contains(words)), "{address} waits for {reasons:?}");
    }
}

/// With AWS's slow states: what holds something goes first, and each wait is told.
#[test]
fn slow_gateways_go_in_order_and_every_wait_is_told() {
    let stage = Stage::in_the_sandbox();
    stage.stack("ways-out", &network("a", &format!("{NAT}, {EGRESS}"), "one"));
    let told = Told::by(&stage, &["apply", "ways-out", "--yes"]);
    told.waited("nat_gateway.main", "it to be ready, it is pending");
    told.before("internet_gateway.main", "nat_gateway.main");
    told.before("eip.nat", "nat_gateway.main");

    let told = Told::by(&stage, &["destroy", "ways-out", "--yes"]);
    told.waited("nat_gateway.main", "it to be gone, it is deleting");
    told.before("nat_gateway.main", "eip.nat");
    told.before("nat_gateway.main", "subnet.a");
    told.before("nat_gateway.main", "internet_gateway.main");
    told.before("eip.nat", "internet_gateway.main");
    told.before("route_table.private", "nat_gateway.main");
    assert_eq!(stage.owned(), Vec::<String>::new());
}

/// A gateway that AWS could not make is told with AWS's reason, and made anew by the next run.
#[test]
fn a_failed_nat_gateway_is_told_and_made_anew() {
    let stage = Stage::in_the_sandbox();
    let whole = network("a", EGRESS, "one");
    let (start, rest) = whole.split_once("[internet_gateway.main]").expect("it is there");
    let (_, rest) = rest.split_once("[subnet.a]").expect("it is there");
    stage.stack("ways-out", &format!("{start}[subnet.a]{rest}"));
    let ran = stage.run(&["apply", "ways-out", "--yes"]).exits(3);
    assert!(ran.stderr.contains("Gateway.NotAttached: Network vpc-"), "{}", ran.stderr);
    stage.stack("ways-out", &whole);
    stage.apply("ways-out");
    stage.settled("ways-out");
    stage.destroy_all();
}
