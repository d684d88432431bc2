//! `data.image`: an image that instances are started from.

use super::filters::Filters;
use crate::aws::tags::from_ec2;
use crate::aws::{Cx, Error, Result, Sdk, Tags};
use crate::engine::resource::DataSource;
use aws_sdk_ec2::types::{ArchitectureValues, Image as Found};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::sdk_enum!(ArchitectureValues => "ArchitectureValues");

/// An image that instances are started from; the filters given must leave exactly one, or the newest
/// is taken.
///
/// ```toml
/// [data.image.base]
/// owners       = ["amazon"]
/// name         = "al2023-ami-2023.*-x86_64"
/// architecture = "x86_64"
/// most_recent  = true
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
    /// Who made it: account ids, `self`, `amazon` or `aws-marketplace`. Anybody may give an image any
    /// name, so a name without an owner trusts everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owners: Option<Vec<String>>,
    /// Name; `*` stands for anything, `?` for one character.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Processor it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub architecture: Option<Sdk<ArchitectureValues>>,
    /// Tags it carries, among others.
    #[serde(default)]
    pub match_tags: Tags,
    /// Whether the newest is taken of several.
    #[serde(default)]
    pub most_recent: bool,
}

/// What AWS says.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ImageOut {
    /// Id, e.g. `ami-0123456789abcdef0`.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// Account that made it.
    pub owner_id: String,
    /// Processor it is for.
    pub architecture: String,
    /// When it was made, e.g. `2025-09-11T18:02:31.000Z`.
    pub creation_date: String,
    /// When AWS calls it outdated.
    pub deprecation_time: Option<String>,
    /// Device of its root volume.
    pub root_device_name: Option<String>,
    /// `ebs` or `instance-store`.
    pub root_device_type: Option<String>,
    /// All its tags that this account may see.
    pub tags: Tags,
}

impl DataSource for Image {
    const TYPE: &'static str = "image";
    const AWS_NAME: &'static str = "AWS::EC2::Image";
    type Out = ImageOut;

    async fn read(&self, cx: &Cx) -> Result<Vec<Self::Out>> {
        if self.image_id.is_none() && self.owners.is_none() {
            let message = "give `image_id` or `owners`: all public images are too many";
            return Err(Error::local("data.image", message));
        }
        let architecture = self.architecture.as_ref().map(|a| a.0.as_str());
        let filters = Filters::default()
            .add("image-id", self.image_id.as_ref())
            .add("name", self.name.as_ref())
            .add("architecture", architecture)
            .any("state", &["available"])
            .tags(&self.match_tags);
        let call = cx.ec2().describe_images().set_owners(self.owners.clone());
        let call = call.set_filters(filters.given()).max_results(1000);
        let found = call.into_paginator().items().send();
        let mut found = found.collect::<std::result::Result<Vec<Found>, _>>().await?;
        if self.most_recent {
            // Times of AWS's form sort as text.
            found.sort_by(|one, other| one.creation_date.cmp(&other.creation_date));
            found = found.pop().into_iter().collect();
        }
        let out = |image: Found| {
            let id = image.image_id?;
            Some(ImageOut {
                // Images have no account in their ARNs.
                arn: cx.arn_of("ec2", "", &format!("image/{id}")),
                name: image.name.unwrap_or_default(),
                description: image.description,
                owner_id: image.owner_id.unwrap_or_default(),
                architecture: image.architecture?.as_str().to_owned(),
                creation_date: image.creation_date.unwrap_or_default(),
                deprecation_time: image.deprecation_time,
                root_device_name: image.root_device_name,
                root_device_type: image.root_device_type.map(|kind| kind.as_str().to_owned()),
                tags: from_ec2(image.tags),
                id,
            })
        };
        Ok(found.into_iter().filter_map(out).collect())
    }
}
