//! The plan as data: what would change, why, in which order. Written by the planner, shown by `ui`,
//! interpreted by the executor, saved to a file.

use super::resource::ReplaceOrder;
use crate::aws::Scope;
use crate::stack::Address;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// What happens to a resource.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing.
    None,
    /// It is made.
    Create,
    /// It is changed in place; a moved address or a tag counts too.
    Update,
    /// It is deleted and made anew.
    Replace,
    /// It is deleted.
    Delete,
}

/// Why a resource is not left alone, beyond its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Reason {
    /// Not in the account.
    Missing,
    /// Fields differ in place.
    Changed,
    /// Fields differ that cannot be changed in place; their paths.
    Immutable {
        /// Paths of the fields.
        fields: Vec<String>,
    },
    /// The live one failed or cannot be used.
    Failed {
        /// What AWS says.
        why: String,
    },
    /// The live one failed, and an update tries again.
    TriedAgain {
        /// What AWS says.
        why: String,
    },
    /// It uses an object that is deleted to be made anew, and cannot let go of it in place.
    Uses {
        /// Address of what it uses.
        address: Address,
    },
    /// Asked for with `--replace`.
    Requested,
    /// In the account and carries our tags, but is not in the stack file.
    NotInStack,
    /// Its `when` is false now, or its key left `for_each`.
    NoInstance,
    /// Replaced by a newer one in an earlier run.
    Deposed,
    /// `destroy`.
    Destroy,
    /// The address changed under `[moved]`.
    Moved,
    /// Nothing differs, but it is not ready: what made or changed it did not wait to the end.
    Settling {
        /// What AWS calls its state.
        state: String,
    },
}

/// The new value of a field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum After {
    /// Known now; null means gone.
    Known(Json),
    /// Known after apply; what it waits for, e.g. `vpc.main.id`.
    Unknown(Vec<String>),
}

/// One field that changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Path, e.g. `cidr_block`, `tags.Name`, `ingress` (an element added to or removed from a set
    /// has the path of the set, with `before` or `after` null).
    pub path: String,
    /// Live value; null when there is none.
    pub before: Json,
    /// Wanted value. Values inside may be placeholders of unknown ones.
    pub after: After,
    /// Never show before and after.
    #[serde(default)]
    pub sensitive: bool,
    /// Forces a replacement.
    #[serde(default)]
    pub forces_replacement: bool,
    /// Set in the late step.
    #[serde(default)]
    pub late: bool,
}

/// Why a change will not be made, though it is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Blocked {
    /// `protect` is set; the flag that unlocks it is `--allow-protected ADDRESS`.
    Protected,
    /// It holds data; the flag is `--allow-data-loss ADDRESS`. The text says how much.
    DataLoss {
        /// E.g. `12 images`.
        what: String,
    },
    /// Something that stays uses it.
    Needed {
        /// Address of what stays.
        by: Address,
        /// Why that stays; `None` when filters leave it out of the plan.
        because: Option<Box<Blocked>>,
    },
}

/// What happens to one resource: one change per address. A deposed object has one of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Where in the stack, or where it was.
    pub address: Address,
    /// What happens.
    pub action: Action,
    /// Why; absent when nothing happens.
    pub reason: Option<Reason>,
    /// The address it had before, under `[moved]`.
    pub moved_from: Option<Address>,
    /// Id of the live object, when there is one.
    pub id: Option<String>,
    /// The live object is one replaced earlier.
    #[serde(default)]
    pub deposed: bool,
    /// Which side of a replacement comes first.
    pub replace_order: Option<ReplaceOrder>,
    /// What differs. For a creation every field given; for a deletion empty.
    pub fields: Vec<FieldChange>,
    /// Fields that differ and stay as they are, because others decide them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<LeftField>,
    /// Addresses this change waits for.
    pub depends_on: Vec<Address>,
    /// Set when the change is wanted but will not be made.
    pub blocked: Option<Blocked>,
    /// The user allows the data it holds to be lost.
    #[serde(default)]
    pub loses_data: bool,
    /// The user allows its protection to be overridden.
    #[serde(default)]
    pub unprotects: bool,
    /// Digest of id, identity tags and compared fields of the live object, as seen.
    pub fingerprint: Option<String>,
}

impl Change {
    /// Makes the change of an object that stays as it is.
    pub fn none(address: Address) -> Self {
        Self {
            address,
            action: Action::None,
            reason: None,
            moved_from: None,
            id: None,
            deposed: false,
            replace_order: None,
            fields: Vec::new(),
            left: Vec::new(),
            depends_on: Vec::new(),
            blocked: None,
            loses_data: false,
            unprotects: false,
            fingerprint: None,
        }
    }
}

/// A field that differs and stays as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeftField {
    /// Path of the field.
    pub path: String,
    /// Its value, which stays; null where it is hidden.
    pub value: Json,
    /// Who decides it.
    pub owner: String,
}

/// An output before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputChange {
    /// Name.
    pub name: String,
    /// Value now, when all it needs is live; null otherwise.
    pub before: Json,
    /// Value after apply.
    pub after: After,
    /// Never show it.
    #[serde(default)]
    pub sensitive: bool,
}

/// Which step of a resource's life a node is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The resource itself.
    Main,
    /// Its late fields.
    Late,
    /// The first step of its deletion.
    Quiesce,
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Creates, waits until ready, then updates what the creating call could not take.
    Create,
    /// Updates in place, tags among it; of a `Late` part: the late fields.
    Update,
    /// Deletes and waits until gone; of a `Late` part: lets go of what is deleted later on.
    Delete,
    /// Marks the old one of a create-first replacement as deposed.
    Depose,
}

/// Index of a node in [`Plan::nodes`].
pub type NodeId = usize;

/// One step of the executor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Index of the workspace in [`Plan::workspaces`].
    pub workspace: usize,
    /// Index of the change in that workspace.
    pub change: usize,
    /// Which step.
    pub part: Part,
    /// What it does.
    pub operation: Operation,
    /// Nodes that must be done first.
    pub after: Vec<NodeId>,
    /// Ids and ARNs of what is deleted later on: an object that names them lets go of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lets_go_of: Vec<String>,
}

/// What happens in one workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkspacePlan {
    /// Name.
    pub name: String,
    /// Changes, ordered by address; those with action `None` among them.
    pub changes: Vec<Change>,
    /// Outputs that change or are not known yet.
    pub outputs: Vec<OutputChange>,
}

/// What a plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Make the account like the stack.
    Apply,
    /// Delete what the workspaces own.
    Destroy,
}

/// Everything that would change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What it is for.
    pub mode: Mode,
    /// Whose resources.
    pub scope: Scope,
    /// The account it was made for.
    pub account_id: String,
    /// Per workspace.
    pub workspaces: Vec<WorkspacePlan>,
    /// The steps with their order, over all workspaces; acyclic.
    pub nodes: Vec<Node>,
    /// Sentences worth reading before saying yes.
    pub warnings: Vec<String>,
    /// AWS calls made to read the account.
    pub api_calls: u64,
    /// The same by `service.Operation`.
    pub calls_by_operation: BTreeMap<String, u64>,
}

/// How many changes of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// To create.
    pub create: usize,
    /// To update in place.
    pub update: usize,
    /// To replace.
    pub replace: usize,
    /// To delete.
    pub delete: usize,
    /// Left alone.
    pub unchanged: usize,
    /// Wanted but blocked.
    #[serde(skip)]
    pub blocked: usize,
}

impl Plan {
    /// Counts the changes that would be made.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for change in self.workspaces.iter().flat_map(|w| &w.changes) {
            if change.blocked.is_some() {
                summary.blocked += 1;
                continue;
            }
            match change.action {
                Action::None => summary.unchanged += 1,
                Action::Create => summary.create += 1,
                Action::Update => summary.update += 1,
                Action::Replace => summary.replace += 1,
                Action::Delete => summary.delete += 1,
            }
        }
        summary
    }

    /// Tells whether there is anything to do, or an output that would change.
    pub fn has_changes(&self) -> bool {
        self.workspaces
            .iter()
            .any(|w| !w.outputs.is_empty() || w.changes.iter().any(|c| c.action != Action::None))
    }

    /// The change a node belongs to.
    pub fn change(&self, node: NodeId) -> &Change {
        let node = &self.nodes[node];
        &self.workspaces[node.workspace].changes[node.change]
    }
}
