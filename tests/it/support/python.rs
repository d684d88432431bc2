//! A Python with moto and boto3, in a virtual environment of its own under the target folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const REQUIREMENTS: &str = include_str!("requirements.txt");

/// Returns the interpreter of the virtual environment, which is made where it is missing or was
/// made for other requirements. Test processes that run at the same time make it once.
pub(crate) fn interpreter() -> &'static Path {
    static MADE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match MADE.get_or_init(make) {
        Ok(interpreter) => interpreter,
        Err(problem) => {
            panic!("these tests need Python 3 with venv, and PyPI on their first run: {problem}")
        }
    }
}

/// Returns the folder of everything that is kept for Python.
pub(crate) fn folder() -> PathBuf {
    let executable = std::env::current_exe().expect("a test knows its executable");
    // target/debug/deps/it-0123456789abcdef
    executable.ancestors().nth(3).expect("a test runs under the target folder").join("test-python")
}

fn make() -> Result<PathBuf, String> {
    let told = |error: std::io::Error| format!("{}: {error}", folder().display());
    fs::create_dir_all(folder()).map_err(told)?;
    // Held until the end of this function, also when it fails. Children do not inherit it.
    let lock = File::create(folder().join("lock")).map_err(told)?;
    lock.lock().map_err(told)?;

    let environment = folder().join("environment");
    let interpreter = environment.join("bin/python");
    let finished = environment.join("requirements.txt");
    if interpreter.exists() && fs::read_to_string(&finished).is_ok_and(|for_| for_ == REQUIREMENTS)
    {
        return Ok(interpreter);
    }
    if environment.exists() {
        fs::remove_dir_all(&environment).map_err(told)?;
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    let wanted = folder().join("requirements.txt");
    fs::write(&wanted, REQUIREMENTS).map_err(told)?;
    let mut install = Command::new(&interpreter);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    run(install.arg("--requirement").arg(&wanted))?;
    // Written last: an environment without it was interrupted.
    fs::write(&finished, REQUIREMENTS).map_err(told)?;
    Ok(interpreter)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(format!("{command:?} failed with {}\n{}", output.status, String::from_utf8_lossy(&text)))
}
