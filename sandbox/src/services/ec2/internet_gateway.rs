//! Internet gateways.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::{Answer, Call, Input, Members};
use super::describe::Listing;
use super::{State, View, dependents, ids, limits, rules, state_mut, tags};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;

/// How long a new attachment is `attaching`.
const ATTACHING: Duration = Duration::from_secs(2);

/// An internet gateway.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct InternetGateway {
    pub(crate) attachment: Option<Attachment>,
}

/// What an internet gateway is attached to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Attachment {
    pub(crate) vpc: String,
    /// When the attachment becomes `available`.
    pub(crate) ready: Time,
}

impl InternetGateway {
    /// Tells whether it is attached to this VPC.
    pub(crate) fn serves(&self, vpc: &str) -> bool {
        self.attachment.as_ref().is_some_and(|attachment| attachment.vpc == vpc)
    }
}

/// Tells whether a VPC has an internet gateway.
pub(super) fn serve(state: &State, vpc: &str) -> bool {
    state.internet_gateways.values().any(|gateway| gateway.serves(vpc))
}

/// CreateInternetGateway.
pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let tags = tags::at_creation(input, &ids::INTERNET_GATEWAY)?;
    let id = account.new_id("igw");
    let state = state_mut(account, call);
    let limit = state.limits.internet_gateways;
    limits::room(state.internet_gateways.len(), limit, &rules::INTERNET_GATEWAY_LIMIT)?;
    state.internet_gateways.insert(id.clone(), InternetGateway::default());
    tags::keep(state, &id, tags)?;
    let view = View::new(account, call);
    let shown = show(view, &id, &view.state.internet_gateways[&id]);
    Ok(json!({ "InternetGateway": shown }))
}

/// Returns the gateway and the VPC the input names.
fn known<'a>(state: &State, input: &'a Input) -> Result<(&'a str, &'a str), Refusal> {
    let id = input.text("InternetGatewayId").unwrap_or_default();
    ids::INTERNET_GATEWAY.check(state, id)?;
    let vpc = input.text("VpcId").unwrap_or_default();
    ids::VPC.check(state, vpc)?;
    Ok((id, vpc))
}

/// AttachInternetGateway: a gateway has one VPC and a VPC one gateway.
pub(super) fn attach(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let (id, vpc) = known(state, input)?;
    if let Some(attachment) = &state.internet_gateways[id].attachment {
        return Err(rules::INTERNET_GATEWAY_TAKEN.refuse(&[id, &attachment.vpc]));
    }
    if serve(state, vpc) {
        return Err(rules::VPC_HAS_INTERNET_GATEWAY.refuse(&[vpc]));
    }
    let attachment = Attachment { vpc: vpc.to_owned(), ready: call.after(ATTACHING) };
    let attached = InternetGateway { attachment: Some(attachment) };
    state.internet_gateways.insert(id.to_owned(), attached);
    Ok(json!({}))
}

/// DetachInternetGateway: refused while an address of the VPC is mapped to a public one.
pub(super) fn detach(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let (id, vpc) = known(state, input)?;
    if !state.internet_gateways[id].serves(vpc) {
        return Err(rules::INTERNET_GATEWAY_NOT_ATTACHED.refuse(&[id, vpc]));
    }
    if dependents::of_internet_access(state, vpc).is_some() {
        return Err(rules::PUBLIC_ADDRESSES.refuse(&[vpc]));
    }
    state.internet_gateways.insert(id.to_owned(), InternetGateway::default());
    super::route_association::drop_gateway(state, id);
    Ok(json!({}))
}

/// DeleteInternetGateway.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let id = input.text("InternetGatewayId").unwrap_or_default();
    ids::INTERNET_GATEWAY.check(state, id)?;
    if state.internet_gateways[id].attachment.is_some() {
        return Err(rules::INTERNET_GATEWAY_IN_USE.refuse(&[id]));
    }
    state.internet_gateways.remove(id);
    state.tags.remove(id);
    Ok(json!({}))
}

static LISTING: Listing<InternetGateway> = Listing {
    kind: &ids::INTERNET_GATEWAY,
    ids: "InternetGatewayIds",
    answer: "InternetGateways",
    page: 1000,
    filters: &[
        "attachment.state",
        "attachment.vpc-id",
        "internet-gateway-id",
        "owner-id",
        "tag-key",
    ],
    field,
    show,
};

/// DescribeInternetGateways.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    LISTING.answer_map(view, input, &view.state.internet_gateways)
}

/// An attachment reads `available`, which is no value of its enum in the API's own model.
fn status(call: &Call, attachment: &Attachment) -> &'static str {
    if call.now < attachment.ready { "attaching" } else { "available" }
}

fn field(view: View<'_>, id: &str, gateway: &InternetGateway, name: &str) -> Vec<String> {
    let attachment = gateway.attachment.iter();
    match name {
        "attachment.state" => attachment.map(|it| status(view.call, it).to_owned()).collect(),
        "attachment.vpc-id" => attachment.map(|it| it.vpc.clone()).collect(),
        "owner-id" => vec![view.call.account_id.clone()],
        _ => vec![id.to_owned()],
    }
}

fn show(view: View<'_>, id: &str, gateway: &InternetGateway) -> Value {
    let attachments: Vec<Value> = gateway
        .attachment
        .iter()
        .map(|it| json!({ "State": status(view.call, it), "VpcId": it.vpc }))
        .collect();
    json!({
        "InternetGatewayId": id,
        "OwnerId": view.call.account_id,
        "Attachments": attachments,
        "Tags": tags::show(view, id),
    })
}
