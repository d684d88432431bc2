//! The plan as text: what a reviewer reads before saying yes.

use super::fields::{Row, output_rows, rows, worth_showing};
use super::text::{GLUE, Look, Span, Tone, columns, count, layout, shell, wrap};
use crate::engine::plan::{Action, Blocked, Change, Mode, Plan, Reason, Summary, WorkspacePlan};
use crate::engine::resource::ReplaceOrder;
use crate::stack::Address;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Where the words of a change begin: after its symbol.
const INDENT: usize = 4;
/// Where its fields begin: after their sign.
const FIELD: usize = 6;

/// Renders plans, one per region, as text.
pub fn text(plans: &[Plan], look: Look) -> String {
    let mut out = legend(plans, look);
    let lonely = alone(plans).is_some() && !plans.iter().any(Plan::has_changes);
    for plan in plans.iter().filter(|_| !lonely) {
        for workspace in &plan.workspaces {
            workspace_text(plan, workspace, look, &mut out);
        }
    }
    for warning in plans.iter().flat_map(|plan| &plan.warnings) {
        let head = look.paint(Tone::Change, "warning:");
        let _ = writeln!(out, "{head} {}\n", wrap(warning, 9, 2, look));
    }
    out.push_str(&closing(plans, look));
    if look.verbose {
        out.push_str(&calls(plans, look));
    }
    out
}

/// The symbol of a change: what happens to the resource, in at most three characters.
pub(super) fn symbol(change: &Change) -> &'static str {
    match change.action {
        Action::None => "=",
        Action::Create => "+",
        Action::Update if is_mere_move(change) => ">",
        Action::Update => "~",
        Action::Replace if change.replace_order == Some(ReplaceOrder::CreateFirst) => "+/-",
        Action::Replace => "-/+",
        Action::Delete => "-",
    }
}

/// Tells whether nothing but the address changes.
fn is_mere_move(change: &Change) -> bool {
    change.moved_from.is_some() && worth_showing(change).is_empty()
}

fn tone(change: &Change) -> Tone {
    match change.action {
        Action::None => Tone::Faint,
        Action::Create => Tone::Add,
        Action::Update => Tone::Change,
        Action::Replace => Tone::Danger,
        Action::Delete => Tone::Remove,
    }
}

/// Explains the symbols that occur.
pub(super) fn legend(plans: &[Plan], look: Look) -> String {
    let known = [
        ("+", "create"),
        ("~", "update in place"),
        (">", "moved, only re-tagged"),
        ("-/+", "replace, old one deleted first"),
        ("+/-", "replace, new one created first"),
        ("-", "delete"),
    ];
    let changes = || plans.iter().flat_map(|p| &p.workspaces).flat_map(|w| &w.changes);
    let used: Vec<_> = known
        .iter()
        .filter(|(sign, _)| changes().any(|c| symbol(c) == *sign))
        .map(|(sign, words)| format!("{sign} {words}").replace(' ', &GLUE.to_string()))
        .collect();
    if used.is_empty() {
        return String::new();
    }
    // The words of one symbol stay on one line.
    format!("{}\n\n", wrap(&format!("Symbols:  {}", used.join("   ")), 0, 10, look))
}

/// Renders what happens in one workspace.
pub(super) fn workspace_text(plan: &Plan, workspace: &WorkspacePlan, look: Look, out: &mut String) {
    let scope = &plan.scope;
    let name = look.paint(Tone::Strong, &workspace.name);
    let at = format!("({}, {})", scope.environment, scope.region);
    let nothing = !workspace.changes.iter().any(|c| c.action != Action::None);
    if nothing && workspace.outputs.is_empty() {
        let words = match (plan.mode, workspace.changes.len()) {
            (Mode::Destroy, _) | (_, 0) => "nothing to do".to_owned(),
            (Mode::Apply, number) => format!("no changes, {number} unchanged"),
        };
        let line =
            [Span::new(Tone::Strong, &workspace.name), Span::plain(format!(" {at}: {words}"))];
        let _ = writeln!(out, "{}\n", layout(&line, 0, 2, look));
        return;
    }
    let _ = writeln!(out, "{name} {at}\n");
    let mut after_line = false;
    for change in workspace.changes.iter().filter(|c| c.action != Action::None) {
        let text = change_text(change, look);
        // What takes one line needs no air to the next of its kind: a destroy is a list.
        let is_line = text.lines().count() == 1;
        if !(out.ends_with("\n\n") || is_line && after_line) {
            out.push('\n');
        }
        out.push_str(&text);
        after_line = is_line;
    }
    out.push('\n');
    if !workspace.outputs.is_empty() {
        let _ = writeln!(out, "{}{}", " ".repeat(INDENT), look.paint(Tone::Strong, "Outputs"));
        for row in output_rows(&workspace.outputs, room(look)) {
            row_text(&row, look, out);
        }
        out.push('\n');
    }
}

/// The only workspace of the plans, with its place, when there is only one.
fn alone(plans: &[Plan]) -> Option<String> {
    let mut all = plans.iter().flat_map(|plan| {
        let scope = &plan.scope;
        let place = format!("({}, {})", scope.environment, scope.region);
        plan.workspaces.iter().map(move |w| format!("{} {place}", w.name))
    });
    all.next().filter(|_| all.next().is_none())
}

fn room(look: Look) -> usize {
    look.width.saturating_sub(FIELD).max(24)
}

/// Renders one change.
fn change_text(change: &Change, look: Look) -> String {
    let symbol = symbol(change);
    let mut out =
        format!("{}{} ", " ".repeat(3 - columns(symbol)), look.paint(tone(change), symbol));
    out.push_str(&layout(&heading(change), INDENT, FIELD, look));
    out.push('\n');
    for row in rows(change, room(look)) {
        row_text(&row, look, &mut out);
    }
    for left in &change.left {
        let words = format!("{}: {} stays, {} decides it", left.path, left.value, left.owner);
        let text = layout(&[Span::new(Tone::Faint, words)], FIELD, FIELD + 2, look);
        let _ = writeln!(out, "{}{text}", " ".repeat(FIELD));
    }
    if let Some(blocked) = &change.blocked {
        let words = format!("blocked: {}", blocked_words(&change.address, blocked));
        let text = layout(&[Span::new(Tone::Danger, words)], FIELD, FIELD + 2, look);
        let _ = writeln!(out, "    {} {text}", look.paint(Tone::Danger, "!"));
    }
    out
}

/// Address, id, and why, where that is not plain to see.
pub(super) fn heading(change: &Change) -> Vec<Span> {
    let mut spans = vec![Span::new(Tone::Strong, change.address.to_string())];
    if let Some(id) = &change.id {
        spans.push(Span::new(Tone::Faint, format!(" ({id})")));
    }
    if let Some(from) = &change.moved_from {
        spans.push(Span::plain(format!(" moved from {from}")));
    }
    if let Some(why) = why(change) {
        spans.push(Span::plain(format!(": {why}")));
    }
    spans
}

/// Why something happens, where its fields and its symbol do not say so.
pub(super) fn why(change: &Change) -> Option<String> {
    if change.deposed {
        return Some("left over from an earlier replacement".to_owned());
    }
    Some(match change.reason.as_ref()? {
        Reason::Missing | Reason::Changed | Reason::Moved | Reason::Destroy => return None,
        // Each says so beside its values.
        Reason::Immutable { .. } => return None,
        Reason::Failed { why } => format!("the live one cannot be used: {why}"),
        Reason::TriedAgain { why } => format!("failed, and is tried again: {why}"),
        Reason::Uses { address } => format!("uses {address}, which is deleted first"),
        Reason::Requested => "asked for with --replace".to_owned(),
        Reason::NotInStack => "no longer in the stack file".to_owned(),
        Reason::NoInstance => "its `when` is false, or its key left `for_each`".to_owned(),
        Reason::Deposed => "left over from an earlier replacement".to_owned(),
        Reason::Settling { state } => format!("still {state}; apply waits until it is ready"),
    })
}

/// Why a change is blocked, and the flag that unlocks it.
pub(super) fn blocked_words(address: &Address, blocked: &Blocked) -> String {
    let shown = shell(&address.to_string());
    let address = &shown;
    match blocked {
        Blocked::Protected => format!("protected; --allow-protected{GLUE}{address} unlocks it"),
        Blocked::DataLoss { what } => {
            format!("{what} would be lost; --allow-data-loss{GLUE}{address} unlocks it")
        }
        Blocked::Needed { by, because: Some(why) } => {
            let and = if **why == Blocked::Protected { "and is" } else { "and with it" };
            format!("{by} needs it {and} {}", blocked_words(by, why))
        }
        Blocked::Needed { by, because: None } => {
            format!("{by} needs it and is left out of this plan")
        }
    }
}

fn row_text(row: &Row, look: Look, out: &mut String) {
    let tone = match row.sign {
        '+' => Tone::Add,
        '-' => Tone::Remove,
        _ => Tone::Plain,
    };
    let indent = FIELD + 2 * row.depth;
    let text = layout(&row.spans, indent, indent + 4, look);
    let sign = look.paint(tone, &row.sign.to_string());
    // What is broken keeps its sign on every line.
    for (number, line) in text.lines().enumerate() {
        let rest = if number == 0 { line } else { line.get(indent..).unwrap_or(line) };
        let line = format!("    {sign} {}{rest}", "  ".repeat(row.depth));
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

/// Adds the counts of plans up.
pub fn summary(plans: &[Plan]) -> Summary {
    plans.iter().map(Plan::summary).fold(Summary::default(), |sum, one| Summary {
        create: sum.create + one.create,
        update: sum.update + one.update,
        replace: sum.replace + one.replace,
        delete: sum.delete + one.delete,
        unchanged: sum.unchanged + one.unchanged,
        blocked: sum.blocked + one.blocked,
    })
}

/// The line that counts what would be done.
pub fn summary_line(sum: &Summary) -> String {
    let Summary { create, update, replace, delete, unchanged, .. } = sum;
    format!(
        "Plan: {create} to create, {update} to update, {replace} to replace, {delete} to delete, \
         {unchanged} unchanged."
    )
}

fn closing(plans: &[Plan], look: Look) -> String {
    let sum = summary(plans);
    if !plans.iter().any(Plan::has_changes) {
        let what = alone(plans);
        let words = match (plans.first().map(|p| p.mode), sum.unchanged, what) {
            (Some(Mode::Destroy), _, Some(one)) => format!("Nothing to destroy in {one}."),
            (Some(Mode::Destroy), _, None) => "Nothing to destroy.".to_owned(),
            (_, 0, Some(one)) => format!("No changes. {one} has no resources."),
            (_, 0, None) => "No changes. There are no resources.".to_owned(),
            (_, number, what) => format!(
                "No changes. {} is as the stack says: {} unchanged.",
                what.as_deref().unwrap_or("The account"),
                count(number, "resource")
            ),
        };
        return format!("{}\n", wrap(&words, 0, 0, look));
    }
    let line = layout(&[Span::new(Tone::Strong, summary_line(&sum))], 0, 2, look);
    let mut out = format!("{line}\n");
    if sum.blocked > 0 {
        let verb = if sum.blocked == 1 { "is" } else { "are" };
        let words = format!("{} {verb} blocked; see ! above.", count(sum.blocked, "change"));
        let _ = writeln!(out, "{}", look.paint(Tone::Danger, &words));
    }
    out
}

/// How many AWS calls the plan took, by operation.
pub(super) fn calls(plans: &[Plan], look: Look) -> String {
    let total: u64 = plans.iter().map(|p| p.api_calls).sum();
    let mut by_operation: BTreeMap<&str, u64> = BTreeMap::new();
    for (name, number) in plans.iter().flat_map(|p| &p.calls_by_operation) {
        *by_operation.entry(name).or_default() += number;
    }
    let mut rows: Vec<_> = by_operation.into_iter().collect();
    rows.sort_by_key(|(name, number)| (std::cmp::Reverse(*number), *name));
    let mut out = format!("\n{}\n", look.paint(Tone::Strong, &format!("AWS calls: {total}")));
    for (name, number) in rows {
        let _ = writeln!(out, "{number:>6}  {name}");
    }
    out
}
