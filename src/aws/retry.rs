//! Which failed calls the SDK may send again.
//!
//! Standard retries cover throttling and lost answers. A creation without an idempotency token must
//! not be repeated once it may have taken effect: it would make a second object that carries our
//! tags. Such a failure goes up as [`super::ErrorClass::Ambiguous`], and the engine lists again.

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority, RetryReason,
};
use aws_smithy_types::retry::ErrorKind;

/// Marks the answer to a creation, so that the classifier, which no longer sees the request, knows.
pub(super) const ONE_SHOT_HEADER: &str = "x-infra-one-shot";

/// Creating calls that are safe to repeat: they carry a token (the SDK's or ours), or repeating them
/// with the same settings succeeds (aws-semantics.md 0).
const REPEATABLE: &[&str] = &[
    "CreateTags",
    "CreateNatGateway",
    "CreateRouteTable",
    "CreateLaunchTemplate",
    "CreateLaunchTemplateVersion",
    "CreateVpcEndpoint",
    "CreateHostedZone",
    "CreateService",
    "CreateLoadBalancer",
    "CreateTargetGroup",
    "CreateListener",
    "CreateOrUpdateTags",
];

/// Tells whether a call creates something and must not be repeated after an unclear failure.
pub(super) fn is_one_shot(operation: &str) -> bool {
    const CREATING: [&str; 5] = ["Create", "Allocate", "RunInstances", "RunTask", "Register"];
    CREATING.iter().any(|verb| operation.starts_with(verb)) && !REPEATABLE.contains(&operation)
}

/// Forbids repeating a creation that was answered, unless the answer was throttling.
#[derive(Debug)]
pub(super) struct OneShotCreations;

impl ClassifyRetry for OneShotCreations {
    fn classify_retry(&self, ctx: &InterceptorContext) -> RetryAction {
        self.classify_retry_v2(ctx, &RetryAction::NoActionIndicated)
    }

    fn classify_retry_v2(&self, ctx: &InterceptorContext, previous: &RetryAction) -> RetryAction {
        let marked = ctx.response().is_some_and(|r| r.headers().contains_key(ONE_SHOT_HEADER));
        if !marked {
            return RetryAction::NoActionIndicated;
        }
        match previous {
            RetryAction::NoActionIndicated => RetryAction::NoActionIndicated,
            RetryAction::RetryIndicated(RetryReason::RetryableError { kind, .. })
                if *kind == ErrorKind::ThrottlingError =>
            {
                RetryAction::NoActionIndicated
            }
            _ => RetryAction::RetryForbidden,
        }
    }

    fn name(&self) -> &'static str {
        "creations are sent once"
    }

    fn priority(&self) -> RetryClassifierPriority {
        // Runs last, when the verdicts of the SDK's own classifiers are known.
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_creations_without_a_token_are_sent_once() {
        for operation in ["CreateVpc", "CreateRole", "AllocateAddress", "CreateSecurityGroup"] {
            assert!(is_one_shot(operation), "{operation}");
        }
        for operation in ["DescribeVpcs", "CreateTags", "CreateNatGateway", "DeleteVpc"] {
            assert!(!is_one_shot(operation), "{operation}");
        }
    }
}
