//! Launch templates: versions of what a launch says, kept as they were sent and not checked.

mod versions;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::{Answer, Call, Input, Members};
use super::describe::Listing;
use super::{State, View, ids, rules, state_mut, tags, tokens};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::state::Account;

pub(super) use versions::{create_version, delete_versions, describe_versions};

/// A launch template.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LaunchTemplate {
    pub(crate) name: String,
    pub(crate) created: Time,
    pub(crate) created_by: String,
    /// The number of the default version.
    pub(crate) default: u64,
    /// The number of the latest version, deleted or not.
    pub(crate) latest: u64,
    pub(crate) versions: BTreeMap<u64, Version>,
}

/// One version of a launch template.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) description: Option<String>,
    pub(crate) created: Time,
    pub(crate) created_by: String,
    pub(crate) data: Map<String, Value>,
    /// The token it was made with, and what was asked.
    pub(crate) token: Option<(String, String)>,
}

impl LaunchTemplate {
    /// Returns the number that a version's name stands for: `$Latest`, `$Default` or a number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        match name {
            "$Latest" => Some(self.newest()),
            "$Default" => Some(self.default),
            _ => name.parse().ok().filter(|number| self.versions.contains_key(number)),
        }
    }

    /// Returns the number of the newest version there is.
    pub(crate) fn newest(&self) -> u64 {
        self.versions.keys().next_back().copied().unwrap_or(self.default)
    }
}

/// Refuses data that is not even well-formed: the rest shows at a launch.
fn checked_data(input: &Input) -> Result<Map<String, Value>, Refusal> {
    let data = input.object("LaunchTemplateData").cloned().unwrap_or_default();
    if let Some(user_data) = data.text("UserData")
        && STANDARD.decode(user_data).is_err()
    {
        return Err(rules::USER_DATA_MALFORMED.refuse(&[]));
    }
    for specification in data.list("TagSpecifications").iter().filter_map(Value::as_object) {
        tags::of_specification(specification)?;
    }
    Ok(data)
}

/// CreateLaunchTemplate.
pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let tags = tags::at_creation(input, &ids::LAUNCH_TEMPLATE)?;
    let seen = tokens::seen(state_mut(account, call), call, input)?;
    let id = if let Some(id) = seen {
        id
    } else {
        let name = input.text("LaunchTemplateName").unwrap_or_default();
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "()./_-".contains(letter);
        if !(3..=128).contains(&name.len()) || !name.chars().all(allowed) {
            return Err(rules::TEMPLATE_NAME_MALFORMED.refuse(&[]));
        }
        let data = checked_data(input)?;
        let id = account.new_id("lt");
        let state = state_mut(account, call);
        if state.launch_templates.values().any(|other| other.name == name) {
            return Err(rules::TEMPLATE_NAME_TAKEN.refuse(&[]));
        }
        let first = Version {
            description: input.text("VersionDescription").map(str::to_owned),
            created: call.now,
            created_by: call.principal_arn.clone(),
            data,
            token: None,
        };
        let template = LaunchTemplate {
            name: name.to_owned(),
            created: call.now,
            created_by: call.principal_arn.clone(),
            default: 1,
            latest: 1,
            versions: [(1, first)].into(),
        };
        state.launch_templates.insert(id.clone(), template);
        tags::keep(state, &id, tags)?;
        tokens::keep(state, call, input, &id);
        id
    };
    Ok(shown(account, call, &id))
}

fn shown(account: &Account, call: &Call, id: &str) -> Value {
    let view = View::new(account, call);
    json!({ "LaunchTemplate": show(view, id, &view.state.launch_templates[id]) })
}

/// Finds the template that an input names by id or by name.
pub(super) fn named(state: &State, input: &Map<String, Value>) -> Result<String, Refusal> {
    match (input.text("LaunchTemplateId"), input.text("LaunchTemplateName")) {
        (Some(_), Some(_)) => Err(rules::TEMPLATE_TWICE.refuse(&[])),
        (None, None) => Err(rules::TEMPLATE_NOT_NAMED.refuse(&[])),
        (Some(id), None) => {
            ids::LAUNCH_TEMPLATE.check(state, id)?;
            Ok(id.to_owned())
        }
        (None, Some(name)) => {
            let found = state.launch_templates.iter().find(|(_, it)| it.name == name);
            let found = found.map(|(id, _)| id.clone());
            found.ok_or_else(|| rules::TEMPLATE_NAME_NOT_FOUND.refuse(&[name]))
        }
    }
}

/// Returns the id, the number and the data of the version that a launch names; `$Default` where it
/// names none.
pub(crate) fn data(
    view: View<'_>,
    specification: &Map<String, Value>,
) -> Result<((String, u64), Map<String, Value>), Refusal> {
    let id = named(view.state, specification)?;
    let template = &view.state.launch_templates[&id];
    let wanted = specification.text("Version").unwrap_or("$Default");
    let number = version_of(template, wanted)?;
    let data = template.versions[&number].data.clone();
    Ok(((id, number), data))
}

fn version_of(template: &LaunchTemplate, wanted: &str) -> Result<u64, Refusal> {
    template.number(wanted).ok_or_else(|| rules::TEMPLATE_VERSION_NOT_FOUND.refuse(&[wanted]))
}

/// ModifyLaunchTemplate: another default version.
pub(super) fn modify(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, call);
    let id = named(state, input)?;
    if let Some(template) = state.launch_templates.get_mut(&id)
        && let Some(wanted) = input.text("DefaultVersion")
    {
        template.default = version_of(template, wanted)?;
    }
    Ok(shown(account, call, &id))
}

/// DeleteLaunchTemplate: with all versions, even if a group launches from it.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let id = named(state_mut(account, call), input)?;
    let answer = shown(account, call, &id);
    let state = state_mut(account, call);
    state.launch_templates.remove(&id);
    state.tags.remove(&id);
    Ok(answer)
}

static LISTING: Listing<LaunchTemplate> = Listing {
    kind: &ids::LAUNCH_TEMPLATE,
    ids: "LaunchTemplateIds",
    answer: "LaunchTemplates",
    page: 200,
    filters: &["create-time", "launch-template-name", "tag-key"],
    field,
    show,
};

/// DescribeLaunchTemplates.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    let names = input.texts("LaunchTemplateNames");
    let known = |name: &str| view.state.launch_templates.values().any(|it| it.name == name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        return Err(rules::TEMPLATE_NAME_NOT_FOUND.refuse(&[unknown]));
    }
    let named = view
        .state
        .launch_templates
        .iter()
        .filter(|(_, template)| names.is_empty() || names.contains(&template.name.as_str()));
    LISTING.answer(view, input, named.map(|(id, template)| (id.as_str(), template)))
}

fn field(_: View<'_>, _: &str, template: &LaunchTemplate, name: &str) -> Vec<String> {
    match name {
        "create-time" => vec![template.created.to_string()],
        _ => vec![template.name.clone()],
    }
}

fn show(view: View<'_>, id: &str, template: &LaunchTemplate) -> Value {
    json!({
        "LaunchTemplateId": id,
        "LaunchTemplateName": template.name,
        "CreateTime": template.created.to_string(),
        "CreatedBy": template.created_by,
        "DefaultVersionNumber": template.default,
        "LatestVersionNumber": template.newest(),
        "Tags": tags::show(view, id),
    })
}
