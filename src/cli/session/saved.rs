//! Plans in files: written with what it takes to make them again, and checked before they are
//! carried out.

use super::{Opened, Region, Request, lock};
use crate::engine::plan::Plan;
use crate::engine::planfile::{self, SavedPlan};
use crate::stack::{Diagnostic, Diagnostics, Inputs, Kind};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

impl Opened {
    /// Writes plans to a file, with all it takes to make them again.
    pub(super) fn save_plan(&self, plans: &[Plan], file: &Path) -> Result<(), Diagnostics> {
        let request = lock(&self.request).clone();
        let (Some(request), Some(region)) = (request, self.regions.first()) else { return Ok(()) };
        let session = &region.session;
        let secret: Vec<String> = session.sensitive_variables(&request.workspaces);
        let given = session.inputs.env_vars.iter().map(|(k, v)| (k.clone(), v.clone()));
        let variables: BTreeMap<String, String> = given
            .chain(session.inputs.vars.iter().cloned())
            .filter(|(name, _)| !secret.contains(name))
            .collect();
        let saved = SavedPlan {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            stacks: stacks_digest(&session.project.dir, &session.inputs)?,
            environment: session.environment.name.clone(),
            mode: request.mode,
            workspaces: request.workspaces,
            options: request.options,
            variables,
            sensitive: secret,
            plans: plans.to_vec(),
        };
        std::fs::write(file, planfile::write(&saved)).map_err(|error| {
            let message = format!("cannot write {}: {error}", file.display());
            Diagnostics::from(Diagnostic::error("unwritable", message))
        })
    }

    /// Reads plans from a file, if the stack files are still those they were made from.
    pub(super) fn load_plan(&self, file: &Path) -> Result<Vec<Plan>, Diagnostics> {
        let (name, saved) = read_plan(file)?;
        let Some(region) = self.regions.first() else { return Ok(Vec::new()) };
        let session = &region.session;
        if stacks_digest(&session.project.dir, &session.inputs)? != saved.stacks {
            let message = format!("the stack files are not those {name} was made from");
            return Err(Diagnostic::error("stale_plan", message)
                .kind(Kind::Stale)
                .hint("make a new plan with `infra plan --out FILE`")
                .into());
        }
        let plans = saved.plans.clone();
        *lock(&self.saved) = Some((name, saved));
        Ok(plans)
    }

    /// Plans again what a saved plan was made for, and insists on the same result.
    pub(super) async fn plan_again(&self, name: &str, saved: &SavedPlan) -> Diagnostics {
        let stale = |message: String| {
            Diagnostics::from(
                Diagnostic::error("stale_plan", message)
                    .kind(Kind::Stale)
                    .hint("make a new plan with `infra plan --out FILE`"),
            )
        };
        let regions: Vec<&str> = self.regions.iter().map(|r| r.session.region.as_str()).collect();
        let planned: Vec<&str> = saved.plans.iter().map(|p| p.scope.region.as_str()).collect();
        if regions != planned {
            return stale(format!(
                "{name} is for {}, this run for {}",
                planned.join(", "),
                regions.join(", ")
            ));
        }
        let request = Request {
            mode: saved.mode,
            workspaces: saved.workspaces.clone(),
            options: saved.options.clone(),
            compares: false,
        };
        let again = async |region: &Region| {
            let now = region.plan(&request).await?;
            let before = saved.plans.iter().find(|p| p.scope.region == region.session.region);
            before.map_or(Ok(()), |before| planfile::check(before, &now))?;
            Ok(Vec::<()>::new())
        };
        self.in_each(again).await.problems
    }
}

/// Reads a saved plan; its name is the path as typed.
pub(super) fn read_plan(file: &Path) -> Result<(String, SavedPlan), Diagnostics> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| {
        Diagnostic::error("unreadable", format!("cannot read {name}: {error}"))
            .hint("a workspace is named without `.toml`; a saved plan by its path")
    })?;
    let saved = planfile::read(&text, &name)?;
    Ok((name, saved))
}

/// Digests all files below the stacks folder, and those given with `--var-file`.
fn stacks_digest(dir: &Path, inputs: &Inputs) -> Result<String, Diagnostics> {
    let mut files = Vec::new();
    let mut folders = vec![dir.to_owned()];
    let unreadable = |path: &Path, error: &std::io::Error| {
        Diagnostic::error("unreadable", format!("cannot read {}: {error}", path.display()))
    };
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|e| unreadable(&folder, &e))? {
            let path = entry.map_err(|e| unreadable(&folder, &e))?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let mut all = String::new();
    for path in files {
        let bytes = std::fs::read(&path).map_err(|e| unreadable(&path, &e))?;
        let name = path.strip_prefix(dir).unwrap_or(&path).display().to_string();
        let _ = writeln!(all, "{name} {}", planfile::digest(bytes));
    }
    for file in &inputs.var_files {
        let _ = writeln!(all, "--var-file {}", planfile::digest(&file.text));
    }
    Ok(planfile::digest(all))
}
