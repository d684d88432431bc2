use std::time::Duration;

use serde_json::{Value, json};

use super::readable;
use super::rules::*;
use crate::rules::{Refusal, Rule};
use crate::{Options, Sandbox, Slow};

const DAY: Duration = Duration::from_secs(24 * 3600);

struct Secrets(Sandbox);

impl Secrets {
    fn new() -> Self {
        Self(Sandbox::in_memory(Options::default()))
    }

    /// A sandbox with the secret `db`.
    fn with(more: Value) -> Self {
        let secrets = Self::new();
        secrets.does("CreateSecret", named(more));
        secrets
    }

    fn deleted() -> Self {
        let secrets = Self::with(json!({"SecretString": "hunter2"}));
        secrets.does("DeleteSecret", db(json!({})));
        secrets
    }

    fn does(&self, operation: &str, input: Value) -> Value {
        self.0
            .call("secretsmanager", operation, input)
            .unwrap_or_else(|refusal| panic!("{operation}: {} {}", refusal.code, refusal.message))
    }

    fn refuses(&self, operation: &str, input: Value) -> Refusal {
        self.0.call("secretsmanager", operation, input).unwrap_err()
    }

    fn value(&self, more: Value) -> Value {
        self.does("GetSecretValue", db(more))["SecretString"].clone()
    }
}

fn extended(mut input: Value, more: Value) -> Value {
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

fn named(more: Value) -> Value {
    extended(json!({"Name": "db"}), more)
}

fn db(more: Value) -> Value {
    extended(json!({"SecretId": "db"}), more)
}

fn create_refused(more: Value) -> Refusal {
    Secrets::new().refuses("CreateSecret", named(more))
}

fn policy(principal: &str) -> Value {
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"AWS": principal}, "Action": "secretsmanager:GetSecretValue",
        "Resource": "*"}]});
    json!({"ResourcePolicy": policy.to_string()})
}

const TOKEN_A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

pub(crate) static REFUSALS: &[(&Rule, fn() -> Refusal)] = &[
    (&EXISTS, || Secrets::with(json!({})).refuses("CreateSecret", named(json!({})))),
    (&SCHEDULED, || Secrets::deleted().refuses("CreateSecret", named(json!({})))),
    (&DELETED, || Secrets::deleted().refuses("GetSecretValue", db(json!({})))),
    (&DELETED_ALREADY, || Secrets::deleted().refuses("DeleteSecret", db(json!({})))),
    (&NOT_FOUND, || Secrets::new().refuses("DescribeSecret", db(json!({})))),
    (&NO_VALUE, || Secrets::with(json!({})).refuses("GetSecretValue", db(json!({})))),
    (&NAME, || Secrets::new().refuses("CreateSecret", json!({"Name": "a b"}))),
    (&TWO_VALUES, || create_refused(json!({"SecretString": "a", "SecretBinary": "YQ=="}))),
    (&VALUE_NEEDED, || Secrets::with(json!({})).refuses("PutSecretValue", db(json!({})))),
    (&VERSION_EXISTS, || {
        let put = |value: &str| db(json!({"SecretString": value, "ClientRequestToken": TOKEN_A}));
        let secrets = Secrets::with(json!({}));
        secrets.does("PutSecretValue", put("a"));
        secrets.refuses("PutSecretValue", put("b"))
    }),
    (&KEY, || create_refused(json!({"KmsKeyId": "alias/none"}))),
    (&WINDOW, || {
        Secrets::with(json!({})).refuses("DeleteSecret", db(json!({"RecoveryWindowInDays": 6})))
    }),
    (&WINDOW_AND_FORCE, || {
        let both = json!({"RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": true});
        Secrets::with(json!({})).refuses("DeleteSecret", db(both))
    }),
    (&MALFORMED, || {
        let nobody = policy("arn:aws:iam::123456789012:role/nobody");
        Secrets::with(json!({})).refuses("PutResourcePolicy", db(nobody))
    }),
    (&PUBLIC, || {
        let open = extended(policy("*"), json!({"BlockPublicPolicy": true}));
        Secrets::with(json!({})).refuses("PutResourcePolicy", db(open))
    }),
    (&TAG, || create_refused(json!({"Tags": [{"Key": "aws:a", "Value": ""}]}))),
    (&TAG_COUNT, || {
        let tag = |n: u8| json!({"Key": format!("k{n}"), "Value": "v"});
        create_refused(json!({"Tags": (0..51).map(tag).collect::<Vec<_>>()}))
    }),
    (&TOKEN, || Secrets::new().refuses("ListSecrets", json!({"NextToken": "?"}))),
    (&FILTER, || {
        Secrets::with(json!({})).refuses("ListSecrets", json!({"Filters": [{"Key": "name"}]}))
    }),
    (&PASSWORD, || Secrets::new().refuses("GetRandomPassword", json!({"PasswordLength": 3}))),
];

#[test]
fn versions_move_through_their_stages() {
    let secrets = Secrets::with(json!({"SecretString": "one", "ClientRequestToken": TOKEN_A}));
    // The same call again is the same secret.
    let again = named(json!({"SecretString": "one", "ClientRequestToken": TOKEN_A}));
    assert_eq!(secrets.does("CreateSecret", again)["VersionId"], TOKEN_A);
    secrets.does("PutSecretValue", db(json!({"SecretString": "two"})));
    assert_eq!(secrets.value(json!({})), "two");
    assert_eq!(secrets.value(json!({"VersionStage": "AWSPREVIOUS"})), "one");
    secrets.does("UpdateSecret", db(json!({"SecretString": "three", "Description": "d"})));
    assert_eq!(secrets.value(json!({"VersionStage": "AWSPREVIOUS"})), "two");
    assert_eq!(secrets.value(json!({"VersionId": TOKEN_A})), "one");
    let shown = secrets.does("DescribeSecret", db(json!({})));
    assert_eq!(shown["Description"], "d");
    assert_eq!(shown["VersionIdsToStages"].as_object().unwrap().len(), 2);
    let all = db(json!({"IncludeDeprecated": true}));
    let all = secrets.does("ListSecretVersionIds", all)["Versions"].clone();
    assert_eq!(all.as_array().unwrap().len(), 3);
    assert!(!shown.to_string().contains("three"));
}

#[test]
fn a_deleted_secret_keeps_its_name_until_its_window_ends() {
    let secrets = Secrets::with(json!({"Tags": [{"Key": "a", "Value": "1"}]}));
    let arn = secrets.does("DescribeSecret", db(json!({})))["ARN"].clone();
    secrets.does("DeleteSecret", json!({"SecretId": arn, "RecoveryWindowInDays": 7}));
    assert!(secrets.does("DescribeSecret", db(json!({})))["DeletedDate"].is_string());
    assert_eq!(secrets.does("ListSecrets", json!({}))["SecretList"], json!([]));
    let planned = json!({"IncludePlannedDeletion": true});
    assert_eq!(secrets.does("ListSecrets", planned)["SecretList"][0]["Name"], "db");
    secrets.does("RestoreSecret", db(json!({})));
    assert_eq!(secrets.does("ListSecrets", json!({}))["SecretList"][0]["Tags"][0]["Key"], "a");
    secrets.does("DeleteSecret", db(json!({"RecoveryWindowInDays": 7})));
    secrets.0.skip(DAY * 7);
    let made = secrets.does("CreateSecret", named(json!({})));
    assert_ne!(made["ARN"], arn, "another secret of the name has another ARN");
    // Forcing takes even one that waits, and one that is gone.
    secrets.does("DeleteSecret", db(json!({})));
    secrets.does("DeleteSecret", db(json!({"ForceDeleteWithoutRecovery": true})));
    secrets.does("DeleteSecret", db(json!({"ForceDeleteWithoutRecovery": true})));
    secrets.does("CreateSecret", named(json!({})));
}

#[test]
fn a_forced_deletion_takes_a_while_too() {
    let secrets = Secrets(Sandbox::in_memory(Options { slow: Slow::Aws, ..Options::default() }));
    secrets.does("CreateSecret", named(json!({})));
    secrets.does("DeleteSecret", db(json!({"ForceDeleteWithoutRecovery": true})));
    let refusal = secrets.refuses("CreateSecret", named(json!({})));
    assert_eq!(refusal.code, "InvalidRequestException");
    secrets.0.skip(Duration::from_secs(15));
    secrets.does("CreateSecret", named(json!({})));
}

#[test]
fn secrets_are_searched_by_the_start_of_what_they_have() {
    let secrets = Secrets::new();
    for (name, tag) in [("dev/a", "x"), ("dev/b", "y"), ("prod/a", "x")] {
        let tags = json!([{"Key": "team", "Value": tag}]);
        secrets.does("CreateSecret", json!({"Name": name, "Tags": tags}));
    }
    let names = |filters: Value| {
        let found = secrets.does("ListSecrets", json!({"Filters": filters}))["SecretList"].clone();
        let names =
            found.as_array().unwrap().iter().map(|s| s["Name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(json!([{"Key": "name", "Values": ["dev/"]}])), ["dev/a", "dev/b"]);
    assert_eq!(names(json!([{"Key": "name", "Values": ["!dev/"]}])), ["prod/a"]);
    let both = json!([{"Key": "tag-key", "Values": ["te"]}, {"Key": "tag-value", "Values": ["x"]}]);
    assert_eq!(names(both), ["dev/a", "prod/a"]);
    let first = secrets.does("ListSecrets", json!({"MaxResults": 2}));
    let second = json!({"MaxResults": 2, "NextToken": first["NextToken"]});
    assert_eq!(secrets.does("ListSecrets", second)["SecretList"][0]["Name"], "prod/a");
}

#[test]
fn a_policy_is_kept_and_a_password_is_made_of_what_is_left() {
    let secrets = Secrets::with(json!({}));
    secrets.does("PutResourcePolicy", db(policy("123456789012")));
    let policy = secrets.does("GetResourcePolicy", db(json!({})));
    assert!(policy["ResourcePolicy"].as_str().unwrap().contains("GetSecretValue"));
    secrets.does("DeleteResourcePolicy", db(json!({})));
    assert!(
        secrets
            .does("GetResourcePolicy", db(json!({})))
            .get("ResourcePolicy")
            .is_none_or(Value::is_null)
    );
    let wish =
        json!({"PasswordLength": 40, "ExcludePunctuation": true, "ExcludeCharacters": "aA0"});
    let password = secrets.does("GetRandomPassword", wish.clone())["RandomPassword"].clone();
    let password = password.as_str().unwrap();
    assert_eq!(password.len(), 40);
    assert!(password.chars().all(|c| c.is_ascii_alphanumeric() && !"aA0".contains(c)));
    assert_ne!(secrets.does("GetRandomPassword", wish)["RandomPassword"], password);
}

#[test]
fn a_task_may_name_a_secret_with_a_part_of_its_value() {
    let secrets = Secrets::with(json!({"SecretString": "{}"}));
    let arn = secrets.does("DescribeSecret", db(json!({})))["ARN"].clone();
    let arn = arn.as_str().unwrap().to_owned();
    let ask = |id: String| {
        let mut answer = false;
        secrets.0.change(|account| answer = readable(account, "eu-west-1", &id));
        answer
    };
    assert!(ask(arn.clone()) && ask(format!("{arn}:user::")) && ask("db".to_owned()));
    assert!(!ask(format!("{arn}x")));
    secrets.does("DeleteSecret", db(json!({})));
    assert!(!ask(arn));
}
