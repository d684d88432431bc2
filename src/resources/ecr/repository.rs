//! `ecr_repository`: container images under one name.

use super::lifecycle::LifecyclePolicy;
use super::read;
use crate::aws::{Cx, Error, PolicyDocument, Result, Sdk, Tags};
use crate::engine::resource::{
    Changed, Creation, FieldProblem, Holds, IdentityBy, Live, Resource, Retryable, Rules, Step,
    Want,
};
use crate::resources::or_gone;
use crate::stack::schema::immutable;
use aws_sdk_ecr::types::{
    EncryptionConfiguration as SdkEncryption, EncryptionType, ImageIdentifier,
    ImageScanningConfiguration as SdkScanning, ImageTagMutability,
    ImageTagMutabilityExclusionFilter, ImageTagMutabilityExclusionFilterType, Tag,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

crate::sdk_enum!(
    ImageTagMutability => "ImageTagMutability",
    ImageTagMutabilityExclusionFilterType => "ImageTagMutabilityExclusionFilterType",
    EncryptionType => "EncryptionType",
);

/// Tag that remembers `force_delete`, so that it outlives its stanza.
pub(super) const FORCE_DELETE: &str = "infra:force-delete";

/// A repository of container images, with its policies.
///
/// One that holds images is neither deleted nor replaced without `--allow-data-loss`, or
/// `force_delete`.
///
/// ```toml
/// [ecr_repository.app]
/// name                         = "${env}-order-api"
/// image_tag_mutability         = "IMMUTABLE"
/// image_scanning_configuration = { scan_on_push = true }
/// lifecycle_policy             = { rules = [{ rulePriority = 1, selection = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 5 }, action = { type = "expire" } }] }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EcrRepository {
    /// Name, unique in the account and region: lower case, with `/`, `-`, `_` and `.` inside.
    #[schemars(transform = immutable)]
    pub name: String,
    /// Whether a tag may be moved to another image: `MUTABLE`, as AWS starts, `IMMUTABLE`, or one of
    /// both with exclusions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_tag_mutability: Option<Sdk<ImageTagMutability>>,
    /// Tags that are treated the other way round, 1 to 5; with `IMMUTABLE_WITH_EXCLUSION` and
    /// `MUTABLE_WITH_EXCLUSION`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_tag_mutability_exclusion_filters: Option<BTreeSet<ExclusionFilter>>,
    /// Scanning of new images. AWS starts without, and prefers that it is set for the registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_scanning_configuration: Option<ScanningConfiguration>,
    /// Encryption of the images. AWS starts with `AES256`.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption_configuration: Option<EncryptionConfiguration>,
    /// Which images go by themselves: AWS's lifecycle policy as a table or as JSON. One without
    /// rules takes the policy away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifecycle_policy: Option<LifecyclePolicy>,
    /// Who else may use the repository: a policy as a table or as JSON. One without statements takes
    /// the policy away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository_policy: Option<PolicyDocument>,
    /// Whether images go with the repository, unasked.
    #[serde(default)]
    pub force_delete: bool,
}

/// Tags by a pattern.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExclusionFilter {
    /// How the pattern is read; `WILDCARD` is the only way there is.
    #[serde(default = "wildcard")]
    pub filter_type: Sdk<ImageTagMutabilityExclusionFilterType>,
    /// The pattern; `*` stands for anything, at most twice.
    pub filter: String,
}

fn wildcard() -> Sdk<ImageTagMutabilityExclusionFilterType> {
    Sdk(ImageTagMutabilityExclusionFilterType::Wildcard)
}

/// When images are scanned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanningConfiguration {
    /// Whether an image is scanned when it is pushed.
    pub scan_on_push: bool,
}

/// How images are encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EncryptionConfiguration {
    /// `AES256`, `KMS`, or `KMS_DSSE` (twice).
    pub encryption_type: Sdk<EncryptionType>,
    /// ARN of the KMS key; ECR's key in the account when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct EcrRepositoryOut {
    /// The name.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Where images are pushed to and pulled from, without tag.
    pub repository_uri: String,
    /// Id of the registry: the account.
    pub registry_id: String,
}

impl Resource for EcrRepository {
    const TYPE: &'static str = "ecr_repository";
    const AWS_NAME: &'static str = "AWS::ECR::Repository";
    const RULES: Rules = Rules {
        identity: IdentityBy::Name,
        stateful: true,
        retry: &[Retryable {
            step: Step::Update,
            code: "InvalidParameterException",
            message: "Invalid repository policy provided",
            reason: "IAM to know who the policy names",
        }],
        ..Rules::DEFAULT
    };
    type Out = EcrRepositoryOut;

    fn natural_name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |path: &str, message: &str| {
            problems.push(FieldProblem { path: path.to_owned(), message: message.to_owned() });
        };
        let filters = self.image_tag_mutability_exclusion_filters.iter().flatten();
        let filters: Vec<&ExclusionFilter> = filters.collect();
        if let Some(mutability) = &self.image_tag_mutability {
            let excludes = mutability.0.as_str().ends_with("_WITH_EXCLUSION");
            if excludes == filters.is_empty() {
                let message = "filters are given with `IMMUTABLE_WITH_EXCLUSION` and \
                               `MUTABLE_WITH_EXCLUSION`, and only there";
                problem("image_tag_mutability_exclusion_filters", message);
            }
        } else if !filters.is_empty() {
            problem("image_tag_mutability", "filters need a mutability `…_WITH_EXCLUSION`");
        }
        if filters.len() > 5 || filters.iter().any(|f| f.filter.matches('*').count() > 2) {
            let message = "at most 5 filters, of at most 2 `*` each";
            problem("image_tag_mutability_exclusion_filters", message);
        }
        if let Some(encryption) = &self.encryption_configuration
            && encryption.kms_key.is_some()
            && encryption.encryption_type.0 == EncryptionType::Aes256
        {
            problem("encryption_configuration.kms_key", "a key is for `KMS` and `KMS_DSSE`");
        }
        problems
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        read::list(cx, want).await
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let mut tags = with.tags.clone();
        if self.force_delete {
            tags.insert(FORCE_DELETE.to_owned(), "true".to_owned());
        }
        let encryption = self.encryption_configuration.as_ref().map(|encryption| {
            SdkEncryption::builder()
                .encryption_type(encryption.encryption_type.0.clone())
                .set_kms_key(encryption.kms_key.clone())
                .build()
        });
        cx.ecr()
            .create_repository()
            .repository_name(&self.name)
            .set_image_tag_mutability(self.image_tag_mutability.as_ref().map(|m| m.0.clone()))
            .set_image_tag_mutability_exclusion_filters(self.filters()?)
            .set_image_scanning_configuration(self.scanning())
            .set_encryption_configuration(encryption.transpose().map_err(incomplete)?)
            .set_tags(Some(to_ecr(&tags)))
            .send()
            .await?;
        Ok(self.name.clone())
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        let (ecr, name) = (cx.ecr(), &live.id);
        if changed.has("image_tag_mutability")
            || changed.has("image_tag_mutability_exclusion_filters")
        {
            let wanted =
                self.image_tag_mutability.as_ref().or(live.spec.image_tag_mutability.as_ref());
            let call = ecr.put_image_tag_mutability().repository_name(name);
            call.set_image_tag_mutability(wanted.map(|m| m.0.clone()))
                .set_image_tag_mutability_exclusion_filters(self.filters()?)
                .send()
                .await?;
        }
        if changed.has("image_scanning_configuration") {
            let call = ecr.put_image_scanning_configuration().repository_name(name);
            call.set_image_scanning_configuration(self.scanning()).send().await?;
        }
        if let Some(policy) =
            self.lifecycle_policy.as_ref().filter(|_| changed.has("lifecycle_policy"))
        {
            if policy.is_none() {
                or_gone(ecr.delete_lifecycle_policy().repository_name(name).send().await)?;
            } else {
                let call = ecr.put_lifecycle_policy().repository_name(name);
                call.lifecycle_policy_text(policy.text()).send().await?;
            }
        }
        if let Some(policy) =
            self.repository_policy.as_ref().filter(|_| changed.has("repository_policy"))
        {
            if is_empty(policy) {
                or_gone(ecr.delete_repository_policy().repository_name(name).send().await)?;
            } else {
                let call = ecr.set_repository_policy().repository_name(name);
                call.policy_text(policy.as_str()).send().await?;
            }
        }
        if changed.has("force_delete") {
            let set = [(FORCE_DELETE.to_owned(), "true".to_owned())].into();
            let key = [FORCE_DELETE.to_owned()];
            if self.force_delete {
                Self::tag(cx, live, &set, &[]).await?;
            } else {
                Self::tag(cx, live, &Tags::new(), &key).await?;
            }
        }
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        if !set.is_empty() {
            let call = cx.ecr().tag_resource().resource_arn(&live.out.arn);
            call.set_tags(Some(to_ecr(set))).send().await?;
        }
        if !remove.is_empty() {
            let call = cx.ecr().untag_resource().resource_arn(&live.out.arn);
            call.set_tag_keys(Some(remove.to_vec())).send().await?;
        }
        Ok(())
    }

    async fn holds(cx: &Cx, live: &Live<Self>) -> Result<Holds> {
        if live.spec.force_delete {
            return Ok(Holds::default());
        }
        let call = cx.ecr().describe_images().repository_name(&live.id).max_results(1000);
        let mut images = call.into_paginator().items().send();
        let (mut count, mut bytes) = (0_u64, 0_i64);
        while let Some(image) = images.next().await {
            match image.map_err(Error::from) {
                Ok(image) => {
                    count += 1;
                    bytes += image.image_size_in_bytes.unwrap_or(0);
                }
                Err(error) if error.is_not_found() => return Ok(Holds::default()),
                Err(error) => return Err(error),
            }
        }
        let plural = if count == 1 { "" } else { "s" };
        let data = (count > 0).then(|| format!("{count} image{plural} ({})", size(bytes)));
        Ok(Holds { data, protected: false })
    }

    async fn unlock(cx: &Cx, live: &Live<Self>) -> Result<()> {
        let call = cx.ecr().list_images().repository_name(&live.id).max_results(1000);
        let images = call.into_paginator().items().send();
        let images = images.collect::<std::result::Result<Vec<ImageIdentifier>, _>>().await?;
        let digests: BTreeSet<String> = images.into_iter().filter_map(|i| i.image_digest).collect();
        let ids = digests.into_iter().map(|d| ImageIdentifier::builder().image_digest(d).build());
        // As many as one call takes (BatchDeleteImage API reference).
        for chunk in ids.collect::<Vec<_>>().chunks(100) {
            let call = cx.ecr().batch_delete_image().repository_name(&live.id);
            call.set_image_ids(Some(chunk.to_vec())).send().await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        let call = cx.ecr().delete_repository().repository_name(&live.id);
        or_gone(call.force(live.spec.force_delete).send().await)
    }
}

fn incomplete(error: impl std::fmt::Display) -> Error {
    Error::local("ecr_repository", error.to_string())
}

impl EcrRepository {
    fn scanning(&self) -> Option<SdkScanning> {
        let scanning = self.image_scanning_configuration.as_ref()?;
        Some(SdkScanning::builder().scan_on_push(scanning.scan_on_push).build())
    }

    fn filters(&self) -> Result<Option<Vec<ImageTagMutabilityExclusionFilter>>> {
        let filter = |filter: &ExclusionFilter| {
            ImageTagMutabilityExclusionFilter::builder()
                .filter_type(filter.filter_type.0.clone())
                .filter(&filter.filter)
                .build()
                .map_err(incomplete)
        };
        let filters = self.image_tag_mutability_exclusion_filters.iter().flatten();
        let filters = filters.map(filter).collect::<Result<Vec<_>>>()?;
        Ok(Some(filters).filter(|filters| !filters.is_empty()))
    }
}

/// A policy without statements, which ECR would refuse, stands for none.
fn is_empty(policy: &PolicyDocument) -> bool {
    let json = serde_json::from_str::<serde_json::Value>(policy.as_str()).unwrap_or_default();
    json.get("Statement").and_then(serde_json::Value::as_array).is_none_or(Vec::is_empty)
}

/// Bytes as people say them.
fn size(bytes: i64) -> String {
    let (unit, name) = match bytes {
        b if b >= 1_000_000_000 => (1e9, "GB"),
        b if b >= 1_000_000 => (1e6, "MB"),
        b if b >= 1_000 => (1e3, "kB"),
        _ => return format!("{bytes} bytes"),
    };
    format!("{:.1} {name}", bytes as f64 / unit)
}

fn to_ecr(tags: &Tags) -> Vec<Tag> {
    // `build` fails only without key or value, and both are given.
    tags.iter().filter_map(|(k, v)| Tag::builder().key(k).value(v).build().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::read::no_policy;
    use super::*;
    use serde_json::{Value as Json, json};

    fn repository(more: Json) -> EcrRepository {
        let mut spec = json!({ "name": "app" });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(spec).unwrap()
    }

    #[test]
    fn what_cannot_be_is_told_at_its_field() {
        let filters = json!([{ "filter": "dev-*" }]);
        let cases = [
            (json!({ "image_tag_mutability": "IMMUTABLE" }), None),
            (
                json!({ "image_tag_mutability": "IMMUTABLE",
                        "image_tag_mutability_exclusion_filters": filters }),
                Some("image_tag_mutability_exclusion_filters"),
            ),
            (
                json!({ "image_tag_mutability_exclusion_filters": filters }),
                Some("image_tag_mutability"),
            ),
            (
                json!({ "image_tag_mutability": "MUTABLE_WITH_EXCLUSION",
                        "image_tag_mutability_exclusion_filters": [{ "filter": "*a*b*" }] }),
                Some("image_tag_mutability_exclusion_filters"),
            ),
            (
                json!({ "encryption_configuration": { "encryption_type": "AES256",
                                                      "kms_key": "k" } }),
                Some("encryption_configuration.kms_key"),
            ),
        ];
        for (more, path) in cases {
            let told = repository(more.clone()).validate();
            assert_eq!(told.first().map(|p| p.path.as_str()), path, "{more}");
        }
    }

    #[test]
    fn sizes_are_told_in_words() {
        assert_eq!(size(12), "12 bytes");
        assert_eq!(size(72_400_000), "72.4 MB");
    }

    #[test]
    fn a_policy_without_statements_is_none() {
        assert!(is_empty(&no_policy()));
        let policy = r#"{"Statement":[{"Effect":"Allow"}]}"#;
        assert!(!is_empty(&PolicyDocument::parse(policy).unwrap()));
    }
}
