//! `data.nat_gateway`: a NAT gateway that others own.

use super::filters::Filters;
use crate::aws::tags::from_ec2;
use crate::aws::{Cx, Result, Tags};
use crate::engine::resource::{DataSource, Id};
use crate::resources::ec2::subnet::Subnet;
use crate::resources::ec2::vpc::Vpc;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A NAT gateway that others own; the filters given must leave exactly one. One that failed or was
/// deleted does not count, though AWS lists it for a while.
///
/// ```toml
/// [data.nat_gateway.shared]
/// subnet_id  = "subnet-0123456789abcdef0"
/// match_tags = { Name = "shared" }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NatGateway {
    /// Id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nat_gateway_id: Option<String>,
    /// VPC it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<Id<Vpc>>,
    /// Subnet it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_id: Option<Id<Subnet>>,
    /// Tags it carries, among others.
    #[serde(default)]
    pub match_tags: Tags,
}

/// What AWS says.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct NatGatewayOut {
    /// Id, e.g. `nat-0123456789abcdef0`.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// VPC it is in.
    pub vpc_id: String,
    /// Subnet it stands in.
    pub subnet_id: String,
    /// `public` or `private`.
    pub connectivity_type: String,
    /// Its elastic address, by id.
    pub allocation_id: Option<String>,
    /// Its public address.
    pub public_ip: Option<String>,
    /// Its private address.
    pub private_ip: Option<String>,
    /// Its network interface.
    pub network_interface_id: Option<String>,
    /// All its tags.
    pub tags: Tags,
}

impl DataSource for NatGateway {
    const TYPE: &'static str = "nat_gateway";
    const AWS_NAME: &'static str = "AWS::EC2::NatGateway";
    type Out = NatGatewayOut;

    async fn read(&self, cx: &Cx) -> Result<Vec<Self::Out>> {
        let filters = Filters::default()
            .any("state", &["pending", "available"])
            .add("nat-gateway-id", self.nat_gateway_id.as_ref())
            .add("vpc-id", self.vpc_id.as_ref().map(Id::as_str))
            .add("subnet-id", self.subnet_id.as_ref().map(Id::as_str))
            .tags(&self.match_tags);
        let call = cx.ec2().describe_nat_gateways().set_filter(filters.given()).max_results(1000);
        let found = call.into_paginator().items().send();
        let found = found.collect::<std::result::Result<Vec<_>, _>>().await?;
        let out = |gateway: aws_sdk_ec2::types::NatGateway| {
            let id = gateway.nat_gateway_id?;
            let tags = from_ec2(gateway.tags);
            let addresses = gateway.nat_gateway_addresses.unwrap_or_default();
            let primary = addresses.iter().find(|a| a.is_primary == Some(true));
            let first = primary.or(addresses.first()).cloned();
            let text = |text: Option<&str>| text.map(str::to_owned);
            Some(NatGatewayOut {
                arn: cx.arn("ec2", &format!("natgateway/{id}")),
                vpc_id: gateway.vpc_id.unwrap_or_default(),
                subnet_id: gateway.subnet_id.unwrap_or_default(),
                connectivity_type: gateway
                    .connectivity_type
                    .map_or_else(|| "public".to_owned(), |c| c.as_str().to_owned()),
                allocation_id: first.as_ref().and_then(|a| text(a.allocation_id())),
                public_ip: first.as_ref().and_then(|a| text(a.public_ip())),
                private_ip: first.as_ref().and_then(|a| text(a.private_ip())),
                network_interface_id: first.as_ref().and_then(|a| text(a.network_interface_id())),
                tags,
                id,
            })
        };
        // Emulators do not filter by tags here.
        let matches = |out: &NatGatewayOut| {
            self.match_tags.iter().all(|(key, value)| out.tags.get(key) == Some(value))
        };
        Ok(found.into_iter().filter_map(out).filter(matches).collect())
    }
}
