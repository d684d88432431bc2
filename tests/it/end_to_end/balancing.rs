//! Load balancers, target groups, listeners and rules.

use super::on_both;
use super::stage::{Plan, Stage};
use serde_json::{Value, json};

on_both!(
    settings_of_a_load_balancer,
    listeners_and_rules,
    from_plain_to_secure,
    another_target_type,
    a_target_group_of_a_fixed_name,
    priorities_that_are_taken,
    one_that_stays_keeps_its_network,
);

/// A VPC that the internet reaches, with subnets in three zones and a group.
const NETWORK: &str = r#"
[vpc.main]
cidr_block = "10.60.0.0/16"
[internet_gateway.main]
vpc_id = "${vpc.main.id}"
[subnet.public]
for_each          = { a = 0, b = 1, c = 2 }
vpc_id            = "${vpc.main.id}"
cidr_block        = "${cidrsubnet(vpc.main.cidr_block, 8, each.value)}"
availability_zone = "${region}${each.key}"
[security_group.front]
name    = "${env}-front"
vpc_id  = "${vpc.main.id}"
ingress = [{ ip_protocol = "tcp", from_port = 80, cidr_ipv4 = "0.0.0.0/0" }]
[security_group.other]
name   = "${env}-other"
vpc_id = "${vpc.main.id}"
"#;

/// A load balancer of the stage in these zones and groups.
fn balancer(stage: &Stage, zones: &[&str], more: &str) -> String {
    let subnets: Vec<String> =
        zones.iter().map(|zone| format!("'${{subnet.public[\"{zone}\"].id}}'")).collect();
    let (subnets, name) = (subnets.join(", "), short(stage));
    format!(
        "[load_balancer.main]\nname = \"{name}\"\nscheme = \"internet-facing\"\n\
         subnets = [{subnets}]\n{more}\n"
    )
}

/// A name of at most 32 letters that no other test has.
fn short(stage: &Stage) -> String {
    let name: String = stage.environment().chars().take(30).collect();
    name.trim_end_matches('-').to_owned()
}

fn listener(port: u16, action: &str) -> String {
    format!(
        "[listener.on_{port}]\nload_balancer_arn = \"${{load_balancer.main.id}}\"\n\
         protocol = \"HTTP\"\nport = {port}\ndefault_actions = [{action}]\n"
    )
}

fn rule(name: &str, priority: u32, conditions: &str, action: &str) -> String {
    format!(
        "[listener_rule.{name}]\nlistener_arn = \"${{listener.on_80.id}}\"\n\
         priority = {priority}\nconditions = [{conditions}]\nactions = [{action}]\n"
    )
}

const GROUPS: &str = "security_groups = [\"${security_group.front.id}\"]";
const NOT_FOUND: &str = "{ type = \"fixed-response\", fixed_response_config = { \
                         status_code = \"404\", content_type = \"text/plain\" } }";
const FORWARD: &str = "{ type = \"forward\", target_group_arn = \"${target_group.api.id}\" }";
const ORDERS: &str = "{ field = \"path-pattern\", values = [\"/orders*\"] }";

fn target_group(name: &str, kind: &str) -> String {
    format!(
        "[target_group.api]\n{name}\nprotocol = \"HTTP\"\nport = 8000\n\
         vpc_id = \"${{vpc.main.id}}\"\ntarget_type = \"{kind}\"\n\
         health_check_path = \"/health\"\nmatcher = {{ http_code = \"200-299\" }}\n"
    )
}

/// The one target group that the rules of a load balancer name, as boto3 sees it. Not asked by the
/// load balancer: moto then also looks for groups that are gone.
fn group_behind(stage: &Stage, balancer: &str) -> Value {
    let listeners =
        stage.call("elbv2", "describe_listeners", json!({ "LoadBalancerArn": balancer }));
    let mut named = std::collections::BTreeSet::new();
    for listener in listeners["Listeners"].as_array().expect("a list") {
        let of = json!({ "ListenerArn": listener["ListenerArn"] });
        let rules = stage.call("elbv2", "describe_rules", of);
        let rules = rules["Rules"].as_array().expect("a list").iter();
        let actions = rules.flat_map(|rule| rule["Actions"].as_array().expect("a list"));
        // Where a rule was made with weights, moto tells its group only there.
        let weighed = actions.filter_map(|it| it["ForwardConfig"]["TargetGroups"].as_array());
        let arns = weighed.flatten().filter_map(|it| it["TargetGroupArn"].as_str());
        named.extend(arns.map(str::to_owned));
    }
    assert_eq!(named.len(), 1, "{named:?}");
    let found = stage.call("elbv2", "describe_target_groups", json!({ "TargetGroupArns": named }));
    found["TargetGroups"][0].clone()
}

/// The inventory finds each of the four types by itself, and its service confirms it. The Tagging
/// API of moto 5.2.5 lists neither listeners nor rules.
fn inventoried(stage: &Stage, plan: &Plan) {
    let document = stage.run(&["inventory", "--format", "json"]).exits(0).json();
    let found = document["resources"].as_array().expect("resources");
    let mut addresses = vec!["load_balancer.main", "target_group.api"];
    if !stage.is_moto() {
        addresses.extend(["listener.on_80", "listener_rule.api", "listener_rule.web"]);
    }
    for address in addresses {
        let item = found.iter().find(|item| item["address"] == address);
        let item = item.unwrap_or_else(|| panic!("{address} is not in {document}"));
        let (ty, _) = address.split_once('.').expect("an address");
        assert_eq!((&item["type"], &item["confirmed"]), (&json!(ty), &json!(true)), "{item}");
        assert_eq!(item["arn"], plan.id(address), "{item}");
    }
}

fn settings_of_a_load_balancer(stage: &Stage) {
    let stack = |zones: &[&str], group: &str, idle: u32| {
        let more = format!(
            "security_groups = [\"${{security_group.{group}.id}}\"]\ntags = {{ team = \"shop\" }}\n\
             load_balancer_attributes = {{ idle_timeout_timeout_seconds = {idle} }}"
        );
        NETWORK.to_owned() + &balancer(stage, zones, &more)
    };
    stage.stack("front", &stack(&["a", "b"], "front", 60));
    stage.apply("front");
    let plan = stage.settled("front");
    let arn = plan.id("load_balancer.main");
    stage.stack("front", &stack(&["b", "c"], "other", 90));
    let expected = "update load_balancer.main: \
                    load_balancer_attributes.idle_timeout_timeout_seconds security_groups subnets";
    stage.changes("front", &[expected]);
    let asked = json!({ "LoadBalancerArns": [arn] });
    let found = stage.call("elbv2", "describe_load_balancers", asked)["LoadBalancers"][0].clone();
    assert_eq!(found["SecurityGroups"], json!([plan.id("security_group.other")]));
    let mut subnets: Vec<&Value> = found["AvailabilityZones"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|zone| &zone["ZoneName"])
        .collect();
    subnets.sort_by_key(ToString::to_string);
    assert_eq!(subnets, ["eu-west-1b", "eu-west-1c"]);
    stage.destroy_all();
}

fn listeners_and_rules(stage: &Stage) {
    let base = NETWORK.to_owned()
        + &balancer(stage, &["a", "b"], GROUPS)
        + &target_group("name_prefix = \"api-\"", "ip");
    let front = |more: &str| base.clone() + &listener(80, NOT_FOUND) + more;
    let two =
        rule("web", 20, "{ field = \"host-header\", values = [\"www.example.com\"] }", FORWARD);
    stage.stack("front", &front(&(rule("api", 10, ORDERS, FORWARD) + &two)));
    stage.apply("front");
    let plan = stage.settled("front");
    inventoried(stage, &plan);

    let header = "{ field = \"http-header\", http_header_config = { \
                  http_header_name = \"X-Api\", values = [\"1\", \"2\"] } }";
    let both = format!("{ORDERS}, {header}");
    stage.stack("front", &front(&(rule("api", 30, &both, NOT_FOUND) + &two)));
    let expected = "update listener_rule.api: actions[0].fixed_response_config \
                    actions[0].type conditions priority";
    stage.changes("front", &[expected]);
    let arn = plan.id("listener_rule.api");
    let found = stage.call("elbv2", "describe_rules", json!({ "RuleArns": [arn] }));
    let found = &found["Rules"][0];
    assert_eq!(
        (&found["Priority"], found["Conditions"].as_array().map(Vec::len)),
        (&json!("30"), Some(2))
    );

    // One leaves; the other takes its place, and so does one of another name.
    stage.stack("front", &front(&rule("web", 30, ORDERS, FORWARD)));
    let expected = ["delete listener_rule.api", "update listener_rule.web: conditions priority"];
    let planned = stage.plan(&["front"]).changes();
    assert_eq!(planned.len(), 2, "{planned:?}");
    for one in expected {
        assert!(planned.iter().any(|line| line == one), "{one} is not in {planned:?}");
    }
    stage.apply("front");
    stage.settled("front");

    // The port moves, and the rule stays.
    stage.stack("front", &base);
    stage.apply("front");
    assert_eq!(stage.plan(&["front"]).changes(), Vec::<String>::new());
    let asked = json!({ "LoadBalancerArn": plan.id("load_balancer.main") });
    let found = stage.call("elbv2", "describe_listeners", asked);
    assert_eq!(found["Listeners"], json!([]));
    stage.destroy_all();
}

fn from_plain_to_secure(stage: &Stage) {
    let name = format!("{}.example.com", stage.environment());
    let domain = format!(
        "[route53_zone.main]\nname = \"{name}\"\n\
         [acm_certificate.main]\ndomain_name = \"{name}\"\n\
         domain_validation_options = [{{ domain_name = \"{name}\", \
         hosted_zone_id = \"${{route53_zone.main.id}}\" }}]\n"
    );
    let base = NETWORK.to_owned()
        + &domain
        + &balancer(stage, &["a", "b"], GROUPS)
        + &target_group("name_prefix = \"api-\"", "ip");
    stage.stack("front", &(base.clone() + &listener(80, FORWARD)));
    stage.apply("front");
    let plan = stage.settled("front");

    let redirect = "{ type = \"redirect\", redirect_config = { protocol = \"HTTPS\", \
                    port = \"443\", status_code = \"HTTP_301\" } }";
    let secure = |policy: &str| {
        format!(
            "[listener.on_443]\nload_balancer_arn = \"${{load_balancer.main.id}}\"\n\
             protocol = \"HTTPS\"\nport = 443\nssl_policy = \"{policy}\"\n\
             certificates = [{{ certificate_arn = \"${{acm_certificate.main.id}}\" }}]\n\
             default_actions = [{FORWARD}]\n"
        )
    };
    let with = |policy: &str| base.clone() + &listener(80, redirect) + &secure(policy);
    stage.stack("front", &with("ELBSecurityPolicy-2016-08"));
    let plain = "update listener.on_80: default_actions[0].redirect_config default_actions[0].type";
    stage.changes("front", &["create listener.on_443", plain]);
    let policy = "ELBSecurityPolicy-TLS13-1-2-2021-06";
    stage.stack("front", &with(policy));
    stage.changes("front", &["update listener.on_443: ssl_policy"]);
    let asked = json!({ "LoadBalancerArn": plan.id("load_balancer.main") });
    let found = stage.call("elbv2", "describe_listeners", asked);
    let found = found["Listeners"].as_array().expect("a list").clone();
    let on = |port: u16| found.iter().find(|it| it["Port"] == port).expect("a listener");
    assert_eq!(on(80)["DefaultActions"][0]["RedirectConfig"]["Host"], "#{host}");
    assert_eq!(on(443)["SslPolicy"], policy);
    assert_eq!(on(443)["Certificates"][0]["CertificateArn"], plan.id("acm_certificate.main"));

    // What only the account has is an orphan; the certificate can go after its listener.
    let plain = base.replace(&domain, "") + &listener(80, FORWARD);
    stage.stack("front", &plain);
    let expected = [
        "delete acm_certificate.main",
        "delete listener.on_443",
        "update listener.on_80: default_actions[0].forward_config default_actions[0].type",
        "delete route53_zone.main",
    ];
    let planned = stage.plan(&["front"]).changes();
    assert_eq!(planned.len(), expected.len(), "{planned:?}");
    for one in expected {
        assert!(planned.iter().any(|line| line == one), "{one} is not in {planned:?}");
    }
    stage.apply("front");
    stage.settled("front");
    stage.destroy_all();
}

/// A service changes its network mode: its target group is made anew beside the old one, the rule
/// is turned to it, and the old one goes.
fn another_target_type(stage: &Stage) {
    let stack = |kind: &str| {
        NETWORK.to_owned()
            + &balancer(stage, &["a", "b"], GROUPS)
            + &target_group("name_prefix = \"api-\"", kind)
            + &listener(80, NOT_FOUND)
            + &rule("api", 10, ORDERS, FORWARD)
    };
    stage.stack("front", &stack("instance"));
    stage.apply("front");
    let before = stage.settled("front");
    let arn = before.id("load_balancer.main");
    assert_eq!(group_behind(stage, &arn)["TargetType"], "instance");
    stage.stack("front", &stack("ip"));
    let expected = [
        "update listener_rule.api: actions[0].forward_config.target_groups",
        "replace target_group.api: target_type",
    ];
    stage.changes("front", &expected);
    let group = group_behind(stage, &arn);
    assert_eq!(group["TargetType"], "ip");
    assert_ne!(group["TargetGroupArn"], before.id("target_group.api"));
    assert_eq!(stage.settled("front").id("listener_rule.api"), before.id("listener_rule.api"));
    stage.destroy_all();
}

/// Two of one name cannot be: what uses the old one goes first and is made anew after.
fn a_target_group_of_a_fixed_name(stage: &Stage) {
    let name = format!("name = \"{}\"", short(stage));
    let stack = |kind: &str| {
        NETWORK.to_owned()
            + &balancer(stage, &["a", "b"], GROUPS)
            + &target_group(&name, kind)
            + &listener(80, FORWARD)
            + &listener(81, NOT_FOUND)
            + &rule("api", 10, ORDERS, FORWARD)
    };
    stage.stack("front", &stack("instance"));
    stage.apply("front");
    stage.stack("front", &stack("ip"));
    let expected = [
        "replace listener.on_80: default_actions[0].forward_config.target_groups",
        "replace listener_rule.api: actions[0].forward_config.target_groups listener_arn",
        "replace target_group.api: target_type",
    ];
    stage.changes("front", &expected);
    let arn = stage.settled("front").id("load_balancer.main");
    assert_eq!(group_behind(stage, &arn)["TargetType"], "ip");
    stage.destroy_all();
}

/// No two rules of a listener have one priority: that is told before anything is changed, whoever
/// the other is.
fn priorities_that_are_taken(stage: &Stage) {
    let base = NETWORK.to_owned()
        + &balancer(stage, &["a", "b"], GROUPS)
        + &listener(80, NOT_FOUND)
        + "[outputs]\nlistener_arn = { value = \"${listener.on_80.id}\" }\n";
    let service = |priority: u32| {
        rule("api", priority, ORDERS, NOT_FOUND)
            .replace("listener.on_80.id", "base.outputs.listener_arn")
    };
    let refused = |arguments: &[&str], words: &[&str]| {
        let ran = stage.run(&[arguments, &["--format", "json"]].concat()).exits(1);
        let problems = ran.problems();
        assert_eq!(problems.len(), 1, "{}", ran.stderr);
        let told = problems[0].to_string();
        for word in words {
            assert!(told.contains(word), "`{word}` is not in {told}");
        }
    };
    let all = ["apply", "--all", "--yes"];
    // In one stack, before there is any listener.
    let twice = rule("one", 7, ORDERS, NOT_FOUND) + &rule("two", 7, ORDERS, NOT_FOUND);
    stage.stack("base", &base.replace("[outputs]", &(twice + "[outputs]")));
    refused(&["plan", "base"], &["listener_rule.one", "listener_rule.two", "priority 7"]);
    // Between two workspaces that are made in one run.
    stage.stack("base", &base);
    stage.stack("orders", &service(10));
    stage.stack("stock", &service(10));
    let both = ["listener_rule.api", "workspace `orders`", "stacks/stock.toml", "priority 10"];
    refused(&all, &both);
    assert_eq!(stage.owned(), Vec::<String>::new());
    // With one that is applied already.
    stage.apply("base");
    stage.apply("orders");
    refused(&["apply", "stock", "--yes"], &both);
    // With one of nobody's.
    stage.stack("stock", &service(20));
    let listener = stage.settled("base").id("listener.on_80");
    let path = json!({ "Field": "path-pattern", "Values": ["/theirs"] });
    let answer =
        json!({ "Type": "fixed-response", "FixedResponseConfig": { "StatusCode": "200" } });
    let theirs = json!({ "ListenerArn": listener, "Priority": 20, "Conditions": [path],
                         "Actions": [answer] });
    let made = stage.call("elbv2", "create_rule", theirs);
    let arn = made["Rules"][0]["RuleArn"].as_str().expect("an ARN");
    refused(&["apply", "stock", "--yes"], &[arn, "not ours", "priority 20"]);
    // Two that change places in one run do not clash.
    stage.call("elbv2", "delete_rule", json!({ "RuleArn": arn }));
    stage.run(&all).exits(0);
    stage.stack("orders", &service(20));
    stage.stack("stock", &service(10));
    stage.run(&all).exits(0);
    stage.settled("orders");
    stage.settled("stock");
    stage.destroy_all();
}

/// What a protected load balancer needs stays with it, the gateway that it does not name too: AWS
/// would not let go of it, and a destruction would wait in vain.
fn one_that_stays_keeps_its_network(stage: &Stage) {
    let stack = [NETWORK, &balancer(stage, &["a", "b"], GROUPS), "protect = true"].join("\n");
    stage.stack("main", &stack);
    stage.apply("main");
    let left = stage.run(&["destroy", "main", "--yes"]).exits(4);
    assert!(left.stderr.contains("6 changes blocked"), "{}", left.stderr);
    let mut kinds: Vec<String> = stage.owned();
    kinds.sort();
    assert_eq!(kinds.len(), 6, "balancer, gateway, two subnets, group, VPC: {kinds:?}");
    stage.run(&["destroy", "main", "--yes", "--allow-protected", "load_balancer.main"]).exits(0);
    assert_eq!(stage.owned().len(), 0);
}
