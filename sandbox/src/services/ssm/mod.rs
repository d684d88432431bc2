//! Systems Manager: Parameter Store, with the public parameters that name the newest images.
//!
//! Labels, parameter policies and shared parameters are not modelled.

mod describe;
mod parameter;
mod public;
mod put;
mod rules;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::tagging::tag_list;
use super::{Answer, Call, Input, Members, Service, Tagged, read, write};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;
use parameter::Parameter;
use rules::{RESOURCE, RESOURCE_TYPE, RULES, TAG, TAG_COUNT};

pub(crate) use parameter::value as parameter;

/// What Systems Manager keeps for one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    parameters: BTreeMap<String, Parameter>,
}

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "ssm",
    shapes: include_str!("../../shapes/ssm.json"),
    validation_code: "ValidationException",
    throttle_code: "ThrottlingException",
    operations: &[
        write(
            "PutParameter",
            &[
                "Name",
                "Description",
                "Value",
                "Type",
                "KeyId",
                "Overwrite",
                "AllowedPattern",
                "Tags",
                "Tier",
                "DataType",
            ],
            put::put,
        ),
        read("GetParameter", &["Name", "WithDecryption"], parameter::get),
        read("GetParameters", &["Names", "WithDecryption"], parameter::get_several),
        read(
            "GetParametersByPath",
            &["Path", "Recursive", "ParameterFilters", "WithDecryption", "MaxResults", "NextToken"],
            describe::by_path,
        ),
        read(
            "GetParameterHistory",
            &["Name", "WithDecryption", "MaxResults", "NextToken"],
            parameter::history,
        ),
        read(
            "DescribeParameters",
            &["Filters", "ParameterFilters", "MaxResults", "NextToken"],
            describe::describe,
        ),
        write("DeleteParameter", &["Name"], put::delete),
        write("DeleteParameters", &["Names"], put::delete_several),
        write("AddTagsToResource", &["ResourceType", "ResourceId", "Tags"], add_tags),
        write("RemoveTagsFromResource", &["ResourceType", "ResourceId", "TagKeys"], remove_tags),
        read("ListTagsForResource", &["ResourceType", "ResourceId"], list_tags),
    ],
    rules: RULES,
    tagged,
    ..Service::EMPTY
};

/// Writes the ARN of a parameter: a path's first slash is not doubled.
fn arn(call: &Call, name: &str) -> String {
    call.arn("ssm", &format!("parameter/{}", name.trim_start_matches('/')))
}

/// Returns the name a call gives, be it a name or an ARN.
fn name_of<'a>(state: Option<&State>, call: &Call, given: &'a str) -> std::borrow::Cow<'a, str> {
    let Some(name) = given.strip_prefix(&call.arn("ssm", "parameter/")) else {
        return given.into();
    };
    let base = name.split(':').next().unwrap_or(name);
    let plain = state.is_some_and(|state| state.parameters.contains_key(base));
    if plain { name.into() } else { format!("/{name}").into() }
}

fn tags_of(input: &Input) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for tag in input.list("Tags").iter().filter_map(Value::as_object) {
        let part = |name| tag.text(name).unwrap_or_default().to_owned();
        let key = part("Key");
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(TAG.refuse(&["Tag keys that begin with aws: are reserved"]));
        }
        if tags.insert(key, part("Value")).is_some() {
            return Err(TAG.refuse(&["Duplicate tag keys in the request"]));
        }
    }
    Ok(tags)
}

fn check_count(tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if tags.len() > 50 { Err(TAG_COUNT.refuse(&[])) } else { Ok(()) }
}

/// Returns the parameter that a call of the tagging operations names.
fn named<'a>(account: &'a Account, call: &Call, input: &'a Input) -> Result<&'a str, Refusal> {
    let kind = input.text("ResourceType").unwrap_or_default();
    if kind != "Parameter" {
        return Err(RESOURCE_TYPE.refuse(&[kind]));
    }
    let id = input.text("ResourceId").unwrap_or_default();
    let state = account.region(&call.region).map(|region| &region.ssm);
    if state.is_some_and(|state| state.parameters.contains_key(id)) {
        Ok(id)
    } else {
        Err(RESOURCE.refuse(&[id]))
    }
}

fn tags_mut<'a>(
    account: &'a mut Account,
    call: &Call,
    input: &Input,
) -> Result<&'a mut BTreeMap<String, String>, Refusal> {
    let name = named(account, call, input)?.to_owned();
    let parameters = &mut account.region_mut(&call.region).ssm.parameters;
    let parameter = parameters.get_mut(&name);
    parameter.map(|parameter| &mut parameter.tags).ok_or_else(|| RESOURCE.refuse(&[&name]))
}

fn add_tags(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let new = tags_of(input)?;
    let tags = tags_mut(account, call, input)?;
    tags.extend(new);
    check_count(tags).map(|()| Value::Null)
}

fn remove_tags(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let keys = input.texts("TagKeys");
    tags_mut(account, call, input)?.retain(|key, _| !keys.contains(&key.as_str()));
    Ok(Value::Null)
}

fn list_tags(account: &Account, call: &Call, input: &Input) -> Answer {
    let name = named(account, call, input)?;
    let state = account.region(&call.region).map(|region| &region.ssm);
    let tags = state.and_then(|state| state.parameters.get(name)).map(|p| tag_list(&p.tags));
    Ok(json!({"TagList": tags}))
}

fn tagged(account: &Account, region: &str, _: Time) -> Vec<Tagged> {
    let partition = super::partition(region);
    let all = account.region(region).into_iter().flat_map(|state| &state.ssm.parameters);
    all.map(|(name, parameter)| {
        let name = name.trim_start_matches('/');
        Tagged {
            arn: format!("arn:{partition}:ssm:{region}:{}:parameter/{name}", account.id),
            resource_type: "ssm:parameter",
            tags: parameter.tags.clone(),
        }
    })
    .collect()
}

/// Leaves null members out of what is written for people to compare.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            members.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}
