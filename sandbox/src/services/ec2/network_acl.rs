//! Network ACLs: only the default one of each VPC, to be looked at.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::{Answer, Call, Input};
use super::describe::{Listing, flag};
use super::{View, ids, state_mut, tags};
use crate::state::Account;

/// The default network ACL of a VPC.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NetworkAcl {
    pub(crate) vpc: String,
    /// The ids of its associations, by subnet.
    pub(crate) associations: BTreeMap<String, String>,
}

/// The number of the rule that refuses what no other rule took.
const LAST: u32 = 32767;

/// Makes the default network ACL of a new VPC.
pub(super) fn create_default(account: &mut Account, call: &Call, vpc: &str) {
    let id = account.new_id("acl");
    let acl = NetworkAcl { vpc: vpc.to_owned(), associations: BTreeMap::new() };
    state_mut(account, call).network_acls.insert(id, acl);
}

/// Puts a new subnet under its VPC's default network ACL.
pub(super) fn join(account: &mut Account, call: &Call, vpc: &str, subnet: &str) {
    let association = account.new_id("aclassoc");
    let acls = &mut state_mut(account, call).network_acls;
    if let Some(acl) = acls.values_mut().find(|acl| acl.vpc == vpc) {
        acl.associations.insert(subnet.to_owned(), association);
    }
}

/// One line of an ACL.
struct Entry {
    egress: bool,
    number: u32,
    action: &'static str,
    block: (&'static str, &'static str),
}

/// The lines of a default ACL: everything passes. A VPC with IPv6 blocks has them for IPv6 too.
fn entries(view: View<'_>, acl: &NetworkAcl) -> Vec<Entry> {
    let ipv6 = view.state.vpcs.get(&acl.vpc).is_some_and(|vpc| !vpc.ipv6_blocks.is_empty());
    let v4 = ("CidrBlock", "0.0.0.0/0");
    let v6 = ("Ipv6CidrBlock", "::/0");
    let mut lines = vec![(100, "allow", v4), (LAST, "deny", v4)];
    if ipv6 {
        lines.extend([(101, "allow", v6), (LAST + 1, "deny", v6)]);
    }
    let both = [true, false].into_iter();
    both.flat_map(|egress| {
        lines.iter().map(move |&(number, action, block)| Entry { egress, number, action, block })
    })
    .collect()
}

static LISTING: Listing<NetworkAcl> = Listing {
    kind: &ids::NETWORK_ACL,
    ids: "NetworkAclIds",
    answer: "NetworkAcls",
    page: 1000,
    filters: &[
        "association.association-id",
        "association.network-acl-id",
        "association.subnet-id",
        "default",
        "entry.cidr",
        "entry.egress",
        "entry.ipv6-cidr",
        "entry.protocol",
        "entry.rule-action",
        "entry.rule-number",
        "network-acl-id",
        "owner-id",
        "tag-key",
        "vpc-id",
    ],
    field,
    show,
};

/// DescribeNetworkAcls.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    LISTING.answer_map(view, input, &view.state.network_acls)
}

fn field(view: View<'_>, id: &str, acl: &NetworkAcl, name: &str) -> Vec<String> {
    let entries = entries(view, acl).into_iter();
    let blocks = |of: &str| {
        let of = of.to_owned();
        move |entry: Entry| (entry.block.0 == of).then(|| entry.block.1.to_owned())
    };
    match name {
        "association.association-id" => acl.associations.values().cloned().collect(),
        "association.subnet-id" => acl.associations.keys().cloned().collect(),
        "default" => flag(true),
        "entry.cidr" => entries.filter_map(blocks("CidrBlock")).collect(),
        "entry.ipv6-cidr" => entries.filter_map(blocks("Ipv6CidrBlock")).collect(),
        "entry.egress" => entries.map(|entry| entry.egress.to_string()).collect(),
        "entry.protocol" => vec!["-1".to_owned()],
        "entry.rule-action" => entries.map(|entry| entry.action.to_owned()).collect(),
        "entry.rule-number" => entries.map(|entry| entry.number.to_string()).collect(),
        "owner-id" => vec![view.call.account_id.clone()],
        "vpc-id" => vec![acl.vpc.clone()],
        _ => vec![id.to_owned()],
    }
}

fn show(view: View<'_>, id: &str, acl: &NetworkAcl) -> Value {
    let associations = acl.associations.iter().map(|(subnet, association)| {
        json!({
            "NetworkAclAssociationId": association, "NetworkAclId": id, "SubnetId": subnet,
        })
    });
    let entries = entries(view, acl).into_iter().map(|entry| {
        json!({
            "Egress": entry.egress,
            "Protocol": "-1",
            "RuleAction": entry.action,
            "RuleNumber": entry.number,
            entry.block.0: entry.block.1,
        })
    });
    json!({
        "NetworkAclId": id,
        "OwnerId": view.call.account_id,
        "VpcId": acl.vpc,
        "IsDefault": true,
        "Associations": associations.collect::<Vec<_>>(),
        "Entries": entries.collect::<Vec<_>>(),
        "Tags": tags::show(view, id),
    })
}
