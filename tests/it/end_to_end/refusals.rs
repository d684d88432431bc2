//! Bad input: one clear error, exit 1, and nothing is changed.

use super::stage::{Ran, Stage};
use crate::support;
use crate::support::sandbox::Served;
use infra::sandbox::{Options, Sandbox};
use serde_json::Value;
use std::fs;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A folder with one workspace `net`, and a sandbox that keeps a record of its calls.
struct Bench {
    folder: TempDir,
    sandbox: Sandbox,
    served: Served,
}

const GOOD: &str =
    "[workspace]\ndescription = \"good\"\n[vpc.main]\ncidr_block = \"10.0.0.0/16\"\n";

impl Bench {
    fn new() -> Self {
        let sandbox = Sandbox::in_memory(Options::default());
        let served = Served::start(sandbox.clone());
        let bench = Self { folder: tempfile::tempdir().expect("a folder"), sandbox, served };
        bench.write("infra.toml", "[project]\nname = \"bad\"\nregion = \"eu-west-1\"\n");
        bench.write("environments/dev.toml", "[environment]\ndefault = true\n");
        bench.write("net.toml", GOOD);
        bench
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join("stacks").join(name);
        fs::create_dir_all(path.parent().expect("in a folder")).expect("the folder can be made");
        fs::write(path, text).expect("the file can be written");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = support::infra(self.folder.path(), Some(self.served.url()));
        command.args(arguments).stdin(Stdio::null());
        command
    }

    /// Insists that every verb ends with exit 1 and this one error, and changes nothing.
    #[track_caller]
    fn refuses(&self, more: &[&str], code: &str, says: &str) {
        self.refuses_with(more, code, says, |command| command);
    }

    #[track_caller]
    fn refuses_with(
        &self,
        more: &[&str],
        code: &str,
        says: &str,
        prepare: impl Fn(&mut Command) -> &mut Command,
    ) {
        let named = more.first().is_some_and(|m| !m.starts_with('-'));
        let workspace = if named { &[][..] } else { &["net"] };
        for verb in [&["plan"][..], &["apply", "--yes"]] {
            let arguments = [verb, workspace, more, &["--format", "json"]].concat();
            let mut command = self.command(&arguments);
            let ran = Ran::of(prepare(&mut command).output().expect("it runs")).exits(1);
            let problems = ran.problems();
            let codes: Vec<&Value> = problems.iter().map(|p| &p["code"]).collect();
            assert_eq!(codes, [code], "{arguments:?}: {}", ran.stderr);
            assert!(ran.stderr.contains(says), "{arguments:?}: `{says}` is not in {}", ran.stderr);
            assert_eq!(ran.stdout, "", "{arguments:?}: there is no answer");
            assert_eq!(ran.stderr.lines().count(), 1, "{arguments:?}: {}", ran.stderr);
        }
        let changed = self.sandbox.calls().into_iter().filter(|call| call.mutating);
        let changed: Vec<String> = changed.map(|call| call.operation).collect();
        assert!(changed.is_empty(), "nothing is changed: {changed:?}");
    }

    /// As [`Self::refuses`], for what is wrong in the file: at this line.
    #[track_caller]
    fn refuses_file(&self, text: &str, code: &str, says: &str, line: u64) {
        let text = format!("[workspace]\ndescription = \"bad\"\n{text}");
        self.write("net.toml", &text);
        self.refuses(&[], code, says);
        assert!(self.sandbox.calls().is_empty(), "the account is not even asked");
        let ran =
            Ran::of(self.command(&["plan", "net", "--format", "json"]).output().expect("it runs"));
        assert_eq!(ran.problems()[0]["line"], line + 2, "{}", ran.stderr);
        // The same for people: file, line, and a caret.
        let ran = Ran::of(self.command(&["plan", "net"]).output().expect("it runs")).exits(1);
        let place = format!("stacks/net.toml:{}:", line + 2);
        assert!(ran.stderr.contains(&place) && ran.stderr.contains('^'), "{}", ran.stderr);
        assert!(!ran.stderr.contains('\u{1b}'), "{}", ran.stderr);
    }
}

#[test]
fn mistakes_in_the_file() {
    let bench = Bench::new();
    let vpc = "[vpc.main]\ncidr_block = \"10.0.0.0/16\"\n";
    for (text, code, says, line) in [
        (format!("{vpc}enable_dns_suport = true\n"), "unknown_key", "enable_dns_support", 3),
        (format!("{vpc}enable_dns_support = [1]\n"), "wrong_type", "expected a boolean", 3),
        ("[vcp.main]\ncidr_block = \"10.0.0.0/16\"\n".to_owned(), "unknown_type", "`vpc`", 1),
        (
            "[vpc.main]\ncidr_block = \"${var.range}\"\n".to_owned(),
            "unknown_name",
            "range",
            2,
        ),
        (
            "[vpc.main]\ncidr_block = \"${local.b}\"\n[locals]\na = \"${local.b}\"\nb = \"${local.a}\"\n".to_owned(),
            "cycle",
            "local.a",
            4,
        ),
        (
            "[vpc.a]\ncidr_block = \"10.0.0.0/16\"\ntags = { Other = \"${vpc.b.id}\" }\n[vpc.b]\ncidr_block = \"10.1.0.0/16\"\ntags = { Other = \"${vpc.a.id}\" }\n".to_owned(),
            "cycle",
            "vpc.a",
            3,
        ),
        (
            format!("{vpc}[subnet.a]\nvpc_id = \"${{vpc.main.id}}\"\ncidr_block = \"10.0.0.0/24\"\n[subnet.b]\nvpc_id = \"${{subnet.a.id}}\"\ncidr_block = \"10.0.1.0/24\"\n"),
            "wrong_reference",
            "vpc",
            7,
        ),
        (
            format!("[variables.days]\ntype = \"number\"\ndescription = \"days\"\n{vpc}tags = {{ Days = \"${{var.days}}\" }}\n"),
            "missing_variable",
            "days",
            1,
        ),
        (
            format!("[variables.days]\ntype = \"number\"\ndescription = \"days\"\ndefault = 0\nvalidate = \"days > 0\"\n{vpc}tags = {{ Days = \"${{var.days}}\" }}\n"),
            "failed_validation",
            "days",
            5,
        ),
        ("[vpc.main]\ncidr_block = \"10.0.0.0/40\"\n".to_owned(), "invalid_value", "/40", 2),
        ("[vpc.main\n".to_owned(), "invalid_toml", "net.toml", 1),
    ] {
        bench.refuses_file(&text, code, says, line);
    }
}

#[test]
fn what_does_not_exist() {
    let bench = Bench::new();
    bench.refuses(&["nat"], "unknown_workspace", "`net`");
    bench.refuses(&["-e", "deb"], "unknown_environment", "`dev`");
    bench.refuses(&["--region", "eu-west-7"], "unknown_region", "eu-west-7");
    bench.refuses(&["--var", "nothing=1"], "unknown_variable", "nothing");
    bench.refuses(&["--target", "vpc.mian"], "unknown_address", "vpc.main");
    let ran = Ran::of(bench.command(&["destroy", "nat", "--yes"]).output().expect("it runs"));
    ran.exits(1);
    assert!(bench.sandbox.calls().iter().all(|call| !call.mutating));
}

#[test]
fn regions_that_aws_has_not() {
    let bench = Bench::new();
    bench.write(
        "environments/dev.toml",
        "[environment]\ndefault = true\nregions = [\"eu-wset-1\"]\n",
    );
    // Only an endpoint of one's own may have regions of its own.
    bench.refuses_with(&[], "unknown_region", "eu-west-1", |c| c.env_remove("AWS_ENDPOINT_URL"));
}

#[test]
fn no_credentials() {
    let bench = Bench::new();
    bench.refuses_with(&[], "no_credentials", "credentials", |command| {
        command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY")
    });
    assert!(bench.sandbox.calls().is_empty());
}

#[test]
fn an_endpoint_that_is_down() {
    let bench = Bench::new();
    let free = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port");
    let url = format!("http://{free}");
    bench.refuses_with(&[], "endpoint_unreachable", &url, |c| c.env("AWS_ENDPOINT_URL", &url));
}

#[test]
fn another_account() {
    let bench = Bench::new();
    let only = "[environment]\ndefault = true\naccount_ids = [\"111111111111\"]\n";
    bench.write("environments/dev.toml", only);
    bench.refuses(&[], "wrong_account", "111111111111");
    bench.write("environments/dev.toml", "[environment]\ndefault = true\n");
    let ids = "222222222222";
    bench.refuses_with(&[], "wrong_account", ids, |c| c.env("INFRA_ACCOUNT_IDS", ids));

    let stage = Stage::on_moto("another-account");
    stage.stack("net", GOOD);
    stage.write("environments/another-account.toml", only);
    for verb in [&["plan"][..], &["apply", "--yes"]] {
        let ran = stage.run(&[verb, &["net"]].concat()).exits(1);
        assert!(ran.stderr.contains("111111111111"), "{}", ran.stderr);
    }
    assert_eq!(stage.owned(), Vec::<String>::new());
}

#[test]
fn bad_usage_and_nobody_to_ask() {
    let bench = Bench::new();
    for (arguments, says) in [
        (&["paln"][..], "plan"),
        (&["plan", "net", "--detailed-exitcod"], "--detailed-exitcode"),
        (&["plan"], "infra plan net"),
        (&["plan", "net", "--parallelism", "0"], "256"),
        (&["plan", "net", "--format", "sarif"], "json"),
        (&["apply", "net"], "--yes"),
        (&["destroy", "--all"], "--yes"),
    ] {
        let ran = Ran::of(bench.command(arguments).output().expect("it runs")).exits(1);
        assert!(ran.stderr.contains(says), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
    assert!(bench.sandbox.calls().iter().all(|call| !call.mutating));
}
