//! Taking everything away: what is refused in the wrong order, what hangs, and the order that goes
//! through (aws-semantics.md 9.2, 9.3 and 11).

use serde_json::{Value, json};

use super::super::capacity_provider::HOOK;
use super::world::{World, behind};
use crate::Slow;

/// Everything around one service: a group with protection and draining, a load balancer, a
/// namespace, and a task of its own.
struct Stack {
    world: World,
    target_group: String,
    namespace: Value,
}

impl std::ops::Deref for Stack {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Stack {
    fn new(slow: Slow) -> Self {
        let world = if slow == Slow::Aws { World::slow(2) } else { World::new(2) };
        world.provider(json!({"managedTerminationProtection": "ENABLED",
            "managedScaling": {"status": "ENABLED"}}));
        let target_group = world.balanced("ip");
        let begun = world.call("servicediscovery", "CreateHttpNamespace", json!({"Name": "dev"}));
        world.skip(60);
        let done = world.call("servicediscovery", "GetOperation", begun);
        let namespace = done["Operation"]["Targets"]["NAMESPACE"].clone();
        let stack = Self { world, target_group, namespace };
        let definition = stack.revision(json!({"container": {"stopTimeout": 5}}));
        let connect = json!({"enabled": true, "namespace": "dev",
            "services": [{"portName": "http"}]});
        let more = json!({"loadBalancers": behind(&stack.target_group),
            "serviceConnectConfiguration": connect});
        stack.serve(&definition, 2, more);
        stack.until("steady", || stack.counts() == (2, 0, "COMPLETED".to_owned()));
        let network = stack.input("", 0, json!({}))["networkConfiguration"].clone();
        stack.ok(
            "RunTask",
            json!({"cluster": "main", "taskDefinition": definition,
            "networkConfiguration": network}),
        );
        stack.until("running", || stack.tasks(true).iter().all(|it| it["lastStatus"] == "RUNNING"));
        stack
    }

    /// Lets time pass until something holds, up to an hour.
    fn until(&self, what: &str, holds: impl Fn() -> bool) {
        for _ in 0..360 {
            if holds() {
                return;
            }
            self.skip(10);
        }
        panic!("not {what} within an hour");
    }

    fn code(&self, service: &str, operation: &str, input: Value) -> String {
        match self.lab.0.call(service, operation, input) {
            Ok(answer) => panic!("{operation} was not refused: {answer}"),
            Err(refusal) => refusal.code.into_owned(),
        }
    }

    /// Repeats a call while it is refused with a code that says to wait.
    fn repeat(&self, service: &str, operation: &str, input: &Value) {
        for _ in 0..180 {
            match self.lab.0.call(service, operation, input.clone()) {
                Ok(_) => return,
                Err(refusal) => assert_eq!(refusal.code, "DependencyViolation", "{operation}"),
            }
            self.skip(10);
        }
        panic!("{operation} was refused for half an hour");
    }

    fn provider_state(&self) -> Value {
        let asked = json!({"capacityProviders": ["hosts"]});
        let shown = self.ok("DescribeCapacityProviders", asked)["capacityProviders"][0].clone();
        json!([shown["status"], shown["updateStatus"]])
    }

    fn delete_service(&self) {
        let input = json!({"cluster": "main", "service": "web", "force": true});
        self.ok("DeleteService", input);
    }

    fn stop_tasks(&self) {
        for task in self.tasks(true) {
            self.ok("StopTask", json!({"cluster": "main", "task": task["taskArn"]}));
        }
    }

    fn unprotect(&self) {
        let ids: Vec<String> = self.members("hosts").into_iter().map(|(id, _)| id).collect();
        let free = json!({"AutoScalingGroupName": "hosts", "InstanceIds": ids,
            "ProtectedFromScaleIn": false});
        self.call("autoscaling", "SetInstanceProtection", free);
    }

    fn balancer(&self) -> Value {
        let all = self.call("elasticloadbalancing", "DescribeLoadBalancers", json!({}));
        all["LoadBalancers"][0]["LoadBalancerArn"].clone()
    }

    fn gateway(&self) -> Value {
        let all = self.call("ec2", "DescribeInternetGateways", json!({}));
        all["InternetGateways"][0]["InternetGatewayId"].clone()
    }
}

/// What is refused while everything is there.
fn refused_at_once(stack: &Stack) {
    let cluster = json!({"cluster": "main"});
    let group = json!({"AutoScalingGroupName": "hosts"});
    let gateway = json!({"InternetGatewayId": stack.gateway(), "VpcId": stack.vpc});
    let profile = json!({"InstanceProfileName": "host"});
    for (service, operation, input, code) in [
        ("ecs", "DeleteCluster", cluster, "ClusterContainsServicesException"),
        (
            "ecs",
            "DeleteService",
            json!({"cluster": "main", "service": "web"}),
            "InvalidParameterException",
        ),
        ("ecs", "PutClusterCapacityProviders", put_no_providers(), "ResourceInUseException"),
        ("autoscaling", "DeleteAutoScalingGroup", group, "ResourceInUse"),
        (
            "ec2",
            "DeleteSecurityGroup",
            json!({"GroupId": stack.security_group}),
            "DependencyViolation",
        ),
        ("ec2", "DeleteSubnet", json!({"SubnetId": stack.subnets[0]}), "DependencyViolation"),
        ("ec2", "DetachInternetGateway", gateway, "DependencyViolation"),
        ("ec2", "DeleteVpc", json!({"VpcId": stack.vpc}), "DependencyViolation"),
        (
            "elasticloadbalancing",
            "DeleteTargetGroup",
            json!({"TargetGroupArn": stack.target_group}),
            "ResourceInUse",
        ),
        ("servicediscovery", "DeleteNamespace", json!({"Id": stack.namespace}), "ResourceInUse"),
        ("iam", "DeleteInstanceProfile", profile, "DeleteConflict"),
        ("iam", "DeleteRole", json!({"RoleName": "host"}), "DeleteConflict"),
    ] {
        assert_eq!(stack.code(service, operation, input), code, "{operation}");
    }
    // A provider in use is deleted with success, and then is not.
    stack.ok("DeleteCapacityProvider", json!({"capacityProvider": "hosts"}));
    stack.skip(60);
    assert_eq!(stack.provider_state(), json!(["ACTIVE", "DELETE_FAILED"]));
}

/// The right order; between its steps, what is refused yet.
fn torn_down(stack: &Stack) {
    let cluster = || stack.code("ecs", "DeleteCluster", json!({"cluster": "main"}));
    stack.delete_service();
    stack.until("INACTIVE", || stack.service()["status"] == "INACTIVE");
    assert_eq!(cluster(), "ClusterContainsTasksException");
    assert_eq!(
        stack.code("ecs", "PutClusterCapacityProviders", put_no_providers()),
        "ResourceInUseException"
    );
    stack.stop_tasks();
    stack.until("stopped", || stack.tasks(false).iter().all(|it| it["lastStatus"] == "STOPPED"));
    assert_eq!(cluster(), "ClusterContainsContainerInstancesException");

    let none = json!({"MinSize": 0, "MaxSize": 0, "DesiredCapacity": 0});
    stack.resize("hosts", none);
    stack.skip(1800);
    assert_eq!(stack.members("hosts").len(), 2, "protection outlives the tasks");
    stack.unprotect();
    stack.until("empty", || stack.members("hosts").is_empty());
    stack.until("without instances", || stack.container_instances().is_empty());
    assert_eq!(cluster(), "ClusterContainsCapacityProviderException");

    stack.ok("PutClusterCapacityProviders", put_no_providers());
    stack.until("detached", || {
        let include = json!({"clusters": ["main"], "include": ["ATTACHMENTS"]});
        let shown = stack.ok("DescribeClusters", include);
        shown["clusters"][0]["attachmentsStatus"] == "UPDATE_COMPLETE"
    });
    stack.ok("DeleteCapacityProvider", json!({"capacityProvider": "hosts"}));
    stack.until("deleted", || stack.provider_state()[0] == "INACTIVE");
    let group = json!({"AutoScalingGroupName": "hosts"});
    stack.call("autoscaling", "DeleteAutoScalingGroup", group);
    stack.until("gone", || stack.group_named("hosts").is_null());
    let gone = stack.ok("DeleteCluster", json!({"cluster": "main"}));
    assert_eq!(gone["cluster"]["status"], "INACTIVE");

    stack.call("servicediscovery", "DeleteNamespace", json!({"Id": stack.namespace}));
    let target_group = json!({"TargetGroupArn": stack.target_group});
    let balancer = json!({"LoadBalancerArn": stack.balancer()});
    let used = stack.code("elasticloadbalancing", "DeleteTargetGroup", target_group.clone());
    assert_eq!(used, "ResourceInUse");
    stack.call("elasticloadbalancing", "DeleteLoadBalancer", balancer);
    stack.call("elasticloadbalancing", "DeleteTargetGroup", target_group);
    stack.repeat("ec2", "DeleteSecurityGroup", &json!({"GroupId": stack.security_group}));
    let gateway = stack.gateway();
    let detach = json!({"InternetGatewayId": gateway, "VpcId": stack.vpc});
    stack.repeat("ec2", "DetachInternetGateway", &detach);
    stack.call("ec2", "DeleteInternetGateway", json!({"InternetGatewayId": gateway}));
    for subnet in &stack.subnets {
        stack.repeat("ec2", "DeleteSubnet", &json!({"SubnetId": subnet}));
    }
    stack.call("ec2", "DeleteVpc", json!({"VpcId": stack.vpc}));
}

#[test]
fn the_wrong_order_is_refused_and_the_right_one_goes_through() {
    for slow in [Slow::None, Slow::Aws] {
        let stack = Stack::new(slow);
        refused_at_once(&stack);
        torn_down(&stack);
        let left = stack.call("ec2", "DescribeNetworkInterfaces", json!({}));
        assert_eq!(left["NetworkInterfaces"], json!([]));
    }
}

#[test]
fn a_service_whose_hosts_lost_their_rights_or_their_way_drains_for_ever() {
    let stack = Stack::new(Slow::Aws);
    let policy = json!({"RoleName": "host",
        "PolicyArn": "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"});
    stack.call("iam", "DetachRolePolicy", policy.clone());
    stack.skip(120);
    assert!(stack.container_instances().iter().all(|it| it["agentConnected"] == false));
    stack.delete_service();
    stack.skip(3 * 3600);
    assert_eq!(stack.service()["status"], "DRAINING");
    stack.call("iam", "AttachRolePolicy", policy);
    stack.until("INACTIVE", || stack.service()["status"] == "INACTIVE");
}

#[test]
fn a_target_group_that_a_service_still_names_stalls_its_deployments() {
    let stack = Stack::new(Slow::None);
    let balancer = json!({"LoadBalancerArn": stack.balancer()});
    stack.call("elasticloadbalancing", "DeleteLoadBalancer", balancer);
    let target_group = json!({"TargetGroupArn": stack.target_group});
    stack.call("elasticloadbalancing", "DeleteTargetGroup", target_group);
    stack.update(json!({"forceNewDeployment": true}));
    stack.skip(3600);
    assert_eq!(stack.counts().2, "IN_PROGRESS");
}

#[test]
fn a_group_deleted_by_force_leaves_its_instances_to_end_by_themselves() {
    let stack = Stack::new(Slow::Aws);
    let by_force = json!({"AutoScalingGroupName": "hosts", "ForceDelete": true});
    stack.call("autoscaling", "DeleteAutoScalingGroup", by_force);
    stack.until("gone", || stack.group_named("hosts").is_null());
    let subnet = json!({"SubnetId": stack.subnets[0]});
    assert_eq!(stack.code("ec2", "DeleteSubnet", subnet), "DependencyViolation");
    stack.until("without instances", || stack.container_instances().is_empty());
    stack.until("stopped", || {
        let stopped = stack.tasks(false);
        stopped.len() >= 3 && stopped.iter().all(|it| it["lastStatus"] == "STOPPED")
    });
    assert!(stack.counts().0 == 0);
}

#[test]
fn with_the_handler_of_the_hook_gone_instances_do_not_wait_for_it() {
    let stack = Stack::new(Slow::Aws);
    stack.delete_service();
    stack.until("INACTIVE", || stack.service()["status"] == "INACTIVE");
    stack.stop_tasks();
    stack.until("stopped", || stack.tasks(false).iter().all(|it| it["lastStatus"] == "STOPPED"));
    stack.ok("PutClusterCapacityProviders", put_no_providers());
    let hooks = json!({"AutoScalingGroupName": "hosts", "LifecycleHookNames": [HOOK]});
    let hooks = stack.call("autoscaling", "DescribeLifecycleHooks", hooks);
    assert_eq!(hooks["LifecycleHooks"], json!([]));
    // What the provider protected stays protected without it.
    stack.resize("hosts", json!({"MinSize": 0, "MaxSize": 0, "DesiredCapacity": 0}));
    stack.skip(1800);
    assert_eq!(stack.members("hosts").len(), 2);
    stack.unprotect();
    stack.until("empty", || stack.members("hosts").is_empty());
}

fn put_no_providers() -> Value {
    json!({"cluster": "main", "capacityProviders": [], "defaultCapacityProviderStrategy": []})
}
