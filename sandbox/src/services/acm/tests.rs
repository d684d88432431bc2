use serde_json::{Value, json};
use std::time::Duration;

use super::*;
use crate::rules::Rule;
use crate::{Options, Sandbox, Slow};

const BALANCER: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/0123456789abcdef";

struct Lab(Sandbox);

impl Lab {
    fn new() -> Self {
        Self(Sandbox::in_memory(Options::default()))
    }

    fn slow() -> Self {
        Self(Sandbox::in_memory(Options { slow: Slow::Aws, ..Options::default() }))
    }

    fn does(&self, operation: &str, input: Value) -> Value {
        self.0.call("acm", operation, input).unwrap()
    }

    fn no(&self, operation: &str, input: Value) -> Refusal {
        self.0.call("acm", operation, input).unwrap_err()
    }

    fn request(&self, more: Value) -> Value {
        json!({"CertificateArn": self.does("RequestCertificate", wanted(more))["CertificateArn"]})
    }

    /// Has a load balancer have used a certificate until just now.
    fn used(&self, arn: &Value) {
        let arn = arn["CertificateArn"].as_str().unwrap().to_owned();
        self.0.change(|account| {
            let certificates = &mut account.region_mut("eu-west-1").acm.certificates;
            certificates.get_mut(&arn).unwrap().users.insert(BALANCER.to_owned(), None);
        });
    }

    fn describe(&self, arn: &Value) -> Value {
        self.does("DescribeCertificate", arn.clone())["Certificate"].clone()
    }

    /// Puts the validation records of a certificate into a new zone.
    fn validate(&self, arn: &Value) -> String {
        let zone = json!({"Name": "example.com", "CallerReference": "x"});
        let zone = self.0.call("route53", "CreateHostedZone", zone).unwrap();
        let id = zone["HostedZone"]["Id"].as_str().unwrap().to_owned();
        self.change(&id, "UPSERT", arn);
        id
    }

    fn change(&self, zone: &str, action: &str, arn: &Value) {
        let record = self.describe(arn)["DomainValidationOptions"][0]["ResourceRecord"].clone();
        let set = json!({"Name": record["Name"], "Type": "CNAME", "TTL": 300,
            "ResourceRecords": [{"Value": record["Value"]}]});
        let changes = json!([{"Action": action, "ResourceRecordSet": set}]);
        let batch = json!({"HostedZoneId": zone.rsplit('/').next(),
            "ChangeBatch": {"Changes": changes}});
        self.0.call("route53", "ChangeResourceRecordSets", batch).unwrap();
    }
}

fn wanted(more: Value) -> Value {
    let mut input = json!({"DomainName": "shop.example.com", "ValidationMethod": "DNS"});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

fn refused(more: Value) -> Refusal {
    Lab::new().no("RequestCertificate", wanted(more))
}

pub(crate) static REFUSALS: &[(&Rule, fn() -> Refusal)] = &[
    (&rules::NOT_FOUND, || {
        let arn = "arn:aws:acm:eu-west-1:123456789012:certificate/gone";
        Lab::new().no("DescribeCertificate", json!({"CertificateArn": arn}))
    }),
    (&rules::IN_USE, || {
        let lab = Lab::slow();
        let arn = lab.request(json!({}));
        lab.used(&arn);
        lab.no("DeleteCertificate", arn)
    }),
    (&rules::ALGORITHM, || refused(json!({"KeyAlgorithm": "RSA_1024"}))),
    (&rules::TOO_MANY_NAMES, || {
        let names: Vec<_> = (0..10).map(|n| format!("n{n}.example.com")).collect();
        refused(json!({"SubjectAlternativeNames": names}))
    }),
    (&rules::VALIDATION_DOMAIN, || {
        let option = json!({"DomainName": "shop.example.com", "ValidationDomain": "example.org"});
        refused(json!({"DomainValidationOptions": [option]}))
    }),
    (&rules::TOO_MANY_TAGS, || {
        let lab = Lab::new();
        let mut input = lab.request(json!({"Tags": [{"Key": "a", "Value": ""}]}));
        let tags = (0..50).map(|n| json!({"Key": n.to_string()}));
        input["Tags"] = tags.collect();
        lab.no("AddTagsToCertificate", input)
    }),
    (&rules::RESERVED_TAG, || refused(json!({"Tags": [{"Key": "aws:a", "Value": ""}]}))),
    (&rules::TOKEN, || Lab::new().no("ListCertificates", json!({"NextToken": "?"}))),
];

#[test]
fn a_certificate_is_issued_once_its_records_are_there() {
    let lab = Lab::slow();
    let arn = lab.request(json!({"SubjectAlternativeNames": ["*.shop.example.com"]}));
    let record =
        |n: usize| lab.describe(&arn)["DomainValidationOptions"][n]["ResourceRecord"].clone();
    assert_eq!(record(0), Value::Null, "AWS takes seconds to tell the records");
    lab.0.skip(Duration::from_secs(6));
    assert_eq!(record(0), record(1), "a domain and its wildcard share one");
    lab.0.skip(Duration::from_secs(600));
    assert_eq!(lab.describe(&arn)["Status"], "PENDING_VALIDATION");
    let zone = lab.validate(&arn);
    assert_eq!(lab.describe(&arn)["Status"], "PENDING_VALIDATION");
    lab.0.skip(Duration::from_secs(200));
    let issued = lab.describe(&arn);
    assert_eq!(
        (&issued["Status"], &issued["KeyAlgorithm"]),
        (&json!("ISSUED"), &json!("RSA-2048"))
    );
    // What becomes of the records does not matter then.
    lab.change(&zone, "DELETE", &arn);
    lab.0.skip(Duration::from_secs(600));
    assert_eq!(lab.describe(&arn)["Status"], "ISSUED");
}

#[test]
fn without_slow_states_it_is_issued_at_once_and_without_records_never() {
    let lab = Lab::new();
    let arn = lab.request(json!({}));
    lab.validate(&arn);
    assert_eq!(lab.describe(&arn)["Status"], "ISSUED");
    let never = lab.request(json!({"DomainName": "shop.example.org"}));
    lab.0.skip(Duration::from_secs(73 * 3600));
    assert_eq!(lab.describe(&never)["Status"], "VALIDATION_TIMED_OUT");
}

#[test]
fn a_token_stands_for_one_certificate_for_an_hour() {
    let lab = Lab::new();
    let token = json!({"IdempotencyToken": "once"});
    let first = lab.request(token.clone());
    assert_eq!(lab.request(token.clone()), first);
    lab.0.skip(Duration::from_secs(3601));
    assert_ne!(lab.request(token), first);
}

#[test]
fn lists_hide_other_keys_unless_asked() {
    let lab = Lab::new();
    lab.request(json!({"KeyAlgorithm": "EC_prime256v1", "Tags": [{"Key": "a", "Value": "b"}]}));
    let count = |input| {
        lab.does("ListCertificates", input)["CertificateSummaryList"].as_array().unwrap().len()
    };
    assert_eq!(count(json!({})), 0);
    assert_eq!(count(json!({"Includes": {"keyTypes": ["EC_prime256v1"]}})), 1);
    let all =
        json!({"Includes": {"keyTypes": ["EC_prime256v1"]}, "CertificateStatuses": ["ISSUED"]});
    assert_eq!(count(all), 0);
    let found = lab.0.call("tagging", "GetResources", json!({})).unwrap();
    assert_eq!(found["ResourceTagMappingList"][0]["Tags"][0]["Value"], "b");
}

#[test]
fn a_certificate_is_let_go_of_some_time_after_its_listener() {
    let lab = Lab::slow();
    let arn = lab.request(json!({}));
    lab.used(&arn);
    assert_eq!(lab.describe(&arn)["InUseBy"], json!([BALANCER]));
    lab.0.skip(Duration::from_secs(61));
    assert_eq!(lab.describe(&arn)["InUseBy"], json!([]));
    lab.does("DeleteCertificate", arn);
}
