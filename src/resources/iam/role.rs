//! `iam_role`: what a service may do on our behalf; its policies are part of it.

use crate::aws::tags::{from_iam, to_iam};
use crate::aws::{Cx, Error, ErrorClass, PolicyDocument, Result, Tags, ownership, unless_missing};
use crate::engine::resource::{
    Blocker, Changed, Creation, FieldProblem, IdentityBy, Live, ReplaceOrder, Resource, Retryable,
    Rules, Status, Step, Want,
};
use crate::resources::naming;
use crate::resources::{PARALLEL, or_gone};
use crate::stack::schema::{immutable, write_only};
use aws_sdk_iam::types::{EntityType, RoleDetail};
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

/// A role: what a service, or who else is trusted, may do.
///
/// Collections of policies that are given are given whole; one left out is not managed.
///
/// ```toml
/// [iam_role.task]
/// name                        = "order-api-task"
/// assume_role_policy_document = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ecs-tasks.amazonaws.com" } }] }
/// managed_policy_arns         = ["arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"]
///
/// [iam_role.task.inline_policies]
/// table = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "dynamodb:*", Resource = "*" }] }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IamRole {
    /// Name, unique in the account in all regions; at most 64 characters.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Start of the name, instead of a whole one; the rest is made so that a replacement can stand
    /// beside its predecessor.
    #[schemars(transform = write_only)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_prefix: Option<String>,
    /// Path, `/` when left out. Callers that may not read the whole account's roles find orphans
    /// only under `/infra/<project>/<environment>/`.
    #[schemars(transform = immutable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who may take the role: a policy as a table or as JSON.
    pub assume_role_policy_document: PolicyDocument,
    /// Longest session in seconds, 3600 to 43200.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_session_duration: Option<i32>,
    /// ARN of the policy that bounds what all others can grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<String>,
    /// All policies that live in the role, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inline_policies: Option<BTreeMap<String, PolicyDocument>>,
    /// ARNs of all managed policies attached to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_policy_arns: Option<BTreeSet<String>>,
}

/// What AWS decides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct IamRoleOut {
    /// The name.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// Id that a role made anew under the same name does not have, e.g. `AROA…`.
    pub role_id: String,
}

const KNOWN: &str = "IAM to know the role everywhere";

/// IAM takes one change of an object at a time.
pub(super) const fn other_change(step: Step) -> Retryable {
    Retryable::new(step, "ConcurrentModification", "", "another change of IAM to end")
}

impl Resource for IamRole {
    const TYPE: &'static str = "iam_role";
    const AWS_NAME: &'static str = "AWS::IAM::Role";
    const RULES: Rules = Rules {
        identity: IdentityBy::Name,
        // A service that loses its role drains for ever (aws-semantics.md 11, trap 5).
        deleted_after: &["ecs_service", "autoscaling_group", "iam_instance_profile"],
        retry: &[
            Retryable::new(
                Step::Create,
                "MalformedPolicyDocument",
                "Invalid principal",
                "IAM to know the principal",
            ),
            Retryable::new(
                Step::Update,
                "MalformedPolicyDocument",
                "Invalid principal",
                "IAM to know the principal",
            ),
            other_change(Step::Create),
            other_change(Step::Update),
            Retryable::new(Step::Update, "NoSuchEntity", "", KNOWN),
            Retryable::new(
                Step::Delete,
                "DeleteConflict",
                "",
                "policies and instance profiles to let go",
            ),
            other_change(Step::Delete),
        ],
        // The engine turns it round where the name stays the same.
        replace: ReplaceOrder::CreateFirst,
        settle: Duration::from_secs(120),
        ..Rules::DEFAULT
    };
    type Out = IamRoleOut;

    fn natural_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn global_name(&self) -> Option<String> {
        self.name.clone()
    }

    fn validate(&self) -> Vec<FieldProblem> {
        let mut problems = naming::validate(self.name.as_deref(), self.name_prefix.as_deref());
        problems.extend(naming::validate_path(self.path.as_deref()));
        let mut problem = |path: &str, message: &str| {
            problems.push(FieldProblem { path: path.into(), message: message.into() });
        };
        if self.max_session_duration.is_some_and(|s| !(3600..=43200).contains(&s)) {
            problem("max_session_duration", "between 3600 and 43200 seconds");
        }
        problems
    }

    async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<Self>>> {
        match want {
            Want::Ids(names) => each(cx, names.iter().cloned()).await,
            Want::Owned { workspaces, names } => match bulk(cx, workspaces, names).await {
                Err(error) if error.class == ErrorClass::AccessDenied => {
                    by_path(cx, workspaces, names).await
                }
                other => other,
            },
        }
    }

    async fn create(&self, cx: &Cx, with: Creation<'_>) -> Result<String> {
        let path = self.path.as_deref().unwrap_or("/");
        let name = naming::name(self.name.as_deref(), self.name_prefix.as_deref(), &[path], with);
        cx.iam()
            .create_role()
            .role_name(&name)
            .path(path)
            .set_description(self.description.clone())
            .assume_role_policy_document(self.assume_role_policy_document.as_str())
            .set_max_session_duration(self.max_session_duration)
            .set_permissions_boundary(self.permissions_boundary.clone())
            .set_tags(Some(to_iam(with.tags)))
            .send()
            .await?;
        Ok(name)
    }

    async fn update(&self, cx: &Cx, live: &Live<Self>, changed: &Changed) -> Result<()> {
        let (iam, name) = (cx.iam(), &live.id);
        if changed.has("assume_role_policy_document") {
            let document = self.assume_role_policy_document.as_str();
            iam.update_assume_role_policy()
                .role_name(name)
                .policy_document(document)
                .send()
                .await?;
        }
        if changed.has("description") || changed.has("max_session_duration") {
            // A description not said here stays; a session length not said becomes an hour again.
            iam.update_role()
                .role_name(name)
                .set_description(self.description.clone())
                .set_max_session_duration(
                    self.max_session_duration.or(live.spec.max_session_duration),
                )
                .send()
                .await?;
        }
        if let Some(boundary) =
            self.permissions_boundary.as_ref().filter(|_| changed.has("permissions_boundary"))
        {
            let call = iam.put_role_permissions_boundary().role_name(name);
            call.permissions_boundary(boundary).send().await?;
        }
        if let Some(wanted) =
            self.inline_policies.as_ref().filter(|_| changed.has("inline_policies"))
        {
            let old = live.spec.inline_policies.clone().unwrap_or_default();
            for (policy, document) in wanted.iter().filter(|(k, v)| old.get(*k) != Some(*v)) {
                let call = iam.put_role_policy().role_name(name).policy_name(policy);
                call.policy_document(document.as_str()).send().await?;
            }
            for policy in old.keys().filter(|k| !wanted.contains_key(*k)) {
                or_gone(iam.delete_role_policy().role_name(name).policy_name(policy).send().await)?;
            }
        }
        if let Some(wanted) =
            self.managed_policy_arns.as_ref().filter(|_| changed.has("managed_policy_arns"))
        {
            let old = live.spec.managed_policy_arns.clone().unwrap_or_default();
            for arn in wanted.difference(&old) {
                iam.attach_role_policy().role_name(name).policy_arn(arn).send().await?;
            }
            for arn in old.difference(wanted) {
                or_gone(iam.detach_role_policy().role_name(name).policy_arn(arn).send().await)?;
            }
        }
        Ok(())
    }

    async fn tag(cx: &Cx, live: &Live<Self>, set: &Tags, remove: &[String]) -> Result<()> {
        if !set.is_empty() {
            let call = cx.iam().tag_role().role_name(&live.id);
            call.set_tags(Some(to_iam(set))).send().await?;
        }
        if !remove.is_empty() {
            let call = cx.iam().untag_role().role_name(&live.id);
            call.set_tag_keys(Some(remove.to_vec())).send().await?;
        }
        Ok(())
    }

    /// Empties the role before it goes, in the order IAM asks for (aws-semantics.md 3). Of instance
    /// profiles only those with our tags let it go; any other is somebody else's and holds it.
    async fn delete(cx: &Cx, live: &Live<Self>) -> Result<()> {
        let (iam, name) = (cx.iam(), &live.id);
        let Some(now) = one(cx, name).await? else { return Ok(()) };
        for policy in now.spec.inline_policies.iter().flatten().map(|(policy, _)| policy) {
            or_gone(iam.delete_role_policy().role_name(name).policy_name(policy).send().await)?;
        }
        for arn in now.spec.managed_policy_arns.iter().flatten() {
            or_gone(iam.detach_role_policy().role_name(name).policy_arn(arn).send().await)?;
        }
        for profile in profiles(cx, name).await? {
            let found = iam.get_instance_profile().instance_profile_name(&profile).send().await?;
            let tags = found.instance_profile.map(|p| from_iam(p.tags())).unwrap_or_default();
            if cx
                .scope
                .workspace_tags("")
                .iter()
                .all(|(key, value)| key == ownership::WORKSPACE || tags.get(key) == Some(value))
            {
                let call = iam.remove_role_from_instance_profile().role_name(name);
                or_gone(call.instance_profile_name(&profile).send().await)?;
            }
        }
        or_gone(iam.delete_role().role_name(name).send().await)
    }

    async fn blockers(cx: &Cx, live: &Live<Self>) -> Result<Vec<Blocker>> {
        let held = profiles(cx, &live.id).await?.into_iter();
        let what = |profile| Blocker { what: format!("instance profile {profile}"), leaves: None };
        Ok(held.map(what).collect())
    }
}

/// Reads all roles of the account with everything inline, and keeps those in question.
async fn bulk(cx: &Cx, workspaces: &[String], names: &[String]) -> Result<Vec<Live<IamRole>>> {
    let call =
        cx.iam().get_account_authorization_details().filter(EntityType::Role).max_items(1000);
    let mut pages = call.into_paginator().send();
    let mut kept = Vec::new();
    while let Some(page) = pages.next().await {
        for role in page?.role_detail_list.unwrap_or_default() {
            let named = role.role_name().is_some_and(|n| names.iter().any(|name| name == n));
            if named || is_ours(cx, &from_iam(role.tags()), workspaces) {
                kept.push(role);
            }
        }
    }
    if kept.is_empty() {
        return Ok(Vec::new());
    }
    // Description and session length are told only by the other list.
    let roles = cx.iam().list_roles().max_items(1000).into_paginator().items().send();
    let roles = roles.collect::<std::result::Result<Vec<_>, _>>().await?;
    let more: HashMap<_, _> =
        roles.into_iter().map(|r| (r.role_name, (r.description, r.max_session_duration))).collect();
    let with = |role: RoleDetail| {
        let name = role.role_name.clone()?;
        let (description, session) = more.get(&name).cloned().unwrap_or_default();
        Some(of_detail(name, role, description, session))
    };
    Ok(kept.into_iter().filter_map(with).collect())
}

fn is_ours(cx: &Cx, tags: &Tags, workspaces: &[String]) -> bool {
    cx.scope.owns(tags, workspaces)
}

/// Without the right to read them all: the roles named, and those under the project's own path.
async fn by_path(cx: &Cx, workspaces: &[String], names: &[String]) -> Result<Vec<Live<IamRole>>> {
    let path = format!("/infra/{}/{}/", cx.scope.project, cx.scope.environment);
    let under = cx.iam().list_roles().path_prefix(path).into_paginator().items().send();
    let under = under.collect::<std::result::Result<Vec<_>, _>>().await?;
    let all: BTreeSet<String> =
        under.into_iter().map(|r| r.role_name).chain(names.iter().cloned()).collect();
    let found = each(cx, all.into_iter()).await?;
    let in_question =
        |role: &Live<IamRole>| names.contains(&role.id) || is_ours(cx, &role.tags, workspaces);
    Ok(found.into_iter().filter(in_question).collect())
}

fn of_detail(
    name: String,
    role: RoleDetail,
    description: Option<String>,
    session: Option<i32>,
) -> Live<IamRole> {
    let inline = role.role_policy_list().iter().filter_map(|p| {
        Some((p.policy_name()?.to_owned(), PolicyDocument::of_aws(p.policy_document()?)))
    });
    let managed = role.attached_managed_policies().iter().filter_map(|p| p.policy_arn.clone());
    let boundary = role.permissions_boundary().and_then(|b| b.permissions_boundary_arn());
    let spec = IamRole {
        name: Some(name.clone()),
        name_prefix: None,
        path: role.path.clone(),
        description,
        assume_role_policy_document: PolicyDocument::of_aws(
            role.assume_role_policy_document().unwrap_or_default(),
        ),
        max_session_duration: session,
        permissions_boundary: boundary.map(str::to_owned),
        inline_policies: Some(inline.collect()),
        managed_policy_arns: Some(managed.collect()),
    };
    let out = IamRoleOut {
        id: name.clone(),
        arn: role.arn.clone().unwrap_or_default(),
        role_id: role.role_id.clone().unwrap_or_default(),
    };
    let tags = from_iam(role.tags());
    Live { id: name, tags, status: Status::Ready, spec, out }
}

async fn each(cx: &Cx, names: impl Iterator<Item = String>) -> Result<Vec<Live<IamRole>>> {
    stream::iter(names)
        .map(|name| async move { one(cx, &name).await })
        .buffered(PARALLEL)
        .try_filter_map(|found| async { Ok(found) })
        .try_collect()
        .await
}

/// Reads one role from the calls that tell it best; `None` when it is not there.
async fn one(cx: &Cx, name: &str) -> Result<Option<Live<IamRole>>> {
    Ok(unless_missing(read(cx, name).await)?.flatten())
}

async fn read(cx: &Cx, name: &str) -> Result<Option<Live<IamRole>>> {
    let iam = cx.iam();
    let (role, managed, inline) = futures::try_join!(
        async { iam.get_role().role_name(name).send().await.map_err(Error::from) },
        async {
            let pages = iam.list_attached_role_policies().role_name(name).into_paginator();
            let all = pages.items().send().collect::<std::result::Result<Vec<_>, _>>();
            all.await.map_err(Error::from)
        },
        async {
            let pages = iam.list_role_policies().role_name(name).into_paginator();
            let all = pages.items().send().collect::<std::result::Result<Vec<_>, _>>();
            all.await.map_err(Error::from)
        },
    )?;
    let Some(role) = role.role else { return Ok(None) };
    let mut policies = BTreeMap::new();
    for policy in inline {
        let found = iam.get_role_policy().role_name(name).policy_name(&policy).send().await?;
        policies.insert(policy, PolicyDocument::of_aws(&found.policy_document));
    }
    let boundary = role.permissions_boundary().and_then(|b| b.permissions_boundary_arn());
    let spec = IamRole {
        name: Some(role.role_name.clone()),
        name_prefix: None,
        path: Some(role.path.clone()),
        description: role.description.clone(),
        assume_role_policy_document: PolicyDocument::of_aws(
            role.assume_role_policy_document().unwrap_or_default(),
        ),
        max_session_duration: role.max_session_duration,
        permissions_boundary: boundary.map(str::to_owned),
        inline_policies: Some(policies),
        managed_policy_arns: Some(managed.into_iter().filter_map(|p| p.policy_arn).collect()),
    };
    let tags = from_iam(role.tags());
    let out = IamRoleOut { id: role.role_name.clone(), arn: role.arn, role_id: role.role_id };
    Ok(Some(Live { id: role.role_name, tags, status: Status::Ready, spec, out }))
}

async fn profiles(cx: &Cx, role: &str) -> Result<Vec<String>> {
    let pages = cx.iam().list_instance_profiles_for_role().role_name(role).into_paginator();
    let found = pages.items().send().collect::<std::result::Result<Vec<_>, _>>().await;
    match found.map_err(Error::from) {
        Ok(found) => Ok(found.into_iter().map(|p| p.instance_profile_name).collect()),
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
