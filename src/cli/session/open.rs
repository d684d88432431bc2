//! Opening files, account or sandbox as the arguments say.

use super::saved::read_plan;
use super::{Opened, Region};
use crate::aws::connect;
use crate::cli::args::{Global, Selection};
use crate::engine::planfile::SavedPlan;
use crate::engine::resource::Registry;
use crate::engine::session::Session;
use crate::resources;
use crate::sandbox::{self, OpenError, Sandbox, Slow};
use crate::stack::project::DEFAULT_REGION;
use crate::stack::{self, Diagnostic, Diagnostics, Inputs, Project};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Fails when no workspace is named, and says which there are.
pub(in crate::cli) fn named(
    verb: &str,
    selection: &Selection,
    global: &Global,
) -> Result<(), Diagnostics> {
    if selection.all || !selection.workspaces.is_empty() {
        return Ok(());
    }
    let project = stack::load(&global.stacks)?;
    let names: Vec<&str> = project.workspaces.keys().map(String::as_str).collect();
    let hint = match names.as_slice() {
        [] => format!("there is none yet; write {}/NAME.toml", global.stacks.display()),
        [one] => format!("there is one: `infra {verb} {one}`"),
        many => format!("name one or more of {}, or say `--all`", many.join(", ")),
    };
    Err(Diagnostic::error("no_workspace", "no workspace is named").hint(hint).into())
}

/// Opens files and account as the arguments say. The account is not asked before it is needed.
pub(in crate::cli) fn open(global: &Global) -> Result<Opened, Diagnostics> {
    open_with(global, None)
}

/// As [`open`], in the environment and with the variables of a saved plan.
pub(in crate::cli) fn open_saved(global: &Global, file: &Path) -> Result<Opened, Diagnostics> {
    let (_, saved) = read_plan(file)?;
    open_with(global, Some(&saved))
}

fn open_with(global: &Global, saved: Option<&SavedPlan>) -> Result<Opened, Diagnostics> {
    let project = stack::load(&global.stacks)?;
    let chosen = saved.map(|s| s.environment.as_str()).or(global.env.as_deref());
    let environment = project.environment(chosen)?;
    let mut asked = global.region.clone();
    if let (true, Some(saved)) = (asked.is_empty(), saved) {
        asked = saved.plans.iter().map(|p| p.scope.region.clone()).collect();
    }
    let regions = project.regions(&environment, &asked)?;
    let inputs = inputs(global, saved)?;
    let registry = Arc::new(resources::registry());
    let sandbox = if global.sandbox { Some(open_sandbox(&regions, &project)?) } else { None };
    let regions = regions
        .into_iter()
        .map(|region| {
            let session = Session {
                registry: Arc::<Registry>::clone(&registry),
                project: project.clone(),
                environment: environment.clone(),
                inputs: inputs.clone(),
                region,
            };
            let mut connection = connect::Options::new(session.scope());
            connection.endpoint_url.clone_from(&global.endpoint_url);
            if let Some(sandbox) = &sandbox {
                // The sandbox is its own account; the guards of real ones do not apply.
                connection.http_client = Some(sandbox.http_client());
            } else {
                connection.profile_only = global.profile.is_some();
                connection.profile = global.profile.clone().or(environment.profile.clone());
                connection.role_arn.clone_from(&environment.role_arn);
                connection.account_ids = account_ids(&environment);
            }
            Region::new(session, connection)
        })
        .collect();
    Ok(Opened {
        regions,
        parallelism: global.parallelism,
        saved: Mutex::new(None),
        request: Mutex::new(None),
    })
}

/// Accounts the run may touch: the environment's, and those of `INFRA_ACCOUNT_IDS`.
fn account_ids(environment: &stack::Environment) -> Vec<String> {
    let mut ids: Vec<String> = environment.account_ids.iter().cloned().collect();
    let more = std::env::var("INFRA_ACCOUNT_IDS").unwrap_or_default();
    ids.extend(
        more.split([',', ' ']).map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned),
    );
    ids
}

fn inputs(global: &Global, saved: Option<&SavedPlan>) -> Result<Inputs, Diagnostics> {
    let pair = |text: &String| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        (name.trim().to_owned(), value.to_owned())
    };
    let mut vars: Vec<(String, String)> = Vec::new();
    vars.extend(saved.into_iter().flat_map(|s| s.variables.clone()));
    vars.extend(global.var.iter().map(pair));
    let var_files: Vec<_> =
        global.var_file.iter().map(|p| stack::load::read(p)).collect::<Result<_, _>>()?;
    let env_vars = std::env::vars()
        .filter_map(|(name, value)| Some((name.strip_prefix("INFRA_VAR_")?.to_owned(), value)))
        .collect();
    Ok(Inputs { vars, var_files, env_vars })
}

/// Opens the embedded AWS, sixty times as fast as the real one.
fn open_sandbox(regions: &[String], project: &Project) -> Result<Sandbox, Diagnostics> {
    let region = regions.first().map_or(DEFAULT_REGION, String::as_str);
    let options = sandbox_options(region, &project.sandbox_images);
    Sandbox::open(options).map_err(|error| sandbox_refused(&error).into())
}

/// Says why a sandbox cannot be opened, and what else there is.
pub(in crate::cli) fn sandbox_refused(error: &OpenError) -> Diagnostic {
    let problem = Diagnostic::error("sandbox", error.to_string());
    match error {
        OpenError::Held { holder, .. } if holder.contains("server") => problem.hint(
            "use that server with `--endpoint-url http://127.0.0.1:PORT` instead of `--sandbox`, \
             or stop it",
        ),
        OpenError::Held { .. } => problem.hint("wait until it is done, or serve another `--dir`"),
        OpenError::Io { .. } | OpenError::Unreadable { .. } => problem,
    }
}

/// What `--sandbox` and `infra sandbox` have in common.
pub(in crate::cli) fn sandbox_options(region: &str, images: &[String]) -> sandbox::Options {
    sandbox::Options {
        clock_rate: 60.0,
        slow: Slow::Aws,
        region: region.to_owned(),
        dir: PathBuf::from(".infra/sandbox"),
        images: images.to_vec(),
        ..sandbox::Options::default()
    }
}
