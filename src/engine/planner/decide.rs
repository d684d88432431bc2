//! What happens to one resource.

use super::pass::Prepared;
use super::wanted::WantedSpec;
use super::{PlanOptions, Planned};
use crate::aws::Tags;
use crate::aws::ownership::{PROTECT, is_protected};
use crate::engine::diff;
use crate::engine::fingerprint::{self, fingerprint};
use crate::engine::identity;
use crate::engine::plan::{Action, Blocked, Change, FieldChange, Reason};
use crate::engine::resource::{Handler, LiveObject, ReplaceOrder, Standing, Status};
use crate::stack::{Address, BlockId, SchemaView};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn hide(fields: &mut [FieldChange], hidden: &BTreeSet<String>) {
    for field in fields {
        field.sensitive |= hidden.contains(diff::top(&field.path)) || hidden.contains(&field.path);
    }
}

/// An instance that filters leave alone.
pub(super) fn unselected(block: &BlockId, address: &Address, live: Option<LiveObject>) -> Planned {
    let change =
        Change { id: live.as_ref().map(|l| l.id.clone()), ..Change::none(address.clone()) };
    Planned { selected: false, ..Planned::new(change, block.clone(), live) }
}

/// Decides what happens to one instance, late fields aside.
pub(super) fn decide(
    handler: &dyn Handler,
    block: &BlockId,
    prepared: &Prepared,
    found: Option<identity::Match>,
    (options, uses): (&PlanOptions, Option<&Address>),
) -> Planned {
    let entry = handler.entry();
    let wanted = &prepared.wanted;
    let address = &prepared.sought.address;
    let mut change = Change::none(address.clone());
    let Some(found) = found else {
        change.action = Action::Create;
        change.reason = Some(Reason::Missing);
        change.fields = diff::creation(entry.spec(), &wanted.spec);
        let users: BTreeMap<_, _> = wanted
            .tags
            .iter()
            .filter(|(k, _)| !identity::is_our_tag(k))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        change.fields.extend(diff::tags(&Tags::new(), &users, &[]));
        hide(&mut change.fields, &wanted.hidden);
        return Planned::new(change, block.clone(), None);
    };
    let live = found.live;
    change.id = Some(live.id.clone());
    let standing = handler.stands(&wanted.spec, &live);
    let compared = compared(entry.spec(), wanted, &standing);
    let parts = compared.iter().map(String::as_str);
    change.fingerprint = Some(fingerprint(entry.spec(), &live, parts));
    change.moved_from = found.moved_from;
    change.fields = diff::diff(entry.spec(), &live.spec, &wanted.spec);
    hide(&mut change.fields, &wanted.hidden);
    change.left = diff::leave(&mut change.fields, &standing);
    let specs = (&live.spec, &wanted.spec);
    change.left.extend(diff::given_by_others(entry.spec(), specs, &standing));
    let unprotect: &[&str] = if wanted.protect { &[] } else { &[PROTECT] };
    let mut tag_changes = diff::tags(&live.tags, &wanted.tags, unprotect);
    if change.moved_from.is_some() {
        let address_tag = format!("tags.{}", crate::aws::ownership::RESOURCE);
        tag_changes.retain(|f| f.path != address_tag);
    }
    change.fields.extend(tag_changes);
    hide(&mut change.fields, &wanted.hidden);
    let forcing: Vec<String> =
        change.fields.iter().filter(|f| f.forces_replacement).map(|f| f.path.clone()).collect();
    let requested = options.replace.iter().any(|a| a.covers(address));
    (change.action, change.reason) = match &live.status {
        Status::Failed(why) if !handler.rules().tries_again && !handler.rules().unowned => {
            (Action::Replace, Some(Reason::Failed { why: why.clone() }))
        }
        _ if !forcing.is_empty() => (Action::Replace, Some(Reason::Immutable { fields: forcing })),
        // What nobody owns is never deleted.
        _ if requested && !handler.rules().unowned => (Action::Replace, Some(Reason::Requested)),
        Status::Failed(why) if handler.rules().tries_again => {
            (Action::Update, Some(Reason::TriedAgain { why: why.clone() }))
        }
        _ if !change.fields.is_empty() => (Action::Update, Some(Reason::Changed)),
        _ if change.moved_from.is_some() => (Action::Update, Some(Reason::Moved)),
        // An earlier run did not see it ready; the update writes nothing and waits.
        Status::Pending(state) => (Action::Update, Some(Reason::Settling { state: state.clone() })),
        _ => (Action::None, None),
    };
    if let (Action::None | Action::Update, Some(address)) = (change.action, uses) {
        change.action = Action::Replace;
        change.reason = Some(Reason::Uses { address: address.clone() });
    }
    if change.action == Action::Replace {
        let rules = handler.rules();
        let same_name = prepared.sought.name.is_some()
            && handler.natural_name(&live.spec) == prepared.sought.name;
        // A made name stands beside its predecessor's (design section 3).
        let prefixed = wanted.spec.get("name_prefix").is_some();
        let order = match (same_name || uses.is_some(), prefixed) {
            (true, _) => ReplaceOrder::DeleteFirst,
            (false, true) => ReplaceOrder::CreateFirst,
            (false, false) => rules.replace,
        };
        change.replace_order = Some(order);
        allow(&mut change, options);
        let protected = wanted.protect || is_protected(&live.tags) || live.holds.protected;
        if protected && !change.unprotects {
            change.blocked = Some(Blocked::Protected);
        } else if rules.stateful && !change.loses_data {
            let what = live.holds.data.clone();
            let what = what.unwrap_or_else(|| format!("the data in {address}"));
            change.blocked = Some(Blocked::DataLoss { what });
        }
    }
    let main_changes = change.action == Action::Update;
    Planned { main_changes, ..Planned::new(change, block.clone(), Some(live)) }
}

/// Notes what the user allows to be lost or overridden.
fn allow(change: &mut Change, options: &PlanOptions) {
    change.loses_data = options.allows_data_loss(&change.address);
    change.unprotects = options.allows_protected(&change.address);
}

/// Names what of the wanted fields a plan compares, as parts of a fingerprint: without what others
/// decide, and without what is sensitive.
pub(super) fn compared(
    schema: SchemaView<'_>,
    wanted: &WantedSpec,
    standing: &[Standing],
) -> BTreeSet<String> {
    let given = wanted.spec.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let counts = |field: &&String| {
        let view = schema.property(field);
        let open = view.is_some_and(|view| !view.is_write_only() && !view.is_sensitive());
        open && !wanted.hidden.contains(*field)
    };
    let fields = given.map(|(field, _)| field).filter(counts);
    fields.filter_map(|field| fingerprint::part(field, standing)).collect()
}

/// The deletion of an object of ours.
pub(super) fn deletion(
    (block, address): (&BlockId, &Address),
    live: LiveObject,
    (reason, deposed): (Reason, bool),
    options: &PlanOptions,
) -> Planned {
    let mut change = Change {
        action: Action::Delete,
        reason: Some(reason),
        id: Some(live.id.clone()),
        fingerprint: Some(fingerprint::of_identity(&live)),
        deposed,
        ..Change::none(address.clone())
    };
    allow(&mut change, options);
    let protected = is_protected(&live.tags) || live.holds.protected;
    let lost = live.holds.data.clone().filter(|_| !change.loses_data);
    change.blocked = if protected && !change.unprotects {
        Some(Blocked::Protected)
    } else {
        lost.map(|what| Blocked::DataLoss { what })
    };
    Planned { orphan: true, ..Planned::new(change, block.clone(), Some(live)) }
}
