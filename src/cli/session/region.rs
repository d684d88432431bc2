//! One region of a run.

use super::{Request, lock};
use crate::aws::{Cx, connect};
use crate::engine::apply;
use crate::engine::event::Observer;
use crate::engine::plan::{Mode, Plan};
use crate::engine::planner::GlobalName;
use crate::engine::resource::{Handler, Status};
use crate::engine::session::{Owned, Planned, Session};
use crate::stack::{self, Diagnostic, Diagnostics, Kind};
use crate::ui::show::{LiveResource, OutputValue, WorkspaceOutputs};
use crate::ui::text::count;
use std::collections::BTreeMap;
use std::sync::Mutex;
use tokio::sync::OnceCell;

/// One region of the run.
pub(super) struct Region {
    pub(super) session: Session,
    connection: connect::Options,
    cx: OnceCell<Cx>,
    planned: Mutex<Option<(Planned, tokio::time::Instant)>>,
}

impl Region {
    /// Makes a region that is not connected yet.
    pub(super) fn new(session: Session, connection: connect::Options) -> Self {
        Self { session, connection, cx: OnceCell::new(), planned: Mutex::new(None) }
    }

    /// Names of what was last planned that count in all regions.
    pub(super) fn global_names(&self) -> Vec<GlobalName> {
        let planned = lock(&self.planned);
        planned.as_ref().map(|(planned, _)| planned.global_names.clone()).unwrap_or_default()
    }

    /// Access to the account; asked for once.
    pub(super) async fn cx(&self) -> Result<&Cx, Diagnostics> {
        let connect = || async { Cx::connect(self.connection.clone()).await };
        self.cx.get_or_try_init(connect).await.map_err(Diagnostics::from)
    }

    /// Plans, and remembers all it takes to carry it out.
    pub(super) async fn plan(&self, request: &Request) -> Result<Plan, Diagnostics> {
        let files: Vec<String> = self.session.project.workspaces.keys().cloned().collect();
        let names = if request.workspaces.is_empty() { &files } else { &request.workspaces };
        if let Some(name) = names.iter().find(|n| !files.contains(n)) {
            return Err(self.session.unknown_workspace(name).into());
        }
        if request.mode == Mode::Apply {
            if files.is_empty() {
                return Err(self.session.no_workspaces().into());
            }
            // Everything the files alone can tell is told before the account is asked.
            let problems = self.session.validate(names);
            if problems.has_errors() {
                return Err(problems);
            }
        }
        let cx = self.cx().await?;
        let planned = match request.mode {
            Mode::Apply if request.compares => {
                self.session.compare(cx, names, &request.options).await?
            }
            Mode::Apply => self.session.plan(cx, names, &request.options).await?,
            Mode::Destroy => {
                self.session.plan_destroy(cx, &request.workspaces, &request.options).await?
            }
        };
        let plan = planned.plan.clone();
        *lock(&self.planned) = Some((planned, tokio::time::Instant::now()));
        Ok(plan)
    }

    /// Carries out what was planned last, and returns the outputs after.
    pub(super) async fn apply(
        &self,
        observer: &dyn Observer,
        options: apply::Options,
    ) -> Result<Vec<WorkspaceOutputs>, Diagnostics> {
        let Some((planned, at)) = lock(&self.planned).take() else { return Ok(Vec::new()) };
        let cx = self.cx().await?;
        let input = apply::Input {
            plan: &planned.plan,
            registry: &self.session.registry,
            cx,
            wanted: &planned.stack,
            live: &planned.snapshot,
            observer,
        };
        let options = apply::Options { planned_at: options.planned_at.map(|_| at), ..options };
        let outcome = apply::apply(input, options).await;
        let mut problems = Diagnostics::new();
        for failed in &outcome.failed {
            problems.extend(failed.diagnostics.clone());
        }
        if outcome.stopped {
            let left = outcome.left.len() + outcome.skipped.len();
            problems.push(
                Diagnostic::error(
                    "interrupted",
                    format!("stopped with {} to go", count(left, "step")),
                )
                .kind(Kind::Interrupted)
                .hint("run the same command again: what is done is left alone"),
            );
        } else if !outcome.is_complete() && outcome.changed {
            problems.push(
                Diagnostic::error("partly_applied", "not everything was done")
                    .kind(Kind::Partial)
                    .hint(
                        "mend the cause and run the same command again: what is done is left alone",
                    ),
            );
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        if planned.plan.mode == Mode::Destroy {
            return Ok(Vec::new());
        }
        let workspaces = planned.plan.workspaces.iter();
        workspaces.map(|w| self.outputs_of(&w.name, planned.stack.outputs(&w.name)?)).collect()
    }

    /// Outputs as they are shown.
    pub(super) fn outputs_of(
        &self,
        workspace: &str,
        outputs: indexmap::IndexMap<String, stack::OutputValue>,
    ) -> Result<WorkspaceOutputs, Diagnostics> {
        let outputs = outputs
            .into_iter()
            .map(|(name, output)| OutputValue {
                name,
                value: output.value.to_json().unwrap_or_default(),
                sensitive: output.sensitive,
                description: output.description,
            })
            .collect();
        let region = self.session.region.clone();
        Ok(WorkspaceOutputs { workspace: workspace.to_owned(), region, outputs })
    }

    /// A live resource as it is shown.
    pub(super) fn live(&self, owned: Owned) -> LiveResource {
        let entry = self.session.registry.get(&owned.address.ty).map(Handler::entry);
        let mut attributes = BTreeMap::new();
        for part in [&owned.live.spec, &owned.live.out] {
            let fields = part.as_object().into_iter().flatten();
            attributes.extend(fields.map(|(k, v)| (k.clone(), v.clone())));
        }
        let hidden = attributes.keys().filter(|name| {
            entry.and_then(|e| e.attribute(name)).is_some_and(|view| view.holds_sensitive())
        });
        LiveResource {
            sensitive: hidden.cloned().collect(),
            workspace: owned.workspace,
            region: self.session.region.clone(),
            aws_name: entry.map_or_else(String::new, |e| e.aws_name.to_owned()),
            address: owned.address.to_string(),
            id: owned.live.id,
            state: match owned.live.status {
                Status::Ready => None,
                Status::Pending(state) | Status::Failed(state) | Status::Deleting(state) => {
                    Some(state)
                }
            },
            attributes,
            tags: owned.live.tags,
        }
    }
}
