//! Tests of EC2, through the service's interface.

mod describe;
mod endpoint_refusals;
mod endpoints;
mod gateway_refusals;
mod gateways;
mod group_refusals;
mod instance_refusals;
mod instances;
mod refusals;
mod security_groups;
mod states;
mod teardown;
mod values;

use std::time::Duration;

use serde_json::{Value, json};

use super::State;
use crate::rules::{Refusal, Rule};
use crate::{Options, Sandbox, Slow};

/// A rule, and a way to break it.
type Case = (&'static Rule, fn() -> Refusal);

const FILES: [&[Case]; 5] = [
    refusals::CASES,
    group_refusals::CASES,
    gateway_refusals::CASES,
    endpoint_refusals::CASES,
    instance_refusals::CASES,
];

const NUMBER: usize =
    FILES[0].len() + FILES[1].len() + FILES[2].len() + FILES[3].len() + FILES[4].len();

/// A case for every rule, of all files.
pub(crate) static REFUSALS: &[Case] = {
    static ALL: [Case; NUMBER] = {
        let mut all = [FILES[0][0]; NUMBER];
        let (mut file, mut case, mut at) = (0, 0, 0);
        while file < FILES.len() {
            if case < FILES[file].len() {
                all[at] = FILES[file][case];
                case += 1;
                at += 1;
            } else {
                file += 1;
                case = 0;
            }
        }
        all
    };
    &ALL
};

/// A fresh sandbox with short ways to make things in it.
pub(super) struct Lab {
    sandbox: Sandbox,
}

impl Lab {
    pub(super) fn new() -> Self {
        Self { sandbox: Sandbox::in_memory(Options::default()) }
    }

    fn with(options: Options) -> Self {
        Self { sandbox: Sandbox::in_memory(options) }
    }

    fn slow() -> Self {
        Self::with(Options { slow: Slow::Aws, ..Options::default() })
    }

    /// Calls what must be answered.
    pub(super) fn ok(&self, operation: &str, input: Value) -> Value {
        match self.sandbox.call("ec2", operation, input) {
            Ok(answer) => answer,
            Err(refusal) => panic!("{operation}: {}: {}", refusal.code, refusal.message),
        }
    }

    /// Calls what must be refused.
    pub(super) fn no(&self, operation: &str, input: Value) -> Refusal {
        match self.sandbox.call("ec2", operation, input) {
            Ok(answer) => panic!("{operation} was not refused: {answer}"),
            Err(refusal) => refusal,
        }
    }

    /// Calls and returns the string at a path of the answer.
    fn text(&self, operation: &str, input: Value, path: &str) -> String {
        let answer = self.ok(operation, input);
        let text = answer.pointer(path).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("{operation} has no {path}: {answer}")).to_owned()
    }

    /// Changes the state of the default region behind the service's back.
    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        self.sandbox.change(|account| change(&mut account.region_mut("eu-west-1").ec2));
    }

    pub(super) fn skip(&self, seconds: u64) {
        self.sandbox.skip(Duration::from_secs(seconds));
    }

    /// Makes a VPC of 10.0.0.0/16.
    pub(super) fn vpc(&self) -> String {
        self.text("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" }), "/Vpc/VpcId")
    }

    pub(super) fn subnet(&self, vpc: &str, block: &str) -> String {
        let input = json!({ "VpcId": vpc, "CidrBlock": block });
        self.text("CreateSubnet", input, "/Subnet/SubnetId")
    }

    pub(super) fn gateway(&self) -> String {
        let path = "/InternetGateway/InternetGatewayId";
        self.text("CreateInternetGateway", json!({}), path)
    }

    /// Makes an internet gateway attached to a VPC.
    pub(super) fn attached(&self, vpc: &str) -> String {
        let id = self.gateway();
        self.ok("AttachInternetGateway", json!({ "InternetGatewayId": id, "VpcId": vpc }));
        id
    }

    pub(super) fn table(&self, vpc: &str) -> String {
        self.text("CreateRouteTable", json!({ "VpcId": vpc }), "/RouteTable/RouteTableId")
    }

    pub(super) fn group(&self, vpc: &str, name: &str) -> String {
        let input = json!({ "VpcId": vpc, "GroupName": name, "Description": name });
        self.text("CreateSecurityGroup", input, "/GroupId")
    }

    /// Lets tcp 443 in from a peer, given as `IpRanges` and the like, and returns the rule's id.
    pub(super) fn rule(&self, group: &str, peers: Value) -> String {
        let input = json!({ "GroupId": group, "IpPermissions": [permission(443, peers)] });
        let path = "/SecurityGroupRules/0/SecurityGroupRuleId";
        self.text("AuthorizeSecurityGroupIngress", input, path)
    }

    pub(super) fn interface(&self, subnet: &str) -> String {
        let path = "/NetworkInterface/NetworkInterfaceId";
        self.text("CreateNetworkInterface", json!({ "SubnetId": subnet }), path)
    }

    pub(super) fn address(&self) -> String {
        self.text("AllocateAddress", json!({ "Domain": "vpc" }), "/AllocationId")
    }

    /// Makes a public NAT gateway and returns it with its address.
    pub(super) fn nat(&self, subnet: &str) -> (String, String) {
        let address = self.address();
        let input = json!({ "SubnetId": subnet, "AllocationId": address });
        (self.text("CreateNatGateway", input, "/NatGateway/NatGatewayId"), address)
    }

    pub(super) fn egress_only(&self, vpc: &str) -> String {
        let path = "/EgressOnlyInternetGateway/EgressOnlyInternetGatewayId";
        self.text("CreateEgressOnlyInternetGateway", json!({ "VpcId": vpc }), path)
    }

    /// Makes a VPC endpoint to a service of the region, given by the end of its name.
    pub(super) fn endpoint(&self, vpc: &str, service: &str, more: Value) -> String {
        self.text(
            "CreateVpcEndpoint",
            endpoint_input(vpc, service, more),
            "/VpcEndpoint/VpcEndpointId",
        )
    }

    /// Switches on what private DNS needs.
    pub(super) fn dns(&self, vpc: &str) {
        let on = json!({ "VpcId": vpc, "EnableDnsHostnames": { "Value": true } });
        self.ok("ModifyVpcAttribute", on);
    }

    pub(super) fn associate(&self, table: &str, subnet: &str) -> String {
        let input = json!({ "RouteTableId": table, "SubnetId": subnet });
        self.text("AssociateRouteTable", input, "/AssociationId")
    }

    /// Returns the main route table of a VPC and its association.
    pub(super) fn main_table(&self, vpc: &str) -> (String, String) {
        let filters = json!([
            { "Name": "vpc-id", "Values": [vpc] },
            { "Name": "association.main", "Values": ["true"] },
        ]);
        let answer = self.ok("DescribeRouteTables", json!({ "Filters": filters }));
        let table = &answer["RouteTables"][0];
        let association = &table["Associations"][0]["RouteTableAssociationId"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&table["RouteTableId"]), text(association))
    }

    /// Returns the default security group of a VPC.
    pub(super) fn default_group(&self, vpc: &str) -> String {
        let filters = json!([
            { "Name": "vpc-id", "Values": [vpc] },
            { "Name": "group-name", "Values": ["default"] },
        ]);
        let input = json!({ "Filters": filters });
        self.text("DescribeSecurityGroups", input, "/SecurityGroups/0/GroupId")
    }
}

/// Writes a tcp permission of one port for peers given as `IpRanges` and the like.
pub(super) fn permission(port: u16, peers: Value) -> Value {
    let mut permission = json!({ "IpProtocol": "tcp", "FromPort": port, "ToPort": port });
    if let (Value::Object(permission), Value::Object(peers)) = (&mut permission, peers) {
        permission.extend(peers);
    }
    permission
}

/// Writes one IPv4 peer.
pub(super) fn from_v4(block: &str) -> Value {
    json!({ "IpRanges": [{ "CidrIp": block }] })
}

/// Writes one security group as a peer.
pub(super) fn from_group(id: &str) -> Value {
    json!({ "UserIdGroupPairs": [{ "GroupId": id }] })
}

/// Writes the input of CreateVpcEndpoint.
pub(super) fn endpoint_input(vpc: &str, service: &str, more: Value) -> Value {
    let service = format!("com.amazonaws.eu-west-1.{service}");
    let mut input = json!({ "VpcId": vpc, "ServiceName": service });
    if let (Value::Object(input), Value::Object(more)) = (&mut input, more) {
        input.extend(more);
        input.retain(|_, value| !value.is_null());
    }
    input
}
