//! `launch_template`: what instances are launched with.

mod convert;
pub mod data;
mod read;

use crate::aws::ownership::IDENTITY_KEYS;
use crate::aws::tags::ec2_specification;
use crate::aws::{Cx, Error, Result, Tags};
use crate::engine::resource::{
    Changed, Creation, FieldProblem, IdentityBy, Live, Resource, Rules, Want,
};
use crate::resources::or_gone;
use crate::stack::schema::{immutable, renewed_by, whole};
use crate::stack::value::is_placeholder;
use aws_sdk_ec2::types::ResourceType;
use data::LaunchTemplateData;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The version that others get who name none, when it is the newest.
const LATEST: &str = "$Latest";

/// A launch template: what instances are launched with.
///
/// A change makes a new version, which becomes the default. A group that names the version by
/// `latest_version` follows in the same run, and its instances are replaced a few at a time.
///
/// Instances, volumes and network interfaces carry our ownership tags.
///
/// ```toml
/// [launch_template.host]
/// name = "${env}-host"
///
/// [launch_template.host.launch_template_data]
/// image_id             = "${data.ssm_parameter.ecs_image.value}"
/// instance_type        = "t3.small"
/// security_group_ids   = ["${security_group.host.id}"]
/// iam_instance_profile = { name = "${iam_instance_profile.host.id}" }
/// metadata_options     = { http_tokens = "required", http_put_response_hop_limit = 1 }
/// user_data            = """
/// #!/bin/bash
/// echo ECS_CLUSTER=${ecs_cluster.main.id} >> /etc/ecs/ecs.config
/// """
///
/// [[launch_template.host.launch_template_data.block_device_mappings]]
/// device_name = "/dev/xvda"
/// ebs         = { volume_size = 30, volume_type = "gp3", encrypted = true }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LaunchTemplate {
    /// Name, unique in the account and region: 3 to 128 letters, digits and `( ) . / _ -`.
    #[schemars(transform = immutable)]
    pub name: String,
    /// What an instance is launched with. It is given whole: what is left out is not said, and AWS's
    /// default at each launch holds.
    #[schemars(transform = whole)]
    pub launch_template_data: LaunchTemplateData,
    /// The version that others get who name none: the newest.
    #[serde(default = "latest")]
    #[schemars(extend("enum" = [LATEST]))]
    pub default_version: String,
}

fn latest() -> String {
    LATEST.to_owned()
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct LaunchTemplateOut {
    /// Id, e.g. `lt-0123456789abcdef0`.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Number of the newest version.
    #[schemars(transform = renewed_by(&["launch_template_data"]))]
    pub latest_version: i64,
}

impl Resource for LaunchTemplate {
    const TYPE: &'static str = "launch_template";
    const AWS_NAME: &'static str = "AWS::EC2::LaunchTemplate";
    const RULES: Rules = Rules {
        identity: IdentityBy::Name,
        // AWS would delete it under a group that launches from it (aws-semantics.md 2).
        deleted_after: &["autoscaling_group"],
        ..Rules::DEFAULT
    };
    type Out = LaunchTemplateOut;

    fn natural_name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = self.launch_template_data.problems();
        let allowed = |c: char| c.is_ascii_alphanumeric() || "()./_-".contains(c);
        let fits = (3..=128).contains(&self.name.len()) && self.name.chars().all(allowed);
        if !fits && !is_placeholder(&self.name) {
            let message = "a name has 3 to 128 letters, digits and `( ) . / _ -`".to_owned();
            problems.push(FieldProblem { path: "name".to_owned(), message });
        }
        problems
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        read::list(cx, want).await
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let made = cx
            .ec2()
            .create_launch_template()
            .launch_template_name(&self.name)
            .launch_template_data(self.launch_template_data.sdk(&identity(with.tags)))
            .client_token(with.token)
            .tag_specifications(ec2_specification(ResourceType::LaunchTemplate, with.tags))
            .send()
            .await?;
        let id = made.launch_template.and_then(|template| template.launch_template_id);
        id.ok_or_else(|| Error::incomplete("CreateLaunchTemplate", "LaunchTemplateId"))
    }

    /// Makes a new version, and then the newest one the default; a run that ends in between leaves a
    /// difference, which the next one sees.
    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        let mut newest = live.out.latest_version;
        if changed.has("launch_template_data") {
            let made = cx
                .ec2()
                .create_launch_template_version()
                .launch_template_id(&live.id)
                .launch_template_data(self.launch_template_data.sdk(&identity(&live.tags)))
                .client_token(self.token(live)?)
                .send()
                .await?;
            let number = made.launch_template_version.and_then(|version| version.version_number);
            newest = number
                .ok_or_else(|| Error::incomplete("CreateLaunchTemplateVersion", "VersionNumber"))?;
        }
        let call = cx.ec2().modify_launch_template().launch_template_id(&live.id);
        call.default_version(newest.to_string()).send().await?;
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        cx.ec2_tag(&live.id, set, remove).await
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        let call = cx.ec2().delete_launch_template().launch_template_id(&live.id);
        or_gone(call.send().await)
    }
}

impl LaunchTemplate {
    /// The same for every try to follow the same version with the same data, so that a lost answer
    /// makes no second version.
    fn token(&self, live: &Live<Self>) -> Result<String> {
        let data = serde_json::to_vec(&self.launch_template_data)
            .map_err(|e| Error::local("CreateLaunchTemplateVersion", e.to_string()))?;
        let mut digest = Sha256::new();
        digest.update(live.out.latest_version.to_be_bytes());
        digest.update(data);
        let digest = digest.finalize();
        Ok(digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect())
    }
}

/// The tags that say whose something is.
fn identity(tags: &Tags) -> Tags {
    let ours = tags.iter().filter(|(key, _)| IDENTITY_KEYS.contains(&key.as_str()));
    ours.map(|(key, value)| (key.clone(), value.clone())).collect()
}
