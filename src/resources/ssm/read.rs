//! Reading parameters: their values ten at a time, what else there is fifty at a time.

use super::parameter::{SsmParameter, SsmParameterOut};
use crate::aws::{Cx, Error, Result, Sdk, Tags};
use crate::engine::resource::{Id, Live, Status, Want};
use crate::resources::PARALLEL;
use crate::resources::hidden::Hidden;
use aws_sdk_ssm::types::{
    Parameter, ParameterMetadata, ParameterStringFilter, ParameterType, ResourceTypeForTagging,
};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};

/// Names a request for values takes.
const VALUES: usize = 10;
/// Values a filter takes, and parameters a page has.
const PAGE: usize = 50;

/// Reads the parameters in question; the index of tags is evidence for what nobody asks for by name.
pub(super) async fn list(cx: &Cx, want: Want<'_>) -> Result<Vec<Live<SsmParameter>>> {
    let mut indexed: BTreeMap<String, Tags> = BTreeMap::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    match want {
        // What is about to be written, or was just written, is read without the index.
        Want::Ids(ids) => names.extend(ids.iter().cloned()),
        Want::Owned { workspaces, names: wanted } => {
            let cell = cx.tag_index().await?;
            let prefix = cx.arn("ssm", "parameter/");
            for (arn, tags) in cell.get().into_iter().flatten() {
                let Some(name) = arn.strip_prefix(&prefix) else { continue };
                if cx.scope.owns(tags, workspaces) {
                    indexed.insert(arn.clone(), tags.clone());
                    // The ARN of `a` is that of `/a`; a path begins with a slash.
                    names.insert(format!("/{name}"));
                    if !name.contains('/') {
                        names.insert(name.to_owned());
                    }
                }
            }
            names.extend(wanted.iter().cloned());
        }
    }
    let names: Vec<String> = names.into_iter().collect();
    let (values, details) = futures::try_join!(values(cx, &names), details(cx, &names))?;
    let indexed = &indexed;
    stream::iter(values)
        .map(|(name, value)| {
            let detail = details.get(&name).cloned();
            async move {
                let Some(detail) = detail else { return Ok(None) };
                let arn = value.arn.clone().unwrap_or_default();
                let tags = match indexed.get(&arn) {
                    Some(tags) => Some(tags.clone()),
                    None => tags_of(cx, &name).await?,
                };
                Ok::<_, Error>(tags.map(|tags| live(name, arn, value, detail, tags)))
            }
        })
        .buffered(PARALLEL)
        .try_filter_map(|live| async { Ok(live) })
        .try_collect()
        .await
}

/// Reads values, decrypted; those that are not there are left out.
async fn values(cx: &Cx, names: &[String]) -> Result<BTreeMap<String, Parameter>> {
    let chunks = names.chunks(VALUES).map(<[String]>::to_vec);
    let answers = stream::iter(chunks)
        .map(|names| async move {
            let call = cx.ssm().get_parameters().set_names(Some(names)).with_decryption(true);
            Ok::<_, Error>(call.send().await?.parameters.unwrap_or_default())
        })
        .buffered(PARALLEL);
    let found: Vec<Vec<Parameter>> = answers.try_collect().await?;
    Ok(found.into_iter().flatten().filter_map(|one| Some((one.name.clone()?, one))).collect())
}

/// Reads descriptions, tiers and keys. Pages may be short or empty while more follow.
async fn details(cx: &Cx, names: &[String]) -> Result<BTreeMap<String, ParameterMetadata>> {
    let chunks = names.chunks(PAGE).map(<[String]>::to_vec);
    let answers = stream::iter(chunks)
        .map(|names| async move {
            let filter = ParameterStringFilter::builder()
                .key("Name")
                .option("Equals")
                .set_values(Some(names));
            let filter =
                filter.build().map_err(|e| Error::local("DescribeParameters", e.to_string()))?;
            let call = cx.ssm().describe_parameters().parameter_filters(filter);
            let pages = call.max_results(50).into_paginator().send();
            let pages = pages.collect::<std::result::Result<Vec<_>, _>>().await?;
            Ok::<_, Error>(pages.into_iter().flat_map(|page| page.parameters.unwrap_or_default()))
        })
        .buffered(PARALLEL);
    let found: Vec<_> = answers.try_collect().await?;
    Ok(found.into_iter().flatten().filter_map(|one| Some((one.name.clone()?, one))).collect())
}

/// Reads the tags; `None` when the parameter is gone meanwhile.
async fn tags_of(cx: &Cx, name: &str) -> Result<Option<Tags>> {
    let kind = ResourceTypeForTagging::Parameter;
    let call = cx.ssm().list_tags_for_resource().resource_type(kind).resource_id(name);
    match call.send().await.map_err(Error::from) {
        Ok(found) => {
            let tags = found.tag_list.unwrap_or_default().into_iter();
            Ok(Some(tags.map(|tag| (tag.key, tag.value)).collect()))
        }
        Err(error) if error.is("InvalidResourceId") => Ok(None),
        Err(error) => Err(error),
    }
}

fn live(
    name: String,
    arn: String,
    value: Parameter,
    detail: ParameterMetadata,
    tags: Tags,
) -> Live<SsmParameter> {
    let kind = value.r#type.unwrap_or(ParameterType::String);
    let (open, secure) = match kind {
        ParameterType::SecureString => (None, value.value),
        _ => (value.value, None),
    };
    let spec = SsmParameter {
        name: name.clone(),
        kind: Sdk(kind),
        value: open,
        secure_value: secure.map(Hidden),
        description: Some(detail.description.unwrap_or_default()),
        key_id: detail.key_id.map(Id::new),
        tier: detail.tier.map(Sdk),
        allowed_pattern: Some(detail.allowed_pattern.unwrap_or_default()),
        data_type: value.data_type,
    };
    let out = SsmParameterOut { id: name.clone(), arn, version: value.version };
    Live { id: name, tags, status: Status::Ready, spec, out }
}
