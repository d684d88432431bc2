//! Tests of ECS, through the service's interface.

mod capacity;
mod definitions;
mod draining;
mod history;
mod living;
mod places;
mod refusals;
mod sizes;
mod states;
mod teardown;
mod world;

pub(crate) use refusals::REFUSALS;

use std::time::Duration;

use serde_json::{Value, json};

use crate::rules::Refusal;
use crate::{Options, Sandbox, Slow};

/// A fresh sandbox with short ways to make things in it.
struct Lab(Sandbox);

impl Lab {
    fn new() -> Self {
        Self(Sandbox::in_memory(Options::default()))
    }

    fn slow() -> Self {
        Self(Sandbox::in_memory(Options { slow: Slow::Aws, ..Options::default() }))
    }

    fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        let answer = self.0.call(service, operation, input);
        answer.unwrap_or_else(|refusal| panic!("{operation}: {} {}", refusal.code, refusal.message))
    }

    fn ok(&self, operation: &str, input: Value) -> Value {
        self.call("ecs", operation, input)
    }

    fn no(&self, operation: &str, input: Value) -> Refusal {
        match self.0.call("ecs", operation, input) {
            Ok(answer) => panic!("{operation} was not refused: {answer}"),
            Err(refusal) => refusal,
        }
    }

    fn skip(&self, seconds: u64) {
        self.0.skip(Duration::from_secs(seconds));
    }

    fn role(&self, name: &str) -> String {
        let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}]});
        let input = json!({"RoleName": name, "AssumeRolePolicyDocument": trust.to_string()});
        self.call("iam", "CreateRole", input)["Role"]["Arn"].as_str().unwrap().to_owned()
    }
}

/// `base` with the members of `more` in their places; null takes one away.
fn with(base: Value, more: Value) -> Value {
    let mut base = base;
    let members = base.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    base
}

/// A container, with `more`.
fn container(more: Value) -> Value {
    with(json!({"name": "app", "image": "web:1", "memory": 128}), more)
}

/// A registration of the family `web` with one container, with `more`.
fn definition(more: Value) -> Value {
    with(json!({"family": "web", "containerDefinitions": [container(json!({}))]}), more)
}

#[test]
fn every_case_is_refused_by_its_own_rule() {
    for (rule, case) in REFUSALS {
        let refusal = case();
        assert_eq!(refusal.rule.map(|rule| rule.id), Some(rule.id), "{}", refusal.message);
    }
}
