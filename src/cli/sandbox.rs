//! `infra sandbox`

use super::args::Global;
use super::{Outcome, only, session};
use crate::sandbox::{Options, ServeError, serve};
use crate::stack::project::DEFAULT_REGION;
use crate::stack::{self, Diagnostic, Diagnostics};
use crate::ui::{Format, Output};
use std::path::PathBuf;

/// Port of emulators that others have made customary.
const PORT: u16 = 4566;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  infra sandbox --port 4566
  aws --endpoint-url http://127.0.0.1:4566 ec2 describe-vpcs

Any credentials will do. The state is kept in the folder; while it is served,
`infra --sandbox` cannot use the same folder, but --endpoint-url can. Images that
`[sandbox]` of infra.toml names can be pulled though nobody pushed them.")]
pub(super) struct Args {
    /// Port to listen on, of this machine only; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = PORT)]
    port: u16,
    /// How many times as fast as real time its clock runs
    #[arg(long, value_name = "N", default_value_t = 60.0, value_parser = rate)]
    clock_rate: f64,
    /// Folder of its state
    #[arg(long, value_name = "DIR", default_value = ".infra/sandbox")]
    dir: PathBuf,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.001..=1_000_000.0).contains(&rate) => Ok(rate),
        _ => Err("a number above 0 is wanted".to_owned()),
    }
}

pub(super) fn run(args: &Args, global: &Global, output: &Output) -> Outcome {
    only("sandbox", output, &[Format::Text])?;
    // It needs no stacks; where there are some, it knows the images that they say can be pulled.
    let images = if global.stacks.join("infra.toml").exists() {
        stack::load(&global.stacks)?.sandbox_images
    } else {
        Vec::new()
    };
    let region = global.region.first().map_or(DEFAULT_REGION, String::as_str);
    let options = Options {
        clock_rate: args.clock_rate,
        dir: args.dir.clone(),
        ..session::sandbox_options(region, &images)
    };
    session::block_on(serving(args.port, options, output))?
}

/// Serves until SIGINT or SIGTERM.
async fn serving(port: u16, options: Options, output: &Output) -> Outcome {
    let stopped = stopped()?;
    let region = options.region.clone();
    let dir = super::shell(&options.dir);
    let ready = |address| {
        let url = format!("http://{address}");
        output.answer(&format!("{url}\n"));
        output.message(&format!(
            "The sandbox answers until Ctrl-C. Settings for any AWS client:\n\
             \x20 export AWS_ENDPOINT_URL={url}\n\
             \x20 export AWS_ACCESS_KEY_ID=sandbox AWS_SECRET_ACCESS_KEY=sandbox\n\
             \x20 export AWS_REGION={region}\n"
        ));
    };
    serve(port, options, stopped, ready).await.map_err(|error| refused(&error))?;
    output.message(&format!("Stopped; the state is kept in {dir}.\n"));
    Ok(0)
}

fn refused(error: &ServeError) -> Diagnostics {
    match error {
        ServeError::Open(error) => session::sandbox_refused(error),
        ServeError::Listen { port, source } => {
            let problem = Diagnostic::error("port", format!("cannot listen on port {port}"));
            let problem = problem.note(source.to_string());
            problem.hint("choose another with `--port`; 0 takes a free one")
        }
    }
    .into()
}

fn stopped() -> Result<impl Future<Output = ()> + Send, Diagnostics> {
    use tokio::signal::unix::{SignalKind, signal};
    let failed = |error: std::io::Error| {
        Diagnostic::error("signal", format!("cannot listen for signals: {error}"))
    };
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
