//! Instance profiles.

use serde_json::{Map, Value, json};

use super::super::tagging::tag_list;
use super::super::{Answer, Call, Input, Members};
use super::{
    NO_PROFILE, NO_ROLE, NOT_IN_PROFILE, PROFILE_EXISTS, PROFILE_FULL, PROFILE_HAS_ROLE,
    PROPAGATION, Profile, State, add_tags, paged, paged_tags, remove_tags, roles, tags_of,
};
use crate::rules::Refusal;
use crate::state::Account;

impl State {
    fn profile(&self, input: &Input) -> Result<&Profile, Refusal> {
        let name = input.text("InstanceProfileName").unwrap_or_default();
        self.profiles.get(&name.to_lowercase()).ok_or_else(|| NO_PROFILE.refuse(&[name]))
    }

    fn profile_mut(&mut self, input: &Input) -> Result<&mut Profile, Refusal> {
        let name = input.text("InstanceProfileName").unwrap_or_default();
        self.profiles.get_mut(&name.to_lowercase()).ok_or_else(|| NO_PROFILE.refuse(&[name]))
    }
}

pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let name = input.text("InstanceProfileName").unwrap_or_default();
    if account.global.iam.profiles.contains_key(&name.to_lowercase()) {
        return Err(PROFILE_EXISTS.refuse(&[name]));
    }
    let path = input.text("Path").unwrap_or("/");
    let profile = Profile {
        name: name.to_owned(),
        path: path.to_owned(),
        id: account.new_unique_id("AIPA"),
        arn: format!(
            "arn:{}:iam::{}:instance-profile{path}{name}",
            call.partition, call.account_id
        ),
        created: call.now,
        known_from: call.after(PROPAGATION),
        role: None,
        tags: tags_of(input)?,
    };
    let shown = shown(&account.global.iam, &profile, true);
    account.global.iam.profiles.insert(name.to_lowercase(), profile);
    Ok(json!({"InstanceProfile": shown}))
}

fn shown(iam: &State, profile: &Profile, whole: bool) -> Value {
    let role = profile.role.as_ref().and_then(|key| iam.roles.get(key));
    let roles: Vec<_> = role.iter().map(|role| roles::shown(role, false)).collect();
    let mut shown = json!({
        "Path": profile.path, "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id, "Arn": profile.arn,
        "CreateDate": profile.created.to_string(), "Roles": roles,
    });
    if whole && !profile.tags.is_empty() {
        shown["Tags"] = tag_list(&profile.tags);
    }
    shown
}

pub(super) fn get(account: &Account, _: &Call, input: &Input) -> Answer {
    let iam = &account.global.iam;
    Ok(json!({"InstanceProfile": shown(iam, iam.profile(input)?, true)}))
}

pub(super) fn delete(account: &mut Account, _: &Call, input: &Input) -> Answer {
    let iam = &mut account.global.iam;
    let profile = iam.profile_mut(input)?;
    if profile.role.is_some() {
        return Err(PROFILE_HAS_ROLE.refuse(&[]));
    }
    let key = profile.name.to_lowercase();
    iam.profiles.remove(&key);
    Ok(Value::Null)
}

pub(super) fn list(account: &Account, _: &Call, input: &Input) -> Answer {
    let iam = &account.global.iam;
    let prefix = input.text("PathPrefix").unwrap_or("/");
    let profiles = iam.profiles.iter();
    let profiles = profiles
        .filter(|(_, profile)| profile.path.starts_with(prefix))
        .map(|(key, profile)| (key.clone(), shown(iam, profile, false)))
        .collect();
    paged(Map::new(), "InstanceProfiles", profiles, input)
}

/// Returns the profiles a role is in, by the role's name in lower case.
pub(super) fn of_role(iam: &State, role: &str) -> Vec<Value> {
    let profiles = iam.profiles.values();
    let profiles = profiles.filter(|profile| profile.role.as_deref() == Some(role));
    profiles.map(|profile| shown(iam, profile, false)).collect()
}

pub(super) fn list_for_role(account: &Account, _: &Call, input: &Input) -> Answer {
    let iam = &account.global.iam;
    let role = iam.role(input)?.name.to_lowercase();
    let profiles = of_role(iam, &role).into_iter();
    let profiles = profiles.map(|profile| (profile["InstanceProfileName"].to_string(), profile));
    paged(Map::new(), "InstanceProfiles", profiles.collect(), input)
}

pub(super) fn add_role(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let iam = &mut account.global.iam;
    let role = iam.role(input)?;
    if role.known_from > call.now {
        return Err(NO_ROLE.refuse(&[&role.name]));
    }
    let key = role.name.to_lowercase();
    let profile = iam.profile_mut(input)?;
    if profile.role.is_some() {
        return Err(PROFILE_FULL.refuse(&[]));
    }
    profile.role = Some(key);
    Ok(Value::Null)
}

pub(super) fn remove_role(account: &mut Account, _: &Call, input: &Input) -> Answer {
    let role = input.text("RoleName").unwrap_or_default();
    let profile = account.global.iam.profile_mut(input)?;
    if profile.role.as_deref() != Some(role.to_lowercase().as_str()) {
        return Err(NOT_IN_PROFILE.refuse(&[role, &profile.name]));
    }
    profile.role = None;
    Ok(Value::Null)
}

pub(super) fn tag(account: &mut Account, _: &Call, input: &Input) -> Answer {
    add_tags(&mut account.global.iam.profile_mut(input)?.tags, input)
}

pub(super) fn untag(account: &mut Account, _: &Call, input: &Input) -> Answer {
    remove_tags(&mut account.global.iam.profile_mut(input)?.tags, input);
    Ok(Value::Null)
}

pub(super) fn list_tags(account: &Account, _: &Call, input: &Input) -> Answer {
    paged_tags(&account.global.iam.profile(input)?.tags, input)
}
