//! What must stay because something that stays uses it.

use super::Planned;
use crate::engine::plan::{Blocked, OutputChange};
use crate::engine::references::LiveReferences;
use crate::engine::resource::Registry;
use crate::stack::Address;
use std::collections::{BTreeMap, BTreeSet};

/// A live object of a workspace: address and, where several share one, the id.
pub(super) type Key = (String, Address, Option<String>);

/// Objects that must stay, and why.
pub(super) type Held = BTreeMap<Key, Blocked>;

/// How [`Held`] names an object.
pub(super) fn key(workspace: &str, planned: &Planned) -> Key {
    let id = planned.live.as_ref().map(|live| live.id.clone());
    (workspace.to_owned(), planned.change.address.clone(), id)
}

/// Adds what is used by objects that stay though they or what they use would go; tells whether
/// there was any.
pub(super) fn more(
    registry: &Registry,
    names: &[String],
    planned: &[(Vec<Planned>, Vec<OutputChange>)],
    held: &mut Held,
) -> bool {
    let all: Vec<(&str, &Planned)> = names
        .iter()
        .zip(planned)
        .flat_map(|(name, (list, _))| list.iter().map(move |p| (name.as_str(), p)))
        .collect();
    if !all.iter().any(|(_, p)| p.change.blocked.is_some() || !p.selected) {
        return false;
    }
    let live = LiveReferences::new(all.iter().map(|(_, p)| p.live.as_ref()));
    let mut found = false;
    for (index, (_, stays)) in all.iter().enumerate() {
        let Some(object) = &stays.live else { continue };
        let (by, because) = match &stays.change.blocked {
            // The flag that helps is that of whoever is at the bottom of it.
            Some(Blocked::Needed { by, because }) => (by, because.clone()),
            Some(own) => (&stays.change.address, Some(Box::new(own.clone()))),
            None if !stays.selected => (&stays.change.address, None),
            None => continue,
        };
        let used = live.all(object, index).into_iter();
        for to in used.chain(needed(registry, &all, &live, index)) {
            let (workspace, target) = all[to];
            if target.goes() {
                let blocked = Blocked::Needed { by: by.clone(), because: because.clone() };
                found |= held.insert(key(workspace, target), blocked).is_none();
            }
        }
    }
    found
}

/// Objects that AWS keeps while one stands that does not name them: both are of the same network.
fn needed<'a>(
    registry: &'a Registry,
    all: &'a [(&str, &Planned)],
    live: &'a LiveReferences,
    stays: usize,
) -> impl Iterator<Item = usize> + 'a {
    let ty = all[stays].1.change.address.ty.as_str();
    let keeps = move |target: &Planned| {
        let handler = registry.get(&target.change.address.ty);
        handler.is_some_and(|handler| handler.rules().needed_by.contains(&ty))
    };
    let mut kept = all.iter().enumerate().filter(move |(_, (_, p))| keeps(p)).peekable();
    let below = kept.peek().map(|_| builds_on(all, live, stays)).unwrap_or_default();
    kept.map(|(to, _)| to).filter(move |to| !builds_on(all, live, *to).is_disjoint(&below))
}

/// What an object names, and what that names, and so on.
fn builds_on(all: &[(&str, &Planned)], live: &LiveReferences, of: usize) -> BTreeSet<usize> {
    let (mut found, mut next) = (BTreeSet::new(), vec![of]);
    while let Some(index) = next.pop() {
        let object = all[index].1.live.as_ref();
        let named = object.map(|object| live.all(object, index)).unwrap_or_default();
        next.extend(named.into_iter().filter(|to| found.insert(*to)));
    }
    found
}
