//! What can be scaled: services of ECS, tables of DynamoDB and their indexes.

use super::rules::{DIMENSION, NO_SERVICE, NO_TABLE, NOT_MODELLED, RESOURCE_ID};
use super::{Call, Input, Members};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::dynamodb::{self, Units};
use crate::services::ecs;
use crate::state::Account;

/// A resource with the dimension it is scaled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource<'a> {
    /// A service's desired count.
    Service { cluster: &'a str, service: &'a str },
    /// Units of a table, or of an index of it.
    Table { table: &'a str, index: Option<&'a str>, units: Units },
}

impl<'a> Resource<'a> {
    /// Reads namespace, id and dimension of a request.
    pub(super) fn read(input: &'a Input) -> Result<Self, Refusal> {
        let member = |name| input.text(name).unwrap_or_default();
        let (namespace, id) = (member("ServiceNamespace"), member("ResourceId"));
        let dimension = member("ScalableDimension");
        let refuse = || Err(RESOURCE_ID.refuse(&[id, namespace]));
        let parts: Vec<&str> = id.split('/').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return refuse();
        }
        let (resource, dimensions) = match (namespace, parts.as_slice()) {
            ("ecs", ["service", cluster, service]) => {
                (Self::Service { cluster, service }, ["ecs:service:DesiredCount"; 2])
            }
            ("dynamodb", ["table", table]) => {
                let units = units(dimension);
                (
                    Self::Table { table, index: None, units },
                    ["dynamodb:table:ReadCapacityUnits", "dynamodb:table:WriteCapacityUnits"],
                )
            }
            ("dynamodb", ["table", table, "index", index]) => {
                let units = units(dimension);
                (
                    Self::Table { table, index: Some(index), units },
                    ["dynamodb:index:ReadCapacityUnits", "dynamodb:index:WriteCapacityUnits"],
                )
            }
            ("ecs" | "dynamodb", _) => return refuse(),
            _ => return Err(NOT_MODELLED.refuse(&[namespace])),
        };
        if dimensions.contains(&dimension) {
            Ok(resource)
        } else {
            Err(DIMENSION.refuse(&[dimension, id]))
        }
    }

    /// Refuses what is not there.
    pub(super) fn check(self, account: &Account, call: &Call, id: &str) -> Result<(), Refusal> {
        match self {
            Self::Service { cluster, service } => {
                let count = desired(account, &call.region, cluster, service);
                count.map(drop).ok_or_else(|| NO_SERVICE.refuse(&[id]))
            }
            Self::Table { table, index, .. } => {
                let there = dynamodb::exists(account, &call.region, table, index, call.now);
                if there { Ok(()) } else { Err(NO_TABLE.refuse(&[id])) }
            }
        }
    }

    /// Brings its capacity into a range.
    pub(super) fn clamp(self, account: &mut Account, region: &str, range: (i64, i64), at: Time) {
        match self {
            Self::Service { cluster, service } => {
                let Some(count) = desired(account, region, cluster, service) else { return };
                let clamped = count.clamp(range.0, range.1);
                if clamped != count {
                    set_desired(account, region, (cluster, service), clamped, at);
                }
            }
            Self::Table { table, index, units } => {
                dynamodb::clamp(account, region, (table, index), units, range, at);
            }
        }
    }

    /// The role that scales it.
    pub(super) fn role(self, call: &Call) -> String {
        let (service, role) = match self {
            Self::Service { .. } => ("ecs", "ECSService"),
            Self::Table { .. } => ("dynamodb", "DynamoDBTable"),
        };
        format!(
            "arn:{}:iam::{}:role/aws-service-role/{service}.application-autoscaling.amazonaws.com/\
             AWSServiceRoleForApplicationAutoScaling_{role}",
            call.partition, call.account_id
        )
    }
}

fn units(dimension: &str) -> Units {
    if dimension.contains("Read") { Units::Reads } else { Units::Writes }
}

fn desired(account: &Account, region: &str, cluster: &str, service: &str) -> Option<i64> {
    ecs::service_desired(account, region, cluster, service).map(i64::from)
}

fn set_desired(account: &mut Account, region: &str, service: (&str, &str), count: i64, at: Time) {
    let count = u32::try_from(count).unwrap_or_default();
    ecs::set_service_desired(account, region, service.0, service.1, count, at);
}
