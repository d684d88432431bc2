//! boto3, a client that shares no code with ours: changes things behind our back and lists them.

use super::python;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// A boto3 that talks to one endpoint; tests may share it. It ends with this value.
#[derive(Debug)]
pub(crate) struct Boto3 {
    process: Mutex<Process>,
}

#[derive(Debug)]
struct Process {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// A call that AWS refused, or a script that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// AWS's error code, or the Python exception.
    pub(crate) code: String,
    /// AWS's message, or the traceback.
    pub(crate) message: String,
}

impl Boto3 {
    /// Starts a session for the services behind this URL.
    pub(crate) fn connect(endpoint: &str, region: &str) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/boto3_session.py");
        let mut child = Command::new(python::interpreter())
            .args([script, endpoint, region])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the interpreter of the virtual environment starts");
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        Self { process: Mutex::new(Process { child, requests, answers }) }
    }

    /// Calls an operation by boto3's name, such as `describe_vpcs`, and returns its answer, with
    /// all pages where it has several.
    pub(crate) fn try_call(
        &self,
        service: &str,
        operation: &str,
        parameters: Value,
    ) -> Result<Value, Refused> {
        let request =
            json!({ "service": service, "operation": operation, "parameters": parameters });
        self.ask(&request)
    }

    /// Calls an operation that must succeed.
    pub(crate) fn call(&self, service: &str, operation: &str, parameters: Value) -> Value {
        self.try_call(service, operation, parameters.clone()).unwrap_or_else(|refused| {
            panic!("{service} {operation} {parameters}: {}: {}", refused.code, refused.message)
        })
    }

    /// Runs Python that may use `client(service)`, `call(service, operation, parameters)` and
    /// `input`, and returns its variable `result`.
    pub(crate) fn run(&self, script: &str, input: Value) -> Value {
        let answer = self.ask(&json!({ "script": script, "input": input }));
        answer.unwrap_or_else(|refused| {
            panic!("{}: {}, in the script:\n{script}", refused.code, refused.message)
        })
    }

    /// Lists as `type id` whatever carries our tag of this environment, sorted.
    pub(crate) fn owned(&self, environment: &str) -> Vec<String> {
        let answer = self.ask(&json!({ "owned": environment }));
        let found = answer.unwrap_or_else(|refused| {
            panic!("listing what is ours: {}: {}", refused.code, refused.message)
        });
        serde_json::from_value(found).expect("the listing is one of texts")
    }

    fn ask(&self, request: &Value) -> Result<Value, Refused> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let requests = process.requests.as_mut().expect("the session is open");
        writeln!(requests, "{request}").expect("the session takes requests");
        let mut line = String::new();
        process.answers.read_line(&mut line).expect("the session answers");
        let answer: Value = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("the session answered `{line}`: {error}"));
        if let Some(refused) = answer.get("error") {
            let text = |key: &str| refused[key].as_str().unwrap_or_default().to_owned();
            return Err(Refused { code: text("code"), message: text("message") });
        }
        Ok(answer["ok"].clone())
    }
}

impl Drop for Boto3 {
    fn drop(&mut self) {
        let process = self.process.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(process.requests.take());
        let _ = process.child.wait();
    }
}
