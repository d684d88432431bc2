"""boto3 against the sandbox on a port: creates, reads and deletes each kind, compares what it reads.

Usage: wire_truth.py ENDPOINT
"""

import json
import sys

import boto3
from botocore.exceptions import ClientError

ENDPOINT = sys.argv[1]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
        }
    ],
}
ALLOW = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
TAGS = [{"Key": "infra:project", "Value": "a b/c"}, {"Key": "Name", "Value": "x+y=z"}]


def client(service):
    return boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def same(left, right):
    assert left == right, f"{left!r} is not {right!r}"


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        same(error.response["Error"]["Code"], code)
        return error.response
    raise AssertionError(f"{call.__name__} was not refused with {code}")


def by_key(tags):
    return sorted(tags, key=lambda tag: tag["Key"])


def sts():
    me = client("sts").get_caller_identity()
    same(me["Account"], "123456789012")
    same(me["ResponseMetadata"]["HTTPStatusCode"], 200)


def iam():
    iam = client("iam")
    made = iam.create_role(
        RoleName="web", AssumeRolePolicyDocument=json.dumps(TRUST), Tags=TAGS, Description="d"
    )["Role"]
    same(made["Arn"], "arn:aws:iam::123456789012:role/web")
    iam.put_role_policy(RoleName="web", PolicyName="in", PolicyDocument=json.dumps(ALLOW))
    iam.attach_role_policy(RoleName="web", PolicyArn=READ_ONLY)
    iam.put_role_permissions_boundary(RoleName="web", PermissionsBoundary=READ_ONLY)
    role = iam.get_role(RoleName="web")["Role"]
    same(role["AssumeRolePolicyDocument"], TRUST)
    same(by_key(role["Tags"]), by_key(TAGS))
    same(role["PermissionsBoundary"]["PermissionsBoundaryArn"], READ_ONLY)
    same(role["CreateDate"], made["CreateDate"])
    same(iam.get_role_policy(RoleName="web", PolicyName="in")["PolicyDocument"], ALLOW)
    same(iam.list_role_policies(RoleName="web")["PolicyNames"], ["in"])
    attached = iam.list_attached_role_policies(RoleName="web")["AttachedPolicies"]
    same(attached, [{"PolicyName": "ReadOnlyAccess", "PolicyArn": READ_ONLY}])
    details = list(iam.get_paginator("get_account_authorization_details").paginate())
    same(details[0]["RoleDetailList"][0]["RolePolicyList"][0]["PolicyDocument"], ALLOW)
    policy = iam.create_policy(PolicyName="p", PolicyDocument=json.dumps(ALLOW))["Policy"]
    document = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId="v1")["PolicyVersion"]
    same(document["Document"], ALLOW)
    iam.delete_policy(PolicyArn=policy["Arn"])
    profile = iam.create_instance_profile(InstanceProfileName="web", Path="/p/", Tags=TAGS[:1])
    profile = profile["InstanceProfile"]
    same((profile["Roles"], profile["Path"], profile["Tags"]), ([], "/p/", TAGS[:1]))
    iam.tag_instance_profile(InstanceProfileName="web", Tags=TAGS[1:])
    same(by_key(iam.list_instance_profile_tags(InstanceProfileName="web")["Tags"]), by_key(TAGS))
    iam.untag_instance_profile(InstanceProfileName="web", TagKeys=[TAGS[1]["Key"]])
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
    same(iam.list_instance_profiles_for_role(RoleName="web")["InstanceProfiles"][0]["Arn"],
         profile["Arn"])
    read = iam.get_instance_profile(InstanceProfileName="web")["InstanceProfile"]
    same(([role["RoleName"] for role in read["Roles"]], read["Tags"]), (["web"], TAGS[:1]))
    same(read["CreateDate"], profile["CreateDate"])
    listed = iam.list_instance_profiles(PathPrefix="/p/")["InstanceProfiles"][0]
    same((listed["InstanceProfileId"], "Tags" in listed), (profile["InstanceProfileId"], False))
    refused("DeleteConflict", iam.delete_instance_profile, InstanceProfileName="web")
    response = refused("DeleteConflict", iam.delete_role, RoleName="web")
    same(response["ResponseMetadata"]["HTTPStatusCode"], 409)
    iam.remove_role_from_instance_profile(InstanceProfileName="web", RoleName="web")
    iam.delete_instance_profile(InstanceProfileName="web")
    iam.detach_role_policy(RoleName="web", PolicyArn=READ_ONLY)
    iam.delete_role_policy(RoleName="web", PolicyName="in")
    iam.untag_role(RoleName="web", TagKeys=["Name"])
    same(iam.list_role_tags(RoleName="web")["Tags"], TAGS[:1])
    iam.delete_role(RoleName="web")
    refused("NoSuchEntity", iam.get_role, RoleName="web")
    same(iam.list_roles()["Roles"], [])


def logs():
    logs = client("logs")
    logs.create_log_group(logGroupName="/a", tags={"k": "v"}, deletionProtectionEnabled=True)
    logs.put_retention_policy(logGroupName="/a", retentionInDays=30)
    group = logs.describe_log_groups(logGroupNamePrefix="/a")["logGroups"][0]
    same((group["retentionInDays"], group["logGroupClass"]), (30, "STANDARD"))
    same(group["deletionProtectionEnabled"], True)
    same(logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"], {"k": "v"})
    refused("ValidationException", logs.list_tags_for_resource, resourceArn=group["arn"])
    found = client("resourcegroupstaggingapi").get_resources(
        TagFilters=[{"Key": "k", "Values": ["v"]}], ResourceTypeFilters=["logs:log-group"]
    )["ResourceTagMappingList"]
    same(found, [{"ResourceARN": group["logGroupArn"], "Tags": [{"Key": "k", "Value": "v"}]}])
    refused("ValidationException", logs.delete_log_group, logGroupName="/a")
    logs.put_log_group_deletion_protection(
        logGroupIdentifier=group["logGroupArn"], deletionProtectionEnabled=False
    )
    logs.delete_log_group(logGroupName="/a")
    same(logs.describe_log_groups()["logGroups"], [])


def specification(kind):
    return [{"ResourceType": kind, "Tags": TAGS}]


def ec2():
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=specification("vpc"))["Vpc"]
    ids = {"VpcId": vpc["VpcId"]}
    ec2.get_waiter("vpc_available").wait(VpcIds=[vpc["VpcId"]])
    ec2.modify_vpc_attribute(EnableDnsHostnames={"Value": True}, **ids)
    names = ec2.describe_vpc_attribute(Attribute="enableDnsHostnames", **ids)
    same(names["EnableDnsHostnames"], {"Value": True})
    read = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["x+y=z"]}])["Vpcs"]
    same((len(read), read[0]["CidrBlock"], by_key(read[0]["Tags"])),
         (1, "10.0.0.0/16", by_key(TAGS)))
    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    same(zones[0]["ZoneName"], "eu-west-1a")
    subnet = ec2.create_subnet(
        CidrBlock="10.0.0.0/24", AvailabilityZone="eu-west-1a",
        TagSpecifications=specification("subnet"), **ids,
    )["Subnet"]
    ec2.modify_subnet_attribute(SubnetId=subnet["SubnetId"], MapPublicIpOnLaunch={"Value": True})
    read = ec2.describe_subnets(SubnetIds=[subnet["SubnetId"]])["Subnets"][0]
    same((read["MapPublicIpOnLaunch"], read["AvailabilityZone"]), (True, "eu-west-1a"))
    refused("InvalidSubnet.Conflict", ec2.create_subnet, CidrBlock="10.0.0.0/25", **ids)
    gateway = ec2.create_internet_gateway(TagSpecifications=specification("internet-gateway"))
    gateway = gateway["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, **ids)
    table = ec2.create_route_table(TagSpecifications=specification("route-table"), **ids)
    table = table["RouteTable"]["RouteTableId"]
    ec2.create_route(
        RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway
    )
    association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet["SubnetId"])
    read = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]
    routes = {route["DestinationCidrBlock"]: route["GatewayId"] for route in read["Routes"]}
    same(routes, {"10.0.0.0/16": "local", "0.0.0.0/0": gateway})
    same(read["Associations"][0]["SubnetId"], subnet["SubnetId"])
    groups = [
        ec2.create_security_group(
            GroupName=name, Description=name,
            TagSpecifications=specification("security-group"), **ids,
        )["GroupId"]
        for name in ("one", "two")
    ]
    permission = {
        "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
        "UserIdGroupPairs": [{"GroupId": groups[1], "Description": "from two"}],
    }
    rules = ec2.authorize_security_group_ingress(GroupId=groups[0], IpPermissions=[permission])
    rule = rules["SecurityGroupRules"][0]
    same(rule["ReferencedGroupInfo"]["GroupId"], groups[1])
    read = ec2.describe_security_groups(GroupIds=[groups[0]])["SecurityGroups"][0]
    same(read["IpPermissions"][0]["UserIdGroupPairs"][0]["Description"], "from two")
    refused("InvalidPermission.Duplicate", ec2.authorize_security_group_ingress,
            GroupId=groups[0], IpPermissions=[permission])
    listed = ec2.describe_security_group_rules(
        Filters=[{"Name": "group-id", "Values": [groups[0]]}]
    )["SecurityGroupRules"]
    assert rule["SecurityGroupRuleId"] in [known["SecurityGroupRuleId"] for known in listed]
    found = client("resourcegroupstaggingapi").get_resources(
        TagFilters=[{"Key": "infra:project", "Values": ["a b/c"]}]
    )["ResourceTagMappingList"]
    same(len(found), 6)
    ec2.create_tags(Resources=[table], Tags=[{"Key": "more", "Value": ""}])
    ec2.delete_tags(Resources=[table], Tags=[{"Key": "Name"}])
    tags = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Tags"]
    same(by_key(tags), [TAGS[0], {"Key": "more", "Value": ""}])

    refused("DependencyViolation", ec2.delete_vpc, **ids)
    refused("DependencyViolation", ec2.delete_route_table, RouteTableId=table)
    refused("DependencyViolation", ec2.delete_security_group, GroupId=groups[1])
    refused("DependencyViolation", ec2.delete_internet_gateway, InternetGatewayId=gateway)
    ec2.revoke_security_group_ingress(
        GroupId=groups[0], SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]]
    )
    for group in groups:
        ec2.delete_security_group(GroupId=group)
    ec2.disassociate_route_table(AssociationId=association["AssociationId"])
    ec2.delete_route_table(RouteTableId=table)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, **ids)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.delete_vpc(**ids)
    refused("InvalidVpcID.NotFound", ec2.describe_vpcs, VpcIds=[vpc["VpcId"]])
    same(ec2.describe_tags(Filters=[{"Name": "key", "Values": ["infra:project"]}])["Tags"], [])


def network(block):
    """Makes a VPC with DNS, an internet gateway, a subnet and a route table."""
    ec2 = client("ec2")
    vpc = {"VpcId": ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"]}
    ec2.modify_vpc_attribute(EnableDnsHostnames={"Value": True}, **vpc)
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, **vpc)
    subnet = ec2.create_subnet(CidrBlock=block.replace("/16", "/24"), **vpc)["Subnet"]["SubnetId"]
    table = ec2.create_route_table(**vpc)["RouteTable"]["RouteTableId"]
    return vpc, gateway, subnet, table


def delete_network(vpc, gateway, subnet, table):
    ec2 = client("ec2")
    ec2.delete_route_table(RouteTableId=table)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, **vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.delete_vpc(**vpc)


def gateways():
    ec2 = client("ec2")
    vpc, internet, subnet, table = network("10.1.0.0/16")
    made = ec2.allocate_address(Domain="vpc", TagSpecifications=specification("elastic-ip"))
    address = {"AllocationId": made["AllocationId"]}
    read = ec2.describe_addresses(AllocationIds=[made["AllocationId"]])["Addresses"][0]
    same((read["PublicIp"], read["Domain"], by_key(read["Tags"])),
         (made["PublicIp"], "vpc", by_key(TAGS)))
    assert "AssociationId" not in read, read
    nat = ec2.create_nat_gateway(
        SubnetId=subnet, ClientToken="once", TagSpecifications=specification("natgateway"),
        **address,
    )["NatGateway"]
    ids = {"NatGatewayIds": [nat["NatGatewayId"]]}
    ec2.get_waiter("nat_gateway_available").wait(**ids)
    nat = ec2.describe_nat_gateways(**ids)["NatGateways"][0]
    same((nat["State"], nat["ConnectivityType"], nat["SubnetId"], nat["VpcId"]),
         ("available", "public", subnet, vpc["VpcId"]))
    same(by_key(nat["Tags"]), by_key(TAGS))
    (one,) = nat["NatGatewayAddresses"]
    same((one["PublicIp"], one["AllocationId"], one["Status"]),
         (made["PublicIp"], made["AllocationId"], "succeeded"))
    interface = ec2.describe_network_interfaces(
        NetworkInterfaceIds=[one["NetworkInterfaceId"]]
    )["NetworkInterfaces"][0]
    same((interface["InterfaceType"], interface["RequesterManaged"]), ("nat_gateway", True))
    same(interface["PrivateIpAddress"], one["PrivateIp"])
    same(interface["Association"]["PublicIp"], made["PublicIp"])
    read = ec2.describe_addresses(Filters=[{"Name": "tag-key", "Values": ["Name"]}])["Addresses"]
    same((read[0]["AssociationId"], read[0]["NetworkInterfaceId"]),
         (one["AssociationId"], one["NetworkInterfaceId"]))

    egress = ec2.create_egress_only_internet_gateway(
        TagSpecifications=specification("egress-only-internet-gateway"), **vpc
    )["EgressOnlyInternetGateway"]
    same(egress["Attachments"], [{"State": "attached", **vpc}])
    egress = {"EgressOnlyInternetGatewayId": egress["EgressOnlyInternetGatewayId"]}
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0",
                     NatGatewayId=nat["NatGatewayId"])
    ec2.create_route(RouteTableId=table, DestinationIpv6CidrBlock="::/0", **egress)

    def routes():
        routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"][1:]
        return [(route.get("NatGatewayId"), route.get("EgressOnlyInternetGatewayId"),
                 route["State"]) for route in routes]

    same(routes(), [(nat["NatGatewayId"], None, "active"), (None, *egress.values(), "active")])
    refused("AuthFailure", ec2.release_address, **address)
    refused("AuthFailure", ec2.disassociate_address, AssociationId=one["AssociationId"])
    refused("DependencyViolation", ec2.delete_subnet, SubnetId=subnet)
    refused("DependencyViolation", ec2.detach_internet_gateway, InternetGatewayId=internet, **vpc)
    ec2.delete_nat_gateway(NatGatewayId=nat["NatGatewayId"])
    ec2.get_waiter("nat_gateway_deleted").wait(**ids)
    same(ec2.describe_nat_gateways(**ids)["NatGateways"][0]["State"], "deleted")
    refused("DependencyViolation", ec2.delete_vpc, **vpc)
    ec2.delete_egress_only_internet_gateway(**egress)
    same([state for _, _, state in routes()], ["blackhole", "blackhole"])
    ec2.release_address(**address)
    refused("InvalidAllocationID.NotFound", ec2.release_address, **address)
    delete_network(vpc, internet, subnet, table)


def endpoints():
    ec2 = client("ec2")
    vpc, internet, subnet, table = network("10.2.0.0/16")
    names = ec2.describe_vpc_endpoint_services(
        Filters=[{"Name": "service-type", "Values": ["Gateway"]}]
    )["ServiceNames"]
    same(names, ["com.amazonaws.eu-west-1.dynamodb", "com.amazonaws.eu-west-1.s3"])
    gateway = ec2.create_vpc_endpoint(
        ServiceName=names[1], RouteTableIds=[table], PolicyDocument=json.dumps(ALLOW),
        TagSpecifications=specification("vpc-endpoint"), **vpc,
    )["VpcEndpoint"]
    same((gateway["VpcEndpointType"], gateway["RouteTableIds"]), ("Gateway", [table]))
    same((json.loads(gateway["PolicyDocument"]), by_key(gateway["Tags"])), (ALLOW, by_key(TAGS)))
    lists = ec2.describe_prefix_lists(
        Filters=[{"Name": "prefix-list-name", "Values": [names[1]]}]
    )["PrefixLists"]
    routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    same((routes[1]["DestinationPrefixListId"], routes[1]["GatewayId"]),
         (lists[0]["PrefixListId"], gateway["VpcEndpointId"]))
    group = ec2.create_security_group(GroupName="e", Description="e", **vpc)["GroupId"]
    service = {"ServiceName": "com.amazonaws.eu-west-1.ecr.api", "VpcEndpointType": "Interface"}
    interface = ec2.create_vpc_endpoint(
        SubnetIds=[subnet], SecurityGroupIds=[group], PrivateDnsEnabled=True, **service, **vpc
    )["VpcEndpoint"]
    ids = {"VpcEndpointIds": [interface["VpcEndpointId"]]}
    read = ec2.describe_vpc_endpoints(**ids)["VpcEndpoints"][0]
    same((read["State"], read["SubnetIds"], read["Groups"], read["PrivateDnsEnabled"]),
         ("available", [subnet], [{"GroupId": group, "GroupName": "e"}], True))
    same(read["DnsEntries"][-1]["DnsName"], "api.ecr.eu-west-1.amazonaws.com")
    own = ec2.describe_network_interfaces(NetworkInterfaceIds=read["NetworkInterfaceIds"])
    own = own["NetworkInterfaces"][0]
    same((own["InterfaceType"], own["RequesterManaged"], own["SubnetId"]),
         ("vpc_endpoint", True, subnet))
    response = refused("InvalidParameter", ec2.create_vpc_endpoint, **service, **vpc)
    assert "conflicting DNS domain" in response["Error"]["Message"], response
    default = ec2.describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["default"]},
                 {"Name": "vpc-id", "Values": list(vpc.values())}]
    )["SecurityGroups"][0]["GroupId"]
    ec2.modify_vpc_endpoint(
        VpcEndpointId=interface["VpcEndpointId"], AddSecurityGroupIds=[default],
        RemoveSecurityGroupIds=[group], PrivateDnsEnabled=False, ResetPolicy=True,
    )
    read = ec2.describe_vpc_endpoints(**ids)["VpcEndpoints"][0]
    same((read["Groups"][0]["GroupId"], read["PrivateDnsEnabled"]), (default, False))
    ec2.delete_security_group(GroupId=group)
    refused("DependencyViolation", ec2.delete_subnet, SubnetId=subnet)
    refused("DependencyViolation", ec2.delete_vpc, **vpc)
    both = [interface["VpcEndpointId"], gateway["VpcEndpointId"]]
    left = ec2.delete_vpc_endpoints(VpcEndpointIds=[*both, "vpce-00000000000000000"])
    same([(item["ResourceId"], item["Error"]["Code"]) for item in left["Unsuccessful"]],
         [("vpce-00000000000000000", "InvalidVpcEndpointId.NotFound")])
    refused("InvalidVpcEndpointId.NotFound", ec2.describe_vpc_endpoints, **ids)
    delete_network(vpc, internet, subnet, table)


def main():
    for check in (sts, iam, logs, ec2, gateways, endpoints):
        check()
        print(f"{check.__name__}: as expected")


main()
