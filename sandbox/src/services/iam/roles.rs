//! Roles, their trust, inline and attached policies, boundary and tags.

use serde_json::{Map, Value, json};

use super::super::policy::{self, Use};
use super::super::tagging::tag_list;
use super::super::{Answer, Call, Input, Members};
use super::{
    BAD_BOUNDARY, BAD_PRINCIPAL, INLINE_TOO_LONG, MALFORMED, NO_INLINE, NOT_ATTACHABLE,
    NOT_ATTACHED, PROPAGATION, ROLE_EXISTS, ROLE_HAS_ATTACHMENTS, ROLE_HAS_POLICIES,
    ROLE_IN_PROFILE, Role, State, TOO_MANY_ATTACHED, TRUST_TOO_LONG, add_tags, encoded, paged,
    paged_tags, policies, profiles, remove_tags, tags_of,
};
use crate::rules::Refusal;
use crate::state::Account;

/// The maximum length of a role's trust policy, in characters without white space.
const TRUST_LENGTH: usize = 2048;
/// The maximum length of a role's inline policies together, without white space.
const INLINE_LENGTH: usize = 10_240;
const MAX_ATTACHED: usize = 10;

/// IAM does not count white space in policy lengths.
fn length(document: &str) -> usize {
    document.chars().filter(|letter| !letter.is_whitespace()).count()
}

/// Refuses a trust policy that is malformed, too long, or names a role or user that is not known.
fn check_trust(account: &Account, call: &Call, document: &str) -> Result<(), Refusal> {
    let policy =
        policy::check(document, Use::Trust).map_err(|message| MALFORMED.refuse(&[&message]))?;
    if length(document) > TRUST_LENGTH {
        return Err(TRUST_TOO_LONG.refuse(&[]));
    }
    let own = format!("arn:{}:iam::{}:", call.partition, call.account_id);
    for statement in policy::statements(&policy).iter().filter_map(|value| value.as_object()) {
        for (kind, principal) in policy::principals(statement) {
            let Some(resource) = principal.strip_prefix(&own).filter(|_| kind == "AWS") else {
                continue;
            };
            let role = account.global.iam.role_by_arn(principal);
            let known = resource == "root"
                || principal == call.principal_arn
                || role.is_some_and(|role| role.known_from <= call.now);
            if !known {
                return Err(BAD_PRINCIPAL.refuse(&[principal]));
            }
        }
    }
    Ok(())
}

pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = input.text("RoleName").unwrap_or_default();
    if account.global.iam.roles.contains_key(&name.to_lowercase()) {
        return Err(ROLE_EXISTS.refuse(&[name]));
    }
    let trust = input.text("AssumeRolePolicyDocument").unwrap_or_default();
    check_trust(account, call, trust)?;
    let boundary = input.text("PermissionsBoundary");
    if let Some(arn) = boundary.filter(|arn| !account.global.iam.attachable(arn, call)) {
        return Err(BAD_BOUNDARY.refuse(&[arn]));
    }
    let path = input.text("Path").unwrap_or("/");
    let role = Role {
        name: name.to_owned(),
        path: path.to_owned(),
        id: account.new_unique_id("AROA"),
        arn: format!("arn:{}:iam::{}:role{path}{name}", call.partition, call.account_id),
        trust: trust.to_owned(),
        max_session: input.integer("MaxSessionDuration").unwrap_or(3600),
        known_from: call.after(PROPAGATION),
        created: call.now,
        description: input.text("Description").map(str::to_owned),
        boundary: boundary.map(str::to_owned),
        tags: tags_of(input)?,
        ..Role::default()
    };
    let shown = shown(&role, true);
    account.global.iam.roles.insert(name.to_lowercase(), role);
    Ok(json!({"Role": shown}))
}

/// Writes a role; lists leave out tags and boundary.
pub(super) fn shown(role: &Role, whole: bool) -> Value {
    let mut shown = json!({
        "Path": role.path, "RoleName": role.name, "RoleId": role.id, "Arn": role.arn,
        "CreateDate": role.created.to_string(), "AssumeRolePolicyDocument": encoded(&role.trust),
        "Description": role.description, "MaxSessionDuration": role.max_session,
    });
    if whole && let Some(shown) = shown.as_object_mut() {
        shown.insert("PermissionsBoundary".to_owned(), boundary(role));
        if !role.tags.is_empty() {
            shown.insert("Tags".to_owned(), tag_list(&role.tags));
        }
    }
    shown
}

fn boundary(role: &Role) -> Value {
    role.boundary.as_ref().map_or(Value::Null, |arn| {
        json!({
            "PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn,
        })
    })
}

pub(super) fn get(account: &Account, _: &Call, input: &Input) -> Answer {
    let mut shown = shown(account.global.iam.role(input)?, true);
    shown["RoleLastUsed"] = json!({});
    Ok(json!({"Role": shown}))
}

pub(super) fn list(account: &Account, _: &Call, input: &Input) -> Answer {
    let prefix = input.text("PathPrefix").unwrap_or("/");
    let roles = account.global.iam.roles.iter();
    let roles = roles
        .filter(|(_, role)| role.path.starts_with(prefix))
        .map(|(key, role)| (key.clone(), shown(role, false)))
        .collect();
    paged(Map::new(), "Roles", roles, input)
}

/// A session duration that is not sent becomes one hour again; a description stays.
pub(super) fn update(account: &mut Account, _: &Call, input: &Input) -> Answer {
    let role = account.global.iam.role_mut(input)?;
    if let Some(description) = input.text("Description") {
        role.description = Some(description.to_owned()).filter(|text| !text.is_empty());
    }
    role.max_session = input.integer("MaxSessionDuration").unwrap_or(3600);
    Ok(json!({}))
}

pub(super) fn delete(account: &mut Account, _: &Call, input: &Input) -> Answer {
    let iam = &mut account.global.iam;
    let role = iam.role(input)?;
    let key = role.name.to_lowercase();
    if iam.profiles.values().any(|profile| profile.role.as_ref() == Some(&key)) {
        return Err(ROLE_IN_PROFILE.refuse(&[]));
    }
    if !role.attached.is_empty() {
        return Err(ROLE_HAS_ATTACHMENTS.refuse(&[]));
    }
    if !role.inline.is_empty() {
        return Err(ROLE_HAS_POLICIES.refuse(&[]));
    }
    // Documents that name the role keep naming this very one, now by its id.
    let (arn, id) = (format!("\"{}\"", role.arn), format!("\"{}\"", role.id));
    for other in iam.roles.values_mut() {
        other.trust = other.trust.replace(&arn, &id);
    }
    iam.roles.remove(&key);
    Ok(Value::Null)
}

pub(super) fn update_trust(account: &mut Account, call: &Call, input: &Input) -> Answer {
    account.global.iam.role(input)?;
    let document = input.text("PolicyDocument").unwrap_or_default();
    check_trust(account, call, document)?;
    document.clone_into(&mut account.global.iam.role_mut(input)?.trust);
    Ok(Value::Null)
}

pub(super) fn put_inline(account: &mut Account, _: &Call, input: &Input) -> Answer {
    let role = account.global.iam.role_mut(input)?;
    let document = input.text("PolicyDocument").unwrap_or_default();
    policy::check(document, Use::Identity).map_err(|message| MALFORMED.refuse(&[&message]))?;
    let name = input.text("PolicyName").unwrap_or_default();
    role.inline.insert(name.to_owned(), document.to_owned());
    if role.inline.values().map(|document| length(document)).sum::<usize>() > INLINE_LENGTH {
        return Err(INLINE_TOO_LONG.refuse(&[&role.name]));
    }
    Ok(Value::Null)
}

pub(super) fn get_inline(account: &Account, _: &Call, input: &Input) -> Answer {
    let role = account.global.iam.role(input)?;
    let name = input.text("PolicyName").unwrap_or_default();
    let document = role.inline.get(name).ok_or_else(|| NO_INLINE.refuse(&[name]))?;
    Ok(json!({
        "RoleName": role.name, "PolicyName": name, "PolicyDocument": encoded(document),
    }))
}

pub(super) fn list_inline(account: &Account, _: &Call, input: &Input) -> Answer {
    let names = account.global.iam.role(input)?.inline.keys();
    let names = names.map(|name| (name.clone(), json!(name))).collect();
    paged(Map::new(), "PolicyNames", names, input)
}

pub(super) fn delete_inline(account: &mut Account, _: &Call, input: &Input) -> Answer {
    let role = account.global.iam.role_mut(input)?;
    let name = input.text("PolicyName").unwrap_or_default();
    role.inline.remove(name).ok_or_else(|| NO_INLINE.refuse(&[name]))?;
    Ok(Value::Null)
}

/// Attaching twice is no error.
pub(super) fn attach(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let iam = &mut account.global.iam;
    let arn = input.text("PolicyArn").unwrap_or_default();
    iam.role(input)?;
    if !iam.attachable(arn, call) {
        return Err(NOT_ATTACHABLE.refuse(&[arn]));
    }
    let role = iam.role_mut(input)?;
    role.attached.insert(arn.to_owned());
    if role.attached.len() > MAX_ATTACHED {
        return Err(TOO_MANY_ATTACHED.refuse(&[]));
    }
    Ok(Value::Null)
}

pub(super) fn detach(account: &mut Account, _: &Call, input: &Input) -> Answer {
    let role = account.global.iam.role_mut(input)?;
    let arn = input.text("PolicyArn").unwrap_or_default();
    if role.attached.remove(arn) { Ok(Value::Null) } else { Err(NOT_ATTACHED.refuse(&[arn])) }
}

fn attached(role: &Role) -> Vec<(String, Value)> {
    role.attached
        .iter()
        .map(|arn| {
            let name = arn.rsplit('/').next().unwrap_or_default();
            (arn.clone(), json!({"PolicyName": name, "PolicyArn": arn}))
        })
        .collect()
}

pub(super) fn list_attached(account: &Account, _: &Call, input: &Input) -> Answer {
    let mut policies = attached(account.global.iam.role(input)?);
    if let Some(prefix) = input.text("PathPrefix") {
        policies.retain(|(arn, _)| {
            let path = arn.split_once(":policy").map_or("", |(_, path)| path);
            path.starts_with(prefix)
        });
    }
    paged(Map::new(), "AttachedPolicies", policies, input)
}

pub(super) fn put_boundary(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let iam = &mut account.global.iam;
    let arn = input.text("PermissionsBoundary").unwrap_or_default();
    iam.role(input)?;
    if !iam.attachable(arn, call) {
        return Err(BAD_BOUNDARY.refuse(&[arn]));
    }
    iam.role_mut(input)?.boundary = Some(arn.to_owned());
    Ok(Value::Null)
}

pub(super) fn delete_boundary(account: &mut Account, _: &Call, input: &Input) -> Answer {
    account.global.iam.role_mut(input)?.boundary = None;
    Ok(Value::Null)
}

pub(super) fn tag(account: &mut Account, _: &Call, input: &Input) -> Answer {
    add_tags(&mut account.global.iam.role_mut(input)?.tags, input)
}

pub(super) fn untag(account: &mut Account, _: &Call, input: &Input) -> Answer {
    remove_tags(&mut account.global.iam.role_mut(input)?.tags, input);
    Ok(Value::Null)
}

pub(super) fn list_tags(account: &Account, _: &Call, input: &Input) -> Answer {
    paged_tags(&account.global.iam.role(input)?.tags, input)
}

/// Lists roles and customer policies with everything about them; a page counts both.
pub(super) fn authorization_details(account: &Account, _: &Call, input: &Input) -> Answer {
    let filter = input.texts("Filter");
    let wanted = |kind: &str| filter.is_empty() || filter.contains(&kind);
    let iam = &account.global.iam;
    let mut items = Vec::new();
    if wanted("Role") {
        items.extend(iam.roles.iter().map(|(key, role)| {
            (format!("1/{key}"), json!({"RoleDetailList": detail(iam, key, role)}))
        }));
    }
    if wanted("LocalManagedPolicy") {
        items.extend(
            iam.policies
                .keys()
                .map(|arn| (format!("2/{arn}"), json!({"Policies": policies::detail(iam, arn)}))),
        );
    }
    let Value::Object(mut answer) = paged(Map::new(), "items", items, input)? else {
        return Ok(Value::Null);
    };
    let items = answer.remove("items");
    for list in ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"] {
        let items = items.iter().filter_map(Value::as_array).flatten();
        let items = items.filter_map(|item| item.get(list)).cloned().collect();
        answer.insert(list.to_owned(), items);
    }
    Ok(Value::Object(answer))
}

fn detail(iam: &State, key: &str, role: &Role) -> Value {
    let inline: Vec<_> = role
        .inline
        .iter()
        .map(|(name, document)| json!({"PolicyName": name, "PolicyDocument": encoded(document)}))
        .collect();
    let attached: Vec<_> = attached(role).into_iter().map(|(_, policy)| policy).collect();
    json!({
        "Path": role.path, "RoleName": role.name, "RoleId": role.id, "Arn": role.arn,
        "CreateDate": role.created.to_string(), "AssumeRolePolicyDocument": encoded(&role.trust),
        "InstanceProfileList": profiles::of_role(iam, key), "RolePolicyList": inline,
        "AttachedManagedPolicies": attached, "PermissionsBoundary": boundary(role),
        "Tags": tag_list(&role.tags), "RoleLastUsed": {},
    })
}
