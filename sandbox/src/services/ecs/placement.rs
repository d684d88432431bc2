//! Placement: which instance a task goes to, by what it needs, its constraints and strategies.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::container_instance::ContainerInstance;
use super::task::{Status, Task};
use super::{Members, State, task_definition};

/// What a task needs of an instance.
#[derive(Debug)]
pub(super) struct Need<'a> {
    /// CPU units.
    pub(super) cpu: i64,
    /// MiB.
    pub(super) memory: i64,
    /// Ports of the host, with their protocols.
    pub(super) ports: Vec<(i64, String)>,
    pub(super) has_interface: bool,
    /// `X86_64` or `ARM64`, where it matters.
    pub(super) architecture: Option<&'a str>,
    pub(super) constraints: Vec<&'a Value>,
    /// Zones in which it has subnets; any zone where empty.
    pub(super) zones: Vec<String>,
}

/// Where alone a task may go.
#[derive(Clone, Debug, Default)]
pub(super) struct Only {
    pub(super) instance: Option<String>,
    pub(super) zone: Option<String>,
}

/// What is taken of an instance.
#[derive(Clone, Debug, Default)]
pub(super) struct Taken {
    pub(super) cpu: i64,
    pub(super) memory: i64,
    pub(super) interfaces: u32,
    pub(super) ports: Vec<(i64, String)>,
    pub(super) tasks: u32,
    /// Those of the tasks that do not run yet.
    pub(super) pending: u32,
    /// Tasks of the group in question.
    pub(super) group: u32,
}

/// Ports of the host that the system and the agent hold (RegisterTaskDefinition API reference).
pub(super) const RESERVED: [i64; 6] = [22, 2375, 2376, 51_678, 51_679, 51_680];

/// Adds up what tasks take of each instance, counting those of a group besides.
pub(super) fn taken(state: &State, group: &str) -> BTreeMap<String, Taken> {
    let mut all: BTreeMap<String, Taken> = BTreeMap::new();
    for task in state.tasks.values().filter(|task| !task.is_stopped()) {
        let Some(instance) = &task.instance else { continue };
        let taken = all.entry(instance.clone()).or_default();
        if let Some(definition) = task_definition::by_arn(state, &task.definition) {
            taken.cpu += definition.cpu();
            taken.memory += definition.memory();
        }
        taken.interfaces += u32::from(task.interface.is_some());
        taken.ports.extend(task.bindings.iter().map(|it| (it.outer, it.protocol.clone())));
        taken.tasks += 1;
        taken.pending += u32::from(task.status < Status::Running);
        taken.group += u32::from(task.group == group && task.is_wanted());
    }
    all
}

/// Tells what an instance lacks for a task; none where it fits.
fn lacks(instance: &ContainerInstance, taken: &Taken, need: &Need<'_>) -> Option<&'static str> {
    let architecture = need.architecture.map(|it| if it == "ARM64" { "arm64" } else { "x86_64" });
    if architecture.is_some_and(|it| it != instance.architecture) {
        return Some("ATTRIBUTE: is missing an attribute required by your task");
    }
    if instance.cpu - taken.cpu < need.cpu {
        return Some("RESOURCE:CPU: has insufficient CPU units available");
    }
    if instance.memory - taken.memory < need.memory {
        return Some("RESOURCE:MEMORY: has insufficient memory available");
    }
    if need.has_interface && taken.interfaces >= instance.interfaces {
        return Some("RESOURCE:ENI: encountered error \"RESOURCE:ENI\"");
    }
    let is_taken = |port: &(i64, String)| taken.ports.contains(port) || RESERVED.contains(&port.0);
    if need.ports.iter().any(is_taken) {
        return Some("RESOURCE:PORTS: is already using a port required by your task");
    }
    None
}

/// Chooses an instance for a task. Tells why there is none, in the words of the service's events
/// after the code that RunTask answers with.
pub(super) fn choose(
    state: &State,
    task: &Task,
    need: &Need<'_>,
    provider: Option<&str>,
    only: &Only,
) -> Result<String, String> {
    let taken = taken(state, &task.group);
    let none = Taken::default();
    let of = |id: &str| taken.get(id).unwrap_or(&none);
    let usable = state.instances.iter().filter(|(id, it)| {
        it.cluster == task.cluster
            && it.takes_tasks()
            && only.instance.as_ref().is_none_or(|only| only == *id)
            && only.zone.as_ref().is_none_or(|only| *only == it.zone)
            && (need.zones.is_empty() || need.zones.contains(&it.zone))
    });
    let usable: Vec<(&String, &ContainerInstance)> = usable.collect();
    if usable.is_empty() {
        return Err("No Container Instances were found in your cluster.".to_owned());
    }
    let mut closest: Option<(&ContainerInstance, &'static str)> = None;
    let mut fitting = Vec::new();
    for (id, instance) in usable {
        let missing = if provider.is_some() && instance.provider.as_deref() != provider {
            Some("ATTRIBUTE: is not part of the capacity provider")
        } else if !need.constraints.iter().all(|it| allows(it, instance, of(id))) {
            Some("MemberOf: is not allowed by the placement constraints of your task")
        } else {
            lacks(instance, of(id), need)
        };
        match missing {
            None => fitting.push((id, instance)),
            Some(why) => {
                closest.get_or_insert((instance, why));
            }
        }
    }
    if fitting.is_empty() {
        return Err(closest.map_or_else(String::new, |(instance, why)| {
            let (code, words) = why.split_once(": ").unwrap_or(("RESOURCE", why));
            format!("{code}: The closest matching (container-instance {}) {words}.", instance.id)
        }));
    }
    for strategy in task.strategies.iter().filter_map(Value::as_object) {
        let field = strategy.text("field").unwrap_or_default();
        match strategy.text("type") {
            Some("spread") => spread(&mut fitting, field, of),
            Some("binpack") => {
                let left = |id: &str, it: &ContainerInstance| {
                    if field.eq_ignore_ascii_case("cpu") {
                        it.cpu - of(id).cpu
                    } else {
                        it.memory - of(id).memory
                    }
                };
                keep_least(&mut fitting, left);
            }
            _ => {}
        }
    }
    // Unasked, ECS spreads over zones; among equals the emptiest comes first.
    if task.strategies.is_empty() {
        spread(&mut fitting, "attribute:ecs.availability-zone", of);
        keep_least(&mut fitting, |id, _| i64::from(of(id).group));
    }
    keep_least(&mut fitting, |id, _| i64::from(of(id).tasks));
    fitting.first().map(|(id, _)| (*id).clone()).ok_or_else(String::new)
}

type Fitting<'a> = Vec<(&'a String, &'a ContainerInstance)>;

fn keep_least(fitting: &mut Fitting<'_>, by: impl Fn(&str, &ContainerInstance) -> i64) {
    let least = fitting.iter().map(|(id, it)| by(id, it)).min();
    fitting.retain(|(id, it)| Some(by(id, it)) == least);
}

/// Keeps the instances on which, by a field's value, the fewest tasks of the group are.
fn spread<'t>(fitting: &mut Fitting<'_>, field: &str, of: impl Fn(&str) -> &'t Taken) {
    let value = |id: &str, it: &ContainerInstance| match field.strip_prefix("attribute:") {
        Some(name) => it.attribute(name).unwrap_or_default(),
        None => id.to_owned(),
    };
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for (id, it) in fitting.iter() {
        *counts.entry(value(id, it)).or_default() += i64::from(of(id).group);
    }
    keep_least(fitting, |id, it| counts.get(&value(id, it)).copied().unwrap_or_default());
}

/// Tells whether a constraint allows an instance.
fn allows(constraint: &Value, instance: &ContainerInstance, taken: &Taken) -> bool {
    match constraint["type"].as_str() {
        Some("distinctInstance") => taken.group == 0,
        Some("memberOf") => {
            let text = constraint["expression"].as_str().unwrap_or_default();
            Expression::parse(text).is_some_and(|expression| {
                expression.holds(|subject| instance.subject(subject, taken))
            })
        }
        _ => true,
    }
}

/// One comparison of the cluster query language.
#[derive(Debug)]
struct Term {
    subject: String,
    operator: String,
    values: Vec<String>,
}

impl Term {
    /// Tells whether it holds for what its subject is.
    fn holds(&self, value: Option<&str>) -> bool {
        let is = |wanted: &String| value == Some(wanted.as_str());
        let compared = || {
            let number = |text: &str| text.parse::<f64>().ok();
            number(value?)?.partial_cmp(&number(self.values.first()?)?)
        };
        match self.operator.as_str() {
            "==" | "equals" | "in" => self.values.iter().any(is),
            "!=" | "not_equals" | "not_in" | "!in" => !self.values.iter().any(is),
            "=~" | "matches" => {
                value.is_some_and(|value| self.values.iter().any(|pattern| matches(pattern, value)))
            }
            "exists" => value.is_some(),
            "!exists" | "not_exists" => value.is_none(),
            ">" | "greater_than" => compared().is_some_and(Ordering::is_gt),
            ">=" | "greater_than_equal" => compared().is_some_and(Ordering::is_ge),
            "<" | "less_than" => compared().is_some_and(Ordering::is_lt),
            "<=" | "less_than_equal" => compared().is_some_and(Ordering::is_le),
            _ => false,
        }
    }
}

/// Tells whether a text fits a pattern of letters, `.` and `*`, as far as regular expressions of
/// placement constraints go in practice.
fn matches(pattern: &str, text: &str) -> bool {
    regex::Regex::new(&format!("^(?:{})$", pattern.replace('*', ".*").replace("..*", ".*")))
        .is_ok_and(|regex| regex.is_match(text))
}

/// What may follow a subject.
const OPERATORS: [&str; 20] = [
    "==",
    "equals",
    "in",
    "!=",
    "not_equals",
    "not_in",
    "!in",
    "=~",
    "matches",
    "exists",
    "!exists",
    "not_exists",
    ">",
    "greater_than",
    ">=",
    "greater_than_equal",
    "<",
    "less_than",
    "<=",
    "less_than_equal",
];

/// Subjects that are no attributes.
const SUBJECTS: [&str; 8] = [
    "agentConnected",
    "agentVersion",
    "ec2InstanceId",
    "pendingTasksCount",
    "registeredAt",
    "runningTasksCount",
    "status",
    "version",
];

/// An expression of the cluster query language: comparisons joined by `and`, and these by `or`
/// (developer guide, cluster query language).
#[derive(Debug)]
pub(super) struct Expression(Vec<Vec<Term>>);

impl Expression {
    /// Reads one; none for what is no expression.
    pub(super) fn parse(text: &str) -> Option<Self> {
        static TERM: LazyLock<Option<regex::Regex>> = LazyLock::new(|| {
            regex::Regex::new(
                r"^([A-Za-z0-9_.:/-]+)\s*(==|=~|>=|<=|>|<|!=|![a-z]+|[a-z_]+)\s*(.*)$",
            )
            .ok()
        });
        let term = |text: &str| {
            let text = text.trim().trim_start_matches('(').trim_end_matches(')').trim();
            let parts = TERM.as_ref()?.captures(text)?;
            let (subject, operator) = (parts.get(1)?.as_str(), parts.get(2)?.as_str());
            let list = parts.get(3)?.as_str().trim_start_matches('[').trim_end_matches(']');
            let values: Vec<String> = list
                .split(',')
                .map(|it| it.trim().trim_matches(['"', '\'']).to_owned())
                .filter(|it| !it.is_empty())
                .collect();
            let is_known = SUBJECTS.contains(&subject)
                || subject.strip_prefix("attribute:").is_some_and(|name| !name.is_empty());
            let is_whole = is_known
                && OPERATORS.contains(&operator)
                && (operator.ends_with("exists") || !values.is_empty());
            is_whole.then(|| Term {
                subject: subject.to_owned(),
                operator: operator.to_owned(),
                values,
            })
        };
        let all = |text: &str| {
            text.replace("&&", " and ").split(" and ").map(term).collect::<Option<Vec<Term>>>()
        };
        text.replace("||", " or ").split(" or ").map(all).collect::<Option<_>>().map(Self)
    }

    /// Tells whether it holds where subjects are what a function says.
    pub(super) fn holds(&self, of: impl Fn(&str) -> Option<String>) -> bool {
        self.0.iter().any(|all| all.iter().all(|term| term.holds(of(&term.subject).as_deref())))
    }
}

#[cfg(test)]
mod tests {
    use super::Expression;

    #[test]
    fn expressions_compare_attributes() {
        for text in [
            "attribute:ecs.instance-type == t3.medium",
            "attribute:ecs.availability-zone in [eu-west-1a, eu-west-1b]",
            "attribute:ecs.instance-type =~ t3.* and attribute:stack exists",
            "ec2InstanceId==i-0123456789abcdef0",
            "runningTasksCount >= 1 or agentConnected == true",
            "attribute:stack !exists",
        ] {
            assert!(Expression::parse(text).is_some(), "{text}");
        }
        for text in ["", "t3.medium", "attribute:x", "attribute:x like y", "attribute: exists"] {
            assert!(Expression::parse(text).is_none(), "{text}");
        }
    }
}
