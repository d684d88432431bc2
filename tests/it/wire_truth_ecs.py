"""Makes a cluster with instances and a service, reads each part back field by field, and takes all
away in the one order that goes through, with boto3.

    python tests/it/wire_truth_ecs.py URL
"""

import base64
import json
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

URL = sys.argv[1]
REGION = "eu-west-1"
ACCOUNT = "123456789012"
ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}:"
TAGS = [{"key": "Name", "value": "x+y=z"}, {"key": "infra:project", "value": "a b/c"}]
WAIT = {"Delay": 1, "MaxAttempts": 60}


def client(service):
    return boto3.client(
        service,
        endpoint_url=URL,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 1}, proxies={}),
    )


def same(got, wanted):
    assert got == wanted, f"\n got    {got}\n wanted {wanted}"


def holds(got, wanted):
    """Compares the members named; members left out are somebody else's to check."""
    same({name: got.get(name) for name in wanted}, wanted)


def members(got, *wanted):
    same(sorted(got), sorted(wanted))


def by_key(tags):
    return sorted(tags, key=lambda tag: tag["key"])


def refused(code, call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        same(error.response["Error"]["Code"], code)
        return error.response
    raise AssertionError(f"{code} was expected")


def until(what, holds):
    for _ in range(60):
        if holds():
            return
        time.sleep(0.5)
    raise AssertionError(f"{what} does not come")


def patiently(code, call, **parameters):
    """Repeats a call while it is refused with a code that says to wait."""
    for _ in range(60):
        try:
            return call(**parameters)
        except ClientError as error:
            same(error.response["Error"]["Code"], code)
        time.sleep(0.5)
    raise AssertionError(f"{code} does not end")


def number(arn):
    return arn.rsplit("/", 1)[1]


ecs, ec2, iam = client("ecs"), client("ec2"), client("iam")
autoscaling, elb = client("autoscaling"), client("elbv2")
logs, cloud_map = client("logs"), client("servicediscovery")


def network():
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    subnets = []
    for at, zone in enumerate("ab"):
        made = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{at}.0/24",
                                 AvailabilityZone=REGION + zone)
        subnets.append(made["Subnet"]["SubnetId"])
        ec2.modify_subnet_attribute(SubnetId=subnets[at], MapPublicIpOnLaunch={"Value": True})
    table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    ec2.create_route(RouteTableId=table["RouteTables"][0]["RouteTableId"], GatewayId=gateway,
                     DestinationCidrBlock="0.0.0.0/0")
    group = ec2.create_security_group(VpcId=vpc, GroupName="open", Description="open")["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}])
    return {"vpc": vpc, "subnets": subnets, "group": group, "gateway": gateway}


def role(name, service, *policies):
    trust = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]}
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    for policy in policies:
        iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    return made["Role"]["Arn"]


def group(of):
    role("host", "ec2.amazonaws.com", "service-role/AmazonEC2ContainerServiceforEC2Role")
    iam.create_instance_profile(InstanceProfileName="host")
    patiently("NoSuchEntity", iam.add_role_to_instance_profile,
              InstanceProfileName="host", RoleName="host")
    image = client("ssm").get_parameter(
        Name="/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id")
    script = "#!/bin/bash\necho ECS_CLUSTER=main >> /etc/ecs/ecs.config\n"
    template = ec2.create_launch_template(LaunchTemplateName="host", LaunchTemplateData={
        "ImageId": image["Parameter"]["Value"], "InstanceType": "t3.medium",
        "IamInstanceProfile": {"Name": "host"}, "SecurityGroupIds": [of["group"]],
        "UserData": base64.b64encode(script.encode()).decode()})["LaunchTemplate"]
    patiently(
        "ValidationError", autoscaling.create_auto_scaling_group,
        AutoScalingGroupName="hosts", MinSize=1, MaxSize=4,
        VPCZoneIdentifier=",".join(of["subnets"]), NewInstancesProtectedFromScaleIn=True,
        LaunchTemplate={"LaunchTemplateId": template["LaunchTemplateId"], "Version": "1"})
    return hosts()["AutoScalingGroupARN"]


def hosts():
    found = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=["hosts"])
    return (found["AutoScalingGroups"] or [None])[0]


def provider():
    found = ecs.describe_capacity_providers(capacityProviders=["hosts"])["capacityProviders"][0]
    return found


def settled():
    until("the update", lambda: "IN_PROGRESS" not in provider()["updateStatus"])
    return provider()


def attached():
    shown = ecs.describe_clusters(clusters=["main"], include=["ATTACHMENTS"])["clusters"][0]
    return shown if shown["attachmentsStatus"] == "UPDATE_COMPLETE" else None


def steady():
    ecs.get_waiter("services_stable").wait(cluster="main", services=["web"], WaiterConfig=WAIT)

    def complete():
        shown = ecs.describe_services(cluster="main", services=["web"])["services"][0]
        return [one["rolloutState"] for one in shown["deployments"]] == ["COMPLETED"]
    # The waiter looks at numbers alone.
    until("the end of the deployment", complete)


def clusters():
    settings = [{"name": "containerInsights", "value": "enhanced"}]
    made = ecs.create_cluster(clusterName="main", settings=settings, tags=TAGS)["cluster"]
    empty = {
        "clusterArn": ARN + "cluster/main", "clusterName": "main", "status": "ACTIVE",
        "registeredContainerInstancesCount": 0, "runningTasksCount": 0, "pendingTasksCount": 0,
        "activeServicesCount": 0, "statistics": [], "capacityProviders": [],
        "defaultCapacityProviderStrategy": []}
    same({**made, "tags": by_key(made["tags"])}, {**empty, "settings": settings, "tags": TAGS})
    same(ecs.create_cluster(clusterName="main")["cluster"]["clusterArn"], made["clusterArn"])
    bare = ecs.describe_clusters(clusters=["main", "none"])
    same(bare["clusters"], [{**empty, "settings": [], "tags": []}])
    same(bare["failures"], [{"arn": ARN + "cluster/none", "reason": "MISSING"}])
    settings[0]["value"] = "disabled"
    ecs.update_cluster_settings(cluster="main", settings=settings)
    shown = ecs.describe_clusters(clusters=["main"], include=["SETTINGS"])["clusters"][0]
    same(shown["settings"], settings)
    same(ecs.list_clusters()["clusterArns"], [made["clusterArn"]])
    ecs.untag_resource(resourceArn=made["clusterArn"], tagKeys=["Name"])
    tags = ecs.list_tags_for_resource(resourceArn=made["clusterArn"])["tags"]
    same(tags, TAGS[1:])


def providers(arn):
    over = {"autoScalingGroupArn": arn, "managedTerminationProtection": "ENABLED"}
    refused("InvalidParameterException", ecs.create_capacity_provider, name="hosts",
            autoScalingGroupProvider=over)
    over["managedScaling"] = {"status": "ENABLED", "targetCapacity": 100,
                              "maximumScalingStepSize": 4}
    made = ecs.create_capacity_provider(name="hosts", autoScalingGroupProvider=over, tags=TAGS)
    made = made["capacityProvider"]
    full = {
        "capacityProviderArn": ARN + "capacity-provider/hosts", "name": "hosts",
        "status": "ACTIVE", "type": "EC2_AUTOSCALING",
        "autoScalingGroupProvider": {
            "autoScalingGroupArn": arn, "managedTerminationProtection": "ENABLED",
            "managedDraining": "ENABLED",
            "managedScaling": {"status": "ENABLED", "targetCapacity": 100,
                               "minimumScalingStepSize": 1, "maximumScalingStepSize": 4,
                               "instanceWarmupPeriod": 300}}}
    same({**made, "tags": by_key(made["tags"])}, {**full, "tags": TAGS})
    shown = ecs.describe_capacity_providers(capacityProviders=["hosts", "none"], include=["TAGS"])
    same(by_key(shown["capacityProviders"][0]["tags"]), TAGS)
    same(shown["failures"][0]["reason"], "MISSING")
    everything = ecs.describe_capacity_providers()["capacityProviders"]
    members([one["name"] for one in everything], "FARGATE", "FARGATE_SPOT", "hosts")
    full["autoScalingGroupProvider"]["managedScaling"]["minimumScalingStepSize"] = 2
    ecs.update_capacity_provider(name="hosts", autoScalingGroupProvider={
        "managedScaling": {"status": "ENABLED", "minimumScalingStepSize": 2}})
    same(settled(), {**full, "updateStatus": "UPDATE_COMPLETE", "tags": []})
    ecs.update_capacity_provider(name="hosts", autoScalingGroupProvider={
        "managedScaling": {"minimumScalingStepSize": 1}})
    settled()
    strategy = [{"capacityProvider": "hosts", "weight": 100, "base": 1}]
    put = ecs.put_cluster_capacity_providers(
        cluster="main", capacityProviders=["hosts"], defaultCapacityProviderStrategy=strategy)
    holds(put["cluster"], {"capacityProviders": ["hosts"],
                           "defaultCapacityProviderStrategy": strategy})
    until("the attachments", attached)
    types = [one["type"] for one in attached()["attachments"]]
    members(types, "as_policy", "managed_draining")
    hooks = autoscaling.describe_lifecycle_hooks(AutoScalingGroupName="hosts")["LifecycleHooks"]
    holds(hooks[0], {"LifecycleHookName": "ecs-managed-draining-termination-hook",
                     "HeartbeatTimeout": 3600, "DefaultResult": "CONTINUE",
                     "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"})
    policies = autoscaling.describe_policies(AutoScalingGroupName="hosts")["ScalingPolicies"]
    assert policies[0]["PolicyName"].startswith("ECSManagedAutoScalingPolicy-"), policies
    tags = {tag["Key"]: tag["Value"] for tag in hosts()["Tags"]}
    same(tags, {"AmazonECSManaged": ""})


def container(**more):
    return {"name": "app", "image": "public.ecr.aws/docker/library/nginx:1.27", "cpu": 0,
            "essential": True, "memory": 512, "portMappings": [
                {"containerPort": 8000, "hostPort": 8000, "protocol": "tcp", "name": "http"}],
            "environment": [{"name": "A", "value": "b c=\"d\""}],
            "logConfiguration": {"logDriver": "awslogs", "options": {
                "awslogs-group": "/ecs/web", "awslogs-region": REGION,
                "awslogs-stream-prefix": "web"}}, **more}


def definitions():
    execution = role("execution", "ecs-tasks.amazonaws.com",
                     "service-role/AmazonECSTaskExecutionRolePolicy")
    logs.create_log_group(logGroupName="/ecs/web")
    check = {"command": ["CMD-SHELL", "curl -f localhost:8000/health || exit 1"], "interval": 10}
    given = dict(family="web", networkMode="awsvpc", requiresCompatibilities=["EC2"], cpu="256",
                 memory="512", executionRoleArn=execution,
                 runtimePlatform={"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
                 containerDefinitions=[container(healthCheck=check, stopTimeout=5)])
    made = patiently("ClientException", ecs.register_task_definition, **given, tags=TAGS)
    arn = ARN + "task-definition/web:1"
    same(by_key(made["tags"]), TAGS)
    shown = ecs.describe_task_definition(taskDefinition="web", include=["TAGS"])
    same(by_key(shown["tags"]), TAGS)
    shown = shown["taskDefinition"]
    same(shown, made["taskDefinition"])
    holds(shown, {**given, "containerDefinitions": shown["containerDefinitions"],
                  "taskDefinitionArn": arn, "revision": 1, "status": "ACTIVE"})
    full = {**check, "timeout": 5, "retries": 3}
    holds(shown["containerDefinitions"][0], container(healthCheck=full, stopTimeout=5))
    refused("ClientException", ecs.describe_task_definition, taskDefinition="none")
    ecs.register_task_definition(**given)
    listed = ecs.list_task_definitions(familyPrefix="web", sort="DESC")["taskDefinitionArns"]
    same([name.rsplit(":", 1)[1] for name in listed], ["2", "1"])
    same(ecs.list_task_definition_families()["families"], ["web"])


def balanced(of):
    made = elb.create_load_balancer(Name="web", Subnets=of["subnets"], Scheme="internal",
                                    SecurityGroups=[of["group"]])
    of["balancer"] = made["LoadBalancers"][0]["LoadBalancerArn"]
    made = elb.create_target_group(Name="web", Protocol="HTTP", Port=8000, VpcId=of["vpc"],
                                   TargetType="ip", HealthCheckPath="/health")
    of["targets"] = made["TargetGroups"][0]["TargetGroupArn"]
    elb.create_listener(LoadBalancerArn=of["balancer"], Protocol="HTTP", Port=80, DefaultActions=[
        {"Type": "forward", "TargetGroupArn": of["targets"]}])
    begun = cloud_map.create_http_namespace(Name="dev")

    def done():
        return cloud_map.get_operation(OperationId=begun["OperationId"])["Operation"]
    until("the namespace", lambda: done()["Status"] == "SUCCESS")
    of["namespace"] = done()["Targets"]["NAMESPACE"]


def service(of):
    vpc = {"awsvpcConfiguration": {"subnets": of["subnets"], "securityGroups": [of["group"]],
                                   "assignPublicIp": "DISABLED"}}
    balancers = [{"targetGroupArn": of["targets"], "containerName": "app", "containerPort": 8000}]
    connect = {"enabled": True, "namespace": "dev", "services": [
        {"portName": "http", "clientAliases": [{"port": 80, "dnsName": "web.dev"}]}]}
    breaker = {"enable": True, "rollback": True}
    spread = [{"type": "spread", "field": "attribute:ecs.availability-zone"}]
    given = dict(
        desiredCount=2, networkConfiguration=vpc, loadBalancers=balancers,
        healthCheckGracePeriodSeconds=30, placementStrategy=spread, placementConstraints=[],
        enableExecuteCommand=True, enableECSManagedTags=True, propagateTags="SERVICE",
        availabilityZoneRebalancing="ENABLED")
    configuration = {"deploymentCircuitBreaker": breaker, "minimumHealthyPercent": 100,
                     "maximumPercent": 200}
    ecs.create_service(
        cluster="main", serviceName="web", taskDefinition="web:1", clientToken="once",
        deploymentConfiguration=configuration, serviceConnectConfiguration=connect, tags=TAGS,
        **given)
    again = dict(cluster="main", serviceName="web", taskDefinition="web:1", desiredCount=1)
    refused("InvalidParameterException", ecs.create_service, **again, networkConfiguration=vpc)
    steady()
    found = ecs.describe_services(cluster="main", services=["web", "none"], include=["TAGS"])
    same(found["failures"], [{"arn": ARN + "service/main/none", "reason": "MISSING"}])
    shown = found["services"][0]
    definition = ARN + "task-definition/web:1"
    same(by_key(shown["tags"]), TAGS)
    holds(shown, {
        **given, "serviceArn": ARN + "service/main/web", "serviceName": "web",
        "clusterArn": ARN + "cluster/main", "status": "ACTIVE", "runningCount": 2,
        "pendingCount": 0, "taskDefinition": definition, "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"}, "serviceRegistries": [],
        "capacityProviderStrategy": [{"capacityProvider": "hosts", "weight": 100, "base": 1}]})
    assert "launchType" not in shown, shown
    holds(shown["deploymentConfiguration"], {**configuration, "strategy": "ROLLING"})
    assert "steady state" in shown["events"][0]["message"] + shown["events"][1]["message"], shown
    deployment = shown["deployments"][0]
    same(len(shown["deployments"]), 1)
    holds(deployment, {
        "status": "PRIMARY", "taskDefinition": definition, "desiredCount": 2, "runningCount": 2,
        "pendingCount": 0, "failedTasks": 0, "rolloutState": "COMPLETED",
        "networkConfiguration": vpc})
    holds(deployment["serviceConnectConfiguration"], {
        "enabled": True, "services": connect["services"]})
    names = cloud_map.list_services()["Services"]
    same([one["Name"] for one in names], ["http"])
    same(deployment["serviceConnectResources"],
         [{"discoveryName": "http", "discoveryArn": names[0]["Arn"]}])
    same(ecs.list_services(cluster="main")["serviceArns"], [shown["serviceArn"]])
    healthy = elb.describe_target_health(TargetGroupArn=of["targets"])["TargetHealthDescriptions"]
    same([(one["Target"]["Port"], one["TargetHealth"]["State"]) for one in healthy],
         [(8000, "healthy")] * 2)
    past(shown)
    of["vpc configuration"] = vpc


def past(shown):
    listed = ecs.list_service_deployments(cluster="main", service="web")["serviceDeployments"]
    same([one["status"] for one in listed], ["SUCCESSFUL"])
    holds(listed[0], {"serviceArn": shown["serviceArn"], "clusterArn": shown["clusterArn"]})
    same(shown["currentServiceDeployment"], listed[0]["serviceDeploymentArn"])
    same(ecs.list_service_deployments(cluster="main", service="web", status=["STOPPED"])[
        "serviceDeployments"], [])
    arn = listed[0]["serviceDeploymentArn"]
    described = ecs.describe_service_deployments(serviceDeploymentArns=[arn, arn + "x"])
    same(described["failures"], [{"arn": arn + "x", "reason": "MISSING"}])
    described = described["serviceDeployments"][0]
    holds(described, {"status": "SUCCESSFUL", "sourceServiceRevisions": [],
                      "deploymentConfiguration": shown["deploymentConfiguration"]})
    target = described["targetServiceRevision"]
    holds(target, {"arn": listed[0]["targetServiceRevisionArn"], "requestedTaskCount": 2,
                   "runningTaskCount": 2, "pendingTaskCount": 0})
    same(described["deploymentCircuitBreaker"],
         {"status": "MONITORING_COMPLETE", "failureCount": 0, "threshold": 3})
    revision = ecs.describe_service_revisions(serviceRevisionArns=[target["arn"]])
    holds(revision["serviceRevisions"][0], {
        "serviceRevisionArn": target["arn"], "taskDefinition": shown["taskDefinition"],
        "loadBalancers": shown["loadBalancers"],
        "networkConfiguration": shown["networkConfiguration"]})


def tasks(of):
    arns = ecs.list_tasks(cluster="main", serviceName="web")["taskArns"]
    same(len(arns), 2)
    ecs.get_waiter("tasks_running").wait(cluster="main", tasks=arns, WaiterConfig=WAIT)
    found = ecs.describe_tasks(cluster="main", tasks=arns + ["none"], include=["TAGS"])
    same(found["failures"], [{"arn": ARN + "task/main/none", "reason": "MISSING"}])
    task = found["tasks"][0]
    managed = {"aws:ecs:clusterName": "main", "aws:ecs:serviceName": "web"}
    same({tag["key"]: tag["value"] for tag in task["tags"]},
         {**managed, **{tag["key"]: tag["value"] for tag in TAGS}})
    holds(task, {
        "clusterArn": ARN + "cluster/main", "lastStatus": "RUNNING", "desiredStatus": "RUNNING",
        "launchType": "EC2", "group": "service:web", "cpu": "256", "memory": "512",
        "capacityProviderName": "hosts", "healthStatus": "HEALTHY", "connectivity": "CONNECTED",
        "taskDefinitionArn": ARN + "task-definition/web:1", "enableExecuteCommand": True,
        "overrides": {"containerOverrides": []}})
    shown = ecs.describe_services(cluster="main", services=["web"])["services"][0]
    same(task["startedBy"], shown["deployments"][0]["id"])
    attachment = task["attachments"][0]
    details = {one["name"]: one["value"] for one in attachment["details"]}
    holds(attachment, {"type": "ElasticNetworkInterface", "status": "ATTACHED"})
    interface = ec2.describe_network_interfaces(NetworkInterfaceIds=[details["networkInterfaceId"]])
    holds(interface["NetworkInterfaces"][0], {
        "SubnetId": details["subnetId"], "PrivateIpAddress": details["privateIPv4Address"],
        "Status": "in-use"})
    inner = task["containers"][0]
    holds(inner, {"name": "app", "image": container()["image"], "lastStatus": "RUNNING",
                  "healthStatus": "HEALTHY", "taskArn": task["taskArn"], "networkBindings": []})
    same(inner["networkInterfaces"][0]["privateIpv4Address"], details["privateIPv4Address"])

    def listed(**filters):
        return ecs.list_tasks(cluster="main", **filters)["taskArns"]
    same(len(listed(family="web")), 2)
    same(listed(family="other"), [])
    same(len(listed(startedBy=task["startedBy"])), 2)
    same(len(listed(launchType="EC2")), 2)
    same(listed(launchType="FARGATE"), [])
    same(listed(desiredStatus="STOPPED"), [])
    assert task["taskArn"] in listed(containerInstance=task["containerInstanceArn"])
    refused("ServiceNotFoundException", ecs.list_tasks, cluster="main", serviceName="none")
    streams = logs.describe_log_streams(logGroupName="/ecs/web")["logStreams"]
    members([one["logStreamName"] for one in streams], *[f"web/app/{number(arn)}" for arn in arns])

    ran = ecs.run_task(cluster="main", taskDefinition="web:1", startedBy="me", count=1,
                       networkConfiguration=of["vpc configuration"],
                       overrides={"containerOverrides": [{"name": "app", "command": ["a"]}]})
    same(ran["failures"], [])
    own = ran["tasks"][0]["taskArn"]
    same(listed(startedBy="me"), [own])
    ecs.get_waiter("tasks_running").wait(cluster="main", tasks=[own], WaiterConfig=WAIT)
    of["own task"] = own
    protected = ecs.update_task_protection(cluster="main", tasks=[arns[0]], protectionEnabled=True)
    same(protected["protectedTasks"][0]["protectionEnabled"], True)
    got = ecs.get_task_protection(cluster="main", tasks=arns)["protectedTasks"]
    same(sum(one["protectionEnabled"] for one in got), 1)
    ecs.update_task_protection(cluster="main", tasks=[arns[0]], protectionEnabled=False)


def instances():
    arns = ecs.list_container_instances(cluster="main")["containerInstanceArns"]
    found = ecs.describe_container_instances(cluster="main", containerInstances=arns)
    same(found["failures"], [])
    ids = [one["InstanceId"] for one in hosts()["Instances"]]
    members([one["ec2InstanceId"] for one in found["containerInstances"]], *ids)
    one = found["containerInstances"][0]
    holds(one, {"status": "ACTIVE", "agentConnected": True, "capacityProviderName": "hosts",
                "pendingTasksCount": 0})
    sizes = {each["name"]: each.get("integerValue") for each in one["registeredResources"]}
    holds(sizes, {"CPU": 2048})
    left = {each["name"]: each.get("integerValue") for each in one["remainingResources"]}
    same(left["CPU"], 2048 - 256 * one["runningTasksCount"])
    same(left["MEMORY"], sizes["MEMORY"] - 512 * one["runningTasksCount"])
    attributes = {each["name"]: each.get("value") for each in one["attributes"]}
    holds(attributes, {"ecs.instance-type": "t3.medium", "ecs.os-type": "linux",
                       "ecs.cpu-architecture": "x86_64"})

    def listed(text):
        return ecs.list_container_instances(cluster="main", filter=text)["containerInstanceArns"]
    same(listed(f"ec2InstanceId == {one['ec2InstanceId']}"), [one["containerInstanceArn"]])
    same(listed("attribute:ecs.instance-type == m5.large"), [])
    same(len(listed("attribute:ecs.instance-type == t3.medium")), len(arns))
    refused("InvalidParameterException", listed_badly)


def listed_badly():
    ecs.list_container_instances(cluster="main", filter="whatever")


def deployments():
    before = ecs.list_tasks(cluster="main", serviceName="web")["taskArns"]
    ecs.update_service(cluster="main", service="web", taskDefinition="web:2")
    steady()
    after = ecs.list_tasks(cluster="main", serviceName="web")["taskArns"]
    assert not set(before) & set(after), (before, after)
    ecs.get_waiter("tasks_stopped").wait(cluster="main", tasks=before, WaiterConfig=WAIT)
    stopped = ecs.describe_tasks(cluster="main", tasks=before)["tasks"][0]
    holds(stopped, {"lastStatus": "STOPPED", "stopCode": "ServiceSchedulerInitiated"})
    listed = ecs.list_service_deployments(cluster="main", service="web")["serviceDeployments"]
    same([one["status"] for one in listed], ["SUCCESSFUL"] * 2)
    shown = ecs.describe_service_deployments(
        serviceDeploymentArns=[listed[0]["serviceDeploymentArn"]])["serviceDeployments"][0]
    same([one["arn"] for one in shown["sourceServiceRevisions"]],
         [listed[1]["targetServiceRevisionArn"]])
    missing = container(image=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/none:1")
    ecs.register_task_definition(family="web", networkMode="awsvpc", cpu="256", memory="512",
                                 containerDefinitions=[missing])
    ecs.update_service(cluster="main", service="web", taskDefinition="web:3")
    until("the way back", lambda: ecs.list_service_deployments(
        cluster="main", service="web")["serviceDeployments"][0]["status"] == "ROLLBACK_SUCCESSFUL")
    steady()
    shown = ecs.describe_services(cluster="main", services=["web"])["services"][0]
    same(shown["taskDefinition"], ARN + "task-definition/web:2")


def teardown(of):
    refused("ClusterContainsServicesException", ecs.delete_cluster, cluster="main")
    none = dict(cluster="main", capacityProviders=[], defaultCapacityProviderStrategy=[])
    refused("ResourceInUseException", ecs.put_cluster_capacity_providers, **none)
    refused("InvalidParameterException", ecs.delete_service, cluster="main", service="web")
    refused("ResourceInUse", cloud_map.delete_namespace, Id=of["namespace"])
    refused("ResourceInUse", elb.delete_target_group, TargetGroupArn=of["targets"])
    refused("ResourceInUse", autoscaling.delete_auto_scaling_group, AutoScalingGroupName="hosts")
    for subnet in of["subnets"]:
        refused("DependencyViolation", ec2.delete_subnet, SubnetId=subnet)
    refused("DependencyViolation", ec2.delete_security_group, GroupId=of["group"])
    ecs.delete_service(cluster="main", service="web", force=True)
    ecs.get_waiter("services_inactive").wait(cluster="main", services=["web"], WaiterConfig=WAIT)
    same(cloud_map.list_services()["Services"], [])
    refused("ClusterContainsTasksException", ecs.delete_cluster, cluster="main")
    stopped = ecs.stop_task(cluster="main", task=of["own task"], reason="enough")["task"]
    holds(stopped, {"desiredStatus": "STOPPED", "stoppedReason": "enough",
                    "stopCode": "UserInitiated"})
    ecs.get_waiter("tasks_stopped").wait(
        cluster="main", tasks=[of["own task"]], WaiterConfig=WAIT)
    refused("ClusterContainsContainerInstancesException", ecs.delete_cluster, cluster="main")
    ids = [one["InstanceId"] for one in hosts()["Instances"]]
    autoscaling.update_auto_scaling_group(
        AutoScalingGroupName="hosts", MinSize=0, MaxSize=0, DesiredCapacity=0)
    autoscaling.set_instance_protection(
        AutoScalingGroupName="hosts", InstanceIds=ids, ProtectedFromScaleIn=False)
    ec2.get_waiter("instance_terminated").wait(InstanceIds=ids, WaiterConfig=WAIT)
    until("an empty group", lambda: hosts()["Instances"] == [])
    refused("ClusterContainsCapacityProviderException", ecs.delete_cluster, cluster="main")
    ecs.delete_capacity_provider(capacityProvider="hosts")
    holds(settled(), {"status": "ACTIVE", "updateStatus": "DELETE_FAILED"})
    ecs.put_cluster_capacity_providers(**none)
    until("the detachment", attached)
    ecs.delete_capacity_provider(capacityProvider="hosts")
    holds(settled(), {"status": "INACTIVE", "updateStatus": "DELETE_COMPLETE"})
    autoscaling.delete_auto_scaling_group(AutoScalingGroupName="hosts")
    until("no group", lambda: hosts() is None)
    same(ecs.delete_cluster(cluster="main")["cluster"]["status"], "INACTIVE")
    same(ecs.list_clusters()["clusterArns"], [])
    for revision in "123":
        gone = ecs.deregister_task_definition(taskDefinition=f"web:{revision}")["taskDefinition"]
        same(gone["status"], "INACTIVE")
    deleted = ecs.delete_task_definitions(taskDefinitions=["web:1", "web:2"])
    same(deleted["failures"], [])
    elb.delete_load_balancer(LoadBalancerArn=of["balancer"])
    elb.delete_target_group(TargetGroupArn=of["targets"])
    cloud_map.delete_namespace(Id=of["namespace"])
    patiently("DependencyViolation", ec2.delete_security_group, GroupId=of["group"])
    patiently("DependencyViolation", ec2.detach_internet_gateway,
              InternetGatewayId=of["gateway"], VpcId=of["vpc"])
    for subnet in of["subnets"]:
        patiently("DependencyViolation", ec2.delete_subnet, SubnetId=subnet)
    ec2.delete_vpc(VpcId=of["vpc"])


OF = network()
clusters()
# After the cluster: agents that find none try again in a minute only.
GROUP = group(OF)
providers(GROUP)
definitions()
balanced(OF)
service(OF)
tasks(OF)
instances()
deployments()
teardown(OF)
