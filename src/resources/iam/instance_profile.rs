//! `iam_instance_profile`: what hands a role to EC2 instances.

use super::role::{IamRole, other_change};
use crate::aws::tagging::TagIndex;
use crate::aws::tags::{from_iam, to_iam};
use crate::aws::{Cx, Error, ErrorClass, Result, Tags, unless_missing};
use crate::engine::resource::{
    Changed, Creation, FieldProblem, Id, IdentityBy, Live, ReplaceOrder, Resource, Retryable,
    Rules, Status, Step, Want,
};
use crate::resources::naming;
use crate::resources::{PARALLEL, or_gone};
use crate::stack::schema::{immutable, write_only};
use aws_sdk_iam::types::InstanceProfile as Found;
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime};

/// An instance profile: hands one role to the EC2 instances that are started with it.
///
/// ```toml
/// [iam_instance_profile.host]
/// name      = "order-api-host"
/// role_name = "${iam_role.host.id}"
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IamInstanceProfile {
    /// Name, unique in the account in all regions; at most 128 characters.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Start of the name, instead of a whole one; the rest is made so that a replacement can stand
    /// beside its predecessor.
    #[schemars(transform = write_only)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_prefix: Option<String>,
    /// Path, `/` when left out.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Role it hands out. Another one is a change in place; a running instance surely has it only
    /// after a stop and a start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_name: Option<Id<IamRole>>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct IamInstanceProfileOut {
    /// The name.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Id that a profile made anew under the same name does not have, e.g. `AIPA…`.
    pub instance_profile_id: String,
}

impl Resource for IamInstanceProfile {
    const TYPE: &'static str = "iam_instance_profile";
    const AWS_NAME: &'static str = "AWS::IAM::InstanceProfile";
    const RULES: Rules = Rules {
        identity: IdentityBy::Name,
        // Instances that lose their credentials cannot leave their cluster (aws-semantics.md 3).
        deleted_after: &["autoscaling_group"],
        // A role that is made anew under its name cannot go while the profile has it.
        lets_go: true,
        retry: &[
            other_change(Step::Create),
            other_change(Step::Update),
            other_change(Step::Delete),
            // aws-semantics.md 0, IAM EC.
            Retryable::new(Step::Update, "NoSuchEntity", "", "IAM to know the role everywhere"),
            Retryable::new(Step::Delete, "DeleteConflict", "", "the role to let go"),
        ],
        // The engine turns it round where the name stays the same.
        replace: ReplaceOrder::CreateFirst,
        settle: Duration::from_secs(120),
        ..Rules::DEFAULT
    };
    type Out = IamInstanceProfileOut;

    fn natural_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn global_name(&self) -> Option<String> {
        self.name.clone()
    }

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = naming::validate(self.name.as_deref(), self.name_prefix.as_deref());
        problems.extend(naming::validate_path(self.path.as_deref()));
        problems
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        match want {
            Want::Ids(names) => {
                stream::iter(names.iter().cloned())
                    .map(|name| async move { one(cx, &name).await })
                    .buffered(PARALLEL)
                    .try_filter_map(|found| async { Ok(found) })
                    .try_collect()
                    .await
            }
            Want::Owned { workspaces, names } => bulk(cx, workspaces, names).await,
        }
    }

    /// Only creates; the role is left to the update that follows, which an interrupted run repeats.
    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let path = self.path.as_deref().unwrap_or("/");
        let name = naming::name(self.name.as_deref(), self.name_prefix.as_deref(), &[path], with);
        let call = cx.iam().create_instance_profile().instance_profile_name(&name).path(path);
        call.set_tags(Some(to_iam(with.tags))).send().await?;
        Ok(name)
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        if !changed.has("role_name") {
            return Ok(());
        }
        let wanted = self.role_name.as_ref();
        if let Some(old) = live.spec.role_name.as_ref().filter(|old| Some(*old) != wanted) {
            remove_role(cx, &live.id, old).await?;
        }
        let Some(role) = wanted else { return Ok(()) };
        let call = cx.iam().add_role_to_instance_profile().instance_profile_name(&live.id);
        match call.role_name(role.as_str()).send().await.map_err(Error::from) {
            // An earlier try whose answer was lost.
            Err(error) if error.is("LimitExceeded") => {
                let now = one(cx, &live.id).await?;
                let has = now.is_some_and(|profile| profile.spec.role_name.as_ref() == Some(role));
                if has { Ok(()) } else { Err(error) }
            }
            other => other.map(drop),
        }
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        if !set.is_empty() {
            let call = cx.iam().tag_instance_profile().instance_profile_name(&live.id);
            call.set_tags(Some(to_iam(set))).send().await?;
        }
        if !remove.is_empty() {
            let call = cx.iam().untag_instance_profile().instance_profile_name(&live.id);
            call.set_tag_keys(Some(remove.to_vec())).send().await?;
        }
        Ok(())
    }

    /// Removes whatever role is in it by now, then the profile itself (aws-semantics.md 3).
    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        let Some(now) = one(cx, &live.id).await? else { return Ok(()) };
        if let Some(role) = &now.spec.role_name {
            remove_role(cx, &live.id, role).await?;
        }
        let call = cx.iam().delete_instance_profile().instance_profile_name(&live.id);
        or_gone(call.send().await)
    }
}

async fn remove_role(cx: &Cx, profile: &str, role: &Id<IamRole>) -> Result<()> {
    let call = cx.iam().remove_role_from_instance_profile().instance_profile_name(profile);
    or_gone(call.role_name(role.as_str()).send().await)
}

/// How long the Tagging API's index may not know a new profile, generously.
const INDEX_LAG: Duration = Duration::from_secs(15 * 60);

/// Reads all profiles of the account and keeps those in question. Their list has no tags: the index
/// of the Tagging API tells them, and what it does not know is asked for where it may be ours.
async fn bulk(
    cx: &Cx,
    workspaces: &[String],
    names: &[String],
) -> Result<Vec<Live<IamInstanceProfile>>> {
    let (index, found) = futures::join!(cx.global_tag_index(), async {
        let pages = cx.iam().list_instance_profiles().max_items(1000).into_paginator();
        let all = pages.items().send().collect::<std::result::Result<Vec<Found>, _>>().await;
        all.map_err(Error::from)
    });
    let index = match index {
        // Some organisations close the index's region to all but IAM itself.
        Err(error) if error.class == ErrorClass::AccessDenied => None,
        other => Some(other?),
    };
    let index = index.as_ref().and_then(|index| index.get());
    stream::iter(found?)
        .map(|profile| async move {
            if let Some(tags) = index.and_then(|index| index.get(profile.arn())) {
                return Ok(Some(live(&profile, tags.clone())));
            }
            let name = profile.instance_profile_name();
            if names.iter().any(|n| n == name) || may_be_missing(index, &profile) {
                return one(cx, name).await;
            }
            Ok(None)
        })
        .buffered(PARALLEL)
        .try_filter_map(|found| async {
            let ours = |profile: &Live<_>| cx.scope.owns(&profile.tags, workspaces);
            Ok(found.filter(|profile| names.contains(&profile.id) || ours(profile)))
        })
        .try_collect()
        .await
}

/// Tells whether the index may not know a profile though it is ours: there is no index, or the
/// profile is too new for it.
fn may_be_missing(index: Option<&TagIndex>, profile: &Found) -> bool {
    let made = SystemTime::try_from(*profile.create_date()).unwrap_or(SystemTime::UNIX_EPOCH);
    // One made after our own clock's now is new as well.
    index.is_none() || made.elapsed().map_or(true, |age| age <= INDEX_LAG)
}

/// Reads one profile with its tags; `None` when it is not there.
async fn one(cx: &Cx, name: &str) -> Result<Option<Live<IamInstanceProfile>>> {
    let found =
        unless_missing(cx.iam().get_instance_profile().instance_profile_name(name).send().await)?;
    Ok(found.and_then(|found| found.instance_profile).map(|profile| {
        let tags = from_iam(profile.tags());
        live(&profile, tags)
    }))
}

fn live(profile: &Found, tags: Tags) -> Live<IamInstanceProfile> {
    let id = profile.instance_profile_name().to_owned();
    let spec = IamInstanceProfile {
        name: Some(id.clone()),
        name_prefix: None,
        path: Some(profile.path().to_owned()),
        // AWS allows one (aws-semantics.md 3).
        role_name: profile.roles().first().map(|role| Id::new(role.role_name())),
    };
    let out = IamInstanceProfileOut {
        id: id.clone(),
        arn: profile.arn().to_owned(),
        instance_profile_id: profile.instance_profile_id().to_owned(),
    };
    Live { id, tags, status: Status::Ready, spec, out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::tests::World;
    use crate::sandbox::{Calls, Effect, Fault};
    use serde_json::{Value as Json, json};

    const TYPE: &str = IamInstanceProfile::TYPE;

    #[tokio::test]
    async fn an_instance_profile_lives_and_dies() {
        profile(&World::sandbox().await, "sandbox").await;
    }

    async fn role(world: &World, name: &str) {
        let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
            "Action": "sts:AssumeRole", "Principal": { "Service": "ec2.amazonaws.com" } }] });
        let spec = json!({ "name": name, "assume_role_policy_document": trust });
        world.apply("iam_role", name, spec).await;
    }

    async fn profile(world: &World, name: &str) {
        let roles = ["one", "two"].map(|role| format!("{name}-{role}"));
        for name in &roles {
            role(world, name).await;
        }
        let mut spec = json!({ "name": name, "path": "/hosts/", "role_name": roles[0] });
        let (live, updates) = world.apply(TYPE, "host", spec.clone()).await;
        assert_eq!((live.id.as_str(), updates), (name, 1));
        let arn = live.out["arn"].as_str().unwrap();
        assert!(arn.ends_with(&format!(":instance-profile/hosts/{name}")), "{arn}");
        // The bulk reading and the reading of one say the same.
        assert_eq!(world.find(TYPE, "host").await.as_ref(), Some(&live));
        spec["role_name"] = json!(roles[1]);
        let (live, updates) = world.apply(TYPE, "host", spec.clone()).await;
        assert_eq!((&live.spec["role_name"], updates), (&json!(roles[1]), 1));
        let set = [("team".to_owned(), "shop".to_owned())].into();
        let handler = world.handler(TYPE);
        handler.tag(&world.cx, &live, &set, &["infra:protect".to_owned()]).await.unwrap();
        assert_eq!(world.by_id(TYPE, name).await.unwrap().tags["team"], "shop");
        world.lets_go("iam_instance_profile", &live, &[&roles[1]]).await;
        assert_eq!(world.by_id(TYPE, name).await.unwrap().spec.get("role_name"), None);
        world.apply(TYPE, "host", spec).await;
        world.delete(TYPE, "host").await;
        for name in &roles {
            world.delete("iam_role", name).await;
        }
    }

    async fn made(world: &World, spec: Json) -> String {
        world.apply(TYPE, "host", spec).await.0.id
    }

    #[tokio::test]
    async fn one_of_ours_is_found_with_and_without_the_index() {
        let world = World::sandbox().await;
        let sandbox = &world.sandbox;
        let id = made(&world, json!({ "name_prefix": "host-" })).await;
        let iam = world.cx.iam();
        iam.create_instance_profile().instance_profile_name("theirs").send().await.unwrap();
        assert_eq!(ids(&world, &[]).await, [id.as_str()]);
        assert_eq!(ids(&world, &["theirs"]).await, [id.as_str(), "theirs"]);
        sandbox.inject(Fault::refuse(Calls::of("GetResources"), 1, "AccessDeniedException", 400));
        assert_eq!(ids(&world, &[]).await, [id.as_str()], "without it each is asked for its tags");
    }

    async fn ids(world: &World, names: &[&str]) -> Vec<String> {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut ids: Vec<_> =
            world.owned(TYPE, &names).await.into_iter().map(|live| live.id).collect();
        ids.sort();
        ids
    }

    #[test]
    fn only_a_new_one_may_be_missing_in_the_index() {
        let of = |ago: Duration| {
            let found = Found::builder().path("/").instance_profile_name("web");
            let found = found.instance_profile_id("AIPA1").arn("arn:web").set_roles(Some(vec![]));
            found.create_date((SystemTime::now() - ago).into()).build().unwrap()
        };
        let index = TagIndex::default();
        let (new, old) = (of(Duration::from_secs(60)), of(Duration::from_secs(3600)));
        assert!(may_be_missing(Some(&index), &new));
        assert!(!may_be_missing(Some(&index), &old));
        assert!(may_be_missing(None, &old));
    }

    #[tokio::test]
    async fn a_role_that_was_added_already_is_done() {
        let world = World::sandbox().await;
        for name in ["one", "two"] {
            role(&world, name).await;
        }
        let sandbox = &world.sandbox;
        let add = || Calls::of("AddRoleToInstanceProfile");
        sandbox.inject(Fault::new(add(), 1, Effect::DropAnswer));
        made(&world, json!({ "name": "host", "role_name": "one" })).await;
        // Another role in the meantime is no success.
        let before = world.by_id(TYPE, "host").await.unwrap();
        let mut stale = before.clone();
        stale.spec.as_object_mut().unwrap().remove("role_name");
        let spec = json!({ "name": "host", "role_name": "two" });
        let changed = Changed(["role_name".to_owned()].into());
        let refused = world.handler(TYPE).update(&world.cx, &stale, &spec, &changed).await;
        assert!(refused.unwrap_err().is("LimitExceeded"));
    }
}
