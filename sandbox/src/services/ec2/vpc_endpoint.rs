//! VPC endpoints: gateway endpoints are routes to a service, interface endpoints own a network
//! interface in each of their subnets. How they are changed and deleted is in
//! `vpc_endpoint_change`.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::{Answer, Call, Input, Members, modelled};
use super::describe::Listing;
use super::endpoint_service::{self, EndpointService};
use super::network_interface::{self, NetworkInterface, Owner, Placement};
use super::{State, View, ids, limits, prefix_list, route, rules, state_mut, tags, tokens};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;

/// How long a new interface endpoint is `pending` (aws-semantics.md 1: 1 to 3 minutes).
const PENDING_INTERFACE: Duration = Duration::from_secs(90);
/// How long a new gateway endpoint is `pending` (aws-semantics.md 1: seconds).
const PENDING_GATEWAY: Duration = Duration::from_secs(4);

/// A VPC endpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct VpcEndpoint {
    pub(crate) vpc: String,
    /// The service's whole name.
    pub(crate) service: String,
    /// Whether it is an interface endpoint, else a gateway endpoint.
    pub(crate) is_interface: bool,
    /// The policy document, as JSON text.
    pub(crate) policy: String,
    pub(crate) tables: Vec<String>,
    pub(crate) subnets: Vec<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) ip_address_type: String,
    pub(crate) dns_record_ip_type: Option<String>,
    /// Whether private DNS is only for requests from outside the VPC.
    pub(crate) inbound_only: bool,
    pub(crate) private_dns: bool,
    pub(crate) created: Time,
    /// When it becomes `available`.
    pub(crate) ready: Time,
    /// When it is gone, once its deletion was asked for.
    pub(crate) gone: Option<Time>,
}

impl VpcEndpoint {
    pub(crate) fn state(&self, now: Time) -> &'static str {
        match self.gone {
            Some(_) => "deleting",
            None if now < self.ready => "pending",
            None => "available",
        }
    }

    /// Tells whether it leads this route table to its service.
    pub(super) fn routes(&self, table: &str) -> bool {
        !self.is_interface && self.gone.is_none() && self.tables.iter().any(|own| own == table)
    }

    fn kind(&self) -> &'static str {
        if self.is_interface { "Interface" } else { "Gateway" }
    }
}

/// Returns 17 hexadecimal digits that a text always gives.
pub(super) fn digits(text: &str) -> String {
    crate::ids::digits(text)[..17].to_owned()
}

/// The policy of an endpoint that was given none: everything is allowed.
pub(super) fn full_access(is_interface: bool) -> String {
    let mut policy = json!({
        "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" }],
    });
    if !is_interface {
        policy["Version"] = "2008-10-17".into();
    }
    policy.to_string()
}

/// Checks a policy document as far as EC2 does before it keeps it.
pub(super) fn checked_policy(text: &str) -> Result<String, Refusal> {
    let policy = serde_json::from_str::<Value>(text).ok();
    match policy.as_ref().and_then(|policy| policy.get("Statement")) {
        Some(Value::Array(_) | Value::Object(_)) => Ok(text.to_owned()),
        _ => Err(rules::ENDPOINT_POLICY.refuse(&[])),
    }
}

/// Reads the members of `DnsOptions` that are modelled.
pub(super) fn dns_options(input: &Input) -> Result<(Option<String>, Option<bool>), Refusal> {
    let Some(options) = input.object("DnsOptions") else { return Ok((None, None)) };
    let members = ["DnsRecordIpType", "PrivateDnsOnlyForInboundResolverEndpoint"];
    modelled(options, "DnsOptions", &members)?;
    let inbound = options.flag("PrivateDnsOnlyForInboundResolverEndpoint");
    Ok((options.text("DnsRecordIpType").map(str::to_owned), inbound))
}

/// CreateVpcEndpoint.
pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let tags = tags::at_creation(input, &ids::VPC_ENDPOINT)?;
    let seen = tokens::seen(state_mut(account, call), call, input)?;
    let id = if let Some(id) = seen {
        id
    } else {
        let id = account.new_id("vpce");
        make(account, call, input, &id)?;
        let state = state_mut(account, call);
        tags::keep(state, &id, tags)?;
        tokens::keep(state, call, input, &id);
        id
    };
    let view = View::new(account, call);
    let shown = show(view, &id, &view.state.vpc_endpoints[&id]);
    Ok(json!({ "VpcEndpoint": shown, "ClientToken": input.text("ClientToken") }))
}

fn make(account: &mut Account, call: &Call, input: &Input, id: &str) -> Result<(), Refusal> {
    let state = state_mut(account, call);
    let vpc = input.text("VpcId").unwrap_or_default().to_owned();
    ids::VPC.check(state, &vpc)?;
    let is_interface = match input.text("VpcEndpointType").unwrap_or("Gateway") {
        "Gateway" => false,
        "Interface" => true,
        other => {
            let message = format!("the sandbox does not model endpoints of type {other}");
            return Err(Refusal::new("InvalidParameter", message));
        }
    };
    let service = service(call, input, is_interface)?;
    let (record, inbound) = dns_options(input)?;
    let policy = match input.text("PolicyDocument") {
        Some(text) => checked_policy(text)?,
        None => full_access(is_interface),
    };
    let texts = |name: &str| input.texts(name).into_iter().map(str::to_owned).collect();
    let mut endpoint = VpcEndpoint {
        vpc,
        service: service.name,
        is_interface,
        policy,
        tables: texts("RouteTableIds"),
        subnets: Vec::new(),
        groups: Vec::new(),
        ip_address_type: input.text("IpAddressType").unwrap_or("ipv4").to_owned(),
        dns_record_ip_type: record,
        inbound_only: inbound.unwrap_or(false),
        private_dns: input.flag("PrivateDnsEnabled").unwrap_or(is_interface),
        created: call.now,
        ready: call.after(if is_interface { PENDING_INTERFACE } else { PENDING_GATEWAY }),
        gone: None,
    };
    applicable(&endpoint, input, ["RouteTableIds", "SubnetIds", "SecurityGroupIds"])?;
    let same = state.vpc_endpoints.values().filter(|other| other.is_interface == is_interface);
    let (have, limit) = if is_interface {
        let here = same.filter(|other| other.vpc == endpoint.vpc);
        (here.count(), state.limits.interface_endpoints_per_vpc)
    } else {
        (same.count(), state.limits.gateway_endpoints)
    };
    limits::room(have, limit, &rules::ENDPOINT_LIMIT)?;
    if is_interface {
        check_private_dns(state, id, &endpoint)?;
        endpoint.groups = checked_groups(state, &endpoint.vpc, texts("SecurityGroupIds"))?;
        let subnets: Vec<String> = texts("SubnetIds");
        check_subnets(state, &endpoint, &subnets)?;
        state.vpc_endpoints.insert(id.to_owned(), endpoint);
        for subnet in subnets {
            join_subnet(account, call, id, &subnet)?;
        }
    } else {
        for table in &endpoint.tables {
            check_table(View { state, call }, &endpoint, table)?;
        }
        state.vpc_endpoints.insert(id.to_owned(), endpoint);
    }
    Ok(())
}

/// Finds the service of a new endpoint.
fn service(call: &Call, input: &Input, is_interface: bool) -> Result<EndpointService, Refusal> {
    let name =
        input.text("ServiceName").ok_or_else(|| rules::ENDPOINT_WITHOUT_SERVICE.refuse(&[]))?;
    let mut all = endpoint_service::of_region(&call.region).into_iter();
    let service = all.find(|service| service.name == name);
    let service = service.ok_or_else(|| rules::SERVICE_UNKNOWN.refuse(&[name]))?;
    let kind = if is_interface { "Interface" } else { "Gateway" };
    if service.types.contains(&kind) {
        Ok(service)
    } else {
        Err(rules::SERVICE_TYPE.refuse(&[kind, &service.types.join(", ")]))
    }
}

/// Refuses members that are for the other type of endpoint.
pub(super) fn applicable(
    endpoint: &VpcEndpoint,
    input: &Input,
    members: [&str; 3],
) -> Result<(), Refusal> {
    let [tables, subnets, groups] = members;
    let foreign: &[&str] = if endpoint.is_interface { &[tables] } else { &[subnets, groups] };
    if let Some(member) = foreign.iter().find(|member| !input.list(member).is_empty()) {
        return Err(rules::ENDPOINT_MEMBER.refuse(&[member, endpoint.kind()]));
    }
    if endpoint.is_interface {
        return Ok(());
    }
    if input.flag("PrivateDnsEnabled") == Some(true) {
        return Err(rules::ENDPOINT_GATEWAY_DNS.refuse(&[]));
    }
    match dns_options(input)? {
        (_, Some(_)) => Err(rules::ENDPOINT_INBOUND_GATEWAY.refuse(&[])),
        _ => Ok(()),
    }
}

/// Refuses private DNS where the VPC has no DNS, or another endpoint already answers for the
/// service; one that is being deleted still does (aws-semantics.md 1, vpc_endpoint).
pub(super) fn check_private_dns(
    state: &State,
    id: &str,
    endpoint: &VpcEndpoint,
) -> Result<(), Refusal> {
    if !endpoint.private_dns {
        return Ok(());
    }
    let dns = |vpc: &super::vpc::Vpc| vpc.dns_support && vpc.dns_hostnames;
    if !state.vpcs.get(&endpoint.vpc).is_some_and(dns) {
        return Err(rules::ENDPOINT_DNS_OFF.refuse(&[&endpoint.vpc]));
    }
    let conflict = state.vpc_endpoints.iter().any(|(other_id, other)| {
        other_id != id
            && other.private_dns
            && other.vpc == endpoint.vpc
            && other.service == endpoint.service
    });
    if conflict {
        let region = endpoint.service.split('.').nth(2).unwrap_or_default();
        let all = endpoint_service::of_region(region);
        let service = all.iter().find(|service| service.name == endpoint.service);
        let name = service.map_or("", |service| &service.private_name);
        return Err(rules::ENDPOINT_DNS_CONFLICT.refuse(&[name, &endpoint.vpc]));
    }
    let gateway = state.vpc_endpoints.values().any(|other| {
        !other.is_interface
            && other.gone.is_none()
            && other.vpc == endpoint.vpc
            && other.service == endpoint.service
    });
    if endpoint.inbound_only && !gateway {
        return Err(rules::ENDPOINT_INBOUND_ALONE.refuse(&[&endpoint.vpc]));
    }
    Ok(())
}

/// Checks security groups; without any it is the VPC's default one.
pub(super) fn checked_groups(
    state: &State,
    vpc: &str,
    groups: Vec<String>,
) -> Result<Vec<String>, Refusal> {
    for group in &groups {
        ids::SECURITY_GROUP.check(state, group)?;
        if state.security_groups[group].vpc != vpc {
            return Err(rules::ENDPOINT_GROUP.refuse(&[group, vpc]));
        }
    }
    if groups.is_empty() {
        let mut all = state.security_groups.iter();
        let default = all.find(|(_, group)| group.vpc == vpc && group.is_default());
        return Ok(default.map(|(id, _)| id.clone()).into_iter().collect());
    }
    Ok(groups)
}

/// Checks subnets that an endpoint shall have beside those it has: of its VPC, one for each zone,
/// with the addresses its type needs.
pub(super) fn check_subnets(
    state: &State,
    endpoint: &VpcEndpoint,
    subnets: &[String],
) -> Result<(), Refusal> {
    let mut zones: Vec<&str> =
        endpoint.subnets.iter().filter_map(|id| Some(&*state.subnets.get(id)?.zone)).collect();
    for id in subnets {
        ids::SUBNET.check(state, id)?;
        let subnet = &state.subnets[id];
        if subnet.vpc != endpoint.vpc {
            return Err(rules::ENDPOINT_SUBNET.refuse(&[id, &endpoint.vpc]));
        }
        if endpoint.ip_address_type != "ipv4" && subnet.ipv6_blocks.is_empty() {
            return Err(rules::ENDPOINT_IPV6.refuse(&[&endpoint.ip_address_type, id]));
        }
        if zones.contains(&&*subnet.zone) {
            return Err(rules::ENDPOINT_ZONE_TWICE.refuse(&[id]));
        }
        zones.push(&subnet.zone);
    }
    Ok(())
}

/// Checks a route table that a gateway endpoint shall serve.
pub(super) fn check_table(view: View<'_>, endpoint: &VpcEndpoint, id: &str) -> Result<(), Refusal> {
    ids::ROUTE_TABLE.check(view.state, id)?;
    if view.state.route_tables[id].vpc != endpoint.vpc {
        return Err(rules::ENDPOINT_TABLE.refuse(&[id, &endpoint.vpc]));
    }
    let list = prefix_list::of_service(&view.call.region, &endpoint.service).unwrap_or_default();
    if route::leads_to(view, id, &list) {
        return Err(rules::ENDPOINT_ROUTE.refuse(&[id, &list]));
    }
    Ok(())
}

/// Puts an interface endpoint into a subnet.
pub(super) fn join_subnet(
    account: &mut Account,
    call: &Call,
    id: &str,
    subnet: &str,
) -> Result<(), Refusal> {
    let attachment = account.new_id("ela-attach");
    let state = state_mut(account, call);
    let groups = state.vpc_endpoints.get(id).map(|it| it.groups.clone()).unwrap_or_default();
    let placement = Placement {
        subnet: subnet.to_owned(),
        description: format!("VPC Endpoint Interface {id}"),
        groups,
        address: None,
        owner: Some(Owner {
            resource: id.to_owned(),
            interface_type: "vpc_endpoint".to_owned(),
            attached_by: "amazon-aws".to_owned(),
            instance: None,
            requester: Some("amazon-vpce".to_owned()),
            attachment,
            attached: call.now,
            delete_on_termination: false,
        }),
    };
    let interface = network_interface::place(account, call, placement, tags::Tags::new())?;
    let state = state_mut(account, call);
    if let Some(endpoint) = state.vpc_endpoints.get_mut(id) {
        endpoint.subnets.push(subnet.to_owned());
        if endpoint.ip_address_type == "ipv4"
            && let Some(own) = state.network_interfaces.get_mut(&interface)
        {
            own.ipv6_addresses.clear();
        }
    }
    Ok(())
}

/// Forgets those whose deletion is done.
pub(super) fn settle(state: &mut State, now: Time) {
    let done = |endpoint: &VpcEndpoint| endpoint.gone.is_some_and(|gone| gone <= now);
    let gone: Vec<String> =
        state.vpc_endpoints.iter().filter(|(_, it)| done(it)).map(|(id, _)| id.clone()).collect();
    for id in gone {
        state.vpc_endpoints.remove(&id);
        state.tags.remove(&id);
    }
}

static LISTING: Listing<VpcEndpoint> = Listing {
    kind: &ids::VPC_ENDPOINT,
    ids: "VpcEndpointIds",
    answer: "VpcEndpoints",
    page: 1000,
    filters: &[
        "ip-address-type",
        "service-name",
        "service-region",
        "tag-key",
        "vpc-endpoint-id",
        "vpc-endpoint-state",
        "vpc-endpoint-type",
        "vpc-id",
    ],
    field,
    show,
};

/// DescribeVpcEndpoints.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    LISTING.answer_map(view, input, &view.state.vpc_endpoints)
}

fn field(view: View<'_>, id: &str, endpoint: &VpcEndpoint, name: &str) -> Vec<String> {
    let value = match name {
        "ip-address-type" => &endpoint.ip_address_type,
        "service-name" => &endpoint.service,
        "service-region" => &view.call.region,
        "vpc-endpoint-state" => endpoint.state(view.call.now),
        "vpc-endpoint-type" => endpoint.kind(),
        "vpc-id" => &endpoint.vpc,
        _ => id,
    };
    vec![value.to_owned()]
}

fn owned(interface: &NetworkInterface, id: &str) -> bool {
    interface.owner.as_ref().is_some_and(|owner| owner.resource == id)
}

/// Lists the names an interface endpoint answers to: its own, one for each zone, the service's.
fn dns_entries(view: View<'_>, id: &str, endpoint: &VpcEndpoint) -> Vec<Value> {
    let region = &view.call.region;
    let all = endpoint_service::of_region(region);
    let Some(service) = all.iter().find(|service| service.name == endpoint.service) else {
        return Vec::new();
    };
    let short = endpoint.service.rsplit_once(&format!("{region}.")).map_or("", |(_, it)| it);
    let short = short.rsplit('.').collect::<Vec<_>>().join(".");
    let (zone_id, hash) = (format!("Z{}", digits(region).to_uppercase()), &digits(id)[..8]);
    let entry = |name: String, zone: &str| json!({ "DnsName": name, "HostedZoneId": zone });
    let tail = format!("{short}.{region}.vpce.amazonaws.com");
    let mut entries = vec![entry(format!("{id}-{hash}.{tail}"), &zone_id)];
    for subnet in endpoint.subnets.iter().filter_map(|id| view.state.subnets.get(id)) {
        entries.push(entry(format!("{id}-{hash}-{}.{tail}", subnet.zone), &zone_id));
    }
    if endpoint.private_dns {
        let private = format!("Z{}", digits(&format!("{id} private")).to_uppercase());
        entries.push(entry(service.private_name.clone(), &private));
    }
    entries
}

fn show(view: View<'_>, id: &str, endpoint: &VpcEndpoint) -> Value {
    let interfaces: Vec<&String> = view
        .state
        .network_interfaces
        .iter()
        .filter(|(_, interface)| owned(interface, id))
        .map(|(id, _)| id)
        .collect();
    let groups: Vec<Value> = endpoint
        .groups
        .iter()
        .map(|group| {
            let name = view.state.security_groups.get(group).map(|group| &group.name);
            json!({ "GroupId": group, "GroupName": name })
        })
        .collect();
    let mut dns = Map::new();
    if endpoint.is_interface {
        let record = endpoint.dns_record_ip_type.as_deref().unwrap_or(&endpoint.ip_address_type);
        dns.insert("DnsRecordIpType".to_owned(), record.into());
        if endpoint.private_dns {
            let inbound = "PrivateDnsOnlyForInboundResolverEndpoint".to_owned();
            dns.insert(inbound, endpoint.inbound_only.into());
        }
    } else {
        let record = endpoint.dns_record_ip_type.as_deref().unwrap_or("service-defined");
        dns.insert("DnsRecordIpType".to_owned(), record.into());
    }
    json!({
        "VpcEndpointId": id,
        "VpcEndpointType": endpoint.kind(),
        "VpcId": endpoint.vpc,
        "ServiceName": endpoint.service,
        "ServiceRegion": view.call.region,
        "State": endpoint.state(view.call.now),
        "PolicyDocument": endpoint.policy,
        "RouteTableIds": endpoint.tables,
        "SubnetIds": endpoint.subnets,
        "Groups": groups,
        "IpAddressType": endpoint.ip_address_type,
        "DnsOptions": dns,
        "PrivateDnsEnabled": endpoint.private_dns,
        "RequesterManaged": false,
        "NetworkInterfaceIds": interfaces,
        "DnsEntries": if endpoint.is_interface {
            dns_entries(view, id, endpoint)
        } else {
            Vec::new()
        },
        "CreationTimestamp": endpoint.created.to_string(),
        "OwnerId": view.call.account_id,
        "Tags": tags::show(view, id),
    })
}
