//! The stack as the executor evaluates it: again and again, as objects become known.

use crate::aws::ownership::PROTECT;
use crate::aws::{Cx, Scope, Tags};
use crate::engine::planner::{self, DataResults};
use crate::engine::resource::{LiveObject, Registry, Snapshot, Step};
use crate::engine::snapshot;
use crate::engine::wanted::{Fields, Wanted, WantedObject};
use crate::engine::world::{self, Source, World};
use crate::stack::value::is_placeholder;
use crate::stack::{Address, BlockId, BoundWorkspace, Diagnostic, Diagnostics, Value};
use futures::future::BoxFuture;
use indexmap::IndexMap;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

struct State {
    world: World,
    data: DataResults,
}

/// The stack, evaluated as objects become known.
pub struct StackWanted {
    registry: Arc<Registry>,
    scope: Scope,
    bound: Vec<(BoundWorkspace, bool)>,
    state: RwLock<State>,
}

impl StackWanted {
    /// What these workspaces want, evaluated as far as objects and data sources are known.
    pub(super) fn new(
        registry: Arc<Registry>,
        scope: Scope,
        bound: Vec<(BoundWorkspace, bool)>,
        (world, data): (World, DataResults),
    ) -> Self {
        Self { registry, scope, bound, state: RwLock::new(State { world, data }) }
    }

    fn bound(&self, workspace: &str) -> Option<&BoundWorkspace> {
        self.bound.iter().map(|(b, _)| b).find(|b| b.workspace.name == workspace)
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Evaluates outputs of other workspaces of the run that a workspace needs and that were not
    /// known when they were evaluated last.
    fn refresh_outputs(&self, bound: &BoundWorkspace) -> Result<(), Diagnostics> {
        for (workspace, name) in bound.needs_outputs() {
            let Some(other) = self.bound(&workspace) else { continue };
            let known =
                |s: &State| s.world.output(&workspace, &name).is_none_or(|v| !v.contains_unknown());
            if known(&self.state()) {
                continue;
            }
            self.refresh_outputs(other)?;
            let value = {
                let state = self.state();
                let output = other.output(&name, &state.world.view(&workspace))?;
                let reference = format!("{workspace}.outputs.{name}");
                world::renamed(&output.value, &reference).mark_if(output.sensitive)
            };
            self.state_mut().world.set_output(&workspace, &name, value);
        }
        Ok(())
    }

    /// Evaluates the outputs of a workspace with what is known now.
    pub fn outputs(
        &self,
        workspace: &str,
    ) -> Result<IndexMap<String, crate::stack::OutputValue>, Diagnostics> {
        let Some(bound) = self.bound(workspace) else { return Ok(IndexMap::new()) };
        self.refresh_outputs(bound)?;
        bound.outputs(&self.state().world.view(workspace))
    }

    /// Evaluates the outputs of a workspace against what the account has, not what is planned.
    pub(super) fn live_outputs(
        &self,
        workspace: &str,
        snapshot: &Snapshot,
    ) -> Result<IndexMap<String, crate::stack::OutputValue>, Diagnostics> {
        for objects in snapshot.values() {
            for live in objects {
                if let Some(owner) = self.scope.owner(&live.tags)
                    && owner.workspace == workspace
                    && !crate::aws::ownership::is_deposed(&live.tags)
                {
                    self.known(workspace, &owner.address, live);
                }
            }
        }
        self.outputs(workspace)
    }
}

impl Wanted for StackWanted {
    fn wanted(
        &self,
        workspace: &str,
        address: &Address,
        fields: Fields,
    ) -> Result<WantedObject, Diagnostics> {
        let block = BlockId::resource(&address.ty, &address.name);
        let (Some(bound), Some(handler)) = (self.bound(workspace), self.registry.get(&address.ty))
        else {
            let problem = format!("{address} is not in the stack");
            return Err(Diagnostic::error("unknown_address", problem).into());
        };
        self.refresh_outputs(bound)?;
        let wanted = planner::evaluate_one(
            (&self.scope, handler),
            bound,
            (&block, address.key.as_deref()),
            fields,
            &self.state().world.view(workspace),
        )?;
        let mut tags = Tags::new();
        for (name, value) in wanted.tags {
            match value {
                Json::String(s) if !is_placeholder(&s) => {
                    tags.insert(name, s);
                }
                _ => {
                    let problem = format!("{address}: tag `{name}` is still not known");
                    return Err(Diagnostic::error("unknown_value", problem).into());
                }
            }
        }
        let without_tags = if wanted.protect { Vec::new() } else { vec![PROTECT.to_owned()] };
        Ok(WantedObject { spec: wanted.spec, tags, without_tags })
    }

    fn known(&self, workspace: &str, address: &Address, live: &LiveObject) {
        let Some(handler) = self.registry.get(&address.ty) else { return };
        let block = BlockId::resource(&address.ty, &address.name);
        let none = (&Json::Null, &BTreeSet::new());
        let value = world::object(handler.entry(), address, none, Source::Live(live));
        self.state_mut().world.set(workspace, &block, address.key.as_deref(), value);
    }

    fn gone(&self, _: &str, _: &Address) {}

    fn refresh<'a>(
        &'a self,
        cx: &'a Cx,
        workspace: &'a str,
        address: &'a Address,
    ) -> BoxFuture<'a, Result<(), Diagnostics>> {
        Box::pin(async move {
            let Some(bound) = self.bound(workspace) else { return Ok(()) };
            for block in data_needed(bound, address) {
                self.refresh_data(cx, bound, &block).await?;
            }
            Ok(())
        })
    }

    fn timeout(&self, workspace: &str, address: &Address, step: Step) -> Option<Duration> {
        let block = BlockId::resource(&address.ty, &address.name);
        let timeouts = self.bound(workspace)?.workspace.blocks.get(&block)?.timeouts;
        match step {
            Step::Create => timeouts.create,
            Step::Update => timeouts.update,
            Step::Delete => timeouts.delete,
        }
    }
}

impl StackWanted {
    /// Reads a data source whose filters were unknown at plan and are known now.
    async fn refresh_data(
        &self,
        cx: &Cx,
        bound: &BoundWorkspace,
        block: &BlockId,
    ) -> Result<(), Diagnostics> {
        let workspace = bound.workspace.name.as_str();
        let Some(reader) = self.registry.data.get(block.ty.as_str()) else { return Ok(()) };
        let world = self.state().world.clone();
        let view = world.view(workspace);
        for key in bound.instances(block, &view)? {
            let key = key.as_deref();
            let evaluated = bound.evaluate(block, key, Fields::All, &view)?;
            if !evaluated.attributes.unknown.is_empty() {
                continue;
            }
            let filters = reader.normalize(&evaluated.attributes.json).map_err(|e| {
                let message = evaluated.attributes.masked(&e.message);
                Diagnostic::error("invalid_value", format!("{block}: {message}"))
                    .at_location(Some(evaluated.locate_text(&e.path)))
            })?;
            let request = (block.ty.clone(), filters.to_string());
            if self.state().data.contains_key(&request) {
                continue;
            }
            let read = snapshot::read_data(&self.registry, cx, [request.clone()]).await?;
            let found = read.get(&request).cloned().unwrap_or_default();
            let [one] = found.as_slice() else {
                let at = bound.workspace.blocks.get(block).map(|b| b.at.clone());
                let problem = format!("{block}: {} found; one is needed", found.len());
                return Err(Diagnostic::error("data_source", problem).at_location(at).into());
            };
            let value: Value = world::from_json(one);
            let mut state = self.state_mut();
            state.world.set(workspace, block, key, value);
            state.data.extend(read);
        }
        Ok(())
    }
}

/// Data sources a resource refers to, directly or not.
fn data_needed(bound: &BoundWorkspace, address: &Address) -> Vec<BlockId> {
    use crate::stack::{BlockKind, UnitPart};
    let block = BlockId::resource(&address.ty, &address.name);
    let mut found: Vec<BlockId> = Vec::new();
    let mut open = vec![block];
    while let Some(at) = open.pop() {
        for part in [UnitPart::Main, UnitPart::Late, UnitPart::Data] {
            for (to, _) in bound.references_of(&at, part) {
                if to.kind == BlockKind::Data && !found.contains(&to) {
                    found.push(to.clone());
                    open.push(to);
                }
            }
        }
    }
    found.reverse();
    found
}
