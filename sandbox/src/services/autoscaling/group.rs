//! What a group is.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::hook::Hook;
use super::refresh::Refresh;
use crate::clock::Time;
use crate::services::Members as _;
use crate::services::ec2::{self, launch_template};

/// An Auto Scaling group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) created: Time,
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) desired: u32,
    /// Its subnets in the order given; none where it was made for zones alone.
    pub(crate) subnets: Vec<String>,
    pub(crate) zones: Vec<String>,
    pub(crate) template: TemplateRef,
    pub(crate) tags: BTreeMap<String, Tag>,
    pub(crate) hooks: BTreeMap<String, Hook>,
    pub(crate) instances: Vec<Member>,
    /// Whether new instances are protected from scale in.
    pub(crate) protects_new: bool,
    /// `none`, `prevent-force-deletion` or `prevent-all-deletion`.
    pub(crate) deletion_protection: String,
    pub(super) termination_policies: Vec<String>,
    /// The scaling processes that are suspended.
    pub(super) suspended: BTreeSet<String>,
    pub(super) metrics: BTreeSet<String>,
    /// Its scaling policies by name, as they were put.
    pub(crate) policies: BTreeMap<String, Map<String, Value>>,
    /// Members that are kept and shown and do nothing else here.
    pub(super) settings: Map<String, Value>,
    /// Newest last.
    pub(super) refreshes: Vec<Refresh>,
    /// When it next looks at itself.
    pub(super) act: Option<Time>,
    /// Why its size last changed, as activities tell it.
    pub(super) cause: String,
    /// When it vanishes, once its deletion was asked for.
    pub(super) gone: Option<Time>,
    /// Whether it has said that protection keeps it from scaling in.
    pub(super) said_protected: bool,
}

/// A tag of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tag {
    pub(crate) value: String,
    /// Whether instances get it when they are launched.
    pub(crate) propagates: bool,
}

/// The version of a launch template that a group or an instance goes by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TemplateRef {
    pub(crate) id: String,
    pub(crate) name: String,
    /// A number, `$Default` or `$Latest`.
    pub(crate) version: String,
}

impl TemplateRef {
    pub(super) fn show(&self) -> Value {
        json!({
            "LaunchTemplateId": self.id,
            "LaunchTemplateName": self.name,
            "Version": self.version,
        })
    }

    /// Returns what it says at present, with the number of the version that it stands for.
    pub(super) fn data(
        &self,
        view: ec2::View<'_>,
    ) -> Result<(u64, Map<String, Value>), crate::rules::Refusal> {
        let mut named = Map::new();
        named.insert("LaunchTemplateId".to_owned(), self.id.clone().into());
        named.insert("Version".to_owned(), self.version.clone().into());
        let ((_, number), data) = launch_template::data(view, &named)?;
        Ok((number, data))
    }
}

/// An instance of a group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) zone: String,
    pub(crate) instance_type: String,
    pub(crate) image: String,
    pub(crate) template: TemplateRef,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) protected: bool,
    pub(crate) healthy: bool,
    /// When its state ends; not for one in service or one that waits for hooks.
    pub(super) until: Option<Time>,
    /// The hooks it waits for, with when each times out.
    pub(super) waits: BTreeMap<String, Time>,
    /// Since when it is in service.
    pub(super) in_service: Option<Time>,
    /// The activity that launches or terminates it.
    pub(super) activity: String,
}

/// Where an instance is in its life within the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Lifecycle {
    Pending,
    PendingWait,
    InService,
    Terminating,
    TerminatingWait,
    TerminatingProceed,
}

impl Lifecycle {
    /// Returns it as the API names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::PendingWait => "Pending:Wait",
            Self::InService => "InService",
            Self::Terminating => "Terminating",
            Self::TerminatingWait => "Terminating:Wait",
            Self::TerminatingProceed => "Terminating:Proceed",
        }
    }

    /// Tells whether the instance counts towards the group's capacity.
    pub(crate) fn counts(self) -> bool {
        matches!(self, Self::Pending | Self::PendingWait | Self::InService)
    }
}

impl Group {
    /// Makes the group look at itself at a time, or earlier if it will anyway.
    pub(super) fn wake(&mut self, at: Time) {
        self.act = Some(self.act.map_or(at, |known| known.min(at)));
        if let Some(refresh) = self.refreshes.last_mut().filter(|it| it.is_active()) {
            refresh.wake(at);
        }
    }

    /// Returns an instance of the group.
    pub(crate) fn member(&self, id: &str) -> Option<&Member> {
        self.instances.iter().find(|member| member.id == id)
    }

    pub(super) fn member_mut(&mut self, id: &str) -> Option<&mut Member> {
        self.instances.iter_mut().find(|member| member.id == id)
    }

    /// Returns the refresh that runs, if one does.
    pub(super) fn active_refresh(&self) -> Option<&Refresh> {
        self.refreshes.last().filter(|refresh| refresh.is_active())
    }

    /// How many of its instances count towards its capacity.
    pub(crate) fn capacity(&self) -> usize {
        self.instances.iter().filter(|member| member.lifecycle.counts()).count()
    }

    /// Shows the group as DescribeAutoScalingGroups does.
    pub(super) fn show(&self, with_instances: bool, account: &str, partition: &str) -> Value {
        let instances: Vec<Value> = self.instances.iter().map(Member::show).collect();
        let role = format!(
            "arn:{partition}:iam::{account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
        );
        let metrics = self.metrics.iter();
        let suspended = self.suspended.iter();
        let mut shown = json!({
            "AutoScalingGroupName": self.name,
            "AutoScalingGroupARN": self.arn,
            "LaunchTemplate": self.template.show(),
            "MinSize": self.min,
            "MaxSize": self.max,
            "DesiredCapacity": self.desired,
            "DefaultCooldown": 300,
            "AvailabilityZones": self.zones,
            "LoadBalancerNames": [],
            "TargetGroupARNs": [],
            "HealthCheckType": "EC2",
            "HealthCheckGracePeriod": 0,
            "CreatedTime": self.created.to_string(),
            "SuspendedProcesses": suspended.map(|name| json!({
                "ProcessName": name,
                "SuspensionReason": "User suspended",
            })).collect::<Vec<_>>(),
            "VPCZoneIdentifier": self.subnets.join(","),
            "EnabledMetrics": metrics.map(|name| json!({
                "Metric": name,
                "Granularity": "1Minute",
            })).collect::<Vec<_>>(),
            "Status": self.gone.map(|_| "Delete in progress"),
            "Tags": self.tags.iter().map(|(key, tag)| tag.show(&self.name, key)).collect::<Vec<_>>(),
            "TerminationPolicies": self.termination_policies,
            "NewInstancesProtectedFromScaleIn": self.protects_new,
            "ServiceLinkedRoleARN": role,
            "CapacityRebalance": false,
            "DeletionProtection": self.deletion_protection,
            "TrafficSources": [],
        });
        if with_instances {
            shown["Instances"] = instances.into();
        }
        for (member, value) in &self.settings {
            shown[member.as_str()] = value.clone();
        }
        shown
    }

    /// Returns a number among the settings.
    pub(super) fn setting(&self, name: &str) -> Option<i64> {
        self.settings.integer(name)
    }
}

impl Tag {
    pub(super) fn show(&self, group: &str, key: &str) -> Value {
        json!({
            "ResourceId": group,
            "ResourceType": "auto-scaling-group",
            "Key": key,
            "Value": self.value,
            "PropagateAtLaunch": self.propagates,
        })
    }
}

impl Member {
    pub(super) fn show(&self) -> Value {
        json!({
            "InstanceId": self.id,
            "InstanceType": self.instance_type,
            "AvailabilityZone": self.zone,
            "LifecycleState": self.lifecycle.name(),
            "HealthStatus": if self.healthy { "Healthy" } else { "Unhealthy" },
            "LaunchTemplate": self.template.show(),
            "ImageId": self.image,
            "ProtectedFromScaleIn": self.protected,
        })
    }
}
