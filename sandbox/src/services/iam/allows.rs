//! Whether a role may do something, as far as its policies name the action.
//!
//! Resources and conditions are not looked at; an explicit denial counts. Of AWS's own policies
//! those are known whose rights something in the sandbox depends on.

use serde_json::{Map, Value};

use super::super::policy::{statements, strings};
use crate::state::Account;

/// What AWS's own policies allow, by their names, as far as it matters here.
const MANAGED: &[(&str, &[&str])] = &[
    ("AdministratorAccess", &["*"]),
    ("PowerUserAccess", &["*"]),
    ("AmazonECS_FullAccess", &["ecs:*", "logs:*", "ecr:*"]),
    (
        "AmazonEC2ContainerServiceforEC2Role",
        &[
            "ecs:CreateCluster",
            "ecs:DeregisterContainerInstance",
            "ecs:DiscoverPollEndpoint",
            "ecs:Poll",
            "ecs:RegisterContainerInstance",
            "ecs:StartTelemetrySession",
            "ecs:Submit*",
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchGetImage",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ],
    ),
    (
        "AmazonECSTaskExecutionRolePolicy",
        &[
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchGetImage",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ],
    ),
    (
        "AmazonEC2ContainerRegistryReadOnly",
        &["ecr:Get*", "ecr:BatchGetImage", "ecr:BatchCheckLayerAvailability", "ecr:Describe*"],
    ),
    ("AmazonEC2ContainerRegistryPullOnly", &["ecr:GetAuthorizationToken", "ecr:BatchGetImage"]),
    ("AmazonSSMReadOnlyAccess", &["ssm:Get*", "ssm:Describe*", "ssm:List*"]),
    ("SecretsManagerReadWrite", &["secretsmanager:*"]),
];

/// Tells whether a role may do something.
pub(crate) fn allows(account: &Account, role: &str, action: &str) -> bool {
    let iam = &account.global.iam;
    let Some(role) = iam.role_by_arn(role) else { return false };
    let mut allowed = false;
    let own = role.attached.iter().filter_map(|arn| iam.policies.get(arn));
    let documents = role.inline.values().chain(own.map(|policy| &policy.document));
    for document in documents {
        let Ok(document) = serde_json::from_str::<Map<String, Value>>(document) else { continue };
        for statement in statements(&document).into_iter().filter_map(Value::as_object) {
            if !names(statement, action) {
                continue;
            }
            if statement.get("Effect").and_then(Value::as_str) == Some("Deny") {
                return false;
            }
            allowed = true;
        }
    }
    let managed = role.attached.iter().filter_map(|arn| arn.rsplit('/').next());
    allowed
        || managed
            .filter_map(|name| MANAGED.iter().find(|(known, _)| *known == name))
            .flat_map(|(_, actions)| actions.iter())
            .any(|pattern| fits(pattern, action))
}

/// Tells whether a statement is about an action.
fn names(statement: &Map<String, Value>, action: &str) -> bool {
    let lists = |member: &str| statement.get(member).and_then(strings);
    match (lists("Action"), lists("NotAction")) {
        (Some(actions), _) => actions.iter().any(|pattern| fits(pattern, action)),
        (None, Some(actions)) => !actions.iter().any(|pattern| fits(pattern, action)),
        (None, None) => false,
    }
}

/// Tells whether an action fits a pattern with `*` and `?`; letters of either case are the same.
fn fits(pattern: &str, action: &str) -> bool {
    fn at(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.first(), text.first()) {
            (None, None) => true,
            (Some(b'*'), _) => {
                at(&pattern[1..], text) || !text.is_empty() && at(pattern, &text[1..])
            }
            (Some(b'?'), Some(_)) => at(&pattern[1..], &text[1..]),
            (Some(one), Some(other)) => {
                one.eq_ignore_ascii_case(other) && at(&pattern[1..], &text[1..])
            }
            _ => false,
        }
    }
    at(pattern.as_bytes(), action.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns_name_actions() {
        assert!(fits("*", "ecs:Poll") && fits("ecs:*", "ecs:Poll") && fits("ECS:po?l", "ecs:Poll"));
        assert!(!fits("ecr:*", "ecs:Poll") && !fits("ecs:Poll", "ecs:PollX"));
    }
}
