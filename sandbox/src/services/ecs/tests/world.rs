//! A cluster with instances from a group, for tests of what lives in it.

use base64::Engine as _;
use serde_json::{Value, json};

use super::{Lab, container, with};
use crate::Slow;

/// A network, a group whose instances join the cluster `main`, and a load balancer.
pub(super) struct World {
    pub(super) lab: Lab,
    pub(super) vpc: String,
    /// One in each of two zones.
    pub(super) subnets: [String; 2],
    pub(super) security_group: String,
    pub(super) execution_role: String,
    pub(super) group: String,
    template: String,
}

impl std::ops::Deref for World {
    type Target = Lab;

    fn deref(&self) -> &Lab {
        &self.lab
    }
}

impl World {
    /// With so many instances, at once.
    pub(super) fn new(hosts: u32) -> Self {
        Self::over(Slow::None, hosts)
    }

    /// With AWS's slow states; the instances have joined.
    pub(super) fn slow(hosts: u32) -> Self {
        let world = Self::over(Slow::Aws, hosts);
        world.skip(300);
        world
    }

    fn over(slow: Slow, hosts: u32) -> Self {
        let lab = if slow == Slow::Aws { Lab::slow() } else { Lab::new() };
        let none = String::new;
        let mut world = Self {
            lab,
            vpc: none(),
            subnets: [none(), none()],
            security_group: none(),
            execution_role: none(),
            group: none(),
            template: none(),
        };
        world.network();
        world.execution_role = world.role("execution");
        let arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
        world.call("iam", "AttachRolePolicy", json!({"RoleName": "execution", "PolicyArn": arn}));
        world.role("host");
        let arn = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role";
        world.call("iam", "AttachRolePolicy", json!({"RoleName": "host", "PolicyArn": arn}));
        let profile = json!({"InstanceProfileName": "host"});
        world.call("iam", "CreateInstanceProfile", profile.clone());
        if slow == Slow::Aws {
            world.skip(60);
        }
        let add = with(profile, json!({"RoleName": "host"}));
        world.call("iam", "AddRoleToInstanceProfile", add);
        world.ok("CreateCluster", json!({"clusterName": "main"}));
        world.call("logs", "CreateLogGroup", json!({"logGroupName": "/ecs/web"}));
        world.template();
        world.hosts(hosts);
        world
    }

    fn network(&mut self) {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let made = self.call("ec2", "CreateVpc", json!({"CidrBlock": "10.0.0.0/16"}));
        self.vpc = text(&made["Vpc"]["VpcId"]);
        let made = self.call("ec2", "CreateInternetGateway", json!({}));
        let gateway = text(&made["InternetGateway"]["InternetGatewayId"]);
        let attach = json!({"InternetGatewayId": gateway, "VpcId": self.vpc});
        self.call("ec2", "AttachInternetGateway", attach);
        for (at, zone) in ["a", "b"].into_iter().enumerate() {
            let input = json!({"VpcId": self.vpc, "CidrBlock": format!("10.0.{at}.0/24"),
                "AvailabilityZone": format!("eu-west-1{zone}")});
            let made = self.call("ec2", "CreateSubnet", input);
            self.subnets[at] = text(&made["Subnet"]["SubnetId"]);
            let public = json!({"SubnetId": self.subnets[at],
                "MapPublicIpOnLaunch": {"Value": true}});
            self.call("ec2", "ModifySubnetAttribute", public);
        }
        let tables = self.call("ec2", "DescribeRouteTables", json!({}));
        let table = text(&tables["RouteTables"][0]["RouteTableId"]);
        let route = json!({"RouteTableId": table, "GatewayId": gateway,
            "DestinationCidrBlock": "0.0.0.0/0"});
        self.call("ec2", "CreateRoute", route);
        let group = json!({"VpcId": self.vpc, "GroupName": "open", "Description": "open"});
        self.security_group = text(&self.call("ec2", "CreateSecurityGroup", group)["GroupId"]);
        let all = json!([{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}]);
        let open = json!({"GroupId": self.security_group, "IpPermissions": all});
        self.call("ec2", "AuthorizeSecurityGroupIngress", open);
    }

    fn template(&mut self) {
        let image = crate::services::ec2::image::ecs_optimized("eu-west-1", "x86_64").unwrap().id;
        let user_data = "#!/bin/bash\necho ECS_CLUSTER=main >> /etc/ecs/ecs.config\n";
        let user_data = base64::engine::general_purpose::STANDARD.encode(user_data);
        let data = json!({"ImageId": image, "InstanceType": "t3.medium", "UserData": user_data,
            "IamInstanceProfile": {"Name": "host"}, "SecurityGroupIds": [self.security_group]});
        let input = json!({"LaunchTemplateName": "host", "LaunchTemplateData": data});
        let made = self.call("ec2", "CreateLaunchTemplate", input);
        self.template = made["LaunchTemplate"]["LaunchTemplateId"].as_str().unwrap().to_owned();
    }

    fn hosts(&mut self, count: u32) {
        self.group = self.new_group("hosts", count, true);
    }

    /// Makes a group and returns its ARN.
    pub(super) fn new_group(&self, name: &str, count: u32, protects: bool) -> String {
        let more = json!({"DesiredCapacity": count, "NewInstancesProtectedFromScaleIn": protects});
        self.grouped(name, more)
    }

    /// Makes a group of up to six, with `more`, and returns its ARN.
    pub(super) fn grouped(&self, name: &str, more: Value) -> String {
        let base = json!({
            "AutoScalingGroupName": name, "MinSize": 0, "MaxSize": 6,
            "VPCZoneIdentifier": self.subnets.join(","),
            "LaunchTemplate": {"LaunchTemplateId": self.template, "Version": "$Latest"},
        });
        self.call("autoscaling", "CreateAutoScalingGroup", with(base, more));
        self.group_named(name)["AutoScalingGroupARN"].as_str().unwrap().to_owned()
    }

    /// Has the groups launch instances of a type from now on.
    pub(super) fn launch(&self, instance_type: &str) {
        let input = json!({"LaunchTemplateId": self.template, "SourceVersion": "1",
            "LaunchTemplateData": {"InstanceType": instance_type}});
        self.call("ec2", "CreateLaunchTemplateVersion", input);
    }

    /// Changes a group.
    pub(super) fn resize(&self, name: &str, more: Value) {
        let input = with(json!({"AutoScalingGroupName": name}), more);
        self.call("autoscaling", "UpdateAutoScalingGroup", input);
    }

    /// Returns how many instances a group should have.
    pub(super) fn desired(&self, name: &str) -> u64 {
        self.group_named(name)["DesiredCapacity"].as_u64().unwrap()
    }

    /// Returns the instances of a group and the states of their lifecycles.
    pub(super) fn members(&self, name: &str) -> Vec<(String, String)> {
        let group = self.group_named(name);
        let text = |it: &Value| it.as_str().unwrap().to_owned();
        let all = group["Instances"].as_array().unwrap().iter();
        all.map(|it| (text(&it["InstanceId"]), text(&it["LifecycleState"]))).collect()
    }

    pub(super) fn group_named(&self, name: &str) -> Value {
        let input = json!({"AutoScalingGroupNames": [name]});
        let groups = self.call("autoscaling", "DescribeAutoScalingGroups", input);
        groups["AutoScalingGroups"][0].clone()
    }

    /// Makes the capacity provider `hosts` over the group `hosts` and puts it on the cluster.
    pub(super) fn provider(&self, more: Value) {
        self.provider_over(&self.group, more);
    }

    /// Makes the capacity provider `hosts` over a group and puts it on the cluster.
    pub(super) fn provider_over(&self, group: &str, more: Value) {
        let over = with(json!({"autoScalingGroupArn": group}), more);
        self.ok(
            "CreateCapacityProvider",
            json!({"name": "hosts", "autoScalingGroupProvider": over}),
        );
        self.skip(60);
        self.ok(
            "PutClusterCapacityProviders",
            json!({
                "cluster": "main", "capacityProviders": ["hosts"],
                "defaultCapacityProviderStrategy": [{"capacityProvider": "hosts", "weight": 1}],
            }),
        );
        self.skip(60);
    }

    /// Registers a revision of the family `web`, with awsvpc and port 8000, and returns its ARN.
    pub(super) fn revision(&self, more: Value) -> String {
        let port = json!([{"containerPort": 8000, "name": "http"}]);
        let logs = json!({"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/web",
            "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "web"}});
        let container = container(with(
            json!({"portMappings": port, "logConfiguration": logs}),
            more.get("container").cloned().unwrap_or_else(|| json!({})),
        ));
        let base = json!({"family": "web", "networkMode": "awsvpc", "cpu": "256", "memory": "256",
            "executionRoleArn": self.execution_role, "containerDefinitions": [container]});
        let more = with(more, json!({"container": null}));
        let made = self.ok("RegisterTaskDefinition", with(base, more));
        made["taskDefinition"]["taskDefinitionArn"].as_str().unwrap().to_owned()
    }

    /// What a service with awsvpc needs.
    pub(super) fn input(&self, definition: &str, count: u32, more: Value) -> Value {
        let network = json!({"awsvpcConfiguration": {"subnets": self.subnets,
            "securityGroups": [self.security_group]}});
        with(
            json!({"cluster": "main", "serviceName": "web", "taskDefinition": definition,
            "desiredCount": count, "networkConfiguration": network}),
            more,
        )
    }

    /// Makes the service `web`.
    pub(super) fn serve(&self, definition: &str, count: u32, more: Value) {
        self.ok("CreateService", self.input(definition, count, more));
    }

    pub(super) fn update(&self, more: Value) -> Value {
        let input = with(json!({"cluster": "main", "service": "web"}), more);
        self.ok("UpdateService", input)["service"].clone()
    }

    pub(super) fn service(&self) -> Value {
        let input = json!({"cluster": "main", "services": ["web"]});
        self.ok("DescribeServices", input)["services"][0].clone()
    }

    /// Returns running, pending and the state of the primary deployment.
    pub(super) fn counts(&self) -> (u64, u64, String) {
        let service = self.service();
        let state = service["deployments"][0]["rolloutState"].as_str().unwrap_or_default();
        let count = |name: &str| service[name].as_u64().unwrap();
        (count("runningCount"), count("pendingCount"), state.to_owned())
    }

    /// Describes the tasks of the cluster that are to run, or those that are to stop.
    pub(super) fn tasks(&self, wanted: bool) -> Vec<Value> {
        let status = if wanted { "RUNNING" } else { "STOPPED" };
        let listed = self.ok("ListTasks", json!({"cluster": "main", "desiredStatus": status}));
        let arns = listed["taskArns"].clone();
        if arns == json!([]) {
            return Vec::new();
        }
        let tasks = self.ok("DescribeTasks", json!({"cluster": "main", "tasks": arns}));
        tasks["tasks"].as_array().unwrap().clone()
    }

    pub(super) fn container_instances(&self) -> Vec<Value> {
        let listed = self.ok("ListContainerInstances", json!({"cluster": "main"}));
        let arns = listed["containerInstanceArns"].clone();
        if arns == json!([]) {
            return Vec::new();
        }
        let input = json!({"cluster": "main", "containerInstances": arns});
        let all = self.ok("DescribeContainerInstances", input);
        all["containerInstances"].as_array().unwrap().clone()
    }

    /// Returns the messages of the service, newest first.
    pub(super) fn events(&self) -> Vec<String> {
        let service = self.service();
        let events = service["events"].as_array().unwrap();
        events.iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Makes an internal load balancer and a target group that it forwards to; returns the group's
    /// ARN.
    pub(super) fn balanced(&self, target_type: &str) -> String {
        let balancer = json!({"Name": "web", "Subnets": self.subnets, "Scheme": "internal",
            "SecurityGroups": [self.security_group]});
        let made = self.call("elasticloadbalancing", "CreateLoadBalancer", balancer);
        let balancer = made["LoadBalancers"][0]["LoadBalancerArn"].clone();
        let group = self.target_group("web", target_type);
        let action = json!([{"Type": "forward", "TargetGroupArn": group}]);
        let listener = json!({"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 80,
            "DefaultActions": action});
        self.call("elasticloadbalancing", "CreateListener", listener);
        self.skip(300);
        group
    }

    /// Makes a target group that nothing forwards to.
    pub(super) fn target_group(&self, name: &str, target_type: &str) -> String {
        let group = json!({"Name": name, "Protocol": "HTTP", "Port": 8000, "VpcId": self.vpc,
            "TargetType": target_type, "HealthCheckPath": "/health"});
        let made = self.call("elasticloadbalancing", "CreateTargetGroup", group);
        made["TargetGroups"][0]["TargetGroupArn"].as_str().unwrap().to_owned()
    }
}

/// The target group of a service, for the container of [`World::revision`].
pub(super) fn behind(group: &str) -> Value {
    json!([{"targetGroupArn": group, "containerName": "app", "containerPort": 8000}])
}
