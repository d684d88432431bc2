//! Tags and filters as each service wants them.

use super::ownership::Tags;
use super::{Cx, Result};
use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};

/// EC2 takes at most this many values per filter.
const MAX_FILTER_VALUES: usize = 200;

/// Wraps tags for the creating call of an EC2 object.
pub fn ec2_specification(kind: ResourceType, tags: &Tags) -> TagSpecification {
    TagSpecification::builder().resource_type(kind).set_tags(Some(to_ec2(tags))).build()
}

/// Converts tags for EC2.
pub fn to_ec2(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(k, v)| Tag::builder().key(k).value(v).build()).collect()
}

/// Converts tags from EC2.
pub fn from_ec2(tags: Option<Vec<Tag>>) -> Tags {
    let pair = |t: Tag| Some((t.key?, t.value.unwrap_or_default()));
    tags.unwrap_or_default().into_iter().filter_map(pair).collect()
}

/// Makes one EC2 filter.
pub fn filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    let values = values.into_iter().map(Into::into).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

impl Cx {
    /// Makes the filters that find every object with a tag of ours, whole or not: one list per
    /// call. Whose it is the engine decides; a half-tagged object must be seen, or a second one
    /// would be made (design section 3).
    pub fn ec2_owned(&self) -> Vec<Vec<Filter>> {
        vec![vec![filter("tag-key", super::ownership::IDENTITY_KEYS)]]
    }

    /// Sets and removes tags of an EC2 object.
    pub async fn ec2_tag(&self, id: &str, set: &Tags, remove: &[String]) -> Result<()> {
        if !set.is_empty() {
            self.ec2().create_tags().resources(id).set_tags(Some(to_ec2(set))).send().await?;
        }
        if !remove.is_empty() {
            let keys = remove.iter().map(|k| Tag::builder().key(k).build()).collect();
            self.ec2().delete_tags().resources(id).set_tags(Some(keys)).send().await?;
        }
        Ok(())
    }
}

/// Makes the filter that finds objects by these values: one list per call; none are missed errors,
/// as they would be with the call's own list of ids.
pub fn ec2_any(name: &str, values: &[String]) -> Vec<Vec<Filter>> {
    let one = |chunk: &[String]| vec![filter(name, chunk.iter().map(String::as_str))];
    values.chunks(MAX_FILTER_VALUES).map(one).collect()
}

/// Converts tags for IAM.
pub fn to_iam(tags: &Tags) -> Vec<aws_sdk_iam::types::Tag> {
    // `build` fails only without key or value, and both are given.
    let tag = |(k, v)| aws_sdk_iam::types::Tag::builder().key(k).value(v).build().ok();
    tags.iter().filter_map(tag).collect()
}

/// Converts tags from IAM.
pub fn from_iam(tags: &[aws_sdk_iam::types::Tag]) -> Tags {
    tags.iter().map(|t| (t.key().to_owned(), t.value().to_owned())).collect()
}
