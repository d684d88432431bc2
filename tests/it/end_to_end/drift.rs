//! What others change behind our back shows as just that difference, and apply mends it.

use super::on_both;
use super::stage::Stage;
use serde_json::{Value, json};

const NETWORK: &str = "supporting-infrastructure";

/// One change behind our back, and the difference it must show.
struct Drift {
    what: &'static str,
    /// Python that may use `id(address)`.
    script: &'static str,
    address: &'static str,
    /// Path, before, after; where the values depend on ids, only some are given.
    fields: Vec<(&'static str, Value, Value)>,
}

fn drift(what: &'static str, script: &'static str, address: &'static str) -> Drift {
    Drift { what, script, address, fields: Vec::new() }
}

impl Drift {
    fn shows(mut self, path: &'static str, before: Value, after: Value) -> Self {
        self.fields.push((path, before, after));
        self
    }
}

/// Makes each change, insists on its difference and nothing else, and mends it.
fn meets(stage: &Stage, workspace: &str, drifts: Vec<Drift>) {
    for drift in drifts {
        let before = stage.settled(workspace);
        let ids: serde_json::Map<String, Value> = before.0["workspaces"][0]["changes"]
            .as_array()
            .expect("changes")
            .iter()
            .map(|c| (c["address"].as_str().expect("text").to_owned(), c["id"].clone()))
            .collect();
        let script = format!("id = input['ids'].get\nec2 = client('ec2')\n{}", drift.script);
        stage.python(&script, json!({ "ids": ids, "environment": stage.environment() }));

        let plan = stage.plan(&[workspace]);
        let mut paths: Vec<&str> = drift.fields.iter().map(|(path, ..)| *path).collect();
        paths.sort_unstable();
        paths.dedup();
        let expected = [format!("update {}: {}", drift.address, paths.join(" "))];
        assert_eq!(plan.changes(), expected, "{}", drift.what);
        let wanted: Vec<_> = drift
            .fields
            .into_iter()
            .map(|(path, before, after)| (path.to_owned(), before, after))
            .collect();
        assert_eq!(plan.fields(drift.address), wanted, "{}", drift.what);
        let code = stage.run(&["plan", workspace, "--detailed-exitcode"]).code;
        assert_eq!(code, 2, "{}", drift.what);

        stage.apply(workspace);
        stage.settled(workspace);
        println!("{}: shown and mended", drift.what);
    }
}

fn network_drifts(environment: &str) -> Vec<Drift> {
    let name = |rest: &str| json!(format!("{environment}-{rest}"));
    let none = || Value::Null;
    vec![
        drift(
            "a rule added",
            "ec2.authorize_security_group_ingress(GroupId=id('security_group.services'),
    IpPermissions=[{'IpProtocol': 'tcp', 'FromPort': 22, 'ToPort': 22,
        'IpRanges': [{'CidrIp': '198.51.100.0/24', 'Description': 'by hand'}]}])",
            "security_group.services",
        )
        .shows(
            "ingress",
            json!({ "ip_protocol": "tcp", "from_port": 22, "to_port": 22,
                "cidr_ipv4": "198.51.100.0/24", "description": "by hand" }),
            none(),
        ),
        drift(
            "a rule removed",
            "ec2.revoke_security_group_ingress(GroupId=id('security_group.load_balancer'),
    IpPermissions=[{'IpProtocol': 'tcp', 'FromPort': 80, 'ToPort': 80,
        'Ipv6Ranges': [{'CidrIpv6': '::/0'}]}])",
            "security_group.load_balancer",
        )
        .shows(
            "ingress",
            none(),
            json!({ "ip_protocol": "tcp", "from_port": 80, "to_port": 80,
                "cidr_ipv6": "::/0", "description": "HTTP, to be redirected" }),
        ),
        drift(
            "AWS's own rule that lets everything out",
            "ec2.authorize_security_group_egress(GroupId=id('security_group.endpoints'),
    IpPermissions=[{'IpProtocol': '-1', 'IpRanges': [{'CidrIp': '0.0.0.0/0'}]}])",
            "security_group.endpoints",
        )
        .shows("egress", json!({ "ip_protocol": "-1", "cidr_ipv4": "0.0.0.0/0" }), none()),
        drift(
            "a route added",
            "ec2.create_route(RouteTableId=id('route_table.private[\"eu-west-1b\"]'),
    DestinationCidrBlock='203.0.113.0/24', GatewayId=id('internet_gateway.main'))",
            "route_table.private[\"eu-west-1b\"]",
        ), // its value holds an id: filled in below
        drift(
            "a user's tag removed",
            "ec2.delete_tags(Resources=[id('vpc.main')], Tags=[{'Key': 'Name'}])",
            "vpc.main",
        )
        .shows("tags.Name", none(), name("vpc")),
        drift(
            "a user's tag changed",
            "ec2.create_tags(Resources=[id('internet_gateway.main')],
    Tags=[{'Key': 'Name', 'Value': 'mine'}, {'Key': 'Owner', 'Value': 'another'}])",
            "internet_gateway.main",
        )
        .shows("tags.Name", json!("mine"), name("internet-gateway")),
        drift(
            "a subnet attribute switched off",
            "ec2.modify_subnet_attribute(SubnetId=id('subnet.public[\"eu-west-1a\"]'),
    MapPublicIpOnLaunch={'Value': False})",
            "subnet.public[\"eu-west-1a\"]",
        )
        .shows("map_public_ip_on_launch", json!(false), json!(true)),
        drift(
            "a subnet attribute switched on",
            "ec2.modify_subnet_attribute(SubnetId=id('subnet.private[\"eu-west-1c\"]'),
    MapPublicIpOnLaunch={'Value': True})",
            "subnet.private[\"eu-west-1c\"]",
        )
        .shows("map_public_ip_on_launch", json!(true), json!(false)),
        drift(
            "a VPC attribute",
            "ec2.modify_vpc_attribute(VpcId=id('vpc.main'), EnableDnsHostnames={'Value': False})",
            "vpc.main",
        )
        .shows("enable_dns_hostnames", json!(false), json!(true)),
        drift(
            "tags of images that may be moved",
            "client('ecr').put_image_tag_mutability(imageTagMutability='MUTABLE',
    repositoryName=id('ecr_repository.service[\"order-api\"]'))",
            "ecr_repository.service[\"order-api\"]",
        )
        .shows("image_tag_mutability", json!("MUTABLE"), json!("IMMUTABLE")),
    ]
}

/// Issue: with `-e dev`, apply, no difference, drift and its repair, destroy, nothing left.
fn supporting_infrastructure(stage: &Stage) {
    let applied = stage.apply(NETWORK);
    assert!(applied.stdout.contains("vpc_id"), "outputs are shown: {}", applied.stdout);
    let plan = stage.settled(NETWORK);
    assert_eq!(plan.0["summary"]["unchanged"], 28);
    assert_eq!(stage.owned().len(), 28);

    let gateway = plan.id("internet_gateway.main");
    let mut drifts = network_drifts(stage.environment());
    let added = drifts.iter_mut().find(|d| d.what == "a route added").expect("it is there");
    added.fields.push((
        "routes",
        json!({ "destination_cidr_block": "203.0.113.0/24", "gateway_id": gateway }),
        Value::Null,
    ));
    drifts.push(
        drift(
            "a route removed",
            "ec2.delete_route(RouteTableId=id('route_table.public'),
    DestinationIpv6CidrBlock='::/0')",
            "route_table.public",
        )
        .shows(
            "routes",
            Value::Null,
            json!({ "destination_ipv6_cidr_block": "::/0", "gateway_id": gateway }),
        ),
    );
    drifts.push(
        drift(
            "the way out of a zone removed",
            "ec2.delete_route(RouteTableId=id('route_table.private[\"eu-west-1b\"]'),
    DestinationCidrBlock='0.0.0.0/0')",
            "route_table.private[\"eu-west-1b\"]",
        )
        .shows(
            "routes",
            Value::Null,
            json!({ "destination_cidr_block": "0.0.0.0/0",
                "nat_gateway_id": plan.id("nat_gateway.main[\"eu-west-1a\"]") }),
        ),
    );
    let subnet = plan.id("subnet.public[\"eu-west-1b\"]");
    drifts.push(
        drift(
            "a subnet taken from its route table",
            "table = ec2.describe_route_tables(RouteTableIds=[id('route_table.public')])
subnet = id('subnet.public[\"eu-west-1b\"]')
for association in table['RouteTables'][0]['Associations']:
    if association.get('SubnetId') == subnet:
        ec2.disassociate_route_table(AssociationId=association['RouteTableAssociationId'])",
            "route_table.public",
        )
        .shows("subnet_ids", Value::Null, json!(subnet)),
    );
    meets(stage, NETWORK, drifts);

    // A tag of somebody else is no difference.
    stage.tag(&plan.id("vpc.main"), "Owner", "another");
    stage.settled(NETWORK);

    stage.run(&["destroy", NETWORK, "--yes"]).exits(0);
    assert_eq!(stage.owned(), Vec::<String>::new());
    stage.run(&["destroy", NETWORK, "--yes"]).exits(0);
}

mod the_network {
    use super::super::stage::Stage;

    #[test]
    fn in_the_sandbox() {
        super::supporting_infrastructure(&Stage::of_real_stacks("dev").without_the_cluster());
    }

    #[test]
    fn on_moto() {
        let stage = Stage::of_real_stacks_on_moto("dev");
        super::supporting_infrastructure(&stage.without_the_cluster());
    }
}

/// Roles and log groups of several kinds.
const KINDS: &str = r#"
[workspace]
description = "roles and log groups"

[locals]
trust = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ecs-tasks.amazonaws.com" } }] })}'

[iam_role.plain]
name                        = "${env}-plain"
assume_role_policy_document = "${local.trust}"

[iam_role.full]
name                        = "${env}-full"
path                        = "/infra/e2e/${env}/"
description                 = "all that a role can have"
max_session_duration        = 7200
permissions_boundary        = "arn:aws:iam::aws:policy/PowerUserAccess"
assume_role_policy_document = { Version = "2012-10-17", Statement = [{ Sid = "tasks", Effect = "Allow", Action = ["sts:AssumeRole"], Principal = { Service = ["ecs-tasks.amazonaws.com"] } }] }
managed_policy_arns         = ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"]
tags                        = { Team = "orders" }

[iam_role.full.inline_policies]
table = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["dynamodb:GetItem", "dynamodb:PutItem"], Resource = "arn:${partition}:dynamodb:${region}:${account_id}:table/orders" }] }
logs  = '${jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "logs:PutLogEvents", Resource = "*" }] })}'

[iam_role.bare]
name                        = "${env}-bare"
assume_role_policy_document = "${local.trust}"
inline_policies             = {}
managed_policy_arns         = []

[log_group.plain]
name = "/e2e/${env}/plain"

[log_group.kept]
name              = "/e2e/${env}/kept"
retention_in_days = 14
tags              = { Team = "orders" }

[log_group.for_ever]
name              = "/e2e/${env}/for-ever"
retention_in_days = 0

[log_group.rare]
name            = "/e2e/${env}/rare"
log_group_class = "INFREQUENT_ACCESS"

[log_group.each]
for_each          = { api = 7, worker = 30 }
name              = "/e2e/${env}/each/${each.key}"
retention_in_days = "${each.value}"

[outputs]
role_arn = { value = "${iam_role.full.arn}", description = "the role" }
"#;

fn roles_and_log_groups(stage: &Stage) {
    // moto knows no classes of log groups: each reads back as STANDARD.
    let class = "log_group_class = \"INFREQUENT_ACCESS\"";
    assert!(KINDS.contains(class));
    let text = if stage.is_moto() { KINDS.replace(class, "") } else { KINDS.to_owned() };
    stage.stack("kinds", &text);
    stage.apply("kinds");
    assert_eq!(stage.settled("kinds").0["summary"]["unchanged"], 9);
    let none = || Value::Null;
    // A policy is one value: its canonical text.
    let policy = |policy: Value| json!(policy.to_string());
    let trust = |service: &str| {
        policy(json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
            "Action": "sts:AssumeRole", "Principal": { "Service": service } }] }))
    };
    let retention = |script, address, before: i32, after: i32| {
        drift("retention", script, address).shows("retention_in_days", json!(before), json!(after))
    };
    let read_only = json!("arn:aws:iam::aws:policy/ReadOnlyAccess");
    let drifts = vec![
        retention(
            "client('logs').put_retention_policy(logGroupName=id('log_group.kept'),
    retentionInDays=30)",
            "log_group.kept",
            30,
            14,
        ),
        retention(
            "client('logs').delete_retention_policy(logGroupName=id('log_group.each[\"api\"]'))",
            "log_group.each[\"api\"]",
            0,
            7,
        ),
        retention(
            "client('logs').put_retention_policy(logGroupName=id('log_group.for_ever'),
    retentionInDays=1)",
            "log_group.for_ever",
            1,
            0,
        ),
        drift(
            "a log group's tag removed",
            "client('logs').untag_log_group(logGroupName=id('log_group.kept'), tags=['Team'])",
            "log_group.kept",
        )
        .shows("tags.Team", none(), json!("orders")),
        drift(
            "a role's tag removed",
            "client('iam').untag_role(RoleName=id('iam_role.full'), TagKeys=['Team'])",
            "iam_role.full",
        )
        .shows("tags.Team", none(), json!("orders")),
        drift(
            "a role's trust",
            "import json
client('iam').update_assume_role_policy(RoleName=id('iam_role.plain'),
    PolicyDocument=json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow',
        'Action': 'sts:AssumeRole', 'Principal': {'Service': 'ec2.amazonaws.com'}}]}))",
            "iam_role.plain",
        )
        .shows(
            "assume_role_policy_document",
            trust("ec2.amazonaws.com"),
            trust("ecs-tasks.amazonaws.com"),
        ),
        drift(
            "an inline policy added",
            "import json
client('iam').put_role_policy(RoleName=id('iam_role.bare'), PolicyName='extra',
    PolicyDocument=json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow',
        'Action': 's3:*', 'Resource': '*'}]}))",
            "iam_role.bare",
        )
        .shows(
            "inline_policies.extra",
            policy(json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
                "Action": "s3:*", "Resource": "*" }] })),
            none(),
        ),
        drift(
            "an inline policy removed",
            "client('iam').delete_role_policy(RoleName=id('iam_role.full'), PolicyName='logs')",
            "iam_role.full",
        )
        .shows(
            "inline_policies.logs",
            none(),
            policy(json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
                "Action": "logs:PutLogEvents", "Resource": "*" }] })),
        ),
        drift(
            "a managed policy attached",
            "client('iam').attach_role_policy(RoleName=id('iam_role.bare'),
    PolicyArn='arn:aws:iam::aws:policy/job-function/SupportUser')",
            "iam_role.bare",
        )
        .shows(
            "managed_policy_arns",
            json!("arn:aws:iam::aws:policy/job-function/SupportUser"),
            none(),
        ),
        drift(
            "a managed policy detached",
            "client('iam').detach_role_policy(RoleName=id('iam_role.full'),
    PolicyArn='arn:aws:iam::aws:policy/ReadOnlyAccess')",
            "iam_role.full",
        )
        .shows("managed_policy_arns", none(), read_only),
        drift(
            "a role's session and description",
            "client('iam').update_role(RoleName=id('iam_role.full'), Description='other',
    MaxSessionDuration=3600)",
            "iam_role.full",
        )
        .shows("description", json!("other"), json!("all that a role can have"))
        .shows("max_session_duration", json!(3600), json!(7200)),
        drift(
            "a role's boundary",
            "client('iam').delete_role_permissions_boundary(RoleName=id('iam_role.full'))",
            "iam_role.full",
        )
        .shows(
            "permissions_boundary",
            none(),
            json!("arn:aws:iam::aws:policy/PowerUserAccess"),
        ),
    ];
    meets(stage, "kinds", drifts);

    // What was not given is nobody's business.
    let name = stage.settled("kinds").id("iam_role.plain");
    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    stage.call("iam", "attach_role_policy", json!({ "RoleName": name, "PolicyArn": arn }));
    stage.settled("kinds");
    stage.destroy_all();
}

/// What somebody deleted is made again, and what hung on it is put back.
fn deleted_behind_our_back(stage: &Stage) {
    stage.stack(
        "gone",
        r#"
[workspace]
description = "to be deleted by others"
[vpc.main]
cidr_block = "10.31.0.0/16"
[subnet.main]
for_each          = { a = 0, b = 1 }
vpc_id            = "${vpc.main.id}"
availability_zone = "${region}${each.key}"
cidr_block        = "${cidrsubnet(vpc.main.cidr_block, 8, each.value)}"
[route_table.main]
vpc_id     = "${vpc.main.id}"
subnet_ids = "${values(subnet.main)[*].id}"
[log_group.main]
name = "/e2e/${env}/gone"
"#,
    );
    stage.apply("gone");
    let plan = stage.settled("gone");
    let (a, table) = (plan.id("subnet.main[\"a\"]"), plan.id("route_table.main"));
    stage.python(
        "ec2 = client('ec2')
table = ec2.describe_route_tables(RouteTableIds=[input['table']])['RouteTables'][0]
for association in table['Associations']:
    if association.get('SubnetId') == input['subnet']:
        ec2.disassociate_route_table(AssociationId=association['RouteTableAssociationId'])
ec2.delete_subnet(SubnetId=input['subnet'])
client('logs').delete_log_group(logGroupName=input['group'])",
        json!({ "subnet": a, "table": table, "group": plan.id("log_group.main") }),
    );
    let expected = [
        "create log_group.main",
        "update route_table.main: subnet_ids",
        "create subnet.main[\"a\"]",
    ];
    stage.changes("gone", &expected);
    stage.destroy_all();
}

on_both!(roles_and_log_groups, deleted_behind_our_back);
