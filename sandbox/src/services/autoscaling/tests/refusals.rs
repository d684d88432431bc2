//! A case for every rule: each breaks it in a fresh sandbox.

use serde_json::{Value, json};

use super::{Lab, named};
use crate::rules::{Refusal, Rule};

/// Makes the list of the cases.
macro_rules! refusals {
    ($($rule:ident: |$lab:ident| $case:expr;)*) => {
        pub(super) const CASES: &[(&Rule, fn() -> Refusal)] = &[$(
            (&super::super::rules::$rule, || {
                let $lab = Lab::new();
                $case
            }),
        )*];
    };
}

fn create(lab: &Lab, more: Value) -> Refusal {
    lab.no("CreateAutoScalingGroup", lab.input(more))
}

/// Calls an operation on the new group `web`.
fn on_group(lab: &Lab, operation: &str, more: Value) -> Refusal {
    lab.group(1, json!({}));
    lab.show();
    on(lab, operation, more)
}

fn on(lab: &Lab, operation: &str, more: Value) -> Refusal {
    let mut input = named();
    if let (Value::Object(input), Value::Object(more)) = (&mut input, more) {
        input.extend(more);
    }
    lab.no(operation, input)
}

fn hook(more: Value) -> Value {
    let mut hook = json!({
        "LifecycleHookName": "drain",
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
    });
    if let (Value::Object(hook), Value::Object(more)) = (&mut hook, more) {
        hook.extend(more);
    }
    hook
}

fn version(lab: &Lab, version: &str) -> Value {
    json!({ "LaunchTemplate": { "LaunchTemplateId": lab.template, "Version": version } })
}

/// Begins a refresh of the new group `web` that waits for a protected instance.
fn refreshing(lab: &Lab) {
    lab.group(1, json!({ "NewInstancesProtectedFromScaleIn": true }));
    lab.show();
    lab.next_version(json!({}));
    let input = json!({ "AutoScalingGroupName": "web", "DesiredConfiguration": version(lab, "2") });
    lab.ok("StartInstanceRefresh", input);
    assert_eq!(lab.refresh()["Status"], "InProgress");
}

refusals! {
    EXISTS: |lab| { lab.group(0, json!({})); create(&lab, json!({})) };
    EXISTS_PENDING_DELETE: |lab| {
        let lab = { drop(lab); Lab::slow() };
        lab.group(0, json!({}));
        lab.ok("DeleteAutoScalingGroup", named());
        create(&lab, json!({}))
    };
    NOT_FOUND: |lab| lab.no("DeleteAutoScalingGroup", named());
    PENDING_DELETE: |lab| {
        let lab = { drop(lab); Lab::slow() };
        lab.group(0, json!({}));
        lab.ok("DeleteAutoScalingGroup", named());
        on(&lab, "UpdateAutoScalingGroup", json!({ "MaxSize": 1 }))
    };
    SIZE_BOUNDS: |lab| create(&lab, json!({ "MinSize": 5 }));
    DESIRED_BOUNDS: |lab| create(&lab, json!({ "DesiredCapacity": 5 }));
    DESIRED_ABOVE: |lab| on_group(&lab, "SetDesiredCapacity", json!({ "DesiredCapacity": 5 }));
    DESIRED_BELOW: |lab| {
        lab.group(1, json!({ "MinSize": 1 }));
        on(&lab, "SetDesiredCapacity", json!({ "DesiredCapacity": 0 }))
    };
    NO_TEMPLATE: |lab| create(&lab, json!({ "LaunchTemplate": null }));
    TEMPLATE: |lab| {
        let profile = json!({ "IamInstanceProfile": { "Name": "none" } });
        let template = lab.make_template("other", profile);
        let refusal = create(&lab, json!({ "LaunchTemplate": { "LaunchTemplateId": template } }));
        assert!(refusal.message.contains("Invalid IAM Instance Profile name"));
        refusal
    };
    NO_ZONE: |lab| create(&lab, json!({ "VPCZoneIdentifier": null }));
    SUBNET: |lab| create(&lab, json!({ "VPCZoneIdentifier": "subnet-00000000000000000" }));
    ZONE_NOT_SERVED: |lab| create(&lab, json!({ "AvailabilityZones": ["eu-west-1c"] }));
    TERMINATION_POLICY: |lab| create(&lab, json!({ "TerminationPolicies": ["Random"] }));
    HEALTH_CHECK: |lab| create(&lab, json!({ "HealthCheckType": "PING" }));
    MAINTENANCE: |lab| {
        let policy = json!({ "MinHealthyPercentage": 90, "MaxHealthyPercentage": 200 });
        create(&lab, json!({ "InstanceMaintenancePolicy": policy }))
    };
    REFRESH_OWNS_TEMPLATE: |lab| {
        refreshing(&lab);
        on(&lab, "UpdateAutoScalingGroup", version(&lab, "1"))
    };
    IN_USE: |lab| on_group(&lab, "DeleteAutoScalingGroup", json!({}));
    IN_PROGRESS: |lab| {
        lab.group(1, json!({}));
        lab.show();
        lab.ok("PutLifecycleHook", {
            let mut hook = hook(json!({}));
            hook["AutoScalingGroupName"] = "web".into();
            hook
        });
        lab.update(json!({ "DesiredCapacity": 0 }));
        lab.show();
        on(&lab, "DeleteAutoScalingGroup", json!({}))
    };
    PROTECTED: |lab| {
        lab.group(0, json!({ "DeletionProtection": "prevent-force-deletion" }));
        on(&lab, "DeleteAutoScalingGroup", json!({ "ForceDelete": true }))
    };
    NOT_A_MEMBER: |lab| {
        let input = json!({ "InstanceIds": ["i-00000000000000000"], "ProtectedFromScaleIn": true });
        on_group(&lab, "SetInstanceProtection", input)
    };
    TOO_MANY_INSTANCES: |lab| {
        let ids = vec!["i-00000000000000000"; 51];
        on_group(&lab, "SetInstanceProtection", json!({
            "InstanceIds": ids, "ProtectedFromScaleIn": true,
        }))
    };
    NOT_IN_SERVICE: |lab| {
        let launching = json!({ "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING" });
        lab.group(1, json!({ "LifecycleHookSpecificationList": [hook(launching)] }));
        let id = lab.members()[0].0.clone();
        let input = json!({ "InstanceIds": [id], "ProtectedFromScaleIn": true });
        on(&lab, "SetInstanceProtection", input)
    };
    INSTANCE_UNKNOWN: |lab| lab.no("TerminateInstanceInAutoScalingGroup", json!({
        "InstanceId": "i-00000000000000000", "ShouldDecrementDesiredCapacity": false,
    }));
    BELOW_MIN: |lab| {
        lab.group(1, json!({ "MinSize": 1 }));
        let id = lab.members()[0].0.clone();
        lab.no("TerminateInstanceInAutoScalingGroup", json!({
            "InstanceId": id, "ShouldDecrementDesiredCapacity": true,
        }))
    };
    PROCESS: |lab| on_group(&lab, "SuspendProcesses", json!({ "ScalingProcesses": ["Sleep"] }));
    METRIC: |lab| on_group(&lab, "EnableMetricsCollection", json!({
        "Metrics": ["GroupMood"], "Granularity": "1Minute",
    }));
    HOOK_TRANSITION: |lab| {
        let hook = hook(json!({ "LifecycleTransition": "autoscaling:EC2_INSTANCE_RESTING" }));
        on_group(&lab, "PutLifecycleHook", hook)
    };
    HOOK_TIMEOUT: |lab| on_group(&lab, "PutLifecycleHook", hook(json!({ "HeartbeatTimeout": 29 })));
    HOOK_RESULT: |lab| on_group(&lab, "PutLifecycleHook", hook(json!({ "DefaultResult": "STAY" })));
    HOOK_LIMIT: |lab| {
        let hooks = (0..51).map(|n| hook(json!({ "LifecycleHookName": format!("hook-{n}") })));
        create(&lab, json!({ "LifecycleHookSpecificationList": hooks.collect::<Vec<_>>() }))
    };
    HOOK_NOT_FOUND: |lab| {
        on_group(&lab, "DeleteLifecycleHook", json!({ "LifecycleHookName": "drain" }))
    };
    NO_ACTION: |lab| on_group(&lab, "CompleteLifecycleAction", json!({
        "LifecycleHookName": "drain", "LifecycleActionResult": "CONTINUE",
        "InstanceId": "i-00000000000000000",
    }));
    REFRESH_IN_PROGRESS: |lab| { refreshing(&lab); on(&lab, "StartInstanceRefresh", json!({})) };
    REFRESH_PERCENTAGES: |lab| on_group(&lab, "StartInstanceRefresh", json!({
        "Preferences": { "MinHealthyPercentage": 50, "MaxHealthyPercentage": 200 },
    }));
    REFRESH_ROLLBACK: |lab| on_group(&lab, "StartInstanceRefresh", json!({
        "Preferences": { "AutoRollback": true },
    }));
    REFRESH_NOT_ACTIVE: |lab| on_group(&lab, "CancelInstanceRefresh", json!({}));
    REFRESH_IRREVERSIBLE: |lab| {
        lab.group(1, json!({ "NewInstancesProtectedFromScaleIn": true }));
        lab.show();
        lab.ok("StartInstanceRefresh", named());
        on(&lab, "RollbackInstanceRefresh", json!({}))
    };
    TAG_RESERVED: |lab| create(&lab, json!({ "Tags": [{ "Key": "aws:own", "Value": "x" }] }));
    TAG_LETTERS: |lab| create(&lab, json!({ "Tags": [{ "Key": "a", "Value": "x[0]" }] }));
    TAG_LIMIT: |lab| {
        let tags = (0..51).map(|n| json!({ "Key": format!("key-{n}"), "Value": "x" }));
        create(&lab, json!({ "Tags": tags.collect::<Vec<_>>() }))
    };
    POLICY_TYPE: |lab| on_group(&lab, "PutScalingPolicy", json!({
        "PolicyName": "cpu", "PolicyType": "TargetTrackingScaling",
    }));
    POLICY_NOT_FOUND: |lab| on_group(&lab, "DeletePolicy", json!({ "PolicyName": "cpu" }));
    TOKEN: |lab| lab.no("DescribeAutoScalingGroups", json!({ "NextToken": "!" }));
    PAGE: |lab| lab.no("DescribeAutoScalingGroups", json!({ "MaxRecords": 101 }));
    FILTER: |lab| {
        lab.group(0, json!({}));
        let filters = json!([{ "Name": "mood", "Values": ["x"] }]);
        lab.no("DescribeAutoScalingGroups", json!({ "Filters": filters }))
    };
}
