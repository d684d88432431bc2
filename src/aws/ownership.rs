//! Ownership tags: how the account itself remembers what is ours (design section 3).

use crate::stack::Address;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// `infra:project`
pub const PROJECT: &str = "infra:project";
/// `infra:environment`
pub const ENVIRONMENT: &str = "infra:environment";
/// `infra:region`
pub const REGION: &str = "infra:region";
/// `infra:workspace`
pub const WORKSPACE: &str = "infra:workspace";
/// `infra:resource`
pub const RESOURCE: &str = "infra:resource";
/// `infra:protect`: outlives the stanza that set it.
pub const PROTECT: &str = "infra:protect";
/// `infra:deposed`: replaced by a newer one, waits for its deletion.
pub const DEPOSED: &str = "infra:deposed";
/// Prefix of every tag of ours.
pub const PREFIX: &str = "infra:";
/// The five keys that together are the identity.
pub const IDENTITY_KEYS: [&str; 5] = [PROJECT, ENVIRONMENT, REGION, WORKSPACE, RESOURCE];

/// Whose resources a run deals with: the first three tags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// From `stacks/infra.toml`.
    pub project: String,
    /// Environment name.
    pub environment: String,
    /// AWS region.
    pub region: String,
}

impl Scope {
    /// Returns the four tags every resource of a workspace carries.
    pub fn workspace_tags(&self, workspace: &str) -> Tags {
        [
            (PROJECT, self.project.as_str()),
            (ENVIRONMENT, &self.environment),
            (REGION, &self.region),
            (WORKSPACE, workspace),
        ]
        .into_iter()
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect()
    }

    /// Returns the five identity tags of a resource.
    pub fn identity_tags(&self, workspace: &str, address: &Address) -> Tags {
        let mut tags = self.workspace_tags(workspace);
        tags.insert(RESOURCE.into(), address.to_tag());
        tags
    }

    /// Tells whether an object may belong to one of these workspaces (none: to any of this scope):
    /// none of its tags says otherwise. Tags may be missing; whether enough are there is not
    /// decided here.
    pub fn may_own(&self, tags: &Tags, workspaces: &[String]) -> bool {
        let fits = |key: &str, value: &str| tags.get(key).is_none_or(|v| v == value);
        fits(PROJECT, &self.project)
            && fits(ENVIRONMENT, &self.environment)
            && fits(REGION, &self.region)
            && (workspaces.is_empty() || tags.get(WORKSPACE).is_none_or(|w| workspaces.contains(w)))
    }

    /// Tells whether whole tags of ours name one of these workspaces, or any when none is given.
    pub fn owns(&self, tags: &Tags, workspaces: &[String]) -> bool {
        let named = |owner: Owner| workspaces.is_empty() || workspaces.contains(&owner.workspace);
        self.owner(tags).is_some_and(named)
    }

    /// Reads workspace and address from tags, when the first three tags are those of this scope
    /// and the other two are there.
    pub fn owner(&self, tags: &Tags) -> Option<Owner> {
        let is = |key: &str, value: &str| tags.get(key).is_some_and(|v| v == value);
        let ours = is(PROJECT, &self.project)
            && is(ENVIRONMENT, &self.environment)
            && is(REGION, &self.region);
        ours.then_some(())?;
        let workspace = tags.get(WORKSPACE)?.clone();
        let address = Address::from_tag(tags.get(RESOURCE)?)?;
        Some(Owner { workspace, address })
    }
}

/// Which resource of which workspace a live object is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// Workspace name.
    pub workspace: String,
    /// Address in it.
    pub address: Address,
}

/// Tells whether the object is marked as replaced by a newer one.
pub fn is_deposed(tags: &Tags) -> bool {
    tags.get(DEPOSED).is_some_and(|v| v == "true")
}

/// Tells whether the object is marked as never to be deleted or replaced.
pub fn is_protected(tags: &Tags) -> bool {
    tags.get(PROTECT).is_some_and(|v| v == "true")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_read_back_from_its_tags() {
        let scope =
            Scope { project: "p".into(), environment: "dev".into(), region: "eu-west-1".into() };
        let address = Address::new("subnet", "public").with_key(Some("a"));
        let mut tags = scope.identity_tags("net", &address);
        assert_eq!(scope.owner(&tags), Some(Owner { workspace: "net".into(), address }));
        tags.insert(ENVIRONMENT.into(), "prod".into());
        assert_eq!(scope.owner(&tags), None);
    }
}
