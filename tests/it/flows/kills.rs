//! The real binary and real signals, over a sandbox on disk.

use super::bench::{EVERY_TYPE, WORKSPACE};
use super::ledger::{self, Ledger};
use crate::support;
use infra::sandbox::{Options, Sandbox};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A folder with the stack, and with a sandbox once something ran.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let stacks = folder.path().join("stacks");
    fs::create_dir(&stacks).expect("a folder");
    fs::write(stacks.join("infra.toml"), "[project]\nname = \"shop\"\n").expect("written");
    fs::write(stacks.join(format!("{WORKSPACE}.toml")), EVERY_TYPE).expect("written");
    folder
}

/// A folder whose sandbox has what an earlier one had.
fn folder_like(other: &Path) -> TempDir {
    let folder = folder();
    let sandbox = folder.path().join(".infra/sandbox");
    fs::create_dir_all(&sandbox).expect("a folder");
    for entry in fs::read_dir(other.join(".infra/sandbox")).expect("it ran").flatten() {
        fs::copy(entry.path(), sandbox.join(entry.file_name())).expect("copied");
    }
    folder
}

fn command(folder: &Path, verb: &str) -> Command {
    let mut command = support::infra(folder, None);
    command.args(["--sandbox", verb, WORKSPACE]);
    if verb != "plan" {
        command.args(["--yes", "--format", "json"]);
    }
    command
}

fn run(folder: &Path, verb: &str) -> Output {
    command(folder, verb).output().expect("the binary starts")
}

fn must(folder: &Path, verb: &str, at: &str) {
    let output = run(folder, verb);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{verb} {at}: {}\n{errors}", output.status);
}

fn ledger(folder: &Path) -> Ledger {
    let options = Options { dir: folder.join(".infra/sandbox"), ..Options::default() };
    ledger::of(&Sandbox::open(options).expect("it opens").state())
}

/// Starts a run and sends a signal after this many events from its first step on, and a moment.
fn interrupted(folder: &Path, verb: &str, signal: &str, events: usize, pause: Duration) -> Output {
    let mut command = command(folder, verb);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let is_step = |line: &std::io::Result<String>| {
        let line = line.as_deref().unwrap_or_default();
        let event: Value = serde_json::from_str(line).expect("each line is an event");
        event["type"] != "planned"
    };
    let mut seen = Vec::new();
    for line in lines.by_ref() {
        let counts = is_step(&line);
        seen.push(line.unwrap_or_default());
        if counts && seen.iter().filter(|l| !l.contains("\"planned\"")).count() >= events {
            break;
        }
    }
    std::thread::sleep(pause);
    let kill = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(kill.is_ok_and(|s| s.success()), "{verb}: it had ended before the signal");
    seen.extend(lines.map_while(Result::ok));
    let mut output = child.wait_with_output().expect("it ends");
    output.stdout = seen.join("\n").into_bytes();
    output
}

/// Spreads ten moments over a run, given by its output: the first steps, the middle, the last ones.
fn moments(whole: &Output) -> Vec<(usize, Duration)> {
    let text = String::from_utf8_lossy(&whole.stdout);
    let events = text.lines().filter(|line| !line.contains("\"planned\"")).count() - 1;
    assert!(events > 20, "{text}");
    (0..10_usize)
        .map(|i| {
            // Some milliseconds more or less hit other calls.
            let pause = Duration::from_millis((i as u64 * 7919) % 13);
            (1 + i * (events - 4) / 10, pause)
        })
        .collect()
}

/// Does something for each, several at a time: runs mostly wait.
fn each<T: Sync>(all: &[T], something: impl Fn(&T) + Sync) {
    for some in all.chunks(5) {
        std::thread::scope(|scope| {
            for one in some {
                scope.spawn(|| something(one));
            }
        });
    }
}

/// An undisturbed apply: its folder and its output.
fn applied() -> (TempDir, Output) {
    let whole = folder();
    let output = run(whole.path(), "apply");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (whole, output)
}

#[test]
fn a_sigkill_at_ten_moments_of_an_apply_is_healed_by_a_plain_run() {
    let (whole, output) = applied();
    let whole = ledger(whole.path());
    each(&moments(&output), |(events, pause)| {
        let folder = folder();
        let at = format!("killed after {events} events and {pause:?}");
        let killed = interrupted(folder.path(), "apply", "-KILL", *events, *pause);
        assert_eq!(killed.status.signal(), Some(9), "{at}: {:?}", killed.status);
        must(folder.path(), "apply", &at);
        assert_eq!(ledger(folder.path()), whole, "{at}");
        let plan = command(folder.path(), "plan").arg("--detailed-exitcode").output();
        let plan = plan.expect("the binary starts");
        let text = String::from_utf8_lossy(&plan.stdout);
        assert_eq!(plan.status.code(), Some(0), "{at}: {text}");
    });
}

#[test]
fn a_sigkill_at_ten_moments_of_a_destroy_is_healed_by_a_plain_run() {
    let (start, _) = applied();
    let whole = run(folder_like(start.path()).path(), "destroy");
    each(&moments(&whole), |(events, pause)| {
        let folder = folder_like(start.path());
        let at = format!("killed after {events} events and {pause:?}");
        let killed = interrupted(folder.path(), "destroy", "-KILL", *events, *pause);
        assert_eq!(killed.status.signal(), Some(9), "{at}: {:?}", killed.status);
        must(folder.path(), "destroy", &at);
        assert_eq!(ledger(folder.path()), Ledger::default(), "{at}");
    });
}

fn stops_cleanly(verb: &str, signal: &str, start: &Path) {
    let folder = if verb == "destroy" { folder_like(start) } else { folder() };
    let stopped = interrupted(folder.path(), verb, signal, 6, Duration::ZERO);
    let errors = String::from_utf8_lossy(&stopped.stderr);
    assert_eq!(stopped.status.code(), Some(130), "{verb} {signal}: {errors}");
    assert!(errors.contains(" to go"), "{verb} {signal} says what is left: {errors}");
    let events = String::from_utf8_lossy(&stopped.stdout);
    let last: Value = serde_json::from_str(events.lines().last().unwrap_or_default())
        .expect("the last line is an event");
    assert_eq!(last["type"], "summary", "{events}");
    assert!(last["reason"].as_str().is_some_and(|r| r.contains(" left")), "{last}");
    must(folder.path(), verb, "after a clean stop");
    if verb == "destroy" {
        assert_eq!(ledger(folder.path()), Ledger::default());
    }
}

#[test]
fn an_interrupt_and_a_termination_stop_cleanly() {
    let (start, _) = applied();
    let cases = [("apply", "-INT"), ("apply", "-TERM"), ("destroy", "-INT"), ("destroy", "-TERM")];
    each(&cases, |(verb, signal)| stops_cleanly(verb, signal, start.path()));
}
