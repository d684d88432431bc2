//! The dependency graph: steps of a plan and what must be done before each.
//!
//! Edges come from references in the stack, references seen in the live account, objects that
//! cannot be there at once, and the types' own rules. Nothing here matches on a type.
//!
//! Where edges form a circle, one of the ties in it is loosened: what names a leaving object lets go
//! of it in a step of its own, a replacement turns to deleting first, or, at last, an update
//! becomes a replacement.

mod sort;
#[cfg(test)]
mod tests;

use super::plan::{Action, Node, NodeId, Operation, Part};
use super::resource::{ReplaceOrder, Rules};
use std::collections::{BTreeMap, BTreeSet};

/// One change, as far as ordering goes.
#[derive(Clone, Debug)]
pub struct Item {
    /// Index of the workspace in the plan.
    pub workspace: usize,
    /// Workspaces that this one's depends on, directly or not; `None` where no file tells.
    pub depends_on: Option<BTreeSet<usize>>,
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
    /// Items, itself perhaps, whose live object must be gone before the new one can be made.
    pub makes_way: BTreeSet<usize>,
    /// Whether it cannot do without what it names that goes before anything comes in its place,
    /// though its type lets go.
    pub holds_fast: bool,
    /// What others call the live object: its id and its ARN.
    pub live_names: Vec<String>,
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

    /// Whether its live object may have to go before anything is made in its place.
    pub(super) fn makes_room(&self) -> bool {
        self.deletes() && !self.stays_beside()
    }

    fn creates(&self) -> bool {
        matches!(self.action, Action::Create | Action::Replace)
    }

    /// Whether its workspace may need what another one's has: both are one, it depends on the other,
    /// or nobody can tell.
    fn builds_on(&self, other: &Self) -> bool {
        let depends = |a: &Self, b: &Self| Some(a.depends_on.as_ref()?.contains(&b.workspace));
        self.workspace == other.workspace
            || match (depends(self, other), depends(other, self)) {
                (Some(true), _) => true,
                (_, Some(true)) => false,
                (mine, theirs) => mine.is_none() || theirs.is_none(),
            }
    }
}

/// Steps that wait for each other in a circle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cycle {
    /// Indices of their items.
    pub items: BTreeSet<usize>,
    /// Updates that would have to be replacements for there to be an order, each with the item it
    /// uses in place meanwhile; empty when nothing helps.
    pub replace: BTreeMap<usize, usize>,
}

/// An edge that can be done without, at a price: the cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tie {
    /// The late fields of the new object are set before its predecessor goes.
    Complete(usize),
    /// The first, which leaves, is gone before the second, which it names, lets go of anything.
    Attached(usize, usize),
    /// An order that only the stack tells: no live object names the other.
    Declared(usize, usize),
    /// Late fields of the first, which leaves, name the second.
    Leaves(usize, usize),
    /// The new one is made before the old one goes.
    Beside(usize),
    /// The first, which stays, names the second in fields it can do without for a while.
    Stays(usize, usize),
    /// The first, which stays, names the second in a field it must have.
    Uses(usize, usize),
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
    loose: &'a BTreeSet<Tie>,
    nodes: Vec<Node>,
    steps: Vec<Steps>,
    edges: BTreeSet<(NodeId, NodeId)>,
    ties: BTreeMap<Tie, BTreeSet<(NodeId, NodeId)>>,
}

/// Builds the steps of a plan with their order. A replacement that would create first turns to
/// deleting first where there is no order otherwise.
pub fn build(items: &mut [Item]) -> Result<Vec<Node>, Cycle> {
    let mut loose = BTreeSet::new();
    loop {
        let builder = Builder::new(items, &loose);
        let Some(sorted) = sort::order(builder.nodes.len(), &builder.edges) else {
            let ties = builder.breakers();
            let uses = ties.iter().filter_map(|tie| match tie {
                Tie::Uses(user, used) => Some((*user, *used)),
                _ => None,
            });
            let replace: BTreeMap<usize, usize> = uses.collect();
            if ties.is_empty() || !replace.is_empty() {
                return Err(Cycle { items: builder.in_cycle(), replace });
            }
            for tie in &ties {
                if let Tie::Beside(item) = tie {
                    items[*item].order = ReplaceOrder::DeleteFirst;
                }
            }
            loose.extend(ties);
            continue;
        };
        return Ok(sort::renumber(builder.nodes, &builder.edges, &sorted));
    }
}

impl<'a> Builder<'a> {
    fn new(items: &'a [Item], loose: &'a BTreeSet<Tie>) -> Self {
        let mut b = Self {
            items,
            loose,
            nodes: Vec::new(),
            steps: Vec::with_capacity(items.len()),
            edges: BTreeSet::new(),
            ties: BTreeMap::new(),
        };
        for i in 0..items.len() {
            let steps = b.steps_of(i);
            b.steps.push(steps);
        }
        b.within_items();
        b.creations();
        b.deletions();
        b.types();
        b
    }

    fn steps_of(&mut self, i: usize) -> Steps {
        let item = &self.items[i];
        let mut steps = Steps::default();
        if item.deletes() {
            if item.rules.quiesces {
                steps.quiesce = Some(self.node(i, Part::Quiesce, Operation::Delete));
            }
            steps.delete = Some(self.node(i, Part::Main, Operation::Delete));
        }
        let let_go = self.loose.iter().filter_map(|tie| match tie {
            Tie::Leaves(item, to) | Tie::Stays(item, to) if *item == i => Some(*to),
            _ => None,
        });
        let let_go: Vec<String> =
            let_go.flat_map(|to| self.items[to].live_names.iter().cloned()).collect();
        if !let_go.is_empty() {
            let node = self.node(i, Part::Late, Operation::Delete);
            self.nodes[node].lets_go_of = let_go;
            steps.clear_late = Some(node);
        }
        if item.stays_beside() {
            steps.depose = Some(self.node(i, Part::Main, Operation::Depose));
        }
        if item.creates() {
            steps.create = Some(self.node(i, Part::Main, Operation::Create));
        }
        if item.action == Action::Update && item.main_changes {
            steps.update = Some(self.node(i, Part::Main, Operation::Update));
        }
        if item.late_changes && (item.creates() || item.action == Action::Update) {
            steps.late = Some(self.node(i, Part::Late, Operation::Update));
        }
        steps
    }

    /// Whether an item lets go of another one in a step of its own.
    fn lets_go(&self, i: usize, to: usize) -> bool {
        self.loose.contains(&Tie::Leaves(i, to)) || self.loose.contains(&Tie::Stays(i, to))
    }

    fn node(&mut self, item: usize, part: Part, operation: Operation) -> NodeId {
        let Item { workspace, change, .. } = self.items[item];
        let (after, lets_go_of) = (Vec::new(), Vec::new());
        self.nodes.push(Node { workspace, change, part, operation, after, lets_go_of });
        self.nodes.len() - 1
    }

    fn edge(&mut self, first: Option<NodeId>, then: Option<NodeId>) {
        if let (Some(first), Some(then)) = (first, then)
            && first != then
        {
            self.edges.insert((first, then));
        }
    }

    /// An edge that can be loosened, unless it is already.
    fn tied(&mut self, tie: Tie, first: Option<NodeId>, then: Option<NodeId>) {
        if let (Some(first), Some(then)) = (first, then)
            && first != then
            && !self.loose.contains(&tie)
        {
            self.edges.insert((first, then));
            self.ties.entry(tie).or_default().insert((first, then));
        }
    }

    /// Order between the steps of one item.
    fn within_items(&mut self) {
        for i in 0..self.items.len() {
            let s = self.steps[i];
            self.edge(s.quiesce, s.clear_late);
            self.edge(s.quiesce, s.delete);
            self.edge(s.clear_late, s.delete);
            self.edge(s.clear_late, s.update);
            self.edge(s.clear_late, s.late);
            self.edge(s.create.or(s.update), s.late);
            self.edge(s.depose, s.create);
            if s.depose.is_some() {
                for going in [s.quiesce, s.delete] {
                    self.tied(Tie::Beside(i), s.create, going);
                    self.tied(Tie::Complete(i), s.late, going);
                }
            } else {
                self.edge(s.delete, s.create);
            }
        }
    }

    /// Whoever refers to something waits until it is there; what cannot be there beside something
    /// waits until that is gone.
    fn creations(&mut self) {
        let items = self.items;
        for (i, item) in items.iter().enumerate() {
            let s = self.steps[i];
            for &(to, part) in &item.needs {
                self.edge(self.steps[to].ready(part), s.create.or(s.update));
            }
            for &(to, part) in &item.late_needs {
                self.edge(self.steps[to].ready(part), s.late);
            }
            for &leaving in &item.makes_way {
                self.edge(self.steps[leaving].delete, s.create);
            }
        }
    }

    /// Whoever refers to something lets go of it before it is deleted.
    fn deletions(&mut self) {
        let items = self.items;
        for (i, item) in items.iter().enumerate() {
            let main = item.needs.iter().map(|(to, _)| to).chain(&item.live_refs);
            let late = item.late_needs.iter().map(|(to, _)| to).chain(&item.live_late_refs);
            let main: BTreeSet<usize> = main.copied().filter(|to| *to != i).collect();
            let late: BTreeSet<usize> = late.copied().filter(|to| *to != i).collect();
            for (to, is_late) in
                main.into_iter().map(|to| (to, false)).chain(late.into_iter().map(|to| (to, true)))
            {
                // Before the other one leaves its place, so that nothing of this one changes
                // meanwhile.
                let (s, t) = (self.steps[i], self.steps[to]);
                self.tied(Tie::Attached(i, to), s.delete, t.clear_late);
                if items[to].deletes() {
                    self.deletion(i, to, is_late);
                }
            }
        }
    }

    /// What an item does before another one, which it names, is deleted.
    fn deletion(&mut self, i: usize, to: usize, is_late: bool) {
        let (item, target) = (&self.items[i], &self.items[to]);
        let (s, t) = (self.steps[i], self.steps[to]);
        let names = if is_late { &item.live_late_refs } else { &item.live_refs };
        let is_live = names.contains(&to);
        if item.deletes() {
            match (is_late, is_live) {
                (true, true) if self.lets_go(i, to) => self.edge(s.clear_late, t.delete),
                (true, true) => {
                    self.tied(Tie::Leaves(i, to), s.delete, t.delete);
                    self.tied(Tie::Leaves(i, to), s.quiesce, t.quiesce);
                }
                (true, false) => self.tied(Tie::Declared(i, to), s.delete, t.delete),
                (false, _) => {
                    self.edge(s.delete, t.delete);
                    self.edge(s.quiesce, t.quiesce);
                }
            }
            return;
        }
        // The update that drops the reference, or moves to the new one.
        let update = if is_late { s.late } else { s.update };
        let spared = is_late || item.rules.lets_go && !item.holds_fast;
        match (is_live, spared) {
            (true, true) if self.lets_go(i, to) => self.edge(s.clear_late, t.delete),
            (true, true) => self.tied(Tie::Stays(i, to), update, t.delete),
            (true, false) => self.tied(Tie::Uses(i, to), update, t.delete),
            // One that is made anew under its old name stays named all the time.
            (false, _) if target.goes_first() => {}
            (false, _) if item.action == Action::Update => {
                self.tied(Tie::Declared(i, to), update, t.delete);
            }
            (false, _) => {}
        }
    }

    /// Order between types that no reference tells.
    fn types(&mut self) {
        let items = self.items;
        let mut by_type: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (i, item) in items.iter().enumerate() {
            by_type.entry(item.ty).or_default().push(i);
        }
        for (i, item) in items.iter().enumerate() {
            let all = |types: &'static [&'static str]| {
                types.iter().filter_map(|ty| by_type.get(ty)).flatten().copied()
            };
            let s = self.steps[i];
            for other in all(item.rules.created_after).filter(|o| item.builds_on(&items[*o])) {
                let o = self.steps[other];
                self.edge(o.create, s.create);
                self.edge(o.late, s.create.or(s.update));
                self.tied(Tie::Declared(i, other), o.update, s.create);
                self.edge(s.delete, o.delete);
            }
            let users = |o: &usize| items[*o].builds_on(item);
            for other in all(item.rules.deleted_after).filter(users) {
                let gone = self.steps[other].delete;
                self.edge(gone, s.quiesce.or(s.delete));
                if item.deletes() {
                    self.tied(Tie::Attached(other, i), gone, s.clear_late);
                } else if item.live_refs.iter().any(|to| items[*to].deletes()) {
                    // To leave what goes is as much as to go.
                    self.tied(Tie::Attached(other, i), gone, s.clear_late.or(s.update));
                }
            }
            for other in all(item.rules.quiesced_before) {
                let quiesced = self.steps[other].quiesce;
                self.edge(quiesced, s.delete);
                self.edge(quiesced, s.clear_late);
                // Who moves away from this one needs what is quiesced until then.
                for user in self.movers(i) {
                    self.edge(Some(user), quiesced);
                }
            }
        }
    }

    /// Updates of what stays and names an item that goes.
    fn movers(&self, to: usize) -> Vec<NodeId> {
        let users = self.items.iter().zip(&self.steps);
        let users = users.filter(|(item, _)| !item.deletes() && item.live_refs.contains(&to));
        users.filter_map(|(_, steps)| steps.update).collect()
    }

    /// Picks what to loosen of the circles there are: of the cheapest kind of tie in them, as few as
    /// break every circle which that kind can break.
    fn breakers(&self) -> BTreeSet<Tie> {
        let circles = sort::circles(self.nodes.len(), &self.edges);
        let inside = |(first, then): &(NodeId, NodeId)| {
            circles[*first].is_some() && circles[*first] == circles[*then]
        };
        let kind = std::mem::discriminant::<Tie>;
        let mut open: BTreeMap<Tie, Vec<(NodeId, NodeId)>> = BTreeMap::new();
        for (tie, edges) in &self.ties {
            if open.keys().next().is_some_and(|cheapest| kind(cheapest) != kind(tie)) {
                break;
            }
            let edges: Vec<_> = edges.iter().copied().filter(inside).collect();
            if !edges.is_empty() {
                open.insert(*tie, edges);
            }
        }
        let tied: BTreeSet<_> = open.values().flatten().copied().collect();
        let firm = self.edges.iter().copied().filter(|edge| inside(edge) && !tied.contains(edge));
        let mut reach = sort::Reach::new(self.nodes.len(), firm);
        let mut loosened = BTreeSet::new();
        for (tie, edges) in open {
            if edges.iter().any(|(first, then)| reach.leads(*then, *first)) {
                loosened.insert(tie);
            } else {
                edges.into_iter().for_each(|edge| reach.add(edge));
            }
        }
        loosened
    }

    fn in_cycle(&self) -> BTreeSet<usize> {
        let circles = sort::circles(self.nodes.len(), &self.edges);
        let inside = self.nodes.iter().zip(&circles).filter(|(_, circle)| circle.is_some());
        inside
            .filter_map(|(node, _)| {
                let same = |i: &Item| i.workspace == node.workspace && i.change == node.change;
                self.items.iter().position(same)
            })
            .collect()
    }
}
