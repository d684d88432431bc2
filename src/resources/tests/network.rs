//! The network types through their lives.

use super::World;
use serde_json::json;

#[tokio::test]
async fn a_network_lives_and_dies() {
    let world = World::sandbox().await;
    let vpc_spec = json!({ "cidr_block": "10.0.0.0/16", "enable_dns_hostnames": true });
    let (vpc, updates) = world.apply("vpc", "main", vpc_spec).await;
    assert_eq!(updates, 1, "DNS host names are not part of the creating call");
    assert!(vpc.out["default_security_group_id"].as_str().unwrap().starts_with("sg-"));
    assert!(vpc.out["main_route_table_id"].as_str().unwrap().starts_with("rtb-"));
    assert!(vpc.out["arn"].as_str().unwrap().ends_with(&format!(":vpc/{}", vpc.id)));
    let off = json!({ "cidr_block": "10.0.0.0/16", "enable_dns_support": false,
                      "enable_dns_hostnames": false });
    world.apply("vpc", "main", off).await;

    let subnet = |public: bool| {
        json!({ "vpc_id": vpc.id, "cidr_block": "10.0.1.0/24", "availability_zone": "eu-west-1a",
                "map_public_ip_on_launch": public })
    };
    let (a, _) = world.apply("subnet", "a", subnet(true)).await;
    let (_, updates) = world.apply("subnet", "a", subnet(true)).await;
    assert_eq!(updates, 0);
    let (_, updates) = world.apply("subnet", "a", subnet(false)).await;
    assert_eq!(updates, 1);
    let b_spec = json!({ "vpc_id": vpc.id, "cidr_block": "10.0.2.0/24" });
    let (b, _) = world.apply("subnet", "b", b_spec).await;

    let (gateway, updates) =
        world.apply("internet_gateway", "main", json!({ "vpc_id": vpc.id })).await;
    assert_eq!(updates, 1, "the update attaches");
    routes(&world, &vpc.id, &gateway.id, (&a.id, &b.id)).await;

    let held = world.handler("vpc").blockers(&world.cx, &vpc).await.unwrap();
    assert!(held.iter().any(|b| b.what == format!("subnet {}", a.id)), "{held:?}");
    world.delete("internet_gateway", "main").await;
    world.delete("subnet", "a").await;
    world.delete("subnet", "b").await;
    world.delete("vpc", "main").await;
}

async fn routes(world: &World, vpc: &str, gateway: &str, (a, b): (&str, &str)) {
    let table = |routes: serde_json::Value, subnets: serde_json::Value| json!({ "vpc_id": vpc, "routes": routes, "subnet_ids": subnets });
    let out = json!({ "destination_cidr_block": "0.0.0.0/0", "gateway_id": gateway });
    let six = json!({ "destination_ipv6_cidr_block": "::/0", "gateway_id": gateway });
    let (one, _) = world.apply("route_table", "one", table(json!([out, six]), json!([a]))).await;
    let (_, updates) = world.apply("route_table", "one", table(json!([out]), json!([a, b]))).await;
    assert_eq!(updates, 1);
    let held = world.handler("route_table").blockers(&world.cx, &one).await.unwrap();
    assert_eq!(held.len(), 2, "{held:?}");
    // Another table takes a subnet over.
    world.apply("route_table", "two", table(json!([]), json!([b]))).await;
    let one = world.by_id("route_table", &one.id).await.unwrap();
    assert_eq!(one.spec["subnet_ids"], json!([a]));
    world.lets_go("route_table", &one, &[a, gateway]).await;
    let one = world.by_id("route_table", &one.id).await.unwrap();
    assert_eq!((&one.spec["subnet_ids"], &one.spec["routes"]), (&json!([]), &json!([])));
    world.delete("route_table", "one").await;
    world.delete("route_table", "two").await;
}

#[tokio::test]
async fn security_groups_may_name_each_other() {
    let world = World::sandbox().await;
    let (vpc, _) = world.apply("vpc", "main", json!({ "cidr_block": "10.1.0.0/16" })).await;
    let plain = |name: &str| json!({ "name": name, "vpc_id": vpc.id });
    let (web, updates) = world.apply("security_group", "web", plain("web")).await;
    assert_eq!((updates, web.spec["egress"].as_array().unwrap().len()), (0, 1));
    let (app, _) = world.apply("security_group", "app", plain("app")).await;

    let https = json!({ "ip_protocol": "tcp", "from_port": 443, "to_port": 443,
                        "cidr_ipv4": ["10.0.0.0/8", "192.168.0.0/16"], "description": "in" });
    let mut spec = plain("web");
    spec["ingress"] = json!([https, { "ip_protocol": "-1", "self": true }]);
    spec["egress"] = json!([{ "ip_protocol": "tcp", "from_port": 8080, "to_port": 8080,
                              "referenced_security_group_id": app.id }]);
    let (web, updates) = world.apply("security_group", "web", spec.clone()).await;
    assert_eq!(updates, 1);
    assert_eq!(web.spec["ingress"].as_array().unwrap().len(), 3);
    assert_eq!(web.spec["egress"].as_array().unwrap().len(), 1, "AWS's own rule was revoked");
    let mut other = plain("app");
    other["ingress"] = json!([{ "ip_protocol": "tcp", "from_port": 8080, "to_port": 8080,
                                "referenced_security_group_id": web.id }]);
    let (app, _) = world.apply("security_group", "app", other).await;

    // A description changes in place: no rule is made anew.
    spec["ingress"][0]["description"] = json!("HTTPS");
    let (web, updates) = world.apply("security_group", "web", spec).await;
    assert_eq!(updates, 1);
    assert!(web.spec["ingress"].as_array().unwrap().iter().any(|r| r["description"] == "HTTPS"));

    let handler = world.handler("security_group");
    let held = handler.blockers(&world.cx, &app).await.unwrap();
    assert!(held.iter().any(|b| b.what.contains(&web.id)), "{held:?}");
    world.lets_go("security_group", &web, &[app.id.as_str()]).await;
    world.lets_go("security_group", &app, &[web.id.as_str()]).await;
    let web = world.by_id("security_group", &web.id).await.unwrap();
    assert_eq!(web.spec["egress"], json!([]));
    assert_eq!(web.spec["ingress"].as_array().unwrap().len(), 3, "they name no other group");
    world.delete("security_group", "web").await;
    world.delete("security_group", "app").await;
    world.delete("vpc", "main").await;
}

#[tokio::test]
async fn an_ipv6_range_comes_and_goes_in_place() {
    let world = World::sandbox().await;
    let vpc =
        |six: bool| json!({ "cidr_block": "10.2.0.0/16", "assign_generated_ipv6_cidr_block": six });
    world.apply("vpc", "main", vpc(false)).await;
    let (live, _) = world.apply("vpc", "main", vpc(true)).await;
    let range = live.out["ipv6_cidr_block"].as_str().unwrap().to_owned();
    assert!(range.ends_with("/56"), "{range}");
    let six = range.replace("/56", "/64");
    let mut subnet = json!({ "vpc_id": live.id, "cidr_block": "10.2.1.0/24" });
    world.apply("subnet", "a", subnet.clone()).await;
    subnet["ipv6_cidr_block"] = json!(six);
    subnet["assign_ipv6_address_on_creation"] = json!(true);
    world.apply("subnet", "a", subnet).await;
    world.delete("subnet", "a").await;
    world.apply("vpc", "main", vpc(false)).await;
    world.delete("vpc", "main").await;
}

#[tokio::test]
async fn data_sources_read_what_is_there() {
    let world = World::sandbox().await;
    let zones = &world.registry.data["availability_zones"];
    let spec = zones.normalize(&json!({ "exclude_names": ["eu-west-1c"] })).unwrap();
    let found = zones.read(&world.cx, &spec).await.unwrap();
    assert_eq!(found[0]["names"], json!(["eu-west-1a", "eu-west-1b"]));
    let (vpc, _) = world.apply("vpc", "main", json!({ "cidr_block": "10.3.0.0/16" })).await;
    let reader = &world.registry.data["vpc"];
    let spec =
        reader.normalize(&json!({ "match_tags": { "infra:resource": "vpc.main" } })).unwrap();
    let found = reader.read(&world.cx, &spec).await.unwrap();
    assert_eq!((found.len(), found[0]["id"].as_str()), (1, Some(vpc.id.as_str())));
    let reader = &world.registry.data["subnet"];
    let spec = reader.normalize(&json!({ "vpc_id": vpc.id })).unwrap();
    assert_eq!(reader.read(&world.cx, &spec).await.unwrap().len(), 0);
}
