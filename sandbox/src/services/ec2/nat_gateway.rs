//! NAT gateways: they take minutes to come and to go, own a network interface, and stay listed for
//! an hour after their end.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::{Answer, Call, Input, Members};
use super::describe::Listing;
use super::network_interface::{self, Owner, Placement};
use super::{State, View, address, ids, internet_gateway, limits, rules, state_mut, tags, tokens};
use crate::clock::Time;
use crate::state::Account;

/// How long a new one is `pending` (aws-semantics.md 1: 1 to 3 minutes).
const PENDING: Duration = Duration::from_secs(90);
/// How long a wrong one is `pending` before it is `failed`.
const FAILING: Duration = Duration::from_secs(20);
/// How long one is `deleting` (aws-semantics.md 1: 1 to 5 minutes).
const DELETING: Duration = Duration::from_secs(120);
/// How long its address is held after it is `deleted` (aws-semantics.md 1, eip: some seconds).
const HOLDING: Duration = Duration::from_secs(15);
/// How long a `deleted` or `failed` one is listed (aws-semantics.md 1: about an hour).
const LISTED: Duration = Duration::from_secs(3600);

/// A NAT gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NatGateway {
    pub(crate) subnet: String,
    pub(crate) vpc: String,
    pub(crate) zone: String,
    pub(crate) is_public: bool,
    /// The elastic address it was asked to have.
    pub(crate) allocation: Option<String>,
    pub(crate) association: Option<String>,
    pub(crate) public_ip: Option<Ipv4Addr>,
    pub(crate) private_ip: Option<Ipv4Addr>,
    pub(crate) interface: Option<String>,
    pub(crate) created: Time,
    /// When it is no longer `pending`.
    pub(crate) ready: Time,
    /// Why it fails: AWS's code and words.
    pub(crate) failure: Option<(String, String)>,
    /// When its deletion was asked for, and when it is `deleted`.
    pub(crate) deletion: Option<(Time, Time)>,
}

impl NatGateway {
    pub(crate) fn state(&self, now: Time) -> &'static str {
        match (self.deletion, &self.failure) {
            (Some((_, end)), _) if now < end => "deleting",
            (Some(_), _) => "deleted",
            (None, _) if now < self.ready => "pending",
            (None, Some(_)) => "failed",
            (None, None) => "available",
        }
    }

    /// Tells whether it takes traffic, or soon will.
    pub(crate) fn lives(&self, now: Time) -> bool {
        matches!(self.state(now), "pending" | "available")
    }

    /// When it is listed no more, if it is at its end.
    pub(super) fn forgotten(&self) -> Option<Time> {
        match (self.deletion, &self.failure) {
            (Some((_, end)), _) => Some(end + LISTED),
            (None, Some(_)) => Some(self.ready + LISTED),
            (None, None) => None,
        }
    }
}

/// CreateNatGateway. What AWS finds out only when it sets the gateway up makes it fail later.
pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let tags = tags::at_creation(input, &ids::NAT_GATEWAY)?;
    let state = state_mut(account, call);
    let id = if let Some(id) = tokens::seen(state, call, input)? {
        id
    } else {
        let id = account.new_id("nat");
        make(account, call, input, &id)?;
        let state = state_mut(account, call);
        tags::keep(state, &id, tags)?;
        tokens::keep(state, call, input, &id);
        id
    };
    let view = View::new(account, call);
    let shown = show(view, &id, &view.state.nat_gateways[&id]);
    Ok(json!({ "NatGateway": shown, "ClientToken": input.text("ClientToken") }))
}

fn make(
    account: &mut Account,
    call: &Call,
    input: &Input,
    id: &str,
) -> Result<(), crate::rules::Refusal> {
    let state = state_mut(account, call);
    let subnet_id =
        input.text("SubnetId").ok_or_else(|| rules::NAT_WITHOUT_SUBNET.refuse(&[]))?.to_owned();
    ids::SUBNET.check(state, &subnet_id)?;
    let is_public = input.text("ConnectivityType") != Some("private");
    let allocation = input.text("AllocationId").map(str::to_owned);
    match &allocation {
        None if is_public => return Err(rules::NAT_WITHOUT_ADDRESS.refuse(&[])),
        Some(_) if !is_public => return Err(rules::NAT_PRIVATE_ADDRESS.refuse(&[])),
        Some(allocation) => ids::ADDRESS.check_form(allocation)?,
        None => {}
    }
    let asked = input.text("PrivateIpAddress");
    let private = match asked.map(str::parse::<Ipv4Addr>) {
        None => None,
        Some(Ok(ip)) => Some(ip),
        Some(Err(_)) => {
            return Err(rules::ADDRESS_MALFORMED.refuse(&[asked.unwrap_or_default()]));
        }
    };
    let subnet = state.subnets[&subnet_id].clone();
    let now = call.now;
    let here = state.nat_gateways.values();
    let have = here.filter(|nat| nat.zone == subnet.zone && nat.lives(now)).count();
    limits::room(have, state.limits.nat_gateways_per_zone, &rules::NAT_LIMIT)?;

    let mut failure = failure(state, &subnet.vpc, is_public, allocation.as_deref());
    let mut gateway = NatGateway {
        subnet: subnet_id.clone(),
        vpc: subnet.vpc,
        zone: subnet.zone,
        is_public,
        allocation: allocation.clone(),
        association: None,
        public_ip: None,
        private_ip: None,
        interface: None,
        created: now,
        ready: call.after(PENDING),
        failure: None,
        deletion: None,
    };
    if failure.is_none() {
        let placement = Placement {
            subnet: subnet_id,
            description: format!("Interface for NAT Gateway {id}"),
            groups: Vec::new(),
            address: private,
            owner: Some(Owner {
                resource: id.to_owned(),
                interface_type: "nat_gateway".to_owned(),
                attached_by: "amazon-aws".to_owned(),
                instance: None,
                requester: Some("amazon-nat-gateway".to_owned()),
                attachment: account.new_id("ela-attach"),
                attached: now,
                delete_on_termination: false,
            }),
        };
        match network_interface::place(account, call, placement, tags::Tags::new()) {
            Ok(interface) => {
                if let Some(allocation) = &allocation {
                    gateway.association = Some(address::map(account, call, allocation, &interface));
                }
                let state = state_mut(account, call);
                if let Some(own) = state.network_interfaces.get_mut(&interface) {
                    // A NAT gateway has no security groups.
                    own.groups.clear();
                    own.source_dest_check = false;
                    gateway.private_ip = Some(own.address);
                    gateway.public_ip = own.public.as_ref().map(|public| public.ip);
                }
                gateway.interface = Some(interface);
            }
            Err(refusal) if refusal.rule == Some(&rules::SUBNET_FULL) => {
                let why = "Subnet has insufficient free addresses to create this NAT gateway";
                failure = Some(("InsufficientFreeAddressesInSubnet".to_owned(), why.to_owned()));
            }
            Err(refusal) => return Err(refusal),
        }
    }
    if failure.is_some() {
        gateway.ready = call.after(FAILING);
        gateway.failure = failure;
    }
    state_mut(account, call).nat_gateways.insert(id.to_owned(), gateway);
    Ok(())
}

/// Says why a gateway will fail, with the code and words of its `FailureCode` and
/// `FailureMessage` (VPC user guide, Troubleshoot NAT gateways).
fn failure(
    state: &State,
    vpc: &str,
    is_public: bool,
    allocation: Option<&str>,
) -> Option<(String, String)> {
    let because = |code: &str, words: String| Some((code.to_owned(), words));
    if is_public && !internet_gateway::serve(state, vpc) {
        let words = format!("Network {vpc} has no Internet gateway attached");
        return because("Gateway.NotAttached", words);
    }
    let id = allocation?;
    if !state.addresses.contains_key(id) {
        let words =
            format!("Elastic IP address {id} could not be associated with this NAT gateway");
        return because("InvalidAllocationID.NotFound", words);
    }
    if address::is_associated(state, id) {
        let words = format!("Elastic IP address {id} is already associated");
        return because("Resource.AlreadyAssociated", words);
    }
    None
}

/// DeleteNatGateway: its interface and address are free only when it is `deleted`.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let id = input.text("NatGatewayId").unwrap_or_default();
    ids::NAT_GATEWAY.check(state, id)?;
    let now = call.now;
    match state.nat_gateways[id].state(now) {
        "deleted" => return Err(rules::NAT_NOT_FOUND.refuse(&[id])),
        "deleting" => return Ok(json!({ "NatGatewayId": id })),
        _ => {}
    }
    let held = state.nat_gateways[id].interface.is_some();
    let end = if held { call.after(DELETING) } else { now };
    let mut addresses = Vec::new();
    if let Some(gateway) = state.nat_gateways.get_mut(id) {
        gateway.deletion = Some((now, end));
        addresses.extend(gateway.allocation.clone().filter(|_| held));
    }
    network_interface::release(state, id, end);
    if held {
        let until = if end == now { now } else { end + HOLDING };
        address::hold(state, &addresses, until)?;
    }
    network_interface::settle(state, now);
    Ok(json!({ "NatGatewayId": id }))
}

/// Forgets those that ended an hour ago.
pub(super) fn settle(state: &mut State, now: Time) {
    let gone: Vec<String> = state
        .nat_gateways
        .iter()
        .filter(|(_, gateway)| gateway.forgotten().is_some_and(|time| time <= now))
        .map(|(id, _)| id.clone())
        .collect();
    for id in gone {
        state.nat_gateways.remove(&id);
        state.tags.remove(&id);
    }
}

static LISTING: Listing<NatGateway> = Listing {
    kind: &ids::NAT_GATEWAY,
    ids: "NatGatewayIds",
    answer: "NatGateways",
    page: 1000,
    filters: &["nat-gateway-id", "state", "subnet-id", "tag-key", "vpc-id"],
    field,
    show,
};

/// DescribeNatGateways, whose filters are called `Filter`.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    let mut input = input.clone();
    if let Some(filters) = input.remove("Filter") {
        input.insert("Filters".to_owned(), filters);
    }
    LISTING.answer_map(view, &input, &view.state.nat_gateways)
}

fn field(view: View<'_>, id: &str, gateway: &NatGateway, name: &str) -> Vec<String> {
    let value = match name {
        "state" => gateway.state(view.call.now),
        "subnet-id" => &gateway.subnet,
        "vpc-id" => &gateway.vpc,
        _ => id,
    };
    vec![value.to_owned()]
}

fn show(view: View<'_>, id: &str, gateway: &NatGateway) -> Value {
    let state = gateway.state(view.call.now);
    let failure = gateway.failure.as_ref().filter(|_| state == "failed");
    let address = json!({
        "AllocationId": gateway.allocation,
        "AssociationId": gateway.association,
        "NetworkInterfaceId": gateway.interface,
        "PrivateIp": gateway.private_ip,
        "PublicIp": gateway.public_ip,
        "IsPrimary": true,
        "Status": match state {
            "pending" => "associating",
            "failed" => "failed",
            "available" => "succeeded",
            _ => "disassociating",
        },
    });
    json!({
        "NatGatewayId": id,
        "State": state,
        "ConnectivityType": if gateway.is_public { "public" } else { "private" },
        "AvailabilityMode": "zonal",
        "SubnetId": gateway.subnet,
        "VpcId": gateway.vpc,
        "CreateTime": gateway.created.to_string(),
        "DeleteTime": gateway.deletion.map(|(asked, _)| asked.to_string()),
        "FailureCode": failure.map(|(code, _)| code),
        "FailureMessage": failure.map(|(_, words)| words),
        "NatGatewayAddresses": [address],
        "Tags": tags::show(view, id),
    })
}
