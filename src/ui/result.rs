//! What a run did, what it did not, and why.

use super::events::Names;
use super::text::{Look, Span, Tone, count, elapsed, layout};
use crate::engine::event::{Event, EventType};
use crate::engine::plan::{Action, Mode, Part, Plan};
use crate::stack::{Address, Catalog};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How each change of a run ended, gathered from its events.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    mode: Option<Mode>,
    names: Names,
    several_workspaces: bool,
    several_regions: bool,
    changes: BTreeMap<(String, String, Address, bool), Fate>,
    blocked: usize,
    begun: bool,
    elapsed_ms: u64,
}

#[derive(Clone, Debug)]
struct Fate {
    action: Action,
    /// Steps of the plan not done yet.
    left: usize,
    /// Whether a step was begun, done or not.
    begun: bool,
    failed: bool,
    skipped: Vec<Skipped>,
}

#[derive(Clone, Debug)]
struct Skipped {
    part: Option<Part>,
    action: Option<Action>,
    /// Fields of a late step.
    late: String,
    why: String,
}

impl Tally {
    /// Begins with what is planned.
    pub fn new(plans: &[Plan], catalog: &Catalog) -> Self {
        let mode = plans.first().map(|p| p.mode);
        let mut tally = Self { mode, names: Names::new(plans, catalog), ..Self::default() };
        let mut names: Vec<_> = plans.iter().flat_map(|p| &p.workspaces).map(|w| &w.name).collect();
        names.sort_unstable();
        names.dedup();
        tally.several_workspaces = names.len() > 1;
        tally.several_regions = plans.len() > 1;
        for plan in plans {
            for (at, workspace) in plan.workspaces.iter().enumerate() {
                for (number, change) in workspace.changes.iter().enumerate() {
                    if change.action == Action::None {
                        continue;
                    }
                    if change.blocked.is_some() {
                        tally.blocked += 1;
                        continue;
                    }
                    let left = plan
                        .nodes
                        .iter()
                        .filter(|n| n.workspace == at && n.change == number)
                        .count();
                    let key = (
                        plan.scope.region.clone(),
                        workspace.name.clone(),
                        change.address.clone(),
                        change.deposed,
                    );
                    let fate = Fate {
                        action: change.action,
                        left,
                        begun: false,
                        failed: false,
                        skipped: Vec::new(),
                    };
                    tally.changes.insert(key, fate);
                }
            }
        }
        tally
    }

    /// Takes one event into account.
    pub fn take(&mut self, event: &Event) {
        self.begun |=
            matches!(event.kind, EventType::Started | EventType::Done | EventType::Failed);
        if event.kind == EventType::Summary {
            self.elapsed_ms = self.elapsed_ms.max(event.elapsed_ms);
            return;
        }
        let (Some(region), Some(workspace), Some(address)) =
            (&event.region, &event.workspace, &event.address)
        else {
            return;
        };
        let key = |deposed| (region.clone(), workspace.clone(), address.clone(), deposed);
        // A deposed one and its successor share an address; only the deletion can be the former's.
        let deposed = event.action == Some(Action::Delete)
            && self.changes.get(&key(true)).is_some_and(|fate| fate.left > 0);
        let Some(fate) = self.changes.get_mut(&key(deposed)) else { return };
        match event.kind {
            EventType::Started => fate.begun = true,
            EventType::Done => {
                fate.begun = true;
                fate.left = fate.left.saturating_sub(1);
            }
            EventType::Failed => fate.failed = true,
            EventType::Skipped => fate.skipped.push(Skipped {
                part: event.part,
                action: event.action,
                late: self.names.late(event).to_owned(),
                why: event.reason.clone().unwrap_or_default(),
            }),
            _ => {}
        }
    }

    /// Tells whether any step was begun.
    pub fn begun(&self) -> bool {
        self.begun
    }

    /// Tells whether everything planned was done.
    pub fn complete(&self) -> bool {
        self.blocked == 0 && self.changes.values().all(Fate::is_done)
    }

    /// Sets how long the run took, for runs whose events did not say.
    #[must_use]
    pub fn with_elapsed(mut self, milliseconds: u64) -> Self {
        self.elapsed_ms = self.elapsed_ms.max(milliseconds);
        self
    }

    /// Renders what was done, then what was not begun and why. Failures are only counted: their
    /// problems are told in full beside this.
    pub fn text(&self, look: Look) -> String {
        let number =
            |action| self.changes.values().filter(|f| f.action == action && f.is_done()).count();
        let mut words = Vec::new();
        for (action, word) in [
            (Action::Create, "created"),
            (Action::Update, "updated"),
            (Action::Replace, "replaced"),
            (Action::Delete, "deleted"),
        ] {
            if number(action) > 0 {
                words.push(format!("{} {word}", number(action)));
            }
        }
        let failed = self.changes.values().filter(|f| f.failed).count();
        let rest = self.changes.values().filter(|f| !f.is_done() && !f.failed).count();
        let begun = self.changes.values().any(|f| f.begun && !f.failed);
        let nothing = words.is_empty() && !begun;
        for (number, word) in [(failed, "failed"), (rest, "not done")] {
            if number > 0 {
                words.push(format!("{number} {word}"));
            }
        }
        if words.is_empty() {
            words.push("no change".to_owned());
        }
        let head = match (self.mode, self.complete()) {
            (Some(Mode::Destroy), true) => "Destroyed",
            (Some(Mode::Destroy), false) if nothing => "Not destroyed",
            (Some(Mode::Destroy), false) => "Partly destroyed",
            (_, true) => "Applied",
            (_, false) if nothing => "Not applied",
            (_, false) => "Partly applied",
        };
        let tone = if self.complete() { Tone::Add } else { Tone::Danger };
        let line = [
            Span::new(tone, format!("{head}: ")),
            Span::plain(format!("{} in {}.", words.join(", "), elapsed(self.elapsed_ms))),
        ];
        let mut out = format!("{}\n", layout(&line, 0, 2, look));
        self.rest(look, &mut out);
        if self.blocked > 0 {
            let _ = writeln!(out, "\n{} blocked, see the plan.", count(self.blocked, "change"));
        }
        out
    }

    /// What was not begun, or begun and not ended.
    fn rest(&self, look: Look, out: &mut String) {
        let rest: Vec<_> = self.changes.iter().filter(|(_, f)| !f.is_done() && !f.failed).collect();
        if rest.is_empty() {
            return;
        }
        let _ = writeln!(out, "\n{}", look.paint(Tone::Strong, "Not done:"));
        for (key, fate) in rest {
            let why = fate.skipped.iter().map(|s| s.why.as_str()).find(|why| !why.is_empty());
            let why = match why {
                Some(why) => format!(": {why}"),
                None if fate.begun => ": begun; the next run takes it up".to_owned(),
                None => String::new(),
            };
            let text = format!("{}{why}", fate.rest(&self.name(key)));
            let _ = writeln!(out, "  {}", super::text::wrap(&text, 2, 6, look));
        }
    }

    fn name(
        &self,
        (region, workspace, address, deposed): &(String, String, Address, bool),
    ) -> String {
        let mut name = String::new();
        for (part, shown) in [(workspace, self.several_workspaces), (region, self.several_regions)]
        {
            if shown {
                let _ = write!(name, "{part} ");
            }
        }
        let old = if *deposed { " (replaced earlier)" } else { "" };
        format!("{name}{address}{old}")
    }
}

impl Fate {
    fn is_done(&self) -> bool {
        self.left == 0 && !self.failed && self.skipped.is_empty()
    }

    /// What is left to do with the resource of this name. When only late steps are, the resource
    /// itself is as it should be.
    fn rest(&self, name: &str) -> String {
        let late = self.skipped.iter().all(|s| s.part == Some(Part::Late));
        if let (Some(step), true) = (self.skipped.first(), late && self.left == self.skipped.len())
        {
            let verb = if step.action == Some(Action::Delete) { "clear" } else { "set" };
            return format!("{verb} {} of {name}", step.late);
        }
        let verb = match self.action {
            Action::Create => "create",
            Action::Update => "update",
            Action::Replace => "replace",
            Action::Delete | Action::None => "delete",
        };
        format!("{verb} {name}")
    }
}
