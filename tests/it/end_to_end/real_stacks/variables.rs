//! Variables of `supporting-infrastructure` alone.

use super::super::stage::Stage;
use super::INFRASTRUCTURE;
use serde_json::json;

/// Each way out can become each other one where it stands.
#[test]
fn nat_gateways_come_and_go_by_variable() {
    let stage = Stage::of_real_stacks("dev");
    stage.apply(INFRASTRUCTURE);
    for (wanted, gateways, create, update, delete) in [
        ("per-zone", 3, 4, 2, 0),
        ("none", 0, 0, 3, 6),
        ("single", 1, 2, 3, 0),
        ("none", 0, 0, 3, 2),
    ] {
        let variable = format!("nat_gateways={wanted}");
        let plan = stage.plan(&[INFRASTRUCTURE, "--var", &variable]);
        let summary = ["create", "update", "replace", "delete"].map(|a| &plan.0["summary"][a]);
        assert_eq!(json!(summary), json!([create, update, 0, delete]), "{wanted}");
        stage.run(&["apply", INFRASTRUCTURE, "--yes", "--var", &variable]).exits(0);
        let again = ["plan", INFRASTRUCTURE, "--detailed-exitcode", "--var", &variable];
        stage.run(&again).exits(0);
        let owned = stage.owned();
        for kind in ["nat_gateway ", "eip "] {
            let number = owned.iter().filter(|line| line.starts_with(kind)).count();
            assert_eq!(number, gateways, "{wanted}: {owned:#?}");
        }
    }
    stage.destroy_all();
}

#[test]
fn names_that_are_none_of_the_stack_s_are_refused() {
    let stage = Stage::of_real_stacks("dev");
    for (variable, told) in [
        ("nat_gateways=two", "`per-zone`, `single` or `none`"),
        ("interface_endpoints=[\"xray\"]", "interface endpoints are of ecr.api"),
        ("table_billing_mode=ON_DEMAND", "`PROVISIONED` or `PAY_PER_REQUEST`"),
        ("network_mode=host", "`awsvpc` or `bridge`"),
        ("instances={ min = 3, max = 2 }", "not below `min`"),
    ] {
        let ran = stage.run(&["validate", INFRASTRUCTURE, "--var", variable]).exits(1);
        let words: Vec<_> = ran.stderr.split_whitespace().collect();
        let all = words.join(" ") + &ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(all.contains(told), "{variable}: {all}");
    }
}
