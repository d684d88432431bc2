//! The fields of a change as rows: one row if it fits, a difference of lines if not.

use super::text::{Span, Tone, columns, span_columns};
use super::value::{self, Line, SENSITIVE, Shape};
use crate::aws::ownership;
use crate::engine::plan::{Action, After, Change, FieldChange, OutputChange, Reason};
use serde_json::Value as Json;

/// A line of a change, before it is set at a width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// `+`, `-` or a space: what happens to what the row shows.
    pub(super) sign: char,
    /// How deep it is nested.
    pub(super) depth: usize,
    /// What it says.
    pub(super) spans: Vec<Span>,
}

impl Row {
    fn new(sign: char, depth: usize, spans: Vec<Span>) -> Self {
        Self { sign, depth, spans }
    }
}

/// Rows of a change's fields; `room` is the width they have.
pub(super) fn rows(change: &Change, room: usize) -> Vec<Row> {
    let fields = worth_showing(change);
    let mut groups: Vec<(&str, Vec<&FieldChange>)> = Vec::new();
    for field in &fields {
        match groups.iter_mut().find(|(path, _)| *path == field.path) {
            Some((_, members)) => members.push(field),
            None => groups.push((&field.path, vec![field])),
        }
    }
    let creates = change.action == Action::Create;
    let entries = groups.into_iter().map(|(path, members)| match members.as_slice() {
        [field] if !creates && is_element(field) => Entry::of_elements(path, &members, room),
        [field] => Entry::of_field(field, creates, room),
        many => Entry::of_elements(path, many, room),
    });
    align(entries.collect(), room)
}

/// Tells whether a change reads as an object that joins or leaves others under its path, such as
/// a rule: shown as if it were all there is, it would seem to be.
fn is_element(field: &FieldChange) -> bool {
    matches!(
        (&field.before, &field.after),
        (Json::Null, After::Known(Json::Object(_))) | (Json::Object(_), After::Known(Json::Null))
    )
}

/// Rows of outputs that change.
pub(super) fn output_rows(outputs: &[OutputChange], room: usize) -> Vec<Row> {
    let field = |output: &OutputChange| FieldChange {
        path: output.name.clone(),
        before: output.before.clone(),
        after: output.after.clone(),
        sensitive: output.sensitive,
        forces_replacement: false,
        late: false,
    };
    align(outputs.iter().map(|o| Entry::of_field(&field(o), false, room)).collect(), room)
}

/// Fields without what every resource has: the tags that say whose it is.
pub(super) fn worth_showing(change: &Change) -> Vec<FieldChange> {
    let fresh = matches!(change.action, Action::Create | Action::Replace);
    let moved = change.moved_from.is_some() || change.reason == Some(Reason::Moved);
    let noise = |key: &str| {
        key.starts_with(ownership::PREFIX)
            && (fresh || (moved && ownership::IDENTITY_KEYS.contains(&key)))
    };
    let mut shown = Vec::new();
    for field in &change.fields {
        if field.path.strip_prefix("tags.").is_some_and(noise) {
            continue;
        }
        let mut field = field.clone();
        if field.path == "tags" && fresh {
            for side in [Some(&mut field.before), known(&mut field.after)].into_iter().flatten() {
                if let Some(map) = side.as_object_mut() {
                    map.retain(|key, _| !noise(key));
                }
            }
            let nothing = |value: &Json| value.as_object().is_none_or(serde_json::Map::is_empty);
            if nothing(&field.before) && matches!(&field.after, After::Known(v) if nothing(v)) {
                continue;
            }
        }
        shown.push(field);
    }
    shown
}

fn known(after: &mut After) -> Option<&mut Json> {
    match after {
        After::Known(value) => Some(value),
        After::Unknown(_) => None,
    }
}

/// Marks what forces a replacement; its two words are held together by [`super::text::GLUE`].
const FORCES: &str = "  (forces\u{F8FE}replacement)";

/// A field on one row, whose value can be aligned with its neighbours', or on several.
enum Entry {
    Short { sign: char, path: String, spans: Vec<Span> },
    Long(Vec<Row>),
}

impl Entry {
    fn of_field(field: &FieldChange, creates: bool, room: usize) -> Self {
        let (before, after) = (&field.before, &field.after);
        let gone = matches!(after, After::Known(Json::Null));
        let sign = match (before.is_null(), gone) {
            _ if creates => ' ',
            (true, _) => '+',
            (false, true) => '-',
            (false, false) => ' ',
        };
        let tone = tone_of(sign);
        let forces = field.forces_replacement.then(|| Span::new(Tone::Danger, FORCES));
        let spans = match (before.is_null(), gone) {
            (true, _) => vec![Span::new(tone, text_after(field))],
            (false, true) => vec![Span::new(tone, text_before(field))],
            (false, false) => vec![
                Span::new(Tone::Remove, text_before(field)),
                Span::new(Tone::Faint, " → "),
                Span::new(Tone::Add, text_after(field)),
            ],
        };
        let size = columns(&field.path) + 2 + span_columns(&spans);
        let mut spans = spans;
        spans.extend(forces.clone());
        let known_after = match after {
            After::Known(value) => Some(value),
            After::Unknown(_) => None,
        };
        let tall = [Some(before), known_after].into_iter().flatten().any(value::needs_lines);
        let unknown = before.is_null() && known_after.is_none();
        if field.sensitive || unknown || (size <= room && !tall) {
            return Self::Short { sign, path: field.path.clone(), spans };
        }
        let mut title = vec![Span::plain(format!("{}:", field.path))];
        title.extend(forces);
        Self::Long(match (before.is_null(), known_after) {
            (true, Some(after)) => opened(sign, title, after, room),
            (false, Some(Json::Null)) => opened(sign, title, before, room),
            _ => {
                let after = match after {
                    After::Known(value) => value::lines(value, room - 2, Shape::Split),
                    After::Unknown(_) => vec![Line { depth: 0, text: text_after(field) }],
                };
                let mut rows = vec![Row::new(' ', 0, title)];
                rows.extend(difference(&value::lines(before, room - 2, Shape::Split), &after));
                rows
            }
        })
    }

    /// Elements that come and go, all of one set.
    fn of_elements(path: &str, elements: &[&FieldChange], room: usize) -> Self {
        let mut title = vec![Span::plain(format!("{path}:"))];
        if elements.iter().any(|e| e.forces_replacement) {
            title.push(Span::new(Tone::Danger, FORCES));
        }
        let mut rows = vec![Row::new(' ', 0, title)];
        for element in elements {
            let after = match &element.after {
                After::Known(value) => value.clone(),
                After::Unknown(_) => Json::String(text_after(element)),
            };
            let unknown = matches!(element.after, After::Unknown(_));
            for (sign, side) in [('-', &element.before), ('+', &after)] {
                if side.is_null() {
                    continue;
                }
                let hidden = element.sensitive || (sign == '+' && unknown);
                let text = match (hidden, sign) {
                    (true, '+') => text_after(element),
                    (true, _) => SENSITIVE.to_owned(),
                    _ => value::inline(side),
                };
                if hidden || columns(&text) + 2 <= room {
                    rows.push(Row::new(sign, 1, vec![Span::new(tone_of(sign), text)]));
                } else {
                    rows.extend(value::lines(side, room - 2, Shape::Filled).into_iter().map(
                        |line| {
                            Row::new(
                                sign,
                                1 + line.depth,
                                vec![Span::new(tone_of(sign), line.text)],
                            )
                        },
                    ));
                }
            }
        }
        Self::Long(rows)
    }
}

fn tone_of(sign: char) -> Tone {
    match sign {
        '+' => Tone::Add,
        '-' => Tone::Remove,
        _ => Tone::Plain,
    }
}

fn text_before(field: &FieldChange) -> String {
    if field.sensitive { SENSITIVE.to_owned() } else { value::inline(&field.before) }
}

fn text_after(field: &FieldChange) -> String {
    match &field.after {
        _ if field.sensitive => SENSITIVE.to_owned(),
        After::Known(value) => value::inline(value),
        After::Unknown(refs) => value::unknown(refs),
    }
}

/// A value that comes or goes as a whole, on several rows.
fn opened(sign: char, mut title: Vec<Span>, value: &Json, room: usize) -> Vec<Row> {
    let tone = tone_of(sign);
    let mut lines = value::lines(value, room, Shape::Opened).into_iter();
    let bracketed = matches!(value, Json::Array(_) | Json::Object(_));
    if bracketed && let Some(first) = lines.next() {
        // `name: {` rather than a bracket on a line of its own.
        title.insert(1, Span::plain(format!(" {}", first.text)));
    }
    let deeper = usize::from(!bracketed);
    let mut rows = vec![Row::new(sign, 0, title)];
    rows.extend(
        lines.map(|line| Row::new(sign, line.depth + deeper, vec![Span::new(tone, line.text)])),
    );
    rows
}

/// Unchanged lines shown around a changed one.
const CONTEXT: usize = 2;
/// Cells of the table of common lines beyond which two texts are shown whole.
const MOST_CELLS: usize = 4_000_000;

/// What differs between two texts, with a little of what does not.
fn difference(before: &[Line], after: &[Line]) -> Vec<Row> {
    let steps = steps(before, after);
    let near = |at: usize| {
        let from = at.saturating_sub(CONTEXT);
        let to = (at + CONTEXT + 1).min(steps.len());
        steps[from..to].iter().any(|(sign, _)| *sign != ' ')
    };
    let mut rows = Vec::new();
    let mut at = 0;
    while at < steps.len() {
        let (sign, line) = steps[at];
        let far = (at..steps.len()).take_while(|i| !near(*i)).count();
        if far > 1 {
            let text = format!("… {far} lines unchanged");
            rows.push(Row::new(' ', 1 + line.depth, vec![Span::new(Tone::Faint, text)]));
            at += far;
            continue;
        }
        rows.push(Row::new(sign, 1 + line.depth, vec![Span::new(tone_of(sign), &line.text)]));
        at += 1;
    }
    rows
}

/// The longest common subsequence of two texts, as lines kept, removed and added.
fn steps<'a>(before: &'a [Line], after: &'a [Line]) -> Vec<(char, &'a Line)> {
    let (rows, columns) = (before.len(), after.len());
    if rows.saturating_mul(columns) > MOST_CELLS {
        let removed = before.iter().map(|line| ('-', line));
        return removed.chain(after.iter().map(|line| ('+', line))).collect();
    }
    let mut common = vec![vec![0_usize; columns + 1]; rows + 1];
    for i in (0..rows).rev() {
        for j in (0..columns).rev() {
            common[i][j] = if before[i] == after[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut found = Vec::new();
    while i < rows || j < columns {
        if i < rows && j < columns && before[i] == after[j] {
            found.push((' ', &before[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == columns || (i < rows && common[i + 1][j] >= common[i][j + 1]) {
            found.push(('-', &before[i]));
            i += 1;
        } else {
            found.push(('+', &after[j]));
            j += 1;
        }
    }
    found
}

/// Columns beyond which a long path no longer pushes its neighbours' values to the right.
const WIDEST_ALIGNED: usize = 36;

/// Aligns the values of fields that take one row each.
fn align(entries: Vec<Entry>, room: usize) -> Vec<Row> {
    let width = entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::Short { path, .. } => Some(columns(path)),
            Entry::Long(_) => None,
        })
        .filter(|width| *width <= WIDEST_ALIGNED)
        .max()
        .unwrap_or(0);
    let mut rows = Vec::new();
    for entry in entries {
        match entry {
            Entry::Long(more) => rows.extend(more),
            Entry::Short { sign, path, mut spans } => {
                let pad = width.saturating_sub(columns(&path));
                let values = span_columns(&spans[..spans.len().min(3)]);
                let fits = columns(&path) + pad + 2 + values <= room;
                let pad = if fits { pad } else { 0 };
                spans.insert(0, Span::plain(format!("{path}: {}", " ".repeat(pad))));
                rows.push(Row::new(sign, 0, spans));
            }
        }
    }
    rows
}
