//! Instance types: what instances of the general families have, by AWS's pages.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::super::{Answer, Call, Input, Members};
use super::describe::{Filters, Page};
use super::{View, rules};
use crate::state::Account;

/// What an instance of a type has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InstanceType {
    /// Such as `m6g.large`.
    pub(crate) name: String,
    pub(crate) vcpus: u32,
    pub(crate) memory_mib: u32,
    /// How many network interfaces it takes, its own among them.
    pub(crate) interfaces: u32,
    /// How many interfaces a trunk adds; none where the type cannot have a trunk.
    pub(crate) trunk_interfaces: Option<u32>,
    /// `x86_64` or `arm64`.
    pub(crate) architecture: &'static str,
}

impl InstanceType {
    /// Tells how many tasks with an interface of their own it takes (ECS developer guide,
    /// "Supported instances for increased Amazon ECS container network interfaces"): a trunk takes
    /// one interface itself.
    pub(crate) fn task_interfaces(&self, trunk: bool) -> u32 {
        match self.trunk_interfaces {
            Some(more) if trunk => self.interfaces - 2 + more,
            _ => self.interfaces - 1,
        }
    }
}

/// A family of fixed shape: its name, architecture, GiB of memory for each vCPU, and sizes.
struct Family(&'static str, &'static str, u32, &'static [Size]);

/// A size: its name, vCPUs, network interfaces and interfaces that a trunk adds.
struct Size(&'static str, u32, u32, u32);

const MEDIUM: Size = Size("medium", 1, 2, 4);
const LARGE: Size = Size("large", 2, 3, 9);
const XLARGE: Size = Size("xlarge", 4, 4, 18);
const TWO: Size = Size("2xlarge", 8, 4, 38);
const FOUR: Size = Size("4xlarge", 16, 8, 54);
const EIGHT: Size = Size("8xlarge", 32, 8, 54);
const TWELVE: Size = Size("12xlarge", 48, 8, 54);
const SIXTEEN: Size = Size("16xlarge", 64, 15, 107);
const TWENTY_FOUR: Size = Size("24xlarge", 96, 15, 107);

const FROM_LARGE: &[Size] = &[LARGE, XLARGE, TWO, FOUR, EIGHT, TWELVE, SIXTEEN, TWENTY_FOUR];
const GRAVITON: &[Size] = &[MEDIUM, LARGE, XLARGE, TWO, FOUR, EIGHT, TWELVE, SIXTEEN];
const C5: &[Size] = &[
    LARGE,
    XLARGE,
    TWO,
    FOUR,
    Size("9xlarge", 36, 8, 54),
    TWELVE,
    Size("18xlarge", 72, 15, 107),
    TWENTY_FOUR,
];

/// The families whose memory goes with their vCPUs (<https://aws.amazon.com/ec2/instance-types/>).
static FAMILIES: &[Family] = &[
    Family("m5", "x86_64", 4, FROM_LARGE),
    Family("m5a", "x86_64", 4, FROM_LARGE),
    Family("m6i", "x86_64", 4, FROM_LARGE),
    Family("m6a", "x86_64", 4, FROM_LARGE),
    Family("m6g", "arm64", 4, GRAVITON),
    Family("m7i", "x86_64", 4, FROM_LARGE),
    Family("m7a", "x86_64", 4, FROM_LARGE),
    Family("m7g", "arm64", 4, GRAVITON),
    Family("c5", "x86_64", 2, C5),
    Family("c5a", "x86_64", 2, FROM_LARGE),
    Family("c6i", "x86_64", 2, FROM_LARGE),
    Family("c6a", "x86_64", 2, FROM_LARGE),
    Family("c6g", "arm64", 2, GRAVITON),
    Family("c7i", "x86_64", 2, FROM_LARGE),
    Family("c7a", "x86_64", 2, FROM_LARGE),
    Family("c7g", "arm64", 2, GRAVITON),
    Family("r5", "x86_64", 8, FROM_LARGE),
    Family("r5a", "x86_64", 8, FROM_LARGE),
    Family("r6i", "x86_64", 8, FROM_LARGE),
    Family("r6a", "x86_64", 8, FROM_LARGE),
    Family("r6g", "arm64", 8, GRAVITON),
    Family("r7i", "x86_64", 8, FROM_LARGE),
    Family("r7a", "x86_64", 8, FROM_LARGE),
    Family("r7g", "arm64", 8, GRAVITON),
];

/// The burstable families, which have no trunks: name, vCPUs, MiB, interfaces, architecture.
static BURSTABLE: &[(&str, u32, u32, u32, &str)] = &[
    ("t3.nano", 2, 512, 2, "x86_64"),
    ("t3.micro", 2, 1024, 2, "x86_64"),
    ("t3.small", 2, 2048, 3, "x86_64"),
    ("t3.medium", 2, 4096, 3, "x86_64"),
    ("t3.large", 2, 8192, 3, "x86_64"),
    ("t3.xlarge", 4, 16384, 4, "x86_64"),
    ("t3.2xlarge", 8, 32768, 4, "x86_64"),
    ("t3a.nano", 2, 512, 2, "x86_64"),
    ("t3a.micro", 2, 1024, 2, "x86_64"),
    ("t3a.small", 2, 2048, 2, "x86_64"),
    ("t3a.medium", 2, 4096, 3, "x86_64"),
    ("t3a.large", 2, 8192, 3, "x86_64"),
    ("t3a.xlarge", 4, 16384, 4, "x86_64"),
    ("t3a.2xlarge", 8, 32768, 4, "x86_64"),
    ("t4g.nano", 2, 512, 2, "arm64"),
    ("t4g.micro", 2, 1024, 2, "arm64"),
    ("t4g.small", 2, 2048, 3, "arm64"),
    ("t4g.medium", 2, 4096, 3, "arm64"),
    ("t4g.large", 2, 8192, 3, "arm64"),
    ("t4g.xlarge", 4, 16384, 4, "arm64"),
    ("t4g.2xlarge", 8, 32768, 4, "arm64"),
];

static TYPES: LazyLock<Vec<InstanceType>> = LazyLock::new(|| {
    let burstable =
        BURSTABLE.iter().map(|(name, vcpus, memory_mib, interfaces, architecture)| InstanceType {
            name: (*name).to_owned(),
            vcpus: *vcpus,
            memory_mib: *memory_mib,
            interfaces: *interfaces,
            trunk_interfaces: None,
            architecture,
        });
    let fixed = FAMILIES.iter().flat_map(|Family(family, architecture, gib, sizes)| {
        sizes.iter().map(move |Size(size, vcpus, interfaces, trunk)| InstanceType {
            name: format!("{family}.{size}"),
            vcpus: *vcpus,
            memory_mib: vcpus * gib * 1024,
            interfaces: *interfaces,
            trunk_interfaces: Some(*trunk),
            architecture,
        })
    });
    let mut types: Vec<InstanceType> = burstable.chain(fixed).collect();
    types.sort_by(|left, right| left.name.cmp(&right.name));
    types
});

/// Returns a type by its name.
pub(crate) fn find(name: &str) -> Option<&'static InstanceType> {
    TYPES.iter().find(|known| known.name == name)
}

/// DescribeInstanceTypes.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    let wanted = input.texts("InstanceTypes");
    let unknown: Vec<&str> = wanted.iter().copied().filter(|name| find(name).is_none()).collect();
    if !unknown.is_empty() {
        return Err(rules::INSTANCE_TYPE_UNKNOWN.refuse(&[&unknown.join(", ")]));
    }
    let page = Page::of(view, input, 100)?;
    let names = [
        "burstable-performance-supported",
        "current-generation",
        "instance-type",
        "memory-info.size-in-mib",
        "network-info.maximum-network-interfaces",
        "processor-info.supported-architecture",
        "vcpu-info.default-vcpus",
    ];
    let filters = Filters::read(view, input, &names)?;
    let found = TYPES.iter().filter(|known| {
        (wanted.is_empty() || wanted.contains(&known.name.as_str()))
            && filters.accept_fields(|name| field(known, name))
    });
    let (found, next) = page.cut(found.map(|known| (known.name.clone(), show(known))));
    let shown: Vec<Value> = found.into_iter().map(|(_, shown)| shown).collect();
    Ok(json!({ "InstanceTypes": shown, "NextToken": next }))
}

fn field(known: &InstanceType, name: &str) -> Vec<String> {
    let value = match name {
        "burstable-performance-supported" => known.name.starts_with('t').to_string(),
        "current-generation" => "true".to_owned(),
        "instance-type" => known.name.clone(),
        "memory-info.size-in-mib" => known.memory_mib.to_string(),
        "network-info.maximum-network-interfaces" => known.interfaces.to_string(),
        "processor-info.supported-architecture" => known.architecture.to_owned(),
        "vcpu-info.default-vcpus" => known.vcpus.to_string(),
        _ => return Vec::new(),
    };
    vec![value]
}

fn show(known: &InstanceType) -> Value {
    json!({
        "InstanceType": known.name,
        "CurrentGeneration": true,
        "BareMetal": false,
        "Hypervisor": "nitro",
        "SupportedUsageClasses": ["on-demand", "spot"],
        "SupportedRootDeviceTypes": ["ebs"],
        "SupportedVirtualizationTypes": ["hvm"],
        "ProcessorInfo": { "SupportedArchitectures": [known.architecture] },
        "VCpuInfo": { "DefaultVCpus": known.vcpus },
        "MemoryInfo": { "SizeInMiB": known.memory_mib },
        "InstanceStorageSupported": false,
        "NetworkInfo": {
            "MaximumNetworkInterfaces": known.interfaces,
            "MaximumNetworkCards": 1,
            "DefaultNetworkCardIndex": 0,
            "Ipv6Supported": true,
            "EnaSupport": "required",
        },
        "BurstablePerformanceSupported": known.name.starts_with('t'),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_awss_pages() {
        let micro = find("t3.micro").unwrap();
        assert_eq!((micro.vcpus, micro.memory_mib, micro.interfaces), (2, 1024, 2));
        assert_eq!((micro.task_interfaces(false), micro.task_interfaces(true)), (1, 1));
        let large = find("m5.large").unwrap();
        assert_eq!((large.vcpus, large.memory_mib), (2, 8192));
        assert_eq!((large.task_interfaces(false), large.task_interfaces(true)), (2, 10));
        let graviton = find("r7g.2xlarge").unwrap();
        assert_eq!((graviton.architecture, graviton.memory_mib), ("arm64", 65536));
        assert_eq!(graviton.task_interfaces(true), 40);
        assert!(find("t9.huge").is_none());
    }
}
