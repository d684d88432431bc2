//! moto, an AWS that shares no code with ours, as a server.

use super::python;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// A running server; it ends with this value, or with this process.
#[derive(Debug)]
pub(crate) struct Moto {
    server: Child,
    url: String,
}

/// Returns the URL of the server that all tests of this process share. It is slow to start, so those
/// with little to ask have one, and keep apart by the names of their environments.
pub(crate) fn url() -> &'static str {
    static SHARED: OnceLock<Moto> = OnceLock::new();
    SHARED.get_or_init(Moto::start).url()
}

impl Moto {
    /// Starts a server of its own on a free port and waits until it answers.
    pub(crate) fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/moto_server.py");
        let interpreter = python::interpreter();
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let log = python::folder().join(format!("moto-{number}.log"));
        let mut server = Command::new(interpreter)
            .arg(script)
            .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
            // Seconds until a certificate is issued, whatever the records.
            .env("MOTO_ACM_VALIDATION_WAIT", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("the log of moto can be written"))
            .spawn()
            .expect("the interpreter of the virtual environment starts");
        let mut line = String::new();
        let mut answers = BufReader::new(server.stdout.take().expect("stdout is a pipe"));
        let _ = answers.read_line(&mut line);
        let port: u16 = line.trim().parse().unwrap_or_else(|_| {
            let _ = server.kill();
            let errors = std::fs::read_to_string(&log).unwrap_or_default();
            panic!("moto did not start: {line}{errors}")
        });
        Self { server, url: format!("http://127.0.0.1:{port}") }
    }

    /// Returns the URL to give to clients as their endpoint.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.server.stdin.take());
        let _ = self.server.wait();
    }
}
