//! Reading launch templates: a list of them all, then the newest versions of those in question.

use super::data::LaunchTemplateData;
use super::{LATEST, LaunchTemplate, LaunchTemplateOut};
use crate::aws::tags::from_ec2;
use crate::aws::{Cx, Error, Result, Tags};
use crate::engine::resource::{Live, Status, Want};
use aws_sdk_ec2::types::{LaunchTemplate as Found, LaunchTemplateVersion};
use futures::future::try_join_all;

/// Templates whose newest versions are read one by one; those of more with a list of all.
const FEW: usize = 3;

/// Lists them all: AWS filters neither by id nor by several names.
pub(super) async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<LaunchTemplate>>> {
    let call = cx.ec2().describe_launch_templates().max_results(200);
    let found = call.into_paginator().items().send();
    let found = found.collect::<std::result::Result<Vec<Found>, _>>().await?;
    let is_wanted = |id: &str, name: &str, tags: &Tags| match want {
        Want::Ids(ids) => ids.iter().any(|wanted| wanted == id),
        Want::Owned { names, .. } => {
            names.iter().any(|wanted| wanted == name) || cx.scope.owns(tags, &[])
        }
    };
    let mut kept = Vec::new();
    for template in found {
        let (Some(id), Some(name)) = (template.launch_template_id, template.launch_template_name)
        else {
            continue;
        };
        let tags = from_ec2(template.tags);
        if is_wanted(&id, &name, &tags) {
            kept.push((id, name, tags, template.default_version_number));
        }
    }
    let ids: Vec<&str> = kept.iter().map(|(id, ..)| id.as_str()).collect();
    let mut versions = versions(cx, &ids).await?;
    let live = |(id, name, tags, default): (String, String, Tags, Option<i64>)| {
        let of = |version: &LaunchTemplateVersion| version.launch_template_id() == Some(&id);
        // One that went in the meantime has no version any more.
        let version = versions.swap_remove(versions.iter().position(of)?);
        let latest_version = version.version_number?;
        let default_version = match default {
            Some(number) if number != latest_version => number.to_string(),
            _ => LATEST.to_owned(),
        };
        let data = version.launch_template_data.map(LaunchTemplateData::of_sdk);
        let launch_template_data = data.unwrap_or_default();
        let spec = LaunchTemplate { name, launch_template_data, default_version };
        let arn = cx.arn("ec2", &format!("launch-template/{id}"));
        let out = LaunchTemplateOut { id: id.clone(), arn, latest_version };
        Some(Live { id, tags, status: Status::Ready, spec, out })
    };
    Ok(kept.into_iter().filter_map(live).collect())
}

/// Reads the newest versions of these templates, and of others where there are many.
async fn versions(cx: &Cx, ids: &[&str]) -> Result<Vec<LaunchTemplateVersion>> {
    if ids.len() > FEW {
        let call = cx.ec2().describe_launch_template_versions().versions(LATEST).max_results(200);
        let found = call.into_paginator().items().send();
        return Ok(found.collect::<std::result::Result<Vec<_>, _>>().await?);
    }
    let one = |id: &str| {
        let call = cx.ec2().describe_launch_template_versions().versions(LATEST);
        let call = call.launch_template_id(id).send();
        async move {
            match call.await.map_err(Error::from) {
                Ok(found) => Ok(found.launch_template_versions.unwrap_or_default()),
                Err(error) if error.is_not_found() => Ok(Vec::new()),
                Err(error) => Err(error),
            }
        }
    };
    Ok(try_join_all(ids.iter().map(|id| one(id))).await?.into_iter().flatten().collect())
}
