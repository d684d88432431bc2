//! One change of a table after another: AWS takes one kind at a time (aws-semantics.md 5).

use super::schema::{
    GlobalSecondaryIndex, OnDemandThroughput, PointInTimeRecoverySpecification,
    ProvisionedThroughput, SseSpecification, StreamSpecification, TimeToLiveSpecification,
    definitions, key_schema,
};
use super::table::DynamodbTable;
use crate::aws::{Cx, Error, Result};
use crate::engine::resource::Changed;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, CreateGlobalSecondaryIndexAction,
    DeleteGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate,
    PointInTimeRecoverySpecification as SdkRecovery, TableClass,
    TimeToLiveSpecification as SdkTimeToLive, UpdateGlobalSecondaryIndexAction,
};

/// One change that AWS takes in one call.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// An index goes.
    DeleteIndex(String),
    /// Billing, capacity and limits, of the table and its indexes.
    Capacity {
        mode: Option<BillingMode>,
        units: Option<ProvisionedThroughput>,
        limits: Option<OnDemandThroughput>,
        indexes: Vec<(String, Option<ProvisionedThroughput>, Option<OnDemandThroughput>)>,
    },
    /// The stream goes, comes, or goes to come otherwise.
    Stream(StreamSpecification),
    /// Another class.
    Class(TableClass),
    /// Protection from deletion.
    Protection(bool),
    /// A new index, with the types of the attributes of its key and the table's.
    CreateIndex(Box<GlobalSecondaryIndex>, Vec<AttributeDefinition>),
    /// Another key.
    Encryption(SseSpecification),
    /// Recovery and time to live, which have calls of their own.
    Settings(Option<PointInTimeRecoverySpecification>, Option<TimeToLiveSpecification>),
}

/// Finds the next change, in the order of aws-semantics.md 5.
pub(super) fn next(
    want: &DynamodbTable,
    live: &DynamodbTable,
    changed: &Changed,
) -> Result<Change> {
    let old = live.global_secondary_indexes.as_deref().unwrap_or_default();
    let new = want.global_secondary_indexes.as_deref().unwrap_or_default();
    let of = |all: &[GlobalSecondaryIndex], name: &str| {
        all.iter().find(|index| index.index_name == name).cloned()
    };
    let indexes_change = changed.has("global_secondary_indexes");
    if indexes_change {
        let goes = |index: &&GlobalSecondaryIndex| {
            of(new, &index.index_name).is_none_or(|new| new.is_another(index))
        };
        if let Some(index) = old.iter().find(goes) {
            return Ok(Change::DeleteIndex(index.index_name.clone()));
        }
    }
    if let Some(capacity) = capacity(want, live, changed) {
        return Ok(capacity);
    }
    if let Some(stream) =
        want.stream_specification.as_ref().filter(|_| changed.has("stream_specification"))
    {
        let is_on = live.stream_specification.as_ref().is_some_and(|s| s.stream_enabled);
        let off = StreamSpecification { stream_enabled: false, stream_view_type: None };
        // Another view means another stream.
        return Ok(Change::Stream(if is_on { off } else { stream.clone() }));
    }
    if let Some(class) = want.table_class.as_ref().filter(|_| changed.has("table_class")) {
        return Ok(Change::Class(class.0.clone()));
    }
    if let Some(on) =
        want.deletion_protection_enabled.filter(|_| changed.has("deletion_protection_enabled"))
    {
        return Ok(Change::Protection(on));
    }
    if indexes_change
        && let Some(index) = new.iter().find(|index| of(old, &index.index_name).is_none())
    {
        let keys = live.keys().chain(&index.key_schema);
        return Ok(Change::CreateIndex(Box::new(index.clone()), definitions(keys)?));
    }
    if let Some(sse) = want.sse_specification.as_ref().filter(|_| changed.has("sse_specification"))
    {
        return Ok(Change::Encryption(sse.clone()));
    }
    let recovery = want.point_in_time_recovery_specification.clone();
    let recovery = recovery.filter(|_| changed.has("point_in_time_recovery_specification"));
    let ttl = want.time_to_live_specification.clone();
    let ttl = ttl.filter(|_| changed.has("time_to_live_specification")).map(|want| {
        match &live.time_to_live_specification {
            // Another attribute comes after none.
            Some(now) if now.enabled => TimeToLiveSpecification { enabled: false, ..now.clone() },
            _ => want,
        }
    });
    Ok(Change::Settings(recovery, ttl))
}

fn capacity(want: &DynamodbTable, live: &DynamodbTable, changed: &Changed) -> Option<Change> {
    let was = live.on_demand().unwrap_or(false);
    let on_demand = want.on_demand().unwrap_or(was);
    let switches = on_demand != was;
    let units = want.provisioned_throughput.clone();
    let units =
        units.filter(|units| switches || live.provisioned_throughput.as_ref() != Some(units));
    let limits = |want: Option<&OnDemandThroughput>, live: Option<&OnDemandThroughput>| {
        let want = want.filter(|_| on_demand)?;
        let differs = |want: Option<i64>, live: Option<i64>| {
            want.is_some_and(|want| want != live.unwrap_or(-1))
        };
        let differ =
            differs(want.max_read_request_units, live.and_then(|live| live.max_read_request_units))
                || differs(
                    want.max_write_request_units,
                    live.and_then(|live| live.max_write_request_units),
                );
        differ.then(|| want.clone())
    };
    let own = limits(want.on_demand_throughput.as_ref(), live.on_demand_throughput.as_ref());
    let mut indexes = Vec::new();
    for now in live.global_secondary_indexes.iter().flatten() {
        let index = want.global_secondary_indexes.iter().flatten();
        let index = index.into_iter().find(|index| index.index_name == now.index_name);
        let units = index.and_then(|index| index.provisioned_throughput.clone());
        let units = units.filter(|units| {
            !on_demand && (switches || now.provisioned_throughput.as_ref() != Some(units))
        });
        // What the stack does not manage gets what the table has, because AWS wants something.
        let units = match &index {
            None if switches && !on_demand => want.provisioned_throughput.clone(),
            _ => units,
        };
        let most = limits(
            index.and_then(|index| index.on_demand_throughput.as_ref()),
            now.on_demand_throughput.as_ref(),
        );
        if units.is_some() || most.is_some() {
            indexes.push((now.index_name.clone(), units, most));
        }
    }
    let asked = ["billing_mode", "provisioned_throughput", "on_demand_throughput"];
    let asked = asked.iter().any(|field| changed.has(field));
    if !(switches || (asked && (units.is_some() || own.is_some())) || !indexes.is_empty()) {
        return None;
    }
    Some(Change::Capacity {
        mode: switches.then_some(if on_demand {
            BillingMode::PayPerRequest
        } else {
            BillingMode::Provisioned
        }),
        units: units.filter(|_| !on_demand),
        limits: own,
        indexes,
    })
}

fn built<T, E: std::fmt::Display>(built: std::result::Result<T, E>) -> Result<T> {
    built.map_err(|error| Error::local("UpdateTable", error.to_string()))
}

impl Change {
    /// Makes the change.
    pub(super) async fn send(self, cx: &Cx, name: &str) -> Result<()> {
        let tables = cx.dynamodb();
        let call = tables.update_table().table_name(name);
        let of_index = GlobalSecondaryIndexUpdate::builder();
        let call = match self {
            Self::DeleteIndex(index) => {
                let action = DeleteGlobalSecondaryIndexAction::builder().index_name(index).build();
                call.global_secondary_index_updates(of_index.delete(built(action)?).build())
            }
            Self::Capacity { mode, units, limits, indexes } => {
                let mut call = call
                    .set_billing_mode(mode)
                    .set_provisioned_throughput(
                        units.as_ref().map(ProvisionedThroughput::sdk).transpose()?,
                    )
                    .set_on_demand_throughput(limits.as_ref().map(OnDemandThroughput::sdk));
                for (index, units, most) in indexes {
                    let action = UpdateGlobalSecondaryIndexAction::builder()
                        .index_name(index)
                        .set_provisioned_throughput(
                            units.as_ref().map(ProvisionedThroughput::sdk).transpose()?,
                        )
                        .set_on_demand_throughput(most.as_ref().map(OnDemandThroughput::sdk));
                    let update = GlobalSecondaryIndexUpdate::builder();
                    let update = update.update(built(action.build())?).build();
                    call = call.global_secondary_index_updates(update);
                }
                call
            }
            Self::Stream(stream) => call.stream_specification(stream.sdk()?),
            Self::Class(class) => call.table_class(class),
            Self::Protection(on) => call.deletion_protection_enabled(on),
            Self::CreateIndex(index, definitions) => {
                let units = index.provisioned_throughput.as_ref();
                let limits = index.on_demand_throughput.as_ref().filter(|l| l.is_limit());
                let action = CreateGlobalSecondaryIndexAction::builder()
                    .index_name(&index.index_name)
                    .set_key_schema(Some(key_schema(&index.key_schema)?))
                    .projection(index.projection.sdk())
                    .set_provisioned_throughput(units.map(ProvisionedThroughput::sdk).transpose()?)
                    .set_on_demand_throughput(limits.map(OnDemandThroughput::sdk));
                call.set_attribute_definitions(Some(definitions))
                    .global_secondary_index_updates(of_index.create(built(action.build())?).build())
            }
            Self::Encryption(sse) => call.sse_specification(sse.sdk()),
            Self::Settings(recovery, ttl) => return settings(cx, name, recovery, ttl).await,
        };
        call.send().await?;
        Ok(())
    }
}

async fn settings(
    cx: &Cx,
    name: &str,
    recovery: Option<PointInTimeRecoverySpecification>,
    ttl: Option<TimeToLiveSpecification>,
) -> Result<()> {
    let tables = cx.dynamodb();
    if let Some(recovery) = recovery {
        let given = SdkRecovery::builder()
            .point_in_time_recovery_enabled(recovery.point_in_time_recovery_enabled)
            .set_recovery_period_in_days(recovery.recovery_period_in_days)
            .build();
        let call = tables.update_continuous_backups().table_name(name);
        call.point_in_time_recovery_specification(built(given)?).send().await?;
    }
    if let Some(ttl) = ttl {
        let given = SdkTimeToLive::builder()
            .enabled(ttl.enabled)
            .attribute_name(ttl.attribute_name.unwrap_or_default())
            .build();
        let call = tables.update_time_to_live().table_name(name);
        call.time_to_live_specification(built(given)?).send().await?;
    }
    Ok(())
}
