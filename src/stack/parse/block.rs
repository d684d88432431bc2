//! Reads one block: its meta keys and its attributes.

use std::ops::Range;
use std::time::Duration;

use crate::stack::catalog::BlockKind;
use crate::stack::document::{Data, Node, Report, Table, unknown_key};
use crate::stack::workspace::{Block, BlockId, Body, Timeouts};

pub(super) const META: [&str; 7] =
    ["for_each", "when", "depends_on", "protect", "tags", "timeouts", "import"];

const DATA_META: [&str; 3] = ["for_each", "when", "depends_on"];

pub(super) fn read_block(
    id: BlockId,
    table: &Table,
    range: &Range<usize>,
    report: &mut Report,
) -> Block {
    let is_data = id.kind == BlockKind::Data;
    let meta: &[&str] = if is_data { &DATA_META } else { &META };
    let mut body = Body::default();
    let mut limits = Timeouts::default();
    for (key, entry) in &table.entries {
        if !meta.contains(&key.as_str()) {
            body.attributes.entries.insert(key.clone(), entry.clone());
            continue;
        }
        let node = entry.node.clone();
        match key.as_str() {
            "for_each" => body.for_each = Some(node),
            "when" => body.when = Some(node),
            "protect" => body.protect = Some(node),
            "tags" => body.tags = Some(node),
            "import" => body.import = Some(node),
            "timeouts" => limits = timeouts(&node, report),
            _ => {} // depends_on needs all blocks
        }
    }
    Block {
        id,
        at: report.location(range),
        has_for_each: body.for_each.is_some(),
        protect: body.protect.as_ref().is_some_and(|n| !matches!(n.data, Data::Bool(false))),
        timeouts: limits,
        has_import: body.import.is_some(),
        depends_on: Vec::new(),
        body,
    }
}

pub(super) fn timeouts(node: &Node, report: &mut Report) -> Timeouts {
    let mut limits = Timeouts::default();
    let Some(table) = node.table(report) else { return limits };
    for (key, entry) in &table.entries {
        let slot = match key.as_str() {
            "create" => &mut limits.create,
            "update" => &mut limits.update,
            "delete" => &mut limits.delete,
            _ => {
                let known = ["create", "update", "delete"];
                let problem = unknown_key(report, key, &entry.key, &known, "`timeouts`");
                report.push(problem);
                continue;
            }
        };
        let Some(text) = entry.node.string(report) else { continue };
        *slot = duration(&text);
        if slot.is_none() {
            let problem = report
                .error("invalid_value", &entry.node.range, format!("{text:?} is no length of time"))
                .hint("write \"30s\", \"10m\" or \"1h30m\"");
            report.push(problem);
        }
    }
    limits
}

/// Reads a length of time such as `1h30m`.
fn duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().ok()?;
        let seconds = match rest[digits..].chars().next()? {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => return None,
        };
        total += Duration::from_secs(number.checked_mul(seconds)?);
        rest = &rest[digits + 1..];
    }
    (!total.is_zero()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::duration;
    use std::time::Duration;

    #[test]
    fn lengths_of_time() {
        assert_eq!(duration("1h30m"), Some(Duration::from_secs(5400)));
        assert_eq!(duration("45s"), Some(Duration::from_secs(45)));
        for text in ["", "10", "m", "0s", "1d", "10 m", "99999999999999999999h"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
