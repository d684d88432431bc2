//! What AWS refuses in a service, or what never comes to an end, told before anything is changed.

use super::EcsService;
use super::parts::{PlacementStrategy, ServiceConnectConfiguration};
use crate::engine::resource::FieldProblem;
use crate::resources::ecs::{cluster, strategy};
use crate::stack::value::is_placeholder;
use aws_sdk_ecs::types::{
    AvailabilityZoneRebalancing, LaunchType, PlacementConstraintType, PlacementStrategyType,
    SchedulingStrategy,
};

/// What spreads tasks over zones.
const ZONE: &str = "attribute:ecs.availability-zone";

/// Collects problems by path.
#[derive(Default)]
struct Problems(Vec<FieldProblem>);

impl Problems {
    fn say(&mut self, path: &str, message: impl Into<String>) {
        self.0.push(FieldProblem { path: path.to_owned(), message: message.into() });
    }
}

impl EcsService {
    fn is_daemon(&self) -> bool {
        let strategy = self.scheduling_strategy.as_ref();
        strategy.is_some_and(|strategy| strategy.0 == SchedulingStrategy::Daemon)
    }

    pub(super) fn problems(&self) -> Vec<FieldProblem> {
        let mut found = Problems::default();
        if !cluster::is_name(&self.name) {
            found.say("name", "a name has at most 255 letters, digits, `-` and `_`");
        }
        let revision = self.task_definition.rsplit_once(':').map(|(_, number)| number);
        if !is_placeholder(&self.task_definition)
            && revision.is_none_or(|number| number.parse::<u32>().is_err())
        {
            let message =
                "name a revision: `${ecs_task_definition.NAME.arn}`, or `family:revision`";
            found.say("task_definition", message);
        }
        if let Some(items) = &self.capacity_provider_strategy {
            if let Some(message) = strategy::problem(items) {
                found.say("capacity_provider_strategy", message);
            }
            if self.launch_type.is_some() && !items.is_empty() {
                found.say("launch_type", "give a launch type or a strategy, not both");
            }
        }
        self.check_deployment(&mut found);
        self.check_placement(&mut found);
        self.check_rebalancing(&mut found);
        self.check_network(&mut found);
        if let Some(connect) = &self.service_connect_configuration {
            check_connect(connect, &mut found);
        }
        found.0
    }

    /// AWS rounds the least number of tasks up and the largest down; where they meet, no task can be
    /// replaced (ECS developer guide, "deployment configuration").
    fn check_deployment(&self, found: &mut Problems) {
        let given = self.deployment_configuration.as_ref();
        let (low, high) = if self.is_daemon() { (0, 100) } else { (100, 200) };
        let low = given.and_then(|g| g.minimum_healthy_percent).unwrap_or(low);
        let high = given.and_then(|g| g.maximum_percent).unwrap_or(high);
        let path = "deployment_configuration.maximum_percent";
        match self.desired_count.filter(|_| !self.is_daemon()) {
            Some(0) => {}
            Some(tasks) => {
                let (tasks, low, high) = (i64::from(tasks), i64::from(low), i64::from(high));
                let (least, most) = ((tasks * low + 99) / 100, tasks * high / 100);
                if most <= least {
                    let message = format!(
                        "of {tasks} tasks at least {least} keep running and at most {most} there \
                         are: no deployment could replace one; lower `minimum_healthy_percent` or \
                         raise this"
                    );
                    found.say(path, message);
                }
            }
            None if low >= high => {
                let message =
                    "no task could be replaced: it is not above `minimum_healthy_percent`";
                found.say(path, message);
            }
            None => {}
        }
        let Some(given) = given else { return };
        if given.deployment_circuit_breaker.as_ref().is_some_and(|b| b.rollback && !b.enable) {
            let path = "deployment_configuration.deployment_circuit_breaker.rollback";
            found.say(path, "only a circuit breaker that is enabled takes a deployment back");
        }
        if given
            .alarms
            .as_ref()
            .is_some_and(|alarms| alarms.enable && alarms.alarm_names.is_empty())
        {
            found.say("deployment_configuration.alarms.alarm_names", "name the alarms");
        }
    }

    fn check_placement(&self, found: &mut Problems) {
        let strategies = self.placement_strategy.as_deref().unwrap_or_default();
        let constraints = self.placement_constraints.iter().flatten();
        if strategies.len() > 5 {
            found.say("placement_strategy", "AWS takes at most 5");
        }
        for (at, one) in strategies.iter().enumerate() {
            let path = format!("placement_strategy.{at}.field");
            let field = one.field.as_deref();
            match one.kind.0 {
                PlacementStrategyType::Random if field.is_some() => {
                    found.say(&path, "`random` has no field");
                }
                PlacementStrategyType::Spread if field.is_none() => {
                    found.say(&path, format!("name what tasks are spread over, e.g. `{ZONE}`"));
                }
                PlacementStrategyType::Binpack
                    if !field
                        .is_some_and(|f| ["cpu", "memory"].contains(&f) || is_placeholder(f)) =>
                {
                    found.say(&path, "tasks are packed by `cpu` or by `memory`");
                }
                _ => {}
            }
        }
        for one in constraints.clone() {
            let member = one.kind.0 == PlacementConstraintType::MemberOf;
            if member != one.expression.is_some() {
                let message = "an `expression` is given with `memberOf`, and only there";
                found.say("placement_constraints", message);
            }
        }
        let fargate = self.launch_type.as_ref().is_some_and(|t| t.0 == LaunchType::Fargate);
        if fargate && (!strategies.is_empty() || constraints.count() > 0) {
            found.say("placement_strategy", "on Fargate there is nothing to place tasks on");
        }
        if self.is_daemon() {
            if self.desired_count.is_some() {
                found.say("desired_count", "a `DAEMON` has one task on each instance");
            }
            if !strategies.is_empty() {
                found.say("placement_strategy", "a `DAEMON` has one task on each instance");
            }
        }
    }

    /// aws-semantics.md 6.
    fn check_rebalancing(&self, found: &mut Problems) {
        let path = "availability_zone_rebalancing";
        let enabled = |r: &AvailabilityZoneRebalancing| *r == AvailabilityZoneRebalancing::Enabled;
        if !self.availability_zone_rebalancing.as_ref().is_some_and(|r| enabled(&r.0)) {
            return;
        }
        let most = self.deployment_configuration.as_ref().and_then(|d| d.maximum_percent);
        if most.is_some_and(|most| most <= 100) {
            found.say(path, "it needs a `maximum_percent` above 100, to start a task elsewhere");
        }
        if self.is_daemon() {
            found.say(path, "a `DAEMON` has one task on each instance");
        }
        let over_zones = |one: &PlacementStrategy| {
            one.kind.0 == PlacementStrategyType::Spread
                && one.field.as_deref().is_none_or(|f| f == ZONE || is_placeholder(f))
        };
        let first = self.placement_strategy.as_ref().and_then(|all| all.first());
        if first.is_some_and(|first| !over_zones(first)) {
            let message =
                format!("it needs `spread` over `{ZONE}` as the first placement strategy");
            found.say(path, message);
        }
    }

    fn check_network(&self, found: &mut Problems) {
        let network = self.network_configuration.as_ref();
        if let Some(network) = network.and_then(|network| network.awsvpc_configuration.as_ref()) {
            let path = "network_configuration.awsvpc_configuration";
            if !(1..=16).contains(&network.subnets.len()) {
                found.say(&format!("{path}.subnets"), "AWS takes 1 to 16 subnets");
            }
            if network.security_groups.as_ref().is_some_and(|groups| groups.len() > 5) {
                found.say(&format!("{path}.security_groups"), "AWS takes at most 5");
            }
        }
        let targets = self.load_balancers.as_ref();
        let grace = self.health_check_grace_period_seconds.is_some_and(|seconds| seconds > 0);
        if grace && targets.is_some_and(Vec::is_empty) {
            let message = "it is for services with `load_balancers`";
            found.say("health_check_grace_period_seconds", message);
        }
    }
}

fn check_connect(connect: &ServiceConnectConfiguration, found: &mut Problems) {
    let path = "service_connect_configuration";
    if !connect.enabled && (!connect.services.is_empty() || connect.namespace.is_some()) {
        found.say(&format!("{path}.enabled"), "what is not enabled has no namespace and services");
    }
    let named = connect.namespace.as_ref();
    if named.is_some_and(|name| !name.starts_with("arn:") && !is_placeholder(name)) {
        let message = "give the ARN of the namespace, which is what AWS tells of it";
        found.say(&format!("{path}.namespace"), message);
    }
    for service in connect.services.iter().filter(|service| service.client_aliases.len() > 1) {
        let message = format!("AWS takes one client alias for the port `{}`", service.port_name);
        found.say(&format!("{path}.services"), message);
    }
}
