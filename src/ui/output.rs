//! Where bytes go: the answer to stdout, everything else to stderr, each coloured only if wanted.

use super::text::Look;
use super::{Format, diagnostics};
use crate::stack::Diagnostics;
use std::io::{self, BufRead, IsTerminal, Write};

/// Whether to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColourChoice {
    /// As NO_COLOR, CLICOLOR, CLICOLOR_FORCE and the terminal say.
    #[default]
    Auto,
    /// Not at all.
    Never,
}

/// What the user asked of the output.
#[derive(Clone, Copy, Debug, Default)]
pub struct OutputOptions {
    /// Whether to colour.
    pub colour: ColourChoice,
    /// No progress and no messages.
    pub quiet: bool,
    /// Say more.
    pub verbose: bool,
    /// Format of the answer.
    pub format: Format,
}

/// The two streams of this process.
#[derive(Clone, Debug)]
pub struct Output {
    options: OutputOptions,
    width: usize,
    stdout_colour: bool,
    stderr_colour: bool,
    stderr_terminal: bool,
    #[cfg(test)]
    captured: Option<Captured>,
}

/// What a test's output and error streams got, and what it answers when asked.
#[cfg(test)]
#[derive(Clone, Debug, Default)]
pub(crate) struct Captured {
    /// stdout
    pub(crate) answer: std::sync::Arc<std::sync::Mutex<String>>,
    /// stderr
    pub(crate) messages: std::sync::Arc<std::sync::Mutex<String>>,
    /// stdin; `None`: there is no terminal
    pub(crate) reply: Option<&'static str>,
}

const PIPED_WIDTH: usize = 80;
const LEAST_WIDTH: usize = 40;

impl Output {
    /// Looks at the process's streams and environment.
    pub fn new(options: OutputOptions) -> Self {
        let colours = |stream: anstream::ColorChoice| {
            options.colour == ColourChoice::Auto && stream != anstream::ColorChoice::Never
        };
        Self {
            options,
            width: width(std::env::var("COLUMNS").ok().as_deref(), terminal_width()),
            stdout_colour: colours(anstream::AutoStream::choice(&io::stdout())),
            stderr_colour: colours(anstream::AutoStream::choice(&io::stderr())),
            stderr_terminal: io::stderr().is_terminal(),
            #[cfg(test)]
            captured: None,
        }
    }

    /// An output of 80 columns without colours that keeps what it is given.
    #[cfg(test)]
    pub(crate) fn captured(
        options: OutputOptions,
        reply: Option<&'static str>,
    ) -> (Self, Captured) {
        let captured = Captured { reply, ..Captured::default() };
        let output = Self {
            options,
            width: PIPED_WIDTH,
            stdout_colour: false,
            stderr_colour: false,
            stderr_terminal: false,
            captured: Some(captured.clone()),
        };
        (output, captured)
    }

    /// Columns a line may have.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Format of the answer.
    pub fn format(&self) -> Format {
        self.options.format
    }

    /// Whether messages and progress are unwanted.
    pub fn quiet(&self) -> bool {
        self.options.quiet
    }

    /// How text on stdout looks.
    pub fn look(&self) -> Look {
        Look { width: self.width, colour: self.stdout_colour, verbose: self.options.verbose }
    }

    /// How text on stderr looks.
    pub fn message_look(&self) -> Look {
        Look { width: self.width, colour: self.stderr_colour, verbose: self.options.verbose }
    }

    /// Whether progress can be shown live: stderr is a terminal that can move its cursor.
    pub fn live(&self) -> bool {
        self.stderr_terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// Whether somebody can be asked: stdin and stderr are terminals.
    pub fn can_ask(&self) -> bool {
        #[cfg(test)]
        if let Some(captured) = &self.captured {
            return captured.reply.is_some();
        }
        self.stderr_terminal && io::stdin().is_terminal()
    }

    /// Writes a part of the answer. A closed stdout is no error: who reads has read enough.
    pub fn answer(&self, text: &str) {
        #[cfg(test)]
        if let Some(captured) = &self.captured {
            captured.answer.lock().unwrap().push_str(text);
            return;
        }
        let mut stdout = io::stdout().lock();
        let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    }

    /// Writes a message beside the answer, unless `--quiet`.
    pub fn message(&self, text: &str) {
        if !self.options.quiet {
            self.urgent(text);
        }
    }

    /// Writes beside the answer even with `--quiet`.
    pub fn urgent(&self, text: &str) {
        #[cfg(test)]
        if let Some(captured) = &self.captured {
            captured.messages.lock().unwrap().push_str(text);
            return;
        }
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Writes problems to stderr: as text, or one JSON document a line.
    pub fn diagnostics(&self, all: &Diagnostics) {
        match self.options.format {
            Format::Json => self.urgent(&diagnostics::json_lines(all)),
            Format::Github => self.urgent(&diagnostics::github(all)),
            _ => self.urgent(&diagnostics::text(all, self.message_look())),
        }
    }

    /// Asks on stderr and reads one line from stdin; `None` at its end.
    pub fn ask(&self, question: &str) -> Option<String> {
        self.urgent(question);
        #[cfg(test)]
        if let Some(captured) = &self.captured {
            return captured.reply.map(str::to_owned);
        }
        let mut line = String::new();
        match io::stdin().lock().read_line(&mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line.trim().to_owned()),
        }
    }
}

fn terminal_width() -> Option<usize> {
    let size = terminal_size::terminal_size_of(io::stdout()).or_else(|| {
        terminal_size::terminal_size_of(io::stderr()).filter(|_| io::stdout().is_terminal())
    });
    size.map(|(width, _)| usize::from(width.0))
}

fn width(columns: Option<&str>, terminal: Option<usize>) -> usize {
    let asked = columns.and_then(|text| text.trim().parse().ok()).filter(|n| *n > 0);
    asked.or(terminal).unwrap_or(PIPED_WIDTH).max(LEAST_WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_win_over_the_terminal_and_a_pipe_has_80() {
        assert_eq!(width(Some("120"), Some(90)), 120);
        assert_eq!(width(Some("x"), Some(90)), 90);
        assert_eq!(width(None, None), 80);
        assert_eq!(width(Some("3"), None), 40);
    }
}
