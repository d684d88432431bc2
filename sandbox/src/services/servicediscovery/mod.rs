//! Cloud Map: namespaces, services and instances, and the operations that change them.
//!
//! A call that AWS answers with an operation id takes effect when that operation ends: `operation`
//! keeps what each will do. ECS registers what Service Connect needs through the functions at the
//! end of `service` and `instance`.

mod filters;
mod instance;
mod namespace;
mod operation;
mod rules;
mod service;
mod tags;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Bucket, Call, Input, Service, Tagged, read, write};
use crate::clock::Time;
use crate::state::Account;
pub(crate) use instance::{deregister_instance, register_instance};
use namespace::Namespace;
pub(crate) use namespace::namespace;
use operation::Operation;
use rules::RULES;
pub(crate) use service::{forget_service_connect, register_service_connect};

/// What Cloud Map keeps for one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    namespaces: BTreeMap<String, Namespace>,
    services: BTreeMap<String, service::CloudMapService>,
    operations: BTreeMap<String, Operation>,
}

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "servicediscovery",
    shapes: include_str!("../../shapes/servicediscovery.json"),
    validation_code: "InvalidInput",
    throttle_code: "ThrottlingException",
    bucket,
    operations: &[
        write(
            "CreatePrivateDnsNamespace",
            &["Name", "CreatorRequestId", "Description", "Vpc", "Tags", "Properties"],
            namespace::create_private,
        ),
        write(
            "CreatePublicDnsNamespace",
            &["Name", "CreatorRequestId", "Description", "Tags", "Properties"],
            namespace::create_public,
        ),
        write(
            "CreateHttpNamespace",
            &["Name", "CreatorRequestId", "Description", "Tags"],
            namespace::create_http,
        ),
        read("GetNamespace", &["Id"], namespace::get),
        read("ListNamespaces", &["NextToken", "MaxResults", "Filters"], namespace::list),
        write("DeleteNamespace", &["Id"], namespace::delete),
        write(
            "UpdatePrivateDnsNamespace",
            &["Id", "UpdaterRequestId", "Namespace"],
            namespace::update,
        ),
        write(
            "UpdatePublicDnsNamespace",
            &["Id", "UpdaterRequestId", "Namespace"],
            namespace::update,
        ),
        write("UpdateHttpNamespace", &["Id", "UpdaterRequestId", "Namespace"], namespace::update),
        read("GetOperation", &["OperationId"], operation::get),
        read("ListOperations", &["NextToken", "MaxResults", "Filters"], operation::list),
        write(
            "CreateService",
            &[
                "Name",
                "NamespaceId",
                "CreatorRequestId",
                "Description",
                "DnsConfig",
                "HealthCheckConfig",
                "HealthCheckCustomConfig",
                "Tags",
                "Type",
            ],
            service::create,
        ),
        read("GetService", &["Id"], service::get),
        read("ListServices", &["NextToken", "MaxResults", "Filters"], service::list),
        write("UpdateService", &["Id", "Service"], service::update),
        write("DeleteService", &["Id"], service::delete),
        write(
            "RegisterInstance",
            &["ServiceId", "InstanceId", "CreatorRequestId", "Attributes"],
            instance::register,
        ),
        write("DeregisterInstance", &["ServiceId", "InstanceId"], instance::deregister),
        read("ListInstances", &["ServiceId", "NextToken", "MaxResults"], instance::list),
        read("GetInstance", &["ServiceId", "InstanceId"], instance::get),
        read(
            "DiscoverInstances",
            &["NamespaceName", "ServiceName", "MaxResults", "QueryParameters", "HealthStatus"],
            instance::discover,
        ),
        write("TagResource", &["ResourceARN", "Tags"], tags::tag),
        write("UntagResource", &["ResourceARN", "TagKeys"], tags::untag),
        read("ListTagsForResource", &["ResourceARN"], tags::list),
    ],
    rules: RULES,
    tagged,
    due: operation::due,
    settle: operation::settle,
};

/// The buckets of Cloud Map (developer guide, quotas: DiscoverInstances 1000 and 2000 a second; the
/// others are not published and are guarded as its siblings are).
fn bucket(operation: &str, _: &Input) -> Bucket {
    match operation {
        "DiscoverInstances" => Bucket { burst: 2000.0, per_second: 1000.0 },
        _ => Bucket { burst: 50.0, per_second: 10.0 },
    }
}

fn state<'a>(account: &'a Account, call: &Call) -> Option<&'a State> {
    account.region(&call.region).map(|region| &region.servicediscovery)
}

fn state_mut<'a>(account: &'a mut Account, region: &str) -> &'a mut State {
    &mut account.region_mut(region).servicediscovery
}

fn arn(account: &Account, region: &str, resource: &str) -> String {
    let partition = super::partition(region);
    format!("arn:{partition}:servicediscovery:{region}:{}:{resource}", account.id)
}

/// Makes an id of Cloud Map's form, such as `ns-` and 16 small letters or digits.
fn new_id(account: &mut Account, prefix: &str) -> String {
    format!("{prefix}-{}", &account.new_digits()[..16])
}

fn tagged(account: &Account, region: &str, _: Time) -> Vec<Tagged> {
    let Some(state) = account.region(region).map(|region| &region.servicediscovery) else {
        return Vec::new();
    };
    let namespaces = state.namespaces.iter().map(|(id, namespace)| Tagged {
        arn: arn(account, region, &format!("namespace/{id}")),
        resource_type: "servicediscovery:namespace",
        tags: namespace.tags.clone(),
    });
    let services = state.services.iter().map(|(id, service)| Tagged {
        arn: arn(account, region, &format!("service/{id}")),
        resource_type: "servicediscovery:service",
        tags: service.tags.clone(),
    });
    namespaces.chain(services).collect()
}
