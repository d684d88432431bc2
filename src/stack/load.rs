//! Reads the stacks folder: the only I/O of this module.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::address::is_word;
use super::diagnostic::{Diagnostic, Diagnostics, Source};
use super::environment::Environment;
use super::project::Project;

/// Reads `infra.toml`, the workspaces and the environments of a folder. Workspaces are only read,
/// not parsed.
pub fn load(dir: &Path) -> Result<Project, Diagnostics> {
    if !dir.is_dir() {
        return Err(Diagnostic::error(
            "no_stacks",
            format!("there is no folder {}", dir.display()),
        )
        .hint("run `infra` where the folder `stacks` is, or say `--stacks DIR`")
        .into());
    }
    let head = dir.join("infra.toml");
    if !head.exists() {
        return Err(Diagnostic::error("no_project", format!("there is no {}", head.display()))
            .hint("it names the project: `[project]` with `name = \"…\"`")
            .into());
    }
    let mut project = Project::parse_head(&read(&head)?)?;
    dir.clone_into(&mut project.dir);
    let mut problems = Diagnostics::new();
    for (name, path) in files(dir)? {
        if name == "infra" {
            continue;
        }
        if !is_word(&name) {
            problems.push(bad_name(&path, "a workspace"));
            continue;
        }
        match read(&path) {
            Ok(source) => {
                project.workspaces.insert(name, source);
            }
            Err(problem) => problems.push(problem),
        }
    }
    let folder = dir.join("environments");
    if folder.is_dir() {
        read_environments(&folder, &mut project, &mut problems)?;
    }
    if problems.has_errors() { Err(problems) } else { Ok(project) }
}

fn read_environments(
    folder: &Path,
    project: &mut Project,
    problems: &mut Diagnostics,
) -> Result<(), Diagnostics> {
    for (name, path) in files(folder)? {
        if !is_word(&name) {
            problems.push(bad_name(&path, "an environment"));
            continue;
        }
        let parsed = read(&path)
            .map_err(Diagnostics::from)
            .and_then(|source| Environment::parse(&name, &source, &project.region));
        match parsed {
            Ok(environment) => {
                project.environments.insert(name, environment);
            }
            Err(found) => problems.extend(found),
        }
    }
    let defaults: Vec<_> = project.environments.values().filter(|e| e.default).collect();
    if let [first, second, ..] = defaults.as_slice() {
        problems.push(
            Diagnostic::error("two_defaults", "two environments say `default = true`")
                .hint(format!("keep it in `{}` or in `{}`", first.name, second.name)),
        );
    }
    Ok(())
}

fn bad_name(path: &Path, what: &str) -> Diagnostic {
    let message = format!("the file name of {} cannot name {what}", path.display());
    Diagnostic::error("invalid_name", message)
        .hint("a name has letters, digits, `_` and `-`, and starts with a letter or `_`")
}

/// Lists the TOML files of a folder by name without `.toml`.
fn files(dir: &Path) -> Result<BTreeMap<String, PathBuf>, Diagnostic> {
    let unreadable = |error: std::io::Error| {
        Diagnostic::error("unreadable", format!("cannot read {}: {error}", dir.display()))
    };
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_toml = path.extension().is_some_and(|e| e == "toml") && path.is_file();
        if let (true, Some(stem)) = (is_toml, path.file_stem()) {
            found.insert(stem.to_string_lossy().into_owned(), path);
        }
    }
    Ok(found)
}

/// Reads one file, for example one given as `--var-file`.
pub fn read(path: &Path) -> Result<Arc<Source>, Diagnostic> {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Arc::new(Source { name, text })),
        Err(error) => Err(Diagnostic::error("unreadable", format!("cannot read {name}: {error}"))),
    }
}
