//! Writing the XML answers: of the query and EC2 protocols, and of REST-XML.

use std::fmt::Write;

use serde_json::Value;

use super::present;
use super::shapes::{Kind, Model, Reference};
use crate::rules::Refusal;

/// Writes an EC2 answer: the members beside a `requestId`.
pub(super) fn ec2_answer(model: &Model, operation: &str, answer: &Value, id: &str) -> String {
    let mut out = prologue();
    let namespace = namespace(model);
    let _ = write!(out, "<{operation}Response xmlns=\"{namespace}\"><requestId>{id}</requestId>");
    members(model, operation, answer, &mut out);
    let _ = write!(out, "</{operation}Response>");
    out
}

/// Writes a query answer: the members in the model's wrapper, then the metadata.
pub(super) fn query_answer(model: &Model, operation: &str, answer: &Value, id: &str) -> String {
    let mut out = prologue();
    let namespace = namespace(model);
    let _ = write!(out, "<{operation}Response xmlns=\"{namespace}\">");
    let side = model.operations.get(operation).and_then(|known| known.output.as_ref());
    if let Some(side) = side {
        let wrapper = side.result_wrapper.clone().unwrap_or_else(|| format!("{operation}Result"));
        let _ = write!(out, "<{wrapper}>");
        members(model, operation, answer, &mut out);
        let _ = write!(out, "</{wrapper}>");
    }
    let _ = write!(
        out,
        "<ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{operation}Response>"
    );
    out
}

/// Writes an EC2 error.
pub(super) fn ec2_error(refusal: &Refusal, id: &str) -> String {
    let mut out = prologue();
    let (code, message) = (escape(&refusal.code), escape(&refusal.message));
    let _ = write!(
        out,
        "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
         <RequestID>{id}</RequestID></Response>"
    );
    out
}

/// Writes a query error.
pub(super) fn query_error(model: Option<&Model>, refusal: &Refusal, id: &str) -> String {
    let mut out = prologue();
    let namespace = model.map_or("", namespace);
    let fault = if refusal.status < 500 { "Sender" } else { "Receiver" };
    let (code, message) = (escape(&refusal.code), escape(&refusal.message));
    let _ = write!(
        out,
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{fault}</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"
    );
    out
}

/// Writes a document of REST-XML: an outermost element around the members that lie in the body. A
/// nameless one stands for the only member without a wrapper.
pub(super) fn document(model: &Model, root: &str, shape: &str, value: &Value) -> String {
    let mut out = prologue();
    let namespace = namespace(model);
    if root.is_empty() {
        let (name, text) = present(value).next().map_or_else(
            || (model.shape(shape).members.keys().next().map_or("", String::as_str), ""),
            |(name, value)| (name.as_str(), value.as_str().unwrap_or_default()),
        );
        let text = escape(text);
        let _ = write!(out, "<{name} xmlns=\"{namespace}\">{text}</{name}>");
        return out;
    }
    let _ = write!(out, "<{root} xmlns=\"{namespace}\">");
    structure(model, shape, value, &mut out);
    let _ = write!(out, "</{root}>");
    out
}

/// Writes an error of S3.
pub(super) fn s3_error(refusal: &Refusal, id: &str) -> String {
    let mut out = prologue();
    let (code, message) = (escape(&refusal.code), escape(&refusal.message));
    let _ = write!(
        out,
        "<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{id}</RequestId>\
         <HostId>{id}</HostId></Error>"
    );
    out
}

fn prologue() -> String {
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned()
}

fn namespace(model: &Model) -> &str {
    model.metadata.xml_namespace.as_ref().map_or("", |namespace| namespace.uri())
}

fn members(model: &Model, operation: &str, answer: &Value, out: &mut String) {
    if let Some(side) = model.operations.get(operation).and_then(|known| known.output.as_ref()) {
        structure(model, &side.shape, answer, out);
    }
}

fn structure(model: &Model, shape: &str, value: &Value, out: &mut String) {
    let shape = model.shape(shape);
    for (name, value) in present(value) {
        if let Some(member) = shape.members.get(name).filter(|member| member.location.is_none()) {
            let name = member.location_name.as_deref().unwrap_or(name);
            element(model, name, member, value, out);
        }
    }
}

/// Writes one element, or several for a flattened list or map.
fn element(model: &Model, name: &str, reference: &Reference, value: &Value, out: &mut String) {
    let shape = model.shape(&reference.shape);
    let flattened = shape.flattened || reference.flattened;
    match (shape.kind, value) {
        (Kind::List, Value::Array(items)) => {
            let Some(member) = &shape.member else { return };
            let inner = member.location_name.as_deref().unwrap_or("member");
            if flattened {
                let name = member.location_name.as_deref().unwrap_or(name);
                items.iter().for_each(|item| element(model, name, member, item, out));
            } else {
                let _ = write!(out, "<{name}>");
                items.iter().for_each(|item| element(model, inner, member, item, out));
                let _ = write!(out, "</{name}>");
            }
        }
        (Kind::Map, Value::Object(entries)) => {
            let (Some(key), Some(held)) = (&shape.key, &shape.value) else { return };
            if !flattened {
                let _ = write!(out, "<{name}>");
            }
            let entry_name = if flattened { name } else { "entry" };
            for (entry, value) in entries {
                let _ = write!(out, "<{entry_name}>");
                let entry = Value::from(entry.as_str());
                let key_name = key.location_name.as_deref().unwrap_or("key");
                element(model, key_name, key, &entry, out);
                let value_name = held.location_name.as_deref().unwrap_or("value");
                element(model, value_name, held, value, out);
                let _ = write!(out, "</{entry_name}>");
            }
            if !flattened {
                let _ = write!(out, "</{name}>");
            }
        }
        (Kind::Structure, value) => {
            let _ = write!(out, "<{name}>");
            structure(model, &reference.shape, value, out);
            let _ = write!(out, "</{name}>");
        }
        (_, Value::String(text)) => {
            let _ = write!(out, "<{name}>{}</{name}>", escape(text));
        }
        (_, value) => {
            let _ = write!(out, "<{name}>{value}</{name}>");
        }
    }
}

/// Escapes text for XML; what XML 1.0 cannot carry is left out.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#xD;"),
            '\n' | '\t' => out.push(letter),
            letter if letter < ' ' => {}
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::services;

    fn model(name: &str) -> &'static Model {
        Model::of(services::ALL.iter().find(|service| service.name == name).unwrap())
    }

    #[test]
    fn ec2_answers_use_location_names_and_items() {
        let answer = json!({"Vpcs": [{"VpcId": "vpc-1", "IsDefault": false, "Tags": [
            {"Key": "a&b", "Value": "<c>"}]}], "NextToken": null});
        let xml = ec2_answer(model("ec2"), "DescribeVpcs", &answer, "id");
        assert!(xml.contains("<vpcSet><item>"), "{xml}");
        assert!(xml.contains("<vpcId>vpc-1</vpcId>"));
        assert!(xml.contains("<isDefault>false</isDefault>"));
        assert!(
            xml.contains(
                "<tagSet><item><key>a&amp;b</key><value>&lt;c&gt;</value></item></tagSet>"
            )
        );
        assert!(!xml.contains("nextToken"));
    }

    #[test]
    fn query_answers_have_wrapper_and_members() {
        let answer = json!({"PolicyNames": ["a", "b"], "IsTruncated": false});
        let xml = query_answer(model("iam"), "ListRolePolicies", &answer, "id");
        let list = "<PolicyNames><member>a</member><member>b</member></PolicyNames>";
        assert!(xml.contains(list), "{xml}");
        assert!(xml.contains("<ListRolePoliciesResult>"));
    }
}
