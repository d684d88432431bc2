//! The wire: from an HTTP request to an operation and its members, and back, by the shape tables.
//!
//! [`query`] reads the query and EC2 protocols, [`xml`] writes their answers, [`json`] does both
//! for JSON 1.0 and 1.1, [`rpc_v2_cbor`] for Smithy's RPC v2 CBOR, [`rest_xml`] both for REST-XML (Route 53, S3).

mod cbor;
mod json;
mod query;
mod rest_xml;
mod rpc_v2_cbor;
pub(crate) mod shapes;
mod xml;
mod xml_read;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Request, Response};
use serde_json::Value;
use shapes::Model;

use super::rules::Refusal;
use super::services::{self, Answer, Input, Service};

/// How a request was written, and so how its answer must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Ec2,
    Query,
    Json,
    Cbor,
    RestXml,
}

/// A request as far as it could be understood.
pub(crate) struct Wire {
    protocol: Protocol,
    /// The service that was called, if the sandbox has it.
    pub(crate) service: Option<&'static Service>,
    /// The operation's name as it was sent.
    pub(crate) operation: String,
    /// The region of the credential scope.
    pub(crate) region: String,
    /// The caller's access key.
    pub(crate) access_key: String,
    /// The input's members, or why they could not be read.
    pub(crate) input: Result<Input, Refusal>,
    /// Whether the answer may have no body.
    head: bool,
}

/// What the credential scope of a signed request says.
struct Scope {
    access_key: String,
    region: String,
    service: String,
}

impl Wire {
    /// Reads a request.
    pub(crate) fn read(request: &Request<Bytes>) -> Self {
        let target = header(request, "x-amz-target");
        let target = target.and_then(|target| target.rsplit_once('.'));
        let (protocol, target) = match rpc_v2_cbor::target(request) {
            Some(target) => (Protocol::Cbor, Some(target)),
            None if target.is_some() => (Protocol::Json, target),
            None => (Protocol::Query, None),
        };
        let (prefix, mut operation) = match target {
            Some((prefix, operation)) => (Some(prefix), operation.to_owned()),
            None => (None, String::new()),
        };
        let mut wire = Self {
            protocol,
            service: None,
            operation: String::new(),
            region: String::new(),
            access_key: String::new(),
            input: Ok(Input::new()),
            head: false,
        };
        let form = match wire.protocol {
            Protocol::Ec2 | Protocol::Query => query::form(request),
            Protocol::Json | Protocol::Cbor | Protocol::RestXml => Vec::new(),
        };
        let field =
            |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        if prefix.is_none() {
            operation = field("Action").unwrap_or_default();
        }
        wire.operation = operation;
        let Some(scope) = scope(request) else {
            wire.input = Err(unsigned(wire.protocol));
            return wire;
        };
        wire.region = scope.region;
        wire.access_key = scope.access_key;
        let Some(service) = services::ALL.iter().find(|known| known.name == scope.service) else {
            let message = format!("the sandbox does not model the service {}", scope.service);
            wire.input = Err(Refusal::new("UnknownService", message));
            return wire;
        };
        wire.service = Some(service);
        let model = Model::of(service);
        if model.is_ec2() {
            wire.protocol = Protocol::Ec2;
        } else if model.is_rest_xml() {
            wire.protocol = Protocol::RestXml;
        }
        wire.input = match wire.protocol {
            Protocol::RestXml => wire.read_rest_xml(service, model, request),
            Protocol::Json | Protocol::Cbor => wire.read_named(model, prefix, request.body()),
            Protocol::Ec2 | Protocol::Query => wire.read_query(model, field("Version"), &form),
        };
        wire
    }

    /// Reads the input where the operation is named outside the body.
    fn read_named(
        &self,
        model: &Model,
        prefix: Option<&str>,
        body: &Bytes,
    ) -> Result<Input, Refusal> {
        let expected = model.metadata.target_prefix.as_deref();
        if expected.is_none() || prefix != expected || !self.knows_operation(model) {
            return Err(self.unknown_operation());
        }
        match self.protocol {
            Protocol::Cbor => rpc_v2_cbor::read(model, &self.operation, body),
            _ => json::read(model, &self.operation, body),
        }
    }

    fn read_rest_xml(
        &mut self,
        service: &'static Service,
        model: &Model,
        request: &Request<Bytes>,
    ) -> Result<Input, Refusal> {
        self.head = request.method() == http::Method::HEAD;
        let Some(route) = rest_xml::route(model, request) else {
            self.operation = format!("{} {}", request.method(), request.uri());
            return Err(self.unknown_operation());
        };
        self.operation.clone_from(&route.operation);
        if !self.knows_operation(model) {
            return Err(self.unknown_operation());
        }
        rest_xml::read(model, model.family(service), &route, request)
    }

    fn read_query(
        &self,
        model: &Model,
        version: Option<String>,
        form: &[(String, String)],
    ) -> Result<Input, Refusal> {
        if version.as_deref() != Some(model.metadata.api_version.as_str()) {
            let version = version.unwrap_or_default();
            let message = format!(
                "Could not find operation {} for version {version}; the sandbox speaks {}",
                self.operation, model.metadata.api_version
            );
            return Err(Refusal::new("InvalidAction", message));
        }
        if !self.knows_operation(model) {
            return Err(self.unknown_operation());
        }
        let family = self.service.map(|service| model.family(service));
        let family = family.unwrap_or(shapes::Family::Validation("ValidationError"));
        query::read(model, family, &self.operation, form)
    }

    fn knows_operation(&self, model: &Model) -> bool {
        let service = self.service.is_some_and(|service| service.has(&self.operation));
        service && model.operations.contains_key(&self.operation)
    }

    /// Refuses an operation that the sandbox does not have.
    fn unknown_operation(&self) -> Refusal {
        let name = self.service.map_or("", |service| service.name);
        let message = format!("the sandbox does not model {} of {name}", self.operation);
        let code = match self.protocol {
            Protocol::Ec2 | Protocol::Query => "InvalidAction",
            Protocol::RestXml => "NotImplemented",
            Protocol::Json | Protocol::Cbor => "UnknownOperationException",
        };
        Refusal::new(code, message)
    }

    /// Writes the answer to this request.
    pub(crate) fn write(&self, answer: &Answer, request_id: &str) -> Response<Bytes> {
        let model = self.service.map(Model::of);
        let mut headers = Vec::new();
        let text = |status: u16, body: String| (status, Bytes::from(body));
        let (status, body) = match (answer, model, self.protocol) {
            (Ok(answer), Some(model), Protocol::Ec2) => {
                text(200, xml::ec2_answer(model, &self.operation, answer, request_id))
            }
            (Ok(answer), Some(model), Protocol::Query) => {
                text(200, xml::query_answer(model, &self.operation, answer, request_id))
            }
            (Ok(answer), Some(model), Protocol::Json) => {
                text(200, json::write(model, &self.operation, answer))
            }
            (Ok(answer), Some(model), Protocol::Cbor) => {
                (200, rpc_v2_cbor::write(model, &self.operation, answer).into())
            }
            (Ok(answer), Some(model), Protocol::RestXml) => {
                let written = rest_xml::write(model, &self.operation, answer);
                headers = written.headers;
                (written.status, written.body)
            }
            (Ok(_), None, _) => text(500, String::new()),
            (Err(refusal), _, Protocol::Ec2) => {
                text(self.status(refusal), xml::ec2_error(refusal, request_id))
            }
            (Err(refusal), _, Protocol::RestXml) if self.is_s3() => {
                text(self.status(refusal), xml::s3_error(refusal, request_id))
            }
            (Err(refusal), _, Protocol::Query | Protocol::RestXml) => {
                text(self.status(refusal), xml::query_error(model, refusal, request_id))
            }
            (Err(refusal), _, Protocol::Json) => {
                text(self.status(refusal), json::error(self.error_shape(refusal), refusal))
            }
            (Err(refusal), _, Protocol::Cbor) => {
                let body = rpc_v2_cbor::error(self.error_shape(refusal), refusal);
                (self.status(refusal), body.into())
            }
        };
        if let Err(refusal) = answer {
            headers.extend(refusal.headers.iter().map(|(k, v)| ((*k).to_owned(), v.clone())));
        }
        if self.protocol == Protocol::Cbor {
            headers.push(("smithy-protocol".to_owned(), "rpc-v2-cbor".to_owned()));
        }
        if let (Err(refusal), Protocol::Json | Protocol::Cbor, true) =
            (answer, self.protocol, self.is_query_compatible())
        {
            let fault = if status < 500 { "Sender" } else { "Receiver" };
            let error = format!("{};{fault}", refusal.code);
            headers.push(("x-amzn-query-error".to_owned(), error));
        }
        let id_header = if self.is_s3() { "x-amz-request-id" } else { "x-amzn-requestid" };
        let mut response = Response::builder().status(status).header(id_header, request_id);
        // RPC v2 gives an answer that has no members neither a body nor its type.
        let is_typed = !(self.protocol == Protocol::Cbor && body.is_empty());
        let has_type = |(name, _): &(String, _)| name.eq_ignore_ascii_case("content-type");
        if is_typed && !headers.iter().any(has_type) {
            response = response.header(CONTENT_TYPE, self.content_type(model));
        }
        for (name, value) in headers {
            response = response.header(name, value);
        }
        response.body(if self.head { Bytes::new() } else { body }).unwrap_or_default()
    }

    /// Tells whether clients of the newer protocols get the error codes of the query protocol too.
    fn is_query_compatible(&self) -> bool {
        let model = self.service.map(Model::of);
        model.is_some_and(|model| model.metadata.aws_query_compatible.is_some())
    }

    /// Returns the name of the shape of a refusal: the model's, where clients get the code of the
    /// query protocol beside it.
    fn error_shape<'a>(&self, refusal: &'a Refusal) -> &'a str {
        let model = self.service.map(Model::of).filter(|_| self.is_query_compatible());
        let shape = model.and_then(|model| model.error_shape(&self.operation, &refusal.code));
        shape.unwrap_or(&refusal.code)
    }

    fn is_s3(&self) -> bool {
        self.service.is_some_and(|service| service.name == "s3")
    }

    fn content_type(&self, model: Option<&Model>) -> String {
        match (self.protocol, model) {
            (Protocol::Json, Some(model)) => {
                let version = model.metadata.json_version.as_deref().unwrap_or("1.1");
                format!("application/x-amz-json-{version}")
            }
            (Protocol::Json, None) => "application/x-amz-json-1.1".to_owned(),
            (Protocol::Cbor, _) => "application/cbor".to_owned(),
            (Protocol::RestXml, _) => "application/xml".to_owned(),
            (Protocol::Ec2 | Protocol::Query, _) => "text/xml;charset=UTF-8".to_owned(),
        }
    }

    /// Returns the status of a refusal: the model's where it has one.
    fn status(&self, refusal: &Refusal) -> u16 {
        let modelled = self
            .service
            .and_then(|service| Model::of(service).status(&self.operation, &refusal.code));
        if refusal.status == 400 { modelled.unwrap_or(400) } else { refusal.status }
    }
}

fn header<'a>(request: &'a Request<Bytes>, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

/// Reads the credential scope, `Credential=KEY/DATE/REGION/SERVICE/aws4_request`, from the
/// `Authorization` header or, in a presigned request, from the query string.
fn scope(request: &Request<Bytes>) -> Option<Scope> {
    let presigned = request.uri().query().and_then(|query| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "X-Amz-Credential")
            .map(|(_, value)| value.into_owned())
    });
    let signed = header(request, AUTHORIZATION.as_str())
        .and_then(|value| value.split_once("Credential="))
        .map(|(_, rest)| rest.split([',', ' ']).next().unwrap_or_default().to_owned());
    let credential = signed.or(presigned)?;
    let parts: Vec<&str> = credential.rsplitn(5, '/').collect();
    match parts.as_slice() {
        ["aws4_request", service, region, _date, key] => Some(Scope {
            access_key: (*key).to_owned(),
            region: (*region).to_owned(),
            service: (*service).to_owned(),
        }),
        _ => None,
    }
}

fn unsigned(protocol: Protocol) -> Refusal {
    let code = match protocol {
        Protocol::Json | Protocol::Cbor => "MissingAuthenticationTokenException",
        Protocol::Ec2 | Protocol::Query | Protocol::RestXml => "MissingAuthenticationToken",
    };
    Refusal::new(code, "Request is missing Authentication Token").status(403)
}

/// Drops null members, which mean "not there" in an answer.
fn present(members: &Value) -> impl Iterator<Item = (&String, &Value)> {
    members.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null())
}
