//! Validation records: they are the same for all certificates of a domain in one account, whatever
//! their region (aws-semantics.md 8). So a TXT record beside each names the certificates that need
//! it, and the last of them takes it away. One that somebody else made stays.

use crate::aws::{Cx, Error, Result};
use crate::resources::route53::mark;
use crate::resources::route53::name::DnsName;
use crate::resources::route53::sets;
use aws_sdk_acm::types::{CertificateStatus, CertificateSummary, Filters, KeyAlgorithm};
use aws_sdk_route53::types::{ChangeAction, ResourceRecordSet, RrType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A record that proves a domain.
#[allow(clippy::unsafe_derive_deserialize, reason = "the unsafe code is inside `try_join`")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ValidationRecord {
    /// The domain it proves, and the wildcard below it.
    pub domain_name: DnsName,
    /// Its name.
    pub name: DnsName,
    /// Its type: `CNAME`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its value.
    pub value: String,
}

/// How long others may remember such a record, in seconds.
const TTL: i64 = 300;
/// What a certificate is named by in the TXT record.
const CERTIFICATE: &str = "acm";

impl ValidationRecord {
    /// Tells whether a zone has it, and says that this certificate needs it.
    pub(super) async fn is_in(&self, cx: &Cx, zone: &str, certificate: &str) -> Result<bool> {
        let (record, beside) = self.read(cx, zone).await?;
        let user = user(certificate)?;
        let named = beside.is_none_or(|beside| users(Some(&beside)).contains(&user));
        Ok(named && record.is_some_and(|record| self.is_value_of(&record)))
    }

    fn is_value_of(&self, set: &ResourceRecordSet) -> bool {
        sets::values(set).any(|value| DnsName::new(value) == DnsName::new(&self.value))
    }

    /// Reads the record, and the TXT record beside it.
    async fn read(
        &self,
        cx: &Cx,
        zone: &str,
    ) -> Result<(Option<ResourceRecordSet>, Option<ResourceRecordSet>)> {
        let beside = self.beside();
        futures::try_join!(
            sets::one(cx, zone, &self.name, &RrType::Cname, None),
            sets::one(cx, zone, &beside, &RrType::Txt, None),
        )
    }

    fn beside(&self) -> DnsName {
        mark::name_of(&self.name, RrType::Cname.as_str(), None)
    }

    /// Puts it into a zone for a certificate.
    pub(super) async fn put(&self, cx: &Cx, zone: &str, certificate: &str) -> Result<()> {
        let (record, beside) = self.read(cx, zone).await?;
        if beside.is_none() && record.is_some_and(|record| self.is_value_of(&record)) {
            return Ok(());
        }
        let mut users = users(beside.as_ref());
        users.insert(user(certificate)?);
        let record = sets::plain(&self.name, RrType::Cname, TTL, [self.value.clone()])?;
        let beside = sets::plain(&self.beside(), RrType::Txt, TTL, users)?;
        let changes = vec![
            sets::change(ChangeAction::Upsert, record)?,
            sets::change(ChangeAction::Upsert, beside)?,
        ];
        let change = sets::send(cx, zone, changes).await?;
        cx.note_dns_change(certificate, change.as_ref());
        Ok(())
    }

    /// Takes it out of a zone, unless another certificate needs it.
    pub(super) async fn take(&self, cx: &Cx, zone: &str, certificate: &str) -> Result<()> {
        let (record, Some(beside)) = self.read(cx, zone).await? else { return Ok(()) };
        let mut users = users(Some(&beside));
        if !users.remove(&user(certificate)?) {
            return Ok(());
        }
        let mut changes = Vec::new();
        if users.is_empty() {
            changes.push(sets::change(ChangeAction::Delete, beside)?);
            if let Some(record) = record.filter(|record| self.is_value_of(record))
                && !self.is_needed_by_others(cx, certificate).await?
            {
                changes.push(sets::change(ChangeAction::Delete, record)?);
            }
        } else {
            let beside = sets::plain(&self.beside(), RrType::Txt, TTL, users)?;
            changes.push(sets::change(ChangeAction::Upsert, beside)?);
        }
        sets::send(cx, zone, changes).await.map(drop)
    }

    /// Tells whether a certificate of this region that nobody named beside the record needs it.
    async fn is_needed_by_others(&self, cx: &Cx, certificate: &str) -> Result<bool> {
        let uses = |other: &CertificateSummary| {
            let names = other.subject_alternative_name_summaries().iter();
            let mut names = names.map(|name| DnsName::new(name).without_wildcard());
            let alive = matches!(
                other.status(),
                Some(CertificateStatus::Issued | CertificateStatus::PendingValidation)
            );
            let more = other.has_additional_subject_alternative_names() == Some(true);
            alive
                && other.certificate_arn() != Some(certificate)
                && (more || names.any(|name| name == self.domain_name))
        };
        Ok(list(cx, &[]).await?.iter().any(uses))
    }
}

/// How a certificate is named beside a record.
fn user(certificate: &str) -> Result<String> {
    mark::value_of(&[(CERTIFICATE.to_owned(), certificate.to_owned())].into())
}

fn users(beside: Option<&ResourceRecordSet>) -> BTreeSet<String> {
    beside.into_iter().flat_map(sets::values).map(str::to_owned).collect()
}

/// Lists the certificates of the region, of all key types and of these statuses, all when none is
/// given. Without the types AWS lists only some (aws-semantics.md 0.1).
pub(crate) async fn list(
    cx: &Cx,
    statuses: &[CertificateStatus],
) -> Result<Vec<CertificateSummary>> {
    let types = KeyAlgorithm::values().iter().map(|name| KeyAlgorithm::from(*name)).collect();
    let call = cx.acm().list_certificates().max_items(1000);
    let call = call.includes(Filters::builder().set_key_types(Some(types)).build());
    let statuses = Some(statuses.to_vec()).filter(|statuses| !statuses.is_empty());
    let pages = call.set_certificate_statuses(statuses).into_paginator().items().send();
    pages.collect::<std::result::Result<_, _>>().await.map_err(Error::from)
}
