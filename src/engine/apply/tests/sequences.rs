//! Random stacks, edits, refusals, lost answers and kills: a plain re-run always converges, and
//! nothing is doubled.

use super::rig::{Rig, Stack, stack};
use crate::engine::testing::{Fault, aws_error};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// What a call at some place runs into.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    Refused,
    LostBefore,
    LostAfter,
    KilledBefore,
    KilledAfter,
}

/// Choices that make a stack.
#[derive(Clone, Debug)]
struct Shape {
    cidr: u8,
    dns: bool,
    subs: Vec<u8>,
    groups: Vec<BTreeSet<u8>>,
    image: Option<u8>,
    count: Option<u8>,
    owner: u8,
}

impl Shape {
    fn stack(&self) -> Stack {
        let mut all = json!({
            "net.a": {"cidr": self.cidr.to_string(), "dns": self.dns,
                      "tag:owner": self.owner.to_string()},
        });
        for (i, zone) in self.subs.iter().enumerate() {
            all[format!("sub.s{i}")] = json!({"net_id": "@net.a", "zone": zone.to_string()});
        }
        for (i, rules) in self.groups.iter().enumerate() {
            let rules = rules.iter().filter(|r| usize::from(**r) < self.groups.len());
            let rules: Vec<Json> = rules.map(|r| json!(format!("@grp.g{r}"))).collect();
            all[format!("grp.g{i}")] = json!({"net_id": "@net.a", "rules": rules});
        }
        // A reference left out would stand unmanaged, and hold what it names.
        if let Some(image) = self.image {
            all["tmpl.t"] = json!({"image": image.to_string(), "grp_id": "@grp.g0"});
            if let (Some(count), false) = (self.count, self.subs.is_empty()) {
                all["svc.s"] = json!({
                    "name": "s", "sub_id": "@sub.s0", "tmpl_id": "@tmpl.t", "count": count,
                });
            }
        }
        stack(all)
    }
}

fn shape() -> impl Strategy<Value = Shape> {
    let groups = prop::collection::vec(prop::collection::btree_set(0..3_u8, 0..3), 1..4);
    (
        0..3_u8,
        any::<bool>(),
        // A network has one of each zone.
        (Just(vec![0, 1, 2]).prop_shuffle(), 0..3_usize).prop_map(|(zones, n)| zones[..n].to_vec()),
        groups,
        prop::option::of(0..3_u8),
        prop::option::of(1..3_u8),
        0..2_u8,
    )
        .prop_map(|(cidr, dns, subs, groups, image, count, owner)| Shape {
            cidr,
            dns,
            subs,
            groups,
            image,
            count,
            owner,
        })
}

fn trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        Just(Trouble::Refused),
        Just(Trouble::LostBefore),
        Just(Trouble::LostAfter),
        Just(Trouble::KilledBefore),
        Just(Trouble::KilledAfter),
    ]
}

impl Trouble {
    fn fault(self) -> Fault {
        match self {
            Self::Refused => Fault::Refuse(aws_error("Whatever", "no")),
            Self::LostBefore => Fault::Lose { effect: false },
            Self::LostAfter => Fault::Lose { effect: true },
            Self::KilledBefore => Fault::Kill { effect: false },
            Self::KilledAfter => Fault::Kill { effect: true },
        }
    }
}

/// Re-runs until a plan is empty; fails when that takes more runs than there was trouble.
async fn converge(rig: &Rig, wanted: &Stack, mut runs: usize, lag: Duration, saved: bool) {
    loop {
        // Whoever starts it again is slower than AWS's lists.
        tokio::time::sleep(lag).await;
        let planned = rig.plan(wanted).await;
        if planned.plan.nodes.is_empty() {
            break;
        }
        assert!(runs > 0, "does not converge: {:#?}", planned.plan);
        runs -= 1;
        if let Some(outcome) = rig.carry_out(&planned, saved).await {
            let trouble = rig.cloud.account().faults.is_empty() && runs == 0;
            assert!(!trouble || outcome.is_complete(), "{outcome:#?}");
        }
    }
    // A killed run may have left deletions under way; a plan counts them as gone.
    tokio::time::sleep(Duration::from_secs(60)).await;
    let expected: Vec<String> = wanted.keys().map(crate::stack::Address::to_tag).collect();
    assert_eq!(rig.owned(), expected);
    let ours = rig.cloud.objects().len();
    assert_eq!(ours, expected.len(), "something without an owner is left");
}

async fn scenario(
    shapes: &[Shape],
    troubles: &[(usize, Trouble)],
    (lag, parallelism, saved): (u64, usize, bool),
) {
    let mut rig = Rig::new();
    rig.parallelism = parallelism;
    let lag = Duration::from_secs(lag);
    rig.cloud.account().lag = lag;
    for (at, trouble) in troubles {
        rig.cloud.account().faults.insert(*at, trouble.fault());
    }
    let runs = troubles.len() + 1;
    for shape in shapes {
        converge(&rig, &shape.stack(), runs, lag, saved).await;
    }
    converge(&rig, &Stack::new(), runs, lag, saved).await;
    assert!(rig.cloud.objects().is_empty());
}

fn paused(test: impl Future<Output = ()>) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap().block_on(test);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn a_plain_re_run_converges_and_nothing_is_doubled(
        shapes in prop::collection::vec(shape(), 1..4),
        troubles in prop::collection::btree_map(0..60_usize, trouble(), 0..5),
        lag in 0..5_u64,
        parallelism in 1..6_usize,
        saved in any::<bool>(),
    ) {
        let troubles: Vec<_> = troubles.into_iter().collect();
        paused(scenario(&shapes, &troubles, (lag, parallelism, saved)));
    }
}

/// Every place at which a run can be killed, not only random ones.
#[test]
fn killed_at_every_call_it_converges() {
    let shape = |cidr, image, groups: [&[u8]; 2]| Shape {
        cidr,
        dns: true,
        subs: vec![0],
        groups: groups.iter().map(|g| g.iter().copied().collect()).collect(),
        image: Some(image),
        count: Some(1),
        owner: 0,
    };
    let shapes =
        [shape(0, 0, [&[0, 1], &[0]]), shape(0, 1, [&[1], &[]]), shape(1, 1, [&[1], &[0]])];
    let calls = {
        let (sent, received) = std::sync::mpsc::channel();
        paused(async {
            let rig = Rig::new();
            for shape in &shapes {
                rig.make(&shape.stack()).await;
            }
            rig.make(&Stack::new()).await;
            sent.send(rig.cloud.account().writes.len()).unwrap();
        });
        received.recv().unwrap()
    };
    assert!(calls > 35, "{calls}");
    for k in 0..calls {
        // Killed before a call is as good as after the one before it.
        paused(scenario(&shapes, &[(k, Trouble::KilledAfter)], (0, 4, false)));
    }
}
