//! `ssm_parameter`: a value under a name, for programs to read.

use super::read;
use crate::aws::{Cx, Result, Sdk, Tags};
use crate::engine::resource::{
    Changed, Creation, FieldProblem, Id, IdentityBy, Live, Resource, Retryable, Rules, Standing,
    Step, Want,
};
use crate::resources::hidden::Hidden;
use crate::resources::kms::key::KmsKey;
use crate::resources::or_gone;
use crate::stack::schema::{immutable, sensitive};
use crate::stack::value::is_placeholder;
use aws_sdk_ssm::types::{ParameterTier, ParameterType, ResourceTypeForTagging, Tag};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::time::Duration;

crate::sdk_enum!(ParameterTier => "ParameterTier", ParameterType => "ParameterType");

/// A parameter of Systems Manager's Parameter Store.
///
/// The value of a `SecureString` is given as `secure_value`, which is never shown. It is compared
/// with the live one, so a plan needs the right to decrypt it; `secretsmanager_secret` does not.
///
/// ```toml
/// [ssm_parameter.log_level]
/// name  = "/${env}/order-api/log-level"
/// type  = "String"
/// value = "info"
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SsmParameter {
    /// Name, unique in the account and region; a path begins with `/`.
    #[schemars(transform = immutable)]
    pub name: String,
    /// Type: `String`, `StringList` (its elements parted by commas) or `SecureString`.
    #[serde(rename = "type")]
    pub kind: Sdk<ParameterType>,
    /// Value of a `String` or `StringList`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Value of a `SecureString`; never shown.
    #[schemars(transform = sensitive)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secure_value: Option<Hidden>,
    /// What it is for; at most 1024 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Key that encrypts a `SecureString`, `alias/aws/ssm` when left out. AWS tells it as it was
    /// given: id, ARN or alias.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<Id<KmsKey>>,
    /// Tier: `Standard` (up to 4 KB), `Advanced` (up to 8 KB, at a price) or `Intelligent-Tiering`,
    /// where the length decides. AWS refuses to go back from
    /// `Advanced`: that takes `--replace`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<Sdk<ParameterTier>>,
    /// Regular expression that AWS checks the value with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_pattern: Option<String>,
    /// What the value is: `text`, or `aws:ec2:image` for the id of an image, which AWS checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_type: Option<String>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct SsmParameterOut {
    /// The name.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Counts its values.
    pub version: i64,
}

const UPDATES: &str = "another change of the parameter to end";

impl Resource for SsmParameter {
    const TYPE: &'static str = "ssm_parameter";
    const AWS_NAME: &'static str = "AWS::SSM::Parameter";
    const RULES: Rules = Rules {
        identity: IdentityBy::Name,
        retry: &[
            Retryable::new(Step::Create, "TooManyUpdates", "", UPDATES),
            Retryable::new(Step::Update, "TooManyUpdates", "", UPDATES),
        ],
        settle: Duration::from_secs(60),
        ..Rules::DEFAULT
    };
    type Out = SsmParameterOut;

    fn natural_name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |path: &str, message: &str| {
            problems.push(FieldProblem { path: path.to_owned(), message: message.to_owned() });
        };
        let secure = self.kind.0 == ParameterType::SecureString;
        match (secure, &self.value, &self.secure_value) {
            (true, Some(_), _) => {
                problem("value", "a `SecureString` has a `secure_value`, which is never shown");
            }
            (true, None, None) => problem("secure_value", "a `SecureString` needs one"),
            (false, _, Some(_)) => {
                problem("secure_value", "this is for the type `SecureString`; give a `value`");
            }
            (false, None, None) => problem("value", "a parameter needs one"),
            _ => {}
        }
        if !secure && self.key_id.is_some() {
            problem("key_id", "a key is for the type `SecureString`");
        }
        if !is_placeholder(&self.name) {
            let letter = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
            let first = self.name.trim_start_matches('/').to_ascii_lowercase();
            if self.name.is_empty() || !self.name.chars().all(letter) {
                problem("name", "a name has letters, digits, `_`, `.`, `-`, and `/` in a path");
            } else if self.name.contains('/') && !self.name.starts_with('/') {
                problem("name", "a path begins with `/`");
            } else if first.starts_with("aws") || first.starts_with("ssm") {
                problem("name", "names that begin with `aws` or `ssm` are for AWS");
            }
        }
        problems
    }

    /// With intelligent tiering AWS tells the tier it chose.
    fn stands(wanted: &Json, live: &Live<Self>) -> Vec<Standing> {
        let wanted = wanted.get("tier").and_then(Json::as_str);
        let chosen = live.spec.tier.as_ref().map(|tier| tier.0.as_str());
        let intelligent = wanted == Some(ParameterTier::IntelligentTiering.as_str());
        let owner = || format!("intelligent tiering ({})", chosen.unwrap_or_default());
        let standing = || Standing { path: "tier".to_owned(), owner: owner() };
        intelligent.then(standing).into_iter().collect()
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        read::list(cx, want).await
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let call = self.put(cx).overwrite(false);
        call.set_tags(Some(to_ssm(with.tags)?)).send().await?;
        Ok(self.name.clone())
    }

    /// Writes everything again: what a call leaves out AWS may take for its default.
    async fn update(&self, cx: &Cx, live: &Live<Self>, _: &Changed) -> Result<()> {
        let or = |wanted: &Option<String>, now: &Option<String>| wanted.clone().or(now.clone());
        let whole = Self {
            description: or(&self.description, &live.spec.description),
            allowed_pattern: or(&self.allowed_pattern, &live.spec.allowed_pattern),
            data_type: or(&self.data_type, &live.spec.data_type),
            tier: self.tier.clone().or(live.spec.tier.clone()),
            key_id: match self.kind.0 {
                ParameterType::SecureString => self.key_id.clone().or(live.spec.key_id.clone()),
                _ => None,
            },
            ..self.clone()
        };
        whole.put(cx).overwrite(true).send().await?;
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        let kind = ResourceTypeForTagging::Parameter;
        if !set.is_empty() {
            let call = cx.ssm().add_tags_to_resource().resource_type(kind.clone());
            call.resource_id(&live.id).set_tags(Some(to_ssm(set)?)).send().await?;
        }
        if !remove.is_empty() {
            let call = cx.ssm().remove_tags_from_resource().resource_type(kind);
            call.resource_id(&live.id).set_tag_keys(Some(remove.to_vec())).send().await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        or_gone(cx.ssm().delete_parameter().name(&live.id).send().await)
    }
}

impl SsmParameter {
    fn put(
        &self,
        cx: &Cx,
    ) -> aws_sdk_ssm::operation::put_parameter::builders::PutParameterFluentBuilder {
        cx.ssm()
            .put_parameter()
            .name(&self.name)
            .r#type(self.kind.0.clone())
            .set_value(self.secure_value.clone().map(|value| value.0).or(self.value.clone()))
            .set_description(self.description.clone())
            .set_key_id(self.key_id.as_ref().map(|key| key.as_str().to_owned()))
            .set_tier(self.tier.as_ref().map(|tier| tier.0.clone()))
            .set_allowed_pattern(self.allowed_pattern.clone())
            .set_data_type(self.data_type.clone())
    }
}

fn to_ssm(tags: &Tags) -> Result<Vec<Tag>> {
    let tag = |(key, value): (&String, &String)| {
        let tag = Tag::builder().key(key).value(value).build();
        tag.map_err(|e| crate::aws::Error::local("AddTagsToResource", e.to_string()))
    };
    tags.iter().map(tag).collect()
}

#[cfg(test)]
mod tests;
