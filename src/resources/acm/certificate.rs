//! `acm_certificate`: a public certificate, validated by records in hosted zones.

use super::read;
use super::validation::ValidationRecord;
use crate::aws::{Cx, Error, ErrorClass, Result, Sdk, Tags};
use crate::engine::resource::{
    Blocker, Changed, Creation, FieldProblem, Id, Live, ReplaceOrder, Resource, Retryable, Rules,
    Step, Want,
};
use crate::resources::or_gone;
use crate::resources::route53::name::DnsName;
use crate::resources::route53::zone::Route53Zone;
use crate::stack::schema::immutable;
use crate::stack::value::contains_placeholder;
use aws_sdk_acm::types::{KeyAlgorithm, Tag, ValidationMethod};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

crate::sdk_enum!(KeyAlgorithm => "KeyAlgorithm");

/// What makes two validation options the same one.
const KEY: [&str; 1] = ["domain_name"];
/// Begins the tags that remember which zone proves a domain.
pub(super) const ZONE_TAG: &str = "infra:zone:";
/// The longest key of a tag.
const LONGEST_KEY: usize = 128;

/// A public certificate, proved by records in the DNS.
///
/// For the domains whose zones it is told, it writes the records itself, and takes them along when
/// it is deleted, unless another certificate needs them; for the others it says which record is to
/// be made by hand, and waits. AWS issues it some minutes after the records can be resolved. A zone
/// that is told only while a certificate waits for a record made by hand is for a new one: `--replace`
/// makes it.
///
/// ```toml
/// [acm_certificate.main]
/// domain_name               = "shop.example.com"
/// subject_alternative_names = ["*.shop.example.com"]
/// domain_validation_options = [{ domain_name = "shop.example.com", hosted_zone_id = "${route53_zone.main.id}" }]
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcmCertificate {
    /// Its name, `*.` before it for all names one level below.
    #[schemars(transform = immutable)]
    pub domain_name: DnsName,
    /// All its further names.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_alternative_names: Option<BTreeSet<DnsName>>,
    /// `RSA_2048`, as AWS starts, `EC_prime256v1` or `EC_secp384r1`.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_algorithm: Option<Sdk<KeyAlgorithm>>,
    /// The hosted zones that prove its names; one for a domain stands for the wildcard below it too.
    #[schemars(extend("x-key" = KEY))]
    #[serde(default, deserialize_with = "options", skip_serializing_if = "Option::is_none")]
    pub domain_validation_options: Option<Vec<DomainValidationOption>>,
}

/// The zone that proves a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DomainValidationOption {
    /// A name of the certificate.
    pub domain_name: DnsName,
    /// The public zone its validation record is written to.
    pub hosted_zone_id: Id<Route53Zone>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct AcmCertificateOut {
    /// The ARN.
    pub id: String,
    /// The ARN.
    pub arn: String,
    /// The records that prove its names.
    pub validation_records: Vec<ValidationRecord>,
}

/// A domain and its wildcard share a record, so they share an option.
fn options<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Vec<DomainValidationOption>>, D::Error> {
    let given = Option::<Vec<DomainValidationOption>>::deserialize(deserializer)?;
    Ok(given.map(|given| {
        let bare = given.into_iter().map(|option| DomainValidationOption {
            domain_name: option.domain_name.without_wildcard(),
            ..option
        });
        bare.collect::<BTreeSet<_>>().into_iter().collect()
    }))
}

impl Resource for AcmCertificate {
    const TYPE: &'static str = "acm_certificate";
    const AWS_NAME: &'static str = "AWS::CertificateManager::Certificate";
    const RULES: Rules = Rules {
        replace: ReplaceOrder::CreateFirst,
        found_by_stack: true,
        retry: &[
            Retryable::new(
                Step::Delete,
                "ResourceInUseException",
                "",
                "what uses the certificate to let go of it",
            ),
            Retryable::new(Step::Delete, "ConflictException", "", "another change of it to end"),
            Retryable::new(Step::Update, "ConflictException", "", "another change of it to end"),
            Retryable::new(
                Step::Update,
                "PriorRequestNotComplete",
                "",
                "an earlier change of the zone to end",
            ),
        ],
        // aws-semantics.md 0.3.
        settle: Duration::from_secs(45 * 60),
        settle_delete: Duration::from_secs(20 * 60),
        ..Rules::DEFAULT
    };
    type Out = AcmCertificateOut;

    fn looked_for(&self) -> Option<&str> {
        Some(self.domain_name.as_str())
    }

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |path: &str, message: String| {
            problems.push(FieldProblem { path: path.to_owned(), message });
        };
        let names = self.subject_alternative_names.iter().flatten();
        if names.clone().any(|name| *name == self.domain_name) {
            let message = "the `domain_name` is one of its names anyway: leave it out".to_owned();
            problem("subject_alternative_names", message);
        }
        let names: BTreeSet<DnsName> =
            names.chain([&self.domain_name]).map(DnsName::without_wildcard).collect();
        let open = names.iter().any(|name| contains_placeholder(name.as_str()));
        let mut seen = BTreeSet::new();
        for option in self.domain_validation_options.iter().flatten() {
            let name = &option.domain_name;
            if contains_placeholder(name.as_str()) {
                continue;
            }
            if !open && !names.contains(name) {
                let message = format!("the certificate has no name `{name}`");
                problem("domain_validation_options", message);
            }
            if !seen.insert(name) {
                problem("domain_validation_options", format!("`{name}` has two zones"));
            }
            if ZONE_TAG.len() + name.as_str().len() > LONGEST_KEY {
                problem("domain_validation_options", format!("`{name}` is too long for a tag"));
            }
        }
        problems
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        read::list(cx, want).await
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let mut tags = with.tags.clone();
        tags.extend(self.zone_tags());
        let names = self.subject_alternative_names.iter().flatten();
        let names: Vec<_> = names.map(ToString::to_string).collect();
        let answer = cx
            .acm()
            .request_certificate()
            .domain_name(self.domain_name.as_str())
            .set_subject_alternative_names(Some(names).filter(|names| !names.is_empty()))
            .validation_method(ValidationMethod::Dns)
            .idempotency_token(with.token)
            .set_key_algorithm(self.key_algorithm.as_ref().map(|algorithm| algorithm.0.clone()))
            .set_tags(Some(to_acm(&tags)))
            .send()
            .await?;
        answer
            .certificate_arn
            .ok_or_else(|| Error::incomplete("RequestCertificate", "CertificateArn"))
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        if changed.has("domain_validation_options") {
            self.validate_by_zones(cx, live).await?;
        }
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        if !set.is_empty() {
            let call = cx.acm().add_tags_to_certificate().certificate_arn(&live.id);
            call.set_tags(Some(to_acm(set))).send().await?;
        }
        if !remove.is_empty() {
            let tags = remove.iter().filter_map(|key| Tag::builder().key(key).build().ok());
            let call = cx.acm().remove_tags_from_certificate().certificate_arn(&live.id);
            call.set_tags(Some(tags.collect())).send().await?;
        }
        Ok(())
    }

    /// Takes the validation records along first: a run that is stopped in between finds the
    /// certificate again, not its records. Not while it is in use, when it would not be renewed.
    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        let Some(found) = read::describe(cx, &live.id).await? else { return Ok(()) };
        let users = found.in_use_by();
        if !users.is_empty() {
            let message = format!("the certificate is in use by {}", users.join(", "));
            return Err(Error::of_item("DeleteCertificate", "ResourceInUseException", &message));
        }
        let zones = zones(&live.tags);
        for record in &live.out.validation_records {
            if let Some(zone) = zones.get(&record.domain_name) {
                record.take(cx, zone, &live.id).await?;
            }
        }
        let call = cx.acm().delete_certificate().certificate_arn(&live.id);
        or_gone(call.send().await)
    }

    async fn blockers(cx: &Cx, live: &Live<Self>) -> Result<Vec<Blocker>> {
        let found = read::describe(cx, &live.id).await?;
        let users = found.map(|found| found.in_use_by().to_vec()).unwrap_or_default();
        let mut blockers = Vec::new();
        for user in users {
            let held = is_held_by(cx, &user, &live.id).await?;
            let leaves = "AWS lets go of it some minutes after the listener is gone";
            let leaves = (!held).then(|| leaves.to_owned());
            blockers.push(Blocker { what: user, leaves });
        }
        Ok(blockers)
    }
}

/// Tells whether a load balancer has a listener with the certificate; of other users nothing is
/// known, and they keep it.
async fn is_held_by(cx: &Cx, user: &str, certificate: &str) -> Result<bool> {
    if !user.contains(":elasticloadbalancing:") {
        return Ok(true);
    }
    let call = cx.elbv2().describe_listeners().load_balancer_arn(user);
    let listeners = match call.send().await.map_err(Error::from) {
        Ok(answer) => answer.listeners.unwrap_or_default(),
        Err(error) if error.class == ErrorClass::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    for listener in listeners {
        let has = |found: &aws_sdk_elasticloadbalancingv2::types::Certificate| {
            found.certificate_arn() == Some(certificate)
        };
        if listener.certificates().iter().any(has) {
            return Ok(true);
        }
        let Some(arn) = listener.listener_arn() else { continue };
        let call = cx.elbv2().describe_listener_certificates().listener_arn(arn);
        match call.send().await.map_err(Error::from) {
            Ok(answer) if answer.certificates().iter().any(has) => return Ok(true),
            Ok(_) => {}
            Err(error) if error.class == ErrorClass::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// Reads from tags which zone proves a domain.
pub(super) fn zones(tags: &Tags) -> BTreeMap<DnsName, String> {
    let zone = |(key, zone): (&String, &String)| {
        Some((DnsName::new(key.strip_prefix(ZONE_TAG)?), zone.clone()))
    };
    tags.iter().filter_map(zone).collect()
}

fn to_acm(tags: &Tags) -> Vec<Tag> {
    // `build` fails only without a key, and it is given.
    tags.iter().filter_map(|(k, v)| Tag::builder().key(k).value(v).build().ok()).collect()
}

impl AcmCertificate {
    /// The tags that remember the zones.
    fn zone_tags(&self) -> Tags {
        let options = self.domain_validation_options.iter().flatten();
        let tag = |option: &DomainValidationOption| {
            let key = format!("{ZONE_TAG}{}", option.domain_name);
            (key, option.hosted_zone_id.as_str().to_owned())
        };
        options.map(tag).collect()
    }

    /// Writes the records to the zones that are wanted, and takes them out of those that are not.
    async fn validate_by_zones(&self, cx: &Cx, live: &Live<Self>) -> Result<()> {
        let (before, wanted) = (zones(&live.tags), self.zone_tags());
        let after = zones(&wanted);
        let set: Tags =
            wanted.into_iter().filter(|(key, zone)| live.tags.get(key) != Some(zone)).collect();
        let gone = before.keys().filter(|name| !after.contains_key(name));
        let remove: Vec<String> = gone.map(|name| format!("{ZONE_TAG}{name}")).collect();
        for record in &live.out.validation_records {
            let (old, new) = (before.get(&record.domain_name), after.get(&record.domain_name));
            if let Some(zone) = old.filter(|_| old != new) {
                record.take(cx, zone, &live.id).await?;
            }
        }
        // What is remembered is found again; so it is, before anything new is made.
        Self::tag(cx, live, &set, &remove).await?;
        for record in &live.out.validation_records {
            if let Some(zone) = after.get(&record.domain_name) {
                record.put(cx, zone, &live.id).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn certificate(more: Json) -> AcmCertificate {
        let mut spec = json!({ "domain_name": "Shop.example.com." });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(spec).unwrap()
    }

    #[test]
    fn what_cannot_be_is_told_at_its_field() {
        let option =
            |name: &str, zone: &str| json!({ "domain_name": name, "hosted_zone_id": zone });
        let one = option("shop.example.com", "Z1");
        let cases = [
            (json!({}), None),
            (json!({ "domain_validation_options": [one] }), None),
            (
                json!({ "subject_alternative_names": ["shop.example.com"] }),
                Some("subject_alternative_names"),
            ),
            (
                json!({ "domain_validation_options": [option("example.org", "Z1")] }),
                Some("domain_validation_options"),
            ),
            (
                json!({ "domain_validation_options": [one, option("shop.example.com", "Z2")] }),
                Some("domain_validation_options"),
            ),
        ];
        for (more, path) in cases {
            let told = certificate(more.clone()).validate();
            assert_eq!(told.first().map(|p| p.path.as_str()), path, "{more}");
        }
    }

    #[test]
    fn a_domain_and_its_wildcard_share_an_option() {
        let option = |name: &str| json!({ "domain_name": name, "hosted_zone_id": "Z1" });
        let both = [option("*.shop.example.com"), option("shop.example.com")];
        let spec = certificate(json!({ "domain_validation_options": both }));
        let kept = serde_json::to_value(&spec.domain_validation_options).unwrap();
        assert_eq!(kept, json!([option("shop.example.com")]));
        let tags = spec.zone_tags();
        assert_eq!(tags["infra:zone:shop.example.com"], "Z1");
        assert_eq!(zones(&tags)[&DnsName::new("shop.example.com")], "Z1");
    }
}
