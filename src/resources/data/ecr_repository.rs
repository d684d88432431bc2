//! `data.ecr_repository`: a repository that others own.

use crate::aws::{Cx, Error, Result, Tags};
use crate::engine::resource::DataSource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A repository of container images that others own, by its name.
///
/// ```toml
/// [data.ecr_repository.base]
/// name = "base-images"
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EcrRepository {
    /// Name.
    pub name: String,
    /// Account whose registry it is in; our own when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry_id: Option<String>,
}

/// What AWS says.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct EcrRepositoryOut {
    /// Name.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Where images are pushed to and pulled from, without tag.
    pub repository_uri: String,
    /// Account whose registry it is in.
    pub registry_id: String,
    /// Whether a tag may be moved to another image.
    pub image_tag_mutability: String,
    /// Whether an image is scanned when it is pushed.
    pub scan_on_push: bool,
    /// How images are encrypted.
    pub encryption_type: String,
    /// All its tags; none of another account's repository.
    pub tags: Tags,
}

impl DataSource for EcrRepository {
    const TYPE: &'static str = "ecr_repository";
    const AWS_NAME: &'static str = "AWS::ECR::Repository";
    type Out = EcrRepositoryOut;

    async fn read(&self, cx: &Cx) -> Result<Vec<Self::Out>> {
        let call = cx.ecr().describe_repositories().repository_names(&self.name);
        let found = call.set_registry_id(self.registry_id.clone()).send().await;
        let found = match found.map_err(Error::from) {
            Ok(found) => found.repositories.unwrap_or_default(),
            Err(error) if error.is_not_found() => Vec::new(),
            Err(error) => return Err(error),
        };
        let mut all = Vec::new();
        for repository in found {
            let arn = repository.repository_arn.unwrap_or_default();
            let registry_id = repository.registry_id.unwrap_or_default();
            let tags = if registry_id == cx.account_id {
                let call = cx.ecr().list_tags_for_resource().resource_arn(&arn);
                call.send().await?.tags.unwrap_or_default()
            } else {
                Vec::new()
            };
            let scanning = repository.image_scanning_configuration;
            let mutability = repository.image_tag_mutability;
            let encryption = repository.encryption_configuration;
            all.push(EcrRepositoryOut {
                id: repository.repository_name.unwrap_or_default(),
                arn,
                repository_uri: repository.repository_uri.unwrap_or_default(),
                registry_id,
                image_tag_mutability: mutability
                    .map_or_else(|| "MUTABLE".to_owned(), |m| m.as_str().to_owned()),
                scan_on_push: scanning.is_some_and(|s| s.scan_on_push),
                encryption_type: encryption
                    .map_or_else(|| "AES256".to_owned(), |e| e.encryption_type.as_str().to_owned()),
                tags: tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
            });
        }
        Ok(all)
    }
}
