//! Cases as data: folders of stack files with what is expected of them.

use infra::engine::session::Session;
use infra::resources;
use infra::stack::{Diagnostics, Environment, Inputs, Project, Source};
use infra::ui::Look;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder of stack files.
pub(crate) struct Case {
    pub(crate) name: String,
    dir: PathBuf,
    about: toml::Table,
}

impl Case {
    /// Reads a file of the case, if it is there.
    pub(crate) fn read(&self, file: &str) -> Option<String> {
        std::fs::read_to_string(self.dir.join(file)).ok()
    }

    /// The words of its command line.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let line = self.about.get("run").and_then(toml::Value::as_str).unwrap_or_default();
        line.split_whitespace().skip(2).map(|word| word.trim_matches('\'').to_owned()).collect()
    }

    /// Its files; those that a case leaves out are as plain as can be.
    pub(crate) fn project(&self) -> Result<Project, Diagnostics> {
        let mut project = Project {
            name: "shop".to_owned(),
            region: "eu-west-1".to_owned(),
            dir: self.dir.clone(),
            ..Project::default()
        };
        let mut problems = Diagnostics::new();
        for (stem, text) in toml_files(&self.dir) {
            if stem != "case" {
                let name = format!("stacks/{stem}.toml");
                project.workspaces.insert(stem, Arc::new(Source { name, text }));
            }
        }
        for (stem, text) in toml_files(&self.dir.join("environments")) {
            let name = format!("stacks/environments/{stem}.toml");
            let source = Arc::new(Source { name, text });
            match Environment::parse(&stem, &source, &project.region) {
                Ok(environment) => {
                    project.environments.insert(stem, environment);
                }
                Err(found) => problems.extend(found),
            }
        }
        if problems.has_errors() { Err(problems) } else { Ok(project) }
    }

    /// A run in the environment `dev`, with the variables that `case.toml` gives.
    pub(crate) fn session(&self) -> Session {
        let project = self.project().expect("the files can be read");
        let plain = Arc::new(Source { name: "dev.toml".to_owned(), text: String::new() });
        let plain = Environment::parse("dev", &plain, &project.region).expect("an empty file");
        let environment = project.environments.get("dev").cloned().unwrap_or(plain);
        let given = self.about.get("var").and_then(toml::Value::as_table);
        let vars = given.into_iter().flatten();
        let text = |v: &toml::Value| v.as_str().expect("a variable is given as text").to_owned();
        let inputs = Inputs {
            vars: vars.map(|(name, value)| (name.clone(), text(value))).collect(),
            ..Inputs::default()
        };
        Session {
            registry: Arc::new(resources::registry()),
            project,
            environment,
            inputs,
            region: "eu-west-1".to_owned(),
        }
    }
}

fn toml_files(dir: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = std::fs::read_dir(dir) else { return BTreeMap::new() };
    let paths = entries.map(|e| e.unwrap().path());
    let stem = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    paths
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| (stem(&path), std::fs::read_to_string(&path).unwrap()))
        .collect()
}

/// Runs each case of a folder and compares what it gives, file by file.
pub(crate) fn each(folder: &str, run: impl Fn(&Case, Look) -> Vec<(&'static str, String)>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let update = std::env::var_os("UPDATE_CASES").is_some();
    let look = std::env::var("LOOK").ok();
    let mut names: Vec<String> = std::fs::read_dir(&root)
        .expect("the folder of the cases is there")
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(!names.is_empty(), "there are cases");
    let mut wrong = String::new();
    for name in names {
        let dir = root.join(&name);
        let about = std::fs::read_to_string(dir.join("case.toml")).unwrap_or_default();
        let about = toml::from_str(&about).expect("case.toml is TOML");
        let case = Case { name, dir, about };
        if look.as_ref().is_some_and(|part| case.name.contains(part.as_str())) {
            let colour = Look { colour: true, ..Look::default() };
            for (file, text) in run(&case, colour) {
                println!("\n--- {folder}/{}/{file}\n{text}", case.name);
            }
        }
        for (file, text) in run(&case, Look::default()) {
            let expected = case.read(file).unwrap_or_default();
            if expected == text {
                continue;
            }
            if update {
                std::fs::write(case.dir.join(file), &text).unwrap();
            } else {
                let difference = difference(&expected, &text);
                let _ = writeln!(wrong, "--- {folder}/{}/{file}\n{difference}", case.name);
            }
        }
    }
    assert!(wrong.is_empty(), "not as expected (UPDATE_CASES=1 writes it anew):\n{wrong}");
}

/// Lines that are only in one of two texts.
fn difference(expected: &str, found: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (expected.lines().collect(), found.lines().collect());
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let end = old[same..].iter().rev().zip(new[same..].iter().rev());
    let end = end.take_while(|(a, b)| a == b).count();
    let mut out = String::new();
    for line in &old[same..old.len() - end] {
        let _ = writeln!(out, "-{line}");
    }
    for line in &new[same..new.len() - end] {
        let _ = writeln!(out, "+{line}");
    }
    out
}
