//! Keys, indexes and settings: the parts of `dynamodb_table`.

use crate::aws::{Error, Result, Sdk};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, KeySchemaElement, KeyType, OnDemandThroughput as SdkOnDemand,
    Projection as SdkProjection, ProjectionType, ProvisionedThroughput as SdkProvisioned,
    ScalarAttributeType, SseSpecification as SdkSse, SseType, StreamSpecification as SdkStream,
    StreamViewType,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

crate::sdk_enum!(
    KeyType => "KeyType",
    ScalarAttributeType => "ScalarAttributeType",
    ProjectionType => "ProjectionType",
    StreamViewType => "StreamViewType",
);

/// One attribute of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyElement {
    /// Name of the attribute.
    pub attribute_name: String,
    /// Type of the attribute: `S` string, `N` number or `B` binary; the same in all keys.
    pub attribute_type: Sdk<ScalarAttributeType>,
    /// `HASH` for the first element, `RANGE` for the second.
    pub key_type: Sdk<KeyType>,
}

/// What of an item an index shows beside the keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Projection {
    /// `ALL`, `KEYS_ONLY`, or `INCLUDE` with `non_key_attributes`.
    pub projection_type: Sdk<ProjectionType>,
    /// Attributes shown with `INCLUDE`.
    #[serde(default)]
    pub non_key_attributes: BTreeSet<String>,
}

/// Everything, unless the stack says otherwise.
pub(super) fn all() -> Projection {
    Projection { projection_type: Sdk(ProjectionType::All), non_key_attributes: BTreeSet::new() }
}

/// Units that are paid for whether used or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProvisionedThroughput {
    /// Strongly consistent reads of up to 4 KB a second.
    pub read_capacity_units: i64,
    /// Writes of up to 1 KB a second.
    pub write_capacity_units: i64,
}

/// Most units a second on demand; -1 is without a limit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnDemandThroughput {
    /// Most read request units a second; -1 takes the limit away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_read_request_units: Option<i64>,
    /// Most write request units a second; -1 takes the limit away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_write_request_units: Option<i64>,
}

/// An index over all items of the table, by a key of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GlobalSecondaryIndex {
    /// Name, unique in the table.
    pub index_name: String,
    /// Its key; a change of it deletes the index and makes it again.
    pub key_schema: Vec<KeyElement>,
    /// What it shows; a change of it deletes the index and makes it again.
    #[serde(default = "all")]
    pub projection: Projection,
    /// Its capacity, with the billing mode `PROVISIONED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provisioned_throughput: Option<ProvisionedThroughput>,
    /// Its limits, with the billing mode `PAY_PER_REQUEST`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_demand_throughput: Option<OnDemandThroughput>,
}

/// An index over items of one hash key, by another range key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalSecondaryIndex {
    /// Name, unique in the table.
    pub index_name: String,
    /// Its key, with the table's hash key.
    pub key_schema: Vec<KeyElement>,
    /// What it shows.
    #[serde(default = "all")]
    pub projection: Projection,
}

/// A log of changes to items, for other programs to follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StreamSpecification {
    /// Whether there is a stream.
    pub stream_enabled: bool,
    /// What an entry shows: `KEYS_ONLY`, `NEW_IMAGE`, `OLD_IMAGE` or `NEW_AND_OLD_IMAGES`. A change
    /// of it makes a new stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_view_type: Option<Sdk<StreamViewType>>,
}

/// Which key encrypts the table at rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SseSpecification {
    /// Whether a key in KMS is used; DynamoDB's own otherwise, which costs nothing.
    pub enabled: bool,
    /// ARN of the key; DynamoDB's key in the account when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_master_key_id: Option<String>,
}

/// By which attribute items go by themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeToLiveSpecification {
    /// Whether items go by themselves. AWS takes one change an hour.
    pub enabled: bool,
    /// Attribute with the time, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute_name: Option<String>,
}

/// Whether the table can be restored to any second of the last days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PointInTimeRecoverySpecification {
    /// Whether it can.
    pub point_in_time_recovery_enabled: bool,
    /// How many days back, 1 to 35. AWS starts with 35.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_period_in_days: Option<i32>,
}

fn built<T, E: std::fmt::Display>(part: &str, built: std::result::Result<T, E>) -> Result<T> {
    built.map_err(|error| Error::local(part, error.to_string()))
}

/// Converts a key for AWS.
pub(super) fn key_schema(keys: &[KeyElement]) -> Result<Vec<KeySchemaElement>> {
    let element = |key: &KeyElement| {
        let element = KeySchemaElement::builder().attribute_name(&key.attribute_name);
        built("key_schema", element.key_type(key.key_type.0.clone()).build())
    };
    keys.iter().map(element).collect()
}

/// Converts the types of all attributes of these keys for AWS.
pub(super) fn definitions<'a>(
    keys: impl Iterator<Item = &'a KeyElement>,
) -> Result<Vec<AttributeDefinition>> {
    let types: BTreeMap<_, _> =
        keys.map(|key| (&key.attribute_name, &key.attribute_type.0)).collect();
    let definition = |(name, kind): (&String, &ScalarAttributeType)| {
        let definition = AttributeDefinition::builder().attribute_name(name);
        built("key_schema", definition.attribute_type(kind.clone()).build())
    };
    types.into_iter().map(definition).collect()
}

impl Projection {
    pub(super) fn sdk(&self) -> SdkProjection {
        let attributes: Vec<String> = self.non_key_attributes.iter().cloned().collect();
        SdkProjection::builder()
            .projection_type(self.projection_type.0.clone())
            .set_non_key_attributes(Some(attributes).filter(|a| !a.is_empty()))
            .build()
    }
}

impl ProvisionedThroughput {
    pub(super) fn sdk(&self) -> Result<SdkProvisioned> {
        let throughput = SdkProvisioned::builder().read_capacity_units(self.read_capacity_units);
        let throughput = throughput.write_capacity_units(self.write_capacity_units).build();
        built("provisioned_throughput", throughput)
    }
}

impl OnDemandThroughput {
    pub(super) fn sdk(&self) -> SdkOnDemand {
        SdkOnDemand::builder()
            .set_max_read_request_units(self.max_read_request_units)
            .set_max_write_request_units(self.max_write_request_units)
            .build()
    }

    /// Returns whether it says anything but that there are no limits.
    pub(super) fn is_limit(&self) -> bool {
        [self.max_read_request_units, self.max_write_request_units]
            .iter()
            .any(|units| units.is_some_and(|units| units >= 0))
    }
}

impl StreamSpecification {
    pub(super) fn sdk(&self) -> Result<SdkStream> {
        let stream = SdkStream::builder().stream_enabled(self.stream_enabled);
        let view = self.stream_view_type.as_ref().filter(|_| self.stream_enabled);
        built(
            "stream_specification",
            stream.set_stream_view_type(view.map(|view| view.0.clone())).build(),
        )
    }
}

impl SseSpecification {
    pub(super) fn sdk(&self) -> SdkSse {
        SdkSse::builder()
            .enabled(self.enabled)
            .set_sse_type(self.enabled.then_some(SseType::Kms))
            .set_kms_master_key_id(self.kms_master_key_id.clone().filter(|_| self.enabled))
            .build()
    }
}

impl GlobalSecondaryIndex {
    /// Tells whether one can become the other only by being made again.
    pub(super) fn is_another(&self, other: &Self) -> bool {
        self.key_schema != other.key_schema || self.projection != other.projection
    }
}
