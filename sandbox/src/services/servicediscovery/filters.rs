//! The filters of Cloud Map's lists, and their pages.

use serde_json::{Value, json};

use super::Input;
use super::rules::{FILTER, TOKEN};
use crate::rules::Refusal;
use crate::services::Members;
use crate::services::paging::page;

/// Whether something passes all filters; `field` gives its value for a filter's name.
pub(super) fn passes<'a>(
    input: &Input,
    field: impl Fn(&str) -> Option<&'a str>,
) -> Result<bool, Refusal> {
    for filter in input.list("Filters").iter().filter_map(Value::as_object) {
        let name = filter.text("Name").unwrap_or_default();
        let values = filter.texts("Values");
        let value = field(name).unwrap_or_default();
        let found = match filter.text("Condition").unwrap_or("EQ") {
            "EQ" if values.len() == 1 => values[0] == value,
            "IN" => values.contains(&value),
            "BEGINS_WITH" if matches!(name, "NAME" | "HTTP_NAME") && values.len() == 1 => {
                value.starts_with(values[0])
            }
            other => return Err(FILTER.refuse(&[other, name])),
        };
        if !found {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Cuts out the page that is asked for.
pub(super) fn paged(
    input: &Input,
    member: &str,
    items: Vec<(String, Value)>,
) -> Result<Value, Refusal> {
    let size = usize::try_from(input.integer("MaxResults").unwrap_or(100)).unwrap_or(100);
    let found = page(items, size, input.text("NextToken"));
    let (items, next) = found.ok_or_else(|| TOKEN.refuse(&[]))?;
    Ok(json!({member: items, "NextToken": next}))
}
