//! Tests of what is known only after apply, and of what is sensitive.

use std::collections::BTreeMap;

use serde_json::json;

use super::{fails, value};
use crate::stack::evaluate::{Named, evaluate};
use crate::stack::expression::Expression;
use crate::stack::functions::NoFiles;
use crate::stack::value::{Unknown, Value};

fn unknown(refs: &[&str]) -> Value {
    Value::unknown(refs.iter().map(|s| (*s).to_owned()).collect())
}

#[test]
fn unknown_passes_through() {
    let vpc = || unknown(&["vpc.main.id"]);
    assert_eq!(value("${vpc.main.id}"), vpc());
    assert_eq!(value("id is ${vpc.main.id}"), vpc());
    assert_eq!(
        value("${var.unknown}${var.other_unknown}"),
        unknown(&["eip.nat.public_ip", "vpc.main.id"])
    );
    assert_eq!(value("${[1, vpc.main.id]}"), Value::List(vec![1.into(), vpc()]));
    assert_eq!(value("${vpc.main.id.deep[0]}"), vpc());
    assert_eq!(value("${vpc.main.id[*].x}"), vpc());
    assert_eq!(value("${var.list[var.unknown]}"), vpc());
    assert_eq!(value("${vpc[\"main\"].id == 1 || true}"), Value::Bool(true));
    assert_eq!(value("${var.unknown + 1}"), vpc());
    assert_eq!(value("${var.unknown == \"a\"}"), vpc());
    assert_eq!(value("${[var.unknown, 1] == [1, 2]}"), Value::Bool(false));
    assert_eq!(value("${var.unknown && false}"), Value::Bool(false));
    assert_eq!(value("${var.unknown && true}"), vpc());
    assert_eq!(value("${var.unknown || true}"), Value::Bool(true));
    assert_eq!(value("${var.unknown ? 1 : 2}"), vpc());
    assert_eq!(
        value("${[for v in var.partly : \"x${v}\"]}"),
        Value::List(vec!["xa".into(), vpc()])
    );
    assert_eq!(value("${[for v in var.unknown : v]}"), vpc());
    assert_eq!(value("${[for v in var.partly : v if v != \"a\"]}"), vpc());
    assert_eq!(value("${{(var.unknown) = 1}}"), vpc());
    assert_eq!(value("${length(var.partly)}"), 2.into());
    assert_eq!(value("${jsonencode(var.partly)}"), vpc());
    assert_eq!(value("${keys(var.partly_map)}"), Value::List(vec!["known".into(), "later".into()]));
    assert_eq!(value("${lookup(var.partly_map, \"known\")}"), 1.into());
    assert_eq!(value("${lookup(var.partly_map, \"later\", 5)}"), vpc());
    assert_eq!(value("${merge(var.partly_map, {known = 3}).known}"), 3.into());
    assert_eq!(value("${concat(var.partly, [\"z\"])[2]}"), "z".into());
    assert_eq!(value("${toset(var.partly)}"), vpc());
    assert_eq!(value("${upper(var.unknown)}"), vpc());
    assert_eq!(value("${max([1, var.unknown]...)}"), vpc());
    assert_eq!(value("${coalesce(null, var.unknown)}"), vpc());
    assert_eq!(value("${coalesce(\"a\", var.unknown)}"), "a".into());
    assert_eq!(value("${anytrue([var.unknown, true])}"), true.into());
    assert_eq!(value("${alltrue([var.unknown, true])}"), vpc());
    assert_eq!(value("${flatten([[\"a\"], [var.unknown]])}"), Value::List(vec!["a".into(), vpc()]));
    assert_eq!(value("${flatten([[\"a\"], var.unknown])}"), vpc());
    // Known operands are checked although the other is unknown.
    fails("${var.unknown + \"a\"}", "\"a\"", "a number is required");
}

#[test]
fn sensitive_marks_results() {
    let hush = |v: Value| v.mark();
    assert_eq!(value("${var.secret}"), hush("hush".into()));
    assert_eq!(value("pw=${var.secret}"), hush("pw=hush".into()));
    assert_eq!(value("${[1, var.secret]}"), Value::List(vec![1.into(), hush("hush".into())]));
    assert_eq!(value("${var.secrets[0]}"), hush("s".into()));
    assert_eq!(value("${var.secrets[*]}"), hush(Value::List(vec!["s".into(), "t".into()])));
    assert_eq!(value("${var.mixed[0]}"), "a".into());
    assert_eq!(value("${upper(var.secret)}"), hush("HUSH".into()));
    assert_eq!(value("${join(\",\", var.mixed)}"), hush("a,hush".into()));
    assert_eq!(value("${length(var.mixed)}"), 2.into());
    assert_eq!(value("${length(var.secrets)}"), hush(2.into()));
    assert_eq!(value("${var.secret == \"x\"}"), hush(false.into()));
    assert_eq!(value("${var.secret == \"hush\" ? 1 : 2}"), hush(1.into()));
    assert_eq!(value("${var.map[var.secret == \"\" ? \"x\" : \"y\"]}"), hush(2.into()));
    assert_eq!(
        value("${[for v in var.secrets : upper(v)]}"),
        hush(Value::List(vec!["S".into(), "T".into()]))
    );
    assert!(value("${{(var.secret) = 1}}").is_sensitive());
    assert_eq!(value("${nonsensitive(var.secret)}"), "hush".into());
    assert_eq!(value("${sensitive(var.name)}"), hush("orders".into()));
    assert_eq!(value("${issensitive(var.secret)}"), true.into());
    assert_eq!(value("${concat(var.list, [var.secret])[0]}"), "a".into());
    assert!(value("${toset([var.secret, \"a\"])}").is_sensitive());
    assert_eq!(value("${coalesce(var.nothing, var.secret)}"), hush("hush".into()));
    assert_eq!(value("${var.unknown ? var.secret : 1}"), hush(unknown(&["vpc.main.id"])));
    let both = value("${var.secret}${var.unknown}");
    assert_eq!(both, hush(unknown(&["vpc.main.id"])));
}

/// Tells whether `after` agrees with everything that `before` said was known.
fn agrees(before: &Value, after: &Value) -> bool {
    match (before.beneath_mark(), after.beneath_mark()) {
        (Value::Unknown(_), _) => true,
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agrees(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            a.keys().eq(b.keys()) && a.values().zip(b.values()).all(|(a, b)| agrees(a, b))
        }
        (a, b) => a == b,
    }
}

/// What is known before apply must come out so after it, whatever the unknown becomes.
#[test]
fn known_stays_known() {
    let codes = [
        "u",
        "[u]",
        "{a = u, b = 1}",
        "\"x${u}\"",
        "[1, [u, 2]]",
        "u == \"a\"",
        "[u, 1] == [\"a\", 2]",
        "[u] == [\"a\", \"b\"]",
        "u != null",
        "u == u",
        "u ? 1 : 2",
        "true ? u : \"a\"",
        "false ? u : \"a\"",
        "u && false",
        "false && u",
        "u || true",
        "u && true",
        "!u",
        "-u",
        "u + 1",
        "u < 5",
        "can(u.x)",
        "try(u.x, 1)",
        "try([1, u.x], 2)",
        "can(tonumber(u))",
        "try(tonumber(u), 0)",
        "[for v in [u, \"b\"] : v]",
        "[for v in [u, \"b\"] : v if v != \"a\"]",
        "{for v in [u, \"b\"] : v => 1}",
        "{for v in [u, \"b\"] : \"k\" => v...}",
        "[for v in u : v]",
        "u[*]",
        "u[*].x",
        "[u][*]",
        "[u, 1][0]",
        "{a = u}.a",
        "{(u) = 1}",
        "[1, 2][u]",
        "length([u, u])",
        "length(u)",
        "length({a = u})",
        "keys({a = u})",
        "values({a = u})",
        "lookup({a = u, b = 1}, \"b\")",
        "lookup({a = 1}, u, 5)",
        "lookup({a = 1}, \"z\", u)",
        "merge({a = u}, {b = 1})",
        "merge({a = u}, {a = 1})",
        "concat([u], [1])",
        "coalesce(u, \"b\")",
        "coalesce(\"\", u)",
        "coalesce(\"a\", u)",
        "coalescelist([], [u])",
        "compact([u, \"a\"])",
        "contains([u, \"b\"], \"b\")",
        "contains([\"b\"], u)",
        "distinct([u, \"a\"])",
        "element([u, \"b\"], 1)",
        "element([\"a\"], u)",
        "flatten([[u], [\"b\"]])",
        "index([u, \"b\"], \"b\")",
        "one([u])",
        "reverse([u, 1])",
        "slice([u, 1], 0, 1)",
        "sort([u, \"b\"])",
        "toset([u, \"b\"])",
        "tolist([u, \"b\"])",
        "tomap({a = u})",
        "zipmap([\"a\"], [u])",
        "zipmap([u], [1])",
        "setunion([u], [\"b\"])",
        "chunklist([u, 1, 2], 2)",
        "alltrue([u, false])",
        "anytrue([u, true])",
        "alltrue([u])",
        "jsonencode({a = u})",
        "jsonencode(length([u]))",
        "join(\",\", [u, \"a\"])",
        "format(\"%s\", u)",
        "upper(u)",
        "substr(u, 0, 1)",
        "split(\",\", u)",
        "max(1, u)",
        "issensitive(u)",
        "sensitive(u)",
        "nonsensitive([u])",
        "transpose({a = [u]})",
        "matchkeys([1], [u], [\"a\"])",
        "cidrsubnet(u, 8, 0)",
        "templatestring(\"$${x}\", {x = u})",
        "templatestring(\"const\", {x = u})",
    ];
    let after: Vec<Value> = ["vpc-1", "", "a", "b", "true", "false", "3", "10.0.0.0/8", "a,b"]
        .into_iter()
        .map(Value::from)
        .chain(
            [json!(null), json!(3), json!(["a"]), json!([]), json!({"x": 1})]
                .iter()
                .map(Value::from_json),
        )
        .collect();
    for code in codes {
        let expression = Expression::parse(&format!("${{{code}}}")).unwrap();
        let run = |u: Value| {
            let vars = BTreeMap::from([("u".to_owned(), u)]);
            evaluate(&expression, &Named(&vars), &NoFiles)
        };
        let Ok(before) = run(Value::Unknown(Unknown::waiting_for("vpc.main.id"))) else {
            panic!("{code} fails before apply");
        };
        for later in &after {
            // An unknown element of a nested list counts as one element (see `flatten`).
            if code.starts_with("flatten") && matches!(later, Value::List(_)) {
                continue;
            }
            if let Ok(value) = run(later.clone()) {
                assert!(
                    agrees(&before, &value),
                    "{code} with {later:?}: {before:?}, then {value:?}"
                );
            }
        }
    }
}
