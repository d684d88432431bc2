//! Capacity that scaling targets move: inside their ranges it is theirs to say.

use super::table::DynamodbTable;
use crate::aws::{Cx, Result};
use crate::engine::resource::{Live, Standing, Status};
use crate::resources::applicationautoscaling::range;
use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};

/// Units that a target may move.
struct Units {
    /// Path of the field, as a difference has it.
    path: String,
    /// The table, or the index, as a target names it.
    resource: String,
    dimension: ScalableDimension,
    value: i64,
}

impl DynamodbTable {
    /// All units of a table with provisioned capacity and of its indexes.
    fn units(&self) -> Vec<Units> {
        let table = format!("table/{}", self.name);
        let mut all = Vec::new();
        if let Some(units) = &self.provisioned_throughput {
            let of = |field: &str, dimension, value| Units {
                path: format!("provisioned_throughput.{field}"),
                resource: table.clone(),
                dimension,
                value,
            };
            let reads = ScalableDimension::DynamoDbTableReadCapacityUnits;
            let writes = ScalableDimension::DynamoDbTableWriteCapacityUnits;
            all.push(of("read_capacity_units", reads, units.read_capacity_units));
            all.push(of("write_capacity_units", writes, units.write_capacity_units));
        }
        for index in self.global_secondary_indexes.iter().flatten() {
            let Some(units) = &index.provisioned_throughput else { continue };
            let name = &index.index_name;
            let of = |field: &str, dimension, value| Units {
                path: format!("global_secondary_indexes[{name}].provisioned_throughput.{field}"),
                resource: format!("{table}/index/{name}"),
                dimension,
                value,
            };
            let reads = ScalableDimension::DynamoDbIndexReadCapacityUnits;
            let writes = ScalableDimension::DynamoDbIndexWriteCapacityUnits;
            all.push(of("read_capacity_units", reads, units.read_capacity_units));
            all.push(of("write_capacity_units", writes, units.write_capacity_units));
        }
        all
    }

    /// It, with the units that a live table's targets decide as they are there.
    pub(super) fn keeping(&self, live: &Live<Self>) -> Self {
        let mut kept = self.clone();
        let is_scaled = |path: &str| standing(live).iter().any(|one| one.path == path);
        if let (Some(want), Some(now)) =
            (&mut kept.provisioned_throughput, &live.spec.provisioned_throughput)
        {
            if is_scaled("provisioned_throughput.read_capacity_units") {
                want.read_capacity_units = now.read_capacity_units;
            }
            if is_scaled("provisioned_throughput.write_capacity_units") {
                want.write_capacity_units = now.write_capacity_units;
            }
        }
        let there = live.spec.global_secondary_indexes.as_deref().unwrap_or_default();
        for index in kept.global_secondary_indexes.iter_mut().flatten() {
            let name = &index.index_name;
            let now = there.iter().find(|now| now.index_name == *name);
            let now = now.and_then(|now| now.provisioned_throughput.as_ref());
            let (Some(want), Some(now)) = (&mut index.provisioned_throughput, now) else {
                continue;
            };
            let path = format!("global_secondary_indexes[{name}].provisioned_throughput");
            if is_scaled(&format!("{path}.read_capacity_units")) {
                want.read_capacity_units = now.read_capacity_units;
            }
            if is_scaled(&format!("{path}.write_capacity_units")) {
                want.write_capacity_units = now.write_capacity_units;
            }
        }
        kept
    }
}

/// The units of a live table that lie inside the range of their target.
pub(super) fn standing(live: &Live<DynamodbTable>) -> Vec<Standing> {
    let standing = |units: Units| {
        let range = live.out.scaling_ranges.get(&units.path)?;
        let owner = range.holds(units.value).then(|| range.owner())?;
        Some(Standing { path: units.path, owner })
    };
    live.spec.units().into_iter().filter_map(standing).collect()
}

/// Reads the ranges that move units of these tables, in one call for all.
pub(super) async fn add_ranges(cx: &Cx, tables: &mut [Live<DynamodbTable>]) -> Result<()> {
    let settled = tables.iter().filter(|table| table.status == Status::Ready);
    let mut resources: Vec<String> =
        settled.flat_map(|table| table.spec.units()).map(|units| units.resource).collect();
    resources.dedup();
    let found = range::ranges(cx, &ServiceNamespace::Dynamodb, resources).await?;
    for table in tables {
        for units in table.spec.units() {
            let key = (units.resource, units.dimension.as_str().to_owned());
            if let Some(range) = found.get(&key) {
                table.out.scaling_ranges.insert(units.path, *range);
            }
        }
    }
    Ok(())
}
