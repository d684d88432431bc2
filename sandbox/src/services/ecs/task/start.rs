//! How tasks come to be: made, and placed on an instance.

use serde_json::{Map, Value};

use super::super::placement::{self, Need};
use super::super::task_definition::{self, Definition};
use super::super::{Members, State, outside};
use super::{Binding, Interface, Status, Task, step};
use crate::clock::Time;
use crate::state::Account;

/// What a task is made from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    pub(crate) cluster: String,
    pub(crate) service: Option<String>,
    pub(crate) deployment: Option<String>,
    pub(crate) group: String,
    pub(crate) started_by: Option<String>,
    /// What makes a repeated request the same one.
    pub(crate) token: Option<String>,
    /// The ARN of the task definition.
    pub(crate) definition: String,
    pub(crate) provider: Option<String>,
    /// The only instance it may go to.
    pub(crate) instance: Option<String>,
    /// The only zone it may go to.
    pub(crate) zone: Option<String>,
    /// `awsvpcConfiguration`.
    pub(crate) network: Option<Value>,
    pub(crate) constraints: Vec<Value>,
    pub(crate) strategies: Vec<Value>,
    pub(crate) can_exec: bool,
    pub(crate) overrides: Option<Value>,
    pub(crate) tags: super::super::tags::Tags,
    /// Whether it may wait for an instance that its provider adds.
    pub(crate) may_wait: bool,
}

/// The first port Docker gives where none is asked for.
const FIRST_PORT: i64 = 32_768;
const LAST_PORT: i64 = 65_535;

/// Makes a task and places it; without a place for it, only one that may wait is made. Returns its
/// id, or why there is no place.
pub(crate) fn start(
    ecs: &mut State,
    account: &mut Account,
    region: &str,
    order: Order,
    now: Time,
) -> Result<String, String> {
    let task = Task {
        cluster: order.cluster,
        service: order.service,
        deployment: order.deployment,
        group: order.group,
        started_by: order.started_by,
        token: order.token,
        definition: order.definition,
        provider: order.provider,
        created: now,
        network: order.network,
        constraints: order.constraints,
        strategies: order.strategies,
        can_exec: order.can_exec,
        overrides: order.overrides,
        is_healthy: true,
        tags: order.tags,
        version: 1,
        ..Task::default()
    };
    let only = placement::Only { instance: order.instance, zone: order.zone };
    let found = find(ecs, account, region, &task, &only);
    let id = account.new_digits()[..32].to_owned();
    match found {
        Ok(instance) => {
            ecs.tasks.insert(id.clone(), task);
            settle_on(ecs, account, region, &id, &instance, now);
            Ok(id)
        }
        Err(_) if order.may_wait => {
            ecs.tasks.insert(id.clone(), task);
            Ok(id)
        }
        Err(why) => Err(why),
    }
}

/// Finds an instance for a task that waits; tells why there is none.
pub(crate) fn place(
    ecs: &mut State,
    account: &mut Account,
    region: &str,
    id: &str,
    now: Time,
) -> Result<(), String> {
    let Some(task) = ecs.tasks.get(id) else { return Ok(()) };
    let instance = find(ecs, account, region, task, &placement::Only::default())?;
    settle_on(ecs, account, region, id, &instance, now);
    Ok(())
}

fn find(
    ecs: &State,
    account: &Account,
    region: &str,
    task: &Task,
    only: &placement::Only,
) -> Result<String, String> {
    let Some(definition) = task_definition::by_arn(ecs, &task.definition) else {
        return Err("its task definition is gone".to_owned());
    };
    let subnets = task.network.as_ref().and_then(Value::as_object).map(|it| it.list("subnets"));
    let zones = subnets.into_iter().flatten().filter_map(Value::as_str);
    let zones = zones.filter_map(|it| outside::zone_of_subnet(account, region, it)).collect();
    let need = Need {
        cpu: definition.cpu(),
        memory: definition.memory(),
        ports: definition.host_ports(),
        has_interface: definition.is_awsvpc(),
        architecture: definition.architecture(),
        constraints: definition.constraints().iter().chain(&task.constraints).collect(),
        zones,
    };
    let provider = task.provider.as_deref();
    placement::choose(ecs, task, &need, provider, only)
}

/// Puts a task on an instance: its network interface, or its ports of the host.
fn settle_on(
    ecs: &mut State,
    account: &mut Account,
    region: &str,
    id: &str,
    instance: &str,
    now: Time,
) {
    let Some(task) = ecs.tasks.get(id) else { return };
    let Some(definition) = task_definition::by_arn(ecs, &task.definition).cloned() else { return };
    let zone = ecs.instances.get(instance).map(|it| it.zone.clone()).unwrap_or_default();
    let mut bindings = Vec::new();
    let mut interface = Ok(None);
    if definition.is_awsvpc() {
        let network = task.network.clone().unwrap_or_default();
        let network = network.as_object().cloned().unwrap_or_default();
        interface = attach(account, region, id, (instance, &zone), &network, now).map(Some);
    } else {
        bindings = bind(ecs, &definition, instance);
    }
    let way = account.way.clone();
    let Some(task) = ecs.tasks.get_mut(id) else { return };
    task.instance = Some(instance.to_owned());
    task.bindings = bindings;
    task.version += 1;
    match interface {
        Ok(Some(interface)) => {
            task.interface = Some(interface);
            task.next = Some(way.after(now, step::ATTACHING));
        }
        Ok(None) => {
            task.status = Status::Pending;
            task.pull_started = Some(now);
            task.next = Some(way.after(now, step::PULLING));
        }
        Err(why) => step::fail(ecs, account, region, id, now, (&why, None)),
    }
}

/// Makes the network interface of a task, in a subnet of the zone of its instance.
fn attach(
    account: &mut Account,
    region: &str,
    id: &str,
    (instance, zone): (&str, &str),
    network: &Map<String, Value>,
    now: Time,
) -> Result<Interface, String> {
    let subnets = network.texts("subnets");
    let here =
        |subnet: &&&str| outside::zone_of_subnet(account, region, subnet).as_deref() == Some(zone);
    let subnet = subnets.iter().find(here).or(subnets.first()).copied().unwrap_or_default();
    let groups = network.texts("securityGroups").into_iter().map(str::to_owned).collect();
    let attachment = account.new_uuid();
    let made =
        outside::attach_interface(account, region, subnet, groups, &attachment, id, instance, now);
    match made {
        Ok((eni, address)) => {
            Ok(Interface { id: eni, attachment, subnet: subnet.to_owned(), address })
        }
        Err(refusal) => Err(format!(
            "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment disabled in subnet '{subnet}': {}",
            refusal.code
        )),
    }
}

/// Takes the ports of the host that a definition asks for; 0 means any that is free.
fn bind(ecs: &State, definition: &Definition, instance: &str) -> Vec<Binding> {
    let mode = definition.network_mode().to_owned();
    let on = ecs.tasks.values().filter(|it| it.instance.as_deref() == Some(instance));
    let mut taken: Vec<i64> =
        on.filter(|it| !it.is_stopped()).flat_map(|it| &it.bindings).map(|it| it.outer).collect();
    let mut bindings = Vec::new();
    for container in definition.containers() {
        for mapping in container.list("portMappings").iter().filter_map(Value::as_object) {
            let inner = mapping.integer("containerPort").unwrap_or_default();
            let outer = match mapping.integer("hostPort") {
                Some(port) if port > 0 => port,
                _ if mode == "bridge" => {
                    let free = (FIRST_PORT..=LAST_PORT).find(|port| !taken.contains(port));
                    free.unwrap_or(FIRST_PORT)
                }
                _ => inner,
            };
            taken.push(outer);
            bindings.push(Binding {
                container: container.text("name").unwrap_or_default().to_owned(),
                inner,
                outer,
                protocol: mapping.text("protocol").unwrap_or("tcp").to_owned(),
            });
        }
    }
    bindings
}
