//! The project: `stacks/infra.toml`, its workspaces and environments, and what a run gives beside.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::diagnostic::{Diagnostic, Diagnostics, Source, nearest};
use super::document::{Node, Report, Table, listed, parse};
use super::environment::{Environment, is_region};

/// Region of a project that names none.
pub const DEFAULT_REGION: &str = "eu-west-1";

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
    /// `images` of `[sandbox]`: patterns of images that containers in the sandbox can pull though
    /// nobody pushed them there, with `*` for any letters.
    pub sandbox_images: Vec<String>,
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
    /// Parses `infra.toml`: name, region, and what the sandbox is told.
    pub(super) fn parse_head(source: &Arc<Source>) -> Result<Self, Diagnostics> {
        let mut report = Report::new(source);
        let mut project = Self { region: DEFAULT_REGION.to_owned(), ..Self::default() };
        if let Some(table) = parse(source, &mut report) {
            project.read_head(&table, &mut report);
        }
        if report.found.has_errors() { Err(report.found) } else { Ok(project) }
    }

    fn read_head(&mut self, table: &Table, report: &mut Report) {
        table.only(report, &["project", "sandbox"], "`infra.toml`");
        if let Some(node) = table.get("sandbox") {
            self.read_sandbox(node, report);
        }
        let Some(node) = table.get("project") else {
            let problem = report
                .error("missing_key", &(0..0), "`infra.toml` has no `[project]`")
                .hint("add `[project]` with `name = \"…\"`");
            report.push(problem);
            return;
        };
        let Some(head) = node.table(report) else { return };
        head.only(report, &["name", "region"], "`[project]`");
        match head.get("name") {
            None => {
                let problem = report.error("missing_key", &node.range, "`[project]` needs `name`");
                report.push(problem);
            }
            Some(node) => {
                let Some(name) = node.string(report) else { return };
                let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
                if name.is_empty() || name.len() > 64 || !name.chars().all(allowed) {
                    let problem = report
                        .error("invalid_name", &node.range, "this cannot name a project")
                        .hint("at most 64 letters, digits, `_`, `.` and `-`");
                    report.push(problem);
                }
                self.name = name;
            }
        }
        if let Some(node) = head.get("region")
            && let Some(region) = node.string(report)
        {
            if !is_region(&region) {
                let problem = report
                    .error("invalid_region", &node.range, format!("`{region}` is no region"))
                    .hint("a region looks like `eu-west-1`");
                report.push(problem);
            }
            self.region = region;
        }
    }

    fn read_sandbox(&mut self, node: &Node, report: &mut Report) {
        let Some(sandbox) = node.table(report) else { return };
        sandbox.only(report, &["images"], "`[sandbox]`");
        let Some(images) = sandbox.get("images") else { return };
        for (pattern, range) in images.strings(report) {
            if pattern.is_empty() || pattern.contains(char::is_whitespace) {
                let problem = report
                    .error("invalid_image", &range, "this is no pattern of images")
                    .hint("such as `*/*-api:*`, where `*` stands for any letters");
                report.push(problem);
            }
            self.sandbox_images.push(pattern);
        }
    }

    /// Names of all workspaces.
    pub fn workspace_names(&self) -> BTreeSet<String> {
        self.workspaces.keys().cloned().collect()
    }

    /// Finds the text of a workspace; the error suggests the nearest name.
    pub fn workspace(&self, name: &str) -> Result<&Arc<Source>, Diagnostic> {
        self.workspaces.get(name).ok_or_else(|| {
            let message = format!("there is no workspace `{name}`");
            self.unknown("unknown_workspace", message, name, self.workspaces.keys())
        })
    }

    /// Chooses the environment: the named one, else the one with `default = true`; the environment
    /// called `default` when there are no environment files.
    pub fn environment(&self, name: Option<&str>) -> Result<Environment, Diagnostic> {
        match name {
            Some(name) => match self.environments.get(name) {
                Some(environment) => Ok(environment.clone()),
                None if self.environments.is_empty() && name == "default" => Ok(self.nameless()),
                None => {
                    let message = format!("there is no environment `{name}`");
                    let keys = self.environments.keys();
                    Err(self.unknown("unknown_environment", message, name, keys))
                }
            },
            None if self.environments.is_empty() => Ok(self.nameless()),
            None => self.environments.values().find(|e| e.default).cloned().ok_or_else(|| {
                let names: Vec<_> = self.environments.keys().collect();
                Diagnostic::error("unknown_environment", "no environment is chosen")
                    .note("No environment file says `default = true`.")
                    .hint(format!("choose one with `-e`: {}", listed(&names)))
            }),
        }
    }

    fn nameless(&self) -> Environment {
        Environment {
            name: "default".to_owned(),
            regions: vec![self.region.clone()],
            ..Environment::default()
        }
    }

    fn unknown<'a>(
        &self,
        code: &'static str,
        message: String,
        name: &str,
        known: impl Iterator<Item = &'a String> + Clone,
    ) -> Diagnostic {
        let problem = Diagnostic::error(code, message);
        let names: Vec<&String> = known.clone().collect();
        if names.is_empty() {
            return problem.hint(format!("there are none in {}", self.dir.display()));
        }
        let near = nearest(name, known.map(String::as_str))
            .map(|near| format!("did you mean `{near}`? "))
            .unwrap_or_default();
        let are = if names.len() == 1 { "there is" } else { "there are" };
        problem.hint(format!("{near}{are} {}", listed(&names)))
    }

    /// Chooses regions of an environment: those asked for, else all of them.
    pub fn regions(
        &self,
        environment: &Environment,
        asked: &[String],
    ) -> Result<Vec<String>, Diagnostic> {
        if asked.is_empty() {
            return Ok(environment.regions.clone());
        }
        let mut chosen = Vec::new();
        for region in asked {
            // Without files there is nothing that could forbid a region.
            let free = environment.source.is_none() && is_region(region);
            if !free && !environment.regions.contains(region) {
                let message =
                    format!("the environment `{}` has no region `{region}`", environment.name);
                let problem =
                    self.unknown("unknown_region", message, region, environment.regions.iter());
                return Err(problem);
            }
            if !chosen.contains(region) {
                chosen.push(region.clone());
            }
        }
        Ok(chosen)
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
