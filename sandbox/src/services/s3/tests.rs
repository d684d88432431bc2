use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;
use crate::rules::Rule;
use crate::{Options, Sandbox, Slow};

/// A sandbox with the bucket shop-logs.
struct Lab(Sandbox);

impl Lab {
    fn new() -> Self {
        Self::with(Options::default())
    }

    fn with(options: Options) -> Self {
        let lab = Self(Sandbox::in_memory(options));
        lab.does("CreateBucket", create("shop-logs"));
        lab
    }

    fn does(&self, operation: &str, input: Value) -> Value {
        self.0.call("s3", operation, input).unwrap()
    }

    fn no(&self, operation: &str, input: Value) -> Refusal {
        self.0.call("s3", operation, input).unwrap_err()
    }

    fn put(&self, key: &str) -> Value {
        self.does("PutObject", of(json!({"Key": key, "Body": STANDARD.encode("text")})))
    }

    fn versioned(&self) {
        let config = json!({"VersioningConfiguration": {"Status": "Enabled"}});
        self.does("PutBucketVersioning", of(config));
    }

    fn lifecycle(&self, rules: Value) -> Refusal {
        let config = json!({"LifecycleConfiguration": {"Rules": rules}});
        self.no("PutBucketLifecycleConfiguration", of(config))
    }
}

fn of(more: Value) -> Value {
    let mut input = json!({"Bucket": "shop-logs"});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

fn create(name: &str) -> Value {
    let config = json!({"LocationConstraint": "eu-west-1"});
    json!({"Bucket": name, "CreateBucketConfiguration": config})
}

fn tags(tags: Value) -> Value {
    of(json!({"Tagging": {"TagSet": tags}}))
}

fn policy(principal: &Value, resource: &str) -> Value {
    let statement = json!({"Effect": "Allow", "Principal": principal, "Action": "s3:PutObject",
        "Resource": resource});
    let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
    of(json!({"Policy": policy.to_string()}))
}

const OBJECTS: &str = "arn:aws:s3:::shop-logs/*";

pub(crate) static REFUSALS: &[(&Rule, fn() -> Refusal)] = &[
    (&rules::NO_BUCKET, || Lab::new().no("HeadBucket", json!({"Bucket": "gone"}))),
    (&rules::OTHER_REGION, || {
        let lab = Lab::new();
        lab.0.call_in("eu-central-1", "s3", "HeadBucket", of(json!({}))).unwrap_err()
    }),
    (&rules::OTHERS, || Lab::new().no("HeadBucket", json!({"Bucket": "logs"}))),
    (&rules::WRONG_OWNER, || {
        Lab::new().no("HeadBucket", of(json!({"ExpectedBucketOwner": "210987654321"})))
    }),
    (&rules::BUCKET_NAME, || Lab::new().no("CreateBucket", create("Shop_Logs"))),
    (&rules::TAKEN, || Lab::new().no("CreateBucket", create("logs"))),
    (&rules::OWNED, || Lab::new().no("CreateBucket", create("shop-logs"))),
    (&rules::JUST_DELETED, || {
        let lab = Lab::with(Options { slow: Slow::Aws, ..Options::default() });
        lab.does("DeleteBucket", of(json!({})));
        lab.no("CreateBucket", create("shop-logs"))
    }),
    (&rules::LOCATION, || Lab::new().no("CreateBucket", json!({"Bucket": "other"}))),
    (&rules::NOT_EMPTY, || {
        let lab = Lab::new();
        lab.put("a");
        lab.no("DeleteBucket", of(json!({})))
    }),
    (&rules::NO_TAGS, || Lab::new().no("GetBucketTagging", of(json!({})))),
    (&rules::RESERVED_TAG, || {
        Lab::new().no("PutBucketTagging", tags(json!([{"Key": "aws:a", "Value": ""}])))
    }),
    (&rules::TAG_TWICE, || {
        let tag = json!({"Key": "a", "Value": "1"});
        Lab::new().no("PutBucketTagging", tags(json!([tag, tag])))
    }),
    (&rules::TOO_MANY_TAGS, || {
        let many = (0..51).map(|n| json!({"Key": n.to_string(), "Value": ""}));
        Lab::new().no("PutBucketTagging", tags(many.collect()))
    }),
    (&rules::NO_POLICY, || Lab::new().no("GetBucketPolicy", of(json!({})))),
    (&rules::POLICY, || {
        let nobody = json!({"Service": "logs.amazonaws.com"});
        Lab::new().no("PutBucketPolicy", policy(&nobody, "arn:aws:s3:::other/*"))
    }),
    (&rules::PUBLIC_POLICY, || Lab::new().no("PutBucketPolicy", policy(&json!("*"), OBJECTS))),
    (&rules::NO_ACCESS_BLOCK, || {
        let lab = Lab::new();
        lab.does("DeletePublicAccessBlock", of(json!({})));
        lab.no("GetPublicAccessBlock", of(json!({})))
    }),
    (&rules::NO_OWNERSHIP, || {
        let lab = Lab::new();
        lab.does("DeleteBucketOwnershipControls", of(json!({})));
        lab.no("GetBucketOwnershipControls", of(json!({})))
    }),
    (&rules::NO_LIFECYCLE, || Lab::new().no("GetBucketLifecycleConfiguration", of(json!({})))),
    (&rules::LIFECYCLE_ID, || {
        let rule = json!({"ID": "a", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}});
        Lab::new().lifecycle(json!([rule, rule]))
    }),
    (&rules::LIFECYCLE_ACTION, || {
        Lab::new().lifecycle(json!([{"Status": "Enabled", "Filter": {}}]))
    }),
    (&rules::LIFECYCLE_FILTER, || {
        Lab::new().lifecycle(json!([{"Status": "Enabled", "Expiration": {"Days": 1}}]))
    }),
    (&rules::LIFECYCLE_DAYS, || {
        let expiration = json!({"Days": 0});
        Lab::new().lifecycle(json!([{"Status": "Enabled", "Filter": {}, "Expiration": expiration}]))
    }),
    (&rules::ENCRYPTION_KEY, || {
        let default = json!({"SSEAlgorithm": "AES256", "KMSMasterKeyID": "k"});
        let rule = json!({"ApplyServerSideEncryptionByDefault": default});
        let config = json!({"ServerSideEncryptionConfiguration": {"Rules": [rule]}});
        Lab::new().no("PutBucketEncryption", of(config))
    }),
    (&rules::ONE_RULE, || {
        let config = json!({"OwnershipControls": {"Rules": []}});
        Lab::new().no("PutBucketOwnershipControls", of(config))
    }),
    (&rules::NO_KEY, || Lab::new().no("GetObject", of(json!({"Key": "gone"})))),
    (&rules::NO_VERSION, || {
        Lab::new().no("GetObject", of(json!({"Key": "gone", "VersionId": "x"})))
    }),
    (&rules::MARKER, || {
        let lab = Lab::new();
        lab.versioned();
        let marker = lab.does("DeleteObject", of(json!({"Key": "a"})));
        lab.no("GetObject", of(json!({"Key": "a", "VersionId": marker["VersionId"]})))
    }),
    (&rules::NO_UPLOAD, || {
        Lab::new().no("AbortMultipartUpload", of(json!({"Key": "a", "UploadId": "x"})))
    }),
    (&rules::TOO_MANY_KEYS, || {
        Lab::new().no("DeleteObjects", of(json!({"Delete": {"Objects": []}})))
    }),
    (&rules::TOKEN, || Lab::new().no("ListObjectsV2", of(json!({"ContinuationToken": "?"})))),
    (&rules::VERSION_MARKER, || {
        Lab::new().no("ListObjectVersions", of(json!({"VersionIdMarker": "x"})))
    }),
];

#[test]
fn a_new_bucket_lets_nobody_in_and_is_encrypted() {
    let lab = Lab::new();
    let block = lab.does("GetPublicAccessBlock", of(json!({})));
    assert_eq!(block["PublicAccessBlockConfiguration"]["BlockPublicPolicy"], true);
    let rules =
        &lab.does("GetBucketEncryption", of(json!({})))["ServerSideEncryptionConfiguration"];
    let default = &rules["Rules"][0]["ApplyServerSideEncryptionByDefault"];
    assert_eq!(default["SSEAlgorithm"], "AES256");
    let controls = lab.does("GetBucketOwnershipControls", of(json!({})));
    let owner = &controls["OwnershipControls"]["Rules"][0]["ObjectOwnership"];
    assert_eq!(owner, "BucketOwnerEnforced");
    // With the switch off, everybody may be let in.
    let off = json!({"PublicAccessBlockConfiguration": {"BlockPublicAcls": true}});
    lab.does("PutPublicAccessBlock", of(off));
    lab.does("PutBucketPolicy", policy(&json!("*"), OBJECTS));
    assert!(lab.0.state()["global"]["s3"]["buckets"]["shop-logs"]["policy"].is_string());
}

#[test]
fn names_are_one_for_all_regions_and_us_east_1_is_lenient() {
    let lab = Lab::new();
    let config = json!({"LocationConstraint": "eu-central-1"});
    let input = json!({"Bucket": "shop-logs", "CreateBucketConfiguration": config});
    let there = lab.0.call_in("eu-central-1", "s3", "CreateBucket", input).unwrap_err();
    assert_eq!(there.code, "BucketAlreadyOwnedByYou");
    for _ in 0..2 {
        lab.0.call_in("us-east-1", "s3", "CreateBucket", json!({"Bucket": "elsewhere"})).unwrap();
    }
    let all = lab.does("ListBuckets", json!({}));
    assert_eq!(all["Buckets"].as_array().unwrap().len(), 2);
    let moved = lab.no("GetBucketTagging", json!({"Bucket": "elsewhere"}));
    assert_eq!(moved.headers, [("x-amz-bucket-region", "us-east-1".to_owned())]);
}

#[test]
fn versions_and_markers_keep_a_bucket_until_each_is_deleted() {
    let lab = Lab::new();
    lab.put("plain");
    lab.versioned();
    for _ in 0..2 {
        lab.put("a/b c");
    }
    lab.does("DeleteObject", of(json!({"Key": "a/b c"})));
    let latest = lab.does("ListObjectsV2", of(json!({})));
    assert_eq!(latest["KeyCount"], 1);
    let mut all = Vec::new();
    let mut input = of(json!({"MaxKeys": 2}));
    loop {
        let page = lab.does("ListObjectVersions", input.clone());
        for kind in ["Versions", "DeleteMarkers"] {
            let entries = page[kind].as_array().unwrap().iter();
            all.extend(entries.map(|e| json!({"Key": e["Key"], "VersionId": e["VersionId"]})));
        }
        if page["IsTruncated"] == json!(false) {
            break;
        }
        input["KeyMarker"] = page["NextKeyMarker"].clone();
        input["VersionIdMarker"] = page["NextVersionIdMarker"].clone();
    }
    assert_eq!(all.len(), 4);
    lab.no("DeleteBucket", of(json!({})));
    lab.does("CreateMultipartUpload", of(json!({"Key": "u"})));
    lab.does("DeleteObjects", of(json!({"Delete": {"Objects": all}})));
    lab.does("DeleteBucket", of(json!({})));
}

#[test]
fn a_name_is_free_again_after_a_while() {
    let lab = Lab::with(Options { slow: Slow::Aws, ..Options::default() });
    lab.does("DeleteBucket", of(json!({})));
    lab.0.skip(Duration::from_secs(61));
    lab.does("CreateBucket", create("shop-logs"));
}

#[test]
fn folders_count_as_one_and_keys_come_encoded() {
    let lab = Lab::new();
    for key in ["x/1", "x/2", "y z"] {
        lab.put(key);
    }
    let list = lab.does("ListObjectsV2", of(json!({"Delimiter": "/", "EncodingType": "url"})));
    assert_eq!(list["CommonPrefixes"], json!([{"Prefix": "x/"}]));
    assert_eq!(list["Contents"][0]["Key"], "y%20z");
    let first = lab.does("ListObjectsV2", of(json!({"MaxKeys": 2})));
    let token = json!({"ContinuationToken": first["NextContinuationToken"]});
    assert_eq!(lab.does("ListObjectsV2", of(token))["Contents"][0]["Key"], "y z");
}
