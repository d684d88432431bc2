//! `dynamodb_table`: items by key.

use super::read;
use super::schema::{
    GlobalSecondaryIndex, KeyElement, LocalSecondaryIndex, OnDemandThroughput,
    PointInTimeRecoverySpecification, ProvisionedThroughput, SseSpecification, StreamSpecification,
    TimeToLiveSpecification, definitions, key_schema,
};
use super::{steps, units};
use crate::aws::{Cx, Error, ErrorClass, Result, Sdk, Tags};
use crate::engine::resource::{
    Changed, Creation, FieldProblem, Holds, IdentityBy, Live, Resource, Retryable, Rules, Standing,
    Step, Want,
};
use crate::resources::applicationautoscaling::range::ScalingRange;
use crate::resources::or_gone;
use crate::stack::schema::immutable;
use crate::stack::value::is_placeholder;
use aws_sdk_dynamodb::types::{
    BillingMode, GlobalSecondaryIndex as SdkGlobal, KeyType, LocalSecondaryIndex as SdkLocal,
    ProjectionType, Select, TableClass, Tag,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

crate::sdk_enum!(BillingMode => "BillingMode", TableClass => "TableClass");

/// What makes two indexes the same one.
const KEY: [&str; 1] = ["index_name"];

/// A table: items by a hash key, and in one hash key by a range key.
///
/// Time to live and backups are part of it. AWS takes one kind of change at a time, so a change of
/// several takes several steps, with waits between; indexes take minutes each. A table that holds
/// items is neither deleted nor replaced without `--allow-data-loss`, one with
/// `deletion_protection_enabled` not without `--allow-protected`.
///
/// ```toml
/// [dynamodb_table.orders]
/// name         = "${env}-orders"
/// billing_mode = "PAY_PER_REQUEST"
/// key_schema   = [
///   { attribute_name = "customer_id", attribute_type = "S", key_type = "HASH" },
///   { attribute_name = "created_at",  attribute_type = "S", key_type = "RANGE" },
/// ]
/// global_secondary_indexes = [
///   { index_name = "order_id", key_schema = [{ attribute_name = "order_id", attribute_type = "S", key_type = "HASH" }] },
/// ]
/// point_in_time_recovery_specification = { point_in_time_recovery_enabled = true }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DynamodbTable {
    /// Name, unique in the account and region; 3 to 255 letters, digits, `_`, `-` and `.`.
    #[schemars(transform = immutable)]
    pub name: String,
    /// The key: an attribute of the type `HASH`, and after it one of the type `RANGE` if wanted.
    #[schemars(transform = immutable)]
    pub key_schema: Vec<KeyElement>,
    /// All indexes by other range keys; only at creation, at most 5.
    #[schemars(transform = immutable, extend("x-key" = KEY))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_secondary_indexes: Option<Vec<LocalSecondaryIndex>>,
    /// All indexes by keys of their own, at most 20; made and deleted one by one.
    #[schemars(extend("x-key" = KEY))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub global_secondary_indexes: Option<Vec<GlobalSecondaryIndex>>,
    /// `PROVISIONED`, with `provisioned_throughput`, or `PAY_PER_REQUEST`. AWS starts with
    /// `PROVISIONED`, and switches to `PAY_PER_REQUEST` at most 4 times in 24 hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_mode: Option<Sdk<BillingMode>>,
    /// Capacity, with the billing mode `PROVISIONED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provisioned_throughput: Option<ProvisionedThroughput>,
    /// Limits, with the billing mode `PAY_PER_REQUEST`. AWS starts without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_demand_throughput: Option<OnDemandThroughput>,
    /// Stream of changes. AWS starts without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_specification: Option<StreamSpecification>,
    /// Encryption at rest. AWS starts with DynamoDB's own key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sse_specification: Option<SseSpecification>,
    /// `STANDARD`, or `STANDARD_INFREQUENT_ACCESS`: cheaper to keep, dearer to use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_class: Option<Sdk<TableClass>>,
    /// Whether AWS refuses to delete the table. AWS starts with false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_protection_enabled: Option<bool>,
    /// Deletion of items by their age. AWS starts without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_to_live_specification: Option<TimeToLiveSpecification>,
    /// Recovery to a point in time. AWS starts without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point_in_time_recovery_specification: Option<PointInTimeRecoverySpecification>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct DynamodbTableOut {
    /// The name.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Id that a table made anew under the same name does not have.
    pub table_id: String,
    /// ARN of the latest stream, when there was one.
    pub latest_stream_arn: Option<String>,
    /// Label of the latest stream, the last part of its ARN.
    pub latest_stream_label: Option<String>,
    /// Ranges of the scaling targets that move its units, by the field of these.
    #[serde(default)]
    pub scaling_ranges: BTreeMap<String, ScalingRange>,
}

impl Resource for DynamodbTable {
    const TYPE: &'static str = "dynamodb_table";
    const AWS_NAME: &'static str = "AWS::DynamoDB::Table";
    const RULES: Rules = Rules {
        identity: IdentityBy::Name,
        // A target would scale a table that is going (aws-semantics.md 9.2).
        deleted_after: &["scaling_target"],
        stateful: true,
        stepwise: true,
        retry: &[
            simultaneous(Step::Create),
            simultaneous(Step::Update),
            simultaneous(Step::Delete),
            Retryable::new(
                Step::Update,
                "ResourceInUseException",
                "",
                "another change of the table to end",
            ),
            Retryable::new(
                Step::Update,
                "LimitExceededException",
                "online index",
                "another index of the table to be made or deleted",
            ),
            Retryable::new(
                Step::Update,
                "ContinuousBackupsUnavailableException",
                "",
                "backups of the new table to begin",
            ),
            Retryable::new(
                Step::Update,
                "ValidationException",
                "multiple times within a fixed interval",
                "the hour between two changes of the time to live to pass",
            ),
        ],
        // Indexes and billing take up to an hour (aws-semantics.md 0.3), and two changes of the
        // time to live lie an hour apart.
        settle: Duration::from_secs(100 * 60),
        settle_delete: Duration::from_secs(600),
        ..Rules::DEFAULT
    };
    type Out = DynamodbTableOut;

    fn natural_name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn validate(&self) -> Vec<FieldProblem> {
        self.problems()
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        let mut tables = read::list(cx, want).await?;
        units::add_ranges(cx, &mut tables).await?;
        Ok(tables)
    }

    /// What a scaling target made of the units stands, inside its range.
    fn stands(_: &Json, live: &Live<Self>) -> Vec<Standing> {
        units::standing(live)
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        // `build` fails only without key or value, and both are given.
        let tag = |(key, value)| Tag::builder().key(key).value(value).build().ok();
        let provisioned = self.provisioned_throughput.as_ref();
        let stream = self.stream_specification.as_ref().filter(|stream| stream.stream_enabled);
        let encryption = self.sse_specification.as_ref().filter(|sse| sse.enabled);
        let limits = self.on_demand_throughput.as_ref().filter(|limits| limits.is_limit());
        cx.dynamodb()
            .create_table()
            .table_name(&self.name)
            .set_key_schema(Some(key_schema(&self.key_schema)?))
            .set_attribute_definitions(Some(definitions(self.keys())?))
            .set_local_secondary_indexes(self.local_sdk()?)
            .set_global_secondary_indexes(self.global_sdk()?)
            .set_billing_mode(self.billing_mode.as_ref().map(|mode| mode.0.clone()))
            .set_provisioned_throughput(provisioned.map(ProvisionedThroughput::sdk).transpose()?)
            .set_on_demand_throughput(limits.map(OnDemandThroughput::sdk))
            .set_stream_specification(stream.map(StreamSpecification::sdk).transpose()?)
            .set_sse_specification(encryption.map(SseSpecification::sdk))
            .set_table_class(self.table_class.as_ref().map(|class| class.0.clone()))
            .set_deletion_protection_enabled(self.deletion_protection_enabled)
            .set_tags(Some(with.tags.iter().filter_map(tag).collect()))
            .send()
            .await?;
        Ok(self.name.clone())
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        let wanted = self.keeping(live);
        steps::next(&wanted, &live.spec, changed)?.send(cx, &live.id).await
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        if !set.is_empty() {
            let tag = |(key, value)| Tag::builder().key(key).value(value).build().ok();
            let call = cx.dynamodb().tag_resource().resource_arn(&live.out.arn);
            call.set_tags(Some(set.iter().filter_map(tag).collect())).send().await?;
        }
        if !remove.is_empty() {
            let call = cx.dynamodb().untag_resource().resource_arn(&live.out.arn);
            call.set_tag_keys(Some(remove.to_vec())).send().await?;
        }
        Ok(())
    }

    /// Tells whether there are items. AWS counts them every six hours only, so where that says
    /// none, the first page is read.
    async fn holds(cx: &Cx, live: &Live<Self>) -> Result<Holds> {
        let found = cx.dynamodb().describe_table().table_name(&live.id).send().await?;
        let Some(table) = found.table else { return Ok(Holds::default()) };
        let counted = table.item_count.unwrap_or(0);
        let data = if counted > 0 {
            Some(amount("about ", counted))
        } else {
            let scan = cx.dynamodb().scan().table_name(&live.id).select(Select::Count).send().await;
            match scan.map_err(Error::from) {
                Ok(page) => {
                    let at_least =
                        if page.last_evaluated_key.is_some() { "more than " } else { "" };
                    let count = i64::from(page.count);
                    (count > 0 || page.last_evaluated_key.is_some())
                        .then(|| amount(at_least, count))
                }
                // A table that is going, or not there yet, gives no items.
                Err(error) if error.is_not_found() => None,
                Err(error) if error.class == ErrorClass::AccessDenied => {
                    Some("items that these credentials may not count (dynamodb:Scan)".to_owned())
                }
                Err(error) => return Err(error),
            }
        };
        Ok(Holds { data, protected: table.deletion_protection_enabled.unwrap_or(false) })
    }

    async fn unlock(cx: &Cx, live: &Live<Self>) -> Result<()> {
        let call = cx.dynamodb().describe_table().table_name(&live.id);
        let protected = call.send().await?.table.and_then(|t| t.deletion_protection_enabled);
        if protected == Some(true) {
            let call = cx.dynamodb().update_table().table_name(&live.id);
            call.deletion_protection_enabled(false).send().await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        or_gone(cx.dynamodb().delete_table().table_name(&live.id).send().await)
    }
}

fn amount(before: &str, count: i64) -> String {
    format!("{before}{count} item{}", if count == 1 { "" } else { "s" })
}

const fn simultaneous(step: Step) -> Retryable {
    Retryable::new(
        step,
        "LimitExceededException",
        "simultaneously",
        "changes of other tables to end",
    )
}

impl DynamodbTable {
    /// All elements of all keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &KeyElement> {
        let global = self.global_secondary_indexes.iter().flatten().map(|i| &i.key_schema);
        let local = self.local_secondary_indexes.iter().flatten().map(|i| &i.key_schema);
        std::iter::once(&self.key_schema).chain(local).chain(global).flatten()
    }

    /// Whether it is on demand, as far as the stack says.
    pub(super) fn on_demand(&self) -> Option<bool> {
        self.billing_mode.as_ref().map(|mode| mode.0 == BillingMode::PayPerRequest)
    }

    fn local_sdk(&self) -> Result<Option<Vec<SdkLocal>>> {
        let mut indexes = Vec::new();
        for index in self.local_secondary_indexes.iter().flatten() {
            let built = SdkLocal::builder()
                .index_name(&index.index_name)
                .set_key_schema(Some(key_schema(&index.key_schema)?))
                .projection(index.projection.sdk())
                .build();
            indexes
                .push(built.map_err(|e| Error::local("local_secondary_indexes", e.to_string()))?);
        }
        Ok(Some(indexes).filter(|indexes| !indexes.is_empty()))
    }

    fn global_sdk(&self) -> Result<Option<Vec<SdkGlobal>>> {
        let mut indexes = Vec::new();
        for index in self.global_secondary_indexes.iter().flatten() {
            let throughput = index.provisioned_throughput.as_ref();
            let limits = index.on_demand_throughput.as_ref().filter(|limits| limits.is_limit());
            let built = SdkGlobal::builder()
                .index_name(&index.index_name)
                .set_key_schema(Some(key_schema(&index.key_schema)?))
                .projection(index.projection.sdk())
                .set_provisioned_throughput(throughput.map(ProvisionedThroughput::sdk).transpose()?)
                .set_on_demand_throughput(limits.map(OnDemandThroughput::sdk))
                .build();
            indexes
                .push(built.map_err(|e| Error::local("global_secondary_indexes", e.to_string()))?);
        }
        Ok(Some(indexes).filter(|indexes| !indexes.is_empty()))
    }

    fn problems(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |path: String, message: &str| {
            problems.push(FieldProblem { path, message: message.to_owned() });
        };
        let letters = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let fits = (3..=255).contains(&self.name.len()) && self.name.chars().all(letters);
        if !fits && !is_placeholder(&self.name) {
            let message = "a name has 3 to 255 letters, digits, `_`, `-` and `.`";
            problem("name".to_owned(), message);
        }
        let global = self.global_secondary_indexes.iter().flatten().enumerate();
        let global = global.map(|(at, index)| {
            (format!("global_secondary_indexes.{at}"), &index.key_schema, &index.projection)
        });
        let local = self.local_secondary_indexes.iter().flatten().enumerate();
        let local = local.map(|(at, index)| {
            (format!("local_secondary_indexes.{at}"), &index.key_schema, &index.projection)
        });
        let indexes: Vec<_> = local.chain(global).collect();
        let keys = indexes.iter().map(|(path, keys, _)| (format!("{path}.key_schema"), *keys));
        let mut types = BTreeMap::new();
        for (path, keys) in std::iter::once(("key_schema".to_owned(), &self.key_schema)).chain(keys)
        {
            let kinds: Vec<_> = keys.iter().map(|key| &key.key_type.0).collect();
            if !matches!(kinds.as_slice(), [KeyType::Hash] | [KeyType::Hash, KeyType::Range]) {
                problem(path.clone(), "a key is one `HASH` attribute, then at most one `RANGE`");
            }
            for key in keys {
                let kind = types.entry(&key.attribute_name).or_insert(&key.attribute_type);
                if *kind != &key.attribute_type {
                    problem(path.clone(), "an attribute has the same type in all keys");
                }
            }
        }
        for (path, _, projection) in &indexes {
            let includes = projection.projection_type.0 == ProjectionType::Include;
            if includes == projection.non_key_attributes.is_empty() {
                let path = format!("{path}.projection");
                problem(path, "`non_key_attributes` are given with `INCLUDE`, and only there");
            }
        }
        let local = self.local_secondary_indexes.iter().flatten().map(|index| &index.index_name);
        let global = self.global_secondary_indexes.iter().flatten().map(|index| &index.index_name);
        let mut names = BTreeSet::new();
        for name in local.chain(global).filter(|name| !is_placeholder(name)) {
            if !names.insert(name) {
                problem("global_secondary_indexes".to_owned(), "two indexes have the same name");
            }
        }
        self.check_capacity(&mut problem);
        self.check_settings(&mut problem);
        problems
    }

    fn check_capacity(&self, problem: &mut impl FnMut(String, &str)) {
        let on_demand = self.on_demand();
        let needed = "with the billing mode `PROVISIONED`, which AWS starts with, this is needed";
        let unused = "this is not used with the billing mode `PAY_PER_REQUEST`";
        let limit = "this is used with the billing mode `PAY_PER_REQUEST` only";
        let mut check = |path: &str, units: bool, limits: bool| {
            let name = |field: &str| format!("{path}{field}");
            match on_demand {
                Some(true) if units => problem(name("provisioned_throughput"), unused),
                None | Some(false) if !units => problem(name("provisioned_throughput"), needed),
                _ => {}
            }
            if limits && on_demand != Some(true) {
                problem(name("on_demand_throughput"), limit);
            }
        };
        let units = self.provisioned_throughput.is_some();
        check("", units, self.on_demand_throughput.is_some());
        for (at, index) in self.global_secondary_indexes.iter().flatten().enumerate() {
            let path = format!("global_secondary_indexes.{at}.");
            let units = index.provisioned_throughput.is_some();
            check(&path, units, index.on_demand_throughput.is_some());
        }
    }

    fn check_settings(&self, problem: &mut impl FnMut(String, &str)) {
        if let Some(stream) = &self.stream_specification
            && stream.stream_enabled != stream.stream_view_type.is_some()
        {
            let path = "stream_specification.stream_view_type".to_owned();
            problem(path, "a stream that is enabled needs one, and no other has one");
        }
        if let Some(ttl) = &self.time_to_live_specification
            && ttl.enabled
            && ttl.attribute_name.is_none()
        {
            let path = "time_to_live_specification.attribute_name".to_owned();
            problem(path, "a time to live that is enabled needs one");
        }
        if let Some(recovery) = &self.point_in_time_recovery_specification {
            let path = "point_in_time_recovery_specification.recovery_period_in_days".to_owned();
            match recovery.recovery_period_in_days {
                Some(days) if !(1..=35).contains(&days) => problem(path, "between 1 and 35 days"),
                Some(_) if !recovery.point_in_time_recovery_enabled => {
                    problem(path, "this is for a recovery that is enabled");
                }
                _ => {}
            }
        }
        let key = self.sse_specification.as_ref().and_then(|sse| sse.kms_master_key_id.as_ref());
        if let Some(key) = key.filter(|key| !is_placeholder(key)) {
            let path = "sse_specification.kms_master_key_id".to_owned();
            if !(key.starts_with("arn:") && key.contains(":key/")) {
                problem(path, "give the ARN of the key, which is what AWS tells of it");
            } else if self.sse_specification.as_ref().is_some_and(|sse| !sse.enabled) {
                problem(path, "a key is for an encryption that is enabled");
            }
        }
    }
}

#[cfg(test)]
mod tests;
