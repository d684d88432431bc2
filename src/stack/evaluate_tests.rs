//! Tests of evaluation: types, templates, errors.

mod unknown;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value as Json, json};

use super::evaluate::{Found, LookupError, Named, Scope, Step, evaluate};
use super::expression::{Expression, ExpressionError};
use super::functions::NoFiles;
use super::value::{Unknown, Value};

/// Names for the tests; `vpc.main` gives only its attributes, so the scope takes two steps there.
pub(super) struct Names(BTreeMap<String, Value>);

impl Names {
    pub(super) fn new() -> Self {
        let unknown = |name: &str| Value::Unknown(Unknown::waiting_for(name));
        let object = |pairs: Vec<(&str, Value)>| {
            Value::Map(pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
        };
        let json = |json: Json| Value::from_json(&json);
        let var = object(vec![
            ("name", "orders".into()),
            ("count", 2.into()),
            ("yes", true.into()),
            ("nothing", Value::Null),
            ("list", json(json!(["a", "b", "c"]))),
            ("set", Value::set(vec!["b".into(), "a".into()])),
            ("map", json(json!({"x": 1, "y": 2}))),
            ("objects", json(json!([{"id": "i1", "n": [1]}, {"id": "i2", "n": [2]}]))),
            ("secret", Value::from("hush").mark()),
            ("secrets", json(json!(["s", "t"])).mark()),
            ("mixed", Value::List(vec!["a".into(), Value::from("hush").mark()])),
            ("partly", Value::List(vec!["a".into(), unknown("vpc.main.id")])),
            ("partly_map", object(vec![("known", 1.into()), ("later", unknown("vpc.main.id"))])),
            ("unknown", unknown("vpc.main.id")),
            ("other_unknown", unknown("eip.nat.public_ip")),
        ]);
        let vpc = object(vec![(
            "main",
            object(vec![("id", unknown("vpc.main.id")), ("cidr_block", "10.0.0.0/16".into())]),
        )]);
        Self(BTreeMap::from([
            ("var".into(), var),
            ("vpc".into(), vpc),
            ("env".into(), "dev".into()),
            (
                "supporting-infrastructure".into(),
                json(json!({"outputs": {"cluster_arn": "arn:aws:ecs:x"}})),
            ),
        ]))
    }
}

impl Scope for Names {
    fn lookup(&self, root: &str, steps: &[Step]) -> Result<Found, LookupError> {
        let value = self
            .0
            .get(root)
            .ok_or_else(|| LookupError::new(format!("there is nothing called `{root}`")))?;
        if root == "vpc" {
            let Some(name) = steps.first().and_then(Step::key) else {
                return Err(LookupError::new("a resource has a name"));
            };
            let Value::Map(map) = value else { unreachable!() };
            let value = map.get(&name).ok_or_else(|| {
                LookupError::new(format!("there is no vpc `{name}`")).at(0).hint("declare it")
            })?;
            return Ok(Found { value: value.clone(), consumed: 1 });
        }
        Ok(Found { value: value.clone(), consumed: 0 })
    }
}

pub(super) fn eval(text: &str) -> Result<Value, ExpressionError> {
    static NAMES: LazyLock<Names> = LazyLock::new(Names::new);
    evaluate(&Expression::parse(text)?, &*NAMES, &NoFiles)
}

pub(super) fn value(text: &str) -> Value {
    eval(text).unwrap_or_else(|e| panic!("{text}: {e:?}"))
}

/// Checks an expression against a known, unmarked result.
pub(super) fn check(code: &str, expected: &Json) {
    let found = value(&format!("${{{code}}}"));
    assert!(!found.contains_sensitive(), "{code}: {found:?}");
    let json = found.to_json().unwrap_or_else(|e| panic!("{code}: {e}"));
    assert_eq!(&json, expected, "{code}");
}

/// Checks that an expression fails with a message, pointing at a part of it.
pub(super) fn fails(text: &str, at: &str, message: &str) {
    let error = eval(text).expect_err(text);
    let said = format!("{} {}", error.message, error.hint.clone().unwrap_or_default());
    assert!(said.contains(message), "{text}: {error:?}");
    assert_eq!(text.get(error.span.clone()), Some(at), "{text}: {error:?}");
}

#[test]
fn whole_expression_keeps_its_type() {
    let cases = [
        ("null", json!(null)),
        ("true", json!(true)),
        ("42", json!(42)),
        ("-1.5e3", json!(-1500)),
        ("\"a\\tb\\u00e9\\\"\"", json!("a\tbé\"")),
        ("[1, \"a\", null,]", json!([1, "a", null])),
        (
            "{a = 1, \"b\": 2, (var.name) = 3, \"${env}-x\" = 4}",
            json!({"a": 1, "b": 2, "orders": 3, "dev-x": 4}),
        ),
        ("{\n  a = 1\n  b = 2\n}", json!({"a": 1, "b": 2})),
        ("\"${var.count}\"", json!(2)),
        ("(var.list)", json!(["a", "b", "c"])),
        ("env", json!("dev")),
        ("<<EOT\nhello ${env}\nEOT\n", json!("hello dev\n")),
        ("<<-EOT\n    a\n      b\n    EOT\n", json!("a\n  b\n")),
    ];
    for (code, expected) in cases {
        check(code, &expected);
    }
}

#[test]
fn operators() {
    let cases = [
        ("1 + 2 * 3", json!(7)),
        ("(1 + 2) * 3", json!(9)),
        ("7 / 2", json!(3.5)),
        ("6 / 2", json!(3)),
        ("7 % 3", json!(1)),
        ("-7 % 3", json!(-1)),
        ("0.1 + 0.2", json!(0.3)),
        ("10 - 4 - 3", json!(3)),
        ("\"5\" + 1", json!(6)),
        ("-var.count", json!(-2)),
        ("var.count - 1", json!(1)),
        ("9007199254740993 + 1", json!(9_007_199_254_740_994_i64)),
        ("1 == 1.0", json!(true)),
        ("\"1\" == 1", json!(false)),
        ("null == null", json!(true)),
        ("var.nothing != null", json!(false)),
        ("[1, 2] == [1, 2]", json!(true)),
        ("{a = 1} == {a = 2}", json!(false)),
        ("1 < 2 && 2 <= 2 && 3 > 2 && 3 >= 3", json!(true)),
        ("\"2\" < 10", json!(true)),
        ("!true || \"true\"", json!(true)),
        ("false && var.missing", json!(false)),
        ("true || var.missing", json!(true)),
        ("1 < 2 == true", json!(true)),
        ("1 == 2 ? \"a\" : \"b\"", json!("b")),
        ("true ? 1 : \"a\"", json!("1")),
        ("true ? null : 5", json!(null)),
        ("var.nothing == null ? 0 : var.nothing.x", json!(0)),
        ("true ? [] : [\"a\"]", json!([])),
        ("false ? 1 : true ? 2 : 3", json!(2)),
    ];
    for (code, expected) in cases {
        check(code, &expected);
    }
    fails("${1 / 0}", "0", "division by zero");
    fails("${1 + \"a\"}", "\"a\"", "a number is required");
    fails("${var.list + 1}", "var.list", "this is a list");
    fails("${null + 1}", "null", "this is a null");
    fails("${!\"x\"}", "\"x\"", "true or false");
    fails("${true ? {} : 1}", "true ? {} : 1", "must have one type");
    fails("${var.name ? 1 : 2}", "var.name", "true or false");
    fails("${null ? 1 : 2}", "null", "null");
    fails("${1 < \"b\"}", "\"b\"", "a number is required");
}

#[test]
fn access() {
    let cases = [
        ("var.list[1]", json!("b")),
        ("var.list.1", json!("b")),
        ("var.list[\"2\"]", json!("c")),
        ("var.map[\"x\"]", json!(1)),
        ("var[\"map\"].y", json!(2)),
        ("var.objects[1].n[0]", json!(2)),
        ("var.objects[*].id", json!(["i1", "i2"])),
        ("var.objects.*.id", json!(["i1", "i2"])),
        ("var.objects[*].n[0]", json!([1, 2])),
        ("var.objects.*.n[0]", json!([1])),
        ("var.nothing[*].id", json!([])),
        ("var.map[*].x", json!([1])),
        ("var.name[*]", json!(["orders"])),
        ("values({a = {id = 1}})[*].id", json!([1])),
        ("[1, 2, 3][var.count]", json!(3)),
        ("vpc.main.cidr_block", json!("10.0.0.0/16")),
        ("vpc.main[\"cidr_block\"]", json!("10.0.0.0/16")),
        ("supporting-infrastructure.outputs.cluster_arn", json!("arn:aws:ecs:x")),
        ("[for o in var.objects : o.n[0] + 1]", json!([2, 3])),
    ];
    for (code, expected) in cases {
        check(code, &expected);
    }
    fails("${var.nmae}", "nmae", "did you mean `name`?");
    fails("a ${var.map.z} b", "z", "there is `x`, `y`");
    fails("${var.map[\"z\"]}", "\"z\"", "no key `z`");
    fails("${var.list[3]}", "3", "out of range: the list has 3 elements");
    fails("${var.list[-1]}", "-1", "whole number from 0");
    fails("${var.list.id}", "id", "`[*].id`");
    fails("${var.nothing.id}", "id", "null");
    fails("${var.name.id}", "id", "this is a string");
    fails("${var.set[0]}", "0", "no index");
    fails("${{a = {id = 1}}[*].id}", "id", "values(…)[*]");
    fails("${vpc.mian.id}", "mian", "there is no vpc");
    fails("${nowhere.x}", "nowhere", "nothing called");
}

#[test]
fn for_expressions() {
    let cases = [
        ("[for v in var.list : upper(v)]", json!(["A", "B", "C"])),
        ("[for i, v in var.list : \"${i}${v}\"]", json!(["0a", "1b", "2c"])),
        ("[for k, v in var.map : \"${k}=${v}\"]", json!(["x=1", "y=2"])),
        ("[for v in var.map : v]", json!([1, 2])),
        ("[for k, v in var.set : \"${k}${v}\"]", json!(["aa", "bb"])),
        ("[for v in var.list : v if v != \"b\"]", json!(["a", "c"])),
        ("{for v in var.list : v => upper(v)}", json!({"a": "A", "b": "B", "c": "C"})),
        ("{for i, v in [\"a\", \"b\", \"a\"] : v => i...}", json!({"a": [0, 2], "b": [1]})),
        ("{for k, v in var.map : k => v if v > 1}", json!({"y": 2})),
        ("[for a in [1, 2] : [for b in [10, 20] : a * b]]", json!([[10, 20], [20, 40]])),
        ("[for v in [1, 2] : [for v in [v + 1] : v]]", json!([[2], [3]])),
    ];
    for (code, expected) in cases {
        check(code, &expected);
    }
    fails("${{for v in [1, 1] : v => v}}", "v", "two elements have the key \"1\"");
    fails("${[for v in 5 : v]}", "5", "this is a number");
    fails("${[for v in null : v]}", "null", "this is null");
    fails("${{for v in [null] : v => 1}}", "v", "null");
}

#[test]
fn templates() {
    let cases = [
        ("${env}-order-api", "dev-order-api"),
        ("n=${var.count} y=${var.yes} h=${1 / 2}", "n=2 y=true h=0.5"),
        ("$${env} %%{ if } ${env}", "${env} %{ if } dev"),
        ("$$${env}", "$${env}"),
        ("100% of $5", "100% of $5"),
        ("a\\n\"${env}\"", "a\\n\"dev\""),
        ("%{ if var.yes }on%{ else }off%{ endif }", "on"),
        ("%{ if var.count > 5 }on%{ endif }.", "."),
        ("%{ for v in var.list }<${v}>%{ endfor }", "<a><b><c>"),
        ("%{ for k, v in var.map ~}\n  ${k}=${v}\n%{ endfor ~}\n end", "x=1\ny=2\nend"),
        ("a   ${~ env ~}   b", "adevb"),
        ("x %{~ if true ~} y %{~ endif ~} z", "xyz"),
        ("${\"in ${upper(\"q ${env}\")}\"}!", "in Q DEV!"),
        ("${env}${env}", "devdev"),
        ("${\"%{ if true }a\\tb\\\"${env}\\u00e9%{ endif }\"}", "a\tb\"devé"),
        ("é${env}ü", "édevü"),
    ];
    for (text, expected) in cases {
        assert_eq!(value(text), Value::from(expected), "{text}");
    }
    fails("a ${var.nothing}", "var.nothing", "null");
    fails("a ${var.list}", "var.list", "a list cannot stand in a string");
    fails("a %{ for v in 1 }%{ endfor }", "1", "this is a number");
}

#[test]
fn try_and_can() {
    check("try(var.map.z, \"fallback\")", &json!("fallback"));
    check("try(var.map.x, \"fallback\")", &json!(1));
    check("can(var.map.x)", &json!(true));
    check("can(var.map.z.y)", &json!(false));
    check("[for v in [1] : try(v.x, v)]", &json!([1]));
    fails("${try(var.map.z, var.map.q)}", "try(var.map.z, var.map.q)", "every argument");
    fails("${can()}", "can()", "needs an argument");
}

#[test]
fn templates_from_elsewhere() {
    check("templatestring(\"a $${x} %%{ if y }b%%{ endif }\", {x = 1, y = true})", &json!("a 1 b"));
    fails("${templatestring(\"$${nmae}\", {name = 1})}", "\"$${nmae}\"", "did you mean `name`?");
    assert_eq!(
        value("${templatestring(\"$${x}\", {x = \"a$b\"})}"),
        "a$b".into(),
        "values are not templates"
    );
}

#[test]
fn template_files() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("t.tpl"),
        "hi ${name}\n%{ for p in ports ~}\n${p}\n%{ endfor ~}\n",
    )
    .unwrap();
    std::fs::write(folder.path().join("bad.tpl"), "one\n${nope}\n").unwrap();
    let files = super::functions::Folder::new(folder.path());
    let run = |text: &str| evaluate(&Expression::parse(text).unwrap(), &Names::new(), &files);
    assert_eq!(
        run("${templatefile(\"t.tpl\", {name = env, ports = [1, 2]})}").unwrap(),
        "hi dev\n1\n2\n".into()
    );
    assert_eq!(run("${fileexists(\"t.tpl\")}").unwrap(), true.into());
    assert_eq!(run("${fileexists(\"no.tpl\")}").unwrap(), false.into());
    assert_eq!(run("${file(\"bad.tpl\")}").unwrap(), "one\n${nope}\n".into());
    let error = run("${templatefile(\"bad.tpl\", {})}").unwrap_err();
    assert!(error.message.contains("bad.tpl, line 2"), "{error:?}");
    let error = run("${file(\"../x\")}").unwrap_err();
    assert!(error.message.contains("out of the stacks folder"), "{error:?}");
}

#[test]
fn calls() {
    fails("${cidrsubnt(1)}", "cidrsubnt", "did you mean `cidrsubnet`?");
    fails("${timestamp()}", "timestamp", "every run");
    fails("${upper()}", "upper()", "needs the argument `string`");
    fails("${upper(1, 2)}", "2", "takes 1 argument");
    fails("${upper(var.list)}", "var.list", "argument `string` of `upper`");
    fails("${upper(null)}", "null", "must not be null");
    fails("${join(\",\", [\"a\", null])}", "[\"a\", null]", "element 1");
    fails("${max(\"a\"...)}", "\"a\"", "expands a list");
    check("max([1, 5, 3]...)", &json!(5));
    check("upper(5)", &json!("5"));
}

/// Deep nesting either works or is refused; it must not exhaust the stack or take for ever.
#[test]
fn deep_nesting() {
    let shapes = [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("{a = ", "1", "}"),
        ("!", "true", ""),
        ("-", "1", ""),
        ("\"x${", "1", "}\""),
        ("try(", "1", ")"),
        ("1 + ", "1", ""),
        ("true ? 1 : ", "1", ""),
        ("[for v in ", "[]", " : v]"),
        ("var.list[", "0", "]"),
        ("\"%{ if true }${", "1", "}%{ endif }\""),
    ];
    for (before, middle, after) in shapes {
        let mut worked = 0;
        for depth in [1, 10, 20, 40, 60, 100, 200, 1000, 20_000] {
            let code = format!("{}{middle}{}", before.repeat(depth), after.repeat(depth));
            match Expression::parse(&format!("${{{code}}}")) {
                Ok(e) => {
                    let _ = evaluate(&e, &Names::new(), &NoFiles);
                    let _ = e.mentions();
                    worked = depth;
                }
                Err(e) => assert!(!e.message.is_empty()),
            }
            let _ = Expression::parse_code(&code);
        }
        assert!(worked >= 10, "{before}: {worked}");
    }
}

/// What a stack of this project looks like.
#[test]
fn realistic() {
    check(
        "{for i, z in [\"a\", \"b\", \"c\"] : z => cidrsubnet(vpc.main.cidr_block, 3, i)}",
        &json!({"a": "10.0.0.0/19", "b": "10.0.32.0/19", "c": "10.0.64.0/19"}),
    );
    assert_eq!(
        value("/ecs/eu-central-1/${env}/order-api"),
        "/ecs/eu-central-1/dev/order-api".into()
    );
    let policy = value(
        "${jsonencode({\n  Version = \"2012-10-17\"\n  Statement = [{\n    Effect = \"Allow\"\n    Action = [\"dynamodb:GetItem\"]\n    Resource = \"arn:aws:dynamodb:*:*:table/${env}-orders\"\n  }]\n})}",
    );
    assert_eq!(
        policy,
        "{\"Statement\":[{\"Action\":[\"dynamodb:GetItem\"],\"Effect\":\"Allow\",\"Resource\":\"arn:aws:dynamodb:*:*:table/dev-orders\"}],\"Version\":\"2012-10-17\"}".into()
    );
}

#[test]
fn code_without_a_template() {
    let vars = BTreeMap::from([("desired_count".to_owned(), Value::from(3))]);
    let run = |text: &str| {
        Expression::parse_code(text).and_then(|e| evaluate(&e, &Named(&vars), &NoFiles))
    };
    assert_eq!(run("desired_count >= 1").unwrap(), true.into());
    assert_eq!(run("  desired_count > 5\n").unwrap(), false.into());
    let error = run("  desired_cuont >= 1").unwrap_err();
    assert_eq!(error.span, 2..15);
    assert_eq!(error.hint.as_deref(), Some("did you mean `desired_count`?"));
    assert_eq!(run(" desired_count >= )").unwrap_err().span, 18..19);
    assert_eq!(run("desired_count >=").unwrap_err().span, 15..16);
    assert!(run("  ").is_err());
    let expression = Expression::parse_code(" desired_count").unwrap();
    assert_eq!(expression.mentions()[0].span, 1..14);
}

#[test]
fn reserved_characters_cannot_be_smuggled_in() {
    let error = eval("${jsondecode(\"\\\"\\\\udbff\\\\udffd\\\"\")}").unwrap_err();
    assert!(error.message.contains("reserved"), "{error:?}");
}
