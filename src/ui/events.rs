//! Events as lines of text, and the words for what happens to a resource.

use super::text::{Look, Span, Tone, elapsed, layout};
use crate::engine::event::{Event, EventType};
use crate::engine::plan::{Action, Part};
use std::collections::BTreeMap;

/// How often a step that waits for the same thing says so again.
const REPEAT_MS: u64 = 30_000;

/// What is being done, e.g. `creating`.
pub(super) fn doing(action: Option<Action>, part: Option<Part>) -> &'static str {
    match (part, action) {
        (Some(Part::Late), Some(Action::Delete)) => "clearing late fields",
        (Some(Part::Late), _) => "setting late fields",
        (Some(Part::Quiesce), _) => "quiescing",
        (_, Some(Action::Create)) => "creating",
        (_, Some(Action::Update)) => "updating",
        (_, Some(Action::Replace)) => "replacing",
        (_, Some(Action::Delete)) => "deleting",
        (_, Some(Action::None) | None) => "working",
    }
}

/// What has been done, e.g. `created`.
pub(super) fn done(action: Option<Action>, part: Option<Part>) -> &'static str {
    match (part, action) {
        (Some(Part::Late), Some(Action::Delete)) => "late fields cleared",
        (Some(Part::Late), _) => "late fields set",
        (Some(Part::Quiesce), _) => "quiesced",
        (_, Some(Action::Create)) => "created",
        (_, Some(Action::Update)) => "updated",
        (_, Some(Action::Replace)) => "replaced",
        (_, Some(Action::Delete)) => "deleted",
        (_, Some(Action::None) | None) => "done",
    }
}

/// Which step of which resource an event is about.
pub(super) type Key = (Option<String>, Option<String>, Option<String>, Option<Part>, Option<Action>);

/// The step an event is about.
pub(super) fn key(event: &Event) -> Key {
    let address = event.address.as_ref().map(ToString::to_string);
    (event.region.clone(), event.workspace.clone(), address, event.part, event.action)
}

/// The name of the resource an event is about, with region and workspace where a run has several.
#[derive(Clone, Copy, Debug, Default)]
pub struct Names {
    /// Whether to name the workspace.
    pub workspace: bool,
    /// Whether to name the region.
    pub region: bool,
}

impl Names {
    /// The name, e.g. `order-api eu-west-1 log_group.app`.
    pub(super) fn of(self, event: &Event) -> String {
        let workspace = event.workspace.as_deref().filter(|_| self.workspace);
        let region = event.region.as_deref().filter(|_| self.region);
        let address = event.address.as_ref().map(ToString::to_string);
        let parts: Vec<_> = [workspace, region, address.as_deref()].into_iter().flatten().collect();
        parts.join(" ")
    }
}

/// A finished step as one line; `None` for events that finish nothing.
pub(super) fn finished(event: &Event, names: Names, look: Look) -> Option<String> {
    let name = names.of(event);
    let time = elapsed(event.elapsed_ms);
    let reason = event.reason.as_deref().filter(|r| !r.is_empty());
    let words = |tone, word: &str| Span::new(tone, word);
    let why = || Span::plain(reason.map(|why| format!(": {why}")).unwrap_or_default());
    let spans = match event.kind {
        EventType::Done => {
            let id = reason.map(|id| format!(" ({id})")).unwrap_or_default();
            let done = words(Tone::Add, done(event.action, event.part));
            vec![Span::plain(format!("{name}: ")), done, Span::plain(format!(" [{time}]{id}"))]
        }
        EventType::Failed => {
            let doing = doing(event.action, event.part);
            let failed = words(Tone::Danger, "failed");
            let begin = Span::plain(format!("{name}: {doing} "));
            vec![begin, failed, Span::plain(format!(" [{time}]")), why()]
        }
        EventType::Skipped => {
            vec![Span::plain(format!("{name}: ")), words(Tone::Change, "skipped"), why()]
        }
        EventType::Planned | EventType::Started | EventType::Waiting | EventType::Summary => {
            return None;
        }
    };
    Some(layout(&spans, 0, HANG, look))
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
        let doing = doing(event.action, event.part);
        match event.kind {
            EventType::Started => Some(format!("{name}: {doing}…")),
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
                let line = format!("{name}: still {doing} [{time} elapsed]{}", why.unwrap_or_default());
                Some(layout(&[Span::plain(line)], 0, HANG, self.look))
            }
            _ => finished(event, self.names, self.look),
        }
    }
}
