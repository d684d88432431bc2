//! What others decide of a service: a scaling target the number of tasks, inside its range, and the
//! cluster the strategy, where none is given.

use super::EcsService;
use crate::engine::resource::{Live, Standing};
use serde_json::Value as Json;

/// Names what others decide.
pub(super) fn of(wanted: &Json, live: &Live<EcsService>) -> Vec<Standing> {
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
        && live.spec.desired_count.is_some_and(|tasks| range.holds(tasks.into()))
    {
        stands("desired_count", range.owner());
    }
    standing
}
