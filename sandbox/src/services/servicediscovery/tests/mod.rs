//! Cloud Map as its clients see it.

mod refusals;

use serde_json::{Value, json};

use super::operation::status_of;
use crate::rules::Refusal;
use crate::{Options, Sandbox, Slow};
use std::time::Duration;

pub(crate) use refusals::REFUSALS;

/// A sandbox with a VPC.
pub(super) struct Map {
    pub(super) sandbox: Sandbox,
    pub(super) vpc: String,
}

impl Map {
    pub(super) fn new() -> Self {
        Self::with(Options::default())
    }

    fn with(options: Options) -> Self {
        let sandbox = Sandbox::in_memory(options);
        let vpc = sandbox.call("ec2", "CreateVpc", json!({"CidrBlock": "10.0.0.0/16"})).unwrap();
        let vpc = vpc["Vpc"]["VpcId"].as_str().unwrap().to_owned();
        Self { sandbox, vpc }
    }

    pub(super) fn does(&self, operation: &str, input: Value) -> Value {
        let answer = self.sandbox.call("servicediscovery", operation, input);
        answer.unwrap_or_else(|refusal| panic!("{operation}: {} {}", refusal.code, refusal.message))
    }

    pub(super) fn refuses(&self, operation: &str, input: Value) -> Refusal {
        self.sandbox.call("servicediscovery", operation, input).unwrap_err()
    }

    /// The input of a private namespace.
    pub(super) fn private(&self) -> Value {
        json!({"Name": "dev.internal", "Vpc": self.vpc, "Tags": [{"Key": "a", "Value": "1"}]})
    }

    /// Creates a namespace and returns its id.
    pub(super) fn namespace(&self, kind: &str, input: Value) -> String {
        let begun = self.does(&format!("Create{kind}Namespace"), input);
        let operation = self.does("GetOperation", begun);
        assert_eq!(status_of(&operation), "SUCCESS", "{operation}");
        operation["Operation"]["Targets"]["NAMESPACE"].as_str().unwrap().to_owned()
    }

    /// Creates a service that A records tell of, in a private namespace, and returns its id.
    pub(super) fn service(&self) -> String {
        let namespace = self.namespace("PrivateDns", self.private());
        self.service_in(&namespace)
    }

    pub(super) fn service_in(&self, namespace: &str) -> String {
        let made = self.does("CreateService", dns("api", namespace, &["A"]));
        made["Service"]["Id"].as_str().unwrap().to_owned()
    }

    fn operation(&self, begun: &Value) -> Value {
        self.does("GetOperation", begun.clone())
    }
}

/// The input of a service with DNS records of 60 s and a custom health check.
pub(super) fn dns(name: &str, namespace: &str, types: &[&str]) -> Value {
    let records: Value = types.iter().map(|kind| json!({"Type": kind, "TTL": 60})).collect();
    json!({"Name": name, "NamespaceId": namespace, "DnsConfig": {"DnsRecords": records},
        "HealthCheckCustomConfig": {}})
}

#[test]
fn a_private_namespace_takes_its_time_and_has_a_zone() {
    let map = Map::with(Options { slow: Slow::Aws, ..Options::default() });
    let begun = map.does("CreatePrivateDnsNamespace", map.private());
    assert_eq!(status_of(&map.operation(&begun)), "SUBMITTED");
    map.sandbox.skip(Duration::from_secs(5));
    assert_eq!(status_of(&map.operation(&begun)), "PENDING");
    let none = json!({"Namespaces": [], "NextToken": null});
    assert_eq!(map.does("ListNamespaces", json!({})), none);
    // Neither the call repeated nor another one of the name is taken meanwhile.
    assert_eq!(
        map.refuses("CreatePrivateDnsNamespace", map.private()).code,
        "NamespaceAlreadyExists"
    );
    map.sandbox.skip(Duration::from_secs(60));
    let operation = map.operation(&begun);
    assert_eq!(status_of(&operation), "SUCCESS");
    let id = operation["Operation"]["Targets"]["NAMESPACE"].clone();
    let found = map.does("GetNamespace", json!({ "Id": id }))["Namespace"].clone();
    assert_eq!((&found["Type"], &found["ServiceCount"]), (&json!("DNS_PRIVATE"), &json!(0)));
    let zone = found["Properties"]["DnsProperties"]["HostedZoneId"].clone();
    let zone = map.sandbox.call("route53", "GetHostedZone", json!({"Id": zone})).unwrap();
    assert_eq!(zone["VPCs"], json!([{"VPCRegion": "eu-west-1", "VPCId": map.vpc}]));
    assert_eq!(zone["HostedZone"]["LinkedService"]["Description"], found["Arn"]);
    let begun = map.does("DeleteNamespace", json!({ "Id": id }));
    assert_eq!(map.does("ListNamespaces", json!({}))["Namespaces"][0]["Id"], id);
    map.sandbox.skip(Duration::from_secs(60));
    assert_eq!(status_of(&map.operation(&begun)), "SUCCESS");
    assert_eq!(map.does("ListNamespaces", json!({})), none);
    let zones = map.sandbox.call("route53", "ListHostedZones", json!({})).unwrap();
    assert_eq!(zones["HostedZones"], json!([]));
}

#[test]
fn a_namespace_without_its_zone_fails() {
    let map = Map::new();
    let input = json!({"Name": "dev.internal", "Vpc": "vpc-0123456789abcdef0"});
    let operation = map.operation(&map.does("CreatePrivateDnsNamespace", input));
    assert_eq!(status_of(&operation), "FAIL");
    assert_eq!(operation["Operation"]["ErrorCode"], "CANNOT_CREATE_HOSTED_ZONE");
    let words = operation["Operation"]["ErrorMessage"].as_str().unwrap();
    assert!(words.contains("Error Code: InvalidVPCId"), "{words}");
    assert_eq!(map.does("ListNamespaces", json!({}))["Namespaces"], json!([]));
}

#[test]
fn namespaces_are_listed_by_filters_and_changed() {
    let map = Map::new();
    let private = map.namespace("PrivateDns", map.private());
    let http = map.namespace("Http", json!({"Name": "dev"}));
    map.namespace("PublicDns", json!({"Name": "example.com"}));
    let names = |filters: Value| -> Vec<String> {
        let found = map.does("ListNamespaces", json!({"Filters": filters}));
        let found = found["Namespaces"].as_array().unwrap().iter();
        let mut names: Vec<String> =
            found.map(|found| found["Name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names(json!([{"Name": "TYPE", "Values": ["HTTP"], "Condition": "EQ"}])), ["dev"]);
    let both = json!([{"Name": "TYPE", "Values": ["DNS_PUBLIC", "HTTP"], "Condition": "IN"}]);
    assert_eq!(names(both), ["dev", "example.com"]);
    let begins = json!([{"Name": "NAME", "Values": ["dev"], "Condition": "BEGINS_WITH"}]);
    assert_eq!(names(begins), ["dev", "dev.internal"]);
    let change = json!({"Description": "new",
        "Properties": {"DnsProperties": {"SOA": {"TTL": 30}}}});
    map.does("UpdatePrivateDnsNamespace", json!({"Id": private, "Namespace": change}));
    let found = map.does("GetNamespace", json!({"Id": private}))["Namespace"].clone();
    assert_eq!(found["Description"], "new");
    assert_eq!(found["Properties"]["DnsProperties"]["SOA"]["TTL"], 30);
    map.does("UpdateHttpNamespace", json!({"Id": http, "Namespace": {"Description": ""}}));
    assert!(map.does("GetNamespace", json!({"Id": http}))["Namespace"]["Description"].is_null());
}

#[test]
fn a_service_has_records_instances_and_tags() {
    let map = Map::new();
    let id = map.service();
    let get = || map.does("GetService", json!({ "Id": id }))["Service"].clone();
    let found = get();
    assert_eq!(found["Type"], "DNS_HTTP");
    assert_eq!(found["DnsConfig"]["RoutingPolicy"], "MULTIVALUE");
    assert_eq!(found["HealthCheckCustomConfig"], json!({"FailureThreshold": 1}));
    let records = json!({"DnsRecords": [{"Type": "A", "TTL": 10}]});
    map.does("UpdateService", json!({"Id": id, "Service": {"DnsConfig": records}}));
    assert_eq!(get()["DnsConfig"]["DnsRecords"], records["DnsRecords"]);
    let one = json!({"ServiceId": id, "InstanceId": "i1",
        "Attributes": {"AWS_INSTANCE_IPV4": "10.0.0.4", "v": "1"}});
    map.does("RegisterInstance", one);
    assert_eq!(get()["InstanceCount"], 1);
    let listed = map.does("ListInstances", json!({"ServiceId": found["Arn"]}));
    assert_eq!(listed["Instances"][0]["Attributes"]["v"], "1");
    let discover = |value: &str| {
        let input = json!({"NamespaceName": "dev.internal", "ServiceName": "API",
            "QueryParameters": {"v": value}});
        map.does("DiscoverInstances", input)["Instances"].as_array().unwrap().len()
    };
    assert_eq!((discover("1"), discover("2")), (1, 0));
    map.does("DeregisterInstance", json!({"ServiceId": id, "InstanceId": "i1"}));
    assert_eq!(get()["InstanceCount"], 0);
    let arn = found["Arn"].clone();
    map.does("TagResource", json!({"ResourceARN": arn, "Tags": [{"Key": "b", "Value": "2"}]}));
    let tagged = map.sandbox.call("tagging", "GetResources", json!({})).unwrap();
    let tagged = tagged["ResourceTagMappingList"].as_array().unwrap().clone();
    assert!(tagged.iter().any(|entry| entry["ResourceARN"] == arn), "{tagged:?}");
    map.does("UntagResource", json!({"ResourceARN": arn, "TagKeys": ["b"]}));
    assert_eq!(map.does("ListTagsForResource", json!({"ResourceARN": arn}))["Tags"], json!([]));
    map.does("DeleteService", json!({ "Id": id }));
    assert_eq!(map.does("ListServices", json!({}))["Services"], json!([]));
}

#[test]
fn service_connect_makes_its_own_service_and_takes_it_away() {
    let map = Map::new();
    let namespace = map.namespace("PrivateDns", map.private());
    let (region, at) = ("eu-west-1", map.sandbox.now());
    let mut arn = None;
    map.sandbox.change(|account| {
        arn = super::register_service_connect(account, region, "dev.internal", "api", at);
        let service = arn.clone().unwrap();
        let again = super::register_service_connect(account, region, &namespace, "api", at);
        assert_eq!(again, arn);
        super::register_instance(account, region, &service, "task", [].into());
        super::register_instance(account, region, &service, "other", [].into());
        super::deregister_instance(account, region, &service, "other");
    });
    let listed = map.does("ListServices", json!({}))["Services"].clone();
    assert_eq!((&listed[0]["Type"], &listed[0]["InstanceCount"]), (&json!("HTTP"), &json!(1)));
    assert_eq!(listed[0]["Arn"].as_str(), arn.as_deref());
    let refused = map.refuses("DeleteNamespace", json!({ "Id": namespace }));
    assert_eq!(refused.code, "ResourceInUse");
    map.sandbox.change(|account| {
        super::forget_service_connect(account, region, &namespace, "api", at);
    });
    map.does("DeleteNamespace", json!({ "Id": namespace }));
}

#[test]
fn what_service_connect_made_goes_late_and_holds_its_namespace() {
    let map = Map::with(Options { slow: Slow::Aws, ..Options::default() });
    let begun = map.does("CreatePrivateDnsNamespace", map.private());
    map.sandbox.skip(Duration::from_secs(90));
    let namespace = map.operation(&begun)["Operation"]["Targets"]["NAMESPACE"].clone();
    let namespace = namespace.as_str().unwrap();
    let (region, at) = ("eu-west-1", map.sandbox.now());
    map.sandbox.change(|account| {
        super::register_service_connect(account, region, namespace, "api", at);
        super::forget_service_connect(account, region, namespace, "api", at);
        // One that is wanted again stays.
        super::register_service_connect(account, region, namespace, "web", at);
        super::forget_service_connect(account, region, namespace, "web", at);
        super::register_service_connect(account, region, namespace, "web", at);
    });
    let names = || -> Vec<String> {
        let listed = map.does("ListServices", json!({}))["Services"].clone();
        let name = |one: &Value| one["Name"].as_str().unwrap().to_owned();
        let mut names: Vec<String> = listed.as_array().unwrap().iter().map(name).collect();
        names.sort();
        names
    };
    map.sandbox.skip(Duration::from_secs(30));
    assert_eq!(names(), ["api", "web"]);
    let refused = map.refuses("DeleteNamespace", json!({ "Id": namespace }));
    assert_eq!(refused.code, "ResourceInUse");
    map.sandbox.skip(Duration::from_secs(40));
    assert_eq!(names(), ["web"]);
}
