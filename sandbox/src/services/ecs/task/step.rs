//! How a task goes from one status to the next.

use std::time::Duration;

use serde_json::{Map, Value};

use super::super::task_definition::{self, Definition};
use super::super::{Members, State, outside, service};
use super::{Status, Target, Task, program};
use crate::clock::Time;
use crate::state::Account;

/// How long a network interface takes to be attached, and to be detached.
pub(super) const ATTACHING: Duration = Duration::from_secs(10);
/// How long images take to be pulled.
pub(super) const PULLING: Duration = Duration::from_secs(15);
/// How long a task takes to be registered as target.
const ACTIVATING: Duration = Duration::from_secs(3);
/// How long a program that ends by itself takes.
const RUNNING: Duration = Duration::from_secs(1);

/// Moves a task on whose time has come.
pub(crate) fn advance(ecs: &mut State, account: &mut Account, region: &str, id: &str, now: Time) {
    let Some(task) = ecs.tasks.get_mut(id) else { return };
    task.next = None;
    task.version += 1;
    match task.status {
        Status::Provisioning => {
            task.status = Status::Pending;
            task.pull_started = Some(now);
            task.next = Some(account.way.after(now, PULLING));
        }
        Status::Pending => pulled(ecs, account, region, id, now),
        Status::Activating => runs(ecs, account, region, id, now),
        Status::Running => ended(ecs, account, region, id, now),
        Status::Deactivating => terminate(ecs, account, id, now),
        Status::Stopping => {
            task.exit_code.get_or_insert(0);
            if task.interface.is_some() {
                task.status = Status::Deprovisioning;
                task.next = Some(account.way.after(now, ATTACHING));
            } else {
                ends(ecs, account, region, id, now);
            }
        }
        Status::Deprovisioning => ends(ecs, account, region, id, now),
        Status::Stopped => {}
    }
}

/// Tells why a container cannot start: its image, its logs, its secrets.
fn obstacle(
    account: &mut Account,
    region: &str,
    definition: &Definition,
    container: &Map<String, Value>,
    now: Time,
) -> Option<(String, Option<String>)> {
    let execution = definition.text("executionRoleArn");
    for (secret, is_log) in secrets(container) {
        if let Some(why) = outside::secret_missing(account, region, execution, &secret) {
            let what = if is_log { "logger" } else { "secrets" };
            let words = format!(
                "ResourceInitializationError: unable to pull {what} or registry auth: execution resource retrieval failed: {why}"
            );
            return Some((words, None));
        }
    }
    let image = container.text("image").unwrap_or_default();
    if let Some(why) = outside::image_missing(account, region, execution, image) {
        return Some((
            "Task failed to start".to_owned(),
            Some(format!("CannotPullContainerError: {why}")),
        ));
    }
    let logs = container.object("logConfiguration")?;
    if logs.text("logDriver") != Some("awslogs") {
        return None;
    }
    let options = logs.object("options")?;
    let group = options.text("awslogs-group").unwrap_or_default();
    let creates = options.text("awslogs-create-group") == Some("true");
    let log_region = options.text("awslogs-region").unwrap_or(region);
    let why = outside::log_group(account, log_region, group, creates, now).err()?;
    let words = format!(
        "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: {why}"
    );
    Some((
        format!("ResourceInitializationError: failed to validate logger args: {why}"),
        Some(words),
    ))
}

fn secrets(container: &Map<String, Value>) -> Vec<(String, bool)> {
    let own = container.list("secrets").iter().map(|it| (it, false));
    let logs = container.object("logConfiguration");
    let logs = logs.map_or(&[][..], |it| it.list("secretOptions")).iter().map(|it| (it, true));
    own.chain(logs)
        .filter_map(|(it, is_log)| Some((it.as_object()?.text("valueFrom")?.to_owned(), is_log)))
        .collect()
}

/// Images are there, or the task fails; then it is registered as target, or runs at once.
fn pulled(ecs: &mut State, account: &mut Account, region: &str, id: &str, now: Time) {
    let Some(task) = ecs.tasks.get_mut(id) else { return };
    task.pull_stopped = Some(now);
    let arn = task.definition.clone();
    let Some(definition) = task_definition::by_arn(ecs, &arn).cloned() else { return };
    for container in definition.containers() {
        if let Some((why, inner)) = obstacle(account, region, &definition, container, now) {
            let name = container.text("name").unwrap_or_default().to_owned();
            // A failed pull is the task's own reason, as AWS tells it.
            let told = match &inner {
                Some(inner) if inner.starts_with("CannotPull") => inner.clone(),
                _ => why,
            };
            return fail(ecs, account, region, id, now, (&told, inner.map(|it| (name, it))));
        }
    }
    register(ecs, account, region, id, now);
    let way = account.way.clone();
    let Some(task) = ecs.tasks.get_mut(id) else { return };
    if task.targets.is_empty() && task.registries.is_empty() {
        runs(ecs, account, region, id, now);
    } else {
        task.status = Status::Activating;
        task.next = Some(way.after(now, ACTIVATING));
    }
}

/// Registers a task of a service in target groups and in Cloud Map.
fn register(ecs: &mut State, account: &mut Account, region: &str, id: &str, now: Time) {
    let Some(task) = ecs.tasks.get(id) else { return };
    let Some(name) = task.service.clone() else { return };
    let Some(of) = ecs.services.get(&service::key(&task.cluster, &name)) else { return };
    let wanted = task.deployment.as_deref();
    let Some(deployment) = of.deployments.iter().find(|it| Some(it.id.as_str()) == wanted) else {
        return;
    };
    let mut targets = Vec::new();
    for balancer in deployment.load_balancers() {
        let inner = balancer.integer("containerPort").unwrap_or_default();
        let container = balancer.text("containerName").unwrap_or_default();
        let (id, port) = match (&task.interface, &task.instance) {
            (Some(interface), _) => (interface.address.clone(), inner),
            (None, Some(instance)) => {
                let binding = task.bindings.iter();
                let mut binding = binding.filter(|it| it.container == container);
                let port = binding.find(|it| it.inner == inner).map_or(inner, |it| it.outer);
                (instance.clone(), port)
            }
            _ => continue,
        };
        targets.push(Target {
            group: balancer.text("targetGroupArn").unwrap_or_default().to_owned(),
            id,
            port: u32::try_from(port).unwrap_or_default(),
        });
    }
    let address = task.interface.as_ref().map(|it| it.address.clone());
    let registries: Vec<(String, Option<i64>)> = deployment
        .registries()
        .filter_map(|it| {
            let port = it.integer("port").or_else(|| it.integer("containerPort"));
            Some((it.text("registryArn")?.to_owned(), port))
        })
        .collect();
    for target in &targets {
        outside::register_target(account, region, target, now);
    }
    for (registry, port) in &registries {
        outside::register_in_cloud_map(account, region, registry, id, address.as_deref(), *port);
    }
    if let Some(task) = ecs.tasks.get_mut(id) {
        task.targets = targets;
        task.registries = registries.into_iter().map(|(registry, _)| registry).collect();
    }
}

fn runs(ecs: &mut State, account: &mut Account, region: &str, id: &str, now: Time) {
    let Some(task) = ecs.tasks.get_mut(id) else { return };
    task.status = Status::Running;
    task.started = Some(now);
    task.serves = task.targets.is_empty();
    let arn = task.definition.clone();
    let Some(definition) = task_definition::by_arn(ecs, &arn).cloned() else { return };
    let checks = definition.containers().filter_map(|it| it.object("healthCheck"));
    let interval = checks.filter_map(|it| it.integer("interval")).max();
    if let Some(seconds) = interval.and_then(|it| u64::try_from(it).ok())
        && let Some(task) = ecs.tasks.get_mut(id)
    {
        task.is_healthy = false;
        task.next = Some(account.way.after(now, Duration::from_secs(seconds)));
    }
    let mut ends = false;
    for container in definition.containers() {
        outside::first_line(account, region, container, id, now);
        let program = program::of(container);
        for line in &program.lines {
            outside::write_line(account, region, container, id, line, now);
        }
        ends |= program.exit_code.is_some() && container.flag("essential") != Some(false);
    }
    if let Some(task) = ecs.tasks.get_mut(id).filter(|_| ends) {
        // No deployment is complete on the strength of it.
        task.is_healthy = false;
        task.next = Some(account.way.after(now, RUNNING));
    }
}

/// Ends a task an essential container of which has ended; one without such is healthy by now.
fn ended(ecs: &mut State, account: &mut Account, region: &str, id: &str, now: Time) {
    let Some(task) = ecs.tasks.get_mut(id) else { return };
    let arn = task.definition.clone();
    let Some(definition) = task_definition::by_arn(ecs, &arn).cloned() else { return };
    let mut essential = definition.containers().filter(|it| it.flag("essential") != Some(false));
    let code = essential.find_map(|it| program::of(it).exit_code);
    let Some(task) = ecs.tasks.get_mut(id) else { return };
    let Some(code) = code else {
        task.is_healthy = true;
        return;
    };
    task.exit_code = Some(code);
    let (key, deployment) = (owner(task), task.deployment.clone());
    let why = ("EssentialContainerExited", "Essential container in task exited");
    stop(ecs, account, region, id, now, why);
    if let (Some(key), Some(deployment)) = (key, deployment) {
        service::task_failed(ecs, account, &key, &deployment, now);
    }
}

/// Asks a task to stop: its targets drain, then its containers end.
pub(crate) fn stop(
    ecs: &mut State,
    account: &mut Account,
    region: &str,
    id: &str,
    now: Time,
    (code, reason): (&str, &str),
) {
    let Some(task) = ecs.tasks.get_mut(id).filter(|task| task.is_wanted()) else { return };
    task.stop_code = Some(code.to_owned());
    task.reason = Some(reason.to_owned());
    task.stopping = Some(now);
    task.version += 1;
    let was = task.status;
    let targets = task.targets.clone();
    let registries = std::mem::take(&mut task.registries);
    for registry in registries {
        outside::deregister_from_cloud_map(account, region, &registry, id);
    }
    let mut delay = Duration::ZERO;
    for target in &targets {
        delay = delay.max(outside::deregister_target(account, region, target, now));
    }
    let end = account.way.after(now, delay);
    let Some(task) = ecs.tasks.get_mut(id) else { return };
    task.serves = false;
    match was {
        Status::Provisioning | Status::Pending => {
            task.status = Status::Deprovisioning;
            let has_interface = task.interface.is_some();
            let wait = if has_interface { ATTACHING } else { Duration::ZERO };
            task.next = Some(account.way.after(now, wait));
        }
        _ if targets.is_empty() => terminate(ecs, account, id, now),
        _ => {
            task.status = Status::Deactivating;
            task.next = Some(end);
        }
    }
}

/// Containers get their signal. An agent that cannot reach ECS never tells that they ended.
fn terminate(ecs: &mut State, account: &mut Account, id: &str, now: Time) {
    let Some(task) = ecs.tasks.get(id) else { return };
    let timeout = task_definition::by_arn(ecs, &task.definition).map(Definition::stop_timeout);
    let instance = task.instance.as_ref().and_then(|it| ecs.instances.get(it));
    let is_connected = instance.is_some_and(|it| it.connected);
    let end = account.way.after(now, timeout.unwrap_or_default());
    if let Some(task) = ecs.tasks.get_mut(id) {
        task.status = Status::Stopping;
        task.next = is_connected.then_some(end);
    }
}

fn ends(ecs: &mut State, account: &mut Account, region: &str, id: &str, now: Time) {
    let Some(task) = ecs.tasks.get_mut(id) else { return };
    task.status = Status::Stopped;
    task.stopped = Some(now);
    task.next = None;
    task.serves = false;
    if task.interface.is_some() {
        outside::detach_interface(account, region, id, now);
    }
}

/// Ends a task that could not start; its service hears of it.
pub(super) fn fail(
    ecs: &mut State,
    account: &mut Account,
    region: &str,
    id: &str,
    now: Time,
    (reason, container): (&str, Option<(String, String)>),
) {
    let Some(task) = ecs.tasks.get_mut(id) else { return };
    task.stop_code = Some("TaskFailedToStart".to_owned());
    task.reason = Some(reason.to_owned());
    task.container_reasons.extend(container);
    task.stopping = Some(now);
    let (key, deployment) = (owner(task), task.deployment.clone());
    ends(ecs, account, region, id, now);
    if let (Some(key), Some(deployment)) = (key, deployment) {
        service::task_failed(ecs, account, &key, &deployment, now);
    }
}

fn owner(task: &Task) -> Option<String> {
    task.service.as_ref().map(|name| service::key(&task.cluster, name))
}

/// Ends the tasks of an instance that is gone.
pub(crate) fn host_gone(
    ecs: &mut State,
    account: &mut Account,
    region: &str,
    instance: &str,
    now: Time,
) {
    let on = ecs.tasks.iter().filter(|(_, it)| it.instance.as_deref() == Some(instance));
    let on: Vec<String> = on.filter(|(_, it)| !it.is_stopped()).map(|(id, _)| id.clone()).collect();
    for id in on {
        let Some(task) = ecs.tasks.get_mut(&id) else { continue };
        if task.is_wanted() {
            task.stop_code = Some("TerminationNotice".to_owned());
            task.reason = Some(format!("Host EC2 (instance {instance}) terminated."));
            task.stopping = Some(now);
        }
        let targets = task.targets.clone();
        for registry in std::mem::take(&mut task.registries) {
            outside::deregister_from_cloud_map(account, region, &registry, &id);
        }
        for target in &targets {
            outside::deregister_target(account, region, target, now);
        }
        ends(ecs, account, region, &id, now);
    }
}
