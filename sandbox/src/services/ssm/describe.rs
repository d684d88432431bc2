//! Searching parameters: by filters, and by path.
//!
//! As on AWS, a page is cut before it is filtered, so that one may be short or empty while more
//! follow: whoever reads must follow the token.

use serde_json::{Map, Value, json};

use super::parameter::Parameter;
use super::rules::{
    FILTER_KEY, FILTER_OPTION, FILTER_TWICE, FILTER_VALUE, PATH, TOKEN, TWO_FILTERS,
};
use super::{arn, public, without_nulls};
use crate::rules::Refusal;
use crate::services::paging::page;
use crate::services::{Answer, Call, Input, Members, modelled};
use crate::state::Account;

/// How many parameters a page looks at when nothing is said.
const PAGE: usize = 10;

/// A filter that was understood.
struct Filter<'a> {
    key: &'a str,
    option: &'a str,
    values: Vec<&'a str>,
}

fn filters<'a>(input: &'a Input, known: &[&str]) -> Result<Vec<Filter<'a>>, Refusal> {
    let mut filters: Vec<Filter<'a>> = Vec::new();
    for given in input.list("ParameterFilters").iter().filter_map(Value::as_object) {
        let filter = filter(given, known)?;
        if filters.iter().any(|other| other.key == filter.key) {
            return Err(FILTER_TWICE.refuse(&[filter.key]));
        }
        filters.push(filter);
    }
    Ok(filters)
}

fn filter<'a>(given: &'a Map<String, Value>, known: &[&str]) -> Result<Filter<'a>, Refusal> {
    modelled(given, "ParameterFilters", &["Key", "Option", "Values"])?;
    let key = given.text("Key").unwrap_or_default();
    let kind = if key.starts_with("tag:") { "tag" } else { key };
    if !known.contains(&kind) {
        return Err(FILTER_KEY.refuse(&[key]));
    }
    let options: &[&str] = match key {
        "Path" => &["Recursive", "OneLevel"],
        "Name" => &["Equals", "BeginsWith", "Contains"],
        _ => &["Equals", "BeginsWith"],
    };
    let usual = if key == "Path" { "OneLevel" } else { "Equals" };
    let option = given.text("Option").unwrap_or(usual);
    if !options.contains(&option) {
        return Err(FILTER_OPTION.refuse(&[option, &options.join(", ")]));
    }
    let values = given.texts("Values");
    // Only a tag's key may stand alone.
    let path = key == "Path" && values.iter().any(|value| !value.starts_with('/'));
    if path || (values.is_empty() && kind != "tag") {
        return Err(FILTER_VALUE.refuse(&[key]));
    }
    Ok(Filter { key, option, values })
}

impl Filter<'_> {
    fn passes(&self, name: &str, parameter: &Parameter) -> bool {
        let Some(version) = parameter.latest() else { return false };
        let value = match self.key {
            "Path" => {
                return self
                    .values
                    .iter()
                    .any(|path| under(name, path, self.option == "Recursive"));
            }
            "Name" => {
                // With and without the first slash are one name here.
                let name = name.trim_start_matches('/');
                let values = self.values.iter().map(|value| value.trim_start_matches('/'));
                return self.any(name, values);
            }
            "Type" => Some(version.kind.as_str()),
            "KeyId" => version.key.as_deref(),
            "Tier" => Some(parameter.tier.as_str()),
            "DataType" => Some(version.data_type.as_str()),
            key => {
                key.strip_prefix("tag:").and_then(|key| parameter.tags.get(key)).map(String::as_str)
            }
        };
        match value {
            Some(value) if self.values.is_empty() => {
                !value.is_empty() || self.key.starts_with("tag:")
            }
            Some(value) => self.any(value, self.values.iter().copied()),
            None => false,
        }
    }

    fn any<'v>(&self, value: &str, mut wanted: impl Iterator<Item = &'v str>) -> bool {
        wanted.any(|wanted| match self.option {
            "BeginsWith" => value.starts_with(wanted),
            "Contains" => value.contains(wanted),
            _ => value == wanted,
        })
    }
}

/// Tells whether a name lies under a path.
fn under(name: &str, path: &str, recursive: bool) -> bool {
    let path = path.trim_end_matches('/');
    let rest = name.strip_prefix(path).and_then(|rest| rest.strip_prefix('/'));
    rest.is_some_and(|rest| !rest.is_empty() && (recursive || !rest.contains('/')))
}

/// The old form of filters: a list of values for a name, a type or a key.
fn old_filters(input: &Input) -> Vec<Filter<'_>> {
    let given = input.list("Filters").iter().filter_map(Value::as_object);
    given
        .map(|filter| {
            let key = filter.text("Key").unwrap_or_default();
            let option = if key == "Name" { "BeginsWith" } else { "Equals" };
            Filter { key, option, values: filter.texts("Values") }
        })
        .collect()
}

fn size(input: &Input) -> usize {
    input.integer("MaxResults").and_then(|size| usize::try_from(size).ok()).unwrap_or(PAGE)
}

pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    if input.contains_key("Filters") && input.contains_key("ParameterFilters") {
        return Err(TWO_FILTERS.refuse(&[]));
    }
    let known = ["Name", "Type", "KeyId", "Path", "Tier", "DataType", "tag"];
    let mut filters = filters(input, &known)?;
    filters.extend(old_filters(input));
    let all = account.region(&call.region).into_iter().flat_map(|region| &region.ssm.parameters);
    let items = all.map(|(name, parameter)| {
        let passes = filters.iter().all(|filter| filter.passes(name, parameter));
        let version = parameter.latest().filter(|_| passes);
        let shown = version.map(|version| {
            let mut shown = without_nulls(version.metadata(name, &parameter.tier));
            shown["ARN"] = json!(arn(call, name));
            shown
        });
        (name.clone(), shown.unwrap_or_default())
    });
    let (found, next) = page(items.collect(), size(input), input.text("NextToken"))
        .ok_or_else(|| TOKEN.refuse(&[]))?;
    let found: Vec<Value> = found.into_iter().filter(|shown| !shown.is_null()).collect();
    Ok(json!({"Parameters": found, "NextToken": next}))
}

/// Reads what lies under a path, public parameters among it.
pub(super) fn by_path(account: &Account, call: &Call, input: &Input) -> Answer {
    let path = input.text("Path").unwrap_or_default();
    if !path.starts_with('/') {
        return Err(PATH.refuse(&[]));
    }
    let filters = filters(input, &["Type", "KeyId"])?;
    let recursive = input.flag("Recursive").unwrap_or_default();
    let decrypt = input.flag("WithDecryption").unwrap_or_default();
    let all = account.region(&call.region).into_iter().flat_map(|region| &region.ssm.parameters);
    let own = all
        .filter(|(name, parameter)| filters.iter().all(|filter| filter.passes(name, parameter)))
        .filter_map(|(name, parameter)| Some((name, parameter.latest()?)))
        .map(|(name, version)| (name.clone(), version.shown(call, name, decrypt)));
    let public = public::all(&call.region).filter(|_| filters.is_empty());
    let public = public.map(|parameter| (parameter.name.clone(), parameter.shown(call)));
    let items = own.chain(public).filter(|(name, _)| under(name, path, recursive)).collect();
    let (found, next) = page(items, size(input).min(10), input.text("NextToken"))
        .ok_or_else(|| TOKEN.refuse(&[]))?;
    Ok(json!({"Parameters": found, "NextToken": next}))
}
