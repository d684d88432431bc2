//! What a service is called: by its cluster and itself.

use crate::aws::{Error, Result};
use crate::stack::value::is_placeholder;
use aws_sdk_ecs::types::Service;

/// Cluster and name, which together find a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ServiceName {
    pub(super) cluster: String,
    pub(super) name: String,
}

impl ServiceName {
    /// Reads `service/CLUSTER/NAME`, an ARN that ends so, or `CLUSTER/NAME`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.rsplit_once(":service/").map_or(text, |(_, rest)| rest);
        let text = text.strip_prefix("service/").unwrap_or(text);
        let (cluster, name) = text.split_once('/')?;
        Some(Self { cluster: cluster.to_owned(), name: name.to_owned() })
    }

    /// Reads an id.
    pub(super) fn from_id(id: &str) -> Result<Self> {
        let wrong = || Error::local("ecs_service", format!("`{id}` is not service/CLUSTER/NAME"));
        Self::parse(id).ok_or_else(wrong)
    }

    /// The name of what AWS told.
    pub(super) fn of(service: &Service) -> Option<Self> {
        let cluster = last(service.cluster_arn()?);
        Some(Self { cluster: cluster.to_owned(), name: service.service_name()?.to_owned() })
    }

    pub(super) fn id(&self) -> String {
        format!("service/{}/{}", self.cluster, self.name)
    }
}

/// What follows the last `/`: names of clusters and revisions from their ARNs.
pub(super) fn last(arn: &str) -> &str {
    if is_placeholder(arn) { arn } else { arn.rsplit('/').next().unwrap_or(arn) }
}

/// The name that is unique in the account and region; none while a part is unknown.
pub(super) fn unique(cluster: &str, name: &str) -> Option<String> {
    let known = !is_placeholder(cluster) && !is_placeholder(name);
    known.then(|| format!("{cluster}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_named_in_three_ways() {
        let expected = ServiceName { cluster: "main".into(), name: "api".into() };
        for text in
            ["service/main/api", "arn:aws:ecs:eu-west-1:123456789012:service/main/api", "main/api"]
        {
            assert_eq!(ServiceName::parse(text), Some(expected.clone()), "{text}");
        }
        assert_eq!(expected.id(), "service/main/api");
        assert!(ServiceName::from_id("api").is_err());
    }
}
