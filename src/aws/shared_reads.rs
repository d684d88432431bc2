//! While an account is read for one plan, the same question is asked once: several types are found
//! through the same lists.

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::{Headers, StatusCode};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::BodyExt;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

type Answer = Result<HttpResponse, ConnectorError>;
type Cell = Arc<OnceCell<Kept>>;

tokio::task_local! {
    static SHARED: Mutex<HashMap<Question, Cell>>;
}

/// Runs what reads an account, with answers shared until it ends. Nothing may be written meanwhile,
/// nor waited for: an answer would stay what it was.
pub async fn share<T>(reading: impl Future<Output = T>) -> T {
    SHARED.scope(Mutex::default(), reading).await
}

/// What makes two requests the same: who asks which service of which region, and what.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Question {
    credential: String,
    method: String,
    uri: String,
    target: Option<String>,
    body: Bytes,
}

impl Question {
    /// Takes from a signed request what does not change from one time to the next.
    pub(super) fn of(request: &HttpRequest) -> Option<Self> {
        let headers = request.headers();
        let (_, signed) = headers.get("authorization")?.split_once("Credential=")?;
        Some(Self {
            credential: signed.split(',').next().unwrap_or(signed).to_owned(),
            method: request.method().to_owned(),
            uri: request.uri().to_owned(),
            target: headers.get("x-amz-target").map(str::to_owned),
            body: Bytes::copy_from_slice(request.body().bytes()?),
        })
    }
}

/// Asks, or returns what was answered before; only what succeeded is kept. Outside of [`share`],
/// always asks.
pub(super) async fn answer(
    question: Option<Question>,
    ask: impl Future<Output = Answer>,
) -> Answer {
    let cell = question.and_then(|question| {
        SHARED
            .try_with(|shared| {
                let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
                Arc::clone(shared.entry(question).or_default())
            })
            .ok()
    });
    let Some(cell) = cell else { return ask.await };
    let kept = cell.get_or_try_init(|| async {
        let answer = ask.await;
        match answer {
            Ok(response) if response.status().is_success() => Kept::of(response).await.map_err(Err),
            other => Err(other),
        }
    });
    match kept.await {
        Ok(kept) => Ok(kept.response()),
        Err(other) => other,
    }
}

/// An answer with its body, read to the end.
#[derive(Debug)]
struct Kept {
    status: StatusCode,
    headers: Headers,
    body: Bytes,
}

impl Kept {
    async fn of(mut response: HttpResponse) -> Result<Self, ConnectorError> {
        let body = response.take_body().collect().await;
        let body = body.map_err(ConnectorError::io)?.to_bytes();
        Ok(Self { status: response.status(), headers: response.headers().clone(), body })
    }

    fn response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status, SdkBody::from(self.body.clone()));
        *response.headers_mut() = self.headers.clone();
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn request(body: &'static str, date: &str) -> HttpRequest {
        let mut request = HttpRequest::new(SdkBody::from(body));
        let auth = "AWS4-HMAC-SHA256 Credential=AK/20260101/eu-west-1/ec2/aws4_request, Sig=";
        request.headers_mut().insert("authorization", format!("{auth}{date}"));
        request.headers_mut().insert("x-amz-date", date.to_owned());
        request
    }

    async fn asked(body: &'static str, status: u16, times: &Cell<u32>) -> String {
        let question = Question::of(&request(body, &times.get().to_string()));
        let ask = async {
            tokio::task::yield_now().await;
            times.set(times.get() + 1);
            let status = StatusCode::try_from(status).expect("a status");
            let body = format!("{body} {}", times.get());
            Ok(HttpResponse::new(status, SdkBody::from(body)))
        };
        let mut answer = answer(question, ask).await.expect("an answer");
        let body = answer.take_body().collect().await.expect("a body").to_bytes();
        String::from_utf8(body.to_vec()).expect("text")
    }

    #[tokio::test]
    async fn the_same_question_is_asked_once_also_at_the_same_time() {
        let times = Cell::new(0);
        let both = share(async {
            let both = futures::join!(asked("a", 200, &times), asked("a", 200, &times));
            assert_eq!(asked("a", 200, &times).await, "a 1");
            both
        });
        assert_eq!(both.await, ("a 1".to_owned(), "a 1".to_owned()));
        assert_eq!(times.get(), 1);
    }

    #[tokio::test]
    async fn other_questions_refusals_and_other_plans_are_asked_again() {
        let times = Cell::new(0);
        share(async {
            asked("a", 200, &times).await;
            asked("b", 200, &times).await;
            asked("c", 400, &times).await;
            asked("c", 400, &times).await;
        })
        .await;
        assert_eq!(times.get(), 4);
        share(asked("a", 200, &times)).await;
        asked("a", 200, &times).await;
        asked("a", 200, &times).await;
        assert_eq!(times.get(), 7);
    }
}
