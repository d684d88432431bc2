//! Answers lost on the way, and what is refused before the first call.

use super::{World, scope};
use crate::aws::{Cx, ErrorClass, Options};
use crate::engine::resource::Creation;
use crate::sandbox::{Calls, Effect, Fault};
use serde_json::json;

#[tokio::test]
async fn a_creation_whose_answer_is_lost_is_not_sent_again() {
    let world = World::sandbox().await;
    world.sandbox.inject(lost("CreateVpc"));
    let tags = world.tags("vpc", "main");
    let with = Creation { tags: &tags, token: "t" };
    let handler = world.handler("vpc");
    let spec = handler.normalize(&json!({ "cidr_block": "10.0.0.0/16" })).unwrap();
    let error = handler.create(&world.cx, &spec, with).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Ambiguous, "{error}");
    assert_eq!(error.operation, "CreateVpc");
    assert_eq!(world.cx.calls()["ec2.CreateVpc"], 1);
    assert!(world.find("vpc", "main").await.is_some(), "it took effect, and its tags say whose");
}

#[tokio::test(start_paused = true)]
async fn a_reading_whose_answer_is_lost_is_sent_again() {
    let world = World::sandbox().await;
    world.sandbox.inject(lost("DescribeVpcs"));
    assert_eq!(world.owned("vpc", &[]).await, []);
    assert_eq!(world.cx.calls()["ec2.DescribeVpcs"], 2);
}

#[tokio::test]
async fn an_unknown_region_is_refused_before_any_call() {
    let mut wrong = scope("dev");
    wrong.region = "eu-wset-1".into();
    let refused = Cx::connect(Options::new(wrong)).await.unwrap_err();
    assert_eq!(refused.code, "unknown_region");
    assert_eq!(refused.hint.as_deref(), Some("did you mean `eu-west-1`?"));
}

#[tokio::test]
async fn another_account_is_refused_with_both_named() {
    let sandbox = crate::sandbox::Sandbox::in_memory(crate::sandbox::Options::default());
    let mut options = Options::new(scope("dev"));
    options.http_client = Some(sandbox.http_client());
    options.account_ids = vec!["210987654321".into()];
    let refused = Cx::connect(options).await.unwrap_err();
    assert_eq!(refused.code, "wrong_account");
    for account in ["123456789012", "210987654321"] {
        assert!(refused.message.contains(account), "{}", refused.message);
    }
}

#[tokio::test]
async fn an_endpoint_that_is_down_is_named() {
    let mut options = Options::new(scope("dev"));
    options.endpoint_url = Some("http://127.0.0.1:9".into());
    options.credentials =
        Some(aws_credential_types::Credentials::new("a", "b", None, None, "test"));
    let refused = Cx::connect(options).await.unwrap_err();
    assert_eq!(refused.code, "endpoint_unreachable", "{refused:?}");
    assert!(refused.message.contains("http://127.0.0.1:9"), "{}", refused.message);
}

#[tokio::test]
async fn refused_credentials_are_told_from_a_missing_right() {
    for (code, expected) in [
        ("ExpiredToken", "credentials_expired"),
        ("InvalidClientTokenId", "credentials_refused"),
        ("AccessDenied", "access_denied"),
    ] {
        let sandbox = crate::sandbox::Sandbox::in_memory(crate::sandbox::Options::default());
        sandbox.inject(Fault::refuse(Calls::of("GetCallerIdentity"), 1, code, 403));
        let mut options = Options::new(scope("dev"));
        options.http_client = Some(sandbox.http_client());
        assert_eq!(Cx::connect(options).await.unwrap_err().code, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_creation_is_sent_again_and_a_failed_one_is_not() {
    for (code, status, sent) in [("RequestLimitExceeded", 503, 2), ("InternalError", 500, 1)] {
        let world = World::sandbox().await;
        world.sandbox.inject(Fault::refuse(Calls::of("CreateVpc"), 1, code, status));
        let tags = world.tags("vpc", "main");
        let with = Creation { tags: &tags, token: "t" };
        let spec = json!({ "cidr_block": "10.0.0.0/16" });
        let made = world.handler("vpc").create(&world.cx, &spec, with).await;
        assert_eq!(world.cx.calls()["ec2.CreateVpc"], sent, "{code}");
        assert_eq!(made.is_ok(), sent == 2, "{made:?}");
        if let Err(error) = made {
            assert_eq!(error.class, ErrorClass::Ambiguous);
        }
    }
}

fn lost(operation: &str) -> Fault {
    Fault::new(Calls::of(operation), 1, Effect::DropAnswer)
}
