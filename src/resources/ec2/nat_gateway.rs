//! `nat_gateway`: the way out of private subnets over IPv4.

use super::eip::Eip;
use super::interfaces;
use super::requests::{filters, unknown_yet};
use super::subnet::Subnet;
use crate::aws::tags::{ec2_specification, filter, from_ec2};
use crate::aws::{Cx, Error, Result, Sdk, Tags};
use crate::engine::resource::{
    Blocker, Changed, Creation, FieldProblem, Id, Live, Resource, Retryable, Rules, Status, Step,
    Want,
};
use crate::resources::or_gone;
use crate::stack::schema::immutable;
use crate::stack::value::is_placeholder;
use aws_sdk_ec2::types::{ConnectivityType, NatGateway as Found, NatGatewayState, ResourceType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;
use std::time::Duration;

crate::sdk_enum!(ConnectivityType => "ConnectivityType");

/// States in which one is still there. One that was deleted is listed, with its tags, for an hour
/// more (aws-semantics.md 1).
pub(crate) const THERE: [&str; 4] = ["pending", "available", "failed", "deleting"];

/// A NAT gateway: what has no public address goes out to the internet through it.
///
/// It stands in a public subnet, in one zone; traffic of other zones to it is charged for. Secondary
/// addresses are not offered: spread connections over several gateways instead.
///
/// ```toml
/// [nat_gateway.main]
/// subnet_id     = "${subnet.public.id}"
/// allocation_id = "${eip.nat.id}"
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NatGateway {
    /// Subnet it stands in: a public one for the internet, whose VPC has an internet gateway.
    #[schemars(transform = immutable)]
    pub subnet_id: Id<Subnet>,
    /// Elastic address it goes out with; for public ones only, which need it.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation_id: Option<Id<Eip>>,
    /// Whether it leads to the internet (`public`, as when left out), or to other networks of yours
    /// (`private`).
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connectivity_type: Option<Sdk<ConnectivityType>>,
    /// Its private address, in the subnet's range. AWS chooses one when left out.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_ip_address: Option<String>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct NatGatewayOut {
    /// Id, e.g. `nat-0123456789abcdef0`.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// VPC it is in.
    pub vpc_id: String,
    /// Its public address.
    pub public_ip: Option<String>,
    /// Its private address.
    pub private_ip: Option<String>,
    /// Association of its elastic address.
    pub association_id: Option<String>,
    /// Its network interface.
    pub network_interface_id: Option<String>,
}

impl Resource for NatGateway {
    const TYPE: &'static str = "nat_gateway";
    const AWS_NAME: &'static str = "AWS::EC2::NatGateway";
    const RULES: Rules = Rules {
        // Without an attached internet gateway a new one fails (aws-semantics.md 1).
        created_after: &["internet_gateway"],
        // What drains or stops needs its way out until it is gone (aws-semantics.md 9.2).
        deleted_after: &["ecs_service", "autoscaling_group"],
        retry: &[
            unknown_yet(Step::Create, "InvalidSubnetID.NotFound", "the new subnet to be known"),
            unknown_yet(
                Step::Create,
                "InvalidAllocationID.NotFound",
                "the new address to be known",
            ),
            Retryable {
                step: Step::Create,
                code: "Resource.AlreadyAssociated",
                message: LEAVING,
                reason: "the NAT gateway that has the address to be gone",
            },
        ],
        settle: Duration::from_secs(10 * 60),
        settle_delete: Duration::from_secs(30 * 60),
        ..Rules::DEFAULT
    };
    type Out = NatGatewayOut;

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |path: &str, message: String| {
            problems.push(FieldProblem { path: path.into(), message });
        };
        let private =
            self.connectivity_type.as_ref().is_some_and(|c| c.0 == ConnectivityType::Private);
        match &self.allocation_id {
            None if !private => problem("allocation_id", "a public NAT gateway needs one".into()),
            Some(_) if private => {
                problem("allocation_id", "a private NAT gateway has no elastic address".into());
            }
            _ => {}
        }
        let unfit = |text: &&String| !is_placeholder(text) && text.parse::<Ipv4Addr>().is_err();
        if let Some(text) = self.private_ip_address.as_ref().filter(unfit) {
            problem("private_ip_address", format!("`{text}` is not an IPv4 address"));
        }
        problems
    }

    /// An address serves one gateway, a private address one interface.
    fn clashes(live: &Self, wanted: &Self) -> bool {
        let same = |one: Option<&str>, other: Option<&str>| one.is_some() && one == other;
        let elastic = |gateway: &Self| gateway.allocation_id.as_ref().map(|id| id.0.clone());
        same(elastic(live).as_deref(), elastic(wanted).as_deref())
            || live.subnet_id == wanted.subnet_id
                && same(live.private_ip_address.as_deref(), wanted.private_ip_address.as_deref())
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        let mut found = Vec::new();
        for mut filters in filters(cx, want, "nat-gateway-id") {
            filters.push(filter("state", THERE));
            let page = cx.ec2().describe_nat_gateways().set_filter(Some(filters)).max_results(1000);
            let gateways = page.into_paginator().items().send();
            found.extend(gateways.collect::<std::result::Result<Vec<Found>, _>>().await?);
        }
        Ok(found.into_iter().filter_map(|g| live(cx, g)).collect())
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        if let Some(address) = &self.allocation_id {
            must_be_free(cx, address).await?;
        }
        let made = cx
            .ec2()
            .create_nat_gateway()
            .subnet_id(self.subnet_id.as_str())
            .set_allocation_id(self.allocation_id.as_ref().map(|id| id.as_str().to_owned()))
            .set_connectivity_type(self.connectivity_type.as_ref().map(|c| c.0.clone()))
            .set_private_ip_address(self.private_ip_address.clone())
            .client_token(with.token)
            .tag_specifications(ec2_specification(ResourceType::Natgateway, with.tags))
            .send()
            .await?;
        let id = made.nat_gateway.and_then(|g| g.nat_gateway_id);
        id.ok_or_else(|| Error::incomplete("CreateNatGateway", "NatGatewayId"))
    }

    /// Has nothing to do: no field can change in place.
    async fn update(&self, _: &Cx, _: &Live<Self>, _: &Changed) -> Result<()> {
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        cx.ec2_tag(&live.id, set, remove).await
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        or_gone(cx.ec2().delete_nat_gateway().nat_gateway_id(&live.id).send().await)
    }

    async fn blockers(cx: &Cx, live: &Live<Self>) -> Result<Vec<Blocker>> {
        match &live.out.network_interface_id {
            Some(id) => interfaces::holding(cx, "network-interface-id", id).await,
            None => Ok(Vec::new()),
        }
    }
}

/// Refuses an address that is in use: AWS takes it, makes the gateway all the same, and lets it fail
/// a while later.
async fn must_be_free(cx: &Cx, address: &Id<Eip>) -> Result<()> {
    let id = address.as_str();
    let by_id = filter("allocation-id", [id]);
    let found = cx.ec2().describe_addresses().filters(by_id).send().await?;
    let holder = found.addresses().iter().find_map(|a| a.association_id().and(Some(a)));
    let Some(holder) = holder else { return Ok(()) };
    let call = cx.ec2().describe_nat_gateways().filter(filter("state", ["deleting"]));
    let leaving = call.max_results(1000).into_paginator().items().send();
    let leaving = leaving.collect::<std::result::Result<Vec<Found>, _>>().await?;
    let has = |g: &&Found| g.nat_gateway_addresses().iter().any(|a| a.allocation_id() == Some(id));
    let message = match leaving.iter().find(has).and_then(|g| g.nat_gateway_id()) {
        Some(gateway) => format!("{id} is still with {gateway}, {LEAVING}"),
        None => {
            let interface = holder.network_interface_id().unwrap_or("an instance");
            format!("{id} is in use by {interface}")
        }
    };
    Err(Error::of_item("CreateNatGateway", "Resource.AlreadyAssociated", &message))
}

/// Said of a gateway that has an address and is being deleted.
const LEAVING: &str = "which is being deleted";

fn live(cx: &Cx, gateway: Found) -> Option<Live<NatGateway>> {
    let id = gateway.nat_gateway_id?;
    let status = match gateway.state {
        Some(NatGatewayState::Pending) => Status::Pending("pending".into()),
        Some(NatGatewayState::Deleting) => Status::Deleting("deleting".into()),
        Some(NatGatewayState::Failed) => {
            let said = [gateway.failure_code, gateway.failure_message];
            let said: Vec<String> = said.into_iter().flatten().collect();
            Status::Failed(said.join(": "))
        }
        // An emulator may list it in spite of the filter.
        Some(NatGatewayState::Deleted) => return None,
        _ => Status::Ready,
    };
    let addresses = gateway.nat_gateway_addresses.unwrap_or_default();
    let first = addresses.iter().find(|a| a.is_primary == Some(true)).or(addresses.first());
    let first = first.cloned();
    let spec = NatGateway {
        subnet_id: Id::new(gateway.subnet_id.unwrap_or_default()),
        allocation_id: first.as_ref().and_then(|a| a.allocation_id.clone()).map(Id::new),
        connectivity_type: gateway.connectivity_type.map(Sdk),
        private_ip_address: first.as_ref().and_then(|a| a.private_ip.clone()),
    };
    let out = NatGatewayOut {
        arn: cx.arn("ec2", &format!("natgateway/{id}")),
        vpc_id: gateway.vpc_id.unwrap_or_default(),
        public_ip: first.as_ref().and_then(|a| a.public_ip.clone()),
        private_ip: first.as_ref().and_then(|a| a.private_ip.clone()),
        association_id: first.as_ref().and_then(|a| a.association_id.clone()),
        network_interface_id: first.and_then(|a| a.network_interface_id),
        id: id.clone(),
    };
    Some(Live { id, tags: from_ec2(gateway.tags), status, spec, out })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn problems(more: Value) -> Vec<String> {
        let mut whole = json!({ "subnet_id": "subnet-1" });
        if let (Value::Object(whole), Value::Object(more)) = (&mut whole, more) {
            whole.extend(more);
        }
        let gateway: NatGateway = serde_json::from_value(whole).unwrap();
        gateway.validate().into_iter().map(|p| format!("{}: {}", p.path, p.message)).collect()
    }

    #[test]
    fn public_ones_have_an_address_and_private_ones_none() {
        assert_eq!(problems(json!({ "allocation_id": "eipalloc-1" })), [""; 0]);
        assert_eq!(problems(json!({ "connectivity_type": "private" })), [""; 0]);
        assert_eq!(problems(json!({})), ["allocation_id: a public NAT gateway needs one"]);
        let both = json!({ "connectivity_type": "private", "allocation_id": "eipalloc-1" });
        assert_eq!(problems(both), ["allocation_id: a private NAT gateway has no elastic address"]);
        let wrong = json!({ "connectivity_type": "private", "private_ip_address": "10.0.0" });
        assert_eq!(problems(wrong), ["private_ip_address: `10.0.0` is not an IPv4 address"]);
    }
}
