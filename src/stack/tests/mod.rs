//! Tests of whole stacks, on a small catalog of types that look like AWS's.

mod checks;
mod evaluation;
mod projects;
mod references;
mod schemas;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::{JsonSchema, Schema};
use serde_json::{Value as Json, json};

use super::schema::{REFERENCE, immutable, late, sensitive};
use super::value::Value;
use super::{
    Address, BlockKind, BoundWorkspace, Catalog, Context, Diagnostic, Diagnostics, Fields, Inputs,
    Location, Objects, Project, Source, TypeEntry, Workspace,
};

fn of_vpc(schema: &mut Schema) {
    schema.insert(REFERENCE.into(), "vpc".into());
}

fn of_subnet(schema: &mut Schema) {
    schema.insert(REFERENCE.into(), "subnet".into());
}

fn of_group(schema: &mut Schema) {
    schema.insert(REFERENCE.into(), "security_group".into());
}

/// A network of its own.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only its schema is read")]
struct Vpc {
    /// Addresses in it.
    #[schemars(transform = immutable)]
    cidr_block: String,
    enable_dns_support: Option<bool>,
}

#[derive(JsonSchema)]
#[allow(dead_code, reason = "only its schema is read")]
struct VpcOut {
    id: String,
    arn: String,
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only its schema is read")]
struct Subnet {
    #[schemars(transform = of_vpc)]
    vpc_id: String,
    cidr_block: String,
    availability_zone: Option<String>,
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
#[allow(dead_code, reason = "only its schema is read")]
enum Protocol {
    Tcp,
    Udp,
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only its schema is read")]
struct Rule {
    protocol: Protocol,
    from_port: u16,
    to_port: Option<u16>,
    #[schemars(transform = of_group)]
    group_id: Option<String>,
    cidr_blocks: Option<Vec<String>>,
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only its schema is read")]
struct SecurityGroup {
    name: String,
    #[schemars(transform = of_vpc)]
    vpc_id: String,
    #[schemars(transform = late)]
    ingress: Option<Vec<Rule>>,
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only its schema is read")]
struct Balancer {
    name: String,
    subnet_ids: Vec<Reference>,
    labels: Option<BTreeMap<String, String>>,
    #[schemars(transform = sensitive)]
    password: Option<String>,
    policy: Option<Json>,
    count: Option<u32>,
}

#[derive(JsonSchema)]
#[schemars(transform = of_subnet)]
#[allow(dead_code, reason = "only its schema is read")]
struct Reference(String);

#[derive(JsonSchema)]
#[allow(dead_code, reason = "only its schema is read")]
struct Out {
    id: String,
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only its schema is read")]
struct Zones {
    state: Option<String>,
}

#[derive(JsonSchema)]
#[allow(dead_code, reason = "only its schema is read")]
struct ZonesOut {
    names: Vec<String>,
}

fn entry<Spec: JsonSchema, Out: JsonSchema>(name: &'static str) -> (&'static str, TypeEntry) {
    let spec = schemars::schema_for!(Spec).to_value();
    let out = schemars::schema_for!(Out).to_value();
    (name, TypeEntry { name, aws_name: "AWS::Test::Type", spec, out })
}

fn catalog() -> Catalog {
    Catalog {
        resources: BTreeMap::from([
            entry::<Vpc, VpcOut>("vpc"),
            entry::<Subnet, Out>("subnet"),
            entry::<SecurityGroup, Out>("security_group"),
            entry::<Balancer, Out>("load_balancer"),
        ]),
        data: BTreeMap::from([
            entry::<Zones, ZonesOut>("availability_zones"),
            entry::<Vpc, VpcOut>("vpc"),
        ]),
    }
}

fn source(name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source { name: name.to_owned(), text: text.to_owned() })
}

fn parse(text: &str) -> Result<Workspace, Diagnostics> {
    let workspaces = BTreeSet::from(["network".to_owned(), "app".to_owned()]);
    Workspace::parse("app", source("stacks/app.toml", text), &catalog(), &workspaces)
}

/// Code, line, column and hint of each problem.
type Told = (&'static str, usize, usize, String);

fn told(problems: &Diagnostics) -> Vec<Told> {
    problems
        .0
        .iter()
        .map(|d| {
            let (line, column) = d.at.as_ref().map(Location::line_column).unwrap_or_default();
            (d.code, line, column, d.hint.clone().unwrap_or_default())
        })
        .collect()
}

/// Parses texts that must fail, and compares all that is told of each; all differences are shown.
fn refused_all<S: AsRef<str>>(cases: &[(S, Vec<(&'static str, usize, usize, &str)>)]) {
    let mut wrong = Vec::new();
    for (text, want) in cases {
        let text = text.as_ref();
        let want: Vec<Told> = want
            .iter()
            .map(|(code, line, column, hint)| (*code, *line, *column, (*hint).to_owned()))
            .collect();
        let found = parse(text).map(|_| ()).map_err(|problems| told(&problems));
        if found.as_ref() != Err(&want) {
            wrong.push(format!("{text}\nfound {found:?}\nnot   {want:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn refused(text: &str, want: &[(&'static str, usize, usize, &str)]) {
    refused_all(&[(text, want.to_vec())]);
}

fn project(text: &str) -> Project {
    Project {
        name: "shop".into(),
        region: "eu-west-1".into(),
        workspaces: BTreeMap::from([
            ("app".to_owned(), source("stacks/app.toml", text)),
            ("network".to_owned(), source("stacks/network.toml", "")),
        ]),
        ..Project::default()
    }
}

fn context() -> Context {
    Context {
        project: "shop".into(),
        environment: "dev".into(),
        region: "eu-west-1".into(),
        account_id: Some("123456789012".into()),
        partition: None,
        tags: BTreeMap::from([("team".to_owned(), "web".to_owned())]),
    }
}

fn bind(text: &str) -> BoundWorkspace {
    let workspace = parse(text).unwrap_or_else(|e| panic!("{text}\n{e:#?}"));
    workspace.bind(&project(text), &context(), &Inputs::default()).unwrap()
}

/// Objects given as JSON by block; what is not given is unknown.
#[derive(Default)]
struct Fixed(BTreeMap<&'static str, Json>);

impl Fixed {
    fn get(&self, name: &str) -> Value {
        self.0.get(name).map_or_else(|| Value::unknown([name.to_owned()].into()), Value::from_json)
    }
}

impl Objects for Fixed {
    fn resource(&self, ty: &str, name: &str) -> Value {
        self.get(&format!("{ty}.{name}"))
    }

    fn data(&self, ty: &str, name: &str) -> Value {
        self.get(&format!("data.{ty}.{name}"))
    }

    fn output(&self, workspace: &str, name: &str) -> Result<Value, Diagnostic> {
        if name == "gone" {
            return Err(Diagnostic::error("not_applied", "it was never applied")
                .hint("run `infra apply network`"));
        }
        Ok(self.get(&format!("{workspace}.outputs.{name}")))
    }
}

fn attributes(bound: &BoundWorkspace, address: &str, objects: &Fixed) -> Json {
    let address = Address::parse(address).unwrap();
    let id = super::BlockId { kind: BlockKind::Resource, ty: address.ty, name: address.name };
    let found = bound.evaluate(&id, address.key.as_deref(), Fields::All, objects).unwrap();
    found.attributes.json
}
