//! Plans made by hand: every symbol and every way a field changes.

use crate::aws::Scope;
use crate::engine::plan::{
    Action, After, Blocked, Change, FieldChange, Mode, OutputChange, Plan, Reason, WorkspacePlan,
};
use crate::engine::resource::ReplaceOrder;
use crate::stack::Address;
use serde_json::{Value as Json, json};

pub(crate) fn change(address: &str, action: Action, reason: Reason) -> Change {
    Change { action, reason: Some(reason), ..Change::none(Address::parse(address).unwrap()) }
}

pub(crate) fn field(path: &str, before: Json, after: Json) -> FieldChange {
    FieldChange {
        path: path.into(),
        before,
        after: After::Known(after),
        sensitive: false,
        forces_replacement: false,
        late: false,
    }
}

pub(crate) fn unknown(path: &str, before: Json, refs: &[&str]) -> FieldChange {
    let refs = refs.iter().map(|r| (*r).to_owned()).collect();
    FieldChange { after: After::Unknown(refs), ..field(path, before, Json::Null) }
}

pub(crate) fn forcing(field: FieldChange) -> FieldChange {
    FieldChange { forces_replacement: true, ..field }
}

fn placeholder(reference: &str) -> String {
    crate::stack::value::unknown_placeholder(&[reference.to_owned()].into())
}

fn with(mut change: Change, id: &str, fields: Vec<FieldChange>) -> Change {
    change.id = (!id.is_empty()).then(|| id.to_owned());
    change.fields = fields;
    change
}

pub(crate) fn plan(workspaces: Vec<WorkspacePlan>) -> Plan {
    Plan {
        mode: Mode::Apply,
        scope: Scope {
            project: "shop".into(),
            environment: "dev".into(),
            region: "eu-west-1".into(),
        },
        account_id: "123456789012".into(),
        workspaces,
        nodes: Vec::new(),
        warnings: Vec::new(),
        api_calls: 14,
        calls_by_operation: [
            ("ec2.DescribeVpcs".to_owned(), 1),
            ("ec2.DescribeSubnets".to_owned(), 2),
            ("iam.GetAccountAuthorizationDetails".to_owned(), 11),
        ]
        .into(),
    }
}

pub(crate) fn workspace(name: &str, changes: Vec<Change>) -> WorkspacePlan {
    WorkspacePlan { name: name.into(), changes, outputs: Vec::new() }
}

pub(crate) fn unchanged(address: &str, id: &str) -> Change {
    let mut change = change(address, Action::None, Reason::Changed);
    change.reason = None;
    with(change, id, Vec::new())
}

fn rule(description: &str, port: u16, cidr: &str) -> Json {
    json!({
        "cidr_ipv4": cidr, "description": description, "from_port": port, "to_port": port,
        "ip_protocol": "tcp",
    })
}

fn policy(actions: &[&str]) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "ReadTheTable", "Effect": "Allow", "Action": actions,
            "Resource": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders",
        }],
    })
    .to_string()
}

/// Creations with every kind of value.
pub(crate) fn creations() -> Vec<Change> {
    let create = |address| change(address, Action::Create, Reason::Missing);
    vec![
        with(
            create("log_group.app"),
            "",
            vec![
                field("name", Json::Null, json!("/ecs/eu-west-1/dev/order-api")),
                field("retention_in_days", Json::Null, json!(14)),
                field("tags.infra:project", Json::Null, json!("shop")),
                field("tags.infra:resource", Json::Null, json!("log_group.app")),
            ],
        ),
        with(
            create("subnet.public[\"a\"]"),
            "",
            vec![
                unknown("vpc_id", Json::Null, &["vpc.main.id"]),
                field("cidr_block", Json::Null, json!("10.124.0.0/23")),
                field("availability_zone", Json::Null, json!("eu-west-1a")),
                field("map_public_ip_on_launch", Json::Null, json!(true)),
                field(
                    "tags",
                    Json::Null,
                    json!({
                        "Name": "dev-public-a", "infra:project": "shop", "infra:workspace": "network",
                    }),
                ),
            ],
        ),
        with(
            create("security_group.load_balancer"),
            "",
            vec![
                field("name", Json::Null, json!("dev-load-balancer")),
                field(
                    "ingress",
                    Json::Null,
                    json!([
                        rule("HTTPS from anywhere", 443, "0.0.0.0/0"),
                        rule("HTTP from anywhere, redirected", 80, "0.0.0.0/0"),
                    ]),
                ),
                field(
                    "egress",
                    Json::Null,
                    json!([{
                        "referenced_group_id": placeholder("security_group.service.id"),
                        "from_port": 8080, "to_port": 8080, "ip_protocol": "tcp",
                    }]),
                ),
            ],
        ),
        with(
            create("iam_role.task"),
            "",
            vec![
                field("name", Json::Null, json!("dev-eu-west-1-order-api-task")),
                field("inline_policies.table", Json::Null, json!(policy(&["dynamodb:GetItem"]))),
                FieldChange {
                    sensitive: true,
                    ..field("external_id", Json::Null, json!("hunter2"))
                },
            ],
        ),
    ]
}

/// Updates with every way a field changes.
pub(crate) fn updates() -> Vec<Change> {
    let update = |address| change(address, Action::Update, Reason::Changed);
    let mut moved = change("log_group.api", Action::Update, Reason::Moved);
    moved.moved_from = Address::parse("log_group.app");
    let mut moved_and_changed = with(
        update("log_group.worker"),
        "/ecs/eu-west-1/dev/worker",
        vec![
            field("retention_in_days", json!(7), json!(30)),
            field("tags.infra:resource", json!("log_group.jobs"), json!("log_group.worker")),
        ],
    );
    moved_and_changed.moved_from = Address::parse("log_group.jobs");
    vec![
        with(
            moved,
            "/ecs/eu-west-1/dev/order-api",
            vec![field("tags.infra:resource", json!("log_group.app"), json!("log_group.api"))],
        ),
        moved_and_changed,
        with(
            update("vpc.main"),
            "vpc-0a1b2c3d4e5f60718",
            vec![
                field("enable_dns_hostnames", json!(false), json!(true)),
                field("tags.Name", json!("main"), json!("dev-main")),
                field("tags.Team", Json::Null, json!("payments")),
                field("tags.Temporary", json!("yes"), Json::Null),
                field("tags.infra:protect", Json::Null, json!("true")),
            ],
        ),
        with(
            update("security_group.service"),
            "sg-0f9e8d7c6b5a43210",
            vec![
                field("ingress", rule("from the office", 22, "192.0.2.0/24"), Json::Null),
                field(
                    "ingress",
                    Json::Null,
                    json!({
                        "referenced_group_id": placeholder("security_group.load_balancer.id"),
                        "from_port": 8080, "to_port": 8080, "ip_protocol": "tcp",
                        "description": "from the load balancer",
                    }),
                ),
                field("prefix_lists", json!("pl-1"), Json::Null),
                field("prefix_lists", Json::Null, json!("pl-2")),
            ],
        ),
        with(
            update("iam_role.task"),
            "dev-eu-west-1-order-api-task",
            vec![
                field(
                    "inline_policies.table",
                    json!(policy(&["dynamodb:GetItem", "dynamodb:Scan"])),
                    json!(policy(&["dynamodb:GetItem", "dynamodb:PutItem"])),
                ),
                field("managed_policy_arns", json!(["a", "b"]), json!(["a"])),
                field(
                    "description",
                    json!("What the tasks of the order service may do, as agreed in spring"),
                    json!("What the tasks of the order service may do, as agreed in autumn"),
                ),
                FieldChange {
                    sensitive: true,
                    ..field("external_id", json!("hunter1"), json!("hunter2"))
                },
                unknown(
                    "permissions_boundary",
                    json!("arn:aws:iam::aws:policy/Old"),
                    &["iam_policy.boundary.arn"],
                ),
            ],
        ),
        with(
            update("launch_template.nodes"),
            "lt-0123456789abcdef0",
            vec![field(
                "user_data",
                json!(
                    "#!/bin/sh\nset -e\necho ECS_CLUSTER=old >> /etc/ecs/ecs.config\necho done\n"
                ),
                json!(
                    "#!/bin/sh\nset -e\necho ECS_CLUSTER=new >> /etc/ecs/ecs.config\necho done\n"
                ),
            )],
        ),
    ]
}

/// Replacements, deletions, and what blocks them.
pub(crate) fn losses() -> Vec<Change> {
    let immutable = |fields: &[&str]| Reason::Immutable {
        fields: fields.iter().map(|f| (*f).to_owned()).collect(),
    };
    let mut subnet =
        change("subnet.private[\"b\"]", Action::Replace, immutable(&["cidr_block", "vpc_id"]));
    subnet.replace_order = Some(ReplaceOrder::DeleteFirst);
    let subnet = with(
        subnet,
        "subnet-0a1b2c3d4e5f60718",
        vec![
            forcing(field("cidr_block", json!("10.124.8.0/24"), json!("10.124.8.0/23"))),
            forcing(unknown("vpc_id", json!("vpc-0a1b2c3d4e5f60718"), &["vpc.main.id"])),
            field("tags.Name", json!("b"), json!("private-b")),
        ],
    );
    let mut group = change("target_group.api", Action::Replace, Reason::Requested);
    group.replace_order = Some(ReplaceOrder::CreateFirst);
    let group = with(
        group,
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/dev-api/0123456789abcdef",
        vec![],
    );
    let mut table = change("dynamodb_table.orders", Action::Replace, immutable(&["key_schema"]));
    table.replace_order = Some(ReplaceOrder::DeleteFirst);
    table.blocked = Some(Blocked::DataLoss { what: "about 1,204 items".into() });
    let table = with(
        table,
        "orders",
        vec![forcing(field(
            "key_schema",
            json!([{ "attribute_name": "id", "key_type": "HASH" }]),
            json!([{ "attribute_name": "id", "key_type": "HASH" }, { "attribute_name": "at", "key_type": "RANGE" }]),
        ))],
    );
    let mut protected = change("vpc.old[\"x\"]", Action::Delete, Reason::NoInstance);
    protected.blocked = Some(Blocked::Protected);
    let mut needed = change("route_table.old", Action::Delete, Reason::NotInStack);
    needed.blocked = Some(Blocked::Needed {
        by: Address::parse("vpc.old[\"x\"]").unwrap(),
        because: Some(Box::new(Blocked::Protected)),
    });
    let mut deposed = change("target_group.web", Action::Delete, Reason::Deposed);
    deposed.deposed = true;
    vec![
        subnet,
        group,
        table,
        with(protected, "vpc-00000000000000000", vec![]),
        with(needed, "rtb-00000000000000000", vec![]),
        with(
            change("security_group.bastion", Action::Delete, Reason::NotInStack),
            "sg-00000000000000000",
            vec![],
        ),
        with(deposed, "tg-1", vec![]),
        with(
            change(
                "nat_gateway.a",
                Action::Replace,
                Reason::Failed {
                    why: "failed: Network vpc-0a1b2c3d4e5f60718 has no Internet gateway attached"
                        .into(),
                },
            ),
            "nat-00000000000000000",
            vec![],
        ),
    ]
}

/// Everything at once, in two workspaces.
pub(crate) fn everything() -> Plan {
    let mut network = workspace("supporting-infrastructure", creations());
    network.changes.extend(losses());
    network.changes.extend(
        (0..12).map(|n| unchanged(&format!("subnet.idle[\"{n}\"]"), &format!("subnet-{n}"))),
    );
    network.outputs = vec![
        OutputChange {
            name: "vpc_id".into(),
            before: Json::Null,
            after: After::Unknown(vec!["vpc.main.id".into()]),
            sensitive: false,
        },
        OutputChange {
            name: "url".into(),
            before: json!("https://old.example.com"),
            after: After::Known(json!("https://new.example.com")),
            sensitive: false,
        },
        OutputChange {
            name: "token".into(),
            before: json!("a"),
            after: After::Known(json!("b")),
            sensitive: true,
        },
        OutputChange {
            name: "unused".into(),
            before: json!("x"),
            after: After::Known(Json::Null),
            sensitive: false,
        },
    ];
    let mut all = plan(vec![
        network,
        workspace("order-api", updates()),
        workspace("reporting", vec![unchanged("log_group.app", "/ecs/reporting")]),
    ]);
    all.warnings = vec![
        "workspace `billing` has live resources but no file any more; `infra destroy billing` \
         deletes them"
            .into(),
    ];
    all
}

/// A plan that creates this many log groups.
pub(crate) fn many(number: usize) -> Plan {
    let create = |n: usize| {
        let name = json!(format!("/ecs/eu-west-1/dev/service-{n}/with/a/name/of/some/length/{n}"));
        let description = json!("A field of some length, so that a comment is soon full of them.");
        let change = change(&format!("log_group.app[\"{n:03}\"]"), Action::Create, Reason::Missing);
        with(
            change,
            "",
            vec![
                field("name", Json::Null, name),
                field("description", Json::Null, description),
                field("retention_in_days", Json::Null, json!(14)),
            ],
        )
    };
    plan(vec![workspace("many", (0..number).map(create).collect())])
}
