//! Ranges of scaling targets: inside them others decide what the stack may say.

use crate::aws::{Cx, Error, ErrorClass, Result};
use aws_sdk_applicationautoscaling::types::ServiceNamespace;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// AWS takes this many ids in a call.
const MOST: usize = 50;

/// Range of a scaling target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScalingRange {
    /// Least capacity.
    pub min_capacity: i32,
    /// Most capacity.
    pub max_capacity: i32,
}

impl ScalingRange {
    /// Tells whether a capacity is the target's to say.
    pub fn holds(self, capacity: i64) -> bool {
        (i64::from(self.min_capacity)..=i64::from(self.max_capacity)).contains(&capacity)
    }

    /// Says who decides, e.g. `its scaling target (2 to 4)`.
    pub(in crate::resources) fn owner(self) -> String {
        format!("its scaling target ({} to {})", self.min_capacity, self.max_capacity)
    }
}

/// Reads the ranges of the targets of these resources, by resource id and dimension. Who may not
/// read them has none: then what the stack says counts.
pub(in crate::resources) async fn ranges(
    cx: &Cx,
    namespace: &ServiceNamespace,
    resources: Vec<String>,
) -> Result<BTreeMap<(String, String), ScalingRange>> {
    let mut found = BTreeMap::new();
    for chunk in resources.chunks(MOST) {
        let call = cx.application_autoscaling().describe_scalable_targets();
        let call = call.service_namespace(namespace.clone()).set_resource_ids(Some(chunk.to_vec()));
        let targets = call.into_paginator().items().send();
        let targets = targets.collect::<std::result::Result<Vec<_>, _>>().await;
        let targets = match targets.map_err(Error::from) {
            Err(error) if error.class == ErrorClass::AccessDenied => continue,
            targets => targets?,
        };
        found.extend(targets.into_iter().map(|target| {
            let (min_capacity, max_capacity) = (target.min_capacity, target.max_capacity);
            let key = (target.resource_id, target.scalable_dimension.as_str().to_owned());
            (key, ScalingRange { min_capacity, max_capacity })
        }));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::ScalingRange;

    #[test]
    fn a_range_has_both_its_ends() {
        let range = ScalingRange { min_capacity: 2, max_capacity: 4 };
        assert_eq!([1, 2, 4, 5].map(|tasks| range.holds(tasks)), [false, true, true, false]);
    }
}
