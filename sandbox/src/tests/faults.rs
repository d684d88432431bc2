//! Faults, throttling, lag and the log of calls.

use std::time::Duration;

use super::{form, json, text};
use crate::{Calls, Effect, Fault, Options, Sandbox};

fn create(name: &str) -> http::Request<bytes::Bytes> {
    let body = format!(r#"{{"logGroupName":"{name}"}}"#);
    json("logs", "Logs_20140328.CreateLogGroup", &body)
}

fn describe() -> http::Request<bytes::Bytes> {
    json("logs", "Logs_20140328.DescribeLogGroups", "{}")
}

async fn names(sandbox: &Sandbox) -> usize {
    let answer = sandbox.handle(describe()).await.unwrap();
    text(&answer).matches("logGroupName").count()
}

#[tokio::test]
async fn a_call_can_fail_lose_its_answer_or_be_the_last() {
    let sandbox = Sandbox::in_memory(Options::default());
    sandbox.inject(Fault::refuse(Calls::mutating(), 1, "OperationAbortedException", 400));
    sandbox.inject(Fault::new(Calls::mutating(), 2, Effect::DropAnswer));
    sandbox.inject(Fault::new(Calls::mutating(), 4, Effect::StopAfterEffect));
    let refused = sandbox.handle(create("a")).await.unwrap();
    assert!(text(&refused).contains("OperationAbortedException"));
    assert_eq!(names(&sandbox).await, 0);
    assert!(sandbox.handle(create("b")).await.is_err());
    assert_eq!(names(&sandbox).await, 1);
    assert!(sandbox.handle(create("c")).await.is_ok());
    assert!(sandbox.handle(create("d")).await.is_err());
    assert!(sandbox.handle(describe()).await.is_err());
    sandbox.clear_faults();
    assert_eq!(names(&sandbox).await, 3);

    let calls = sandbox.calls();
    let codes: Vec<_> = calls.iter().filter(|call| call.mutating).map(|c| c.code.clone()).collect();
    assert_eq!(codes, [Some("OperationAbortedException".to_owned()), None, None, None]);
    assert_eq!(calls.iter().filter(|call| call.dropped).count(), 3);
    assert_eq!(calls[1].operation, "DescribeLogGroups");
    assert_eq!(calls[1].region, "eu-west-1");
}

#[tokio::test(start_paused = true)]
async fn throttled_calls_get_the_throttle_code_and_tokens_come_back() {
    let sandbox = Sandbox::in_memory(Options { throttle: true, ..Options::default() });
    let list = || form("iam", "Action=ListRoles&Version=2010-05-08");
    for _ in 0..40 {
        assert_eq!(sandbox.handle(list()).await.unwrap().status(), 200);
    }
    let refused = sandbox.handle(list()).await.unwrap();
    assert!(text(&refused).contains("<Code>Throttling</Code>"));
    tokio::time::advance(Duration::from_secs(1)).await;
    for _ in 0..10 {
        assert_eq!(sandbox.handle(list()).await.unwrap().status(), 200);
    }
    assert_eq!(sandbox.handle(list()).await.unwrap().status(), 400);
}

#[tokio::test(start_paused = true)]
async fn reads_lag_behind_writes_on_request() {
    let read_lag = Duration::from_secs(3);
    let sandbox = Sandbox::in_memory(Options { read_lag, ..Options::default() });
    sandbox.handle(create("a")).await.unwrap();
    assert_eq!(names(&sandbox).await, 0);
    tokio::time::advance(Duration::from_secs(2)).await;
    sandbox.handle(create("b")).await.unwrap();
    assert_eq!(names(&sandbox).await, 0);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(names(&sandbox).await, 1);
    let again = sandbox.handle(create("a")).await.unwrap();
    assert!(text(&again).contains("ResourceAlreadyExistsException"));
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(names(&sandbox).await, 2);
}

#[tokio::test(start_paused = true)]
async fn latency_is_sandbox_time() {
    let options =
        Options { latency: Duration::from_secs(60), clock_rate: 60.0, ..Options::default() };
    let sandbox = Sandbox::in_memory(options);
    let started = tokio::time::Instant::now();
    sandbox.handle(describe()).await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_secs(1));
}
