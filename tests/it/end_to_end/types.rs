//! What the handlers of single types promise beyond a plan without difference: judged by boto3.

use super::on_both;
use super::stage::Stage;
use serde_json::{Value, json};

fn network(range: &str, rest: &str) -> String {
    format!(
        "[workspace]\ndescription = \"types\"\n[vpc.main]\ncidr_block = \"10.46.0.0/16\"\n{range}\n{rest}"
    )
}

/// An IPv6 range comes to a VPC and to a subnet that are there, and goes again.
fn an_ipv6_range_comes_and_goes_in_place(stage: &Stage) {
    let text = |six: bool| {
        let subnet = "[subnet.a]\nvpc_id = \"${vpc.main.id}\"\ncidr_block = \"10.46.1.0/24\"\n";
        let in_it = "ipv6_cidr_block = \"${cidrsubnet(vpc.main.ipv6_cidr_block, 8, 1)}\"\n\
                     assign_ipv6_address_on_creation = true\n";
        let subnet = if six { format!("{subnet}{in_it}") } else { subnet.to_owned() };
        network(&format!("assign_generated_ipv6_cidr_block = {six}"), &subnet)
    };
    stage.stack("six", &text(false));
    stage.apply("six");
    let before = stage.settled("six");
    stage.stack("six", &text(true));
    let expected = [
        "update subnet.a: assign_ipv6_address_on_creation ipv6_cidr_block",
        "update vpc.main: assign_generated_ipv6_cidr_block",
    ];
    stage.changes("six", &expected);
    let (subnet, vpc) = (before.id("subnet.a"), before.id("vpc.main"));
    let ranges = || {
        stage.python(
            "ec2 = client('ec2')
found = [ec2.describe_vpcs(VpcIds=[input['vpc']])['Vpcs'][0],
         ec2.describe_subnets(SubnetIds=[input['subnet']])['Subnets'][0]]
result = [a['Ipv6CidrBlock'] for f in found for a in f.get('Ipv6CidrBlockAssociationSet', [])
          if a['Ipv6CidrBlockState']['State'] == 'associated']",
            json!({ "vpc": vpc, "subnet": subnet }),
        )
    };
    let both = ranges();
    let both: Vec<&str> =
        both.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert!(both.len() == 2 && both[0].ends_with("/56") && both[1].ends_with("/64"), "{both:?}");

    // A range can leave the VPC only once no subnet lies in it.
    stage.stack("six", &network("assign_generated_ipv6_cidr_block = false", ""));
    let expected = ["delete subnet.a", "update vpc.main: assign_generated_ipv6_cidr_block"];
    stage.changes("six", &expected);
    assert_eq!(stage.settled("six").id("vpc.main"), vpc);
    stage.destroy_all();
}

/// A subnet goes from one table to another in one step, whichever of the two comes first.
fn a_table_takes_a_subnet_over(stage: &Stage) {
    let text = |one: &str, two: &str| {
        network(
            "",
            &format!(
                r#"
[subnet.all]
for_each          = {{ a = 0, b = 1 }}
vpc_id            = "${{vpc.main.id}}"
availability_zone = "${{region}}${{each.key}}"
cidr_block        = "${{cidrsubnet(vpc.main.cidr_block, 8, each.value)}}"
[route_table.one]
vpc_id     = "${{vpc.main.id}}"
subnet_ids = {one}
routes     = []
[route_table.two]
vpc_id     = "${{vpc.main.id}}"
subnet_ids = {two}
routes     = []
"#
            ),
        )
    };
    let (a, b) = ("'${subnet.all[\"a\"].id}'", "'${subnet.all[\"b\"].id}'");
    stage.stack("over", &text(&format!("[{a}, {b}]"), "[]"));
    stage.apply("over");
    let plan = stage.settled("over");
    let both = ["update route_table.one: subnet_ids", "update route_table.two: subnet_ids"];
    for (one, two) in [(format!("[{a}]"), format!("[{b}]")), ("[]".into(), format!("[{a}, {b}]"))] {
        stage.stack("over", &text(&one, &two));
        stage.changes("over", &both);
    }
    let tables = json!({ "RouteTableIds": [plan.id("route_table.two")] });
    let found = stage.call("ec2", "describe_route_tables", tables);
    let associations = found["RouteTables"][0]["Associations"].as_array().expect("a list").len();
    assert_eq!(associations, 2);
    stage.stack("over", &text(&format!("[{a}, {b}]"), "[]"));
    stage.changes("over", &both);
    stage.destroy_all();
}

/// What changes of a rule is changed in place, and AWS's own rule goes where rules are given.
fn rules_are_changed_in_place(stage: &Stage) {
    let text = |https: &str, port: u16| {
        network(
            "",
            &format!(
                r#"
[security_group.web]
name    = "${{env}}-web"
vpc_id  = "${{vpc.main.id}}"
ingress = [
  {{ ip_protocol = "tcp", from_port = 443, cidr_ipv4 = ["10.0.0.0/8", "192.168.0.0/16"], description = "{https}" }},
  {{ ip_protocol = "-1", self = true }},
]
egress  = [{{ ip_protocol = "tcp", from_port = {port}, referenced_security_group_id = "${{security_group.app.id}}" }}]
[security_group.app]
name    = "${{env}}-app"
vpc_id  = "${{vpc.main.id}}"
ingress = [{{ ip_protocol = "tcp", from_port = {port}, referenced_security_group_id = "${{security_group.web.id}}", description = "{https}" }}]
"#
            ),
        )
    };
    stage.stack("rules", &text("in", 8080));
    stage.apply("rules");
    let plan = stage.settled("rules");
    // Ids of the rules, those let in before those let out.
    let rules = |address: &str| -> [Vec<String>; 2] {
        let input = json!({ "group": plan.id(address) });
        let script = "rules = client('ec2').describe_security_group_rules(Filters=[
    {'Name': 'group-id', 'Values': [input['group']]}])['SecurityGroupRules']
result = [sorted(r['SecurityGroupRuleId'] for r in rules if r['IsEgress'] == out)
          for out in (False, True)]";
        serde_json::from_value(stage.python(script, input)).expect("two lists of ids")
    };
    let (web, app) = (rules("security_group.web"), rules("security_group.app"));
    assert_eq!(web.each_ref().map(Vec::len), [3, 1], "AWS's own rule is gone");
    assert_eq!(app.each_ref().map(Vec::len), [1, 1], "AWS's own rule stays, not managed");

    stage.stack("rules", &text("HTTPS", 8080));
    let expected = ["update security_group.app: ingress", "update security_group.web: ingress"];
    stage.changes("rules", &expected);
    let described = (rules("security_group.web"), rules("security_group.app"));
    assert_eq!(described, (web.clone(), app.clone()), "no rule was made anew");

    stage.stack("rules", &text("HTTPS", 9090));
    let expected = ["update security_group.app: ingress", "update security_group.web: egress"];
    stage.changes("rules", &expected);
    let moved = rules("security_group.web");
    assert_eq!(moved[0], web[0], "the other direction is left alone");
    assert_ne!(moved[1], web[1]);
    stage.destroy_all();
}

/// Of a role, what is not given is left alone whatever else changes.
fn a_role_keeps_what_is_not_managed(stage: &Stage) {
    let text = |more: &str, action: &str| {
        format!(
            r#"
[workspace]
description = "a role"
[iam_role.task]
name                        = "${{env}}-task"
assume_role_policy_document = '{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":["sts:AssumeRole"],"Principal":{{"Service":["ecs-tasks.amazonaws.com"]}}}}]}}'
{more}
[iam_role.task.inline_policies]
table = {{ Version = "2012-10-17", Statement = [{{ Effect = "Allow", Action = "{action}", Resource = "*" }}] }}
"#
        )
    };
    let managed = "managed_policy_arns = [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]";
    let session = format!("description = \"one\"\nmax_session_duration = 7200\n{managed}");
    stage.stack("role", &text(&session, "dynamodb:GetItem"));
    stage.apply("role");
    let plan = stage.settled("role");
    // Neither session length nor managed policies are said any more.
    stage.stack("role", &text("description = \"two\"", "dynamodb:PutItem"));
    stage.changes("role", &["update iam_role.task: description inline_policies.table"]);
    let name = json!({ "RoleName": plan.id("iam_role.task") });
    let role = stage.call("iam", "get_role", name.clone())["Role"].clone();
    assert_eq!((&role["MaxSessionDuration"], &role["Description"]), (&json!(7200), &json!("two")));
    let attached = stage.call("iam", "list_attached_role_policies", name.clone());
    assert_eq!(attached["AttachedPolicies"].as_array().map(Vec::len), Some(1), "{attached}");
    // Said to be none.
    stage.stack("role", &text("managed_policy_arns = []", "dynamodb:PutItem"));
    stage.changes("role", &["update iam_role.task: managed_policy_arns"]);
    let attached = stage.call("iam", "list_attached_role_policies", name);
    assert_eq!(attached["AttachedPolicies"], json!([]));
    stage.destroy_all();
}

/// What somebody else put into a VPC holds it: it is named and left, and the rest goes.
fn what_others_put_in_is_named_and_left(stage: &Stage) {
    stage.stack("held", &network("", "[log_group.main]\nname = \"/e2e/${env}/held\"\n"));
    stage.apply("held");
    let vpc = stage.settled("held").id("vpc.main");
    let made = json!({ "VpcId": vpc, "CidrBlock": "10.46.9.0/24" });
    let made = stage.call("ec2", "create_subnet", made);
    let theirs = made["Subnet"]["SubnetId"].as_str().expect("an id");
    let ran = stage.run(&["destroy", "held", "--yes"]).exits(4);
    assert!(ran.stderr.contains(theirs), "{theirs} is not named: {}", ran.stderr);
    assert_eq!(stage.owned(), [format!("vpc {vpc}")]);
    stage.call("ec2", "delete_subnet", json!({ "SubnetId": theirs }));
    stage.destroy_all();
    // Once more, with nothing left to do.
    stage.run(&["destroy", "held", "--yes"]).exits(0);
}

on_both!(
    an_ipv6_range_comes_and_goes_in_place,
    a_table_takes_a_subnet_over,
    rules_are_changed_in_place,
    a_role_keeps_what_is_not_managed,
    what_others_put_in_is_named_and_left,
);
