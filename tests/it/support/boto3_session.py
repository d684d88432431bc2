"""Makes boto3 calls for a test: one JSON request a line in, one JSON answer a line out.

Requests:
  {"service", "operation", "parameters"}  one call; all pages of it where boto3 can page
  {"owned": ENVIRONMENT}                  what carries our tags of that environment
  {"script", "input"}                     Python that may use `client(service)` and `input`, and
                                          whose variable `result` is the answer
Answers: {"ok": VALUE} or {"error": {"code", "message"}}. It ends when standard input closes.
"""

import base64
import datetime
import functools
import json
import sys
import traceback

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, REGION = sys.argv[1:3]
OURS = "infra:environment"
RETRIES = Config(retries={"max_attempts": 1}, proxies={})


@functools.cache
def client(service, region=REGION):
    return boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=RETRIES,
    )


def call(service, operation, parameters):
    aws = client(service)
    if aws.can_paginate(operation):
        answer = aws.get_paginator(operation).paginate(**parameters).build_full_result()
    else:
        answer = getattr(aws, operation)(**parameters)
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def is_ours(tags, environment):
    """Tags are a map, or a list whose keys are capitalised or not."""
    if not isinstance(tags, dict):
        tags = {tag.get("Key", tag.get("key")): tag.get("Value", tag.get("value")) for tag in tags}
    return tags.get(OURS) == environment


def has_ours(environment, service, operation, parameters, tags):
    """Asks for the tags of one object. What is of another test may be deleted meanwhile."""
    try:
        return is_ours(tags(call(service, operation, parameters)), environment)
    except ClientError:
        return False


def owned(environment):
    """Lists `kind id` of everything that carries our tag, read kind by kind."""
    found = []
    filters = {"Filters": [{"Name": f"tag:{OURS}", "Values": [environment]}]}
    for kind, operation, collection, key in [
        ("vpc", "describe_vpcs", "Vpcs", "VpcId"),
        ("subnet", "describe_subnets", "Subnets", "SubnetId"),
        (
            "internet_gateway",
            "describe_internet_gateways",
            "InternetGateways",
            "InternetGatewayId",
        ),
        ("route_table", "describe_route_tables", "RouteTables", "RouteTableId"),
        ("security_group", "describe_security_groups", "SecurityGroups", "GroupId"),
    ]:
        for item in call("ec2", operation, filters)[collection]:
            found.append(f"{kind} {item[key]}")
    found += owned_gateways(environment)
    for role in call("iam", "list_roles", {})["Roles"]:
        name = role["RoleName"]
        told = ("iam", "list_role_tags", {"RoleName": name}, lambda told: told["Tags"])
        if has_ours(environment, *told):
            found.append(f"iam_role {name}")
    for profile in call("iam", "list_instance_profiles", {})["InstanceProfiles"]:
        name = profile["InstanceProfileName"]
        told = ("iam", "get_instance_profile", {"InstanceProfileName": name},
                lambda told: told["InstanceProfile"].get("Tags", []))
        if has_ours(environment, *told):
            found.append(f"iam_instance_profile {name}")
    for group in call("logs", "describe_log_groups", {})["logGroups"]:
        arn = group.get("logGroupArn", group["arn"].removesuffix(":*"))
        told = ("logs", "list_tags_for_resource", {"resourceArn": arn}, lambda told: told["tags"])
        if has_ours(environment, *told):
            found.append(f"log_group {group['logGroupName']}")
    for name in call("dynamodb", "list_tables", {}).get("TableNames", []):
        try:
            arn = call("dynamodb", "describe_table", {"TableName": name})["Table"]["TableArn"]
            tags = call("dynamodb", "list_tags_of_resource", {"ResourceArn": arn})["Tags"]
        except ClientError:
            continue  # Of another test, and deleted meanwhile.
        if is_ours(tags, environment):
            found.append(f"dynamodb_table {name}")
    for repository in call("ecr", "describe_repositories", {})["repositories"]:
        arn = repository["repositoryArn"]
        told = ("ecr", "list_tags_for_resource", {"resourceArn": arn}, lambda told: told["tags"])
        if has_ours(environment, *told):
            found.append(f"ecr_repository {repository['repositoryName']}")
    found += owned_web(environment)
    found += owned_balancing(environment)
    found += owned_services(environment)
    found += owned_compute(environment)
    found += owned_secrets(environment)
    found += owned_scaling(environment)
    return sorted(found)


def owned_balancing(environment):
    """Lists load balancers and what belongs to them; those of other tests may go meanwhile."""
    found = []
    for balancer in call("elbv2", "describe_load_balancers", {})["LoadBalancers"]:
        arn = balancer["LoadBalancerArn"]
        found.append(("load_balancer", arn))
        try:
            listeners = call("elbv2", "describe_listeners", {"LoadBalancerArn": arn})["Listeners"]
            for listener in listeners:
                found.append(("listener", listener["ListenerArn"]))
                rules = call("elbv2", "describe_rules", {"ListenerArn": listener["ListenerArn"]})
                found += [("listener_rule", rule["RuleArn"]) for rule in rules["Rules"]]
        except ClientError:
            continue
    for group in call("elbv2", "describe_target_groups", {})["TargetGroups"]:
        found.append(("target_group", group["TargetGroupArn"]))
    ours = []
    for kind, arn in found:
        try:
            told = call("elbv2", "describe_tags", {"ResourceArns": [arn]})["TagDescriptions"]
        except ClientError:
            continue
        if told and is_ours(told[0]["Tags"], environment):
            ours.append(f"{kind} {arn}")
    return ours


def owned_secrets(environment):
    """Lists keys, parameters and secrets; not those that wait for their deletion."""
    found = []
    for key in call("kms", "list_keys", {}).get("Keys", []):
        name = {"KeyId": key["KeyId"]}
        try:
            state = call("kms", "describe_key", name)["KeyMetadata"]["KeyState"]
            tags = {tag["TagKey"]: tag["TagValue"]
                    for tag in call("kms", "list_resource_tags", name).get("Tags", [])}
        except ClientError:
            continue  # Of another test, and deleted meanwhile.
        if state != "PendingDeletion" and is_ours(tags, environment):
            found.append(f"kms_key {key['KeyArn']}")
    for parameter in call("ssm", "describe_parameters", {}).get("Parameters", []):
        name = parameter["Name"]
        if name.startswith("/aws/"):
            continue  # AWS's own, by the thousand on moto once one of them was read.
        told = ("ssm", "list_tags_for_resource", {"ResourceType": "Parameter", "ResourceId": name},
                lambda told: told["TagList"])
        if has_ours(environment, *told):
            found.append(f"ssm_parameter {name}")
    for secret in call("secretsmanager", "list_secrets", {}).get("SecretList", []):
        if is_ours(secret.get("Tags", []), environment):
            found.append(f"secretsmanager_secret {secret['Name']}")
    return found


def owned_scaling(environment):
    """Lists namespaces, their services, alarms and scaling targets."""
    found = []
    for kind in ("namespace", "service"):
        listed = call("servicediscovery", f"list_{kind}s", {}).get(f"{kind.capitalize()}s", [])
        found += [(f"service_discovery_{kind} {one['Id']}", "servicediscovery", one["Arn"])
                  for one in listed]
    for alarm in call("cloudwatch", "describe_alarms", {}).get("MetricAlarms", []):
        found.append((f"cloudwatch_alarm {alarm['AlarmName']}", "cloudwatch", alarm["AlarmArn"]))
    for namespace in ("ecs", "dynamodb"):
        targets = call("application-autoscaling", "describe_scalable_targets",
                       {"ServiceNamespace": namespace}).get("ScalableTargets", [])
        found += [(f"scaling_target {one['ResourceId']} {one['ScalableDimension']}",
                   "application-autoscaling", one["ScalableTargetARN"]) for one in targets]
    return [label for label, service, arn in found
            if has_ours(environment, service, "list_tags_for_resource", {"ResourceARN": arn},
                        lambda told: told["Tags"])]


def owned_web(environment):
    """Lists hosted zones, certificates and buckets; some may go while they are asked."""
    found = []
    kinds = {"keyTypes": ["RSA_2048", "EC_prime256v1", "EC_secp384r1"]}
    for certificate in call("acm", "list_certificates", {"Includes": kinds}).get(
            "CertificateSummaryList", []):
        arn = certificate["CertificateArn"]
        found.append((f"acm_certificate {arn}", "acm", "list_tags_for_certificate",
                      {"CertificateArn": arn}, lambda told: told["Tags"]))
    for zone in call("route53", "list_hosted_zones", {})["HostedZones"]:
        name = zone["Id"].rsplit("/", 1)[1]
        found.append((f"route53_zone {name}", "route53", "list_tags_for_resource",
                      {"ResourceType": "hostedzone", "ResourceId": name},
                      lambda told: told["ResourceTagSet"]["Tags"]))
    for bucket in call("s3", "list_buckets", {}).get("Buckets", []):
        name = bucket["Name"]
        found.append((f"s3_bucket {name}", "s3", "get_bucket_tagging", {"Bucket": name},
                      lambda told: told["TagSet"]))
    # A bucket without tags is refused.
    return [label for label, *told in found if has_ours(environment, *told)]


def owned_compute(environment):
    """Lists launch templates, groups and instances; terminated ones are listed for a while."""
    found = []
    for template in call("ec2", "describe_launch_templates", {})["LaunchTemplates"]:
        if is_ours(template.get("Tags", []), environment):
            found.append(f"launch_template {template['LaunchTemplateName']}")
    groups = call("autoscaling", "describe_auto_scaling_groups", {})["AutoScalingGroups"]
    for group in groups:
        if is_ours(group.get("Tags", []), environment):
            found.append(f"autoscaling_group {group['AutoScalingGroupName']}")
    for reservation in call("ec2", "describe_instances", {})["Reservations"]:
        for instance in reservation["Instances"]:
            gone = instance["State"]["Name"] == "terminated"
            if not gone and is_ours(instance.get("Tags", []), environment):
                found.append(f"instance {instance['InstanceId']}")
    return found


def owned_services(environment):
    """Lists clusters and what runs in them; what is deleted is listed for a while, and what is of
    another test may go meanwhile."""
    found = []
    for arn in call("ecs", "list_clusters", {})["clusterArns"]:
        asked = {"clusters": [arn], "include": ["TAGS"]}
        for cluster in call("ecs", "describe_clusters", asked)["clusters"]:
            if cluster["status"] != "INACTIVE" and is_ours(cluster.get("tags", []), environment):
                found.append(f"ecs_cluster {cluster['clusterName']}")
                found += owned_in(cluster["clusterName"], environment)
    providers = call("ecs", "describe_capacity_providers", {"include": ["TAGS"]})
    for provider in providers["capacityProviders"]:
        if provider["status"] != "INACTIVE" and is_ours(provider.get("tags", []), environment):
            found.append(f"ecs_capacity_provider {provider['name']}")
    families = set()
    for arn in call("ecs", "list_task_definitions", {"status": "ACTIVE"})["taskDefinitionArns"]:
        asked = {"taskDefinition": arn, "include": ["TAGS"]}
        try:
            told = client("ecs").describe_task_definition(**asked)
        except ClientError:
            continue
        if is_ours(told.get("tags", []), environment):
            families.add(f"ecs_task_definition {told['taskDefinition']['family']}")
    found += families
    return found


def owned_in(cluster, environment):
    """Lists the services of a cluster; deleted ones are listed for a while."""
    found = []
    for arn in call("ecs", "list_services", {"cluster": cluster})["serviceArns"]:
        asked = {"cluster": cluster, "services": [arn], "include": ["TAGS"]}
        for service in call("ecs", "describe_services", asked)["services"]:
            if service["status"] != "INACTIVE" and is_ours(service.get("tags", []), environment):
                found.append(f"ecs_service {cluster}/{service['serviceName']}")
    return found


def owned_gateways(environment):
    """Lists addresses, gateways and endpoints. Some filter by tags nowhere but on AWS; what is
    deleted is listed for a while."""
    found = []
    for kind, operation, collection, key in [
        ("eip", "describe_addresses", "Addresses", "AllocationId"),
        ("nat_gateway", "describe_nat_gateways", "NatGateways", "NatGatewayId"),
        (
            "egress_only_internet_gateway",
            "describe_egress_only_internet_gateways",
            "EgressOnlyInternetGateways",
            "EgressOnlyInternetGatewayId",
        ),
        ("vpc_endpoint", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    ]:
        for item in call("ec2", operation, {})[collection]:
            if item.get("State") != "deleted" and is_ours(item.get("Tags", []), environment):
                found.append(f"{kind} {item[key]}")
    return found


def answer(request):
    if "owned" in request:
        return owned(request["owned"])
    if "script" in request:
        names = {"client": client, "call": call, "input": request["input"], "result": None}
        exec(compile(request["script"], "script", "exec"), names)
        return names["result"]
    return call(request["service"], request["operation"], request["parameters"])


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{value!r} has no JSON")


for line in sys.stdin:
    try:
        reply = {"ok": answer(json.loads(line))}
    except ClientError as error:
        told = error.response["Error"]
        reply = {"error": {"code": told["Code"], "message": told["Message"]}}
    except Exception as error:
        reply = {"error": {"code": type(error).__name__, "message": traceback.format_exc()}}
    print(json.dumps(reply, default=plain), flush=True)
