//! Our own SDK clients against the sandbox, in process.

use aws_sdk_cloudwatchlogs as logs;
use aws_sdk_ec2 as ec2;
use aws_sdk_iam as iam;
use aws_sdk_resourcegroupstagging as tagging;
use aws_sdk_sts as sts;
use ec2::error::ProvideErrorMetadata;

use super::client;
use infra::sandbox::{Calls, Effect, Fault, Options, Sandbox};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
    "Action":"sts:AssumeRole","Principal":{"AWS":"123456789012"}}]}"#;

#[tokio::test]
async fn query_clients_read_what_they_wrote() {
    let sandbox = Sandbox::in_memory(Options::default());
    let iam = client!(iam, sandbox);
    let tag = iam::types::Tag::builder().key("infra:project").value("a b+c").build().unwrap();
    let created = iam
        .create_role()
        .role_name("web")
        .assume_role_policy_document(TRUST)
        .tags(tag)
        .send()
        .await
        .unwrap();
    assert_eq!(created.role().unwrap().tags()[0].value(), "a b+c");
    let read = iam.get_role().role_name("web").send().await.unwrap();
    let role = read.role().unwrap();
    assert_eq!(role.arn(), "arn:aws:iam::123456789012:role/web");
    let encoded = role.assume_role_policy_document().unwrap();
    let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8().unwrap();
    assert_eq!(decoded, TRUST);
    assert_eq!(role.create_date().secs(), 1_767_225_600);

    let again = iam.create_role().role_name("web").assume_role_policy_document(TRUST);
    let error = again.send().await.unwrap_err().into_service_error();
    assert!(error.is_entity_already_exists_exception());
    assert_eq!(error.meta().message(), Some("Role with name web already exists."));

    let details = iam.get_account_authorization_details().send().await.unwrap();
    assert_eq!(details.role_detail_list()[0].tags()[0].key(), "infra:project");
    iam.delete_role().role_name("web").send().await.unwrap();
    let error = iam.get_role().role_name("web").send().await.unwrap_err();
    assert!(error.into_service_error().is_no_such_entity_exception());
}

#[tokio::test]
async fn json_clients_read_what_they_wrote() {
    let sandbox = Sandbox::in_memory(Options::default());
    let logs = client!(logs, sandbox);
    logs.create_log_group().log_group_name("/a").tags("k", "v").send().await.unwrap();
    logs.put_retention_policy().log_group_name("/a").retention_in_days(14).send().await.unwrap();
    let found = logs.describe_log_groups().log_group_name_prefix("/").send().await.unwrap();
    let group = &found.log_groups()[0];
    assert_eq!(group.retention_in_days(), Some(14));
    let arn = group.log_group_arn().unwrap();
    let tags = logs.list_tags_for_resource().resource_arn(arn).send().await.unwrap();
    assert_eq!(tags.tags().unwrap()["k"], "v");
    let twice = logs.create_log_group().log_group_name("/a").send().await.unwrap_err();
    assert!(twice.into_service_error().is_resource_already_exists_exception());

    let tagging = client!(tagging, sandbox);
    let filter = tagging::types::TagFilter::builder().key("k").values("v").build();
    let found = tagging.get_resources().tag_filters(filter).send().await.unwrap();
    assert_eq!(found.resource_tag_mapping_list()[0].resource_arn(), Some(arn));
}

#[tokio::test]
async fn who_calls_is_told_and_roles_are_assumed() {
    let sandbox = Sandbox::in_memory(Options::default());
    let sts = client!(sts, sandbox);
    let me = sts.get_caller_identity().send().await.unwrap();
    assert_eq!(me.account(), Some("123456789012"));
    client!(iam, sandbox)
        .create_role()
        .role_name("ci")
        .assume_role_policy_document(TRUST)
        .send()
        .await
        .unwrap();
    let session = sts
        .assume_role()
        .role_arn("arn:aws:iam::123456789012:role/ci")
        .role_session_name("me")
        .send()
        .await
        .unwrap();
    let expires = session.credentials().unwrap().expiration().secs();
    let now = infra::sandbox::Time::of_the_machine().millis() / 1000;
    assert!((now + 3590..=now + 3600).contains(&expires), "{expires} and {now}");
    let other = sts.assume_role().role_arn("arn:aws:iam::123456789012:role/no");
    let error = other.role_session_name("me").send().await.unwrap_err();
    assert_eq!(error.code(), Some("AccessDenied"));
}

#[tokio::test]
async fn ec2_clients_get_ec2_errors() {
    let sandbox = Sandbox::in_memory(Options::default());
    let ec2 = client!(ec2, sandbox);
    let tenancy = ec2::types::Tenancy::from("shared");
    let error = ec2.create_vpc().cidr_block("10.0.0.0/16").instance_tenancy(tenancy).send().await;
    let error = error.unwrap_err();
    assert!(error.code().is_some(), "{error:?}");
    assert_eq!(sandbox.calls()[0].operation, "CreateVpc");
}

#[tokio::test]
async fn a_broken_connection_is_a_dispatch_failure() {
    let sandbox = Sandbox::in_memory(Options::default());
    sandbox.inject(Fault::new(Calls::of("CreateLogGroup"), 1, Effect::DropAnswer));
    let logs = client!(logs, sandbox);
    let error = logs.create_log_group().log_group_name("/a").send().await.unwrap_err();
    match error {
        logs::error::SdkError::DispatchFailure(failure) => assert!(failure.is_io()),
        other => panic!("{other:?}"),
    }
    let found = logs.describe_log_groups().send().await.unwrap();
    assert_eq!(found.log_groups().len(), 1);
}
