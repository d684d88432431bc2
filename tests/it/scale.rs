//! Planning stays quick with many resources: no step of it may look at all of them for each.

use infra::engine::planner::{DataResults, PlanOptions};
use infra::engine::resource::{Holds, LiveObject, Snapshot, Status};
use infra::engine::session::Session;
use infra::resources;
use infra::stack::{Address, Environment, Inputs, Project, Source};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Groups of four: a group by block, and three of one block each by key.
fn stack(number: usize) -> String {
    let mut text = "[vpc.main]\ncidr_block = \"10.0.0.0/16\"\n".to_owned();
    for i in 0..number {
        let _ = writeln!(
            text,
            "[security_group.g{i}]\nname = \"g{i}\"\nvpc_id = \"${{vpc.main.id}}\"\n\
             ingress = [{{ ip_protocol = \"tcp\", from_port = 80, \
             referenced_security_group_id = \"${{security_group.g{}.id}}\" }}]",
            (i + 1) % number
        );
    }
    let keys = |of: &str| {
        let all: Vec<String> = (0..number).map(|i| format!("k{i} = {i}")).collect();
        format!("[{of}]\nfor_each = {{ {} }}\n", all.join(", "))
    };
    text.push_str(&keys("log_group.app"));
    text.push_str("name = \"/app/${each.key}\"\nretention_in_days = 14\n");
    text.push_str(&keys("security_group.keyed"));
    text.push_str("name = \"${each.key}\"\nvpc_id = \"${vpc.main.id}\"\n");
    text.push_str(&keys("route_table.keyed"));
    text.push_str("vpc_id = \"${vpc.main.id}\"\nroutes = []\n");
    text.push_str("tags = { Group = \"${security_group.keyed[each.key].id}\" }\n");
    text
}

fn session(text: String) -> Session {
    let source = Arc::new(Source { name: "stacks/big.toml".to_owned(), text });
    let empty = Arc::new(Source { name: "dev.toml".to_owned(), text: String::new() });
    let project = Project {
        name: "shop".to_owned(),
        region: "eu-west-1".to_owned(),
        workspaces: BTreeMap::from([("big".to_owned(), source)]),
        ..Project::default()
    };
    Session {
        registry: Arc::new(resources::registry()),
        project,
        environment: Environment::parse("dev", &empty, "eu-west-1").unwrap(),
        inputs: Inputs::default(),
        region: "eu-west-1".to_owned(),
    }
}

fn live(session: &Session, number: usize) -> Snapshot {
    let object = |id: String, address: Address, spec: Json, more: Option<(&str, String)>| {
        let mut tags = session.scope().identity_tags("big", &address);
        tags.extend(more.map(|(key, value)| (key.to_owned(), value)));
        let out = json!({ "id": id });
        LiveObject { id, tags, status: Status::Ready, spec, out, holds: Holds::default() }
    };
    let group = |i: usize, keyed: bool| {
        let key = format!("k{i}");
        if keyed {
            let spec = json!({ "name": key, "vpc_id": "vpc-1", "ingress": [], "egress": [] });
            let address = Address::new("security_group", "keyed").with_key(Some(&key));
            return object(format!("sg-k{i}"), address, spec, None);
        }
        let rule = json!({ "ip_protocol": "tcp", "from_port": 80, "to_port": 80,
            "referenced_security_group_id": format!("sg-{}", (i + 1) % number) });
        let name = format!("g{i}");
        let spec = json!({ "name": name, "vpc_id": "vpc-1", "ingress": [rule], "egress": [] });
        object(format!("sg-{i}"), Address::new("security_group", &name), spec, None)
    };
    let key =
        |ty: &str, name: &str, i: usize| Address::new(ty, name).with_key(Some(&format!("k{i}")));
    let log = |i: usize| {
        let name = format!("/app/k{i}");
        let spec = json!({ "name": name, "retention_in_days": 14 });
        object(name, key("log_group", "app", i), spec, None)
    };
    let table = |i: usize| {
        let spec = json!({ "vpc_id": "vpc-1", "routes": [], "subnet_ids": [] });
        let tag = Some(("Group", format!("sg-k{i}")));
        object(format!("rtb-{i}"), key("route_table", "keyed", i), spec, tag)
    };
    let vpc = json!({ "cidr_block": "10.0.0.0/16" });
    let all = || 0..number;
    Snapshot::from([
        ("vpc".to_owned(), vec![object("vpc-1".into(), Address::new("vpc", "main"), vpc, None)]),
        (
            "security_group".to_owned(),
            all().flat_map(|i| [group(i, false), group(i, true)]).collect(),
        ),
        ("log_group".to_owned(), all().map(log).collect()),
        ("route_table".to_owned(), all().map(table).collect()),
    ])
}

#[test]
fn two_thousand_resources_are_planned_quickly() {
    const NUMBER: usize = 500;
    let session = session(stack(NUMBER));
    let snapshot = live(&session, NUMBER);
    let names = ["big".to_owned()];
    let account = Some(("123456789012", "aws"));
    let mut times = Vec::new();
    for (what, snapshot) in [("nothing", Snapshot::new()), ("all", snapshot.clone())] {
        let start = Instant::now();
        let bound = session.bind_all(&names, account).expect("a sound stack");
        times.push((format!("read with {what} there"), start.elapsed()));
        let start = Instant::now();
        let options = PlanOptions::default();
        let planned =
            session.plan_seen(bound, snapshot, DataResults::new(), &options, "123456789012");
        let plan = planned.unwrap_or_else(|e| panic!("{e:#?}")).plan;
        times.push((format!("planned with {what} there"), start.elapsed()));
        let sum = plan.summary();
        let found = (sum.create, sum.unchanged);
        let total = 4 * NUMBER + 1;
        assert_eq!(found, if what == "nothing" { (total, 0) } else { (0, total) }, "{sum:?}");
    }
    let start = Instant::now();
    let destroyed =
        session.destroy_seen(&names, account, snapshot, &PlanOptions::default()).unwrap();
    assert_eq!(destroyed.plan.summary().delete, 4 * NUMBER + 1);
    times.push(("destroy".to_owned(), start.elapsed()));
    println!("{times:#?}");
    // Unoptimised, on a busy machine; what is quadratic takes minutes.
    let slowest = times.iter().map(|(_, time)| *time).max().unwrap();
    assert!(slowest < Duration::from_secs(15), "{times:#?}");
}
