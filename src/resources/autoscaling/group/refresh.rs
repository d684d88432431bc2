//! Instance refreshes: the instances of a group are replaced a few at a time.

use super::{AutoscalingGroup, LaunchTemplateSpecification, gone_is_done, read, refresh_protected};
use crate::aws::{Cx, Error, Result};
use aws_sdk_autoscaling::types::{
    AutoScalingGroup as Found, DesiredConfiguration, InstanceRefresh,
    InstanceRefreshStatus as State, RefreshPreferences, RefreshStrategy,
};

/// Moves a group to the launch template that is wanted: by a refresh where it has instances of
/// another one, which it follows where one runs already.
pub(super) async fn roll(wanted: &AutoscalingGroup, cx: &Cx, name: &str) -> Result<()> {
    let template = &wanted.launch_template;
    if let Some(running) = last(cx, name).await?.filter(is_active) {
        // One of an earlier run that was ended.
        if heads_for(&running, template) && !goes_back(&running) {
            return Ok(());
        }
        cancel(cx, name, &running).await?;
        let message = format!("another instance refresh is {}", state(&running));
        return Err(Error::of_item("StartInstanceRefresh", IN_PROGRESS, &message));
    }
    let group = read::one(cx, name).await?;
    if group.is_none_or(|group| all_fit(&group, template)) {
        let call = cx.autoscaling().update_auto_scaling_group().auto_scaling_group_name(name);
        call.launch_template(template.sdk()).send().await?;
        return Ok(());
    }
    let desired = DesiredConfiguration::builder().launch_template(template.sdk()).build();
    let call = cx.autoscaling().start_instance_refresh().auto_scaling_group_name(name);
    call.strategy(RefreshStrategy::Rolling)
        .desired_configuration(desired)
        .preferences(preferences(wanted))
        .send()
        .await?;
    Ok(())
}

/// AWS's code for a refresh that is in the way of another.
const IN_PROGRESS: &str = "InstanceRefreshInProgress";

fn preferences(wanted: &AutoscalingGroup) -> RefreshPreferences {
    let given = wanted.instance_refresh.as_ref();
    let protected =
        given.map_or_else(refresh_protected, |one| one.scale_in_protected_instances.clone());
    let standby = given.and_then(|one| one.standby_instances.as_ref());
    RefreshPreferences::builder()
        .skip_matching(given.is_none_or(|one| one.skip_matching))
        .scale_in_protected_instances(protected.0)
        .set_standby_instances(standby.map(|one| one.0.clone()))
        .set_min_healthy_percentage(given.and_then(|one| one.min_healthy_percentage))
        .set_max_healthy_percentage(given.and_then(|one| one.max_healthy_percentage))
        .set_instance_warmup(given.and_then(|one| one.instance_warmup))
        .set_auto_rollback(given.and_then(|one| one.auto_rollback))
        .build()
}

/// Tells whether every instance was launched from this version; `$Latest` and `$Default` tell
/// nothing.
fn all_fit(group: &Found, template: &LaunchTemplateSpecification) -> bool {
    group.instances().iter().all(|instance| {
        instance.launch_template().is_some_and(|one| {
            one.launch_template_id() == Some(template.launch_template_id.as_str())
                && one.version() == Some(&template.version)
        })
    })
}

fn heads_for(refresh: &InstanceRefresh, template: &LaunchTemplateSpecification) -> bool {
    let to = refresh.desired_configuration().and_then(DesiredConfiguration::launch_template);
    to.is_some_and(|to| {
        to.launch_template_id() == Some(template.launch_template_id.as_str())
            && to.version() == Some(&template.version)
    })
}

fn goes_back(refresh: &InstanceRefresh) -> bool {
    matches!(refresh.status(), Some(State::Cancelling | State::RollbackInProgress))
}

/// Ends the refresh of a group, if one runs that can be ended.
pub(super) async fn cancel(cx: &Cx, name: &str, running: &InstanceRefresh) -> Result<()> {
    if running.status() == Some(&State::Cancelling) {
        return Ok(());
    }
    let call = cx.autoscaling().cancel_instance_refresh().auto_scaling_group_name(name);
    match gone_is_done(call.send().await) {
        // It came to its end meanwhile.
        Err(error) if error.is("ActiveInstanceRefreshNotFound") => Ok(()),
        other => other,
    }
}

/// Reads the newest refresh of a group.
pub(super) async fn last(cx: &Cx, name: &str) -> Result<Option<InstanceRefresh>> {
    let call = cx.autoscaling().describe_instance_refreshes().auto_scaling_group_name(name);
    match call.max_records(1).send().await {
        Ok(found) => Ok(found.instance_refreshes.unwrap_or_default().into_iter().next()),
        // A group that went in the meantime.
        Err(error) => gone_is_done(Err::<(), _>(error)).map(|()| None),
    }
}

/// Tells whether a refresh runs.
pub(super) fn is_active(refresh: &InstanceRefresh) -> bool {
    matches!(
        refresh.status(),
        Some(
            State::Pending
                | State::InProgress
                | State::Baking
                | State::Cancelling
                | State::RollbackInProgress
        )
    )
}

/// Tells whether a refresh came to a good end.
pub(super) fn succeeded(refresh: &InstanceRefresh) -> bool {
    refresh.status() == Some(&State::Successful)
}

fn state(refresh: &InstanceRefresh) -> &str {
    refresh.status().map_or("unknown", State::as_str)
}

/// `instance refresh 40% complete, 3 instances left: …`.
pub(super) fn words(refresh: &InstanceRefresh) -> String {
    let done = format!("{}% complete", refresh.percentage_complete().unwrap_or_default());
    let left = match refresh.instances_to_update().unwrap_or_default() {
        0 => String::new(),
        1 => ", 1 instance left".to_owned(),
        left => format!(", {left} instances left"),
    };
    let text = match refresh.status() {
        Some(State::InProgress) => format!("instance refresh {done}{left}"),
        Some(State::Successful) => "instance refresh Successful".to_owned(),
        _ => format!("instance refresh {} {done}{left}", state(refresh)),
    };
    let reason = refresh.status_reason().filter(|reason| !reason.is_empty());
    match reason {
        Some(reason) => format!("{text}: {reason}"),
        None => text,
    }
}
