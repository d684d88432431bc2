//! Lifecycle policies: whether ECR would take them (ECR user guide, lifecycle policy properties).

use serde_json::{Map, Value};

use super::Members;

/// Checks a policy; tells what is wrong with it.
pub(super) fn check(text: &str) -> Result<(), String> {
    let policy: Value = serde_json::from_str(text).map_err(|_| "invalid JSON".to_owned())?;
    let rules = policy.get("rules").and_then(Value::as_array).filter(|rules| !rules.is_empty());
    let rules = rules.ok_or("the policy has no rules")?;
    if let Some(key) =
        policy.as_object().into_iter().flatten().map(|(key, _)| key).find(|k| *k != "rules")
    {
        return Err(format!("unknown property {key}"));
    }
    let mut priorities = Vec::new();
    let mut any = Vec::new();
    for rule in rules {
        let rule = rule.as_object().ok_or("a rule is an object")?;
        let priority = rule.integer("rulePriority").filter(|priority| *priority >= 1);
        let priority = priority.ok_or("rulePriority must be a whole number from 1 on")?;
        if priorities.contains(&priority) {
            return Err(format!("rulePriority {priority} is used twice"));
        }
        priorities.push(priority);
        let selection = rule.object("selection").ok_or("a rule needs a selection")?;
        check_selection(selection)?;
        if selection.text("tagStatus") == Some("any") {
            any.push(priority);
        }
        match rule.object("action").and_then(|action| action.text("type")) {
            Some("expire" | "transition") => {}
            _ => return Err("the type of an action is expire or transition".to_owned()),
        }
    }
    if any.len() > 1 {
        return Err("only one rule may have the tagStatus any".to_owned());
    }
    if any.first().is_some_and(|any| priorities.iter().any(|priority| priority > any)) {
        return Err("the rule with the tagStatus any must have the highest rulePriority".to_owned());
    }
    Ok(())
}

fn check_selection(selection: &Map<String, Value>) -> Result<(), String> {
    let lists = ["tagPrefixList", "tagPatternList"].map(|list| !selection.list(list).is_empty());
    match (selection.text("tagStatus"), lists) {
        (Some("tagged"), [false, false]) => {
            return Err("tagPrefixList or tagPatternList is needed for tagged images".to_owned());
        }
        (Some("tagged"), [true, true]) => {
            return Err("give tagPrefixList or tagPatternList, not both".to_owned());
        }
        (Some("tagged"), _) | (Some("untagged" | "any"), [false, false]) => {}
        (Some("untagged" | "any"), _) => {
            return Err("tag lists are for tagged images only".to_owned());
        }
        _ => return Err("tagStatus is tagged, untagged or any".to_owned()),
    }
    if selection.integer("countNumber").is_none_or(|number| number < 1) {
        return Err("countNumber must be a whole number from 1 on".to_owned());
    }
    match (selection.text("countType"), selection.text("countUnit")) {
        (Some("imageCountMoreThan"), None)
        | (
            Some("sinceImagePushed" | "sinceImagePulled" | "sinceImageTransitioned"),
            Some("days"),
        ) => Ok(()),
        (Some("imageCountMoreThan"), Some(_)) => {
            Err("countUnit is for counts of days only".to_owned())
        }
        (Some("sinceImagePushed" | "sinceImagePulled" | "sinceImageTransitioned"), _) => {
            Err("countUnit must be days".to_owned())
        }
        _ => Err("countType is imageCountMoreThan or sinceImagePushed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn policies_are_judged_rule_by_rule() {
        let rule = |priority: i64, selection: Value| json!({"rulePriority": priority, "selection": selection, "action": {"type": "expire"}});
        let any = json!({"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 5});
        let old = json!({"tagStatus": "untagged", "countType": "sinceImagePushed",
            "countUnit": "days", "countNumber": 1});
        let judged = |rules: Value| check(&json!({"rules": rules}).to_string());
        assert_eq!(judged(json!([rule(1, old.clone()), rule(2, any.clone())])), Ok(()));
        let cases = [
            (json!([]), "no rules"),
            (json!([rule(1, any.clone()), rule(2, old.clone())]), "highest rulePriority"),
            (json!([rule(1, old.clone()), rule(1, any.clone())]), "used twice"),
            (json!([rule(1, any.clone()), rule(2, any.clone())]), "only one rule"),
            (json!([rule(0, any.clone())]), "from 1 on"),
            (
                json!([rule(
                    1,
                    json!({"tagStatus": "tagged", "countType": "imageCountMoreThan",
                "countNumber": 1})
                )]),
                "is needed for tagged",
            ),
            (
                json!([rule(
                    1,
                    json!({"tagStatus": "untagged", "countType": "sinceImagePushed",
                "countNumber": 1})
                )]),
                "must be days",
            ),
            (json!([{"rulePriority": 1, "selection": any, "action": {"type": "keep"}}]), "action"),
        ];
        for (rules, part) in cases {
            let told = judged(rules.clone()).unwrap_err();
            assert!(told.contains(part), "{rules}: {told}");
        }
    }
}
