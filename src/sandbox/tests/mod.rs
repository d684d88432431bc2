//! The sandbox as clients see it.

mod clients;
mod ec2;
mod faults;
mod server;
mod storage;
mod wire;

use aws_credential_types::Credentials;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_types::retry::RetryConfig;
use bytes::Bytes;
use http::{Request, Response};

/// The configuration of an AWS client that talks to the sandbox.
macro_rules! client {
    ($sdk:ident, $sandbox:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version($sdk::config::BehaviorVersion::latest())
                .region($sdk::config::Region::new("eu-west-1"))
                .credentials_provider($crate::sandbox::tests::credentials())
                .http_client($sandbox.http_client())
                .sleep_impl($crate::sandbox::tests::sleep())
                .retry_config($crate::sandbox::tests::no_retry())
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

/// Makes a signed request as a form client sends it.
fn form(service: &str, body: &str) -> Request<Bytes> {
    let scope = format!("AKID/20260101/eu-west-1/{service}/aws4_request");
    Request::post("https://sandbox.invalid/")
        .header("authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, Signature=0"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(body.to_owned()))
        .unwrap()
}

/// Makes a signed request as a JSON client sends it.
fn json(service: &str, target: &str, body: &str) -> Request<Bytes> {
    let mut request = form(service, body);
    request.headers_mut().insert("x-amz-target", target.parse().unwrap());
    request
}

fn text(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}
