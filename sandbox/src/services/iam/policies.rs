//! Customer policies; of AWS's own only the ARN is known.

use serde_json::{Map, Value, json};

use super::super::policy::{self, Use};
use super::super::tagging::tag_list;
use super::super::{Answer, Call, Input, Members};
use super::{
    MALFORMED, NO_VERSION, NOT_ATTACHED, POLICY_ATTACHED, POLICY_EXISTS, PROPAGATION, Policy,
    State, encoded, is_aws_policy, paged, tags_of,
};
use crate::rules::Refusal;
use crate::state::Account;

pub(super) const CREATE: &[&str] = &["PolicyName", "Path", "PolicyDocument", "Description", "Tags"];

pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = input.text("PolicyName").unwrap_or_default();
    let same = |policy: &Policy| policy.name.to_lowercase() == name.to_lowercase();
    if account.global.iam.policies.values().any(same) {
        return Err(POLICY_EXISTS.refuse(&[name]));
    }
    let document = input.text("PolicyDocument").unwrap_or_default();
    policy::check(document, Use::Identity).map_err(|message| MALFORMED.refuse(&[&message]))?;
    let path = input.text("Path").unwrap_or("/");
    let arn = format!("arn:{}:iam::{}:policy{path}{name}", call.partition, call.account_id);
    let policy = Policy {
        name: name.to_owned(),
        path: path.to_owned(),
        id: account.new_unique_id("ANPA"),
        created: call.now,
        known_from: call.after(PROPAGATION),
        description: input.text("Description").map(str::to_owned),
        document: document.to_owned(),
        tags: tags_of(input)?,
    };
    account.global.iam.policies.insert(arn.clone(), policy);
    Ok(json!({"Policy": shown(&account.global.iam, &arn, true)}))
}

fn find<'a>(iam: &'a State, input: &'a Input) -> Result<(&'a str, &'a Policy), Refusal> {
    let arn = input.text("PolicyArn").unwrap_or_default();
    let policy = iam.policies.get(arn).ok_or_else(|| NOT_ATTACHED.refuse(&[arn]))?;
    Ok((arn, policy))
}

fn uses(iam: &State, arn: &str) -> (usize, usize) {
    let attached = iam.roles.values().filter(|role| role.attached.contains(arn)).count();
    let bounds = iam.roles.values().filter(|role| role.boundary.as_deref() == Some(arn)).count();
    (attached, bounds)
}

/// Writes a policy; lists leave out description and tags.
fn shown(iam: &State, arn: &str, whole: bool) -> Value {
    let Some(policy) = iam.policies.get(arn) else { return Value::Null };
    let (attached, bounds) = uses(iam, arn);
    let mut shown = json!({
        "PolicyName": policy.name, "PolicyId": policy.id, "Arn": arn, "Path": policy.path,
        "DefaultVersionId": "v1", "AttachmentCount": attached,
        "PermissionsBoundaryUsageCount": bounds, "IsAttachable": true,
        "CreateDate": policy.created.to_string(), "UpdateDate": policy.created.to_string(),
    });
    if whole {
        shown["Description"] = json!(policy.description);
        if !policy.tags.is_empty() {
            shown["Tags"] = tag_list(&policy.tags);
        }
    }
    shown
}

/// Writes a policy as `GetAccountAuthorizationDetails` does.
pub(super) fn detail(iam: &State, arn: &str) -> Value {
    let mut detail = shown(iam, arn, false);
    if let Some(policy) = iam.policies.get(arn) {
        detail["PolicyVersionList"] = json!([version(policy, true)]);
    }
    detail
}

fn version(policy: &Policy, whole: bool) -> Value {
    let document = whole.then(|| encoded(&policy.document));
    json!({
        "VersionId": "v1", "IsDefaultVersion": true, "CreateDate": policy.created.to_string(),
        "Document": document,
    })
}

/// AWS's own policies are answered by name and ARN only.
pub(super) fn get(account: &Account, call: &Call, input: &Input) -> Answer {
    let iam = &account.global.iam;
    let arn = input.text("PolicyArn").unwrap_or_default();
    if is_aws_policy(arn, call) {
        let name = arn.rsplit('/').next();
        return Ok(json!({"Policy": {
            "PolicyName": name, "Arn": arn, "DefaultVersionId": "v1", "IsAttachable": true,
            "AttachmentCount": uses(iam, arn).0,
        }}));
    }
    find(iam, input)?;
    Ok(json!({"Policy": shown(iam, arn, true)}))
}

pub(super) fn get_version(account: &Account, _: &Call, input: &Input) -> Answer {
    let (arn, policy) = find(&account.global.iam, input)?;
    match input.text("VersionId").unwrap_or_default() {
        "v1" => Ok(json!({"PolicyVersion": version(policy, true)})),
        other => Err(NO_VERSION.refuse(&[arn, other])),
    }
}

pub(super) fn list_versions(account: &Account, _: &Call, input: &Input) -> Answer {
    let (_, policy) = find(&account.global.iam, input)?;
    let versions = vec![("v1".to_owned(), version(policy, false))];
    paged(Map::new(), "Versions", versions, input)
}

pub(super) fn delete(account: &mut Account, _: &Call, input: &Input) -> Answer {
    let iam = &mut account.global.iam;
    let arn = find(iam, input)?.0.to_owned();
    if uses(iam, &arn) != (0, 0) {
        return Err(POLICY_ATTACHED.refuse(&[]));
    }
    iam.policies.remove(&arn);
    Ok(Value::Null)
}

/// AWS's own are not listed: the sandbox does not know their names.
pub(super) fn list(account: &Account, _: &Call, input: &Input) -> Answer {
    let iam = &account.global.iam;
    let prefix = input.text("PathPrefix").unwrap_or("/");
    let only_attached = input.flag("OnlyAttached").unwrap_or_default();
    let local = input.text("Scope") != Some("AWS");
    let policies = iam
        .policies
        .iter()
        .filter(|(arn, policy)| {
            local && policy.path.starts_with(prefix) && (!only_attached || uses(iam, arn).0 > 0)
        })
        .map(|(arn, _)| (arn.clone(), shown(iam, arn, false)))
        .collect();
    paged(Map::new(), "Policies", policies, input)
}

pub(super) fn entities(account: &Account, call: &Call, input: &Input) -> Answer {
    let iam = &account.global.iam;
    let arn = input.text("PolicyArn").unwrap_or_default();
    if !is_aws_policy(arn, call) {
        find(iam, input)?;
    }
    let roles = iam
        .roles
        .iter()
        .filter(|(_, role)| role.attached.contains(arn) || role.boundary.as_deref() == Some(arn))
        .map(|(key, role)| (key.clone(), json!({"RoleName": role.name, "RoleId": role.id})))
        .collect();
    let empty = Map::from_iter([
        ("PolicyGroups".to_owned(), json!([])),
        ("PolicyUsers".to_owned(), json!([])),
    ]);
    paged(empty, "PolicyRoles", roles, input)
}
