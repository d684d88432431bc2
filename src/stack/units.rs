//! The order of evaluation: blocks, split into main and late parts, after what they refer to.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use indexmap::IndexMap;

use super::catalog::BlockKind;
use super::check::{Use, Uses, What, Which};
use super::document::Report;
use super::workspace::{Block, BlockId, Unit, UnitPart};

/// Units in dependency order.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    pub(super) units: Vec<Unit>,
    /// What each part refers to directly, itself aside.
    pub(super) references: BTreeMap<Key, BTreeSet<Key>>,
    /// Which instances, for those references that all name one.
    pub(super) named: BTreeMap<(Key, Key), BTreeSet<Which>>,
}

type Key = (BlockId, UnitPart);

/// An edge with which instances it is to and the place of the reference that makes it; a late part
/// needs its main part without.
type Edges = Vec<(Key, Which, Option<Range<usize>>)>;

impl Graph {
    /// Orders the parts of the blocks. A cycle is reported with each of its steps.
    pub(super) fn new(
        blocks: &IndexMap<BlockId, Block>,
        uses: &BTreeMap<BlockId, Uses>,
        is_late: &dyn Fn(&str, &str) -> bool,
        report: &mut Report,
    ) -> Self {
        let has_late = |id: &BlockId| uses.get(id).is_some_and(|u| u.has_late);
        let parts = |used: &Use| -> Vec<UnitPart> {
            let target = &used.target;
            if target.kind == BlockKind::Data {
                return vec![UnitPart::Data];
            }
            match &used.what {
                What::Attribute(name) if has_late(target) && is_late(&target.ty, name) => {
                    vec![UnitPart::Late]
                }
                What::Whole if has_late(target) => vec![UnitPart::Main, UnitPart::Late],
                _ => vec![UnitPart::Main],
            }
        };
        let edges_of = |used: &[Use]| -> Edges {
            used.iter()
                .flat_map(|u| {
                    parts(u).into_iter().map(move |part| {
                        ((u.target.clone(), part), u.which.clone(), Some(u.at.clone()))
                    })
                })
                .collect()
        };
        let mut edges: IndexMap<Key, Edges> = IndexMap::new();
        for (id, block) in blocks {
            let none = Uses::default();
            let used = uses.get(id).unwrap_or(&none);
            let mut main = edges_of(&used.main);
            for other in &block.depends_on {
                let (which, what) = (Which::Any, What::Whole);
                let at = block.at.range.clone();
                main.extend(edges_of(&[Use { target: other.clone(), which, what, at }]));
            }
            if id.kind == BlockKind::Data {
                edges.insert((id.clone(), UnitPart::Data), main);
                continue;
            }
            edges.insert((id.clone(), UnitPart::Main), main);
            if used.has_late {
                let mut late = edges_of(&used.late);
                late.push(((id.clone(), UnitPart::Main), Which::Any, None));
                edges.insert((id.clone(), UnitPart::Late), late);
            }
        }
        Self::ordered(&edges, report)
    }

    fn ordered(edges: &IndexMap<Key, Edges>, report: &mut Report) -> Self {
        let mut walk = Walk {
            edges,
            report,
            done: BTreeMap::new(),
            path: Vec::new(),
            units: Vec::new(),
            told: BTreeSet::new(),
        };
        for key in edges.keys() {
            walk.visit(key);
        }
        let units = walk.units;
        let references = edges
            .iter()
            .map(|(key, edges)| {
                let others = edges.iter().map(|(to, ..)| to).filter(|to| to.0 != key.0);
                (key.clone(), others.cloned().collect())
            })
            .collect();
        Self { units, references, named: named(edges) }
    }
}

/// Finds the references that name their instances one by one; one that may be to any of them
/// outweighs the others to the same block.
fn named(edges: &IndexMap<Key, Edges>) -> BTreeMap<(Key, Key), BTreeSet<Which>> {
    let mut named: BTreeMap<(Key, Key), BTreeSet<Which>> = BTreeMap::new();
    for (from, edges) in edges {
        for (to, which, _) in edges {
            named.entry((from.clone(), to.clone())).or_default().insert(which.clone());
        }
    }
    named.retain(|_, which| !which.contains(&Which::Any));
    named
}

struct Walk<'a, 'r> {
    edges: &'a IndexMap<Key, Edges>,
    report: &'r mut Report,
    /// Positions of the units made so far.
    done: BTreeMap<&'a Key, usize>,
    path: Vec<&'a Key>,
    units: Vec<Unit>,
    /// Cycles reported already, by their members.
    told: BTreeSet<BTreeSet<&'a Key>>,
}

impl<'a> Walk<'a, '_> {
    fn visit(&mut self, key: &'a Key) {
        if self.done.contains_key(key) {
            return;
        }
        if let Some(start) = self.path.iter().position(|k| *k == key) {
            return self.circle(start);
        }
        let Some(edges) = self.edges.get(key) else { return };
        self.path.push(key);
        for (to, ..) in edges {
            if let Some((to, _)) = self.edges.get_key_value(to) {
                self.visit(to);
            }
        }
        self.path.pop();
        let needs: BTreeSet<usize> =
            edges.iter().filter_map(|(to, ..)| self.done.get(to).copied()).collect();
        self.done.insert(key, self.units.len());
        self.units.push(Unit {
            block: key.0.clone(),
            part: key.1,
            needs: needs.into_iter().collect(),
        });
    }

    fn circle(&mut self, start: usize) {
        let members = &self.path[start..];
        if !self.told.insert(members.iter().copied().collect()) {
            return;
        }
        // Steps from a late part to its main part are no references anyone wrote.
        let mut steps = Vec::new();
        for (at, from) in members.iter().enumerate() {
            let to = members[(at + 1) % members.len()];
            let place = self.edges[*from].iter().find(|(k, _, at)| k == to && at.is_some());
            if let Some((.., Some(place))) = place {
                steps.push((&from.0, &to.0, place.clone()));
            }
        }
        let Some((first, _, at)) = steps.first() else { return };
        let mut names = vec![first.to_string()];
        names.extend(steps.iter().map(|(_, to, _)| to.to_string()));
        let message = if steps.len() == 1 {
            format!("`{first}` refers to itself")
        } else {
            format!("these need each other in a circle: {}", names.join(" → "))
        };
        let mut problem = self.report.error("cycle", at, message);
        if steps.len() > 1 {
            let words = |from: &BlockId, to: &BlockId| format!("`{from}` needs `{to}`");
            problem = problem.label(words(steps[0].0, steps[0].1));
            for (from, to, place) in &steps[1..] {
                problem = problem.related(self.report.location(place), words(from, to));
            }
        }
        self.report.push(problem);
    }
}
