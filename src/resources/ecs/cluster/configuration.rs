//! How commands are run in the containers of a cluster, and logged.

use crate::aws::Sdk;
use aws_sdk_ecs::types::{
    ClusterConfiguration as SdkConfiguration, ExecuteCommandConfiguration as SdkExecute,
    ExecuteCommandLogConfiguration as SdkExecuteLog, ExecuteCommandLogging,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::sdk_enum!(ExecuteCommandLogging => "ExecuteCommandLogging");

/// Configuration of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterConfiguration {
    /// How commands are run in its containers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execute_command_configuration: Option<ExecuteCommandConfiguration>,
}

/// How commands are run in containers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecuteCommandConfiguration {
    /// ARN of the KMS key that encrypts what is typed and answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    /// Where sessions are logged: `NONE`, `DEFAULT` (as the task's `awslogs`), or `OVERRIDE`, as
    /// `log_configuration` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logging: Option<Sdk<ExecuteCommandLogging>>,
    /// Where sessions are logged with `OVERRIDE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_configuration: Option<ExecuteCommandLogConfiguration>,
}

/// Where sessions are logged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecuteCommandLogConfiguration {
    /// Log group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud_watch_log_group_name: Option<String>,
    /// Whether the log group must be encrypted.
    #[serde(default)]
    pub cloud_watch_encryption_enabled: bool,
    /// Bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3_bucket_name: Option<String>,
    /// Whether the bucket must be encrypted.
    #[serde(default)]
    pub s3_encryption_enabled: bool,
    /// Start of the objects' keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3_key_prefix: Option<String>,
}

impl ClusterConfiguration {
    /// Converts it for AWS.
    pub(super) fn sdk(&self) -> SdkConfiguration {
        let execute = self.execute_command_configuration.as_ref().map(|execute| {
            let log = execute.log_configuration.as_ref().map(|log| {
                SdkExecuteLog::builder()
                    .set_cloud_watch_log_group_name(log.cloud_watch_log_group_name.clone())
                    .cloud_watch_encryption_enabled(log.cloud_watch_encryption_enabled)
                    .set_s3_bucket_name(log.s3_bucket_name.clone())
                    .s3_encryption_enabled(log.s3_encryption_enabled)
                    .set_s3_key_prefix(log.s3_key_prefix.clone())
                    .build()
            });
            SdkExecute::builder()
                .set_kms_key_id(execute.kms_key_id.clone())
                .set_logging(execute.logging.as_ref().map(|logging| logging.0.clone()))
                .set_log_configuration(log)
                .build()
        });
        SdkConfiguration::builder().set_execute_command_configuration(execute).build()
    }

    /// Converts it from AWS.
    pub(super) fn of_sdk(found: SdkConfiguration) -> Self {
        let execute = found.execute_command_configuration.map(|execute| {
            let log = execute.log_configuration.map(|log| ExecuteCommandLogConfiguration {
                cloud_watch_log_group_name: log.cloud_watch_log_group_name,
                cloud_watch_encryption_enabled: log.cloud_watch_encryption_enabled,
                s3_bucket_name: log.s3_bucket_name,
                s3_encryption_enabled: log.s3_encryption_enabled,
                s3_key_prefix: log.s3_key_prefix,
            });
            ExecuteCommandConfiguration {
                kms_key_id: execute.kms_key_id,
                logging: execute.logging.map(Sdk),
                log_configuration: log,
            }
        });
        Self { execute_command_configuration: execute }
    }
}
