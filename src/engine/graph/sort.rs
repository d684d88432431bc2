//! Sorting the steps of a plan: orders, circles, and edges that follow from others.

use crate::engine::plan::{Node, NodeId};
use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::DiGraph;
use std::collections::BTreeSet;

fn directed(nodes: usize, edges: &BTreeSet<(NodeId, NodeId)>) -> DiGraph<(), ()> {
    let mut graph = DiGraph::new();
    let ids: Vec<_> = (0..nodes).map(|_| graph.add_node(())).collect();
    for &(first, then) in edges {
        graph.add_edge(ids[first], ids[then], ());
    }
    graph
}

/// Sorts nodes so that each comes after those it waits for; `None` when some wait in a circle.
pub(super) fn order(nodes: usize, edges: &BTreeSet<(NodeId, NodeId)>) -> Option<Vec<NodeId>> {
    let sorted = toposort(&directed(nodes, edges), None).ok()?;
    Some(sorted.into_iter().map(petgraph::graph::NodeIndex::index).collect())
}

/// Numbers the circles: of each node, the one it is in.
pub(super) fn circles(nodes: usize, edges: &BTreeSet<(NodeId, NodeId)>) -> Vec<Option<usize>> {
    let mut circle = vec![None; nodes];
    let components = tarjan_scc(&directed(nodes, edges));
    for (number, members) in components.into_iter().filter(|c| c.len() > 1).enumerate() {
        for member in members {
            circle[member.index()] = Some(number);
        }
    }
    circle
}

/// Which nodes can be reached from which.
pub(super) struct Reach(Vec<Vec<NodeId>>);

impl Reach {
    pub(super) fn new(nodes: usize, edges: impl IntoIterator<Item = (NodeId, NodeId)>) -> Self {
        let mut reach = Self(vec![Vec::new(); nodes]);
        edges.into_iter().for_each(|edge| reach.add(edge));
        reach
    }

    pub(super) fn add(&mut self, (first, then): (NodeId, NodeId)) {
        self.0[first].push(then);
    }

    /// Tells whether there is a way along the edges.
    pub(super) fn leads(&self, from: NodeId, to: NodeId) -> bool {
        let mut seen = vec![false; self.0.len()];
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            if at == to {
                return true;
            }
            if !std::mem::replace(&mut seen[at], true) {
                open.extend(&self.0[at]);
            }
        }
        false
    }
}

/// Puts the nodes into an order in which each comes after those it waits for, without edges that
/// follow from others.
pub(super) fn renumber(
    nodes: Vec<Node>,
    edges: &BTreeSet<(NodeId, NodeId)>,
    sorted: &[NodeId],
) -> Vec<Node> {
    let mut position = vec![0; sorted.len()];
    for (at, &node) in sorted.iter().enumerate() {
        position[node] = at;
    }
    let mut after: Vec<BTreeSet<NodeId>> = vec![BTreeSet::new(); sorted.len()];
    for &(first, then) in edges {
        after[position[then]].insert(position[first]);
    }
    reduce(&mut after);
    let mut nodes: Vec<Option<Node>> = nodes.into_iter().map(Some).collect();
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
