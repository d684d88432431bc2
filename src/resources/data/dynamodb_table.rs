//! `data.dynamodb_table`: a table that others own.

use crate::aws::{Cx, Error, Result, Tags};
use crate::engine::resource::DataSource;
use crate::resources::dynamodb::read::tags_of;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A table that others own, by its name.
///
/// ```toml
/// [data.dynamodb_table.prices]
/// name = "prices"
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DynamodbTable {
    /// Name.
    pub name: String,
}

/// What AWS says.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct DynamodbTableOut {
    /// Name.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Id that a table made anew under the same name does not have.
    pub table_id: String,
    /// Hash key.
    pub hash_key: String,
    /// Range key, when it has one.
    pub range_key: Option<String>,
    /// `PROVISIONED` or `PAY_PER_REQUEST`.
    pub billing_mode: String,
    /// Names of its global indexes.
    pub global_secondary_index_names: Vec<String>,
    /// ARN of the latest stream, when there was one.
    pub latest_stream_arn: Option<String>,
    /// All its tags.
    pub tags: Tags,
}

impl DataSource for DynamodbTable {
    const TYPE: &'static str = "dynamodb_table";
    const AWS_NAME: &'static str = "AWS::DynamoDB::Table";
    type Out = DynamodbTableOut;

    async fn read(&self, cx: &Cx) -> Result<Vec<Self::Out>> {
        let found = cx.dynamodb().describe_table().table_name(&self.name).send().await;
        let table = match found.map_err(Error::from) {
            Ok(found) => found.table,
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(error),
        };
        let Some(table) = table else { return Ok(Vec::new()) };
        let mut keys = table.key_schema().iter().map(|key| key.attribute_name().to_owned());
        let (hash_key, range_key) = (keys.next().unwrap_or_default(), keys.next());
        let arn = table.table_arn.clone().unwrap_or_default();
        let tags = tags_of(cx, &arn).await?;
        let mode = table.billing_mode_summary.as_ref().and_then(|s| s.billing_mode.as_ref());
        let indexes = table.global_secondary_indexes().iter();
        Ok(vec![DynamodbTableOut {
            id: self.name.clone(),
            arn,
            table_id: table.table_id.clone().unwrap_or_default(),
            hash_key,
            range_key,
            billing_mode: mode.map_or_else(|| "PROVISIONED".to_owned(), |m| m.as_str().to_owned()),
            global_secondary_index_names: indexes.filter_map(|i| i.index_name.clone()).collect(),
            latest_stream_arn: table.latest_stream_arn.clone(),
            tags,
        }])
    }
}
