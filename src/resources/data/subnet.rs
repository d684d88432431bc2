//! `data.subnet`: a subnet that others own.

use super::filters::Filters;
use crate::aws::tags::from_ec2;
use crate::aws::{Cidr, Cx, Result, Tags};
use crate::engine::resource::{DataSource, Id};
use crate::resources::ec2::vpc::Vpc;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A subnet that others own; the filters given must leave exactly one.
///
/// ```toml
/// [data.subnet.shared]
/// vpc_id            = "vpc-0123456789abcdef0"
/// availability_zone = "eu-west-1a"
/// match_tags        = { tier = "public" }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subnet {
    /// Id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_id: Option<String>,
    /// VPC it is a part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<Id<Vpc>>,
    /// Its IPv4 range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr_block: Option<Cidr>,
    /// Zone by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone: Option<String>,
    /// Whether it is its zone's default subnet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_for_az: Option<bool>,
    /// Tags it carries, among others.
    #[serde(default)]
    pub match_tags: Tags,
}

/// What AWS says.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct SubnetOut {
    /// Id, e.g. `subnet-0123456789abcdef0`.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Account that owns it.
    pub owner_id: String,
    /// VPC it is a part of.
    pub vpc_id: String,
    /// Its IPv4 range.
    pub cidr_block: String,
    /// Zone by name.
    pub availability_zone: String,
    /// Zone by id.
    pub availability_zone_id: String,
    /// Whether new instances get a public IPv4 address.
    pub map_public_ip_on_launch: bool,
    /// All its tags.
    pub tags: Tags,
}

impl DataSource for Subnet {
    const TYPE: &'static str = "subnet";
    const AWS_NAME: &'static str = "AWS::EC2::Subnet";
    type Out = SubnetOut;

    async fn read(&self, cx: &Cx) -> Result<Vec<Self::Out>> {
        let filters = Filters::default()
            .add("subnet-id", self.subnet_id.as_ref())
            .add("vpc-id", self.vpc_id.as_ref().map(Id::as_str))
            .add("cidr-block", self.cidr_block.as_ref())
            .add("availability-zone", self.availability_zone.as_ref())
            .add("default-for-az", self.default_for_az)
            .tags(&self.match_tags);
        let call = cx.ec2().describe_subnets().set_filters(filters.given()).max_results(1000);
        let found = call.into_paginator().items().send();
        let found = found.collect::<std::result::Result<Vec<_>, _>>().await?;
        let out = |subnet: aws_sdk_ec2::types::Subnet| {
            let id = subnet.subnet_id?;
            let owner_id = subnet.owner_id.unwrap_or_else(|| cx.account_id.clone());
            let arn = subnet.subnet_arn;
            Some(SubnetOut {
                arn: arn.unwrap_or_else(|| cx.arn_of("ec2", &owner_id, &format!("subnet/{id}"))),
                owner_id,
                vpc_id: subnet.vpc_id.unwrap_or_default(),
                cidr_block: subnet.cidr_block.unwrap_or_default(),
                availability_zone: subnet.availability_zone.unwrap_or_default(),
                availability_zone_id: subnet.availability_zone_id.unwrap_or_default(),
                map_public_ip_on_launch: subnet.map_public_ip_on_launch.unwrap_or(false),
                tags: from_ec2(subnet.tags),
                id,
            })
        };
        Ok(found.into_iter().filter_map(out).collect())
    }
}
