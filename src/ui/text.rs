//! Text on a grid: tones, spans, wrapping by display width.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

/// How text is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns a line may have.
    pub width: usize,
    /// Whether to colour.
    pub colour: bool,
    /// Whether to say more.
    pub verbose: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { width: 80, colour: false, verbose: false }
    }
}

/// What a piece of text means; colour only repeats what symbols and words say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// A heading.
    Strong,
    /// Beside the point.
    Faint,
    /// Something new.
    Add,
    /// Something going away.
    Remove,
    /// Something different.
    Change,
    /// A loss or a stop.
    Danger,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Faint => Style::new().dimmed(),
            Self::Add => AnsiColor::Green.on_default(),
            Self::Remove => AnsiColor::Red.on_default(),
            Self::Change => AnsiColor::Yellow.on_default(),
            Self::Danger => AnsiColor::Red.on_default().bold(),
        }
    }
}

impl Look {
    /// Colours a text, if colours are wanted.
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        if !self.colour || tone == Tone::Plain || text.is_empty() {
            return text.to_owned();
        }
        let style = tone.style();
        format!("{style}{text}{style:#}")
    }
}

/// A piece of text of one tone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The text, without line breaks.
    pub text: String,
    /// What it means.
    pub tone: Tone,
}

impl Span {
    /// Makes a span.
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { text: text.into(), tone }
    }

    /// Makes a span of no special meaning.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(Tone::Plain, text)
    }
}

/// A space that no line is broken at, until the text is set. Private use, so no value has it.
pub const GLUE: char = '\u{F8FE}';

/// Turns every glue into the space it stands for.
pub fn unglue(text: &str) -> String {
    text.replace(GLUE, " ")
}

/// Columns a text takes.
pub fn columns(text: &str) -> usize {
    text.width()
}

/// Columns spans take on one line.
pub fn span_columns(spans: &[Span]) -> usize {
    spans.iter().map(|span| columns(&span.text)).sum()
}

/// Sets spans on lines of the look's width, breaking at spaces only: a value longer than a line
/// stays whole. The first line starts at column `at`, what follows at `hang`; no break at the end.
pub fn layout(spans: &[Span], at: usize, hang: usize, look: Look) -> String {
    let mut page = Page { look, out: String::new(), column: at, hang, fresh: true };
    let mut word: Vec<Span> = Vec::new();
    let mut gap = String::new();
    for span in spans {
        for piece in pieces(&span.text) {
            if piece.starts_with(' ') {
                page.put(&mut gap, &mut word);
                gap.push_str(piece);
            } else {
                word.push(Span::new(span.tone, piece));
            }
        }
    }
    page.put(&mut gap, &mut word);
    page.out
}

struct Page {
    look: Look,
    out: String,
    column: usize,
    hang: usize,
    /// Nothing but indentation on the line yet.
    fresh: bool,
}

impl Page {
    fn put(&mut self, gap: &mut String, word: &mut Vec<Span>) {
        if word.is_empty() {
            return;
        }
        let size = span_columns(word);
        if !self.fresh && self.column + gap.len() + size > self.look.width {
            self.out.push('\n');
            self.out.push_str(&" ".repeat(self.hang));
            self.column = self.hang;
        } else {
            self.out.push_str(gap);
            self.column += gap.len();
        }
        gap.clear();
        for span in word.drain(..) {
            self.out.push_str(&self.look.paint(span.tone, &unglue(&span.text)));
        }
        self.column += size;
        self.fresh = false;
    }
}

/// Cuts a text into runs of spaces and runs of anything else.
fn pieces(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let space = first == ' ';
        let end = rest.find(|c: char| (c == ' ') != space).unwrap_or(rest.len());
        found.push(&rest[..end]);
        rest = &rest[end..];
    }
    found
}

/// Wraps a plain text; each of its own lines stays one or more lines, indented by `hang` from the
/// second on.
pub fn wrap(text: &str, at: usize, hang: usize, look: Look) -> String {
    let mut out = String::new();
    for (number, line) in text.lines().enumerate() {
        let start = if number == 0 { at } else { hang };
        if number > 0 {
            out.push('\n');
            out.push_str(&" ".repeat(hang));
        }
        out.push_str(&layout(&[Span::plain(line)], start, hang, look));
    }
    out
}

/// A number with its noun: `1 change`, `2 changes`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A span of time as people say it: `0s`, `42s`, `3m 05s`, `1h 02m`.
pub fn elapsed(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// Quotes a word for a shell, where it needs to be.
pub fn shell(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_-./:=@".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(width: usize) -> Look {
        Look { width, ..Look::default() }
    }

    #[test]
    fn breaks_at_spaces_and_never_inside_a_word() {
        let text = layout(&[Span::plain("one two three-and-a-half four")], 0, 2, look(10));
        assert_eq!(text, "one two\n  three-and-a-half\n  four");
    }

    #[test]
    fn a_word_may_have_several_tones() {
        let spans = [Span::plain("a b"), Span::new(Tone::Add, "c"), Span::plain(" d")];
        assert_eq!(layout(&spans, 0, 0, look(3)), "a\nbc\nd");
        let colour = Look { colour: true, ..look(80) };
        assert_eq!(layout(&spans, 0, 0, colour), "a b\u{1b}[32mc\u{1b}[0m d");
    }

    #[test]
    fn wide_characters_count_double() {
        assert_eq!(layout(&[Span::plain("日本 語")], 0, 0, look(5)), "日本\n語");
    }

    #[test]
    fn time_and_words() {
        assert_eq!([0, 59_999, 65_000, 3_720_000].map(elapsed), ["0s", "59s", "1m 05s", "1h 02m"]);
        assert_eq!(shell("vpc.main"), "vpc.main");
        assert_eq!(shell(r#"subnet.a["b"]"#), r#"'subnet.a["b"]'"#);
    }
}
