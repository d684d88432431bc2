//! Reading tables: AWS lists names only, so each costs its calls.

use super::schema::{
    GlobalSecondaryIndex, KeyElement, LocalSecondaryIndex, OnDemandThroughput,
    PointInTimeRecoverySpecification, Projection, ProvisionedThroughput, SseSpecification,
    StreamSpecification, TimeToLiveSpecification, all,
};
use super::table::{DynamodbTable, DynamodbTableOut};
use crate::aws::{Cx, Result, Sdk, Tags, unless_missing};
use crate::engine::resource::{Live, Status, Want};
use crate::resources::PARALLEL;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, ContinuousBackupsDescription,
    GlobalSecondaryIndexDescription, IndexStatus, KeySchemaElement,
    OnDemandThroughput as SdkOnDemand, PointInTimeRecoveryStatus, Projection as SdkProjection,
    ProjectionType, ScalarAttributeType, SseStatus, TableClass, TableDescription, TableStatus,
    TimeToLiveDescription, TimeToLiveStatus,
};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};

/// Reads the tables in question; the index of tags is evidence for what nobody asks for by name.
pub(super) async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<DynamodbTable>>> {
    let mut indexed: BTreeMap<String, Tags> = BTreeMap::new();
    let names: BTreeSet<String> = match want {
        // What is about to be written, or was just written, is read without the index.
        Want::Ids(ids) => ids.iter().cloned().collect(),
        Want::Owned { workspaces, names } => {
            let cell = cx.tag_index().await?;
            let prefix = cx.arn("dynamodb", "table/");
            for (arn, tags) in cell.get().into_iter().flatten() {
                let name = arn.strip_prefix(&prefix).filter(|name| !name.contains('/'));
                if let Some(name) = name.filter(|_| cx.scope.owns(tags, workspaces)) {
                    indexed.insert(name.to_owned(), tags.clone());
                }
            }
            names.iter().cloned().chain(indexed.keys().cloned()).collect()
        }
    };
    let indexed = &indexed;
    stream::iter(names)
        .map(|name| async move { one(cx, &name, indexed.get(&name)).await })
        .buffered(PARALLEL)
        .try_filter_map(|live| async { Ok(live) })
        .try_collect()
        .await
}

/// Reads one table; `None` when it is not there.
async fn one(cx: &Cx, name: &str, known: Option<&Tags>) -> Result<Option<Live<DynamodbTable>>> {
    let tables = cx.dynamodb();
    let found = tables.describe_table().table_name(name).send().await;
    let Some(table) = unless_missing(found)?.and_then(|found| found.table) else { return Ok(None) };
    let arn = match table.table_arn() {
        Some(arn) => arn.to_owned(),
        None => cx.arn("dynamodb", &format!("table/{name}")),
    };
    let (ttl, backups, tags) = futures::try_join!(
        async {
            let found = tables.describe_time_to_live().table_name(name).send().await;
            unless_missing(found)
        },
        async {
            let found = tables.describe_continuous_backups().table_name(name).send().await;
            unless_missing(found)
        },
        async {
            match known {
                Some(tags) => Ok(tags.clone()),
                None => tags_of(cx, &arn).await,
            }
        },
    )?;
    let ttl = ttl.and_then(|found| found.time_to_live_description);
    let backups = backups.and_then(|found| found.continuous_backups_description);
    let status = status(&table);
    let out = DynamodbTableOut {
        id: name.to_owned(),
        arn,
        table_id: table.table_id.clone().unwrap_or_default(),
        latest_stream_arn: table.latest_stream_arn.clone(),
        latest_stream_label: table.latest_stream_label.clone(),
        scaling_ranges: BTreeMap::new(),
    };
    let spec = spec(name, table, ttl, backups);
    Ok(Some(Live { id: name.to_owned(), tags, status, spec, out }))
}

/// Reads the tags of a table; those of one that is gone are none.
pub(crate) async fn tags_of(cx: &Cx, arn: &str) -> Result<Tags> {
    let mut tags = Tags::new();
    let mut token = None;
    loop {
        let call = cx.dynamodb().list_tags_of_resource().resource_arn(arn).set_next_token(token);
        let found = unless_missing(call.send().await)?;
        let Some(page) = found else { return Ok(tags) };
        tags.extend(page.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)));
        token = page.next_token;
        if token.is_none() {
            return Ok(tags);
        }
    }
}

/// A table is ready when its indexes and its key are.
fn status(table: &TableDescription) -> Status {
    let state = table.table_status.clone().unwrap_or(TableStatus::Active);
    match state {
        TableStatus::Deleting => return Status::Deleting(state.as_str().to_owned()),
        TableStatus::Creating | TableStatus::Updating => {
            return Status::Pending(state.as_str().to_owned());
        }
        _ => {}
    }
    let busy = table.global_secondary_indexes().iter().find_map(|index| {
        let state = index.index_status.as_ref().filter(|state| **state != IndexStatus::Active)?;
        let name = index.index_name.as_deref().unwrap_or_default();
        Some(format!("ACTIVE, with index {name} {}", state.as_str()))
    });
    let key = table.sse_description.as_ref().and_then(|sse| sse.status.as_ref());
    let rekeying = key
        .filter(|s| matches!(s, SseStatus::Enabling | SseStatus::Disabling | SseStatus::Updating))
        .map(|state| format!("ACTIVE, with encryption {}", state.as_str()));
    busy.or(rekeying).map_or(Status::Ready, Status::Pending)
}

fn spec(
    name: &str,
    table: TableDescription,
    ttl: Option<TimeToLiveDescription>,
    backups: Option<ContinuousBackupsDescription>,
) -> DynamodbTable {
    let types = types(table.attribute_definitions());
    let mode = table.billing_mode_summary.as_ref().and_then(|s| s.billing_mode.clone());
    // What says nothing was never on demand.
    let mode = mode.unwrap_or(BillingMode::Provisioned);
    let on_demand = mode == BillingMode::PayPerRequest;
    let global = table.global_secondary_indexes().iter();
    let global = global.filter(|index| index.index_status != Some(IndexStatus::Deleting));
    let local = table.local_secondary_indexes().iter().map(|index| LocalSecondaryIndex {
        index_name: index.index_name.clone().unwrap_or_default(),
        key_schema: keys(index.key_schema(), &types),
        projection: projection(index.projection.as_ref()),
    });
    let mut local: Vec<_> = local.collect();
    local.sort_by(|a, b| a.index_name.cmp(&b.index_name));
    let mut global: Vec<_> = global.map(|index| global_index(index, &types, on_demand)).collect();
    global.sort_by(|a, b| a.index_name.cmp(&b.index_name));
    let units = table.provisioned_throughput.as_ref();
    let stream = table.stream_specification.as_ref().filter(|stream| stream.stream_enabled);
    let class = table.table_class_summary.as_ref().and_then(|s| s.table_class.clone());
    let key = table
        .sse_description
        .as_ref()
        .filter(|sse| !matches!(sse.status, Some(SseStatus::Disabled | SseStatus::Disabling)));
    DynamodbTable {
        name: name.to_owned(),
        key_schema: keys(table.key_schema(), &types),
        local_secondary_indexes: Some(local),
        global_secondary_indexes: Some(global),
        billing_mode: Some(Sdk(mode)),
        provisioned_throughput: units.filter(|_| !on_demand).map(|units| ProvisionedThroughput {
            read_capacity_units: units.read_capacity_units.unwrap_or_default(),
            write_capacity_units: units.write_capacity_units.unwrap_or_default(),
        }),
        on_demand_throughput: on_demand.then(|| limits(table.on_demand_throughput.as_ref())),
        stream_specification: Some(StreamSpecification {
            stream_enabled: stream.is_some(),
            stream_view_type: stream.and_then(|s| s.stream_view_type.clone()).map(Sdk),
        }),
        sse_specification: Some(SseSpecification {
            enabled: key.is_some(),
            kms_master_key_id: key.and_then(|key| key.kms_master_key_arn.clone()),
        }),
        table_class: Some(Sdk(class.unwrap_or(TableClass::Standard))),
        deletion_protection_enabled: Some(table.deletion_protection_enabled.unwrap_or(false)),
        time_to_live_specification: Some(time_to_live(ttl)),
        point_in_time_recovery_specification: Some(recovery(backups)),
    }
}

fn types(definitions: &[AttributeDefinition]) -> BTreeMap<&str, &ScalarAttributeType> {
    definitions.iter().map(|d| (d.attribute_name(), d.attribute_type())).collect()
}

fn keys(
    elements: &[KeySchemaElement],
    types: &BTreeMap<&str, &ScalarAttributeType>,
) -> Vec<KeyElement> {
    let element = |element: &KeySchemaElement| {
        let kind = types.get(element.attribute_name()).copied();
        KeyElement {
            attribute_name: element.attribute_name().to_owned(),
            attribute_type: Sdk(kind.cloned().unwrap_or(ScalarAttributeType::S)),
            key_type: Sdk(element.key_type().clone()),
        }
    };
    elements.iter().map(element).collect()
}

fn projection(found: Option<&SdkProjection>) -> Projection {
    let Some(found) = found else { return all() };
    Projection {
        projection_type: Sdk(found.projection_type.clone().unwrap_or(ProjectionType::All)),
        non_key_attributes: found.non_key_attributes().iter().cloned().collect(),
    }
}

fn limits(found: Option<&SdkOnDemand>) -> OnDemandThroughput {
    OnDemandThroughput {
        max_read_request_units: Some(found.and_then(|f| f.max_read_request_units).unwrap_or(-1)),
        max_write_request_units: Some(found.and_then(|f| f.max_write_request_units).unwrap_or(-1)),
    }
}

fn global_index(
    index: &GlobalSecondaryIndexDescription,
    types: &BTreeMap<&str, &ScalarAttributeType>,
    on_demand: bool,
) -> GlobalSecondaryIndex {
    let units = index.provisioned_throughput.as_ref().filter(|_| !on_demand);
    GlobalSecondaryIndex {
        index_name: index.index_name.clone().unwrap_or_default(),
        key_schema: keys(index.key_schema(), types),
        projection: projection(index.projection.as_ref()),
        provisioned_throughput: units.map(|units| ProvisionedThroughput {
            read_capacity_units: units.read_capacity_units.unwrap_or_default(),
            write_capacity_units: units.write_capacity_units.unwrap_or_default(),
        }),
        on_demand_throughput: on_demand.then(|| limits(index.on_demand_throughput.as_ref())),
    }
}

fn time_to_live(found: Option<TimeToLiveDescription>) -> TimeToLiveSpecification {
    let enabled = found.as_ref().is_some_and(|ttl| {
        let status = ttl.time_to_live_status.as_ref();
        matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling))
    });
    let attribute_name = found.and_then(|ttl| ttl.attribute_name).filter(|_| enabled);
    TimeToLiveSpecification { enabled, attribute_name }
}

fn recovery(found: Option<ContinuousBackupsDescription>) -> PointInTimeRecoverySpecification {
    let found = found.and_then(|backups| backups.point_in_time_recovery_description);
    let enabled = found.as_ref().is_some_and(|recovery| {
        recovery.point_in_time_recovery_status == Some(PointInTimeRecoveryStatus::Enabled)
    });
    PointInTimeRecoverySpecification {
        point_in_time_recovery_enabled: enabled,
        recovery_period_in_days: found
            .and_then(|recovery| recovery.recovery_period_in_days)
            .filter(|_| enabled),
    }
}
