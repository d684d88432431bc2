//! The same calls over CBOR, JSON and the query protocol.

use bytes::Bytes;
use http::{Request, Response};

use super::Watch;

fn request(path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Request<Bytes> {
    let scope = "AKID/20260101/eu-west-1/monitoring/aws4_request";
    let mut request = Request::post(format!("https://sandbox.invalid{path}"))
        .header("authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, Signature=0"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}

fn cbor(operation: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    let path = format!("/service/GraniteServiceVersion20100801/operation/{operation}");
    request(&path, &[("smithy-protocol", "rpc-v2-cbor")], body)
}

fn text(response: &Response<Bytes>) -> String {
    String::from_utf8_lossy(response.body()).into_owned()
}

/// `{"AlarmNames": ["cpu"]}`.
const NAMES: &[u8] = b"\xa1\x6aAlarmNames\x81\x63cpu";

#[tokio::test]
async fn an_answer_in_cbor_has_floats_and_tagged_times() {
    let sandbox = Watch::with_alarm().0;
    let found = sandbox.handle(cbor("DescribeAlarms", NAMES)).await.unwrap();
    assert_eq!(found.status(), 200);
    assert_eq!(found.headers()["content-type"], "application/cbor");
    assert_eq!(found.headers()["smithy-protocol"], "rpc-v2-cbor");
    let body = found.body();
    let has = |part: &[u8]| body.windows(part.len()).any(|window| window == part);
    assert!(has(b"\x69Threshold\xfb\x40\x54\x20\0\0\0\0\0"), "80.5 in eight bytes");
    assert!(has(b"\x78\x22AlarmConfigurationUpdatedTimestamp\xc1\xfb"), "a tagged float");
    assert!(has(b"\x66Period\x18\x3c"), "60 in the shortest form");
}

#[tokio::test]
async fn an_operation_without_an_answer_has_no_body() {
    let sandbox = Watch::with_alarm().0;
    let deleted = sandbox.handle(cbor("DeleteAlarms", NAMES)).await.unwrap();
    assert_eq!((deleted.status().as_u16(), deleted.body().len()), (200, 0));
    assert!(!deleted.headers().contains_key("content-type"));
    let listed = sandbox.handle(cbor("DescribeAlarms", Bytes::new())).await.unwrap();
    assert!(text(&listed).contains("MetricAlarms\u{fffd}"), "an empty list");
}

#[tokio::test]
async fn errors_carry_shape_and_code() {
    let sandbox = Watch::new().0;
    let gone = sandbox.handle(cbor("DeleteAlarms", NAMES)).await.unwrap();
    assert_eq!(gone.status(), 404);
    assert_eq!(gone.headers()["x-amzn-query-error"], "ResourceNotFound;Sender");
    assert!(text(&gone).contains("__typepResourceNotFound"), "{}", text(&gone));
    let malformed = sandbox.handle(cbor("DeleteAlarms", &b"\xa1"[..])).await.unwrap();
    assert!(text(&malformed).contains("SerializationException"), "{}", text(&malformed));
    let target = [("x-amz-target", "GraniteServiceVersion20100801.DeleteAlarms")];
    let gone = sandbox.handle(request("/", &target, r#"{"AlarmNames":["cpu"]}"#)).await.unwrap();
    assert_eq!(gone.headers()["x-amzn-query-error"], "ResourceNotFound;Sender");
    assert_eq!(gone.headers()["content-type"], "application/x-amz-json-1.0");
    let form = "Action=DeleteAlarms&Version=2010-08-01&AlarmNames.member.1=cpu";
    let gone = sandbox.handle(request("/", &[], form)).await.unwrap();
    assert!(text(&gone).contains("<Code>ResourceNotFound</Code>"), "{}", text(&gone));
}
