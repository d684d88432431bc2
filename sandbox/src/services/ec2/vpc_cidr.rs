//! The blocks of a VPC, and of a subnet where they are IPv6.

use std::time::Duration;

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::{Answer, Call, Input, Members};
use super::{cidr, ids, limits, rules, state_mut};
use crate::clock::Time;
use crate::state::Account;

/// How long a block is `associating`.
const ASSOCIATING: Duration = Duration::from_secs(5);

/// An IPv4 block of a VPC.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CidrAssociation {
    pub(crate) id: String,
    pub(crate) block: Ipv4Net,
    pub(crate) ready: Time,
}

impl CidrAssociation {
    /// Associates a block.
    pub(super) fn new(account: &mut Account, call: &Call, block: Ipv4Net) -> Self {
        let id = account.new_id("vpc-cidr-assoc");
        Self { id, block, ready: call.after(ASSOCIATING) }
    }

    /// Returns `associating` or `associated`.
    pub(super) fn state(&self, now: Time) -> &'static str {
        associated(now, self.ready)
    }

    /// Shows it.
    pub(super) fn show(&self, call: &Call) -> Value {
        self.show_as(self.state(call.now))
    }

    fn show_as(&self, state: &str) -> Value {
        json!({
            "AssociationId": self.id,
            "CidrBlock": self.block,
            "CidrBlockState": { "State": state },
        })
    }
}

/// An IPv6 block of a VPC or a subnet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ipv6Association {
    pub(crate) id: String,
    pub(crate) block: Ipv6Net,
    pub(crate) ready: Time,
}

impl Ipv6Association {
    /// Associates a block with a `vpc` or a `subnet`.
    pub(super) fn new(account: &mut Account, call: &Call, with: &str, block: Ipv6Net) -> Self {
        let id = account.new_id(&format!("{with}-cidr-assoc"));
        Self { id, block, ready: call.after(ASSOCIATING) }
    }

    /// Returns `associating` or `associated`.
    fn state(&self, now: Time) -> &'static str {
        associated(now, self.ready)
    }

    /// Shows it as a VPC has it.
    pub(super) fn show_in_vpc(&self, call: &Call) -> Value {
        let mut shown = self.show_as(self.state(call.now));
        shown["NetworkBorderGroup"] = call.region.clone().into();
        shown["Ipv6Pool"] = "Amazon".into();
        shown
    }

    /// Shows it as a subnet has it.
    pub(super) fn show(&self, call: &Call) -> Value {
        self.show_as(self.state(call.now))
    }

    /// Shows it in a given state.
    pub(super) fn show_as(&self, state: &str) -> Value {
        json!({
            "AssociationId": self.id,
            "Ipv6CidrBlock": self.block,
            "Ipv6CidrBlockState": { "State": state },
            "Ipv6AddressAttribute": "public",
            "IpSource": "amazon",
        })
    }
}

/// Returns the values of a filter that begins with `ipv6-cidr-block-association.`.
pub(super) fn ipv6_field(blocks: &[Ipv6Association], call: &Call, name: &str) -> Vec<String> {
    let value = |own: &Ipv6Association| match name.rsplit('.').next() {
        Some("ipv6-cidr-block") => own.block.to_string(),
        Some("ipv6-pool") => "Amazon".to_owned(),
        Some("state") => own.state(call.now).to_owned(),
        _ => own.id.clone(),
    };
    blocks.iter().map(value).collect()
}

fn associated(now: Time, ready: Time) -> &'static str {
    if now < ready { "associating" } else { "associated" }
}

/// Returns a /56 block as Amazon hands them out, each one once.
pub(super) fn amazon_block(account: &mut Account) -> Ipv6Net {
    let digits = account.new_digits();
    let number = u128::from_str_radix(&digits[..6], 16).unwrap_or_default();
    let address = 0x2a05_d000_u128 << 96 | number << 72;
    Ipv6Net::new(address.into(), 56).unwrap_or_default()
}

/// AssociateVpcCidrBlock: a second IPv4 block, or Amazon's IPv6 block.
pub(super) fn associate(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let id = input.text("VpcId").unwrap_or_default();
    ids::VPC.check(state_mut(account, call), id)?;
    let amazon = input.flag("AmazonProvidedIpv6CidrBlock") == Some(true);
    match (input.text("CidrBlock"), amazon) {
        (Some(text), false) => {
            let block = cidr::sized_v4(text, &rules::VPC_RANGE)?;
            let association = CidrAssociation::new(account, call, block);
            let state = state_mut(account, call);
            let limit = state.limits.cidr_blocks_per_vpc;
            let Some(vpc) = state.vpcs.get_mut(id) else {
                return Err(rules::VPC_NOT_FOUND.refuse(&[id]));
            };
            if vpc.blocks.iter().any(|own| cidr::overlap_v4(own.block, block)) {
                return Err(rules::VPC_BLOCK_CONFLICT.refuse(&[text]));
            }
            limits::room(vpc.blocks.len(), limit, &rules::VPC_BLOCK_LIMIT)?;
            let shown = association.show_as("associating");
            vpc.blocks.push(association);
            Ok(json!({ "VpcId": id, "CidrBlockAssociation": shown }))
        }
        (None, true) => {
            let block = amazon_block(account);
            let association = Ipv6Association::new(account, call, "vpc", block);
            let state = state_mut(account, call);
            let limit = state.limits.cidr_blocks_per_vpc;
            let Some(vpc) = state.vpcs.get_mut(id) else {
                return Err(rules::VPC_NOT_FOUND.refuse(&[id]));
            };
            limits::room(vpc.ipv6_blocks.len(), limit, &rules::VPC_BLOCK_LIMIT)?;
            let mut shown = association.show_in_vpc(call);
            shown["Ipv6CidrBlockState"]["State"] = "associating".into();
            vpc.ipv6_blocks.push(association);
            Ok(json!({ "VpcId": id, "Ipv6CidrBlockAssociation": shown }))
        }
        (None, false) => Err(rules::VPC_BLOCK_NONE.refuse(&[])),
        (Some(_), true) => Err(rules::VPC_BLOCK_BOTH.refuse(&[])),
    }
}

/// DisassociateVpcCidrBlock: not the first block, and none that a subnet uses.
pub(super) fn disassociate(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let id = input.text("AssociationId").unwrap_or_default();
    let state = state_mut(account, call);
    let subnets = &state.subnets;
    for (vpc_id, vpc) in &mut state.vpcs {
        let inside = || subnets.values().filter(|subnet| subnet.vpc == *vpc_id);
        if let Some(at) = vpc.blocks.iter().position(|own| own.id == id) {
            if at == 0 {
                return Err(rules::VPC_BLOCK_FIRST.refuse(&[id]));
            }
            if inside().any(|subnet| vpc.blocks[at].block.contains(&subnet.block)) {
                return Err(rules::VPC_BLOCK_IN_USE.refuse(&[id]));
            }
            let shown = vpc.blocks.remove(at).show_as("disassociating");
            return Ok(json!({ "VpcId": vpc_id, "CidrBlockAssociation": shown }));
        }
        if let Some(at) = vpc.ipv6_blocks.iter().position(|own| own.id == id) {
            let block = vpc.ipv6_blocks[at].block;
            let mut used = inside().flat_map(|subnet| &subnet.ipv6_blocks);
            if used.any(|own| block.contains(&own.block)) {
                return Err(rules::VPC_BLOCK_IN_USE.refuse(&[id]));
            }
            let shown = vpc.ipv6_blocks.remove(at).show_as("disassociating");
            return Ok(json!({ "VpcId": vpc_id, "Ipv6CidrBlockAssociation": shown }));
        }
    }
    Err(rules::VPC_BLOCK_NOT_FOUND.refuse(&[id]))
}
