"""Creates, reads back field by field and deletes namespaces, scaling targets and alarms with boto3.

    python tests/it/wire_truth_scaling.py URL
"""

import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

URL = sys.argv[1]
TAGS = [{"Key": "infra:project", "Value": "a b/c"}, {"Key": "Name", "Value": "x+y=z"}]


def client(service):
    return boto3.client(
        service,
        endpoint_url=URL,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 1}, proxies={}, inject_host_prefix=False),
    )


def same(got, wanted):
    assert got == wanted, f"\n got    {got}\n wanted {wanted}"


def part(got, wanted):
    """Compares the members that are wanted."""
    same({name: got.get(name) for name in wanted}, wanted)


def by_key(tags):
    return sorted(tags, key=lambda tag: tag["Key"])


def refused(code, call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        same(error.response["Error"]["Code"], code)
        return error.response
    raise AssertionError(f"{code} was expected")


def indexed(kind):
    found = client("resourcegroupstaggingapi").get_resources(ResourceTypeFilters=[kind])
    return sorted(one["ResourceARN"] for one in found["ResourceTagMappingList"])


def ended(cloud_map, answer, status="SUCCESS"):
    for _ in range(100):
        operation = cloud_map.get_operation(OperationId=answer["OperationId"])["Operation"]
        if operation["Status"] in ("SUCCESS", "FAIL"):
            same(operation["Status"], status)
            return operation
        time.sleep(0.05)
    raise AssertionError(f"not ended: {operation}")


def namespace(cloud_map, kind, name, call, wanted, **parameters):
    answer = call(Name=name, Description="names", Tags=TAGS, CreatorRequestId="one",
                  **parameters)
    operation = ended(cloud_map, answer)
    same(operation["Type"], "CREATE_NAMESPACE")
    id = operation["Targets"]["NAMESPACE"]
    found = cloud_map.get_namespace(Id=id)["Namespace"]
    arn = f"arn:aws:servicediscovery:eu-west-1:123456789012:namespace/{id}"
    part(found, {"Id": id, "Arn": arn, "Name": name, "Type": kind,
                 "Description": "names", "ServiceCount": 0, "CreatorRequestId": "one"})
    same(found["Properties"]["HttpProperties"], {"HttpName": name})
    part(found["Properties"].get("DnsProperties", {}), wanted)
    assert found["CreateDate"].year > 2000, found
    same(by_key(cloud_map.list_tags_for_resource(ResourceARN=arn)["Tags"]), by_key(TAGS))
    filters = [{"Name": "TYPE", "Values": [kind], "Condition": "EQ"}]
    listed = cloud_map.list_namespaces(Filters=filters)["Namespaces"]
    same([one["Id"] for one in listed], [id])
    refused("NamespaceAlreadyExists", call, Name=name, **parameters)
    assert arn in indexed("servicediscovery:namespace")
    return id


def cloud_map():
    cloud_map, ec2 = client("servicediscovery"), client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    http = namespace(cloud_map, "HTTP", "web", cloud_map.create_http_namespace, {})
    properties = {"DnsProperties": {"SOA": {"TTL": 60}}}
    private = namespace(cloud_map, "DNS_PRIVATE", "dev.internal",
                        cloud_map.create_private_dns_namespace, {"SOA": {"TTL": 60}}, Vpc=vpc,
                        Properties=properties)
    found = cloud_map.get_namespace(Id=private)["Namespace"]["Properties"]["DnsProperties"]
    zone = client("route53").get_hosted_zone(Id=found["HostedZoneId"])
    same(zone["VPCs"], [{"VPCRegion": "eu-west-1", "VPCId": vpc}])
    same(zone["HostedZone"]["Name"], "dev.internal.")
    change = {"Description": "others", "Properties": {"DnsProperties": {"SOA": {"TTL": 5}}}}
    ended(cloud_map, cloud_map.update_private_dns_namespace(Id=private, Namespace=change))
    found = cloud_map.get_namespace(Id=private)["Namespace"]
    same((found["Description"], found["Properties"]["DnsProperties"]["SOA"]), ("others", {"TTL": 5}))
    ended(cloud_map, cloud_map.update_http_namespace(Id=http, Namespace={"Description": "web"}))
    same(cloud_map.get_namespace(Id=http)["Namespace"]["Description"], "web")
    services(cloud_map, private)
    arn = f"arn:aws:servicediscovery:eu-west-1:123456789012:namespace/{http}"
    cloud_map.tag_resource(ResourceARN=arn, Tags=[{"Key": "team", "Value": ""}])
    cloud_map.untag_resource(ResourceARN=arn, TagKeys=["Name"])
    same(by_key(cloud_map.list_tags_for_resource(ResourceARN=arn)["Tags"]),
         [TAGS[0], {"Key": "team", "Value": ""}])
    for one in (http, private):
        same(ended(cloud_map, cloud_map.delete_namespace(Id=one))["Type"], "DELETE_NAMESPACE")
        refused("NamespaceNotFound", cloud_map.get_namespace, Id=one)
    refused("NoSuchHostedZone", client("route53").get_hosted_zone, Id=zone["HostedZone"]["Id"])
    same(cloud_map.list_namespaces()["Namespaces"], [])
    ec2.delete_vpc(VpcId=vpc)


def services(cloud_map, namespace):
    records = [{"Type": "A", "TTL": 10}, {"Type": "SRV", "TTL": 20}]
    made = cloud_map.create_service(
        Name="api", NamespaceId=namespace, Description="the API", CreatorRequestId="two",
        DnsConfig={"RoutingPolicy": "MULTIVALUE", "DnsRecords": records},
        HealthCheckCustomConfig={"FailureThreshold": 1}, Tags=TAGS)["Service"]
    id = made["Id"]
    arn = f"arn:aws:servicediscovery:eu-west-1:123456789012:service/{id}"
    found = cloud_map.get_service(Id=id)["Service"]
    same(found, made | {"InstanceCount": 0})
    part(found, {"Arn": arn, "Name": "api", "NamespaceId": namespace, "Description": "the API",
                 "Type": "DNS_HTTP", "HealthCheckCustomConfig": {"FailureThreshold": 1}})
    same((found["DnsConfig"]["RoutingPolicy"], found["DnsConfig"]["DnsRecords"]),
         ("MULTIVALUE", records))
    same(by_key(cloud_map.list_tags_for_resource(ResourceARN=arn)["Tags"]), by_key(TAGS))
    refused("ServiceAlreadyExists", cloud_map.create_service, Name="API", NamespaceId=namespace,
            DnsConfig={"DnsRecords": records})
    refused("ResourceInUse", cloud_map.delete_namespace, Id=namespace)
    filters = [{"Name": "NAMESPACE_ID", "Values": [namespace], "Condition": "EQ"}]
    listed = cloud_map.list_services(Filters=filters)["Services"]
    same([(one["Id"], one["Type"]) for one in listed], [(id, "DNS_HTTP")])
    records[0]["TTL"] = 30
    change = {"Description": "v2", "DnsConfig": {"DnsRecords": records}}
    ended(cloud_map, cloud_map.update_service(Id=id, Service=change))
    found = cloud_map.get_service(Id=id)["Service"]
    same((found["Description"], found["DnsConfig"]["DnsRecords"]), ("v2", records))
    attributes = {"AWS_INSTANCE_IPV4": "10.0.0.7", "AWS_INSTANCE_PORT": "8000", "zone": "a"}
    ended(cloud_map, cloud_map.register_instance(ServiceId=id, InstanceId="task",
                                                 Attributes=attributes))
    listed = cloud_map.list_instances(ServiceId=id)["Instances"]
    same([(one["Id"], one["Attributes"]) for one in listed], [("task", attributes)])
    met = cloud_map.discover_instances(NamespaceName="dev.internal", ServiceName="api")
    same([one["InstanceId"] for one in met["Instances"]], ["task"])
    refused("ResourceInUse", cloud_map.delete_service, Id=id)
    ended(cloud_map, cloud_map.deregister_instance(ServiceId=id, InstanceId="task"))
    cloud_map.delete_service(Id=id)
    refused("ServiceNotFound", cloud_map.get_service, Id=id)


def alarm(cloudwatch, name, **parameters):
    cloudwatch.put_metric_alarm(AlarmName=name, Tags=TAGS, **parameters)
    found = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    part(found, parameters | {"AlarmName": name, "StateValue": "INSUFFICIENT_DATA"})
    same(found["AlarmArn"], f"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}")
    tags = cloudwatch.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"]
    same(by_key(tags), by_key(TAGS))
    return found


def alarms():
    cloudwatch = client("cloudwatch")
    topic = "arn:aws:sns:eu-west-1:123456789012:alerts"
    one = {
        "Namespace": "AWS/ECS", "MetricName": "CPUUtilization", "Period": 60,
        "Dimensions": [{"Name": "ServiceName", "Value": "api"}], "Unit": "Percent",
        "EvaluationPeriods": 5, "DatapointsToAlarm": 3, "Threshold": 80.5,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold", "AlarmDescription": "a & <b>",
        "TreatMissingData": "notBreaching", "ActionsEnabled": False, "AlarmActions": [topic],
        "OKActions": [topic], "InsufficientDataActions": [],
    }
    found = alarm(cloudwatch, "busy", Statistic="Average", **one)
    assert "ExtendedStatistic" not in found, found
    percentile = {"ExtendedStatistic": "p99.5", "EvaluateLowSampleCountPercentile": "ignore"}
    alarm(cloudwatch, "slow", **one, **percentile)
    metric = {"Namespace": "AWS/SQS", "MetricName": "Sent", "Dimensions": [
        {"Name": "QueueName", "Value": "jobs"}]}
    stat = {"Metric": metric, "Period": 60, "Stat": "Sum", "Unit": "Count"}
    metrics = [{"Id": "m1", "MetricStat": stat, "ReturnData": False},
               {"Id": "e1", "Expression": "m1 / 2", "Label": "half", "ReturnData": True}]
    found = alarm(cloudwatch, "half", Metrics=metrics, EvaluationPeriods=1, Threshold=0.5,
                  ComparisonOperator="LessThanThreshold")
    assert "MetricName" not in found and "Period" not in found, found
    arns = [f"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}"
            for name in ("busy", "half", "slow")]
    same(indexed("cloudwatch:alarm"), arns)
    pages = cloudwatch.get_paginator("describe_alarms").paginate(PaginationConfig={"PageSize": 2})
    names = [one["AlarmName"] for page in pages for one in page["MetricAlarms"]]
    same(names, ["busy", "half", "slow"])
    # The whole alarm is overwritten, but its tags.
    more = [{"Key": "other", "Value": "tag"}]
    short = {name: one[name] for name in ("Namespace", "MetricName", "Period", "EvaluationPeriods",
                                          "Threshold", "ComparisonOperator")}
    cloudwatch.put_metric_alarm(AlarmName="busy", Statistic="Sum", Tags=more, **short)
    found = cloudwatch.describe_alarms(AlarmNames=["busy"])["MetricAlarms"][0]
    part(found, short | {"Statistic": "Sum", "ActionsEnabled": True, "AlarmActions": [],
                         "Dimensions": []})
    assert "AlarmDescription" not in found and "DatapointsToAlarm" not in found, found
    same(by_key(cloudwatch.list_tags_for_resource(ResourceARN=arns[0])["Tags"]), by_key(TAGS))
    cloudwatch.tag_resource(ResourceARN=arns[0], Tags=more)
    cloudwatch.untag_resource(ResourceARN=arns[0], TagKeys=["Name", "infra:project"])
    same(cloudwatch.list_tags_for_resource(ResourceARN=arns[0])["Tags"], more)
    cloudwatch.disable_alarm_actions(AlarmNames=["busy"])
    found = cloudwatch.describe_alarms(AlarmNames=["busy"])["MetricAlarms"][0]
    same(found["ActionsEnabled"], False)
    refused("ResourceNotFound", cloudwatch.delete_alarms, AlarmNames=["busy", "gone"])
    cloudwatch.delete_alarms(AlarmNames=["busy", "slow", "half"])
    same(cloudwatch.describe_alarms()["MetricAlarms"], [])


def units(dynamodb):
    for _ in range(100):
        table = dynamodb.describe_table(TableName="orders")["Table"]
        if table["TableStatus"] == "ACTIVE":
            units = table["ProvisionedThroughput"]
            return units["ReadCapacityUnits"], units["WriteCapacityUnits"]
        time.sleep(0.05)
    raise AssertionError("the table is not ACTIVE")


def scaling():
    scaling, dynamodb = client("application-autoscaling"), client("dynamodb")
    dynamodb.create_table(
        TableName="orders", BillingMode="PROVISIONED",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        ProvisionedThroughput={"ReadCapacityUnits": 2, "WriteCapacityUnits": 50})
    same(units(dynamodb), (2, 50))
    reads = {"ServiceNamespace": "dynamodb", "ResourceId": "table/orders",
             "ScalableDimension": "dynamodb:table:ReadCapacityUnits"}
    writes = reads | {"ScalableDimension": "dynamodb:table:WriteCapacityUnits"}
    refused("ValidationException", scaling.register_scalable_target, **reads, MinCapacity=5)
    refused("ObjectNotFoundException", scaling.deregister_scalable_target, **reads)
    gone = reads | {"ResourceId": "table/gone"}
    refused("ValidationException", scaling.register_scalable_target, **gone, MinCapacity=1,
            MaxCapacity=2)
    tags = {tag["Key"]: tag["Value"] for tag in TAGS}
    suspended = {"DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": False,
                 "ScheduledScalingSuspended": False}
    arn = scaling.register_scalable_target(
        **reads, MinCapacity=5, MaxCapacity=10, Tags=tags,
        SuspendedState=suspended)["ScalableTargetARN"]
    scaling.register_scalable_target(**writes, MinCapacity=1, MaxCapacity=20)
    # Registering brings the capacity into the range, from below and from above.
    same(units(dynamodb), (5, 20))
    found = scaling.describe_scalable_targets(
        ServiceNamespace="dynamodb", ResourceIds=["table/orders"],
        ScalableDimension=reads["ScalableDimension"])["ScalableTargets"][0]
    part(found, reads | {"MinCapacity": 5, "MaxCapacity": 10, "SuspendedState": suspended,
                         "ScalableTargetARN": arn})
    role = "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable"
    assert found["RoleARN"].endswith(role), found
    same(scaling.list_tags_for_resource(ResourceARN=arn)["Tags"], tags)
    assert arn in indexed("application-autoscaling:scalable-target")
    # What is not given stays, and tags of one that is there are not changed by registering it.
    scaling.register_scalable_target(**reads, MaxCapacity=12, Tags={"other": "tag"})
    found = scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"]
    same([(one["ScalableDimension"], one["MinCapacity"], one["MaxCapacity"]) for one in found],
         [(reads["ScalableDimension"], 5, 12), (writes["ScalableDimension"], 1, 20)])
    same(scaling.list_tags_for_resource(ResourceARN=arn)["Tags"], tags)
    scaling.tag_resource(ResourceARN=arn, Tags={"team": "shop"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["Name"])
    same(scaling.list_tags_for_resource(ResourceARN=arn)["Tags"],
         {"infra:project": "a b/c", "team": "shop"})
    policies(scaling, reads)
    for one in (reads, writes):
        scaling.deregister_scalable_target(**one)
    same(scaling.describe_scalable_targets(ServiceNamespace="dynamodb")["ScalableTargets"], [])
    same(client("cloudwatch").describe_alarms()["MetricAlarms"], [])
    dynamodb.delete_table(TableName="orders")


def policies(scaling, target):
    tracking = {
        "TargetValue": 70.0, "ScaleInCooldown": 60, "ScaleOutCooldown": 30, "DisableScaleIn": False,
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "DynamoDBReadCapacityUtilization"},
    }
    custom = {
        "TargetValue": 3.5, "DisableScaleIn": True, "CustomizedMetricSpecification": {
            "MetricName": "Depth", "Namespace": "Shop", "Statistic": "Average", "Unit": "Count",
            "Dimensions": [{"Name": "Queue", "Value": "jobs"}]},
    }
    made = scaling.put_scaling_policy(
        PolicyName="reads", PolicyType="TargetTrackingScaling", **target,
        TargetTrackingScalingPolicyConfiguration=tracking)
    assert made["PolicyARN"].endswith("policyName/reads"), made
    alarms = {one["AlarmName"] for one in made["Alarms"]}
    same(len(alarms), 4)
    known = client("cloudwatch").describe_alarms(AlarmNames=sorted(alarms))["MetricAlarms"]
    same({one["AlarmActions"][0] for one in known}, {made["PolicyARN"]})
    refused("ValidationException", scaling.put_scaling_policy, PolicyName="again", **target,
            PolicyType="TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration=tracking)
    scaling.put_scaling_policy(PolicyName="depth", PolicyType="TargetTrackingScaling", **target,
                               TargetTrackingScalingPolicyConfiguration=custom)
    pages = scaling.get_paginator("describe_scaling_policies").paginate(
        ServiceNamespace="dynamodb", PaginationConfig={"PageSize": 1})
    found = [one for page in pages for one in page["ScalingPolicies"]]
    same([one["PolicyName"] for one in found], ["depth", "reads"])
    part(found[1], target | {"PolicyType": "TargetTrackingScaling", "PolicyARN": made["PolicyARN"],
                             "TargetTrackingScalingPolicyConfiguration": tracking})
    same(found[0]["TargetTrackingScalingPolicyConfiguration"], custom)
    same({one["AlarmName"] for one in found[1]["Alarms"]}, alarms)
    # A policy put again keeps its ARN.
    tracking["TargetValue"] = 50.0
    again = scaling.put_scaling_policy(
        PolicyName="reads", PolicyType="TargetTrackingScaling", **target,
        TargetTrackingScalingPolicyConfiguration=tracking)
    same(again["PolicyARN"], made["PolicyARN"])
    scaling.delete_scaling_policy(PolicyName="depth", **target)
    refused("ObjectNotFoundException", scaling.delete_scaling_policy, PolicyName="depth", **target)
    left = client("cloudwatch").describe_alarms()["MetricAlarms"]
    same(len(left), 4)


cloud_map()
alarms()
scaling()
