//! VPCs.

use std::time::Duration;

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::{Answer, Call, Input, Members};
use super::describe::{Listing, flag};
use super::vpc_cidr::{CidrAssociation, Ipv6Association, amazon_block, ipv6_field};
use super::{
    State, View, cidr, dependents, ids, limits, network_acl, route_table, rules, security_group,
    state_mut, tags,
};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;

/// How long a new VPC is `pending`.
const PENDING: Duration = Duration::from_secs(3);

/// A VPC. Its route table, security group and network ACL live among the others.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Vpc {
    /// Its IPv4 blocks; the first is the one it was made with.
    pub(crate) blocks: Vec<CidrAssociation>,
    pub(crate) ipv6_blocks: Vec<Ipv6Association>,
    pub(crate) tenancy: String,
    pub(crate) dns_support: bool,
    pub(crate) dns_hostnames: bool,
    pub(crate) address_metrics: bool,
    /// When it becomes `available`.
    pub(crate) ready: Time,
}

impl Vpc {
    /// Tells whether a block lies in one of the VPC's.
    pub(crate) fn holds_v4(&self, block: Ipv4Net) -> bool {
        self.blocks.iter().any(|own| own.block.contains(&block))
    }

    /// Tells whether an IPv6 block lies in one of the VPC's.
    pub(crate) fn holds_v6(&self, block: &Ipv6Net) -> bool {
        self.ipv6_blocks.iter().any(|own| own.block.contains(block))
    }
}

/// CreateVpc, with the main route table, the default security group and the default network ACL.
pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let tags = tags::at_creation(input, &ids::VPC)?;
    let text = input.text("CidrBlock").ok_or_else(|| rules::VPC_WITHOUT_BLOCK.refuse(&[]))?;
    let block = cidr::sized_v4(text, &rules::VPC_RANGE)?;
    let tenancy = input.text("InstanceTenancy").unwrap_or("default");
    if tenancy == "host" {
        return Err(rules::VPC_TENANCY_HOST.refuse(&[]));
    }

    let id = account.new_id("vpc");
    let blocks = vec![CidrAssociation::new(account, call, block)];
    let ipv6_blocks = match input.flag("AmazonProvidedIpv6CidrBlock") {
        Some(true) => {
            let block = amazon_block(account);
            vec![Ipv6Association::new(account, call, "vpc", block)]
        }
        _ => Vec::new(),
    };
    let vpc = Vpc {
        blocks,
        ipv6_blocks,
        tenancy: tenancy.to_owned(),
        dns_support: true,
        dns_hostnames: false,
        address_metrics: false,
        ready: call.after(PENDING),
    };
    let state = state_mut(account, call);
    limits::room(state.vpcs.len(), state.limits.vpcs, &rules::VPC_LIMIT)?;
    state.vpcs.insert(id.clone(), vpc);
    tags::keep(state, &id, tags)?;

    route_table::create_main(account, call, &id);
    security_group::create_default(account, call, &id);
    network_acl::create_default(account, call, &id);
    let view = View::new(account, call);
    Ok(json!({ "Vpc": show(view, &id, &view.state.vpcs[&id]) }))
}

/// DeleteVpc: what came with it goes with it, anything else refuses.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let id = known(state, input)?;
    if dependents::of_vpc(state, id).is_some() {
        return Err(rules::VPC_IN_USE.refuse(&[id]));
    }
    state.vpcs.remove(id);
    state.tags.remove(id);
    state.route_tables.retain(|_, table| table.vpc != id);
    state.security_groups.retain(|_, group| group.vpc != id);
    state.network_acls.retain(|_, acl| acl.vpc != id);
    drop_stray_tags(state);
    Ok(json!({}))
}

/// Forgets the tags of what is gone.
pub(super) fn drop_stray_tags(state: &mut State) {
    let mut kept = std::mem::take(&mut state.tags);
    kept.retain(|id, _| ids::kind_of(id).is_some_and(|kind| (kind.holds)(state, id)));
    state.tags = kept;
}

/// Returns the VPC the input names.
fn known<'a>(state: &State, input: &'a Input) -> Result<&'a str, Refusal> {
    let id = input.text("VpcId").unwrap_or_default();
    ids::VPC.check(state, id)?;
    Ok(id)
}

/// ModifyVpcAttribute: one attribute in one call.
pub(super) fn modify_attribute(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let id = known(state, input)?;
    let (name, value) = one_attribute(input, "VpcId")?;
    let value = value.as_object().and_then(|value| value.flag("Value")).unwrap_or(false);
    let Some(vpc) = state.vpcs.get_mut(id) else { return Err(rules::VPC_NOT_FOUND.refuse(&[id])) };
    match name {
        "EnableDnsSupport" => vpc.dns_support = value,
        "EnableDnsHostnames" => {
            if value && !vpc.dns_support {
                return Err(rules::DNS_HOSTNAMES_WITHOUT_SUPPORT.refuse(&[]));
            }
            vpc.dns_hostnames = value;
        }
        _ => vpc.address_metrics = value,
    }
    Ok(json!({}))
}

/// Returns the one attribute that a Modify call changes, refusing none and several.
pub(super) fn one_attribute<'a>(
    input: &'a Input,
    id: &str,
) -> Result<(&'a str, &'a Value), Refusal> {
    let mut attributes = input.iter().filter(|(name, _)| *name != id && *name != "DryRun");
    let Some((name, value)) = attributes.next() else {
        return Err(rules::ATTRIBUTE_NONE.refuse(&[]));
    };
    match attributes.next() {
        Some((second, _)) => Err(rules::ATTRIBUTE_SEVERAL.refuse(&[name, second])),
        None => Ok((name, value)),
    }
}

/// DescribeVpcAttribute: one attribute in one call.
pub(super) fn describe_attribute(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    let id = known(view.state, input)?;
    let vpc = &view.state.vpcs[id];
    let (member, value) = match input.text("Attribute") {
        Some("enableDnsSupport") => ("EnableDnsSupport", vpc.dns_support),
        Some("enableDnsHostnames") => ("EnableDnsHostnames", vpc.dns_hostnames),
        _ => ("EnableNetworkAddressUsageMetrics", vpc.address_metrics),
    };
    Ok(json!({ "VpcId": id, member: { "Value": value } }))
}

/// ModifyVpcTenancy: only to `default`, which the shapes see to.
pub(super) fn modify_tenancy(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let id = known(state, input)?;
    if let Some(vpc) = state.vpcs.get_mut(id) {
        "default".clone_into(&mut vpc.tenancy);
    }
    Ok(json!({ "ReturnValue": true }))
}

static LISTING: Listing<Vpc> = Listing {
    kind: &ids::VPC,
    ids: "VpcIds",
    answer: "Vpcs",
    page: 1000,
    filters: &[
        "cidr",
        "cidr-block",
        "cidr-block-association.association-id",
        "cidr-block-association.cidr-block",
        "cidr-block-association.state",
        "dhcp-options-id",
        "ipv6-cidr-block-association.association-id",
        "ipv6-cidr-block-association.ipv6-cidr-block",
        "ipv6-cidr-block-association.ipv6-pool",
        "ipv6-cidr-block-association.state",
        "is-default",
        "isDefault",
        "owner-id",
        "state",
        "tag-key",
        "vpc-id",
    ],
    field,
    show,
};

/// DescribeVpcs.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    LISTING.answer_map(view, input, &view.state.vpcs)
}

fn field(view: View<'_>, id: &str, vpc: &Vpc, name: &str) -> Vec<String> {
    let blocks = vpc.blocks.iter();
    match name {
        "cidr" | "cidr-block" => blocks.take(1).map(|own| own.block.to_string()).collect(),
        "cidr-block-association.association-id" => blocks.map(|own| own.id.clone()).collect(),
        "cidr-block-association.cidr-block" => blocks.map(|own| own.block.to_string()).collect(),
        "cidr-block-association.state" => {
            blocks.map(|own| own.state(view.call.now).to_owned()).collect()
        }
        "dhcp-options-id" => vec![dhcp_options(view.call)],
        _ if name.starts_with("ipv6-cidr-block-association.") => {
            ipv6_field(&vpc.ipv6_blocks, view.call, name)
        }
        "is-default" | "isDefault" => flag(false),
        "owner-id" => vec![view.call.account_id.clone()],
        "state" => vec![status(view.call, vpc.ready).to_owned()],
        _ => vec![id.to_owned()],
    }
}

/// Says `pending` before `ready`, `available` from then on.
pub(super) fn status(call: &Call, ready: Time) -> &'static str {
    if call.now < ready { "pending" } else { "available" }
}

/// The set of DHCP options that a region has from the start.
fn dhcp_options(call: &Call) -> String {
    let sum = call.region.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("dopt-0{sum:016x}")
}

fn show(view: View<'_>, id: &str, vpc: &Vpc) -> Value {
    let blocks: Vec<Value> = vpc.blocks.iter().map(|own| own.show(view.call)).collect();
    let ipv6: Vec<Value> = vpc.ipv6_blocks.iter().map(|own| own.show_in_vpc(view.call)).collect();
    json!({
        "VpcId": id,
        "OwnerId": view.call.account_id,
        "CidrBlock": vpc.blocks.first().map(|own| own.block),
        "CidrBlockAssociationSet": blocks,
        "Ipv6CidrBlockAssociationSet": ipv6,
        "InstanceTenancy": vpc.tenancy,
        "IsDefault": false,
        "DhcpOptionsId": dhcp_options(view.call),
        "State": status(view.call, vpc.ready),
        "BlockPublicAccessStates": { "InternetGatewayBlockMode": "off" },
        "Tags": tags::show(view, id),
    })
}
