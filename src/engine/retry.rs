//! Whether a failed call is tried again: a pure decision from the type's rules.
//!
//! Throttling is not among it: the SDK's own retries are used up when it arrives here.

use super::resource::{Rules, Step};
use crate::aws::{Error, ErrorClass};
use std::time::Duration;

/// How often a call is repeated whose answer was lost.
const LOST_ANSWERS: u32 = 5;
/// First pause between two tries.
const FIRST: Duration = Duration::from_millis(500);
/// Longest pause between two tries.
const LONGEST: Duration = Duration::from_secs(10);

/// A call that failed.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// How many times it failed so far, this time among them.
    pub tries: u32,
    /// Why, this time.
    pub error: &'a Error,
    /// Which step of the resource's life it is.
    pub step: Step,
    /// Since the first try.
    pub elapsed: Duration,
    /// How long the step may take in all.
    pub budget: Duration,
}

/// What to do about a failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Try again.
    Retry {
        /// After this pause.
        after: Duration,
        /// What is waited for meanwhile, as shown to the user.
        reason: String,
    },
    /// The error stands.
    GiveUp,
}

/// Decides about a failed call.
pub fn decide(failure: &Failure<'_>, rules: &Rules) -> Decision {
    let Failure { tries, error, step, elapsed, budget } = *failure;
    let listed = rules
        .retry
        .iter()
        .find(|r| r.step == step && error.is(r.code) && error.message.contains(r.message));
    let reason = match (listed, error.class) {
        (Some(rule), _) => rule.reason.to_owned(),
        (None, ErrorClass::InUse) if step == Step::Delete => "what still uses it to go".to_owned(),
        (None, ErrorClass::Ambiguous) if tries < LOST_ANSWERS => {
            format!("{}, whose answer was lost", error.operation)
        }
        _ => return Decision::GiveUp,
    };
    let after = pause(tries);
    if elapsed + after > budget { Decision::GiveUp } else { Decision::Retry { after, reason } }
}

/// The pause after this many failed tries: half a second, then half as long again each time.
pub fn pause(tries: u32) -> Duration {
    let factor = 1.5_f64.powi(i32::try_from(tries.saturating_sub(1)).unwrap_or(i32::MAX).min(64));
    FIRST.mul_f64(factor).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::resource::Retryable;

    const RULES: Rules = Rules {
        retry: &[Retryable {
            step: Step::Create,
            code: "MalformedPolicyDocument",
            message: "Invalid principal",
            reason: "IAM to know the principal",
        }],
        ..Rules::DEFAULT
    };

    fn error(code: &str, message: &str, class: ErrorClass) -> Error {
        Error {
            code: Some(code.into()),
            message: message.into(),
            class,
            ..Error::local("Call", "")
        }
    }

    fn decided(error: &Error, step: Step, tries: u32, elapsed: u64) -> Decision {
        let elapsed = Duration::from_secs(elapsed);
        let budget = Duration::from_secs(60);
        decide(&Failure { tries, error, step, elapsed, budget }, &RULES)
    }

    #[test]
    fn only_listed_errors_are_tried_again_and_only_in_their_step() {
        let listed =
            error("MalformedPolicyDocument", "Invalid principal in policy", ErrorClass::Other);
        let Decision::Retry { after, reason } = decided(&listed, Step::Create, 1, 0) else {
            panic!("listed");
        };
        assert_eq!((after, reason.as_str()), (FIRST, "IAM to know the principal"));
        assert_eq!(decided(&listed, Step::Update, 1, 0), Decision::GiveUp);
        let other = error("MalformedPolicyDocument", "Syntax error", ErrorClass::Other);
        assert_eq!(decided(&other, Step::Create, 1, 0), Decision::GiveUp);
        let throttled = error("Throttling", "Rate exceeded", ErrorClass::Throttled);
        assert_eq!(decided(&throttled, Step::Create, 1, 0), Decision::GiveUp);
    }

    #[test]
    fn what_is_in_use_is_waited_for_only_when_deleting() {
        let in_use = error("DependencyViolation", "has dependencies", ErrorClass::InUse);
        assert!(matches!(decided(&in_use, Step::Delete, 40, 10), Decision::Retry { .. }));
        assert_eq!(decided(&in_use, Step::Update, 1, 0), Decision::GiveUp);
    }

    #[test]
    fn the_budget_and_lost_answers_are_bounded() {
        let in_use = error("DependencyViolation", "", ErrorClass::InUse);
        assert_eq!(decided(&in_use, Step::Delete, 20, 51), Decision::GiveUp);
        assert!(matches!(decided(&in_use, Step::Delete, 20, 50), Decision::Retry { .. }));
        let lost = error("", "connection reset", ErrorClass::Ambiguous);
        assert!(matches!(decided(&lost, Step::Create, 4, 0), Decision::Retry { .. }));
        assert_eq!(decided(&lost, Step::Create, 5, 0), Decision::GiveUp);
    }

    #[test]
    fn pauses_grow_to_ten_seconds() {
        assert_eq!(pause(2), Duration::from_millis(750));
        assert_eq!(pause(1000), LONGEST);
    }
}
