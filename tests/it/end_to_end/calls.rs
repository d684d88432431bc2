//! How many calls a plan without a difference makes.

use super::stage::Stage;
use std::fmt::Write as _;

#[track_caller]
fn small(stage: &Stage) {
    stage.apply("supporting-infrastructure");
    let plan = stage.settled("supporting-infrastructure");
    println!(
        "supporting-infrastructure: {} calls {}",
        plan.api_calls(),
        plan.0["calls_by_operation"]
    );
    assert!(plan.api_calls() <= 40, "{}", plan.0["calls_by_operation"]);
    stage.destroy_all();
}

#[test]
fn a_small_plan_in_the_sandbox() {
    small(&Stage::of_real_stacks("uat").without_the_cluster());
}

#[test]
fn a_small_plan_on_moto() {
    small(&Stage::of_real_stacks_on_moto("uat").without_the_cluster());
}

#[test]
fn a_large_plan_in_the_sandbox() {
    const MANY: u64 = 200;
    let stage = Stage::of_real_stacks_in_memory("prod").without_the_cluster();
    let mut text = stage.read("supporting-infrastructure.toml");
    let outputs = text.split_off(text.find("[outputs]").expect("it has outputs"));
    write!(
        text,
        r#"
[security_group.many]
for_each    = "${{toset([for n in range({MANY}) : tostring(n)])}}"
name        = "${{env}}-many-${{each.key}}"
vpc_id      = "${{vpc.main.id}}"
ingress     = [{{ ip_protocol = "tcp", from_port = 443, referenced_security_group_id = "${{security_group.services.id}}" }}]
[log_group.many]
for_each          = "${{toset([for n in range({MANY}) : tostring(n)])}}"
name              = "/many/${{env}}/${{each.key}}"
retention_in_days = 14
[iam_role.many]
for_each                    = "${{toset([for n in range({MANY}) : tostring(n)])}}"
name                        = "${{env}}-many-${{each.key}}"
assume_role_policy_document = {{ Version = "2012-10-17", Statement = [{{ Effect = "Allow", Action = "sts:AssumeRole", Principal = {{ Service = "ec2.amazonaws.com" }} }}] }}
inline_policies             = {{ one = {{ Version = "2012-10-17", Statement = [{{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }}] }} }}
"#
    )
    .expect("text can be written");
    stage.stack("supporting-infrastructure", &(text + &outputs));
    stage.apply("supporting-infrastructure");
    let plan = stage.settled("supporting-infrastructure");
    assert_eq!(plan.0["summary"]["unchanged"], 44 + 3 * MANY);
    // Pages beyond the first of each listing: log groups 50 a page, tags and roles 100.
    let pages = |items: u64, size: u64| items.div_ceil(size) - 1;
    let forced = pages(MANY, 50) + pages(44 + 3 * MANY, 100) + pages(MANY, 100);
    println!(
        "with 600 more: {} calls, {forced} of them further pages {}",
        plan.api_calls(),
        plan.0["calls_by_operation"]
    );
    assert!(plan.api_calls() <= 40 + forced, "{}", plan.0["calls_by_operation"]);
}
