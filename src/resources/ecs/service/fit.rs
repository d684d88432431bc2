//! Whether a task fits on an instance type at all: one that does not is never placed, and a
//! deployment would wait for it in vain.

use crate::aws::{Cx, Error, Result};
use crate::engine::planner::{Around, Object};
use crate::engine::resource::FieldProblem;
use crate::engine::resource::Resource;
use crate::resources::ecs::task_definition::EcsTaskDefinition;
use crate::stack::value::is_placeholder;
use aws_sdk_ec2::types::{InstanceType, InstanceTypeInfo, ProcessorInfo};
use aws_sdk_ecs::types::{CpuArchitecture, NetworkMode};
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// Checks a service against its task definition and the instances it may run on, as far as they are
/// known.
pub(super) async fn check(cx: &Cx, wanted: &Object, around: &Around) -> Result<Vec<FieldProblem>> {
    let (spec, workspace) = (&wanted.spec, wanted.workspace());
    let Some(definition) = definition(spec, workspace, around) else { return Ok(Vec::new()) };
    let mut problems = Vec::new();
    problems.extend(network(wanted, &definition));
    let types = instance_types(spec, workspace, around);
    let offers = offers(cx, &types).await?;
    let need = Need::of(&definition);
    let misfits: Vec<String> = offers.iter().filter_map(|offer| offer.misfit(&need)).collect();
    // One type that it fits on is enough.
    if let (Some(misfit), true) = (misfits.first(), misfits.len() == offers.len()) {
        let message = format!("a task of {} fits on no instance: {misfit}", definition.family);
        problems.push(FieldProblem { path: "task_definition".to_owned(), message });
    }
    Ok(problems)
}

/// The task definition of a service, when all of it is known.
fn definition(wanted: &Json, workspace: &str, around: &Around) -> Option<EcsTaskDefinition> {
    let value = wanted["task_definition"].as_str()?;
    // Known, it is `family:revision`, and found by the family.
    let family = value.split_once(':').map_or(value, |(family, _)| family);
    let name = if is_placeholder(value) { value } else { family };
    let found = around.find(workspace, EcsTaskDefinition::TYPE, name)?;
    serde_json::from_value(found.spec.clone()).ok()
}

/// aws-semantics.md 6: `awsvpc` and a network configuration go together. What a service has from
/// before, and the stack does not say any more, goes with the mode that needed it.
fn network(wanted: &Object, definition: &EcsTaskDefinition) -> Option<FieldProblem> {
    let awsvpc = definition.network_mode.as_ref().is_some_and(|m| m.0 == NetworkMode::Awsvpc);
    let message = match (awsvpc, &wanted.spec["network_configuration"]) {
        (true, Json::Null) => "tasks with the network mode `awsvpc` need it",
        (false, Json::Object(_)) if wanted.is_given("network_configuration") => {
            "only tasks with the network mode `awsvpc` have it"
        }
        _ => return None,
    };
    let path = "network_configuration".to_owned();
    Some(FieldProblem { path, message: message.to_owned() })
}

/// The strategy of a service, or the default one of its cluster; with the workspace that says it.
fn strategy<'a>(wanted: &'a Json, workspace: &'a str, around: &'a Around) -> (&'a Json, &'a str) {
    let own = &wanted["capacity_provider_strategy"];
    if !own.is_null() || !wanted["launch_type"].is_null() {
        return (own, workspace);
    }
    let cluster = wanted["cluster"].as_str();
    match cluster.and_then(|name| around.find(workspace, "ecs_cluster", name)) {
        Some(cluster) => {
            let of = cluster.workspace.as_deref().unwrap_or(workspace);
            (&cluster.spec["default_capacity_provider_strategy"], of)
        }
        None => (own, workspace),
    }
}

/// The instance types of the groups behind a service's capacity providers; none where one of them
/// is not known.
fn instance_types(wanted: &Json, workspace: &str, around: &Around) -> BTreeSet<String> {
    let mut types = BTreeSet::new();
    let (strategy, workspace) = strategy(wanted, workspace, around);
    for item in strategy.as_array().into_iter().flatten() {
        let found = item["capacity_provider"]
            .as_str()
            .and_then(|name| around.find(workspace, "ecs_capacity_provider", name));
        // What a reference is told from is the workspace of the object that has it.
        let Some(provider) = found else { return BTreeSet::new() };
        let of = provider.workspace.as_deref().unwrap_or(workspace);
        let group = provider.spec["auto_scaling_group_provider"]["auto_scaling_group_arn"].as_str();
        let group = group.and_then(|arn| around.find(of, "autoscaling_group", arn));
        let Some(group) = group else { return BTreeSet::new() };
        let of = group.workspace.as_deref().unwrap_or(of);
        let mixed = &group.spec["mixed_instances_policy"]["launch_template"];
        let overrides = mixed["overrides"].as_array().into_iter().flatten();
        let own: Vec<&str> = overrides.filter_map(|one| one["instance_type"].as_str()).collect();
        if !own.is_empty() {
            types.extend(own.into_iter().map(str::to_owned));
            continue;
        }
        let named = [&group.spec["launch_template"], &mixed["launch_template_specification"]];
        let template = named.iter().find_map(|one| {
            let name = one["launch_template_id"].as_str();
            let name = name.or_else(|| one["launch_template_name"].as_str())?;
            around.find(of, "launch_template", name)
        });
        let data = template.map(|template| &template.spec["launch_template_data"]);
        match data.and_then(|data| data["instance_type"].as_str()) {
            Some(name) if !is_placeholder(name) => types.insert(name.to_owned()),
            _ => return BTreeSet::new(),
        };
    }
    types
}

/// What a task takes of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Need {
    /// CPU units, 1024 to a core.
    cpu: i64,
    /// MiB.
    memory: i64,
    /// Whether it has a network interface of its own.
    interface: bool,
    /// `x86_64` or `arm64`, where it says.
    architecture: Option<&'static str>,
}

/// What an instance of a type has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    name: String,
    cpu: i64,
    memory: i64,
    interfaces: i64,
    architectures: BTreeSet<String>,
}

impl Need {
    /// What the tasks of a definition take: what it says of the whole task, else the sum of what
    /// its containers reserve.
    pub(super) fn of(definition: &EcsTaskDefinition) -> Self {
        let all = || definition.container_definitions.iter();
        let number = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
        let cpu = number(&definition.cpu)
            .unwrap_or_else(|| all().filter_map(|c| c.cpu).map(i64::from).sum());
        let memory = number(&definition.memory).unwrap_or_else(|| {
            all().map(|c| i64::from(c.memory_reservation.or(c.memory).unwrap_or(0))).sum()
        });
        let platform = definition.runtime_platform.as_ref();
        let architecture = match platform.and_then(|p| p.cpu_architecture.as_ref()).map(|a| &a.0) {
            Some(CpuArchitecture::X8664) => Some("x86_64"),
            Some(CpuArchitecture::Arm64) => Some("arm64"),
            _ => None,
        };
        let mode = definition.network_mode.as_ref();
        let interface = mode.is_some_and(|mode| mode.0 == NetworkMode::Awsvpc);
        Self { cpu, memory, interface, architecture }
    }
}

impl Offer {
    fn of(info: &InstanceTypeInfo) -> Option<Self> {
        let cores = info.v_cpu_info()?.default_v_cpus()?;
        let network = info.network_info()?.maximum_network_interfaces()?;
        let processor = info.processor_info();
        let architectures =
            processor.map(ProcessorInfo::supported_architectures).unwrap_or_default();
        Some(Self {
            name: info.instance_type()?.as_str().to_owned(),
            cpu: i64::from(cores) * 1024,
            // The system and the agent keep some: an m4.large with 8192 MiB registers 7985 (ECS
            // developer guide, "Reserving Amazon ECS Linux container instance memory").
            memory: info.memory_info()?.size_in_mib()? * 975 / 1000,
            interfaces: i64::from(network),
            architectures: architectures.iter().map(|a| a.as_str().to_owned()).collect(),
        })
    }

    /// Why a task cannot stand on an instance of this type, with nothing else on it; `None` when it
    /// can.
    pub(super) fn misfit(&self, need: &Need) -> Option<String> {
        let name = &self.name;
        if let Some(wanted) = need.architecture.filter(|a| !self.architectures.contains(*a)) {
            let has: Vec<&str> = self.architectures.iter().map(String::as_str).collect();
            return Some(format!("it is built for {wanted}, a {name} is {}", has.join(" or ")));
        }
        if need.cpu > self.cpu {
            return Some(format!("it takes {} CPU units, a {name} has {}", need.cpu, self.cpu));
        }
        if need.memory > self.memory {
            let (takes, has) = (need.memory, self.memory);
            return Some(format!("it takes {takes} MiB, a {name} has about {has} for tasks"));
        }
        if need.interface && self.interfaces < 2 {
            return Some(format!("it takes a network interface, a {name} has none to spare"));
        }
        None
    }
}

/// Reads what these instance types have; one that AWS does not know is left out.
pub(super) async fn offers(cx: &Cx, names: &BTreeSet<String>) -> Result<Vec<Offer>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let types = names.iter().map(|name| InstanceType::from(name.as_str())).collect();
    let call = cx.ec2().describe_instance_types().set_instance_types(Some(types));
    match call.send().await.map_err(Error::from) {
        Ok(found) => Ok(found.instance_types().iter().filter_map(Offer::of).collect()),
        Err(error) if error.is("InvalidInstanceType") => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::{ArchitectureType, MemoryInfo, NetworkInfo, ProcessorInfo, VCpuInfo};
    use serde_json::{Value as Json, json};

    fn unknown(reference: &str) -> String {
        crate::stack::value::unknown_placeholder(&BTreeSet::from([reference.to_owned()]))
    }

    #[test]
    fn the_instances_of_a_service_are_found_through_its_providers() {
        let provider = |group: &str| {
            json!({ "name": "p", "auto_scaling_group_provider": {
            "auto_scaling_group_arn": unknown(group) } })
        };
        let group =
            json!({ "launch_template": { "launch_template_id": unknown("launch_template.l.id") } });
        let template = json!({ "launch_template_data": { "instance_type": "t3.micro" } });
        let mut objects = vec![
            ("base", "ecs_capacity_provider.p", provider("autoscaling_group.g.arn")),
            ("base", "autoscaling_group.g", group),
            ("base", "launch_template.l", template),
        ];
        let waits = [("base", "outputs.provider", "ecs_capacity_provider.p.id")];
        let service = json!({ "capacity_provider_strategy": [
            { "capacity_provider": unknown("base.outputs.provider"), "weight": 1, "base": 0 }] });
        let found = instance_types(&service, "app", &Around::of(&objects, &waits));
        assert_eq!(found, BTreeSet::from(["t3.micro".to_owned()]));
        // Through the default of its cluster.
        let strategy = service["capacity_provider_strategy"].clone();
        let cluster = json!({ "name": "main", "default_capacity_provider_strategy": strategy });
        let mut with_cluster = objects.clone();
        with_cluster.push(("app", "ecs_cluster.c", cluster));
        let around = Around::of(&with_cluster, &waits);
        let found = instance_types(&json!({ "cluster": "main" }), "app", &around);
        assert_eq!(found, BTreeSet::from(["t3.micro".to_owned()]));
        let found =
            instance_types(&json!({ "cluster": "main", "launch_type": "EC2" }), "app", &around);
        assert!(found.is_empty(), "it may stand on any instance of the cluster");
        // By its name as well, and of several types each.
        let service = json!({ "capacity_provider_strategy": [{ "capacity_provider": "p" }] });
        let of = |name: &str| json!({ "instance_type": name });
        objects[1].2 = json!({ "mixed_instances_policy": { "launch_template": {
            "overrides": [of("m5.large"), of("m6i.large")] } } });
        let found = instance_types(&service, "app", &Around::of(&objects, &waits));
        assert_eq!(found.len(), 2);
        // One group that is not known may have anything.
        objects.remove(1);
        assert!(instance_types(&service, "app", &Around::of(&objects, &waits)).is_empty());
    }

    #[test]
    fn a_network_goes_with_its_mode() {
        let around = |mode: &str, service: Json| {
            let definition = json!({ "family": "app", "network_mode": mode,
                "container_definitions": [{ "name": "app", "image": "app:1", "memory": 64 }] });
            let objects =
                [("app", "ecs_task_definition.t", definition), ("app", "ecs_service.s", service)];
            Around::of(&objects, &[])
        };
        let with = json!({ "awsvpc_configuration": { "subnets": ["subnet-1"] } });
        let paths = |mode: &str, configuration: Option<&Json>| {
            let mut wanted = json!({ "task_definition": unknown("ecs_task_definition.t.arn") });
            if let Some(configuration) = configuration {
                wanted["network_configuration"] = configuration.clone();
            }
            let around = around(mode, wanted);
            let wanted = around.planned().find(|one| one.ty == "ecs_service").unwrap();
            let definition = definition(&wanted.spec, "app", &around).unwrap();
            network(wanted, &definition).map(|problem| problem.path)
        };
        assert_eq!(paths("awsvpc", Some(&with)), None);
        assert_eq!(paths("bridge", None), None);
        assert_eq!(paths("awsvpc", None).as_deref(), Some("network_configuration"));
        assert_eq!(paths("bridge", Some(&with)).as_deref(), Some("network_configuration"));
    }

    fn micro() -> Offer {
        let info = InstanceTypeInfo::builder()
            .instance_type(InstanceType::T3Micro)
            .v_cpu_info(VCpuInfo::builder().default_v_cpus(2).build())
            .memory_info(MemoryInfo::builder().size_in_mib(1024).build())
            .network_info(NetworkInfo::builder().maximum_network_interfaces(2).build())
            .processor_info(
                ProcessorInfo::builder().supported_architectures(ArchitectureType::X8664).build(),
            )
            .build();
        Offer::of(&info).unwrap()
    }

    fn misfit(container: Json, task: Json) -> Option<String> {
        let mut spec = json!({ "family": "app", "container_definitions": [
            { "name": "app", "image": "app:1", "memory": 64 }] });
        let whole = spec["container_definitions"][0].as_object_mut().unwrap();
        whole.extend(container.as_object().unwrap().clone());
        spec.as_object_mut().unwrap().extend(task.as_object().unwrap().clone());
        micro().misfit(&Need::of(&serde_json::from_value(spec).unwrap()))
    }

    #[test]
    fn what_fits_on_no_instance_is_told_with_numbers() {
        assert_eq!(misfit(json!({}), json!({ "network_mode": "awsvpc" })), None);
        assert_eq!(
            misfit(json!({}), json!({ "memory": "1 GB" })).unwrap(),
            "it takes 1024 MiB, a t3.micro has about 998 for tasks"
        );
        assert_eq!(misfit(json!({ "memory": 998 }), json!({})), None);
        assert_eq!(
            misfit(json!({ "cpu": 4096 }), json!({})).unwrap(),
            "it takes 4096 CPU units, a t3.micro has 2048"
        );
        let arm = json!({ "runtime_platform": { "cpu_architecture": "ARM64" } });
        assert_eq!(misfit(json!({}), arm).unwrap(), "it is built for arm64, a t3.micro is x86_64");
        let single = Offer { interfaces: 1, ..micro() };
        let need = Need { cpu: 0, memory: 0, interface: true, architecture: None };
        assert!(single.misfit(&need).unwrap().contains("network interface"));
    }
}
