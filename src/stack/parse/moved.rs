//! Reads `[moved]`, once all blocks are known.

use std::collections::BTreeMap;
use std::ops::Range;

use super::unknown_block;
use crate::stack::address::Address;
use crate::stack::diagnostic::Diagnostic;
use crate::stack::document::{Data, Entry, Node, Report, Table};
use crate::stack::workspace::{BlockId, Moved, Workspace};

impl Workspace {
    pub(super) fn read_moved(&mut self, table: &Table, report: &mut Report) {
        let mut targets: BTreeMap<Address, Range<usize>> = BTreeMap::new();
        for (key, entry) in &table.entries {
            if let Data::Table(_) = entry.node.data {
                let problem = report
                    .error("invalid_address", &entry.key, "an address on the left is quoted")
                    .hint(format!("write `\"{key}.old\" = \"{key}.new\"`"));
                report.push(problem);
                continue;
            }
            let Some(from) = address(key, &entry.key, report) else { continue };
            let Some(text) = entry.node.string(report) else { continue };
            let Some(to) = address(&text, &entry.node.range, report) else { continue };
            if let Some(problem) = self.moved_problem(&from, &to, entry, table, report) {
                report.push(problem);
                continue;
            }
            if let Some(other) = targets.insert(to.clone(), entry.node.range.clone()) {
                let problem = report
                    .error(
                        "duplicate_move",
                        &entry.node.range,
                        format!("`{to}` is the target twice"),
                    )
                    .related(report.location(&other), "first here");
                report.push(problem);
            }
            self.moved.push(Moved { from, to, at: report.location(&entry.key) });
        }
    }

    fn moved_problem(
        &self,
        from: &Address,
        to: &Address,
        entry: &Entry,
        all: &Table,
        report: &Report,
    ) -> Option<Diagnostic> {
        let (old, new) = (&entry.key, &entry.node.range);
        if from.ty != to.ty {
            let message = format!("a `{}` cannot become a `{}`", from.ty, to.ty);
            return Some(report.error("invalid_move", new, message));
        }
        if from == to {
            return Some(report.error("invalid_move", new, "both addresses are the same"));
        }
        let target = BlockId::resource(&to.ty, &to.name);
        let Some(block) = self.blocks.get(&target) else {
            // It may have been renamed again.
            if all.entries.keys().any(|key| Address::parse(key).as_ref() == Some(to)) {
                return None;
            }
            return Some(unknown_block(self, &target, new, report));
        };
        let is_block_to_block = from.key.is_none() && to.key.is_none();
        if to.key.is_some() && !block.has_for_each {
            let message = format!("`{target}` has no `for_each`, so no instance `{to}`");
            return Some(report.error("invalid_move", new, message));
        }
        if to.key.is_none() && block.has_for_each && !is_block_to_block {
            let message = format!("`{target}` has `for_each`; the target needs a key");
            let hint = format!("write `{target}[\"…\"]`");
            return Some(report.error("invalid_move", new, message).hint(hint));
        }
        let source = self.blocks.get(&BlockId::resource(&from.ty, &from.name))?;
        let written = source.body.for_each.as_ref().and_then(Node::written_keys);
        let still_there = match &from.key {
            None => !source.has_for_each || is_block_to_block,
            Some(key) => written.is_some_and(|keys| keys.contains(key)),
        };
        still_there.then(|| {
            report
                .error("invalid_move", old, format!("`{from}` is still in the file"))
                .related(source.at.clone(), "here")
                .hint("the old address must be gone from the file")
        })
    }
}

fn address(text: &str, range: &Range<usize>, report: &mut Report) -> Option<Address> {
    let address = Address::parse(text);
    if address.is_none() {
        let problem = report
            .error("invalid_address", range, format!("`{text}` is no address"))
            .hint("write `type.name` or `type.name[\"key\"]`");
        report.push(problem);
    }
    address
}
