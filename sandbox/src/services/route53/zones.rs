//! Hosted zones, public and private.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::super::{Answer, Call, Input, Members};
use super::records::{self, Record};
use super::{Vpc, Zone, bare, linked, max_items, name, new_id, rules, submit, zone, zone_mut};
use crate::rules::Refusal;
use crate::state::Account;

/// As many zones as a list gives in one page.
const PAGE: usize = 100;

/// CreateHostedZone, with the NS and SOA records that every zone has.
pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let wanted = input.text("Name").unwrap_or_default();
    let name = name::canonical(wanted).ok_or_else(|| rules::DOMAIN_NAME.refuse(&[wanted]))?;
    let config = input.object("HostedZoneConfig");
    let comment = config.and_then(|config| config.text("Comment")).map(str::to_owned);
    let vpc = vpc(input, call);
    let private = config.and_then(|config| config.flag("PrivateZone"));
    if private == Some(true) && vpc.is_none() {
        return Err(rules::PRIVATE_WITHOUT_VPC.refuse(&[]));
    }
    let reference = input.text("CallerReference").unwrap_or_default();
    if account.global.route53.references.contains(reference) {
        return Err(rules::REFERENCE_USED.refuse(&[]));
    }
    let zone = Zone { comment, ..made(account, &name, vpc.clone(), reference)? };
    let id = new_id(account, "Z");
    let route53 = &mut account.global.route53;
    route53.references.insert(reference.to_owned());
    route53.zones.insert(id.clone(), zone.clone());
    let change = submit(account, call, None);
    Ok(json!({
        "HostedZone": shown(&id, &zone),
        "ChangeInfo": change,
        "DelegationSet": {"NameServers": zone.name_servers},
        "VPC": vpc.as_ref().map(shown_vpc),
        "Location": format!("https://route53.amazonaws.com/2013-04-01/hostedzone/{id}"),
    }))
}

/// Makes a zone with the records that every zone has, private where it answers a VPC.
pub(super) fn made(
    account: &mut Account,
    name: &str,
    vpc: Option<Vpc>,
    reference: &str,
) -> Result<Zone, Refusal> {
    let name = name::canonical(name).ok_or_else(|| rules::DOMAIN_NAME.refuse(&[name]))?;
    if let Some(vpc) = &vpc {
        check_vpc(account, vpc, &name)?;
    }
    let name_servers = name_servers(&account.new_digits());
    Ok(Zone {
        records: required_records(&name, &name_servers),
        name,
        reference: reference.to_owned(),
        private: vpc.is_some(),
        vpcs: vpc.into_iter().collect(),
        name_servers,
        ..Zone::default()
    })
}

/// Four name servers, one of each of AWS's domains.
fn name_servers(digits: &str) -> Vec<String> {
    let number = |at: usize| u32::from_str_radix(&digits[at..at + 3], 16).unwrap_or(0) % 512;
    let server = |(at, end): (usize, &str)| {
        let base = u32::try_from(at).unwrap_or(0) * 512;
        let second = number(at * 3 + 12) % 64;
        format!("ns-{}.awsdns-{second:02}.{end}", base + number(at * 3))
    };
    ["com", "net", "org", "co.uk"].into_iter().enumerate().map(server).collect()
}

/// The NS and SOA records at the apex, as AWS makes them.
fn required_records(name: &str, servers: &[String]) -> BTreeMap<String, Record> {
    let first = servers.first().map_or("", String::as_str);
    let soa = format!("{first}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400");
    let servers = servers.iter().map(|server| format!("{server}.")).collect();
    let record = |kind: &str, ttl, values| {
        let record = Record {
            name: name.to_owned(),
            kind: kind.to_owned(),
            ttl: Some(ttl),
            values,
            ..Record::default()
        };
        (records::key(name, kind, None), record)
    };
    [record("NS", 172_800, servers), record("SOA", 900, vec![soa])].into()
}

fn vpc(input: &Input, call: &Call) -> Option<Vpc> {
    let vpc = input.object("VPC")?;
    let region = vpc.text("VPCRegion").unwrap_or(&call.region).to_owned();
    Some(Vpc { region, id: vpc.text("VPCId")?.to_owned() })
}

/// Refuses a VPC that is not there, or that has a zone of this name already.
fn check_vpc(account: &Account, vpc: &Vpc, name: &str) -> Result<(), Refusal> {
    let there = account.region(&vpc.region).is_some_and(|r| r.ec2.vpcs.contains_key(&vpc.id));
    if !there {
        return Err(rules::VPC_UNKNOWN.refuse(&[&vpc.id, &vpc.region]));
    }
    let zones = &account.global.route53.zones;
    let other = zones.iter().find(|(_, zone)| zone.name == name && zone.vpcs.contains(vpc));
    match other {
        Some((id, _)) => Err(rules::DOMAIN_CONFLICT.refuse(&[&vpc.id, &vpc.region, id])),
        None => Ok(()),
    }
}

fn shown_vpc(vpc: &Vpc) -> Value {
    json!({"VPCRegion": vpc.region, "VPCId": vpc.id})
}

fn shown(id: &str, zone: &Zone) -> Value {
    let linked = zone.linked.as_ref().map(|namespace| {
        json!({"ServicePrincipal": "servicediscovery.amazonaws.com", "Description": namespace})
    });
    json!({
        "LinkedService": linked,
        "Id": format!("/hostedzone/{id}"),
        "Name": zone.name,
        "CallerReference": zone.reference,
        "Config": {"Comment": zone.comment, "PrivateZone": zone.private},
        "ResourceRecordSetCount": zone.records.len(),
    })
}

/// GetHostedZone.
pub(super) fn get(account: &Account, _: &Call, input: &Input) -> Answer {
    let id = input.text("Id").unwrap_or_default();
    let zone = zone(account, id)?;
    let vpcs: Vec<_> = zone.vpcs.iter().map(shown_vpc).collect();
    let servers = json!({"NameServers": zone.name_servers});
    let mut answer = json!({"HostedZone": shown(bare(id), zone)});
    // A public zone tells its name servers, a private one its VPCs.
    let (key, value) =
        if zone.private { ("VPCs", json!(vpcs)) } else { ("DelegationSet", servers) };
    answer[key] = value;
    Ok(answer)
}

/// ListHostedZones.
pub(super) fn list(account: &Account, _: &Call, input: &Input) -> Answer {
    let size = max_items(input, PAGE)?;
    let zones = &account.global.route53.zones;
    let marker = input.text("Marker").unwrap_or_default();
    if !marker.is_empty() && !marker.starts_with('Z') {
        return Err(rules::MARKER.refuse(&[marker]));
    }
    let private = input.text("HostedZoneType") == Some("PrivateHostedZone");
    let mut rest = zones.range(marker.to_owned()..).filter(|(_, zone)| !private || zone.private);
    let page: Vec<_> = rest.by_ref().take(size).map(|(id, zone)| shown(id, zone)).collect();
    let next = rest.next().map(|(id, _)| id);
    Ok(json!({"HostedZones": page, "Marker": marker, "IsTruncated": next.is_some(),
        "NextMarker": next, "MaxItems": size.to_string()}))
}

/// ListHostedZonesByName: in the order of the names' labels from the right.
pub(super) fn list_by_name(account: &Account, _: &Call, input: &Input) -> Answer {
    let size = max_items(input, PAGE)?;
    let start = match input.text("DNSName") {
        None => None,
        Some(wanted) => {
            Some(name::canonical(wanted).ok_or_else(|| rules::MARKER.refuse(&[wanted]))?)
        }
    };
    let id = input.text("HostedZoneId").map(bare).unwrap_or_default();
    let mut zones: Vec<_> = account.global.route53.zones.iter().collect();
    zones.sort_by_key(|(id, zone)| (name::order(&zone.name), (*id).clone()));
    let before = |(known, zone): &(&String, &Zone)| {
        let start = start.as_ref().map(|name| (name::order(name), id.to_owned()));
        start.is_some_and(|start| (name::order(&zone.name), (*known).clone()) < start)
    };
    let mut rest = zones.into_iter().filter(|entry| !before(entry));
    let page: Vec<_> = rest.by_ref().take(size).map(|(id, zone)| shown(id, zone)).collect();
    let next = rest.next();
    Ok(json!({"HostedZones": page, "DNSName": input.text("DNSName"),
        "HostedZoneId": input.text("HostedZoneId"), "IsTruncated": next.is_some(),
        "NextDNSName": next.map(|(_, zone)| &zone.name), "NextHostedZoneId": next.map(|(id, _)| id),
        "MaxItems": size.to_string()}))
}

/// ListHostedZonesByVPC, in one page.
pub(super) fn list_by_vpc(account: &Account, _: &Call, input: &Input) -> Answer {
    let text = |key: &str| input.text(key).unwrap_or_default().to_owned();
    let vpc = Vpc { region: text("VPCRegion"), id: text("VPCId") };
    let size = max_items(input, PAGE)?;
    let zones = account.global.route53.zones.iter().filter(|(_, zone)| zone.vpcs.contains(&vpc));
    let zones: Vec<_> = zones
        .map(|(id, zone)| {
            json!({"HostedZoneId": id, "Name": zone.name, "Owner": {"OwningAccount": account.id}})
        })
        .collect();
    Ok(json!({"HostedZoneSummaries": zones, "MaxItems": size.to_string()}))
}

/// GetHostedZoneCount.
pub(super) fn count(account: &Account, _: &Call, _: &Input) -> Answer {
    Ok(json!({"HostedZoneCount": account.global.route53.zones.len()}))
}

/// UpdateHostedZoneComment; without one it is taken away.
pub(super) fn update_comment(account: &mut Account, _: &Call, input: &Input) -> Answer {
    let id = input.text("Id").unwrap_or_default();
    let zone = zone_mut(account, id)?;
    zone.comment = input.text("Comment").map(str::to_owned);
    Ok(json!({"HostedZone": shown(bare(id), zone)}))
}

/// DeleteHostedZone: only the required records may be left.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let id = input.text("Id").unwrap_or_default();
    linked::check(account, id)?;
    let zone = zone(account, id)?;
    if zone.records.values().any(|record| !record.is_required(&zone.name)) {
        return Err(rules::NOT_EMPTY.refuse(&[]));
    }
    account.global.route53.zones.remove(bare(id));
    Ok(json!({"ChangeInfo": submit(account, call, None)}))
}

/// AssociateVPCWithHostedZone.
pub(super) fn associate(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let id = input.text("HostedZoneId").unwrap_or_default();
    let zone = zone(account, id)?;
    if !zone.private {
        return Err(rules::PUBLIC_ZONE.refuse(&[bare(id)]));
    }
    let vpc = vpc(input, call).ok_or_else(|| rules::VPC_UNKNOWN.refuse(&["", &call.region]))?;
    check_vpc(account, &vpc, &zone.name)?;
    zone_mut(account, id)?.vpcs.insert(vpc);
    Ok(json!({"ChangeInfo": submit(account, call, input.text("Comment"))}))
}

/// DisassociateVPCFromHostedZone: the last VPC stays.
pub(super) fn disassociate(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let id = input.text("HostedZoneId").unwrap_or_default();
    let zone = zone_mut(account, id)?;
    if !zone.private {
        return Err(rules::PUBLIC_ZONE.refuse(&[bare(id)]));
    }
    let vpc = vpc(input, call).unwrap_or_default();
    if !zone.vpcs.contains(&vpc) {
        return Err(rules::NOT_ASSOCIATED.refuse(&[&vpc.id, bare(id)]));
    }
    if zone.vpcs == BTreeSet::from([vpc.clone()]) {
        return Err(rules::LAST_VPC.refuse(&[&vpc.id, bare(id)]));
    }
    zone.vpcs.remove(&vpc);
    Ok(json!({"ChangeInfo": submit(account, call, input.text("Comment"))}))
}
