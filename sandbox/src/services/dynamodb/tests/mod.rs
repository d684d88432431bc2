//! Tests of DynamoDB, through the service's interface.

mod items;
mod refusals;
mod states;

pub(crate) use refusals::REFUSALS;

use serde_json::{Value, json};
use std::time::Duration;

use crate::rules::Refusal;
use crate::{Options, Sandbox, Slow};

const ARN: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";

/// A fresh sandbox with short ways to make things in it.
struct Lab(Sandbox);

impl Lab {
    fn new() -> Self {
        Self(Sandbox::in_memory(Options::default()))
    }

    fn slow() -> Self {
        Self(Sandbox::in_memory(Options { slow: Slow::Aws, ..Options::default() }))
    }

    /// With the table `orders`, as [`orders`] has it.
    fn with(more: Value) -> Self {
        let lab = Self::new();
        lab.ok("CreateTable", orders(more));
        lab
    }

    /// The same with slow states, after the table has become active.
    fn slow_with(more: Value) -> Self {
        let lab = Self::slow();
        lab.ok("CreateTable", orders(more));
        lab.skip(60);
        lab
    }

    fn ok(&self, operation: &str, input: Value) -> Value {
        let answer = self.0.call("dynamodb", operation, input);
        answer.unwrap_or_else(|refusal| panic!("{operation}: {} {}", refusal.code, refusal.message))
    }

    fn no(&self, operation: &str, input: Value) -> Refusal {
        match self.0.call("dynamodb", operation, input) {
            Ok(answer) => panic!("{operation} was not refused: {answer}"),
            Err(refusal) => refusal,
        }
    }

    /// Changes `orders`.
    fn update(&self, change: Value) -> Value {
        self.ok("UpdateTable", named(change))["TableDescription"].clone()
    }

    fn table(&self) -> Value {
        self.ok("DescribeTable", named(json!({})))["Table"].clone()
    }

    fn skip(&self, seconds: u64) {
        self.0.skip(Duration::from_secs(seconds));
    }
}

/// `more` about the table `orders`.
fn named(more: Value) -> Value {
    let mut input = json!({"TableName": "orders"});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

fn key(hash: &str, range: Option<&str>) -> Value {
    let mut keys = vec![json!({"AttributeName": hash, "KeyType": "HASH"})];
    keys.extend(range.map(|range| json!({"AttributeName": range, "KeyType": "RANGE"})));
    json!(keys)
}

fn attributes(names: &[&str]) -> Value {
    names.iter().map(|name| json!({"AttributeName": name, "AttributeType": "S"})).collect()
}

fn units(reads: i64, writes: i64) -> Value {
    json!({"ReadCapacityUnits": reads, "WriteCapacityUnits": writes})
}

/// The creation of `orders`: by customer and time, five units each.
fn orders(more: Value) -> Value {
    let mut input = named(json!({
        "AttributeDefinitions": attributes(&["customer", "at"]),
        "KeySchema": key("customer", Some("at")),
        "ProvisionedThroughput": units(5, 5),
    }));
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    input
}

/// The members of a creation that make `orders` one on demand.
fn on_demand() -> Value {
    json!({"BillingMode": "PAY_PER_REQUEST", "ProvisionedThroughput": null})
}

fn index(name: &str, hash: &str) -> Value {
    json!({"IndexName": name, "KeySchema": key(hash, None),
        "Projection": {"ProjectionType": "ALL"}, "ProvisionedThroughput": units(1, 1)})
}

/// The change that makes an index by the attribute `id`.
fn new_index(name: &str) -> Value {
    json!({"AttributeDefinitions": attributes(&["customer", "at", "id"]),
        "GlobalSecondaryIndexUpdates": [{"Create": index(name, "id")}]})
}

fn no_index(name: &str) -> Value {
    json!({"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": name}}]})
}

fn ttl(enabled: bool, attribute: &str) -> Value {
    named(json!({"TimeToLiveSpecification": {"Enabled": enabled, "AttributeName": attribute}}))
}

fn item(customer: &str, at: &str) -> Value {
    json!({"customer": {"S": customer}, "at": {"S": at}})
}
