//! `egress_only_internet_gateway`: a VPC's way out to the internet over IPv6.

use super::requests::unknown_yet;
use super::vpc::Vpc;
use crate::aws::tags::{ec2_specification, from_ec2};
use crate::aws::{Cx, Error, Result, Tags};
use crate::engine::resource::{Changed, Creation, Id, Live, Resource, Rules, Status, Step, Want};
use crate::resources::or_gone;
use crate::stack::schema::immutable;
use aws_sdk_ec2::types::{AttachmentStatus, EgressOnlyInternetGateway as Found, ResourceType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A VPC's way out to the internet over IPv6, for what must not be reached from there.
///
/// ```toml
/// [egress_only_internet_gateway.main]
/// vpc_id = "${vpc.main.id}"
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EgressOnlyInternetGateway {
    /// VPC it is attached to, for life.
    #[schemars(transform = immutable)]
    pub vpc_id: Id<Vpc>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct EgressOnlyInternetGatewayOut {
    /// Id, e.g. `eigw-0123456789abcdef0`.
    pub id: String,
    /// ARN.
    pub arn: String,
}

impl Resource for EgressOnlyInternetGateway {
    const TYPE: &'static str = "egress_only_internet_gateway";
    const AWS_NAME: &'static str = "AWS::EC2::EgressOnlyInternetGateway";
    const RULES: Rules = Rules {
        // What drains or stops needs its way out until it is gone (aws-semantics.md 9.2).
        deleted_after: &["ecs_service", "autoscaling_group"],
        retry: &[unknown_yet(Step::Create, "InvalidVpcID.NotFound", "the new VPC to be known")],
        ..Rules::DEFAULT
    };
    type Out = EgressOnlyInternetGatewayOut;

    /// A VPC has one.
    fn clashes(live: &Self, wanted: &Self) -> bool {
        live.vpc_id == wanted.vpc_id
    }

    /// Lists them all when asked for ids: AWS has no filter for these.
    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        let filters = match want {
            Want::Owned { .. } => cx.ec2_owned(),
            Want::Ids([]) => Vec::new(),
            Want::Ids(_) => vec![Vec::new()],
        };
        let mut found = Vec::new();
        for filters in filters {
            let filters = Some(filters).filter(|f| !f.is_empty());
            let call = cx.ec2().describe_egress_only_internet_gateways().set_filters(filters);
            let gateways = call.max_results(255).into_paginator().items().send();
            found.extend(gateways.collect::<std::result::Result<Vec<Found>, _>>().await?);
        }
        let wanted = |gateway: &Live<Self>| match want {
            Want::Owned { .. } => true,
            Want::Ids(ids) => ids.contains(&gateway.id),
        };
        Ok(found.into_iter().filter_map(|g| live(cx, g)).filter(wanted).collect())
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let tags = ec2_specification(ResourceType::EgressOnlyInternetGateway, with.tags);
        let made = cx
            .ec2()
            .create_egress_only_internet_gateway()
            .vpc_id(self.vpc_id.as_str())
            .client_token(with.token)
            .tag_specifications(tags)
            .send()
            .await?;
        let id = made.egress_only_internet_gateway.and_then(|g| g.egress_only_internet_gateway_id);
        id.ok_or_else(|| {
            Error::incomplete("CreateEgressOnlyInternetGateway", "EgressOnlyInternetGatewayId")
        })
    }

    /// Has nothing to do: no field can change in place.
    async fn update(&self, _: &Cx, _: &Live<Self>, _: &Changed) -> Result<()> {
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        cx.ec2_tag(&live.id, set, remove).await
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        let call = cx.ec2().delete_egress_only_internet_gateway();
        or_gone(call.egress_only_internet_gateway_id(&live.id).send().await)
    }
}

fn live(cx: &Cx, gateway: Found) -> Option<Live<EgressOnlyInternetGateway>> {
    let id = gateway.egress_only_internet_gateway_id?;
    let attachment = gateway.attachments.unwrap_or_default().into_iter().next();
    let status = match attachment.as_ref().and_then(|a| a.state.as_ref()) {
        Some(AttachmentStatus::Attaching) => Status::Pending("attaching".into()),
        Some(AttachmentStatus::Detaching) => Status::Deleting("detaching".into()),
        _ => Status::Ready,
    };
    let vpc_id = Id::new(attachment.and_then(|a| a.vpc_id).unwrap_or_default());
    let out = EgressOnlyInternetGatewayOut {
        arn: cx.arn("ec2", &format!("egress-only-internet-gateway/{id}")),
        id: id.clone(),
    };
    let tags = from_ec2(gateway.tags);
    Some(Live { id, tags, status, spec: EgressOnlyInternetGateway { vpc_id }, out })
}
