//! What EC2 refuses. "EC2 error codes" is
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>; where only the
//! code is confirmed by AWS's pages, the source says that the wording is not.

use crate::rules::rules;

rules! { "ec2":
    // Ids.
    VPC_NOT_FOUND [] "InvalidVpcID.NotFound"
        "The vpc ID '{}' does not exist" <- "aws-semantics.md 1, vpc";
    VPC_MALFORMED [] "InvalidVpcID.Malformed"
        "Invalid id: \"{}\" (expecting \"vpc-...\")" <- "EC2 error codes";
    SUBNET_NOT_FOUND [] "InvalidSubnetID.NotFound"
        "The subnet ID '{}' does not exist" <- "aws-semantics.md 1, subnet";
    SUBNET_MALFORMED [] "InvalidSubnetID.Malformed"
        "Invalid id: \"{}\" (expecting \"subnet-...\")" <- "EC2 error codes";
    INTERNET_GATEWAY_NOT_FOUND [] "InvalidInternetGatewayID.NotFound"
        "The internetGateway ID '{}' does not exist" <- "aws-semantics.md 1, internet_gateway";
    INTERNET_GATEWAY_MALFORMED [] "InvalidInternetGatewayId.Malformed"
        "Invalid id: \"{}\" (expecting \"igw-...\")" <- "EC2 error codes";
    ROUTE_TABLE_NOT_FOUND [] "InvalidRouteTableID.NotFound"
        "The routeTable ID '{}' does not exist" <- "aws-semantics.md 1, route_table";
    ROUTE_TABLE_MALFORMED [] "InvalidRouteTableId.Malformed"
        "Invalid id: \"{}\" (expecting \"rtb-...\")" <- "EC2 error codes";
    GROUP_NOT_FOUND [] "InvalidGroup.NotFound"
        "The security group '{}' does not exist" <- "aws-semantics.md 1, security_group";
    GROUP_MALFORMED [] "InvalidGroupId.Malformed"
        "Invalid id: \"{}\" (expecting \"sg-...\")" <- "EC2 error codes";
    RULE_NOT_FOUND [] "InvalidSecurityGroupRuleId.NotFound"
        "The security group rule ID '{}' does not exist"
        <- "aws-semantics.md 1, security_group_rule";
    RULE_MALFORMED [] "InvalidSecurityGroupRuleId.Malformed"
        "Invalid id: \"{}\" (expecting \"sgr-...\")" <- "EC2 error codes";
    NETWORK_ACL_NOT_FOUND [] "InvalidNetworkAclID.NotFound"
        "The networkAcl ID '{}' does not exist" <- "EC2 error codes";
    NETWORK_ACL_MALFORMED [] "InvalidNetworkAclId.Malformed"
        "Invalid id: \"{}\" (expecting \"acl-...\")" <- "EC2 error codes";
    NETWORK_INTERFACE_NOT_FOUND [] "InvalidNetworkInterfaceID.NotFound"
        "The networkInterface ID '{}' does not exist" <- "EC2 error codes";
    NETWORK_INTERFACE_MALFORMED [] "InvalidNetworkInterfaceId.Malformed"
        "Invalid id: \"{}\" (expecting \"eni-...\")" <- "EC2 error codes";
    GATEWAY_NOT_FOUND [CreateRoute, ReplaceRoute, AssociateRouteTable] "InvalidGatewayID.NotFound"
        "The gateway ID '{}' does not exist" <- "aws-semantics.md 1, route_table";
    PREFIX_LIST_NOT_FOUND [] "InvalidPrefixListID.NotFound"
        "The prefix list ID '{}' does not exist" <- "EC2 error codes; wording not confirmed";
    TOKEN_MISMATCH
        [CreateRouteTable, CreateNetworkInterface, CreateNatGateway, CreateVpcEndpoint,
         CreateEgressOnlyInternetGateway, CreateLaunchTemplate, CreateLaunchTemplateVersion,
         RunInstances]
        "IdempotentParameterMismatch"
        "The request uses the same client token as a previous, but non-identical request."
        <- "EC2 error codes";

    // Listing.
    IDS_WITH_PAGES [] "InvalidParameterCombination"
        "The parameter {} cannot be used with the parameter maxResults"
        <- "EC2 API reference, Query requests, Pagination; aws/aws-cli#1976";
    PAGE_TOO_SHORT [] "InvalidParameterValue"
        "Value ( {} ) for parameter maxResults is invalid. Expecting a value greater than 5."
        <- "API reference: MaxResults from 5";
    PAGE_TOO_LONG [] "InvalidParameterValue"
        "Value ( {} ) for parameter maxResults is invalid. Expecting a value less than {}."
        <- "aws-semantics.md 0.1: longest pages";
    NEXT_TOKEN [] "InvalidNextToken" "The token '{}' is invalid."
        <- "EC2 error codes; wording not confirmed";
    FILTER_UNKNOWN [] "InvalidParameterValue" "The filter '{}' is invalid"
        <- "EC2 API reference, Filters; mondoohq/mql#4454";
    FILTER_EMPTY [] "InvalidParameterValue" "The filter '{}' has no values"
        <- "EC2 API reference, Filter; wording not confirmed";
    FILTER_VALUES_LIMIT [] "FilterLimitExceeded"
        "The maximum number of filter values specified on a single call is 200"
        <- "EC2 error codes";

    // Tags.
    TAG_SPECIFICATION_TYPE [] "InvalidParameterValue"
        "'{}' is not a valid taggable resource type for this operation."
        <- "API reference, TagSpecification";
    TAG_TWICE [] "InvalidParameterValue" "Duplicate tag key '{}' specified."
        <- "EC2 user guide, Tag restrictions; wording not confirmed";
    TAG_KEY_EMPTY [] "InvalidParameterValue" "Tag key cannot be null or empty."
        <- "EC2 error codes, InvalidTagKey.Malformed; wording not confirmed";
    TAG_KEY_RESERVED [] "InvalidParameterValue"
        "Value ( {} ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use"
        <- "kubernetes-sigs/cluster-api-provider-aws#5461";
    TAG_KEY_LONG [] "InvalidParameterValue"
        "Tag key exceeds the maximum length of 127 characters" <- "API reference, Tag";
    TAG_VALUE_LONG [] "InvalidParameterValue"
        "Tag value exceeds the maximum length of 256 characters" <- "API reference, Tag";
    TAG_KEY_LETTERS [] "InvalidParameterValue"
        "Value ( {} ) for parameter key is invalid. Allowed are letters, spaces, numbers and + - = . _ : / @"
        <- "EC2 user guide, Tag restrictions; wording not confirmed";
    TAG_VALUE_LETTERS [] "InvalidParameterValue"
        "Value ( {} ) for parameter value is invalid. Allowed are letters, spaces, numbers and + - = . _ : / @"
        <- "EC2 user guide, Tag restrictions; wording not confirmed";
    TAG_LIMIT [] "TagLimitExceeded"
        "The maximum number of Tags for a resource has been reached." <- "EC2 error codes";
    TAG_RESOURCE [CreateTags, DeleteTags] "InvalidID" "The ID '{}' is not valid"
        <- "EC2 error codes";

    // Attributes.
    ATTRIBUTE_NONE
        [ModifyVpcAttribute, ModifySubnetAttribute, ModifyNetworkInterfaceAttribute]
        "InvalidParameterCombination" "No attributes specified."
        <- "API reference; wording as of ModifyInstanceAttribute";
    ATTRIBUTE_SEVERAL
        [ModifyVpcAttribute, ModifySubnetAttribute, ModifyNetworkInterfaceAttribute]
        "InvalidParameterCombination" "Fields for multiple attribute types specified: {}, {}"
        <- "aws-semantics.md 1: one attribute per request";

    // VPCs.
    NOT_A_CIDR [] "InvalidParameterValue"
        "Value ({}) for parameter {} is invalid. This is not a valid CIDR block."
        <- "API reference, CreateVpc, CreateSubnet, CreateRoute";
    VPC_WITHOUT_BLOCK [CreateVpc] "MissingParameter"
        "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided." <- "API reference, CreateVpc";
    VPC_RANGE [CreateVpc, AssociateVpcCidrBlock] "InvalidVpc.Range" "The CIDR '{}' is invalid."
        <- "hashicorp/terraform#19452";
    VPC_TENANCY_HOST [CreateVpc] "InvalidParameterValue"
        "Value (host) for parameter instanceTenancy is invalid."
        <- "API reference, CreateVpc; wording not confirmed";
    VPC_LIMIT [CreateVpc] "VpcLimitExceeded" "The maximum number of VPCs has been reached."
        <- "EC2 error codes";
    VPC_IN_USE [DeleteVpc] "DependencyViolation"
        "The vpc '{}' has dependencies and cannot be deleted."
        <- "aws-semantics.md 1, vpc; rebuy-de/aws-nuke#503";
    DNS_HOSTNAMES_WITHOUT_SUPPORT [ModifyVpcAttribute] "InvalidParameterCombination"
        "DNS hostnames can only be enabled if DNS support is enabled."
        <- "aws-semantics.md 1, vpc; wording not confirmed";
    VPC_BLOCK_NONE [AssociateVpcCidrBlock] "MissingParameter"
        "The request must contain one of cidrBlock, amazonProvidedIpv6CidrBlock or ipv6Pool"
        <- "API reference, AssociateVpcCidrBlock; wording not confirmed";
    VPC_BLOCK_BOTH [AssociateVpcCidrBlock] "InvalidParameterCombination"
        "The parameter cidrBlock cannot be used with the parameter amazonProvidedIpv6CidrBlock"
        <- "API reference, AssociateVpcCidrBlock; wording not confirmed";
    VPC_BLOCK_CONFLICT [AssociateVpcCidrBlock] "InvalidVpc.Conflict"
        "The CIDR '{}' conflicts with another CIDR block of the VPC"
        <- "VPC user guide, CIDR block association restrictions; wording not confirmed";
    VPC_BLOCK_LIMIT [AssociateVpcCidrBlock] "CidrLimitExceeded"
        "This network has met its maximum number of allowed CIDRs"
        <- "EC2 error codes; VPC quotas";
    VPC_BLOCK_NOT_FOUND [DisassociateVpcCidrBlock] "InvalidVpcCidrBlockAssociationID.NotFound"
        "The vpc CIDR block association ID '{}' does not exist"
        <- "API reference, DisassociateVpcCidrBlock; wording not confirmed";
    VPC_BLOCK_FIRST [DisassociateVpcCidrBlock] "OperationNotPermitted"
        "The vpc CIDR block with association ID {} may not be disassociated. It is the primary IPv4 CIDR block of the VPC"
        <- "API reference, DisassociateVpcCidrBlock";
    VPC_BLOCK_IN_USE [DisassociateVpcCidrBlock] "InvalidCidrBlock.InUse"
        "The vpc CIDR block with association ID {} is in use by a subnet"
        <- "API reference, DisassociateVpcCidrBlock; wording not confirmed";

    // Subnets.
    SUBNET_WITHOUT_BLOCK [CreateSubnet, AssociateSubnetCidrBlock] "MissingParameter"
        "Either 'cidrBlock' or 'ipv6CidrBlock' should be provided."
        <- "API reference, CreateSubnet; wording not confirmed";
    SUBNET_RANGE [CreateSubnet, AssociateSubnetCidrBlock] "InvalidSubnet.Range"
        "The CIDR '{}' is invalid." <- "EC2 error codes";
    SUBNET_CONFLICT [CreateSubnet, AssociateSubnetCidrBlock] "InvalidSubnet.Conflict"
        "The CIDR '{}' conflicts with another subnet" <- "hashicorp/terraform#33470";
    SUBNET_ZONE [CreateSubnet] "InvalidParameterValue"
        "Value ({}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: {}."
        <- "API reference, CreateSubnet";
    ZONE_TWICE [CreateSubnet] "InvalidParameterCombination"
        "The parameter availabilityZone cannot be used with the parameter availabilityZoneId"
        <- "API reference, CreateSubnet; wording not confirmed";
    SUBNET_LIMIT [CreateSubnet] "SubnetLimitExceeded"
        "The maximum number of subnets has been reached." <- "EC2 error codes";
    SUBNET_IN_USE [DeleteSubnet] "DependencyViolation"
        "The subnet '{}' has dependencies and cannot be deleted."
        <- "aws-semantics.md 1, subnet; terraform-aws-modules/terraform-aws-vpc#1081";
    SUBNET_WITHOUT_IPV6 [ModifySubnetAttribute] "InvalidParameterValue"
        "The subnet '{}' has no IPv6 CIDR block"
        <- "API reference, ModifySubnetAttribute; wording not confirmed";
    SUBNET_SECOND_IPV6 [AssociateSubnetCidrBlock] "SubnetIpv6CidrBlockLimitExceeded"
        "The subnet already has an IPv6 CIDR block"
        <- "VPC quotas: one IPv6 block per subnet; wording not confirmed";
    SUBNET_BLOCK_NOT_FOUND [DisassociateSubnetCidrBlock]
        "InvalidSubnetCidrBlockAssociationID.NotFound"
        "The subnet CIDR block association ID '{}' does not exist"
        <- "API reference, DisassociateSubnetCidrBlock; wording not confirmed";
    SUBNET_BLOCK_IN_USE [DisassociateSubnetCidrBlock] "InvalidCidrBlock.InUse"
        "The subnet CIDR block with association ID {} is in use by a network interface"
        <- "API reference, DisassociateSubnetCidrBlock; wording not confirmed";

    // Internet gateways.
    INTERNET_GATEWAY_LIMIT [CreateInternetGateway] "InternetGatewayLimitExceeded"
        "The maximum number of internet gateways has been reached." <- "EC2 error codes";
    INTERNET_GATEWAY_TAKEN [AttachInternetGateway] "Resource.AlreadyAssociated"
        "resource {} is already attached to network {}" <- "berlioz-the/berlioz#1";
    VPC_HAS_INTERNET_GATEWAY [AttachInternetGateway] "InvalidParameterValue"
        "Network {} already has an internet gateway attached"
        <- "binlab/terraform-aws-vault-ha-raft#54";
    INTERNET_GATEWAY_NOT_ATTACHED [DetachInternetGateway] "Gateway.NotAttached"
        "resource {} is not attached to network {}" <- "aws-semantics.md 1, internet_gateway";
    PUBLIC_ADDRESSES [DetachInternetGateway] "DependencyViolation"
        "Network {} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
        <- "aws-semantics.md 1, internet_gateway; 11.9";
    INTERNET_GATEWAY_IN_USE [DeleteInternetGateway] "DependencyViolation"
        "The internetGateway '{}' has dependencies and cannot be deleted."
        <- "aws-semantics.md 1, internet_gateway; saltstack/salt#60140";

    // Route tables, routes, associations.
    ROUTE_TABLE_LIMIT [CreateRouteTable] "RouteTableLimitExceeded"
        "The maximum number of route tables has been reached." <- "EC2 error codes";
    ROUTE_TABLE_IN_USE [DeleteRouteTable] "DependencyViolation"
        "The routeTable '{}' has dependencies and cannot be deleted."
        <- "aws-semantics.md 1, route_table; hashicorp/terraform-provider-aws#73";
    ROUTE_WITHOUT_DESTINATION [CreateRoute, ReplaceRoute, DeleteRoute] "MissingParameter"
        "The request must contain exactly one of destinationCidrBlock, destinationIpv6CidrBlock or destinationPrefixListId"
        <- "API reference, CreateRoute; wording not confirmed";
    ROUTE_DESTINATIONS [CreateRoute, ReplaceRoute, DeleteRoute] "InvalidParameterCombination"
        "The request must contain exactly one of destinationCidrBlock, destinationIpv6CidrBlock or destinationPrefixListId"
        <- "API reference, CreateRoute; wording not confirmed";
    ROUTE_WITHOUT_TARGET [CreateRoute, ReplaceRoute] "MissingParameter"
        "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, vpcPeeringConnectionId, egressOnlyInternetGatewayId, transitGatewayId, localGatewayId or instanceId"
        <- "API reference, CreateRoute";
    ROUTE_TARGETS [CreateRoute, ReplaceRoute] "InvalidParameterCombination"
        "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, vpcPeeringConnectionId, egressOnlyInternetGatewayId, transitGatewayId, localGatewayId or instanceId"
        <- "API reference, CreateRoute; code not confirmed";
    ROUTE_OTHER_NETWORK [CreateRoute, ReplaceRoute, AssociateRouteTable, ReplaceRouteTableAssociation]
        "InvalidParameterValue" "route table {} and {} {} belong to different networks"
        <- "smoketurner/serverless-vpc-plugin#147; saltstack/salt#38791";
    ROUTE_INSIDE_VPC [CreateRoute, ReplaceRoute] "InvalidParameterValue"
        "The destination CIDR block {} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance."
        <- "VPC user guide, Route table concepts";
    ROUTE_EXISTS [CreateRoute] "RouteAlreadyExists"
        "The route identified by {} already exists." <- "aws-semantics.md 1, route";
    ROUTE_LIMIT [CreateRoute] "RouteLimitExceeded"
        "The maximum number of routes has been reached." <- "EC2 error codes";
    ROUTE_TO_REPLACE [ReplaceRoute] "InvalidParameterValue"
        "There is no route defined for '{}' in the route table. Use CreateRoute instead."
        <- "API reference, ReplaceRoute; wording not confirmed";
    ROUTE_LOCAL [DeleteRoute] "InvalidParameterValue"
        "cannot remove local route {} in route table {}"
        <- "Terraform's AWS provider handles this wording";
    ROUTE_OF_ENDPOINT [ReplaceRoute, DeleteRoute] "InvalidParameterValue"
        "cannot remove VPC endpoint route {} in route table {}"
        <- "VPC user guide, Gateway endpoints: only the endpoint changes its routes; wording not confirmed";
    ROUTE_EGRESS_ONLY_V4 [CreateRoute, ReplaceRoute] "InvalidParameterValue"
        "The egress-only internet gateway '{}' takes IPv6 destinations only"
        <- "VPC user guide, Egress-only internet gateways; wording not confirmed";
    NAT_TARGET [CreateRoute, ReplaceRoute] "InvalidNatGatewayID.NotFound"
        "The natGateway ID '{}' does not exist" <- "EC2 error codes";
    ROUTE_NOT_FOUND [DeleteRoute] "InvalidRoute.NotFound" "no route with {} {} in route table {}"
        <- "aws-semantics.md 1, route";
    ASSOCIATION_NONE [AssociateRouteTable] "MissingParameter"
        "The request must contain exactly one of subnetId or gatewayId"
        <- "API reference, AssociateRouteTable; wording not confirmed";
    ASSOCIATION_BOTH [AssociateRouteTable] "InvalidParameterCombination"
        "The request must contain exactly one of subnetId or gatewayId"
        <- "API reference, AssociateRouteTable; wording not confirmed";
    ASSOCIATION_CONFLICT [AssociateRouteTable] "Resource.AlreadyAssociated"
        "the specified association for route table {} conflicts with an existing association"
        <- "hashicorp/terraform-provider-aws#38960";
    ASSOCIATION_NOT_FOUND
        [DisassociateRouteTable, ReplaceRouteTableAssociation, DisassociateAddress]
        "InvalidAssociationID.NotFound" "The association ID '{}' does not exist"
        <- "aws-semantics.md 1, route_table";
    ASSOCIATION_MAIN [DisassociateRouteTable] "InvalidParameterValue"
        "cannot disassociate the main route table association {}" <- "ansible/ansible#25521";

    // Security groups.
    GROUP_RESERVED [CreateSecurityGroup] "InvalidParameterValue"
        "Cannot use reserved security group name: default"
        <- "CreateSecurityGroup: not `default`; InvalidGroup.Reserved is for groups without a VPC";
    GROUP_NAME_LIKE_ID [CreateSecurityGroup] "InvalidParameterValue"
        "Invalid security group name. Group names may not be in the format sg-*."
        <- "API reference, CreateSecurityGroup; wording not confirmed";
    GROUP_NAME [CreateSecurityGroup] "InvalidParameterValue"
        "Value ({}) for parameter GroupName is invalid. Valid names are strings less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;!$*"
        <- "API reference, CreateSecurityGroup; wording not confirmed";
    GROUP_DESCRIPTION [CreateSecurityGroup] "InvalidParameterValue"
        "Invalid security group description. Valid descriptions are strings less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;!$*"
        <- "API reference, CreateSecurityGroup";
    NO_DEFAULT_VPC [CreateSecurityGroup] "VPCIdNotSpecified" "No default VPC for this user"
        <- "gruntwork-io/kubergrunt#106: the sandbox's account has none";
    GROUP_DUPLICATE [CreateSecurityGroup] "InvalidGroup.Duplicate"
        "The security group '{}' already exists for VPC '{}'"
        <- "aws-semantics.md 1, security_group";
    GROUP_LIMIT [CreateSecurityGroup] "SecurityGroupLimitExceeded"
        "The maximum number of security groups has been reached." <- "EC2 error codes";
    GROUP_UNNAMED [] "MissingParameter" "The request must contain the parameter groupName or groupId"
        <- "API reference, DeleteSecurityGroup";
    GROUP_DEFAULT [DeleteSecurityGroup] "CannotDelete"
        "the specified group: \"{}\" name: \"default\" cannot be deleted by a user"
        <- "EC2 error codes";
    GROUP_IN_USE [DeleteSecurityGroup] "DependencyViolation"
        "resource {} has a dependent object"
        <- "aws-semantics.md 1, security_group; API reference, DeleteSecurityGroup";
    GROUP_OTHER_VPC [] "InvalidGroup.NotFound"
        "You have specified two resources that belong to different networks."
        <- "EC2 error codes, InvalidGroup.NotFound";

    // Security group rules.
    PERMISSIONS_NONE [] "MissingParameter"
        "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided."
        <- "API reference, RevokeSecurityGroupIngress; wording not confirmed";
    PERMISSIONS_AND_IDS [] "InvalidParameterCombination"
        "The parameter ipPermissions cannot be used with the parameter securityGroupRuleIds"
        <- "API reference, RevokeSecurityGroupIngress; wording not confirmed";
    PERMISSIONS_TWO_WAYS [AuthorizeSecurityGroupIngress, RevokeSecurityGroupIngress]
        "InvalidParameterCombination"
        "The parameter 'ipPermissions' may not be used in combination with 'ipProtocol'"
        <- "API reference, AuthorizeSecurityGroupIngress; wording not confirmed";
    PERMISSION_TWICE [] "InvalidParameterValue"
        "The same permission must not appear multiple times"
        <- "seen of AuthorizeSecurityGroupIngress in Terraform's logs";
    PERMISSION_DUPLICATE
        [AuthorizeSecurityGroupIngress, AuthorizeSecurityGroupEgress, ModifySecurityGroupRules]
        "InvalidPermission.Duplicate" "the specified rule \"{}\" already exists"
        <- "aws-semantics.md 1, security_group_rule; hashicorp/terraform#1874";
    PERMISSION_NOT_FOUND [] "InvalidPermission.NotFound"
        "The specified rule does not exist in this security group."
        <- "aws-semantics.md 1, security_group_rule; EC2 error codes";
    PEER_NONE [] "MissingParameter"
        "The request must contain exactly one of an IPv4 or IPv6 address range, a prefix list, or a security group"
        <- "API reference, AuthorizeSecurityGroupIngress; wording not confirmed";
    PEERS_SEVERAL [ModifySecurityGroupRules] "InvalidParameterCombination"
        "The request must contain exactly one of an IPv4 or IPv6 address range, a prefix list, or a security group"
        <- "API reference, ModifySecurityGroupRules; wording not confirmed";
    RULE_PEER_TYPE [ModifySecurityGroupRules] "InvalidParameterValue"
        "The source or destination type of the security group rule '{}' cannot be changed"
        <- "VPC user guide, Configure security group rules; wording not confirmed";
    RULE_CIDR [] "InvalidParameterValue" "CIDR block {} is malformed"
        <- "EC2 error codes, InvalidPermission.Malformed; wording as seen";
    RULE_DESCRIPTION [] "InvalidParameterValue"
        "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;!$*"
        <- "API reference, IpRange";
    RULE_LIMIT [AuthorizeSecurityGroupIngress, AuthorizeSecurityGroupEgress]
        "RulesPerSecurityGroupLimitExceeded"
        "The maximum number of rules per security group has been reached." <- "EC2 error codes";
    PROTOCOL_NONE [] "MissingParameter" "The request must contain the parameter ipProtocol"
        <- "API reference, AuthorizeSecurityGroupIngress";
    PROTOCOL_UNKNOWN [] "InvalidParameterValue"
        "Invalid value '{}' for IP protocol. Unknown protocol."
        <- "API reference, IpPermission; wording not confirmed";
    PORTS_NONE [] "InvalidParameterValue"
        "Invalid value 'Must specify both from and to ports with {}.' for portRange."
        <- "chef-boneyard/chef-provisioning-aws#183";
    PORT_RANGE [] "InvalidParameterValue" "Invalid TCP/UDP port range ({}:{})"
        <- "API reference, IpPermission; wording not confirmed";
    ICMP_RANGE [] "InvalidParameterValue" "Invalid ICMP type or code ({}:{})"
        <- "API reference, IpPermission; wording not confirmed";

    // Network interfaces.
    INTERFACE_LIMIT [CreateNetworkInterface] "NetworkInterfaceLimitExceeded"
        "The maximum number of network interfaces has been reached." <- "EC2 error codes";
    INTERFACE_GROUP_LIMIT [CreateNetworkInterface, ModifyNetworkInterfaceAttribute]
        "SecurityGroupsPerInterfaceLimitExceeded"
        "The maximum number of security groups per interface has been reached."
        <- "EC2 error codes";
    INTERFACE_IN_USE [DeleteNetworkInterface] "InvalidParameterValue"
        "Network interface '{}' is currently in use."
        <- "EC2 error codes, InvalidNetworkInterface.InUse";
    ADDRESS_MALFORMED [CreateNetworkInterface, CreateNatGateway] "InvalidParameterValue"
        "Value ({}) for parameter privateIpAddress is invalid."
        <- "API reference, CreateNetworkInterface; wording not confirmed";
    ADDRESS_OUTSIDE [CreateNetworkInterface, CreateNatGateway] "InvalidParameterValue"
        "Address does not fall within the subnet's address range"
        <- "API reference, CreateNetworkInterface; wording not confirmed";
    ADDRESS_TAKEN [CreateNetworkInterface, CreateNatGateway] "InvalidIPAddress.InUse" "The address '{}' is in use"
        <- "EC2 error codes; wording not confirmed";
    SUBNET_FULL [CreateNetworkInterface] "InsufficientFreeAddressesInSubnet"
        "The specified subnet does not have enough free addresses to satisfy the request."
        <- "EC2 error codes";

    // Elastic addresses.
    ADDRESS_NOT_FOUND [] "InvalidAllocationID.NotFound" "The allocation ID '{}' does not exist"
        <- "aws-semantics.md 1, eip; EC2 error codes";
    ADDRESS_ID_MALFORMED [] "InvalidElasticIpID.Malformed"
        "Invalid elastic-ip ID '{}'; expecting eipalloc-..."
        <- "EC2 error codes; wording not confirmed";
    ADDRESS_LIMIT [AllocateAddress] "AddressLimitExceeded"
        "The maximum number of addresses has been reached."
        <- "aws-semantics.md 1, eip; EC2 error codes";
    ADDRESS_STANDARD [AllocateAddress] "InvalidParameterValue"
        "Value (standard) for parameter domain is invalid. EC2-Classic is retired."
        <- "API reference, AllocateAddress; wording not confirmed";
    ADDRESS_POOL [AllocateAddress] "InvalidPublicIpv4PoolID.NotFound"
        "The public IPv4 pool ID '{}' does not exist" <- "EC2 error codes; wording not confirmed";
    ADDRESS_BORDER_GROUP [AllocateAddress] "InvalidParameterValue"
        "Value ({}) for parameter networkBorderGroup is invalid."
        <- "API reference, AllocateAddress; wording not confirmed";
    ADDRESS_UNNAMED [ReleaseAddress] "MissingParameter"
        "Either 'AllocationId' or 'PublicIp' must be provided"
        <- "API reference, ReleaseAddress; wording not confirmed";
    ADDRESS_BY_IP [ReleaseAddress] "InvalidParameterValue"
        "You must specify an allocation id when releasing a VPC elastic IP address"
        <- "API reference, ReleaseAddress";
    ADDRESS_IN_USE [ReleaseAddress] "InvalidIPAddress.InUse" "Address {} is in use."
        <- "aws-semantics.md 1, eip; API reference, ReleaseAddress";
    ADDRESS_OF_SERVICE [ReleaseAddress, AssociateAddress, DisassociateAddress] "AuthFailure"
        "You do not have permission to access the specified resource."
        <- "aws-semantics.md 1, eip; hashicorp/terraform-provider-aws#3572";
    ADDRESS_PAIR [AssociateAddress] "MissingParameter"
        "Either 'NetworkInterfaceId' and 'AllocationId' must be provided"
        <- "API reference, AssociateAddress; wording not confirmed";
    ADDRESS_TWICE [AssociateAddress] "Resource.AlreadyAssociated"
        "resource {} is already associated"
        <- "API reference, AssociateAddress, AllowReassociation; wording not confirmed";
    ADDRESS_UNASSOCIATED [DisassociateAddress] "MissingParameter"
        "Either 'AssociationId' or 'PublicIp' must be provided"
        <- "API reference, DisassociateAddress; wording not confirmed";
    NETWORK_NOT_ATTACHED [AssociateAddress] "Gateway.NotAttached"
        "Network {} is not attached to any internet gateway" <- "EC2 error codes";

    // NAT gateways.
    NAT_NOT_FOUND [] "NatGatewayNotFound" "NAT gateway {} was not found"
        <- "aws-semantics.md 1, nat_gateway";
    NAT_MALFORMED [] "NatGatewayMalformed" "NatGateway ID {} is malformed."
        <- "EC2 error codes; wording not confirmed";
    NAT_WITHOUT_SUBNET [CreateNatGateway] "MissingParameter"
        "The request must contain the parameter SubnetId"
        <- "API reference, CreateNatGateway: zonal ones need it";
    NAT_WITHOUT_ADDRESS [CreateNatGateway] "MissingParameter"
        "The request must contain the parameter AllocationId"
        <- "API reference, CreateNatGateway: required for public ones";
    NAT_PRIVATE_ADDRESS [CreateNatGateway] "InvalidParameter"
        "AllocationId cannot be specified for a private NAT gateway"
        <- "API reference, CreateNatGateway; wording not confirmed";
    NAT_LIMIT [CreateNatGateway] "NatGatewayLimitExceeded"
        "Performing this operation would exceed the limit of NAT gateways in the Availability Zone."
        <- "EC2 error codes; VPC quotas";

    // Egress-only internet gateways.
    EGRESS_ONLY_GATEWAY_NOT_FOUND [] "InvalidGatewayID.NotFound"
        "The eigw ID '{}' does not exist" <- "Terraform's AWS provider handles this code";
    EGRESS_ONLY_GATEWAY_MALFORMED [] "InvalidEgressOnlyInternetGatewayId.Malformed"
        "Invalid id: \"{}\" (expecting \"eigw-...\")" <- "EC2 error codes; wording not confirmed";
    EGRESS_ONLY_GATEWAY_LIMIT [CreateEgressOnlyInternetGateway]
        "EgressOnlyInternetGatewayLimitExceeded"
        "The maximum number of egress-only internet gateways has been reached."
        <- "EC2 error codes";
    EGRESS_ONLY_GATEWAY_TAKEN [CreateEgressOnlyInternetGateway]
        "EgressOnlyInternetGatewayLimitExceeded"
        "Network {} already has an egress-only internet gateway attached"
        <- "VPC quotas: one for each VPC; ansible/ansible#23941; code not confirmed";

    // VPC endpoints.
    ENDPOINT_NOT_FOUND [] "InvalidVpcEndpointId.NotFound"
        "The Vpc Endpoint Id '{}' does not exist" <- "aws-semantics.md 1, vpc_endpoint";
    ENDPOINT_MALFORMED [] "InvalidVpcEndpointId.Malformed"
        "Invalid Id: '{}' (expecting 'vpce-...')" <- "EC2 error codes; wording not confirmed";
    ENDPOINT_LIMIT [CreateVpcEndpoint] "VpcEndpointLimitExceeded"
        "The maximum number of VPC endpoints has been reached." <- "EC2 error codes; VPC quotas";
    ENDPOINT_WITHOUT_SERVICE [CreateVpcEndpoint] "MissingParameter"
        "The request must contain the parameter serviceName"
        <- "API reference, CreateVpcEndpoint: for gateway and interface endpoints";
    SERVICE_UNKNOWN [CreateVpcEndpoint, DescribeVpcEndpointServices] "InvalidServiceName"
        "The Vpc Endpoint Service '{}' does not exist" <- "EC2 error codes";
    SERVICE_TYPE [CreateVpcEndpoint] "InvalidParameter"
        "Endpoint type ({}) does not match available service types ([{}])."
        <- "seen of CreateVpcEndpoint in Terraform's logs";
    ENDPOINT_MEMBER [CreateVpcEndpoint, ModifyVpcEndpoint] "InvalidParameter"
        "{} is not applicable to {} VPC Endpoints."
        <- "API reference, CreateVpcEndpoint; wording not confirmed";
    ENDPOINT_POLICY [CreateVpcEndpoint, ModifyVpcEndpoint] "InvalidPolicyDocument"
        "The policy document is not a valid JSON policy document." <- "EC2 error codes";
    ENDPOINT_POLICY_TWICE [ModifyVpcEndpoint] "InvalidParameterCombination"
        "The parameter PolicyDocument cannot be used with the parameter ResetPolicy"
        <- "API reference, ModifyVpcEndpoint; wording not confirmed";
    ENDPOINT_GATEWAY_DNS [CreateVpcEndpoint, ModifyVpcEndpoint] "InvalidParameter"
        "Private DNS is not applicable to Gateway VPC Endpoints."
        <- "API reference, CreateVpcEndpoint; wording not confirmed";
    ENDPOINT_DNS_OFF [CreateVpcEndpoint, ModifyVpcEndpoint] "InvalidParameter"
        "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for {}"
        <- "aws-semantics.md 1, vpc_endpoint";
    ENDPOINT_DNS_CONFLICT [CreateVpcEndpoint, ModifyVpcEndpoint] "InvalidParameter"
        "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {} in the VPC {}"
        <- "aws-semantics.md 1, vpc_endpoint; hashicorp/terraform-provider-aws#17535";
    ENDPOINT_INBOUND_ALONE [CreateVpcEndpoint, ModifyVpcEndpoint] "InvalidParameter"
        "To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC {} must have a Gateway endpoint for the service."
        <- "terraform-aws-modules/terraform-aws-vpc#982";
    ENDPOINT_INBOUND_GATEWAY [CreateVpcEndpoint, ModifyVpcEndpoint] "InvalidParameter"
        "DnsOptions PrivateDnsOnlyForInboundResolverEndpoint is applicable only to Interface VPC Endpoints."
        <- "hashicorp/terraform-provider-aws#45846";
    ENDPOINT_NEEDED [DeleteVpcEndpoints] "InvalidParameter"
        "Endpoint {} cannot be deleted while an Interface endpoint for the service has PrivateDnsOnlyForInboundResolverEndpoint set to true."
        <- "aws-semantics.md 1, vpc_endpoint; cloudposse/terraform-aws-vpc#153; wording not confirmed";
    ENDPOINT_GROUP [CreateVpcEndpoint, ModifyVpcEndpoint] "InvalidParameter"
        "The security group {} does not belong to the VPC {}"
        <- "API reference, CreateVpcEndpoint; wording not confirmed";
    ENDPOINT_WITHOUT_GROUP [ModifyVpcEndpoint] "InvalidParameter"
        "An Interface endpoint must have at least one security group"
        <- "API reference, ModifyVpcEndpoint; wording not confirmed";
    ENDPOINT_SUBNET [CreateVpcEndpoint, ModifyVpcEndpoint] "InvalidParameter"
        "The subnet {} does not belong to the VPC {}"
        <- "API reference, CreateVpcEndpoint; wording not confirmed";
    ENDPOINT_IPV6 [CreateVpcEndpoint, ModifyVpcEndpoint] "InvalidParameter"
        "The IP address type {} needs IPv6 addresses, which subnet {} does not have"
        <- "PrivateLink guide, IP address types; wording not confirmed";
    ENDPOINT_ZONE_TWICE [CreateVpcEndpoint, ModifyVpcEndpoint] "DuplicateSubnetsInSameZone"
        "Found another VPC endpoint subnet in the availability zone of {}. VPC endpoint subnets should be in different availability zones supported by the VPC endpoint service."
        <- "terraform-aws-modules/terraform-aws-vpc#451";
    ENDPOINT_PART [ModifyVpcEndpoint] "InvalidParameter"
        "{} is not associated with the VPC endpoint {}"
        <- "API reference, ModifyVpcEndpoint; wording not confirmed";
    ENDPOINT_TABLE [CreateVpcEndpoint, ModifyVpcEndpoint] "InvalidParameter"
        "The route table {} does not belong to the VPC {}"
        <- "API reference, CreateVpcEndpoint; wording not confirmed";
    ENDPOINT_ROUTE [CreateVpcEndpoint, ModifyVpcEndpoint] "RouteAlreadyExists"
        "route table {} already has a route with destination-prefix-list-id {}"
        <- "eksctl-io/eksctl#2510";

    // Launch templates.
    TEMPLATE_NOT_FOUND [] "InvalidLaunchTemplateId.NotFound"
        "The specified launch template, with template ID {}, does not exist."
        <- "aws-semantics.md 2, launch_template";
    TEMPLATE_MALFORMED [] "InvalidLaunchTemplateId.Malformed"
        "The specified launch template ID, {}, is malformed." <- "EC2 error codes";
    TEMPLATE_NAME_NOT_FOUND [] "InvalidLaunchTemplateName.NotFoundException"
        "The specified launch template, with template name {}, does not exist."
        <- "aws-semantics.md 2, launch_template; getmoto/moto#5477";
    TEMPLATE_NAME_TAKEN [CreateLaunchTemplate] "InvalidLaunchTemplateName.AlreadyExistsException"
        "Launch template name already in use."
        <- "github-aws-runners/terraform-aws-github-runner#1382";
    TEMPLATE_NAME_MALFORMED [CreateLaunchTemplate] "InvalidLaunchTemplateName.MalformedException"
        "A launch template name must be between 3 and 128 characters, and may contain letters, numbers, and the following characters: - ( ) . / _."
        <- "API reference, CreateLaunchTemplate";
    TEMPLATE_VERSION_NOT_FOUND [] "InvalidLaunchTemplateId.VersionNotFound"
        "Could not find launch template version {}" <- "EC2 error codes; wording not confirmed";
    TEMPLATE_TWICE [] "InvalidParameterCombination"
        "The parameter launchTemplateId cannot be used with the parameter launchTemplateName"
        <- "API reference, ModifyLaunchTemplate: but not both; wording not confirmed";
    TEMPLATE_NOT_NAMED [] "MissingParameter"
        "Either LaunchTemplateId or LaunchTemplateName must be provided"
        <- "API reference, DeleteLaunchTemplate; wording not confirmed";
    USER_DATA_MALFORMED [CreateLaunchTemplate, CreateLaunchTemplateVersion, RunInstances]
        "InvalidUserData.Malformed" "Invalid BASE64 encoding of user data."
        <- "EC2 error codes";

    // Instances.
    INSTANCE_NOT_FOUND [] "InvalidInstanceID.NotFound"
        "The instance ID '{}' does not exist" <- "EC2 error codes";
    INSTANCE_MALFORMED [] "InvalidInstanceID.Malformed"
        "Invalid id: \"{}\"" <- "EC2 error codes";
    INSTANCE_TYPE_UNKNOWN [RunInstances, DescribeInstanceTypes] "InvalidInstanceType"
        "The following supplied instance types do not exist: [{}]"
        <- "EC2 error codes; the sandbox knows the general families only";
    IMAGE_NOT_FOUND [RunInstances, DescribeImages] "InvalidAMIID.NotFound"
        "The image id '[{}]' does not exist" <- "benishak/lamp-aws-cloudformation#1";
    IMAGE_MALFORMED [RunInstances, DescribeImages] "InvalidAMIID.Malformed"
        "Invalid id: \"{}\" (expecting \"ami-...\")" <- "EC2 error codes";
    IMAGE_MISSING [RunInstances] "MissingParameter"
        "The request must contain the parameter ImageId" <- "API reference, RunInstances";
    IMAGE_PARAMETER [RunInstances] "InvalidParameterValue"
        "The parameter {} could not be resolved to an image"
        <- "EC2 user guide, Use a Systems Manager parameter instead of an AMI ID; wording not confirmed";
    ARCHITECTURES_DIFFER [RunInstances] "InvalidParameterValue"
        "The architecture '{}' of the specified instance type does not match the architecture '{}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again."
        <- "EC2 user guide, Troubleshoot launch issues; wording not confirmed";
    PROFILE_INVALID [RunInstances] "InvalidParameterValue"
        "Value ({}) for parameter iamInstanceProfile.{} is invalid. Invalid IAM Instance Profile {}"
        <- "aws-semantics.md 0, IAM; hashicorp/terraform-provider-aws#29866";
    PROFILE_WITHOUT_ROLE [RunInstances] "InvalidParameterValue"
        "IAM Instance Profile \"{}\" has no associated IAM Roles"
        <- "IAM user guide, instance profiles; wording not confirmed";
    KEY_PAIR_NOT_FOUND [RunInstances] "InvalidKeyPair.NotFound"
        "The key pair '{}' does not exist" <- "EC2 error codes; the sandbox has no key pairs";
    GROUPS_TWICE [RunInstances] "InvalidParameterCombination"
        "Network interfaces and an instance-level security groups may not be specified on the same request"
        <- "EC2 error codes, InvalidParameterCombination";
    LAUNCH_WITHOUT_SUBNET [RunInstances] "VPCIdNotSpecified"
        "No default VPC for this user. Specify a subnet."
        <- "EC2 error codes; the sandbox has no default VPC";

    // Zones and regions.
    ZONE_UNKNOWN [DescribeAvailabilityZones] "InvalidParameterValue"
        "Invalid availability zone: [{}]" <- "API reference, DescribeAvailabilityZones";
    REGION_UNKNOWN [DescribeRegions] "InvalidParameterValue" "Invalid region provided: '{}'"
        <- "API reference, DescribeRegions; wording not confirmed";
}
