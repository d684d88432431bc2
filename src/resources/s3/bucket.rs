//! `s3_bucket`: objects by key, such as the access logs of a load balancer.

use super::schema::{BucketEncryption, LifecycleRule, PublicAccessBlock, VersioningConfiguration};
use super::{contents, read};
use crate::aws::{Cx, Error, ErrorClass, PolicyDocument, Result, Sdk, Tags};
use crate::engine::resource::{
    Changed, Creation, FieldProblem, Holds, IdentityBy, Live, Resource, Retryable, Rules, Step,
    Want,
};
use crate::resources::or_gone;
use crate::stack::schema::immutable;
use crate::stack::value::contains_placeholder;
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketLocationConstraint, CreateBucketConfiguration,
    ObjectOwnership, OwnershipControls, OwnershipControlsRule, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag, Tagging,
    VersioningConfiguration as SdkVersioning,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// What makes two lifecycle rules the same one.
const KEY: [&str; 1] = ["id"];
/// Tag of a bucket whose objects may go: they are deleted again when some come late.
pub(super) const EMPTIED: &str = "infra:emptied";

/// A bucket, with its policy and settings.
///
/// One that holds objects is neither deleted nor replaced without `--allow-data-loss`. AWS's own
/// start is good for most: nobody from outside gets in, objects are encrypted, access lists do not
/// count.
///
/// ```toml
/// [s3_bucket.logs]
/// name                    = "${env}-${region}-shop-access-logs"
/// lifecycle_configuration = [{ id = "expire", expiration = { days = 90 } }]
/// policy                  = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" }, Action = "s3:PutObject", Resource = "arn:aws:s3:::${env}-${region}-shop-access-logs/*" }] }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct S3Bucket {
    /// Name, unique among all accounts and regions: 3 to 63 small letters, digits, `-` and `.`.
    #[schemars(transform = immutable)]
    pub name: String,
    /// Who may do what with it: a policy as a table or as JSON. One without statements takes the
    /// policy away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyDocument>,
    /// Encryption of new objects. AWS starts with S3's own keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket_encryption: Option<BucketEncryption>,
    /// What keeps the public out; what is left out of it is on. AWS starts with all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_access_block_configuration: Option<PublicAccessBlock>,
    /// Whose the objects are that others write: `BucketOwnerEnforced`, as AWS starts, has access
    /// lists not count at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_ownership: Option<Sdk<ObjectOwnership>>,
    /// Whether older versions are kept. AWS starts without; once there, it can only be suspended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versioning_configuration: Option<VersioningConfiguration>,
    /// All rules by which objects go or move; none takes them away.
    #[schemars(extend("x-key" = KEY))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifecycle_configuration: Option<Vec<LifecycleRule>>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct S3BucketOut {
    /// The name.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Domain name of the bucket.
    pub bucket_domain_name: String,
    /// Domain name of the bucket in its region.
    pub bucket_regional_domain_name: String,
}

impl Resource for S3Bucket {
    const TYPE: &'static str = "s3_bucket";
    const AWS_NAME: &'static str = "AWS::S3::Bucket";
    const RULES: Rules = Rules {
        identity: IdentityBy::Name,
        // A load balancer refuses to log to a bucket that is gone (aws-semantics.md 9.2).
        deleted_after: &["load_balancer"],
        stateful: true,
        retry: &[
            another_change(Step::Create),
            another_change(Step::Update),
            another_change(Step::Delete),
            // aws-semantics.md 0, IAM EC.
            Retryable::new(Step::Update, "MalformedPolicy", "principal", "IAM to know the role"),
            Retryable::new(Step::Update, "NoSuchBucket", "", "S3 to know the bucket everywhere"),
        ],
        settle: Duration::from_secs(300),
        settle_delete: Duration::from_secs(1200),
        ..Rules::DEFAULT
    };
    type Out = S3BucketOut;

    fn natural_name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn global_name(&self) -> Option<String> {
        Some(self.name.clone())
    }

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut problem = |path: &str, message: &str| {
            problems.push(FieldProblem { path: path.to_owned(), message: message.to_owned() });
        };
        let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let name = self.name.as_str();
        let fits = (3..=63).contains(&name.len())
            && name.chars().all(|c| letter(c) || c == '-' || c == '.')
            && name.starts_with(letter)
            && name.ends_with(letter);
        if !fits && !contains_placeholder(name) {
            problem("name", "a name has 3 to 63 small letters, digits, `-` and `.`");
        }
        if let Some(encryption) = &self.bucket_encryption {
            let kms = encryption.sse_algorithm.0.as_str().starts_with("aws:kms");
            if encryption.kms_master_key_id.is_some() && !kms {
                let path = "bucket_encryption.kms_master_key_id";
                problem(path, "this goes with the algorithm `aws:kms`");
            }
        }
        let mut ids = BTreeSet::new();
        for (at, rule) in self.lifecycle_configuration.iter().flatten().enumerate() {
            let path = format!("lifecycle_configuration.{at}");
            if !ids.insert(&rule.id) && !contains_placeholder(&rule.id) {
                problem(&path, "two rules have the same id");
            }
            let acts = rule.expiration.is_some()
                || rule.noncurrent_version_expiration.is_some()
                || rule.abort_incomplete_multipart_upload.is_some()
                || !rule.transitions.is_empty();
            if !acts {
                problem(&path, "a rule does something, such as `expiration = { days = 90 }`");
            }
        }
        problems
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        read::list(cx, want).await
    }

    /// Makes the bucket; its settings are left to the updates that follow, because S3 takes one
    /// change at a time.
    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let region = cx.scope.region.as_str();
        let home = region == "us-east-1";
        // There S3 answers with success for one that is there, and takes its access lists away.
        if home && read::is_there(cx, &self.name).await? {
            let message = format!("the bucket {} exists", self.name);
            return Err(Error::of_item("CreateBucket", "BucketAlreadyExists", &message));
        }
        let location = (!home).then(|| BucketLocationConstraint::from(region));
        let config = CreateBucketConfiguration::builder().set_location_constraint(location);
        let config = config.set_tags(Some(to_s3(with.tags)?)).build();
        cx.s3()
            .create_bucket()
            .bucket(&self.name)
            .create_bucket_configuration(config)
            .set_object_ownership(self.object_ownership.as_ref().map(|o| o.0.clone()))
            .send()
            .await?;
        Ok(self.name.clone())
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        if changed.has("object_ownership") {
            self.put_ownership(cx).await?;
        }
        let block = self.public_access_block_configuration.as_ref();
        if let Some(block) = block.filter(|_| changed.has("public_access_block_configuration")) {
            let call = cx.s3().put_public_access_block().bucket(&live.id);
            call.public_access_block_configuration(block.sdk()).send().await?;
        }
        if changed.has("bucket_encryption") {
            self.put_encryption(cx).await?;
        }
        let versions = self.versioning_configuration.as_ref();
        if let Some(versions) = versions.filter(|_| changed.has("versioning_configuration")) {
            let config = SdkVersioning::builder().status(versions.status.0.clone()).build();
            let call = cx.s3().put_bucket_versioning().bucket(&live.id);
            call.versioning_configuration(config).send().await?;
        }
        if changed.has("lifecycle_configuration") {
            self.put_lifecycle(cx).await?;
        }
        if changed.has("policy") {
            match self.policy.as_ref().filter(|policy| !read::is_empty(policy)) {
                Some(policy) => {
                    let call = cx.s3().put_bucket_policy().bucket(&live.id);
                    call.policy(policy.as_str()).send().await?;
                }
                None => drop(cx.s3().delete_bucket_policy().bucket(&live.id).send().await?),
            }
        }
        Ok(())
    }

    /// S3 takes the whole set of tags: what others added stays in it.
    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        let mut tags = read::tags_of(cx, &live.id).await?;
        tags.extend(set.clone());
        tags.retain(|key, _| !remove.contains(key));
        put_tags(cx, &live.id, &tags).await
    }

    async fn holds(cx: &Cx, live: &Live<Self>) -> Result<Holds> {
        Ok(Holds { data: contents::counted(cx, &live.id).await?, protected: false })
    }

    async fn unlock(cx: &Cx, live: &Live<Self>) -> Result<()> {
        let set = [(EMPTIED.to_owned(), "true".to_owned())].into();
        Self::tag(cx, live, &set, &[]).await?;
        contents::empty(cx, &live.id).await
    }

    /// Deletes the bucket. Logs that came late go as well, where what it held was allowed to go.
    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        let delete = || async {
            let call = cx.s3().delete_bucket().bucket(&live.id);
            call.send().await.map(drop).map_err(Error::from)
        };
        match delete().await {
            Err(error) if error.class == ErrorClass::InUse => {
                if !read::tags_of(cx, &live.id).await?.contains_key(EMPTIED) {
                    return Err(error);
                }
                contents::empty(cx, &live.id).await?;
                or_gone(delete().await)
            }
            other => or_gone(other),
        }
    }
}

const fn another_change(step: Step) -> Retryable {
    Retryable::new(step, "OperationAborted", "", "another change of the bucket to end")
}

fn incomplete(error: impl std::fmt::Display) -> Error {
    Error::local("s3_bucket", error.to_string())
}

fn to_s3(tags: &Tags) -> Result<Vec<Tag>> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build().map_err(incomplete);
    tags.iter().map(tag).collect()
}

async fn put_tags(cx: &Cx, bucket: &str, tags: &Tags) -> Result<()> {
    let tagging = Tagging::builder().set_tag_set(Some(to_s3(tags)?)).build().map_err(incomplete)?;
    cx.s3().put_bucket_tagging().bucket(bucket).tagging(tagging).send().await?;
    Ok(())
}

impl S3Bucket {
    async fn put_ownership(&self, cx: &Cx) -> Result<()> {
        let Some(ownership) = &self.object_ownership else { return Ok(()) };
        let rule = OwnershipControlsRule::builder().object_ownership(ownership.0.clone()).build();
        let controls = OwnershipControls::builder().rules(rule.map_err(incomplete)?).build();
        let call = cx.s3().put_bucket_ownership_controls().bucket(&self.name);
        call.ownership_controls(controls.map_err(incomplete)?).send().await?;
        Ok(())
    }

    async fn put_encryption(&self, cx: &Cx) -> Result<()> {
        let Some(encryption) = &self.bucket_encryption else { return Ok(()) };
        let default = ServerSideEncryptionByDefault::builder()
            .sse_algorithm(encryption.sse_algorithm.0.clone())
            .set_kms_master_key_id(encryption.kms_master_key_id.clone())
            .build()
            .map_err(incomplete)?;
        let rule = ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(default)
            .set_bucket_key_enabled(encryption.bucket_key_enabled)
            .build();
        let config = ServerSideEncryptionConfiguration::builder().rules(rule).build();
        let call = cx.s3().put_bucket_encryption().bucket(&self.name);
        let config = config.map_err(incomplete)?;
        call.server_side_encryption_configuration(config).send().await?;
        Ok(())
    }

    async fn put_lifecycle(&self, cx: &Cx) -> Result<()> {
        let rules = self.lifecycle_configuration.iter().flatten();
        let rules = rules.map(|rule| rule.sdk().map_err(incomplete)).collect::<Result<Vec<_>>>()?;
        if rules.is_empty() {
            cx.s3().delete_bucket_lifecycle().bucket(&self.name).send().await?;
            return Ok(());
        }
        let config = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build();
        let call = cx.s3().put_bucket_lifecycle_configuration().bucket(&self.name);
        call.lifecycle_configuration(config.map_err(incomplete)?).send().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    #[test]
    fn what_cannot_be_is_told_at_its_field() {
        let days = json!({ "days": 1 });
        let cases = [
            (json!({}), None),
            (json!({ "name": "Shop_Logs" }), Some("name")),
            (
                json!({ "bucket_encryption": { "sse_algorithm": "AES256",
                                               "kms_master_key_id": "k" } }),
                Some("bucket_encryption.kms_master_key_id"),
            ),
            (
                json!({ "lifecycle_configuration": [{ "id": "a" }] }),
                Some("lifecycle_configuration.0"),
            ),
            (
                json!({ "lifecycle_configuration": [{ "id": "a", "expiration": days },
                                                    { "id": "a", "expiration": days }] }),
                Some("lifecycle_configuration.1"),
            ),
        ];
        for (more, path) in cases {
            let mut spec = json!({ "name": "shop-logs" });
            spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let bucket: S3Bucket = serde_json::from_value::<S3Bucket>(spec).unwrap();
            let told = bucket.validate();
            assert_eq!(told.first().map(|p| p.path.as_str()), path, "{more}");
        }
    }

    #[test]
    fn a_rule_comes_back_as_it_was_sent() {
        let rule = json!({ "id": "a", "status": "Disabled", "prefix": "x/",
            "expiration": { "days": 90 },
            "noncurrent_version_expiration": { "noncurrent_days": 7 },
            "abort_incomplete_multipart_upload": { "days_after_initiation": 1 },
            "transitions": [{ "days": 30, "storage_class": "STANDARD_IA" }] });
        let rule: LifecycleRule = serde_json::from_value::<LifecycleRule>(rule).unwrap();
        assert_eq!(LifecycleRule::of(&rule.sdk().unwrap()), rule);
        let plain: Json = json!({ "id": "a", "expiration": { "days": 1 } });
        let plain: LifecycleRule = serde_json::from_value(plain).unwrap();
        assert_eq!(LifecycleRule::of(&plain.sdk().unwrap()), plain);
    }
}
