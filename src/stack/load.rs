//! Reads the stacks folder: the only I/O of this module.

use std::path::Path;
use std::sync::Arc;

use super::diagnostic::{Diagnostic, Diagnostics, Source};
use super::project::Project;

/// Reads `infra.toml`, the workspaces and the environments of a folder. Workspaces are not parsed.
pub fn load(dir: &Path) -> Result<Project, Diagnostics> {
    read(&dir.join("infra.toml"))?;
    Ok(Project { dir: dir.to_owned(), ..Project::default() })
}

/// Reads one file, for example one given as `--var-file`.
pub fn read(path: &Path) -> Result<Arc<Source>, Diagnostic> {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Arc::new(Source { name, text })),
        Err(error) => Err(Diagnostic::error("unreadable", format!("cannot read {name}: {error}"))),
    }
}
