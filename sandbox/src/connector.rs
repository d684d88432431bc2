//! The sandbox as the HTTP client of our own AWS clients: no socket, no port.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::BodyExt;

use super::{Dropped, Sandbox};

impl Sandbox {
    /// Returns an HTTP client that every AWS client may be given to talk to this sandbox.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(Connector(self.clone()))
    }
}

#[derive(Clone, Debug)]
struct Connector(Sandbox);

impl HttpClient for Connector {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let sandbox = self.0.clone();
        HttpConnectorFuture::new(async move {
            let user = |error| ConnectorError::user(error);
            let request = request.try_into_http1x().map_err(|error| user(error.into()))?;
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(user)?.to_bytes();
            let request = http::Request::from_parts(parts, body);
            let response = sandbox.handle(request).await;
            let response =
                response.map_err(|dropped: Dropped| ConnectorError::io(dropped.into()))?;
            let response = response.map(|body: Bytes| SdkBody::from(body));
            HttpResponse::try_from(response).map_err(|error| user(error.into()))
        })
    }
}
