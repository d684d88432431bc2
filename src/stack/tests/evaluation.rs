//! Instances, attributes, tags, outputs.

use super::*;
use crate::stack::value::{Path, PathStep, is_placeholder};
use crate::stack::{BlockId, OutputValue};

#[test]
fn attributes_are_evaluated_converted_and_freed_of_nulls() {
    let bound = bind(
        "[locals]\nnone = \"${null}\"\n\
         [load_balancer.main]\nname = \"${env}-${region}-${account_id}\"\n\
         subnet_ids = [\"${local.none}\", \"${subnet.a.id}\", \"b\"]\n\
         labels = { one = \"${1 + 1}\", none = \"${local.none}\" }\ncount = '${\"3\"}'\n\
         policy = { A = \"${null}\", B = [\"${null}\", 1] }\npassword = \"s\"\n\
         [subnet.a]\nvpc_id = \"v\"\ncidr_block = \"x\"\n",
    );
    let id = BlockId::resource("load_balancer", "main");
    let found = bound.evaluate(&id, None, Fields::All, &Fixed::default()).unwrap();
    let json = &found.attributes.json;
    assert!(is_placeholder(json["subnet_ids"][0].as_str().unwrap()));
    assert_eq!(json["subnet_ids"][1], json!("b"));
    assert_eq!(json["name"], json!("dev-eu-west-1-123456789012"));
    assert_eq!(json["labels"], json!({ "one": "2" }));
    assert_eq!(json["count"], json!(3));
    assert_eq!(json["policy"], json!({ "B": [1] }));
    let key = |k: &str| PathStep::Key(k.to_owned());
    let unknown: Vec<&Path> = found.attributes.unknown.iter().map(|(path, _)| path).collect();
    assert_eq!(unknown, [&vec![key("subnet_ids"), PathStep::Index(0)]]);
    assert_eq!(found.attributes.sensitive, [vec![key("password")]]);
    // The first element was null, so the place of what is now first is that of the second.
    assert_eq!(found.locate(&[key("subnet_ids"), PathStep::Index(0)]).line_column(), (5, 32));
    assert_eq!(found.locate_text("labels.one").line_column(), (6, 18));
    assert_eq!(found.locate_text("labels.absent").line_column(), (6, 10));
    assert_eq!(found.locate_text("absent").line_column(), (3, 1));
}

#[test]
fn instances_by_key_and_condition() {
    let bound = bind(
        "[variables]\nmany = { type = \"set(string)\", default = [\"b\", \"a\"] }\n\
         [subnet.s]\nfor_each = \"${var.many}\"\nwhen = '${each.key != \"b\"}'\n\
         vpc_id = \"${each.value}\"\ncidr_block = \"x\"\n\
         [subnet.m]\nfor_each = { x = { net = 1 }, y = { net = 2 } }\nvpc_id = \"v-${each.key}\"\n\
         cidr_block = \"${each.value.net}\"\n\
         [subnet.none]\nwhen = '${env == \"prod\"}'\nvpc_id = \"v\"\ncidr_block = \"x\"\n\
         [subnet.one]\nvpc_id = \"v\"\ncidr_block = \"x\"\n",
    );
    let keys = |name: &str| -> Vec<Option<String>> {
        bound.instances(&BlockId::resource("subnet", name), &Fixed::default()).unwrap()
    };
    assert_eq!(keys("s"), [Some("a".to_owned())]);
    assert_eq!(keys("m"), [Some("x".to_owned()), Some("y".to_owned())]);
    assert_eq!(keys("none"), []);
    assert_eq!(keys("one"), [None]);
    let found = attributes(&bound, "subnet.m[\"y\"]", &Fixed::default());
    assert_eq!(found, json!({ "vpc_id": "v-y", "cidr_block": "2" }));
    let absent = bound.evaluate(
        &BlockId::resource("subnet", "m"),
        Some("z"),
        Fields::All,
        &Fixed::default(),
    );
    assert_eq!(absent.unwrap_err().0[0].code, "unknown_key");
}

#[test]
fn unknown_for_each_and_when_are_errors_on_their_line() {
    let bound = bind(
        "[vpc.v]\ncidr_block = \"x\"\n[subnet.a]\nvpc_id = \"v\"\ncidr_block = \"x\"\n\
         for_each = \"${toset([vpc.v.id])}\"\n\
         [subnet.b]\nvpc_id = \"v\"\ncidr_block = \"x\"\nwhen = '${vpc.v.id == \"x\"}'\n\
         [subnet.c]\nvpc_id = \"v\"\ncidr_block = \"x\"\nfor_each = '${toset([\"a/b\"])}'\n",
    );
    for (name, code, line) in
        [("a", "unknown_for_each", 6), ("b", "unknown_when", 10), ("c", "invalid_key", 14)]
    {
        let problems =
            bound.instances(&BlockId::resource("subnet", name), &Fixed::default()).unwrap_err();
        assert_eq!((told(&problems)[0].0, told(&problems)[0].1), (code, line), "{problems:#?}");
    }
}

#[test]
fn live_objects_null_where_they_lack_an_attribute() {
    let bound = bind(
        "[subnet.a]\nvpc_id = \"v\"\ncidr_block = \"x\"\n\
         [subnet.off]\nwhen = false\nvpc_id = \"v\"\ncidr_block = \"x\"\n\
         [subnet.k]\nfor_each = [\"a\"]\nvpc_id = \"v\"\ncidr_block = \"x\"\n\
         [outputs]\nzone = { value = \"${subnet.a.availability_zone == null}\" }\n\
         off = { value = '${subnet.off == null ? \"off\" : subnet.off.id}' }\n\
         ids = { value = \"${[for s in subnet.k : s.id]}\" }\n\
         hidden = { value = \"x\", sensitive = true, description = \"d\" }\n",
    );
    let objects = Fixed(BTreeMap::from([
        ("subnet.a", json!({ "id": "s-1" })),
        ("subnet.off", json!(null)),
        ("subnet.k", json!({ "a": { "id": "s-2" } })),
    ]));
    let outputs = bound.outputs(&objects).unwrap();
    let json = |name: &str| outputs[name].value.to_json().unwrap();
    assert_eq!(
        (json("zone"), json("off"), json("ids")),
        (json!(true), json!("off"), json!(["s-2"]))
    );
    let OutputValue { value, sensitive, description } = &outputs["hidden"];
    assert!(*sensitive && value.is_sensitive());
    assert_eq!(description.as_deref(), Some("d"));
}

#[test]
fn tags_merge_the_weakest_first() {
    let bound = bind(
        "[tags]\nteam = \"core\"\na = \"workspace\"\nb = \"workspace\"\nc = \"workspace\"\n\
         [defaults.vpc]\ntags = { b = \"default\", c = \"default\" }\n\
         [vpc.v]\ncidr_block = \"x\"\ntags = { c = \"${1}\", a = \"${null}\", d = \"${vpc.w.id}\" }\n\
         [vpc.w]\ncidr_block = \"x\"\n",
    );
    let id = BlockId::resource("vpc", "v");
    let tags = bound.evaluate(&id, None, Fields::Main, &Fixed::default()).unwrap().tags;
    let known: Vec<(&str, Option<Json>)> =
        tags.iter().map(|(key, value)| (key.as_str(), value.to_json().ok())).collect();
    assert_eq!(
        known,
        [
            ("b", Some(json!("default"))),
            ("c", Some(json!("1"))),
            ("d", None),
            ("team", Some(json!("core")))
        ]
    );
}

#[test]
fn defaults_stand_where_the_block_says_nothing_or_null() {
    let bound = bind(
        "[defaults.vpc]\nenable_dns_support = true\nprotect = true\ntimeouts = { create = \"5m\" }\n\
         [vpc.a]\ncidr_block = \"x\"\n\
         [vpc.b]\ncidr_block = \"x\"\nenable_dns_support = \"${null}\"\n\
         [vpc.c]\ncidr_block = \"x\"\nenable_dns_support = false\nprotect = '${env != \"dev\"}'\n",
    );
    for (name, dns, protect) in [("a", true, true), ("b", true, true), ("c", false, false)] {
        let json = attributes(&bound, &format!("vpc.{name}"), &Fixed::default());
        assert_eq!(json["enable_dns_support"], json!(dns), "{name}");
        let block = &bound.workspace.blocks[&BlockId::resource("vpc", name)];
        assert_eq!(block.protect, protect, "{name}");
        assert_eq!(block.timeouts.create, Some(std::time::Duration::from_secs(300)));
    }
}

#[test]
fn main_and_late_fields_apart() {
    let bound = bind(
        "[security_group.a]\nname = \"a\"\nvpc_id = \"v\"\n\
         ingress = [{ protocol = \"tcp\", from_port = 80 }]\nimport = \"sg-${env}\"\n",
    );
    let id = BlockId::resource("security_group", "a");
    let keys = |fields| -> Vec<String> {
        let found = bound.evaluate(&id, None, fields, &Fixed::default()).unwrap();
        found.attributes.json.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(keys(Fields::Main), ["name", "vpc_id"]);
    assert_eq!(keys(Fields::Late), ["ingress"]);
    assert_eq!(keys(Fields::All), ["ingress", "name", "vpc_id"]);
    let import = bound.import(&id, None, &Fixed::default()).unwrap();
    assert_eq!(import, Some(Value::from("sg-dev")));
    assert!(bound.workspace.blocks[&id].has_import);
}

#[test]
fn problems_of_evaluation_point_at_their_expression() {
    let bound = bind(
        "[locals]\nbad = \"${1 / 0}\"\n[vpc.a]\ncidr_block = \"${local.bad}\"\n\
         enable_dns_support = \"${network.outputs.gone}\"\n",
    );
    let id = BlockId::resource("vpc", "a");
    let problems = bound.evaluate(&id, None, Fields::All, &Fixed::default()).unwrap_err();
    let found: Vec<_> = told(&problems).into_iter().map(|t| (t.0, t.1, t.3)).collect();
    assert_eq!(
        found,
        [
            ("invalid_expression", 2, String::new()),
            ("not_applied", 5, "run `infra apply network`".to_owned())
        ]
    );
}

#[test]
fn facts_not_asked_for_are_unknown() {
    let text = "[outputs]\na = { value = \"${account_id}\" }\np = { value = \"${partition}\" }\n";
    let outputs = bind(text).outputs(&Fixed::default()).unwrap();
    assert_eq!(outputs["a"].value, Value::from("123456789012"));
    assert_eq!(outputs["p"].value, Value::unknown(["partition".to_owned()].into()));
}
