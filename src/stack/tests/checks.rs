//! Names, keys, types and values written in the file.

use super::*;

#[test]
fn a_good_file_passes() {
    parse(
        r#"
[workspace]
description = "all kinds of things"
depends_on = ["network"]
[variables]
zones = { type = "list(string)", default = ["a", "b"], validate = "length(zones) > 0" }
[locals]
name = "${env}-app"
nets = { a = 0, b = 1 }
[tags]
owner = "${local.name}"
[defaults.vpc]
enable_dns_support = true
[vpc.main]
cidr_block = "10.0.0.0/16"
tags = { Name = "${local.name}" }
protect = true
timeouts = { create = "10m", delete = "1h" }
[data.availability_zones.here]
[subnet.public]
for_each = "${local.nets}"
vpc_id = "${vpc.main.id}"
cidr_block = "${cidrsubnet(vpc.main.cidr_block, 8, each.value)}"
availability_zone = "${data.availability_zones.here.names[each.value]}"
[load_balancer.main]
name = "${local.name}"
subnet_ids = "${[for s in subnet.public : s.id]}"
policy = { Statement = [{ Resource = "${vpc.main.arn}" }] }
[outputs]
id = { value = "${vpc.main.id}", description = "of the network" }
"#,
    )
    .unwrap();
}

#[test]
fn all_problems_are_told_at_once() {
    refused(
        "[vcp.main]\ncidr_block = \"x\"\n[vpc.main]\ncidr_blok = \"x\"\n[subnet.a]\nvpc_id = 3\n",
        &[
            ("unknown_type", 1, 2, "did you mean `vpc`?"),
            ("missing_key", 3, 1, ""),
            ("unknown_key", 4, 1, "did you mean `cidr_block`?"),
            ("missing_key", 5, 1, ""),
            ("wrong_type", 6, 10, "write \"3\""),
        ],
    );
}

#[test]
fn keys_types_and_values() {
    let group =
        |rule: &str| format!("[security_group.a]\nname = \"a\"\nvpc_id = \"vpc-1\"\n{rule}\n");
    let cases = [
        (
            "ingress = [{ protocol = \"tpc\", from_port = 80 }]",
            ("invalid_value", 4, 25, "did you mean \"tcp\"?"),
        ),
        (
            "ingress = [{ protocol = \"tcp\", from_port = \"80\" }]",
            ("wrong_type", 4, 44, "write `80` without quotes"),
        ),
        ("ingress = [{ protocol = \"tcp\", from_port = 70000 }]", ("invalid_value", 4, 44, "")),
        (
            "ingress = [{ protocol = \"tcp\", form_port = 80, from_port = 1 }]",
            ("unknown_key", 4, 32, "did you mean `from_port`?"),
        ),
        ("ingress = [{ protocol = \"tcp\" }]", ("missing_key", 4, 12, "")),
        ("ingress = \"all\"", ("wrong_type", 4, 11, "write it in brackets: `[…]`")),
        (
            "[security_group.a.ingress]\nprotocol = \"tcp\"\nfrom_port = 80",
            ("wrong_type", 4, 1, "write the header in double brackets: `[[…]]` adds one element"),
        ),
        (
            "timeouts = { create = \"10\" }",
            ("invalid_value", 4, 23, "write \"30s\", \"10m\" or \"1h30m\""),
        ),
        ("tags = { \"aws:x\" = \"1\" }", ("reserved_tag", 4, 10, "")),
        ("depends_on = [\"vpc.main\"]", ("unknown_block", 4, 15, "")),
        ("depends_on = [\"security_group.a\"]", ("cycle", 4, 15, "")),
        ("protect = \"yes\"", ("wrong_type", 4, 11, "")),
        ("when = 1", ("wrong_type", 4, 8, "")),
        (
            "for_each = { \"a b\" = 1 }",
            ("invalid_key", 4, 14, "a key has only letters, digits, `_`, `.` and `-`"),
        ),
        ("for_each = [\"a\", \"a\"]", ("duplicate_key", 4, 18, "")),
    ];
    refused_all(&cases.map(|(rule, want)| (group(rule), vec![want])));
}

#[test]
fn tables_and_names() {
    let cases = [
        ("[variable]\n", ("unknown_type", 1, 2, "did you mean `variables`?")),
        (
            "[resource.vpc.main]\n",
            ("unknown_type", 1, 2, "a resource is `[<type>.<name>]`, without the word"),
        ),
        ("name = 1\n", ("unknown_key", 1, 1, "`infra explain` lists the types")),
        (
            "[vpc]\ncidr_block = \"x\"\n",
            ("wrong_type", 2, 1, "begin with a header such as `[vpc.main]`"),
        ),
        (
            "[vpc.\"a b\"]\ncidr_block = \"x\"\n",
            (
                "invalid_name",
                1,
                6,
                "a name has letters, digits, `_` and `-`, and starts with a letter or `_`",
            ),
        ),
        ("[data.vpcs.main]\n", ("unknown_type", 1, 7, "did you mean `vpc`?")),
        ("[data.availability_zones.a]\nprotect = true\n", ("unknown_key", 2, 1, "it has `state`")),
        ("[defaults.vpcs]\n", ("unknown_type", 1, 11, "did you mean `vpc`?")),
        (
            "[defaults.vpc]\nwhen = true\n",
            ("unknown_key", 2, 1, "besides attributes there is `protect`, `tags` and `timeouts`"),
        ),
        ("[defaults.vpc]\ncidr = \"x\"\n", ("unknown_key", 2, 1, "did you mean `cidr_block`?")),
        ("[outputs]\nid = \"x\"\n", ("wrong_type", 2, 6, "write `id = { value = \"x\" }`")),
        ("[outputs.id]\ndescription = \"x\"\n", ("missing_key", 1, 10, "")),
        (
            "[workspace]\ndepends_on = [\"netwrk\"]\n",
            ("unknown_workspace", 2, 15, "did you mean `network`?"),
        ),
        ("[workspace]\ndepends_on = [\"app\"]\n", ("cycle", 2, 15, "")),
        (
            "[workspace]\ntags = {}\n",
            ("unknown_key", 2, 1, "it has `description` and `depends_on`"),
        ),
        (
            "[vpc.a]\ncidr_block = \"${x\"\n",
            ("invalid_expression", 2, 15, "for the characters themselves write `$${`"),
        ),
    ];
    refused_all(&cases.map(|(text, want)| (text, vec![want])));
}

#[test]
fn a_workspace_may_not_be_called_like_a_type_or_a_word() {
    for name in ["vpc", "env", "module", "data"] {
        let workspaces = BTreeSet::from([name.to_owned()]);
        let found = Workspace::parse(name, source("stacks/x.toml", ""), &catalog(), &workspaces);
        assert_eq!(told(&found.map(|_| ()).unwrap_err())[0].0, "reserved_name");
    }
}

#[test]
fn moves_are_checked() {
    let blocks = "[vpc.new]\ncidr_block = \"x\"\n[subnet.keyed]\nfor_each = [\"a\"]\nvpc_id = \"v\"\n\
                  cidr_block = \"x\"\n[moved]\n";
    let passing = "\"vpc.old\" = \"vpc.new\"\n'subnet.b' = 'subnet.keyed[\"a\"]'\n";
    let workspace = parse(&format!("{blocks}{passing}")).unwrap();
    assert_eq!(workspace.moved[1].to, Address::new("subnet", "keyed").with_key(Some("a")));
    let cases = [
        ("\"vpc.old\" = \"subnet.keyed\"", ("invalid_move", 13, "")),
        ("\"vpc.old\" = \"vpc.nwe\"", ("unknown_block", 13, "did you mean `vpc.new`?")),
        ("\"vpc.new\" = \"vpc.new\"", ("invalid_move", 13, "")),
        (
            "\"vpc.old\" = \"vpc\"",
            ("invalid_address", 13, "write `type.name` or `type.name[\"key\"]`"),
        ),
        ("'vpc.old' = 'vpc.new[\"a\"]'", ("invalid_move", 13, "")),
        ("vpc.old = 'vpc.new'", ("invalid_address", 1, "write `\"vpc.old\" = \"vpc.new\"`")),
        (
            "'subnet.keyed[\"a\"]' = 'subnet.keyed[\"b\"]'",
            ("invalid_move", 1, "the old address must be gone from the file"),
        ),
        (
            "'subnet.old[\"a\"]' = 'subnet.keyed'",
            ("invalid_move", 21, "write `subnet.keyed[\"…\"]`"),
        ),
    ];
    refused_all(&cases.map(|(line, (code, column, hint))| {
        (format!("{blocks}{line}\n"), vec![(code, 8, column, hint)])
    }));
    let twice = "\"vpc.a\" = \"vpc.new\"\n\"vpc.b\" = \"vpc.new\"\n";
    refused(&format!("{blocks}{twice}"), &[("duplicate_move", 9, 11, "")]);
}
