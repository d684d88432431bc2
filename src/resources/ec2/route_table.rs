//! `route_table`: where packets of a subnet go; routes and associations are part of it.

use super::internet_gateway::InternetGateway;
use super::requests::{filters, unknown_yet};
use super::route::{self, Route};
use super::subnet::Subnet;
use super::vpc::Vpc;
use crate::aws::tags::{ec2_specification, filter, from_ec2};
use crate::aws::{Cx, Error, Result, Tags};
use crate::engine::resource::{
    Blocker, Changed, Creation, FieldProblem, Id, Live, Resource, Rules, Status, Step, Want,
};
use crate::resources::or_gone;
use crate::stack::schema::{immutable, late};
use aws_sdk_ec2::types::{
    ResourceType, RouteTable as Found, RouteTableAssociation, RouteTableAssociationStateCode,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A route table: where packets go that leave the subnets associated with it.
///
/// The route within the VPC is AWS's and not listed here; neither are routes of gateway endpoints,
/// which belong to the endpoint, nor propagated ones.
///
/// ```toml
/// [route_table.public]
/// vpc_id     = "${vpc.main.id}"
/// routes     = [{ destination_cidr_block = "0.0.0.0/0", gateway_id = "${internet_gateway.main.id}" }]
/// subnet_ids = ["${subnet.a.id}", "${subnet.b.id}"]
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteTable {
    /// VPC it is a part of.
    #[schemars(transform = immutable)]
    pub vpc_id: Id<Vpc>,
    /// All routes of our own; others found in the table are removed.
    #[schemars(transform = late, extend("x-key" = route::KEY))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routes: Option<BTreeSet<Route>>,
    /// All subnets that use the table; one that used another is moved.
    #[schemars(transform = late)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_ids: Option<BTreeSet<Id<Subnet>>>,
    /// All gateways whose incoming packets use the table, for inspection by an appliance.
    #[schemars(transform = late)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_ids: Option<BTreeSet<Id<InternetGateway>>>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct RouteTableOut {
    /// Id, e.g. `rtb-0123456789abcdef0`.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Account that owns it.
    pub owner_id: String,
}

impl Resource for RouteTable {
    const TYPE: &'static str = "route_table";
    const AWS_NAME: &'static str = "AWS::EC2::RouteTable";
    const RULES: Rules = Rules {
        // What drains or stops needs its way out until it is gone (aws-semantics.md 9.2).
        deleted_after: &["ecs_service", "autoscaling_group"],
        retry: &[
            unknown_yet(Step::Create, "InvalidVpcID.NotFound", "the new VPC to be known"),
            unknown_yet(
                Step::Update,
                "InvalidRouteTableID.NotFound",
                "the new route table to be known",
            ),
            unknown_yet(Step::Update, "InvalidSubnetID.NotFound", "the new subnet to be known"),
            unknown_yet(Step::Update, "InvalidGatewayID.NotFound", "the new gateway to be known"),
            unknown_yet(
                Step::Update,
                "InvalidInternetGatewayID.NotFound",
                "the new gateway to be known",
            ),
            unknown_yet(
                Step::Update,
                "InvalidNatGatewayID.NotFound",
                "the new NAT gateway to be known",
            ),
            unknown_yet(
                Step::Update,
                "Resource.AlreadyAssociated",
                "the association with another table to be seen",
            ),
            unknown_yet(Step::Delete, "DependencyViolation", "its associations to end"),
        ],
        ..Rules::DEFAULT
    };
    type Out = RouteTableOut;

    fn validate(&self) -> Vec<FieldProblem> {
        route::validate(self.routes.iter().flatten())
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        let mut found = Vec::new();
        for filters in filters(cx, want, "route-table-id") {
            let call = cx.ec2().describe_route_tables().set_filters(Some(filters)).max_results(100);
            let tables = call.into_paginator().items().send();
            found.extend(tables.collect::<std::result::Result<Vec<Found>, _>>().await?);
        }
        Ok(found.into_iter().filter_map(|t| live(cx, t)).collect())
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let made = cx
            .ec2()
            .create_route_table()
            .vpc_id(self.vpc_id.as_str())
            .client_token(with.token)
            .tag_specifications(ec2_specification(ResourceType::RouteTable, with.tags))
            .send()
            .await?;
        let id = made.route_table.and_then(|t| t.route_table_id);
        id.ok_or_else(|| Error::incomplete("CreateRouteTable", "RouteTableId"))
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        if let Some(routes) = self.routes.as_ref().filter(|_| changed.has("routes")) {
            let old = live.spec.routes.clone().unwrap_or_default();
            route::converge(cx, &live.id, &old, routes).await?;
        }
        if let Some(subnets) = self.subnet_ids.as_ref().filter(|_| changed.has("subnet_ids")) {
            let wanted = subnets.iter().map(Id::as_str).collect();
            converge(cx, &live.id, End::Subnet, &wanted).await?;
        }
        if let Some(gateways) = self.gateway_ids.as_ref().filter(|_| changed.has("gateway_ids")) {
            let wanted = gateways.iter().map(Id::as_str).collect();
            converge(cx, &live.id, End::Gateway, &wanted).await?;
        }
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        cx.ec2_tag(&live.id, set, remove).await
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        for association in associations(cx, &live.id).await? {
            disassociate(cx, &association).await?;
        }
        or_gone(cx.ec2().delete_route_table().route_table_id(&live.id).send().await)
    }

    async fn blockers(cx: &Cx, live: &Live<Self>) -> Result<Vec<Blocker>> {
        let found = associations(cx, &live.id).await?;
        let what = |a: RouteTableAssociation| {
            let end = a.subnet_id.or(a.gateway_id).unwrap_or_default();
            Blocker { what: format!("association with {end}"), leaves: None }
        };
        Ok(found.into_iter().map(what).collect())
    }
}

/// Which kind of thing a table is associated with.
#[derive(Clone, Copy)]
enum End {
    Subnet,
    Gateway,
}

impl End {
    fn id(self, association: &RouteTableAssociation) -> Option<&str> {
        match self {
            Self::Subnet => association.subnet_id(),
            Self::Gateway => association.gateway_id(),
        }
    }
}

/// Makes the ends of one kind those wanted.
async fn converge(cx: &Cx, table: &str, end: End, wanted: &BTreeSet<&str>) -> Result<()> {
    let there = associations(cx, table).await?;
    for id in wanted {
        if !there.iter().any(|a| end.id(a) == Some(*id)) {
            associate(cx, table, end, id).await?;
        }
    }
    for association in &there {
        if end.id(association).is_some_and(|id| !wanted.contains(id)) {
            disassociate(cx, association).await?;
        }
    }
    Ok(())
}

/// Reads the table's explicit associations afresh: another table may have taken a subnet over.
async fn associations(cx: &Cx, id: &str) -> Result<Vec<RouteTableAssociation>> {
    let by_id = filter("route-table-id", [id]);
    let found = cx.ec2().describe_route_tables().filters(by_id).send().await?;
    let tables = found.route_tables.unwrap_or_default();
    let all = tables.into_iter().flat_map(|t| t.associations.unwrap_or_default());
    Ok(all.filter(is_there).collect())
}

fn is_there(association: &RouteTableAssociation) -> bool {
    use RouteTableAssociationStateCode::{Disassociated, Disassociating, Failed};
    let state = association.association_state().and_then(|s| s.state());
    association.main() != Some(true)
        && !matches!(state, Some(Disassociated | Disassociating | Failed))
}

/// Associates one end. One that another table has is moved in one step: between giving up and
/// associating, its packets would follow the main table.
async fn associate(cx: &Cx, table: &str, end: End, id: &str) -> Result<()> {
    let by_end = match end {
        End::Subnet => filter("association.subnet-id", [id]),
        End::Gateway => filter("association.gateway-id", [id]),
    };
    let found = cx.ec2().describe_route_tables().filters(by_end).send().await?;
    let mut all =
        found.route_tables().iter().flat_map(aws_sdk_ec2::types::RouteTable::associations);
    let old = all.find(|a| is_there(a) && end.id(a) == Some(id));
    if let Some(old) = old.and_then(|a| a.route_table_association_id()) {
        let call = cx.ec2().replace_route_table_association().association_id(old);
        match call.route_table_id(table).send().await.map_err(Error::from) {
            // The other table let go of it meanwhile.
            Err(error) if error.is("InvalidAssociationID.NotFound") => {}
            other => return other.map(drop),
        }
    }
    let call = cx.ec2().associate_route_table().route_table_id(table);
    match end {
        End::Subnet => call.subnet_id(id),
        End::Gateway => call.gateway_id(id),
    }
    .send()
    .await?;
    Ok(())
}

async fn disassociate(cx: &Cx, association: &RouteTableAssociation) -> Result<()> {
    let Some(id) = association.route_table_association_id() else { return Ok(()) };
    or_gone(cx.ec2().disassociate_route_table().association_id(id).send().await)
}

fn live(cx: &Cx, table: Found) -> Option<Live<RouteTable>> {
    use RouteTableAssociationStateCode::Associating;
    let id = table.route_table_id?;
    let associations: Vec<_> =
        table.associations.unwrap_or_default().into_iter().filter(is_there).collect();
    let busy = associations
        .iter()
        .any(|a| a.association_state().and_then(|s| s.state()) == Some(&Associating));
    let owner_id = table.owner_id.unwrap_or_else(|| cx.account_id.clone());
    let spec = RouteTable {
        vpc_id: Id::new(table.vpc_id.unwrap_or_default()),
        routes: Some(table.routes.unwrap_or_default().iter().filter_map(route::of_aws).collect()),
        subnet_ids: Some(
            associations.iter().filter_map(|a| a.subnet_id.clone()).map(Id::new).collect(),
        ),
        gateway_ids: Some(
            associations.iter().filter_map(|a| a.gateway_id.clone()).map(Id::new).collect(),
        ),
    };
    let out = RouteTableOut {
        arn: cx.arn_of("ec2", &owner_id, &format!("route-table/{id}")),
        owner_id,
        id: id.clone(),
    };
    let status = if busy { Status::Pending("associating".into()) } else { Status::Ready };
    Some(Live { id, tags: from_ec2(table.tags), status, spec, out })
}
