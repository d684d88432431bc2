//! AWS's own clients against the sandbox, in process.

mod ec2;
mod services;

use aws_credential_types::Credentials;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_types::retry::RetryConfig;

/// The configuration of an AWS client that talks to the sandbox.
macro_rules! client {
    ($sdk:ident, $sandbox:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version($sdk::config::BehaviorVersion::latest())
                .region($sdk::config::Region::new("eu-west-1"))
                .credentials_provider($crate::sandbox_clients::credentials())
                .http_client($sandbox.http_client())
                .sleep_impl($crate::sandbox_clients::sleep())
                .retry_config($crate::sandbox_clients::no_retry())
                .build(),
        )
    };
}
use client;

fn credentials() -> Credentials {
    Credentials::new("AKIDSANDBOX", "secret", None, None, "sandbox")
}

fn sleep() -> TokioSleep {
    TokioSleep::new()
}

fn no_retry() -> RetryConfig {
    RetryConfig::disabled()
}
