//! The Resource Groups Tagging API: everything with tags, over all services of a region.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::paging::page;
use super::{ALL, Answer, Call, Input, Members, Service, Tagged, read};
use crate::rules::rules;
use crate::state::Account;

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "tagging",
    shapes: include_str!("../shapes/resourcegroupstaggingapi.json"),
    validation_code: "InvalidParameterException",
    throttle_code: "ThrottledException",
    operations: &[read(
        "GetResources",
        &[
            "PaginationToken",
            "TagFilters",
            "ResourcesPerPage",
            "ResourceTypeFilters",
            "ResourceARNList",
        ],
        get_resources,
    )],
    rules: RULES,
    ..Service::EMPTY
};

rules! { "tagging":
    LIST_AND_FILTER [GetResources] "InvalidParameterException"
        "ResourceARNList may not be combined with {}"
        <- "GetResources API reference, ResourceARNList";
    PAGE_SIZE [GetResources] "InvalidParameterException"
        "ResourcesPerPage must be between 1 and 100"
        <- "GetResources API reference, ResourcesPerPage";
    TOKEN [GetResources] "InvalidParameterException"
        "The pagination token is invalid"
        <- "GetResources API reference, errors";
}

fn get_resources(account: &Account, call: &Call, input: &Input) -> Answer {
    if input.contains_key("ResourceARNList") {
        let others = ["TagFilters", "ResourceTypeFilters", "ResourcesPerPage", "PaginationToken"];
        if let Some(other) = others.iter().find(|name| input.contains_key(**name)) {
            return Err(LIST_AND_FILTER.refuse(&[other]));
        }
    }
    let size = input.integer("ResourcesPerPage").unwrap_or(100);
    let size = usize::try_from(size).ok().filter(|size| (1..=100).contains(size));
    let size = size.ok_or_else(|| PAGE_SIZE.refuse(&[]))?;
    let items = ALL
        .iter()
        .flat_map(|service| (service.tagged)(account, &call.region, call.now))
        .filter(|tagged| !tagged.tags.is_empty() && wanted(tagged, input))
        .map(|tagged| (tagged.arn.clone(), mapping(&tagged)))
        .collect();
    let (items, next) =
        page(items, size, input.text("PaginationToken")).ok_or_else(|| TOKEN.refuse(&[]))?;
    let next = next.unwrap_or_default();
    Ok(json!({"ResourceTagMappingList": items, "PaginationToken": next}))
}

/// Returns whether a resource passes all filters: values of one filter are alternatives, filters
/// must all hold.
fn wanted(tagged: &Tagged, input: &Input) -> bool {
    let by_arn = match input.texts("ResourceARNList") {
        arns if arns.is_empty() => true,
        arns => arns.contains(&tagged.arn.as_str()),
    };
    let types = input.texts("ResourceTypeFilters");
    let service = tagged.resource_type.split(':').next();
    let by_type = types.is_empty()
        || types.iter().any(|name| *name == tagged.resource_type || Some(*name) == service);
    let by_tags = input.list("TagFilters").iter().filter_map(Value::as_object).all(|filter| {
        let value = filter.text("Key").and_then(|key| tagged.tags.get(key));
        let values = filter.texts("Values");
        value.is_some_and(|value| values.is_empty() || values.contains(&value.as_str()))
    });
    by_arn && by_type && by_tags
}

fn mapping(tagged: &Tagged) -> Value {
    json!({"ResourceARN": tagged.arn, "Tags": tag_list(&tagged.tags)})
}

/// Writes tags as the list of `Key` and `Value` that most services use.
pub(crate) fn tag_list(tags: &BTreeMap<String, String>) -> Value {
    tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::rules::{Refusal, Rule};
    use crate::{Options, Sandbox};

    fn refused(input: Value) -> Refusal {
        let sandbox = Sandbox::in_memory(Options::default());
        sandbox.call("tagging", "GetResources", input).unwrap_err()
    }

    pub(crate) static REFUSALS: &[(&Rule, fn() -> Refusal)] = &[
        (&LIST_AND_FILTER, || {
            refused(json!({"ResourceARNList": ["arn:aws:x:y:z:w"], "ResourcesPerPage": 1}))
        }),
        (&PAGE_SIZE, || refused(json!({"ResourcesPerPage": 101}))),
        (&TOKEN, || refused(json!({"PaginationToken": "?"}))),
    ];

    #[test]
    fn filters_hold_together_and_pages_join_up() {
        let sandbox = Sandbox::in_memory(Options::default());
        for n in 0..3 {
            let tags = json!({"a": "1", "n": n.to_string()});
            let group = json!({"logGroupName": format!("g{n}"), "tags": tags});
            sandbox.call("logs", "CreateLogGroup", group).unwrap();
        }
        sandbox.call("logs", "CreateLogGroup", json!({"logGroupName": "plain"})).unwrap();
        let get = |input| sandbox.call("tagging", "GetResources", input).unwrap();
        let count = |answer: &Value| answer["ResourceTagMappingList"].as_array().unwrap().len();
        let filters = json!([{"Key": "a"}, {"Key": "n", "Values": ["0", "2"]}]);
        assert_eq!(count(&get(json!({"TagFilters": filters}))), 2);
        assert_eq!(count(&get(json!({"ResourceTypeFilters": ["logs:log-group"]}))), 3);
        assert_eq!(count(&get(json!({"ResourceTypeFilters": ["ec2"]}))), 0);
        let first = get(json!({"ResourcesPerPage": 2}));
        let second = get(json!({"PaginationToken": first["PaginationToken"]}));
        assert_eq!((count(&first), count(&second)), (2, 1));
        assert_eq!(second["PaginationToken"], "");
        let there = sandbox.call_in("us-east-1", "tagging", "GetResources", json!({})).unwrap();
        assert_eq!(count(&there), 0);
    }
}
