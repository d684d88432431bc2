//! What others decide of a service: a scaling target the number of tasks, inside its range, and the
//! cluster the strategy, where none is given.

use super::EcsService;
use crate::aws::{Cx, Error, ErrorClass, Result};
use crate::engine::resource::{Live, Standing};
use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// AWS takes this many ids in a call.
const MOST: usize = 50;

/// Range of a scaling target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScalingRange {
    /// Fewest tasks.
    pub min_capacity: i32,
    /// Most tasks.
    pub max_capacity: i32,
}

impl ScalingRange {
    /// Tells whether a number of tasks is the target's to say.
    pub fn holds(self, tasks: i32) -> bool {
        (self.min_capacity..=self.max_capacity).contains(&tasks)
    }
}

/// Names what others decide.
pub(super) fn standing(wanted: &Json, live: &Live<EcsService>) -> Vec<Standing> {
    let given = |field: &str| wanted.get(field).is_some_and(|value| !value.is_null());
    let mut standing = Vec::new();
    let mut stands = |path: &str, owner: String| {
        standing.push(Standing { path: path.to_owned(), owner });
    };
    let copied = live.spec.capacity_provider_strategy.as_ref().is_some_and(|s| !s.is_empty());
    if copied && !given("capacity_provider_strategy") && !given("launch_type") {
        stands("capacity_provider_strategy", "the default strategy of its cluster".to_owned());
    }
    let range = live.out.scaling_range.filter(|_| given("desired_count"));
    if let Some(range) = range
        && live.spec.desired_count.is_some_and(|tasks| range.holds(tasks))
    {
        let (least, most) = (range.min_capacity, range.max_capacity);
        stands("desired_count", format!("its scaling target ({least} to {most})"));
    }
    standing
}

/// Reads the ranges of the scaling targets of these services, by id. Who may not read them has
/// none: then the stack's number counts.
pub(super) async fn ranges(cx: &Cx, ids: Vec<String>) -> Result<BTreeMap<String, ScalingRange>> {
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(MOST) {
        let pages = cx
            .application_autoscaling()
            .describe_scalable_targets()
            .service_namespace(ServiceNamespace::Ecs)
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .set_resource_ids(Some(chunk.to_vec()))
            .into_paginator();
        let targets = pages.items().send().collect::<std::result::Result<Vec<_>, _>>().await;
        let targets = match targets.map_err(Error::from) {
            Err(error) if error.class == ErrorClass::AccessDenied => continue,
            targets => targets?,
        };
        found.extend(targets.into_iter().map(|target| {
            let (min_capacity, max_capacity) = (target.min_capacity, target.max_capacity);
            (target.resource_id, ScalingRange { min_capacity, max_capacity })
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
