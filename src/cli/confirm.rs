//! Asking before something is changed.

use crate::stack::{Diagnostic, Diagnostics};
use crate::ui::Output;

/// Fails when nobody said yes beforehand and nobody can be asked.
pub(super) fn possible(verb: &str, yes: bool, output: &Output) -> Result<(), Diagnostics> {
    if yes || output.can_ask() {
        return Ok(());
    }
    let message =
        format!("`infra {verb}` asks before it changes anything, and there is no terminal");
    Err(Diagnostic::error("no_terminal", message)
        .hint(format!("look at `infra plan` first, then run `infra {verb} --yes`"))
        .into())
}

/// Asks on stderr; anything but `yes` is a refusal.
pub(super) fn ask(question: &str, output: &Output) -> Result<(), Diagnostics> {
    let answer = output.ask(&format!("\n{question}\nOnly `yes` is taken as a yes: "));
    if answer.as_deref() == Some("yes") {
        output.urgent("\n");
        return Ok(());
    }
    Err(Diagnostic::error("refused", "not confirmed; nothing was changed").into())
}
