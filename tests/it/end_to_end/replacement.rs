//! Replacement, what blocks it, and what picks it.

use super::on_both;
use super::stage::Stage;

fn stack(third: u8, description: &str, group: &str, role_path: &str) -> String {
    format!(
        r#"
[workspace]
description = "replacement"
[vpc.main]
cidr_block = "10.38.0.0/16"
[subnet.main]
vpc_id     = "${{vpc.main.id}}"
cidr_block = "10.38.{third}.0/24"
[route_table.main]
vpc_id     = "${{vpc.main.id}}"
subnet_ids = ["${{subnet.main.id}}"]
[security_group.fixed]
name        = "${{env}}-fixed"
description = "{description}"
vpc_id      = "${{vpc.main.id}}"
[security_group.prefixed]
name_prefix = "${{env}}-prefixed-"
description = "{description}"
vpc_id      = "${{vpc.main.id}}"
[security_group.user]
name    = "${{env}}-user"
vpc_id  = "${{vpc.main.id}}"
ingress = [
  {{ ip_protocol = "tcp", from_port = 443, referenced_security_group_id = "${{security_group.fixed.id}}" }},
  {{ ip_protocol = "tcp", from_port = 444, referenced_security_group_id = "${{security_group.prefixed.id}}" }},
]
[iam_role.main]
name                        = "${{env}}-main"
path                        = "{role_path}"
assume_role_policy_document = {{ Version = "2012-10-17", Statement = [{{ Effect = "Allow", Action = "sts:AssumeRole", Principal = {{ Service = "ec2.amazonaws.com" }} }}] }}
managed_policy_arns         = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
[log_group.main]
name = "/e2e/${{env}}/{group}"
"#
    )
}

fn immutable_fields(stage: &Stage) {
    stage.stack("new", &stack(1, "first", "one", "/"));
    stage.apply("new");
    let before = stage.settled("new");

    stage.stack("new", &stack(2, "second", "one", "/e2e/"));
    stage.changes(
        "new",
        &[
            "replace iam_role.main: path",
            "update route_table.main: subnet_ids",
            "replace security_group.fixed: description",
            "replace security_group.prefixed: description",
            "update security_group.user: ingress",
            "replace subnet.main: cidr_block",
        ],
    );
    let after = stage.settled("new");
    for address in ["subnet.main", "security_group.fixed", "security_group.prefixed"] {
        assert_ne!(before.id(address), after.id(address), "{address} is another object");
    }
    for address in ["vpc.main", "route_table.main", "security_group.user", "log_group.main"] {
        assert_eq!(before.id(address), after.id(address), "{address} is the same object");
    }
    assert_eq!(stage.owned().len(), 8, "nothing is left of the old ones: {:?}", stage.owned());

    // Asked for, though nothing differs.
    let asked = ["new", "--replace", "subnet.main"];
    let plan = stage.plan(&asked);
    assert_eq!(
        plan.changes(),
        ["update route_table.main: subnet_ids", "replace subnet.main: "],
        "{}",
        plan.0
    );
    assert_eq!(plan.change("subnet.main")["reason"], "requested");
    stage.run(&[&["apply", "--yes"], &asked[..]].concat()).exits(0);
    assert_ne!(stage.settled("new").id("subnet.main"), after.id("subnet.main"));
    stage.destroy_all();
}

/// The ground under everything: all of it is made anew.
fn the_vpc_itself(stage: &Stage) {
    let text = |second: u8| {
        format!(
            r#"
[workspace]
description = "all anew"
[vpc.main]
cidr_block = "10.{second}.0.0/16"
[subnet.main]
vpc_id     = "${{vpc.main.id}}"
cidr_block = "${{cidrsubnet(vpc.main.cidr_block, 8, 0)}}"
[internet_gateway.main]
vpc_id = "${{vpc.main.id}}"
[route_table.main]
vpc_id     = "${{vpc.main.id}}"
subnet_ids = ["${{subnet.main.id}}"]
routes     = [{{ destination_cidr_block = "0.0.0.0/0", gateway_id = "${{internet_gateway.main.id}}" }}]
[security_group.a]
name    = "${{env}}-a"
vpc_id  = "${{vpc.main.id}}"
ingress = [{{ ip_protocol = "tcp", from_port = 80, referenced_security_group_id = "${{security_group.b.id}}" }}]
[security_group.b]
name    = "${{env}}-b"
vpc_id  = "${{vpc.main.id}}"
ingress = [{{ ip_protocol = "tcp", from_port = 80, referenced_security_group_id = "${{security_group.a.id}}" }}]
"#
        )
    };
    stage.stack("all", &text(39));
    stage.apply("all");
    stage.settled("all");
    stage.stack("all", &text(40));
    let plan = stage.plan(&["all"]);
    let actions: Vec<String> = plan
        .changes()
        .iter()
        .map(|line| line.split(':').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        actions,
        [
            "update internet_gateway.main",
            "replace route_table.main",
            "replace security_group.a",
            "replace security_group.b",
            "replace subnet.main",
            "replace vpc.main",
        ]
    );
    stage.apply("all");
    stage.settled("all");
    assert_eq!(stage.owned().len(), 6);
    stage.destroy_all();
}

fn data_is_not_lost_silently(stage: &Stage) {
    stage.stack("keep", &stack(1, "first", "one", "/"));
    stage.apply("keep");
    stage.stack("keep", &stack(1, "first", "two", "/"));
    let before = stage.owned();
    let plan = stage.run(&["plan", "keep", "--format", "json"]).exits(4).json();
    assert_eq!(super::stage::Plan(plan).changes(), ["blocked replace log_group.main: name"]);
    let ran = stage.run(&["apply", "keep", "--yes"]).exits(4);
    assert!(ran.stderr.contains("--allow-data-loss"), "the flag is named: {}", ran.stderr);
    assert_eq!(stage.owned(), before);

    let unlock = ["keep", "--allow-data-loss", "log_group.main"];
    stage.run(&[&["plan"], &unlock[..]].concat()).exits(0);
    stage.run(&[&["apply", "--yes"], &unlock[..]].concat()).exits(0);
    stage.settled("keep");
    let name = format!("log_group /e2e/{}/two", stage.environment());
    assert!(stage.owned().contains(&name), "{:?}", stage.owned());
    assert_eq!(stage.owned().len(), before.len());
    stage.destroy_all();
}

fn protected(stage: &Stage) {
    let text = |protect: &str, group: &str| {
        format!(
            r#"
[workspace]
description = "protected"
[vpc.main]
cidr_block = "10.41.0.0/16"
{protect}
[security_group.free]
name   = "${{env}}-free"
vpc_id = "${{vpc.main.id}}"
{group}
"#
        )
    };
    let group = "[log_group.kept]\nname = \"/e2e/${env}/kept\"\nprotect = true\n";
    stage.stack("safe", &text("protect = true", group));
    stage.apply("safe");
    stage.settled("safe");

    // Out of the file, and still protected: the tag says so.
    stage.stack("safe", &text("protect = true", ""));
    let ran = stage.run(&["plan", "safe", "--format", "json"]).exits(4);
    assert_eq!(super::stage::Plan(ran.json()).changes(), ["blocked delete log_group.kept"]);
    let ran = stage.run(&["apply", "safe", "--yes"]).exits(4);
    assert!(ran.stderr.contains("--allow-protected"), "the flag is named: {}", ran.stderr);
    assert_eq!(stage.owned().len(), 3);
    stage.run(&["apply", "safe", "--yes", "--allow-protected", "log_group.kept"]).exits(0);
    assert_eq!(stage.owned().len(), 2);

    // A destroy takes what it may and says what it left.
    stage.run(&["destroy", "safe", "--yes"]).exits(4);
    assert_eq!(stage.owned().len(), 1, "only the VPC is left: {:?}", stage.owned());

    // Without the word, the tag goes first.
    stage.stack("safe", &text("", ""));
    stage.changes("safe", &["create security_group.free", "update vpc.main: tags.infra:protect"]);
    stage.destroy_all();
}

fn picked(stage: &Stage) {
    stage.stack("pick", &stack(1, "first", "one", "/"));
    // What a target needs comes with it.
    stage.run(&["apply", "pick", "--yes", "--target", "route_table.main"]).exits(0);
    let kinds = |stage: &Stage| -> Vec<String> {
        let owned = stage.owned();
        owned.iter().filter_map(|o| o.split(' ').next()).map(str::to_owned).collect()
    };
    assert_eq!(kinds(stage), ["route_table", "subnet", "vpc"]);
    // What needs an excluded one is left out with it.
    stage.run(&["apply", "pick", "--yes", "--exclude", "security_group.fixed"]).exits(0);
    let expected = ["iam_role", "log_group", "route_table", "security_group", "subnet", "vpc"];
    assert_eq!(kinds(stage), expected);
    stage.changes("pick", &["create security_group.fixed", "create security_group.user"]);
    let ran = stage.run(&["plan", "pick", "--target", "subnet.mian"]).exits(1);
    assert!(ran.stderr.contains("subnet.main"), "the nearest is named: {}", ran.stderr);
    stage.run(&["destroy", "pick", "--yes", "--target", "subnet.main"]).exits(0);
    assert!(!kinds(stage).contains(&"subnet".to_owned()));
    stage.destroy_all();
}

on_both!(immutable_fields, the_vpc_itself, data_is_not_lost_silently, protected, picked);
