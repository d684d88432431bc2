//! DescribeServices and ListServices.

use serde_json::json;

use super::super::{Call, Input, Members, at_most, cluster, includes, names, page, state};
use super::{key, of_cluster, show};
use crate::services::Answer;
use crate::state::Account;

/// DescribeServices: up to ten of one cluster.
pub(crate) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    at_most(input, "services", 10)?;
    let cluster = names::cluster(call, input)?;
    let state = state(account, &call.region);
    cluster::active(state, cluster)?;
    let (mut services, mut failures) = (Vec::new(), Vec::new());
    for given in input.texts("services") {
        let name = names::last(given);
        let key = key(cluster, name);
        if state.services.contains_key(&key) {
            services.push(show::one(account, call, &key, includes(input, "TAGS")));
        } else {
            let arn = names::arn(call, "service", &key);
            failures.push(json!({"arn": arn, "reason": "MISSING"}));
        }
    }
    Ok(json!({"services": services, "failures": failures}))
}

/// ListServices: those that are ACTIVE.
pub(crate) fn list(account: &Account, call: &Call, input: &Input) -> Answer {
    let cluster = names::cluster(call, input)?;
    let state = state(account, &call.region);
    cluster::active(state, cluster)?;
    let asked = |member: &str, value: &str| input.text(member).is_none_or(|it| it == value);
    let arns = of_cluster(state, cluster)
        .filter(|service| service.is_active())
        .filter(|service| {
            let scheduling = if service.is_daemon { "DAEMON" } else { "REPLICA" };
            let launch = service.primary().and_then(|it| it.revision.text("launchType"));
            asked("schedulingStrategy", scheduling) && asked("launchType", launch.unwrap_or("EC2"))
        })
        .map(|service| {
            let key = key(cluster, &service.name);
            (service.name.clone(), json!(names::arn(call, "service", &key)))
        })
        .collect();
    let (arns, next) = page(input, 10, arns)?;
    Ok(json!({"serviceArns": arns, "nextToken": next}))
}
