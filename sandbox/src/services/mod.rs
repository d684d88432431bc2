//! The services of the sandbox, one file (or folder) each, holding state and behaviour.
//!
//! # Adding a service
//! 1. `shapes/<name>.json`, written by `shapes/trim.py` (add the operations to its list).
//! 2. `services/<name>.rs` with
//!    - `State`: `Clone + Debug + Default + Serialize + Deserialize`, `#[serde(default)]`;
//!    - `pub(crate) static SERVICE: Service`, whose table names each operation with the input
//!      members it models and its function, a [`Run::Read`] on `&Account` or a [`Run::Write`] on
//!      `&mut Account`;
//!    - `rules! { "signing-name": … }` for what it refuses (see [`super::rules`]);
//!    - `#[cfg(test)] pub(crate) mod tests` with `REFUSALS: &[(&Rule, fn() -> Refusal)]`, one case
//!      for each rule: it makes a fresh sandbox, breaks the rule and returns the refusal.
//! 3. `mod <name>;` and its name in the list at the end of this file.
//!
//! # What a function gets and gives
//! `fn(&mut Account, &Call, &Input) -> Answer` (`&Account` for reads).
//! - `Input` and the answer are JSON objects whose keys are the API's member names as the service
//!   models spell them (`VpcId`, `Filters: [{Name, Values: […]}]`, `logGroupName`), typed by the
//!   shape: numbers, booleans, lists, maps. What was not sent is absent. Timestamps are RFC 3339
//!   strings both ways (`Time::to_string`), blobs are base64 strings. [`Members`] reads them:
//!   `input.text("VpcId")`, `input.list("SubnetIds")`, `input.flag("AmazonProvidedIpv6CidrBlock")`.
//! - Wire names never reach a service. Before a function runs, the protocol layer has refused what
//!   the shape requires and was not sent, values outside an enum, wrong types and members unknown
//!   to the shape; the core has refused members missing from the operation's list (so a list names
//!   exactly what is modelled; nested structures: [`modelled`]) and answered `DryRun`. `ClientToken`
//!   must be in the list if the service honours it.
//! - An answer member the shape does not know is a bug: a panic in tests, status 500 otherwise.
//!   Null members of an answer are left out.
//! - A write works on a copy of the account that is kept only when the function answers `Ok`, so a
//!   refusal never leaves half an effect.
//! - State is reached as `account.region(&call.region)` (`Option`), `account.region_mut(…)`,
//!   `account.global`; ids come from `account.new_id("vpc")`.
//! - Slow states: store `call.after(Duration)` as the time when a state ends and compare with
//!   `call.now`; it is `call.now` itself when the sandbox runs without slow states. Nothing runs in
//!   the background, except that `Service::settle` is called whenever `Service::due` has passed.
//! - `Err(RULE.refuse(&["names", "filled", "in"]))` refuses.
//!
//! # Tests
//! `Sandbox::in_memory(Options::default())`, then `sandbox.call("ec2", "CreateVpc", json!({…}))`
//! goes through everything but the wire and returns `Result<Value, Refusal>`; `sandbox.call_in`
//! takes a region; `sandbox.skip(Duration)` moves the clock.

pub(crate) mod acm;
pub(crate) mod applicationautoscaling;
pub(crate) mod autoscaling;
pub(crate) mod cloudwatch;
pub(crate) mod dynamodb;
pub(crate) mod ec2;
pub(crate) mod ecr;
pub(crate) mod ecs;
pub(crate) mod elbv2;
pub(crate) mod iam;
pub(crate) mod kms;
pub(crate) mod logs;
mod paging;
mod policy;
pub(crate) mod route53;
pub(crate) mod s3;
pub(crate) mod secretsmanager;
pub(crate) mod servicediscovery;
pub(crate) mod ssm;
pub(crate) mod sts;
pub(crate) mod tagging;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Slow;
use super::clock::Time;
use super::rules::{Refusal, Rule};
use super::state::Account;

/// The input of an operation, by member name.
pub(crate) type Input = Map<String, Value>;

/// What an operation answers: the output's members, or a refusal.
pub(crate) type Answer = Result<Value, Refusal>;

/// Where a call comes from, as its credential scope says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller<'a> {
    /// The region that is called.
    pub(crate) region: &'a str,
    /// The access key it is signed with.
    pub(crate) access_key: &'a str,
}

/// One call as a service sees it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The operation's name, such as `CreateVpc`.
    pub(crate) operation: &'static str,
    /// The region of the credential scope.
    pub(crate) region: String,
    /// The account's 12 digits.
    pub(crate) account_id: String,
    /// `aws`, `aws-cn` or `aws-us-gov`, by the region.
    pub(crate) partition: &'static str,
    /// Who calls.
    pub(crate) principal_arn: String,
    /// The access key of who calls.
    pub(crate) access_key: String,
    /// Sandbox time of the call.
    pub(crate) now: Time,
    /// Whether states take as long as AWS's.
    pub(crate) slow: Slow,
}

impl Call {
    /// Returns when a state that lasts `span` on AWS ends here: now, without slow states.
    pub(crate) fn after(&self, span: Duration) -> Time {
        match self.slow {
            Slow::None => self.now,
            Slow::Aws => self.now + span,
        }
    }

    /// Makes the call behind what a service does by itself in a region, at a time.
    pub(crate) fn by_service(account: &Account, region: &str, now: Time) -> Self {
        Self {
            operation: "",
            region: region.to_owned(),
            account_id: account.id.clone(),
            partition: partition(region),
            principal_arn: format!("arn:{}:iam::{}:root", partition(region), account.id),
            access_key: String::new(),
            now,
            slow: account.way.slow,
        }
    }

    /// Writes an ARN in this call's partition, region and account.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition, self.region, self.account_id)
    }
}

/// A service of the sandbox.
pub(crate) struct Service {
    /// Its signing name, which is how a request's credential scope names it.
    pub(crate) name: &'static str,
    /// Its trimmed model, as JSON.
    pub(crate) shapes: &'static str,
    /// The code for input that the shapes refuse; EC2's own codes are known to the protocol layer.
    pub(crate) validation_code: &'static str,
    /// The code for a throttled call.
    pub(crate) throttle_code: &'static str,
    /// The token bucket of an operation, when throttling is on.
    pub(crate) bucket: fn(operation: &str, input: &Input) -> Bucket,
    /// What it can do.
    pub(crate) operations: &'static [Operation],
    /// What it refuses.
    pub(crate) rules: &'static [&'static Rule],
    /// What it shows to the Tagging API of one region.
    pub(crate) tagged: fn(&Account, region: &str, Time) -> Vec<Tagged>,
    /// When something next happens without a call, if ever.
    pub(crate) due: fn(&Account) -> Option<Time>,
    /// Lets happen what is due at the given time.
    pub(crate) settle: fn(&mut Account, Time),
}

impl Service {
    /// A service without operations, for `..Service::EMPTY`.
    pub(crate) const EMPTY: Self = Self {
        name: "",
        shapes: "{}",
        validation_code: "ValidationError",
        throttle_code: "Throttling",
        bucket: |_, _| Bucket { burst: 100.0, per_second: 20.0 },
        operations: &[],
        rules: &[],
        tagged: |_, _, _| Vec::new(),
        due: |_| None,
        settle: |_, _| {},
    };
}

impl Service {
    /// Returns an operation by its name.
    pub(crate) fn operation(&self, name: &str) -> Option<&'static Operation> {
        self.operations.iter().find(|operation| operation.name == name)
    }

    /// Returns whether the service has an operation.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.operation(name).is_some()
    }

    /// Returns whether an operation may change the account.
    pub(crate) fn mutates(&self, name: &str) -> bool {
        self.operation(name).is_some_and(|operation| matches!(operation.run, Run::Write(_)))
    }
}

/// Returns the partition a region belongs to.
pub(crate) fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

/// A token bucket: how many calls at once, and how many more each second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    pub(crate) burst: f64,
    pub(crate) per_second: f64,
}

/// One operation of a service.
pub(crate) struct Operation {
    /// Its name, such as `CreateVpc`.
    pub(crate) name: &'static str,
    /// The top-level input members it models; any other is refused.
    pub(crate) models: &'static [&'static str],
    /// What it does.
    pub(crate) run: Run,
}

/// An operation's function; the kind says whether the call counts as mutating.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// Looks only.
    Read(fn(&Account, &Call, &Input) -> Answer),
    /// May change the account; takes effect only with an answer.
    Write(fn(&mut Account, &Call, &Input) -> Answer),
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Shortens a line of an operation table for a read.
pub(crate) const fn read(
    name: &'static str,
    models: &'static [&'static str],
    run: fn(&Account, &Call, &Input) -> Answer,
) -> Operation {
    Operation { name, models, run: Run::Read(run) }
}

/// Shortens a line of an operation table for a write.
pub(crate) const fn write(
    name: &'static str,
    models: &'static [&'static str],
    run: fn(&mut Account, &Call, &Input) -> Answer,
) -> Operation {
    Operation { name, models, run: Run::Write(run) }
}

/// Something with tags, as the Tagging API lists it.
#[derive(Clone, Debug)]
pub(crate) struct Tagged {
    /// Its ARN.
    pub(crate) arn: String,
    /// Its type as in `ResourceTypeFilters`, such as `ec2:vpc` or `logs:log-group`.
    pub(crate) resource_type: &'static str,
    /// Its tags.
    pub(crate) tags: BTreeMap<String, String>,
}

/// Reading members of an input.
pub(crate) trait Members {
    /// Returns a string member.
    fn text(&self, name: &str) -> Option<&str>;
    /// Returns a boolean member.
    fn flag(&self, name: &str) -> Option<bool>;
    /// Returns a whole number member.
    fn integer(&self, name: &str) -> Option<i64>;
    /// Returns a list member; an absent one is empty.
    fn list(&self, name: &str) -> &[Value];
    /// Returns the strings of a list member; an absent one is empty.
    fn texts(&self, name: &str) -> Vec<&str> {
        self.list(name).iter().filter_map(Value::as_str).collect()
    }
    /// Returns a structure or map member.
    fn object(&self, name: &str) -> Option<&Map<String, Value>>;
}

impl Members for Map<String, Value> {
    fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.get(name)?.as_bool()
    }

    fn integer(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_i64()
    }

    fn list(&self, name: &str) -> &[Value] {
        self.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn object(&self, name: &str) -> Option<&Map<String, Value>> {
        self.get(name)?.as_object()
    }
}

/// Refuses members of a structure that the sandbox does not model, naming the first.
pub(crate) fn modelled(
    structure: &Map<String, Value>,
    what: &str,
    members: &[&str],
) -> Result<(), Refusal> {
    match structure.keys().find(|key| !members.contains(&key.as_str())) {
        Some(key) => Err(Refusal::new(
            "InvalidParameter",
            format!("the sandbox does not model {key} of {what}"),
        )),
        None => Ok(()),
    }
}

/// Makes the registry: the states of regional and global services, and the list of all services.
macro_rules! services {
    (regional: $($regional:ident),*; global: $($global:ident),*; stateless: $($plain:ident),*;) => {
        /// The state of one region.
        #[derive(Clone, Debug, Default, Serialize, Deserialize)]
        #[serde(default)]
        pub(crate) struct Region {
            $(pub(crate) $regional: $regional::State,)*
        }

        /// The state of the services that know no regions.
        #[derive(Clone, Debug, Default, Serialize, Deserialize)]
        #[serde(default)]
        pub(crate) struct Global {
            $(pub(crate) $global: $global::State,)*
        }

        /// Every service.
        pub(crate) static ALL: &[&Service] = &[
            $(&$regional::SERVICE,)* $(&$global::SERVICE,)* $(&$plain::SERVICE,)*
        ];

        /// A case for every rule of every service: the rule, and a way to break it.
        #[cfg(test)]
        pub(crate) static REFUSALS: &[&[(&Rule, fn() -> Refusal)]] = &[
            $($regional::tests::REFUSALS,)* $($global::tests::REFUSALS,)*
            $($plain::tests::REFUSALS,)*
        ];
    };
}

services! {
    regional: acm, applicationautoscaling, autoscaling, cloudwatch, dynamodb, ec2, ecr, ecs, elbv2,
        kms, logs, secretsmanager, servicediscovery, ssm;
    global: iam, route53, s3, sts;
    stateless: tagging;
}
