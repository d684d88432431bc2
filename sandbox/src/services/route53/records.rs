//! Records: changed in batches that take effect whole or not at all.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::{Answer, Call, Input, Members, modelled};
use super::{PROPAGATION, Zone, bare, linked, max_items, name, rules, submit, zone, zone_mut};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;

/// As many records as a list gives in one page (aws-semantics.md 0.1).
const PAGE: usize = 300;

/// A resource record set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) set: Option<String>,
    pub(super) weight: Option<i64>,
    pub(super) multi_value: Option<bool>,
    /// Seconds.
    pub(super) ttl: Option<i64>,
    pub(super) values: Vec<String>,
    pub(super) alias: Option<Alias>,
    /// From when the name servers give it out like this.
    pub(super) since: Time,
}

/// What an alias points to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Alias {
    zone: String,
    name: String,
    evaluate: bool,
}

/// Returns what a record is kept and listed under.
pub(super) fn key(name: &str, kind: &str, set: Option<&str>) -> String {
    format!("{} {kind} {}", name::order(name), set.unwrap_or_default())
}

impl Record {
    fn key(&self) -> String {
        key(&self.name, &self.kind, self.set.as_deref())
    }

    /// Tells whether the zone cannot be without it.
    pub(super) fn is_required(&self, zone: &str) -> bool {
        self.name == zone && (self.kind == "NS" || self.kind == "SOA")
    }

    fn shown(&self) -> Value {
        let values: Vec<_> = self.values.iter().map(|value| json!({"Value": value})).collect();
        json!({
            "Name": self.name, "Type": self.kind, "SetIdentifier": self.set, "Weight": self.weight,
            "MultiValueAnswer": self.multi_value, "TTL": self.ttl,
            "ResourceRecords": (!values.is_empty()).then_some(values),
            "AliasTarget": self.alias.as_ref().map(|alias| json!({"HostedZoneId": alias.zone,
                "DNSName": alias.name, "EvaluateTargetHealth": alias.evaluate})),
        })
    }

    /// Tells whether two are the same but for the order of their values.
    fn same(&self, other: &Self) -> bool {
        let values = |record: &Self| record.values.iter().cloned().collect::<BTreeSet<_>>();
        values(self) == values(other)
            && Self { values: Vec::new(), ..self.clone() }
                == Self { values: Vec::new(), since: self.since, ..other.clone() }
    }

    fn of(input: &Map<String, Value>, zone: &Zone) -> Result<Self, Refusal> {
        const MODELLED: [&str; 8] = [
            "Name",
            "Type",
            "SetIdentifier",
            "Weight",
            "MultiValueAnswer",
            "TTL",
            "ResourceRecords",
            "AliasTarget",
        ];
        modelled(input, "ResourceRecordSet", &MODELLED)?;
        let wanted = input.text("Name").unwrap_or_default();
        let name = name::canonical(wanted).ok_or_else(|| rules::RECORD_NAME.refuse(&[wanted]))?;
        let kind = input.text("Type").unwrap_or_default();
        if !name::within(&name, &zone.name) {
            return Err(rules::OUTSIDE.refuse(&[&name, &zone.name]));
        }
        let values = input.list("ResourceRecords").iter().filter_map(Value::as_object);
        let record = Self {
            kind: kind.to_owned(),
            set: input.text("SetIdentifier").map(str::to_owned),
            weight: input.integer("Weight"),
            multi_value: input.flag("MultiValueAnswer"),
            ttl: input.integer("TTL"),
            values: values.filter_map(|value| value.text("Value")).map(str::to_owned).collect(),
            alias: input.object("AliasTarget").map(Alias::of),
            since: Time::default(),
            name,
        };
        record.check()?;
        Ok(record)
    }

    fn check(&self) -> Result<(), Refusal> {
        let (name, kind) = (self.name.as_str(), self.kind.as_str());
        match (&self.alias, self.values.is_empty()) {
            (Some(_), false) => {
                return Err(rules::ALIAS_OR_VALUES.refuse(&["more than one", name, kind]));
            }
            (Some(_), true) if self.ttl.is_some() => {
                return Err(rules::ALIAS_OR_VALUES.refuse(&["more than one", name, kind]));
            }
            (None, true) => return Err(rules::ALIAS_OR_VALUES.refuse(&["none", name, kind])),
            (None, false) if self.ttl.is_none() => {
                return Err(rules::NO_TTL.refuse(&[name, kind]));
            }
            _ => {}
        }
        let routed = self.weight.is_some() || self.multi_value == Some(true);
        match &self.set {
            Some(set) if !routed => {
                return Err(rules::SET_WITHOUT_POLICY.refuse(&[name, kind, set]));
            }
            None if routed => return Err(rules::POLICY_WITHOUT_SET.refuse(&[name, kind])),
            _ => {}
        }
        if kind == "CNAME" && self.values.len() > 1 {
            return Err(rules::ONE_CNAME_VALUE.refuse(&[name]));
        }
        let mut seen = BTreeSet::new();
        for value in &self.values {
            if let Some(problem) = problem(kind, value) {
                return Err(rules::BAD_VALUE.refuse(&[problem, value]));
            }
            if !seen.insert(value) {
                return Err(rules::DUPLICATE_VALUE.refuse(&[value]));
            }
        }
        Ok(())
    }
}

impl Alias {
    fn of(input: &Map<String, Value>) -> Self {
        let name = input.text("DNSName").unwrap_or_default();
        Self {
            zone: input.text("HostedZoneId").unwrap_or_default().to_owned(),
            name: name::canonical(name).unwrap_or_else(|| name.to_owned()),
            evaluate: input.flag("EvaluateTargetHealth").unwrap_or_default(),
        }
    }
}

/// Tells in AWS's words why a value is none of its type.
fn problem(kind: &str, value: &str) -> Option<&'static str> {
    let host = |name: &str| name::canonical(name).is_some();
    let bad = match kind {
        "A" if value.parse::<Ipv4Addr>().is_err() => {
            "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"
        }
        "AAAA" if value.parse::<Ipv6Addr>().is_err() => {
            "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)"
        }
        "CNAME" | "NS" | "PTR" if !host(value) => "DomainLabelEmpty (Domain label is empty)",
        "TXT" | "SPF" => return character_strings(value),
        "MX" if !value.split_once(' ').is_some_and(|(preference, name)| {
            preference.parse::<u16>().is_ok() && host(name.trim())
        }) =>
        {
            "MXRRDATANotTwoFields (MX record doesn't have 2 fields)"
        }
        _ => return None,
    };
    Some(bad)
}

/// A TXT value is one or more strings in quotation marks, each of at most 255 characters.
fn character_strings(value: &str) -> Option<&'static str> {
    let mut rest = value.trim();
    if rest.is_empty() {
        return Some("InvalidCharacterString (Value should be enclosed in quotation marks)");
    }
    while !rest.is_empty() {
        let Some(inside) = rest.strip_prefix('"') else {
            return Some("InvalidCharacterString (Value should be enclosed in quotation marks)");
        };
        let mut escaped = false;
        let end = inside.find(|letter: char| {
            let ends = letter == '"' && !escaped;
            escaped = letter == '\\' && !escaped;
            ends
        });
        match end {
            None => {
                return Some(
                    "InvalidCharacterString (Value should be enclosed in quotation marks)",
                );
            }
            Some(end) if end > 255 => {
                return Some("CharacterStringTooLong (Value is too long)");
            }
            Some(end) => rest = inside[end + 1..].trim_start(),
        }
    }
    None
}

/// ChangeResourceRecordSets: a batch takes effect whole or not at all.
pub(super) fn change(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let id = input.text("HostedZoneId").unwrap_or_default().to_owned();
    linked::check(account, &id)?;
    let batch = input.object("ChangeBatch").cloned().unwrap_or_default();
    let mut zone = zone(account, &id)?.clone();
    let mut seen = BTreeSet::new();
    let mut aliases = Vec::new();
    for change in batch.list("Changes").iter().filter_map(Value::as_object) {
        let Some(set) = change.object("ResourceRecordSet") else { continue };
        let mut record = Record::of(set, &zone)?;
        let (name, kind) = (record.name.clone(), record.kind.clone());
        let action = change.text("Action").unwrap_or_default();
        // One set may be deleted and made anew in a batch, not changed twice.
        if !seen.insert((record.key(), action == "DELETE")) {
            return Err(rules::RECORD_TWICE.refuse(&[&kind, &name]));
        }
        let known = zone.records.get(&record.key());
        match (action, known) {
            ("CREATE", Some(_)) => return Err(rules::RECORD_EXISTS.refuse(&[&name, &kind])),
            ("DELETE", None) => return Err(rules::RECORD_MISSING.refuse(&[&name, &kind])),
            ("DELETE", Some(known)) if !known.same(&record) => {
                return Err(rules::RECORD_DIFFERS.refuse(&[&name, &kind]));
            }
            ("DELETE", Some(_)) => {
                zone.records.remove(&record.key());
            }
            _ => {
                aliases.extend(record.alias.clone().map(|alias| (alias, kind)));
                let same = known.filter(|known| known.same(&record)).map(|known| known.since);
                record.since = same.unwrap_or_else(|| call.after(PROPAGATION));
                zone.records.insert(record.key(), record);
            }
        }
    }
    check_whole(&zone)?;
    for (alias, kind) in aliases {
        check_alias(&zone, bare(&id), &alias, &kind)?;
    }
    *zone_mut(account, &id)? = zone;
    Ok(json!({"ChangeInfo": submit(account, call, batch.text("Comment"))}))
}

/// Checks what must hold between the records of a zone.
fn check_whole(zone: &Zone) -> Result<(), Refusal> {
    let required = |kind: &str| zone.records.contains_key(&key(&zone.name, kind, None));
    if !required("SOA") {
        return Err(rules::NEEDS_SOA.refuse(&[]));
    }
    if !required("NS") {
        return Err(rules::NEEDS_NS.refuse(&[]));
    }
    for record in zone.records.values() {
        let others = || {
            let others = zone.records.values().filter(|other| other.name == record.name);
            others.filter(|other| other.key() != record.key())
        };
        if record.kind == "CNAME" {
            if record.name == zone.name {
                return Err(rules::CNAME_AT_APEX.refuse(&[&record.name, &zone.name]));
            }
            if others().any(|other| other.kind != "CNAME") {
                return Err(rules::CNAME_CONFLICT.refuse(&[&record.name, &zone.name]));
            }
        }
        if record.set.is_none() && others().any(|other| other.kind == record.kind) {
            return Err(rules::SIMPLE_AND_OTHER.refuse(&[&record.name, &record.kind]));
        }
    }
    Ok(())
}

/// An alias points to a record of its own zone, or to what AWS has names for.
fn check_alias(zone: &Zone, id: &str, alias: &Alias, kind: &str) -> Result<(), Refusal> {
    const AWS: [&str; 4] = [
        ".elb.amazonaws.com.",
        ".elb.amazonaws.com.cn.",
        ".cloudfront.net.",
        ".vpce.amazonaws.com.",
    ];
    let there = if alias.zone == id {
        zone.records.values().any(|record| record.name == alias.name && record.kind == kind)
    } else {
        AWS.iter().any(|end| alias.name.ends_with(end))
    };
    let refuse = || Err(rules::ALIAS_TARGET.refuse(&[&alias.name, kind, &alias.zone]));
    if there { Ok(()) } else { refuse() }
}

/// ListResourceRecordSets, in the order of the names' labels from the right.
pub(super) fn list(account: &Account, _: &Call, input: &Input) -> Answer {
    let size = max_items(input, PAGE)?;
    let zone = zone(account, input.text("HostedZoneId").unwrap_or_default())?;
    let (start, kind, set) = (
        input.text("StartRecordName"),
        input.text("StartRecordType"),
        input.text("StartRecordIdentifier"),
    );
    if kind.is_some() && start.is_none() {
        return Err(rules::START.refuse(&["StartRecordType", "StartRecordName"]));
    }
    if set.is_some() && kind.is_none() {
        return Err(rules::START.refuse(&["StartRecordIdentifier", "StartRecordType"]));
    }
    let from = match start {
        None => String::new(),
        Some(start) => {
            let name = name::canonical(start).ok_or_else(|| rules::RECORD_NAME.refuse(&[start]))?;
            key(&name, kind.unwrap_or_default(), set)
        }
    };
    let mut rest = zone.records.range(from..).map(|(_, record)| record);
    let page: Vec<_> = rest.by_ref().take(size).map(Record::shown).collect();
    let next = rest.next();
    Ok(json!({
        "ResourceRecordSets": page, "IsTruncated": next.is_some(), "MaxItems": size.to_string(),
        "NextRecordName": next.map(|record| &record.name),
        "NextRecordType": next.map(|record| &record.kind),
        "NextRecordIdentifier": next.and_then(|record| record.set.as_ref()),
    }))
}
