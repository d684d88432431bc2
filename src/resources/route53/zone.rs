//! `route53_zone`: a domain whose records Route 53 answers.

use super::name::DnsName;
use super::zone_read::{bare, list_all, owned, read, tags_of};
use super::{mark, sets};
use crate::aws::ownership::{
    ENVIRONMENT, IDENTITY_KEYS, PROJECT, PROTECT, REGION, RESOURCE, WORKSPACE,
};
use crate::aws::{Cx, Error, Result, Tags};
use crate::engine::resource::{
    Blocker, Changed, Creation, FieldProblem, Holds, Id, Live, ReplaceOrder, Resource, Retryable,
    Rules, Step, Want,
};
use crate::resources::ec2::vpc::Vpc;
use crate::resources::or_gone;
use crate::stack::schema::immutable;
use crate::stack::value::contains_placeholder;
use aws_sdk_route53::types::{
    Change, ChangeAction, HostedZoneConfig as SdkConfig, ResourceRecordSet, RrType, Tag,
    TagResourceType, Vpc as SdkVpc, VpcRegion,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::time::Duration;

/// A hosted zone: public, or private to the VPCs that it names.
///
/// Records that others put into it go with it: a zone that holds such is neither deleted nor
/// replaced without `--allow-data-loss`.
///
/// ```toml
/// [route53_zone.main]
/// name               = "shop.example.com"
/// hosted_zone_config = { comment = "records of the shop" }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route53Zone {
    /// Domain name. AWS allows several zones of one name.
    #[schemars(transform = immutable)]
    pub name: DnsName,
    /// What is said of the zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosted_zone_config: Option<HostedZoneConfig>,
    /// All VPCs that a private zone answers; a zone made without any is public and stays so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpcs: Option<BTreeSet<ZoneVpc>>,
}

/// What is said of a zone.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostedZoneConfig {
    /// What it is for, at most 256 characters; an empty one takes it away.
    pub comment: String,
}

/// A VPC that a private zone answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneVpc {
    /// The VPC.
    pub vpc_id: Id<Vpc>,
    /// Its region.
    pub vpc_region: String,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Route53ZoneOut {
    /// Id, e.g. `Z0123456789ABCDEFGHIJ`.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// The name servers of a public zone, to be named by the domain above.
    pub name_servers: Vec<String>,
}

impl Resource for Route53Zone {
    const TYPE: &'static str = "route53_zone";
    const AWS_NAME: &'static str = "AWS::Route53::HostedZone";
    const RULES: Rules = Rules {
        stateful: true,
        found_by_stack: true,
        lets_go: true,
        replace: ReplaceOrder::CreateFirst,
        retry: &[
            busy(Step::Create),
            busy(Step::Update),
            busy(Step::Delete),
            Retryable::new(Step::Delete, "HostedZoneNotEmpty", "", "its records to go"),
        ],
        // Changes reach the name servers within minutes (aws-semantics.md 0.3).
        settle: Duration::from_secs(30 * 60),
        ..Rules::DEFAULT
    };
    type Out = Route53ZoneOut;

    fn looked_for(&self) -> Option<&str> {
        Some(self.name.as_str())
    }

    /// Of two public zones of one name, only one is asked.
    fn global_name(&self) -> Option<String> {
        let is_public = self.vpcs.as_ref().is_none_or(BTreeSet::is_empty);
        is_public.then(|| self.name.as_str().to_owned())
    }

    fn validate(&self) -> Vec<FieldProblem> {
        let name = self.name.as_str();
        let wrong = !contains_placeholder(name) && (name.is_empty() || name.contains(".."));
        let message = "a domain name, such as `shop.example.com`".to_owned();
        wrong.then(|| FieldProblem { path: "name".into(), message }).into_iter().collect()
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        match want {
            Want::Ids(ids) => {
                let tags = tags_of(cx, ids).await?;
                read(cx, ids.iter().map(|id| (id.clone(), tags.get(id).cloned())).collect()).await
            }
            Want::Owned { workspaces, names } => owned(cx, workspaces, names).await,
        }
    }

    /// AWS takes no tags with the creating call. The reference says whose the zone is until it has
    /// them, and one that an interrupted run left without is found by it and finished.
    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let id = match half_made(cx, with).await? {
            Some(id) => id,
            None => self.make(cx, with).await?,
        };
        set_tags(cx, &id, with.tags).await?;
        Ok(id)
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        let client = cx.route53();
        if changed.has("hosted_zone_config") {
            let comment = self.hosted_zone_config.as_ref().map(|config| config.comment.clone());
            let call = client.update_hosted_zone_comment().id(&live.id);
            call.set_comment(comment.filter(|comment| !comment.is_empty())).send().await?;
        }
        if !changed.has("vpcs") {
            return Ok(());
        }
        let none = BTreeSet::new();
        let wanted = self.vpcs.as_ref().unwrap_or(&none);
        let there = live.spec.vpcs.as_ref().unwrap_or(&none);
        // The last VPC cannot go, so new ones come first.
        for vpc in wanted.difference(there) {
            let call = client.associate_vpc_with_hosted_zone().hosted_zone_id(&live.id);
            let answer = call.vpc(vpc.sdk()).send().await?;
            cx.note_dns_change(&live.id, answer.change_info.as_ref());
        }
        for vpc in there.difference(wanted) {
            let call = client.disassociate_vpc_from_hosted_zone().hosted_zone_id(&live.id);
            match call.vpc(vpc.sdk()).send().await.map_err(Error::from) {
                // It answers the last one until it goes itself.
                Err(error) if error.is("LastVPCAssociation") && wanted.is_empty() => {}
                other => or_gone(other)?,
            }
        }
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        let mut all = set.clone();
        if live.tags.get(PROTECT).is_some_and(|value| value == UNFINISHED) {
            // It has no tags yet; those that were read are from its reference.
            let ours = live.tags.iter().filter(|(key, _)| IDENTITY_KEYS.contains(&key.as_str()));
            all.extend(ours.map(|(key, value)| (key.clone(), value.clone())));
        }
        set_tags(cx, &live.id, &all).await?;
        for keys in remove.chunks(TAGS_A_CALL) {
            let call = cx.route53().change_tags_for_resource().resource_id(&live.id);
            let call = call.resource_type(TagResourceType::Hostedzone);
            call.set_remove_tag_keys(Some(keys.to_vec())).send().await?;
        }
        Ok(())
    }

    /// Counts the records that neither AWS nor a resource of ours put there.
    async fn holds(cx: &Cx, live: &Live<Self>) -> Result<Holds> {
        let all = sets::all(cx, &live.id).await?;
        let marks: BTreeSet<DnsName> =
            all.iter().map(|set| DnsName::new(set.name())).filter(mark::is_mark).collect();
        let foreign = all.iter().filter(|set| {
            let name = DnsName::new(set.name());
            let mark = mark::name_of(&name, set.r#type().as_str(), set.set_identifier());
            !is_required(set, &live.spec.name)
                && !mark::is_mark(&name)
                && !marks.contains(&mark)
                && !is_validation(set)
        });
        let data = match foreign.count() {
            0 => None,
            1 => Some("1 record of others".to_owned()),
            count => Some(format!("{count} records of others")),
        };
        Ok(Holds { data, protected: false })
    }

    async fn unlock(cx: &Cx, live: &Live<Self>) -> Result<()> {
        empty(cx, live, |_| true).await
    }

    /// Deletes the zone, and before it what only stands beside records that are gone.
    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        let left_over = |set: &ResourceRecordSet| {
            mark::is_mark(&DnsName::new(set.name())) || is_validation(set)
        };
        let delete = || async {
            let call = cx.route53().delete_hosted_zone().id(&live.id);
            call.send().await.map(drop).map_err(Error::from)
        };
        match delete().await {
            Err(error) if error.is("HostedZoneNotEmpty") => {
                empty(cx, live, left_over).await?;
                or_gone(delete().await)
            }
            other => or_gone(other),
        }
    }

    async fn blockers(cx: &Cx, live: &Live<Self>) -> Result<Vec<Blocker>> {
        let all = sets::all(cx, &live.id).await?;
        let left = all.iter().filter(|set| !is_required(set, &live.spec.name));
        let blocker = |set: &ResourceRecordSet| {
            let name = DnsName::new(set.name());
            Blocker { what: format!("record {name} of type {}", set.r#type()), leaves: None }
        };
        Ok(left.map(blocker).collect())
    }
}

const fn busy(step: Step) -> Retryable {
    Retryable::new(step, "PriorRequestNotComplete", "", "an earlier change of the zone to end")
}

/// As many tags as one call takes (aws-semantics.md 0.1).
const TAGS_A_CALL: usize = 10;
/// What stands for a protection in a zone whose tags are not written yet; that it must go has them
/// written.
pub(super) const UNFINISHED: &str = "unfinished";

impl ZoneVpc {
    fn sdk(&self) -> SdkVpc {
        let region = VpcRegion::from(self.vpc_region.as_str());
        SdkVpc::builder().vpc_id(self.vpc_id.as_str()).vpc_region(region).build()
    }
}

impl Route53Zone {
    async fn make(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let comment = self.hosted_zone_config.as_ref().map(|config| config.comment.clone());
        let comment = comment.filter(|comment| !comment.is_empty());
        let config = comment.map(|comment| SdkConfig::builder().comment(comment).build());
        let first = self.vpcs.iter().flatten().next();
        let call = cx.route53().create_hosted_zone().name(self.name.as_str());
        let call = call.caller_reference(reference(with)).set_hosted_zone_config(config);
        let answer = call.set_vpc(first.map(ZoneVpc::sdk)).send().await?;
        let zone = answer.hosted_zone;
        let zone = zone.ok_or_else(|| Error::incomplete("CreateHostedZone", "HostedZone"))?;
        let id = bare(zone.id()).to_owned();
        cx.note_dns_change(&id, answer.change_info.as_ref());
        Ok(id)
    }
}

/// The part of a reference that says whose the zone is: readable where that fits, a digest if not.
fn reference_start(tags: &Tags) -> String {
    let parts = [PROJECT, ENVIRONMENT, REGION, WORKSPACE, RESOURCE]
        .map(|key| tags.get(key).map_or("", String::as_str));
    let text = format!("infra {} ", parts.join(" "));
    // A token of 32 characters follows.
    if text.len() <= 128 - 32 {
        return text;
    }
    let digest = Sha256::digest(&text);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("infra {hex} ")
}

/// AWS wants another reference for each zone ever made, so the creation's token is part of it.
fn reference(with: Creation<'_>) -> String {
    format!("{}{}", reference_start(with.tags), with.token)
}

/// Rebuilds the identity from a readable reference.
pub(super) fn tags_of_reference(reference: &str) -> Option<Tags> {
    let mut parts = reference.strip_prefix("infra ")?.split(' ');
    let mut tags = Tags::new();
    for key in [PROJECT, ENVIRONMENT, REGION, WORKSPACE, RESOURCE] {
        tags.insert(key.to_owned(), parts.next()?.to_owned());
    }
    (parts.count() == 1).then_some(tags)
}

/// Finds a zone that an earlier try or run made for this resource and could not tag.
async fn half_made(cx: &Cx, with: Creation<'_>) -> Result<Option<String>> {
    let (start, whole) = (reference_start(with.tags), reference(with));
    let zones = list_all(cx).await?;
    let ours = zones.iter().filter(|zone| zone.caller_reference().starts_with(&start));
    let ids: Vec<String> = ours.clone().map(|zone| bare(zone.id()).to_owned()).collect();
    let tags = tags_of(cx, &ids).await?;
    let untagged = |id: &str| {
        tags.get(id).is_some_and(|tags| !tags.keys().any(|key| IDENTITY_KEYS.contains(&&**key)))
    };
    let mut found =
        ours.filter(|zone| zone.caller_reference() == whole || untagged(bare(zone.id())));
    Ok(found.next().map(|zone| bare(zone.id()).to_owned()))
}

async fn set_tags(cx: &Cx, id: &str, tags: &Tags) -> Result<()> {
    let tags: Vec<Tag> =
        tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    for tags in tags.chunks(TAGS_A_CALL) {
        let call = cx.route53().change_tags_for_resource().resource_id(id);
        let call = call.resource_type(TagResourceType::Hostedzone);
        call.set_add_tags(Some(tags.to_vec())).send().await?;
    }
    Ok(())
}

/// Tells whether a zone cannot be without a record.
fn is_required(set: &ResourceRecordSet, zone: &DnsName) -> bool {
    DnsName::new(set.name()) == *zone && matches!(set.r#type(), RrType::Ns | RrType::Soa)
}

/// Tells whether a record only proves a domain to Certificate Manager.
fn is_validation(set: &ResourceRecordSet) -> bool {
    let proves = |value: &str| value.trim_end_matches('.').ends_with(".acm-validations.aws");
    *set.r#type() == RrType::Cname && sets::values(set).any(proves)
}

/// Deletes records of a zone, as they are.
async fn empty(
    cx: &Cx,
    live: &Live<Route53Zone>,
    goes: impl Fn(&ResourceRecordSet) -> bool,
) -> Result<()> {
    let all = sets::all(cx, &live.id).await?;
    let going = all.into_iter().filter(|set| !is_required(set, &live.spec.name) && goes(set));
    let changes = going.map(|set| sets::change(ChangeAction::Delete, set));
    let changes: Vec<Change> = changes.collect::<Result<_>>()?;
    // A batch takes up to 1000 (ChangeResourceRecordSets API reference).
    for batch in changes.chunks(500) {
        sets::send(cx, &live.id, batch.to_vec()).await?;
    }
    Ok(())
}
