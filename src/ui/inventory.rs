//! The inventory as text and as JSON.

use super::text::{GLUE, Look, Span, Tone, columns, count, layout, wrap};
use super::{SCHEMA, json};
use crate::aws::Scope;
use crate::engine::inventory::{Inventory, Item};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What `inventory --format json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct InventoryDocument {
    /// Always `infra/v1`.
    pub schema: String,
    /// How many resources there are; 0 when nothing is left.
    pub residue: usize,
    /// What is there, by ARN.
    pub resources: Vec<ItemDocument>,
    /// ARNs that the Tagging API still lists although they are gone.
    pub gone: Vec<String>,
    /// ARNs of keys and secrets that were deleted and can be had back until AWS lets go of them.
    pub leaving: Vec<String>,
    /// AWS calls made.
    pub api_calls: u64,
}

/// One object that carries tags of ours.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ItemDocument {
    /// Its ARN.
    pub arn: String,
    /// Service and kind, as in the ARN, e.g. `ec2:vpc`.
    pub kind: String,
    /// AWS's id.
    pub id: String,
    /// The resource type it is of; null when this version knows none.
    #[serde(rename = "type")]
    pub ty: Option<String>,
    /// Tag `infra:project`.
    pub project: Option<String>,
    /// Tag `infra:environment`.
    pub environment: Option<String>,
    /// Tag `infra:region`.
    pub region: Option<String>,
    /// Tag `infra:workspace`.
    pub workspace: Option<String>,
    /// Tag `infra:resource`, as `type.name` or `type.name["key"]`.
    pub address: Option<String>,
    /// Replaced by a newer one in an earlier run.
    pub deposed: bool,
    /// Never to be deleted without unlocking.
    pub protected: bool,
    /// Its service says that it is there; otherwise only the Tagging API, which lags, says so.
    pub confirmed: bool,
    /// The Tagging API lists it; it lags.
    pub indexed: bool,
}

/// Renders an inventory as text: of these scopes, or of every project without any.
pub fn text(inventory: &Inventory, scopes: &[Scope], look: Look) -> String {
    let mut out = String::new();
    let mut groups: BTreeMap<String, Vec<&Item>> = BTreeMap::new();
    for item in inventory.items.values() {
        groups.entry(heading(item)).or_default().push(item);
    }
    for (heading, mut members) in groups {
        members.sort_by(|a, b| (&a.address, &a.arn).cmp(&(&b.address, &b.arn)));
        let _ = writeln!(out, "{}", look.paint(Tone::Strong, &heading));
        let rows: Vec<_> = members.iter().map(|item| (address(item), *item)).collect();
        let widest = rows.iter().map(|(address, _)| columns(address)).filter(|w| *w <= 44).max();
        for (address, item) in &rows {
            let pad = widest.unwrap_or(0).saturating_sub(columns(address));
            let spans = [
                Span::plain(address),
                Span::plain(" ".repeat(pad + 2)),
                Span::new(Tone::Faint, item.arn.id()),
                Span::new(Tone::Change, marks(item)),
            ];
            let _ = writeln!(out, "  {}", layout(&spans, 2, 6, look));
        }
        out.push('\n');
    }
    let whose = whose(scopes);
    let number = inventory.items.len();
    let what = if number == 0 { "nothing".to_owned() } else { count(number, "resource") };
    let line = format!("{whose}: {what}, residue {number}.");
    let _ = writeln!(out, "{}", layout(&[Span::new(Tone::Strong, line)], 0, 2, look));
    notes(inventory, look, &mut out);
    out
}

fn notes(inventory: &Inventory, look: Look, out: &mut String) {
    let unconfirmed = inventory.items.values().filter(|item| !item.confirmed).count();
    if unconfirmed > 0 {
        let words = format!(
            "Only the Tagging API tells of {}; it lags, so that may be gone already.",
            count(unconfirmed, "resource")
        );
        let _ = writeln!(out, "{}", wrap(&words, 0, 2, look));
    }
    let gone = inventory.gone.len();
    if gone > 0 {
        let (what, do_not) = match gone {
            1 => ("one resource that is".to_owned(), "that does not"),
            _ => (format!("{gone} resources that are"), "they do not"),
        };
        let words =
            format!("The Tagging API still lists {what} gone; it lags, and {do_not} count.");
        let _ = writeln!(out, "{}", wrap(&words, 0, 2, look));
        for arn in inventory.gone.iter().filter(|_| look.verbose) {
            let _ = writeln!(out, "  {arn}");
        }
    }
    let leaving = inventory.leaving.len();
    if leaving > 0 {
        let words = match leaving {
            1 => "One key or secret is deleted, can be had back until AWS lets go of it, and does \
                  not count."
                .to_owned(),
            _ => format!(
                "{leaving} keys and secrets are deleted, can be had back until AWS lets go of \
                 them, and do not count."
            ),
        };
        let _ = writeln!(out, "{}", wrap(&words, 0, 2, look));
        for arn in inventory.leaving.iter().filter(|_| look.verbose) {
            let _ = writeln!(out, "  {arn}");
        }
    }
    if look.verbose {
        let _ = writeln!(out, "AWS calls: {}", inventory.api_calls);
    }
}

/// What an object belongs to, as far as its tags say.
fn heading(item: &Item) -> String {
    let workspace = item.workspace.as_deref().unwrap_or("(no workspace tag)");
    let places = [&item.project, &item.environment, &item.region];
    let places = places.map(|place| place.as_deref().unwrap_or("?"));
    format!("{workspace} ({})", places.join(", "))
}

fn address(item: &Item) -> String {
    item.address.clone().unwrap_or_else(|| "(no address tag)".to_owned())
}

fn kind(item: &Item) -> String {
    match item.arn.kind.as_str() {
        "" => item.arn.service.clone(),
        kind => format!("{}:{kind}", item.arn.service),
    }
}

/// What is worth knowing of an object beside its address and id; its kind where the address does
/// not say it.
fn marks(item: &Item) -> String {
    let told = item.address.as_deref().and_then(|address| address.split_once('.'));
    let kind = (item.ty.is_none() || told.map(|(ty, _)| ty) != item.ty).then(|| kind(item));
    let marks = [
        (item.ty.is_none(), "no type of infra"),
        (item.deposed, "replaced by a newer one"),
        (item.protected, "protected"),
        (!item.confirmed, "not confirmed"),
    ];
    let marks = marks
        .into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, words)| words.replace(' ', &GLUE.to_string()));
    let marks: Vec<String> = kind.into_iter().chain(marks).collect();
    if marks.is_empty() { String::new() } else { format!("  ({})", marks.join(", ")) }
}

fn whose(scopes: &[Scope]) -> String {
    let Some(first) = scopes.first() else { return "every project".to_owned() };
    let regions: Vec<&str> = scopes.iter().map(|scope| scope.region.as_str()).collect();
    format!("{} ({}, {})", first.project, first.environment, regions.join(", "))
}

/// Renders an inventory as JSON.
pub fn json(inventory: &Inventory) -> String {
    let resources = inventory.items.values().map(|item| ItemDocument {
        arn: item.arn.to_string(),
        kind: kind(item),
        id: item.arn.id().to_owned(),
        ty: item.ty.map(str::to_owned),
        project: item.project.clone(),
        environment: item.environment.clone(),
        region: item.region.clone(),
        workspace: item.workspace.clone(),
        address: item.address.clone(),
        deposed: item.deposed,
        protected: item.protected,
        confirmed: item.confirmed,
        indexed: item.indexed,
    });
    json::pretty(&InventoryDocument {
        schema: SCHEMA.to_owned(),
        residue: inventory.items.len(),
        resources: resources.collect(),
        gone: inventory.gone.iter().cloned().collect(),
        leaving: inventory.leaving.iter().cloned().collect(),
        api_calls: inventory.api_calls,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::arn::Arn;
    use crate::ui::tests::schemas;
    use insta::assert_snapshot;

    const PLAIN: Look = Look { width: 80, colour: false, verbose: false };

    fn item(arn: &str, ty: Option<&'static str>, address: &str) -> (String, Item) {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let item = Item {
            arn: Arn::parse(arn).unwrap(),
            ty,
            project: text("shop"),
            environment: text("dev"),
            region: text("eu-west-1"),
            workspace: text("network"),
            address: text(address),
            deposed: false,
            protected: false,
            confirmed: true,
            indexed: true,
        };
        (arn.to_owned(), item)
    }

    fn scope() -> Scope {
        Scope { project: "shop".into(), environment: "dev".into(), region: "eu-west-1".into() }
    }

    #[test]
    fn an_inventory_with_everything() {
        let ec2 = |rest: &str| format!("arn:aws:ec2:eu-west-1:123456789012:{rest}");
        let mut all = vec![
            item(&ec2("vpc/vpc-0a1b2c3d4e5f60718"), Some("vpc"), "vpc.main"),
            item(&ec2("subnet/subnet-0a1b2c3d4e5f60718"), Some("subnet"), "subnet.a[\"x\"]"),
            item(
                &ec2("security-group/sg-1"),
                Some("security_group"),
                "security_group.load_balancer",
            ),
            item("arn:aws:sqs:eu-west-1:123456789012:jobs", None, "queue.jobs"),
            item("arn:aws:iam::123456789012:role/a/task", Some("iam_role"), ""),
        ];
        all[2].1.deposed = true;
        all[3].1.confirmed = false;
        all[4].1.workspace = None;
        all[4].1.region = None;
        let gone = [ec2("subnet/subnet-1"), ec2("subnet/subnet-2")].into();
        let leaving = ["arn:aws:kms:eu-west-1:123456789012:key/0a1b".to_owned()].into();
        let items = all.into_iter().collect();
        let inventory = Inventory { items, gone, leaving, api_calls: 9 };
        let document = json(&inventory);
        schemas::assert_conforms("inventory", &serde_json::from_str(&document).unwrap());
        let verbose = Look { verbose: true, ..PLAIN };
        assert_snapshot!(
            [text(&inventory, &[scope()], PLAIN), text(&inventory, &[], verbose), document]
                .join("-----\n")
        );
    }

    #[test]
    fn nothing_is_residue_0() {
        let nothing = "shop (dev, eu-west-1): nothing, residue 0.\n";
        assert_eq!(text(&Inventory::default(), &[scope()], PLAIN), nothing);
        let gone = ["arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-1".to_owned()].into();
        let lagging = Inventory { gone, ..Inventory::default() };
        let note = "The Tagging API still lists one resource that is gone; it lags, and that does\n  \
                    not count.\n";
        assert_eq!(text(&lagging, &[scope()], PLAIN), format!("{nothing}{note}"));
    }
}
