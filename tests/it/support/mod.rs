//! What the tests lean on: foreign judges, and the binary in a clean environment.

pub(crate) mod boto3;
pub(crate) mod cases;
pub(crate) mod moto;
pub(crate) mod python;
pub(crate) mod sandbox;

use std::path::Path;
use std::process::Command;

/// Makes a command that runs our binary in a folder, with test credentials and nothing else of
/// this machine's environment; AWS is at the endpoint, where one is given.
pub(crate) fn infra(folder: &Path, endpoint: Option<&str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    if let Some(url) = endpoint {
        command.env("AWS_ENDPOINT_URL", url);
    }
    command
}
