use super::rules::{
    ARN, DIGEST, ENCRYPTION, EXCLUSIONS, EXISTS, IMAGE_EXISTS, LIFECYCLE, MANIFEST,
    NAMES_AND_PAGES, NO_IMAGE, NO_LIFECYCLE, NO_POLICY, NOT_EMPTY, NOT_FOUND, OWN_REGISTRY, POLICY,
    TAG, TAG_COUNT, TAG_EXISTS, TOKEN,
};
use crate::rules::{Refusal, Rule};
use crate::{Options, Sandbox};
use serde_json::{Value, json};

const URN: &str = "arn:aws:ecr:eu-west-1:123456789012:repository/app";

struct Ecr(Sandbox);

impl Ecr {
    fn new() -> Self {
        Self(Sandbox::in_memory(Options::default()))
    }

    /// With the repository `app`.
    fn with(more: Value) -> Self {
        let ecr = Self::new();
        ecr.does("CreateRepository", &app(more));
        ecr
    }

    fn does(&self, operation: &str, input: &Value) -> Value {
        let answer = self.0.call("ecr", operation, input.clone());
        answer.unwrap_or_else(|refusal| panic!("{operation}: {} {}", refusal.code, refusal.message))
    }

    fn refuses(&self, operation: &str, input: &Value) -> Refusal {
        self.0.call("ecr", operation, input.clone()).unwrap_err()
    }

    fn push(&self, layer: i64, tag: Option<&str>) -> Value {
        self.does("PutImage", &image(layer, tag))["image"]["imageId"].clone()
    }
}

/// The input for `app`, and more.
fn app(more: Value) -> Value {
    let mut input = json!({"repositoryName": "app"});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

fn image(layer: i64, tag: Option<&str>) -> Value {
    let manifest = json!({"schemaVersion": 2, "layers": [{"size": layer}]}).to_string();
    let mut input = app(json!({"imageManifest": manifest}));
    if let Some(tag) = tag {
        input["imageTag"] = json!(tag);
    }
    input
}

fn lifecycle(number: i64) -> String {
    json!({"rules": [{"rulePriority": 1, "action": {"type": "expire"}, "selection": {
        "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": number}}]})
    .to_string()
}

fn policy(principal: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ecr:BatchGetImage",
        "Principal": {"AWS": principal}}]})
    .to_string()
}

fn tags(range: std::ops::Range<u8>) -> Value {
    range.map(|n| json!({"Key": format!("k{n}"), "Value": "v"})).collect()
}

pub(crate) static REFUSALS: &[(&Rule, fn() -> Refusal)] = &[
    (&EXISTS, || Ecr::with(json!({})).refuses("CreateRepository", &app(json!({})))),
    (&NOT_FOUND, || Ecr::new().refuses("GetRepositoryPolicy", &app(json!({})))),
    (&NOT_EMPTY, || {
        let ecr = Ecr::with(json!({}));
        ecr.push(1, None);
        ecr.refuses("DeleteRepository", &app(json!({})))
    }),
    (&OWN_REGISTRY, || {
        Ecr::new().refuses("CreateRepository", &app(json!({"registryId": "210987654321"})))
    }),
    (&EXCLUSIONS, || {
        let alone = json!({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"});
        Ecr::new().refuses("CreateRepository", &app(alone))
    }),
    (&ENCRYPTION, || {
        let key = json!({"encryptionConfiguration": {"encryptionType": "AES256", "kmsKey": "k"}});
        Ecr::new().refuses("CreateRepository", &app(key))
    }),
    (&TAG, || {
        let tags = json!([{"Key": "infra:resource", "Value": "a[\"b\"]"}]);
        Ecr::new().refuses("CreateRepository", &app(json!({"tags": tags})))
    }),
    (&TAG_COUNT, || {
        let ecr = Ecr::with(json!({"tags": tags(0..50)}));
        ecr.refuses("TagResource", &json!({"resourceArn": URN, "tags": tags(50..51)}))
    }),
    (&ARN, || Ecr::with(json!({})).refuses("ListTagsForResource", &json!({"resourceArn": "app"}))),
    (&NAMES_AND_PAGES, || {
        let both = json!({"repositoryNames": ["app"], "maxResults": 5});
        Ecr::with(json!({})).refuses("DescribeRepositories", &both)
    }),
    (&TOKEN, || Ecr::new().refuses("DescribeRepositories", &json!({"nextToken": "?"}))),
    (&LIFECYCLE, || {
        let text = lifecycle(0);
        Ecr::with(json!({}))
            .refuses("PutLifecyclePolicy", &app(json!({"lifecyclePolicyText": text})))
    }),
    (&NO_LIFECYCLE, || Ecr::with(json!({})).refuses("GetLifecyclePolicy", &app(json!({})))),
    (&POLICY, || {
        let text = policy("arn:aws:iam::123456789012:role/nobody");
        Ecr::with(json!({})).refuses("SetRepositoryPolicy", &app(json!({"policyText": text})))
    }),
    (&NO_POLICY, || Ecr::with(json!({})).refuses("DeleteRepositoryPolicy", &app(json!({})))),
    (&MANIFEST, || Ecr::with(json!({})).refuses("PutImage", &app(json!({"imageManifest": "{"})))),
    (&DIGEST, || {
        let mut input = image(1, None);
        input["imageDigest"] = json!("sha256:0");
        Ecr::with(json!({})).refuses("PutImage", &input)
    }),
    (&IMAGE_EXISTS, || {
        let ecr = Ecr::with(json!({}));
        ecr.push(1, Some("v1"));
        ecr.refuses("PutImage", &image(1, Some("v1")))
    }),
    (&TAG_EXISTS, || {
        let ecr = Ecr::with(json!({"imageTagMutability": "IMMUTABLE"}));
        ecr.push(1, Some("v1"));
        ecr.refuses("PutImage", &image(2, Some("v1")))
    }),
    (&NO_IMAGE, || {
        let ids = json!({"imageIds": [{"imageTag": "v1"}]});
        Ecr::with(json!({})).refuses("DescribeImages", &app(ids))
    }),
];

#[test]
fn a_repository_lives_from_creation_to_deletion() {
    let ecr = Ecr::with(json!({"tags": [{"Key": "a", "Value": "1"}],
        "imageScanningConfiguration": {"scanOnPush": true}}));
    let read = || ecr.does("DescribeRepositories", &json!({}))["repositories"][0].clone();
    let repository = read();
    assert_eq!(repository["repositoryArn"], URN);
    assert_eq!(repository["repositoryUri"], "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app");
    assert_eq!(repository["imageTagMutability"], "MUTABLE");
    assert_eq!(repository["imageScanningConfiguration"], json!({"scanOnPush": true}));
    assert_eq!(repository["encryptionConfiguration"]["encryptionType"], "AES256");
    let filters = json!([{"filterType": "WILDCARD", "filter": "dev-*"}]);
    ecr.does(
        "PutImageTagMutability",
        &app(json!({
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": filters})),
    );
    ecr.does(
        "PutImageScanningConfiguration",
        &app(json!({
        "imageScanningConfiguration": {"scanOnPush": false}})),
    );
    assert_eq!(read()["imageTagMutabilityExclusionFilters"], filters);
    assert_eq!(read()["imageScanningConfiguration"], json!({"scanOnPush": false}));
    ecr.does("PutLifecyclePolicy", &app(json!({"lifecyclePolicyText": lifecycle(5)})));
    let told = ecr.does("GetLifecyclePolicy", &app(json!({})));
    assert_eq!(told["lifecyclePolicyText"], lifecycle(5));
    ecr.does("DeleteLifecyclePolicy", &app(json!({})));
    ecr.does("SetRepositoryPolicy", &app(json!({"policyText": policy("210987654321")})));
    assert_eq!(
        ecr.does("GetRepositoryPolicy", &app(json!({})))["policyText"],
        policy("210987654321")
    );
    ecr.does("DeleteRepositoryPolicy", &app(json!({})));
    ecr.does("TagResource", &json!({"resourceArn": URN, "tags": [{"Key": "b", "Value": "2"}]}));
    ecr.does("UntagResource", &json!({"resourceArn": URN, "tagKeys": ["a"]}));
    let told = ecr.does("ListTagsForResource", &json!({"resourceArn": URN}));
    assert_eq!(told, json!({"tags": [{"Key": "b", "Value": "2"}]}));
    let found = ecr.0.call(
        "tagging",
        "GetResources",
        json!({
        "ResourceTypeFilters": ["ecr:repository"]}),
    );
    assert_eq!(found.unwrap()["ResourceTagMappingList"][0]["ResourceARN"], URN);
    ecr.does("DeleteRepository", &app(json!({})));
    let missing = json!({"repositoryNames": ["app"]});
    assert_eq!(ecr.refuses("DescribeRepositories", &missing).code, "RepositoryNotFoundException");
}

#[test]
fn images_come_by_digest_and_go_with_their_last_tag() {
    let ecr = Ecr::with(json!({}));
    let first = ecr.push(7, Some("v1"));
    ecr.push(7, Some("latest"));
    ecr.push(8, Some("latest"));
    ecr.push(9, None);
    let details = |filter: Value| {
        let told = ecr.does("DescribeImages", &app(json!({"filter": filter})));
        told["imageDetails"].as_array().unwrap().clone()
    };
    assert_eq!((details(json!({})).len(), details(json!({"tagStatus": "UNTAGGED"})).len()), (3, 1));
    let one = ecr.does("DescribeImages", &app(json!({"imageIds": [{"imageTag": "v1"}]})));
    assert_eq!(one["imageDetails"][0]["imageDigest"], first["imageDigest"]);
    assert_eq!(one["imageDetails"][0]["imageTags"], json!(["v1"]), "latest went on");
    assert_eq!(one["imageDetails"][0]["imageSizeInBytes"], 7);
    let first_page = ecr.does("ListImages", &app(json!({"maxResults": 2})));
    let token = json!({"nextToken": first_page["nextToken"]});
    let second_page = ecr.does("ListImages", &app(token));
    assert_eq!(second_page["imageIds"].as_array().unwrap().len(), 1);
    let got = ecr.does(
        "BatchGetImage",
        &app(json!({
        "imageIds": [{"imageTag": "latest"}, {"imageTag": "no"}]})),
    );
    assert_eq!(got["images"][0]["imageId"]["imageTag"], "latest");
    assert_eq!(got["failures"][0]["failureCode"], "ImageNotFound");
    let gone = ecr.does(
        "BatchDeleteImage",
        &app(json!({
        "imageIds": [{"imageTag": "v1"}, {"imageTag": "no"}]})),
    );
    assert_eq!(gone["imageIds"], json!([first]));
    assert_eq!(gone["failures"].as_array().unwrap().len(), 1);
    assert_eq!(details(json!({})).len(), 2);
    ecr.does("DeleteRepository", &app(json!({"force": true})));
}

#[test]
fn exclusions_turn_the_mutability_of_a_tag_round() {
    let filters = json!([{"filterType": "WILDCARD", "filter": "*-dev-*"}]);
    for (setting, tag) in
        [("IMMUTABLE_WITH_EXCLUSION", "v1"), ("MUTABLE_WITH_EXCLUSION", "a-dev-1")]
    {
        let ecr = Ecr::with(json!({"imageTagMutability": setting,
            "imageTagMutabilityExclusionFilters": filters}));
        for tag in ["v1", "a-dev-1"] {
            ecr.push(1, Some(tag));
        }
        let refusal = ecr.refuses("PutImage", &image(2, Some(tag)));
        assert_eq!(refusal.code, "ImageTagAlreadyExistsException", "{setting}");
        let other = if tag == "v1" { "a-dev-1" } else { "v1" };
        ecr.push(2, Some(other));
    }
}

#[test]
fn a_policy_may_name_roles_there_are() {
    let ecr = Ecr::with(json!({}));
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}]});
    let role = json!({"RoleName": "puller", "AssumeRolePolicyDocument": trust.to_string()});
    let role = ecr.0.call("iam", "CreateRole", role).unwrap();
    let text = policy(role["Role"]["Arn"].as_str().unwrap());
    ecr.does("SetRepositoryPolicy", &app(json!({"policyText": text})));
    for wrong in [
        "{",
        r#"{"Version":"2012-10-17","Statement":[]}"#,
        r#"{"Statement":[{"Effect":"Allow","Action":"s3:Get*","Principal":"*"}]}"#,
        r#"{"Statement":[{"Effect":"Allow","Action":"ecr:*","Principal":"*","Resource":"*"}]}"#,
    ] {
        let refusal = ecr.refuses("SetRepositoryPolicy", &app(json!({"policyText": wrong})));
        assert_eq!(refusal.rule, Some(&POLICY), "{wrong}");
    }
}
