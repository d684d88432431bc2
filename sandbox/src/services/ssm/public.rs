//! AWS's public parameters: the newest ECS-optimised images of Amazon Linux 2023.
//!
//! Source: Amazon ECS developer guide, "Retrieving Amazon ECS-optimized Linux AMI metadata".

use serde_json::{Value, json};

use crate::services::Call;
use crate::services::ec2::image::{self, Image};

const ROOT: &str = "/aws/service/ecs/optimized-ami/amazon-linux-2023";
const AGENT: &str = "1.98.0";
const DOCKER: &str = "25.0.8";

/// A parameter of AWS's own.
#[derive(Debug)]
pub(super) struct Public {
    pub(super) name: String,
    pub(super) value: String,
    version: i64,
}

impl Public {
    /// Writes it as GetParameter does: its ARN names no account.
    pub(super) fn shown(&self, call: &Call) -> Value {
        let arn = format!("arn:{}:ssm:{}::parameter{}", call.partition, call.region, self.name);
        json!({
            "Name": self.name, "Type": "String", "Value": self.value, "Version": self.version,
            "LastModifiedDate": "2025-09-12T00:00:00.000Z", "ARN": arn, "DataType": "text",
        })
    }
}

/// Returns the public parameters of a region.
pub(super) fn all(region: &str) -> impl Iterator<Item = Public> {
    let images = [("", "x86_64"), ("/arm64", "arm64")].into_iter().filter_map(|(path, kind)| {
        let image = image::ecs_optimized(region, kind)?;
        Some((format!("{ROOT}{path}/recommended"), image))
    });
    images.flat_map(|(base, image)| {
        let part = |name: &str, value: String| {
            let name = if name.is_empty() { base.clone() } else { format!("{base}/{name}") };
            Public { name, value, version: 42 }
        };
        vec![
            part("", whole(&image)),
            part("image_id", image.id.clone()),
            part("image_name", image.name.to_owned()),
            part("image_version", version(&image).to_owned()),
            part("ecs_agent_version", AGENT.to_owned()),
            part("ecs_runtime_version", format!("Docker version {DOCKER}")),
            part("os", "Amazon Linux 2023".to_owned()),
        ]
    })
}

/// Returns a public parameter by its name or ARN.
pub(super) fn find(region: &str, name: &str) -> Option<Public> {
    let name = name.split_once("::parameter").map_or(name, |(_, name)| name);
    if !name.starts_with("/aws/service/") {
        return None;
    }
    all(region).find(|parameter| parameter.name == name)
}

/// The version in an image's name: `al2023-ami-ecs-hvm-<version>-kernel-…`.
fn version(image: &Image) -> &str {
    image.name.split('-').nth(4).unwrap_or_default()
}

fn whole(image: &Image) -> String {
    json!({
        "ecs_agent_version": AGENT, "ecs_runtime_version": format!("Docker version {DOCKER}"),
        "image_id": image.id, "image_name": image.name, "image_version": version(image),
        "os": "Amazon Linux 2023", "schema_version": 1,
        "source_image_name": format!("al2023-ami-minimal-{}-kernel-6.1-{}", version(image), image.architecture),
    })
    .to_string()
}
