//! `data.ssm_parameter`: a parameter that others own, AWS's public ones among them.

use crate::aws::{Cx, Error, Result};
use crate::engine::resource::DataSource;
use crate::stack::schema::sensitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A parameter that others own, by its name; AWS's public ones tell the newest images.
///
/// The stack decides whether it follows: with `image_id` of a launch template set to this value, a
/// plan shows a newer image as a difference, and `apply` rolls the instances; with an image written
/// out, a newer one changes nothing. A version after the name (`:42`) stays with one value.
///
/// ```toml
/// [data.ssm_parameter.ecs_image]
/// name = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SsmParameter {
    /// Name or ARN; with `:` and a number, that version of it.
    pub name: String,
    /// Whether the value of a `SecureString` is read, as `secure_value`; false when left out. It
    /// needs the right to decrypt.
    #[serde(default)]
    pub with_decryption: bool,
}

/// What AWS says.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct SsmParameterOut {
    /// Name.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Type: `String`, `StringList` or `SecureString`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Value of a `String` or `StringList`.
    pub value: Option<String>,
    /// Value of a `SecureString` that is decrypted; never shown.
    #[schemars(transform = sensitive)]
    pub secure_value: Option<String>,
    /// Counts its values.
    pub version: i64,
    /// What the value is: `text` or `aws:ec2:image`.
    pub data_type: Option<String>,
}

impl DataSource for SsmParameter {
    const TYPE: &'static str = "ssm_parameter";
    const AWS_NAME: &'static str = "AWS::SSM::Parameter";
    type Out = SsmParameterOut;

    async fn read(&self, cx: &Cx) -> Result<Vec<Self::Out>> {
        let call = cx.ssm().get_parameter().name(&self.name).with_decryption(self.with_decryption);
        let found = match call.send().await.map_err(Error::from) {
            Ok(answer) => answer.parameter,
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(error),
        };
        let told = found.map(|found| {
            let kind = found.r#type.map(|kind| kind.as_str().to_owned()).unwrap_or_default();
            let secure = kind == "SecureString";
            // Without decryption AWS gives what it stores, which helps nobody.
            let (value, secure_value) = match (secure, self.with_decryption) {
                (false, _) => (found.value, None),
                (true, true) => (None, found.value),
                (true, false) => (None, None),
            };
            SsmParameterOut {
                id: found.name.unwrap_or_default(),
                arn: found.arn.unwrap_or_default(),
                kind,
                value,
                secure_value,
                version: found.version,
                data_type: found.data_type,
            }
        });
        Ok(told.into_iter().collect())
    }
}
