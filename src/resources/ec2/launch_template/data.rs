//! What a version of a launch template says.

use crate::aws::{Sdk, Tags};
use crate::engine::resource::{FieldProblem, Id};
use crate::resources::ec2::security_group::SecurityGroup;
use crate::resources::ec2::subnet::Subnet;
use crate::resources::iam::instance_profile::IamInstanceProfile;
use crate::stack::value::contains_placeholder;
use aws_sdk_ec2::types as sdk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

crate::sdk_enum!(
    sdk::LaunchTemplateHttpTokensState => "LaunchTemplateHttpTokensState",
    sdk::LaunchTemplateInstanceMetadataEndpointState => "LaunchTemplateInstanceMetadataEndpointState",
    sdk::LaunchTemplateInstanceMetadataTagsState => "LaunchTemplateInstanceMetadataTagsState",
    sdk::ShutdownBehavior => "ShutdownBehavior",
    sdk::VolumeType => "VolumeType",
);

/// AWS takes this many bytes of user data at most, before they are encoded.
const USER_DATA: usize = 16 * 1024;

/// What an instance is launched with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LaunchTemplateData {
    /// Image, e.g. `ami-0123456789abcdef0`, or `resolve:ssm:` and the name of a parameter that names
    /// it when an instance is launched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
    /// Instance type, e.g. `t3.small`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// Name of a key pair for SSH.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_name: Option<String>,
    /// What the instance runs at its start, in plain text; at most 16 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_data: Option<String>,
    /// Security groups, where no network interface is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_group_ids: Option<BTreeSet<Id<SecurityGroup>>>,
    /// Instance profile, whose role the instance has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam_instance_profile: Option<InstanceProfile>,
    /// Volumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_device_mappings: Option<BTreeSet<BlockDeviceMapping>>,
    /// Network interfaces; the first one may say what its subnet would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_interfaces: Option<Vec<NetworkInterface>>,
    /// Access to the instance's metadata; `http_tokens = "required"` is IMDSv2 alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata_options: Option<MetadataOptions>,
    /// Whether metrics come each minute, at a charge, and not each five.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monitoring: Option<Monitoring>,
    /// What a burstable type does when its credits are used up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_specification: Option<CreditSpecification>,
    /// Whether traffic to volumes has bandwidth of its own; newer types have it anyway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ebs_optimized: Option<bool>,
    /// Whether a shutdown from inside stops or terminates the instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_initiated_shutdown_behavior: Option<Sdk<sdk::ShutdownBehavior>>,
    /// Host names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_dns_name_options: Option<PrivateDnsNameOptions>,
    /// Tags of what a launch makes, beside our ownership tags, which instances, volumes and network
    /// interfaces get anyway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag_specifications: Option<BTreeSet<TagSpecification>>,
}

/// Instance profile: one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceProfile {
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Id<IamInstanceProfile>>,
    /// ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
}

/// A volume.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct BlockDeviceMapping {
    /// Device, e.g. `/dev/xvda`, the root volume of Amazon's images.
    pub device_name: String,
    /// The volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ebs: Option<Ebs>,
}

/// What a volume is like.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Ebs {
    /// Size in GiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65_536))]
    pub volume_size: Option<i32>,
    /// Kind of volume, e.g. `gp3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_type: Option<Sdk<sdk::VolumeType>>,
    /// Operations a second, where the kind can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iops: Option<i32>,
    /// MiB a second, of `gp3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throughput: Option<i32>,
    /// Whether it is encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
    /// Key it is encrypted with; the account's own for volumes when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    /// Snapshot it is made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_id: Option<String>,
    /// Whether it goes with the instance. The root volume does, as AWS starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_on_termination: Option<bool>,
}

/// A network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkInterface {
    /// Its number, 0 for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_index: Option<i32>,
    /// Security groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<BTreeSet<Id<SecurityGroup>>>,
    /// Whether it gets a public address; as its subnet says when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub associate_public_ip_address: Option<bool>,
    /// Whether it goes with the instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_on_termination: Option<bool>,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Subnet; a group has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_id: Option<Id<Subnet>>,
}

/// Access to the instance's metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetadataOptions {
    /// Whether a session token is needed (`required`: IMDSv2 alone) or not (`optional`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_tokens: Option<Sdk<sdk::LaunchTemplateHttpTokensState>>,
    /// Hops an answer may take: 1 keeps it from containers in a bridge network, 2 lets them have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 64))]
    pub http_put_response_hop_limit: Option<i32>,
    /// Whether metadata is there at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_endpoint: Option<Sdk<sdk::LaunchTemplateInstanceMetadataEndpointState>>,
    /// Whether the instance's tags are in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_metadata_tags: Option<Sdk<sdk::LaunchTemplateInstanceMetadataTagsState>>,
}

/// How often metrics come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Monitoring {
    /// Whether each minute.
    pub enabled: bool,
}

/// What a burstable type does when its credits are used up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditSpecification {
    /// `standard`: it slows down; `unlimited`: it goes on at a charge.
    #[schemars(extend("enum" = ["standard", "unlimited"]))]
    pub cpu_credits: String,
}

/// Host names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrivateDnsNameOptions {
    /// Whether a host name is made of the address or of the instance's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname_type: Option<Sdk<sdk::HostnameType>>,
    /// Whether names made of ids have A records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_resource_name_dns_a_record: Option<bool>,
    /// Whether names made of ids have AAAA records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_resource_name_dns_aaaa_record: Option<bool>,
}

/// Tags of one kind of thing that a launch makes.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct TagSpecification {
    /// Kind: `instance`, `volume`, `network-interface` or `spot-instances-request`.
    pub resource_type: String,
    /// Tags.
    pub tags: Tags,
}

impl LaunchTemplateData {
    /// Checks rules between fields.
    pub(super) fn problems(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |path: &str, message: &str| {
            let path = format!("launch_template_data.{path}");
            problems.push(FieldProblem { path, message: message.into() });
        };
        if self.user_data.as_ref().is_some_and(|text| text.len() > USER_DATA) {
            problem("user_data", "AWS takes at most 16 KiB");
        }
        if self.security_group_ids.is_some() && self.network_interfaces.is_some() {
            let message = "with `network_interfaces`, give the security groups as their `groups`";
            problem("security_group_ids", message);
        }
        let profile = self.iam_instance_profile.as_ref();
        if profile.is_some_and(|one| one.name.is_some() == one.arn.is_some()) {
            problem("iam_instance_profile", "give its `name` or its `arn`");
        }
        let image = self.image_id.as_ref().filter(|image| !contains_placeholder(image));
        if image.is_some_and(|id| !id.starts_with("ami-") && !id.starts_with("resolve:ssm:")) {
            problem("image_id", "an image is `ami-…`, or `resolve:ssm:` and a parameter's name");
        }
        let specifications = self.tag_specifications.iter().flatten();
        let kinds: Vec<&str> = specifications.map(|one| one.resource_type.as_str()).collect();
        if kinds.windows(2).any(|pair| pair[0] == pair[1]) {
            problem("tag_specifications", "each kind is given once");
        }
        problems
    }
}
