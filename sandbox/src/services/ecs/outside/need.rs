//! What containers need to start: images, secrets, logs.

use serde_json::{Map, Value};

use super::super::super::{ecr, iam, logs, secretsmanager, ssm};
use super::super::Members;
use crate::clock::Time;
use crate::state::Account;

/// Tells whether the execution role may do something.
fn may(account: &Account, role: Option<&str>, action: &str) -> bool {
    role.is_some_and(|role| iam::allows(account, role, action))
}

/// Says why an image cannot be pulled: it is not there, or the execution role may not.
pub(crate) fn image_missing(
    account: &Account,
    region: &str,
    role: Option<&str>,
    image: &str,
) -> Option<String> {
    if !ecr::has_image(account, region, image) {
        return Some(format!(
            "pull image manifest has been retried 1 time(s): failed to resolve ref {image}: {image}: not found"
        ));
    }
    let is_private = ecr::is_private(image);
    // Without an execution role the instance's own role is asked, which is not looked at here.
    if is_private && role.is_some() && !may(account, role, "ecr:BatchGetImage") {
        return Some(format!(
            "pull image manifest has been retried 1 time(s): failed to resolve ref {image}: pulling from host failed with status code [manifests]: 403 Forbidden"
        ));
    }
    None
}

/// Says why the logs of a container cannot be written; makes the group where it may be made.
pub(crate) fn log_group(
    account: &mut Account,
    region: &str,
    group: &str,
    creates: bool,
    now: Time,
) -> Result<(), String> {
    if logs::has_group(account, region, group) {
        return Ok(());
    }
    if creates {
        logs::make_group(account, region, group, now);
        return Ok(());
    }
    Err(format!("ResourceNotFoundException: The specified log group does not exist. : {group}"))
}

/// Says why a secret cannot be read: the execution role may not.
pub(crate) fn secret_missing(
    account: &Account,
    region: &str,
    role: Option<&str>,
    secret: &str,
) -> Option<String> {
    let (action, what) = if secret.contains(":secretsmanager:") {
        ("secretsmanager:GetSecretValue", "secret from asm")
    } else {
        ("ssm:GetParameters", "secrets from ssm")
    };
    let refuse = |why: &str| Some(format!("unable to retrieve {what}: {why}: {secret}"));
    if !may(account, role, action) {
        return refuse("AccessDeniedException: the execution role is not authorized");
    }
    let is_there = if secret.contains(":secretsmanager:") {
        secretsmanager::readable(account, region, secret)
    } else {
        let name = secret.split_once(":parameter").map_or(secret, |(_, name)| name);
        ssm::parameter(account, region, name).is_some()
            || ssm::parameter(account, region, name.trim_start_matches('/')).is_some()
    };
    if is_there { None } else { refuse("ResourceNotFoundException: it does not exist") }
}

/// Writes the first line of a container into its log stream.
pub(crate) fn first_line(
    account: &mut Account,
    region: &str,
    container: &Map<String, Value>,
    task: &str,
    now: Time,
) {
    let name = container.text("name").unwrap_or_default();
    let image = container.text("image").unwrap_or_default();
    let line = format!("{name} started from {image}");
    write_line(account, region, container, task, &line, now);
}

/// Writes a line of a container into its log stream.
pub(crate) fn write_line(
    account: &mut Account,
    region: &str,
    container: &Map<String, Value>,
    task: &str,
    line: &str,
    now: Time,
) {
    let Some(logs) = container.object("logConfiguration") else { return };
    let Some(options) = logs.object("options") else { return };
    if logs.text("logDriver") != Some("awslogs") {
        return;
    }
    let name = container.text("name").unwrap_or_default();
    let group = options.text("awslogs-group").unwrap_or_default();
    let stream = match options.text("awslogs-stream-prefix") {
        Some(prefix) => format!("{prefix}/{name}/{task}"),
        None => task.to_owned(),
    };
    let region = options.text("awslogs-region").unwrap_or(region).to_owned();
    logs::write_line(account, &region, group, &stream, line, now);
}
