//! Faults that a test puts in the way of chosen calls.

use super::rules::Refusal;

/// A fault: which calls it counts, at which of them it strikes, and how.
#[derive(Clone, Debug)]
pub struct Fault {
    calls: Calls,
    at: u64,
    effect: Effect,
    seen: u64,
}

/// Which calls a fault counts; without a restriction, every call.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    /// Only calls of this operation.
    pub operation: Option<String>,
    /// Only calls that may change the account.
    pub mutating: bool,
}

/// What a fault does to a call.
#[derive(Clone, Debug)]
pub enum Effect {
    /// The service answers this and does nothing.
    Refuse(Refusal),
    /// The connection breaks before anything was done.
    Drop,
    /// The call takes effect, then the connection breaks.
    DropAnswer,
    /// This call and every later one breaks before anything was done.
    Stop,
    /// This call takes effect and its connection breaks; every later one breaks at once.
    StopAfterEffect,
}

/// What happens to one call.
#[derive(Clone, Debug)]
pub(super) enum Strike {
    Refuse(Refusal),
    Drop,
    DropAnswer,
}

impl Calls {
    /// Counts every call.
    pub fn all() -> Self {
        Self::default()
    }

    /// Counts only calls that may change the account.
    pub fn mutating() -> Self {
        Self { mutating: true, ..Self::default() }
    }

    /// Counts only calls of one operation.
    pub fn of(operation: impl Into<String>) -> Self {
        Self { operation: Some(operation.into()), ..Self::default() }
    }
}

impl Fault {
    /// Makes a fault that strikes at the `at`th counted call from now on, the first being 1.
    pub fn new(calls: Calls, at: u64, effect: Effect) -> Self {
        Self { calls, at, effect, seen: 0 }
    }

    /// Makes a fault whose call answers with an error of this code and status.
    pub fn refuse(calls: Calls, at: u64, code: impl Into<String>, status: u16) -> Self {
        let refusal = Refusal::new(code.into(), "injected by the sandbox").status(status);
        Self::new(calls, at, Effect::Refuse(refusal))
    }

    /// Counts a call, and tells what happens to it.
    fn strike(&mut self, operation: &str, mutating: bool) -> Option<Strike> {
        let named = self.calls.operation.as_deref().is_none_or(|name| name == operation);
        if !named || (self.calls.mutating && !mutating) {
            // A stopped sandbox answers nobody, whatever was counted.
            let stopped = self.seen >= self.at
                && matches!(self.effect, Effect::Stop | Effect::StopAfterEffect);
            return stopped.then_some(Strike::Drop);
        }
        self.seen += 1;
        let now = self.seen == self.at;
        match &self.effect {
            Effect::Refuse(refusal) if now => Some(Strike::Refuse(refusal.clone())),
            Effect::Drop if now => Some(Strike::Drop),
            Effect::DropAnswer | Effect::StopAfterEffect if now => Some(Strike::DropAnswer),
            Effect::Stop | Effect::StopAfterEffect if self.seen >= self.at => Some(Strike::Drop),
            _ => None,
        }
    }
}

/// The faults in force.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn inject(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Counts a call with every fault; the first that strikes decides.
    pub(super) fn strike(&mut self, operation: &str, mutating: bool) -> Option<Strike> {
        let strikes = self.0.iter_mut().map(|fault| fault.strike(operation, mutating));
        strikes.fold(None, std::option::Option::or)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_once_and_a_stop_for_good() {
        let mut faults = Faults::default();
        faults.inject(Fault::new(Calls::of("A"), 2, Effect::Drop));
        faults.inject(Fault::new(Calls::mutating(), 3, Effect::StopAfterEffect));
        let strikes: Vec<_> = [("A", true), ("B", false), ("A", true), ("C", true), ("B", false)]
            .into_iter()
            .map(|(operation, mutating)| match faults.strike(operation, mutating) {
                None => "-",
                Some(Strike::Drop) => "drop",
                Some(Strike::DropAnswer) => "effect",
                Some(Strike::Refuse(_)) => "refuse",
            })
            .collect();
        assert_eq!(strikes, ["-", "-", "drop", "effect", "drop"]);
    }
}
