//! Every field that AWS can change in place is changed in place, there and back.

use super::on_both;
use super::stage::Stage;

/// Applies one text, then the other, then the first again; the changes in between must be these.
fn there_and_back(stage: &Stage, first: &str, second: &str, expected: &[&str]) {
    stage.stack("fields", first);
    stage.apply("fields");
    let before = stage.settled("fields");
    stage.stack("fields", second);
    stage.changes("fields", expected);
    stage.stack("fields", first);
    stage.changes("fields", expected);
    let after = stage.settled("fields");
    for change in before.0["workspaces"][0]["changes"].as_array().expect("changes") {
        let address = change["address"].as_str().expect("text");
        assert_eq!(before.id(address), after.id(address), "{address} is the same object");
    }
    stage.destroy_all();
}

fn network_fields(stage: &Stage) {
    // moto forgets these: it has no such attributes of a subnet (ModifySubnetAttribute knows only
    // MapPublicIpOnLaunch and AssignIpv6AddressOnCreation) and none of usage metrics.
    let beyond_moto = !stage.is_moto();
    let only = |text: &'static str| if beyond_moto { text } else { "" };
    let text = |on: bool| {
        let (cidr, port, routes, associated) = if on {
            ("::/0", 8443, "", "b")
        } else {
            (
                "::/0",
                443,
                "{ destination_cidr_block = \"198.51.100.0/24\", gateway_id = \"${internet_gateway.main.id}\" },",
                "a",
            )
        };
        let hostname = if on { "resource-name" } else { "ip-name" };
        let range = if on { 1 } else { 2 };
        let more = if beyond_moto {
            format!(
                "enable_dns64 = {on}\nprivate_dns_hostname_type_on_launch = \"{hostname}\"\nenable_resource_name_dns_a_record_on_launch = {on}\nenable_resource_name_dns_aaaa_record_on_launch = {on}"
            )
        } else {
            String::new()
        };
        let metrics = if beyond_moto {
            format!("enable_network_address_usage_metrics = {on}")
        } else {
            String::new()
        };
        format!(
            r#"
[workspace]
description = "network fields"
[vpc.main]
cidr_block                       = "10.36.0.0/16"
assign_generated_ipv6_cidr_block = true
enable_dns_support               = true
enable_dns_hostnames             = {on}
{metrics}
tags                             = {{ Name = "{on}" }}
[vpc.names]
cidr_block         = "10.37.0.0/16"
enable_dns_support = {on}
[subnet.a]
vpc_id                          = "${{vpc.main.id}}"
availability_zone               = "${{region}}a"
cidr_block                      = "10.36.1.0/24"
ipv6_cidr_block                 = "${{cidrsubnet(vpc.main.ipv6_cidr_block, 8, {range})}}"
map_public_ip_on_launch         = {on}
assign_ipv6_address_on_creation = {on}
{more}
[subnet.b]
vpc_id            = "${{vpc.main.id}}"
availability_zone = "${{region}}b"
cidr_block        = "10.36.2.0/24"
tags              = {{ Name = "{on}" }}
[internet_gateway.main]
vpc_id = "${{vpc.main.id}}"
tags   = {{ Name = "{on}" }}
[route_table.main]
vpc_id     = "${{vpc.main.id}}"
subnet_ids = ["${{subnet.{associated}.id}}"]
routes     = [{routes} {{ destination_ipv6_cidr_block = "{cidr}", gateway_id = "${{internet_gateway.main.id}}" }}]
[security_group.main]
name    = "${{env}}-main"
vpc_id  = "${{vpc.main.id}}"
ingress = [
  {{ ip_protocol = "tcp", from_port = {port}, cidr_ipv4 = ["10.0.0.0/8", "192.168.0.0/16"], description = "ports" }},
  {{ ip_protocol = "udp", from_port = 53, to_port = 53, cidr_ipv4 = "10.0.0.0/8", description = "described {on}" }},
  {{ ip_protocol = "icmp", from_port = -1, to_port = -1, cidr_ipv4 = "10.0.0.0/8" }},
]
egress  = [{{ ip_protocol = "tcp", from_port = {port}, self = true }}]
"#
        )
    };
    let vpc = format!(
        "update vpc.main: enable_dns_hostnames {}tags.Name",
        only("enable_network_address_usage_metrics ")
    );
    let subnet = if beyond_moto {
        "update subnet.a: assign_ipv6_address_on_creation enable_dns64 enable_resource_name_dns_a_record_on_launch enable_resource_name_dns_aaaa_record_on_launch ipv6_cidr_block map_public_ip_on_launch private_dns_hostname_type_on_launch"
    } else {
        "update subnet.a: assign_ipv6_address_on_creation ipv6_cidr_block map_public_ip_on_launch"
    };
    let expected = [
        "update internet_gateway.main: tags.Name",
        "update route_table.main: routes subnet_ids",
        "update security_group.main: egress ingress",
        subnet,
        "update subnet.b: tags.Name",
        &vpc,
        "update vpc.names: enable_dns_support",
    ];
    there_and_back(stage, &text(false), &text(true), &expected);
}

fn role_and_log_group_fields(stage: &Stage) {
    let text = |on: bool| {
        let (service, policy, days, session) = if on {
            ("ec2", "ReadOnlyAccess", 30, 7200)
        } else {
            ("ecs-tasks", "PowerUserAccess", 0, 3600)
        };
        // moto has no deletion protection of log groups.
        let protection = if stage.is_moto() {
            String::new()
        } else {
            format!("deletion_protection_enabled = {on}")
        };
        format!(
            r#"
[workspace]
description = "fields of roles and log groups"
[iam_role.main]
name                        = "${{env}}-main"
description                 = "described {on}"
max_session_duration        = {session}
permissions_boundary        = "arn:aws:iam::aws:policy/{policy}"
assume_role_policy_document = {{ Version = "2012-10-17", Statement = [{{ Effect = "Allow", Action = "sts:AssumeRole", Principal = {{ Service = "{service}.amazonaws.com" }} }}] }}
managed_policy_arns         = ["arn:aws:iam::aws:policy/{policy}", "arn:aws:iam::aws:policy/AmazonSQSFullAccess"]
tags                        = {{ Name = "{on}" }}
[iam_role.main.inline_policies]
stays  = {{ Version = "2012-10-17", Statement = [{{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }}] }}
"{on}" = {{ Version = "2012-10-17", Statement = [{{ Effect = "Allow", Action = "s3:*", Resource = "*" }}] }}
varies = {{ Version = "2012-10-17", Statement = [{{ Effect = "Allow", Action = "s3:*", Resource = "arn:aws:s3:::{policy}/*" }}] }}
[log_group.main]
name              = "/e2e/${{env}}/main"
retention_in_days = {days}
{protection}
tags              = {{ Name = "{on}" }}
"#
        )
    };
    let group = if stage.is_moto() {
        "update log_group.main: retention_in_days tags.Name"
    } else {
        "update log_group.main: deletion_protection_enabled retention_in_days tags.Name"
    };
    let expected = [
        "update iam_role.main: assume_role_policy_document description inline_policies.false inline_policies.true inline_policies.varies managed_policy_arns max_session_duration permissions_boundary tags.Name",
        group,
    ];
    there_and_back(stage, &text(false), &text(true), &expected);
}

fn instance_profile_fields(stage: &Stage) {
    let text = |on: bool| {
        let trust = r#"{ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] }"#;
        format!(
            r#"
[workspace]
description = "fields of instance profiles"
[iam_role.host]
for_each                    = {{ false = 0, true = 1 }}
name                        = "${{env}}-host-${{each.key}}"
assume_role_policy_document = {trust}
[iam_instance_profile.host]
name      = "${{env}}-host"
path      = "/e2e/"
role_name = '${{iam_role.host["{on}"].id}}'
tags      = {{ Name = "{on}" }}
"#
        )
    };
    let expected = ["update iam_instance_profile.host: role_name tags.Name"];
    there_and_back(stage, &text(false), &text(true), &expected);
}

on_both!(network_fields, role_and_log_group_fields, instance_profile_fields);
