//! The plan as markdown, for a comment on a pull request.

use super::fields::{output_rows, rows};
use super::plan::{blocked_words, heading, summary, summary_line, symbol};
use super::text::{count, unglue};
use crate::engine::drift::Drift;
use crate::engine::plan::{Action, Change, Plan, Summary, WorkspacePlan};
use std::fmt::Write as _;

/// Characters a comment on GitHub may have.
const MOST_CHARS: usize = 65_536;
/// Kept free for what closes a comment that is cut.
const RESERVE: usize = 1_024;
/// Columns before a value takes several lines: comments are read in a browser, and scroll.
const ROOM: usize = 110;

/// Renders plans, one per region; cut at a resource when longer than a comment may be.
pub fn markdown(plans: &[Plan]) -> String {
    render("plan", &summary_line(&summary(plans)), plans, MOST_CHARS)
}

/// Renders what drifted, one part a region; cut like a plan.
pub fn drift(drifts: &[Drift]) -> String {
    let plans = super::drift::plans(drifts);
    render("drift", &super::drift::summary_line(&summary(&plans)), &plans, MOST_CHARS)
}

fn render(verb: &str, heading: &str, plans: &[Plan], most: usize) -> String {
    let mut page =
        Page { out: String::new(), chars: 0, most: most.saturating_sub(RESERVE), left_out: 0 };
    let sum = summary(plans);
    let _ = page.add(&format!("### {heading}\n\n"));
    if sum.blocked > 0 {
        let verb = if sum.blocked == 1 { "is" } else { "are" };
        let _ = page.add(&format!("**{} {verb} blocked.**\n\n", count(sum.blocked, "change")));
    }
    for warning in plans.iter().flat_map(|p| &p.warnings) {
        let _ = page.add(&format!("> **Warning:** {}\n\n", warning.replace('\n', " ")));
    }
    for plan in plans {
        for workspace in &plan.workspaces {
            page.workspace(plan, workspace);
        }
    }
    if page.left_out > 0 {
        let _ = writeln!(
            page.out,
            "**{} left out:** a comment has at most 65,536 characters. \
             `infra {verb}` shows everything.",
            count(page.left_out, "more change")
        );
    }
    page.out
}

struct Page {
    out: String,
    chars: usize,
    most: usize,
    left_out: usize,
}

impl Page {
    /// Adds a text if there is room for it, and tells whether there was.
    fn add(&mut self, text: &str) -> bool {
        let size = text.chars().count();
        if self.chars + size > self.most {
            return false;
        }
        self.chars += size;
        self.out.push_str(text);
        true
    }

    fn workspace(&mut self, plan: &Plan, workspace: &WorkspacePlan) {
        let changes: Vec<_> =
            workspace.changes.iter().filter(|c| c.action != Action::None).collect();
        let name =
            format!("{} ({}, {})", workspace.name, plan.scope.environment, plan.scope.region);
        if changes.is_empty() && workspace.outputs.is_empty() {
            let _ = self.add(&format!("{name}: no changes\n\n"));
            return;
        }
        let blocks: Vec<_> = changes
            .iter()
            .map(|change| change_block(change))
            .chain((!workspace.outputs.is_empty()).then(|| outputs_block(workspace)))
            .collect();
        let fence = fence(&blocks);
        let counts = counts(workspace);
        let head = format!(
            "<details><summary><b>{}</b>: {counts}</summary>\n\n{fence}diff\n",
            html(&name)
        );
        let tail = format!("{fence}\n\n</details>\n\n");
        let tail_size = tail.chars().count();
        let room_for_one = blocks.first().map_or(0, |b| b.chars().count());
        if self.left_out > 0
            || self.chars + head.chars().count() + room_for_one + tail_size > self.most
        {
            self.left_out += changes.len();
            return;
        }
        let _ = self.add(&head);
        self.most -= tail_size;
        let mut shown = 0;
        for block in &blocks {
            if !self.add(block) {
                break;
            }
            shown += 1;
        }
        self.most += tail_size;
        while self.out.ends_with("\n\n") {
            self.out.pop();
            self.chars -= 1;
        }
        let _ = self.add(&tail);
        self.left_out += changes.len().saturating_sub(shown);
    }
}

/// A fence longer than any run of backquotes in what it holds.
fn fence(blocks: &[String]) -> String {
    let longest =
        blocks.iter().flat_map(|block| block.split(|c| c != '`')).map(str::len).max().unwrap_or(0);
    "`".repeat(3.max(longest + 1))
}

fn counts(workspace: &WorkspacePlan) -> String {
    let number = |action| {
        workspace.changes.iter().filter(|c| c.action == action && c.blocked.is_none()).count()
    };
    let sum = Summary {
        create: number(Action::Create),
        update: number(Action::Update),
        replace: number(Action::Replace),
        delete: number(Action::Delete),
        ..Summary::default()
    };
    let words: Vec<_> = [
        (sum.create, "to create"),
        (sum.update, "to update"),
        (sum.replace, "to replace"),
        (sum.delete, "to delete"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, words)| format!("{number} {words}"))
    .collect();
    if words.is_empty() { "only outputs change".to_owned() } else { words.join(", ") }
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// One change; the first column is what the highlighting of `diff` goes by.
fn change_block(change: &Change) -> String {
    let symbol = symbol(change);
    let mark = match change.action {
        Action::Create => "+",
        Action::Delete => "-",
        _ => "!",
    };
    let heading: String = heading(change).into_iter().map(|span| span.text).collect();
    let head = if mark == symbol { String::new() } else { format!("{symbol} ") };
    let mut out = format!("{mark} {head}{heading}\n");
    for row in rows(change, ROOM) {
        put_row(&mut out, row.sign, row.depth, &row.spans);
    }
    if let Some(blocked) = &change.blocked {
        let _ =
            writeln!(out, "!     blocked: {}", unglue(&blocked_words(&change.address, blocked)));
    }
    out.push('\n');
    out
}

fn outputs_block(workspace: &WorkspacePlan) -> String {
    let mut out = "  Outputs\n".to_owned();
    for row in output_rows(&workspace.outputs, ROOM) {
        put_row(&mut out, row.sign, row.depth, &row.spans);
    }
    out
}

fn put_row(out: &mut String, sign: char, depth: usize, spans: &[super::text::Span]) {
    let text: String = spans.iter().map(|span| span.text.as_str()).collect();
    let line = unglue(&format!("{sign}     {}{text}", "  ".repeat(depth)));
    out.push_str(line.trim_end());
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::tests::sample;

    #[test]
    fn is_cut_at_a_resource_and_counts_the_rest() {
        let plans = [sample::many(400)];
        let text = markdown(&plans);
        assert!(text.chars().count() <= MOST_CHARS);
        let shown = text.matches("+ log_group.").count();
        let left: usize = text
            .split("**")
            .find_map(|part| part.strip_suffix(" more changes left out:"))
            .and_then(|number| number.parse().ok())
            .unwrap();
        assert_eq!(shown + left, 400);
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
        assert_eq!(text.matches("```").count(), 2);
    }
}
