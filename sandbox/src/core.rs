//! One call after another: checks, faults, throttling, the service, the disk, the log.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;

use super::clock::{Clock, Time};
use super::faults::{Faults, Strike};
use super::ids;
use super::protocol::Wire;
use super::protocol::shapes::{Family, Model};
use super::rules::Refusal;
use super::services::{self, Answer, Call, Caller, Input, Operation, Run, Service};
use super::state::{Account, Way};
use super::storage::Storage;
use super::throttle::Buckets;
use super::{Dropped, Options};

/// One call that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// The service's signing name.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// The region of the credential scope.
    pub region: String,
    /// Whether the operation may change the account.
    pub mutating: bool,
    /// The error code it was answered with, if any.
    pub code: Option<String>,
    /// Whether the connection broke instead of an answer.
    pub dropped: bool,
    /// When it came in.
    pub time: Time,
}

/// Everything behind a handle.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) options: Options,
    pub(super) clock: Clock,
    pub(super) faults: Faults,
    pub(super) log: Vec<CallRecord>,
    account: Arc<Account>,
    /// Earlier accounts with the time they came to be, while reads lag.
    past: VecDeque<(Time, Arc<Account>)>,
    buckets: Buckets,
    storage: Option<Storage>,
    requests: u64,
}

/// When the clock of a sandbox in memory starts, so that tests see stable times.
const START: Time = Time::from_millis(1_767_225_600_000);

/// How many calls are remembered at most, so that a server may run for days.
const LOG_LENGTH: usize = 100_000;

fn way(options: &Options) -> Way {
    Way { slow: options.slow, images: options.images.as_slice().into() }
}

impl Core {
    pub(super) fn new(options: Options, opened: Option<(Storage, Option<Account>)>) -> Self {
        let durable = opened.is_some();
        let (storage, stored) =
            opened.map_or((None, None), |(storage, account)| (Some(storage), account));
        let mut account = stored.unwrap_or_else(|| Account::new(options.account_id.clone()));
        if account.id.is_empty() {
            account.id.clone_from(&options.account_id);
        }
        account.way = way(&options);
        let kept = storage.as_ref().map(Storage::time).unwrap_or_default();
        let start =
            if durable { Time::of_the_machine().max(account.time).max(kept) } else { START };
        let clock = Clock::start(start, options.clock_rate);
        Self {
            options,
            clock,
            faults: Faults::default(),
            log: Vec::new(),
            account: Arc::new(account),
            past: VecDeque::new(),
            buckets: Buckets::default(),
            storage,
            requests: 0,
        }
    }

    /// Makes a sandbox in memory whose time goes on from when this account was last written.
    pub(super) fn with_account(options: Options, account: Account) -> Self {
        let way = way(&options);
        let mut core = Self::new(options, None);
        core.clock.catch_up(account.time);
        core.account = Arc::new(Account { way, ..account });
        core
    }

    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    /// Changes the account behind the services' backs.
    #[cfg(test)]
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Account)) {
        change(Arc::make_mut(&mut self.account));
    }

    /// Answers a request, faults included.
    pub(super) fn handle(&mut self, request: &Request<Bytes>) -> Result<Response<Bytes>, Dropped> {
        self.requests += 1;
        let wire = Wire::read(request);
        let id = self.request_id();
        let mutating = wire.service.is_some_and(|service| service.mutates(&wire.operation));
        let strike = self.faults.strike(&wire.operation, mutating);
        let answer = match &strike {
            Some(Strike::Drop) => None,
            Some(Strike::Refuse(refusal)) => Some(Err(refusal.clone())),
            Some(Strike::DropAnswer) | None => Some(self.answer(&wire)),
        };
        let dropped = matches!(strike, Some(Strike::Drop | Strike::DropAnswer));
        let code = answer.as_ref().and_then(|answer| answer.as_ref().err());
        if self.log.len() >= LOG_LENGTH {
            self.log.drain(..LOG_LENGTH / 2);
        }
        self.log.push(CallRecord {
            service: wire.service.map_or_else(String::new, |service| service.name.to_owned()),
            operation: wire.operation.clone(),
            region: wire.region.clone(),
            mutating,
            code: code.map(|refusal| refusal.code.clone().into_owned()),
            dropped,
            time: self.clock.now(),
        });
        match answer {
            Some(answer) if !dropped => Ok(wire.write(&answer, &id)),
            _ => Err(Dropped),
        }
    }

    fn answer(&mut self, wire: &Wire) -> Answer {
        let input = wire.input.as_ref().map_err(Clone::clone)?;
        let Some(service) = wire.service else {
            return Err(Refusal::new("UnknownService", "the sandbox does not model this service"));
        };
        if self.options.throttle {
            let now = self.clock.now();
            self.buckets.take(service, wire, input, now)?;
        }
        let caller = Caller { region: &wire.region, access_key: &wire.access_key };
        self.call(service, &wire.operation, caller, input)
    }

    /// Calls an operation. What it changes is on disk before this returns.
    pub(super) fn call(
        &mut self,
        service: &'static Service,
        name: &str,
        caller: Caller<'_>,
        input: &Input,
    ) -> Answer {
        let model = Model::of(service);
        let family = model.family(service);
        let Some(operation) = service.operation(name) else {
            let message = format!("the sandbox does not model {name} of {}", service.name);
            return Err(Refusal::new("InvalidAction", message));
        };
        model.check_input(family, name, input)?;
        check_modelled(operation, family, input)?;
        let lock = self.storage.as_ref().map(Storage::lock).transpose();
        let _lock = lock.map_err(|error| internal(&error.to_string()))?;
        self.refresh()?;
        let call = Call {
            operation: operation.name,
            region: caller.region.to_owned(),
            account_id: self.account.id.clone(),
            partition: services::partition(caller.region),
            principal_arn: services::sts::principal(&self.account, caller),
            access_key: caller.access_key.to_owned(),
            now: self.clock.now(),
            slow: self.options.slow,
        };
        self.settle(call.now);
        if let Some(storage) = &mut self.storage {
            storage.reach(call.now).map_err(|error| internal(&error.to_string()))?;
        }
        let answer = match operation.run {
            Run::Read(run) => run(&self.visible(call.now), &call, input)?,
            Run::Write(run) => {
                let mut next = (*self.account).clone();
                let answer = run(&mut next, &call, input)?;
                self.keep(next, call.now)?;
                answer
            }
        };
        match model.check_output(name, &answer) {
            Ok(()) => Ok(answer),
            Err(problem) if cfg!(test) => panic!("bad answer of {name}: {problem}"),
            Err(problem) => Err(internal(&problem)),
        }
    }

    /// Takes over what another process wrote.
    fn refresh(&mut self) -> Result<(), Refusal> {
        let Some(storage) = &mut self.storage else { return Ok(()) };
        let changed = storage.read_if_changed().map_err(|error| internal(&error.to_string()))?;
        if let Some(mut account) = changed {
            if account.id.is_empty() {
                account.id.clone_from(&self.options.account_id);
            }
            account.way = way(&self.options);
            self.clock.catch_up(account.time);
            self.account = Arc::new(account);
            self.past.clear();
        }
        Ok(())
    }

    /// Lets happen, in order, what is due by now.
    fn settle(&mut self, now: Time) {
        loop {
            let due = services::ALL.iter().filter_map(|service| {
                let time = (service.due)(&self.account)?;
                (time <= now).then_some((time, *service))
            });
            let Some((time, service)) = due.min_by_key(|(time, _)| *time) else { return };
            (service.settle)(Arc::make_mut(&mut self.account), time);
        }
    }

    /// Keeps a changed account, on disk first.
    fn keep(&mut self, mut account: Account, now: Time) -> Result<(), Refusal> {
        account.time = now;
        if let Some(storage) = &mut self.storage {
            storage.write(&account).map_err(|error| internal(&error.to_string()))?;
        }
        let before = std::mem::replace(&mut self.account, Arc::new(account));
        if !self.options.read_lag.is_zero() {
            if self.past.is_empty() {
                self.past.push_back((Time::default(), before));
            }
            self.past.push_back((now, self.account.clone()));
        }
        Ok(())
    }

    /// Returns the account as reads see it: as it was before the lag.
    fn visible(&mut self, now: Time) -> Arc<Account> {
        let lag = self.options.read_lag;
        let seen = |time: &Time| *time + lag <= now;
        while self.past.get(1).is_some_and(|(time, _)| seen(time)) {
            self.past.pop_front();
        }
        match self.past.front() {
            Some((_, account)) if self.past.len() > 1 => account.clone(),
            _ => self.account.clone(),
        }
    }

    /// Makes a request id in AWS's form, the same for the same order of requests.
    fn request_id(&self) -> String {
        ids::uuid(&ids::digits(self.requests.to_be_bytes()))
    }
}

fn internal(problem: &str) -> Refusal {
    Refusal::new("InternalFailure", format!("the sandbox failed: {problem}")).status(500)
}

/// Refuses input members that the operation does not model, and answers `DryRun`.
fn check_modelled(operation: &Operation, family: Family, input: &Input) -> Result<(), Refusal> {
    let known = |key: &String| key == "DryRun" || operation.models.contains(&key.as_str());
    if let Some(key) = input.keys().find(|key| !known(key)) {
        let code = match family {
            Family::Ec2 => "InvalidParameter",
            Family::Validation(code) => code,
        };
        let message = format!("the sandbox does not model {key} of {}", operation.name);
        return Err(Refusal::new(code, message));
    }
    if input.get("DryRun").and_then(Value::as_bool) == Some(true) {
        let message = "Request would have succeeded, but DryRun flag is set.";
        return Err(Refusal::new("DryRunOperation", message).status(412));
    }
    Ok(())
}
