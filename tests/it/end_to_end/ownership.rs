//! What is ours, what is not, and what becomes of both.

use super::on_both;
use super::stage::{Ran, Stage};
use serde_json::json;

const STACK: &str = r#"
[workspace]
description = "one of each way to be found"
[vpc.main]
cidr_block = "10.32.0.0/16"
tags       = { Name = "${env}" }
[security_group.main]
name   = "${env}-main"
vpc_id = "${vpc.main.id}"
[iam_role.main]
name                        = "${env}-main"
assume_role_policy_document = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] }
[log_group.main]
name = "/e2e/${env}/main"
"#;

/// Insists that plan and apply both stop with this one problem, exit 4, and change nothing.
#[track_caller]
fn blocked(stage: &Stage, workspace: &str, code: &str, says: &[&str]) {
    let before = stage.owned();
    for verb in [&["plan"][..], &["apply", "--yes"]] {
        let arguments = [verb, &[workspace, "--format", "json"]].concat();
        let ran = stage.run(&arguments).exits(4);
        one_problem(&ran, code, says);
    }
    assert_eq!(stage.owned(), before);
}

#[track_caller]
fn one_problem(ran: &Ran, code: &str, says: &[&str]) {
    let problems = ran.problems();
    let codes: Vec<_> = problems.iter().map(|p| p["code"].clone()).collect();
    assert_eq!(codes, [code], "{}", ran.stderr);
    for part in says {
        assert!(ran.stderr.contains(part), "`{part}` is not in {}", ran.stderr);
    }
}

fn lost_ownership_tags(stage: &Stage) {
    stage.stack("own", STACK);
    stage.apply("own");
    let plan = stage.settled("own");

    // Known by id only: a second one must not be made.
    for (address, key) in [
        ("vpc.main", "infra:resource"),
        ("security_group.main", "infra:workspace"),
        ("vpc.main", "infra:project"),
    ] {
        let id = plan.id(address);
        let tags = stage.call(
            "ec2",
            "describe_tags",
            json!({ "Filters": [{ "Name": "resource-id", "Values": [id] },
                { "Name": "key", "Values": [key] }] }),
        );
        let value = tags["Tags"][0]["Value"].as_str().expect("the tag was there").to_owned();
        stage.untag(&id, key);
        blocked(stage, "own", "half_tagged", &[&id, address]);
        stage.tag(&id, key, &value);
        stage.settled("own");
    }

    // Known by name: not ours any more.
    let input = json!({ "role": plan.id("iam_role.main"), "group": plan.id("log_group.main") });
    stage.python(
        "client('iam').untag_role(RoleName=input['role'], TagKeys=['infra:resource'])",
        input.clone(),
    );
    blocked(stage, "own", "exists_not_ours", &["iam_role.main", "infra import"]);
    stage.python(
        "client('iam').tag_role(RoleName=input['role'],
    Tags=[{'Key': 'infra:resource', 'Value': 'iam_role.main'}])",
        input.clone(),
    );
    stage.settled("own");
    stage.python(
        "client('logs').untag_log_group(logGroupName=input['group'], tags=['infra:workspace'])",
        input.clone(),
    );
    blocked(stage, "own", "exists_not_ours", &["log_group.main", "infra import"]);
    stage.python(
        "client('logs').tag_log_group(logGroupName=input['group'], tags={'infra:workspace': 'own'})",
        input,
    );
    stage.settled("own");
    stage.destroy_all();
}

fn what_others_made(stage: &Stage) {
    let environment = stage.environment();
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Action": "sts:AssumeRole", "Principal": { "Service": "ec2.amazonaws.com" } }] });
    let (role, group) = (format!("{environment}-main"), format!("/e2e/{environment}/main"));
    let create = json!({ "RoleName": role, "AssumeRolePolicyDocument": trust.to_string() });
    stage.call("iam", "create_role", create);
    stage.stack("own", STACK);
    blocked(stage, "own", "exists_not_ours", &["iam_role.main", &role]);
    stage.call("iam", "delete_role", json!({ "RoleName": role }));

    stage.call("logs", "create_log_group", json!({ "logGroupName": group }));
    blocked(stage, "own", "exists_not_ours", &["log_group.main", &group]);
    // Neither is what another workspace owns.
    stage.call("logs", "delete_log_group", json!({ "logGroupName": group }));
    stage.stack(
        "other",
        "[workspace]\ndescription = \"has the name already\"\n[log_group.first]\nname = \"/e2e/${env}/main\"\n",
    );
    stage.apply("other");
    blocked(stage, "own", "exists_not_ours", &["log_group.main", "log_group.first", "other"]);
    stage.run(&["destroy", "other", "--yes"]).exits(0);
    stage.remove("other");

    stage.apply("own");
    let plan = stage.settled("own");
    // A second one that says it is the same.
    let made = stage.python(
        "ec2 = client('ec2')
tags = ec2.describe_tags(Filters=[{'Name': 'resource-id', 'Values': [input]}])['Tags']
result = ec2.create_vpc(CidrBlock='10.33.0.0/16')['Vpc']['VpcId']
ec2.create_tags(Resources=[result], Tags=[{'Key': t['Key'], 'Value': t['Value']} for t in tags])",
        json!(plan.id("vpc.main")),
    );
    let double = made.as_str().expect("an id");
    blocked(stage, "own", "duplicate_identity", &[double, &plan.id("vpc.main")]);
    stage.call("ec2", "delete_vpc", json!({ "VpcId": double }));
    stage.settled("own");
    stage.destroy_all();
}

const BEFORE: &str = r#"
[workspace]
description = "before"
[vpc.main]
cidr_block = "10.34.0.0/16"
[subnet.main]
for_each          = { a = 0, b = 1 }
vpc_id            = "${vpc.main.id}"
availability_zone = "${region}${each.key}"
cidr_block        = "${cidrsubnet(vpc.main.cidr_block, 8, each.value)}"
[security_group.old]
name   = "${env}-group"
vpc_id = "${vpc.main.id}"
[security_group.gone]
name   = "${env}-gone"
vpc_id = "${vpc.main.id}"
ingress = [{ ip_protocol = "tcp", from_port = 80, referenced_security_group_id = "${security_group.old.id}" }]
[iam_role.old]
name                        = "${env}-role"
assume_role_policy_document = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] }
[log_group.old]
name = "/e2e/${env}/old"
[log_group.maybe]
when = true
name = "/e2e/${env}/maybe"
"#;

const AFTER: &str = r#"
[workspace]
description = "after: renamed, removed, switched off"
[vpc.main]
cidr_block = "10.34.0.0/16"
[subnet.network]
for_each          = { a = 0 }
vpc_id            = "${vpc.main.id}"
availability_zone = "${region}${each.key}"
cidr_block        = "${cidrsubnet(vpc.main.cidr_block, 8, each.value)}"
[security_group.new]
name   = "${env}-group"
vpc_id = "${vpc.main.id}"
[iam_role.new]
name                        = "${env}-role"
assume_role_policy_document = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] }
[log_group.new]
name = "/e2e/${env}/old"
[log_group.maybe]
when = false
name = "/e2e/${env}/maybe"
[moved]
"security_group.old" = "security_group.new"
"iam_role.old"       = "iam_role.new"
"log_group.old"      = "log_group.new"
"subnet.main"        = "subnet.network"
"#;

fn renamed_and_removed(stage: &Stage) {
    stage.stack("life", BEFORE);
    stage.apply("life");
    let before = stage.settled("life");

    // A new name without [moved] is told, not made twice.
    stage.stack("life", &AFTER[..AFTER.find("[moved]").expect("it is there")]);
    let ran = stage.run(&["plan", "life", "--format", "json"]).exits(4);
    assert!(ran.stderr.contains("[moved]"), "{}", ran.stderr);

    stage.stack("life", AFTER);
    let plan = stage.changes(
        "life",
        &[
            "update iam_role.new: ",
            "delete log_group.maybe",
            "update log_group.new: ",
            "delete security_group.gone",
            "update security_group.new: ",
            "delete subnet.main[\"b\"]",
            "update subnet.network[\"a\"]: ",
        ],
    );
    for (old, new) in [
        ("security_group.old", "security_group.new"),
        ("iam_role.old", "iam_role.new"),
        ("log_group.old", "log_group.new"),
        ("subnet.main[\"a\"]", "subnet.network[\"a\"]"),
    ] {
        assert_eq!(plan.change(new)["moved_from"], old);
        assert_eq!(plan.change(new)["reason"], "moved");
    }
    for (address, reason) in [
        ("security_group.gone", "not_in_stack"),
        ("log_group.maybe", "no_instance"),
        ("subnet.main[\"b\"]", "not_in_stack"),
    ] {
        assert_eq!(plan.change(address)["reason"], reason, "{address}");
    }
    let after = stage.settled("life");
    for (old, new) in [
        ("vpc.main", "vpc.main"),
        ("security_group.old", "security_group.new"),
        ("iam_role.old", "iam_role.new"),
        ("log_group.old", "log_group.new"),
        ("subnet.main[\"a\"]", "subnet.network[\"a\"]"),
    ] {
        assert_eq!(before.id(old), after.id(new), "{new} is the same object");
    }
    assert_eq!(stage.owned().len(), 5);
    stage.destroy_all();
}

fn workspaces_without_a_file(stage: &Stage) {
    stage.stack(
        "base",
        "[workspace]\ndescription = \"stays\"\n[vpc.main]\ncidr_block = \"10.35.0.0/16\"\n[outputs]\nvpc_id = { value = \"${vpc.main.id}\", description = \"the VPC\" }\n",
    );
    stage.stack(
        "gone",
        "[workspace]\ndescription = \"goes\"\n[security_group.main]\nname = \"${env}-gone\"\nvpc_id = \"${base.outputs.vpc_id}\"\n[log_group.main]\nname = \"/e2e/${env}/gone\"\n",
    );
    stage.run(&["apply", "--all", "--yes"]).exits(0);
    stage.settled("base");
    stage.settled("gone");
    assert_eq!(stage.owned().len(), 3);
    stage.remove("gone");

    // Applying all leaves it alone and says so.
    let ran = stage.run(&["apply", "--all", "--yes"]).exits(0);
    assert!(ran.stderr.contains("gone"), "it is named: {}", ran.stderr);
    assert_eq!(stage.owned().len(), 3);

    let ran = stage.run(&["destroy", "--all", "--yes"]).exits(0);
    assert!(ran.stderr.contains("`gone`"), "it is named: {}", ran.stderr);
    assert_eq!(stage.owned(), Vec::<String>::new());
}

on_both!(lost_ownership_tags, what_others_made, renamed_and_removed, workspaces_without_a_file);
