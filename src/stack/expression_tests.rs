//! Tests of parsing: references, literals, and where errors point.

use super::expression::{Expression, Instance, Names, Reference, ResourceReference};

struct Known;

impl Names for Known {
    fn is_type(&self, word: &str) -> bool {
        ["vpc", "subnet", "ecs_service", "route_table"].contains(&word)
    }

    fn is_workspace(&self, word: &str) -> bool {
        ["supporting-infrastructure", "order-api"].contains(&word)
    }
}

fn parse(text: &str) -> Expression {
    Expression::parse(text).unwrap_or_else(|e| panic!("{text}: {e:?}"))
}

/// The references with the text their span covers.
fn references(text: &str) -> Vec<(Reference, &str)> {
    parse(text).references(&Known).into_iter().map(|(r, span)| (r, &text[span])).collect()
}

fn resource(ty: &str, name: &str, instance: Instance, path: &[&str]) -> ResourceReference {
    ResourceReference {
        ty: ty.into(),
        name: name.into(),
        instance,
        path: path.iter().map(|s| (*s).to_owned()).collect(),
    }
}

#[test]
fn each_kind_of_reference() {
    let cases: Vec<(&str, Reference)> = vec![
        ("var.name", Reference::Var("name".into())),
        ("local.name", Reference::Local("name".into())),
        ("env", Reference::Env),
        ("region", Reference::Region),
        ("account_id", Reference::AccountId),
        ("partition", Reference::Partition),
        ("each.key", Reference::EachKey),
        ("each.value", Reference::EachValue),
        ("each.value.cidr", Reference::EachValue),
        ("each.other", Reference::Other("each.other".into())),
        ("var", Reference::Other("var".into())),
        ("vpc.main.id", Reference::Resource(resource("vpc", "main", Instance::Whole, &["id"]))),
        ("vpc.main", Reference::Resource(resource("vpc", "main", Instance::Whole, &[]))),
        ("vpc", Reference::Other("vpc".into())),
        (
            "subnet.public[\"a\"].id",
            Reference::Resource(resource("subnet", "public", Instance::Key("a".into()), &["id"])),
        ),
        (
            "subnet.public[0].id",
            Reference::Resource(resource("subnet", "public", Instance::Key("0".into()), &["id"])),
        ),
        (
            "subnet.public[*].id",
            Reference::Resource(resource("subnet", "public", Instance::Splat, &["id"])),
        ),
        (
            "route_table.main.routes[0].gateway_id",
            Reference::Resource(resource(
                "route_table",
                "main",
                Instance::Whole,
                &["routes", "0", "gateway_id"],
            )),
        ),
        (
            "data.vpc.shared.id",
            Reference::Data(resource("vpc", "shared", Instance::Whole, &["id"])),
        ),
        (
            "supporting-infrastructure.outputs.cluster_arn",
            Reference::Output {
                workspace: "supporting-infrastructure".into(),
                name: "cluster_arn".into(),
                path: vec![],
            },
        ),
        (
            "order-api.outputs.urls.public",
            Reference::Output {
                workspace: "order-api".into(),
                name: "urls".into(),
                path: vec!["public".into()],
            },
        ),
        (
            "supporting-infrastructure.cluster_arn",
            Reference::Other("supporting-infrastructure.cluster_arn".into()),
        ),
        ("vcp.main.id", Reference::Other("vcp.main.id".into())),
    ];
    for (code, expected) in cases {
        let text = format!("${{{code}}}");
        assert_eq!(references(&text), [(expected.clone(), code)], "{code}");
        let text = format!("a ${{ {code} }} b");
        assert_eq!(references(&text), [(expected, code)], "{code} in a template");
    }
}

#[test]
fn computed_index_is_a_reference_too() {
    let text = "${subnet.public[each.key].id}";
    let found = references(text);
    assert_eq!(
        found[0],
        (
            Reference::Resource(resource("subnet", "public", Instance::Computed, &["id"])),
            "subnet.public[each.key].id"
        )
    );
    assert_eq!(found[1], (Reference::EachKey, "each.key"));
}

#[test]
fn names_of_for_are_no_references() {
    for text in [
        "${[for k, s in subnet.public : \"${k}-${s.id}\" if s.id != k]}",
        "${{for k, s in subnet.public : k => s.id...}}",
        "%{ for k, s in subnet.public }${k}${s.id}%{ endfor }",
    ] {
        let found = references(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert_eq!(found[0].1, "subnet.public");
    }
    // Outside the `for` the name is a reference again, and the collection is outside.
    let found = references("${concat([for s in s.list : s.id], s)}");
    assert_eq!(found.iter().map(|f| f.1).collect::<Vec<_>>(), ["s.list", "s"]);
}

#[test]
fn references_everywhere() {
    let text = "${merge({(var.a) = var.b}, {c = !var.d ? -var.e : f([var.g, var.h + var.i]...)})} <<${var.j}";
    let found: Vec<&str> = references(text).into_iter().map(|f| f.1).collect();
    let expected = ["var.a", "var.b", "var.d", "var.e", "var.g", "var.h", "var.i", "var.j"];
    assert_eq!(found, expected);
}

#[test]
fn dashes_belong_to_names() {
    assert_eq!(references("${order-api.outputs.url}").len(), 1);
    let found: Vec<&str> = references("${var.a - var.b}").into_iter().map(|f| f.1).collect();
    assert_eq!(found, ["var.a", "var.b"]);
}

#[test]
fn result_references() {
    let cases: &[(&str, &[&str])] = &[
        ("${vpc.main.id}", &["vpc.main.id"]),
        ("${(vpc.main.id)}", &["vpc.main.id"]),
        ("${\"${vpc.main.id}\"}", &["vpc.main.id"]),
        ("${var.a ? vpc.main.id : vpc.other.id}", &["vpc.main.id", "vpc.other.id"]),
        ("${[vpc.main.id, var.b]}", &["vpc.main.id", "var.b"]),
        ("${[for k in var.keys : subnet.public[k].id]}", &["subnet.public[k].id"]),
        ("${subnet.public[*].id}", &["subnet.public[*].id"]),
        ("${coalesce(var.id, vpc.main.id)}", &["var.id", "vpc.main.id"]),
        ("${element(subnet.public[*].id, var.n)}", &["subnet.public[*].id"]),
        ("x-${vpc.main.id}", &[]),
        ("${vpc.main.id == var.a}", &[]),
        ("${length(var.a)}", &[]),
    ];
    for (text, expected) in cases {
        let found: Vec<&str> =
            parse(text).result_references(&Known).into_iter().map(|(_, s)| &text[s]).collect();
        assert_eq!(&found, expected, "{text}");
    }
}

#[test]
fn literals() {
    assert_eq!(parse("plain \"text\" \\n").is_literal(), Some("plain \"text\" \\n"));
    assert_eq!(parse("").is_literal(), Some(""));
    assert_eq!(parse("$${a} %%{b} $$ 5% $x").is_literal(), Some("${a} %{b} $$ 5% $x"));
    assert_eq!(parse("${\"a\"}").is_literal(), None);
    assert_eq!(parse("a${1}").is_literal(), None);
    assert_eq!(parse("a${1}").text(), "a${1}");
}

/// Each case marks in the text, between `«` and `»`, what the error must point at.
#[test]
fn errors_point_at_the_fault() {
    let cases: &[(&str, &str)] = &[
        ("«${»vpc.main.id", "never closed"),
        ("a «${»foo(\"}\")", "never closed"),
        ("a «${}» b", "no expression"),
        ("a «${ ~}» b", "no expression"),
        ("${vpc.main.«}»", "expected"),
        ("${var.a «var»}", "expected"),
        ("${var.a + «}»", "expected"),
        ("x ${join(\",\", [var.a «var».b])} y", "expected"),
        ("${ok} then ${1 +«}»", "expected"),
        ("${f(\"a${1 +«}»\")}", "expected"),
        ("«%{ wen x }»a%{ endif }", "expected `if`"),
        ("«%{ if true }»a", "endif"),
        ("${{«a.b» = 1}}", "parentheses"),
        ("${[1, 2«;» 3]}", "expected"),
        ("${var.a + «}»", "expected an expression, found `}`"),
        ("${f(«,»)}", "expected"),
        ("${a ? b «}»", "expected `:`, found `}`"),
        ("${{a «1»}}", "expected"),
        ("${[for x «of» y : x]}", "expected"),
        ("${\"a«\\»q\"}", ""),
    ];
    for (marked, message) in cases {
        let start = marked.find('«').unwrap();
        let text = marked.replace(['«', '»'], "");
        let end = marked.find('»').unwrap() - '«'.len_utf8();
        let error = Expression::parse(&text).expect_err(&text);
        assert!(error.message.contains(message), "{text}: {error:?}");
        assert_eq!(&text[error.span.clone()], &text[start..end], "{text}: {error:?}");
        assert_eq!(error.span, start..end, "{text}: {error:?}");
    }
}

#[test]
fn placeholders_cannot_be_written() {
    for text in ["a\u{10FFFD}b", "${\"\\U0010FFFD\"}", "${upper(\"\\udbff\")}"] {
        assert!(Expression::parse(text).is_err(), "{text}");
    }
}

proptest::proptest! {
    /// No text makes the parser panic, and every error lies inside the text on character bounds.
    #[test]
    fn any_text_parses_or_fails_inside(text in "([${}%~\"\\[\\](). a-cé\\\\:?=>,*!+-]|\\$\\{|%\\{ (if|for|endif) |1|for x in ){0,24}") {
        if let Err(e) = Expression::parse(&text) {
            proptest::prop_assert!(text.get(e.span.clone()).is_some(), "{text:?}: {e:?}");
        }
    }
}
