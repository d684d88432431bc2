//! The order of steps, judged by an account that refuses what AWS refuses: deletion of what is
//! still used, use of what is not there, two of one identity. It knows nothing of how the graph is
//! made: steps are carried out in any order that the edges allow.

use infra::engine::graph::{self, Item};
use infra::engine::plan::{Action, Node, Operation, Part};
use infra::engine::resource::{ReplaceOrder, Rules};
use proptest::prelude::*;
use std::collections::BTreeSet;

static PLAIN: Rules = Rules::DEFAULT;
static MADE_FIRST: Rules = Rules { replace: ReplaceOrder::CreateFirst, ..Rules::DEFAULT };
static GATE: Rules = Rules { deleted_after: &["guest"], ..Rules::DEFAULT };
static GUEST: Rules = Rules { quiesces: true, created_after: &["gate"], ..Rules::DEFAULT };
static LOOSE: Rules = Rules { lets_go: true, ..Rules::DEFAULT };
const TYPES: [(&str, &Rules); 5] = [
    ("plain", &PLAIN),
    ("made_first", &MADE_FIRST),
    ("gate", &GATE),
    ("guest", &GUEST),
    ("loose", &LOOSE),
];

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
    /// What only one object at a time can have, an address range say.
    live_range: Option<u8>,
    want_range: Option<u8>,
}

fn things() -> impl Strategy<Value = Vec<Thing>> {
    let bits = || any::<u16>();
    let range = || prop::option::of(0..4_u8);
    let ranges = (range(), range());
    let thing = (0..TYPES.len(), 0..6_u8, any::<bool>(), [bits(), bits(), bits(), bits()], ranges);
    prop::collection::vec(thing, 2..8)
        .prop_map(|all| {
            let number = all.len();
            let there: Vec<(bool, bool)> =
                all.iter().map(|(_, fate, ..)| (*fate != 0, *fate != 1)).collect();
            let pick = |bits: u16, up_to: usize, ok: &dyn Fn(usize) -> bool| -> BTreeSet<usize> {
                (0..up_to).filter(|&j| bits >> j & 1 == 1 && ok(j)).collect()
            };
            all.iter()
                .enumerate()
                .map(|(i, (ty, _, replaced, [a, b, c, d], (was_range, will_range)))| {
                    let (live, wanted) = there[i];
                    // The types' own rules must fit the references: nothing needs a guest.
                    let may =
                        |j: usize| j != i && (TYPES[all[j].0].0 != "guest" || *ty == all[j].0);
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
                        live_range: was_range.filter(|_| live),
                        want_range: will_range.filter(|_| wanted),
                    }
                })
                .collect()
        })
        .prop_map(unique)
}

/// Leaves each range to one thing before and to one after; what stays in place keeps its own.
fn unique(mut things: Vec<Thing>) -> Vec<Thing> {
    let mut taken = BTreeSet::new();
    for thing in &mut things {
        thing.live_range = thing.live_range.filter(|range| taken.insert(*range));
    }
    taken.clear();
    for thing in things.iter_mut().filter(|t| t.live && t.wanted && !t.replaced) {
        thing.want_range = thing.live_range;
        taken.extend(thing.live_range);
    }
    for thing in things.iter_mut().filter(|t| !t.live || t.replaced) {
        thing.want_range = thing.want_range.filter(|range| taken.insert(*range));
    }
    things
}

/// Decides as the planner does.
fn items(things: &[Thing]) -> Vec<Item> {
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
            depends_on: Some(std::collections::BTreeSet::new()),
            workspace: 0,
            change: i,
            ty: TYPES[t.ty].0,
            rules: TYPES[t.ty].1,
            action,
            order: TYPES[t.ty].1.replace,
            main_changes,
            late_changes,
            needs: main(&t.want_main),
            late_needs: main(&t.want_late),
            live_refs: t.live_main.clone(),
            live_late_refs: t.live_late.clone(),
            makes_way: BTreeSet::new(),
            holds_fast: false,
            live_names: vec![name(i)],
        });
    }
    for i in 0..things.len() {
        let ranges = |j: usize| (things[j].live_range, things[i].want_range);
        let goes = |j: usize| matches!(items[j].action, Action::Delete | Action::Replace);
        let clash = |j: &usize| goes(*j) && ranges(*j).0.is_some_and(|r| Some(r) == ranges(*j).1);
        if is_made(&items[i]) {
            items[i].makes_way = (0..things.len()).filter(clash).collect();
        }
    }
    items
}

fn name(thing: usize) -> String {
    format!("thing-{thing}")
}

/// Asks for the order; what would have to be replaced for there to be one, is.
fn ordered(things: &mut [Thing]) -> (Vec<Item>, Vec<Node>) {
    loop {
        let mut items = items(things);
        match graph::build(&mut items) {
            Ok(nodes) => return (items, nodes),
            Err(cycle) => {
                assert!(!cycle.replace.is_empty(), "no order: {cycle:?}");
                for user in cycle.replace.into_keys() {
                    assert!(!things[user].replaced, "{user} is replaced already");
                    things[user].replaced = true;
                }
            }
        }
    }
}

/// An object: which thing, and whether it is the new one.
type Object = (usize, bool);

#[derive(Default)]
struct Account {
    objects: BTreeSet<Object>,
    main: BTreeSet<(Object, Object)>,
    late: BTreeSet<(Object, Object)>,
    quiesced: BTreeSet<usize>,
    ranges: BTreeSet<u8>,
}

impl Account {
    fn new(things: &[Thing]) -> Self {
        let mut account = Self::default();
        for (i, t) in things.iter().enumerate().filter(|(_, t)| t.live) {
            account.objects.insert((i, false));
            account.ranges.extend(t.live_range);
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
                if let Some(range) = thing.want_range {
                    assert!(self.ranges.insert(range), "{i} is made while its range is taken");
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
                self.ranges.retain(|range| Some(*range) != thing.live_range);
                self.main.retain(|(from, _)| *from != old);
                self.late.retain(|(from, _)| *from != old);
            }
            (Part::Late, Operation::Delete) => {
                let stays = |(from, (to, _)): &(Object, Object)| {
                    *from != (i, false) || !node.lets_go_of.contains(&name(*to))
                };
                self.late.retain(stays);
                if item.rules.lets_go {
                    self.main.retain(stays);
                }
            }
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

/// Whether one node can be reached from another against the edges.
fn is_after(nodes: &[Node], late: usize, early: usize) -> bool {
    nodes[late].after.iter().any(|&a| a == early || is_after(nodes, a, early))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_the_edges_allow_is_taken_by_the_account(
        mut things in things(),
        mut dice in any::<u64>(),
    ) {
        let (items, nodes) = ordered(&mut things);
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
