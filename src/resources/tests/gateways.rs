//! Gateways, addresses and endpoints through their lives.

use super::World;
use crate::engine::resource::{Creation, Status, Step};
use crate::engine::retry::{self, Decision, Failure};
use crate::sandbox::{Options as SandboxOptions, Sandbox, Slow};
use serde_json::{Value, json};
use std::time::Duration;

/// A VPC with an internet gateway, two subnets in two zones and a route table.
struct Network {
    vpc: String,
    gateway: String,
    subnets: [String; 2],
    table: String,
}

impl Network {
    async fn in_(world: &World, block: u8) -> Self {
        let range = format!("10.{block}.0.0/16");
        let vpc = json!({ "cidr_block": range, "enable_dns_hostnames": true });
        let (vpc, _) = world.apply("vpc", "main", vpc).await;
        let gateway = json!({ "vpc_id": vpc.id });
        let (gateway, _) = world.apply("internet_gateway", "main", gateway).await;
        let mut subnets = Vec::new();
        for (place, zone) in [(1, "a"), (2, "b")] {
            let subnet = json!({ "vpc_id": vpc.id, "cidr_block": format!("10.{block}.{place}.0/24"),
                                 "availability_zone": format!("eu-west-1{zone}") });
            subnets.push(world.apply("subnet", zone, subnet).await.0.id);
        }
        let (table, _) = world.apply("route_table", "main", json!({ "vpc_id": vpc.id })).await;
        let subnets = subnets.try_into().unwrap();
        Self { vpc: vpc.id, gateway: gateway.id, subnets, table: table.id }
    }

    async fn gone(self, world: &World) {
        world.delete("internet_gateway", "main").await;
        world.delete("route_table", "main").await;
        world.delete("subnet", "a").await;
        world.delete("subnet", "b").await;
        world.delete("vpc", "main").await;
    }
}

#[tokio::test]
async fn gateways_live_and_die() {
    let world = &World::sandbox().await;
    let network = Network::in_(world, 40).await;
    let (eip, updates) = world.apply("eip", "nat", json!({ "domain": "vpc" })).await;
    assert_eq!(updates, 0);
    assert!(eip.out["arn"].as_str().unwrap().ends_with(&format!(":elastic-ip/{}", eip.id)));
    let nat = json!({ "subnet_id": network.subnets[0], "allocation_id": eip.id,
                      "connectivity_type": "public" });
    let (nat, updates) = world.apply("nat_gateway", "main", nat).await;
    assert_eq!((updates, &nat.status), (0, &Status::Ready));
    assert!(nat.out["arn"].as_str().unwrap().ends_with(&format!(":natgateway/{}", nat.id)));
    assert_eq!(nat.out["public_ip"], eip.out["public_ip"]);
    assert_eq!(nat.out["vpc_id"], json!(network.vpc));
    let (egress, _) =
        world.apply("egress_only_internet_gateway", "main", json!({ "vpc_id": network.vpc })).await;
    assert_eq!(egress.spec["vpc_id"], json!(network.vpc));

    let table = |routes: Value| json!({ "vpc_id": network.vpc, "routes": routes });
    let out = json!({ "destination_cidr_block": "0.0.0.0/0", "nat_gateway_id": nat.id });
    let six = json!({ "destination_ipv6_cidr_block": "::/0",
                      "egress_only_internet_gateway_id": egress.id });
    world.apply("route_table", "main", table(json!([out, six]))).await;
    let (_, updates) = world.apply("route_table", "main", table(json!([out, six]))).await;
    assert_eq!(updates, 0, "both targets read back as they are written");
    let back = json!({ "destination_cidr_block": "0.0.0.0/0", "gateway_id": network.gateway });
    let (_, updates) = world.apply("route_table", "main", table(json!([back, six]))).await;
    assert_eq!(updates, 1, "one destination, another target");
    world.apply("route_table", "main", table(json!([]))).await;

    let live = world.by_id("eip", &eip.id).await.unwrap();
    let held = world.handler("eip").blockers(&world.cx, &live).await.unwrap();
    assert_eq!(held.len(), 1, "{held:?}");
    assert!(held[0].what.contains(&nat.id), "{held:?}");
    assert!(held[0].leaves.is_some(), "{held:?}");

    let reader = &world.registry.data["nat_gateway"];
    let spec = reader.normalize(&json!({ "subnet_id": network.subnets[0] })).unwrap();
    let found = reader.read(&world.cx, &spec).await.unwrap();
    assert_eq!((found.len(), &found[0]["id"]), (1, &json!(nat.id)));
    assert_eq!(found[0]["allocation_id"], json!(eip.id));
    world.delete("nat_gateway", "main").await;
    assert_eq!(reader.read(&world.cx, &spec).await.unwrap().len(), 0, "a deleted one is listed");

    world.delete("eip", "nat").await;
    world.delete("egress_only_internet_gateway", "main").await;
    network.gone(world).await;
}

#[tokio::test]
async fn a_private_nat_gateway_has_no_address_of_the_internet() {
    let world = World::sandbox().await;
    let network = Network::in_(&world, 41).await;
    let nat = json!({ "subnet_id": network.subnets[0], "connectivity_type": "private",
                      "private_ip_address": "10.41.1.9" });
    let (nat, updates) = world.apply("nat_gateway", "main", nat).await;
    assert_eq!((updates, &nat.out["private_ip"]), (0, &json!("10.41.1.9")));
    assert_eq!(nat.out["public_ip"], Value::Null);
    world.delete("nat_gateway", "main").await;
    network.gone(&world).await;
}

#[tokio::test]
async fn endpoints_live_and_die() {
    let world = &World::sandbox().await;
    let network = Network::in_(world, 42).await;
    let [a, b] = &network.subnets;
    let allow = json!({ "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": "s3:Get*",
                                        "Resource": ["*"] }] });
    let s3 = |tables: Value| {
        json!({ "vpc_id": network.vpc, "service_name": "com.amazonaws.eu-west-1.s3",
                "route_table_ids": tables, "policy_document": allow })
    };
    let (live, updates) = world.apply("vpc_endpoint", "s3", s3(json!([network.table]))).await;
    assert_eq!(updates, 0);
    assert!(live.out["prefix_list_id"].as_str().unwrap().starts_with("pl-"));
    assert!(!live.out["cidr_blocks"].as_array().unwrap().is_empty());
    let table = world.by_id("route_table", &network.table).await.unwrap();
    assert_eq!(table.spec["routes"], json!([]), "its route is no difference of the table");
    let (_, updates) = world.apply("vpc_endpoint", "s3", s3(json!([]))).await;
    assert_eq!(updates, 1);

    let group = |name: &str| json!({ "name": name, "vpc_id": network.vpc });
    let (one, _) = world.apply("security_group", "one", group("one")).await;
    let (two, _) = world.apply("security_group", "two", group("two")).await;
    let logs = |subnets: Value, groups: Value| {
        json!({ "vpc_id": network.vpc, "service_name": "com.amazonaws.eu-west-1.logs",
                "vpc_endpoint_type": "Interface", "subnet_ids": subnets,
                "security_group_ids": groups, "private_dns_enabled": true })
    };
    let (live, updates) =
        world.apply("vpc_endpoint", "logs", logs(json!([a]), json!([one.id]))).await;
    assert_eq!(updates, 0);
    assert_eq!(live.out["network_interface_ids"].as_array().unwrap().len(), 1);
    assert!(live.out["dns_entries"][0]["dns_name"].as_str().unwrap().starts_with(&live.id));
    let (_, updates) =
        world.apply("vpc_endpoint", "logs", logs(json!([a, b]), json!([one.id, two.id]))).await;
    assert_eq!(updates, 1, "all changes are one call");
    let (_, updates) = world.apply("vpc_endpoint", "logs", logs(json!([b]), json!([two.id]))).await;
    assert_eq!(updates, 1);
    let held = world.handler("vpc_endpoint");
    let live = world.by_id("vpc_endpoint", &live.id).await.unwrap();
    let held = held.blockers(&world.cx, &live).await.unwrap();
    assert!(held[0].what.contains(&live.id) && held[0].leaves.is_some(), "{held:?}");
    let mut off = logs(json!([b]), json!([two.id]));
    off["private_dns_enabled"] = json!(false);
    let (live, updates) = world.apply("vpc_endpoint", "logs", off.clone()).await;
    assert_eq!((updates, live.out["dns_entries"].as_array().unwrap().len()), (1, 2));
    off["dns_options"] = json!({ "dns_record_ip_type": "service-defined" });
    world.apply("vpc_endpoint", "logs", off).await;
    let sent = world.sandbox.calls();
    let modified = sent.iter().filter(|call| call.operation == "ModifyVpcEndpoint").count();
    assert_eq!(modified, 5, "one call for each update");
    world.delete("vpc_endpoint", "logs").await;
    world.delete("vpc_endpoint", "s3").await;
    world.delete("security_group", "one").await;
    world.delete("security_group", "two").await;
    network.gone(world).await;
}

#[tokio::test]
async fn endpoints_that_go_together_share_calls() {
    let world = World::sandbox().await;
    let network = Network::in_(&world, 43).await;
    let services = ["ecs", "ecs-agent", "ecs-telemetry", "logs", "ssm", "ecr.api", "ecr.dkr"];
    let mut live = Vec::new();
    for service in services {
        let spec = json!({ "vpc_id": network.vpc, "vpc_endpoint_type": "Interface",
                           "service_name": format!("com.amazonaws.eu-west-1.{service}"),
                           "subnet_ids": network.subnets });
        live.push(world.apply("vpc_endpoint", &service.replace(['.', '-'], "_"), spec).await.0);
    }
    let handler = world.handler("vpc_endpoint");
    let gone = live.iter().map(|live| handler.delete(&world.cx, live));
    for answer in futures::future::join_all(gone).await {
        answer.unwrap();
    }
    assert!(world.owned("vpc_endpoint", &[]).await.is_empty());
    let calls = world.cx.calls()["ec2.DeleteVpcEndpoints"];
    assert!(calls <= 2, "{calls} calls");
    network.gone(&world).await;
}

/// AWS holds the address for some seconds after its gateway is gone: waited for, with the reason.
#[tokio::test]
async fn an_address_that_a_gateway_leaves_behind_is_waited_for() {
    let options = SandboxOptions { slow: Slow::Aws, ..SandboxOptions::default() };
    let world = World::over(Sandbox::in_memory(options)).await;
    let sandbox = &world.sandbox;
    let pass = |seconds| sandbox.skip(Duration::from_secs(seconds));
    let network = Network::in_(&world, 44).await;
    let (eip, _) = world.apply("eip", "nat", json!({})).await;
    let nat = json!({ "subnet_id": network.subnets[0], "allocation_id": eip.id });
    let (nat, _) = world.apply("nat_gateway", "main", nat).await;
    assert_eq!(nat.status, Status::Pending("pending".into()));
    pass(120);
    let gateways = world.handler("nat_gateway");
    gateways.delete(&world.cx, &nat).await.unwrap();
    let leaving = world.by_id("nat_gateway", &nat.id).await.unwrap();
    assert_eq!(leaving.status, Status::Deleting("deleting".into()));
    pass(121);
    assert!(world.by_id("nat_gateway", &nat.id).await.is_none(), "AWS lists it for an hour more");

    let addresses = world.handler("eip");
    let error = addresses.delete(&world.cx, &eip).await.unwrap_err();
    assert!(error.is("AuthFailure"), "{error}");
    let (step, budget) = (Step::Delete, Duration::from_secs(60));
    let failure = Failure { tries: 1, error: &error, step, elapsed: Duration::ZERO, budget };
    match retry::decide(&failure, addresses.rules()) {
        Decision::Retry { reason, .. } => {
            assert_eq!(reason, "the NAT gateway that had the address to let go of it");
        }
        Decision::GiveUp => panic!("{error} is not tried again"),
    }
    pass(20);
    addresses.delete(&world.cx, &eip).await.unwrap();
    assert!(world.find("eip", "nat").await.is_none());
}

/// AWS would make a gateway for an address in use, only to let it fail.
#[tokio::test]
async fn an_address_in_use_is_refused_before_a_gateway_is_made() {
    let options = SandboxOptions { slow: Slow::Aws, ..SandboxOptions::default() };
    let world = World::over(Sandbox::in_memory(options)).await;
    let network = Network::in_(&world, 45).await;
    let (eip, _) = world.apply("eip", "nat", json!({})).await;
    let spec = json!({ "subnet_id": network.subnets[0], "allocation_id": eip.id });
    let (nat, _) = world.apply("nat_gateway", "main", spec.clone()).await;
    let gateways = world.handler("nat_gateway");
    let tags = world.tags("nat_gateway", "other");
    let with = Creation { tags: &tags, token: "other" };
    let refused = async || gateways.create(&world.cx, &spec, with).await.unwrap_err();
    let decided = |error| {
        let (step, budget) = (Step::Create, Duration::from_secs(60));
        let failure = Failure { tries: 1, error, step, elapsed: Duration::ZERO, budget };
        retry::decide(&failure, gateways.rules())
    };
    let error = refused().await;
    assert!(error.message.contains("is in use by eni-"), "{error}");
    assert_eq!(decided(&error), Decision::GiveUp);
    gateways.delete(&world.cx, &nat).await.unwrap();
    let error = refused().await;
    assert!(error.message.contains(&format!("is still with {}", nat.id)), "{error}");
    assert!(matches!(decided(&error), Decision::Retry { .. }));
    world.sandbox.skip(Duration::from_secs(121));
    gateways.create(&world.cx, &spec, with).await.unwrap();
}
