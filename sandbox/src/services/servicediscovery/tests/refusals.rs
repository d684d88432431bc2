//! Every rule of Cloud Map, broken.

use serde_json::{Value, json};

use super::super::rules::{
    CNAME_ROUTING, DNS_IN_HTTP, DNS_MISSING, DNS_RECORDS, DUPLICATE, FILTER, HEALTH_CHECK_PRIVATE,
    HEALTH_CHECKS, INSTANCE_ATTRIBUTE, INSTANCE_NOT_FOUND, NAMESPACE_EXISTS, NAMESPACE_IN_USE,
    NAMESPACE_KIND, NAMESPACE_NAME, NAMESPACE_NAME_NOT_FOUND, NAMESPACE_NOT_FOUND,
    OPERATION_NOT_FOUND, RESERVED_TAG, RESOURCE_NOT_FOUND, SERVICE_EXISTS, SERVICE_IN_USE,
    SERVICE_NAME, SERVICE_NAME_NOT_FOUND, SERVICE_NAMESPACE, SERVICE_NOT_FOUND, TOKEN,
    TOO_MANY_TAGS,
};
use super::{Map, dns};
use crate::rules::{Refusal, Rule};
use crate::{Options, Slow};

fn gone() -> Value {
    json!({"Id": "ns-gone"})
}

/// The input of a service in a private namespace, with changes.
fn changed(change: impl FnOnce(&mut Value)) -> Refusal {
    let map = Map::new();
    let namespace = map.namespace("PrivateDns", map.private());
    let mut input = dns("api", &namespace, &["A"]);
    change(&mut input);
    map.refuses("CreateService", input)
}

fn without(input: &mut Value, member: &str) {
    input.as_object_mut().unwrap().remove(member);
}

pub(crate) static REFUSALS: &[(&Rule, fn() -> Refusal)] = &[
    (&NAMESPACE_EXISTS, || {
        let map = Map::new();
        map.namespace("Http", json!({"Name": "dev"}));
        map.refuses("CreateHttpNamespace", json!({"Name": "dev"}))
    }),
    (&NAMESPACE_NOT_FOUND, || Map::new().refuses("GetNamespace", gone())),
    (&NAMESPACE_NAME_NOT_FOUND, || {
        let input = json!({"NamespaceName": "x", "ServiceName": "y"});
        Map::new().refuses("DiscoverInstances", input)
    }),
    (&NAMESPACE_IN_USE, || {
        let map = Map::new();
        let namespace = map.namespace("PrivateDns", map.private());
        map.service_in(&namespace);
        map.refuses("DeleteNamespace", json!({"Id": namespace}))
    }),
    (&NAMESPACE_KIND, || {
        let map = Map::new();
        let namespace = map.namespace("PrivateDns", map.private());
        let input = json!({"Id": namespace, "Namespace": {"Description": "x"}});
        map.refuses("UpdateHttpNamespace", input)
    }),
    (&NAMESPACE_NAME, || Map::new().refuses("CreateHttpNamespace", json!({"Name": "arn:aws:x"}))),
    (&DUPLICATE, || {
        let map = Map::with(Options { slow: Slow::Aws, ..Options::default() });
        let input = json!({"Name": "dev", "CreatorRequestId": "1"});
        map.does("CreateHttpNamespace", input.clone());
        map.refuses("CreateHttpNamespace", input)
    }),
    (&OPERATION_NOT_FOUND, || Map::new().refuses("GetOperation", json!({"OperationId": "gone"}))),
    (&FILTER, || {
        let map = Map::new();
        map.namespace("Http", json!({"Name": "dev"}));
        let filter = json!([{"Name": "TYPE", "Values": ["HTTP"], "Condition": "BETWEEN"}]);
        map.refuses("ListNamespaces", json!({"Filters": filter}))
    }),
    (&TOKEN, || Map::new().refuses("ListServices", json!({"NextToken": "?"}))),
    (&SERVICE_EXISTS, || {
        let map = Map::new();
        let namespace = map.namespace("PrivateDns", map.private());
        map.service_in(&namespace);
        map.refuses("CreateService", dns("API", &namespace, &["A"]))
    }),
    (&SERVICE_NOT_FOUND, || Map::new().refuses("GetService", json!({"Id": "srv-gone"}))),
    (&SERVICE_NAME_NOT_FOUND, || {
        let map = Map::new();
        map.namespace("Http", json!({"Name": "dev"}));
        let input = json!({"NamespaceName": "dev", "ServiceName": "y"});
        map.refuses("DiscoverInstances", input)
    }),
    (&SERVICE_NAME, || {
        let label = "a".repeat(60);
        changed(|input| input["Name"] = json!(format!("{label}.{label}.{label}")))
    }),
    (&SERVICE_NAMESPACE, || changed(|input| without(input, "NamespaceId"))),
    (&SERVICE_IN_USE, || {
        let map = Map::new();
        let id = map.service();
        let attributes = json!({"AWS_INSTANCE_IPV4": "10.0.0.4"});
        let one = json!({"ServiceId": id, "InstanceId": "i1", "Attributes": attributes});
        map.does("RegisterInstance", one);
        map.refuses("DeleteService", json!({ "Id": id }))
    }),
    (&DNS_IN_HTTP, || {
        let map = Map::new();
        let namespace = map.namespace("Http", json!({"Name": "dev"}));
        map.refuses("CreateService", dns("api", &namespace, &["A"]))
    }),
    (&DNS_MISSING, || changed(|input| without(input, "DnsConfig"))),
    (&DNS_RECORDS, || {
        let records = json!([{"Type": "A", "TTL": 1}, {"Type": "CNAME", "TTL": 1}]);
        changed(|input| input["DnsConfig"] = json!({"DnsRecords": records}))
    }),
    (&CNAME_ROUTING, || {
        let records = json!([{"Type": "CNAME", "TTL": 1}]);
        changed(|input| input["DnsConfig"] = json!({"DnsRecords": records}))
    }),
    (&HEALTH_CHECKS, || changed(|input| input["HealthCheckConfig"] = json!({"Type": "TCP"}))),
    (&HEALTH_CHECK_PRIVATE, || {
        changed(|input| {
            without(input, "HealthCheckCustomConfig");
            input["HealthCheckConfig"] = json!({"Type": "TCP"});
        })
    }),
    (&INSTANCE_NOT_FOUND, || {
        let map = Map::new();
        let id = map.service();
        map.refuses("GetInstance", json!({"ServiceId": id, "InstanceId": "i1"}))
    }),
    (&INSTANCE_ATTRIBUTE, || {
        let map = Map::new();
        let id = map.service();
        let one = json!({"ServiceId": id, "InstanceId": "i1", "Attributes": {"a": "b"}});
        map.refuses("RegisterInstance", one)
    }),
    (&RESOURCE_NOT_FOUND, || {
        let arn = "arn:aws:servicediscovery:eu-west-1:123456789012:service/srv-gone";
        Map::new().refuses("ListTagsForResource", json!({"ResourceARN": arn}))
    }),
    (&TOO_MANY_TAGS, || {
        let tags: Value = (0..51).map(|n| json!({"Key": format!("k{n}"), "Value": ""})).collect();
        Map::new().refuses("CreateHttpNamespace", json!({"Name": "dev", "Tags": tags}))
    }),
    (&RESERVED_TAG, || {
        let tags = json!([{"Key": "aws:x", "Value": ""}]);
        Map::new().refuses("CreateHttpNamespace", json!({"Name": "dev", "Tags": tags}))
    }),
];
