//! A case for every rule of VPC endpoints.

use serde_json::{Value, json};

use super::refusals::refusals;
use super::{Lab, endpoint_input};
use crate::rules::{self, Refusal};

const ENDPOINT: &str = "vpce-00000000000000000";

/// Creates an interface endpoint to ECS in a new VPC that has DNS.
fn interface(lab: &Lab, more: &Value) -> Refusal {
    let vpc = lab.vpc();
    lab.dns(&vpc);
    interface_in(lab, &vpc, more.clone())
}

fn interface_in(lab: &Lab, vpc: &str, more: Value) -> Refusal {
    let mut input = endpoint_input(vpc, "ecs", more);
    input["VpcEndpointType"] = "Interface".into();
    lab.no("CreateVpcEndpoint", input)
}

/// Creates a gateway endpoint to S3 in a new VPC.
fn gateway(lab: &Lab, more: Value) -> Refusal {
    lab.no("CreateVpcEndpoint", endpoint_input(&lab.vpc(), "s3", more))
}

/// Changes a new interface endpoint.
fn modify(lab: &Lab, more: Value) -> Refusal {
    let vpc = lab.vpc();
    lab.dns(&vpc);
    let id = lab.endpoint(&vpc, "ecs", json!({ "VpcEndpointType": "Interface" }));
    let mut input = json!({ "VpcEndpointId": id });
    if let (Value::Object(input), Value::Object(more)) = (&mut input, more) {
        input.extend(more);
    }
    lab.no("ModifyVpcEndpoint", input)
}

/// Reads the first item that was not deleted as a refusal.
fn unsuccessful(answer: &Value) -> Refusal {
    let error = &answer["Unsuccessful"][0]["Error"];
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    let (code, message) = (text("Code"), text("Message"));
    let says = |rule: &&rules::Rule| {
        let (start, end) = rule.message.split_once("{}").unwrap_or((rule.message, ""));
        rule.code == code && message.starts_with(start) && message.ends_with(end)
    };
    let rule = rules::all().find(says);
    Refusal { rule, ..Refusal::new(code.clone(), message) }
}

refusals! {
    ENDPOINT_NOT_FOUND: |lab| lab.no("ModifyVpcEndpoint", json!({ "VpcEndpointId": ENDPOINT }));
    ENDPOINT_MALFORMED: |lab| {
        lab.no("DescribeVpcEndpoints", json!({ "VpcEndpointIds": ["vpce-1"] }))
    };
    ENDPOINT_LIMIT: |lab| {
        lab.change(|state| state.limits.gateway_endpoints = 0);
        gateway(&lab, json!({}))
    };
    ENDPOINT_WITHOUT_SERVICE: |lab| gateway(&lab, json!({ "ServiceName": null }));
    SERVICE_UNKNOWN: |lab| {
        gateway(&lab, json!({ "ServiceName": "com.amazonaws.eu-west-1.nothing" }))
    };
    SERVICE_TYPE: |lab| {
        lab.no("CreateVpcEndpoint", endpoint_input(&lab.vpc(), "ecs", json!({})))
    };
    ENDPOINT_MEMBER: |lab| {
        let vpc = lab.vpc();
        interface_in(&lab, &vpc, json!({ "RouteTableIds": [lab.table(&vpc)] }))
    };
    ENDPOINT_POLICY: |lab| gateway(&lab, json!({ "PolicyDocument": "{}" }));
    ENDPOINT_POLICY_TWICE: |lab| {
        let policy = r#"{"Statement":[]}"#;
        modify(&lab, json!({ "ResetPolicy": true, "PolicyDocument": policy }))
    };
    ENDPOINT_GATEWAY_DNS: |lab| gateway(&lab, json!({ "PrivateDnsEnabled": true }));
    ENDPOINT_DNS_OFF: |lab| interface_in(&lab, &lab.vpc(), json!({ "PrivateDnsEnabled": true }));
    ENDPOINT_DNS_CONFLICT: |lab| {
        let vpc = lab.vpc();
        lab.dns(&vpc);
        lab.endpoint(&vpc, "ecs", json!({ "VpcEndpointType": "Interface" }));
        interface_in(&lab, &vpc, json!({}))
    };
    ENDPOINT_INBOUND_ALONE: |lab| {
        let inbound = json!({ "PrivateDnsOnlyForInboundResolverEndpoint": true });
        interface(&lab, &json!({ "DnsOptions": inbound }))
    };
    ENDPOINT_INBOUND_GATEWAY: |lab| {
        let inbound = json!({ "PrivateDnsOnlyForInboundResolverEndpoint": true });
        gateway(&lab, json!({ "DnsOptions": inbound }))
    };
    ENDPOINT_NEEDED: |lab| {
        let vpc = lab.vpc();
        lab.dns(&vpc);
        let gateway = lab.endpoint(&vpc, "s3", json!({}));
        let inbound = json!({ "PrivateDnsOnlyForInboundResolverEndpoint": true });
        let more = json!({ "VpcEndpointType": "Interface", "DnsOptions": inbound });
        lab.endpoint(&vpc, "s3", more);
        unsuccessful(&lab.ok("DeleteVpcEndpoints", json!({ "VpcEndpointIds": [gateway] })))
    };
    ENDPOINT_GROUP: |lab| {
        let elsewhere = lab.group(&lab.vpc(), "web");
        interface(&lab, &json!({ "SecurityGroupIds": [elsewhere] }))
    };
    ENDPOINT_WITHOUT_GROUP: |lab| {
        let vpc = lab.vpc();
        let more = json!({ "VpcEndpointType": "Interface", "PrivateDnsEnabled": false });
        let id = lab.endpoint(&vpc, "ecs", more);
        let groups = [lab.default_group(&vpc)];
        let input = json!({ "VpcEndpointId": id, "RemoveSecurityGroupIds": groups });
        lab.no("ModifyVpcEndpoint", input)
    };
    ENDPOINT_SUBNET: |lab| {
        let elsewhere = lab.subnet(&lab.vpc(), "10.0.0.0/24");
        interface(&lab, &json!({ "SubnetIds": [elsewhere] }))
    };
    ENDPOINT_IPV6: |lab| {
        let vpc = lab.vpc();
        lab.dns(&vpc);
        let subnets = [lab.subnet(&vpc, "10.0.0.0/24")];
        interface_in(&lab, &vpc, json!({ "SubnetIds": subnets, "IpAddressType": "dualstack" }))
    };
    ENDPOINT_ZONE_TWICE: |lab| {
        let vpc = lab.vpc();
        lab.dns(&vpc);
        let subnets = [lab.subnet(&vpc, "10.0.0.0/24"), lab.subnet(&vpc, "10.0.1.0/24")];
        interface_in(&lab, &vpc, json!({ "SubnetIds": subnets }))
    };
    ENDPOINT_PART: |lab| modify(&lab, json!({ "RemoveSubnetIds": ["subnet-00000000000000000"] }));
    ENDPOINT_TABLE: |lab| {
        let elsewhere = lab.table(&lab.vpc());
        gateway(&lab, json!({ "RouteTableIds": [elsewhere] }))
    };
    ENDPOINT_ROUTE: |lab| {
        let vpc = lab.vpc();
        let tables = json!({ "RouteTableIds": [lab.table(&vpc)] });
        lab.endpoint(&vpc, "s3", tables.clone());
        lab.no("CreateVpcEndpoint", endpoint_input(&vpc, "s3", tables))
    };
    ROUTE_OF_ENDPOINT: |lab| {
        let vpc = lab.vpc();
        let table = lab.table(&vpc);
        lab.endpoint(&vpc, "s3", json!({ "RouteTableIds": [table] }));
        let read = lab.ok("DescribeRouteTables", json!({ "RouteTableIds": [table] }));
        let list = &read["RouteTables"][0]["Routes"][1]["DestinationPrefixListId"];
        lab.no("DeleteRoute", json!({ "RouteTableId": table, "DestinationPrefixListId": list }))
    };
}
