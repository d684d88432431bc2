//! `vpc_endpoint`: a private way to a service of AWS.

use super::interfaces;
use super::requests::{filters, unknown_yet};
use super::route_table::RouteTable;
use super::security_group::SecurityGroup;
use super::subnet::Subnet;
use super::vpc::{Vpc, default_groups};
use crate::aws::tags::{ec2_any, ec2_specification, from_ec2};
use crate::aws::{Cx, Error, PolicyDocument, Result, Sdk, Tags};
use crate::engine::resource::{
    Blocker, Changed, Creation, FieldProblem, Id, Live, Resource, Retryable, Rules, Status, Step,
    Want,
};
use crate::resources::or_gone;
use crate::stack::schema::immutable;
use aws_sdk_ec2::types::{
    DnsOptionsSpecification, DnsRecordIpType, IpAddressType, ResourceType, VpcEndpoint as Found,
    VpcEndpointType,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

crate::sdk_enum! {
    VpcEndpointType => "VpcEndpointType",
    IpAddressType => "IpAddressType",
    DnsRecordIpType => "DnsRecordIpType",
}

/// A VPC endpoint: a way from a VPC to a service of AWS that does not touch the internet.
///
/// A gateway endpoint, for S3 and DynamoDB, costs nothing: it is a route in the tables named here,
/// and no difference of those. An interface endpoint is a network interface in each of its subnets,
/// charged by the hour.
///
/// ```toml
/// [vpc_endpoint.s3]
/// vpc_id          = "${vpc.main.id}"
/// service_name    = "com.amazonaws.${region}.s3"
/// route_table_ids = ["${route_table.private.id}"]
///
/// [vpc_endpoint.logs]
/// vpc_id              = "${vpc.main.id}"
/// service_name        = "com.amazonaws.${region}.logs"
/// vpc_endpoint_type   = "Interface"
/// subnet_ids          = ["${subnet.a.id}", "${subnet.b.id}"]
/// security_group_ids  = ["${security_group.endpoints.id}"]
/// private_dns_enabled = true
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VpcEndpoint {
    /// VPC it leads out of.
    #[schemars(transform = immutable)]
    pub vpc_id: Id<Vpc>,
    /// Service it leads to, e.g. `com.amazonaws.eu-west-1.ecr.api`.
    #[schemars(transform = immutable)]
    pub service_name: String,
    /// Region of the service, where it is another one.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_region: Option<String>,
    /// How it leads there; `Gateway` when left out.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_endpoint_type: Option<Sdk<VpcEndpointType>>,
    /// Who may do what through it. AWS starts with everything for everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_document: Option<PolicyDocument>,
    /// All route tables a gateway endpoint serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_table_ids: Option<BTreeSet<Id<RouteTable>>>,
    /// All subnets an interface endpoint stands in, at most one a zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_ids: Option<BTreeSet<Id<Subnet>>>,
    /// All security groups of an interface endpoint. AWS takes the VPC's default one otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_group_ids: Option<BTreeSet<Id<SecurityGroup>>>,
    /// Whether the service's own names lead to an interface endpoint; the VPC needs both its DNS
    /// settings for it. AWS's default is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_dns_enabled: Option<bool>,
    /// Whether it has IPv4 addresses, IPv6 addresses or both. AWS starts with `ipv4`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address_type: Option<Sdk<IpAddressType>>,
    /// How its names are answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_options: Option<DnsOptions>,
}

/// How the names of an endpoint are answered.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DnsOptions {
    /// Records its names have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_record_ip_type: Option<Sdk<DnsRecordIpType>>,
    /// Whether private DNS is only for requests from outside the VPC; a gateway endpoint to the same
    /// service is then needed for those from within.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_dns_only_for_inbound_resolver_endpoint: Option<bool>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct VpcEndpointOut {
    /// Id, e.g. `vpce-0123456789abcdef0`.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Account that owns it.
    pub owner_id: String,
    /// List of the service's addresses, for rules and routes; of a gateway endpoint.
    pub prefix_list_id: Option<String>,
    /// The service's addresses; of a gateway endpoint.
    pub cidr_blocks: Vec<String>,
    /// Its network interfaces, one a subnet; of an interface endpoint.
    pub network_interface_ids: BTreeSet<String>,
    /// Its names, the regional one first; of an interface endpoint.
    pub dns_entries: Vec<DnsEntry>,
}

/// A name of an endpoint.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct DnsEntry {
    /// The name.
    pub dns_name: String,
    /// Hosted zone it is in, for alias records.
    pub hosted_zone_id: String,
}

impl Resource for VpcEndpoint {
    const TYPE: &'static str = "vpc_endpoint";
    const AWS_NAME: &'static str = "AWS::EC2::VPCEndpoint";
    const RULES: Rules = Rules {
        // What drains or stops needs AWS's APIs until it is gone (aws-semantics.md 9.2).
        deleted_after: &["ecs_service", "autoscaling_group"],
        retry: &[
            unknown_yet(Step::Create, "InvalidVpcID.NotFound", "the new VPC to be known"),
            unknown_yet(Step::Create, "InvalidSubnetID.NotFound", "the new subnet to be known"),
            unknown_yet(
                Step::Create,
                "InvalidRouteTableID.NotFound",
                "the new route table to be known",
            ),
            unknown_yet(Step::Create, "InvalidGroup.NotFound", "the new group to be known"),
            unknown_yet(Step::Update, "InvalidSubnetID.NotFound", "the new subnet to be known"),
            unknown_yet(
                Step::Update,
                "InvalidRouteTableID.NotFound",
                "the new route table to be known",
            ),
            unknown_yet(Step::Update, "InvalidGroup.NotFound", "the new group to be known"),
            invalid(
                Step::Create,
                "conflicting DNS domain",
                "another endpoint to the service to be gone",
            ),
            invalid(
                Step::Update,
                "conflicting DNS domain",
                "another endpoint to the service to be gone",
            ),
            invalid(
                Step::Create,
                "must have a Gateway endpoint",
                "the gateway endpoint to the service to be there",
            ),
            invalid(
                Step::Delete,
                "PrivateDnsOnlyForInboundResolverEndpoint",
                "the interface endpoint to the service to be gone",
            ),
        ],
        // A group or subnet that is made anew must be left before it can go.
        lets_go: true,
        settle: Duration::from_secs(10 * 60),
        settle_delete: Duration::from_secs(10 * 60),
        ..Rules::DEFAULT
    };
    type Out = VpcEndpointOut;

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |path: &str, message: &str| {
            problems.push(FieldProblem { path: path.into(), message: message.into() });
        };
        let inbound = |d: &DnsOptions| d.private_dns_only_for_inbound_resolver_endpoint;
        let inbound = self.dns_options.as_ref().and_then(inbound);
        match self.vpc_endpoint_type.as_ref().map_or(&VpcEndpointType::Gateway, |t| &t.0) {
            VpcEndpointType::Gateway => {
                const ONLY: &str = "a gateway endpoint has none; `vpc_endpoint_type = \"Interface\"` \
                                    makes an interface endpoint";
                if self.subnet_ids.as_ref().is_some_and(|ids| !ids.is_empty()) {
                    problem("subnet_ids", ONLY);
                }
                if self.security_group_ids.as_ref().is_some_and(|ids| !ids.is_empty()) {
                    problem("security_group_ids", ONLY);
                }
                if self.private_dns_enabled == Some(true) {
                    problem("private_dns_enabled", "only interface endpoints have private DNS");
                }
                if inbound.is_some() {
                    let path = "dns_options.private_dns_only_for_inbound_resolver_endpoint";
                    problem(path, "only interface endpoints have private DNS");
                }
            }
            VpcEndpointType::Interface => {
                if self.route_table_ids.as_ref().is_some_and(|ids| !ids.is_empty()) {
                    problem("route_table_ids", "an interface endpoint has no routes");
                }
                if inbound == Some(true) && self.private_dns_enabled == Some(false) {
                    let path = "dns_options.private_dns_only_for_inbound_resolver_endpoint";
                    problem(path, "needs `private_dns_enabled`");
                }
                if self.security_group_ids.as_ref().is_some_and(BTreeSet::is_empty) {
                    let message = "at least one; left out, AWS takes the VPC's default group";
                    problem("security_group_ids", message);
                }
            }
            _ => {}
        }
        problems
    }

    /// A service has one private name in a VPC, and one route in a table.
    fn clashes(live: &Self, wanted: &Self) -> bool {
        let kind = |endpoint: &Self| {
            let kind = endpoint.vpc_endpoint_type.as_ref();
            kind.map_or(VpcEndpointType::Gateway, |kind| kind.0.clone())
        };
        if live.vpc_id != wanted.vpc_id
            || live.service_name != wanted.service_name
            || kind(live) != kind(wanted)
        {
            return false;
        }
        match kind(live) {
            VpcEndpointType::Gateway => {
                let tables = live.route_table_ids.iter().flatten();
                let same = |id: &Id<RouteTable>| {
                    wanted.route_table_ids.as_ref().is_some_and(|ids| ids.contains(id))
                };
                tables.into_iter().any(same)
            }
            _ => {
                live.private_dns_enabled == Some(true) && wanted.private_dns_enabled != Some(false)
            }
        }
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        let mut found = Vec::new();
        for filters in filters(cx, want, "vpc-endpoint-id") {
            let page =
                cx.ec2().describe_vpc_endpoints().set_filters(Some(filters)).max_results(1000);
            let endpoints = page.into_paginator().items().send();
            found.extend(endpoints.collect::<std::result::Result<Vec<Found>, _>>().await?);
        }
        let lists = prefix_lists(cx, &found).await?;
        Ok(found.into_iter().filter_map(|e| live(cx, e, &lists)).collect())
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let kind =
            self.vpc_endpoint_type.as_ref().map_or(VpcEndpointType::Gateway, |t| t.0.clone());
        let policy = self.policy_document.as_ref().map(|p| p.as_str().to_owned());
        let made = cx
            .ec2()
            .create_vpc_endpoint()
            .vpc_id(self.vpc_id.as_str())
            .service_name(&self.service_name)
            .set_service_region(self.service_region.clone())
            .vpc_endpoint_type(kind)
            .set_policy_document(policy)
            .set_route_table_ids(texts(self.route_table_ids.as_ref()))
            .set_subnet_ids(texts(self.subnet_ids.as_ref()))
            .set_security_group_ids(texts(self.security_group_ids.as_ref()))
            .set_private_dns_enabled(self.private_dns_enabled)
            .set_ip_address_type(self.ip_address_type.as_ref().map(|t| t.0.clone()))
            .set_dns_options(self.dns_options.as_ref().map(DnsOptions::request))
            .client_token(with.token)
            .tag_specifications(ec2_specification(ResourceType::VpcEndpoint, with.tags))
            .send()
            .await?;
        let id = made.vpc_endpoint.and_then(|e| e.vpc_endpoint_id);
        id.ok_or_else(|| Error::incomplete("CreateVpcEndpoint", "VpcEndpointId"))
    }

    /// Changes all in one call: these are the calls AWS allows fewest of (aws-semantics.md 0).
    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        let tables = Difference::of(
            changed.has("route_table_ids"),
            live.spec.route_table_ids.as_ref(),
            self.route_table_ids.as_ref(),
        );
        let subnets = Difference::of(
            changed.has("subnet_ids"),
            live.spec.subnet_ids.as_ref(),
            self.subnet_ids.as_ref(),
        );
        let mut groups = Difference::of(
            changed.has("security_group_ids"),
            live.spec.security_group_ids.as_ref(),
            self.security_group_ids.as_ref(),
        );
        if groups.remove.is_some()
            && self.security_group_ids.as_ref().is_some_and(BTreeSet::is_empty)
        {
            // It must have one: while its own is made anew, the one AWS would have taken.
            let vpc = [live.spec.vpc_id.as_str().to_owned()];
            groups.add = Some(default_groups(cx, &vpc).await?.into_values().collect());
        }
        let policy = self.policy_document.as_ref().filter(|_| changed.has("policy_document"));
        let dns = self.dns_options.as_ref().filter(|_| changed.has("dns_options"));
        let kind = self.ip_address_type.as_ref().filter(|_| changed.has("ip_address_type"));
        cx.ec2()
            .modify_vpc_endpoint()
            .vpc_endpoint_id(&live.id)
            .set_add_route_table_ids(tables.add)
            .set_remove_route_table_ids(tables.remove)
            .set_add_subnet_ids(subnets.add)
            .set_remove_subnet_ids(subnets.remove)
            .set_add_security_group_ids(groups.add)
            .set_remove_security_group_ids(groups.remove)
            .set_policy_document(policy.map(|p| p.as_str().to_owned()))
            .set_private_dns_enabled(
                self.private_dns_enabled.filter(|_| changed.has("private_dns_enabled")),
            )
            .set_ip_address_type(kind.map(|t| t.0.clone()))
            .set_dns_options(dns.map(DnsOptions::request))
            .send()
            .await?;
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        cx.ec2_tag(&live.id, set, remove).await
    }

    /// Shares one call with other endpoints that go at the same time.
    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        let batch = cx.batch("DeleteVpcEndpoints");
        or_gone(batch.send(&live.id, |ids| delete_all(cx, ids)).await)
    }

    async fn blockers(cx: &Cx, live: &Live<Self>) -> Result<Vec<Blocker>> {
        let mut holding = Vec::new();
        for id in &live.out.network_interface_ids {
            holding.extend(interfaces::holding(cx, "network-interface-id", id).await?);
        }
        Ok(holding)
    }
}

const fn invalid(step: Step, message: &'static str, reason: &'static str) -> Retryable {
    Retryable { step, code: "InvalidParameter", message, reason }
}

impl DnsOptions {
    fn request(&self) -> DnsOptionsSpecification {
        let inbound = self.private_dns_only_for_inbound_resolver_endpoint;
        DnsOptionsSpecification::builder()
            .set_dns_record_ip_type(self.dns_record_ip_type.as_ref().map(|t| t.0.clone()))
            .set_private_dns_only_for_inbound_resolver_endpoint(inbound)
            .build()
    }
}

/// What a call must add and remove to make one set of ids another; nothing is left out of the call.
#[derive(Debug, PartialEq, Eq)]
struct Difference {
    add: Option<Vec<String>>,
    remove: Option<Vec<String>>,
}

impl Difference {
    fn of<R>(
        differs: bool,
        old: Option<&BTreeSet<Id<R>>>,
        wanted: Option<&BTreeSet<Id<R>>>,
    ) -> Self {
        let Some(wanted) = wanted.filter(|_| differs) else {
            return Self { add: None, remove: None };
        };
        let none = BTreeSet::new();
        let old = old.unwrap_or(&none);
        let beyond = |one: &BTreeSet<Id<R>>, other: &BTreeSet<Id<R>>| {
            let ids: Vec<String> = one.difference(other).map(|id| id.as_str().to_owned()).collect();
            Some(ids).filter(|ids| !ids.is_empty())
        };
        Self { add: beyond(wanted, old), remove: beyond(old, wanted) }
    }
}

fn texts<R>(ids: Option<&BTreeSet<Id<R>>>) -> Option<Vec<String>> {
    Some(ids?.iter().map(|id| id.as_str().to_owned()).collect())
}

/// Deletes endpoints and returns the errors of those that stay: AWS's answer is good all the same.
async fn delete_all(cx: &Cx, ids: Vec<String>) -> Result<BTreeMap<String, Error>> {
    let call = cx.ec2().delete_vpc_endpoints().set_vpc_endpoint_ids(Some(ids));
    let answer = call.send().await?;
    let items = answer.unsuccessful.unwrap_or_default().into_iter();
    let refused = items.filter_map(|item| {
        let error = item.error?;
        let (code, message) = (error.code.unwrap_or_default(), error.message.unwrap_or_default());
        Some((item.resource_id?, Error::of_item("DeleteVpcEndpoints", &code, &message)))
    });
    Ok(refused.collect())
}

/// The list of a service's addresses: its id and what is in it.
type PrefixList = (String, Vec<String>);

/// Reads the lists of the services that gateway endpoints lead to, by the service's name.
async fn prefix_lists(cx: &Cx, endpoints: &[Found]) -> Result<HashMap<String, PrefixList>> {
    let gateways = endpoints.iter().filter(|e| is_gateway(e));
    let services: BTreeSet<String> = gateways.filter_map(|e| e.service_name.clone()).collect();
    let services: Vec<String> = services.into_iter().collect();
    let mut found = HashMap::new();
    for filters in ec2_any("prefix-list-name", &services) {
        let call = cx.ec2().describe_prefix_lists().set_filters(Some(filters));
        for list in call.send().await?.prefix_lists.unwrap_or_default() {
            let (Some(name), Some(id)) = (list.prefix_list_name, list.prefix_list_id) else {
                continue;
            };
            found.insert(name, (id, list.cidrs.unwrap_or_default()));
        }
    }
    Ok(found)
}

fn is_gateway(endpoint: &Found) -> bool {
    endpoint.vpc_endpoint_type == Some(VpcEndpointType::Gateway)
}

fn live(
    cx: &Cx,
    endpoint: Found,
    lists: &HashMap<String, PrefixList>,
) -> Option<Live<VpcEndpoint>> {
    let gateway = is_gateway(&endpoint);
    let id = endpoint.vpc_endpoint_id?;
    // AWS writes its states small where its own list of values has capitals.
    let state = endpoint.state.map(|s| s.as_str().to_ascii_lowercase()).unwrap_or_default();
    let status = match state.as_str() {
        "deleted" => return None,
        "deleting" => Status::Deleting(state),
        "pending" | "partial" => Status::Pending(state),
        "failed" | "rejected" | "expired" => {
            let error = endpoint.last_error.and_then(|e| e.message);
            Status::Failed(
                [Some(state), error].into_iter().flatten().collect::<Vec<_>>().join(": "),
            )
        }
        // One that the service's owner has to accept first is all that can be made.
        _ => Status::Ready,
    };
    let service = endpoint.service_name.unwrap_or_default();
    let list = lists.get(&service).filter(|_| gateway);
    let ids = |ids: Option<Vec<String>>| ids.unwrap_or_default();
    let groups = endpoint.groups.unwrap_or_default().into_iter().filter_map(|g| g.group_id);
    let dns_options = endpoint.dns_options.map(|d| DnsOptions {
        dns_record_ip_type: d.dns_record_ip_type.map(Sdk),
        private_dns_only_for_inbound_resolver_endpoint: d
            .private_dns_only_for_inbound_resolver_endpoint,
    });
    let spec = VpcEndpoint {
        vpc_id: Id::new(endpoint.vpc_id.unwrap_or_default()),
        service_region: endpoint.service_region.or_else(|| Some(cx.scope.region.clone())),
        vpc_endpoint_type: endpoint.vpc_endpoint_type.map(Sdk),
        policy_document: endpoint.policy_document.as_deref().map(PolicyDocument::of_aws),
        route_table_ids: Some(ids(endpoint.route_table_ids).into_iter().map(Id::new).collect()),
        subnet_ids: Some(ids(endpoint.subnet_ids).into_iter().map(Id::new).collect()),
        security_group_ids: Some(groups.map(Id::new).collect()),
        private_dns_enabled: Some(endpoint.private_dns_enabled.unwrap_or(false)),
        ip_address_type: endpoint.ip_address_type.map(Sdk),
        dns_options,
        service_name: service,
    };
    let owner_id = endpoint.owner_id.unwrap_or_else(|| cx.account_id.clone());
    let entries = endpoint.dns_entries.unwrap_or_default().into_iter();
    let out = VpcEndpointOut {
        arn: cx.arn_of("ec2", &owner_id, &format!("vpc-endpoint/{id}")),
        owner_id,
        prefix_list_id: list.map(|(id, _)| id.clone()),
        cidr_blocks: list.map(|(_, blocks)| blocks.clone()).unwrap_or_default(),
        network_interface_ids: ids(endpoint.network_interface_ids).into_iter().collect(),
        dns_entries: entries
            .map(|e| DnsEntry {
                dns_name: e.dns_name.unwrap_or_default(),
                hosted_zone_id: e.hosted_zone_id.unwrap_or_default(),
            })
            .collect(),
        id: id.clone(),
    };
    Some(Live { id, tags: from_ec2(endpoint.tags), status, spec, out })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn problems(more: Value) -> Vec<String> {
        let mut whole = json!({ "vpc_id": "vpc-1", "service_name": "com.amazonaws.eu-west-1.s3" });
        if let (Value::Object(whole), Value::Object(more)) = (&mut whole, more) {
            whole.extend(more);
        }
        let endpoint: VpcEndpoint = serde_json::from_value(whole).unwrap();
        endpoint.validate().into_iter().map(|p| p.path).collect()
    }

    #[test]
    fn each_type_has_fields_of_its_own() {
        let interface = json!({
            "subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"], "private_dns_enabled": true,
        });
        assert_eq!(
            problems(interface.clone()),
            ["subnet_ids", "security_group_ids", "private_dns_enabled"]
        );
        let mut whole = interface;
        whole["vpc_endpoint_type"] = "Interface".into();
        assert_eq!(problems(whole.clone()), [""; 0]);
        whole["route_table_ids"] = json!(["rtb-1"]);
        whole["security_group_ids"] = json!([]);
        assert_eq!(problems(whole), ["route_table_ids", "security_group_ids"]);
        let inbound = json!({ "private_dns_only_for_inbound_resolver_endpoint": true });
        let path = "dns_options.private_dns_only_for_inbound_resolver_endpoint";
        assert_eq!(problems(json!({ "dns_options": inbound })), [path]);
        let off = json!({
            "vpc_endpoint_type": "Interface", "dns_options": inbound, "private_dns_enabled": false,
        });
        assert_eq!(problems(off), [path]);
    }

    #[test]
    fn two_clash_over_a_private_name_or_a_route() {
        let endpoint = |more: Value| {
            let mut whole =
                json!({ "vpc_id": "vpc-1", "service_name": "com.amazonaws.eu-west-1.s3" });
            if let (Value::Object(whole), Value::Object(more)) = (&mut whole, more) {
                whole.extend(more);
            }
            serde_json::from_value::<VpcEndpoint>(whole).unwrap()
        };
        let gateway = |table: &str| endpoint(json!({ "route_table_ids": [table] }));
        assert!(VpcEndpoint::clashes(&gateway("rtb-1"), &gateway("rtb-1")));
        assert!(!VpcEndpoint::clashes(&gateway("rtb-1"), &gateway("rtb-2")));
        let interface = |named: bool| {
            endpoint(json!({ "vpc_endpoint_type": "Interface", "private_dns_enabled": named }))
        };
        assert!(VpcEndpoint::clashes(&interface(true), &interface(true)));
        assert!(!VpcEndpoint::clashes(&interface(true), &interface(false)));
        assert!(!VpcEndpoint::clashes(&gateway("rtb-1"), &interface(true)));
    }

    #[test]
    fn only_what_differs_is_added_and_removed() {
        let set = |ids: &[&str]| ids.iter().map(|id| Id::<Subnet>::new(*id)).collect();
        let (old, wanted): (BTreeSet<_>, BTreeSet<_>) = (set(&["a", "b"]), set(&["b", "c"]));
        let none = Difference { add: None, remove: None };
        assert_eq!(Difference::of(false, Some(&old), Some(&wanted)), none);
        assert_eq!(Difference::of(true, Some(&old), None), none);
        assert_eq!(Difference::of(true, Some(&old), Some(&old)), none);
        let both = Difference { add: Some(vec!["c".into()]), remove: Some(vec!["a".into()]) };
        assert_eq!(Difference::of(true, Some(&old), Some(&wanted)), both);
    }
}
