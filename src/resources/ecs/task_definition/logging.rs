//! Where the logs of a container go, and values that are kept elsewhere.

use super::built;
use crate::aws::{Result, Sdk};
use aws_sdk_ecs::types as sdk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

crate::sdk_enum!(
    sdk::LogDriver => "LogDriver",
    sdk::FirelensConfigurationType => "FirelensConfigurationType",
);

/// A value that is kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// Name of the environment variable, or of the log driver's option.
    pub name: String,
    /// ARN of the parameter or the secret; of a secret with `:KEY::` behind it for one key of it.
    pub value_from: String,
}

impl Secret {
    pub(super) fn sdk(&self) -> Result<sdk::Secret> {
        let secret = sdk::Secret::builder().name(&self.name).value_from(&self.value_from);
        built("secrets", secret.build())
    }

    pub(super) fn of_sdk(found: sdk::Secret) -> Self {
        Self { name: found.name, value_from: found.value_from }
    }
}

/// Where what the container writes to its outputs goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogConfiguration {
    /// Driver, e.g. `awslogs`.
    pub log_driver: Sdk<sdk::LogDriver>,
    /// Options of the driver, e.g. `awslogs-group`, `awslogs-region` and `awslogs-stream-prefix`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// Options that are secrets.
    #[schemars(extend("x-key" = ["name"]))]
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub secret_options: BTreeSet<Secret>,
}

impl LogConfiguration {
    /// Converts it for AWS; Service Connect's proxy takes one as well.
    pub(in crate::resources::ecs) fn sdk(&self) -> Result<sdk::LogConfiguration> {
        let options =
            (!self.options.is_empty()).then(|| self.options.clone().into_iter().collect());
        let secrets = self.secret_options.iter().map(Secret::sdk).collect::<Result<Vec<_>>>()?;
        let secrets = Some(secrets).filter(|all| !all.is_empty());
        let log = sdk::LogConfiguration::builder().log_driver(self.log_driver.0.clone());
        built("log_configuration", log.set_options(options).set_secret_options(secrets).build())
    }

    /// Converts it from AWS.
    pub(in crate::resources::ecs) fn of_sdk(found: sdk::LogConfiguration) -> Self {
        Self {
            log_driver: Sdk(found.log_driver),
            options: found.options.unwrap_or_default().into_iter().collect(),
            secret_options: found
                .secret_options
                .into_iter()
                .flatten()
                .map(Secret::of_sdk)
                .collect(),
        }
    }
}

/// A container that routes the logs of others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FirelensConfiguration {
    /// Program: `fluentbit` or `fluentd`.
    #[serde(rename = "type")]
    pub kind: Sdk<sdk::FirelensConfigurationType>,
    /// Options, e.g. `enable-ecs-log-metadata`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
}

impl FirelensConfiguration {
    pub(super) fn sdk(&self) -> Result<sdk::FirelensConfiguration> {
        let options =
            (!self.options.is_empty()).then(|| self.options.clone().into_iter().collect());
        let firelens = sdk::FirelensConfiguration::builder().r#type(self.kind.0.clone());
        built("firelens_configuration", firelens.set_options(options).build())
    }

    pub(super) fn of_sdk(found: sdk::FirelensConfiguration) -> Self {
        let options = found.options.unwrap_or_default().into_iter().collect();
        Self { kind: Sdk(found.r#type), options }
    }
}
