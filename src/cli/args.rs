//! Arguments shared by verbs: the global ones, the selection of workspaces, filters, unlocking.

use crate::stack::Address;
use crate::ui::{ColourChoice, Format};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Arguments every verb takes (contract, design section 4).
#[derive(Args, Clone, Debug)]
pub struct Global {
    /// Folder of the stack files
    #[arg(long, global = true, value_name = "DIR", default_value = "stacks", help_heading = STACK)]
    pub stacks: PathBuf,
    /// Environment; without it, the one with `default = true`
    #[arg(short, long, global = true, value_name = "NAME", help_heading = STACK)]
    pub env: Option<String>,
    /// One of the environment's regions; repeatable, all of them without it
    #[arg(long, global = true, value_name = "REGION", help_heading = STACK)]
    pub region: Vec<String>,
    /// Value of a variable; repeatable, wins over every other source
    #[arg(long, global = true, value_name = "NAME=VALUE", value_parser = assignment,
        help_heading = STACK)]
    pub var: Vec<String>,
    /// TOML file with values of variables; repeatable, later files win
    #[arg(long, global = true, value_name = "FILE", help_heading = STACK)]
    pub var_file: Vec<PathBuf>,

    /// Profile of the AWS config files
    #[arg(long, global = true, value_name = "NAME", help_heading = ACCOUNT)]
    pub profile: Option<String>,
    /// Endpoint for every AWS service, e.g. of an emulator
    #[arg(long, global = true, value_name = "URL", help_heading = ACCOUNT)]
    pub endpoint_url: Option<String>,
    /// Use the embedded AWS in .infra/sandbox instead of an account
    #[arg(long, global = true, conflicts_with_all = ["endpoint_url", "profile"],
        help_heading = ACCOUNT)]
    pub sandbox: bool,
    /// How many steps may run at once
    #[arg(long, global = true, value_name = "N", default_value_t = 16,
        value_parser = parallelism, help_heading = ACCOUNT)]
    pub parallelism: usize,
    /// Do not take the lock
    ///
    /// Accepted so that scripts need not change, but not in the help: no run takes a lock before
    /// the lease in DynamoDB is there.
    #[arg(long, global = true, hide = true)]
    pub no_lock: bool,
    /// How long to wait for a lock held by another run, e.g. 90s, 10m
    ///
    /// As with `--no-lock`, nothing is locked yet.
    #[arg(long, global = true, value_name = "TIME", default_value = "0s", value_parser = duration,
        hide = true)]
    pub lock_timeout: Duration,

    /// Format of the answer: text or json; some verbs also know others
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text",
        hide_possible_values = true, help_heading = OUTPUT)]
    pub format: FormatArg,
    /// No colours; NO_COLOR and CLICOLOR are respected too
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub no_color: bool,
    /// No progress and no messages, only the answer and errors
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = OUTPUT)]
    pub quiet: bool,
    /// Say more, e.g. AWS calls by operation
    #[arg(short, long, global = true, help_heading = OUTPUT)]
    pub verbose: bool,
}

const STACK: &str = "Stack";
const ACCOUNT: &str = "Account and run";
const OUTPUT: &str = "Output";
const SELECTION: &str = "Selection";

impl Global {
    /// Whether to colour, as far as the arguments say.
    pub fn colour(&self) -> ColourChoice {
        if self.no_color { ColourChoice::Never } else { ColourChoice::Auto }
    }
}

/// `--format`, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For pull requests.
    Markdown,
    /// Annotations of GitHub Actions.
    Github,
    /// SARIF 2.1.0.
    Sarif,
    /// Graphviz.
    Dot,
    /// Flowcharts of Mermaid.
    Mermaid,
}

impl From<FormatArg> for Format {
    fn from(arg: FormatArg) -> Self {
        match arg {
            FormatArg::Text => Self::Text,
            FormatArg::Json => Self::Json,
            FormatArg::Markdown => Self::Markdown,
            FormatArg::Github => Self::Github,
            FormatArg::Sarif => Self::Sarif,
            FormatArg::Dot => Self::Dot,
            FormatArg::Mermaid => Self::Mermaid,
        }
    }
}

/// Which workspaces a run is about.
#[derive(Args, Clone, Debug, Default)]
pub struct Selection {
    /// Names of workspaces: `stacks/WORKSPACE.toml`
    #[arg(value_name = "WORKSPACE")]
    pub workspaces: Vec<String>,
    /// Every workspace, in the order of their dependencies
    #[arg(long, conflicts_with = "workspaces")]
    pub all: bool,
}

/// Which resources a run is about.
#[derive(Args, Clone, Debug, Default)]
pub struct Filters {
    /// Only this resource and what it needs; repeatable
    #[arg(long, value_name = "ADDRESS", value_parser = address, help_heading = SELECTION)]
    pub target: Vec<Address>,
    /// Leave this resource and what needs it alone; repeatable
    #[arg(long, value_name = "ADDRESS", value_parser = address, help_heading = SELECTION)]
    pub exclude: Vec<Address>,
    /// Replace this resource though nothing forces it; repeatable
    #[arg(long, value_name = "ADDRESS", value_parser = address, help_heading = SELECTION)]
    pub replace: Vec<Address>,
}

/// What a run may do beyond the harmless.
#[derive(Args, Clone, Debug, Default)]
pub struct Unlock {
    /// Delete or replace this protected resource if need be; repeatable
    #[arg(long, value_name = "ADDRESS", value_parser = address, help_heading = UNLOCK)]
    pub allow_protected: Vec<Address>,
    /// Lose the data this resource holds if need be; repeatable
    #[arg(long, value_name = "ADDRESS", value_parser = address, help_heading = UNLOCK)]
    pub allow_data_loss: Vec<Address>,
    /// Both of the above, for every resource
    #[arg(long, help_heading = UNLOCK)]
    pub force: bool,
}

const UNLOCK: &str = "Unlocking";

/// Reads an address as people type it.
pub fn address(text: &str) -> Result<Address, String> {
    Address::parse(text)
        .ok_or_else(|| "an address is TYPE.NAME, or TYPE.NAME[\"KEY\"] in single quotes".to_owned())
}

fn assignment(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((name, _)) if !name.trim().is_empty() => Ok(text.to_owned()),
        _ => Err("a value is given as NAME=VALUE".to_owned()),
    }
}

fn parallelism(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n @ 1..=256) => Ok(n),
        _ => Err("a number from 1 to 256 is wanted".to_owned()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| "a time is a number with s, m or h".to_owned())?;
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        other => return Err(format!("`{other}` is not one of s, m and h")),
    };
    number.checked_mul(unit).map(Duration::from_secs).ok_or_else(|| "too long".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7200)));
        for bad in ["", "m", "1d", "-1s", "1.5s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_value_has_a_name() {
        assert!(assignment("a=").is_ok() && assignment("a=b=c").is_ok());
        assert!(assignment("a").is_err() && assignment("=b").is_err());
    }
}
