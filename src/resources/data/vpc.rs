//! `data.vpc`: a VPC that others own.

use super::filters::Filters;
use crate::aws::tags::from_ec2;
use crate::aws::{Cidr, Cx, Result, Tags};
use crate::engine::resource::DataSource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A VPC that others own; the filters given must leave exactly one.
///
/// ```toml
/// [data.vpc.shared]
/// match_tags = { Name = "shared" }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vpc {
    /// Id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<String>,
    /// Its first IPv4 range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr_block: Option<Cidr>,
    /// Whether it is the region's default VPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
    /// Tags it carries, among others.
    #[serde(default)]
    pub match_tags: Tags,
}

/// What AWS says.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct VpcOut {
    /// Id, e.g. `vpc-0123456789abcdef0`.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Account that owns it.
    pub owner_id: String,
    /// Its first IPv4 range.
    pub cidr_block: String,
    /// All its IPv4 ranges.
    pub cidr_blocks: Vec<String>,
    /// Its first IPv6 range, when it has one.
    pub ipv6_cidr_block: Option<String>,
    /// Set of DHCP options.
    pub dhcp_options_id: Option<String>,
    /// Whether it is the region's default VPC.
    pub is_default: bool,
    /// All its tags.
    pub tags: Tags,
}

impl DataSource for Vpc {
    const TYPE: &'static str = "vpc";
    const AWS_NAME: &'static str = "AWS::EC2::VPC";
    type Out = VpcOut;

    async fn read(&self, cx: &Cx) -> Result<Vec<Self::Out>> {
        let filters = Filters::default()
            .add("vpc-id", self.vpc_id.as_ref())
            .add("cidr", self.cidr_block.as_ref())
            .add("is-default", self.is_default)
            .tags(&self.match_tags);
        let call = cx.ec2().describe_vpcs().set_filters(filters.given()).max_results(1000);
        let found = call.into_paginator().items().send();
        let found = found.collect::<std::result::Result<Vec<_>, _>>().await?;
        let out = |vpc: aws_sdk_ec2::types::Vpc| {
            let id = vpc.vpc_id.clone()?;
            let owner_id = vpc.owner_id.clone().unwrap_or_else(|| cx.account_id.clone());
            let blocks = vpc.cidr_block_association_set().iter();
            let ipv6 = vpc.ipv6_cidr_block_association_set().first();
            Some(VpcOut {
                arn: cx.arn_of("ec2", &owner_id, &format!("vpc/{id}")),
                owner_id,
                cidr_blocks: blocks.filter_map(|a| a.cidr_block.clone()).collect(),
                ipv6_cidr_block: ipv6.and_then(|a| a.ipv6_cidr_block.clone()),
                cidr_block: vpc.cidr_block.clone().unwrap_or_default(),
                dhcp_options_id: vpc.dhcp_options_id.clone(),
                is_default: vpc.is_default.unwrap_or(false),
                tags: from_ec2(vpc.tags),
                id,
            })
        };
        Ok(found.into_iter().filter_map(out).collect())
    }
}
