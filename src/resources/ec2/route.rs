//! Routes: a part of `route_table`.

use super::egress_only_internet_gateway::EgressOnlyInternetGateway;
use super::internet_gateway::InternetGateway;
use super::nat_gateway::NatGateway;
use super::vpc_endpoint::VpcEndpoint;
use crate::aws::{Cidr, Cx, Error, Result};
use crate::engine::resource::{FieldProblem, Referable};
use crate::resources::or_gone;
use aws_sdk_ec2::types::{Route as Found, RouteOrigin, RouteState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What makes two routes the same one.
pub(super) const KEY: [&str; 3] =
    ["destination_cidr_block", "destination_ipv6_cidr_block", "destination_prefix_list_id"];

/// One route: a destination, and where packets to it go. One of each is given.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// IPv4 range of the destination, e.g. `0.0.0.0/0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_cidr_block: Option<Cidr>,
    /// IPv6 range of the destination, e.g. `::/0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_ipv6_cidr_block: Option<Cidr>,
    /// Prefix list of destinations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_prefix_list_id: Option<String>,
    /// Internet gateway, or virtual private gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-ref" = InternetGateway::REFERABLE))]
    pub gateway_id: Option<String>,
    /// NAT gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-ref" = NatGateway::REFERABLE))]
    pub nat_gateway_id: Option<String>,
    /// Egress-only internet gateway, for IPv6.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-ref" = EgressOnlyInternetGateway::REFERABLE))]
    pub egress_only_internet_gateway_id: Option<String>,
    /// Network interface, e.g. of an appliance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_interface_id: Option<String>,
    /// Transit gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transit_gateway_id: Option<String>,
    /// VPC peering connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_peering_connection_id: Option<String>,
    /// Gateway Load Balancer endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-ref" = VpcEndpoint::REFERABLE))]
    pub vpc_endpoint_id: Option<String>,
}

impl Route {
    fn destination(&self) -> (Option<&Cidr>, Option<&Cidr>, Option<&str>) {
        (
            self.destination_cidr_block.as_ref(),
            self.destination_ipv6_cidr_block.as_ref(),
            self.destination_prefix_list_id.as_deref(),
        )
    }

    fn targets(&self) -> [Option<&String>; 7] {
        [
            self.gateway_id.as_ref(),
            self.nat_gateway_id.as_ref(),
            self.egress_only_internet_gateway_id.as_ref(),
            self.network_interface_id.as_ref(),
            self.transit_gateway_id.as_ref(),
            self.vpc_peering_connection_id.as_ref(),
            self.vpc_endpoint_id.as_ref(),
        ]
    }
}

/// Checks that each route has one destination and one target, and no destination twice.
pub(super) fn validate<'a>(routes: impl Iterator<Item = &'a Route>) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for (at, route) in routes.enumerate() {
        let mut problem = |message: &str| {
            problems.push(FieldProblem { path: format!("routes.{at}"), message: message.into() });
        };
        let (v4, v6, list) = route.destination();
        let destinations =
            usize::from(v4.is_some()) + usize::from(v6.is_some()) + usize::from(list.is_some());
        if destinations != 1 {
            problem("a route has exactly one destination");
        }
        if v4.is_some_and(Cidr::is_ipv6) {
            problem("an IPv6 destination is given as `destination_ipv6_cidr_block`");
        }
        if route.targets().into_iter().flatten().count() != 1 {
            problem("a route has exactly one target, such as `gateway_id` or `nat_gateway_id`");
        }
        if !seen.insert(route.destination()) {
            problem("another route has the same destination");
        }
    }
    problems
}

/// Reads a route that the table's owner made; AWS's own, propagated ones and those of gateway
/// endpoints are nobody's here (aws-semantics.md 1).
pub(super) fn of_aws(found: &Found) -> Option<Route> {
    use RouteOrigin::{Advertisement, CreateRouteTable, EnableVgwRoutePropagation};
    let gateway = found.gateway_id();
    let of_endpoint = gateway.is_some_and(|g| g.starts_with("vpce-"));
    if gateway == Some("local")
        || matches!(
            found.origin(),
            Some(Advertisement | CreateRouteTable | EnableVgwRoutePropagation)
        )
        || (of_endpoint && found.destination_prefix_list_id().is_some())
    {
        return None;
    }
    let route = Route {
        destination_cidr_block: found.destination_cidr_block().map(Cidr::of_aws),
        destination_ipv6_cidr_block: found.destination_ipv6_cidr_block().map(Cidr::of_aws),
        destination_prefix_list_id: found.destination_prefix_list_id.clone(),
        ..Route::default()
    };
    if found.state() == Some(&RouteState::Blackhole) {
        // Its target is dead: without one it differs from what is wanted, and is repaired.
        return Some(route);
    }
    Some(Route {
        gateway_id: found.gateway_id.clone().filter(|_| !of_endpoint),
        vpc_endpoint_id: found.gateway_id.clone().filter(|_| of_endpoint),
        nat_gateway_id: found.nat_gateway_id.clone(),
        egress_only_internet_gateway_id: found.egress_only_internet_gateway_id.clone(),
        network_interface_id: found.network_interface_id.clone(),
        transit_gateway_id: found.transit_gateway_id.clone(),
        vpc_peering_connection_id: found.vpc_peering_connection_id.clone(),
        ..route
    })
}

/// Makes the table's routes those wanted.
pub(super) async fn converge(
    cx: &Cx,
    table: &str,
    old: &BTreeSet<Route>,
    wanted: &BTreeSet<Route>,
) -> Result<()> {
    for route in wanted {
        match old.iter().find(|o| o.destination() == route.destination()) {
            Some(same) if same == route => {}
            Some(_) => replace(cx, table, route).await?,
            None => create(cx, table, route).await?,
        }
    }
    for route in old {
        if !wanted.iter().any(|w| w.destination() == route.destination()) {
            delete(cx, table, route).await?;
        }
    }
    Ok(())
}

/// `CreateRoute` and `ReplaceRoute` take the same fields.
macro_rules! filled {
    ($call:expr, $route:expr) => {
        $call
            .set_destination_cidr_block(
                $route.destination_cidr_block.as_ref().map(|c| c.to_string()),
            )
            .set_destination_ipv6_cidr_block(
                $route.destination_ipv6_cidr_block.as_ref().map(|c| c.to_string()),
            )
            .set_destination_prefix_list_id($route.destination_prefix_list_id.clone())
            .set_gateway_id($route.gateway_id.clone())
            .set_nat_gateway_id($route.nat_gateway_id.clone())
            .set_egress_only_internet_gateway_id($route.egress_only_internet_gateway_id.clone())
            .set_network_interface_id($route.network_interface_id.clone())
            .set_transit_gateway_id($route.transit_gateway_id.clone())
            .set_vpc_peering_connection_id($route.vpc_peering_connection_id.clone())
            .set_vpc_endpoint_id($route.vpc_endpoint_id.clone())
    };
}

async fn create(cx: &Cx, table: &str, route: &Route) -> Result<()> {
    let call = filled!(cx.ec2().create_route().route_table_id(table), route);
    match call.send().await.map_err(Error::from) {
        // Somebody else's, or an earlier try of ours: either way it becomes what is wanted.
        Err(error) if error.is("RouteAlreadyExists") => replace(cx, table, route).await,
        other => other.map(drop),
    }
}

async fn replace(cx: &Cx, table: &str, route: &Route) -> Result<()> {
    let call = filled!(cx.ec2().replace_route().route_table_id(table), route);
    call.send().await?;
    Ok(())
}

async fn delete(cx: &Cx, table: &str, route: &Route) -> Result<()> {
    let (v4, v6, list) = route.destination();
    let call = cx
        .ec2()
        .delete_route()
        .route_table_id(table)
        .set_destination_cidr_block(v4.map(ToString::to_string))
        .set_destination_ipv6_cidr_block(v6.map(ToString::to_string))
        .set_destination_prefix_list_id(list.map(str::to_owned));
    or_gone(call.send().await)
}
