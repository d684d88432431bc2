//! What the data sources of EC2 share.

use crate::aws::Tags;
use crate::aws::tags::filter;
use aws_sdk_ec2::types::Filter;

/// Collects the filters given; AWS wants none that is empty.
#[derive(Default)]
pub(crate) struct Filters(Vec<Filter>);

impl Filters {
    pub(crate) fn add(mut self, name: &str, value: Option<impl ToString>) -> Self {
        self.0.extend(value.map(|v| filter(name, [v.to_string()])));
        self
    }

    pub(crate) fn any(mut self, name: &str, values: &[&str]) -> Self {
        self.0.push(filter(name, values.iter().copied()));
        self
    }

    pub(crate) fn tags(mut self, tags: &Tags) -> Self {
        self.0.extend(tags.iter().map(|(k, v)| filter(&format!("tag:{k}"), [v])));
        self
    }

    pub(crate) fn given(self) -> Option<Vec<Filter>> {
        Some(self.0).filter(|f| !f.is_empty())
    }
}
