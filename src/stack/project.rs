//! The project: `stacks/infra.toml`, its workspaces and environments, and what a run gives beside.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::diagnostic::{Diagnostic, Source};
use super::environment::Environment;

/// Everything from disk, before anything is evaluated.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// `name` of `[project]`: the tag `infra:project` of everything it owns.
    pub name: String,
    /// Region of environments that name none.
    pub region: String,
    /// The stacks folder.
    pub dir: PathBuf,
    /// Texts of the workspaces, by name (file name without `.toml`).
    pub workspaces: BTreeMap<String, Arc<Source>>,
    /// Environments by name; empty when there are no environment files.
    pub environments: BTreeMap<String, Environment>,
}

/// What a run gives beside the files.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// `--var name=value`, in the order given; the last of a name wins.
    pub vars: Vec<(String, String)>,
    /// Texts of `--var-file`, in the order given; the last that has a name wins.
    pub var_files: Vec<Arc<Source>>,
    /// `INFRA_VAR_<name>` by name, the prefix taken off.
    pub env_vars: BTreeMap<String, String>,
}

/// The facts of a run that expressions may name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Name of the project.
    pub project: String,
    /// Name of the environment.
    pub environment: String,
    /// The region.
    pub region: String,
    /// The account; `None` when nobody asked AWS: unknown in expressions.
    pub account_id: Option<String>,
    /// The partition, such as `aws`; `None` as for the account.
    pub partition: Option<String>,
    /// Tags of the environment.
    pub tags: BTreeMap<String, String>,
}

impl Project {
    /// Chooses the environment: the named one, else the one with `default = true`; the environment
    /// called `default` when there are no environment files.
    pub fn environment(&self, name: Option<&str>) -> Result<Environment, Diagnostic> {
        let _ = name;
        Err(Diagnostic::error("unknown_environment", "there is no such environment"))
    }

    /// Chooses regions of an environment: those asked for, else all of them.
    pub fn regions(
        &self,
        environment: &Environment,
        asked: &[String],
    ) -> Result<Vec<String>, Diagnostic> {
        let _ = asked;
        Ok(environment.regions.clone())
    }

    /// Makes the context of a run in one region.
    pub fn context(&self, environment: &Environment, region: &str) -> Context {
        Context {
            project: self.name.clone(),
            environment: environment.name.clone(),
            region: region.to_owned(),
            account_id: None,
            partition: None,
            tags: environment.tags.clone(),
        }
    }
}
