//! `vpc`: a private network.

use super::interfaces;
use super::requests::{filters, flag, unknown_yet};
use crate::aws::tags::{ec2_specification, filter, from_ec2};
use crate::aws::{Cidr, Cx, Error, Result, Sdk, Tags};
use crate::engine::resource::{
    Blocker, Changed, Creation, FieldProblem, Live, Resource, Rules, Status, Step, Want,
};
use crate::resources::{PARALLEL, or_gone};
use crate::stack::schema::immutable;
use aws_sdk_ec2::types::{
    ResourceType, Tenancy, Vpc as Found, VpcAttributeName, VpcCidrBlockStateCode,
    VpcIpv6CidrBlockAssociation, VpcState, VpcTenancy,
};
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

crate::sdk_enum!(Tenancy => "Tenancy");

/// A virtual private cloud: a network of its own, with one IPv4 range.
///
/// Its main route table, default security group and default network ACL come and go with it.
///
/// ```toml
/// [vpc.main]
/// cidr_block           = "10.0.0.0/16"
/// enable_dns_hostnames = true
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vpc {
    /// IPv4 range of the network, a /16 to a /28.
    #[schemars(transform = immutable)]
    pub cidr_block: Cidr,
    /// Whether instances run on shared (`default`) or `dedicated` hardware. AWS changes it in place
    /// only to `default`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_tenancy: Option<Sdk<Tenancy>>,
    /// Whether names are resolved by Amazon's DNS server. AWS starts with true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_dns_support: Option<bool>,
    /// Whether instances with public addresses get public DNS names; needs `enable_dns_support`.
    /// Private DNS of VPC endpoints needs both. AWS starts with false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_dns_hostnames: Option<bool>,
    /// Whether the use of addresses is measured in CloudWatch. AWS starts with false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_network_address_usage_metrics: Option<bool>,
    /// Whether the network has an IPv6 /56 range from Amazon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assign_generated_ipv6_cidr_block: Option<bool>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct VpcOut {
    /// Id, e.g. `vpc-0123456789abcdef0`.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Account that owns it.
    pub owner_id: String,
    /// IPv6 range from Amazon, when there is one.
    pub ipv6_cidr_block: Option<String>,
    /// Security group that instances without one get.
    pub default_security_group_id: Option<String>,
    /// Route table of subnets that are associated with none.
    pub main_route_table_id: Option<String>,
    /// Set of DHCP options.
    pub dhcp_options_id: Option<String>,
}

impl Resource for Vpc {
    const TYPE: &'static str = "vpc";
    const AWS_NAME: &'static str = "AWS::EC2::VPC";
    const RULES: Rules = Rules {
        retry: &[
            unknown_yet(Step::Update, "InvalidVpcID.NotFound", "the new VPC to be known"),
            unknown_yet(Step::Update, "InvalidCidrBlock.InUse", "subnets in the range to go"),
        ],
        settle_delete: std::time::Duration::from_secs(20 * 60),
        ..Rules::DEFAULT
    };
    type Out = VpcOut;

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        if self.enable_dns_hostnames == Some(true) && self.enable_dns_support == Some(false) {
            problems.push(FieldProblem {
                path: "enable_dns_hostnames".into(),
                message: "DNS host names need `enable_dns_support`".into(),
            });
        }
        if self.cidr_block.is_ipv6() {
            problems.push(FieldProblem {
                path: "cidr_block".into(),
                message:
                    "this is the IPv4 range; IPv6 comes with `assign_generated_ipv6_cidr_block`"
                        .into(),
            });
        }
        problems
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        let mut found = Vec::new();
        for filters in filters(cx, want, "vpc-id") {
            let page = cx.ec2().describe_vpcs().set_filters(Some(filters)).max_results(1000);
            let vpcs = page.into_paginator().items().send();
            found.extend(vpcs.collect::<std::result::Result<Vec<Found>, _>>().await?);
        }
        if let Want::Owned { workspaces, .. } = want {
            // Attributes cost calls of their own: only for what may be ours.
            found.retain(|v| cx.scope.may_own(&from_ec2(v.tags.clone()), workspaces));
        }
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<String> = found.iter().filter_map(|v| v.vpc_id.clone()).collect();
        let (groups, tables) = futures::try_join!(default_groups(cx, &ids), main_tables(cx, &ids))?;
        let (groups, tables) = (&groups, &tables);
        stream::iter(found)
            .map(|vpc| live(cx, vpc, groups, tables))
            .buffered(PARALLEL)
            .try_filter_map(|live| async { Ok(live) })
            .try_collect()
            .await
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let made = cx
            .ec2()
            .create_vpc()
            .cidr_block(self.cidr_block.as_str())
            .set_instance_tenancy(self.instance_tenancy.as_ref().map(|t| t.0.clone()))
            .set_amazon_provided_ipv6_cidr_block(self.assign_generated_ipv6_cidr_block)
            .tag_specifications(ec2_specification(ResourceType::Vpc, with.tags))
            .send()
            .await?;
        let id = made.vpc.and_then(|v| v.vpc_id);
        id.ok_or_else(|| Error::incomplete("CreateVpc", "VpcId"))
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        let modify = || cx.ec2().modify_vpc_attribute().vpc_id(&live.id);
        // One attribute a call. Support goes first when it comes, last when it goes: host names
        // need it.
        let support = self.enable_dns_support.filter(|_| changed.has("enable_dns_support"));
        if support == Some(true) {
            modify().enable_dns_support(flag(true)).send().await?;
        }
        if let Some(on) = self.enable_dns_hostnames.filter(|_| changed.has("enable_dns_hostnames"))
        {
            modify().enable_dns_hostnames(flag(on)).send().await?;
        }
        if support == Some(false) {
            modify().enable_dns_support(flag(false)).send().await?;
        }
        if let Some(on) = self
            .enable_network_address_usage_metrics
            .filter(|_| changed.has("enable_network_address_usage_metrics"))
        {
            modify().enable_network_address_usage_metrics(flag(on)).send().await?;
        }
        if changed.has("instance_tenancy") {
            let tenancy = VpcTenancy::Default;
            cx.ec2().modify_vpc_tenancy().vpc_id(&live.id).instance_tenancy(tenancy).send().await?;
        }
        if changed.has("assign_generated_ipv6_cidr_block") {
            self.update_ipv6(cx, &live.id).await?;
        }
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        cx.ec2_tag(&live.id, set, remove).await
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        or_gone(cx.ec2().delete_vpc().vpc_id(&live.id).send().await)
    }

    async fn blockers(cx: &Cx, live: &Live<Self>) -> Result<Vec<Blocker>> {
        let mut holding = interfaces::holding(cx, "vpc-id", &live.id).await?;
        holding.extend(contents(cx, &live.id).await?);
        Ok(holding)
    }
}

impl Vpc {
    async fn update_ipv6(&self, cx: &Cx, id: &str) -> Result<()> {
        if self.assign_generated_ipv6_cidr_block == Some(true) {
            let call = cx.ec2().associate_vpc_cidr_block().vpc_id(id);
            call.amazon_provided_ipv6_cidr_block(true).send().await?;
            return Ok(());
        }
        let found = cx.ec2().describe_vpcs().filters(filter("vpc-id", [id])).send().await?;
        let vpcs = found.vpcs.unwrap_or_default();
        let ranges = vpcs.iter().flat_map(aws_sdk_ec2::types::Vpc::ipv6_cidr_block_association_set);
        for association in ranges.filter(|a| is_there(a)).filter_map(|a| a.association_id()) {
            or_gone(
                cx.ec2().disassociate_vpc_cidr_block().association_id(association).send().await,
            )?;
        }
        Ok(())
    }
}

fn is_there(association: &VpcIpv6CidrBlockAssociation) -> bool {
    use VpcCidrBlockStateCode::{Disassociated, Disassociating, Failed, Failing};
    let state = association.ipv6_cidr_block_state().and_then(|s| s.state());
    !matches!(state, Some(Disassociated | Disassociating | Failed | Failing))
}

async fn live(
    cx: &Cx,
    vpc: Found,
    groups: &HashMap<String, String>,
    tables: &HashMap<String, String>,
) -> Result<Option<Live<Vpc>>> {
    let Some(id) = vpc.vpc_id.clone() else { return Ok(None) };
    let attribute = |name| cx.ec2().describe_vpc_attribute().vpc_id(&id).attribute(name).send();
    let read = async {
        futures::try_join!(
            attribute(VpcAttributeName::EnableDnsSupport),
            attribute(VpcAttributeName::EnableDnsHostnames),
            attribute(VpcAttributeName::EnableNetworkAddressUsageMetrics),
        )
    };
    let (support, hostnames, metrics) = match read.await.map_err(Error::from) {
        Ok(read) => read,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error),
    };
    let ipv6 = vpc.ipv6_cidr_block_association_set().iter().find(|a| is_there(a));
    let owner_id = vpc.owner_id.clone().unwrap_or_else(|| cx.account_id.clone());
    let status = match vpc.state {
        Some(VpcState::Pending) => Status::Pending("pending".into()),
        Some(VpcState::Deleting) => Status::Deleting("deleting".into()),
        _ if ipv6.is_some_and(|a| a.ipv6_cidr_block.is_none()) => {
            Status::Pending("associating an IPv6 range".into())
        }
        _ => Status::Ready,
    };
    let spec = Vpc {
        cidr_block: Cidr::of_aws(vpc.cidr_block.clone().unwrap_or_default()),
        instance_tenancy: vpc.instance_tenancy.clone().map(Sdk),
        enable_dns_support: support.enable_dns_support.and_then(|a| a.value),
        enable_dns_hostnames: hostnames.enable_dns_hostnames.and_then(|a| a.value),
        enable_network_address_usage_metrics: metrics
            .enable_network_address_usage_metrics
            .and_then(|a| a.value),
        assign_generated_ipv6_cidr_block: Some(ipv6.is_some()),
    };
    let out = VpcOut {
        arn: cx.arn_of("ec2", &owner_id, &format!("vpc/{id}")),
        owner_id,
        ipv6_cidr_block: ipv6.and_then(|a| a.ipv6_cidr_block.clone()),
        default_security_group_id: groups.get(&id).cloned(),
        main_route_table_id: tables.get(&id).cloned(),
        dhcp_options_id: vpc.dhcp_options_id,
        id: id.clone(),
    };
    Ok(Some(Live { id, tags: from_ec2(vpc.tags), status, spec, out }))
}

/// Finds the default security group of each of these VPCs.
pub(crate) async fn default_groups(cx: &Cx, vpcs: &[String]) -> Result<HashMap<String, String>> {
    let mut found = HashMap::new();
    for mut filters in crate::aws::tags::ec2_any("vpc-id", vpcs) {
        filters.push(filter("group-name", ["default"]));
        let call = cx.ec2().describe_security_groups().set_filters(Some(filters)).max_results(1000);
        let groups = call.into_paginator().items().send();
        for group in groups.collect::<std::result::Result<Vec<_>, _>>().await? {
            found.extend(group.vpc_id.zip(group.group_id));
        }
    }
    Ok(found)
}

/// Finds the main route table of each of these VPCs.
async fn main_tables(cx: &Cx, vpcs: &[String]) -> Result<HashMap<String, String>> {
    let mut found = HashMap::new();
    for mut filters in crate::aws::tags::ec2_any("vpc-id", vpcs) {
        filters.push(filter("association.main", ["true"]));
        let call = cx.ec2().describe_route_tables().set_filters(Some(filters)).max_results(100);
        let tables = call.into_paginator().items().send();
        for table in tables.collect::<std::result::Result<Vec<_>, _>>().await? {
            found.extend(table.vpc_id.zip(table.route_table_id));
        }
    }
    Ok(found)
}

/// Names what else stands in a VPC and holds it.
async fn contents(cx: &Cx, id: &str) -> Result<Vec<Blocker>> {
    let by_vpc = || filter("vpc-id", [id]);
    let (subnets, groups, tables, gateways) = futures::try_join!(
        async { cx.ec2().describe_subnets().filters(by_vpc()).send().await.map_err(Error::from) },
        async {
            cx.ec2().describe_security_groups().filters(by_vpc()).send().await.map_err(Error::from)
        },
        async {
            cx.ec2().describe_route_tables().filters(by_vpc()).send().await.map_err(Error::from)
        },
        async {
            let attached = filter("attachment.vpc-id", [id]);
            cx.ec2()
                .describe_internet_gateways()
                .filters(attached)
                .send()
                .await
                .map_err(Error::from)
        },
    )?;
    let mut names = Vec::new();
    names.extend(
        subnets.subnets().iter().filter_map(|s| Some(format!("subnet {}", s.subnet_id()?))),
    );
    for group in groups.security_groups() {
        let (id, name) = (group.group_id().unwrap_or("?"), group.group_name().unwrap_or("?"));
        if name != "default" {
            names.push(format!("security group {id} ({name})"));
        }
    }
    for table in tables.route_tables() {
        if !table.associations().iter().any(|a| a.main() == Some(true)) {
            names.push(format!("route table {}", table.route_table_id().unwrap_or("?")));
        }
    }
    let gateways = gateways.internet_gateways.unwrap_or_default();
    names.extend(
        gateways
            .iter()
            .filter_map(|g| Some(format!("internet gateway {}", g.internet_gateway_id()?))),
    );
    let blocker = |what: String| {
        // GuardDuty makes an endpoint and a group of its own in any VPC it watches.
        let guard_duty = what.contains("GuardDutyManagedSecurityGroup");
        let leaves = guard_duty.then(|| {
            "GuardDuty made it; it stays until its endpoint and it are deleted by hand".to_owned()
        });
        Blocker { what, leaves }
    };
    Ok(names.into_iter().map(blocker).collect())
}
