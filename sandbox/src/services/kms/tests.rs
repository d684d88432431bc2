use std::time::Duration;

use serde_json::{Value, json};

use super::rules::*;
use super::*;
use crate::rules::Rule;
use crate::{Options, Sandbox};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A sandbox with one key.
struct Kms {
    sandbox: Sandbox,
    id: String,
}

impl Kms {
    fn with_key(input: Value) -> Self {
        let sandbox = Sandbox::in_memory(Options::default());
        let made = sandbox.call("kms", "CreateKey", input).unwrap();
        let id = made["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
        Self { sandbox, id }
    }

    fn new() -> Self {
        Self::with_key(json!({}))
    }

    fn pending() -> Self {
        let kms = Self::new();
        kms.does("ScheduleKeyDeletion", json!({}));
        kms
    }

    /// The input with `KeyId`, unless the operation is about an alias or says which key itself.
    fn input(&self, operation: &str, mut input: Value) -> Value {
        let free = ["CreateKey", "ListKeys", "ListAliases"];
        if !operation.ends_with("Alias") && !free.contains(&operation) && input["KeyId"].is_null() {
            input["KeyId"] = json!(self.id);
        }
        input
    }

    fn does(&self, operation: &str, input: Value) -> Value {
        let input = self.input(operation, input);
        self.sandbox
            .call("kms", operation, input)
            .unwrap_or_else(|refusal| panic!("{operation}: {} {}", refusal.code, refusal.message))
    }

    fn refuses(&self, operation: &str, input: Value) -> Refusal {
        let input = self.input(operation, input);
        self.sandbox.call("kms", operation, input).unwrap_err()
    }

    fn state(&self) -> Value {
        self.does("DescribeKey", json!({}))["KeyMetadata"]["KeyState"].clone()
    }

    fn alias(self, name: &str) -> Self {
        self.does("CreateAlias", json!({"AliasName": name, "TargetKeyId": self.id}));
        self
    }
}

fn policy(principal: &str, action: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Sid": "With a space", "Effect": "Allow",
        "Principal": {"AWS": principal}, "Action": action, "Resource": "*"}]})
    .to_string()
}

const ROOT: &str = "arn:aws:iam::123456789012:root";

fn create_refused(input: Value) -> Refusal {
    Sandbox::in_memory(Options::default()).call("kms", "CreateKey", input).unwrap_err()
}

pub(crate) static REFUSALS: &[(&Rule, fn() -> Refusal)] = &[
    (&NO_KEY, || Kms::new().refuses("DescribeKey", json!({"KeyId": "nothing"}))),
    (&NO_ALIAS, || {
        Kms::new().alias("alias/a").refuses("ScheduleKeyDeletion", json!({"KeyId": "alias/a"}))
    }),
    (&PENDING, || Kms::pending().refuses("ScheduleKeyDeletion", json!({}))),
    (&NOT_PENDING, || Kms::new().refuses("CancelKeyDeletion", json!({}))),
    (&DISABLED, || {
        let kms = Kms::new();
        kms.does("DisableKey", json!({}));
        kms.refuses("EnableKeyRotation", json!({}))
    }),
    (&WINDOW, || Kms::new().refuses("ScheduleKeyDeletion", json!({"PendingWindowInDays": 6}))),
    (&NO_ROTATION, || {
        let mac = json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"});
        Kms::with_key(mac).refuses("EnableKeyRotation", json!({}))
    }),
    (&USAGE, || create_refused(json!({"KeyUsage": "SIGN_VERIFY"}))),
    (&USAGE_NEEDED, || create_refused(json!({"KeySpec": "RSA_2048"}))),
    (&TWO_SPECS, || {
        let spec = "SYMMETRIC_DEFAULT";
        create_refused(json!({"KeySpec": spec, "CustomerMasterKeySpec": spec}))
    }),
    (&ORIGIN, || create_refused(json!({"Origin": "EXTERNAL"}))),
    (&TAGS, || create_refused(json!({"Tags": [{"TagKey": "aws:a", "TagValue": ""}]}))),
    (&TAG_COUNT, || {
        let tag = |n: u8| json!({"TagKey": format!("k{n}"), "TagValue": "v"});
        let kms = Kms::with_key(json!({"Tags": (0..50).map(tag).collect::<Vec<_>>()}));
        kms.refuses("TagResource", json!({"Tags": [tag(50)]}))
    }),
    (&MALFORMED, || {
        let role = policy("arn:aws:iam::123456789012:role/nobody", "kms:*");
        create_refused(json!({"Policy": role}))
    }),
    (&LOCKOUT, || Kms::new().refuses("PutKeyPolicy", json!({"Policy": policy(ROOT, "kms:Get*")}))),
    (&POLICY_NAME, || Kms::new().refuses("GetKeyPolicy", json!({"PolicyName": "other"}))),
    (&ALIAS_FORM, || {
        let kms = Kms::new();
        kms.refuses("CreateAlias", json!({"AliasName": "a", "TargetKeyId": kms.id}))
    }),
    (&ALIAS_RESERVED, || {
        let kms = Kms::new();
        kms.refuses("CreateAlias", json!({"AliasName": "alias/aws/a", "TargetKeyId": kms.id}))
    }),
    (&ALIAS_EXISTS, || {
        let kms = Kms::new().alias("alias/a");
        kms.refuses("CreateAlias", json!({"AliasName": "alias/a", "TargetKeyId": kms.id}))
    }),
    (&ALIAS_KIND, || {
        let kms = Kms::new().alias("alias/a");
        let mac = json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"});
        let other = kms.does("CreateKey", mac)["KeyMetadata"]["KeyId"].clone();
        kms.refuses("UpdateAlias", json!({"AliasName": "alias/a", "TargetKeyId": other}))
    }),
    (&MARKER, || Kms::new().refuses("ListKeys", json!({"Marker": "?"}))),
];

#[test]
fn a_key_lives_is_disabled_waits_for_its_deletion_and_is_gone() {
    let kms = Kms::with_key(json!({"Description": "d",
        "Tags": [{"TagKey": "a", "TagValue": "1"}]}));
    let key = kms.does("DescribeKey", json!({}))["KeyMetadata"].clone();
    assert_eq!(key["Arn"], format!("arn:aws:kms:eu-west-1:123456789012:key/{}", kms.id));
    assert_eq!(key["KeySpec"], "SYMMETRIC_DEFAULT");
    assert_eq!((&key["Enabled"], &key["KeyManager"]), (&json!(true), &json!("CUSTOMER")));
    kms.does("DisableKey", json!({}));
    assert_eq!(kms.state(), "Disabled");
    kms.does("EnableKey", json!({}));
    kms.does("EnableKeyRotation", json!({"RotationPeriodInDays": 90}));
    let rotation = kms.does("GetKeyRotationStatus", json!({}));
    assert_eq!(rotation["RotationPeriodInDays"], 90);
    kms.does("CreateAlias", json!({"AliasName": "alias/a", "TargetKeyId": kms.id}));
    let days = json!({"PendingWindowInDays": 7});
    assert_eq!(kms.does("ScheduleKeyDeletion", days)["KeyState"], "PendingDeletion");
    let found = kms.does("DescribeKey", json!({"KeyId": "alias/a"}))["KeyMetadata"].clone();
    assert!(found["DeletionDate"].as_str().unwrap().starts_with("2026-01-08T"));
    let status = kms.does("GetKeyRotationStatus", json!({}));
    assert_eq!(status["KeyRotationEnabled"], false);
    // Still listed, tagged, and its policy readable.
    assert_eq!(kms.does("ListKeys", json!({}))["Keys"][0]["KeyId"], json!(kms.id));
    assert_eq!(kms.does("ListResourceTags", json!({}))["Tags"][0]["TagKey"], "a");
    kms.does("PutKeyPolicy", json!({"Policy": policy(ROOT, "kms:*")}));
    let tagged = kms.sandbox.call("tagging", "GetResources", json!({})).unwrap();
    assert_eq!(tagged["ResourceTagMappingList"].as_array().unwrap().len(), 1);
    kms.does("CancelKeyDeletion", json!({}));
    assert_eq!(kms.state(), "Disabled");
    kms.does("ScheduleKeyDeletion", json!({"PendingWindowInDays": 7}));
    kms.sandbox.skip(DAY * 7);
    assert_eq!(kms.refuses("DescribeKey", json!({})).code, "NotFoundException");
    assert_eq!(kms.does("ListAliases", json!({}))["Aliases"], json!([]));
}

#[test]
fn a_key_is_found_by_its_names_and_used_only_while_it_can_be() {
    let kms = Kms::new().alias("alias/a");
    let ask_in = |region: &str, id: &str| {
        let mut answer = Err(Unusable::NotFound);
        kms.sandbox.change(|account| answer = usable(account, region, id));
        answer
    };
    let ask = |id: &str| ask_in("eu-west-1", id);
    let arn = format!("arn:aws:kms:eu-west-1:123456789012:key/{}", kms.id);
    let alias = "arn:aws:kms:eu-west-1:123456789012:alias/a";
    for name in [kms.id.as_str(), &arn, "alias/a", alias] {
        assert_eq!(ask(name).as_deref(), Ok(arn.as_str()), "{name}");
    }
    assert_eq!(ask("alias/b"), Err(Unusable::NotFound));
    assert_eq!(ask_in("us-east-1", &kms.id), Err(Unusable::NotFound));
    kms.does("DisableKey", json!({}));
    assert_eq!(ask(&kms.id), Err(Unusable::Disabled));
    kms.does("ScheduleKeyDeletion", json!({}));
    assert_eq!(ask(&arn), Err(Unusable::PendingDeletion));
    let managed = ask("alias/aws/ssm").unwrap();
    let shown = kms.does("DescribeKey", json!({"KeyId": "alias/aws/ssm"}));
    assert_eq!(shown["KeyMetadata"]["Arn"], managed);
    assert_eq!(shown["KeyMetadata"]["KeyManager"], "AWS");
}

#[test]
fn aliases_move_and_are_listed_by_key() {
    let kms = Kms::new().alias("alias/a").alias("alias/b");
    let other = kms.does("CreateKey", json!({}))["KeyMetadata"]["KeyId"].clone();
    kms.does("UpdateAlias", json!({"AliasName": "alias/b", "TargetKeyId": other}));
    let of = |id: &Value| kms.does("ListAliases", json!({"KeyId": id}))["Aliases"].clone();
    assert_eq!(of(&json!(kms.id))[0]["AliasName"], "alias/a");
    assert_eq!(of(&other)[0]["AliasName"], "alias/b");
    let first = kms.does("ListAliases", json!({"Limit": 1}));
    assert_eq!(first["Truncated"], true);
    let second = kms.does("ListAliases", json!({"Limit": 1, "Marker": first["NextMarker"]}));
    assert_eq!(second["Aliases"][0]["AliasName"], "alias/b");
    kms.does("DeleteAlias", json!({"AliasName": "alias/b"}));
    assert_eq!(of(&other), json!([]));
}

#[test]
fn a_policy_may_be_the_callers_own_or_bypass_the_check() {
    let kms = Kms::new();
    let given = kms.does("GetKeyPolicy", json!({}));
    let default: Value = serde_json::from_str(given["Policy"].as_str().unwrap()).unwrap();
    assert_eq!(default["Statement"][0]["Principal"]["AWS"], ROOT);
    let lockout = policy(ROOT, "kms:Describe*");
    kms.does("PutKeyPolicy", json!({"Policy": lockout, "BypassPolicyLockoutSafetyCheck": true}));
    assert_eq!(kms.does("GetKeyPolicy", json!({}))["Policy"], json!(lockout));
    let bad = kms.refuses("PutKeyPolicy", json!({"Policy": policy(ROOT, "s3:*")}));
    assert_eq!(bad.code, "MalformedPolicyDocumentException");
}
