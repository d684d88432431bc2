//! Launch templates, Auto Scaling groups and their instances.

use super::on_both;
use super::stage::Stage;
use serde_json::{Value, json};

on_both!(templates, groups);

/// An image: AWS's names of those for clusters; moto has others.
fn image(stage: &Stage) -> &'static str {
    if stage.is_moto() {
        "owners = [\"amazon\"]\nname = \"amzn-ami-hvm-*\"\narchitecture = \"x86_64\"\n"
    } else {
        "owners = [\"amazon\"]\nname = \"al2023-ami-ecs-hvm-*\"\narchitecture = \"x86_64\"\n"
    }
}

fn template(stage: &Stage, kind: &str, more: &str) -> String {
    format!(
        r#"
[data.image.host]
most_recent = true
{image}
[launch_template.host]
name = "${{env}}-host"
tags = {{ team = "shop" }}

[launch_template.host.launch_template_data]
image_id         = "${{data.image.host.id}}"
instance_type    = "{kind}"
metadata_options = {{ http_tokens = "required", http_put_response_hop_limit = 1 }}
{more}
"#,
        image = image(stage)
    )
}

fn versions(stage: &Stage) -> Vec<Value> {
    let name = format!("{}-host", stage.environment());
    let input = json!({ "LaunchTemplateName": name });
    let found = stage.call("ec2", "describe_launch_template_versions", input);
    let mut all = found["LaunchTemplateVersions"].as_array().expect("a list").clone();
    all.sort_by_key(|version| version["VersionNumber"].as_i64());
    all
}

fn templates(stage: &Stage) {
    let script = "user_data = \"\"\"\n#!/bin/bash\necho ECS_CLUSTER=${env}-main\n\"\"\"\n";
    stage.stack("hosts", &template(stage, "t3.small", script));
    stage.apply("hosts");
    stage.settled("hosts");
    let first = &versions(stage)[0]["LaunchTemplateData"];
    let words = stage.python(
        "import base64\nresult = base64.b64decode(input).decode()",
        first["UserData"].clone(),
    );
    let cluster = format!("#!/bin/bash\necho ECS_CLUSTER={}-main\n", stage.environment());
    assert_eq!(words, json!(cluster));
    assert_eq!(first["MetadataOptions"]["HttpTokens"], "required");
    let kinds = first["TagSpecifications"].as_array().expect("a list").iter();
    let kinds: Vec<_> = kinds.map(|one| one["ResourceType"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["instance", "network-interface", "volume"]);

    // What is left out is said no more.
    stage.stack("hosts", &template(stage, "t3.medium", "ebs_optimized = true\n"));
    let expected = "update launch_template.host: launch_template_data.ebs_optimized \
                    launch_template_data.instance_type launch_template_data.user_data";
    stage.changes("hosts", &[expected]);
    let all = versions(stage);
    assert_eq!(all.len(), 2);
    assert_eq!(all[1]["DefaultVersion"], true);
    assert_eq!(all[1]["LaunchTemplateData"].get("UserData"), None);

    // Somebody else's default goes back, without another version.
    let name = format!("{}-host", stage.environment());
    let other = json!({ "LaunchTemplateName": name, "DefaultVersion": "1" });
    stage.call("ec2", "modify_launch_template", other);
    stage.changes("hosts", &["update launch_template.host: default_version"]);
    assert_eq!(versions(stage).len(), 2);
    stage.destroy_all();
}

const NETWORK: &str = r#"
[vpc.main]
cidr_block = "10.61.0.0/16"

[subnet.all]
for_each          = { a = 0, b = 1 }
vpc_id            = "${vpc.main.id}"
availability_zone = "${region}${each.key}"
cidr_block        = "${cidrsubnet(vpc.main.cidr_block, 8, each.value)}"
"#;

/// A group of two over two subnets.
fn stack(stage: &Stage, kind: &str, more: &str) -> String {
    format!(
        r#"{NETWORK}{template}
[autoscaling_group.main]
name                = "${{env}}-main"
launch_template     = {{ launch_template_id = "${{launch_template.host.id}}", version = "${{launch_template.host.latest_version}}" }}
vpc_zone_identifier = "${{[for s in subnet.all : s.id]}}"
min_size            = 1
instance_refresh    = {{ min_healthy_percentage = 50 }}
{more}
"#,
        template = template(stage, kind, "")
    )
}

fn group(stage: &Stage) -> Value {
    let names = json!({ "AutoScalingGroupNames": [format!("{}-main", stage.environment())] });
    let found = stage.call("autoscaling", "describe_auto_scaling_groups", names);
    found["AutoScalingGroups"][0].clone()
}

fn instances(stage: &Stage) -> Vec<Value> {
    group(stage)["Instances"].as_array().expect("a list").clone()
}

fn groups(stage: &Stage) {
    let protected = "new_instances_protected_from_scale_in = true\n";
    let sizes = |most: u32, desired: u32| {
        format!("max_size = {most}\ndesired_capacity = {desired}\n{protected}")
    };
    stage.stack("hosts", &stack(stage, "t3.small", &sizes(3, 2)));
    stage.apply("hosts");
    stage.settled("hosts");
    let first = instances(stage);
    assert_eq!(first.len(), 2);
    let ids: Vec<&Value> = first.iter().map(|one| &one["InstanceId"]).collect();
    let found = stage.call("ec2", "describe_instances", json!({ "InstanceIds": ids }));
    let tags = found["Reservations"][0]["Instances"][0]["Tags"].as_array().expect("a list").clone();
    // On moto those of the template win over those of the group.
    let whose = if stage.is_moto() { "launch_template.host" } else { "autoscaling_group.main" };
    let ours = json!({ "Key": "infra:resource", "Value": whose });
    assert!(tags.contains(&ours), "{tags:?}");

    // Capacity, and settings that have values to go back to.
    let more = format!("{}health_check_grace_period = 30\n", sizes(4, 3));
    stage.stack("hosts", &stack(stage, "t3.small", &more));
    let expected = "update autoscaling_group.main: desired_capacity health_check_grace_period \
                    max_size";
    stage.changes("hosts", &[expected]);
    assert_eq!(instances(stage).len(), 3);

    // What ECS adds for a capacity provider is left alone, and the capacity is its own then.
    let name = format!("{}-main", stage.environment());
    let tag = json!({ "ResourceId": name, "ResourceType": "auto-scaling-group",
                      "Key": "AmazonECSManaged", "Value": "", "PropagateAtLaunch": true });
    stage.call("autoscaling", "create_or_update_tags", json!({ "Tags": [tag] }));
    let one = json!({ "AutoScalingGroupName": name, "DesiredCapacity": 2 });
    stage.call("autoscaling", "set_desired_capacity", one);
    let plan = stage.settled("hosts");
    let left = &plan.change("autoscaling_group.main")["left"];
    assert_eq!(left[0]["path"], "desired_capacity", "{left}");

    // moto knows no instance refreshes.
    if !stage.is_moto() {
        stage.stack("hosts", &stack(stage, "t3.medium", &more));
        let before: Vec<Value> = instances(stage).iter().map(|i| i["InstanceId"].clone()).collect();
        let expected = [
            "update autoscaling_group.main: launch_template.version",
            "update launch_template.host: launch_template_data.instance_type",
        ];
        stage.changes("hosts", &expected);
        let after = instances(stage);
        assert!(after.iter().all(|one| !before.contains(&one["InstanceId"])), "{after:?}");
        assert!(after.iter().all(|one| one["InstanceType"] == "t3.medium"), "{after:?}");
    }
    stage.destroy_all();
}
