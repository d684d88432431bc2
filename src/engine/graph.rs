//! The dependency graph: steps of a plan and what must be done before each.
//!
//! Edges come from references in the stack, references seen in the live account, and the types'
//! own rules. Nothing here matches on a type.

use super::plan::{Action, Node, NodeId, Operation, Part};
use super::resource::{ReplaceOrder, Rules};
use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::DiGraph;
use std::collections::{BTreeMap, BTreeSet};

/// One change, as far as ordering goes.
#[derive(Clone, Debug)]
pub struct Item {
    /// Index of the workspace in the plan.
    pub workspace: usize,
    /// Index of the change in the workspace.
    pub change: usize,
    /// Resource type.
    pub ty: &'static str,
    /// The type's rules.
    pub rules: &'static Rules,
    /// What happens; a blocked change counts as none.
    pub action: Action,
    /// Which side of a replacement comes first.
    pub order: ReplaceOrder,
    /// Whether the update touches fields that are not late, or tags.
    pub main_changes: bool,
    /// Whether late fields are to be set: differing ones of an update, any of a creation.
    pub late_changes: bool,
    /// Items whose main or late part the main part refers to in the stack.
    pub needs: BTreeSet<(usize, Part)>,
    /// The same for the late part.
    pub late_needs: BTreeSet<(usize, Part)>,
    /// Items whose live object this one's live object names in fields that are not late.
    pub live_refs: BTreeSet<usize>,
    /// The same in late fields.
    pub live_late_refs: BTreeSet<usize>,
    /// Whether the live object is an orphan: deleted and never created again.
    pub orphan: bool,
}

impl Item {
    fn deletes(&self) -> bool {
        matches!(self.action, Action::Delete | Action::Replace)
    }

    /// Whether it is deleted before it is made anew.
    fn goes_first(&self) -> bool {
        self.action == Action::Replace && self.order == ReplaceOrder::DeleteFirst
    }

    /// Whether its old object stays until the new one is there.
    fn stays_beside(&self) -> bool {
        self.action == Action::Replace && self.order == ReplaceOrder::CreateFirst
    }

    fn creates(&self) -> bool {
        matches!(self.action, Action::Create | Action::Replace)
    }
}

/// Steps that wait for each other in a circle: indices of their items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle(pub Vec<usize>);

/// Decides the order of each replacement: one that would create first, but uses something that is
/// deleted first, must be deleted first as well.
pub fn settle_orders(items: &mut [Item]) {
    loop {
        let delete_first: BTreeSet<usize> = (0..items.len())
            .filter(|&i| {
                items[i].action == Action::Replace && items[i].order == ReplaceOrder::DeleteFirst
            })
            .collect();
        let turn: Vec<usize> = (0..items.len())
            .filter(|&i| {
                let item = &items[i];
                item.action == Action::Replace
                    && item.order == ReplaceOrder::CreateFirst
                    && (item.live_refs.iter().any(|r| delete_first.contains(r))
                        || item.needs.iter().any(|(r, _)| delete_first.contains(r)))
            })
            .collect();
        if turn.is_empty() {
            return;
        }
        for i in turn {
            items[i].order = ReplaceOrder::DeleteFirst;
        }
    }
}

/// Nodes of one item, by what they do.
#[derive(Clone, Copy, Debug, Default)]
struct Steps {
    create: Option<NodeId>,
    update: Option<NodeId>,
    late: Option<NodeId>,
    depose: Option<NodeId>,
    quiesce: Option<NodeId>,
    clear_late: Option<NodeId>,
    delete: Option<NodeId>,
}

impl Steps {
    /// The node after which the part is as the stack wants it.
    fn ready(&self, part: Part) -> Option<NodeId> {
        let main = self.create.or(self.update);
        if part == Part::Late { self.late.or(main) } else { main }
    }
}

struct Builder<'a> {
    items: &'a [Item],
    nodes: Vec<Node>,
    steps: Vec<Steps>,
    edges: BTreeSet<(NodeId, NodeId)>,
}

impl Builder<'_> {
    fn node(&mut self, item: usize, part: Part, operation: Operation) -> NodeId {
        let Item { workspace, change, .. } = self.items[item];
        self.nodes.push(Node { workspace, change, part, operation, after: Vec::new() });
        self.nodes.len() - 1
    }

    fn edge(&mut self, first: Option<NodeId>, then: Option<NodeId>) {
        if let (Some(first), Some(then)) = (first, then)
            && first != then
        {
            self.edges.insert((first, then));
        }
    }
}

/// Builds the steps of a plan with their order.
pub fn build(items: &[Item]) -> Result<Vec<Node>, Cycle> {
    let mut detach = needs_clearing(items);
    loop {
        let cycle = match ordered(items, &detach) {
            Ok(nodes) => return Ok(nodes),
            Err(cycle) => cycle,
        };
        // What is deleted can let go of others before; at worst what stays does for a while.
        let holds = |i: &&usize| {
            items[**i].action != Action::Create && !items[**i].live_late_refs.is_empty()
        };
        let open = cycle.0.iter().filter(holds).filter(|i| !detach.contains(*i));
        let (deleted, staying): (Vec<usize>, Vec<usize>) = open.partition(|i| items[**i].deletes());
        let more = if deleted.is_empty() { staying } else { deleted };
        if more.is_empty() {
            return Err(cycle);
        }
        detach.extend(more);
    }
}

/// Builds the steps, with the late fields of these items taken away in steps of their own.
fn ordered(items: &[Item], detach: &BTreeSet<usize>) -> Result<Vec<Node>, Cycle> {
    let mut b = Builder {
        items,
        nodes: Vec::new(),
        steps: vec![Steps::default(); items.len()],
        edges: BTreeSet::new(),
    };
    for (i, item) in items.iter().enumerate() {
        let mut steps = Steps::default();
        if item.deletes() {
            if item.rules.quiesces {
                steps.quiesce = Some(b.node(i, Part::Quiesce, Operation::Delete));
            }
            steps.delete = Some(b.node(i, Part::Main, Operation::Delete));
        }
        if detach.contains(&i) {
            steps.clear_late = Some(b.node(i, Part::Late, Operation::Delete));
        }
        if item.action == Action::Replace && item.order == ReplaceOrder::CreateFirst {
            steps.depose = Some(b.node(i, Part::Main, Operation::Depose));
        }
        if item.creates() {
            steps.create = Some(b.node(i, Part::Main, Operation::Create));
        }
        if item.action == Action::Update && item.main_changes {
            steps.update = Some(b.node(i, Part::Main, Operation::Update));
        }
        let detached = detach.contains(&i) && !item.deletes() && !item.rules.lets_go;
        if (item.creates() || item.action == Action::Update) && item.late_changes || detached {
            steps.late = Some(b.node(i, Part::Late, Operation::Update));
        }
        b.steps[i] = steps;
    }
    within_items(&mut b);
    creations(&mut b);
    deletions(&mut b);
    types(&mut b);
    let hard = b.edges.clone();
    space_for_new(&mut b);
    if order(b.nodes.len(), &b.edges).is_none() {
        b.edges = hard; // making room first is a wish, not a need
    }
    let Some(sorted) = order(b.nodes.len(), &b.edges) else {
        return Err(cycle(&b));
    };
    Ok(renumber(b, &sorted))
}

/// Order between the steps of one item.
fn within_items(b: &mut Builder<'_>) {
    for i in 0..b.items.len() {
        let s = b.steps[i];
        b.edge(s.quiesce, s.clear_late);
        b.edge(s.quiesce, s.delete);
        b.edge(s.clear_late, s.delete);
        b.edge(s.clear_late, s.update);
        b.edge(s.clear_late, s.late);
        b.edge(s.create.or(s.update), s.late);
        b.edge(s.depose, s.create);
        if s.depose.is_some() {
            b.edge(s.create, s.delete);
            b.edge(s.late, s.delete);
        } else {
            b.edge(s.delete, s.create);
        }
    }
}

/// Whoever refers to something waits until it is there.
fn creations(b: &mut Builder<'_>) {
    for i in 0..b.items.len() {
        let s = b.steps[i];
        let item = &b.items[i];
        let main: Vec<_> = item
            .needs
            .iter()
            .map(|&(to, part)| (b.steps[to].ready(part), s.create.or(s.update)))
            .collect();
        let late: Vec<_> =
            item.late_needs.iter().map(|&(to, part)| (b.steps[to].ready(part), s.late)).collect();
        for (first, then) in main.into_iter().chain(late) {
            b.edge(first, then);
        }
    }
}

/// Whoever refers to something lets go of it before it is deleted.
fn deletions(b: &mut Builder<'_>) {
    for i in 0..b.items.len() {
        let item = &b.items[i];
        let s = b.steps[i];
        let live = item.live_refs.iter().map(|&to| (to, false));
        let late = item.live_late_refs.iter().map(|&to| (to, true));
        let declared = item.needs.iter().map(|&(to, _)| (to, false));
        let declared_late = item.late_needs.iter().map(|&(to, _)| (to, true));
        let all: Vec<_> = live.chain(late).chain(declared).chain(declared_late).collect();
        for (to, is_late) in all {
            if to == i {
                continue;
            }
            let target = b.steps[to];
            let goes_first = b.items[to].goes_first();
            if is_late && item.stays_beside() && goes_first && !item.live_late_refs.contains(&to) {
                continue; // only the new one will name it
            }
            let lets_go = is_late || item.rules.lets_go && !item.deletes();
            let cleared = lets_go && s.clear_late.is_some();
            if cleared {
                b.edge(s.clear_late, target.delete);
            } else if item.deletes() {
                b.edge(s.delete, target.delete);
                b.edge(s.quiesce, target.quiesce);
            }
            if item.deletes() && b.items[to].rules.lets_go {
                // Before the target leaves, so that nothing of this one changes meanwhile.
                b.edge(s.delete, target.clear_late);
            }
            // What is deleted itself lets go by that; only what stays must be updated first.
            if !goes_first && item.action == Action::Update && !cleared {
                // The update that drops the reference, or moves to the new one.
                b.edge(if is_late { s.late } else { s.update }, target.delete);
            }
        }
    }
}

/// Order between types that no reference tells.
fn types(b: &mut Builder<'_>) {
    let mut by_type: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, item) in b.items.iter().enumerate() {
        by_type.entry(item.ty).or_default().push(i);
    }
    for i in 0..b.items.len() {
        let rules = b.items[i].rules;
        for other in rules.created_after.iter().filter_map(|t| by_type.get(t)).flatten() {
            let (s, o) = (b.steps[i], b.steps[*other]);
            b.edge(o.create, s.create);
            b.edge(o.late, s.create);
            b.edge(s.delete, o.delete);
        }
        for other in rules.deleted_after.iter().filter_map(|t| by_type.get(t)).flatten() {
            let (s, o) = (b.steps[i], b.steps[*other]);
            b.edge(o.delete, s.delete);
        }
    }
}

/// Orphans of a type that cannot exist twice go before new ones come: an address range that moved
/// from one subnet to another, say.
fn space_for_new(b: &mut Builder<'_>) {
    for i in 0..b.items.len() {
        if !b.items[i].orphan {
            continue;
        }
        for j in 0..b.items.len() {
            let same = b.items[i].ty == b.items[j].ty
                && b.items[j].rules.replace == ReplaceOrder::DeleteFirst;
            if same && b.items[j].action == Action::Create {
                b.edge(b.steps[i].delete, b.steps[j].create);
            }
        }
    }
}

/// Items whose late fields must be taken away in a step of their own: those that otherwise would
/// wait for each other's deletion in a circle, and those that stay while what they name is deleted
/// first and made anew.
fn needs_clearing(items: &[Item]) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut graph = DiGraph::<usize, bool>::new();
    let nodes: Vec<_> = (0..items.len()).map(|i| graph.add_node(i)).collect();
    for (i, item) in items.iter().enumerate() {
        let named =
            |set: &BTreeSet<(usize, Part)>| set.iter().map(|&(to, _)| to).collect::<Vec<_>>();
        let hard = item.live_refs.iter().copied().chain(named(&item.needs));
        let late: Vec<usize> =
            item.live_late_refs.iter().copied().chain(named(&item.late_needs)).collect();
        for (to, is_late) in hard.map(|t| (t, false)).chain(late.iter().map(|&t| (t, true))) {
            if to != i && item.deletes() && items[to].deletes() {
                graph.add_edge(nodes[i], nodes[to], is_late);
            }
        }
        let goes_first = |to: &usize| items[*to].goes_first();
        let stays = (!item.deletes() || item.stays_beside()) && item.action != Action::Create;
        let moves = item.action == Action::Update && item.rules.lets_go;
        if stays && item.live_late_refs.iter().any(|to| *to != i && goes_first(to))
            || moves && item.live_refs.iter().any(goes_first)
        {
            found.insert(i);
        }
    }
    for component in tarjan_scc(&graph) {
        if component.len() < 2 {
            continue;
        }
        for node in &component {
            let inside = graph
                .edges(*node)
                .any(|e| *e.weight() && component.contains(&petgraph::visit::EdgeRef::target(&e)));
            if inside {
                found.insert(graph[*node]);
            }
        }
    }
    found
}

fn directed(nodes: usize, edges: &BTreeSet<(NodeId, NodeId)>) -> DiGraph<(), ()> {
    let mut graph = DiGraph::new();
    let ids: Vec<_> = (0..nodes).map(|_| graph.add_node(())).collect();
    for &(first, then) in edges {
        graph.add_edge(ids[first], ids[then], ());
    }
    graph
}

fn order(nodes: usize, edges: &BTreeSet<(NodeId, NodeId)>) -> Option<Vec<NodeId>> {
    let sorted = toposort(&directed(nodes, edges), None).ok()?;
    Some(sorted.into_iter().map(petgraph::graph::NodeIndex::index).collect())
}

fn cycle(b: &Builder<'_>) -> Cycle {
    let graph = directed(b.nodes.len(), &b.edges);
    let largest = tarjan_scc(&graph).into_iter().max_by_key(Vec::len).unwrap_or_default();
    let in_cycle: BTreeSet<usize> = largest
        .into_iter()
        .filter_map(|n| {
            let node = &b.nodes[n.index()];
            b.items.iter().position(|i| i.workspace == node.workspace && i.change == node.change)
        })
        .collect();
    Cycle(in_cycle.into_iter().collect())
}

/// Puts the nodes into an order in which each comes after those it waits for, without edges that
/// follow from others.
fn renumber(b: Builder<'_>, sorted: &[NodeId]) -> Vec<Node> {
    let mut position = vec![0; sorted.len()];
    for (at, &node) in sorted.iter().enumerate() {
        position[node] = at;
    }
    let mut after: Vec<BTreeSet<NodeId>> = vec![BTreeSet::new(); sorted.len()];
    for &(first, then) in &b.edges {
        after[position[then]].insert(position[first]);
    }
    reduce(&mut after);
    let mut nodes: Vec<Option<Node>> = b.nodes.into_iter().map(Some).collect();
    let mut ordered = Vec::with_capacity(sorted.len());
    for (at, &node) in sorted.iter().enumerate() {
        if let Some(mut node) = nodes[node].take() {
            node.after = after[at].iter().copied().collect();
            ordered.push(node);
        }
    }
    ordered
}

/// Transitive reduction of a graph whose nodes are numbered in topological order.
fn reduce(after: &mut [BTreeSet<NodeId>]) {
    let mut above: Vec<fixed::Bits> = Vec::with_capacity(after.len());
    for at in 0..after.len() {
        let mut reached = fixed::Bits::new(after.len());
        let mut kept = BTreeSet::new();
        for &first in after[at].iter().rev() {
            if !reached.has(first) {
                kept.insert(first);
                reached.set(first);
                reached.union(&above[first]);
            }
        }
        after[at] = kept;
        above.push(reached);
    }
}

mod fixed {
    //! A set of small numbers.

    /// Numbers below a fixed bound.
    #[derive(Clone)]
    pub(super) struct Bits(Vec<u64>);

    impl Bits {
        pub(super) fn new(bound: usize) -> Self {
            Self(vec![0; bound.div_ceil(64)])
        }

        pub(super) fn has(&self, at: usize) -> bool {
            self.0[at / 64] >> (at % 64) & 1 == 1
        }

        pub(super) fn set(&mut self, at: usize) {
            self.0[at / 64] |= 1 << (at % 64);
        }

        pub(super) fn union(&mut self, other: &Self) {
            for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
                *mine |= theirs;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static RULES: Rules = Rules::DEFAULT;
    static CREATE_FIRST: Rules = Rules { replace: ReplaceOrder::CreateFirst, ..Rules::DEFAULT };
    static AFTER_NAT: Rules = Rules { deleted_after: &["nat"], ..Rules::DEFAULT };

    fn item(ty: &'static str, change: usize, action: Action) -> Item {
        Item {
            workspace: 0,
            change,
            ty,
            rules: &RULES,
            action,
            order: ReplaceOrder::DeleteFirst,
            main_changes: action == Action::Update,
            late_changes: false,
            needs: BTreeSet::new(),
            late_needs: BTreeSet::new(),
            live_refs: BTreeSet::new(),
            live_late_refs: BTreeSet::new(),
            orphan: false,
        }
    }

    fn on(to: usize) -> BTreeSet<(usize, Part)> {
        BTreeSet::from([(to, Part::Main)])
    }

    /// Steps in order, as `change part operation`.
    fn steps(items: &[Item]) -> Vec<String> {
        let nodes = build(items).expect("no cycle");
        for (at, node) in nodes.iter().enumerate() {
            assert!(node.after.iter().all(|a| *a < at));
        }
        nodes
            .iter()
            .map(|n| format!("{} {:?} {:?}", n.change, n.part, n.operation).to_lowercase())
            .collect()
    }

    fn before(steps: &[String], first: &str, then: &str) {
        let at =
            |s: &str| steps.iter().position(|x| x == s).unwrap_or_else(|| panic!("{s}: {steps:?}"));
        assert!(at(first) < at(then), "{first} before {then}: {steps:?}");
    }

    #[test]
    fn creations_follow_references_and_deletions_turn_them_round() {
        let mut subnet = item("subnet", 1, Action::Create);
        subnet.needs = on(0);
        before(&steps(&[item("vpc", 0, Action::Create), subnet]), "0 main create", "1 main create");
        let mut subnet = item("subnet", 1, Action::Delete);
        subnet.live_refs = BTreeSet::from([0]);
        before(&steps(&[item("vpc", 0, Action::Delete), subnet]), "1 main delete", "0 main delete");
    }

    #[test]
    fn groups_that_name_each_other_are_no_cycle() {
        let pair = |action, live: bool| {
            let mut a = item("sg", 0, action);
            let mut b = item("sg", 1, action);
            (a.late_needs, b.late_needs) = (on(1), on(0));
            (a.late_changes, b.late_changes) = (true, true);
            if live {
                a.live_late_refs = BTreeSet::from([1]);
                b.live_late_refs = BTreeSet::from([0]);
            }
            [a, b]
        };
        let made = steps(&pair(Action::Create, false));
        before(&made, "1 main create", "0 late update");
        before(&made, "0 main create", "1 late update");
        let gone = steps(&pair(Action::Delete, true));
        before(&gone, "0 late delete", "1 main delete");
        before(&gone, "1 late delete", "0 main delete");
        let replaced = steps(&pair(Action::Replace, true));
        before(&replaced, "0 late delete", "1 main delete");
        before(&replaced, "1 main create", "0 late update");
    }

    #[test]
    fn late_fields_are_not_cleared_where_the_order_works_without() {
        let mut table = item("rt", 0, Action::Delete);
        table.live_late_refs = BTreeSet::from([1]);
        let gone = steps(&[table, item("igw", 1, Action::Delete)]);
        assert_eq!(gone, ["0 main delete", "1 main delete"]);
    }

    #[test]
    fn create_first_moves_dependents_before_the_old_one_goes() {
        let mut old = item("role", 0, Action::Replace);
        old.rules = &CREATE_FIRST;
        old.order = ReplaceOrder::CreateFirst;
        let mut user = item("task", 1, Action::Update);
        user.needs = on(0);
        user.live_refs = BTreeSet::from([0]);
        assert_eq!(
            steps(&[old, user]),
            ["0 main depose", "0 main create", "1 main update", "0 main delete"]
        );
    }

    #[test]
    fn delete_first_detaches_what_stays_and_attaches_it_again() {
        let mut user = item("sg", 1, Action::Update);
        user.main_changes = false;
        user.late_changes = true;
        user.late_needs = on(0);
        user.live_late_refs = BTreeSet::from([0]);
        assert_eq!(
            steps(&[item("sg", 0, Action::Replace), user]),
            ["1 late delete", "0 main delete", "0 main create", "1 late update"]
        );
    }

    #[test]
    fn create_first_yields_to_what_must_be_deleted_first() {
        let vpc = item("vpc", 0, Action::Replace);
        let mut sg = item("sg", 1, Action::Replace);
        sg.rules = &CREATE_FIRST;
        sg.order = ReplaceOrder::CreateFirst;
        sg.needs = on(0);
        sg.live_refs = BTreeSet::from([0]);
        let mut items = [vpc, sg];
        settle_orders(&mut items);
        assert_eq!(items[1].order, ReplaceOrder::DeleteFirst);
        let s = steps(&items);
        before(&s, "1 main delete", "0 main delete");
        before(&s, "0 main create", "1 main create");
    }

    #[test]
    fn types_order_deletions_that_no_reference_tells() {
        let mut igw = item("igw", 0, Action::Delete);
        igw.rules = &AFTER_NAT;
        before(&steps(&[igw, item("nat", 1, Action::Delete)]), "1 main delete", "0 main delete");
    }

    #[test]
    fn an_orphan_makes_room_for_a_new_one() {
        let mut orphan = item("subnet", 0, Action::Delete);
        orphan.orphan = true;
        let made = steps(&[item("subnet", 1, Action::Create), orphan]);
        assert_eq!(made, ["0 main delete", "1 main create"]);
    }

    #[test]
    fn an_update_lets_go_before_the_deletion() {
        let mut user = item("rt", 0, Action::Update);
        user.live_refs = BTreeSet::from([1]);
        assert_eq!(
            steps(&[user, item("igw", 1, Action::Delete)]),
            ["0 main update", "1 main delete"]
        );
    }

    #[test]
    fn a_circle_is_reported() {
        let mut a = item("a", 0, Action::Create);
        let mut b = item("b", 1, Action::Create);
        (a.needs, b.needs) = (on(1), on(0));
        assert_eq!(build(&[a, b]), Err(Cycle(vec![0, 1])));
    }
}
