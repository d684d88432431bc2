//! Which live object is which resource, from ownership tags and natural names alone (design 3).

use super::resource::{Handler, IdentityBy, LiveObject, Status};
use crate::aws::ownership::{IDENTITY_KEYS, PREFIX, is_deposed};
use crate::aws::{Owner, Scope};
use crate::stack::{Address, Diagnostic, Diagnostics, Kind, Location};
use std::collections::{BTreeMap, BTreeSet};

/// A resource the stack wants, as far as finding it goes.
#[derive(Clone, Debug)]
pub struct Sought {
    /// Its address.
    pub address: Address,
    /// The address it had before, under `[moved]`.
    pub moved_from: Option<Address>,
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

/// Matches the live objects of one type with what one workspace wants of it.
pub fn match_type(
    handler: &dyn Handler,
    scope: &Scope,
    workspace: &str,
    sought: &[Sought],
    live: &[LiveObject],
) -> Matches {
    let ty = handler.entry().name;
    let mut matches = Matches::default();
    let mut ours: BTreeMap<Address, Vec<&LiveObject>> = BTreeMap::new();
    for object in live.iter().filter(|o| !matches!(o.status, Status::Deleting(_))) {
        let Some(Owner { workspace: of, address }) = scope.owner(&object.tags) else { continue };
        if of != workspace || address.ty != ty {
            continue;
        }
        if is_deposed(&object.tags) {
            matches.deposed.push((address, object.clone()));
        } else {
            ours.entry(address).or_default().push(object);
        }
    }
    for (address, objects) in &ours {
        if objects.len() > 1 {
            matches.problems.push(duplicate(address, objects));
        }
    }
    for want in sought {
        let own = ours.remove(&want.address).and_then(|all| all.first().copied());
        let moved = match (own, &want.moved_from) {
            (None, Some(from)) => {
                let object = ours.remove(from).and_then(|all| all.first().copied());
                object.map(|o| Match { live: o.clone(), moved_from: Some(from.clone()) })
            }
            _ => None,
        };
        let found = own.map(|o| Match { live: o.clone(), moved_from: None }).or(moved);
        match found {
            Some(found) => {
                matches.found.insert(want.address.clone(), found);
            }
            None => {
                if let Some(problem) = in_the_way(handler, scope, workspace, want, live) {
                    matches.problems.push(problem);
                }
            }
        }
    }
    for (address, objects) in ours {
        matches.orphans.extend(objects.into_iter().map(|o| (address.clone(), o.clone())));
    }
    matches
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

/// Why a resource that was not found must not be created.
pub(super) fn in_the_way(
    handler: &dyn Handler,
    scope: &Scope,
    workspace: &str,
    want: &Sought,
    live: &[LiveObject],
) -> Option<Diagnostic> {
    let ty = handler.entry().name;
    let address = &want.address;
    let living = || live.iter().filter(|o| !matches!(o.status, Status::Deleting(_)));
    match handler.rules().identity {
        IdentityBy::Name => {
            let name = want.name.as_deref()?;
            let named = |o: &&LiveObject| handler.natural_name(&o.spec).as_deref() == Some(name);
            let object = living().find(named)?;
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
                    problem.hint(format!("infra import '{address}' {}", object.id))
                }
            };
            Some(problem.kind(Kind::Blocked).at_location(want.at.clone()))
        }
        IdentityBy::Tags => {
            let object = living().find(|o| half_tagged(scope, workspace, address, o))?;
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
                        "put the missing tags back on {id} (infra import '{address}' {id}), or \
                         remove all `infra:` tags from it if it is not ours"
                    )),
            )
        }
    }
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
