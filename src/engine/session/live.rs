//! What the account has of the workspaces: outputs and owned resources.

use super::Session;
use crate::aws::Cx;
use crate::engine::planner::PlanOptions;
use crate::engine::resource::LiveObject;
use crate::engine::snapshot::{self, Names};
use crate::stack::{Address, Diagnostics};
use indexmap::IndexMap;

/// A live resource of ours.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Owned {
    /// Its workspace.
    pub workspace: String,
    /// Its address.
    pub address: Address,
    /// What the account has.
    pub live: LiveObject,
}

impl Session {
    /// Evaluates the outputs of a workspace against the live account. An output that needs
    /// something not there is unknown.
    pub async fn outputs(
        &self,
        cx: &Cx,
        name: &str,
    ) -> Result<IndexMap<String, crate::stack::OutputValue>, Diagnostics> {
        let names = [name.to_owned()];
        let planned = self.compare(cx, &names, &PlanOptions::default()).await?;
        planned.stack.live_outputs(name, &planned.snapshot)
    }

    /// Lists what the workspaces own, by workspace and address.
    pub async fn owned(&self, cx: &Cx, names: &[String]) -> Result<Vec<Owned>, Diagnostics> {
        let snapshot = snapshot::read(&self.registry, cx, names, &Names::new(), None).await?;
        let scope = self.scope();
        let mut owned = Vec::new();
        for (ty, objects) in snapshot {
            for live in objects {
                let Some(owner) = scope.owner(&live.tags) else { continue };
                if owner.address.ty == ty && (names.is_empty() || names.contains(&owner.workspace))
                {
                    owned.push(Owned { workspace: owner.workspace, address: owner.address, live });
                }
            }
        }
        owned.sort_by(|a, b| (&a.workspace, &a.address).cmp(&(&b.workspace, &b.address)));
        Ok(owned)
    }
}
