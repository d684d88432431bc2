//! `route53_record`: what a name in a zone stands for.

use super::name::DnsName;
use super::zone::Route53Zone;
use super::zone_read;
use super::{mark, sets};
use crate::aws::{Cx, Error, Result, Sdk, Tags};
use crate::engine::resource::{
    Changed, Creation, FieldProblem, Id, IdentityBy, Live, Resource, Retryable, Rules, Status,
    Step, Want,
};
use crate::resources::PARALLEL;
use crate::stack::schema::immutable;
use crate::stack::value::contains_placeholder;
use aws_sdk_route53::types::{
    AliasTarget as SdkAlias, ChangeAction, ResourceRecord, ResourceRecordSet, RrType,
};
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

crate::sdk_enum!(RrType => "RRType");

/// A record set: what a name in a hosted zone stands for, by values or as an alias of something of
/// AWS's.
///
/// A TXT record beside it, `_infra-<type>.<name>`, says whose it is. A zone of others is looked at
/// only while a stack names it: have the last record in it deleted before its stanza goes, with
/// `infra destroy --target`.
///
/// ```toml
/// [route53_record.api]
/// hosted_zone_id = "${data.route53_zone.main.id}"
/// name           = "api.shop.example.com"
/// type           = "CNAME"
/// ttl            = 300
/// resource_records = ["backend.example.org"]
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route53Record {
    /// The zone it lies in.
    #[schemars(transform = immutable)]
    pub hosted_zone_id: Id<Route53Zone>,
    /// Whole domain name, the zone's own or one below it.
    #[schemars(transform = immutable)]
    pub name: DnsName,
    /// `A`, `AAAA`, `CNAME`, `TXT`, …
    #[serde(rename = "type")]
    #[schemars(transform = immutable)]
    pub kind: Sdk<RrType>,
    /// Tells apart record sets of one name and type; with `weight` or `multi_value_answer`.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_identifier: Option<String>,
    /// How long others may remember it, in seconds; not for an alias.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<i64>,
    /// All values, as AWS writes them: those of a TXT record stand in quotation marks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_records: Option<BTreeSet<String>>,
    /// What it is an alias of, instead of values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias_target: Option<AliasTarget>,
    /// Its share among the sets of its name and type, 0 to 255.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<i64>,
    /// Whether it is one of several answers, picked at random.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multi_value_answer: Option<bool>,
}

/// What an alias stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AliasTarget {
    /// Name of the load balancer or distribution, or of another record of the zone.
    pub dns_name: DnsName,
    /// The zone that name lies in: a load balancer tells its own.
    pub hosted_zone_id: String,
    /// Whether the name has no answer while the target is unhealthy.
    pub evaluate_target_health: bool,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Route53RecordOut {
    /// Zone, name and type, e.g. `Z0123/api.example.com/A`; the set identifier after them.
    pub id: String,
}

impl Resource for Route53Record {
    const TYPE: &'static str = "route53_record";
    const AWS_NAME: &'static str = "AWS::Route53::RecordSet";
    const RULES: Rules = Rules {
        identity: IdentityBy::Name,
        found_by_stack: true,
        retry: &[busy(Step::Create), busy(Step::Update), busy(Step::Delete)],
        // aws-semantics.md 0.3.
        settle: Duration::from_secs(30 * 60),
        ..Rules::DEFAULT
    };
    type Out = Route53RecordOut;

    fn unique_name(&self) -> Option<String> {
        let zone = self.hosted_zone_id.as_str();
        let known = ![zone, self.name.as_str()].into_iter().any(contains_placeholder);
        known.then(|| {
            let set = self.set_identifier.as_deref();
            Key { zone, name: &self.name, kind: &self.kind.0, set }.id()
        })
    }

    fn global_name(&self) -> Option<String> {
        self.unique_name()
    }

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |path: &str, message: &str| {
            problems.push(FieldProblem { path: path.to_owned(), message: message.to_owned() });
        };
        match (&self.alias_target, &self.resource_records) {
            (Some(_), Some(_)) | (None, None) => {
                problem("resource_records", "give `resource_records` or an `alias_target`");
            }
            (Some(_), None) if self.ttl.is_some() => problem("ttl", "an alias has none"),
            (None, Some(values)) if values.is_empty() => {
                problem("resource_records", "at least one value");
            }
            (None, Some(_)) if self.ttl.is_none() => {
                problem("ttl", "a record with values needs one");
            }
            _ => {}
        }
        let routed = self.weight.is_some() || self.multi_value_answer == Some(true);
        if routed != self.set_identifier.is_some() {
            let message = "goes with `weight` or `multi_value_answer`, and these with it";
            problem("set_identifier", message);
        }
        let values = || self.resource_records.iter().flatten();
        let quoted = |value: &String| value.starts_with('"') || contains_placeholder(value);
        if self.kind.0 == RrType::Txt && !values().all(quoted) {
            problem(
                "resource_records",
                "a TXT value stands in quotation marks: `\"\\\"v=spf1\\\"\"`",
            );
        }
        problems
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        match want {
            Want::Ids(ids) => by_ids(cx, ids).await,
            Want::Owned { workspaces, names } => owned(cx, workspaces, names).await,
        }
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let key = self.key();
        let changes = vec![
            sets::change(ChangeAction::Create, self.sdk()?)?,
            sets::change(ChangeAction::Upsert, mark_set(&key, with.tags)?)?,
        ];
        match sets::send(cx, key.zone, changes).await {
            Ok(change) => {
                cx.note_dns_change(&key.id(), change.as_ref());
                Ok(key.id())
            }
            // One of another's, or an earlier try whose answer was lost: its tags will tell.
            Err(error) if error.is("InvalidChangeBatch") && error.message.contains(EXISTS) => {
                Err(Error::of_item(&error.operation, "RecordAlreadyExists", &error.message))
            }
            Err(error) => Err(error),
        }
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, _: &Changed) -> Result<()> {
        // AWS takes a set as a whole; what the stack leaves open stays as it is.
        let mut whole = self.clone();
        whole.weight = self.weight.or(live.spec.weight);
        whole.multi_value_answer = self.multi_value_answer.or(live.spec.multi_value_answer);
        let key = self.key();
        let changes = vec![sets::change(ChangeAction::Upsert, whole.sdk()?)?];
        let change = sets::send(cx, key.zone, changes).await?;
        cx.note_dns_change(&key.id(), change.as_ref());
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        let mut tags = live.tags.clone();
        tags.extend(set.clone());
        tags.retain(|key, _| !remove.contains(key));
        let key = live.spec.key();
        let changes = vec![sets::change(ChangeAction::Upsert, mark_set(&key, &tags)?)?];
        sets::send(cx, key.zone, changes).await.map(drop)
    }

    /// Deletes the record with what stands beside it, both as they are now: AWS wants their values.
    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        let key = live.spec.key();
        let name = mark::name_of(key.name, key.kind.as_str(), key.set);
        let (record, beside) = futures::try_join!(
            sets::one(cx, key.zone, key.name, key.kind, key.set),
            sets::one(cx, key.zone, &name, &RrType::Txt, None),
        )?;
        let going = record.into_iter().chain(beside);
        let changes = going.map(|set| sets::change(ChangeAction::Delete, set));
        sets::send(cx, key.zone, changes.collect::<Result<_>>()?).await.map(drop)
    }
}

/// What AWS says of a record that is there already.
const EXISTS: &str = "already exists";

const fn busy(step: Step) -> Retryable {
    Retryable::new(step, "PriorRequestNotComplete", "", "an earlier change of the zone to end")
}

/// What tells a record set from all others.
struct Key<'a> {
    zone: &'a str,
    name: &'a DnsName,
    kind: &'a RrType,
    set: Option<&'a str>,
}

impl Key<'_> {
    fn id(&self) -> String {
        let set = self.set.map(|set| format!("/{set}")).unwrap_or_default();
        format!("{}/{}/{}{set}", self.zone, self.name, self.kind.as_str())
    }
}

/// Takes an id apart: zone, name, type, set identifier.
fn parts(id: &str) -> Option<(&str, DnsName, RrType, Option<&str>)> {
    let mut parts = id.splitn(4, '/');
    let zone = parts.next()?;
    Some((zone, DnsName::new(parts.next()?), RrType::from(parts.next()?), parts.next()))
}

/// The TXT record that says whose a record is.
fn mark_set(key: &Key<'_>, tags: &Tags) -> Result<ResourceRecordSet> {
    let name = mark::name_of(key.name, key.kind.as_str(), key.set);
    sets::plain(&name, RrType::Txt, 300, [mark::value_of(tags)?])
}

impl Route53Record {
    fn key(&self) -> Key<'_> {
        Key {
            zone: self.hosted_zone_id.as_str(),
            name: &self.name,
            kind: &self.kind.0,
            set: self.set_identifier.as_deref(),
        }
    }

    fn sdk(&self) -> Result<ResourceRecordSet> {
        let value = |value: &String| {
            ResourceRecord::builder().value(value).build().map_err(sets::incomplete)
        };
        let values = self.resource_records.as_ref();
        let values = values.map(|values| values.iter().map(value).collect::<Result<Vec<_>>>());
        let alias = self.alias_target.as_ref().map(|alias| {
            SdkAlias::builder()
                .dns_name(alias.dns_name.as_str())
                .hosted_zone_id(&alias.hosted_zone_id)
                .evaluate_target_health(alias.evaluate_target_health)
                .build()
                .map_err(sets::incomplete)
        });
        ResourceRecordSet::builder()
            .name(self.name.as_str())
            .r#type(self.kind.0.clone())
            .set_set_identifier(self.set_identifier.clone())
            .set_weight(self.weight)
            .set_multi_value_answer(self.multi_value_answer)
            .set_ttl(self.ttl.filter(|_| self.alias_target.is_none()))
            .set_resource_records(values.transpose()?)
            .set_alias_target(alias.transpose()?)
            .build()
            .map_err(sets::incomplete)
    }
}

/// Reads records by their ids, two calls each: themselves and what says whose they are.
async fn by_ids(cx: &Cx, ids: &[String]) -> Result<Vec<Live<Route53Record>>> {
    let read = |id: String| async move {
        let Some((zone, name, kind, set)) = parts(&id) else { return Ok(None) };
        let beside = mark::name_of(&name, kind.as_str(), set);
        let (record, beside, pending) = futures::try_join!(
            sets::one(cx, zone, &name, &kind, set),
            sets::one(cx, zone, &beside, &RrType::Txt, None),
            cx.dns_change_is_pending(&id),
        )?;
        Ok(record.map(|record| {
            let tags = beside.as_ref().map(tags_in).unwrap_or_default();
            let status = if pending {
                Status::Pending("PENDING on its way to the name servers".to_owned())
            } else {
                Status::Ready
            };
            live(zone, &record, tags, status)
        }))
    };
    stream::iter(ids.to_vec())
        .map(read)
        .buffered(PARALLEL)
        .try_filter_map(|live| async { Ok(live) })
        .try_collect()
        .await
}

fn tags_in(beside: &ResourceRecordSet) -> Tags {
    sets::values(beside).next().map(mark::tags_of).unwrap_or_default()
}

/// Reads the zones of ours and those that the stack names, whole.
async fn owned(
    cx: &Cx,
    workspaces: &[String],
    names: &[String],
) -> Result<Vec<Live<Route53Record>>> {
    let mut zones: BTreeSet<String> =
        zone_read::indexed(cx, workspaces).await?.into_keys().collect();
    zones.extend(names.iter().filter_map(|id| parts(id)).map(|(zone, ..)| zone.to_owned()));
    let all: Vec<(String, Vec<ResourceRecordSet>)> = stream::iter(zones)
        .map(|zone| async move {
            let found = sets::all(cx, &zone).await?;
            Ok::<_, Error>((zone, found))
        })
        .buffered(PARALLEL)
        .try_collect()
        .await?;
    let mut found = Vec::new();
    for (zone, all) in &all {
        let marks: BTreeMap<DnsName, Tags> = all
            .iter()
            .map(|set| (DnsName::new(set.name()), set))
            .filter(|(name, set)| mark::is_mark(name) && *set.r#type() == RrType::Txt)
            .map(|(name, set)| (name, tags_in(set)))
            .collect();
        for set in all {
            let name = DnsName::new(set.name());
            let beside = mark::name_of(&name, set.r#type().as_str(), set.set_identifier());
            let tags = marks.get(&beside).cloned().unwrap_or_default();
            let record = live(zone, set, tags, Status::Ready);
            if cx.scope.owns(&record.tags, workspaces) || names.contains(&record.id) {
                found.push(record);
            }
        }
    }
    Ok(found)
}

fn live(zone: &str, set: &ResourceRecordSet, tags: Tags, status: Status) -> Live<Route53Record> {
    let alias = set.alias_target().map(|alias| AliasTarget {
        dns_name: DnsName::new(alias.dns_name()),
        hosted_zone_id: alias.hosted_zone_id().to_owned(),
        evaluate_target_health: alias.evaluate_target_health(),
    });
    let values: BTreeSet<String> = sets::values(set).map(str::to_owned).collect();
    let spec = Route53Record {
        hosted_zone_id: Id::new(zone),
        name: DnsName::new(set.name()),
        kind: Sdk(set.r#type().clone()),
        set_identifier: set.set_identifier().map(str::to_owned),
        ttl: set.ttl(),
        resource_records: Some(values).filter(|values| !values.is_empty()),
        alias_target: alias,
        weight: set.weight(),
        multi_value_answer: set.multi_value_answer(),
    };
    let id = spec.key().id();
    Live { id: id.clone(), tags, status, spec, out: Route53RecordOut { id } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_cannot_be_is_told_at_its_field() {
        let alias = json!({ "dns_name": "lb.eu-west-1.elb.amazonaws.com", "hosted_zone_id": "Z2",
                            "evaluate_target_health": true });
        let cases = [
            (json!({ "ttl": 60, "resource_records": ["192.0.2.1"] }), None),
            (json!({ "alias_target": alias }), None),
            (json!({}), Some("resource_records")),
            (json!({ "resource_records": ["192.0.2.1"] }), Some("ttl")),
            (json!({ "alias_target": alias, "ttl": 60 }), Some("ttl")),
            (
                json!({ "ttl": 60, "resource_records": ["192.0.2.1"], "weight": 1 }),
                Some("set_identifier"),
            ),
            (
                json!({ "ttl": 60, "resource_records": ["v=spf1"], "type": "TXT" }),
                Some("resource_records"),
            ),
        ];
        for (more, path) in cases {
            let mut spec = json!({ "hosted_zone_id": "Z1", "name": "a.example.com", "type": "A" });
            spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let record: Route53Record = serde_json::from_value(spec).unwrap();
            let told = record.validate();
            assert_eq!(told.first().map(|p| p.path.as_str()), path, "{more}");
        }
    }

    #[test]
    fn an_id_is_taken_apart_as_it_was_made() {
        let name = DnsName::new("*.example.com.");
        let key = Key { zone: "Z1", name: &name, kind: &RrType::A, set: Some("a/b") };
        assert_eq!(key.id(), "Z1/*.example.com/A/a/b");
        let (zone, again, kind, set) = parts("Z1/*.example.com/A/a/b").unwrap();
        assert_eq!((zone, again, kind, set), ("Z1", name.clone(), RrType::A, Some("a/b")));
    }
}
