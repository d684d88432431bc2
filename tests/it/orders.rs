//! The order of steps, judged by an account that refuses what AWS refuses: deletion of what is
//! still used, use of what is not there, two of one identity. It knows nothing of how the graph is
//! made: steps are carried out in any order that the edges allow.

use infra::engine::graph::{self, Item};
use infra::engine::plan::{Action, Node, Operation, Part};
use infra::engine::resource::{ReplaceOrder, Rules};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::BTreeSet;

static PLAIN: Rules = Rules::DEFAULT;
static MADE_FIRST: Rules = Rules { replace: ReplaceOrder::CreateFirst, ..Rules::DEFAULT };
static GATE: Rules = Rules { deleted_after: &["guest"], ..Rules::DEFAULT };
static GUEST: Rules = Rules { quiesces: true, created_after: &["gate"], ..Rules::DEFAULT };
const TYPES: [(&str, &Rules); 4] =
    [("plain", &PLAIN), ("made_first", &MADE_FIRST), ("gate", &GATE), ("guest", &GUEST)];

/// One resource, before and after: whether it is there, and what it names.
#[derive(Clone, Debug)]
struct Thing {
    ty: usize,
    live: bool,
    wanted: bool,
    replaced: bool,
    live_main: BTreeSet<usize>,
    want_main: BTreeSet<usize>,
    live_late: BTreeSet<usize>,
    want_late: BTreeSet<usize>,
}

fn things() -> impl Strategy<Value = Vec<Thing>> {
    let bits = || any::<u16>();
    let thing = (0..TYPES.len(), 0..6_u8, any::<bool>(), [bits(), bits(), bits(), bits()]);
    prop::collection::vec(thing, 2..8).prop_map(|all| {
        let number = all.len();
        let there: Vec<(bool, bool)> =
            all.iter().map(|(_, fate, ..)| (*fate != 0, *fate != 1)).collect();
        let pick = |bits: u16, up_to: usize, ok: &dyn Fn(usize) -> bool| -> BTreeSet<usize> {
            (0..up_to).filter(|&j| bits >> j & 1 == 1 && ok(j)).collect()
        };
        all.iter()
            .enumerate()
            .map(|(i, (ty, _, replaced, [a, b, c, d]))| {
                let (live, wanted) = there[i];
                // The types' own rules must fit the references: nothing needs a guest.
                let may = |j: usize| j != i && (TYPES[all[j].0].0 != "guest" || *ty == all[j].0);
                let was = |j: usize| live && there[j].0 && may(j);
                let will = |j: usize| wanted && there[j].1 && may(j);
                // References come and go less often than they stay.
                let kept = |old: u16, new: u16| (old & !(new & new >> 3)) | (new & new << 2);
                Thing {
                    ty: *ty,
                    live,
                    wanted,
                    replaced: *replaced && *a & 3 == 0,
                    live_main: pick(*a, i, &was),
                    want_main: pick(kept(*a, *b), i, &will),
                    live_late: pick(*c & *c >> 1, number, &was),
                    want_late: pick(kept(*c & *c >> 1, *d), number, &will),
                }
            })
            .collect()
    })
}

/// Decides as the planner does, and asks for the order.
fn items(things: &mut [Thing]) -> Vec<Item> {
    let mut first: Vec<ReplaceOrder> = things.iter().map(|t| TYPES[t.ty].1.replace).collect();
    loop {
        let mut changed = false;
        for i in 0..things.len() {
            let replaced = |j: &usize| things[*j].live && things[*j].wanted && things[*j].replaced;
            let gone_first = |j: &usize| replaced(j) && first[*j] == ReplaceOrder::DeleteFirst;
            let t = &things[i];
            let uses = t.live_main.iter().any(gone_first);
            let both = t.live && t.wanted;
            if both && uses && (!t.replaced || first[i] == ReplaceOrder::CreateFirst) {
                changed = true;
                things[i].replaced = true;
                first[i] = ReplaceOrder::DeleteFirst;
            }
        }
        if !changed {
            break;
        }
    }
    let main = |set: &BTreeSet<usize>| set.iter().map(|&j| (j, Part::Main)).collect();
    let mut items: Vec<Item> = Vec::new();
    for (i, t) in things.iter().enumerate() {
        let renewed = |j: &usize| things[*j].replaced || !things[*j].live;
        let main_changes = t.live_main != t.want_main || t.want_main.iter().any(renewed);
        let late_differs = t.live_late != t.want_late || t.want_late.iter().any(renewed);
        let (action, main_changes, late_changes) = match (t.live, t.wanted) {
            (true, false) => (Action::Delete, false, false),
            (false, true) => (Action::Create, false, !t.want_late.is_empty()),
            (true, true) if t.replaced => (Action::Replace, false, !t.want_late.is_empty()),
            (true, true) if main_changes || late_differs => {
                (Action::Update, main_changes, late_differs)
            }
            _ => (Action::None, false, false),
        };
        items.push(Item {
            workspace: 0,
            change: i,
            ty: TYPES[t.ty].0,
            rules: TYPES[t.ty].1,
            action,
            order: first[i],
            main_changes,
            late_changes,
            needs: main(&t.want_main),
            late_needs: main(&t.want_late),
            live_refs: t.live_main.clone(),
            live_late_refs: t.live_late.clone(),
            orphan: t.live && !t.wanted,
        });
    }
    graph::settle_orders(&mut items);
    items
}

/// An object: which thing, and whether it is the new one.
type Object = (usize, bool);

#[derive(Default)]
struct Account {
    objects: BTreeSet<Object>,
    main: BTreeSet<(Object, Object)>,
    late: BTreeSet<(Object, Object)>,
    quiesced: BTreeSet<usize>,
}

impl Account {
    fn new(things: &[Thing]) -> Self {
        let mut account = Self::default();
        for (i, t) in things.iter().enumerate().filter(|(_, t)| t.live) {
            account.objects.insert((i, false));
            account.main.extend(t.live_main.iter().map(|&j| ((i, false), (j, false))));
            account.late.extend(t.live_late.iter().map(|&j| ((i, false), (j, false))));
        }
        account
    }

    /// Makes an object name these things as they will be in the end.
    fn names(&mut self, from: Object, to: &BTreeSet<usize>, late: bool, items: &[Item]) {
        let end = |j: &usize| (*j, is_made(&items[*j]));
        for target in to.iter().map(end) {
            assert!(self.objects.contains(&target), "{from:?} names {target:?}, not there yet");
        }
        let edges = if late { &mut self.late } else { &mut self.main };
        edges.retain(|(f, _)| *f != from);
        edges.extend(to.iter().map(|j| (from, end(j))));
    }

    fn step(&mut self, node: &Node, things: &[Thing], items: &[Item]) {
        let i = node.change;
        let (item, thing) = (&items[i], &things[i]);
        match (node.part, node.operation) {
            (Part::Quiesce, _) => {
                self.quiesced.insert(i);
            }
            (Part::Main, Operation::Depose) => {
                assert!(!self.objects.contains(&(i, true)), "{i} is deposed too late");
            }
            (Part::Main, Operation::Create) => {
                if item.order == ReplaceOrder::DeleteFirst {
                    assert!(!self.objects.contains(&(i, false)), "{i} would be there twice");
                }
                self.objects.insert((i, true));
                self.names((i, true), &thing.want_main, false, items);
            }
            (Part::Main, Operation::Update) => {
                self.names((i, false), &thing.want_main, false, items);
            }
            (Part::Main, Operation::Delete) => {
                let old = (i, false);
                let users = self.main.iter().chain(&self.late).filter(|(_, to)| *to == old);
                let users: Vec<_> = users.map(|(from, _)| *from).collect();
                assert!(users.is_empty(), "{i} is deleted while {users:?} use it");
                assert!(!item.rules.quiesces || self.quiesced.contains(&i), "{i} is still busy");
                if item.ty == "gate" {
                    let guest = |o: &&Object| {
                        !o.1 && items[o.0].ty == "guest" && items[o.0].action == Action::Delete
                    };
                    assert!(!self.objects.iter().any(|o| guest(&o)), "{i} goes before its guests");
                }
                assert!(self.objects.remove(&old), "{i} is deleted twice");
                self.main.retain(|(from, _)| *from != old);
                self.late.retain(|(from, _)| *from != old);
            }
            (Part::Late, Operation::Delete) => self.late.retain(|(from, _)| *from != (i, false)),
            (Part::Late, _) => {
                let own = (i, is_made(item));
                assert!(self.objects.contains(&own), "late fields of {i} before itself");
                self.names(own, &thing.want_late, true, items);
            }
        }
    }

    fn check_end(&self, things: &[Thing], items: &[Item]) {
        let end = |j: usize| (j, is_made(&items[j]));
        let wanted = things.iter().enumerate().filter(|(_, t)| t.wanted);
        let objects: BTreeSet<Object> = wanted.clone().map(|(i, _)| end(i)).collect();
        assert_eq!(self.objects, objects, "what is there in the end");
        let edges = |of: fn(&Thing) -> &BTreeSet<usize>| -> BTreeSet<(Object, Object)> {
            let all = wanted.clone();
            all.flat_map(|(i, t)| of(t).iter().map(move |j| (end(i), end(*j)))).collect()
        };
        assert_eq!(self.main, edges(|t| &t.want_main), "references in the end");
        assert_eq!(self.late, edges(|t| &t.want_late), "late references in the end");
    }
}

fn is_made(item: &Item) -> bool {
    matches!(item.action, Action::Create | Action::Replace)
}

/// Whether nobody could find an order: something is deleted after an update that waits for a new
/// object, whose predecessor waits for that very deletion.
fn is_hopeless(things: &[Thing], items: &[Item]) -> bool {
    let gone_first = |j: &usize| {
        items[*j].action == Action::Replace && items[*j].order == ReplaceOrder::DeleteFirst
    };
    let goes = |j: usize| matches!(items[j].action, Action::Delete | Action::Replace);
    let held = |j: usize| {
        (0..things.len()).any(|u| {
            items[u].action == Action::Update
                && (things[u].live_main.contains(&j) || things[u].live_late.contains(&j))
        })
    };
    (0..things.len()).any(|j| {
        let mut open = vec![j];
        let mut reached = BTreeSet::new();
        while let Some(at) = open.pop() {
            // A gate waits for the guests that go, whether or not they name it.
            let gates = (0..things.len())
                .filter(|&g| items[at].ty == "guest" && items[g].ty == "gate" && goes(at));
            let next: Vec<usize> = things[at].live_main.iter().copied().chain(gates).collect();
            open.extend(next.into_iter().filter(|&t| goes(t) && reached.insert(t)));
        }
        goes(j) && held(j) && reached.iter().any(gone_first)
    })
}

/// Whether one node can be reached from another against the edges.
fn is_after(nodes: &[Node], late: usize, early: usize) -> bool {
    nodes[late].after.iter().any(|&a| a == early || is_after(nodes, a, early))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, rng_seed: RngSeed::Fixed(20_261_123), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_the_edges_allow_is_taken_by_the_account(
        mut things in things(),
        mut dice in any::<u64>(),
    ) {
        let items = items(&mut things);
        let nodes = match graph::build(&items) {
            Ok(nodes) => nodes,
            Err(circle) => {
                prop_assert!(is_hopeless(&things, &items), "no circle: {circle:?}");
                return Ok(());
            }
        };
        for (at, node) in nodes.iter().enumerate() {
            prop_assert!(node.after.iter().all(|a| *a < at), "numbered in order");
            for &a in &node.after {
                let implied = node.after.iter().any(|&b| b != a && is_after(&nodes, b, a));
                prop_assert!(!implied, "{a} before {at} follows from others");
            }
        }
        let mut account = Account::new(&things);
        let mut done = vec![false; nodes.len()];
        for _ in 0..nodes.len() {
            let ready: Vec<usize> = (0..nodes.len())
                .filter(|&n| !done[n] && nodes[n].after.iter().all(|a| done[*a]))
                .collect();
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let next = ready[(dice >> 33) as usize % ready.len()];
            account.step(&nodes[next], &things, &items);
            done[next] = true;
        }
        account.check_end(&things, &items);
    }
}
