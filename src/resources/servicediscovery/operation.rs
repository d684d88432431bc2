//! Operations: what Cloud Map does after the call that began it has been answered.

use crate::aws::{Cx, Error, Result, unless_missing};
use aws_sdk_servicediscovery::types::{
    FilterCondition, Operation, OperationFilter, OperationFilterName, OperationStatus,
    OperationType,
};

/// Reads an operation; `None` when Cloud Map does not know it (any more).
pub(super) async fn get(cx: &Cx, id: &str) -> Result<Option<Operation>> {
    let call = cx.service_discovery().get_operation().operation_id(id);
    Ok(unless_missing(call.send().await)?.and_then(|found| found.operation))
}

/// Says what an operation has come to, in AWS's words.
pub(super) fn words(operation: &Operation) -> String {
    let kind = operation.r#type.as_ref().map(OperationType::as_str).unwrap_or_default();
    let state = operation.status.as_ref().map(OperationStatus::as_str).unwrap_or_default();
    let why = [operation.error_code.as_deref(), operation.error_message.as_deref()];
    let why: Vec<&str> = why.into_iter().flatten().collect();
    let colon = if why.is_empty() { "" } else { ": " };
    format!("{kind} {state}{colon}{}", why.join(": "))
}

/// Finds the operation that is under way on a namespace or a service.
pub(super) async fn under_way(
    cx: &Cx,
    by: OperationFilterName,
    id: &str,
) -> Result<Option<Operation>> {
    let open = [OperationStatus::Submitted, OperationStatus::Pending];
    let filter = |name: OperationFilterName, condition, values: Vec<String>| {
        let filter = OperationFilter::builder().name(name).condition(condition);
        let built = filter.set_values(Some(values)).build();
        built.map_err(|error| Error::local("ListOperations", error.to_string()))
    };
    let states = open.iter().map(|state| state.as_str().to_owned()).collect();
    let filters = vec![
        filter(by, FilterCondition::Eq, vec![id.to_owned()])?,
        filter(OperationFilterName::Status, FilterCondition::In, states)?,
    ];
    let call = cx.service_discovery().list_operations().set_filters(Some(filters));
    let pages = call.into_paginator().send();
    let pages = pages.collect::<std::result::Result<Vec<_>, _>>().await?;
    for one in pages.into_iter().flat_map(|page| page.operations.unwrap_or_default()) {
        let Some(operation) = one.id.filter(|_| one.status.is_some_and(|s| open.contains(&s)))
        else {
            continue;
        };
        let found = get(cx, &operation).await?;
        let is_open = |one: &Operation| one.status.as_ref().is_some_and(|s| open.contains(s));
        if let Some(found) = found.filter(is_open) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
