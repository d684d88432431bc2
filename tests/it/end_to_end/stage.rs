//! A folder with stacks, an account, and boto3 beside it.

use crate::support;
use crate::support::boto3::Boto3;
use crate::support::{moto, sandbox};
use infra::sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// Who plays AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judge {
    Sandbox,
    Moto,
}

/// One test's world.
#[derive(Debug)]
pub(super) struct Stage {
    folder: TempDir,
    judge: Judge,
    url: String,
    environment: String,
    boto3: Boto3,
    served: Served,
}

/// What ends with a stage.
#[derive(Debug)]
enum Served {
    Elsewhere,
    ByTheBinary(Child),
    ByMoto { _moto: moto::Moto },
    Here { _sandbox: sandbox::Served },
}

/// What a run of the binary left behind.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Ran {
    pub(super) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
        Self {
            code: output.status.code().expect("the binary exits by itself"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Insists on an exit code.
    #[track_caller]
    pub(super) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Reads the answer as one JSON document.
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("{e}\n{}\n{}", self.stdout, self.stderr))
    }

    /// Reads the problems told with `--format json`.
    #[track_caller]
    pub(super) fn problems(&self) -> Vec<Value> {
        let lines = self.stderr.lines().filter(|line| line.starts_with('{'));
        lines.map(|line| serde_json::from_str(line).expect("a problem is JSON")).collect()
    }
}

impl Stage {
    /// A sandbox of its own, served by the binary.
    pub(super) fn in_the_sandbox() -> Self {
        Self::served(tempfile::tempdir().expect("a temporary folder"), "e2e", &[]).with_own_stacks()
    }

    /// A sandbox of its own with the stacks of the repository, on a clock that makes an hour of
    /// AWS's six seconds.
    pub(super) fn of_real_stacks(environment: &str) -> Self {
        Self::of_real_stacks_at("600", environment)
    }

    /// The same on a clock of this rate.
    pub(super) fn of_real_stacks_at(rate: &str, environment: &str) -> Self {
        Self::served(real_stacks(), environment, &["--clock-rate", rate])
    }

    /// A moto of its own, as there is much to do, with the stacks of the repository.
    pub(super) fn of_real_stacks_on_moto(environment: &str) -> Self {
        let moto = moto::Moto::start();
        let url = moto.url().to_owned();
        let served = Served::ByMoto { _moto: moto };
        Self::new(real_stacks(), Judge::Moto, &url, environment, served)
    }

    /// A sandbox in the memory of this process, for what would write a large state to disk with
    /// every call, with the stacks of the repository.
    pub(super) fn of_real_stacks_in_memory(environment: &str) -> Self {
        let here = sandbox::Served::start(Sandbox::in_memory(Options::default()));
        let url = here.url().to_owned();
        Self::new(real_stacks(), Judge::Sandbox, &url, environment, Served::Here { _sandbox: here })
    }

    /// Leaves only the network, repositories and tables of the real stacks.
    pub(super) fn without_the_cluster(self) -> Self {
        let name = "supporting-infrastructure";
        let text = self.read(&format!("{name}.toml"));
        let (stack, rest) = text.split_once("# --- Cluster").expect("there is that section");
        let (_, outputs) = rest.split_once("\n[outputs]\n").expect("there are outputs");
        let (outputs, _) = outputs.split_once("\nnetwork_mode ").expect("the first of the cluster");
        self.stack(name, &format!("{stack}\n[outputs]\n{outputs}\n"));
        self.remove("order-api");
        self.remove("order-processor");
        // Variables that only services declare.
        let file = format!("environments/{}.toml", self.environment);
        let environment = self.read(&file);
        let (head, rest) = environment.split_once("[variables]\n").expect("they have some");
        let rest = rest.split_once("\n[").map_or("", |(_, rest)| rest);
        self.write(&file, &format!("{head}[{rest}"));
        self
    }

    fn served(folder: TempDir, environment: &str, more: &[&str]) -> Self {
        let mut served = support::infra(folder.path(), None)
            .args(["sandbox", "--port", "0"])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let mut url = String::new();
        let mut answers = BufReader::new(served.stdout.take().expect("stdout is a pipe"));
        answers.read_line(&mut url).expect("the sandbox says where it is");
        Self::new(folder, Judge::Sandbox, url.trim(), environment, Served::ByTheBinary(served))
    }

    /// The moto all tests share; the environment keeps them apart.
    pub(super) fn on_moto(test: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::new(folder, Judge::Moto, moto::url(), &test.replace('_', "-"), Served::Elsewhere)
            .with_own_stacks()
    }

    fn new(folder: TempDir, judge: Judge, url: &str, environment: &str, served: Served) -> Self {
        Self {
            boto3: Boto3::connect(url, "eu-west-1"),
            url: url.to_owned(),
            environment: environment.to_owned(),
            folder,
            judge,
            served,
        }
    }

    /// A project with one environment, whose workspaces the test writes.
    fn with_own_stacks(self) -> Self {
        self.write("infra.toml", "[project]\nname = \"e2e\"\nregion = \"eu-west-1\"\n");
        let described = "[environment]\ndescription = \"of one test\"\ndefault = true\n";
        self.write(&format!("environments/{}.toml", self.environment), described);
        self
    }

    /// Goes on in another environment of the same stacks and account.
    pub(super) fn turn_to(&mut self, environment: &str) {
        environment.clone_into(&mut self.environment);
    }

    pub(super) fn is_moto(&self) -> bool {
        self.judge == Judge::Moto
    }

    pub(super) fn environment(&self) -> &str {
        &self.environment
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn stacks(&self) -> PathBuf {
        self.folder.path().join("stacks")
    }

    /// Writes a file of the stacks folder.
    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.stacks().join(name);
        fs::create_dir_all(path.parent().expect("in a folder")).expect("the folder can be made");
        fs::write(path, text).expect("the file can be written");
    }

    /// Writes a workspace.
    pub(super) fn stack(&self, workspace: &str, text: &str) {
        self.write(&format!("{workspace}.toml"), text);
    }

    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.stacks().join(name)).expect("the file is there")
    }

    pub(super) fn remove(&self, workspace: &str) {
        fs::remove_file(self.stacks().join(format!("{workspace}.toml"))).expect("it was there");
    }

    /// A run of the binary in this world, not started yet.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = support::infra(self.folder.path(), Some(&self.url));
        command.args(["-e", &self.environment]).args(arguments).stdin(Stdio::null());
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().expect("the binary runs"))
    }

    /// A run in another environment than that of the stage.
    pub(super) fn run_in(&self, environment: &str, arguments: &[&str]) -> Ran {
        let mut command = support::infra(self.folder.path(), Some(&self.url));
        command.args(["-e", environment]).args(arguments).stdin(Stdio::null());
        Ran::of(command.output().expect("the binary runs"))
    }

    /// Applies and insists that all went well.
    #[track_caller]
    pub(super) fn apply(&self, workspace: &str) -> Ran {
        let ran = self.run(&["apply", workspace, "--yes"]).exits(0);
        // Neither lists lag: what is waited for would be a difference that is none.
        let told: Vec<&str> = ran.stderr.split_whitespace().collect();
        assert!(!told.join(" ").contains("AWS's lists to show what was written"), "{}", ran.stderr);
        ran
    }

    /// Plans and returns the document; blocked changes are no error here.
    #[track_caller]
    pub(super) fn plan(&self, arguments: &[&str]) -> Plan {
        let ran = self.run(&[&["plan", "--format", "json"], arguments].concat());
        assert!([0, 4].contains(&ran.code), "{}\n{}\n{}", ran.code, ran.stdout, ran.stderr);
        Plan(ran.json())
    }

    /// Insists that nothing differs.
    #[track_caller]
    pub(super) fn settled(&self, workspace: &str) -> Plan {
        let arguments = ["plan", workspace, "--format", "json", "--detailed-exitcode"];
        let ran = self.run(&arguments);
        let plan = Plan(ran.json());
        assert_eq!(plan.changes(), Vec::<String>::new(), "{}", plan.0);
        ran.exits(0);
        plan
    }

    /// Insists that a plan shows just these changes, given as `action address: path path`, each
    /// path once; then applies them and insists that nothing differs any more.
    #[track_caller]
    pub(super) fn changes(&self, workspace: &str, expected: &[&str]) -> Plan {
        let plan = self.plan(&[workspace]);
        assert_eq!(plan.changes(), expected, "{}", plan.shown());
        let code = self.run(&["plan", workspace, "--detailed-exitcode"]).code;
        assert_eq!(code, 2, "a plan with changes exits with 2");
        self.apply(workspace);
        self.settled(workspace);
        plan
    }

    /// Destroys everything of the environment and insists that boto3 finds nothing of ours.
    #[track_caller]
    pub(super) fn destroy_all(&self) {
        self.run(&["destroy", "--all", "--yes"]).exits(0);
        assert_eq!(self.owned(), Vec::<String>::new());
    }

    /// Lists what carries our tag, with boto3.
    pub(super) fn owned(&self) -> Vec<String> {
        self.boto3.owned(&self.environment)
    }

    /// Calls AWS with boto3, behind our back.
    pub(super) fn call(&self, service: &str, operation: &str, parameters: Value) -> Value {
        self.boto3.call(service, operation, parameters)
    }

    /// Runs Python with boto3, behind our back.
    pub(super) fn python(&self, script: &str, input: Value) -> Value {
        self.boto3.run(script, input)
    }

    /// Removes or sets tags of EC2 resources.
    pub(super) fn untag(&self, id: &str, key: &str) {
        let tags = json!([{ "Key": key }]);
        self.call("ec2", "delete_tags", json!({ "Resources": [id], "Tags": tags }));
    }

    pub(super) fn tag(&self, id: &str, key: &str, value: &str) {
        let tags = json!([{ "Key": key, "Value": value }]);
        self.call("ec2", "create_tags", json!({ "Resources": [id], "Tags": tags }));
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Served::ByTheBinary(served) = &mut self.served {
            let _ = served.kill();
            let _ = served.wait();
        }
    }
}

/// A folder with the stacks of the repository.
fn real_stacks() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let stacks = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks");
    copy(&stacks, &folder.path().join("stacks"));
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the folder can be made");
    for entry in fs::read_dir(from).expect("the folder can be read") {
        let entry = entry.expect("the folder can be read");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("the file can be copied");
        }
    }
}

/// A plan as `--format json` tells it.
#[derive(Debug)]
pub(super) struct Plan(pub(super) Value);

impl Plan {
    fn all(&self) -> impl Iterator<Item = &Value> {
        let workspaces = self.0["workspaces"].as_array().expect("a plan has workspaces");
        workspaces.iter().flat_map(|w| w["changes"].as_array().expect("with changes"))
    }

    /// One change by its address.
    #[track_caller]
    pub(super) fn change(&self, address: &str) -> &Value {
        let found = self.all().find(|change| change["address"] == address);
        found.unwrap_or_else(|| panic!("{address} is not in {}", self.0))
    }

    /// AWS's id of what stands at an address.
    #[track_caller]
    pub(super) fn id(&self, address: &str) -> String {
        let id = self.change(address)["id"].as_str();
        id.unwrap_or_else(|| panic!("{address} has no id")).to_owned()
    }

    /// What would change, as `action address: paths` in the order of the document; creations and
    /// deletions without paths, blocked ones with `blocked` before.
    pub(super) fn changes(&self) -> Vec<String> {
        Self::told(self.all())
    }

    /// What would change in one of several workspaces.
    #[track_caller]
    pub(super) fn changes_in(&self, workspace: &str) -> Vec<String> {
        let workspaces = self.0["workspaces"].as_array().expect("a plan has workspaces");
        let found = workspaces.iter().find(|w| w["name"] == workspace);
        let found = found.unwrap_or_else(|| panic!("{workspace} is not in {}", self.0));
        Self::told(found["changes"].as_array().expect("with changes").iter())
    }

    fn told<'a>(changes: impl Iterator<Item = &'a Value>) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        changes
            .filter(|change| change["action"] != "none")
            .map(|change| {
                let action = text(&change["action"]);
                let mut line = format!("{action} {}", text(&change["address"]));
                if action == "update" || action == "replace" {
                    let fields = change["fields"].as_array().expect("a list");
                    let mut paths: Vec<_> = fields.iter().map(|f| text(&f["path"])).collect();
                    paths.sort();
                    paths.dedup();
                    line = format!("{line}: {}", paths.join(" "));
                }
                if change["blocked"].is_null() { line } else { format!("blocked {line}") }
            })
            .collect()
    }

    /// `before` and `after` of every field that differs at an address, by path.
    #[track_caller]
    pub(super) fn fields(&self, address: &str) -> Vec<(String, Value, Value)> {
        let fields = self.change(address)["fields"].as_array().expect("a list");
        let one = |f: &Value| {
            let path = f["path"].as_str().expect("a path").to_owned();
            (path, f["before"].clone(), f["after"].clone())
        };
        fields.iter().map(one).collect()
    }

    /// Calls made.
    pub(super) fn api_calls(&self) -> u64 {
        self.0["api_calls"].as_u64().expect("a number")
    }

    fn shown(&self) -> String {
        let acting: Vec<_> = self.all().filter(|c| c["action"] != "none").collect();
        serde_json::to_string_pretty(&acting).expect("JSON")
    }
}
