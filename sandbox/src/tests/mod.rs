//! The sandbox as clients see it.

mod faults;
mod server;
mod storage;
mod wire;

use bytes::Bytes;
use http::{Request, Response};

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
