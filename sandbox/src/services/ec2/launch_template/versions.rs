//! The versions of a launch template.

use serde_json::{Map, Value, json};

use super::super::describe::{Filters, Page};
use super::super::{View, rules, state_mut, tokens};
use super::{LaunchTemplate, Version, checked_data, named, version_of};
use crate::rules::Refusal;
use crate::services::{Answer, Call, Input, Members};
use crate::state::Account;

/// CreateLaunchTemplateVersion: with a source version, what is sent is laid over its data.
pub(in super::super) fn create_version(
    account: &mut Account,
    call: &Call,
    input: &Input,
) -> Answer {
    let state = state_mut(account, call);
    let id = named(state, input)?;
    let mut data = checked_data(input)?;
    let Some(template) = state.launch_templates.get_mut(&id) else {
        return Err(rules::TEMPLATE_NOT_FOUND.refuse(&[&id]));
    };
    let token =
        input.text("ClientToken").map(|token| (token.to_owned(), tokens::digest(call, input)));
    let number = if let Some(number) = made_with(template, token.as_ref())? {
        number
    } else {
        if let Some(source) = input.text("SourceVersion") {
            let source = version_of(template, source)?;
            let mut whole = template.versions[&source].data.clone();
            whole.extend(data);
            data = whole;
        }
        template.latest += 1;
        let version = Version {
            description: input.text("VersionDescription").map(str::to_owned),
            created: call.now,
            created_by: call.principal_arn.clone(),
            data,
            token,
        };
        template.versions.insert(template.latest, version);
        template.latest
    };
    let view = View::new(account, call);
    let template = &view.state.launch_templates[&id];
    Ok(json!({ "LaunchTemplateVersion": show(&id, template, number) }))
}

/// Finds the version an earlier request with this token made; another request with it is refused.
fn made_with(
    template: &LaunchTemplate,
    token: Option<&(String, String)>,
) -> Result<Option<u64>, Refusal> {
    let Some((token, digest)) = token else { return Ok(None) };
    let known = template.versions.iter().find_map(|(number, version)| {
        let (known, digest) = version.token.as_ref()?;
        (known == token).then_some((*number, digest))
    });
    match known {
        Some((_, other)) if other != digest => Err(rules::TOKEN_MISMATCH.refuse(&[])),
        found => Ok(found.map(|(number, _)| number)),
    }
}

/// DeleteLaunchTemplateVersions: not the default one; what stays is told in a good answer.
pub(in super::super) fn delete_versions(
    account: &mut Account,
    call: &Call,
    input: &Input,
) -> Answer {
    let state = state_mut(account, call);
    let id = named(state, input)?;
    let Some(template) = state.launch_templates.get_mut(&id) else {
        return Err(rules::TEMPLATE_NOT_FOUND.refuse(&[&id]));
    };
    let (mut done, mut kept) = (Vec::new(), Vec::new());
    for wanted in input.texts("Versions") {
        let mut shown = json!({
            "LaunchTemplateId": id,
            "LaunchTemplateName": template.name,
            "VersionNumber": wanted.parse::<u64>().ok(),
        });
        match template.number(wanted) {
            Some(number) if number != template.default => {
                shown["VersionNumber"] = number.into();
                template.versions.remove(&number);
                done.push(shown);
            }
            Some(_) => {
                let message = "The default version of a launch template cannot be deleted.";
                shown["ResponseError"] = json!({ "Code": "unexpectedError", "Message": message });
                kept.push(shown);
            }
            None => {
                let message = format!("Could not find launch template version {wanted}");
                let code = "launchTemplateVersionDoesNotExist";
                shown["ResponseError"] = json!({ "Code": code, "Message": message });
                kept.push(shown);
            }
        }
    }
    Ok(json!({
        "SuccessfullyDeletedLaunchTemplateVersions": done,
        "UnsuccessfullyDeletedLaunchTemplateVersions": kept,
    }))
}

/// DescribeLaunchTemplateVersions: those of one template, or the latest or default ones of all.
pub(in super::super) fn describe_versions(account: &Account, call: &Call, input: &Input) -> Answer {
    let view = View::new(account, call);
    let page = Page::of(view, input, 200)?;
    let names = ["image-id", "instance-type", "is-default-version"];
    let filters = Filters::read(view, input, &names)?;
    let wanted = input.texts("Versions");
    let one = ["LaunchTemplateId", "LaunchTemplateName"].iter().any(|key| input.contains_key(*key));
    let templates: Vec<(&String, &LaunchTemplate)> = if one {
        let id = named(view.state, input)?;
        view.state.launch_templates.iter().filter(|(known, _)| **known == id).collect()
    } else {
        if wanted.is_empty() || wanted.iter().any(|name| !name.starts_with('$')) {
            return Err(rules::TEMPLATE_NOT_NAMED.refuse(&[]));
        }
        view.state.launch_templates.iter().collect()
    };
    let bound = |member: &str| input.text(member).and_then(|text| text.parse::<u64>().ok());
    let (least, most) = (bound("MinVersion"), bound("MaxVersion"));
    let mut found = Vec::new();
    for (id, template) in templates {
        let mut numbers: Vec<u64> = template.versions.keys().copied().collect();
        if !wanted.is_empty() {
            numbers.clear();
            for name in &wanted {
                let number = version_of(template, name)?;
                if !numbers.contains(&number) {
                    numbers.push(number);
                }
            }
        }
        numbers.retain(|number| {
            least.is_none_or(|least| *number >= least) && most.is_none_or(|most| *number <= most)
        });
        numbers.sort_unstable();
        // AWS gives the newest first.
        for number in numbers.into_iter().rev() {
            let data = &template.versions[&number].data;
            let field = |name: &str| match name {
                "image-id" => data.text("ImageId").map(str::to_owned).into_iter().collect(),
                "instance-type" => {
                    data.text("InstanceType").map(str::to_owned).into_iter().collect()
                }
                _ => vec![(number == template.default).to_string()],
            };
            if filters.accept_fields(field) {
                let key = format!("{id} {:020}", u64::MAX - number);
                found.push((key, show(id, template, number)));
            }
        }
    }
    let (found, next) = page.cut(found.into_iter());
    let shown: Vec<Value> = found.into_iter().map(|(_, shown)| shown).collect();
    Ok(json!({ "LaunchTemplateVersions": shown, "NextToken": next }))
}

fn show(id: &str, template: &LaunchTemplate, number: u64) -> Value {
    let version = &template.versions[&number];
    let mut data: Map<String, Value> = version.data.clone();
    if let Some(options) = data.get_mut("MetadataOptions").and_then(Value::as_object_mut) {
        options.insert("State".to_owned(), "applied".into());
    }
    json!({
        "LaunchTemplateId": id,
        "LaunchTemplateName": template.name,
        "VersionNumber": number,
        "VersionDescription": version.description,
        "CreateTime": version.created.to_string(),
        "CreatedBy": version.created_by,
        "DefaultVersion": number == template.default,
        "LaunchTemplateData": data,
    })
}
