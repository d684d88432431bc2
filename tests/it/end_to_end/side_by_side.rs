//! Environments and regions beside each other in one account: each comes and goes alone.

use super::on_both;
use super::stage::{Ran, Stage};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Names that nothing but the region keeps apart are told by it.
const BASE: &str = r#"
[workspace]
description = "what others build on"
[vpc.main]
cidr_block = "10.70.0.0/16"
[iam_role.app]
name                        = "${env}-${region}-app"
assume_role_policy_document = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] }
[log_group.base]
name = "/base/${env}"
[outputs]
vpc_id = { value = "${vpc.main.id}" }
role   = { value = "${iam_role.app.name}" }
"#;

const APP: &str = r#"
[workspace]
description = "builds on it"
[subnet.a]
vpc_id            = "${base.outputs.vpc_id}"
cidr_block        = "10.70.1.0/24"
availability_zone = "${region}a"
[log_group.app]
name = "/app/${env}"
tags = { role = "${base.outputs.role}" }
"#;

const FIRST: &str = "eu-west-1";
const SECOND: &str = "eu-west-2";

/// Lists everything that carries tags of these environments, in both regions, as `kind name`, by
/// environment and region as the tags tell them.
const EVERYTHING: &str = r"
result = {}
def add(kind, name, tags):
    if not isinstance(tags, dict):
        tags = {t['Key']: t['Value'] for t in tags}
    if tags.get('infra:environment') in input['environments']:
        place = tags['infra:environment'] + ' ' + tags['infra:region']
        result.setdefault(place, []).append(kind + ' ' + name)
for region in input['regions']:
    ec2, logs = client('ec2', region), client('logs', region)
    for vpc in ec2.describe_vpcs()['Vpcs']:
        add('vpc', vpc['VpcId'], vpc.get('Tags', []))
    for subnet in ec2.describe_subnets()['Subnets']:
        add('subnet', subnet['SubnetId'], subnet.get('Tags', []))
    for group in logs.describe_log_groups()['logGroups']:
        arn = group.get('logGroupArn', group['arn'].removesuffix(':*'))
        tags = logs.list_tags_for_resource(resourceArn=arn)['tags']
        add('log_group', group['logGroupName'], tags)
for role in call('iam', 'list_roles', {})['Roles']:
    name = role['RoleName']
    add('iam_role', name, call('iam', 'list_role_tags', {'RoleName': name})['Tags'])
for place in result.values():
    place.sort()
";

/// Two environments of two regions each.
struct Bench<'a> {
    stage: &'a Stage,
    dev: String,
    uat: String,
}

impl<'a> Bench<'a> {
    fn new(stage: &'a Stage) -> Self {
        let named = |name: &str| format!("{}-{name}", stage.environment());
        let bench = Self { stage, dev: named("dev"), uat: named("uat") };
        for name in [&bench.dev, &bench.uat] {
            let file = format!("[environment]\nregions = [\"{FIRST}\", \"{SECOND}\"]\n");
            stage.write(&format!("environments/{name}.toml"), &file);
        }
        stage.stack("base", BASE);
        stage.stack("app", APP);
        bench
    }

    fn run(&self, environment: &str, arguments: &[&str]) -> Ran {
        self.stage.run_in(environment, arguments)
    }

    /// Everything of both environments, by environment and region.
    fn everything(&self) -> BTreeMap<String, Vec<String>> {
        let input = json!({ "environments": [self.dev, self.uat], "regions": [FIRST, SECOND] });
        let found = self.stage.python(EVERYTHING, input);
        serde_json::from_value(found).expect("a listing")
    }

    /// Insists that nothing differs in an environment, in these regions.
    #[track_caller]
    fn settled(&self, environment: &str, regions: &[&str]) {
        let regions: Vec<&str> = regions.iter().flat_map(|r| ["--region", r]).collect();
        let plan = ["plan", "--all", "--detailed-exitcode"];
        self.run(environment, &[&plan[..], &regions].concat()).exits(0);
    }
}

fn places(document: &Value) -> Vec<String> {
    let text = |w: &Value, key: &str| w[key].as_str().expect("a text").to_owned();
    let workspaces = document["workspaces"].as_array().expect("a list");
    let name = |w: &Value| {
        let name = w.get("name").or_else(|| w.get("workspace"));
        name.and_then(Value::as_str).expect("a name").to_owned()
    };
    workspaces.iter().map(|w| format!("{} {}", name(w), text(w, "region"))).collect()
}

fn each_comes_and_goes_alone(stage: &Stage) {
    let bench = Bench::new(stage);
    let (dev, uat) = (bench.dev.as_str(), bench.uat.as_str());
    let plan = bench.run(dev, &["plan", "--all", "--format", "json"]).exits(0).json();
    let all = ["base eu-west-1", "app eu-west-1", "base eu-west-2", "app eu-west-2"];
    assert_eq!(places(&plan), all);
    assert_eq!(plan["summary"]["create"], 10);
    assert!(bench.everything().is_empty(), "a plan writes nothing");

    // One run, one report; a saved plan holds both regions too.
    bench.run(dev, &["plan", "--all", "--out", "two.plan"]).exits(0);
    let ran = bench.run(dev, &["apply", "./two.plan"]).exits(0);
    assert!(ran.stdout.contains("Applied: 10 created"), "{}", ran.stdout);
    bench.run(uat, &["apply", "--all", "--yes"]).exits(0);
    let full = bench.everything();
    assert_eq!(full.len(), 4);
    assert!(full.values().all(|there| there.len() == 5), "{full:#?}");
    for environment in [dev, uat] {
        bench.settled(environment, &[]);
        bench.run(environment, &["drift", "--all"]).exits(0);
    }
    let outputs = bench.run(dev, &["outputs", "base", "--format", "json"]).exits(0).json();
    assert_eq!(places(&outputs), ["base eu-west-1", "base eu-west-2"]);
    bench.run(dev, &["outputs", "base", "role"]).exits(1);
    let role = bench.run(dev, &["outputs", "base", "role", "--region", SECOND]).exits(0);
    assert_eq!(role.stdout, format!("{dev}-{SECOND}-app\n"));

    // What others use stays, in each region.
    let ran = bench.run(dev, &["destroy", "base", "--yes", "--format", "json"]).exits(4);
    let problems = ran.problems();
    assert_eq!(problems.len(), 2, "{}", ran.stderr);
    for (problem, region) in problems.iter().zip([FIRST, SECOND]) {
        assert_eq!(problem["code"], "in_use");
        let notes = problem["notes"].to_string();
        assert!(
            notes.contains(&format!("log_group.app (/app/{dev}) uses iam_role.app")),
            "{notes}"
        );
        assert!(notes.contains("subnet.a (subnet-") && notes.contains("uses vpc.main"), "{notes}");
        assert!(notes.contains(region), "{notes}");
    }
    assert_eq!(bench.everything(), full, "nothing was changed");

    // One after the other goes; the rest stays as it is.
    let mut left = full;
    for (environment, region) in [(dev, SECOND), (uat, FIRST)] {
        bench.run(environment, &["destroy", "--all", "--yes", "--region", region]).exits(0);
        left.remove(&format!("{environment} {region}"));
        assert_eq!(bench.everything(), left);
    }
    bench.settled(dev, &[FIRST]);
    bench.settled(uat, &[SECOND]);
    // Half destroyed: nothing uses the base any more.
    let target = ["destroy", "app", "--yes", "--region", FIRST];
    bench.run(dev, &target).exits(0);
    bench.run(dev, &["destroy", "base", "--yes"]).exits(0);
    left.remove(&format!("{dev} {FIRST}"));
    assert_eq!(bench.everything(), left);
    bench.run(uat, &["destroy", "base", "app", "--yes"]).exits(0);
    assert!(bench.everything().is_empty());
    for environment in [dev, uat] {
        let found = bench.run(environment, &["inventory", "--format", "json"]).exits(0).json();
        assert_eq!(found["residue"], 0, "{found:#}");
    }
}

/// A name that counts in all regions, given in two of them.
fn global_names_are_told_before_anything_is_changed(stage: &Stage) {
    let bench = Bench::new(stage);
    let dev = bench.dev.as_str();
    stage.stack("base", &BASE.replace("${env}-${region}-app", "${env}-app"));
    for verb in [&["plan"][..], &["apply", "--yes"]] {
        let arguments = [verb, &["base", "--format", "json"]].concat();
        let ran = bench.run(dev, &arguments).exits(1);
        let problems = ran.problems();
        assert_eq!(problems.len(), 1, "{}", ran.stderr);
        let problem = &problems[0];
        assert_eq!((&problem["code"], &problem["line"]), (&json!("same_global_name"), &json!(7)));
        assert!(problem["file"].as_str().expect("a file").ends_with("base.toml"));
        assert!(problem["hint"].as_str().expect("a hint").contains("${region}"));
    }
    bench.run(dev, &["validate", "base"]).exits(1);
    assert!(bench.everything().is_empty());

    // In one region it is a name like any other; the other region then says whose it is.
    bench.run(dev, &["apply", "base", "--yes", "--region", FIRST]).exits(0);
    let there = bench.everything();
    let second = ["apply", "base", "--yes", "--region", SECOND, "--format", "json"];
    let ran = bench.run(dev, &second).exits(4);
    let problems = ran.problems();
    assert_eq!(problems.len(), 1, "{}", ran.stderr);
    assert_eq!(problems[0]["code"], "exists_not_ours");
    assert!(problems[0]["message"].as_str().expect("a text").contains("in region `eu-west-1`"));
    assert_eq!(bench.everything(), there);
    bench.run(dev, &["destroy", "--all", "--yes"]).exits(0);
    assert!(bench.everything().is_empty());
}

/// What goes wrong in one region hides nothing of the other.
fn regions_fail_alone(stage: &Stage) {
    let bench = Bench::new(stage);
    let dev = bench.dev.as_str();
    let account = "[environment]\nregions = [\"eu-west-1\", \"eu-west-2\"]\n";
    let file = format!("environments/{dev}.toml");
    stage.write(&file, &format!("{account}account_ids = [\"000000000000\"]\n"));
    let ran = bench.run(dev, &["plan", "base", "--format", "json"]).exits(1);
    let problems = ran.problems();
    assert_eq!(problems.len(), 1, "it is the same in both: {}", ran.stderr);
    assert_eq!(problems[0]["code"], "wrong_account");
    stage.write(&file, account);

    // A plan that cannot be made in one region is shown for the other, and not carried out.
    let taken = json!({ "name": format!("/base/{dev}"), "region": SECOND });
    let make = "client('logs', input['region']).create_log_group(logGroupName=input['name'])";
    stage.python(&format!("{make}\nresult = None"), taken.clone());
    let ran = bench.run(dev, &["plan", "base", "--format", "json"]).exits(4);
    assert_eq!(places(&ran.json()), ["base eu-west-1"]);
    assert_eq!(ran.problems()[0]["code"], "exists_not_ours");
    assert!(ran.problems()[0]["notes"].to_string().contains(SECOND), "{}", ran.stderr);
    let ran = bench.run(dev, &["apply", "base", "--yes"]).exits(4);
    assert!(ran.stderr.contains("Nothing is changed in any region"), "{}", ran.stderr);
    assert!(bench.everything().is_empty());
    let away = "client('logs', input['region']).delete_log_group(logGroupName=input['name'])";
    stage.python(&format!("{away}\nresult = None"), taken);

    if stage.is_moto() {
        return; // it takes zones of other regions
    }
    // A zone that the second region has not: the first is done all the same.
    stage.stack("app", &APP.replace("${region}a", "eu-west-1a"));
    let ran = bench.run(dev, &["apply", "--all", "--yes"]).exits(3);
    assert!(ran.stdout.contains("vpc_id"), "the outputs of the first: {}", ran.stdout);
    assert!(ran.stdout.contains("1 failed"), "{}", ran.stdout);
    let there = bench.everything();
    assert_eq!(there[&format!("{dev} {FIRST}")].len(), 5, "{there:#?}");
    assert_eq!(there[&format!("{dev} {SECOND}")].len(), 4, "{there:#?}");
    bench.settled(dev, &[FIRST]);
    stage.stack("app", APP);
    bench.run(dev, &["apply", "--all", "--yes"]).exits(0);
    bench.settled(dev, &[]);
    bench.run(dev, &["destroy", "--all", "--yes"]).exits(0);
    assert!(bench.everything().is_empty());
}

/// Each region is worked on with the role of the environment; one that may not be taken on stops the
/// run before anything is read.
#[test]
fn regions_are_entered_with_the_role_of_the_environment() {
    let stage = Stage::in_the_sandbox();
    let bench = Bench::new(&stage);
    let dev = bench.dev.as_str();
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Action": "sts:AssumeRole", "Principal": { "AWS": "123456789012" } }] });
    let role = json!({ "RoleName": "ci", "AssumeRolePolicyDocument": trust.to_string() });
    stage.call("iam", "create_role", role);
    let environment = |role: &str| {
        let arn = format!("arn:aws:iam::123456789012:role/{role}");
        let regions = format!("regions = [\"{FIRST}\", \"{SECOND}\"]");
        let guard = "account_ids = [\"123456789012\"]";
        let file = format!("[environment]\n{regions}\nrole_arn = \"{arn}\"\n{guard}\n");
        stage.write(&format!("environments/{dev}.toml"), &file);
    };
    environment("nobody");
    let ran = bench.run(dev, &["apply", "--all", "--yes", "--format", "json"]).exits(1);
    assert_eq!(ran.problems().len(), 1, "it is the same in both: {}", ran.stderr);
    assert!(ran.stderr.contains("nobody"), "{}", ran.stderr);
    assert!(bench.everything().is_empty());
    environment("ci");
    bench.run(dev, &["apply", "--all", "--yes"]).exits(0);
    assert_eq!(bench.everything().len(), 2);
    bench.run(dev, &["destroy", "--all", "--yes"]).exits(0);
    assert!(bench.everything().is_empty());
}

/// An output that is not there is one error, wherever the workspace of it is.
#[test]
fn outputs_that_do_not_exist_are_told_before_anything_is_changed() {
    let stage = Stage::in_the_sandbox();
    let bench = Bench::new(&stage);
    stage.stack("app", &APP.replace("outputs.role", "outputs.roles"));
    for workspaces in [&["--all"][..], &["app"], &["base", "app"]] {
        for verb in [&["plan"][..], &["apply", "--yes"]] {
            let ran = bench.run(&bench.dev, &[verb, workspaces, &["--format", "json"]].concat());
            let problems = ran.exits(1).problems();
            assert_eq!(problems.len(), 1, "{workspaces:?}: {problems:#?}");
            assert_eq!(problems[0]["code"], "unknown_output");
            assert_eq!(problems[0]["line"], 10);
            assert_eq!(problems[0]["hint"], "did you mean `role`?");
        }
    }
    assert!(bench.everything().is_empty());
}

on_both!(
    each_comes_and_goes_alone,
    global_names_are_told_before_anything_is_changed,
    regions_fail_alone,
);
