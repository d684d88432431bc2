//! `data.availability_zones`: the zones of the region.

use crate::aws::tags::filter;
use crate::aws::{Cx, Result};
use crate::engine::resource::DataSource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The availability zones of the region, sorted by name.
///
/// Without filters those are listed that the account can use and that are zones proper: no local
/// zones, no Wavelength zones.
///
/// ```toml
/// [data.availability_zones.usable]
/// exclude_names = ["us-east-1e"]
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AvailabilityZones {
    /// Only zones in this state: `available`, `impaired`, `unavailable` or `constrained`.
    #[serde(default = "available")]
    pub state: String,
    /// Whether zones count that the account has not opted in to.
    #[serde(default)]
    pub all_availability_zones: bool,
    /// Only zones of this type: `availability-zone`, `local-zone` or `wavelength-zone`.
    #[serde(default = "proper")]
    pub zone_type: String,
    /// Zones to leave out, by name.
    #[serde(default)]
    pub exclude_names: BTreeSet<String>,
    /// Zones to leave out, by id.
    #[serde(default)]
    pub exclude_zone_ids: BTreeSet<String>,
}

fn available() -> String {
    "available".into()
}

fn proper() -> String {
    "availability-zone".into()
}

/// What AWS says.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct AvailabilityZonesOut {
    /// The region.
    pub id: String,
    /// Names, e.g. `eu-west-1a`.
    pub names: Vec<String>,
    /// Ids, e.g. `euw1-az1`, in the order of the names.
    pub zone_ids: Vec<String>,
    /// Network border groups, sorted.
    pub group_names: BTreeSet<String>,
}

impl DataSource for AvailabilityZones {
    const TYPE: &'static str = "availability_zones";
    const AWS_NAME: &'static str = "DescribeAvailabilityZones";
    type Out = AvailabilityZonesOut;

    async fn read(&self, cx: &Cx) -> Result<Vec<Self::Out>> {
        let found = cx
            .ec2()
            .describe_availability_zones()
            .all_availability_zones(self.all_availability_zones)
            .filters(filter("state", [&self.state]))
            .filters(filter("zone-type", [&self.zone_type]))
            .send()
            .await?;
        let mut zones: Vec<(String, String)> = Vec::new();
        let mut group_names = BTreeSet::new();
        for zone in found.availability_zones.unwrap_or_default() {
            let (name, id) = (zone.zone_name.unwrap_or_default(), zone.zone_id.unwrap_or_default());
            if self.exclude_names.contains(&name) || self.exclude_zone_ids.contains(&id) {
                continue;
            }
            group_names.extend(zone.group_name);
            zones.push((name, id));
        }
        zones.sort();
        let (names, zone_ids) = zones.into_iter().unzip();
        Ok(vec![AvailabilityZonesOut { id: cx.scope.region.clone(), names, zone_ids, group_names }])
    }
}
