//! EC2: the network and the instances in it.
//!
//! One file for each type, holding its state, its operations and how it is shown. What they share:
//! `ids` (forms of ids and their errors), `describe` (filters, ids, pages), `tags`, `dependents`
//! (what keeps a thing from being deleted), `rules` (what is refused).
//!
//! # Adding a type
//! A file with its struct and operations; a map of it in [`State`]; its [`ids::Kind`] in
//! [`ids::KINDS`]; its operations in [`SERVICE`]; what it blocks in `dependents`; if routes may
//! point to it, a line in `route::TARGETS`. A type that puts network interfaces into subnets makes
//! them with `network_interface::place` and takes them away with `network_interface::release`.

pub(crate) mod address;
pub(crate) mod cidr;
pub(crate) mod dependents;
mod describe;
pub(crate) mod egress_only_internet_gateway;
mod endpoint_service;
pub(crate) mod ids;
pub(crate) mod image;
pub(crate) mod instance;
pub(crate) mod instance_type;
pub(crate) mod internet_gateway;
pub(crate) mod launch_template;
mod limits;
pub(crate) mod nat_gateway;
pub(crate) mod network_acl;
pub(crate) mod network_interface;
mod permission;
mod prefix_list;
mod route;
pub(crate) mod route_association;
pub(crate) mod route_table;
mod rules;
pub(crate) mod security_group;
mod security_group_rule;
pub(crate) mod subnet;
pub(crate) mod tags;
mod tokens;
pub(crate) mod vpc;
mod vpc_cidr;
pub(crate) mod vpc_endpoint;
mod vpc_endpoint_change;
mod zones;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{Bucket, Call, Input, Service, Tagged, read, write};
use crate::clock::Time;
use crate::state::Account;

/// What EC2 keeps for one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// How much of each type there may be.
    pub(crate) limits: limits::Limits,
    pub(crate) vpcs: BTreeMap<String, vpc::Vpc>,
    pub(crate) subnets: BTreeMap<String, subnet::Subnet>,
    pub(crate) internet_gateways: BTreeMap<String, internet_gateway::InternetGateway>,
    pub(crate) route_tables: BTreeMap<String, route_table::RouteTable>,
    pub(crate) security_groups: BTreeMap<String, security_group::SecurityGroup>,
    pub(crate) network_acls: BTreeMap<String, network_acl::NetworkAcl>,
    pub(crate) network_interfaces: BTreeMap<String, network_interface::NetworkInterface>,
    pub(crate) addresses: BTreeMap<String, address::Address>,
    /// With those that are at their end, for as long as AWS lists them.
    pub(crate) nat_gateways: BTreeMap<String, nat_gateway::NatGateway>,
    pub(crate) egress_only_internet_gateways:
        BTreeMap<String, egress_only_internet_gateway::EgressOnlyInternetGateway>,
    pub(crate) vpc_endpoints: BTreeMap<String, vpc_endpoint::VpcEndpoint>,
    /// With those that are terminated, for as long as AWS lists them.
    pub(crate) instances: BTreeMap<String, instance::Instance>,
    pub(crate) launch_templates: BTreeMap<String, launch_template::LaunchTemplate>,
    /// The tags of every resource, by its id.
    pub(crate) tags: BTreeMap<String, BTreeMap<String, String>>,
    /// The client tokens seen: what was asked with them and what came of it.
    pub(crate) tokens: BTreeMap<String, Token>,
}

/// A request made with a client token.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Token {
    /// The input without the token, as JSON.
    pub(crate) input: String,
    /// The id of what was created.
    pub(crate) id: String,
}

/// The state as a read sees it, with the call it is seen by.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) state: &'a State,
    pub(crate) call: &'a Call,
}

impl<'a> View<'a> {
    /// Looks at the region of the call.
    pub(crate) fn new(account: &'a Account, call: &'a Call) -> Self {
        static EMPTY: LazyLock<State> = LazyLock::new(State::default);
        let state = account.region(&call.region).map_or(&*EMPTY, |region| &region.ec2);
        Self { state, call }
    }
}

/// Returns the state of the call's region for writing.
pub(crate) fn state_mut<'a>(account: &'a mut Account, call: &Call) -> &'a mut State {
    &mut account.region_mut(&call.region).ec2
}

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "ec2",
    shapes: include_str!("../../shapes/ec2.json"),
    validation_code: "InvalidParameterValue",
    throttle_code: "RequestLimitExceeded",
    bucket,
    operations: &[
        write(
            "CreateVpc",
            &["CidrBlock", "AmazonProvidedIpv6CidrBlock", "InstanceTenancy", "TagSpecifications"],
            vpc::create,
        ),
        read("DescribeVpcs", &["Filters", "VpcIds", "NextToken", "MaxResults"], vpc::describe),
        write(
            "ModifyVpcAttribute",
            &[
                "VpcId",
                "EnableDnsHostnames",
                "EnableDnsSupport",
                "EnableNetworkAddressUsageMetrics",
            ],
            vpc::modify_attribute,
        ),
        read("DescribeVpcAttribute", &["VpcId", "Attribute"], vpc::describe_attribute),
        write("ModifyVpcTenancy", &["VpcId", "InstanceTenancy"], vpc::modify_tenancy),
        write("DeleteVpc", &["VpcId"], vpc::delete),
        write(
            "AssociateVpcCidrBlock",
            &["VpcId", "CidrBlock", "AmazonProvidedIpv6CidrBlock"],
            vpc_cidr::associate,
        ),
        write("DisassociateVpcCidrBlock", &["AssociationId"], vpc_cidr::disassociate),
        write(
            "CreateSubnet",
            &[
                "VpcId",
                "CidrBlock",
                "Ipv6CidrBlock",
                "AvailabilityZone",
                "AvailabilityZoneId",
                "TagSpecifications",
            ],
            subnet::create,
        ),
        read(
            "DescribeSubnets",
            &["Filters", "SubnetIds", "NextToken", "MaxResults"],
            subnet::describe,
        ),
        write(
            "ModifySubnetAttribute",
            &[
                "SubnetId",
                "MapPublicIpOnLaunch",
                "AssignIpv6AddressOnCreation",
                "EnableDns64",
                "PrivateDnsHostnameTypeOnLaunch",
                "EnableResourceNameDnsARecordOnLaunch",
                "EnableResourceNameDnsAAAARecordOnLaunch",
            ],
            subnet::modify_attribute,
        ),
        write(
            "AssociateSubnetCidrBlock",
            &["SubnetId", "Ipv6CidrBlock"],
            subnet::associate_cidr_block,
        ),
        write("DisassociateSubnetCidrBlock", &["AssociationId"], subnet::disassociate_cidr_block),
        write("DeleteSubnet", &["SubnetId"], subnet::delete),
        write("CreateInternetGateway", &["TagSpecifications"], internet_gateway::create),
        read(
            "DescribeInternetGateways",
            &["Filters", "InternetGatewayIds", "NextToken", "MaxResults"],
            internet_gateway::describe,
        ),
        write("AttachInternetGateway", &["InternetGatewayId", "VpcId"], internet_gateway::attach),
        write("DetachInternetGateway", &["InternetGatewayId", "VpcId"], internet_gateway::detach),
        write("DeleteInternetGateway", &["InternetGatewayId"], internet_gateway::delete),
        write(
            "CreateRouteTable",
            &["VpcId", "ClientToken", "TagSpecifications"],
            route_table::create,
        ),
        read(
            "DescribeRouteTables",
            &["Filters", "RouteTableIds", "NextToken", "MaxResults"],
            route_table::describe,
        ),
        write("DeleteRouteTable", &["RouteTableId"], route_table::delete),
        write("CreateRoute", route::MODELS, route::create),
        write("ReplaceRoute", route::MODELS, route::replace),
        write(
            "DeleteRoute",
            &[
                "RouteTableId",
                "DestinationCidrBlock",
                "DestinationIpv6CidrBlock",
                "DestinationPrefixListId",
            ],
            route::delete,
        ),
        write(
            "AssociateRouteTable",
            &["RouteTableId", "SubnetId", "GatewayId"],
            route_association::associate,
        ),
        write("DisassociateRouteTable", &["AssociationId"], route_association::disassociate),
        write(
            "ReplaceRouteTableAssociation",
            &["AssociationId", "RouteTableId"],
            route_association::replace,
        ),
        write(
            "CreateSecurityGroup",
            &["GroupName", "Description", "VpcId", "TagSpecifications"],
            security_group::create,
        ),
        read(
            "DescribeSecurityGroups",
            &["Filters", "GroupIds", "NextToken", "MaxResults"],
            security_group::describe,
        ),
        write("DeleteSecurityGroup", &["GroupId"], security_group::delete),
        write(
            "AuthorizeSecurityGroupIngress",
            permission::AUTHORIZE_INGRESS,
            security_group_rule::authorize_ingress,
        ),
        write(
            "AuthorizeSecurityGroupEgress",
            permission::AUTHORIZE_EGRESS,
            security_group_rule::authorize_egress,
        ),
        write(
            "RevokeSecurityGroupIngress",
            permission::REVOKE_INGRESS,
            security_group_rule::revoke_ingress,
        ),
        write(
            "RevokeSecurityGroupEgress",
            permission::REVOKE_EGRESS,
            security_group_rule::revoke_egress,
        ),
        write(
            "ModifySecurityGroupRules",
            &["GroupId", "SecurityGroupRules"],
            security_group_rule::modify,
        ),
        write(
            "UpdateSecurityGroupRuleDescriptionsIngress",
            &["GroupId", "IpPermissions", "SecurityGroupRuleDescriptions"],
            security_group_rule::redescribe_ingress,
        ),
        write(
            "UpdateSecurityGroupRuleDescriptionsEgress",
            &["GroupId", "IpPermissions", "SecurityGroupRuleDescriptions"],
            security_group_rule::redescribe_egress,
        ),
        read(
            "DescribeSecurityGroupRules",
            &["Filters", "SecurityGroupRuleIds", "NextToken", "MaxResults"],
            security_group_rule::describe,
        ),
        write(
            "CreateNetworkInterface",
            &[
                "SubnetId",
                "Description",
                "Groups",
                "PrivateIpAddress",
                "ClientToken",
                "TagSpecifications",
            ],
            network_interface::create,
        ),
        read(
            "DescribeNetworkInterfaces",
            &["Filters", "NetworkInterfaceIds", "NextToken", "MaxResults"],
            network_interface::describe,
        ),
        write(
            "ModifyNetworkInterfaceAttribute",
            &[
                "NetworkInterfaceId",
                "Description",
                "Groups",
                "SourceDestCheck",
                "AssociatePublicIpAddress",
            ],
            network_interface::modify_attribute,
        ),
        write("DeleteNetworkInterface", &["NetworkInterfaceId"], network_interface::delete),
        read(
            "DescribeNetworkAcls",
            &["Filters", "NetworkAclIds", "NextToken", "MaxResults"],
            network_acl::describe,
        ),
        read(
            "DescribePrefixLists",
            &["Filters", "PrefixListIds", "NextToken", "MaxResults"],
            prefix_list::describe,
        ),
        read(
            "DescribeManagedPrefixLists",
            &["Filters", "PrefixListIds", "NextToken", "MaxResults"],
            prefix_list::describe_managed,
        ),
        write(
            "AllocateAddress",
            &["Domain", "PublicIpv4Pool", "NetworkBorderGroup", "TagSpecifications"],
            address::allocate,
        ),
        read("DescribeAddresses", &["Filters", "AllocationIds"], address::describe),
        read(
            "DescribeAddressesAttribute",
            &["AllocationIds", "Attribute"],
            address::describe_attribute,
        ),
        write("ReleaseAddress", &["AllocationId", "PublicIp"], address::release),
        write(
            "AssociateAddress",
            &["AllocationId", "NetworkInterfaceId", "AllowReassociation"],
            address::associate,
        ),
        write("DisassociateAddress", &["AssociationId"], address::disassociate),
        write(
            "CreateNatGateway",
            &[
                "SubnetId",
                "AllocationId",
                "ConnectivityType",
                "PrivateIpAddress",
                "ClientToken",
                "TagSpecifications",
            ],
            nat_gateway::create,
        ),
        read(
            "DescribeNatGateways",
            &["Filter", "NatGatewayIds", "NextToken", "MaxResults"],
            nat_gateway::describe,
        ),
        write("DeleteNatGateway", &["NatGatewayId"], nat_gateway::delete),
        write(
            "CreateEgressOnlyInternetGateway",
            &["VpcId", "ClientToken", "TagSpecifications"],
            egress_only_internet_gateway::create,
        ),
        read(
            "DescribeEgressOnlyInternetGateways",
            &["Filters", "EgressOnlyInternetGatewayIds", "NextToken", "MaxResults"],
            egress_only_internet_gateway::describe,
        ),
        write(
            "DeleteEgressOnlyInternetGateway",
            &["EgressOnlyInternetGatewayId"],
            egress_only_internet_gateway::delete,
        ),
        write(
            "CreateVpcEndpoint",
            &[
                "VpcId",
                "VpcEndpointType",
                "ServiceName",
                "PolicyDocument",
                "RouteTableIds",
                "SubnetIds",
                "SecurityGroupIds",
                "IpAddressType",
                "DnsOptions",
                "PrivateDnsEnabled",
                "ClientToken",
                "TagSpecifications",
            ],
            vpc_endpoint::create,
        ),
        read(
            "DescribeVpcEndpoints",
            &["Filters", "VpcEndpointIds", "NextToken", "MaxResults"],
            vpc_endpoint::describe,
        ),
        write(
            "ModifyVpcEndpoint",
            &[
                "VpcEndpointId",
                "ResetPolicy",
                "PolicyDocument",
                "AddRouteTableIds",
                "RemoveRouteTableIds",
                "AddSubnetIds",
                "RemoveSubnetIds",
                "AddSecurityGroupIds",
                "RemoveSecurityGroupIds",
                "IpAddressType",
                "DnsOptions",
                "PrivateDnsEnabled",
            ],
            vpc_endpoint_change::modify,
        ),
        write("DeleteVpcEndpoints", &["VpcEndpointIds"], vpc_endpoint_change::delete),
        read(
            "DescribeVpcEndpointServices",
            &["Filters", "ServiceNames", "NextToken", "MaxResults"],
            endpoint_service::describe,
        ),
        write(
            "CreateLaunchTemplate",
            &[
                "LaunchTemplateName",
                "VersionDescription",
                "LaunchTemplateData",
                "ClientToken",
                "TagSpecifications",
            ],
            launch_template::create,
        ),
        write(
            "CreateLaunchTemplateVersion",
            &[
                "LaunchTemplateId",
                "LaunchTemplateName",
                "SourceVersion",
                "VersionDescription",
                "LaunchTemplateData",
                "ClientToken",
            ],
            launch_template::create_version,
        ),
        read(
            "DescribeLaunchTemplates",
            &["Filters", "LaunchTemplateIds", "LaunchTemplateNames", "NextToken", "MaxResults"],
            launch_template::describe,
        ),
        read(
            "DescribeLaunchTemplateVersions",
            &[
                "Filters",
                "LaunchTemplateId",
                "LaunchTemplateName",
                "Versions",
                "MinVersion",
                "MaxVersion",
                "NextToken",
                "MaxResults",
            ],
            launch_template::describe_versions,
        ),
        write(
            "ModifyLaunchTemplate",
            &["LaunchTemplateId", "LaunchTemplateName", "DefaultVersion", "ClientToken"],
            launch_template::modify,
        ),
        write(
            "DeleteLaunchTemplate",
            &["LaunchTemplateId", "LaunchTemplateName"],
            launch_template::delete,
        ),
        write(
            "DeleteLaunchTemplateVersions",
            &["LaunchTemplateId", "LaunchTemplateName", "Versions"],
            launch_template::delete_versions,
        ),
        write(
            "RunInstances",
            &[
                "BlockDeviceMappings",
                "ClientToken",
                "EbsOptimized",
                "IamInstanceProfile",
                "ImageId",
                "InstanceType",
                "KeyName",
                "LaunchTemplate",
                "MaxCount",
                "MetadataOptions",
                "MinCount",
                "Monitoring",
                "NetworkInterfaces",
                "SecurityGroupIds",
                "SubnetId",
                "TagSpecifications",
                "UserData",
            ],
            instance::run,
        ),
        read(
            "DescribeInstances",
            &["Filters", "InstanceIds", "NextToken", "MaxResults"],
            instance::describe,
        ),
        write("TerminateInstances", &["InstanceIds"], instance::terminate_several),
        read(
            "DescribeInstanceTypes",
            &["Filters", "InstanceTypes", "NextToken", "MaxResults"],
            instance_type::describe,
        ),
        read(
            "DescribeImages",
            &["Filters", "ImageIds", "Owners", "IncludeDeprecated", "NextToken", "MaxResults"],
            image::describe,
        ),
        write("CreateTags", &["Resources", "Tags"], tags::create),
        write("DeleteTags", &["Resources", "Tags"], tags::delete),
        read("DescribeTags", &["Filters", "NextToken", "MaxResults"], tags::describe),
        read(
            "DescribeAvailabilityZones",
            &["Filters", "ZoneNames", "ZoneIds", "AllAvailabilityZones"],
            zones::describe_zones,
        ),
        read("DescribeRegions", &["Filters", "RegionNames", "AllRegions"], zones::describe_regions),
        read("DescribeAccountAttributes", &["AttributeNames"], zones::describe_account_attributes),
    ],
    rules: rules::RULES,
    tagged,
    due: |account| account.regions.values().filter_map(|region| next_due(&region.ec2)).min(),
    settle: |account, now| {
        for region in account.regions.values_mut() {
            network_interface::settle(&mut region.ec2, now);
            nat_gateway::settle(&mut region.ec2, now);
            vpc_endpoint::settle(&mut region.ec2, now);
            instance::settle(&mut region.ec2, now);
        }
    },
};

/// Returns when something of a region next ends by itself.
fn next_due(state: &State) -> Option<Time> {
    let interfaces = state.network_interfaces.values().filter_map(|interface| interface.gone);
    let gateways = state.nat_gateways.values().filter_map(nat_gateway::NatGateway::forgotten);
    let endpoints = state.vpc_endpoints.values().filter_map(|endpoint| endpoint.gone);
    let instances = state.instances.values().filter_map(instance::Instance::forgotten);
    interfaces.chain(gateways).chain(endpoints).chain(instances).min()
}

/// Returns the token bucket of an operation (aws-semantics.md 0).
fn bucket(operation: &str, input: &Input) -> Bucket {
    let unbounded = !input.contains_key("Filters") && !input.contains_key("MaxResults");
    let (burst, per_second) = match operation {
        "DescribeNetworkInterfaces" | "DescribeSecurityGroups" | "DescribeInstances"
            if unbounded =>
        {
            (50.0, 10.0)
        }
        "CreateTags" | "DeleteTags" => (100.0, 10.0),
        "CreateNatGateway" | "DeleteNatGateway" => (10.0, 1.0),
        "CreateVpcEndpoint" | "ModifyVpcEndpoint" | "DeleteVpcEndpoints" => (4.0, 0.3),
        "CreateLaunchTemplateVersion" => (100.0, 5.0),
        _ if operation.starts_with("Describe") => (100.0, 20.0),
        _ => (50.0, 5.0),
    };
    Bucket { burst, per_second }
}

/// Lists what has tags, for the Tagging API; what has ended and is only still listed has not.
fn tagged(account: &Account, region: &str, now: Time) -> Vec<Tagged> {
    let Some(state) = account.region(region).map(|region| &region.ec2) else { return Vec::new() };
    let partition = crate::partition(region);
    let with_kind = state.tags.iter().filter_map(|(id, tags)| Some((id, tags, ids::kind_of(id)?)));
    let ended = |id: &String| {
        state.nat_gateways.get(id).is_some_and(|gateway| gateway.state(now) == "deleted")
            || state.instances.get(id).is_some_and(|it| it.state(now) == "terminated")
    };
    with_kind
        .filter(|(id, tags, _)| !tags.is_empty() && !ended(id))
        .map(|(id, tags, kind)| Tagged {
            arn: format!("arn:{partition}:ec2:{region}:{}:{}/{id}", account.id, kind.resource_type),
            resource_type: kind.tagging_type,
            tags: tags.clone(),
        })
        .collect()
}
