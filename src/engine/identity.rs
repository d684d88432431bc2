//! Which live object is which resource, from ownership tags and natural names alone (design 3).

use super::resource::{Handler, IdentityBy, LiveObject, Status};
use crate::aws::ownership::{
    ENVIRONMENT, IDENTITY_KEYS, PREFIX, PROJECT, REGION, RESOURCE, WORKSPACE, is_deposed,
};
use crate::aws::{Owner, Scope, Tags};
use crate::stack::{Address, Diagnostic, Diagnostics, Kind, Location};
use std::collections::{BTreeMap, BTreeSet};

/// A resource the stack wants, as far as finding it goes.
#[derive(Clone, Debug)]
pub struct Sought {
    /// Its address.
    pub address: Address,
    /// Addresses it had before, under `[moved]`; the latest first.
    pub moved_from: Vec<Address>,
    /// Its natural name, for types found by name, when known.
    pub name: Option<String>,
    /// Where its block stands.
    pub at: Option<Location>,
}

/// A live object found for a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// The object.
    pub live: LiveObject,
    /// The address its tags still carry, when it is to be re-tagged.
    pub moved_from: Option<Address>,
}

/// What became of all live objects of one type in one workspace.
#[derive(Debug, Default)]
pub struct Matches {
    /// By the address the stack gives.
    pub found: BTreeMap<Address, Match>,
    /// Ours, but in the stack no more.
    pub orphans: Vec<(Address, LiveObject)>,
    /// Ours, replaced by a newer one earlier.
    pub deposed: Vec<(Address, LiveObject)>,
    /// Not ours though in the way, double, or half-tagged.
    pub problems: Diagnostics,
}

/// Live objects of one type, as one workspace sees them.
pub struct Index<'a> {
    handler: &'a dyn Handler,
    scope: &'a Scope,
    workspace: &'a str,
    ours: BTreeMap<Address, Vec<&'a LiveObject>>,
    deposed: Vec<(Address, &'a LiveObject)>,
    /// Living objects by natural name, whoever owns them.
    named: BTreeMap<String, &'a LiveObject>,
    /// Living objects that carry some of the identity tags but not all.
    torn: Vec<&'a LiveObject>,
}

impl<'a> Index<'a> {
    /// Sorts the live objects of a type; those on their way out count as gone.
    pub fn new(
        handler: &'a dyn Handler,
        scope: &'a Scope,
        workspace: &'a str,
        live: &'a [LiveObject],
    ) -> Self {
        let mut index = Self {
            handler,
            scope,
            workspace,
            ours: BTreeMap::new(),
            deposed: Vec::new(),
            named: BTreeMap::new(),
            torn: Vec::new(),
        };
        let by_name = handler.rules().identity == IdentityBy::Name;
        for object in live.iter().filter(|o| !matches!(o.status, Status::Deleting(_))) {
            if by_name && let Some(name) = handler.natural_name(&object.spec) {
                index.named.insert(name, object);
            }
            let there = IDENTITY_KEYS.iter().filter(|k| object.tags.contains_key(**k)).count();
            if (1..IDENTITY_KEYS.len()).contains(&there) {
                index.torn.push(object);
            }
            let Some(Owner { workspace: of, address }) = scope.owner(&object.tags) else {
                continue;
            };
            if of != workspace || address.ty != handler.entry().name {
                continue;
            }
            if is_deposed(&object.tags) {
                index.deposed.push((address, object));
            } else {
                index.ours.entry(address).or_default().push(object);
            }
        }
        index
    }

    /// Finds the live object of a resource: under its own address, else under one it had before.
    pub fn find(&self, want: &Sought) -> Option<Match> {
        let at = |address: &Address| self.ours.get(address).and_then(|all| all.first()).copied();
        if self.handler.rules().unowned {
            let live = (*self.named.get(want.name.as_ref()?)?).clone();
            return Some(Match { live, moved_from: None });
        }
        if let Some(own) = at(&want.address) {
            return Some(Match { live: own.clone(), moved_from: None });
        }
        want.moved_from.iter().find_map(|from| {
            let live = at(from)?.clone();
            Some(Match { live, moved_from: Some(from.clone()) })
        })
    }

    /// Says what is found for all that the workspace wants, and what is left over.
    pub fn matches(&self, sought: &[Sought]) -> Matches {
        let mut matches = Matches {
            deposed: self.deposed.iter().map(|(a, o)| (a.clone(), (*o).clone())).collect(),
            ..Matches::default()
        };
        for (address, objects) in self.ours.iter().filter(|(_, objects)| objects.len() > 1) {
            matches.problems.push(duplicate(address, objects));
        }
        let mut taken = BTreeSet::new();
        for want in sought {
            match self.find(want) {
                Some(found) => {
                    taken.insert(found.moved_from.as_ref().unwrap_or(&want.address).clone());
                    matches.found.insert(want.address.clone(), found);
                }
                None => matches.problems.0.extend(self.in_the_way(want)),
            }
        }
        for (address, objects) in self.ours.iter().filter(|(address, _)| !taken.contains(*address))
        {
            matches.orphans.extend(objects.iter().map(|o| (address.clone(), (*o).clone())));
        }
        matches
    }

    /// Why a resource that was not found must not be created.
    pub fn in_the_way(&self, want: &Sought) -> Option<Diagnostic> {
        in_the_way(self, want)
    }
}

/// Matches the live objects of one type with what one workspace wants of it.
pub fn match_type(
    handler: &dyn Handler,
    scope: &Scope,
    workspace: &str,
    sought: &[Sought],
    live: &[LiveObject],
) -> Matches {
    Index::new(handler, scope, workspace, live).matches(sought)
}

fn duplicate(address: &Address, objects: &[&LiveObject]) -> Diagnostic {
    let ids: Vec<_> = objects.iter().map(|o| o.id.as_str()).collect();
    Diagnostic::error(
        "duplicate_identity",
        format!("{} live objects say they are `{address}`: {}", objects.len(), ids.join(" and ")),
    )
    .kind(Kind::Blocked)
    .note("The five `infra:` tags are the identity of a resource; two objects cannot share one.")
    .hint("remove the `infra:` tags from the one that is not ours, or delete it")
}

fn in_the_way(index: &Index<'_>, want: &Sought) -> Option<Diagnostic> {
    let Index { handler, scope, workspace, .. } = *index;
    let ty = handler.entry().name;
    let address = &want.address;
    match handler.rules().identity {
        IdentityBy::Name => {
            let name = want.name.as_deref()?;
            let object = *index.named.get(name)?;
            if is_deposed(&object.tags) && scope.owner(&object.tags).is_some() {
                return None; // on its way out; the creation waits for it
            }
            let problem = match scope.owner(&object.tags) {
                Some(owner) if owner.workspace == workspace => Diagnostic::error(
                    "exists_as_other",
                    format!("`{address}`: {ty} `{name}` exists as `{}`", owner.address),
                )
                .hint(format!(
                    "if it was renamed, add `\"{}\" = \"{address}\"` under `[moved]`",
                    owner.address
                )),
                Some(owner) => Diagnostic::error(
                    "exists_not_ours",
                    format!(
                        "`{address}`: {ty} `{name}` exists as `{}` of workspace `{}`",
                        owner.address, owner.workspace
                    ),
                )
                .hint("give this one another name, or remove it from that workspace first"),
                None if let Some((place, word)) = elsewhere(scope, &object.tags) => {
                    Diagnostic::error(
                        "exists_not_ours",
                        format!("`{address}`: {ty} `{name}` exists already, in {place}"),
                    )
                    .hint(format!("put `${{{word}}}` into the name, so that each has its own"))
                }
                None => {
                    let problem = Diagnostic::error(
                        "exists_not_ours",
                        format!("`{address}`: {ty} `{name}` exists, not ours"),
                    );
                    let lost = lost_tags(scope, workspace, address, object);
                    let problem = match lost {
                        Some(note) => problem.note(note),
                        None => problem.note("It carries no ownership tags of this workspace."),
                    };
                    problem.hint(format!("infra import {} {}", shell(address), object.id))
                }
            };
            Some(problem.kind(Kind::Blocked).at_location(want.at.clone()))
        }
        IdentityBy::Tags => {
            let mut torn = index.torn.iter();
            let object = torn.find(|o| half_tagged(scope, workspace, address, o))?;
            let id = &object.id;
            let problem = Diagnostic::error(
                "half_tagged",
                format!("`{address}`: {id} looks like it, but its ownership tags are not whole"),
            );
            let note = lost_tags(scope, workspace, address, object).unwrap_or_default();
            Some(
                problem
                    .kind(Kind::Blocked)
                    .at_location(want.at.clone())
                    .note(note)
                    .note("Creating it now could make a second one.")
                    .hint(format!(
                        "put the missing tags back on {id} (infra import {} {id}), or remove all \
                         `infra:` tags from it if it is not ours",
                        shell(address)
                    )),
            )
        }
    }
}

/// Which other environment or region of the project an object says it is of, and the word that
/// tells them apart in a name.
fn elsewhere(scope: &Scope, tags: &Tags) -> Option<(String, &'static str)> {
    let ours = tags.get(PROJECT) == Some(&scope.project);
    let (environment, region) = (tags.get(ENVIRONMENT)?, tags.get(REGION)?);
    let whole = tags.contains_key(WORKSPACE) && tags.contains_key(RESOURCE);
    match (ours && whole, *environment == scope.environment, *region == scope.region) {
        (true, false, _) => Some((format!("environment `{environment}`"), "env")),
        (true, true, false) => Some((format!("region `{region}`"), "region")),
        _ => None,
    }
}

/// An address as a shell takes it.
fn shell(address: &Address) -> String {
    if address.key.is_some() { format!("'{address}'") } else { address.to_string() }
}

/// Says which of the identity tags an object lost or has otherwise.
fn lost_tags(
    scope: &Scope,
    workspace: &str,
    address: &Address,
    object: &LiveObject,
) -> Option<String> {
    let identity = scope.identity_tags(workspace, address);
    let (there, lost): (Vec<_>, Vec<_>) =
        identity.iter().partition(|(k, v)| object.tags.get(*k) == Some(*v));
    if there.is_empty() {
        return None;
    }
    let lost: Vec<_> = lost.iter().map(|(k, v)| format!("`{k}` = `{v}`")).collect();
    Some(format!(
        "It carries {} of our five tags; these are missing or differ: {}.",
        there.len(),
        lost.join(", ")
    ))
}

/// A partial match of two or more tags, with nothing that says it is somebody else's.
fn half_tagged(scope: &Scope, workspace: &str, address: &Address, object: &LiveObject) -> bool {
    let identity = scope.identity_tags(workspace, address);
    let mut equal = 0;
    let mut missing = 0;
    for key in IDENTITY_KEYS {
        match object.tags.get(key) {
            None => missing += 1,
            Some(value) if identity.get(key) == Some(value) => equal += 1,
            Some(_) => return false,
        }
    }
    equal >= 2 && missing > 0
}

/// Natural names sought, without doubles.
pub fn names(sought: &[Sought]) -> Vec<String> {
    let names: BTreeSet<_> = sought.iter().filter_map(|s| s.name.clone()).collect();
    names.into_iter().collect()
}

/// Tells whether a tag is one of ours.
pub fn is_our_tag(key: &str) -> bool {
    key.starts_with(PREFIX)
}
