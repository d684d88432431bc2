//! Route tables.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::{Answer, Call, Input, Members};
use super::describe::{Listing, optional};
use super::route::{self, Route};
use super::route_association::{Associated, Association};
use super::{View, ids, limits, rules, state_mut, tags, tokens};
use crate::state::Account;

/// A route table. Its local routes follow the blocks of its VPC and are not kept here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RouteTable {
    pub(crate) vpc: String,
    pub(crate) routes: Vec<Route>,
    pub(crate) associations: Vec<Association>,
}

impl RouteTable {
    fn new(vpc: &str) -> Self {
        Self { vpc: vpc.to_owned(), routes: Vec::new(), associations: Vec::new() }
    }

    /// Tells whether it serves the subnets that have no table of their own.
    pub(crate) fn is_main(&self) -> bool {
        self.associations.iter().any(|association| association.with == Associated::Main)
    }
}

/// Makes the main route table of a new VPC.
pub(super) fn create_main(account: &mut Account, call: &Call, vpc: &str) {
    let id = account.new_id("rtb");
    let association = Association::new(account, call, Associated::Main);
    let mut table = RouteTable::new(vpc);
    table.associations.push(association);
    state_mut(account, call).route_tables.insert(id, table);
}

/// CreateRouteTable.
pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let tags = tags::at_creation(input, &ids::ROUTE_TABLE)?;
    let state = state_mut(account, call);
    let id = if let Some(id) = tokens::seen(state, call, input)? {
        id
    } else {
        let vpc = input.text("VpcId").unwrap_or_default();
        ids::VPC.check(state, vpc)?;
        let have = state.route_tables.values().filter(|table| table.vpc == vpc).count();
        limits::room(have, state.limits.route_tables_per_vpc, &rules::ROUTE_TABLE_LIMIT)?;
        let id = account.new_id("rtb");
        let state = state_mut(account, call);
        state.route_tables.insert(id.clone(), RouteTable::new(vpc));
        tags::keep(state, &id, tags)?;
        tokens::keep(state, call, input, &id);
        id
    };
    let view = View::new(account, call);
    let shown = show(view, &id, &view.state.route_tables[&id]);
    Ok(json!({ "RouteTable": shown, "ClientToken": input.text("ClientToken") }))
}

/// DeleteRouteTable: neither the main one nor one with associations.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let id = input.text("RouteTableId").unwrap_or_default();
    ids::ROUTE_TABLE.check(state, id)?;
    if !state.route_tables[id].associations.is_empty() {
        return Err(rules::ROUTE_TABLE_IN_USE.refuse(&[id]));
    }
    state.route_tables.remove(id);
    state.tags.remove(id);
    for endpoint in state.vpc_endpoints.values_mut() {
        endpoint.tables.retain(|own| own != id);
    }
    Ok(json!({}))
}

static LISTING: Listing<RouteTable> = Listing {
    kind: &ids::ROUTE_TABLE,
    ids: "RouteTableIds",
    answer: "RouteTables",
    page: 100,
    filters: &[
        "association.gateway-id",
        "association.main",
        "association.route-table-association-id",
        "association.route-table-id",
        "association.subnet-id",
        "owner-id",
        "route-table-id",
        "route.destination-cidr-block",
        "route.destination-ipv6-cidr-block",
        "route.destination-prefix-list-id",
        "route.egress-only-internet-gateway-id",
        "route.gateway-id",
        "route.instance-id",
        "route.nat-gateway-id",
        "route.origin",
        "route.state",
        "route.transit-gateway-id",
        "route.vpc-peering-connection-id",
        "tag-key",
        "vpc-id",
    ],
    field,
    show,
};

/// DescribeRouteTables.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    LISTING.answer_map(view, input, &view.state.route_tables)
}

fn field(view: View<'_>, id: &str, table: &RouteTable, name: &str) -> Vec<String> {
    let associations = table.associations.iter();
    let in_routes = |member: &str| {
        let routes = route::show_all(view, id, table);
        routes.iter().flat_map(|route| optional(route[member].as_str())).collect()
    };
    match name {
        "association.gateway-id" => {
            associations.flat_map(|it| optional(it.with.gateway())).collect()
        }
        "association.main" => {
            associations.map(|it| (it.with == Associated::Main).to_string()).collect()
        }
        "association.route-table-association-id" => associations.map(|it| it.id.clone()).collect(),
        "association.route-table-id" => associations.take(1).map(|_| id.to_owned()).collect(),
        "association.subnet-id" => associations.flat_map(|it| optional(it.with.subnet())).collect(),
        "owner-id" => vec![view.call.account_id.clone()],
        "route.destination-cidr-block" => in_routes("DestinationCidrBlock"),
        "route.destination-ipv6-cidr-block" => in_routes("DestinationIpv6CidrBlock"),
        "route.destination-prefix-list-id" => in_routes("DestinationPrefixListId"),
        "route.egress-only-internet-gateway-id" => in_routes("EgressOnlyInternetGatewayId"),
        "route.gateway-id" => in_routes("GatewayId"),
        "route.instance-id" => in_routes("InstanceId"),
        "route.nat-gateway-id" => in_routes("NatGatewayId"),
        "route.origin" => in_routes("Origin"),
        "route.state" => in_routes("State"),
        "route.transit-gateway-id" => in_routes("TransitGatewayId"),
        "route.vpc-peering-connection-id" => in_routes("VpcPeeringConnectionId"),
        "vpc-id" => vec![table.vpc.clone()],
        _ => vec![id.to_owned()],
    }
}

fn show(view: View<'_>, id: &str, table: &RouteTable) -> Value {
    let associations: Vec<Value> =
        table.associations.iter().map(|association| association.show(view.call, id)).collect();
    json!({
        "RouteTableId": id,
        "OwnerId": view.call.account_id,
        "VpcId": table.vpc,
        "Associations": associations,
        "PropagatingVgws": [],
        "Routes": route::show_all(view, id, table),
        "Tags": tags::show(view, id),
    })
}
