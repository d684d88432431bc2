//! REST-XML as clients of AWS write it.

use serde_json::json;

use super::*;
use crate::services;

fn model(name: &str) -> (&'static Model, Family) {
    let service = services::ALL.iter().find(|service| service.name == name).unwrap();
    let model = Model::of(service);
    (model, model.family(service))
}

fn request(method: &str, uri: &str, headers: &[(&str, &str)], body: &str) -> Request<Bytes> {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Bytes::from(body.to_owned())).unwrap()
}

fn read_request(service: &str, request: &Request<Bytes>) -> Result<(String, Value), Refusal> {
    let (model, family) = model(service);
    let Some(route) = route(model, request) else { return Ok((String::new(), json!(null))) };
    let input = read(model, family, &route, request)?;
    Ok((route.operation, Value::Object(input)))
}

#[test]
fn buckets_are_named_by_host_or_path() {
    let host = [("host", "logs.example.s3.eu-west-1.amazonaws.com")];
    let read = read_request("s3", &request("GET", "/?policy", &host, "")).unwrap();
    assert_eq!(read, ("GetBucketPolicy".to_owned(), json!({"Bucket": "logs.example"})));
    let host = [("host", "logs.localhost:4566")];
    let read = read_request("s3", &request("PUT", "/a%20b/c/", &host, "")).unwrap();
    let input = json!({"Bucket": "logs", "Key": "a b/c/", "Body": ""});
    assert_eq!(read, ("PutObject".to_owned(), input));
    let host = [("host", "127.0.0.1:4566")];
    let list = request("GET", "/logs?list-type=2&prefix=x&max-keys=3", &host, "");
    let input = json!({"Bucket": "logs", "Prefix": "x", "MaxKeys": 3});
    assert_eq!(read_request("s3", &list).unwrap(), ("ListObjectsV2".to_owned(), input));
}

#[test]
fn an_unknown_subresource_is_no_other_operation() {
    let host = [("host", "127.0.0.1:4566")];
    let one = |uri| read_request("s3", &request("DELETE", uri, &host, "")).unwrap().0;
    assert_eq!(one("/logs/k?x-id=DeleteObject"), "DeleteObject");
    assert_eq!(one("/logs/k?uploadId=u"), "AbortMultipartUpload");
    for (method, uri) in [("PUT", "/logs?acl"), ("GET", "/logs"), ("GET", "/logs?acl")] {
        let read = read_request("s3", &request(method, uri, &host, "")).unwrap();
        assert_eq!(read.0, "", "{method} {uri}");
    }
    let copy = [("host", "127.0.0.1"), ("x-amz-copy-source", "/a/b")];
    let refusal = read_request("s3", &request("PUT", "/logs/k", &copy, "")).unwrap_err();
    assert_eq!(refusal.message, "The parameter x-amz-copy-source is not recognized");
}

#[test]
fn bodies_are_read_by_the_shapes() {
    let body = "<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet><Tag>\
                <Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    let host = [("host", "127.0.0.1")];
    let read = read_request("s3", &request("PUT", "/logs?tagging", &host, body)).unwrap();
    let tags = json!({"TagSet": [{"Key": "a", "Value": "b"}]});
    assert_eq!(read.1, json!({"Bucket": "logs", "Tagging": tags}));
    let body = "<Delete><Object><Key>a</Key></Object><Object><Key>b</Key></Object></Delete>";
    let read = read_request("s3", &request("POST", "/logs?delete", &host, body)).unwrap();
    assert_eq!(read.1["Delete"], json!({"Objects": [{"Key": "a"}, {"Key": "b"}]}));
    let bad = request("PUT", "/logs?tagging", &host, "<Tagging>");
    assert_eq!(read_request("s3", &bad).unwrap_err().code, "MalformedXML");

    let body = "<ChangeTagsForResourceRequest><RemoveTagKeys><Key>x</Key></RemoveTagKeys>\
                </ChangeTagsForResourceRequest>";
    let change = request("POST", "/2013-04-01/tags/hostedzone/Z1", &[], body);
    let input = json!({"ResourceType": "hostedzone", "ResourceId": "Z1",
        "RemoveTagKeys": ["x"]});
    assert_eq!(
        read_request("route53", &change).unwrap(),
        ("ChangeTagsForResource".to_owned(), input)
    );
}

#[test]
fn chunks_are_put_together() {
    let body = "4;chunk-signature=x\r\nabcd\r\n2\r\nef\r\n0\r\nx-amz-checksum-crc32:y\r\n\r\n";
    let headers = [("host", "127.0.0.1"), ("content-encoding", "aws-chunked")];
    let read = read_request("s3", &request("PUT", "/b/k", &headers, body)).unwrap();
    assert_eq!(read.1["Body"], STANDARD.encode("abcdef"));
}

#[test]
fn answers_have_s3_s_roots_and_headers() {
    let (model, _) = model("s3");
    let answer = json!({"Name": "b", "Contents": [{"Key": "a&b", "Size": 1}]});
    let written = write(model, "ListObjectsV2", &answer);
    let body = std::str::from_utf8(&written.body).unwrap();
    assert!(body.contains("<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"));
    assert!(body.contains("<Contents><Key>a&amp;b</Key><Size>1</Size></Contents>"), "{body}");
    let written = write(model, "GetBucketLocation", &json!({"LocationConstraint": "eu-west-1"}));
    let body = std::str::from_utf8(&written.body).unwrap();
    assert!(body.ends_with("2006-03-01/\">eu-west-1</LocationConstraint>"), "{body}");
    let head = json!({"ETag": "\"e\"", "LastModified": "2026-01-01T00:00:00Z"});
    let written = write(model, "HeadObject", &head);
    let time = ("Last-Modified".to_owned(), "Thu, 01 Jan 2026 00:00:00 GMT".to_owned());
    assert!(written.headers.contains(&time), "{:?}", written.headers);
}
