//! Policy documents: whether AWS would take them.

use serde_json::{Map, Value};

/// What a document is for, which decides the parts it must and must not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Rights of whoever it is attached to.
    Identity,
    /// Who may assume a role.
    Trust,
    /// Who may do what with a resource of the service with this prefix of actions.
    Resource(&'static str),
}

/// Reads a document; tells in AWS's words why it is malformed.
pub(crate) fn check(document: &str, usage: Use) -> Result<Map<String, Value>, String> {
    let syntax = match usage {
        Use::Identity => "Syntax errors in policy.",
        Use::Trust | Use::Resource(_) => "This policy contains invalid Json",
    };
    let Ok(Value::Object(policy)) = serde_json::from_str::<Value>(document) else {
        return Err(syntax.to_owned());
    };
    if policy.keys().any(|key| !matches!(key.as_str(), "Version" | "Id" | "Statement")) {
        return Err("Syntax errors in policy.".to_owned());
    }
    match policy.get("Version").map(Value::as_str) {
        Some(Some("2012-10-17")) => {}
        None | Some(Some("2008-10-17")) if usage != Use::Identity => {}
        None | Some(Some("2008-10-17")) => {
            return Err("Policy document must be version 2012-10-17 or greater.".to_owned());
        }
        Some(_) => return Err("Syntax errors in policy.".to_owned()),
    }
    let mut sids = Vec::new();
    let statements = statements(&policy);
    if statements.is_empty() {
        return Err("Syntax errors in policy.".to_owned());
    }
    for statement in statements {
        let Value::Object(statement) = statement else {
            return Err("Syntax errors in policy.".to_owned());
        };
        check_statement(statement, usage)?;
        if let Some(sid) = statement.get("Sid").and_then(Value::as_str).filter(|s| !s.is_empty()) {
            let free = matches!(usage, Use::Resource(_));
            if !free && !sid.chars().all(|letter| letter.is_ascii_alphanumeric()) {
                let message = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies \
                     the regular expression [0-9A-Za-z]*";
                return Err(message.to_owned());
            }
            if sids.contains(&sid) {
                return Err("Statement IDs (SID) in a single policy must be unique.".to_owned());
            }
            sids.push(sid);
        }
    }
    Ok(policy)
}

/// Returns the statements: one alone may stand without a list.
pub(crate) fn statements(policy: &Map<String, Value>) -> Vec<&Value> {
    match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().collect(),
        Some(statement) => vec![statement],
        None => Vec::new(),
    }
}

/// Returns the strings of a value that is a string or a list of strings; none if it is neither.
pub(crate) fn strings(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(items) => items.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

fn check_statement(statement: &Map<String, Value>, usage: Use) -> Result<(), String> {
    const PARTS: [&str; 9] = [
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
        "Principal",
        "NotPrincipal",
    ];
    let syntax = || Err("Syntax errors in policy.".to_owned());
    let has = |part: &str| statement.contains_key(part);
    if statement.keys().any(|key| !PARTS.contains(&key.as_str())) {
        return syntax();
    }
    if !matches!(statement.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
        return syntax();
    }
    if (has("Action") && has("NotAction")) || (has("Resource") && has("NotResource")) {
        return syntax();
    }
    if statement.get("Condition").is_some_and(|condition| !condition.is_object()) {
        return syntax();
    }
    let Some(actions) = statement.get("Action").or_else(|| statement.get("NotAction")) else {
        return Err("Policy statement must contain actions.".to_owned());
    };
    let Some(actions) = strings(actions) else { return syntax() };
    if actions.is_empty() {
        return Err("Policy statement must contain actions.".to_owned());
    }
    if actions.iter().any(|action| *action != "*" && !action.contains(':')) {
        let message = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
        return Err(message.to_owned());
    }
    match usage {
        Use::Identity => check_resources(statement),
        Use::Trust => {
            let sts = |action: &&str| action.starts_with("sts:");
            if !actions.iter().all(sts) {
                let message = "AssumeRole policy may only specify STS AssumeRole actions.";
                return Err(message.to_owned());
            }
            if has("Resource") || has("NotResource") {
                return Err("Has prohibited field Resource".to_owned());
            }
            if !has("Principal") && !has("NotPrincipal") {
                return Err("Missing required field Principal".to_owned());
            }
            check_principals(statement)
        }
        Use::Resource(service) => {
            let own = |action: &&str| *action == "*" || action.split(':').next() == Some(service);
            if !actions.iter().all(own) {
                return Err("Policy has invalid action".to_owned());
            }
            if !has("Resource") && !has("NotResource") {
                return Err("Policy statement must contain resources.".to_owned());
            }
            if !has("Principal") && !has("NotPrincipal") {
                return Err("Missing required field Principal".to_owned());
            }
            check_principals(statement)
        }
    }
}

fn check_resources(statement: &Map<String, Value>) -> Result<(), String> {
    if statement.contains_key("Principal") || statement.contains_key("NotPrincipal") {
        return Err("Policy document should not specify a principal.".to_owned());
    }
    let resources = statement.get("Resource").or_else(|| statement.get("NotResource"));
    let Some(resources) = resources.and_then(strings).filter(|list| !list.is_empty()) else {
        return Err("Policy statement must contain resources.".to_owned());
    };
    let arn = |resource: &&&str| {
        **resource == "*" || (resource.starts_with("arn:") && resource.splitn(6, ':').count() == 6)
    };
    match resources.iter().find(|resource| !arn(resource)) {
        Some(resource) => Err(format!("Resource {resource} must be in ARN format or \"*\".")),
        None => Ok(()),
    }
}

fn check_principals(statement: &Map<String, Value>) -> Result<(), String> {
    for (kind, principal) in principals(statement) {
        let good = match kind {
            "Service" => {
                principal.ends_with(".amazonaws.com") || principal.ends_with(".amazonaws.com.cn")
            }
            "AWS" => {
                principal == "*"
                    || (principal.len() == 12 && principal.bytes().all(|b| b.is_ascii_digit()))
                    || (principal.starts_with("arn:") && principal.splitn(6, ':').count() == 6)
                    || principal.starts_with("AROA")
                    || principal.starts_with("AIDA")
            }
            "Federated" | "CanonicalUser" | "*" => true,
            _ => return Err(format!("Invalid principal in policy: \"{kind}\"")),
        };
        if !good {
            let kind = if kind == "Service" { "SERVICE" } else { kind };
            return Err(format!("Invalid principal in policy: \"{kind}\":\"{principal}\""));
        }
    }
    Ok(())
}

/// Returns the principals of a statement with their kinds; `*` alone has the kind `*`.
pub(crate) fn principals(statement: &Map<String, Value>) -> Vec<(&str, &str)> {
    match statement.get("Principal").or_else(|| statement.get("NotPrincipal")) {
        Some(Value::String(text)) => vec![("*", text)],
        Some(Value::Object(kinds)) => kinds
            .iter()
            .flat_map(|(kind, value)| {
                let values = strings(value).unwrap_or_default();
                values.into_iter().map(|value| (kind.as_str(), value))
            })
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_judged_in_the_words_of_iam() {
        let cases = [
            (Use::Identity, "{", "Syntax errors in policy."),
            (
                Use::Identity,
                r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#,
                "Policy document must be version 2012-10-17 or greater.",
            ),
            (
                Use::Identity,
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*"}]}"#,
                "Policy statement must contain actions.",
            ),
            (
                Use::Identity,
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*"}]}"#,
                "Policy statement must contain resources.",
            ),
            (
                Use::Identity,
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"bucket"}]}"#,
                "Resource bucket must be in ARN format or \"*\".",
            ),
            (
                Use::Trust,
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}"#,
                "Missing required field Principal",
            ),
            (
                Use::Trust,
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ecs"}}]}"#,
                "Invalid principal in policy: \"SERVICE\":\"ecs\"",
            ),
        ];
        for (usage, document, message) in cases {
            assert_eq!(check(document, usage).unwrap_err(), message, "{document}");
        }
        let good = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow",
            "Action":"sts:AssumeRole","Principal":{"Service":["ec2.amazonaws.com"]}}}"#;
        assert!(check(good, Use::Trust).is_ok());
    }
}
