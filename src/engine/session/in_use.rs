//! What live resources of other workspaces use: it is not destroyed under their feet.

use super::Session;
use crate::engine::plan::{Action, Plan};
use crate::engine::references::LiveReferences;
use crate::engine::resource::{LiveObject, Snapshot, Status};
use crate::stack::{Address, BlockId, Diagnostic, Kind, Workspace};
use std::collections::{BTreeMap, BTreeSet};

/// A live resource of a workspace.
type Place<'a> = (&'a str, &'a Address, &'a LiveObject);

impl Session {
    /// Refuses a destruction of what live resources of other workspaces use, and names these.
    ///
    /// Two things say that one uses the other: ids and ARNs in the account, and the stack files,
    /// where one refers to an output made of the other. The latter knows of names as well, the
    /// former of workspaces without a file.
    pub(super) fn in_use(&self, plan: &Plan, snapshot: &Snapshot) -> Option<Diagnostic> {
        let scope = self.scope();
        let going = going(plan, snapshot);
        let names: BTreeSet<&str> = plan.workspaces.iter().map(|w| w.name.as_str()).collect();
        let owned = snapshot.iter().flat_map(|(ty, all)| all.iter().map(move |live| (ty, live)));
        // By id too: one that was replaced lives beside its successor.
        let staying: BTreeMap<(String, Address, &str), &LiveObject> = owned
            .filter(|(_, live)| !matches!(live.status, Status::Deleting(_)))
            .filter_map(|(ty, live)| {
                let owner = scope.owner(&live.tags)?;
                let other = owner.address.ty == *ty && !names.contains(owner.workspace.as_str());
                other.then_some(((owner.workspace, owner.address, live.id.as_str()), live))
            })
            .collect();
        if going.is_empty() || staying.is_empty() {
            return None;
        }
        let references = LiveReferences::new(going.iter().map(|(_, _, live)| Some(*live)));
        let mut files = Files { session: self, parsed: BTreeMap::new() };
        let mut users = Vec::new();
        for ((workspace, address, _), live) in &staying {
            let mut used = references.all(live, usize::MAX);
            used.extend(files.used_by(workspace, address, &going));
            if !used.is_empty() {
                let used = used.into_iter().map(|index| going[index]).collect();
                users.push(((workspace.as_str(), address, *live), used));
            }
        }
        if users.is_empty() { None } else { Some(refusal(&names, &users)) }
    }
}

/// What the plan deletes.
fn going<'a>(plan: &'a Plan, snapshot: &'a Snapshot) -> Vec<Place<'a>> {
    let changes = plan.workspaces.iter().flat_map(|w| w.changes.iter().map(move |c| (w, c)));
    let goes = changes.filter(|(_, c)| c.action == Action::Delete && c.blocked.is_none());
    goes.filter_map(|(workspace, change)| {
        let mut of_type = snapshot.get(&change.address.ty)?.iter();
        let live = of_type.find(|live| Some(&live.id) == change.id.as_ref())?;
        Some((workspace.name.as_str(), &change.address, live))
    })
    .collect()
}

/// Stack files, each read once.
struct Files<'a> {
    session: &'a Session,
    parsed: BTreeMap<String, Option<Workspace>>,
}

impl Files<'_> {
    /// The file of a workspace; none of one without a file, or with one that cannot be read.
    fn of(&mut self, name: &str) -> Option<&Workspace> {
        let session = self.session;
        let read = || session.parse(name).ok();
        self.parsed.entry(name.to_owned()).or_insert_with(read).as_ref()
    }

    /// What a resource of another workspace uses according to its file, by position.
    fn used_by(
        &mut self,
        workspace: &str,
        address: &Address,
        going: &[Place<'_>],
    ) -> BTreeSet<usize> {
        let block = BlockId::resource(&address.ty, &address.name);
        let Some(file) = self.of(workspace) else { return BTreeSet::new() };
        let wholly: BTreeSet<String> = file.depends_on.iter().cloned().collect();
        let mut blocks: BTreeSet<(String, BlockId)> = BTreeSet::new();
        for (other, output) in file.outputs_needed_by(&block) {
            let made_of = self.of(&other).map(|w| w.blocks_of_output(&output)).unwrap_or_default();
            blocks.extend(made_of.into_iter().map(|block| (other.clone(), block)));
        }
        let uses = |(of, at, _): &Place<'_>| {
            let block = BlockId::resource(&at.ty, &at.name);
            wholly.contains(*of) || blocks.contains(&((*of).to_owned(), block))
        };
        let numbered = going.iter().enumerate();
        numbered.filter(|(_, place)| uses(place)).map(|(index, _)| index).collect()
    }
}

/// Most of what one resource uses that is named.
const NAMED: usize = 3;

fn refusal(names: &BTreeSet<&str>, users: &[(Place<'_>, Vec<Place<'_>>)]) -> Diagnostic {
    let quoted = |names: &BTreeSet<&str>, mark: &str| {
        names.iter().map(|name| format!("{mark}{name}{mark}")).collect::<Vec<_>>()
    };
    let others: BTreeSet<&str> = users.iter().map(|((workspace, ..), _)| *workspace).collect();
    let used: BTreeSet<&str> =
        users.iter().flat_map(|(_, used)| used).map(|(workspace, ..)| *workspace).collect();
    let message = match users.len() {
        1 => "a live resource of another workspace uses it".to_owned(),
        number if others.len() == 1 => {
            format!("{number} live resources of another workspace use it")
        }
        number => format!("{number} live resources of other workspaces use it"),
    };
    let message = format!("{} cannot be destroyed: {message}", quoted(&used, "`").join(" and "));
    let mut problem = Diagnostic::error("in_use", message).kind(Kind::Blocked);
    for ((workspace, address, live), used) in users {
        let mut uses: Vec<String> =
            used.iter().take(NAMED).map(|(_, at, _)| at.to_string()).collect();
        if used.len() > NAMED {
            uses.push(format!("{} more", used.len() - NAMED));
        }
        let uses = uses.join(", ");
        problem = problem.note(format!("`{workspace}`: {address} ({}) uses {uses}", live.id));
    }
    let all: BTreeSet<&str> = names.union(&others).copied().collect();
    let first = quoted(&others, "").join(" ");
    let all = quoted(&all, "").join(" ");
    problem.hint(format!("`infra destroy {first}` first, or all at once: `infra destroy {all}`"))
}
