use serde_json::{Value, json};

use super::*;
use crate::rules::Rule;
use crate::{Options, Sandbox, Slow};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
    "Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]}"#;
const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":["s3:Get*"],"Resource":"*"}]}"#;
const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

struct Iam(Sandbox);

impl Iam {
    fn new() -> Self {
        Self(Sandbox::in_memory(Options::default()))
    }

    fn with_role() -> Self {
        let iam = Self::new();
        iam.does("CreateRole", json!({"RoleName": "Web", "AssumeRolePolicyDocument": TRUST}));
        iam
    }

    fn with_profile() -> Self {
        let iam = Self::with_role();
        iam.does("CreateInstanceProfile", json!({"InstanceProfileName": "p"}));
        iam.does("AddRoleToInstanceProfile", member());
        iam
    }

    fn does(&self, operation: &str, input: Value) -> Value {
        self.0
            .call("iam", operation, input)
            .unwrap_or_else(|refusal| panic!("{operation}: {} {}", refusal.code, refusal.message))
    }

    fn refuses(&self, operation: &str, input: Value) -> Refusal {
        self.0.call("iam", operation, input).unwrap_err()
    }
}

fn member() -> Value {
    json!({"InstanceProfileName": "p", "RoleName": "Web"})
}

fn role() -> Value {
    json!({"RoleName": "Web"})
}

fn attachment(arn: &str) -> Value {
    json!({"RoleName": "Web", "PolicyArn": arn})
}

fn new_role(more: Value) -> Value {
    let mut input = json!({"RoleName": "New", "AssumeRolePolicyDocument": TRUST});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

fn trust_in(principal: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Action": "sts:AssumeRole", "Principal": {"AWS": principal}}]})
    .to_string()
}

fn padded(document: &str, length: usize) -> String {
    document.replace("s3:Get*", &format!("s3:{}", "G".repeat(length)))
}

pub(crate) static REFUSALS: &[(&Rule, fn() -> Refusal)] = &[
    (&NO_ROLE, || Iam::new().refuses("GetRole", role())),
    (&ROLE_EXISTS, || {
        // Another case is the same name.
        let again = json!({"RoleName": "wEB", "AssumeRolePolicyDocument": TRUST});
        Iam::with_role().refuses("CreateRole", again)
    }),
    (&ROLE_HAS_POLICIES, || {
        let iam = Iam::with_role();
        let put = json!({"RoleName": "Web", "PolicyName": "x", "PolicyDocument": ALLOW});
        iam.does("PutRolePolicy", put);
        iam.refuses("DeleteRole", role())
    }),
    (&ROLE_HAS_ATTACHMENTS, || {
        let iam = Iam::with_role();
        iam.does("AttachRolePolicy", attachment(READ_ONLY));
        iam.refuses("DeleteRole", role())
    }),
    (&ROLE_IN_PROFILE, || Iam::with_profile().refuses("DeleteRole", role())),
    (&PROFILE_HAS_ROLE, || {
        Iam::with_profile().refuses("DeleteInstanceProfile", json!({"InstanceProfileName": "p"}))
    }),
    (&MALFORMED, || {
        let put = json!({"RoleName": "Web", "PolicyName": "x", "PolicyDocument": "{}"});
        Iam::with_role().refuses("PutRolePolicy", put)
    }),
    (&BAD_PRINCIPAL, || {
        let trust = trust_in("arn:aws:iam::123456789012:role/nobody");
        let update = json!({"RoleName": "Web", "PolicyDocument": trust});
        Iam::with_role().refuses("UpdateAssumeRolePolicy", update)
    }),
    (&NO_INLINE, || {
        let named = json!({"RoleName": "Web", "PolicyName": "x"});
        Iam::with_role().refuses("DeleteRolePolicy", named)
    }),
    (&NOT_ATTACHABLE, || {
        let arn = "arn:aws:iam::123456789012:policy/nothing";
        Iam::with_role().refuses("AttachRolePolicy", attachment(arn))
    }),
    (&BAD_BOUNDARY, || {
        let arn = "arn:aws:iam::123456789012:policy/nothing";
        Iam::new().refuses("CreateRole", new_role(json!({"PermissionsBoundary": arn})))
    }),
    (&NOT_ATTACHED, || Iam::with_role().refuses("DetachRolePolicy", attachment(READ_ONLY))),
    (&NO_VERSION, || {
        let iam = Iam::new();
        let policy = iam.does("CreatePolicy", json!({"PolicyName": "p", "PolicyDocument": ALLOW}));
        let arn = policy["Policy"]["Arn"].clone();
        iam.refuses("GetPolicyVersion", json!({"PolicyArn": arn, "VersionId": "v2"}))
    }),
    (&TOO_MANY_ATTACHED, || {
        let iam = Iam::with_role();
        for n in 0..10 {
            iam.does("AttachRolePolicy", attachment(&format!("{READ_ONLY}{n}")));
        }
        iam.refuses("AttachRolePolicy", attachment(READ_ONLY))
    }),
    (&TRUST_TOO_LONG, || {
        let services: Vec<_> = (0..90).map(|n| format!("service{n:02}.amazonaws.com")).collect();
        let trust = json!({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"Service": services}}]});
        let create = json!({"RoleName": "r", "AssumeRolePolicyDocument": trust.to_string()});
        Iam::new().refuses("CreateRole", create)
    }),
    (&INLINE_TOO_LONG, || {
        let iam = Iam::with_role();
        let put = |name: &str| {
            let document = padded(ALLOW, 6000);
            json!({"RoleName": "Web", "PolicyName": name, "PolicyDocument": document})
        };
        iam.does("PutRolePolicy", put("a"));
        iam.refuses("PutRolePolicy", put("b"))
    }),
    (&TOO_MANY_TAGS, || {
        let iam = Iam::with_role();
        let tags = |range: std::ops::Range<u8>| {
            let tags: Vec<_> =
                range.map(|n| json!({"Key": format!("k{n}"), "Value": ""})).collect();
            json!({"RoleName": "Web", "Tags": tags})
        };
        iam.does("TagRole", tags(0..50));
        iam.refuses("TagRole", tags(50..51))
    }),
    (&DUPLICATE_TAGS, || {
        let tags = json!([{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]);
        Iam::with_role().refuses("TagRole", json!({"RoleName": "Web", "Tags": tags}))
    }),
    (&RESERVED_TAG, || {
        let tags = json!([{"Key": "aws:a", "Value": "1"}]);
        Iam::new().refuses("CreateRole", new_role(json!({"Tags": tags})))
    }),
    (&POLICY_EXISTS, || {
        let iam = Iam::new();
        let policy = json!({"PolicyName": "p", "PolicyDocument": ALLOW});
        iam.does("CreatePolicy", policy.clone());
        iam.refuses("CreatePolicy", policy)
    }),
    (&POLICY_ATTACHED, || {
        let iam = Iam::with_role();
        let policy = iam.does("CreatePolicy", json!({"PolicyName": "p", "PolicyDocument": ALLOW}));
        let arn = policy["Policy"]["Arn"].as_str().unwrap();
        let bound = json!({"RoleName": "Web", "PermissionsBoundary": arn});
        iam.does("PutRolePermissionsBoundary", bound);
        iam.refuses("DeletePolicy", json!({"PolicyArn": arn}))
    }),
    (&NO_PROFILE, || Iam::new().refuses("GetInstanceProfile", json!({"InstanceProfileName": "p"}))),
    (&PROFILE_EXISTS, || {
        Iam::with_profile().refuses("CreateInstanceProfile", json!({"InstanceProfileName": "P"}))
    }),
    (&PROFILE_FULL, || Iam::with_profile().refuses("AddRoleToInstanceProfile", member())),
    (&NOT_IN_PROFILE, || {
        let iam = Iam::with_profile();
        iam.does("RemoveRoleFromInstanceProfile", member());
        iam.refuses("RemoveRoleFromInstanceProfile", member())
    }),
    (&MARKER, || Iam::new().refuses("ListRoles", json!({"Marker": "?"}))),
];

#[test]
fn a_role_lives_from_creation_to_deletion() {
    let iam = Iam::with_role();
    let put = json!({"RoleName": "Web", "PolicyName": "in", "PolicyDocument": ALLOW});
    iam.does("PutRolePolicy", put);
    iam.does("AttachRolePolicy", attachment(READ_ONLY));
    iam.does("AttachRolePolicy", attachment(READ_ONLY));
    iam.does("TagRole", json!({"RoleName": "Web", "Tags": [{"Key": "a", "Value": "b"}]}));
    let bound = json!({"RoleName": "Web", "PermissionsBoundary": READ_ONLY});
    iam.does("PutRolePermissionsBoundary", bound);

    let shown = iam.does("GetRole", role())["Role"].clone();
    assert_eq!(shown["Arn"], "arn:aws:iam::123456789012:role/Web");
    assert_eq!(shown["MaxSessionDuration"], 3600);
    assert_eq!(shown["Tags"], json!([{"Key": "a", "Value": "b"}]));
    assert_eq!(shown["PermissionsBoundary"]["PermissionsBoundaryArn"], READ_ONLY);
    let trust = shown["AssumeRolePolicyDocument"].as_str().unwrap();
    assert!(trust.starts_with("%7B%22Version%22%3A%222012-10-17%22"), "{trust}");
    let listed = iam.does("ListRoles", json!({}))["Roles"][0].clone();
    assert!(listed.get("Tags").is_none() && listed.get("PermissionsBoundary").is_none());

    let all = iam.does("GetAccountAuthorizationDetails", json!({"Filter": ["Role"]}));
    let detail = &all["RoleDetailList"][0];
    assert_eq!(detail["RolePolicyList"][0]["PolicyName"], "in");
    assert_eq!(detail["AttachedManagedPolicies"][0]["PolicyName"], "ReadOnlyAccess");
    assert_eq!(detail["Tags"], shown["Tags"]);

    iam.does("DeleteRolePolicy", json!({"RoleName": "Web", "PolicyName": "in"}));
    iam.does("DetachRolePolicy", attachment(READ_ONLY));
    iam.does("DeleteRole", role());
    assert_eq!(iam.refuses("GetRole", role()).status, 404);
}

#[test]
fn tags_of_an_instance_profile_are_set_and_removed() {
    let iam = Iam::with_profile();
    let named = |more: (&str, Value)| json!({"InstanceProfileName": "p", (more.0): more.1});
    let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
    iam.does("TagInstanceProfile", named(("Tags", json!([tag("a", "1"), tag("b", "2")]))));
    // A key in another case is the same tag.
    iam.does("TagInstanceProfile", named(("Tags", json!([tag("A", "3")]))));
    let shown = iam.does("GetInstanceProfile", json!({"InstanceProfileName": "p"}));
    assert_eq!(shown["InstanceProfile"]["Tags"], json!([tag("a", "3"), tag("b", "2")]));
    iam.does("UntagInstanceProfile", named(("TagKeys", json!(["B", "c"]))));
    let left = iam.does("ListInstanceProfileTags", json!({"InstanceProfileName": "p"}));
    assert_eq!(left["Tags"], json!([tag("a", "3")]));
    let listed = iam.does("ListInstanceProfiles", json!({}));
    assert_eq!(listed["InstanceProfiles"][0].get("Tags"), None, "lists leave tags out");
}

#[test]
fn update_role_resets_a_duration_that_is_not_sent() {
    let iam = Iam::with_role();
    iam.does("UpdateRole", json!({"RoleName": "Web", "MaxSessionDuration": 7200}));
    iam.does("UpdateRole", json!({"RoleName": "Web", "Description": "d"}));
    let shown = iam.does("GetRole", role())["Role"].clone();
    assert_eq!((&shown["MaxSessionDuration"], &shown["Description"]), (&json!(3600), &json!("d")));
}

#[test]
fn a_new_role_is_unknown_elsewhere_for_a_while() {
    let options = Options { slow: Slow::Aws, ..Options::default() };
    let iam = Iam(Sandbox::in_memory(options));
    iam.does("CreateRole", json!({"RoleName": "Web", "AssumeRolePolicyDocument": TRUST}));
    iam.does("CreateInstanceProfile", json!({"InstanceProfileName": "p"}));
    let early = iam.refuses("AddRoleToInstanceProfile", member());
    assert_eq!(early.message, "The role with name Web cannot be found.");
    let trust = trust_in("arn:aws:iam::123456789012:role/Web");
    let other = json!({"RoleName": "Other", "AssumeRolePolicyDocument": trust});
    assert_eq!(iam.refuses("CreateRole", other.clone()).code, "MalformedPolicyDocument");
    iam.0.skip(PROPAGATION);
    iam.does("AddRoleToInstanceProfile", member());
    iam.does("CreateRole", other);
}

#[test]
fn a_trust_policy_names_a_deleted_role_by_its_id() {
    let iam = Iam::with_role();
    let id = iam.does("GetRole", role())["Role"]["RoleId"].clone();
    let trust = trust_in("arn:aws:iam::123456789012:role/Web");
    iam.does("CreateRole", json!({"RoleName": "Other", "AssumeRolePolicyDocument": trust}));
    iam.does("DeleteRole", role());
    let other = iam.does("GetRole", json!({"RoleName": "Other"}));
    let trust = other["Role"]["AssumeRolePolicyDocument"].as_str().unwrap().to_owned();
    assert!(trust.contains(id.as_str().unwrap()), "{trust}");
}

#[test]
fn authorization_details_come_in_pages() {
    let iam = Iam::new();
    for n in 0..5 {
        let role = json!({"RoleName": format!("r{n}"), "AssumeRolePolicyDocument": TRUST});
        iam.does("CreateRole", role);
    }
    iam.does("CreatePolicy", json!({"PolicyName": "p", "PolicyDocument": ALLOW}));
    let mut seen = (0, 0);
    let mut marker = Value::Null;
    loop {
        let mut input = json!({"MaxItems": 2});
        if !marker.is_null() {
            input["Marker"] = marker;
        }
        let page = iam.does("GetAccountAuthorizationDetails", input);
        seen.0 += page["RoleDetailList"].as_array().unwrap().len();
        seen.1 += page["Policies"].as_array().unwrap().len();
        if page["IsTruncated"] == false {
            break;
        }
        marker = page["Marker"].clone();
    }
    assert_eq!(seen, (5, 1));
}
