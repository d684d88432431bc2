//! `internet_gateway`: a VPC's way to and from the internet.

use super::interfaces;
use super::requests::{filters, unknown_yet};
use super::vpc::Vpc;
use crate::aws::tags::{ec2_specification, from_ec2};
use crate::aws::{Cx, Error, Result, Tags};
use crate::engine::resource::{
    Blocker, Changed, Creation, Id, Live, Resource, Retryable, Rules, Status, Step, Want,
};
use crate::resources::or_gone;
use aws_sdk_ec2::types::{AttachmentStatus, InternetGateway as Found, ResourceType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A VPC's way to and from the internet, for interfaces with public addresses.
///
/// ```toml
/// [internet_gateway.main]
/// vpc_id = "${vpc.main.id}"
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InternetGateway {
    /// VPC it is attached to; another one is a change in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<Id<Vpc>>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct InternetGatewayOut {
    /// Id, e.g. `igw-0123456789abcdef0`.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Account that owns it.
    pub owner_id: String,
}

impl Resource for InternetGateway {
    const TYPE: &'static str = "internet_gateway";
    const AWS_NAME: &'static str = "AWS::EC2::InternetGateway";
    const RULES: Rules = Rules {
        // Every public address must be gone before the gateway is detached (aws-semantics.md 9.2).
        deleted_after: &[
            "nat_gateway",
            "load_balancer",
            "eip",
            "ecs_service",
            "autoscaling_group",
            "instance",
        ],
        needed_by: &["load_balancer", "nat_gateway"],
        retry: &[
            unknown_yet(
                Step::Update,
                "InvalidInternetGatewayID.NotFound",
                "the new internet gateway to be known",
            ),
            unknown_yet(Step::Update, "InvalidVpcID.NotFound", "the new VPC to be known"),
            Retryable {
                step: Step::Update,
                code: "DependencyViolation",
                message: "mapped public address",
                reason: "public addresses in the VPC to be released",
            },
            unknown_yet(
                Step::Delete,
                "DependencyViolation",
                "public addresses in the VPC to be released",
            ),
        ],
        settle_delete: Duration::from_secs(25 * 60),
        // A VPC that is made anew under another range must be left before it can go.
        lets_go: true,
        ..Rules::DEFAULT
    };
    type Out = InternetGatewayOut;

    /// A VPC has one gateway.
    fn clashes(live: &Self, wanted: &Self) -> bool {
        live.vpc_id.is_some() && live.vpc_id == wanted.vpc_id
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        let mut found = Vec::new();
        for filters in filters(cx, want, "internet-gateway-id") {
            let call = cx.ec2().describe_internet_gateways().set_filters(Some(filters));
            let gateways = call.max_results(1000).into_paginator().items().send();
            found.extend(gateways.collect::<std::result::Result<Vec<Found>, _>>().await?);
        }
        Ok(found.into_iter().filter_map(|g| live(cx, g)).collect())
    }

    /// Only creates; attaching is left to the update that follows, which an interrupted run repeats.
    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let tags = ec2_specification(ResourceType::InternetGateway, with.tags);
        let made = cx.ec2().create_internet_gateway().tag_specifications(tags).send().await?;
        let id = made.internet_gateway.and_then(|g| g.internet_gateway_id);
        id.ok_or_else(|| Error::incomplete("CreateInternetGateway", "InternetGatewayId"))
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        if !changed.has("vpc_id") {
            return Ok(());
        }
        if let Some(old) =
            live.spec.vpc_id.as_ref().filter(|old| Some(*old) != self.vpc_id.as_ref())
        {
            detach(cx, &live.id, old).await?;
        }
        let Some(vpc) = &self.vpc_id else { return Ok(()) };
        let call = cx.ec2().attach_internet_gateway().internet_gateway_id(&live.id);
        match call.vpc_id(vpc.as_str()).send().await.map_err(Error::from) {
            // An earlier try whose answer was lost.
            Err(error) if error.is("Resource.AlreadyAssociated") => {
                let ids = [live.id.clone()];
                let now = Self::list(cx, Want::Ids(&ids)).await?;
                let attached = now.iter().any(|g| g.spec.vpc_id.as_ref() == Some(vpc));
                if attached { Ok(()) } else { Err(error) }
            }
            other => other.map(drop),
        }
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        cx.ec2_tag(&live.id, set, remove).await
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        if let Some(vpc) = &live.spec.vpc_id {
            detach(cx, &live.id, vpc).await?;
        }
        or_gone(cx.ec2().delete_internet_gateway().internet_gateway_id(&live.id).send().await)
    }

    async fn blockers(cx: &Cx, live: &Live<Self>) -> Result<Vec<Blocker>> {
        match &live.spec.vpc_id {
            Some(vpc) => interfaces::holding_public(cx, vpc.as_str()).await,
            None => Ok(Vec::new()),
        }
    }
}

async fn detach(cx: &Cx, id: &str, vpc: &Id<Vpc>) -> Result<()> {
    let call = cx.ec2().detach_internet_gateway().internet_gateway_id(id).vpc_id(vpc.as_str());
    match call.send().await.map_err(Error::from) {
        Err(error) if !error.is("Gateway.NotAttached") && !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

fn live(cx: &Cx, gateway: Found) -> Option<Live<InternetGateway>> {
    let id = gateway.internet_gateway_id?;
    let attachments = gateway.attachments.unwrap_or_default();
    // AWS says `available` where its own list of values has `attached`.
    let attachment = attachments.iter().find(|a| a.state != Some(AttachmentStatus::Detached));
    let status = match attachment.and_then(|a| a.state.as_ref()) {
        Some(AttachmentStatus::Attaching) => Status::Pending("attaching".into()),
        Some(AttachmentStatus::Detaching) => Status::Pending("detaching".into()),
        _ => Status::Ready,
    };
    let owner_id = gateway.owner_id.unwrap_or_else(|| cx.account_id.clone());
    let vpc_id = attachment.and_then(|a| a.vpc_id.clone()).map(Id::new);
    let out = InternetGatewayOut {
        arn: cx.arn_of("ec2", &owner_id, &format!("internet-gateway/{id}")),
        owner_id,
        id: id.clone(),
    };
    let tags = from_ec2(gateway.tags);
    Some(Live { id, tags, status, spec: InternetGateway { vpc_id }, out })
}
