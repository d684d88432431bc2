//! Quotas of one region.

use serde::{Deserialize, Serialize};

use super::rules;
use crate::rules::{Refusal, Rule};

/// How much there may be. AWS's own defaults, except that small accounts' quotas (5 VPCs, 5 internet
/// gateways, 5 elastic addresses) are wider, as they are in an account that runs several environments.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Limits {
    pub(crate) vpcs: usize,
    pub(crate) cidr_blocks_per_vpc: usize,
    pub(crate) subnets_per_vpc: usize,
    pub(crate) internet_gateways: usize,
    pub(crate) egress_only_internet_gateways: usize,
    pub(crate) addresses: usize,
    pub(crate) nat_gateways_per_zone: usize,
    pub(crate) gateway_endpoints: usize,
    pub(crate) interface_endpoints_per_vpc: usize,
    pub(crate) route_tables_per_vpc: usize,
    pub(crate) routes_per_table: usize,
    pub(crate) security_groups: usize,
    /// For each direction and address family.
    pub(crate) rules_per_security_group: usize,
    pub(crate) security_groups_per_interface: usize,
    pub(crate) network_interfaces: usize,
    pub(crate) tags_per_resource: usize,
    pub(crate) filter_values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            vpcs: 100,
            cidr_blocks_per_vpc: 5,
            subnets_per_vpc: 200,
            internet_gateways: 100,
            egress_only_internet_gateways: 100,
            addresses: 100,
            nat_gateways_per_zone: 5,
            gateway_endpoints: 20,
            interface_endpoints_per_vpc: 50,
            route_tables_per_vpc: 200,
            routes_per_table: 500,
            security_groups: 2500,
            rules_per_security_group: 60,
            security_groups_per_interface: 5,
            network_interfaces: 5000,
            tags_per_resource: 50,
            filter_values: 200,
        }
    }
}

/// Refuses one more where `have` already reach the limit.
pub(super) fn room(have: usize, limit: usize, rule: &'static Rule) -> Result<(), Refusal> {
    if have < limit { Ok(()) } else { Err(rule.refuse(&[])) }
}

impl Limits {
    /// Refuses more values than filters may carry in one call.
    pub(super) fn check_filter_values(&self, values: usize) -> Result<(), Refusal> {
        room(values, self.filter_values + 1, &rules::FILTER_VALUES_LIMIT)
    }
}
