//! `kms_key`: a key that services encrypt with.

use super::read;
use crate::aws::ownership::IDENTITY_KEYS;
use crate::aws::policy::PolicyDocument;
use crate::aws::{Cx, Error, Result, Sdk, Tags};
use crate::engine::resource::{
    Changed, Creation, FieldProblem, Live, ReplaceOrder, Resource, Retryable, Rules, Step, Want,
};
use crate::resources::or_gone;
use crate::stack::schema::immutable;
use crate::stack::value::is_placeholder;
use aws_sdk_kms::types::{KeySpec, KeyUsageType, Tag};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

crate::sdk_enum!(KeySpec => "KeySpec", KeyUsageType => "KeyUsageType");

/// A KMS key, with its policy, its rotation and its aliases.
///
/// Destroying it schedules its deletion: AWS keeps it for `pending_window_in_days`, in which it
/// encrypts and decrypts nothing and can be had back (`aws kms cancel-key-deletion`), then what it
/// encrypted is lost. A key that waits so counts as gone here.
///
/// ```toml
/// [kms_key.orders]
/// description         = "what the order system keeps"
/// aliases             = ["alias/${env}-orders"]
/// enable_key_rotation = true
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KmsKey {
    /// What it is for; at most 8192 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Use: `ENCRYPT_DECRYPT`, as AWS takes it where `key_spec` is left out, `SIGN_VERIFY`,
    /// `GENERATE_VERIFY_MAC` or `KEY_AGREEMENT`.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_usage: Option<Sdk<KeyUsageType>>,
    /// Kind: `SYMMETRIC_DEFAULT`, which all services encrypt with, when left out.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_spec: Option<Sdk<KeySpec>>,
    /// Whether other regions may have replicas of it. AWS starts with false.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multi_region: Option<bool>,
    /// Key policy: who may do what with it. Without one, AWS leaves that to the account's IAM. AWS
    /// refuses one that would let nobody here change it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyDocument>,
    /// Whether it can be used. AWS starts with true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether AWS gives it new material from time to time. AWS starts with false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_key_rotation: Option<bool>,
    /// Days between two rotations, 90 to 2560; AWS starts with 365.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation_period_in_days: Option<i32>,
    /// All its aliases, each `alias/` and a name that is unique in account and region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aliases: Option<BTreeSet<String>>,
    /// Days from its destruction until it is gone, 7 to 30; 30 when left out. Kept as a tag, so that
    /// it holds even when the stanza is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_window_in_days: Option<i32>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct KmsKeyOut {
    /// ARN, which every service takes as the id of a key.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Id within account and region.
    pub key_id: String,
}

/// The tag that keeps `pending_window_in_days`.
pub(super) const WINDOW: &str = "infra:pending-window-in-days";

/// Stands for a key that has neither alias nor description.
pub(super) const UNNAMED: &str = "key";

const NEW_KEY: &str = "the new key to be known everywhere";
const PRINCIPALS: &str = "IAM to know the principals of the key policy";

impl Resource for KmsKey {
    const TYPE: &'static str = "kms_key";
    const AWS_NAME: &'static str = "AWS::KMS::Key";
    const RULES: Rules = Rules {
        stateful: true,
        replace: ReplaceOrder::CreateFirst,
        retry: &[
            // aws-semantics.md 0, IAM EC, and 4.
            Retryable::new(
                Step::Create,
                "MalformedPolicyDocumentException",
                "invalid principals",
                PRINCIPALS,
            ),
            Retryable::new(
                Step::Update,
                "MalformedPolicyDocumentException",
                "invalid principals",
                PRINCIPALS,
            ),
            Retryable::new(Step::Update, "NotFoundException", "", NEW_KEY),
        ],
        settle: Duration::from_secs(120),
        ..Rules::DEFAULT
    };
    type Out = KmsKeyOut;

    /// The first alias, the description, or a word that stands for neither.
    fn looked_for(&self) -> Option<&str> {
        let known = |text: &&String| !is_placeholder(text);
        let first = self.aliases.iter().flatten().find(known);
        Some(first.or(self.description.as_ref().filter(known)).map_or(UNNAMED, String::as_str))
    }

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |path: &str, message: &str| {
            problems.push(FieldProblem { path: path.to_owned(), message: message.to_owned() });
        };
        for alias in self.aliases.iter().flatten().filter(|alias| !is_placeholder(alias)) {
            let letter = |c: char| c.is_ascii_alphanumeric() || "/_-".contains(c);
            let name = alias.strip_prefix("alias/").unwrap_or_default();
            if name.is_empty() || name.starts_with("aws/") || !name.chars().all(letter) {
                problem(
                    "aliases",
                    "an alias is `alias/` and letters, digits, `/`, `_` or `-`; `alias/aws/` is for AWS",
                );
            }
        }
        if self.rotation_period_in_days.is_some_and(|days| !(90..=2560).contains(&days)) {
            problem("rotation_period_in_days", "between 90 and 2560 days");
        }
        if self.rotation_period_in_days.is_some() && self.enable_key_rotation != Some(true) {
            problem("rotation_period_in_days", "this is for a key with `enable_key_rotation`");
        }
        if self.pending_window_in_days.is_some_and(|days| !(7..=30).contains(&days)) {
            problem("pending_window_in_days", "AWS keeps a key for 7 to 30 days");
        }
        let symmetric = self.key_spec.as_ref().is_none_or(|s| s.0 == KeySpec::SymmetricDefault);
        if !symmetric && self.enable_key_rotation == Some(true) {
            problem("enable_key_rotation", "only `SYMMETRIC_DEFAULT` keys are rotated");
        }
        if !symmetric && self.key_usage.is_none() {
            problem("key_usage", "a key of this `key_spec` needs one");
        }
        problems
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        read::list(cx, want).await
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let mut tags = with.tags.clone();
        if let Some(days) = self.pending_window_in_days {
            tags.insert(WINDOW.to_owned(), days.to_string());
        }
        let made = cx
            .kms()
            .create_key()
            .set_description(self.description.clone())
            .set_key_usage(self.key_usage.as_ref().map(|usage| usage.0.clone()))
            .set_key_spec(self.key_spec.as_ref().map(|spec| spec.0.clone()))
            .set_multi_region(self.multi_region)
            .set_policy(self.policy.as_ref().map(|policy| policy.as_str().to_owned()))
            .set_tags(Some(to_kms(&tags)?))
            .send()
            .await?;
        let arn = made.key_metadata.and_then(|key| key.arn);
        arn.ok_or_else(|| Error::incomplete("CreateKey", "ARN"))
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        let (kms, id) = (cx.kms(), &live.out.key_id);
        if let Some(text) = self.description.as_ref().filter(|_| changed.has("description")) {
            kms.update_key_description().key_id(id).description(text).send().await?;
        }
        if let Some(policy) = self.policy.as_ref().filter(|_| changed.has("policy")) {
            let call = kms.put_key_policy().key_id(id).policy_name(read::POLICY);
            call.policy(policy.as_str()).send().await?;
        }
        let rotation = changed.has("enable_key_rotation") || changed.has("rotation_period_in_days");
        let mut enabled = live.spec.enabled.unwrap_or(true);
        let wanted = self.enabled.unwrap_or(enabled);
        // AWS changes the rotation of an enabled key only.
        if !enabled && (wanted || rotation) {
            kms.enable_key().key_id(id).send().await?;
            enabled = true;
        }
        match self.enable_key_rotation.filter(|_| rotation) {
            Some(true) => {
                let call = kms.enable_key_rotation().key_id(id);
                call.set_rotation_period_in_days(self.rotation_period_in_days).send().await?;
            }
            Some(false) => {
                kms.disable_key_rotation().key_id(id).send().await?;
            }
            None => {}
        }
        if enabled && !wanted {
            kms.disable_key().key_id(id).send().await?;
        }
        if let Some(aliases) = self.aliases.as_ref().filter(|_| changed.has("aliases")) {
            self::aliases(cx, live, aliases).await?;
        }
        if let Some(days) =
            self.pending_window_in_days.filter(|_| changed.has("pending_window_in_days"))
        {
            let set = [(WINDOW.to_owned(), days.to_string())].into();
            Self::tag(cx, live, &set, &[]).await?;
        }
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        if !set.is_empty() {
            let call = cx.kms().tag_resource().key_id(&live.out.key_id);
            call.set_tags(Some(to_kms(set)?)).send().await?;
        }
        if !remove.is_empty() {
            let call = cx.kms().untag_resource().key_id(&live.out.key_id);
            call.set_tag_keys(Some(remove.to_vec())).send().await?;
        }
        Ok(())
    }

    /// Takes its aliases away, so that another key can have them, and schedules its deletion.
    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        for alias in read::aliases_of(cx, &live.id).await? {
            or_gone(cx.kms().delete_alias().alias_name(alias).send().await)?;
        }
        let call = cx.kms().schedule_key_deletion().key_id(&live.out.key_id);
        let call = call.set_pending_window_in_days(live.spec.pending_window_in_days);
        match call.send().await.map_err(Error::from) {
            // It waits already.
            Err(error)
                if error.is("KMSInvalidStateException")
                    && read::one(cx, &live.id, None).await?.is_none() =>
            {
                Ok(())
            }
            other => or_gone(other),
        }
    }
}

/// Gives a key these aliases and no others. One that a key of the same resource has moves here.
async fn aliases(cx: &Cx, live: &Live<KmsKey>, wanted: &BTreeSet<String>) -> Result<()> {
    let now = read::aliases_of(cx, &live.id).await?;
    for alias in wanted.difference(&now) {
        let call = cx.kms().create_alias().alias_name(alias).target_key_id(&live.out.key_id);
        match call.send().await.map_err(Error::from) {
            Err(error) if error.is("AlreadyExistsException") => {
                let holder = read::holder(cx, alias).await?;
                let alike = |tags: &Tags| {
                    IDENTITY_KEYS.iter().all(|key| tags.get(*key) == live.tags.get(*key))
                };
                match holder {
                    Some((arn, _)) if arn == live.id => {}
                    Some((_, tags)) if alike(&tags) => {
                        let call = cx.kms().update_alias().alias_name(alias);
                        call.target_key_id(&live.out.key_id).send().await?;
                    }
                    Some((arn, _)) => {
                        let message = format!("{alias} leads to another key, {arn}");
                        return Err(Error::local("CreateAlias", message));
                    }
                    None => return Err(error),
                }
            }
            other => drop(other?),
        }
    }
    for alias in now.difference(wanted) {
        or_gone(cx.kms().delete_alias().alias_name(alias).send().await)?;
    }
    Ok(())
}

fn to_kms(tags: &Tags) -> Result<Vec<Tag>> {
    let tag = |(key, value): (&String, &String)| {
        let tag = Tag::builder().tag_key(key).tag_value(value).build();
        tag.map_err(|e| Error::local("TagResource", e.to_string()))
    };
    tags.iter().map(tag).collect()
}

#[cfg(test)]
mod tests;
