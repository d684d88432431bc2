//! Keeps hidden values out of what AWS's answers are told with: some name the value they refuse.

use crate::engine::diff;
use crate::engine::plan::{After, FieldChange};
use crate::stack::value::each_string;
use crate::stack::{Diagnostic, SchemaView};
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// What stands for a hidden value.
const HIDDEN: &str = "(sensitive)";
/// Characters of the shortest text that is masked: shorter ones are parts of common words.
const SHORTEST: usize = 4;

/// Collects the texts that must not be told of a resource: its sensitive fields, and the values of
/// the changes and fields that the plan hides.
pub(super) fn hidden(
    schema: SchemaView<'_>,
    changes: &[FieldChange],
    spec: Option<&Json>,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut add = |value: &Json| {
        each_string(value, &mut |text| {
            if text.chars().count() >= SHORTEST {
                found.insert(text.to_owned());
            }
        });
    };
    for change in changes.iter().filter(|change| change.sensitive) {
        add(&change.before);
        if let After::Known(value) = &change.after {
            add(value);
        }
    }
    for (field, value) in spec.and_then(Json::as_object).into_iter().flatten() {
        let planned = changes.iter().any(|c| c.sensitive && diff::top(&c.path) == field);
        let view = schema.property(field);
        if planned || view.is_some_and(|view| view.holds_sensitive()) {
            add(value);
        }
    }
    found
}

/// Masks the texts, the longest first, in all words of a diagnostic.
pub(super) fn masked(mut told: Diagnostic, hidden: &BTreeSet<String>) -> Diagnostic {
    let mut hidden: Vec<&String> = hidden.iter().collect();
    hidden.sort_by_key(|text| std::cmp::Reverse(text.len()));
    let words = std::iter::once(&mut told.message).chain(&mut told.notes).chain(&mut told.hint);
    for text in words {
        for secret in &hidden {
            if text.contains(secret.as_str()) {
                *text = text.replace(secret.as_str(), HIDDEN);
            }
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> Json {
        json!({"properties": {
            "name": {"type": "string"},
            "secret": {"type": "string", "x-sensitive": true, "x-write-only": true},
            "parts": {"type": "object", "properties": {
                "key": {"type": "string", "x-sensitive": true}}}
        }})
    }

    #[test]
    fn what_is_hidden_is_masked_in_all_words_and_the_rest_stays() {
        let schema = schema();
        let spec = json!({"name": "shop", "secret": "hunter2", "parts": {"key": "hunter2-long"}});
        let planned = FieldChange {
            path: "tags.owner".to_owned(),
            before: Json::Null,
            after: After::Known(json!("somebody")),
            sensitive: true,
            forces_replacement: false,
            late: false,
        };
        let texts = hidden(SchemaView::new(&schema), &[planned], Some(&spec));
        let told = Diagnostic::error("aws", "shop: Value 'hunter2-long' is no 'hunter2'")
            .note("somebody said so")
            .hint("not hunter2");
        let told = masked(told, &texts);
        assert_eq!(told.message, "shop: Value '(sensitive)' is no '(sensitive)'");
        assert_eq!(told.notes, ["(sensitive) said so"]);
        assert_eq!(told.hint.as_deref(), Some("not (sensitive)"));
    }

    #[test]
    fn a_field_hidden_for_its_value_is_masked_whole() {
        let schema = schema();
        let mut planned = diff::creation(SchemaView::new(&schema), &json!({"name": "hunter2"}));
        let spec = json!({"name": "hunter2"});
        assert!(hidden(SchemaView::new(&schema), &planned, Some(&spec)).is_empty());
        planned[0].sensitive = true;
        let texts = hidden(SchemaView::new(&schema), &planned, None);
        assert_eq!(texts, BTreeSet::from(["hunter2".to_owned()]));
    }
}
