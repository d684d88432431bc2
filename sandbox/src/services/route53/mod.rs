//! Route 53: hosted zones and their records. Health checks, traffic policies and reusable delegation
//! sets are not modelled.

mod linked;
mod name;
mod records;
mod rules;
mod tags;
mod zones;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Bucket, Call, Input, Members, Service, Tagged, read, write};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;
pub(crate) use linked::{link, unlink};
use records::Record;

/// What Route 53 keeps for the account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    zones: BTreeMap<String, Zone>,
    /// Every reference a zone was ever made with.
    references: BTreeSet<String>,
    changes: BTreeMap<String, Change>,
}

/// A hosted zone.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Zone {
    /// With a dot at the end.
    name: String,
    reference: String,
    comment: Option<String>,
    private: bool,
    vpcs: BTreeSet<Vpc>,
    name_servers: Vec<String>,
    /// By name, type and set identifier, in the order they are listed in.
    records: BTreeMap<String, Record>,
    /// ARN of the namespace of Cloud Map it belongs to.
    linked: Option<String>,
    tags: BTreeMap<String, String>,
}

/// A VPC that a private zone answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Vpc {
    region: String,
    id: String,
}

/// A change on its way to the name servers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Change {
    submitted: Time,
    in_sync: Time,
    comment: Option<String>,
}

/// How long a change is `PENDING`: "generally propagated to all name servers within 60 seconds"
/// (ChangeResourceRecordSets API reference).
const PROPAGATION: Duration = Duration::from_secs(30);

/// The service.
pub(crate) static SERVICE: Service = Service {
    name: "route53",
    shapes: include_str!("../../shapes/route53.json"),
    validation_code: "InvalidInput",
    // Five requests a second for the account (aws-semantics.md 0).
    bucket: |_, _| Bucket { burst: 5.0, per_second: 5.0 },
    operations: &[
        write(
            "CreateHostedZone",
            &["Name", "VPC", "CallerReference", "HostedZoneConfig"],
            zones::create,
        ),
        read("GetHostedZone", &["Id"], zones::get),
        read("ListHostedZones", &["Marker", "MaxItems", "HostedZoneType"], zones::list),
        read(
            "ListHostedZonesByName",
            &["DNSName", "HostedZoneId", "MaxItems"],
            zones::list_by_name,
        ),
        read(
            "ListHostedZonesByVPC",
            &["VPCId", "VPCRegion", "MaxItems", "NextToken"],
            zones::list_by_vpc,
        ),
        read("GetHostedZoneCount", &[], zones::count),
        write("UpdateHostedZoneComment", &["Id", "Comment"], zones::update_comment),
        write("DeleteHostedZone", &["Id"], zones::delete),
        write("AssociateVPCWithHostedZone", &["HostedZoneId", "VPC", "Comment"], zones::associate),
        write(
            "DisassociateVPCFromHostedZone",
            &["HostedZoneId", "VPC", "Comment"],
            zones::disassociate,
        ),
        write("ChangeResourceRecordSets", &["HostedZoneId", "ChangeBatch"], records::change),
        read(
            "ListResourceRecordSets",
            &[
                "HostedZoneId",
                "StartRecordName",
                "StartRecordType",
                "StartRecordIdentifier",
                "MaxItems",
            ],
            records::list,
        ),
        read("GetChange", &["Id"], get_change),
        write(
            "ChangeTagsForResource",
            &["ResourceType", "ResourceId", "AddTags", "RemoveTagKeys"],
            tags::change,
        ),
        read("ListTagsForResource", &["ResourceType", "ResourceId"], tags::list),
        read("ListTagsForResources", &["ResourceType", "ResourceIds"], tags::list_many),
    ],
    rules: rules::RULES,
    tagged,
    ..Service::EMPTY
};

/// Returns the values of a record in the public zones of the account, and since when anybody can
/// resolve them. Of zones of one name the parent's name servers would decide; here the first that
/// has the record does.
pub(crate) fn public_record(
    account: &Account,
    name: &str,
    kind: &str,
) -> Option<(Vec<String>, Time)> {
    let name = name::canonical(name)?;
    let key = records::key(&name, kind, None);
    let mut zones = account.global.route53.zones.values().filter(|zone| !zone.private);
    let record = zones.find_map(|zone| zone.records.get(&key))?;
    Some((record.values.clone(), record.since))
}

/// Takes the id out of what may be a path: `/hostedzone/Z1`.
fn bare(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

fn zone<'a>(account: &'a Account, id: &str) -> Result<&'a Zone, Refusal> {
    let found = account.global.route53.zones.get(bare(id));
    found.ok_or_else(|| rules::NO_ZONE.refuse(&[bare(id)]))
}

fn zone_mut<'a>(account: &'a mut Account, id: &str) -> Result<&'a mut Zone, Refusal> {
    let found = account.global.route53.zones.get_mut(bare(id));
    found.ok_or_else(|| rules::NO_ZONE.refuse(&[bare(id)]))
}

/// Makes an id in Route 53's form: a letter and capitals and digits.
fn new_id(account: &mut Account, letter: &str) -> String {
    let digits = account.new_unique_id("");
    format!("{letter}0{digits}")
}

/// Remembers a change and shows it.
fn submit(account: &mut Account, call: &Call, comment: Option<&str>) -> Value {
    let id = new_id(account, "C");
    let change = Change {
        submitted: call.now,
        in_sync: call.after(PROPAGATION),
        comment: comment.map(str::to_owned),
    };
    let shown = shown_change(&id, &change, call.now);
    account.global.route53.changes.insert(id, change);
    shown
}

fn shown_change(id: &str, change: &Change, now: Time) -> Value {
    let status = if change.in_sync <= now { "INSYNC" } else { "PENDING" };
    json!({"Id": format!("/change/{id}"), "Status": status,
        "SubmittedAt": change.submitted.to_string(), "Comment": change.comment})
}

fn get_change(account: &Account, call: &Call, input: &Input) -> super::Answer {
    let id = bare(input.text("Id").unwrap_or_default());
    let change = account.global.route53.changes.get(id);
    let change = change.ok_or_else(|| rules::NO_CHANGE.refuse(&[id]))?;
    Ok(json!({"ChangeInfo": shown_change(id, change, call.now)}))
}

/// Reads how many items are wanted at most; not more than AWS gives.
fn max_items(input: &Input, most: usize) -> Result<usize, Refusal> {
    let Some(text) = input.text("MaxItems") else { return Ok(most) };
    let number = text.parse::<usize>().ok().filter(|number| *number > 0);
    number.map(|number| number.min(most)).ok_or_else(|| rules::MAX_ITEMS.refuse(&[text]))
}

/// Shows zones to the Tagging API, in the region its partition's Route 53 is run from.
fn tagged(account: &Account, region: &str, _: Time) -> Vec<Tagged> {
    if !matches!(region, "us-east-1" | "cn-north-1" | "us-gov-west-1") {
        return Vec::new();
    }
    let partition = super::partition(region);
    let zones = account.global.route53.zones.iter();
    zones
        .map(|(id, zone)| Tagged {
            arn: format!("arn:{partition}:route53:::hostedzone/{id}"),
            resource_type: "route53:hostedzone",
            tags: zone.tags.clone(),
        })
        .collect()
}
