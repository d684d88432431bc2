//! Reading certificates: their list tells neither tags nor validation records.

use super::certificate::{AcmCertificate, AcmCertificateOut, DomainValidationOption, zones};
use super::validation::{self, ValidationRecord};
use crate::aws::ownership::IDENTITY_KEYS;
use crate::aws::{Cx, Result, Sdk, Tags, unless_missing};
use crate::engine::resource::{Id, Live, Status, Want};
use crate::resources::PARALLEL;
use crate::resources::route53::name::DnsName;
use aws_sdk_acm::types::{CertificateDetail, CertificateStatus, KeyAlgorithm};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};

/// Reads the certificates in question; the index of tags is evidence for those of ours. Where one of
/// a domain that the stack wants is not among them, the list is asked for those that the index may
/// not know yet.
pub(super) async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<AcmCertificate>>> {
    let (workspaces, names) = match want {
        // What is about to be written, or was just written, is read without the index.
        Want::Ids(ids) => {
            let unknown = ids.iter().map(|id| (id.clone(), None)).collect();
            return whole(cx, unknown).await;
        }
        Want::Owned { workspaces, names } => (workspaces, names),
    };
    let cell = cx.tag_index().await?;
    let prefix = cx.arn("acm", "certificate/");
    let index = cell.get().into_iter().flatten();
    let ours =
        index.filter(|(arn, tags)| arn.starts_with(&prefix) && cx.scope.may_own(tags, workspaces));
    let known: BTreeMap<String, Option<Tags>> =
        ours.map(|(arn, tags)| (arn.clone(), Some(tags.clone()))).collect();
    let mut found = whole(cx, known.clone()).await?;
    let there =
        |name: &String| found.iter().any(|live| live.spec.domain_name.as_str() == name.as_str());
    if names.iter().all(there) {
        return Ok(found);
    }
    let summaries = validation::list(cx, &[]).await?;
    let asked = summaries.into_iter().filter_map(|summary| {
        let domain = DnsName::new(summary.domain_name()?);
        let arn = summary.certificate_arn?;
        let asked = names.iter().any(|name| name == domain.as_str());
        (asked && !known.contains_key(&arn)).then_some((arn, None))
    });
    let more = whole(cx, asked.collect()).await?;
    let of_some_stack =
        |live: &Live<_>| live.tags.keys().any(|key| IDENTITY_KEYS.contains(&key.as_str()));
    found.extend(more.into_iter().filter(of_some_stack));
    Ok(found)
}

/// Reads certificates with their tags, where these are not known; one that is gone is left out.
async fn whole(
    cx: &Cx,
    certificates: BTreeMap<String, Option<Tags>>,
) -> Result<Vec<Live<AcmCertificate>>> {
    stream::iter(certificates)
        .map(|(arn, tags)| async move {
            let tags = async {
                match tags {
                    Some(tags) => Ok(Some(tags)),
                    None => tags_of(cx, &arn).await,
                }
            };
            let (found, tags) = futures::try_join!(describe(cx, &arn), tags)?;
            match (found, tags) {
                (Some(found), Some(tags)) => live(cx, &arn, &found, tags).await.map(Some),
                _ => Ok(None),
            }
        })
        .buffered(PARALLEL)
        .try_filter_map(|live| async { Ok(live) })
        .try_collect()
        .await
}

/// Reads a certificate; `None` when it is not there.
pub(crate) async fn describe(cx: &Cx, arn: &str) -> Result<Option<CertificateDetail>> {
    let call = cx.acm().describe_certificate().certificate_arn(arn);
    Ok(unless_missing(call.send().await)?.and_then(|answer| answer.certificate))
}

/// Reads the tags of a certificate; `None` when it is not there.
pub(crate) async fn tags_of(cx: &Cx, arn: &str) -> Result<Option<Tags>> {
    let call = cx.acm().list_tags_for_certificate().certificate_arn(arn);
    let answer = unless_missing(call.send().await)?;
    let tags = answer.map(|answer| answer.tags.unwrap_or_default().into_iter());
    Ok(tags.map(|tags| tags.map(|tag| (tag.key, tag.value.unwrap_or_default())).collect()))
}

/// Answers write algorithms with a dash where requests have an underscore: `RSA-2048`.
pub(crate) fn algorithm(found: &CertificateDetail) -> Option<KeyAlgorithm> {
    let name = found.key_algorithm()?.as_str().replacen('-', "_", 1);
    Some(KeyAlgorithm::from(name.as_str()))
}

/// Returns the names of a certificate beside its domain.
fn other_names(found: &CertificateDetail, domain: &DnsName) -> BTreeSet<DnsName> {
    let names = found.subject_alternative_names().iter().map(|name| DnsName::new(name));
    names.filter(|name| name != domain).collect()
}

/// Returns the validation records that AWS has told, one for a domain and its wildcard.
fn records(found: &CertificateDetail) -> Vec<ValidationRecord> {
    let mut records: Vec<ValidationRecord> = Vec::new();
    for validation in found.domain_validation_options() {
        let Some(record) = validation.resource_record() else { continue };
        let domain_name = DnsName::new(validation.domain_name()).without_wildcard();
        if records.iter().all(|known| known.domain_name != domain_name) {
            records.push(ValidationRecord {
                domain_name,
                name: DnsName::new(record.name()),
                kind: record.r#type().as_str().to_owned(),
                value: record.value().to_owned(),
            });
        }
    }
    records
}

async fn live(
    cx: &Cx,
    arn: &str,
    found: &CertificateDetail,
    tags: Tags,
) -> Result<Live<AcmCertificate>> {
    let records = records(found);
    let zones = zones(&tags);
    let mut proved = Vec::new();
    let mut missing = 0;
    for record in &records {
        let Some(zone) = zones.get(&record.domain_name) else { continue };
        if record.is_in(cx, zone, arn).await? {
            let (domain_name, hosted_zone_id) = (record.domain_name.clone(), Id::new(zone));
            proved.push(DomainValidationOption { domain_name, hosted_zone_id });
        } else {
            missing += 1;
        }
    }
    proved.sort();
    let by_hand: Vec<&ValidationRecord> =
        records.iter().filter(|record| !zones.contains_key(&record.domain_name)).collect();
    let domain_name = DnsName::new(found.domain_name().unwrap_or_default());
    let spec = AcmCertificate {
        subject_alternative_names: Some(other_names(found, &domain_name)),
        domain_name,
        key_algorithm: algorithm(found).map(Sdk),
        domain_validation_options: Some(proved),
    };
    let status = status(found, &records, missing, &by_hand);
    let out =
        AcmCertificateOut { id: arn.to_owned(), arn: arn.to_owned(), validation_records: records };
    Ok(Live { id: arn.to_owned(), tags, status, spec, out })
}

/// One that waits for records that the type writes itself is ready for an update.
fn status(
    found: &CertificateDetail,
    records: &[ValidationRecord],
    missing: usize,
    by_hand: &[&ValidationRecord],
) -> Status {
    let Some(state) = found.status() else { return Status::Ready };
    match state {
        CertificateStatus::Issued => Status::Ready,
        CertificateStatus::PendingValidation if records.is_empty() => {
            Status::Pending(format!("{}, until AWS tells its validation records", state.as_str()))
        }
        CertificateStatus::PendingValidation if missing > 0 => Status::Ready,
        CertificateStatus::PendingValidation if by_hand.is_empty() => {
            Status::Pending(format!("{}, its records are in the zone", state.as_str()))
        }
        CertificateStatus::PendingValidation => {
            let records = by_hand.iter().map(|r| format!("{} {} {}", r.name, r.kind, r.value));
            let records = records.collect::<Vec<_>>().join(", ");
            let state = state.as_str();
            Status::Pending(format!("{state}, until somebody makes the record {records}"))
        }
        other => {
            let why = found.failure_reason().map(|why| format!(": {}", why.as_str()));
            Status::Failed(format!("{}{}", other.as_str(), why.unwrap_or_default()))
        }
    }
}
