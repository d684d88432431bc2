//! Client tokens: the same request again is answered with what it created.

use super::super::{Call, Input, Members};
use super::{State, Token, rules};
use crate::rules::Refusal;

/// Returns the input without its token, with the operation, as one text.
pub(super) fn digest(call: &Call, input: &Input) -> String {
    let mut input = input.clone();
    input.remove("ClientToken");
    format!("{} {}", call.operation, serde_json::Value::Object(input))
}

/// Returns what an earlier request with this token created; another request with it is refused.
pub(super) fn seen(state: &State, call: &Call, input: &Input) -> Result<Option<String>, Refusal> {
    let Some(token) = input.text("ClientToken") else { return Ok(None) };
    match state.tokens.get(token) {
        None => Ok(None),
        Some(known) if known.input == digest(call, input) => {
            let id = known.id.clone();
            let lives = super::ids::kind_of(&id).is_some_and(|kind| (kind.holds)(state, &id));
            Ok(lives.then_some(id))
        }
        Some(_) => Err(rules::TOKEN_MISMATCH.refuse(&[])),
    }
}

/// Keeps what a request with a token created.
pub(super) fn keep(state: &mut State, call: &Call, input: &Input, id: &str) {
    if let Some(token) = input.text("ClientToken") {
        let known = Token { input: digest(call, input), id: id.to_owned() };
        state.tokens.insert(token.to_owned(), known);
    }
}
