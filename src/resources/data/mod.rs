//! Data sources: what others own, read and never written.

pub mod availability_zones;
pub mod subnet;
pub mod vpc;

use crate::aws::Tags;
use crate::aws::tags::filter;
use aws_sdk_ec2::types::Filter;

/// Collects the filters given; AWS wants none that is empty.
#[derive(Default)]
struct Filters(Vec<Filter>);

impl Filters {
    fn add(mut self, name: &str, value: Option<impl ToString>) -> Self {
        self.0.extend(value.map(|v| filter(name, [v.to_string()])));
        self
    }

    fn tags(mut self, tags: &Tags) -> Self {
        self.0.extend(tags.iter().map(|(k, v)| filter(&format!("tag:{k}"), [v])));
        self
    }

    fn given(self) -> Option<Vec<Filter>> {
        Some(self.0).filter(|f| !f.is_empty())
    }
}
