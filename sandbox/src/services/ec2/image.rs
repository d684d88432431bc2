//! Images: the few of Amazon's own that clusters run on, with ids that are stable in each region.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::{Answer, Call, Input, Members};
use super::describe::{Filters, Page};
use super::ids::well_formed;
use super::{View, rules};
use crate::state::Account;

/// The account that owns Amazon's images.
const AMAZON: &str = "137112412989";
/// The account that owns the ECS-optimised images.
const ECS: &str = "591542846629";

/// One image in every region.
#[derive(Debug)]
struct Kind {
    name: &'static str,
    owner: &'static str,
    description: &'static str,
    architecture: &'static str,
    created: &'static str,
    /// Whether instances of it run the ECS agent.
    agent: bool,
    /// The size of its root volume in GiB.
    gib: u32,
}

static KINDS: &[Kind] = &[
    Kind {
        name: "al2023-ami-ecs-hvm-2023.0.20250610-kernel-6.1-x86_64",
        owner: ECS,
        description: "Amazon Linux AMI 2023.0.20250610 x86_64 ECS HVM EBS",
        architecture: "x86_64",
        created: "2025-06-11T17:40:12.000Z",
        agent: true,
        gib: 30,
    },
    Kind {
        name: "al2023-ami-ecs-hvm-2023.0.20250910-kernel-6.1-x86_64",
        owner: ECS,
        description: "Amazon Linux AMI 2023.0.20250910 x86_64 ECS HVM EBS",
        architecture: "x86_64",
        created: "2025-09-11T18:02:31.000Z",
        agent: true,
        gib: 30,
    },
    Kind {
        name: "al2023-ami-ecs-hvm-2023.0.20250610-kernel-6.1-arm64",
        owner: ECS,
        description: "Amazon Linux AMI 2023.0.20250610 arm64 ECS HVM EBS",
        architecture: "arm64",
        created: "2025-06-11T17:41:40.000Z",
        agent: true,
        gib: 30,
    },
    Kind {
        name: "al2023-ami-ecs-hvm-2023.0.20250910-kernel-6.1-arm64",
        owner: ECS,
        description: "Amazon Linux AMI 2023.0.20250910 arm64 ECS HVM EBS",
        architecture: "arm64",
        created: "2025-09-11T18:03:09.000Z",
        agent: true,
        gib: 30,
    },
    Kind {
        name: "al2023-ami-2023.8.20250908.0-kernel-6.1-x86_64",
        owner: AMAZON,
        description: "Amazon Linux 2023 AMI 2023.8.20250908.0 x86_64 HVM kernel-6.1",
        architecture: "x86_64",
        created: "2025-09-08T21:15:44.000Z",
        agent: false,
        gib: 8,
    },
    Kind {
        name: "al2023-ami-2023.8.20250908.0-kernel-6.1-arm64",
        owner: AMAZON,
        description: "Amazon Linux 2023 AMI 2023.8.20250908.0 arm64 HVM kernel-6.1",
        architecture: "arm64",
        created: "2025-09-08T21:16:20.000Z",
        agent: false,
        gib: 8,
    },
];

/// An image of a region.
#[derive(Debug)]
pub(crate) struct Image {
    /// Its id, such as `ami-0123456789abcdef0`.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: &'static str,
    /// `x86_64` or `arm64`.
    pub(crate) architecture: &'static str,
    /// Whether instances of it run the ECS agent.
    pub(crate) agent: bool,
    kind: &'static Kind,
}

/// Returns the images of a region.
pub(crate) fn of_region(region: &str) -> impl Iterator<Item = Image> {
    let region = region.to_owned();
    KINDS.iter().map(move |kind| {
        let digest = Sha256::digest(format!("{region} {}", kind.name));
        let digits: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Image {
            id: format!("ami-0{digits}"),
            name: kind.name,
            architecture: kind.architecture,
            agent: kind.agent,
            kind,
        }
    })
}

/// Returns an image of a region by its id.
pub(crate) fn find(region: &str, id: &str) -> Option<Image> {
    of_region(region).find(|image| image.id == id)
}

/// Returns the newest ECS-optimised Amazon Linux 2023 image of a region for an architecture.
pub(crate) fn ecs_optimized(region: &str, architecture: &str) -> Option<Image> {
    let fitting = of_region(region).filter(|it| it.agent && it.architecture == architecture);
    fitting.max_by_key(|image| image.kind.created)
}

/// DescribeImages.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    let wanted = input.texts("ImageIds");
    for id in &wanted {
        if !well_formed("ami", id) {
            return Err(rules::IMAGE_MALFORMED.refuse(&[id]));
        }
        if find(&call.region, id).is_none() {
            return Err(rules::IMAGE_NOT_FOUND.refuse(&[id]));
        }
    }
    let page = Page::of(view, input, 1000)?;
    let names = [
        "architecture",
        "creation-date",
        "description",
        "image-id",
        "image-type",
        "is-public",
        "name",
        "owner-alias",
        "owner-id",
        "platform-details",
        "root-device-type",
        "state",
        "tag-key",
        "virtualization-type",
    ];
    let filters = Filters::read(view, input, &names)?;
    let owners = input.texts("Owners");
    let owned = |image: &Image| {
        owners.is_empty()
            || owners.iter().any(|owner| *owner == "amazon" || *owner == image.kind.owner)
    };
    let found = of_region(&call.region).filter(|image| {
        (wanted.is_empty() || wanted.contains(&image.id.as_str()))
            && owned(image)
            && filters.accept(view, &image.id, |name| field(image, name))
    });
    let mut found: Vec<(String, Value)> = found.map(|it| (it.id.clone(), show(&it))).collect();
    found.sort_by(|(left, _), (right, _)| left.cmp(right));
    let (found, next) = page.cut(found.into_iter());
    let shown: Vec<Value> = found.into_iter().map(|(_, shown)| shown).collect();
    Ok(json!({ "Images": shown, "NextToken": next }))
}

fn field(image: &Image, name: &str) -> Vec<String> {
    let value = match name {
        "architecture" => image.architecture,
        "creation-date" => image.kind.created,
        "description" => image.kind.description,
        "image-type" => "machine",
        "is-public" => "true",
        "name" => image.name,
        "owner-alias" => "amazon",
        "owner-id" => image.kind.owner,
        "platform-details" => "Linux/UNIX",
        "root-device-type" => "ebs",
        "state" => "available",
        "virtualization-type" => "hvm",
        _ => &image.id,
    };
    vec![value.to_owned()]
}

fn show(image: &Image) -> Value {
    let kind = image.kind;
    json!({
        "ImageId": image.id,
        "Name": kind.name,
        "Description": kind.description,
        "Architecture": kind.architecture,
        "CreationDate": kind.created,
        "OwnerId": kind.owner,
        "ImageOwnerAlias": "amazon",
        "ImageLocation": format!("amazon/{}", kind.name),
        "ImageType": "machine",
        "Public": true,
        "State": "available",
        "PlatformDetails": "Linux/UNIX",
        "UsageOperation": "RunInstances",
        "EnaSupport": true,
        "Hypervisor": "xen",
        "VirtualizationType": "hvm",
        "RootDeviceName": "/dev/xvda",
        "RootDeviceType": "ebs",
        "BootMode": if kind.architecture == "arm64" { "uefi" } else { "uefi-preferred" },
        "ImdsSupport": "v2.0",
        "BlockDeviceMappings": [{
            "DeviceName": "/dev/xvda",
            "Ebs": {
                "DeleteOnTermination": true,
                "Encrypted": false,
                "VolumeSize": kind.gib,
                "VolumeType": "gp3",
            },
        }],
    })
}
