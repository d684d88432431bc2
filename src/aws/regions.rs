//! Public regions, to refuse a misspelt one before any call is made.
//!
//! Source: `partitions.json` of botocore 1.44.5 (Apache-2.0). A newer region is let through with an
//! endpoint of one's own, or with [`super::Options::any_region`].

use crate::stack::Diagnostic;
use crate::stack::diagnostic::nearest;

/// Partition, and its regions.
const REGIONS: &[(&str, &[&str])] = &[
    (
        "aws",
        &[
            "af-south-1",
            "ap-east-1",
            "ap-east-2",
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-northeast-3",
            "ap-south-1",
            "ap-south-2",
            "ap-southeast-1",
            "ap-southeast-2",
            "ap-southeast-3",
            "ap-southeast-4",
            "ap-southeast-5",
            "ap-southeast-6",
            "ap-southeast-7",
            "ca-central-1",
            "ca-west-1",
            "eu-central-1",
            "eu-central-2",
            "eu-north-1",
            "eu-south-1",
            "eu-south-2",
            "eu-west-1",
            "eu-west-2",
            "eu-west-3",
            "il-central-1",
            "me-central-1",
            "me-south-1",
            "me-west-1",
            "mx-central-1",
            "sa-east-1",
            "sa-west-1",
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "us-west-2",
        ],
    ),
    ("aws-cn", &["cn-north-1", "cn-northwest-1"]),
    ("aws-eusc", &["eusc-de-east-1"]),
    ("aws-iso", &["us-iso-east-1", "us-iso-west-1"]),
    ("aws-iso-b", &["us-isob-east-1", "us-isob-west-1"]),
    ("aws-iso-e", &["eu-isoe-west-1"]),
    ("aws-iso-f", &["us-isof-east-1", "us-isof-south-1"]),
    ("aws-us-gov", &["us-gov-east-1", "us-gov-west-1"]),
];

/// Returns the partition of a public region, e.g. `aws`.
pub fn partition_of(region: &str) -> Option<&'static str> {
    REGIONS.iter().find(|(_, regions)| regions.contains(&region)).map(|(partition, _)| *partition)
}

/// Refuses a region that is not one; the error names the one probably meant.
pub fn check(region: &str) -> Result<(), Box<Diagnostic>> {
    if partition_of(region).is_some() {
        return Ok(());
    }
    let all = REGIONS.iter().flat_map(|(_, regions)| regions.iter().copied());
    let error = Diagnostic::error("unknown_region", format!("`{region}` is not an AWS region"));
    Err(Box::new(match nearest(region, all) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint("regions look like `eu-west-1`; `aws ec2 describe-regions` lists them"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_region_is_refused_with_the_nearest_name() {
        assert!(check("eu-west-1").is_ok());
        let refused = check("eu-wset-1").unwrap_err();
        assert_eq!(refused.hint.as_deref(), Some("did you mean `eu-west-1`?"));
        assert_eq!(partition_of("cn-north-1"), Some("aws-cn"));
    }
}
