//! `secretsmanager_secret`: a secret, whose value is never shown, compared or stored.

use super::read;
use crate::aws::ownership::IDENTITY_KEYS;
use crate::aws::{Cx, Error, PolicyDocument, Result, Tags};
use crate::engine::resource::{
    Changed, Creation, FieldProblem, Holds, Id, IdentityBy, Live, Resource, Retryable, Rules, Step,
    Want,
};
use crate::resources::hidden::Hidden;
use crate::resources::kms::key::KmsKey;
use crate::resources::or_gone;
use crate::stack::schema::{immutable, renewed_by, sensitive, write_only};
use crate::stack::value::is_placeholder;
use aws_sdk_secretsmanager::types::Tag;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A secret of Secrets Manager: a name, a key, a policy, and a value that nobody sees here.
///
/// The value is `secret_string` (from a sensitive variable), made up by AWS
/// (`generate_secret_string`), or set by others, when neither is given. It is never read, so it never
/// differs: to have it set again, count `secret_string_version` up.
///
/// Destroying it keeps it for `recovery_window_in_days`, in which its name is taken. Created again in
/// that time, it is restored, with its old value unless a new one is given.
///
/// ```toml
/// [secretsmanager_secret.database]
/// name                   = "${env}/order-api/database"
/// description            = "password of the order database"
/// generate_secret_string = { password_length = 40, exclude_punctuation = true }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretsmanagerSecret {
    /// Name, unique in the account and region; at most 512 letters, digits and `/_+=.@-`.
    #[schemars(transform = immutable)]
    pub name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Key that encrypts it, `alias/aws/secretsmanager` when left out. AWS tells it as it was given:
    /// id, ARN or alias.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<Id<KmsKey>>,
    /// Value; set when the secret is made, and with each new `secret_string_version`.
    #[schemars(transform = sensitive, transform = write_only)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_string: Option<Hidden>,
    /// Has AWS make the value up when the secret is made, and with each new `secret_string_version`.
    #[schemars(transform = write_only)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generate_secret_string: Option<GenerateSecretString>,
    /// A number of yours: another one than the live secret's has the value set again. Kept as a tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_string_version: Option<i64>,
    /// Resource policy: who else may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_policy: Option<PolicyDocument>,
    /// Days from its destruction until it is gone, 7 to 30; 30 when left out. 0 is at once and for
    /// good, which needs `--allow-data-loss`. Kept as a tag, so that it holds even when the stanza
    /// is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_window_in_days: Option<i64>,
}

/// How AWS makes a value up.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GenerateSecretString {
    /// Length; 32 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_length: Option<i64>,
    /// Characters it does not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude_characters: Option<String>,
    /// Whether it has no digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude_numbers: Option<bool>,
    /// Whether it has no punctuation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude_punctuation: Option<bool>,
    /// Whether it has no capitals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude_uppercase: Option<bool>,
    /// Whether it has no small letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude_lowercase: Option<bool>,
    /// JSON object that the password is put into, under `generate_string_key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_string_template: Option<String>,
    /// Key of the password in the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generate_string_key: Option<String>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct SecretsmanagerSecretOut {
    /// The name.
    pub id: String,
    /// ARN: the name and six characters, which another secret of the name does not have.
    pub arn: String,
    /// Id of the version that is current; none without a value.
    #[schemars(transform = renewed_by(&["secret_string_version"]))]
    pub version_id: Option<String>,
}

/// The tag that keeps `recovery_window_in_days`.
pub(super) const WINDOW: &str = "infra:recovery-window-in-days";
/// The tag that keeps `secret_string_version`.
pub(super) const VERSION: &str = "infra:secret-string-version";

/// Part of what AWS says of a name that a deleted secret still has.
const SCHEDULED: &str = "scheduled for deletion";

impl Resource for SecretsmanagerSecret {
    const TYPE: &'static str = "secretsmanager_secret";
    const AWS_NAME: &'static str = "AWS::SecretsManager::Secret";
    const RULES: Rules = Rules {
        identity: IdentityBy::Name,
        stateful: true,
        retry: &[
            // aws-semantics.md 4: even a deletion without window takes a while.
            Retryable::new(
                Step::Create,
                "InvalidRequestException",
                SCHEDULED,
                "the deleted secret of this name to be gone",
            ),
            // aws-semantics.md 0, IAM EC.
            Retryable::new(
                Step::Update,
                "MalformedPolicyDocumentException",
                "principal",
                "IAM to know the principals of the policy",
            ),
        ],
        settle: Duration::from_secs(120),
        ..Rules::DEFAULT
    };
    type Out = SecretsmanagerSecretOut;

    fn natural_name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |path: &str, message: &str| {
            problems.push(FieldProblem { path: path.to_owned(), message: message.to_owned() });
        };
        let letter = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
        let fits = (1..=512).contains(&self.name.len()) && self.name.chars().all(letter);
        if !fits && !is_placeholder(&self.name) {
            problem("name", "a name has up to 512 letters, digits and `/_+=.@-`");
        }
        if self.recovery_window_in_days.is_some_and(|d| d != 0 && !(7..=30).contains(&d)) {
            let message = "AWS keeps a secret for 7 to 30 days; 0 is at once and for good";
            problem("recovery_window_in_days", message);
        }
        if self.secret_string.as_ref().is_some_and(|value| value.0.is_empty()) {
            problem("secret_string", "AWS takes no empty value; leave it out for none");
        }
        let Some(generate) = &self.generate_secret_string else { return problems };
        if self.secret_string.is_some() {
            let message = "the value is either given or made up";
            problem("generate_secret_string", message);
        }
        let path = "generate_secret_string.secret_string_template";
        match (&generate.secret_string_template, &generate.generate_string_key) {
            (None, None) => {}
            (Some(template), Some(_)) => {
                let object =
                    serde_json::from_str::<serde_json::Map<_, serde_json::Value>>(template);
                if object.is_err() && !is_placeholder(template) {
                    problem(path, "a template is a JSON object");
                }
            }
            _ => problem(path, "a template and the key of the password in it go together"),
        }
        problems
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        read::list(cx, want).await
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let value = self.value(cx).await?;
        let mut tags = with.tags.clone();
        tags.extend(self.kept());
        let call = cx
            .secretsmanager()
            .create_secret()
            .name(&self.name)
            .set_description(self.description.clone())
            .set_kms_key_id(self.kms_key_id.as_ref().map(|key| key.as_str().to_owned()))
            .set_secret_string(value.clone().map(|value| value.0))
            .set_tags(Some(to_secrets(&tags)));
        match call.send().await.map_err(Error::from) {
            Err(error) if is_scheduled(&error) => {
                self.restore(cx, with.tags, value, error).await?;
            }
            other => drop(other?),
        }
        Ok(self.name.clone())
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        let secrets = cx.secretsmanager();
        let description = self.description.clone().filter(|_| changed.has("description"));
        let key = self.kms_key_id.as_ref().filter(|_| changed.has("kms_key_id"));
        if description.is_some() || key.is_some() {
            let call = secrets.update_secret().secret_id(&live.id);
            let key = key.map(|key| key.as_str().to_owned());
            call.set_description(description).set_kms_key_id(key).send().await?;
        }
        if let Some(policy) =
            self.resource_policy.as_ref().filter(|_| changed.has("resource_policy"))
        {
            let call = secrets.put_resource_policy().secret_id(&live.id);
            call.resource_policy(policy.as_str()).send().await?;
        }
        if changed.has("secret_string_version")
            && let Some(Hidden(value)) = self.value(cx).await?
        {
            let call = secrets.put_secret_value().secret_id(&live.id);
            call.secret_string(value).send().await?;
        }
        // Last: a run that is stopped before sets the value again.
        let kept: Tags =
            self.kept().into_iter().filter(|(k, v)| live.tags.get(k) != Some(v)).collect();
        Self::tag(cx, live, &kept, &[]).await
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        if !set.is_empty() {
            let call = cx.secretsmanager().tag_resource().secret_id(&live.id);
            call.set_tags(Some(to_secrets(set))).send().await?;
        }
        if !remove.is_empty() {
            let call = cx.secretsmanager().untag_resource().secret_id(&live.id);
            call.set_tag_keys(Some(remove.to_vec())).send().await?;
        }
        Ok(())
    }

    /// A value is lost only where there is no window to have it back in.
    async fn holds(_: &Cx, live: &Live<Self>) -> Result<Holds> {
        let at_once = live.spec.recovery_window_in_days == Some(0) && live.out.version_id.is_some();
        let data = at_once.then(|| "its value, without a recovery window".to_owned());
        Ok(Holds { data, protected: false })
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        let call = cx.secretsmanager().delete_secret().secret_id(&live.id);
        let call = match live.spec.recovery_window_in_days {
            Some(0) => call.force_delete_without_recovery(true),
            days => call.set_recovery_window_in_days(days),
        };
        match call.send().await.map_err(Error::from) {
            Err(error) if error.is("InvalidRequestException") => {
                let found = read::describe(cx, &live.id).await?;
                // It waits already.
                let waits = found.is_none_or(|found| found.deleted_date.is_some());
                if waits { Ok(()) } else { Err(error) }
            }
            other => or_gone(other),
        }
    }
}

/// Tells whether AWS refused because a secret waits for its deletion.
fn is_scheduled(error: &Error) -> bool {
    error.is("InvalidRequestException") && error.message.contains(SCHEDULED)
}

impl SecretsmanagerSecret {
    /// What is kept as tags beside the identity.
    fn kept(&self) -> Tags {
        let window = self.recovery_window_in_days.map(|days| (WINDOW, days));
        let version = self.secret_string_version.map(|version| (VERSION, version));
        let both = window.into_iter().chain(version);
        both.map(|(key, number)| (key.to_owned(), number.to_string())).collect()
    }

    /// The value to set: the one given, or one that AWS makes up; none where others set it.
    async fn value(&self, cx: &Cx) -> Result<Option<Hidden>> {
        if let Some(value) = &self.secret_string {
            return Ok(Some(value.clone()));
        }
        let Some(how) = &self.generate_secret_string else { return Ok(None) };
        let made = cx
            .secretsmanager()
            .get_random_password()
            .set_password_length(how.password_length)
            .set_exclude_characters(how.exclude_characters.clone())
            .set_exclude_numbers(how.exclude_numbers)
            .set_exclude_punctuation(how.exclude_punctuation)
            .set_exclude_uppercase(how.exclude_uppercase)
            .set_exclude_lowercase(how.exclude_lowercase)
            .send()
            .await?;
        let password = made.random_password;
        let password =
            password.ok_or_else(|| Error::incomplete("GetRandomPassword", "password"))?;
        let (Some(template), Some(key)) = (&how.secret_string_template, &how.generate_string_key)
        else {
            return Ok(Some(Hidden(password)));
        };
        let object = serde_json::from_str::<serde_json::Map<_, _>>(template);
        let mut object = object.map_err(|_| {
            Error::local("CreateSecret", "`secret_string_template` is not a JSON object")
        })?;
        object.insert(key.clone(), password.into());
        Ok(Some(Hidden(serde_json::Value::Object(object).to_string())))
    }

    /// Has a secret of ours back that waits for its deletion under the name. One of others is said
    /// to be in the way.
    async fn restore(
        &self,
        cx: &Cx,
        identity: &Tags,
        value: Option<Hidden>,
        refused: Error,
    ) -> Result<()> {
        let secrets = cx.secretsmanager();
        let Some(old) = read::describe(cx, &self.name).await? else { return Err(refused) };
        let tags = read::tags(&old);
        let ours = IDENTITY_KEYS.iter().all(|key| tags.get(*key) == identity.get(*key));
        if !ours {
            let message = format!(
                "a secret of this name, not this one, waits for its deletion: {} until then has the \
                 name. Restore it (`aws secretsmanager restore-secret`), or delete it for good \
                 (`aws secretsmanager delete-secret --force-delete-without-recovery`)",
                old.arn.as_deref().unwrap_or(&self.name)
            );
            return Err(Error::local("CreateSecret", message));
        }
        // One that is deleted without a window goes within seconds.
        if tags.get(WINDOW).is_some_and(|days| days == "0") {
            return Err(refused);
        }
        secrets.restore_secret().secret_id(&self.name).send().await?;
        let has_value = read::current(&old).is_some();
        if let Some(Hidden(value)) = value.filter(|_| self.secret_string.is_some() || !has_value) {
            let call = secrets.put_secret_value().secret_id(&self.name);
            call.secret_string(value).send().await?;
        }
        Ok(())
    }
}

fn to_secrets(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

#[cfg(test)]
mod tests;
