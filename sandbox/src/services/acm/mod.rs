//! Certificate Manager: public certificates, validated by records in the hosted zones of the sandbox.
//!
//! What e-mail would validate stays pending for good. Imported and private certificates are not
//! modelled.

mod certificate;
mod rules;
mod tags;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Call, Input, Members, Service, Tagged, read, write};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;
pub(crate) use certificate::Certificate;

/// What Certificate Manager keeps for one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// By ARN.
    certificates: BTreeMap<String, Certificate>,
}

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "acm",
    shapes: include_str!("../../shapes/acm.json"),
    validation_code: "ValidationException",
    throttle_code: "ThrottlingException",
    // aws-semantics.md 0.
    bucket: |operation, _| match operation {
        "DescribeCertificate" => super::Bucket { burst: 10.0, per_second: 10.0 },
        _ => super::Bucket { burst: 5.0, per_second: 5.0 },
    },
    operations: &[
        write(
            "RequestCertificate",
            &[
                "DomainName",
                "SubjectAlternativeNames",
                "ValidationMethod",
                "DomainValidationOptions",
                "IdempotencyToken",
                "KeyAlgorithm",
                "Options",
                "Tags",
            ],
            certificate::request,
        ),
        read("DescribeCertificate", &["CertificateArn"], certificate::describe),
        read(
            "ListCertificates",
            &["CertificateStatuses", "Includes", "NextToken", "MaxItems"],
            certificate::list,
        ),
        write("DeleteCertificate", &["CertificateArn"], certificate::delete),
        write(
            "UpdateCertificateOptions",
            &["CertificateArn", "Options"],
            certificate::update_options,
        ),
        write("AddTagsToCertificate", &["CertificateArn", "Tags"], tags::add),
        write("RemoveTagsFromCertificate", &["CertificateArn", "Tags"], tags::remove),
        read("ListTagsForCertificate", &["CertificateArn"], tags::list),
    ],
    rules: rules::RULES,
    tagged,
    due: certificate::due,
    settle: certificate::settle,
};

/// Returns a certificate by its ARN.
pub(crate) fn certificate<'a>(
    account: &'a Account,
    region: &str,
    arn: &str,
) -> Option<&'a Certificate> {
    account.region(region)?.acm.certificates.get(arn)
}

/// Returns the certificate an input names.
fn named<'a>(account: &'a Account, call: &Call, input: &Input) -> Result<&'a Certificate, Refusal> {
    let arn = input.text("CertificateArn").unwrap_or_default();
    certificate(account, &call.region, arn).ok_or_else(|| not_found(call, arn))
}

fn named_mut<'a>(
    account: &'a mut Account,
    call: &Call,
    input: &Input,
) -> Result<&'a mut Certificate, Refusal> {
    let arn = input.text("CertificateArn").unwrap_or_default();
    let certificates = &mut account.region_mut(&call.region).acm.certificates;
    certificates.get_mut(arn).ok_or_else(|| not_found(call, arn))
}

fn not_found(call: &Call, arn: &str) -> Refusal {
    rules::NOT_FOUND.refuse(&[arn, &call.account_id])
}

fn tagged(account: &Account, region: &str, _: Time) -> Vec<Tagged> {
    let certificates = account.region(region).into_iter().flat_map(|r| &r.acm.certificates);
    certificates
        .map(|(arn, certificate)| Tagged {
            arn: arn.clone(),
            resource_type: "acm:certificate",
            tags: certificate.tags.clone(),
        })
        .collect()
}
