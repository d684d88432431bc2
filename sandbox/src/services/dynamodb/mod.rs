//! DynamoDB: tables, their indexes and settings, and the calls on items that a lease needs.
//!
//! `table` holds what a table is and how it comes, is shown and goes, `schema` the keys and indexes
//! a request may ask for, `update` the changes of a table, `settings` what has calls of its own
//! (time to live, backups, tags), `items` the calls on items, `expression` and `change` the two
//! languages of their expressions, `value` the typed values they work on.

mod change;
mod expression;
mod items;
mod read_items;
mod rules;
mod scaling;
mod schema;
mod settings;
mod table;
mod update;
mod value;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Bucket, Call, Input, Members, Service, Tagged, read, write};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;
use rules::{NAME, NOT_FOUND, RULES};
pub(crate) use scaling::{Units, clamp, exists};
use table::Table;

/// What DynamoDB keeps for one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(super) tables: BTreeMap<String, Table>,
}

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "dynamodb",
    shapes: include_str!("../../shapes/dynamodb.json"),
    validation_code: "ValidationException",
    throttle_code: "ThrottlingException",
    bucket,
    operations: &[
        write(
            "CreateTable",
            &[
                "AttributeDefinitions",
                "TableName",
                "KeySchema",
                "LocalSecondaryIndexes",
                "GlobalSecondaryIndexes",
                "BillingMode",
                "ProvisionedThroughput",
                "OnDemandThroughput",
                "StreamSpecification",
                "SSESpecification",
                "Tags",
                "TableClass",
                "DeletionProtectionEnabled",
            ],
            table::create,
        ),
        read("DescribeTable", &["TableName"], table::describe),
        read("ListTables", &["ExclusiveStartTableName", "Limit"], table::list),
        write(
            "UpdateTable",
            &[
                "AttributeDefinitions",
                "TableName",
                "BillingMode",
                "ProvisionedThroughput",
                "OnDemandThroughput",
                "GlobalSecondaryIndexUpdates",
                "StreamSpecification",
                "SSESpecification",
                "TableClass",
                "DeletionProtectionEnabled",
            ],
            update::update,
        ),
        write("DeleteTable", &["TableName"], table::delete),
        write(
            "UpdateTimeToLive",
            &["TableName", "TimeToLiveSpecification"],
            settings::update_time_to_live,
        ),
        read("DescribeTimeToLive", &["TableName"], settings::describe_time_to_live),
        write(
            "UpdateContinuousBackups",
            &["TableName", "PointInTimeRecoverySpecification"],
            settings::update_backups,
        ),
        read("DescribeContinuousBackups", &["TableName"], settings::describe_backups),
        write("TagResource", &["ResourceArn", "Tags"], settings::tag),
        write("UntagResource", &["ResourceArn", "TagKeys"], settings::untag),
        read("ListTagsOfResource", &["ResourceArn", "NextToken"], settings::list_tags),
        read("DescribeLimits", &[], settings::describe_limits),
        write(
            "PutItem",
            &[
                "TableName",
                "Item",
                "ReturnValues",
                "ConditionExpression",
                "ExpressionAttributeNames",
                "ExpressionAttributeValues",
            ],
            items::put,
        ),
        read("GetItem", &["TableName", "Key", "ConsistentRead"], items::get),
        write(
            "UpdateItem",
            &[
                "TableName",
                "Key",
                "ReturnValues",
                "UpdateExpression",
                "ConditionExpression",
                "ExpressionAttributeNames",
                "ExpressionAttributeValues",
            ],
            items::update,
        ),
        write(
            "DeleteItem",
            &[
                "TableName",
                "Key",
                "ReturnValues",
                "ConditionExpression",
                "ExpressionAttributeNames",
                "ExpressionAttributeValues",
            ],
            items::delete,
        ),
        read(
            "Scan",
            &[
                "TableName",
                "IndexName",
                "Limit",
                "Select",
                "ExclusiveStartKey",
                "FilterExpression",
                "ExpressionAttributeNames",
                "ExpressionAttributeValues",
                "ConsistentRead",
            ],
            read_items::scan,
        ),
        read(
            "Query",
            &[
                "TableName",
                "IndexName",
                "Limit",
                "Select",
                "ExclusiveStartKey",
                "ScanIndexForward",
                "KeyConditionExpression",
                "FilterExpression",
                "ExpressionAttributeNames",
                "ExpressionAttributeValues",
                "ConsistentRead",
            ],
            read_items::query,
        ),
    ],
    rules: RULES,
    tagged,
    due,
    settle,
};

/// TagResource and UntagResource go five times a second (aws-semantics.md 0); item calls are bound
/// by capacity, which is not modelled, and the rest by what other services have.
fn bucket(operation: &str, _: &Input) -> Bucket {
    match operation {
        "TagResource" | "UntagResource" => Bucket { burst: 5.0, per_second: 5.0 },
        "PutItem" | "GetItem" | "UpdateItem" | "DeleteItem" | "Scan" | "Query" => {
            Bucket { burst: 1000.0, per_second: 1000.0 }
        }
        _ => (Service::EMPTY.bucket)(operation, &Input::new()),
    }
}

/// Returns the name a request gives, whole or in an ARN of this account and region.
fn name<'a>(call: &Call, input: &'a Input) -> Result<&'a str, Refusal> {
    let given = input.text("TableName").unwrap_or_default();
    let name = given.strip_prefix(&arn(call, "")).unwrap_or(given);
    check_name(name)?;
    Ok(name)
}

/// Refuses a name that no table or index may have.
fn check_name(name: &str) -> Result<(), Refusal> {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if (3..=255).contains(&name.len()) && name.chars().all(letter) {
        Ok(())
    } else {
        Err(NAME.refuse(&[]))
    }
}

fn arn(call: &Call, name: &str) -> String {
    call.arn("dynamodb", &format!("table/{name}"))
}

/// Returns a table that is there, in whatever state.
fn table<'a>(account: &'a Account, call: &Call, name: &str) -> Option<&'a Table> {
    let tables = &account.region(&call.region)?.dynamodb.tables;
    tables.get(name).filter(|table| !table.is_gone(call.now))
}

fn table_mut<'a>(
    account: &'a mut Account,
    call: &Call,
    name: &str,
) -> Result<&'a mut Table, Refusal> {
    let tables = &mut account.region_mut(&call.region).dynamodb.tables;
    let found = tables.get_mut(name).filter(|table| !table.is_gone(call.now));
    found.ok_or_else(|| NOT_FOUND.refuse(&[name]))
}

fn tagged(account: &Account, region: &str, now: Time) -> Vec<Tagged> {
    let partition = super::partition(region);
    let tables = account.region(region).into_iter().flat_map(|state| &state.dynamodb.tables);
    tables
        .filter(|(_, table)| !table.is_gone(now))
        .map(|(name, table)| Tagged {
            arn: format!("arn:{partition}:dynamodb:{region}:{}:table/{name}", account.id),
            resource_type: "dynamodb:table",
            tags: table.tags.clone(),
        })
        .collect()
}

/// When the next table or index is gone, or the next count of items comes up.
fn due(account: &Account) -> Option<Time> {
    let tables = account.regions.values().flat_map(|region| region.dynamodb.tables.values());
    tables.filter_map(Table::due).min()
}

fn settle(account: &mut Account, now: Time) {
    for region in account.regions.values_mut() {
        region.dynamodb.tables.retain(|_, table| !table.is_gone(now));
        for table in region.dynamodb.tables.values_mut() {
            table.settle(now);
        }
    }
}
