//! Replacement both ways round, what left the stack, what moved, and groups that name each other.

use super::bench::{Bench, EVERY_TYPE, told};
use infra::engine::event::EventType;
use infra::engine::plan::{Action, Mode, Part};
use std::collections::BTreeMap;

const GROUPS: &str = r#"
[vpc.main]
cidr_block = "10.0.0.0/16"

[security_group.web]
name_prefix = "web-"
description = "one"
vpc_id      = "${vpc.main.id}"
ingress     = [{ ip_protocol = "tcp", from_port = 443, cidr_ipv4 = "0.0.0.0/0" }]
egress      = []

[security_group.app]
name        = "app"
description = "what the web asks for"
vpc_id      = "${vpc.main.id}"
ingress     = [{ ip_protocol = "tcp", from_port = 8000, referenced_security_group_id = "${security_group.web.id}" }]
egress      = []

[iam_role.job]
name_prefix                 = "job-"
path                        = "/one/"
assume_role_policy_document = { Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] }
inline_policies             = {}
"#;

fn changed(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    after.iter().filter(|(k, id)| before.get(*k) != Some(id)).map(|(k, _)| k.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_group_that_another_one_names_is_detached_deleted_made_and_named_again() {
    let mut bench = Bench::new(EVERY_TYPE);
    bench.applied().await;
    let (before, ledger) = (bench.ids().await, bench.ledger());
    bench.replace("\"requests from the front\"", "\"what the front asks for\"");
    bench.sandbox.clear_calls();
    let ran = bench.applied().await;
    assert_eq!(changed(&before, &bench.ids().await), ["security_group.back"]);
    assert_eq!(bench.ledger(), ledger);
    assert_eq!(bench.refused(), [""; 0]);
    // What names it is told to be cleared, and set again once the new one is there.
    let late = |action: Action| {
        ran.events.iter().position(|e| {
            e.kind == EventType::Done
                && e.part == Some(Part::Late)
                && e.action == Some(action)
                && e.address.as_ref().is_some_and(|a| a.to_string() == "security_group.front")
        })
    };
    let gone = ran.done("security_group.back", Action::Delete);
    let made = ran.done("security_group.back", Action::Create);
    let (cleared, set) = (late(Action::Delete), late(Action::Update));
    assert!(cleared.is_some_and(|at| at < gone), "{:#?}", ran.events);
    assert!(set.is_some_and(|at| at > made), "{:#?}", ran.events);
}

#[tokio::test(start_paused = true)]
async fn with_a_name_made_for_it_the_new_one_comes_first() {
    let mut bench = Bench::new(GROUPS);
    bench.applied().await;
    let (before, ledger) = (bench.ids().await, bench.ledger());
    bench.replace("\"one\"", "\"two\"");
    bench.replace("/one/", "/two/");
    bench.sandbox.clear_calls();
    let ran = bench.applied().await;
    for address in ["security_group.web", "iam_role.job"] {
        let made = ran.done(address, Action::Create);
        let gone = ran.events.iter().rposition(|e| {
            e.kind == EventType::Done
                && e.action == Some(Action::Delete)
                && e.address.as_ref().is_some_and(|a| a.to_string() == address)
        });
        assert!(gone.is_some_and(|gone| made < gone), "{address}: {:#?}", ran.events);
    }
    let between = bench.ids().await;
    assert_eq!(changed(&before, &between), ["iam_role.job", "security_group.web"]);
    assert_eq!(bench.ledger(), ledger);
    assert_eq!(bench.refused(), [""; 0]);
    // And back: a name made for the same fields before is not met again.
    bench.replace("\"two\"", "\"one\"");
    bench.replace("/two/", "/one/");
    bench.applied().await;
    let after = bench.ids().await;
    assert_eq!(changed(&between, &after), ["iam_role.job", "security_group.web"]);
    assert_eq!(changed(&before, &after), ["iam_role.job", "security_group.web"]);
    bench.destroyed().await;
}

/// Kills an apply of an edit wherever it changes something; the next one must finish it.
async fn killed_anywhere(stack: &str, edits: &[(&str, &str)], least: usize) {
    let mut whole = Bench::new(stack);
    whole.applied().await;
    for (old, new) in edits {
        whole.replace(old, new);
    }
    let (ran, moments) = whole.recorded(Mode::Apply).await;
    ran.must_be_complete();
    whole.must_have_no_changes().await;
    assert!(moments.len() >= least, "only {} moments", moments.len());
    for moment in &moments {
        let (bench, after) = (whole.at(moment), &moment.after);
        let ran = bench.run(Mode::Apply).await;
        assert!(ran.outcome.is_complete(), "after {after}: {}", told(&ran.outcome));
        assert_eq!(bench.ledger(), whole.ledger(), "after {after}");
        let plan = bench.plan().await;
        assert!(!plan.has_changes(), "after {after}: {:?}", super::bench::actions(&plan));
    }
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_creates_first_heals_from_any_call_on() {
    killed_anywhere(GROUPS, &[("\"one\"", "\"two\""), ("/one/", "/two/")], 10).await;
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_deletes_first_heals_from_any_call_on() {
    let edits = [
        ("\"requests from the front\"", "\"what the front asks for\""),
        ("\"app\"\nassume", "\"app\"\npath = \"/shop/\"\nassume"),
        // This one leaves its instance profile meanwhile, which stays.
        ("\"reader\"\nassume", "\"reader\"\npath = \"/shop/\"\nassume"),
    ];
    killed_anywhere(EVERY_TYPE, &edits, 12).await;
}

#[tokio::test(start_paused = true)]
async fn a_whole_network_is_replaced_with_its_vpc() {
    let mut bench = Bench::new(EVERY_TYPE);
    bench.applied().await;
    let (before, ledger) = (bench.ids().await, bench.ledger());
    bench.replace("10.0.0.0/16", "10.1.0.0/16");
    bench.sandbox.clear_calls();
    let ran = bench.applied().await;
    assert!(ran.actions().contains(&("vpc.main".to_owned(), Action::Replace)));
    assert_eq!(bench.ledger(), ledger);
    let changed = changed(&before, &bench.ids().await);
    let network =
        ["route_table.public", "security_group.front", "subnet.public[\"a\"]", "vpc.main"];
    for address in network {
        assert!(changed.iter().any(|c| c == address), "{address} stayed: {changed:?}");
    }
    assert_eq!(bench.refused(), [""; 0]);
    bench.destroyed().await;
}

#[tokio::test(start_paused = true)]
async fn what_left_the_stack_is_deleted_and_what_came_is_made() {
    let mut bench = Bench::new(EVERY_TYPE);
    bench.applied().await;
    let before = bench.ids().await;
    bench.replace("{ a = 0, b = 1 }", "{ a = 0, c = 2 }");
    let (start, rest) = EVERY_TYPE.split_once("[log_group.app]").expect("a log group");
    let (_, outputs) = rest.split_once("[outputs]").expect("outputs");
    bench.edit(&format!("{start}[outputs]{outputs}").replace("b = 1", "c = 2"));
    let ran = bench.applied().await;
    let expected = [
        ("load_balancer.main", Action::Update),
        ("log_group.app", Action::Delete),
        ("route_table.public", Action::Update),
        ("subnet.public[\"b\"]", Action::Delete),
        ("subnet.public[\"c\"]", Action::Create),
    ];
    assert_eq!(ran.actions(), expected.map(|(address, action)| (address.to_owned(), action)));
    assert_eq!(changed(&before, &bench.ids().await), ["subnet.public[\"c\"]"]);
    // Orphans alone, as of an empty stack.
    bench.edit("");
    bench.applied().await;
    assert_eq!(bench.ledger(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_moved_is_tagged_anew_and_never_made_again() {
    let mut bench = Bench::new(EVERY_TYPE);
    bench.applied().await;
    let before = bench.ids().await;
    let names = [("vpc.main", "vpc.net"), ("security_group.back", "security_group.inner")];
    let mut stack = EVERY_TYPE.to_owned();
    for (old, new) in names {
        stack = stack.replace(old, new);
    }
    stack = stack.replace("a = 0, b = 1", "a = 0, z = 1");
    stack = stack.replace("${region}${each.key}", "${region}${replace(each.key, \"z\", \"b\")}");
    stack = stack.replace(
        "\"${region}${replace(each.key, \"z\", \"b\")}\"",
        "'${region}${replace(each.key, \"z\", \"b\")}'",
    );
    stack += "\n[moved]\n\"vpc.main\" = \"vpc.net\"\n\"security_group.back\" = \"security_group.inner\"\n\
              'subnet.public[\"b\"]' = 'subnet.public[\"z\"]'\n";
    bench.edit(&stack);
    let ran = bench.applied().await;
    assert!(
        ran.actions().iter().all(|(_, action)| *action == Action::Update),
        "{:?}",
        ran.actions()
    );
    let mut old: Vec<_> = before.into_values().collect();
    let mut new: Vec<_> = bench.ids().await.into_values().collect();
    old.sort();
    new.sort();
    assert_eq!(old, new, "nothing was made or deleted");
    bench.destroyed().await;
}

#[tokio::test(start_paused = true)]
async fn groups_that_name_each_other_are_made_changed_and_deleted() {
    let mut bench = Bench::new(EVERY_TYPE);
    bench.applied().await;
    let before = bench.ids().await;
    bench.replace("from_port = 8000", "from_port = 9000");
    bench.sandbox.clear_calls();
    let ran = bench.applied().await;
    let groups = ["security_group.back", "security_group.front"];
    assert_eq!(ran.actions(), groups.map(|a| (a.to_owned(), Action::Update)));
    assert_eq!(bench.ids().await, before);
    assert_eq!(bench.refused(), [""; 0]);
    // Both at once, with the edge between them still there.
    bench.replace("\"requests from the front\"", "\"new\"");
    bench.replace("\"HTTPS from everywhere\"", "\"new\"");
    bench.applied().await;
    assert_eq!(changed(&before, &bench.ids().await), groups);
    bench.destroyed().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_renamed_without_moved_converges() {
    let renamed = [
        ("internet_gateway.main", "internet_gateway.other"),
        ("security_group.back", "security_group.inner"),
        ("subnet.public", "subnet.open"),
    ];
    let mut bench = Bench::new(EVERY_TYPE);
    bench.applied().await;
    let ledger = bench.ledger().len();
    let mut stack = EVERY_TYPE.to_owned();
    for (old, new) in renamed {
        stack = stack.replace(old, new);
    }
    bench.edit(&stack);
    let mut runs = 0;
    while !bench.run(Mode::Apply).await.outcome.is_complete() {
        runs += 1;
        assert!(runs < 3, "{:?}", bench.ledger());
    }
    bench.must_have_no_changes().await;
    assert_eq!(bench.ledger().len(), ledger);
    bench.destroyed().await;
}
