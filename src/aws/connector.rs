//! A wrapper around whatever HTTP client is used: counts calls, keeps to AWS's request rates, and
//! makes sure that a creation whose answer was lost is not blindly sent again.

use super::limits::Limits;
use super::retry::{ONE_SHOT_HEADER, is_one_shot};
use super::shared_reads::{self, Question};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, Metadata};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What all connectors of a run share: call counts and request rates.
#[derive(Debug, Default)]
pub struct Meter {
    calls: Mutex<BTreeMap<String, u64>>,
    writes: AtomicU64,
    limits: Option<Limits>,
    latency: Duration,
}

impl Meter {
    /// Makes a meter; `limited` keeps to AWS's request rates, `latency` delays every call.
    pub fn new(limited: bool, latency: Duration) -> Self {
        Self { limits: limited.then(Limits::default), latency, ..Self::default() }
    }

    /// Returns how many requests were sent, by `service.Operation`.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns how many requests that write were answered with success.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    /// Counts an answer, if something was written.
    fn answered(&self, call: &Call, success: bool) {
        if success && !is_read(&call.operation) {
            self.writes.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn count(&self, call: &Call) {
        let key = format!("{}.{}", call.service, call.operation);
        *self.calls.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default() += 1;
    }

    async fn admit(&self, call: &Call) {
        if let Some(limits) = &self.limits {
            limits.take(&call.region, &call.service, &call.operation).await;
        }
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        self.count(call);
    }
}

/// Wraps an HTTP client with a meter.
pub fn metered(inner: SharedHttpClient, meter: Arc<Meter>) -> SharedHttpClient {
    SharedHttpClient::new(MeteredClient { inner, meter })
}

#[derive(Debug)]
struct MeteredClient {
    inner: SharedHttpClient,
    meter: Arc<Meter>,
}

impl HttpClient for MeteredClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(MeteredConnector {
            inner: self.inner.http_connector(settings, components),
            meter: Arc::clone(&self.meter),
        })
    }
}

#[derive(Clone, Debug)]
struct MeteredConnector {
    inner: SharedHttpConnector,
    meter: Arc<Meter>,
}

impl HttpConnector for MeteredConnector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let call = Call::of(&request);
        request.headers_mut().remove(OPERATION_HEADER);
        let Some(call) = call else { return self.inner.call(request) };
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            let question = is_read(&call.operation).then(|| Question::of(&request)).flatten();
            let answer = shared_reads::answer(question, async {
                this.meter.admit(&call).await;
                this.inner.call(request).await
            });
            let answer = answer.await;
            let success = answer.as_ref().is_ok_and(|response| response.status().is_success());
            this.meter.answered(&call, success);
            if !is_one_shot(&call.operation) {
                return answer;
            }
            match answer {
                Ok(mut response) => {
                    response.headers_mut().insert(ONE_SHOT_HEADER, "1");
                    Ok(response)
                }
                // Nothing was sent: safe to try again.
                Err(error) if never_connected(&error) => Err(error),
                Err(error) => Err(ConnectorError::other(Box::new(Unanswered(error)), None)),
            }
        })
    }
}

/// Tells whether an operation only reads, as AWS names them.
fn is_read(operation: &str) -> bool {
    const READS: [&str; 8] =
        ["AssumeRole", "BatchGet", "Describe", "Get", "Head", "List", "Query", "Scan"];
    READS.iter().any(|read| operation.starts_with(read))
}

/// Service and operation of a request, as its own bytes tell.
#[derive(Debug, PartialEq, Eq)]
struct Call {
    region: String,
    service: String,
    operation: String,
}

impl Call {
    /// Reads the operation from what [`NamesOperation`] left, from `X-Amz-Target` or from the form's
    /// `Action`, and region and service from the scope of the signature; `None` for requests of the
    /// credentials chain that have none of them.
    fn of(request: &HttpRequest) -> Option<Self> {
        let headers = request.headers();
        let named = headers.get(OPERATION_HEADER);
        let operation = match named.or_else(|| headers.get("x-amz-target")) {
            Some(target) => target.rsplit_once('.').map_or(target, |(_, name)| name).to_owned(),
            None => {
                let body = request.body().bytes()?;
                form_urlencoded::parse(body)
                    .find_map(|(key, value)| (key == "Action").then(|| value.into_owned()))?
            }
        };
        let scope = headers.get("authorization").and_then(|a| a.split_once("Credential="));
        let mut parts = scope.map(|(_, rest)| rest.split('/').skip(2)).into_iter().flatten();
        let region = parts.next().unwrap_or_default().to_owned();
        let service = parts.next().unwrap_or("sts").to_owned();
        Some(Self { region, service, operation })
    }
}

/// Carries the operation's name from the client to the connector, which takes it off again.
const OPERATION_HEADER: &str = "x-infra-operation";

/// Has every request say which operation it is: in S3's and Route 53's protocol method and path do,
/// which only the service's model can tell apart. Runs after signing; nothing of it is sent.
#[derive(Debug)]
pub(super) struct NamesOperation;

#[dyn_dispatch_hint]
impl Intercept for NamesOperation {
    fn name(&self) -> &'static str {
        "requests name their operation"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(metadata) = config.load::<Metadata>() {
            let name = metadata.name().to_owned();
            context.request_mut().headers_mut().insert(OPERATION_HEADER, name);
        }
        Ok(())
    }
}

/// A creation was sent and no answer came: it may have taken effect.
#[derive(Debug)]
pub struct Unanswered(ConnectorError);

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request was sent but no answer came")
    }
}

impl StdError for Unanswered {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

/// Tells whether the failure happened before anything was sent.
pub fn never_connected(error: &(dyn StdError + 'static)) -> bool {
    chain(error).any(|e| {
        e.downcast_ref::<hyper_util::client::legacy::Error>()
            .is_some_and(hyper_util::client::legacy::Error::is_connect)
    })
}

/// Walks an error and its sources.
pub fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let this = next?;
        next = this.source();
        Some(this)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::body::SdkBody;

    #[test]
    fn only_what_wrote_and_succeeded_counts_as_written() {
        let meter = Meter::default();
        let call = |operation: &str| Call {
            region: "eu-west-1".into(),
            service: "iam".into(),
            operation: operation.into(),
        };
        meter.answered(&call("GetRole"), true);
        meter.answered(&call("PutRolePolicy"), false);
        assert_eq!(meter.writes(), 0);
        meter.answered(&call("PutRolePolicy"), true);
        assert_eq!(meter.writes(), 1);
    }

    #[test]
    fn a_call_is_named_by_the_bytes_of_its_request() {
        let auth = "AWS4-HMAC-SHA256 Credential=AK/20260101/eu-west-1/ec2/aws4_request, Sig=x";
        let mut query = HttpRequest::new(SdkBody::from("Action=DescribeVpcs&Version=1"));
        query.headers_mut().insert("authorization", auth);
        let call = Call::of(&query).unwrap();
        assert_eq!((call.service.as_str(), call.operation.as_str()), ("ec2", "DescribeVpcs"));
        let mut json = HttpRequest::new(SdkBody::from("{}"));
        json.headers_mut().insert("x-amz-target", "Logs_20140328.CreateLogGroup");
        json.headers_mut().insert("authorization", auth.replace("ec2", "logs"));
        let call = Call::of(&json).unwrap();
        assert_eq!((call.service.as_str(), call.operation.as_str()), ("logs", "CreateLogGroup"));
        assert_eq!(call.region, "eu-west-1");
    }
}
