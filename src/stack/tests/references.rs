//! References: names, attributes, indexes, types of ids, cycles, order.

use super::*;
use crate::stack::{BlockId, UnitPart, check_outputs};

const NETWORK: &str = "[vpc.main]\ncidr_block = \"x\"\n[subnet.public]\nfor_each = { a = 1, b = 2 }\n\
                       vpc_id = \"${vpc.main.id}\"\ncidr_block = \"x\"\n";

/// Checks that none of these values in a text is refused.
fn accepted_all(text: impl Fn(&str) -> String, values: &[&str]) {
    for value in values {
        parse(&text(value)).unwrap_or_else(|e| panic!("{value}: {e:#?}"));
    }
}

#[test]
fn names_in_expressions() {
    let text = |value: &str| {
        format!(
            "[variables]\nsize = {{ default = 1 }}\n[locals]\nname = \"x\"\nobject = {{ a = 1 }}\n\
             {NETWORK}[outputs.o]\nvalue = '{value}'\n"
        )
    };
    let cases = [
        ("${var.siz}", "siz", "unknown_name", "did you mean `size`?"),
        ("${local.nam}", "nam", "unknown_name", "did you mean `name`?"),
        ("${local.object.b}", "b}", "unknown_attribute", "there is `a`"),
        ("${name}", "name", "unknown_name", "write `local.name`"),
        ("${size}", "size", "unknown_name", "write `var.size`"),
        ("${vcp.main.id}", "vcp", "unknown_name", "did you mean `vpc`?"),
        ("${vpc.mian.id}", "mian", "unknown_block", "did you mean `main`?"),
        (
            "${security_group.a.id}",
            "a.id",
            "unknown_block",
            "this file has no `[security_group.…]`",
        ),
        ("${data.vpc.main.id}", "main", "unknown_block", "did you mean `vpc.main`?"),
        (
            "${data.zones.main.id}",
            "zones",
            "unknown_type",
            "there is `availability_zones` and `vpc`",
        ),
        ("${vpc.main.ide}", "ide", "unknown_attribute", "did you mean `id`?"),
        ("${vpc.main.cidr_block.x}", "x}", "wrong_type", ""),
        ("${each.key}", "each.key", "unknown_name", ""),
        (
            "${module.x.y}",
            "module",
            "unknown_name",
            "there are no modules; a workspace shows its outputs",
        ),
        ("${terraform.workspace}", "terraform", "unknown_name", "`env` is the environment"),
        ("${app.outputs.o}", "app", "unknown_name", "use what the output is made of, or a local"),
        ("${network.vpc_id}", "network", "unknown_name", "write `network.outputs.<name>`"),
        ("${netwrk.outputs.o}", "netwrk", "unknown_name", "did you mean `network`?"),
        ("${uper(env)}", "uper", "unknown_function", "did you mean `upper`?"),
        (
            "${subnet.public.id}",
            "id}",
            "wrong_index",
            "`subnet.public[\"a\"].id` is one, `[for x in subnet.public : x.id]` is all",
        ),
        ("${subnet.public[\"c\"].id}", "\"c\"", "unknown_key", "there is `a` and `b`"),
        ("${subnet.public[*].id}", "*]", "wrong_index", "write `[for x in subnet.public : x.id]`"),
        ("${vpc.main[\"a\"].id}", "\"a\"", "wrong_index", "write `vpc.main.id` without an index"),
        ("x-${vpc.main}", "vpc", "wrong_type", "name an attribute, such as `vpc.main.id`"),
        ("${[for s in subnet.public : s.idd]}", "idd", "unknown_attribute", "did you mean `id`?"),
    ];
    refused_all(&cases.map(|(value, place, code, hint)| {
        let column = "value = '".len() + value.find(place).unwrap() + 1;
        (text(value), vec![(code, 13, column, hint)])
    }));
    accepted_all(
        text,
        &[
            "${subnet.public[\"a\"].id}",
            "${subnet.public.a.id}",
            "${[for k, s in subnet.public : s.id if k != \"a\"]}",
            "${values(subnet.public)[*].id}",
            "${network.outputs.anything.at.all}",
            "${try(vpc.main.id, null)}",
            "${{ for k, s in subnet.public : k => s.cidr_block }}",
        ],
    );
}

#[test]
fn ids_must_be_of_the_right_type() {
    let text = |value: &str| {
        format!(
            "{NETWORK}[data.vpc.other]\ncidr_block = \"x\"\n[locals]\nsub = \"${{subnet.public[\\\"a\\\"].id}}\"\n\
             [subnet.x]\ncidr_block = \"x\"\nvpc_id = '{value}'\n"
        )
    };
    for (value, place) in [
        ("${subnet.public[\"a\"].id}", "id}"),
        ("${vpc.main.arn}", "arn"),
        ("${vpc.main}", "vpc"),
        ("${local.sub}", "local"),
        ("${env == \"dev\" ? vpc.main.id : subnet.public[\"b\"].id}", "id}"),
    ] {
        let problems = parse(&text(value)).map(|_| ()).expect_err(value);
        let column = "vpc_id = '".len() + value.find(place).unwrap() + 1;
        assert_eq!(
            told(&problems),
            [("wrong_reference", 13, column, "such as `vpc.main.id`".to_owned())],
            "{value}"
        );
        let message = &problems.0[0].message;
        assert!(message.starts_with("`vpc_id` takes the id of a `vpc`; `"), "{message}");
    }
    accepted_all(
        text,
        &[
            "${vpc.main.id}",
            "${data.vpc.other.id}",
            "${subnet.public[\"a\"].vpc_id}",
            "vpc-12345",
            "${network.outputs.vpc_id}",
            "${env == \"dev\" ? vpc.main.id : data.vpc.other.id}",
        ],
    );
}

#[test]
fn ids_inside_lists_are_checked_too() {
    let text =
        |value: &str| format!("{NETWORK}[load_balancer.x]\nname = \"x\"\nsubnet_ids = {value}\n");
    for (value, code) in [
        ("['${vpc.main.id}']", "wrong_reference"),
        ("'${[vpc.main.id]}'", "wrong_reference"),
        ("'${[for s in subnet.public : s.vpc_id]}'", "wrong_reference"),
        ("'${[for s in subnet.public : s]}'", "wrong_reference"),
        ("'${subnet.public[\"a\"].id}'", "wrong_type"),
        ("'${concat([subnet.public[\"a\"].id], [vpc.main.id])}'", "wrong_reference"),
    ] {
        let problems = parse(&text(value)).map(|_| ()).expect_err(value);
        assert_eq!(told(&problems)[0].0, code, "{value}: {problems:#?}");
    }
    accepted_all(
        text,
        &[
            "['${subnet.public[\"a\"].id}', 'subnet-1']",
            "'${[for s in subnet.public : s.id]}'",
            "'${values(subnet.public)[*].id}'",
            "'${toset([for s in subnet.public : s.id])}'",
        ],
    );
}

#[test]
fn outputs_of_other_workspaces_must_be_declared() {
    let text = "[outputs]\na = { value = '${network.outputs.vpc_ids}' }\n";
    let app = parse(text).unwrap();
    let names = BTreeSet::from(["network".to_owned(), "app".to_owned()]);
    let network = |text: &str| {
        Workspace::parse("network", source("stacks/network.toml", text), &catalog(), &names)
            .unwrap()
    };
    let declared = network("[outputs]\nvpc_id = { value = 1 }\n");
    assert_eq!(
        told(&check_outputs(&[&app, &declared])),
        [("unknown_output", 2, 18, "did you mean `vpc_id`?".to_owned())]
    );
    let declared = network("[outputs]\nvpc_ids = { value = 1 }\n");
    assert!(check_outputs(&[&app, &declared]).is_empty());
    // What is not among the workspaces at hand cannot be checked.
    assert!(check_outputs(&[&app]).is_empty());
}

#[test]
fn outputs_are_known_by_block_through_locals_data_and_common_tags() {
    let text = "[locals]\nvpc = \"${network.outputs.vpc_id}\"\n\
                [tags]\nteam = \"${network.outputs.team}\"\n\
                [subnet.a]\nvpc_id = \"${local.vpc}\"\ncidr_block = \"x\"\n\
                [data.vpc.peer]\ncidr_block = \"${network.outputs.peer}-${subnet.a.id}\"\n\
                [vpc.b]\ncidr_block = \"${data.vpc.peer.id}\"\n\
                [vpc.c]\ncidr_block = \"x\"\n\
                [outputs]\npeer = { value = \"${data.vpc.peer.id}${vpc.c.id}\" }\n";
    let parsed = parse(text).unwrap();
    let needs = |ty: &str, name: &str| -> Vec<String> {
        let needed = parsed.outputs_needed_by(&BlockId::resource(ty, name));
        needed.into_iter().map(|(workspace, output)| format!("{workspace} {output}")).collect()
    };
    assert_eq!(needs("subnet", "a"), ["network team", "network vpc_id"]);
    assert_eq!(needs("vpc", "b"), ["network peer", "network team"]);
    assert_eq!(needs("vpc", "c"), ["network team"]);
    let made_of = |output: &str| -> Vec<String> {
        parsed.blocks_of_output(output).iter().map(ToString::to_string).collect()
    };
    assert_eq!(made_of("peer"), ["subnet.a", "vpc.c", "data.vpc.peer"]);
    assert!(made_of("none").is_empty());
}

#[test]
fn cycles_name_every_step_with_its_line() {
    let text = "[subnet.a]\ncidr_block = \"x\"\nvpc_id = \"${subnet.b.vpc_id}\"\n\
                [subnet.b]\ncidr_block = \"x\"\nvpc_id = \"${local.c}\"\n\
                [locals]\nc = \"${subnet.a.vpc_id}\"\n";
    let problems = parse(text).map(|_| ()).unwrap_err();
    assert_eq!(told(&problems), [("cycle", 3, 13, String::new())]);
    let cycle = &problems.0[0];
    assert_eq!(cycle.message, "these need each other in a circle: subnet.a → subnet.b → subnet.a");
    assert_eq!(cycle.related[0].0.line_column(), (6, 13));
    assert_eq!(cycle.related[0].1, "`subnet.b` needs `subnet.a`");

    let text = "[vpc.a]\ncidr_block = \"${vpc.a.cidr_block}\"\n";
    refused(text, &[("cycle", 2, 17, "")]);
}

#[test]
fn locals_may_not_need_each_other() {
    let text = "[locals]\na = \"${local.b}\"\nb = \"${local.c}x\"\nc = { d = \"${local.a}\" }\n";
    let problems = parse(text).map(|_| ()).unwrap_err();
    assert_eq!(told(&problems), [("cycle", 2, 1, String::new())]);
    let lines: Vec<usize> =
        problems.0[0].related.iter().map(|(at, _)| at.line_column().0).collect();
    assert_eq!(lines, [2, 3, 4]);
    assert_eq!(problems.0[0].related[2].1, "`local.c` needs `local.a`");
}

fn order(text: &str) -> Vec<String> {
    let bound = bind(text);
    for (at, unit) in bound.units().iter().enumerate() {
        assert!(unit.needs.iter().all(|need| *need < at));
    }
    bound.units().iter().map(|unit| format!("{} {:?}", unit.block, unit.part)).collect()
}

#[test]
fn groups_that_name_each_other_are_no_cycle() {
    let group = |name: &str, other: &str| {
        format!(
            "[security_group.{name}]\nname = \"{name}\"\nvpc_id = \"${{vpc.main.id}}\"\n\
             ingress = [{{ protocol = \"tcp\", from_port = 80, group_id = \"${{security_group.{other}.id}}\" }}]\n"
        )
    };
    let text = format!("{}{}[vpc.main]\ncidr_block = \"x\"\n", group("a", "b"), group("b", "a"));
    assert_eq!(
        order(&text),
        [
            "vpc.main Main",
            "security_group.a Main",
            "security_group.b Main",
            "security_group.a Late",
            "security_group.b Late"
        ]
    );
    let bound = bind(&text);
    let references = bound.references_of(&BlockId::resource("security_group", "a"), UnitPart::Late);
    assert_eq!(
        references,
        BTreeSet::from([(BlockId::resource("security_group", "b"), UnitPart::Main)])
    );
}

#[test]
fn what_needs_all_of_a_block_waits_for_its_late_part() {
    let text = "[security_group.b]\nname = \"b\"\nvpc_id = \"v\"\ndepends_on = [\"security_group.a\"]\n\
                [security_group.a]\nname = \"a\"\nvpc_id = \"v\"\ningress = []\n\
                [security_group.c]\nname = \"${length(security_group.a.ingress)}\"\nvpc_id = \"v\"\n\
                [security_group.d]\nname = \"${jsonencode(security_group.a)}\"\nvpc_id = \"v\"\n\
                [security_group.e]\nname = '${security_group.a == null ? \"x\" : \"y\"}'\nvpc_id = \"v\"\n";
    let bound = bind(text);
    let parts = |name: &str| -> Vec<UnitPart> {
        let id = BlockId::resource("security_group", name);
        bound.references_of(&id, UnitPart::Main).into_iter().map(|(_, part)| part).collect()
    };
    assert_eq!(parts("b"), [UnitPart::Main, UnitPart::Late]);
    assert!(parts("c").contains(&UnitPart::Late));
    assert!(parts("d").contains(&UnitPart::Late));
    assert_eq!(parts("e"), [UnitPart::Main]);
}

#[test]
fn references_through_locals_for_each_and_defaults_count() {
    let text = "[locals]\nids = [\"${vpc.main.id}\"]\n[vpc.main]\ncidr_block = \"x\"\n\
                [defaults.subnet]\ncidr_block = \"${vpc.main.cidr_block}\"\n\
                [subnet.a]\nvpc_id = \"${local.ids[0]}\"\n\
                [subnet.b]\nfor_each = \"${subnet.a}\"\nvpc_id = \"v\"\ncidr_block = \"x\"\n\
                [data.availability_zones.here]\nstate = \"${vpc.main.arn}\"\n\
                [subnet.c]\nvpc_id = \"${network.outputs.id}\"\nwhen = \"${length(data.availability_zones.here.names) > 1}\"\n";
    // A block given whole to `for_each` has one instance, not a map: attributes are its keys.
    let bound = bind(text);
    let needs = |id: BlockId, part| -> Vec<String> {
        bound.references_of(&id, part).into_iter().map(|(id, _)| id.to_string()).collect()
    };
    assert_eq!(needs(BlockId::resource("subnet", "a"), UnitPart::Main), ["vpc.main"]);
    assert_eq!(needs(BlockId::resource("subnet", "b"), UnitPart::Main), ["subnet.a", "vpc.main"]);
    assert_eq!(
        needs(BlockId::resource("subnet", "c"), UnitPart::Main),
        ["vpc.main", "data.availability_zones.here"]
    );
    assert_eq!(needs(BlockId::data("availability_zones", "here"), UnitPart::Data), ["vpc.main"]);
    assert_eq!(bound.needs_outputs(), BTreeSet::from([("network".to_owned(), "id".to_owned())]));
}

proptest::proptest! {
    /// Any graph without a cycle is ordered so that everything comes after what it needs.
    #[test]
    fn order_respects_every_reference(edges in proptest::collection::vec((0usize..8, 0usize..8), 0..16)) {
        let mut text = String::new();
        // Written in reverse, so that the order of the file is of no help.
        for from in (0..8).rev() {
            let needs: Vec<String> = edges
                .iter()
                .filter(|(a, b)| (*a).max(*b) == from && a != b)
                .map(|(a, b)| format!("${{vpc.v{}.id}}", a.min(b)))
                .collect();
            text.push_str(&format!("[vpc.v{from}]\ncidr_block = \"x{}\"\n", needs.join("-")));
        }
        let bound = bind(&text);
        proptest::prop_assert_eq!(bound.units().len(), 8);
        for (at, unit) in bound.units().iter().enumerate() {
            let wanted = bound.references_of(&unit.block, unit.part).len();
            proptest::prop_assert_eq!(unit.needs.len(), wanted);
            proptest::prop_assert!(unit.needs.iter().all(|need| *need < at));
        }
    }
}
