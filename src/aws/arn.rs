//! Amazon Resource Names, taken apart.

use std::fmt;

/// An ARN: `arn:PARTITION:SERVICE:REGION:ACCOUNT:KIND/NAME`, or with a colon before the name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arn {
    text: String,
    /// E.g. `ec2`, `logs`, `elasticloadbalancing`.
    pub service: String,
    /// Empty for what knows no regions.
    pub region: String,
    /// E.g. `vpc`, `log-group`, `role`; empty where the service has but one kind.
    pub kind: String,
    /// What follows the kind, e.g. `vpc-0abc`, or the path and name of a role.
    pub name: String,
}

impl Arn {
    /// Takes a text apart; `None` when it is no ARN. The `:*` that some answers put behind a log
    /// group is left out (aws-semantics.md 0.1).
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix(":*").unwrap_or(text);
        let mut parts = text.splitn(6, ':');
        if parts.next() != Some("arn") {
            return None;
        }
        let _partition = parts.next()?;
        let service = parts.next().filter(|service| !service.is_empty())?;
        let region = parts.next()?;
        let _account = parts.next()?;
        let resource = parts.next().filter(|resource| !resource.is_empty())?;
        let (kind, name) = resource.split_once(['/', ':']).unwrap_or(("", resource));
        let [service, region, kind, name] = [service, region, kind, name].map(str::to_owned);
        Some(Self { text: text.to_owned(), service, region, kind, name })
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The id as the service's own calls take it: without the path of what IAM keeps.
    pub fn id(&self) -> &str {
        if self.service == "iam" {
            return self.name.rsplit('/').next().unwrap_or(&self.name);
        }
        &self.name
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_every_form_are_taken_apart() {
        for (text, service, kind, id) in [
            ("arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-1", "ec2", "vpc", "vpc-1"),
            ("arn:aws:iam::123456789012:role/a/b/name", "iam", "role", "name"),
            ("arn:aws:logs:eu-west-1:1:log-group:/a/b:*", "logs", "log-group", "/a/b"),
            ("arn:aws:logs:eu-west-1:1:log-group:/a/b", "logs", "log-group", "/a/b"),
            ("arn:aws:s3:::bucket", "s3", "", "bucket"),
            ("arn:aws-cn:ecr:cn-north-1:1:repository/team/app", "ecr", "repository", "team/app"),
        ] {
            let arn = Arn::parse(text).unwrap();
            assert_eq!((arn.service.as_str(), arn.kind.as_str(), arn.id()), (service, kind, id));
            assert_eq!(arn.as_str(), text.trim_end_matches(":*"));
        }
        for bad in ["", "vpc-1", "arn:aws:ec2", "arn:aws:ec2:r:a:", "arn:aws::r:a:b/c"] {
            assert_eq!(Arn::parse(bad), None, "{bad}");
        }
    }
}
