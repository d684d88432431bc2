//! What capacity providers do to their groups: managed scaling, termination protection, draining.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::capacity_provider::{HOOK, Provider};
use super::service::{Deployment, Service};
use super::task::Task;
use super::{Members, State, cluster, outside, placement, settings, task_definition};
use crate::clock::Time;
use crate::state::Account;

/// How long a group must have had too much before it is scaled in (15 periods of a minute).
const SCALE_IN: Duration = Duration::from_secs(15 * 60);
/// How long instances that were just asked for are waited for before more are.
const SCALE_OUT: Duration = Duration::from_secs(60);

/// Chooses the capacity provider of one more task: bases first, then by weight.
pub(super) fn choose(state: &State, service: &Service, deployment: &Deployment) -> Option<String> {
    let items = deployment.strategy().iter().filter_map(Value::as_object);
    let items: Vec<&Map<String, Value>> = items.collect();
    let count = |name: &str| {
        let own = |it: &&Task| {
            it.is_wanted()
                && it.deployment.as_ref() == Some(&deployment.id)
                && it.cluster == service.cluster
                && it.provider.as_deref() == Some(name)
        };
        i64::try_from(state.tasks.values().filter(own).count()).unwrap_or_default()
    };
    let name =
        |item: &Map<String, Value>| item.text("capacityProvider").unwrap_or_default().to_owned();
    let based = items.iter().find(|it| count(&name(it)) < it.integer("base").unwrap_or(0));
    if let Some(item) = based {
        return Some(name(item));
    }
    let weighed = items.iter().filter(|it| it.integer("weight").unwrap_or(0) > 0);
    let least = weighed.min_by(|left, right| {
        let share = |item: &Map<String, Value>| {
            let above = count(&name(item)) - item.integer("base").unwrap_or(0);
            (above, item.integer("weight").unwrap_or(1))
        };
        let ((a, wa), (b, wb)) = (share(left), share(right));
        (a * wb).cmp(&(b * wa))
    });
    least.or(items.first()).map(|item| name(item))
}

/// Puts on a group what ECS needs there, when its provider joins a cluster.
pub(super) fn attach(account: &mut Account, region: &str, provider: &Provider) {
    let group = &provider.group;
    if provider.is_scaling() {
        outside::add_group_tag(account, region, group, "AmazonECSManaged", "");
        put_policy(account, region, provider);
    }
    if provider.is_draining() {
        outside::put_group_hook(account, region, group, HOOK);
    }
}

/// Brings what is on a group into line with a change of its provider. What stays is not touched, so
/// that instances go on waiting for the hook.
pub(super) fn change(
    account: &mut Account,
    region: &str,
    before: &Provider,
    after: &Provider,
    now: Time,
) {
    let group = &after.group;
    if before.is_scaling() && !after.is_scaling() {
        outside::remove_group_policy(account, region, group, &after.policy_name());
    } else if after.is_scaling()
        && (!before.is_scaling() || before.scaling.target != after.scaling.target)
    {
        outside::add_group_tag(account, region, group, "AmazonECSManaged", "");
        put_policy(account, region, after);
    }
    match (before.is_draining(), after.is_draining()) {
        (true, false) => outside::remove_group_hook(account, region, group, HOOK, now),
        (false, true) => outside::put_group_hook(account, region, group, HOOK),
        _ => {}
    }
}

fn put_policy(account: &mut Account, region: &str, provider: &Provider) {
    let specification = json!({
        "TargetValue": provider.scaling.target,
        "CustomizedMetricSpecification": {
            "Namespace": "AWS/ECS/ManagedScaling",
            "MetricName": "CapacityProviderReservation",
            "Statistic": "Average",
            "Unit": "Percent",
        },
    });
    let mut policy = Map::new();
    policy.insert("PolicyType".to_owned(), json!("TargetTrackingScaling"));
    policy.insert("TargetTrackingConfiguration".to_owned(), specification);
    outside::put_group_policy(account, region, &provider.group, &provider.policy_name(), policy);
}

/// Takes it off again; the protection of instances stays.
pub(super) fn detach(account: &mut Account, region: &str, provider: &Provider, now: Time) {
    outside::remove_group_policy(account, region, &provider.group, &provider.policy_name());
    outside::remove_group_hook(account, region, &provider.group, HOOK, now);
}

/// Lets every provider of a cluster act on its group. Tells whether anything changed.
pub(super) fn settle(ecs: &mut State, account: &mut Account, region: &str, now: Time) -> bool {
    let mut changed = false;
    let names: Vec<String> = ecs.providers.keys().cloned().collect();
    for name in names {
        let Some(provider) = ecs.providers.get(&name).cloned() else { continue };
        if cluster::with_provider(ecs, &name).is_empty() {
            continue;
        }
        if provider.is_draining() {
            changed |= drain(ecs, account, region, &provider, now);
        }
        if provider.is_scaling() {
            changed |= scale(ecs, account, region, &name, &provider, now);
        }
    }
    changed
}

/// Drains instances that wait to be terminated, and lets them go once they have no tasks.
fn drain(
    ecs: &mut State,
    account: &mut Account,
    region: &str,
    provider: &Provider,
    now: Time,
) -> bool {
    let mut changed = false;
    for id in outside::waiting(account, region, &provider.group, HOOK) {
        if let Some(own) = ecs.instances.get_mut(&id) {
            changed |= !own.draining;
            own.draining = true;
        }
        let is_busy = tasks_on(ecs, &id).next().is_some();
        if !is_busy {
            changed |= outside::complete_hook(account, region, &provider.group, &id, HOOK, now);
        }
    }
    changed
}

fn tasks_on<'a>(ecs: &'a State, instance: &'a str) -> impl Iterator<Item = &'a Task> {
    let tasks = ecs.tasks.values();
    tasks.filter(move |it| !it.is_stopped() && it.instance.as_deref() == Some(instance))
}

/// Tells whether a task belongs to a service with one task on each instance.
fn is_daemon(ecs: &State, task: &Task) -> bool {
    let key = task.service.as_ref().map(|name| super::service::key(&task.cluster, name));
    key.and_then(|key| ecs.services.get(&key)).is_some_and(|it| it.is_daemon)
}

/// Returns how many instances are added at once where so many are missing. Over several zones that
/// is the minimum step whatever is missing (API reference, ManagedScaling, minimumScalingStepSize).
fn step(provider: &Provider, group: &outside::Group, missing: usize) -> usize {
    let bound = |step: i64| usize::try_from(step).unwrap_or(1).max(1);
    let (least, most) = (bound(provider.scaling.min_step), bound(provider.scaling.max_step));
    if group.zones > 1 { least } else { missing.clamp(least, most) }
}

/// Sets the size of a group so that its tasks use the target share of it, and protects instances
/// that have tasks.
fn scale(
    ecs: &mut State,
    account: &mut Account,
    region: &str,
    name: &str,
    provider: &Provider,
    now: Time,
) -> bool {
    let Some(group) = outside::group(account, region, &provider.group) else { return false };
    let (mut busy, mut idle) = (Vec::new(), Vec::new());
    for (id, is_protected) in &group.members {
        let works = tasks_on(ecs, id).any(|it| !is_daemon(ecs, it));
        if works { &mut busy } else { &mut idle }.push((id.clone(), *is_protected));
    }
    let mut changed = false;
    if provider.protection {
        let bare: Vec<String> =
            busy.iter().filter(|(_, protected)| !protected).map(|(id, _)| id.clone()).collect();
        if !bare.is_empty() {
            outside::set_protection(account, region, &provider.group, &bare, true, now);
            changed = true;
        }
    }
    let more = needed(ecs, account, region, name, provider);
    // Instances that are on their way may be enough for what waits.
    let joined = group.members.iter().filter(|(id, _)| ecs.instances.contains_key(id)).count();
    let coming = group.desired.saturating_sub(joined);
    let needs = busy.len() + more;
    let wanted =
        (needs * 100).div_ceil(usize::try_from(provider.scaling.target).unwrap_or(100).max(1));
    let desired = group.desired;
    let mine = ecs.providers.get(name).map(|it| (it.scaled, it.idle_since)).unwrap_or_default();
    if wanted > desired && desired < group.max {
        let recent = mine.0.is_some_and(|at| account.way.after(at, SCALE_OUT) > now);
        if recent || coming > 0 && more <= coming {
            return changed;
        }
        let to = (desired + step(provider, &group, wanted - desired)).min(group.max);
        outside::set_desired(account, region, &provider.group, to, now);
        if let Some(own) = ecs.providers.get_mut(name) {
            (own.scaled, own.idle_since) = (Some(now), None);
        }
        return true;
    }
    if wanted >= desired || desired <= group.min {
        if let Some(own) = ecs.providers.get_mut(name) {
            own.idle_since = None;
        }
        return changed;
    }
    // Steps do not bound what is taken away, which is at most half of the group at once
    // (<https://aws.amazon.com/blogs/containers/faster-scaling-in-for-amazon-ecs-cluster-auto-scaling/>).
    let since = mine.1.unwrap_or(now);
    if let Some(own) = ecs.providers.get_mut(name) {
        own.idle_since = Some(since);
    }
    if since + SCALE_IN > now {
        return changed;
    }
    let surplus = (desired - wanted.max(group.min)).min((desired / 2).max(1)).min(idle.len());
    if surplus == 0 {
        return changed;
    }
    if provider.protection {
        let free: Vec<String> = idle.iter().take(surplus).map(|(id, _)| id.clone()).collect();
        outside::set_protection(account, region, &provider.group, &free, false, now);
    }
    outside::set_desired(account, region, &provider.group, desired - surplus, now);
    if let Some(own) = ecs.providers.get_mut(name) {
        (own.scaled, own.idle_since) = (Some(now), None);
    }
    true
}

/// Counts the instances that tasks without one need, by what instances of the group have.
fn needed(ecs: &State, account: &Account, region: &str, name: &str, provider: &Provider) -> usize {
    let waiting: Vec<&Task> = ecs
        .tasks
        .values()
        .filter(|it| it.waits_for_instance() && it.provider.as_deref() == Some(name))
        .collect();
    if waiting.is_empty() {
        return 0;
    }
    let kind = outside::group_type(account, region, &provider.group);
    let Some(kind) = kind.and_then(|name| outside::instance_type(&name)) else { return 1 };
    let has = placement::Taken {
        cpu: i64::from(kind.vcpus) * 1024,
        memory: i64::from(kind.memory_mib) * 975 / 1000,
        interfaces: kind.task_interfaces(has_trunks(ecs, account, region, &provider.group)),
        ..placement::Taken::default()
    };
    let mut bins: Vec<placement::Taken> = Vec::new();
    for task in waiting {
        let Some(definition) = task_definition::by_arn(ecs, &task.definition) else { continue };
        let (cpu, memory) = (definition.cpu(), definition.memory());
        let interface = u32::from(definition.is_awsvpc());
        let ports = definition.host_ports();
        if cpu > has.cpu || memory > has.memory || interface > has.interfaces {
            // It fits on none, so that more of them are of no use.
            continue;
        }
        let fits = |bin: &placement::Taken| {
            bin.cpu + cpu <= has.cpu
                && bin.memory + memory <= has.memory
                && bin.interfaces + interface <= has.interfaces
                && !ports.iter().any(|port| bin.ports.contains(port))
        };
        let place = bins.iter().position(fits).unwrap_or_else(|| {
            bins.push(placement::Taken::default());
            bins.len() - 1
        });
        if let Some(bin) = bins.get_mut(place) {
            bin.cpu += cpu;
            bin.memory += memory;
            bin.interfaces += interface;
            bin.ports.extend(ports);
        }
    }
    bins.len()
}

/// Tells whether the next instance of a group gets a trunk, as far as its type can have one.
fn has_trunks(ecs: &State, account: &Account, region: &str, group: &str) -> bool {
    let role = outside::group_role(account, region, group).unwrap_or_default();
    settings::of_state(ecs, account, region, &role, "awsvpcTrunking") == "enabled"
}

/// Tells whether an instance waits to be drained of which ECS does not know yet.
pub(super) fn has_news(ecs: &State, account: &Account, region: &str) -> bool {
    let used = ecs.providers.iter().filter(|(name, provider)| {
        provider.is_draining() && !cluster::with_provider(ecs, name).is_empty()
    });
    used.flat_map(|(_, provider)| outside::waiting(account, region, &provider.group, HOOK))
        .any(|id| ecs.instances.get(&id).is_none_or(|own| !own.draining))
}
