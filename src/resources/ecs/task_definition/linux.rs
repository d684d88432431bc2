//! What Linux gives or denies a container.

use super::built;
use crate::aws::{Result, Sdk};
use aws_sdk_ecs::types as sdk;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

crate::sdk_enum!(sdk::DeviceCgroupPermission => "DeviceCgroupPermission");

/// What Linux gives or denies a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinuxParameters {
    /// Capabilities beyond and short of Docker's own list.
    #[serde(default, skip_serializing_if = "KernelCapabilities::is_empty")]
    pub capabilities: KernelCapabilities,
    /// Devices of the instance.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub devices: BTreeSet<Device>,
    /// Whether a small init process passes signals on and buries what is left of others.
    #[serde(default, skip_serializing_if = "is_false")]
    pub init_process_enabled: bool,
    /// Size of `/dev/shm` in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_memory_size: Option<i32>,
    /// File systems in memory. Their order does not matter.
    #[schemars(extend("x-key" = ["container_path"]))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tmpfs: Vec<Tmpfs>,
    /// Swap space in MiB, beyond what `memory` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_swap: Option<i32>,
    /// How readily memory is swapped out, 0 to 100, with `max_swap`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub swappiness: Option<i32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(super) fn is_false(value: &bool) -> bool {
    !value
}

/// Capabilities of the kernel, e.g. `NET_BIND_SERVICE`, or `ALL`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KernelCapabilities {
    /// Those given beyond Docker's own list.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub add: BTreeSet<String>,
    /// Those taken from it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub drop: BTreeSet<String>,
}

impl KernelCapabilities {
    fn is_empty(&self) -> bool {
        self.add.is_empty() && self.drop.is_empty()
    }
}

/// A device of the instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Path on the instance.
    pub host_path: String,
    /// Path in the container; the same when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_path: Option<String>,
    /// What the container may do: `read`, `write`, `mknod`; all when left out.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub permissions: BTreeSet<Sdk<sdk::DeviceCgroupPermission>>,
}

/// A file system in memory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tmpfs {
    /// Path in the container.
    pub container_path: String,
    /// Size in MiB.
    pub size: i32,
    /// Options of the mount, e.g. `noexec`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub mount_options: BTreeSet<String>,
}

fn given<T: Clone>(set: &BTreeSet<T>) -> Option<Vec<T>> {
    (!set.is_empty()).then(|| set.iter().cloned().collect())
}

impl LinuxParameters {
    pub(super) fn sdk(&self) -> Result<sdk::LinuxParameters> {
        let capabilities = (!self.capabilities.is_empty()).then(|| {
            sdk::KernelCapabilities::builder()
                .set_add(given(&self.capabilities.add))
                .set_drop(given(&self.capabilities.drop))
                .build()
        });
        let device = |device: &Device| {
            let permissions: Vec<_> = device.permissions.iter().map(|p| p.0.clone()).collect();
            let built_device = sdk::Device::builder()
                .host_path(&device.host_path)
                .set_container_path(device.container_path.clone())
                .set_permissions(Some(permissions).filter(|p| !p.is_empty()))
                .build();
            built("linux_parameters.devices", built_device)
        };
        let tmpfs = |tmpfs: &Tmpfs| {
            let built_tmpfs = sdk::Tmpfs::builder()
                .container_path(&tmpfs.container_path)
                .size(tmpfs.size)
                .set_mount_options(given(&tmpfs.mount_options))
                .build();
            built("linux_parameters.tmpfs", built_tmpfs)
        };
        let devices = self.devices.iter().map(device).collect::<Result<Vec<_>>>()?;
        let tmpfs = self.tmpfs.iter().map(tmpfs).collect::<Result<Vec<_>>>()?;
        Ok(sdk::LinuxParameters::builder()
            .set_capabilities(capabilities)
            .set_devices(Some(devices).filter(|devices| !devices.is_empty()))
            .set_init_process_enabled(self.init_process_enabled.then_some(true))
            .set_shared_memory_size(self.shared_memory_size)
            .set_tmpfs(Some(tmpfs).filter(|tmpfs| !tmpfs.is_empty()))
            .set_max_swap(self.max_swap)
            .set_swappiness(self.swappiness)
            .build())
    }

    pub(super) fn of_sdk(found: sdk::LinuxParameters) -> Self {
        let capabilities = found.capabilities;
        let (add, drop) = capabilities.map(|c| (c.add, c.drop)).unwrap_or_default();
        let device = |device: sdk::Device| Device {
            host_path: device.host_path,
            container_path: device.container_path,
            permissions: device.permissions.unwrap_or_default().into_iter().map(Sdk).collect(),
        };
        let tmpfs = |tmpfs: sdk::Tmpfs| Tmpfs {
            container_path: tmpfs.container_path,
            size: tmpfs.size,
            mount_options: tmpfs.mount_options.unwrap_or_default().into_iter().collect(),
        };
        Self {
            capabilities: KernelCapabilities {
                add: add.unwrap_or_default().into_iter().collect(),
                drop: drop.unwrap_or_default().into_iter().collect(),
            },
            devices: found.devices.unwrap_or_default().into_iter().map(device).collect(),
            init_process_enabled: found.init_process_enabled.unwrap_or(false),
            shared_memory_size: found.shared_memory_size,
            tmpfs: found.tmpfs.unwrap_or_default().into_iter().map(tmpfs).collect(),
            max_swap: found.max_swap,
            swappiness: found.swappiness,
        }
    }
}
