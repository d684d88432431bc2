//! `eip`: an elastic IP address.

use super::interfaces;
use super::requests::filters;
use crate::aws::tags::{ec2_specification, filter, from_ec2};
use crate::aws::{Cx, Error, Result, Sdk, Tags};
use crate::engine::resource::{
    Blocker, Changed, Creation, FieldProblem, Live, Resource, Retryable, Rules, Status, Step, Want,
};
use crate::resources::or_gone;
use crate::stack::schema::{immutable, write_only};
use crate::stack::value::is_placeholder;
use aws_sdk_ec2::types::{Address as Found, DomainType, ResourceType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

crate::sdk_enum!(DomainType => "DomainType");

/// An elastic IP address: a public IPv4 address that stays the same, whatever uses it.
///
/// What uses it says so: `allocation_id` of a `nat_gateway`, for one.
///
/// ```toml
/// [eip.nat]
/// tags = { Name = "way out" }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Eip {
    /// Always `vpc`, which is also what leaving it out means.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<Sdk<DomainType>>,
    /// A certain address: one of a pool of your own, or one that was released lately.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Pool of addresses of your own, by id. AWS takes one of its own otherwise.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_ipv4_pool: Option<String>,
    /// Group of zones it is announced from. AWS takes the region's own otherwise.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_border_group: Option<String>,
    /// IPAM pool it is taken from, by id.
    #[schemars(transform = write_only)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipam_pool_id: Option<String>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct EipOut {
    /// Allocation id, e.g. `eipalloc-0123456789abcdef0`.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// The address itself.
    pub public_ip: String,
    /// Association with a network interface, while there is one.
    pub association_id: Option<String>,
    /// Network interface it is associated with.
    pub network_interface_id: Option<String>,
    /// Private address it stands for.
    pub private_ip_address: Option<String>,
}

impl Resource for Eip {
    const TYPE: &'static str = "eip";
    const AWS_NAME: &'static str = "AWS::EC2::EIP";
    const RULES: Rules = Rules {
        deleted_after: &["nat_gateway"],
        retry: &[Retryable {
            step: Step::Delete,
            code: "AuthFailure",
            message: "permission to access the specified resource",
            // aws-semantics.md 1, eip: still so some seconds after the gateway is deleted.
            reason: "the NAT gateway that had the address to let go of it",
        }],
        ..Rules::DEFAULT
    };
    type Out = EipOut;

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        if self.domain.as_ref().is_some_and(|d| d.0 == DomainType::Standard) {
            let message = "`standard` addresses are of EC2-Classic, which is retired".to_owned();
            problems.push(FieldProblem { path: "domain".into(), message });
        }
        let unfit = |text: &&String| !is_placeholder(text) && text.parse::<Ipv4Addr>().is_err();
        if let Some(text) = self.address.as_ref().filter(unfit) {
            let message = format!("`{text}` is not an IPv4 address");
            problems.push(FieldProblem { path: "address".into(), message });
        }
        problems
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        let mut found = Vec::new();
        for filters in filters(cx, want, "allocation-id") {
            let page = cx.ec2().describe_addresses().set_filters(Some(filters)).send().await?;
            found.extend(page.addresses.unwrap_or_default());
        }
        Ok(found.into_iter().filter_map(|a| live(cx, a)).collect())
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let made = cx
            .ec2()
            .allocate_address()
            .domain(DomainType::Vpc)
            .set_address(self.address.clone())
            .set_public_ipv4_pool(self.public_ipv4_pool.clone())
            .set_network_border_group(self.network_border_group.clone())
            .set_ipam_pool_id(self.ipam_pool_id.clone())
            .tag_specifications(ec2_specification(ResourceType::ElasticIp, with.tags))
            .send()
            .await?;
        made.allocation_id.ok_or_else(|| Error::incomplete("AllocateAddress", "AllocationId"))
    }

    /// Has nothing to do: no field can change in place.
    async fn update(&self, _: &Cx, _: &Live<Self>, _: &Changed) -> Result<()> {
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        cx.ec2_tag(&live.id, set, remove).await
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        or_gone(cx.ec2().release_address().allocation_id(&live.id).send().await)
    }

    async fn blockers(cx: &Cx, live: &Live<Self>) -> Result<Vec<Blocker>> {
        let by_id = filter("allocation-id", [&live.id]);
        let found = cx.ec2().describe_addresses().filters(by_id).send().await?;
        let addresses = found.addresses.unwrap_or_default();
        match addresses.into_iter().find_map(|a| a.network_interface_id) {
            Some(id) if !id.is_empty() => {
                interfaces::holding(cx, "network-interface-id", &id).await
            }
            _ => Ok(Vec::new()),
        }
    }
}

fn live(cx: &Cx, address: Found) -> Option<Live<Eip>> {
    let id = address.allocation_id?;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let spec = Eip {
        domain: address.domain.map(Sdk),
        address: address.public_ip.clone(),
        public_ipv4_pool: address.public_ipv4_pool,
        network_border_group: address.network_border_group,
        ipam_pool_id: None,
    };
    let out = EipOut {
        arn: cx.arn("ec2", &format!("elastic-ip/{id}")),
        public_ip: address.public_ip.unwrap_or_default(),
        association_id: given(address.association_id),
        network_interface_id: given(address.network_interface_id),
        private_ip_address: given(address.private_ip_address),
        id: id.clone(),
    };
    Some(Live { id, tags: from_ec2(address.tags), status: Status::Ready, spec, out })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_vpcs_are_offered() {
        let eip = |json| serde_json::from_value::<Eip>(json).unwrap().validate();
        assert_eq!(eip(serde_json::json!({ "domain": "vpc", "address": "203.0.113.7" })), []);
        let problems = eip(serde_json::json!({ "domain": "standard", "address": "203.0.113" }));
        let paths: Vec<&str> = problems.iter().map(|p| p.path.as_str()).collect();
        assert_eq!(paths, ["domain", "address"]);
    }
}
