//! Calls that are throttled, and calls of which nobody can tell whether they took effect: the run
//! itself copes with each, and in the end nothing differs.

use super::bench::{Bench, EVERY_TYPE, Ran, actions, told};
use super::ledger::Ledger;
use infra::engine::plan::Mode;
use infra::sandbox::{CallRecord, Calls, Effect, Fault};
use std::collections::BTreeMap;

/// An account and a run over it.
struct Flow {
    start: Bench,
    mode: Mode,
}

impl Flow {
    async fn create() -> Self {
        Self { start: Bench::new(EVERY_TYPE), mode: Mode::Apply }
    }

    async fn destroy() -> Self {
        let start = Bench::new(EVERY_TYPE);
        start.run(Mode::Apply).await.must_be_complete();
        Self { start, mode: Mode::Destroy }
    }

    /// From one stack to another.
    async fn edit(from: &str, to: &str) -> Self {
        let mut start = Bench::new(from);
        start.run(Mode::Apply).await.must_be_complete();
        start.edit(to);
        Self { start, mode: Mode::Apply }
    }

    /// Runs over an account of its own, with faults; returns what was called.
    async fn disturbed(&self, faults: Vec<Fault>, at: &str) -> Vec<CallRecord> {
        let bench = self.start.copy();
        for fault in faults {
            bench.sandbox.inject(fault);
        }
        let Ran { outcome, .. } = bench.run(self.mode).await;
        assert!(outcome.is_complete(), "{at}: {}", told(&outcome));
        let calls = bench.sandbox.calls();
        bench.sandbox.clear_faults();
        match self.mode {
            Mode::Apply => {
                assert_eq!(bench.ledger(), self.goal().await, "{at}");
                let plan = bench.plan().await;
                assert!(!plan.has_changes(), "{at}: {:#?}", actions(&plan));
            }
            Mode::Destroy => assert_eq!(bench.ledger(), Ledger::default(), "{at}"),
        }
        calls
    }

    async fn goal(&self) -> Ledger {
        let bench = self.start.copy();
        bench.run(self.mode).await.must_be_complete();
        bench.ledger()
    }

    /// How often an undisturbed run makes each call that changes something.
    async fn changing(&self) -> BTreeMap<String, u64> {
        let mut times = BTreeMap::new();
        for call in self.disturbed(Vec::new(), "undisturbed").await {
            if call.mutating {
                *times.entry(call.operation).or_default() += 1;
            }
        }
        times
    }

    /// Breaks the connection of every call that changes something, the first of each operation in
    /// one run, the second of each in another, and so on. Returns the operations.
    async fn every_answer_lost(&self, effect: &Effect) -> Vec<String> {
        let times = self.changing().await;
        for nth in 1..=times.values().copied().max().unwrap_or_default() {
            let operations = times.iter().filter(|(_, times)| **times >= nth);
            let operations: Vec<&String> = operations.map(|(operation, _)| operation).collect();
            let fault =
                |operation: &&String| Fault::new(Calls::of(*operation), nth, effect.clone());
            let at = format!("{effect:?} at call {nth} of each of {operations:?}");
            let calls = self.disturbed(operations.iter().map(fault).collect(), &at).await;
            for operation in operations {
                let lost = calls.iter().any(|c| c.dropped && c.operation == *operation);
                assert!(lost, "{at}: {operation} was answered");
            }
        }
        times.into_keys().collect()
    }

    /// Throttles every call in one of three runs.
    async fn every_call_throttled(&self) {
        for offset in 1..=3 {
            let at = (0..200).map(|i| offset + 3 * i);
            let refuse = |at| Fault::refuse(Calls::all(), at, "ThrottlingException", 400);
            let text = format!("every third call throttled from call {offset} on");
            let calls = self.disturbed(at.map(refuse).collect(), &text).await;
            let throttled = calls.iter().filter(|c| c.code.is_some()).count();
            assert!(throttled >= calls.len() / 3, "{text}: only {throttled} of {}", calls.len());
        }
    }
}

/// Takes effect, or does not: the client cannot tell.
const AMBIGUOUS: [Effect; 2] = [Effect::DropAnswer, Effect::Drop];

#[tokio::test(start_paused = true)]
async fn an_apply_outlives_the_loss_of_any_answer() {
    let flow = Flow::create().await;
    for effect in AMBIGUOUS {
        let lost = flow.every_answer_lost(&effect).await;
        assert!(lost.len() > 15, "{lost:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_destroy_outlives_the_loss_of_any_answer() {
    let flow = Flow::destroy().await;
    for effect in AMBIGUOUS {
        let lost = flow.every_answer_lost(&effect).await;
        assert!(lost.len() > 10, "{lost:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_apply_outlives_throttling_of_any_call() {
    Flow::create().await.every_call_throttled().await;
}

#[tokio::test(start_paused = true)]
async fn a_destroy_outlives_throttling_of_any_call() {
    Flow::destroy().await.every_call_throttled().await;
}

/// One of each kind of tagging, and a role with all that it may have.
fn tagged(tags: &str, role: &str, policies: &str) -> String {
    format!(
        r#"
[vpc.main]
cidr_block = "10.0.0.0/16"
tags       = {tags}
[log_group.app]
name = "/shop/app"
tags = {tags}
[iam_role.app]
name = "app"
tags = {tags}
assume_role_policy_document = {{ Version = "2012-10-17", Statement = [{{ Effect = "Allow", Action = "sts:AssumeRole", Principal = {{ Service = "{role}.amazonaws.com" }} }}] }}
{policies}
"#
    )
}

fn allow(action: &str) -> String {
    format!(
        "{{ Version = \"2012-10-17\", Statement = [{{ Effect = \"Allow\", Action = \"{action}\", Resource = \"*\" }}] }}"
    )
}

/// Each policy and each tag that comes, changes and goes, with nobody to tell whether it did.
#[tokio::test(start_paused = true)]
async fn policies_and_tags_outlive_the_loss_of_any_answer() {
    let (get, put) = (allow("s3:GetObject"), allow("s3:PutObject"));
    let one = tagged(
        "{ Team = \"orders\" }\nprotect = true",
        "ec2",
        &format!(
            "description = \"one\"\nmax_session_duration = 3600\n\
             permissions_boundary = \"arn:aws:iam::aws:policy/PowerUserAccess\"\n\
             managed_policy_arns = [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]\n\
             inline_policies = {{ read = {get}, old = {get} }}"
        ),
    );
    let two = tagged(
        "{ Team = \"stock\" }",
        "ecs-tasks",
        &format!(
            "description = \"two\"\nmax_session_duration = 7200\n\
             permissions_boundary = \"arn:aws:iam::aws:policy/ReadOnlyAccess\"\n\
             managed_policy_arns = [\"arn:aws:iam::aws:policy/AmazonSQSFullAccess\"]\n\
             inline_policies = {{ read = {put}, new = {get} }}"
        ),
    );
    let flow = Flow::edit(&one, &two).await;
    for effect in AMBIGUOUS {
        let lost = flow.every_answer_lost(&effect).await;
        let expected = [
            "AttachRolePolicy",
            "CreateTags",
            "DeleteRolePolicy",
            "DeleteTags",
            "DetachRolePolicy",
            "PutRolePermissionsBoundary",
            "PutRolePolicy",
            "TagResource",
            "TagRole",
            "UntagResource",
            "UntagRole",
            "UpdateAssumeRolePolicy",
            "UpdateRole",
        ];
        assert_eq!(lost, expected);
    }
}

/// A replacement that creates first marks the old one by a tag before: that answer too may be lost.
#[tokio::test(start_paused = true)]
async fn a_replacement_outlives_the_loss_of_any_answer() {
    let role = |path: &str| {
        format!(
            "[iam_role.job]\nname_prefix = \"job-\"\npath = \"{path}\"\n\
             assume_role_policy_document = {{ Version = \"2012-10-17\", Statement = [{{ Effect = \"Allow\", Action = \"sts:AssumeRole\", Principal = {{ Service = \"ec2.amazonaws.com\" }} }}] }}\n\
             inline_policies = {{ read = {} }}\n\
             [vpc.main]\ncidr_block = \"10.0.0.0/16\"\n\
             [security_group.web]\nname_prefix = \"web-\"\ndescription = \"{path}\"\nvpc_id = \"${{vpc.main.id}}\"\n",
            allow("s3:GetObject")
        )
    };
    let flow = Flow::edit(&role("/one/"), &role("/two/")).await;
    for effect in AMBIGUOUS {
        let lost = flow.every_answer_lost(&effect).await;
        for operation in ["CreateTags", "TagRole", "CreateRole", "CreateSecurityGroup"] {
            assert!(lost.iter().any(|o| o == operation), "{lost:?}");
        }
    }
}
