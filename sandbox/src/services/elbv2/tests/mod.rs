//! Tests of Elastic Load Balancing, through the service's interface.

mod balancers;
mod listeners;
mod refusals;
mod refusals_of_listeners;
mod targets;

use std::time::Duration;

use serde_json::{Value, json};

use super::State;
use crate::rules::{Refusal, Rule};
use crate::{Options, Sandbox, Slow};

/// A rule, and a way to break it.
type Case = (&'static Rule, fn() -> Refusal);

const FIRST: &[Case] = refusals::CASES;
const SECOND: &[Case] = refusals_of_listeners::CASES;

/// A case for every rule, of both files.
pub(crate) static REFUSALS: &[Case] = {
    const NUMBER: usize = FIRST.len() + SECOND.len();
    static ALL: [Case; NUMBER] = {
        let mut all = [FIRST[0]; NUMBER];
        let mut at = 0;
        while at < NUMBER {
            all[at] = if at < FIRST.len() { FIRST[at] } else { SECOND[at - FIRST.len()] };
            at += 1;
        }
        all
    };
    &ALL
};

/// Makes the list of the cases of a file.
macro_rules! cases {
    ($($rule:ident: |$lab:ident| $case:expr;)*) => {
        pub(super) const CASES: &[super::Case] = &[$(
            (&super::super::rules::$rule, || {
                let $lab = super::Lab::new();
                $case
            }),
        )*];
    };
}
use cases;

/// ARNs of nothing.
const BALANCER: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/none/0000000000000000";
const GROUP: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/none/0000000000000000";
/// A sandbox with a VPC that has an internet gateway, two subnets in two zones, and a security
/// group that is open to the VPC.
struct Lab {
    sandbox: Sandbox,
    vpc: String,
    gateway: String,
    subnets: [String; 2],
    group: String,
}

impl Lab {
    fn new() -> Self {
        Self::with(Slow::None)
    }

    fn with(slow: Slow) -> Self {
        let sandbox = Sandbox::in_memory(Options { slow, ..Options::default() });
        let mut lab = Self {
            sandbox,
            vpc: String::new(),
            gateway: String::new(),
            subnets: Default::default(),
            group: String::new(),
        };
        lab.vpc = lab.new_vpc("10.0.0.0/16");
        let made = lab.ec2("CreateInternetGateway", json!({}));
        lab.gateway = text(&made, "/InternetGateway/InternetGatewayId");
        let attach = json!({ "InternetGatewayId": lab.gateway, "VpcId": lab.vpc });
        lab.ec2("AttachInternetGateway", attach);
        lab.subnets = [lab.subnet("10.0.1.0/24", "a"), lab.subnet("10.0.2.0/24", "b")];
        lab.group = lab.security_group(&lab.vpc, "open");
        let all = json!([{ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": "10.0.0.0/16" }] }]);
        let open = json!({ "GroupId": lab.group, "IpPermissions": all });
        lab.ec2("AuthorizeSecurityGroupIngress", open);
        lab
    }

    fn new_vpc(&self, block: &str) -> String {
        text(&self.ec2("CreateVpc", json!({ "CidrBlock": block })), "/Vpc/VpcId")
    }

    fn subnet(&self, block: &str, zone: &str) -> String {
        let zone = format!("eu-west-1{zone}");
        let input = json!({ "VpcId": self.vpc, "CidrBlock": block, "AvailabilityZone": zone });
        text(&self.ec2("CreateSubnet", input), "/Subnet/SubnetId")
    }

    fn security_group(&self, vpc: &str, name: &str) -> String {
        let input = json!({ "VpcId": vpc, "GroupName": name, "Description": name });
        text(&self.ec2("CreateSecurityGroup", input), "/GroupId")
    }

    fn ec2(&self, operation: &str, input: Value) -> Value {
        self.any("ec2", operation, input)
    }

    fn any(&self, service: &str, operation: &str, input: Value) -> Value {
        match self.sandbox.call(service, operation, input) {
            Ok(answer) => answer,
            Err(refusal) => panic!("{operation}: {}: {}", refusal.code, refusal.message),
        }
    }

    /// Calls what must be answered.
    fn ok(&self, operation: &str, input: Value) -> Value {
        self.any("elasticloadbalancing", operation, input)
    }

    /// Calls what must be refused.
    fn no(&self, operation: &str, input: Value) -> Refusal {
        match self.sandbox.call("elasticloadbalancing", operation, input) {
            Ok(answer) => panic!("{operation} was not refused: {answer}"),
            Err(refusal) => refusal,
        }
    }

    /// Changes the state of the default region behind the service's back.
    fn change(&self, change: impl FnOnce(&mut State)) {
        self.sandbox.change(|account| change(&mut account.region_mut("eu-west-1").elbv2));
    }

    fn skip(&self, seconds: u64) {
        self.sandbox.skip(Duration::from_secs(seconds));
    }

    /// What a new load balancer is made of, with more members.
    fn settings(&self, more: Value) -> Value {
        let groups = [&self.group];
        let base = json!({ "Name": "main", "Subnets": self.subnets, "SecurityGroups": groups });
        merged(base, more)
    }

    fn balancer(&self, more: Value) -> String {
        let made = self.ok("CreateLoadBalancer", self.settings(more));
        text(&made, "/LoadBalancers/0/LoadBalancerArn")
    }

    /// Requests a certificate and puts its validation records into a zone.
    fn certificate(&self, domain: &str) -> String {
        let arn = self.pending_certificate(domain);
        let asked = json!({ "CertificateArn": arn });
        let shown = self.any("acm", "DescribeCertificate", asked);
        let path = "/Certificate/DomainValidationOptions/0/ResourceRecord";
        let record = shown.pointer(path).expect("a record");
        let zone = json!({ "Name": domain, "CallerReference": domain });
        let zone = self.any("route53", "CreateHostedZone", zone);
        let set = json!({
            "Name": record["Name"],
            "Type": "CNAME",
            "TTL": 300,
            "ResourceRecords": [{ "Value": record["Value"] }],
        });
        let changes = json!({ "Changes": [{ "Action": "UPSERT", "ResourceRecordSet": set }] });
        let id = text(&zone, "/HostedZone/Id");
        let input = json!({ "HostedZoneId": id, "ChangeBatch": changes });
        self.any("route53", "ChangeResourceRecordSets", input);
        arn
    }

    fn pending_certificate(&self, domain: &str) -> String {
        let input = json!({ "DomainName": domain, "ValidationMethod": "DNS" });
        text(&self.any("acm", "RequestCertificate", input), "/CertificateArn")
    }

    /// What makes a new listener secure, with a new certificate, with more members.
    fn secure(&self, more: Value) -> Value {
        let certificate = self.certificate("example.com");
        let certificates = [json!({ "CertificateArn": certificate })];
        let base = json!({ "Protocol": "HTTPS", "Port": 443, "Certificates": certificates });
        merged(base, more)
    }

    /// What a new target group is made of, with more members.
    fn targets(&self, more: Value) -> Value {
        let base = json!({
            "Name": "api", "Protocol": "HTTP", "Port": 8000, "VpcId": self.vpc, "TargetType": "ip",
        });
        merged(base, more)
    }

    fn target_group(&self, more: Value) -> String {
        let made = self.ok("CreateTargetGroup", self.targets(more));
        text(&made, "/TargetGroups/0/TargetGroupArn")
    }

    /// Makes a listener on port 80 that answers by itself, of a new load balancer.
    fn listener(&self) -> String {
        let balancer = self.balancer(json!({}));
        self.listener_of(&balancer, json!({}))
    }

    fn listener_of(&self, balancer: &str, more: Value) -> String {
        let made = self.ok("CreateListener", on_port_80(balancer, more));
        text(&made, "/Listeners/0/ListenerArn")
    }

    /// Makes a rule for a path.
    fn rule(&self, listener: &str, priority: u32, more: Value) -> String {
        let made = self.ok("CreateRule", for_path(listener, priority, more));
        text(&made, "/Rules/0/RuleArn")
    }

    /// Makes a network interface that something holds, and returns its address.
    fn interface(&self, zone: usize, group: &str) -> String {
        let input = json!({ "SubnetId": self.subnets[zone], "Groups": [group] });
        let made = self.ec2("CreateNetworkInterface", input);
        let id = text(&made, "/NetworkInterface/NetworkInterfaceId");
        self.sandbox.change(|account| {
            let ec2 = &mut account.region_mut("eu-west-1").ec2;
            let other = ec2.network_interfaces.values().find_map(|it| it.owner.clone());
            let mut owner = other.expect("a load balancer has interfaces");
            (owner.resource, owner.requester) = ("task".to_owned(), None);
            ec2.network_interfaces.get_mut(&id).expect("it was made").owner = Some(owner);
        });
        text(&made, "/NetworkInterface/PrivateIpAddress")
    }
}

/// Returns the string at a path of an answer.
fn text(answer: &Value, path: &str) -> String {
    let found = answer.pointer(path).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no {path} in {answer}")).to_owned()
}

/// Adds members, null ones taking away.
fn merged(mut base: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("{more} is no object") };
    let members = base.as_object_mut().expect("an object");
    for (name, value) in more {
        if value.is_null() {
            members.remove(&name);
        } else {
            members.insert(name, value);
        }
    }
    base
}

fn fixed(status: &str) -> Value {
    json!([{ "Type": "fixed-response", "FixedResponseConfig": { "StatusCode": status } }])
}

fn forward(group: &str) -> Value {
    json!([{ "Type": "forward", "TargetGroupArn": group }])
}

fn on_port_80(balancer: &str, more: Value) -> Value {
    let base = json!({
        "LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 80, "DefaultActions": fixed("404"),
    });
    merged(base, more)
}

fn for_path(listener: &str, priority: u32, more: Value) -> Value {
    let base = json!({
        "ListenerArn": listener,
        "Priority": priority,
        "Conditions": [{ "Field": "path-pattern", "Values": ["/orders*"] }],
        "Actions": fixed("200"),
    });
    merged(base, more)
}

/// Reads attributes as a map.
fn attribute(answer: &Value, key: &str) -> String {
    let all = answer["Attributes"].as_array().expect("attributes");
    let found = all.iter().find(|it| it["Key"] == key);
    found.map(|it| text(it, "/Value")).unwrap_or_else(|| panic!("no {key} in {answer}"))
}
