//! The kinds of ids, how they look and what is said of a wrong one.

use super::State;
use super::rules;
use crate::rules::{Refusal, Rule};

/// One kind of resource, known by the prefix of its ids.
#[derive(Debug)]
pub(crate) struct Kind {
    /// What its ids begin with, without the dash.
    pub(crate) prefix: &'static str,
    /// Its name in `TagSpecifications` and ARNs.
    pub(crate) resource_type: &'static str,
    /// Its name in the Tagging API.
    pub(crate) tagging_type: &'static str,
    /// Tells whether the region has one of this id.
    pub(crate) holds: fn(&State, &str) -> bool,
    /// The refusal of an id that nothing has.
    pub(crate) missing: &'static Rule,
    /// The refusal of an id that is none.
    pub(crate) malformed: &'static Rule,
}

impl Kind {
    /// Refuses an id that is malformed or unknown.
    pub(crate) fn check(&self, state: &State, id: &str) -> Result<(), Refusal> {
        self.check_form(id)?;
        if (self.holds)(state, id) { Ok(()) } else { Err(self.missing.refuse(&[id])) }
    }

    /// Refuses an id that is malformed.
    pub(crate) fn check_form(&self, id: &str) -> Result<(), Refusal> {
        if well_formed(self.prefix, id) { Ok(()) } else { Err(self.malformed.refuse(&[id])) }
    }
}

/// Tells whether an id is the prefix, a dash and 8 or 17 hexadecimal digits.
pub(super) fn well_formed(prefix: &str, id: &str) -> bool {
    let digits = id.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-'));
    digits.is_some_and(|digits| {
        matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Returns the kind an id belongs to by its prefix.
pub(crate) fn kind_of(id: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| well_formed(kind.prefix, id))
}

/// Every kind that can be tagged.
pub(crate) static KINDS: &[&Kind] = &[
    &VPC,
    &SUBNET,
    &INTERNET_GATEWAY,
    &ROUTE_TABLE,
    &SECURITY_GROUP,
    &SECURITY_GROUP_RULE,
    &NETWORK_ACL,
    &NETWORK_INTERFACE,
    &ADDRESS,
    &NAT_GATEWAY,
    &EGRESS_ONLY_GATEWAY,
    &VPC_ENDPOINT,
    &INSTANCE,
    &LAUNCH_TEMPLATE,
];

/// VPCs.
pub(crate) static VPC: Kind = Kind {
    prefix: "vpc",
    resource_type: "vpc",
    tagging_type: "ec2:vpc",
    holds: |state, id| state.vpcs.contains_key(id),
    missing: &rules::VPC_NOT_FOUND,
    malformed: &rules::VPC_MALFORMED,
};

/// Subnets.
pub(crate) static SUBNET: Kind = Kind {
    prefix: "subnet",
    resource_type: "subnet",
    tagging_type: "ec2:subnet",
    holds: |state, id| state.subnets.contains_key(id),
    missing: &rules::SUBNET_NOT_FOUND,
    malformed: &rules::SUBNET_MALFORMED,
};

/// Internet gateways.
pub(crate) static INTERNET_GATEWAY: Kind = Kind {
    prefix: "igw",
    resource_type: "internet-gateway",
    tagging_type: "ec2:internet-gateway",
    holds: |state, id| state.internet_gateways.contains_key(id),
    missing: &rules::INTERNET_GATEWAY_NOT_FOUND,
    malformed: &rules::INTERNET_GATEWAY_MALFORMED,
};

/// Route tables.
pub(crate) static ROUTE_TABLE: Kind = Kind {
    prefix: "rtb",
    resource_type: "route-table",
    tagging_type: "ec2:route-table",
    holds: |state, id| state.route_tables.contains_key(id),
    missing: &rules::ROUTE_TABLE_NOT_FOUND,
    malformed: &rules::ROUTE_TABLE_MALFORMED,
};

/// Security groups.
pub(crate) static SECURITY_GROUP: Kind = Kind {
    prefix: "sg",
    resource_type: "security-group",
    tagging_type: "ec2:security-group",
    holds: |state, id| state.security_groups.contains_key(id),
    missing: &rules::GROUP_NOT_FOUND,
    malformed: &rules::GROUP_MALFORMED,
};

/// Security group rules.
pub(crate) static SECURITY_GROUP_RULE: Kind = Kind {
    prefix: "sgr",
    resource_type: "security-group-rule",
    tagging_type: "ec2:security-group-rule",
    holds: |state, id| state.security_groups.values().any(|group| group.rule(id).is_some()),
    missing: &rules::RULE_NOT_FOUND,
    malformed: &rules::RULE_MALFORMED,
};

/// Network ACLs.
pub(crate) static NETWORK_ACL: Kind = Kind {
    prefix: "acl",
    resource_type: "network-acl",
    tagging_type: "ec2:network-acl",
    holds: |state, id| state.network_acls.contains_key(id),
    missing: &rules::NETWORK_ACL_NOT_FOUND,
    malformed: &rules::NETWORK_ACL_MALFORMED,
};

/// Network interfaces.
pub(crate) static NETWORK_INTERFACE: Kind = Kind {
    prefix: "eni",
    resource_type: "network-interface",
    tagging_type: "ec2:network-interface",
    holds: |state, id| state.network_interfaces.contains_key(id),
    missing: &rules::NETWORK_INTERFACE_NOT_FOUND,
    malformed: &rules::NETWORK_INTERFACE_MALFORMED,
};

/// Elastic addresses.
pub(crate) static ADDRESS: Kind = Kind {
    prefix: "eipalloc",
    resource_type: "elastic-ip",
    tagging_type: "ec2:elastic-ip",
    holds: |state, id| state.addresses.contains_key(id),
    missing: &rules::ADDRESS_NOT_FOUND,
    malformed: &rules::ADDRESS_ID_MALFORMED,
};

/// NAT gateways.
pub(crate) static NAT_GATEWAY: Kind = Kind {
    prefix: "nat",
    resource_type: "natgateway",
    tagging_type: "ec2:natgateway",
    holds: |state, id| state.nat_gateways.contains_key(id),
    missing: &rules::NAT_NOT_FOUND,
    malformed: &rules::NAT_MALFORMED,
};

/// Egress-only internet gateways.
pub(crate) static EGRESS_ONLY_GATEWAY: Kind = Kind {
    prefix: "eigw",
    resource_type: "egress-only-internet-gateway",
    tagging_type: "ec2:egress-only-internet-gateway",
    holds: |state, id| state.egress_only_internet_gateways.contains_key(id),
    missing: &rules::EGRESS_ONLY_GATEWAY_NOT_FOUND,
    malformed: &rules::EGRESS_ONLY_GATEWAY_MALFORMED,
};

/// VPC endpoints.
pub(crate) static VPC_ENDPOINT: Kind = Kind {
    prefix: "vpce",
    resource_type: "vpc-endpoint",
    tagging_type: "ec2:vpc-endpoint",
    holds: |state, id| state.vpc_endpoints.contains_key(id),
    missing: &rules::ENDPOINT_NOT_FOUND,
    malformed: &rules::ENDPOINT_MALFORMED,
};

/// Instances.
pub(crate) static INSTANCE: Kind = Kind {
    prefix: "i",
    resource_type: "instance",
    tagging_type: "ec2:instance",
    holds: |state, id| state.instances.contains_key(id),
    missing: &rules::INSTANCE_NOT_FOUND,
    malformed: &rules::INSTANCE_MALFORMED,
};

/// Launch templates.
pub(crate) static LAUNCH_TEMPLATE: Kind = Kind {
    prefix: "lt",
    resource_type: "launch-template",
    tagging_type: "ec2:launch-template",
    holds: |state, id| state.launch_templates.contains_key(id),
    missing: &rules::TEMPLATE_NOT_FOUND,
    malformed: &rules::TEMPLATE_MALFORMED,
};
