//! The `infra` binary.
fn main() -> std::process::ExitCode {
    infra::cli::run(std::env::args_os()).into()
}
