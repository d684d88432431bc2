//! Egress-only internet gateways.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::{Answer, Call, Input, Members};
use super::describe::Listing;
use super::{View, ids, limits, rules, state_mut, tags, tokens};
use crate::state::Account;

/// An egress-only internet gateway: it belongs to its VPC for life.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EgressOnlyInternetGateway {
    pub(crate) vpc: String,
}

/// CreateEgressOnlyInternetGateway: one for each VPC.
pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let tags = tags::at_creation(input, &ids::EGRESS_ONLY_GATEWAY)?;
    let state = state_mut(account, call);
    let id = if let Some(id) = tokens::seen(state, call, input)? {
        id
    } else {
        let vpc = input.text("VpcId").unwrap_or_default();
        ids::VPC.check(state, vpc)?;
        let all = &state.egress_only_internet_gateways;
        if all.values().any(|gateway| gateway.vpc == vpc) {
            return Err(rules::EGRESS_ONLY_GATEWAY_TAKEN.refuse(&[vpc]));
        }
        let limit = state.limits.egress_only_internet_gateways;
        limits::room(all.len(), limit, &rules::EGRESS_ONLY_GATEWAY_LIMIT)?;
        let id = account.new_id("eigw");
        let state = state_mut(account, call);
        let gateway = EgressOnlyInternetGateway { vpc: vpc.to_owned() };
        state.egress_only_internet_gateways.insert(id.clone(), gateway);
        tags::keep(state, &id, tags)?;
        tokens::keep(state, call, input, &id);
        id
    };
    let view = View::new(account, call);
    let shown = show(view, &id, &view.state.egress_only_internet_gateways[&id]);
    Ok(json!({ "EgressOnlyInternetGateway": shown, "ClientToken": input.text("ClientToken") }))
}

/// DeleteEgressOnlyInternetGateway: routes to it stay, as blackholes.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let id = input.text("EgressOnlyInternetGatewayId").unwrap_or_default();
    ids::EGRESS_ONLY_GATEWAY.check(state, id)?;
    state.egress_only_internet_gateways.remove(id);
    state.tags.remove(id);
    Ok(json!({ "ReturnCode": true }))
}

static LISTING: Listing<EgressOnlyInternetGateway> = Listing {
    kind: &ids::EGRESS_ONLY_GATEWAY,
    ids: "EgressOnlyInternetGatewayIds",
    answer: "EgressOnlyInternetGateways",
    page: 255,
    filters: &["tag-key"],
    field: |_, _, _, _| Vec::new(),
    show,
};

/// DescribeEgressOnlyInternetGateways.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    LISTING.answer_map(view, input, &view.state.egress_only_internet_gateways)
}

fn show(view: View<'_>, id: &str, gateway: &EgressOnlyInternetGateway) -> Value {
    json!({
        "EgressOnlyInternetGatewayId": id,
        "Attachments": [{ "State": "attached", "VpcId": gateway.vpc }],
        "Tags": tags::show(view, id),
    })
}
