"""Creates, reads back field by field and deletes launch templates, Auto Scaling groups and what they
do, with boto3.

    python tests/it/wire_truth_compute.py URL
"""

import base64
import json
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

URL = sys.argv[1]
OURS = [{"Key": "infra:project", "Value": "a b/c"}, {"Key": "Name", "Value": "x+y=z"}]


def client(service):
    return boto3.client(
        service,
        endpoint_url=URL,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 1}, proxies={}),
    )


EC2, SCALING, IAM = client("ec2"), client("autoscaling"), client("iam")


def same(got, wanted):
    assert got == wanted, f"\n got    {got}\n wanted {wanted}"


def has(got, wanted):
    """Every member wanted is there with its value."""
    same({key: got.get(key) for key in wanted}, wanted)


def refused(code, call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        same(error.response["Error"]["Code"], code)
        return error.response["Error"]["Message"]
    raise AssertionError(f"{code} was expected")


def until(what, look, tries=200):
    for _ in range(tries):
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"never {what}")


def images():
    owned = EC2.describe_images(
        Owners=["amazon"],
        Filters=[
            {"Name": "name", "Values": ["al2023-ami-ecs-hvm-*"]},
            {"Name": "architecture", "Values": ["x86_64"]},
        ],
    )["Images"]
    newest = max(owned, key=lambda image: image["CreationDate"])
    has(newest, {"State": "available", "Architecture": "x86_64", "Public": True,
                 "RootDeviceName": "/dev/xvda", "RootDeviceType": "ebs", "ImageType": "machine",
                 "VirtualizationType": "hvm", "EnaSupport": True})
    same(newest["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"], 30)
    same([one["ImageId"] for one in EC2.describe_images(ImageIds=[newest["ImageId"]])["Images"]],
         [newest["ImageId"]])
    refused("InvalidAMIID.NotFound", EC2.describe_images, ImageIds=["ami-00000000000000000"])
    refused("InvalidAMIID.Malformed", EC2.describe_images, ImageIds=["ami-x"])
    parameter = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
    same(client("ssm").get_parameter(Name=parameter)["Parameter"]["Value"], newest["ImageId"])
    types = EC2.describe_instance_types(InstanceTypes=["t3.small"])["InstanceTypes"]
    same(types[0]["VCpuInfo"]["DefaultVCpus"], 2)
    same(types[0]["MemoryInfo"]["SizeInMiB"], 2048)
    return newest["ImageId"]


def network():
    vpc = EC2.create_vpc(CidrBlock="10.70.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        EC2.create_subnet(VpcId=vpc, CidrBlock=f"10.70.{at}.0/24",
                          AvailabilityZone=f"eu-west-1{zone}")["Subnet"]["SubnetId"]
        for at, zone in enumerate("ab")
    ]
    group = EC2.create_security_group(GroupName="host", Description="hosts", VpcId=vpc)["GroupId"]
    return vpc, subnets, group


def profile():
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
             "Principal": {"Service": "ec2.amazonaws.com"}}]}
    IAM.create_role(RoleName="host", AssumeRolePolicyDocument=json.dumps(trust))
    made = IAM.create_instance_profile(InstanceProfileName="host")["InstanceProfile"]
    IAM.add_role_to_instance_profile(InstanceProfileName="host", RoleName="host")
    return made["Arn"]


def templates(image, group):
    script = base64.b64encode(b"#!/bin/bash\necho hi\n").decode()
    data = {
        "ImageId": image,
        "InstanceType": "t3.small",
        "UserData": script,
        "SecurityGroupIds": [group],
        "IamInstanceProfile": {"Name": "host"},
        "EbsOptimized": True,
        "Monitoring": {"Enabled": True},
        "CreditSpecification": {"CpuCredits": "standard"},
        "InstanceInitiatedShutdownBehavior": "terminate",
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2,
                            "HttpEndpoint": "enabled", "InstanceMetadataTags": "enabled"},
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {
            "VolumeSize": 40, "VolumeType": "gp3", "Encrypted": True, "Iops": 3000,
            "Throughput": 125, "DeleteOnTermination": True}}],
        "TagSpecifications": [{"ResourceType": "instance", "Tags": OURS},
                              {"ResourceType": "volume", "Tags": OURS}],
        "PrivateDnsNameOptions": {"HostnameType": "ip-name"},
    }
    made = EC2.create_launch_template(
        LaunchTemplateName="host", VersionDescription="first", LaunchTemplateData=data,
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": OURS}])["LaunchTemplate"]
    has(made, {"LaunchTemplateName": "host", "DefaultVersionNumber": 1, "LatestVersionNumber": 1})
    refused("InvalidLaunchTemplateName.AlreadyExistsException", EC2.create_launch_template,
            LaunchTemplateName="host", LaunchTemplateData=data)
    found = EC2.describe_launch_templates(LaunchTemplateNames=["host"])["LaunchTemplates"][0]
    same(sorted(tag["Key"] for tag in found["Tags"]), ["Name", "infra:project"])
    one = EC2.describe_launch_template_versions(
        LaunchTemplateId=made["LaunchTemplateId"], Versions=["$Latest"])
    one = one["LaunchTemplateVersions"][0]
    has(one, {"VersionNumber": 1, "VersionDescription": "first", "DefaultVersion": True})
    got = one["LaunchTemplateData"]
    got["MetadataOptions"].pop("State", None)
    same(got, data)
    # A version over another: what is sent is laid over it.
    second = EC2.create_launch_template_version(
        LaunchTemplateName="host", SourceVersion="1",
        LaunchTemplateData={"InstanceType": "t3.medium"})["LaunchTemplateVersion"]
    has(second, {"VersionNumber": 2, "DefaultVersion": False})
    same(second["LaunchTemplateData"]["UserData"], script)
    same(second["LaunchTemplateData"]["InstanceType"], "t3.medium")
    EC2.modify_launch_template(LaunchTemplateName="host", DefaultVersion="2")
    found = EC2.describe_launch_templates()["LaunchTemplates"][0]
    has(found, {"DefaultVersionNumber": 2, "LatestVersionNumber": 2})
    latest = EC2.describe_launch_template_versions(Versions=["$Latest"])["LaunchTemplateVersions"]
    same([version["VersionNumber"] for version in latest], [2])
    both = EC2.describe_launch_template_versions(LaunchTemplateName="host")
    same([version["VersionNumber"] for version in both["LaunchTemplateVersions"]], [2, 1])
    kept = EC2.delete_launch_template_versions(LaunchTemplateName="host", Versions=["2", "9"])
    same([one["ResponseError"]["Code"] for one in kept["UnsuccessfullyDeletedLaunchTemplateVersions"]],
         ["unexpectedError", "launchTemplateVersionDoesNotExist"])
    refused("InvalidLaunchTemplateName.NotFoundException", EC2.describe_launch_templates,
            LaunchTemplateNames=["other"])
    refused("InvalidLaunchTemplateId.NotFound", EC2.delete_launch_template,
            LaunchTemplateId="lt-00000000000000000")
    return made["LaunchTemplateId"]


def group():
    return SCALING.describe_auto_scaling_groups(
        AutoScalingGroupNames=["main"])["AutoScalingGroups"][0]


def serving(count, version=None):
    members = group()["Instances"]
    fit = [one for one in members if one["LifecycleState"] == "InService"
           and version in (None, one["LaunchTemplate"]["Version"])]
    return fit if len(fit) == count == len(members) else None


def groups(template, subnets, security_group, role):
    tag = {"ResourceId": "main", "ResourceType": "auto-scaling-group", "Key": "Name",
           "Value": "x+y=z", "PropagateAtLaunch": True}
    quiet = dict(tag, Key="infra:project", Value="a b/c", PropagateAtLaunch=False)
    settings = {
        "MinSize": 1, "MaxSize": 4, "DesiredCapacity": 2, "DefaultCooldown": 60,
        "HealthCheckType": "EC2", "HealthCheckGracePeriod": 30,
        "TerminationPolicies": ["OldestInstance", "Default"],
        "NewInstancesProtectedFromScaleIn": True, "CapacityRebalance": True,
        "MaxInstanceLifetime": 86400, "DefaultInstanceWarmup": 0,
        "InstanceMaintenancePolicy": {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 150},
        "AvailabilityZoneDistribution": {"CapacityDistributionStrategy": "balanced-only"},
        "DeletionProtection": "prevent-all-deletion",
    }
    wanted = {"LaunchTemplateId": template, "Version": "1"}
    bad = dict(settings, MaxSize=0)
    refused("ValidationError", SCALING.create_auto_scaling_group, AutoScalingGroupName="bad",
            LaunchTemplate=wanted, VPCZoneIdentifier=subnets[0], **bad)
    SCALING.create_auto_scaling_group(
        AutoScalingGroupName="main", LaunchTemplate=wanted, VPCZoneIdentifier=",".join(subnets),
        Tags=[tag, quiet], **settings)
    refused("AlreadyExists", SCALING.create_auto_scaling_group, AutoScalingGroupName="main",
            LaunchTemplate=wanted, VPCZoneIdentifier=subnets[0], MinSize=0, MaxSize=0)
    found = group()
    has(found, settings)
    has(found, {"AvailabilityZones": ["eu-west-1a", "eu-west-1b"], "TargetGroupARNs": [],
                "LaunchTemplate": dict(wanted, LaunchTemplateName="host")})
    same(sorted(found["VPCZoneIdentifier"].split(",")), sorted(subnets))
    same(sorted(found["Tags"], key=lambda one: one["Key"]), [tag, quiet])
    assert found["AutoScalingGroupARN"].endswith(":autoScalingGroupName/main"), found
    by_tag = SCALING.describe_auto_scaling_groups(
        Filters=[{"Name": "tag:Name", "Values": ["x+y=z"]}])["AutoScalingGroups"]
    same([one["AutoScalingGroupName"] for one in by_tag], ["main"])
    same(SCALING.describe_auto_scaling_groups(AutoScalingGroupNames=["no"])["AutoScalingGroups"],
         [])

    members = until("two in service", lambda: serving(2))
    same(sorted(one["AvailabilityZone"] for one in members), ["eu-west-1a", "eu-west-1b"])
    for member in members:
        has(member, {"HealthStatus": "Healthy", "ProtectedFromScaleIn": True,
                     "InstanceType": "t3.small"})
        same(member["LaunchTemplate"]["Version"], "1")
    instances(members[0]["InstanceId"], subnets, security_group, role)
    told = SCALING.describe_auto_scaling_instances(
        InstanceIds=[members[0]["InstanceId"]])["AutoScalingInstances"][0]
    has(told, {"AutoScalingGroupName": "main", "LifecycleState": "InService",
               "HealthStatus": "HEALTHY", "ProtectedFromScaleIn": True})
    activities = SCALING.describe_scaling_activities(AutoScalingGroupName="main")["Activities"]
    same([one["StatusCode"] for one in activities], ["Successful", "Successful"])
    for one in activities:
        has(one, {"AutoScalingGroupName": "main", "Progress": 100,
                  "AutoScalingGroupARN": found["AutoScalingGroupARN"]})
        assert one["Description"].startswith("Launching a new EC2 instance: i-"), one
        assert one["StartTime"] <= one["EndTime"] and one["Cause"].startswith("At "), one
        assert json.loads(one["Details"])["Availability Zone"].startswith("eu-west-1"), one
    refused("ValidationError", SCALING.describe_scaling_activities, AutoScalingGroupName="no")
    return members


def instances(one, subnets, security_group, role):
    found = EC2.describe_instances(InstanceIds=[one])["Reservations"][0]["Instances"][0]
    has(found, {"InstanceType": "t3.small", "EbsOptimized": True, "Architecture": "x86_64"})
    same(found["State"]["Name"], "running")
    same(found["IamInstanceProfile"]["Arn"], role)
    same([one["GroupId"] for one in found["SecurityGroups"]], [security_group])
    same(found["MetadataOptions"]["HttpTokens"], "required")
    assert found["SubnetId"] in subnets, found
    tags = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
    has(tags, {"Name": "x+y=z", "aws:autoscaling:groupName": "main"})
    interface = found["NetworkInterfaces"][0]
    same(interface["PrivateIpAddress"], found["PrivateIpAddress"])
    told = EC2.describe_network_interfaces(
        NetworkInterfaceIds=[interface["NetworkInterfaceId"]])["NetworkInterfaces"][0]
    same(told["Attachment"]["InstanceId"], one)


def changes(subnets):
    SCALING.update_auto_scaling_group(
        AutoScalingGroupName="main", MaxSize=5, DefaultCooldown=300, MaxInstanceLifetime=0,
        CapacityRebalance=False, TerminationPolicies=["Default"], DefaultInstanceWarmup=-1,
        InstanceMaintenancePolicy={"MinHealthyPercentage": -1, "MaxHealthyPercentage": -1},
        DeletionProtection="none", NewInstancesProtectedFromScaleIn=False)
    found = group()
    has(found, {"MinSize": 1, "MaxSize": 5, "DesiredCapacity": 2, "DefaultCooldown": 300,
                "CapacityRebalance": False, "TerminationPolicies": ["Default"],
                "DeletionProtection": "none", "MaxInstanceLifetime": None,
                "DefaultInstanceWarmup": None, "InstanceMaintenancePolicy": None})
    SCALING.enable_metrics_collection(AutoScalingGroupName="main", Metrics=["GroupMinSize"],
                                      Granularity="1Minute")
    same(group()["EnabledMetrics"], [{"Metric": "GroupMinSize", "Granularity": "1Minute"}])
    SCALING.disable_metrics_collection(AutoScalingGroupName="main")
    same(group()["EnabledMetrics"], [])
    SCALING.suspend_processes(AutoScalingGroupName="main", ScalingProcesses=["AZRebalance"])
    same([one["ProcessName"] for one in group()["SuspendedProcesses"]], ["AZRebalance"])
    SCALING.resume_processes(AutoScalingGroupName="main")
    same(group()["SuspendedProcesses"], [])
    tag = {"ResourceId": "main", "ResourceType": "auto-scaling-group", "Key": "AmazonECSManaged"}
    SCALING.create_or_update_tags(Tags=[dict(tag, Value="", PropagateAtLaunch=True)])
    by = [{"Name": "key", "Values": ["AmazonECSManaged"]}]
    same(SCALING.describe_tags(Filters=by)["Tags"], [dict(tag, Value="", PropagateAtLaunch=True)])
    SCALING.delete_tags(Tags=[tag])
    same(SCALING.describe_tags(Filters=by)["Tags"], [])
    refused("ValidationError", SCALING.set_desired_capacity, AutoScalingGroupName="main",
            DesiredCapacity=6)
    SCALING.set_desired_capacity(AutoScalingGroupName="main", DesiredCapacity=3)
    until("three in service", lambda: serving(3))


def hooks():
    hook = {"LifecycleHookName": "drain", "AutoScalingGroupName": "main",
            "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
            "HeartbeatTimeout": 600, "DefaultResult": "CONTINUE"}
    SCALING.put_lifecycle_hook(**hook)
    has(SCALING.describe_lifecycle_hooks(AutoScalingGroupName="main")["LifecycleHooks"][0],
        dict(hook, GlobalTimeout=60000))
    # Protection keeps instances from scale in; the third one came when there was none any more.
    SCALING.set_desired_capacity(AutoScalingGroupName="main", DesiredCapacity=1)
    waits = until("one that waits", lambda: [one for one in group()["Instances"]
                  if one["LifecycleState"] == "Terminating:Wait"])
    same(len(waits), 1)
    about = {"AutoScalingGroupName": "main", "LifecycleHookName": "drain",
             "LifecycleActionResult": "CONTINUE"}
    SCALING.complete_lifecycle_action(InstanceId=waits[0]["InstanceId"], **about)
    refused("ValidationError", SCALING.complete_lifecycle_action,
            InstanceId=waits[0]["InstanceId"], **about)
    left = until("two left", lambda: serving(2))
    told = SCALING.describe_scaling_activities(AutoScalingGroupName="main")["Activities"]
    assert any(one["StatusCode"] == "Failed" and "protected from scale-in" in one["Description"]
               for one in told), told
    SCALING.delete_lifecycle_hook(AutoScalingGroupName="main", LifecycleHookName="drain")
    same(SCALING.describe_lifecycle_hooks(AutoScalingGroupName="main")["LifecycleHooks"], [])
    ids = [one["InstanceId"] for one in left]
    refused("ValidationError", SCALING.set_instance_protection, AutoScalingGroupName="main",
            InstanceIds=["i-00000000000000000"], ProtectedFromScaleIn=False)
    SCALING.set_instance_protection(AutoScalingGroupName="main", InstanceIds=ids,
                                    ProtectedFromScaleIn=False)
    until("one left", lambda: serving(1))


def policies():
    target = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
              "TargetValue": 50.0, "DisableScaleIn": False}
    made = SCALING.put_scaling_policy(
        AutoScalingGroupName="main", PolicyName="cpu", PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration=target)
    found = SCALING.describe_policies(AutoScalingGroupName="main")["ScalingPolicies"][0]
    has(found, {"PolicyARN": made["PolicyARN"], "PolicyType": "TargetTrackingScaling",
                "AutoScalingGroupName": "main", "PolicyName": "cpu", "Enabled": True})
    same(found["TargetTrackingConfiguration"]["TargetValue"], 50.0)
    SCALING.delete_policy(AutoScalingGroupName="main", PolicyName="cpu")
    same(SCALING.describe_policies(AutoScalingGroupName="main")["ScalingPolicies"], [])


def refreshes(template):
    refused("ActiveInstanceRefreshNotFound", SCALING.cancel_instance_refresh,
            AutoScalingGroupName="main")
    refused("ValidationError", SCALING.start_instance_refresh, AutoScalingGroupName="main",
            Preferences={"MaxHealthyPercentage": 150})
    wanted = {"LaunchTemplate": {"LaunchTemplateId": template, "Version": "2"}}
    preferences = {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 200, "SkipMatching": True,
                   "ScaleInProtectedInstances": "Refresh", "StandbyInstances": "Ignore",
                   "AutoRollback": True, "InstanceWarmup": 0}
    started = SCALING.start_instance_refresh(
        AutoScalingGroupName="main", Strategy="Rolling", DesiredConfiguration=wanted,
        Preferences=preferences)["InstanceRefreshId"]
    until("replaced", lambda: serving(1, "2"))
    all_of_them = SCALING.describe_instance_refreshes(AutoScalingGroupName="main")
    found = all_of_them["InstanceRefreshes"][0]
    has(found, {"InstanceRefreshId": started, "AutoScalingGroupName": "main",
                "Status": "Successful", "PercentageComplete": 100, "InstancesToUpdate": 0,
                "DesiredConfiguration": wanted, "Strategy": "Rolling"})
    has(found["Preferences"], preferences)
    assert found["StartTime"] <= found["EndTime"], found
    same(group()["LaunchTemplate"]["Version"], "2")
    same(serving(1, "2")[0]["InstanceType"], "t3.medium")
    # Without a word on protection it waits for protected instances, and can be ended.
    held = serving(1)[0]["InstanceId"]
    SCALING.set_instance_protection(AutoScalingGroupName="main", InstanceIds=[held],
                                    ProtectedFromScaleIn=True)
    started = SCALING.start_instance_refresh(AutoScalingGroupName="main")["InstanceRefreshId"]
    refused("InstanceRefreshInProgress", SCALING.start_instance_refresh,
            AutoScalingGroupName="main")

    def last():
        return SCALING.describe_instance_refreshes(
            AutoScalingGroupName="main", InstanceRefreshIds=[started])["InstanceRefreshes"][0]

    until("it waits", lambda: "protected" in last().get("StatusReason", ""))
    has(last(), {"Status": "InProgress", "PercentageComplete": 0, "InstancesToUpdate": 1})
    same(SCALING.cancel_instance_refresh(AutoScalingGroupName="main")["InstanceRefreshId"], started)
    until("ended", lambda: last()["Status"] == "Cancelled")
    same(serving(1)[0]["InstanceId"], held)
    SCALING.set_instance_protection(AutoScalingGroupName="main", InstanceIds=[held],
                                    ProtectedFromScaleIn=False)


def refusals(template, subnets):
    """A launch that is refused shows in the activities alone."""
    SCALING.update_auto_scaling_group(AutoScalingGroupName="main", MinSize=0, DesiredCapacity=0)
    until("none left", lambda: not group()["Instances"])
    IAM.remove_role_from_instance_profile(InstanceProfileName="host", RoleName="host")
    SCALING.set_desired_capacity(AutoScalingGroupName="main", DesiredCapacity=1)

    def last():
        return SCALING.describe_scaling_activities(
            AutoScalingGroupName="main", MaxRecords=1)["Activities"][0]

    until("a failed launch", lambda: last()["StatusCode"] == "Failed")
    assert "Launching EC2 instance failed" in last()["StatusMessage"], last()
    message = refused("ValidationError", SCALING.create_auto_scaling_group,
                      AutoScalingGroupName="other", MinSize=0, MaxSize=0,
                      VPCZoneIdentifier=subnets[0],
                      LaunchTemplate={"LaunchTemplateId": template, "Version": "9"})
    assert message.startswith("You must use a valid fully-formed launch template."), message
    IAM.add_role_to_instance_profile(InstanceProfileName="host", RoleName="host")
    SCALING.update_auto_scaling_group(AutoScalingGroupName="main", DesiredCapacity=1)
    until("one in service", lambda: serving(1))


def the_end(template, vpc, subnets, security_group):
    refused("ResourceInUse", SCALING.delete_auto_scaling_group, AutoScalingGroupName="main")
    last = serving(1)[0]["InstanceId"]
    refused("DependencyViolation", EC2.delete_subnet,
            SubnetId=EC2.describe_instances(InstanceIds=[last])["Reservations"][0]["Instances"][0][
                "SubnetId"])
    SCALING.delete_auto_scaling_group(AutoScalingGroupName="main", ForceDelete=True)
    until("gone", lambda: not SCALING.describe_auto_scaling_groups(
        AutoScalingGroupNames=["main"])["AutoScalingGroups"])
    until("terminated", lambda: EC2.describe_instances(InstanceIds=[last])["Reservations"][0][
        "Instances"][0]["State"]["Name"] == "terminated")
    refused("ValidationError", SCALING.update_auto_scaling_group, AutoScalingGroupName="main",
            MinSize=0)
    EC2.delete_launch_template(LaunchTemplateId=template)
    same(EC2.describe_launch_templates()["LaunchTemplates"], [])
    for subnet in subnets:
        EC2.delete_subnet(SubnetId=subnet)
    EC2.delete_security_group(GroupId=security_group)
    EC2.delete_vpc(VpcId=vpc)


IMAGE = images()
VPC, SUBNETS, SECURITY_GROUP = network()
ROLE = profile()
TEMPLATE = templates(IMAGE, SECURITY_GROUP)
groups(TEMPLATE, SUBNETS, SECURITY_GROUP, ROLE)
changes(SUBNETS)
hooks()
policies()
refreshes(TEMPLATE)
refusals(TEMPLATE, SUBNETS)
the_end(TEMPLATE, VPC, SUBNETS, SECURITY_GROUP)
