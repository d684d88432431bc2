//! Which route table a subnet or a gateway uses.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::{Answer, Call, Input, Members};
use super::{State, ids, rules, state_mut};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;

/// How long a new association is `associating`.
const ASSOCIATING: Duration = Duration::from_secs(1);

/// An association of a route table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Association {
    pub(crate) id: String,
    pub(crate) with: Associated,
    pub(crate) ready: Time,
}

/// What uses a route table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Associated {
    /// The subnets of the VPC that have no table of their own.
    Main,
    Subnet(String),
    Gateway(String),
}

impl Associated {
    /// Returns the subnet, if it is one.
    pub(crate) fn subnet(&self) -> Option<&str> {
        if let Self::Subnet(id) = self { Some(id) } else { None }
    }

    /// Returns the gateway, if it is one.
    pub(crate) fn gateway(&self) -> Option<&str> {
        if let Self::Gateway(id) = self { Some(id) } else { None }
    }
}

impl Association {
    /// Makes an association.
    pub(super) fn new(account: &mut Account, call: &Call, with: Associated) -> Self {
        Self { id: account.new_id("rtbassoc"), with, ready: call.after(ASSOCIATING) }
    }

    fn state(&self, call: &Call) -> &'static str {
        if call.now < self.ready { "associating" } else { "associated" }
    }

    /// Shows it as part of its table.
    pub(super) fn show(&self, call: &Call, table: &str) -> Value {
        json!({
            "Main": self.with == Associated::Main,
            "RouteTableAssociationId": self.id,
            "RouteTableId": table,
            "SubnetId": self.with.subnet(),
            "GatewayId": self.with.gateway(),
            "AssociationState": { "State": self.state(call) },
        })
    }
}

/// AssociateRouteTable. The same association again is answered with its id.
pub(super) fn associate(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let table = input.text("RouteTableId").unwrap_or_default();
    ids::ROUTE_TABLE.check(state, table)?;
    let vpc = &state.route_tables[table].vpc;
    let with = match (input.text("SubnetId"), input.text("GatewayId")) {
        (Some(subnet), None) => {
            ids::SUBNET.check(state, subnet)?;
            if state.subnets[subnet].vpc != *vpc {
                return Err(rules::ROUTE_OTHER_NETWORK.refuse(&[table, "subnet", subnet]));
            }
            Associated::Subnet(subnet.to_owned())
        }
        (None, Some(gateway)) => {
            let known = state.internet_gateways.get(gateway);
            let known = known.ok_or_else(|| rules::GATEWAY_NOT_FOUND.refuse(&[gateway]))?;
            if !known.serves(vpc) {
                let names = [table, "network gateway", gateway];
                return Err(rules::ROUTE_OTHER_NETWORK.refuse(&names));
            }
            Associated::Gateway(gateway.to_owned())
        }
        (None, None) => return Err(rules::ASSOCIATION_NONE.refuse(&[])),
        (Some(_), Some(_)) => return Err(rules::ASSOCIATION_BOTH.refuse(&[])),
    };
    if let Some((of, known)) = find(state, |association| association.with == with) {
        if of == table {
            return Ok(answer(known, call, "AssociationId"));
        }
        return Err(rules::ASSOCIATION_CONFLICT.refuse(&[table]));
    }
    let association = Association::new(account, call, with);
    let shown = answer(&association, call, "AssociationId");
    if let Some(table) = state_mut(account, call).route_tables.get_mut(table) {
        table.associations.push(association);
    }
    Ok(shown)
}

fn answer(association: &Association, call: &Call, member: &str) -> Value {
    json!({
        member: association.id,
        "AssociationState": { "State": association.state(call) },
    })
}

/// Finds an association and its table.
fn find(state: &State, test: impl Fn(&Association) -> bool) -> Option<(&str, &Association)> {
    state.route_tables.iter().find_map(|(table, routes)| {
        Some((table.as_str(), routes.associations.iter().find(|it| test(it))?))
    })
}

/// Takes away the association the input names.
fn take(state: &mut State, input: &Input) -> Result<(String, Association), Refusal> {
    let id = input.text("AssociationId").unwrap_or_default();
    for (table, routes) in &mut state.route_tables {
        if let Some(at) = routes.associations.iter().position(|it| it.id == id) {
            return Ok((table.clone(), routes.associations.remove(at)));
        }
    }
    Err(rules::ASSOCIATION_NOT_FOUND.refuse(&[id]))
}

/// DisassociateRouteTable: not the main association.
pub(super) fn disassociate(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let (_, association) = take(state_mut(account, call), input)?;
    if association.with == Associated::Main {
        return Err(rules::ASSOCIATION_MAIN.refuse(&[&association.id]));
    }
    Ok(json!({}))
}

/// ReplaceRouteTableAssociation: the association moves to another table under a new id.
pub(super) fn replace(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let table = input.text("RouteTableId").unwrap_or_default();
    ids::ROUTE_TABLE.check(state, table)?;
    let (before, association) = take(state, input)?;
    if state.route_tables[&before].vpc != state.route_tables[table].vpc {
        let names = [table, "association", &association.id];
        return Err(rules::ROUTE_OTHER_NETWORK.refuse(&names));
    }
    let association = Association::new(account, call, association.with);
    let shown = answer(&association, call, "NewAssociationId");
    if let Some(table) = state_mut(account, call).route_tables.get_mut(table) {
        table.associations.push(association);
    }
    Ok(shown)
}

/// Drops the association of a subnet that is gone.
pub(super) fn drop_subnet(state: &mut State, subnet: &str) {
    for table in state.route_tables.values_mut() {
        table.associations.retain(|association| association.with.subnet() != Some(subnet));
    }
}

/// Drops the association of a gateway that was detached.
pub(super) fn drop_gateway(state: &mut State, gateway: &str) {
    for table in state.route_tables.values_mut() {
        table.associations.retain(|association| association.with.gateway() != Some(gateway));
    }
}
