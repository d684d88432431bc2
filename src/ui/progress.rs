//! What is seen while a plan is carried out: NDJSON, a live display, plain lines, or nothing.

use super::events::{self, Lines, Names};
use super::json::{EventDocument, line};
use super::result::Tally;
use super::{Format, Output};
use crate::engine::event::{Event, EventType, Observer};
use crate::engine::plan::Plan;
use crate::stack::Catalog;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Shows events as they happen, and remembers how each change ended.
#[derive(Debug)]
pub struct Progress {
    output: Output,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tally: Tally,
    display: Display,
}

#[derive(Debug)]
enum Display {
    Nothing,
    Json,
    Lines(Lines),
    Live(Live),
}

impl Progress {
    /// Prepares to show how these plans are carried out.
    pub fn new(output: &Output, plans: &[Plan], catalog: &Catalog) -> Self {
        let names = Names::new(plans, catalog);
        let display = match output.format() {
            Format::Json => Display::Json,
            _ if output.quiet() => Display::Nothing,
            _ if output.live() => {
                Display::Live(Live::new(names, output, plans.iter().map(|p| p.nodes.len()).sum()))
            }
            _ => Display::Lines(Lines::new(names, output.message_look())),
        };
        let state = State { tally: Tally::new(plans, catalog), display };
        Self { output: output.clone(), state: Mutex::new(state) }
    }

    /// Takes the display away and tells how each change ended.
    pub fn finish(self) -> Tally {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Display::Live(live) = state.display {
            live.clear();
        }
        state.tally
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Progress {
    fn event(&self, event: &Event) {
        let mut state = self.state();
        state.tally.take(event);
        match &mut state.display {
            Display::Nothing => {}
            Display::Json => self.output.answer(&line(&EventDocument::from(event))),
            Display::Lines(lines) => {
                if let Some(line) = lines.line(event) {
                    self.output.message(&format!("{line}\n"));
                }
            }
            Display::Live(live) => live.show(event),
        }
    }

    fn moved(&self, event: &Event) {
        if let Display::Live(live) = &mut self.state().display {
            live.show(event);
        }
    }
}

/// One line for each step at work, finished ones printed above, a count below.
#[derive(Debug)]
struct Live {
    names: Names,
    look: super::Look,
    all: MultiProgress,
    total: ProgressBar,
    steps: BTreeMap<events::Key, ProgressBar>,
}

const TICK: Duration = Duration::from_millis(120);

impl Live {
    fn new(names: Names, output: &Output, steps: usize) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let total = all.add(ProgressBar::new(steps as u64));
        total.set_style(style("  {pos} of {len} steps done [{elapsed}]"));
        total.enable_steady_tick(TICK);
        Self { names, look: output.message_look(), all, total, steps: BTreeMap::new() }
    }

    fn show(&mut self, event: &Event) {
        let key = events::key(event);
        match event.kind {
            EventType::Started | EventType::Waiting => {
                let (all, total) = (&self.all, &self.total);
                let bar = self.steps.entry(key).or_insert_with(|| {
                    let bar = all.insert_before(total, ProgressBar::new_spinner());
                    bar.set_style(style("{spinner} {elapsed:>4} {wide_msg}"));
                    bar.enable_steady_tick(TICK);
                    bar
                });
                let doing = events::doing(event.action, event.part, self.names.late(event));
                let why = event.reason.as_ref().filter(|_| event.kind == EventType::Waiting);
                let why = why.map(|r| format!(": waiting for {r}")).unwrap_or_default();
                bar.set_message(format!("{}: {doing}{why}", self.names.of(event)));
            }
            EventType::Done | EventType::Failed | EventType::Skipped => {
                if let Some(bar) = self.steps.remove(&key) {
                    bar.finish_and_clear();
                    self.all.remove(&bar);
                }
                if let Some(line) = events::finished(event, &self.names, self.look) {
                    let _ = self.all.println(line);
                }
                self.total.inc(1);
            }
            EventType::Planned | EventType::Summary => {}
        }
    }

    fn clear(self) {
        for bar in self.steps.into_values() {
            bar.finish_and_clear();
        }
        self.total.finish_and_clear();
        let _ = self.all.clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
