//! The Resource Groups Tagging API: one paged call tells the tags of everything of ours.
//!
//! It lags, and it lists what was tagged once. So it is evidence for "nothing to do" only; what is
//! missing there, or about to be written, is confirmed by the service itself (design section 3).

use super::ownership::{ENVIRONMENT, PROJECT, REGION, Tags};
use super::{Cx, Error, Result};
use aws_sdk_resourcegroupstagging::Client;
use aws_sdk_resourcegroupstagging::types::TagFilter;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use tokio::sync::OnceCell;

/// Tags by ARN, of everything that carries our first three tags.
pub type TagIndex = BTreeMap<String, Tags>;

impl Cx {
    /// Reads the index, once until [`Cx::forget_tag_index`].
    pub async fn tag_index(&self) -> Result<Arc<OnceCell<TagIndex>>> {
        let cell = Arc::clone(&self.tag_index.lock().unwrap_or_else(PoisonError::into_inner));
        cell.get_or_try_init(|| self.read_tag_index(self.tagging())).await?;
        Ok(cell)
    }

    /// Reads the index of services that have no region, IAM and Route 53 among them, once until
    /// [`Cx::forget_tag_index`]: the region of the partition that they are run from keeps it
    /// ("GetResources", Tagging API reference).
    pub async fn global_tag_index(&self) -> Result<Arc<OnceCell<TagIndex>>> {
        let home = self.global_region();
        if home == self.scope.region {
            return self.tag_index().await;
        }
        let cell =
            Arc::clone(&self.global_tag_index.lock().unwrap_or_else(PoisonError::into_inner));
        cell.get_or_try_init(|| async {
            self.read_tag_index(self.in_region(home).tagging()).await
        })
        .await?;
        Ok(cell)
    }

    /// The region that services without a region are run from.
    pub(super) fn global_region(&self) -> &'static str {
        match self.partition.as_str() {
            "aws-cn" => "cn-north-1",
            "aws-us-gov" => "us-gov-west-1",
            _ => "us-east-1",
        }
    }

    /// Returns the indexed tags of one ARN; `None` says nothing about the object.
    pub async fn indexed_tags(&self, arn: &str) -> Result<Option<Tags>> {
        Ok(self.tag_index().await?.get().and_then(|index| index.get(arn).cloned()))
    }

    /// Forgets both indexes; to be called before each snapshot, and after anything was written.
    pub fn forget_tag_index(&self) {
        *self.tag_index.lock().unwrap_or_else(PoisonError::into_inner) = Arc::default();
        *self.global_tag_index.lock().unwrap_or_else(PoisonError::into_inner) = Arc::default();
    }

    async fn read_tag_index(&self, client: &Client) -> Result<TagIndex> {
        let ours = [
            (PROJECT, &self.scope.project),
            (ENVIRONMENT, &self.scope.environment),
            (REGION, &self.scope.region),
        ];
        let filters = ours.map(|(k, v)| TagFilter::builder().key(k).values(v).build());
        let found = client
            .get_resources()
            .set_tag_filters(Some(filters.into()))
            .resources_per_page(100)
            .into_paginator()
            .items()
            .send()
            .collect::<std::result::Result<Vec<_>, _>>()
            .await
            .map_err(Error::from)?;
        let entry = |r: aws_sdk_resourcegroupstagging::types::ResourceTagMapping| {
            let tags = r.tags.unwrap_or_default().into_iter().map(|t| (t.key, t.value)).collect();
            Some((r.resource_arn?, tags))
        };
        Ok(found.into_iter().filter_map(entry).collect())
    }
}
