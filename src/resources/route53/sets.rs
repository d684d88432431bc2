//! Reading and changing the record sets of a zone.

use super::name::DnsName;
use crate::aws::{Cx, Error, Result};
use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, ChangeInfo, ResourceRecord, ResourceRecordSet, RrType,
};

/// As many records as AWS gives in one page (aws-semantics.md 0.1).
const PAGE: i32 = 300;

/// Reads all record sets of a zone; none of one that is not there.
pub(crate) async fn all(cx: &Cx, zone: &str) -> Result<Vec<ResourceRecordSet>> {
    let mut found = Vec::new();
    let mut start: Option<(String, RrType, Option<String>)> = None;
    loop {
        let call = cx.route53().list_resource_record_sets().hosted_zone_id(zone).max_items(PAGE);
        let call = match &start {
            None => call,
            Some((name, kind, set)) => call
                .start_record_name(name)
                .start_record_type(kind.clone())
                .set_start_record_identifier(set.clone()),
        };
        let page = match call.send().await.map_err(Error::from) {
            Ok(page) => page,
            Err(error) if error.is_not_found() => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        found.extend(page.resource_record_sets);
        start = match (page.next_record_name, page.next_record_type) {
            (Some(name), Some(kind)) if page.is_truncated => {
                Some((name, kind, page.next_record_identifier))
            }
            _ => return Ok(found),
        };
    }
}

/// Reads one record set; `None` when it, or its zone, is not there.
pub(crate) async fn one(
    cx: &Cx,
    zone: &str,
    name: &DnsName,
    kind: &RrType,
    set: Option<&str>,
) -> Result<Option<ResourceRecordSet>> {
    let call = cx.route53().list_resource_record_sets().hosted_zone_id(zone).max_items(1);
    let call = call.start_record_name(name.as_str()).start_record_type(kind.clone());
    let page = match call.set_start_record_identifier(set.map(str::to_owned)).send().await {
        Ok(page) => page,
        Err(error) => {
            let error = Error::from(error);
            return if error.is_not_found() { Ok(None) } else { Err(error) };
        }
    };
    let is_it = |found: &ResourceRecordSet| {
        DnsName::new(found.name()) == *name
            && found.r#type() == kind
            && found.set_identifier() == set
    };
    Ok(page.resource_record_sets.into_iter().find(is_it))
}

/// Makes a record set of plain values.
pub(crate) fn plain(
    name: &DnsName,
    kind: RrType,
    ttl: i64,
    values: impl IntoIterator<Item = String>,
) -> Result<ResourceRecordSet> {
    let records = values
        .into_iter()
        .map(|value| ResourceRecord::builder().value(value).build().map_err(incomplete));
    let set = ResourceRecordSet::builder().name(name.as_str()).r#type(kind).ttl(ttl);
    set.set_resource_records(Some(records.collect::<Result<_>>()?)).build().map_err(incomplete)
}

/// Makes one change of a batch.
pub(crate) fn change(action: ChangeAction, set: ResourceRecordSet) -> Result<Change> {
    Change::builder().action(action).resource_record_set(set).build().map_err(incomplete)
}

/// Sends a batch, which takes effect whole or not at all; nothing is sent for an empty one.
pub(crate) async fn send(cx: &Cx, zone: &str, changes: Vec<Change>) -> Result<Option<ChangeInfo>> {
    if changes.is_empty() {
        return Ok(None);
    }
    let batch = ChangeBatch::builder().set_changes(Some(changes)).build().map_err(incomplete)?;
    let call = cx.route53().change_resource_record_sets().hosted_zone_id(zone);
    let answer = call.change_batch(batch).send().await.map_err(Error::from)?;
    Ok(answer.change_info)
}

pub(crate) fn incomplete(error: impl std::fmt::Display) -> Error {
    Error::local("ChangeResourceRecordSets", error.to_string())
}

/// The values of a record set.
pub(crate) fn values(set: &ResourceRecordSet) -> impl Iterator<Item = &str> {
    set.resource_records().iter().map(ResourceRecord::value)
}
