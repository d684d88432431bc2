//! Settings of a whole task.

use super::built;
use crate::aws::{Result, Sdk};
use crate::stack::value::contains_placeholder;
use aws_sdk_ecs::types as sdk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

crate::sdk_enum!(
    sdk::CpuArchitecture => "CPUArchitecture",
    sdk::OsFamily => "OSFamily",
    sdk::ProxyConfigurationType => "ProxyConfigurationType",
    sdk::TaskDefinitionPlacementConstraintType => "TaskDefinitionPlacementConstraintType",
);

/// Architecture and system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuntimePlatform {
    /// `X86_64` or `ARM64`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_architecture: Option<Sdk<sdk::CpuArchitecture>>,
    /// System, e.g. `LINUX`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operating_system_family: Option<Sdk<sdk::OsFamily>>,
}

impl RuntimePlatform {
    /// Takes over what is not said.
    pub(super) fn keep(&mut self, now: &Self) {
        if self.cpu_architecture.is_none() {
            self.cpu_architecture.clone_from(&now.cpu_architecture);
        }
        if self.operating_system_family.is_none() {
            self.operating_system_family.clone_from(&now.operating_system_family);
        }
    }

    pub(super) fn sdk(&self) -> sdk::RuntimePlatform {
        sdk::RuntimePlatform::builder()
            .set_cpu_architecture(self.cpu_architecture.as_ref().map(|a| a.0.clone()))
            .set_operating_system_family(self.operating_system_family.as_ref().map(|f| f.0.clone()))
            .build()
    }

    pub(super) fn of_sdk(found: sdk::RuntimePlatform) -> Self {
        Self {
            cpu_architecture: found.cpu_architecture.map(Sdk),
            operating_system_family: found.operating_system_family.map(Sdk),
        }
    }
}

/// A rule for the instances a task may stand on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskPlacementConstraint {
    /// Kind: `memberOf`.
    #[serde(rename = "type", default = "member_of")]
    pub kind: Sdk<sdk::TaskDefinitionPlacementConstraintType>,
    /// Expression in the cluster query language, e.g. `attribute:ecs.instance-type =~ m7.*`.
    pub expression: String,
}

fn member_of() -> Sdk<sdk::TaskDefinitionPlacementConstraintType> {
    Sdk(sdk::TaskDefinitionPlacementConstraintType::MemberOf)
}

impl TaskPlacementConstraint {
    pub(super) fn sdk(&self) -> sdk::TaskDefinitionPlacementConstraint {
        let constraint = sdk::TaskDefinitionPlacementConstraint::builder();
        constraint.r#type(self.kind.0.clone()).expression(&self.expression).build()
    }

    pub(super) fn of_sdk(found: sdk::TaskDefinitionPlacementConstraint) -> Self {
        Self {
            kind: found.r#type.map_or_else(member_of, Sdk),
            expression: found.expression.unwrap_or_default(),
        }
    }
}

/// Disk space on Fargate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EphemeralStorage {
    /// GiB, 21 to 200.
    #[schemars(range(min = 21, max = 200))]
    pub size_in_gib: i32,
}

impl EphemeralStorage {
    pub(super) fn sdk(&self) -> sdk::EphemeralStorage {
        sdk::EphemeralStorage::builder().size_in_gib(self.size_in_gib).build()
    }

    pub(super) fn of_sdk(found: sdk::EphemeralStorage) -> Self {
        Self { size_in_gib: found.size_in_gib }
    }
}

/// The proxy of App Mesh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProxyConfiguration {
    /// Kind: `APPMESH`.
    #[serde(rename = "type", default = "app_mesh")]
    pub kind: Sdk<sdk::ProxyConfigurationType>,
    /// Container that is the proxy.
    pub container_name: String,
    /// Its settings, e.g. `ProxyIngressPort`.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
}

fn app_mesh() -> Sdk<sdk::ProxyConfigurationType> {
    Sdk(sdk::ProxyConfigurationType::Appmesh)
}

impl ProxyConfiguration {
    pub(super) fn sdk(&self) -> Result<sdk::ProxyConfiguration> {
        let property = |(name, value): (&String, &String)| {
            sdk::KeyValuePair::builder().name(name).value(value).build()
        };
        let proxy = sdk::ProxyConfiguration::builder()
            .r#type(self.kind.0.clone())
            .container_name(&self.container_name)
            .set_properties(Some(self.properties.iter().map(property).collect()));
        built("proxy_configuration", proxy.build())
    }

    pub(super) fn of_sdk(found: sdk::ProxyConfiguration) -> Self {
        let pair = |pair: sdk::KeyValuePair| Some((pair.name?, pair.value.unwrap_or_default()));
        Self {
            kind: found.r#type.map_or_else(app_mesh, Sdk),
            container_name: found.container_name,
            properties: found.properties.into_iter().flatten().filter_map(pair).collect(),
        }
    }
}

/// Writes an amount as AWS keeps it: `.25 vCPU` and `256` are the same, `1 GB` and `1024` too. What
/// is no amount stays as it is.
pub(super) fn units(text: &str, large: &str) -> String {
    if contains_placeholder(text) {
        return text.to_owned();
    }
    let lower = text.trim().to_ascii_lowercase();
    let thousandths = match lower.strip_suffix(large) {
        // Of decimals AWS takes up to three places, and none has more than a float keeps.
        Some(number) => number.trim().parse::<f64>().ok().map(|number| number * 1024.0),
        None => None,
    };
    match thousandths {
        Some(units) if units >= 0.0 => format!("{units:.0}"),
        _ => lower.parse::<u64>().map_or_else(|_| text.to_owned(), |units| units.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::units;

    #[test]
    fn amounts_are_written_in_one_way() {
        for (text, expected) in [
            ("256", "256"),
            ("0256", "256"),
            (".25 vCPU", "256"),
            ("1vcpu", "1024"),
            ("0.5 VCPU", "512"),
            ("many", "many"),
        ] {
            assert_eq!(units(text, "vcpu"), expected);
        }
        assert_eq!(units("1.5 GB", "gb"), "1536");
    }
}
