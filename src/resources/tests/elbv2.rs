//! Load balancers, target groups, listeners and rules through their lives.

use super::World;
use crate::engine::resource::{Holds, Status};
use crate::sandbox::{Calls, Effect, Fault, Options as SandboxOptions, Sandbox, Slow};
use serde_json::{Value, json};
use std::time::Duration;

/// A VPC with an internet gateway, subnets in two zones, and a load balancer in them.
struct Front {
    vpc: String,
    subnets: [String; 2],
    group: String,
    balancer: String,
}

impl Front {
    async fn network(world: &World) -> Self {
        let (vpc, _) = world.apply("vpc", "main", json!({ "cidr_block": "10.0.0.0/16" })).await;
        world.apply("internet_gateway", "main", json!({ "vpc_id": vpc.id })).await;
        let mut subnets = Vec::new();
        for (place, zone) in [(1, "a"), (2, "b")] {
            let subnet = json!({ "vpc_id": vpc.id, "cidr_block": format!("10.0.{place}.0/24"),
                                 "availability_zone": format!("eu-west-1{zone}") });
            subnets.push(world.apply("subnet", zone, subnet).await.0.id);
        }
        let group = json!({ "name": "lb", "description": "lb", "vpc_id": vpc.id });
        let (group, _) = world.apply("security_group", "lb", group).await;
        let subnets = subnets.try_into().unwrap();
        Self { vpc: vpc.id, subnets, group: group.id, balancer: String::new() }
    }

    async fn in_(world: &World) -> Self {
        let mut front = Self::network(world).await;
        front.balancer = world.apply("load_balancer", "main", front.settings()).await.0.id;
        front
    }

    fn settings(&self) -> Value {
        json!({ "name": "main", "subnets": self.subnets, "security_groups": [self.group] })
    }

    fn targets(&self) -> Value {
        json!({ "name_prefix": "api-", "protocol": "HTTP", "port": 8000, "vpc_id": self.vpc,
                "target_type": "ip" })
    }
}

fn fixed(status: &str) -> Value {
    json!([{ "type": "fixed-response", "fixed_response_config": { "status_code": status } }])
}

fn on_port(balancer: &str, port: u16) -> Value {
    json!({ "load_balancer_arn": balancer, "protocol": "HTTP", "port": port,
            "default_actions": fixed("404") })
}

#[tokio::test]
async fn a_load_balancer_lives_and_dies() {
    let world = &World::sandbox().await;
    let front = Front::in_(world).await;
    let mut spec = front.settings();
    spec["load_balancer_attributes"] =
        json!({ "idle_timeout_timeout_seconds": 90, "routing_http2_enabled": true });
    let (live, updates) = world.apply("load_balancer", "main", spec.clone()).await;
    assert_eq!((updates, &live.id), (1, &front.balancer));
    assert!(live.out["dns_name"].as_str().unwrap().ends_with(".eu-west-1.elb.amazonaws.com"));
    assert_eq!(live.out["canonical_hosted_zone_id"], "Z32O12XQLNTSW2");
    // The bulk reading and the reading of one say the same.
    assert_eq!(world.find("load_balancer", "main").await.as_ref(), Some(&live));
    let third = json!({ "vpc_id": front.vpc, "cidr_block": "10.0.3.0/24",
                        "availability_zone": "eu-west-1c" });
    let third = world.apply("subnet", "c", third).await.0.id;
    spec["subnets"] = json!([front.subnets[0], third]);
    spec["load_balancer_attributes"]["deletion_protection_enabled"] = json!(true);
    let (live, updates) = world.apply("load_balancer", "main", spec).await;
    assert_eq!(updates, 1);

    let handler = world.handler("load_balancer");
    let set = [("team".to_owned(), "shop".to_owned())].into();
    handler.tag(&world.cx, &live, &set, &["infra:protect".to_owned()]).await.unwrap();
    assert_eq!(world.by_id("load_balancer", &live.id).await.unwrap().tags["team"], "shop");

    let holds = handler.holds(&world.cx, &live).await.unwrap();
    assert_eq!(holds, Holds { data: None, protected: true });
    assert!(handler.delete(&world.cx, &live).await.unwrap_err().is("OperationNotPermitted"));
    handler.unlock(&world.cx, &live).await.unwrap();
    world.delete("load_balancer", "main").await;
}

#[tokio::test(start_paused = true)]
async fn a_deletion_ends_when_the_interfaces_are_gone() {
    let options = SandboxOptions { slow: Slow::Aws, ..SandboxOptions::default() };
    let world = &World::over(Sandbox::in_memory(options)).await;
    let front = Front::network(world).await;
    world.sandbox.skip(Duration::from_secs(60));
    let front = Front {
        balancer: world.apply("load_balancer", "main", front.settings()).await.0.id,
        ..front
    };
    let handler = world.handler("load_balancer");
    let now = || async { world.by_id("load_balancer", &front.balancer).await };
    let live = now().await.unwrap();
    assert_eq!(live.status, Status::Pending("provisioning".into()));
    world.sandbox.skip(Duration::from_secs(121));
    assert_eq!(now().await.unwrap().status, Status::Ready);
    handler.delete(&world.cx, &live).await.unwrap();
    assert!(world.find("load_balancer", "main").await.is_none(), "a plan counts it as gone");
    let Status::Deleting(why) = now().await.unwrap().status else { panic!("it lingers") };
    assert_eq!(why, "2 of its network interfaces are still there");
    let blockers = handler.blockers(&world.cx, &now().await.unwrap()).await.unwrap();
    assert_eq!(blockers.len(), 2);
    assert!(blockers[0].what.contains("ELB app/main/"), "{}", blockers[0].what);
    world.sandbox.skip(Duration::from_secs(91));
    assert!(now().await.is_none());
}

#[tokio::test]
async fn a_target_group_lives_and_dies() {
    let world = &World::sandbox().await;
    let front = Front::network(world).await;
    let mut spec = front.targets();
    let (live, updates) = world.apply("target_group", "api", spec.clone()).await;
    assert_eq!(updates, 0);
    assert!(live.spec["name"].as_str().unwrap().starts_with("api-"));
    assert_eq!(live.spec["health_check_path"], "/");
    spec["health_check_path"] = json!("/health");
    spec["health_check_interval_seconds"] = json!(10);
    spec["health_check_timeout_seconds"] = json!(5);
    spec["matcher"] = json!({ "http_code": "200-299" });
    spec["target_group_attributes"] = json!({ "deregistration_delay_timeout_seconds": 30 });
    let (live, updates) = world.apply("target_group", "api", spec).await;
    assert_eq!(updates, 1);
    assert_eq!(world.find("target_group", "api").await.as_ref(), Some(&live));
    world.delete("target_group", "api").await;
}

#[tokio::test]
async fn a_name_that_others_have_is_found() {
    let world = &World::sandbox().await;
    let front = Front::network(world).await;
    let theirs = world.cx.elbv2().create_target_group().name("api").port(80);
    let theirs = theirs.protocol("HTTP".into()).vpc_id(&front.vpc);
    theirs.send().await.unwrap();
    let found = world.owned("target_group", &["api".to_owned()]).await;
    assert_eq!(found[0].spec["name"], "api");
    assert_eq!(found[0].tags.len(), 0);
    assert!(world.owned("target_group", &[]).await.is_empty());
}

#[tokio::test]
async fn listeners_and_rules_live_and_die() {
    let world = &World::sandbox().await;
    let front = Front::in_(world).await;
    let target = world.apply("target_group", "api", front.targets()).await.0.id;
    let mut spec = on_port(&front.balancer, 80);
    let (listener, updates) = world.apply("listener", "http", spec.clone()).await;
    assert_eq!(updates, 0);
    assert_eq!(world.find("listener", "http").await.as_ref(), Some(&listener));
    spec["default_actions"] = json!([{ "type": "forward", "target_group_arn": target }]);
    let (_, updates) = world.apply("listener", "http", spec.clone()).await;
    assert_eq!(updates, 1);
    let config = json!({ "status_code": "HTTP_301", "protocol": "HTTPS", "port": "443" });
    spec["default_actions"] = json!([{ "type": "redirect", "redirect_config": config }]);
    spec["port"] = json!(8080);
    assert_eq!(world.apply("listener", "http", spec.clone()).await.1, 1);

    let header = json!({ "http_header_name": "X-Api", "values": ["2", "1"] });
    let mut rule = json!({
        "listener_arn": listener.id,
        "priority": 10,
        "conditions": [
            { "field": "path-pattern", "path_pattern_config": { "values": ["/orders*", "/o"] } },
            { "field": "http-header", "http_header_config": header },
        ],
        "actions": [{ "type": "forward", "target_group_arn": target }],
    });
    let (live, updates) = world.apply("listener_rule", "api", rule.clone()).await;
    assert_eq!(updates, 0);
    assert_eq!(world.find("listener_rule", "api").await.as_ref(), Some(&live));
    rule["priority"] = json!(20);
    rule["conditions"] = json!([{ "field": "path-pattern", "values": ["/orders*"] }]);
    let (changed, updates) = world.apply("listener_rule", "api", rule).await;
    assert_eq!((&changed.id, updates), (&live.id, 1));
    let set = [("team".to_owned(), "shop".to_owned())].into();
    for (ty, live) in [("listener", &listener), ("listener_rule", &live)] {
        world.handler(ty).tag(&world.cx, live, &set, &[]).await.unwrap();
        assert_eq!(world.by_id(ty, &live.id).await.unwrap().tags["team"], "shop");
    }
    world.delete("listener_rule", "api").await;
    world.delete("target_group", "api").await;
    world.delete("listener", "http").await;
    world.delete("load_balancer", "main").await;
}

#[tokio::test]
async fn a_secure_listener_has_certificates() {
    let world = &World::sandbox().await;
    let front = Front::in_(world).await;
    let zone = world.apply("route53_zone", "main", json!({ "name": "example.com" })).await.0.id;
    let mut arns = Vec::new();
    for name in ["a", "b", "c"] {
        let domain = format!("{name}.example.com");
        let option = json!({ "domain_name": domain, "hosted_zone_id": zone });
        let spec = json!({ "domain_name": domain, "domain_validation_options": [option] });
        arns.push(world.apply("acm_certificate", name, spec).await.0.id);
    }
    let mut spec = on_port(&front.balancer, 443);
    spec["protocol"] = json!("HTTPS");
    spec["certificates"] = json!([{ "certificate_arn": arns[0] }]);
    spec["listener_certificates"] = json!([arns[1]]);
    let (live, updates) = world.apply("listener", "https", spec.clone()).await;
    assert_eq!((updates, &live.spec["ssl_policy"]), (1, &json!("ELBSecurityPolicy-2016-08")));
    spec["certificates"] = json!([{ "certificate_arn": arns[1] }]);
    spec["listener_certificates"] = json!([arns[2]]);
    spec["ssl_policy"] = json!("ELBSecurityPolicy-TLS13-1-2-2021-06");
    world.apply("listener", "https", spec).await;
    let plain = on_port(&front.balancer, 443);
    let (live, _) = world.apply("listener", "https", plain).await;
    assert_eq!(live.spec["listener_certificates"], json!([]));
}

#[tokio::test]
async fn a_rule_whose_answer_was_lost_is_found_and_rules_change_places() {
    let world = &World::sandbox().await;
    let front = Front::in_(world).await;
    let listener = world.apply("listener", "http", on_port(&front.balancer, 80)).await.0.id;
    let rule = |priority: i32| {
        let condition = json!({ "field": "path-pattern", "values": ["/x"] });
        json!({ "listener_arn": listener, "priority": priority, "conditions": [condition],
                "actions": fixed("200") })
    };
    let handler = world.handler("listener_rule");
    let spec = handler.normalize(&rule(1)).unwrap();
    let tags = world.tags("listener_rule", "one");
    let with = crate::engine::resource::Creation { tags: &tags, token: "t" };
    world.sandbox.inject(Fault::new(Calls::of("CreateRule"), 1, Effect::DropAnswer));
    assert!(handler.create(&world.cx, &spec, with).await.is_err());
    let id = handler.create(&world.cx, &spec, with).await.unwrap();
    assert_eq!(world.find("listener_rule", "one").await.unwrap().id, id);

    let two = world.apply("listener_rule", "two", rule(2)).await.0;
    let one = world.by_id("listener_rule", &id).await.unwrap();
    let changed = crate::engine::resource::Changed(["priority".to_owned()].into());
    let (cx, to_two, to_one) = (&world.cx, rule(2), rule(1));
    let refused = handler.update(cx, &one, &to_two, &changed).await.unwrap_err();
    assert!(refused.is("PriorityInUse"));
    handler.update(cx, &two, &to_one, &changed).await.unwrap();
    handler.update(cx, &one, &to_two, &changed).await.unwrap();
    let priority = |live: crate::engine::resource::LiveObject| live.spec["priority"].clone();
    assert_eq!(priority(world.by_id("listener_rule", &one.id).await.unwrap()), 2);
    assert_eq!(priority(world.by_id("listener_rule", &two.id).await.unwrap()), 1);
}

#[tokio::test]
async fn a_reading_takes_few_calls() {
    let world = &World::sandbox().await;
    let front = Front::in_(world).await;
    let target = world.apply("target_group", "api", front.targets()).await.0.id;
    let mut on_80 = on_port(&front.balancer, 80);
    on_80["default_actions"] = json!([{ "type": "forward", "target_group_arn": target }]);
    let listener = world.apply("listener", "http", on_80).await.0.id;
    let condition = json!({ "field": "path-pattern", "values": ["/x"] });
    let rule = json!({ "listener_arn": listener, "priority": 1, "conditions": [condition],
                       "actions": fixed("200") });
    world.apply("listener_rule", "api", rule).await;
    world.sandbox.clear_calls();
    for ty in ["load_balancer", "target_group", "listener", "listener_rule"] {
        assert_eq!(world.owned(ty, &[]).await.len(), 1, "{ty}");
    }
    let calls = world.sandbox.calls();
    let calls = calls.iter().filter(|call| call.service == "elasticloadbalancing");
    let mut calls: Vec<_> = calls.map(|call| call.operation.clone()).collect();
    calls.sort();
    let expected = [
        "DescribeListeners",
        "DescribeLoadBalancerAttributes",
        "DescribeLoadBalancers",
        "DescribeRules",
        "DescribeTargetGroupAttributes",
        "DescribeTargetGroups",
    ];
    assert_eq!(calls, expected);
}
