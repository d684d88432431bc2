//! Certificates: requested, validated, issued.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::paging::page;
use super::super::{Answer, Call, Input, Members, elbv2, modelled, route53};
use super::{named, named_mut, rules, tags};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;

/// How long AWS takes to tell the validation records: "seconds" (aws-semantics.md 8).
const RECORDS: Duration = Duration::from_secs(5);
/// How long it takes from records that can be resolved to the certificate, of 1 to 30 minutes.
const ISSUING: Duration = Duration::from_secs(120);
/// After this a certificate that was not validated never will be.
const TIMEOUT: Duration = Duration::from_secs(72 * 3600);
/// How long one token stands for one certificate.
const TOKEN: Duration = Duration::from_secs(3600);
/// How long AWS still says that a listener which is gone uses it: 10 s to 4 minutes.
const RELEASE: Duration = Duration::from_secs(60);
/// How long a certificate is valid: 13 months.
const VALIDITY: Duration = Duration::from_secs(395 * 24 * 3600);

/// A certificate.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Certificate {
    pub(crate) arn: String,
    domain: String,
    /// All its names, the domain first.
    names: Vec<String>,
    algorithm: String,
    dns: bool,
    /// Where e-mail goes to, by name.
    mail: BTreeMap<String, String>,
    logged: String,
    created: Time,
    /// From when the validation records are told.
    told: Time,
    issued: Option<Time>,
    token: Option<String>,
    /// ARNs of what uses it; of what no longer does, until when AWS says so all the same.
    pub(super) users: BTreeMap<String, Option<Time>>,
    pub(super) tags: BTreeMap<String, String>,
}

/// A validation record: a CNAME.
struct Validation {
    name: String,
    value: String,
}

impl Certificate {
    /// Returns its status at a time, as AWS names it.
    pub(crate) fn status(&self, at: Time) -> &'static str {
        match self.issued {
            Some(issued) if issued <= at => "ISSUED",
            _ if self.created + TIMEOUT <= at => "VALIDATION_TIMED_OUT",
            _ => "PENDING_VALIDATION",
        }
    }

    /// Tells whether it can be used at a time.
    #[allow(dead_code, reason = "for the load balancers of the sandbox, which are to come")]
    pub(crate) fn is_issued(&self, at: Time) -> bool {
        self.status(at) == "ISSUED"
    }

    /// Returns when it will be issued, as things stand.
    fn issue(&self, account: &Account) -> Option<Time> {
        if !self.dns || self.issued.is_some() {
            return None;
        }
        let mut seen = self.told;
        for name in &self.names {
            let wanted = validation(&account.id, name);
            let (values, since) = route53::public_record(account, &wanted.name, "CNAME")?;
            let trimmed = |value: &String| value.trim_end_matches('.').to_ascii_lowercase();
            if !values.iter().any(|value| trimmed(value) == wanted.value.trim_end_matches('.')) {
                return None;
            }
            seen = seen.max(since);
        }
        let at = account.way.after(seen, ISSUING);
        (at < self.created + TIMEOUT).then_some(at)
    }

    fn shown(&self, account: &Account, call: &Call) -> Value {
        let status = self.status(call.now);
        let each = match status {
            "ISSUED" => "SUCCESS",
            "VALIDATION_TIMED_OUT" => "FAILED",
            pending => pending,
        };
        let validations: Vec<_> = self
            .names
            .iter()
            .map(|name| {
                let mut shown = json!({"DomainName": name, "ValidationStatus": each,
                    "ValidationMethod": if self.dns { "DNS" } else { "EMAIL" },
                    "ValidationDomain": self.mail.get(name).unwrap_or(name)});
                if self.dns && self.told <= call.now {
                    let record = validation(&account.id, name);
                    shown["ResourceRecord"] =
                        json!({"Name": record.name, "Type": "CNAME", "Value": record.value});
                }
                shown
            })
            .collect();
        let issued = self.issued.filter(|issued| *issued <= call.now);
        let time = |time: Option<Time>| time.map(|time| time.to_string());
        json!({
            "CertificateArn": self.arn, "DomainName": self.domain,
            "SubjectAlternativeNames": self.names, "DomainValidationOptions": validations,
            "Subject": format!("CN={}", self.domain), "Issuer": "Amazon",
            "CreatedAt": self.created.to_string(), "IssuedAt": time(issued),
            "NotBefore": time(issued), "NotAfter": time(issued.map(|issued| issued + VALIDITY)),
            "Status": status, "KeyAlgorithm": shown_algorithm(&self.algorithm),
            "SignatureAlgorithm": "SHA256WITHRSA",
            "InUseBy": self.users(), "Type": "AMAZON_ISSUED", "RenewalEligibility":
                if self.users().is_empty() { "INELIGIBLE" } else { "ELIGIBLE" },
            "Options": {"CertificateTransparencyLoggingPreference": self.logged,
                "Export": "DISABLED"},
        })
    }

    /// Returns the ARNs of what uses it, as AWS says.
    fn users(&self) -> Vec<&String> {
        self.users.keys().collect()
    }

    /// Tells whether somebody began or ceased to use it.
    fn has_other_users(&self, account: &Account, region: &str) -> bool {
        let now = in_use_by(account, region, &self.arn);
        let told = self.users.iter().filter(|(_, until)| until.is_none()).map(|(arn, _)| arn);
        !told.eq(now.iter())
    }

    /// Takes notice of who uses it at a time.
    fn notice(&mut self, account: &Account, region: &str, now: Time) {
        let users = in_use_by(account, region, &self.arn);
        for (arn, until) in &mut self.users {
            if !users.contains(arn) {
                until.get_or_insert_with(|| account.way.after(now, RELEASE));
            }
        }
        self.users.extend(users.into_iter().map(|arn| (arn, None)));
        self.users.retain(|_, until| until.is_none_or(|until| until > now));
    }
}

/// Returns the ARNs of what uses a certificate by now: load balancers.
fn in_use_by(account: &Account, region: &str, arn: &str) -> BTreeSet<String> {
    elbv2::certificates_in_use(account, region, arn).into_iter().collect()
}

/// Answers write algorithms with a dash where requests have an underscore: `RSA-2048`
/// (DescribeCertificate API reference, example).
fn shown_algorithm(name: &str) -> String {
    name.replacen('_', "-", 1)
}

/// Makes the validation record of a name: the same in one account for a domain and for the wildcard
/// below it, whichever certificate asks (aws-semantics.md 8).
fn validation(account: &str, name: &str) -> Validation {
    let domain = name.strip_prefix("*.").unwrap_or(name);
    let hash = |what: &str| -> String {
        let digest = Sha256::digest(format!("{what} {account} {domain}"));
        digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    };
    let letters: String =
        hash("zone").bytes().take(10).map(|b| char::from(b'a' + b % 26)).collect();
    Validation {
        name: format!("_{}.{domain}.", hash("name")),
        value: format!("_{}.{letters}.acm-validations.aws.", hash("value")),
    }
}

/// RequestCertificate. The same names with the same token are the same certificate for an hour.
pub(super) fn request(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let domain = input.text("DomainName").unwrap_or_default().to_ascii_lowercase();
    let mut names = vec![domain.clone()];
    for name in input.texts("SubjectAlternativeNames") {
        let name = name.to_ascii_lowercase();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.len() > 10 {
        return Err(rules::TOO_MANY_NAMES.refuse(&[&names.len().to_string()]));
    }
    let algorithm = input.text("KeyAlgorithm").unwrap_or("RSA_2048");
    if !["RSA_2048", "EC_prime256v1", "EC_secp384r1"].contains(&algorithm) {
        return Err(rules::ALGORITHM.refuse(&[algorithm]));
    }
    let mut mail = BTreeMap::new();
    for option in input.list("DomainValidationOptions").iter().filter_map(Value::as_object) {
        let text = |key: &str| option.text(key).unwrap_or_default().to_ascii_lowercase();
        let (name, above) = (text("DomainName"), text("ValidationDomain"));
        if name != above && !name.ends_with(&format!(".{above}")) {
            return Err(rules::VALIDATION_DOMAIN.refuse(&[&above, &name]));
        }
        mail.insert(name, above);
    }
    let tags = tags::added(BTreeMap::new(), input)?;
    let token = input.text("IdempotencyToken").map(str::to_owned);
    let certificates = &account.region_mut(&call.region).acm.certificates;
    let same = certificates.values().find(|known| {
        token.is_some()
            && known.token == token
            && known.domain == domain
            && known.names.iter().collect::<BTreeSet<_>>() == names.iter().collect()
            && call.now < known.created + TOKEN
    });
    if let Some(known) = same {
        return Ok(json!({"CertificateArn": known.arn}));
    }
    let options = logging(input)?;
    let arn = call.arn("acm", &format!("certificate/{}", account.new_uuid()));
    let certificate = Certificate {
        arn: arn.clone(),
        domain,
        names,
        algorithm: algorithm.to_owned(),
        // Without a method AWS takes e-mail.
        dns: input.text("ValidationMethod") == Some("DNS"),
        mail,
        logged: options.unwrap_or_else(|| "ENABLED".to_owned()),
        created: call.now,
        told: call.after(RECORDS),
        issued: None,
        token,
        users: BTreeMap::new(),
        tags,
    };
    account.region_mut(&call.region).acm.certificates.insert(arn.clone(), certificate);
    Ok(json!({"CertificateArn": arn}))
}

/// Reads whether the certificate is logged.
fn logging(input: &Input) -> Result<Option<String>, Refusal> {
    const LOGGING: &str = "CertificateTransparencyLoggingPreference";
    let Some(options) = input.object("Options") else { return Ok(None) };
    modelled(options, "Options", &[LOGGING])?;
    Ok(options.text(LOGGING).map(str::to_owned))
}

/// DescribeCertificate.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    Ok(json!({"Certificate": named(account, call, input)?.shown(account, call)}))
}

/// ListCertificates: without filter only those with RSA keys of up to 2048 bits.
pub(super) fn list(account: &Account, call: &Call, input: &Input) -> Answer {
    let statuses = input.texts("CertificateStatuses");
    let includes = input.object("Includes").cloned().unwrap_or_default();
    modelled(&includes, "Includes", &["keyTypes"])?;
    let types = match includes.texts("keyTypes") {
        types if types.is_empty() => vec!["RSA_1024", "RSA_2048"],
        types => types,
    };
    let certificates = account.region(&call.region).into_iter();
    let certificates = certificates.flat_map(|region| region.acm.certificates.values());
    let items = certificates
        .filter(|known| types.contains(&known.algorithm.as_str()))
        .filter(|known| statuses.is_empty() || statuses.contains(&known.status(call.now)))
        .map(|known| {
            let whole = known.shown(account, call);
            let shown = json!({
                "CertificateArn": known.arn, "DomainName": known.domain,
                "SubjectAlternativeNameSummaries": known.names,
                "HasAdditionalSubjectAlternativeNames": false, "Status": whole["Status"],
                "Type": whole["Type"], "KeyAlgorithm": whole["KeyAlgorithm"],
                "InUse": !known.users().is_empty(), "CreatedAt": whole["CreatedAt"],
                "IssuedAt": whole["IssuedAt"], "NotBefore": whole["NotBefore"],
                "NotAfter": whole["NotAfter"], "RenewalEligibility": whole["RenewalEligibility"],
            });
            (known.arn.clone(), shown)
        })
        .collect();
    let size = usize::try_from(input.integer("MaxItems").unwrap_or(1000)).unwrap_or(1000);
    let (items, next) =
        page(items, size, input.text("NextToken")).ok_or_else(|| rules::TOKEN.refuse(&[]))?;
    Ok(json!({"CertificateSummaryList": items, "NextToken": next}))
}

/// DeleteCertificate.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let certificate = named(account, call, input)?;
    let arn = certificate.arn.clone();
    let users: Vec<&str> = certificate.users().into_iter().map(String::as_str).collect();
    if !users.is_empty() {
        return Err(rules::IN_USE.refuse(&[&arn, &call.account_id, &users.join(", ")]));
    }
    account.region_mut(&call.region).acm.certificates.remove(&arn);
    Ok(Value::Null)
}

/// UpdateCertificateOptions.
pub(super) fn update_options(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let logged = logging(input)?;
    let certificate = named_mut(account, call, input)?;
    if let Some(logged) = logged {
        certificate.logged = logged;
    }
    Ok(Value::Null)
}

/// Returns when the next certificate is issued or gains or loses a user, as things stand.
pub(super) fn due(account: &Account) -> Option<Time> {
    let mut due = Vec::new();
    for (region, state) in &account.regions {
        for certificate in state.acm.certificates.values() {
            due.extend(certificate.issue(account));
            due.extend(certificate.users.values().flatten());
            // That somebody uses it came with the latest change of the account.
            due.extend(certificate.has_other_users(account, region).then_some(account.time));
        }
    }
    due.into_iter().min()
}

/// Lets happen what is due. That one was issued stays, whatever becomes of the records.
pub(super) fn settle(account: &mut Account, now: Time) {
    let before = account.clone();
    for (region, state) in &mut account.regions {
        for certificate in state.acm.certificates.values_mut() {
            if let Some(at) = certificate.issue(&before).filter(|at| *at <= now) {
                certificate.issued = Some(at);
            }
            certificate.notice(&before, region, now);
        }
    }
}
