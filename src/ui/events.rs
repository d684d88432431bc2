//! Events as lines of text, and the words for what happens to a resource.

use super::text::{Look, Span, Tone, elapsed, layout};
use crate::engine::event::{Event, EventType};
use crate::engine::plan::{Action, Part, Plan};
use crate::stack::Catalog;
use std::collections::BTreeMap;

/// How often a step that waits for the same thing says so again.
const REPEAT_MS: u64 = 30_000;

/// What is being done, e.g. `creating`; `late` names the fields of a late step.
pub(super) fn doing(action: Option<Action>, part: Option<Part>, late: &str) -> String {
    match (part, action) {
        // Only of what is deleted after it: the rest of its fields stays.
        (Some(Part::Late), Some(Action::Delete)) => "detaching".to_owned(),
        (Some(Part::Late), _) => format!("setting {late}"),
        (Some(Part::Quiesce), _) => "winding down".to_owned(),
        (_, Some(Action::Create)) => "creating".to_owned(),
        (_, Some(Action::Update)) => "updating".to_owned(),
        (_, Some(Action::Replace)) => "replacing".to_owned(),
        (_, Some(Action::Delete)) => "deleting".to_owned(),
        (_, Some(Action::None) | None) => "working".to_owned(),
    }
}

/// What has been done, e.g. `created`; `late` names the fields of a late step.
pub(super) fn done(action: Option<Action>, part: Option<Part>, late: &str) -> String {
    match (part, action) {
        (Some(Part::Late), Some(Action::Delete)) => "detached".to_owned(),
        (Some(Part::Late), _) => format!("{late} set"),
        (Some(Part::Quiesce), _) => "wound down".to_owned(),
        (_, Some(Action::Create)) => "created".to_owned(),
        (_, Some(Action::Update)) => "updated".to_owned(),
        (_, Some(Action::Replace)) => "replaced".to_owned(),
        (_, Some(Action::Delete)) => "deleted".to_owned(),
        (_, Some(Action::None) | None) => "done".to_owned(),
    }
}

/// Which step of which resource an event is about.
pub(super) type Key =
    (Option<String>, Option<String>, Option<String>, Option<Part>, Option<Action>);

/// The step an event is about.
pub(super) fn key(event: &Event) -> Key {
    let address = event.address.as_ref().map(ToString::to_string);
    (event.region.clone(), event.workspace.clone(), address, event.part, event.action)
}

/// The name of the resource an event is about, with region and workspace where a run has several,
/// and the names of the fields its late steps are about.
#[derive(Clone, Debug, Default)]
pub struct Names {
    workspace: bool,
    region: bool,
    /// Late fields that a plan changes, by region, workspace and address.
    changed: BTreeMap<(String, String, String), String>,
    /// All late fields of a type.
    of_type: BTreeMap<String, String>,
}

impl Names {
    /// Collects what these plans name.
    pub fn new(plans: &[Plan], catalog: &Catalog) -> Self {
        let mut workspaces: Vec<_> =
            plans.iter().flat_map(|p| &p.workspaces).map(|w| w.name.as_str()).collect();
        workspaces.sort_unstable();
        workspaces.dedup();
        let mut names =
            Self { workspace: workspaces.len() > 1, region: plans.len() > 1, ..Self::default() };
        for plan in plans {
            for workspace in &plan.workspaces {
                for change in &workspace.changes {
                    let late = change.fields.iter().filter(|field| field.late);
                    let late =
                        list(late.map(|f| f.path.split(['.', '[']).next().unwrap_or_default()));
                    if !late.is_empty() {
                        let address = change.address.to_string();
                        let key = (plan.scope.region.clone(), workspace.name.clone(), address);
                        names.changed.insert(key, late);
                    }
                    let Some(entry) = catalog.resources.get(change.address.ty.as_str()) else {
                        continue;
                    };
                    let all = entry.spec().properties().into_iter();
                    let late = list(all.filter(|(_, view)| view.is_late()).map(|(name, _)| name));
                    names.of_type.insert(change.address.ty.clone(), late);
                }
            }
        }
        names
    }

    /// The fields that the late step of an event is about: of one that takes them away, all of its
    /// type; otherwise those the plan changes.
    pub(super) fn late(&self, event: &Event) -> &str {
        let Some(address) = event.address.as_ref().filter(|_| event.part == Some(Part::Late))
        else {
            return "";
        };
        let all = self.of_type.get(&address.ty).map_or("references", String::as_str);
        if event.action == Some(Action::Delete) {
            return all;
        }
        let key = (
            event.region.clone().unwrap_or_default(),
            event.workspace.clone().unwrap_or_default(),
            address.to_string(),
        );
        self.changed.get(&key).map_or(all, String::as_str)
    }

    /// The name, e.g. `order-api eu-west-1 log_group.app`.
    pub(super) fn of(&self, event: &Event) -> String {
        let workspace = event.workspace.as_deref().filter(|_| self.workspace);
        let region = event.region.as_deref().filter(|_| self.region);
        let address = event.address.as_ref().map(ToString::to_string);
        let parts: Vec<_> = [workspace, region, address.as_deref()].into_iter().flatten().collect();
        parts.join(" ")
    }
}

/// A finished step as one line; `None` for events that finish nothing. Why a step failed or
/// was skipped is told once, when the run is over.
pub(super) fn finished(event: &Event, names: &Names, look: Look) -> Option<String> {
    let name = names.of(event);
    let time = elapsed(event.elapsed_ms);
    let late = names.late(event);
    let spans = match event.kind {
        EventType::Done => {
            let note = event.reason.as_deref().filter(|r| !r.is_empty());
            let note = note.map(|note| format!(" ({note})")).unwrap_or_default();
            let done = Span::new(Tone::Add, done(event.action, event.part, late));
            vec![Span::plain(format!("{name}: ")), done, Span::plain(format!(" [{time}]{note}"))]
        }
        EventType::Failed => {
            let doing = doing(event.action, event.part, late);
            let failed = Span::new(Tone::Danger, "failed");
            vec![
                Span::plain(format!("{name}: {doing} ")),
                failed,
                Span::plain(format!(" [{time}]")),
            ]
        }
        EventType::Planned
        | EventType::Started
        | EventType::Waiting
        | EventType::Skipped
        | EventType::Summary => return None,
    };
    Some(layout(&spans, 0, HANG, look))
}

/// Names in order, each once.
fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

/// Where a line goes on that is too long.
const HANG: usize = 4;

/// Turns events into lines for a log: a wait is told when its reason changes, and every half
/// minute.
#[derive(Debug, Default)]
pub struct Lines {
    names: Names,
    look: Look,
    told: BTreeMap<Key, (Option<String>, u64)>,
}

impl Lines {
    /// Makes lines of this look.
    pub fn new(names: Names, look: Look) -> Self {
        Self { names, look, told: BTreeMap::new() }
    }

    /// The line of an event, without a line break; `None` when it is not worth one.
    pub fn line(&mut self, event: &Event) -> Option<String> {
        let name = self.names.of(event);
        let doing = doing(event.action, event.part, self.names.late(event));
        match event.kind {
            EventType::Started => {
                let line = [Span::plain(format!("{name}: {doing}…"))];
                Some(layout(&line, 0, HANG, self.look))
            }
            EventType::Waiting => {
                let last = self.told.get(&key(event));
                let news = last.is_none_or(|(reason, at)| {
                    *reason != event.reason || event.elapsed_ms >= at + REPEAT_MS
                });
                // A step that is done at once needs no line about waiting.
                if !news || event.elapsed_ms < 1000 {
                    return None;
                }
                self.told.insert(key(event), (event.reason.clone(), event.elapsed_ms));
                let time = elapsed(event.elapsed_ms);
                let why = event.reason.as_ref().map(|r| format!(": waiting for {r}"));
                let line =
                    format!("{name}: still {doing} [{time} elapsed]{}", why.unwrap_or_default());
                Some(layout(&[Span::plain(line)], 0, HANG, self.look))
            }
            _ => finished(event, &self.names, self.look),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letting_go_is_told_apart_from_setting() {
        let late = |action| {
            let (action, part) = (Some(action), Some(Part::Late));
            (doing(action, part, "routes"), done(action, part, "routes"))
        };
        assert_eq!(late(Action::Delete), ("detaching".to_owned(), "detached".to_owned()));
        assert_eq!(late(Action::Update), ("setting routes".to_owned(), "routes set".to_owned()));
    }
}
