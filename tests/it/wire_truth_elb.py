"""Creates, reads back field by field and deletes load balancers and what they lead to with boto3.

    python tests/it/wire_truth_elb.py URL
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

URL = sys.argv[1]
TAGS = [{"Key": "infra:project", "Value": "a b/c"}, {"Key": "Name", "Value": "x+y=z"}]
SERVICE = "elasticloadbalancing"


def client(service):
    return boto3.client(
        service,
        endpoint_url=URL,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 1}, proxies={}),
    )


EC2, ELB = client("ec2"), client("elbv2")


def same(got, wanted):
    assert got == wanted, f"\n got    {got}\n wanted {wanted}"


def has(found, **wanted):
    same({name: found.get(name) for name in wanted}, wanted)


def refused(code, call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        same(error.response["Error"]["Code"], code)
        return
    raise AssertionError(f"{code} was expected")


def by_key(pairs):
    return {pair["Key"]: pair["Value"] for pair in pairs}


class Network:
    """A VPC that the internet reaches, with three subnets and an instance."""

    def __init__(self):
        self.vpc = EC2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        gateway = EC2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        EC2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        self.gateway = gateway
        self.subnets = [
            EC2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{at}.0/24",
                              AvailabilityZone=f"eu-west-1{zone}")["Subnet"]["SubnetId"]
            for at, zone in enumerate("abc")]
        self.front, self.back = (
            EC2.create_security_group(VpcId=self.vpc, GroupName=name, Description=name)["GroupId"]
            for name in ("front", "back"))
        EC2.authorize_security_group_ingress(GroupId=self.back, IpPermissions=[{
            "IpProtocol": "tcp", "FromPort": 8000, "ToPort": 8000,
            "UserIdGroupPairs": [{"GroupId": self.front}]}])

    def instance(self):
        image = EC2.describe_images(Owners=["amazon"], Filters=[
            {"Name": "architecture", "Values": ["x86_64"]}])["Images"][0]["ImageId"]
        made = EC2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1,
                                 SubnetId=self.subnets[0], SecurityGroupIds=[self.back])
        return made["Instances"][0]

    def interfaces(self, description):
        filters = [{"Name": "description", "Values": [description]}]
        return EC2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]

    def delete(self):
        for group in (self.back, self.front):
            EC2.delete_security_group(GroupId=group)
        for subnet in self.subnets:
            EC2.delete_subnet(SubnetId=subnet)
        EC2.detach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        EC2.delete_internet_gateway(InternetGatewayId=self.gateway)
        EC2.delete_vpc(VpcId=self.vpc)


def tags_of(arn):
    found = ELB.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    same([one["ResourceArn"] for one in found], [arn])
    return by_key(found[0]["Tags"])


def tagged(arn):
    same(tags_of(arn), by_key(TAGS))
    ELB.add_tags(ResourceArns=[arn], Tags=[{"Key": "team", "Value": "shop"}])
    ELB.remove_tags(ResourceArns=[arn], TagKeys=["Name"])
    same(tags_of(arn), {"infra:project": "a b/c", "team": "shop"})
    index = client("resourcegroupstaggingapi").get_resources(ResourceTypeFilters=[SERVICE])
    found = {one["ResourceARN"]: by_key(one["Tags"]) for one in index["ResourceTagMappingList"]}
    same(found[arn], {"infra:project": "a b/c", "team": "shop"})


def load_balancer(net):
    asked = {"Name": "shop", "Subnets": net.subnets[:2], "SecurityGroups": [net.front],
             "Scheme": "internet-facing", "Type": "application", "IpAddressType": "ipv4",
             "Tags": TAGS}
    made = ELB.create_load_balancer(**asked)["LoadBalancers"][0]
    arn = made["LoadBalancerArn"]
    same(ELB.create_load_balancer(**asked)["LoadBalancers"][0]["LoadBalancerArn"], arn)
    refused("DuplicateLoadBalancerName", ELB.create_load_balancer,
            **(asked | {"Scheme": "internal"}))
    ELB.get_waiter("load_balancer_available").wait(LoadBalancerArns=[arn])
    ELB.get_waiter("load_balancer_exists").wait(Names=["shop"])
    found = ELB.describe_load_balancers(Names=["shop"])["LoadBalancers"][0]
    has(found, LoadBalancerArn=arn, LoadBalancerName="shop", Scheme="internet-facing",
        VpcId=net.vpc, State={"Code": "active"}, Type="application", IpAddressType="ipv4",
        SecurityGroups=[net.front], CanonicalHostedZoneId="Z32O12XQLNTSW2",
        CreatedTime=made["CreatedTime"])
    zones = [("eu-west-1a", net.subnets[0]), ("eu-west-1b", net.subnets[1])]
    same([(zone["ZoneName"], zone["SubnetId"]) for zone in found["AvailabilityZones"]], zones)
    assert found["DNSName"].endswith(".eu-west-1.elb.amazonaws.com"), found
    attributes = ELB.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    has(by_key(attributes), **{
        "idle_timeout.timeout_seconds": "60", "routing.http2.enabled": "true",
        "deletion_protection.enabled": "false", "access_logs.s3.bucket": ""})
    changed = {"idle_timeout.timeout_seconds": "90", "deletion_protection.enabled": "true"}
    pairs = [{"Key": key, "Value": value} for key, value in changed.items()]
    ELB.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=pairs)
    attributes = ELB.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    has(by_key(attributes), **changed)
    refused("OperationNotPermitted", ELB.delete_load_balancer, LoadBalancerArn=arn)
    same(ELB.set_subnets(LoadBalancerArn=arn, Subnets=net.subnets)["AvailabilityZones"][2][
        "SubnetId"], net.subnets[2])
    groups = [net.front, net.back]
    same(ELB.set_security_groups(LoadBalancerArn=arn, SecurityGroups=groups)["SecurityGroupIds"],
         groups)
    ELB.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[net.front])
    interfaces = net.interfaces("ELB " + arn.split(":loadbalancer/")[1])
    same(sorted(one["SubnetId"] for one in interfaces), sorted(net.subnets))
    has(interfaces[0], RequesterId="amazon-elb", RequesterManaged=True, Status="in-use")
    same(interfaces[0]["Attachment"]["InstanceOwnerId"], "amazon-elb")
    same([group["GroupId"] for group in interfaces[0]["Groups"]], [net.front])
    refused("DependencyViolation", EC2.delete_subnet, SubnetId=net.subnets[0])
    refused("DependencyViolation", EC2.delete_security_group, GroupId=net.front)
    tagged(arn)
    logs(arn)
    return arn


def logs(arn):
    s3 = client("s3")
    s3.create_bucket(Bucket="shop-logs",
                     CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    wanted = {"access_logs.s3.enabled": "true", "access_logs.s3.bucket": "shop-logs",
              "access_logs.s3.prefix": "alb"}
    pairs = [{"Key": key, "Value": value} for key, value in wanted.items()]
    refused("InvalidConfigurationRequest", ELB.modify_load_balancer_attributes,
            LoadBalancerArn=arn, Attributes=pairs)
    account = client("sts").get_caller_identity()["Account"]
    s3.put_bucket_policy(Bucket="shop-logs", Policy=json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::shop-logs/alb/AWSLogs/{account}/*",
            "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}}]}))
    answer = ELB.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=pairs)
    has(by_key(answer["Attributes"]), **wanted)
    off = [{"Key": "access_logs.s3.enabled", "Value": "false"}]
    ELB.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=off)


def target_groups(net):
    check = {"HealthCheckProtocol": "HTTP", "HealthCheckPort": "traffic-port",
             "HealthCheckEnabled": True, "HealthCheckPath": "/health",
             "HealthCheckIntervalSeconds": 10, "HealthCheckTimeoutSeconds": 4,
             "HealthyThresholdCount": 3, "UnhealthyThresholdCount": 4,
             "Matcher": {"HttpCode": "200-299"}}
    own = {"Protocol": "HTTP", "ProtocolVersion": "HTTP1", "Port": 8000, "VpcId": net.vpc}
    asked = own | check | {"Tags": TAGS}
    arns = {}
    for kind in ("ip", "instance"):
        name = f"by-{kind}"
        made = ELB.create_target_group(Name=name, TargetType=kind, **asked)["TargetGroups"][0]
        arns[kind] = made["TargetGroupArn"]
        found = ELB.describe_target_groups(Names=[name])["TargetGroups"][0]
        has(found, TargetGroupArn=arns[kind], TargetGroupName=name, TargetType=kind,
            IpAddressType="ipv4", LoadBalancerArns=[], **own, **check)
    arn = arns["ip"]
    refused("DuplicateTargetGroupName", ELB.create_target_group, Name="by-ip",
            TargetType="instance", **asked)
    changed = {"HealthCheckPath": "/", "HealthCheckPort": "9000",
               "Matcher": {"HttpCode": "200,204"}}
    has(ELB.modify_target_group(TargetGroupArn=arn, **changed)["TargetGroups"][0],
        **(check | changed))
    ELB.modify_target_group(TargetGroupArn=arn, HealthCheckPort="traffic-port")
    attributes = ELB.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
    has(by_key(attributes), **{
        "deregistration_delay.timeout_seconds": "300", "stickiness.enabled": "false",
        "load_balancing.algorithm.type": "round_robin"})
    wanted = {"deregistration_delay.timeout_seconds": "5", "stickiness.enabled": "true"}
    pairs = [{"Key": key, "Value": value} for key, value in wanted.items()]
    ELB.modify_target_group_attributes(TargetGroupArn=arn, Attributes=pairs)
    attributes = ELB.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
    has(by_key(attributes), **wanted)
    tagged(arn)
    return arns


def certificate(domain):
    acm, route53 = client("acm"), client("route53")
    arn = acm.request_certificate(DomainName=domain, ValidationMethod="DNS")["CertificateArn"]
    found = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    record = found["DomainValidationOptions"][0]["ResourceRecord"]
    zone = route53.create_hosted_zone(Name=domain, CallerReference=domain)["HostedZone"]["Id"]
    record = {"Name": record["Name"], "Type": record["Type"], "TTL": 300,
              "ResourceRecords": [{"Value": record["Value"]}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={
        "Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]})
    acm.get_waiter("certificate_validated").wait(CertificateArn=arn)
    return arn


def listeners(balancer, group):
    fixed = {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "no <such> thing"}
    answer = {"Type": "fixed-response", "Order": 1, "FixedResponseConfig": fixed}
    http = ELB.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, Tags=TAGS,
                               DefaultActions=[answer])["Listeners"][0]
    same(http["DefaultActions"], [answer])
    has(http, LoadBalancerArn=balancer, Port=80, Protocol="HTTP", SslPolicy=None)
    arn = http["ListenerArn"]
    assert arn.startswith(balancer.replace(":loadbalancer/", ":listener/") + "/"), arn
    refused("DuplicateListener", ELB.create_listener, LoadBalancerArn=balancer, Protocol="HTTP",
            Port=80, DefaultActions=[{"Type": "forward", "TargetGroupArn": group}])
    tagged(arn)
    one, two = certificate("one.example.com"), certificate("two.example.com")
    forward = {"TargetGroups": [{"TargetGroupArn": group, "Weight": 1}],
               "TargetGroupStickinessConfig": {"Enabled": False}}
    https = ELB.create_listener(
        LoadBalancerArn=balancer, Protocol="HTTPS", Port=443,
        SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06", Certificates=[{"CertificateArn": one}],
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}])["Listeners"][0]
    found = ELB.describe_listeners(ListenerArns=[https["ListenerArn"]])["Listeners"][0]
    has(found, Port=443, Protocol="HTTPS", SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
        Certificates=[{"CertificateArn": one}], DefaultActions=[
            {"Type": "forward", "Order": 1, "TargetGroupArn": group, "ForwardConfig": forward}])
    same(ELB.describe_target_groups(LoadBalancerArn=balancer)["TargetGroups"][0][
        "LoadBalancerArns"], [balancer])
    redirect = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    ELB.modify_listener(ListenerArn=arn, DefaultActions=[
        {"Type": "redirect", "RedirectConfig": redirect}])
    all_ = ELB.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    same(sorted(it["Port"] for it in all_), [80, 443])
    found = next(it for it in all_ if it["Port"] == 80)
    whole = redirect | {"Host": "#{host}", "Path": "/#{path}", "Query": "#{query}"}
    same(found["DefaultActions"], [{"Type": "redirect", "Order": 1, "RedirectConfig": whole}])
    ELB.add_listener_certificates(ListenerArn=https["ListenerArn"],
                                  Certificates=[{"CertificateArn": two}])
    found = ELB.describe_listener_certificates(ListenerArn=https["ListenerArn"])["Certificates"]
    same({it["CertificateArn"]: it["IsDefault"] for it in found}, {one: True, two: False})
    acm = client("acm")
    same(acm.describe_certificate(CertificateArn=two)["Certificate"]["InUseBy"], [balancer])
    refused("ResourceInUseException", acm.delete_certificate, CertificateArn=two)
    ELB.remove_listener_certificates(ListenerArn=https["ListenerArn"],
                                     Certificates=[{"CertificateArn": two}])
    acm.delete_certificate(CertificateArn=two)
    return https["ListenerArn"]


def rules(listener, groups):
    forms = [
        ({"Field": "path-pattern", "Values": ["/orders*"]}, "PathPatternConfig",
         {"Values": ["/orders*"]}),
        ({"Field": "host-header", "Values": ["api.*"]}, "HostHeaderConfig", {"Values": ["api.*"]}),
        ({"Field": "http-header", "HttpHeaderConfig": {
            "HttpHeaderName": "X-Api", "Values": ["1*"]}}, None, None),
        ({"Field": "query-string", "QueryStringConfig": {
            "Values": [{"Key": "a", "Value": "b"}]}}, None, None),
        ({"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}, None, None),
    ]
    weights = {"TargetGroups": [{"TargetGroupArn": groups["ip"], "Weight": 9},
                                {"TargetGroupArn": groups["instance"], "Weight": 1}],
               "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60}}
    made = ELB.create_rule(
        ListenerArn=listener, Priority=10, Conditions=[given for given, _, _ in forms],
        Actions=[{"Type": "forward", "ForwardConfig": weights}], Tags=TAGS)["Rules"][0]
    arn = made["RuleArn"]
    found = ELB.describe_rules(RuleArns=[arn])["Rules"][0]
    has(found, RuleArn=arn, Priority="10", IsDefault=False)
    wanted = [given | ({config: values} if config else {}) for given, config, values in forms]
    key = lambda condition: condition["Field"]
    same(sorted(found["Conditions"], key=key), sorted(wanted, key=key))
    same(found["Actions"], [{"Type": "forward", "Order": 1, "ForwardConfig": weights}])
    refused("PriorityInUse", ELB.create_rule, ListenerArn=listener, Priority=10,
            Conditions=[forms[0][0]], Actions=[{"Type": "forward", "TargetGroupArn": groups["ip"]}])
    other = ELB.create_rule(
        ListenerArn=listener, Priority=20, Conditions=[{
            "Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["PUT"]}}],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "405"}}])
    other = other["Rules"][0]["RuleArn"]
    places = [{"RuleArn": arn, "Priority": 20}, {"RuleArn": other, "Priority": 10}]
    ELB.set_rule_priorities(RulePriorities=places)
    listed = ELB.describe_rules(ListenerArn=listener)["Rules"]
    same([(it["Priority"], it["IsDefault"]) for it in listed],
         [("10", False), ("20", False), ("default", True)])
    same([it["RuleArn"] for it in listed[:2]], [other, arn])
    ELB.modify_rule(RuleArn=arn, Conditions=[{
        "Field": "path-pattern", "PathPatternConfig": {"Values": ["/a", "/b"]}}])
    found = ELB.describe_rules(RuleArns=[arn])["Rules"][0]
    same(found["Conditions"][0]["PathPatternConfig"]["Values"], ["/a", "/b"])
    tagged(arn)
    refused("ResourceInUse", ELB.delete_target_group, TargetGroupArn=groups["instance"])
    ELB.delete_rule(RuleArn=other)
    refused("RuleNotFound", ELB.delete_rule, RuleArn=other)


def health(net, groups):
    instance = net.instance()
    targets = {"ip": {"Id": instance["PrivateIpAddress"], "Port": 8000},
               "instance": {"Id": instance["InstanceId"], "Port": 8000}}
    EC2.get_waiter("instance_running").wait(InstanceIds=[instance["InstanceId"]])
    for kind, target in targets.items():
        one = {"TargetGroupArn": groups[kind], "Targets": [target]}
        ELB.register_targets(**one)
        ELB.get_waiter("target_in_service").wait(**one)
        found = ELB.describe_target_health(TargetGroupArn=groups[kind])["TargetHealthDescriptions"]
        same([(it["Target"], it["HealthCheckPort"], it["TargetHealth"]["State"]) for it in found],
             [(target, "8000", "healthy")])
    permission = {"IpProtocol": "tcp", "FromPort": 8000, "ToPort": 8000,
                  "UserIdGroupPairs": [{"GroupId": net.front}]}
    EC2.revoke_security_group_ingress(GroupId=net.back, IpPermissions=[permission])
    found = ELB.describe_target_health(TargetGroupArn=groups["ip"])["TargetHealthDescriptions"]
    has(found[0]["TargetHealth"], State="unhealthy", Reason="Target.Timeout")
    for kind, target in targets.items():
        one = {"TargetGroupArn": groups[kind], "Targets": [target]}
        ELB.deregister_targets(**one)
        ELB.get_waiter("target_deregistered").wait(**one)
    refused("InvalidTarget", ELB.register_targets, TargetGroupArn=groups["instance"],
            Targets=[{"Id": "i-0123456789abcdef0"}])
    EC2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    EC2.get_waiter("instance_terminated").wait(InstanceIds=[instance["InstanceId"]])


def teardown(net, balancer, groups):
    off = [{"Key": "deletion_protection.enabled", "Value": "false"}]
    ELB.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=off)
    ELB.delete_load_balancer(LoadBalancerArn=balancer)
    ELB.get_waiter("load_balancers_deleted").wait(LoadBalancerArns=[balancer])
    refused("LoadBalancerNotFound", ELB.describe_load_balancers, LoadBalancerArns=[balancer])
    refused("LoadBalancerNotFound", ELB.describe_listeners, LoadBalancerArn=balancer)
    ELB.delete_load_balancer(LoadBalancerArn=balancer)
    for arn in groups.values():
        ELB.delete_target_group(TargetGroupArn=arn)
        refused("TargetGroupNotFound", ELB.describe_target_groups, TargetGroupArns=[arn])
    index = client("resourcegroupstaggingapi").get_resources(ResourceTypeFilters=[SERVICE])
    same(index["ResourceTagMappingList"], [])
    same(net.interfaces("ELB " + balancer.split(":loadbalancer/")[1]), [])
    net.delete()


def main():
    net = Network()
    balancer = load_balancer(net)
    groups = target_groups(net)
    listener = listeners(balancer, groups["ip"])
    rules(listener, groups)
    health(net, groups)
    teardown(net, balancer, groups)
    print("load balancers: as expected")


main()
