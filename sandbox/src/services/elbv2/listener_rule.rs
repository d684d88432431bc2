//! Rules of listeners: conditions, in the order of their priorities, and what is done then.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::action::{self, Place};
use super::{
    Answer, Call, Input, Members, State, condition, listener, paged, relate, room, rules, state,
    state_mut, tags,
};
use crate::rules::Refusal;
use crate::state::Account;

/// A rule of a listener.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ListenerRule {
    pub(super) listener: String,
    /// None for the default rule.
    pub(super) priority: Option<i64>,
    /// As AWS gives them back.
    pub(super) conditions: Vec<Value>,
    /// As AWS gives them back; the default rule's are its listener's.
    pub(super) actions: Vec<Value>,
}

/// Makes the rule that comes with a listener.
pub(super) fn create_default(account: &mut Account, call: &Call, listener: &str) {
    let arn = new_arn(account, listener);
    let rule = ListenerRule {
        listener: listener.to_owned(),
        priority: None,
        conditions: Vec::new(),
        actions: Vec::new(),
    };
    state_mut(account, &call.region).rules.insert(arn, rule);
}

fn new_arn(account: &mut Account, listener: &str) -> String {
    let digits = account.new_digits();
    format!("{}/{}", listener.replacen(":listener/", ":listener-rule/", 1), &digits[..16])
}

/// Reads actions for a listener.
fn read_actions(state: &State, listener: &str, given: &[Value]) -> Result<Vec<Value>, Refusal> {
    let listener = &state.listeners[listener];
    let Some(balancer) = state.load_balancers.get(&listener.load_balancer) else {
        return Err(rules::LOAD_BALANCER_NOT_FOUND.refuse(&[]));
    };
    let place = Place {
        state,
        balancer_arn: &listener.load_balancer,
        balancer,
        protocol: &listener.protocol,
        port: listener.port,
    };
    action::read(place, given)
}

/// Tells whether another rule of the listener has a priority.
fn taken(state: &State, listener: &str, priority: i64, but: &[&str]) -> bool {
    state.rules.iter().any(|(arn, rule)| {
        rule.listener == listener && rule.priority == Some(priority) && !but.contains(&arn.as_str())
    })
}

/// CreateRule.
pub(super) fn create(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state(account, &call.region);
    let (listener_arn, listener) = listener::known(state, input)?;
    if listener.protocol == "TCP" {
        return Err(rules::RULE_OF_NETWORK.refuse(&[]));
    }
    let priority = input.integer("Priority").unwrap_or_default();
    let rule = ListenerRule {
        listener: listener_arn.to_owned(),
        priority: Some(priority),
        conditions: condition::read(state, input.list("Conditions"))?,
        actions: read_actions(state, listener_arn, input.list("Actions"))?,
    };
    if taken(state, listener_arn, priority, &[]) {
        return Err(rules::PRIORITY_IN_USE.refuse(&[&priority.to_string()]));
    }
    let have = state.rules.values().filter(|it| {
        let own = state.listeners.get(&it.listener);
        it.priority.is_some() && own.is_some_and(|it| it.load_balancer == listener.load_balancer)
    });
    room(have.count(), state.limits.rules_per_load_balancer, &rules::RULE_LIMIT)?;
    let new_tags = tags::given(input)?;
    let arn = new_arn(account, listener_arn);
    let state = state_mut(account, &call.region);
    tags::keep(state, &arn, new_tags)?;
    state.rules.insert(arn.clone(), rule);
    relate(state, call.now);
    Ok(json!({ "Rules": [show(state, &arn)] }))
}

/// Refuses an ARN of no rule.
fn check(state: &State, arn: &str) -> Result<(), Refusal> {
    if tags::Kind::of(arn) != Some(tags::Kind::Rule) {
        return Err(rules::ARN_FORM.refuse(&[arn]));
    }
    if state.rules.contains_key(arn) { Ok(()) } else { Err(rules::RULE_NOT_FOUND.refuse(&[])) }
}

/// DescribeRules: of one listener, in the order of their priorities, or by ARN.
pub(super) fn describe(account: &Account, call: &Call, input: &Input) -> Answer {
    let state = state(account, &call.region);
    let arns = input.texts("RuleArns");
    let by_listener = input.contains_key("ListenerArn");
    if arns.is_empty() != by_listener {
        return Err(rules::WHICH_RULES.refuse(&[]));
    }
    for arn in &arns {
        check(state, arn)?;
    }
    let listener = if by_listener { Some(listener::known(state, input)?.0) } else { None };
    let wanted = state.rules.iter().filter(|(arn, rule)| {
        listener == Some(rule.listener.as_str()) || arns.contains(&arn.as_str())
    });
    let items = wanted.map(|(arn, rule)| {
        let order = rule.priority.unwrap_or(99_999);
        (format!("{}/{order:05}", rule.listener), show(state, arn))
    });
    paged(input, "Rules", items.collect())
}

/// ModifyRule: lists that are given replace those that are there.
pub(super) fn modify(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state(account, &call.region);
    let arn = input.text("RuleArn").unwrap_or_default();
    check(state, arn)?;
    let mut rule = state.rules[arn].clone();
    if rule.priority.is_none() {
        return Err(rules::DEFAULT_RULE.refuse(&[arn, "modified"]));
    }
    if input.contains_key("Conditions") {
        rule.conditions = condition::read(state, input.list("Conditions"))?;
    }
    if input.contains_key("Actions") {
        rule.actions = read_actions(state, &rule.listener, input.list("Actions"))?;
    }
    let state = state_mut(account, &call.region);
    state.rules.insert(arn.to_owned(), rule);
    relate(state, call.now);
    Ok(json!({ "Rules": [show(state, arn)] }))
}

/// DeleteRule.
pub(super) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, &call.region);
    let arn = input.text("RuleArn").unwrap_or_default();
    check(state, arn)?;
    if state.rules[arn].priority.is_none() {
        return Err(rules::DEFAULT_RULE.refuse(&[arn, "deleted"]));
    }
    state.rules.remove(arn);
    state.tags.remove(arn);
    relate(state, call.now);
    Ok(json!({}))
}

/// SetRulePriorities: all at once, so that rules can change places.
pub(super) fn set_priorities(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let state = state_mut(account, &call.region);
    let pairs = input.list("RulePriorities").iter().filter_map(Value::as_object);
    let pairs: Vec<(&str, i64)> = pairs
        .map(|pair| {
            let priority = pair.integer("Priority").unwrap_or_default();
            (pair.text("RuleArn").unwrap_or_default(), priority)
        })
        .collect();
    let arns: Vec<&str> = pairs.iter().map(|(arn, _)| *arn).collect();
    for (at, (arn, priority)) in pairs.iter().enumerate() {
        check(state, arn)?;
        let rule = &state.rules[*arn];
        if rule.priority.is_none() {
            return Err(rules::DEFAULT_RULE.refuse(&[arn, "given a priority"]));
        }
        let twice = pairs[..at]
            .iter()
            .any(|(other, same)| same == priority && state.rules[*other].listener == rule.listener);
        if twice || taken(state, &rule.listener, *priority, &arns) {
            return Err(rules::PRIORITY_IN_USE.refuse(&[&priority.to_string()]));
        }
    }
    for (arn, priority) in &pairs {
        if let Some(rule) = state.rules.get_mut(*arn) {
            rule.priority = Some(*priority);
        }
    }
    let shown: Vec<Value> = arns.iter().map(|arn| show(state, arn)).collect();
    Ok(json!({ "Rules": shown }))
}

fn show(state: &State, arn: &str) -> Value {
    let rule = &state.rules[arn];
    let default = state.listeners.get(&rule.listener).map(|listener| &listener.actions);
    let actions = match rule.priority {
        Some(_) => Some(&rule.actions),
        None => default,
    };
    json!({
        "RuleArn": arn,
        "Priority": rule.priority.map_or("default".to_owned(), |priority| priority.to_string()),
        "Conditions": rule.conditions,
        "Actions": actions,
        "IsDefault": rule.priority.is_none(),
    })
}
