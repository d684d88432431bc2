//! Conditions of rules, in the form AWS gives them back.

use ipnet::IpNet;
use serde_json::{Value, json};

use super::{Input, Members, State, rules};
use crate::rules::Refusal;
use crate::services::modelled;

/// A field of conditions.
struct Field {
    name: &'static str,
    /// The member that holds its values.
    config: &'static str,
    /// Whether `Values` may be used instead, and mirrors them (RuleCondition API reference).
    plain: bool,
    /// Whether a rule may have it more than once.
    repeats: bool,
}

static FIELDS: &[Field] = &[
    Field { name: "host-header", config: "HostHeaderConfig", plain: true, repeats: false },
    Field { name: "http-header", config: "HttpHeaderConfig", plain: false, repeats: true },
    Field {
        name: "http-request-method",
        config: "HttpRequestMethodConfig",
        plain: false,
        repeats: false,
    },
    Field { name: "path-pattern", config: "PathPatternConfig", plain: true, repeats: false },
    Field { name: "query-string", config: "QueryStringConfig", plain: false, repeats: true },
    Field { name: "source-ip", config: "SourceIpConfig", plain: false, repeats: false },
];

/// Reads the conditions of a call and fills in what AWS fills in.
pub(super) fn read(state: &State, given: &[Value]) -> Result<Vec<Value>, Refusal> {
    let mut seen: Vec<&str> = Vec::new();
    let mut values = 0;
    let mut whole = Vec::new();
    for condition in given.iter().filter_map(Value::as_object) {
        let name = condition.text("Field").unwrap_or_default();
        let field = FIELDS.iter().find(|field| field.name == name);
        let field = field.ok_or_else(|| rules::CONDITION_FIELD.refuse(&[name]))?;
        if seen.contains(&name) && !field.repeats {
            return Err(rules::CONDITION_TWICE.refuse(&[name]));
        }
        seen.push(name);
        let (count, shown) = read_one(field, condition)?;
        values += count;
        whole.push(shown);
    }
    if whole.is_empty() {
        return Err(rules::CONDITION_MISSING.refuse(&[]));
    }
    super::room(values, state.limits.condition_values_per_rule + 1, &rules::CONDITION_VALUES)?;
    Ok(whole)
}

/// Reads one condition; returns how many values it has beside it.
fn read_one(field: &Field, condition: &Input) -> Result<(usize, Value), Refusal> {
    let mut own = vec!["Field", field.config];
    if field.plain {
        own.push("Values");
    }
    let all = FIELDS.iter().map(|other| other.config).chain(["Values"]);
    if let Some(other) = all.into_iter().find(|it| condition.contains_key(*it) && !own.contains(it))
    {
        return Err(rules::CONDITION_MEMBER.refuse(&[other, field.name]));
    }
    modelled(condition, "Conditions", &own)?;
    let config = condition.object(field.config);
    let mut config = config.cloned().unwrap_or_default();
    let members: &[&str] =
        if field.name == "http-header" { &["HttpHeaderName", "Values"] } else { &["Values"] };
    modelled(&config, field.config, members)?;
    let plain = condition.list("Values");
    if !plain.is_empty() {
        if !config.list("Values").is_empty() && config.list("Values") != plain {
            return Err(rules::CONDITION_TWO_WAYS.refuse(&[field.name]));
        }
        config.insert("Values".to_owned(), plain.into());
    }
    let values = config.list("Values").to_vec();
    if values.is_empty() {
        return Err(rules::CONDITION_EMPTY.refuse(&[field.name]));
    }
    check(field.name, &config)?;
    let mut shown = json!({ "Field": field.name, field.config: config });
    if field.plain {
        shown["Values"] = values.clone().into();
    }
    Ok((values.len(), shown))
}

/// Refuses values that a field does not take.
fn check(field: &str, config: &Input) -> Result<(), Refusal> {
    if field == "http-header" && config.text("HttpHeaderName").is_none_or(str::is_empty) {
        return Err(rules::CONDITION_HEADER.refuse(&[]));
    }
    let bad = |value: &str| rules::CONDITION_VALUE.refuse(&[value, field]);
    for value in config.list("Values") {
        if let Some(pair) = value.as_object() {
            let text = pair.text("Value").unwrap_or_default();
            if text.is_empty() || text.chars().count() > 128 {
                return Err(bad(text));
            }
            continue;
        }
        let text = value.as_str().unwrap_or_default();
        let length = text.chars().count();
        let fits = match field {
            "http-request-method" => {
                let letter = |it: char| it.is_ascii_uppercase() || it == '-' || it == '_';
                length <= 40 && text.chars().all(letter)
            }
            "source-ip" => text.parse::<IpNet>().is_ok(),
            "host-header" => {
                let letter = |it: char| it.is_ascii_alphanumeric() || "-.*?:".contains(it);
                length <= 128 && text.chars().all(letter)
            }
            "path-pattern" => {
                let letter =
                    |it: char| it.is_ascii_alphanumeric() || "_-.$/~\"'@:+&*?".contains(it);
                length <= 128 && text.chars().all(letter)
            }
            _ => length <= 128,
        };
        if text.is_empty() || !fits {
            return Err(bad(text));
        }
    }
    Ok(())
}
