//! `data.iam_role`: a role that others own.

use crate::aws::tags::from_iam;
use crate::aws::{Cx, Error, Result, Tags};
use crate::engine::resource::DataSource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A role that others own, by its name.
///
/// ```toml
/// [data.iam_role.deployer]
/// name = "deployer"
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IamRole {
    /// Name, without path.
    pub name: String,
}

/// What AWS says.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct IamRoleOut {
    /// Name.
    pub id: String,
    /// ARN, with the path.
    pub arn: String,
    /// Id that a role made anew under the same name does not have, e.g. `AROA…`.
    pub role_id: String,
    /// Path, `/` for most.
    pub path: String,
    /// What it is for.
    pub description: Option<String>,
    /// Longest session in seconds.
    pub max_session_duration: i32,
    /// ARN of the policy that bounds what all others can grant.
    pub permissions_boundary: Option<String>,
    /// All its tags.
    pub tags: Tags,
}

impl DataSource for IamRole {
    const TYPE: &'static str = "iam_role";
    const AWS_NAME: &'static str = "AWS::IAM::Role";
    type Out = IamRoleOut;

    async fn read(&self, cx: &Cx) -> Result<Vec<Self::Out>> {
        let found = cx.iam().get_role().role_name(&self.name).send().await;
        let role = match found.map_err(Error::from) {
            Ok(found) => found.role,
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(error),
        };
        let told = role.map(|role| {
            let boundary = role.permissions_boundary.as_ref();
            IamRoleOut {
                permissions_boundary: boundary.and_then(|b| b.permissions_boundary_arn.clone()),
                tags: from_iam(role.tags()),
                id: role.role_name,
                arn: role.arn,
                role_id: role.role_id,
                path: role.path,
                description: role.description,
                // IAM's own default, where it does not say.
                max_session_duration: role.max_session_duration.unwrap_or(3600),
            }
        });
        Ok(told.into_iter().collect())
    }
}
