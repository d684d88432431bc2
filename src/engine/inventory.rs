//! The inventory: what the account has of ours, as the tags tell it and not the resource types.

use super::resource::Registry;
use super::snapshot::problem;
use crate::aws::Cx;
use crate::aws::arn::Arn;
use crate::aws::inventory::Findings;
use crate::aws::ownership::{
    ENVIRONMENT, PROJECT, REGION, RESOURCE, Tags, WORKSPACE, is_deposed, is_protected,
};
use crate::stack::{Address, Diagnostics};
use std::collections::BTreeMap;

/// One object that carries tags of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its ARN.
    pub arn: Arn,
    /// The resource type it is of, by its ARN; `None` for what this version does not know.
    pub ty: Option<&'static str>,
    /// `infra:project`
    pub project: Option<String>,
    /// `infra:environment`
    pub environment: Option<String>,
    /// `infra:region`
    pub region: Option<String>,
    /// `infra:workspace`
    pub workspace: Option<String>,
    /// `infra:resource`, as people write addresses where it is one.
    pub address: Option<String>,
    /// Replaced by a newer one.
    pub deposed: bool,
    /// Never to be deleted.
    pub protected: bool,
    /// Whether its service says that it is there, not only the Tagging API.
    pub confirmed: bool,
    /// Whether the Tagging API lists it yet.
    pub indexed: bool,
}

/// What the account has of ours, each object once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// What is there, by ARN.
    pub items: BTreeMap<String, Item>,
    /// What the Tagging API still lists although it is gone, by ARN.
    pub gone: std::collections::BTreeSet<String>,
    /// What was deleted and waits for AWS to let go of it, by ARN: keys and secrets can be had back.
    pub leaving: std::collections::BTreeSet<String>,
    /// AWS calls made.
    pub api_calls: u64,
}

impl Inventory {
    /// Reads the region of `cx`; of its scope only, or of every project and environment.
    pub async fn read(cx: &Cx, registry: &Registry, everything: bool) -> Result<Self, Diagnostics> {
        let found = cx.findings(everything).await;
        let found = found.map_err(|error| problem(&error, "cannot take the inventory"))?;
        let mut inventory = Self::of(found, registry);
        inventory.api_calls = cx.calls().values().sum();
        Ok(inventory)
    }

    /// Makes the inventory of what was found. Pure.
    pub fn of(found: Findings, registry: &Registry) -> Self {
        let types = Types::new(registry);
        let item = |found: crate::aws::inventory::Found| {
            let tag = |key: &str| found.tags.get(key).cloned();
            let item = Item {
                ty: types.of(&found.arn),
                project: tag(PROJECT),
                environment: tag(ENVIRONMENT),
                region: tag(REGION),
                workspace: tag(WORKSPACE),
                address: address(&found.tags),
                deposed: is_deposed(&found.tags),
                protected: is_protected(&found.tags),
                confirmed: found.confirmed,
                indexed: found.indexed,
                arn: found.arn,
            };
            (item.arn.as_str().to_owned(), item)
        };
        Self {
            items: found.there.into_iter().map(item).collect(),
            gone: found.gone.iter().map(|arn| arn.as_str().to_owned()).collect(),
            leaving: found.leaving.iter().map(|arn| arn.as_str().to_owned()).collect(),
            api_calls: 0,
        }
    }

    /// Adds what another region has; what knows no regions is seen from each, and counts once.
    pub fn add(&mut self, other: Self) {
        self.items.extend(other.items);
        self.gone.extend(other.gone);
        self.leaving.extend(other.leaving);
        self.gone.retain(|arn| !self.items.contains_key(arn));
        self.api_calls += other.api_calls;
    }
}

fn address(tags: &Tags) -> Option<String> {
    let tag = tags.get(RESOURCE)?;
    Some(Address::from_tag(tag).map_or_else(|| tag.clone(), |address| address.to_string()))
}

/// Resource types by service and kind, both in the words of ARNs without anything between them.
struct Types(BTreeMap<(String, String), &'static str>);

/// Services whose ARNs call them otherwise than the names of their types do.
const SERVICES: [(&str, &str); 2] =
    [("elasticloadbalancing", "elasticloadbalancingv2"), ("acm", "certificatemanager")];
/// Kinds whose ARNs call them otherwise than the names of their types do.
const KINDS: [((&str, &str), &str); 2] = [(("ec2", "elasticip"), "eip"), (("s3", ""), "bucket")];

impl Types {
    /// AWS's names of types are made like ARNs: `AWS::EC2::RouteTable` is `ec2` and `route-table`.
    fn new(registry: &Registry) -> Self {
        let key = |aws_name: &str| {
            let mut words = aws_name.split("::").skip(1).map(plain);
            Some((words.next()?, words.next()?))
        };
        let types = registry.resources.iter();
        Self(types.filter_map(|(ty, h)| Some((key(h.entry().aws_name)?, *ty))).collect())
    }

    fn of(&self, arn: &Arn) -> Option<&'static str> {
        let (service, kind) = (plain(&arn.service), plain(&arn.kind));
        let kind = KINDS
            .iter()
            .find(|((s, k), _)| *s == service && *k == kind)
            .map_or(kind, |(_, name)| (*name).to_owned());
        let service = SERVICES
            .iter()
            .find(|(name, _)| *name == service)
            .map_or(service, |(_, name)| (*name).to_owned());
        self.0.get(&(service, kind)).copied()
    }
}

fn plain(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::inventory::Found;

    fn found(arn: &str, tags: &[(&str, &str)]) -> Found {
        let tags = tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Found { arn: Arn::parse(arn).unwrap(), tags, confirmed: true, indexed: true }
    }

    #[test]
    fn tags_are_told_as_they_are_and_unknown_kinds_stay_unknown() {
        let queue = "arn:aws:sqs:eu-west-1:123456789012:jobs";
        let vpc = "arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-1";
        let there = vec![
            found(vpc, &[(RESOURCE, "vpc.main/a"), (WORKSPACE, "network"), (REGION, "r")]),
            found(queue, &[(RESOURCE, "what is this"), (PROJECT, "p")]),
        ];
        let gone = vec![Arn::parse("arn:aws:ec2:eu-west-1:1:subnet/subnet-1").unwrap()];
        let inventory =
            Inventory::of(Findings { there, gone, ..Findings::default() }, &Registry::default());
        let item = &inventory.items[vpc];
        assert_eq!(item.address.as_deref(), Some("vpc.main[\"a\"]"));
        assert_eq!((item.workspace.as_deref(), item.project.as_deref()), (Some("network"), None));
        let item = &inventory.items[queue];
        assert_eq!((item.address.as_deref(), item.ty), (Some("what is this"), None));
        assert_eq!(inventory.gone.len(), 1);
    }

    #[test]
    fn what_one_region_calls_gone_and_another_has_is_there() {
        let role = "arn:aws:iam::1:role/a";
        let gone = Findings { gone: vec![Arn::parse(role).unwrap()], ..Findings::default() };
        let there = Findings {
            there: vec![found(role, &[(PROJECT, "p")])],
            leaving: vec![Arn::parse("arn:aws:kms:eu-west-1:1:key/k").unwrap()],
            ..Findings::default()
        };
        let mut all = Inventory::of(gone, &Registry::default());
        all.add(Inventory::of(there.clone(), &Registry::default()));
        all.add(Inventory::of(there, &Registry::default()));
        assert_eq!((all.items.len(), all.gone.len(), all.leaving.len()), (1, 0, 1));
    }
}
