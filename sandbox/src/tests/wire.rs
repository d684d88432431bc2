//! Requests and answers byte by byte.

use super::{form, json, text};
use crate::{Options, Sandbox};

fn sandbox() -> Sandbox {
    Sandbox::in_memory(Options::default())
}

#[tokio::test]
async fn a_query_answer_has_the_form_of_the_api_reference() {
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    let response = sandbox().handle(form("sts", body)).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/xml;charset=UTF-8");
    let text = text(&response);
    assert!(
        text.contains(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <GetCallerIdentityResult>"
        ),
        "{text}"
    );
    assert!(text.contains("<Account>123456789012</Account>"));
    assert!(text.contains("</GetCallerIdentityResult><ResponseMetadata><RequestId>"));
}

#[tokio::test]
async fn errors_have_the_envelope_of_their_protocol() {
    let sandbox = sandbox();
    let role = "Action=GetRole&Version=2010-05-08&RoleName=no";
    let query = sandbox.handle(form("iam", role)).await.unwrap();
    assert_eq!(query.status(), 404);
    let message = "<Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The role with name \
                   no cannot be found.</Message></Error>";
    assert!(text(&query).contains(message), "{}", text(&query));

    let vpc = "Action=CreateVpc&Version=2016-11-15&Nothing=1";
    let ec2 = sandbox.handle(form("ec2", vpc)).await.unwrap();
    assert_eq!(ec2.status(), 400);
    let start = "<Response><Errors><Error><Code>";
    assert!(text(&ec2).contains(start), "{}", text(&ec2));

    let target = "Logs_20140328.DeleteLogGroup";
    let logs = sandbox.handle(json("logs", target, r#"{"logGroupName":"x"}"#)).await.unwrap();
    assert_eq!(logs.status(), 400);
    let expected = r#"{"__type":"ResourceNotFoundException","message":"The specified log group does not exist."}"#;
    assert_eq!(text(&logs), expected);
    assert_eq!(logs.headers()["content-type"], "application/x-amz-json-1.1");
}

#[tokio::test]
async fn what_is_not_modelled_is_refused_by_name() {
    let sandbox = sandbox();
    let service = sandbox.handle(form("sqs", "Action=ListQueues&Version=1")).await.unwrap();
    assert!(text(&service).contains("does not model the service sqs"), "{}", text(&service));
    let users = "Action=ListUsers&Version=2010-05-08";
    let operation = sandbox.handle(form("iam", users)).await.unwrap();
    assert!(text(&operation).contains("does not model ListUsers of iam"));
    let target = "Logs_20140328.StartQuery";
    let operation = sandbox.handle(json("logs", target, "{}")).await.unwrap();
    assert!(text(&operation).contains("UnknownOperationException"));
    let target = "Logs_20140328.DescribeLogGroups";
    let member = sandbox.handle(json("logs", target, r#"{"includeLinkedAccounts":true}"#)).await;
    let member = member.unwrap();
    let expected = "does not model includeLinkedAccounts of DescribeLogGroups";
    assert!(text(&member).contains(expected), "{}", text(&member));
}

#[tokio::test]
async fn required_members_enums_and_patterns_come_from_the_shapes() {
    let sandbox = sandbox();
    let missing = "Action=GetRole&Version=2010-05-08";
    let answer = sandbox.handle(form("iam", missing)).await.unwrap();
    let words = "1 validation error detected: Value null at 'roleName' failed to satisfy \
                 constraint: Member must not be null";
    assert!(text(&answer).contains(words), "{}", text(&answer));
    let pattern = "Action=GetRole&Version=2010-05-08&RoleName=a%2Fb";
    let answer = sandbox.handle(form("iam", pattern)).await.unwrap();
    assert!(text(&answer).contains("regular expression pattern: [\\w+=,.@-]+"));
    let class = r#"{"logGroupName":"x","logGroupClass":"CHEAP"}"#;
    let answer = sandbox.handle(json("logs", "Logs_20140328.CreateLogGroup", class)).await;
    assert!(text(&answer.unwrap()).contains("enum value set: [STANDARD"));
}

#[tokio::test]
async fn unsigned_requests_are_refused() {
    let mut request = form("iam", "Action=ListRoles&Version=2010-05-08");
    request.headers_mut().remove("authorization");
    let answer = sandbox().handle(request).await.unwrap();
    assert_eq!(answer.status(), 403);
    assert!(text(&answer).contains("<Code>MissingAuthenticationToken</Code>"));
}
