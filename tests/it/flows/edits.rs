//! Any stack may follow any other, and any call on the way may go wrong: in the end the account is
//! like the stack, or empty.

use super::bench::{Bench, told};
use super::ledger::Ledger;
use infra::engine::plan::Mode;
use infra::sandbox::{Calls, Effect, Fault};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::fmt::Write;

/// One state of a small stack.
#[derive(Clone, Debug)]
struct Model {
    /// Without it only roles and log groups are left.
    network: Option<Network>,
    /// Path of the role, and which policies it has.
    role: Option<(bool, bool, bool)>,
    /// Days.
    log_group: Option<Option<u16>>,
}

#[derive(Clone, Debug)]
struct Network {
    second_range: bool,
    hostnames: bool,
    /// By key: zone, public.
    subnets: [Option<(bool, bool)>; 3],
    gateway: bool,
    table: bool,
    groups: [Option<Group>; 3],
}

#[derive(Clone, Debug)]
struct Group {
    /// Changing it replaces the group.
    description: bool,
    made_name: bool,
    /// Ports open to the groups, where they are there.
    to: [bool; 3],
    everyone: bool,
}

fn model() -> impl Strategy<Value = Model> {
    let group = (any::<bool>(), prop::bool::weighted(0.3), any::<[bool; 3]>(), any::<bool>());
    let group = group.prop_map(|(description, made_name, to, everyone)| Group {
        description,
        made_name,
        to,
        everyone,
    });
    let subnet = || option::of((any::<bool>(), any::<bool>()));
    let network = (
        prop::bool::weighted(0.2),
        any::<bool>(),
        [subnet(), subnet(), subnet()],
        any::<bool>(),
        any::<bool>(),
        [option::of(group.clone()), option::of(group.clone()), option::of(group)],
    );
    let network = network.prop_map(|(second_range, hostnames, subnets, gateway, table, groups)| {
        Network { second_range, hostnames, subnets, gateway, table, groups }
    });
    let days = option::of(prop::sample::select(vec![1_u16, 7, 14]));
    (option::weighted(0.9, network), option::of(any::<(bool, bool, bool)>()), option::of(days))
        .prop_map(|(network, role, log_group)| Model { network, role, log_group })
}

impl Model {
    fn toml(&self) -> String {
        let mut text = String::from("[workspace]\ndescription = \"any\"\n");
        if let Some(network) = &self.network {
            network.toml(&mut text);
        }
        if let Some((path, inline, attached)) = self.role {
            let path = if path { "/one/" } else { "/" };
            let _ = writeln!(
                text,
                "[iam_role.app]\nname = \"app\"\npath = \"{path}\"\nassume_role_policy_document = {{ Version = \"2012-10-17\", Statement = [{{ Effect = \"Allow\", Action = \"sts:AssumeRole\", Principal = {{ Service = \"ec2.amazonaws.com\" }} }}] }}"
            );
            let arn = if attached { "\"arn:aws:iam::aws:policy/ReadOnlyAccess\"" } else { "" };
            let _ = writeln!(text, "managed_policy_arns = [{arn}]");
            let allow = "read = { Version = \"2012-10-17\", Statement = [{ Effect = \"Allow\", Action = \"s3:GetObject\", Resource = \"*\" }] }";
            let _ = writeln!(text, "[iam_role.app.inline_policies]");
            if inline {
                let _ = writeln!(text, "{allow}");
            }
        }
        if let Some(days) = self.log_group {
            let days = days.map_or(String::new(), |days| format!("retention_in_days = {days}\n"));
            let _ = writeln!(text, "[log_group.app]\nname = \"/app\"\n{days}");
        }
        text
    }
}

impl Network {
    fn toml(&self, text: &mut String) {
        let range = if self.second_range { "10.1" } else { "10.0" };
        let _ = writeln!(
            text,
            "[vpc.main]\ncidr_block = \"{range}.0.0/16\"\nenable_dns_hostnames = {}",
            self.hostnames
        );
        let mut subnets = Vec::new();
        for (i, subnet) in self.subnets.iter().enumerate() {
            let Some((zone, public)) = subnet else { continue };
            let zone = if *zone { "a" } else { "b" };
            let _ = writeln!(
                text,
                "[subnet.s{i}]\nvpc_id = \"${{vpc.main.id}}\"\ncidr_block = \"{range}.{i}.0/24\"\navailability_zone = \"eu-west-1{zone}\"\nmap_public_ip_on_launch = {public}"
            );
            subnets.push(format!("\"${{subnet.s{i}.id}}\""));
        }
        if self.gateway {
            let _ = writeln!(text, "[internet_gateway.main]\nvpc_id = \"${{vpc.main.id}}\"");
        }
        if self.table {
            let route = "{ destination_cidr_block = \"0.0.0.0/0\", gateway_id = \"${internet_gateway.main.id}\" }";
            let routes = if self.gateway { route } else { "" };
            let _ = writeln!(
                text,
                "[route_table.main]\nvpc_id = \"${{vpc.main.id}}\"\nsubnet_ids = [{}]\nroutes = [{routes}]",
                subnets.join(", ")
            );
        }
        for (i, group) in self.groups.iter().enumerate() {
            let Some(group) = group else { continue };
            let name = if group.made_name { "name_prefix" } else { "name" };
            let _ = writeln!(
                text,
                "[security_group.g{i}]\n{name} = \"g{i}\"\ndescription = \"{}\"\nvpc_id = \"${{vpc.main.id}}\"\negress = []",
                group.description
            );
            let mut rules = Vec::new();
            for (j, to) in group.to.iter().enumerate() {
                if *to && j != i && self.groups[j].is_some() {
                    rules.push(format!("{{ ip_protocol = \"tcp\", from_port = 80, referenced_security_group_id = \"${{security_group.g{j}.id}}\" }}"));
                }
            }
            if group.everyone {
                rules.push(
                    "{ ip_protocol = \"tcp\", from_port = 443, cidr_ipv4 = \"0.0.0.0/0\" }".into(),
                );
            }
            let _ = writeln!(text, "ingress = [{}]", rules.join(", "));
        }
    }
}

/// What goes wrong during one apply.
#[derive(Clone, Debug)]
enum Trouble {
    Nothing,
    Killed(u64),
    Stopped(u64),
    AnswerLost(u64),
    Throttled(u64),
    Refused(u64),
}

fn trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        Just(Trouble::Nothing),
        (1..40_u64).prop_map(Trouble::Killed),
        (1..60_u64).prop_map(Trouble::Stopped),
        (1..20_u64).prop_map(Trouble::AnswerLost),
        (1..40_u64).prop_map(Trouble::Throttled),
        (1..20_u64).prop_map(Trouble::Refused),
    ]
}

/// How often a plain run may be needed: once for what went wrong, and once more where what is new
/// takes the place of what goes, which only the second run finds free.
const RUNS: usize = 3;

async fn apply(bench: &Bench, trouble: &Trouble) {
    let inject = |calls, at, effect| bench.sandbox.inject(Fault::new(calls, at, effect));
    match trouble {
        Trouble::Nothing => {}
        Trouble::Killed(call) => {
            bench.killed_or_failed(Mode::Apply, *call).await;
        }
        Trouble::Stopped(event) => {
            bench.run_until(Mode::Apply, *event).await;
        }
        Trouble::AnswerLost(call) => {
            inject(Calls::mutating(), *call, Effect::DropAnswer);
            bench.run(Mode::Apply).await;
        }
        Trouble::Throttled(call) => {
            bench.sandbox.inject(Fault::refuse(Calls::all(), *call, "Throttling", 400));
            bench.run(Mode::Apply).await;
        }
        Trouble::Refused(call) => {
            let denied = Fault::refuse(Calls::mutating(), *call, "AccessDenied", 403);
            bench.sandbox.inject(denied);
            bench.run(Mode::Apply).await;
        }
    }
    bench.sandbox.clear_faults();
}

async fn converges(edits: &[(Model, Trouble)]) {
    let mut bench = Bench::new("");
    for (model, trouble) in edits {
        bench.edit(&model.toml());
        apply(&bench, trouble).await;
    }
    let mut runs = 1;
    loop {
        let ran = bench.run(Mode::Apply).await;
        if ran.outcome.is_complete() {
            break;
        }
        assert!(runs < RUNS, "still failing: {}", told(&ran.outcome));
        runs += 1;
    }
    bench.must_have_no_changes().await;
    let mut addresses: Vec<_> = bench.ledger();
    addresses.dedup();
    assert_eq!(addresses, bench.ledger(), "something is there twice");
    bench.destroyed().await;
    assert_eq!(bench.ledger(), Ledger::default());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_stack_follows_any_other_through_any_trouble(edits in vec((model(), trouble()), 1..4)) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.expect("a runtime").block_on(converges(&edits));
    }
}
