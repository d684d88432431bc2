//! The services of AWS that VPC endpoints lead to.

use serde_json::{Value, json};

use super::super::{Answer, Call, Input, Members};
use super::describe::{Filters, Page};
use super::{View, rules, zones};
use crate::state::Account;

/// The two that have gateway endpoints.
const GATEWAYS: &[&str] = &["s3", "dynamodb"];

/// Those that have interface endpoints, as the last part of their names; the ones a container
/// platform meets, not all.
const INTERFACES: &[&str] = &[
    "acm-pca",
    "application-autoscaling",
    "athena",
    "autoscaling",
    "cloudformation",
    "cloudtrail",
    "codebuild",
    "dynamodb",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "ecs",
    "ecs-agent",
    "ecs-telemetry",
    "elasticfilesystem",
    "elasticloadbalancing",
    "events",
    "execute-api",
    "firehose",
    "glue",
    "kinesis-streams",
    "kms",
    "lambda",
    "logs",
    "monitoring",
    "rds",
    "s3",
    "secretsmanager",
    "servicediscovery",
    "sns",
    "sqs",
    "ssm",
    "ssmmessages",
    "states",
    "sts",
    "xray",
];

/// One service in one region.
pub(super) struct EndpointService {
    /// Its whole name, such as `com.amazonaws.eu-west-1.ecr.api`.
    pub(super) name: String,
    /// The types of endpoints it has.
    pub(super) types: Vec<&'static str>,
    /// The name that private DNS answers for.
    pub(super) private_name: String,
}

/// Returns the services of a region, by name.
pub(super) fn of_region(region: &str) -> Vec<EndpointService> {
    let service = |short: &&str| {
        let mut types = Vec::new();
        if GATEWAYS.contains(short) {
            types.push("Gateway");
        }
        types.push("Interface");
        EndpointService {
            name: format!("com.amazonaws.{region}.{short}"),
            types,
            private_name: private_name(short, region),
        }
    };
    INTERFACES.iter().map(service).collect()
}

/// Most services answer under their own name; a registry and a few others differ.
fn private_name(short: &str, region: &str) -> String {
    let name = match short {
        "ecr.api" => "api.ecr",
        "ecr.dkr" => "*.dkr.ecr",
        "execute-api" => "*.execute-api",
        "ecs-agent" => "ecs-a",
        "ecs-telemetry" => "ecs-t",
        "kinesis-streams" => "kinesis",
        "s3" => "*.s3",
        other => other,
    };
    format!("{name}.{region}.amazonaws.com")
}

/// DescribeVpcEndpointServices.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    let wanted = input.texts("ServiceNames");
    let all = of_region(&call.region);
    if let Some(unknown) = wanted.iter().find(|name| !all.iter().any(|it| it.name == **name)) {
        return Err(rules::SERVICE_UNKNOWN.refuse(&[unknown]));
    }
    let page = Page::of(view, input, 1000)?;
    let filters = Filters::read(view, input, &["owner", "service-name", "service-type"])?;
    let found = all.into_iter().filter(|service| {
        (wanted.is_empty() || wanted.contains(&service.name.as_str()))
            && filters.accept_fields(|name| match name {
                "owner" => vec!["amazon".to_owned()],
                "service-name" => vec![service.name.clone()],
                "service-type" => service.types.iter().map(|it| (*it).to_owned()).collect(),
                _ => Vec::new(),
            })
    });
    let (found, next) = page.cut(found.map(|service| (service.name.clone(), service)));
    let names: Vec<&String> = found.iter().map(|(name, _)| name).collect();
    let details: Vec<Value> = found.iter().map(|(_, service)| show(call, service)).collect();
    Ok(json!({ "ServiceNames": names, "ServiceDetails": details, "NextToken": next }))
}

fn show(call: &Call, service: &EndpointService) -> Value {
    let zones: Vec<String> =
        zones::of_region(&call.region).into_iter().map(|zone| zone.name).collect();
    let types: Vec<Value> = service.types.iter().map(|it| json!({ "ServiceType": it })).collect();
    let short = service.name.rsplit_once(&format!("{}.", call.region));
    let short = short.map_or(service.name.as_str(), |(_, short)| short);
    json!({
        "ServiceName": service.name,
        "ServiceId": format!("vpce-svc-{}", super::vpc_endpoint::digits(&service.name)),
        "ServiceRegion": call.region,
        "ServiceType": types,
        "AvailabilityZones": zones,
        "Owner": "amazon",
        "BaseEndpointDnsNames": [format!("{short}.{}.vpce.amazonaws.com", call.region)],
        "PrivateDnsName": service.private_name,
        "PrivateDnsNames": [{ "PrivateDnsName": service.private_name }],
        "PrivateDnsNameVerificationState": "verified",
        "VpcEndpointPolicySupported": true,
        "AcceptanceRequired": false,
        "ManagesVpcEndpoints": false,
        "SupportedIpAddressTypes": ["ipv4", "ipv6"],
        "Tags": [],
    })
}
