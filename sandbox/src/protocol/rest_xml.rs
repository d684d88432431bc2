//! REST-XML, which Route 53 and S3 speak: the operation is told by method and path, its members lie
//! in path, query string, headers and body as the shapes say.
//!
//! How a body is sent is not looked at: checksums and lengths are taken as they are.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::query::scalar;
use super::shapes::{Family, Kind, Model, Reference, Shape};
use super::xml_read::{self, Element};
use super::{header, xml};
use crate::rules::Refusal;
use crate::services::Input;

/// What method, path and query string of a request tell.
pub(super) struct Route {
    /// The operation.
    pub(super) operation: String,
    /// The labels of its path, by name.
    labels: Vec<(String, String)>,
}

/// Finds the operation of a request; none when the model has none of this form.
pub(super) fn route(model: &Model, request: &Request<Bytes>) -> Option<Route> {
    let path = path_of(request);
    let query = query_of(request);
    let fits = model.operations.iter().filter_map(|(name, operation)| {
        let binding =
            operation.http.as_ref().filter(|http| request.method() == http.method.as_str())?;
        let (template, fixed) =
            binding.request_uri.split_once('?').unwrap_or((&binding.request_uri, ""));
        let fixed: Vec<_> = form_urlencoded::parse(fixed.as_bytes()).into_owned().collect();
        let (labels, literals) = labels(template, &path)?;
        let shape = operation.input.as_ref().map(|side| model.shape(&side.shape));
        let member = |key: &str| {
            let members = shape.into_iter().flat_map(|shape| shape.members.values());
            let mut names = members.filter(|m| m.location.as_deref() == Some("querystring"));
            names.any(|member| member.location_name.as_deref() == Some(key))
        };
        // A key that the operation does not know stands for another operation.
        let known = |(key, value): &(String, String)| {
            fixed.iter().any(|(k, v)| k == key && v == value) || member(key) || of_the_sdk(key)
        };
        // Of operations on one path, what one must be told tells it from the others.
        let needed = shape.into_iter().flat_map(|shape| {
            let members = shape.required.iter().filter_map(|name| shape.members.get(name));
            members.filter(|m| m.location.as_deref() == Some("querystring"))
        });
        let needed = needed.filter_map(|member| member.location_name.as_ref());
        let mut needed = needed.chain(fixed.iter().map(|(k, _)| k));
        let whole = needed.all(|k| query.iter().any(|(key, _)| k == key));
        (whole && query.iter().all(known)).then_some(((fixed.len(), literals), name, labels))
    });
    let (_, operation, labels) = fits.max_by_key(|(rank, ..)| *rank)?;
    Some(Route { operation: operation.clone(), labels })
}

/// Whether a key of the query string is the signature's or the SDK's own.
fn of_the_sdk(key: &str) -> bool {
    key == "x-id" || key.starts_with("X-Amz-")
}

/// Returns the path, with the bucket in front where S3's host names it.
fn path_of(request: &Request<Bytes>) -> String {
    let host = header(request, "host").or_else(|| request.uri().host()).unwrap_or_default();
    let path = request.uri().path();
    match bucket_of(host) {
        Some(bucket) => format!("/{bucket}{path}"),
        None => path.to_owned(),
    }
}

/// Returns the bucket in a virtual-hosted-style name: `bucket.s3.region.amazonaws.com`, or
/// `bucket.localhost` where the endpoint is replaced.
fn bucket_of(host: &str) -> Option<&str> {
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if let Some(bucket) = host.strip_suffix(".localhost") {
        return Some(bucket);
    }
    if !host.ends_with(".amazonaws.com") && !host.ends_with(".amazonaws.com.cn") {
        return None;
    }
    let at = host.rfind(".s3.").or_else(|| host.rfind(".s3-"))?;
    Some(&host[..at])
}

fn query_of(request: &Request<Bytes>) -> Vec<(String, String)> {
    let query = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// The labels of a path by name, and how many segments of its template are fixed.
type Labels = (Vec<(String, String)>, usize);

/// Fits a path to a template; none when it does not fit.
fn labels(template: &str, path: &str) -> Option<Labels> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut labels = Vec::new();
    let mut literals = 0;
    let mut rest = path.trim_start_matches('/');
    for part in template.trim_matches('/').split('/').filter(|part| !part.is_empty()) {
        let label = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        if let Some(name) = label.and_then(|label| label.strip_suffix('+')) {
            labels.push((name.to_owned(), decode(rest)));
            return (!rest.is_empty()).then_some((labels, literals));
        }
        let (segment, after) = rest.split_once('/').unwrap_or((rest, ""));
        match label {
            Some(name) if !segment.is_empty() => labels.push((name.to_owned(), decode(segment))),
            None if segment == part => literals += 1,
            _ => return None,
        }
        rest = after;
    }
    rest.is_empty().then_some((labels, literals))
}

/// Reads the members of an operation's input.
pub(super) fn read(
    model: &Model,
    family: Family,
    route: &Route,
    request: &Request<Bytes>,
) -> Result<Input, Refusal> {
    let side = model.operations.get(&route.operation).and_then(|known| known.input.as_ref());
    let Some(side) = side else { return Ok(Input::new()) };
    let shape = model.shape(&side.shape);
    let reader = Reader { model, family };
    let mut input = Input::new();
    for (name, member) in &shape.members {
        let wire = member.location_name.as_deref().unwrap_or(name);
        let values: Vec<String> = match member.location.as_deref() {
            Some("uri") => {
                let label = route.labels.iter().find(|(label, _)| label == wire);
                label.map(|(_, value)| value.clone()).into_iter().collect()
            }
            Some("querystring") => {
                let query = query_of(request).into_iter();
                query.filter(|(key, _)| key == wire).map(|(_, value)| value).collect()
            }
            Some("header") if !is_transport(wire) => {
                header(request, wire).map(str::to_owned).into_iter().collect()
            }
            Some("headers") => {
                let entries = prefixed(request, wire);
                if !entries.is_empty() {
                    input.insert(name.clone(), Value::Object(entries));
                }
                continue;
            }
            _ => continue,
        };
        if let Some(value) = reader.values(member, name, &values)? {
            input.insert(name.clone(), value);
        }
    }
    refuse_unknown_headers(shape, family, request)?;
    let body = body_of(request).ok_or_else(|| malformed(family))?;
    let in_body = |member: &&Reference| member.location.is_none();
    if let Some(payload) = &shape.payload {
        let Some(member) = shape.members.get(payload) else { return Ok(input) };
        let held = model.shape(&member.shape);
        let value = match held.kind {
            Kind::Blob => Value::from(STANDARD.encode(&body)),
            Kind::String => Value::from(String::from_utf8_lossy(&body).into_owned()),
            _ if body.is_empty() => return Ok(input),
            _ => reader.value(held, &document(&body, family)?, payload)?,
        };
        input.insert(payload.clone(), value);
    } else if !body.is_empty() && shape.members.values().any(|member| in_body(&member)) {
        let root = document(&body, family)?;
        input.extend(reader.structure(shape, &root, "")?);
    }
    Ok(input)
}

/// Headers that say how the body is sent, or what may be stored beside an object without anything
/// depending on it here.
fn is_transport(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(
        name.as_str(),
        "content-md5" | "content-length" | "content-encoding" | "x-amz-sdk-checksum-algorithm"
    ) || name.starts_with("x-amz-checksum-")
}

/// Refuses a header of AWS's that the operation does not know: it would be ignored in silence.
fn refuse_unknown_headers(
    shape: &Shape,
    family: Family,
    request: &Request<Bytes>,
) -> Result<(), Refusal> {
    const SIGNING: [&str; 8] = [
        "x-amz-date",
        "x-amz-content-sha256",
        "x-amz-security-token",
        "x-amz-user-agent",
        "x-amz-trailer",
        "x-amz-decoded-content-length",
        "x-amz-te",
        "x-amzn-trace-id",
    ];
    let names = request.headers().keys().map(http::HeaderName::as_str);
    for name in names.filter(|name| name.starts_with("x-amz-")) {
        let known = shape.members.values().any(|member| match member.location.as_deref() {
            Some("header") => {
                member.location_name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(name))
            }
            Some("headers") => {
                member.location_name.as_deref().is_some_and(|prefix| name.starts_with(prefix))
            }
            _ => false,
        });
        if !known && !SIGNING.contains(&name) && !is_transport(name) {
            return Err(family.unknown(name));
        }
    }
    Ok(())
}

/// Reads headers of a common prefix into a map.
fn prefixed(request: &Request<Bytes>, prefix: &str) -> Map<String, Value> {
    let entry = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        let key = name.as_str().strip_prefix(prefix)?.to_owned();
        Some((key, Value::from(value.to_str().ok()?)))
    };
    request.headers().iter().filter_map(entry).collect()
}

/// Returns the body, out of its chunks where it is sent in AWS's (`aws-chunked`).
fn body_of(request: &Request<Bytes>) -> Option<Bytes> {
    let body = request.body();
    let coded = header(request, "content-encoding").is_some_and(|c| c.contains("aws-chunked"));
    let streamed =
        header(request, "x-amz-content-sha256").is_some_and(|hash| hash.starts_with("STREAMING-"));
    if !coded && !streamed {
        return Some(body.clone());
    }
    let mut whole = Vec::new();
    let mut rest = &body[..];
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
        let line = std::str::from_utf8(&rest[..end]).ok()?;
        let length = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        rest = &rest[end + 2..];
        if length == 0 {
            return Some(Bytes::from(whole));
        }
        whole.extend_from_slice(rest.get(..length)?);
        rest = rest.get(length + 2..)?;
    }
}

fn document(body: &Bytes, family: Family) -> Result<Element, Refusal> {
    let text = std::str::from_utf8(body).ok();
    text.and_then(xml_read::parse).ok_or_else(|| malformed(family))
}

/// Refuses a body that cannot be read, in the words of S3 or of Route 53.
fn malformed(family: Family) -> Refusal {
    match family {
        Family::Validation("InvalidArgument") => Refusal::new(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published \
             schema",
        ),
        Family::Validation(code) => Refusal::new(code, "Invalid XML"),
        Family::Ec2 => Refusal::new("MalformedXML", "Invalid XML"),
    }
}

struct Reader<'a> {
    model: &'a Model,
    family: Family,
}

impl Reader<'_> {
    /// Reads a member from path, query string or header.
    fn values(
        &self,
        member: &Reference,
        name: &str,
        values: &[String],
    ) -> Result<Option<Value>, Refusal> {
        let shape = self.model.shape(&member.shape);
        if let (Kind::List, Some(held)) = (shape.kind, &shape.member) {
            let kind = self.model.shape(&held.shape).kind;
            let read = values.iter().map(|text| self.scalar(kind, text, name));
            let items = read.collect::<Result<Vec<_>, _>>()?;
            return Ok((!items.is_empty()).then_some(Value::Array(items)));
        }
        values.first().map(|text| self.scalar(shape.kind, text, name)).transpose()
    }

    fn scalar(&self, kind: Kind, text: &str, path: &str) -> Result<Value, Refusal> {
        scalar(kind, text).ok_or_else(|| self.family.mistyped(text, path, kind))
    }

    fn structure(
        &self,
        shape: &Shape,
        element: &Element,
        path: &str,
    ) -> Result<Map<String, Value>, Refusal> {
        let mut members = Map::new();
        for child in &element.children {
            let found = shape
                .members
                .iter()
                .filter(|(_, member)| member.location.is_none())
                .find(|(name, member)| self.wire_name(name, member) == child.name);
            let path = format!("{path}.{}", child.name);
            let path = path.trim_start_matches('.');
            let Some((name, member)) = found else { return Err(self.family.unknown(path)) };
            let held = self.model.shape(&member.shape);
            if let (Kind::List, true, Some(item)) =
                (held.kind, held.flattened || member.flattened, &held.member)
            {
                let value = self.value(self.model.shape(&item.shape), child, path)?;
                let list = members.entry(name.clone()).or_insert_with(|| Value::Array(Vec::new()));
                if let Some(list) = list.as_array_mut() {
                    list.push(value);
                }
            } else {
                members.insert(name.clone(), self.value(held, child, path)?);
            }
        }
        Ok(members)
    }

    /// Returns the element a member stands in: that of the items where a list has none around it.
    fn wire_name<'n>(&'n self, name: &'n str, member: &'n Reference) -> &'n str {
        let shape = self.model.shape(&member.shape);
        let held = shape.member.as_ref().and_then(|held| held.location_name.as_deref());
        match held {
            Some(held) if shape.flattened || member.flattened => held,
            _ => member.location_name.as_deref().unwrap_or(name),
        }
    }

    fn value(&self, shape: &Shape, element: &Element, path: &str) -> Result<Value, Refusal> {
        match shape.kind {
            Kind::Structure => Ok(Value::Object(self.structure(shape, element, path)?)),
            Kind::List => {
                let Some(member) = &shape.member else { return Ok(Value::Array(Vec::new())) };
                let name = member.location_name.as_deref().unwrap_or("member");
                let held = self.model.shape(&member.shape);
                let items = element.children.iter().map(|child| {
                    if child.name == name {
                        self.value(held, child, path)
                    } else {
                        Err(self.family.unknown(&format!("{path}.{}", child.name)))
                    }
                });
                Ok(Value::Array(items.collect::<Result<_, _>>()?))
            }
            kind => match element.children.first() {
                Some(child) => Err(self.family.unknown(&format!("{path}.{}", child.name))),
                None => self.scalar(kind, &element.text, path),
            },
        }
    }
}

/// An answer: status, headers beside the usual ones, body.
pub(super) struct Written {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

/// Writes an answer.
pub(super) fn write(model: &Model, operation: &str, answer: &Value) -> Written {
    let known = model.operations.get(operation);
    let status = known.and_then(|known| known.http.as_ref()?.response_code).unwrap_or(200);
    let mut written = Written { status, headers: Vec::new(), body: Bytes::new() };
    let Some(side) = known.and_then(|known| known.output.as_ref()) else { return written };
    let shape = model.shape(&side.shape);
    for (name, value) in super::present(answer) {
        let Some(member) = shape.members.get(name) else { continue };
        let wire = member.location_name.as_deref().unwrap_or(name);
        match (member.location.as_deref(), value) {
            (Some("header"), value) => {
                let timestamp = model.shape(&member.shape).kind == Kind::Timestamp;
                written.headers.push((wire.to_owned(), header_text(value, timestamp)));
            }
            (Some("headers"), Value::Object(entries)) => {
                let each = entries.iter();
                let each = each.map(|(k, v)| (format!("{wire}{k}"), header_text(v, false)));
                written.headers.extend(each);
            }
            _ => {}
        }
    }
    let in_body = shape.members.values().any(|member| member.location.is_none());
    written.body = match &shape.payload {
        Some(payload) => match (shape.members.get(payload), answer.get(payload)) {
            (Some(member), Some(value)) => payload_body(model, payload, member, value),
            _ => Bytes::new(),
        },
        None if in_body => {
            let root = side.location_name.as_deref().unwrap_or(&side.shape);
            Bytes::from(xml::document(model, root, &side.shape, answer))
        }
        None => Bytes::new(),
    };
    written
}

fn payload_body(model: &Model, name: &str, member: &Reference, value: &Value) -> Bytes {
    let text = value.as_str().unwrap_or_default();
    match model.shape(&member.shape).kind {
        Kind::Blob => Bytes::from(STANDARD.decode(text).unwrap_or_default()),
        Kind::String => Bytes::from(text.to_owned()),
        _ => {
            let root = member.location_name.as_deref().unwrap_or(name);
            Bytes::from(xml::document(model, root, &member.shape, value))
        }
    }
}

/// Writes a value as a header; a time as HTTP has it.
fn header_text(value: &Value, timestamp: bool) -> String {
    match value {
        Value::String(text) if timestamp => {
            let parsed = text.parse::<jiff::Timestamp>();
            let in_http = |time: jiff::Timestamp| time.strftime("%a, %d %b %Y %H:%M:%S GMT");
            parsed.map_or_else(|_| text.clone(), |time| in_http(time).to_string())
        }
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests;
