//! `subnet`: a range of a VPC in one zone.

use super::interfaces;
use super::requests::{filters, flag, unknown_yet};
use super::vpc::Vpc;
use crate::aws::tags::{ec2_specification, filter, from_ec2};
use crate::aws::{Cidr, Cx, Error, Result, Sdk, Tags};
use crate::engine::resource::{
    Blocker, Changed, Creation, FieldProblem, Id, Live, Resource, Rules, Status, Step, Want,
};
use crate::resources::or_gone;
use crate::stack::schema::immutable;
use aws_sdk_ec2::types::{
    HostnameType, ResourceType, Subnet as Found, SubnetCidrBlockStateCode,
    SubnetIpv6CidrBlockAssociation, SubnetState,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

crate::sdk_enum!(HostnameType => "HostnameType");

/// A range of a VPC's addresses in one availability zone.
///
/// ```toml
/// [subnet.public]
/// for_each                = { a = 0, b = 1 }
/// vpc_id                  = "${vpc.main.id}"
/// cidr_block              = "${cidrsubnet(vpc.main.cidr_block, 8, each.value)}"
/// availability_zone       = "${region}${each.key}"
/// map_public_ip_on_launch = true
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subnet {
    /// VPC it is a part of.
    #[schemars(transform = immutable)]
    pub vpc_id: Id<Vpc>,
    /// IPv4 range, within the VPC's; left out only for an IPv6-only subnet.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr_block: Option<Cidr>,
    /// Zone by name, e.g. `eu-west-1a`. AWS chooses one when neither name nor id is given.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone: Option<String>,
    /// Zone by id, e.g. `euw1-az1`: the same place in every account.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone_id: Option<String>,
    /// IPv6 range, a /64 of the VPC's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6_cidr_block: Option<Cidr>,
    /// Whether the subnet has no IPv4 addresses at all.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6_native: Option<bool>,
    /// Whether new instances get a public IPv4 address. AWS starts with false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map_public_ip_on_launch: Option<bool>,
    /// Whether new interfaces get an IPv6 address. AWS starts with false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assign_ipv6_address_on_creation: Option<bool>,
    /// Whether the DNS server makes IPv6 answers for IPv4-only names. AWS starts with false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_dns64: Option<bool>,
    /// Host names of new instances: from the address (`ip-name`) or the id (`resource-name`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_dns_hostname_type_on_launch: Option<Sdk<HostnameType>>,
    /// Whether instance names are answered with A records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_resource_name_dns_a_record_on_launch: Option<bool>,
    /// Whether instance names are answered with AAAA records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_resource_name_dns_aaaa_record_on_launch: Option<bool>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct SubnetOut {
    /// Id, e.g. `subnet-0123456789abcdef0`.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Account that owns it.
    pub owner_id: String,
}

impl Resource for Subnet {
    const TYPE: &'static str = "subnet";
    const AWS_NAME: &'static str = "AWS::EC2::Subnet";
    const RULES: Rules = Rules {
        deleted_after: &["nat_gateway", "vpc_endpoint", "load_balancer"],
        retry: &[
            unknown_yet(Step::Create, "InvalidVpcID.NotFound", "the new VPC to be known"),
            unknown_yet(Step::Update, "InvalidSubnetID.NotFound", "the new subnet to be known"),
            unknown_yet(Step::Delete, "DependencyViolation", "network interfaces to leave"),
        ],
        settle_delete: Duration::from_secs(35 * 60),
        ..Rules::DEFAULT
    };
    type Out = SubnetOut;

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |path: &str, message: &str| {
            problems.push(FieldProblem { path: path.into(), message: message.into() });
        };
        if self.cidr_block.is_none() && self.ipv6_native != Some(true) {
            problem("cidr_block", "required, unless `ipv6_native` is true");
        }
        if self.availability_zone.is_some() && self.availability_zone_id.is_some() {
            problem("availability_zone_id", "give the zone by name or by id, not both");
        }
        if self.assign_ipv6_address_on_creation == Some(true) && self.ipv6_cidr_block.is_none() {
            problem("assign_ipv6_address_on_creation", "needs an `ipv6_cidr_block`");
        }
        problems
    }

    /// Ranges of a VPC's subnets do not overlap.
    fn clashes(live: &Self, wanted: &Self) -> bool {
        let overlap = |one: &Option<Cidr>, other: &Option<Cidr>| {
            one.as_ref().zip(other.as_ref()).is_some_and(|(one, other)| one.overlaps(other))
        };
        live.vpc_id == wanted.vpc_id
            && (overlap(&live.cidr_block, &wanted.cidr_block)
                || overlap(&live.ipv6_cidr_block, &wanted.ipv6_cidr_block))
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        let mut found = Vec::new();
        for filters in filters(cx, want, "subnet-id") {
            let page = cx.ec2().describe_subnets().set_filters(Some(filters)).max_results(1000);
            let subnets = page.into_paginator().items().send();
            found.extend(subnets.collect::<std::result::Result<Vec<Found>, _>>().await?);
        }
        Ok(found.into_iter().filter_map(|s| live(cx, s)).collect())
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let made = cx
            .ec2()
            .create_subnet()
            .vpc_id(self.vpc_id.as_str())
            .set_cidr_block(self.cidr_block.as_ref().map(ToString::to_string))
            .set_ipv6_cidr_block(self.ipv6_cidr_block.as_ref().map(ToString::to_string))
            .set_ipv6_native(self.ipv6_native)
            .set_availability_zone(self.availability_zone.clone())
            .set_availability_zone_id(self.availability_zone_id.clone())
            .tag_specifications(ec2_specification(ResourceType::Subnet, with.tags))
            .send()
            .await?;
        let id = made.subnet.and_then(|s| s.subnet_id);
        id.ok_or_else(|| Error::incomplete("CreateSubnet", "SubnetId"))
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        let modify = || cx.ec2().modify_subnet_attribute().subnet_id(&live.id);
        let wanted = |field, value: Option<bool>| value.filter(|_| changed.has(field)).map(flag);
        let ipv6_gone = self.assign_ipv6_address_on_creation == Some(false);
        let assign =
            wanted("assign_ipv6_address_on_creation", self.assign_ipv6_address_on_creation);
        // Addresses of a range need the range: assigning stops before it goes.
        if let Some(off) = assign.clone().filter(|_| ipv6_gone) {
            modify().assign_ipv6_address_on_creation(off).send().await?;
        }
        if changed.has("ipv6_cidr_block") {
            self.update_ipv6(cx, &live.id).await?;
        }
        if let Some(on) = assign.filter(|_| !ipv6_gone) {
            modify().assign_ipv6_address_on_creation(on).send().await?;
        }
        // One attribute a call.
        if let Some(on) = wanted("map_public_ip_on_launch", self.map_public_ip_on_launch) {
            modify().map_public_ip_on_launch(on).send().await?;
        }
        if let Some(on) = wanted("enable_dns64", self.enable_dns64) {
            modify().enable_dns64(on).send().await?;
        }
        if let Some(kind) = self
            .private_dns_hostname_type_on_launch
            .as_ref()
            .filter(|_| changed.has("private_dns_hostname_type_on_launch"))
        {
            modify().private_dns_hostname_type_on_launch(kind.0.clone()).send().await?;
        }
        if let Some(on) = wanted(
            "enable_resource_name_dns_a_record_on_launch",
            self.enable_resource_name_dns_a_record_on_launch,
        ) {
            modify().enable_resource_name_dns_a_record_on_launch(on).send().await?;
        }
        if let Some(on) = wanted(
            "enable_resource_name_dns_aaaa_record_on_launch",
            self.enable_resource_name_dns_aaaa_record_on_launch,
        ) {
            modify().enable_resource_name_dns_aaaa_record_on_launch(on).send().await?;
        }
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        cx.ec2_tag(&live.id, set, remove).await
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        or_gone(cx.ec2().delete_subnet().subnet_id(&live.id).send().await)
    }

    async fn blockers(cx: &Cx, live: &Live<Self>) -> Result<Vec<Blocker>> {
        interfaces::holding(cx, "subnet-id", &live.id).await
    }
}

impl Subnet {
    /// A subnet has one IPv6 range at most: the old one goes before the new one comes.
    async fn update_ipv6(&self, cx: &Cx, id: &str) -> Result<()> {
        let found = cx.ec2().describe_subnets().filters(filter("subnet-id", [id])).send().await?;
        let subnets = found.subnets.unwrap_or_default();
        let old =
            subnets.iter().flat_map(aws_sdk_ec2::types::Subnet::ipv6_cidr_block_association_set);
        for association in old.filter(|a| is_there(a)).filter_map(|a| a.association_id()) {
            let call = cx.ec2().disassociate_subnet_cidr_block().association_id(association);
            or_gone(call.send().await)?;
        }
        if let Some(range) = &self.ipv6_cidr_block {
            let call = cx.ec2().associate_subnet_cidr_block().subnet_id(id);
            call.ipv6_cidr_block(range.as_str()).send().await?;
        }
        Ok(())
    }
}

fn is_there(association: &SubnetIpv6CidrBlockAssociation) -> bool {
    use SubnetCidrBlockStateCode::{Disassociated, Disassociating, Failed, Failing};
    // Emulators tell a state that AWS does not know; only one that is known to end counts as gone.
    let state = association.ipv6_cidr_block_state().and_then(|s| s.state());
    !matches!(state, Some(Disassociated | Disassociating | Failed | Failing))
}

fn live(cx: &Cx, subnet: Found) -> Option<Live<Subnet>> {
    let id = subnet.subnet_id.clone()?;
    let owner_id = subnet.owner_id.clone().unwrap_or_else(|| cx.account_id.clone());
    let ipv6 = subnet.ipv6_cidr_block_association_set().iter().find(|a| is_there(a));
    let ipv6 = ipv6.and_then(|a| a.ipv6_cidr_block()).map(Cidr::of_aws);
    let dns = subnet.private_dns_name_options_on_launch.as_ref();
    let status = match &subnet.state {
        None | Some(SubnetState::Available) => Status::Ready,
        Some(SubnetState::Pending) => Status::Pending("pending".into()),
        Some(other) => Status::Failed(other.as_str().into()),
    };
    let spec = Subnet {
        vpc_id: Id::new(subnet.vpc_id.clone().unwrap_or_default()),
        cidr_block: subnet.cidr_block.clone().map(Cidr::of_aws),
        availability_zone: subnet.availability_zone.clone(),
        availability_zone_id: subnet.availability_zone_id.clone(),
        ipv6_cidr_block: ipv6,
        ipv6_native: Some(subnet.ipv6_native.unwrap_or(false)),
        map_public_ip_on_launch: Some(subnet.map_public_ip_on_launch.unwrap_or(false)),
        assign_ipv6_address_on_creation: Some(
            subnet.assign_ipv6_address_on_creation.unwrap_or(false),
        ),
        enable_dns64: Some(subnet.enable_dns64.unwrap_or(false)),
        private_dns_hostname_type_on_launch: dns.and_then(|d| d.hostname_type.clone()).map(Sdk),
        enable_resource_name_dns_a_record_on_launch: dns
            .and_then(|d| d.enable_resource_name_dns_a_record),
        enable_resource_name_dns_aaaa_record_on_launch: dns
            .and_then(|d| d.enable_resource_name_dns_aaaa_record),
    };
    let arn = subnet.subnet_arn.clone();
    let out = SubnetOut {
        arn: arn.unwrap_or_else(|| cx.arn_of("ec2", &owner_id, &format!("subnet/{id}"))),
        owner_id,
        id: id.clone(),
    };
    Some(Live { id, tags: from_ec2(subnet.tags), status, spec, out })
}
