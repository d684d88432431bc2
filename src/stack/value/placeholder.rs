//! Strings that stand in JSON for values known only after apply.

use serde_json::Value as Json;
use std::collections::BTreeSet;

/// Starts a placeholder. Private use: Unicode gives it no meaning, and the parser refuses it.
const PLACEHOLDER_START: char = '\u{10FFFD}';

/// Stands after each reference of a placeholder.
const PLACEHOLDER_SEPARATOR: char = '\u{10FFFC}';

/// Makes the string that stands in JSON for a value known only after apply.
pub fn unknown_placeholder(refs: &BTreeSet<String>) -> String {
    let mut text = String::from(PLACEHOLDER_START);
    for reference in refs {
        text.push_str(reference);
        text.push(PLACEHOLDER_SEPARATOR);
    }
    text
}

/// Tells whether a JSON string stands for a value known only after apply.
pub fn is_placeholder(s: &str) -> bool {
    s.starts_with(PLACEHOLDER_START)
}

/// Tells whether a JSON string is a placeholder, or holds some: a policy is JSON within a string.
pub fn contains_placeholder(s: &str) -> bool {
    s.contains(PLACEHOLDER_START)
}

/// Gives back what the placeholders of a string wait for; empty for any other string.
pub fn placeholder_refs(s: &str) -> BTreeSet<String> {
    let quoted = !is_placeholder(s);
    let inner = s.split(PLACEHOLDER_START).skip(1);
    let refs = inner.flat_map(|part| {
        let (refs, _) = part.rsplit_once(PLACEHOLDER_SEPARATOR).unwrap_or(("", part));
        refs.split(PLACEHOLDER_SEPARATOR).filter(|r| !r.is_empty())
    });
    refs.map(|r| if quoted { r.replace(r#"\""#, "\"") } else { r.to_owned() }).collect()
}

/// Calls a function with every string in a JSON value.
pub fn each_string(json: &Json, f: &mut impl FnMut(&str)) {
    match json {
        Json::String(s) => f(s),
        Json::Array(items) => items.iter().for_each(|item| each_string(item, f)),
        Json::Object(map) => map.values().for_each(|value| each_string(value, f)),
        _ => {}
    }
}

/// Finds a character that only placeholders may contain.
pub(in crate::stack) fn reserved_char(s: &str) -> Option<(usize, char)> {
    s.char_indices().find(|(_, c)| matches!(*c, PLACEHOLDER_START | PLACEHOLDER_SEPARATOR))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn placeholder_round_trip(refs in prop::collection::btree_set("[a-z_.\\[\\]\"-]{1,20}", 0..5)) {
            let text = unknown_placeholder(&refs);
            prop_assert!(is_placeholder(&text));
            prop_assert_eq!(placeholder_refs(&text), refs);
        }

        #[test]
        fn ordinary_strings_are_no_placeholders(s in "[ -~äé€]{0,20}") {
            prop_assert!(!is_placeholder(&s));
            prop_assert!(placeholder_refs(&s).is_empty());
        }
    }
}
