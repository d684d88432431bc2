//! Reading the query protocol and EC2's dialect of it: flat parameters such as
//! `Filter.1.Value.2=x` become members by the input's shape.
//!
//! They differ in two ways: EC2 takes a member's `queryName`, else its `locationName` with a
//! capital, and never nests lists in `.member.`.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value};

use super::shapes::{Family, Kind, Model, Reference, Shape};
use crate::clock::Time;
use crate::rules::Refusal;
use crate::services::Input;

/// Reads the parameters of a request, from its body or, for GET, its query string.
pub(super) fn form(request: &Request<Bytes>) -> Vec<(String, String)> {
    let query = request.uri().query().unwrap_or_default().as_bytes();
    let pairs = form_urlencoded::parse(query).chain(form_urlencoded::parse(request.body()));
    pairs.map(|(key, value)| (key.into_owned(), value.into_owned())).collect()
}

/// The parameters as a tree over the dots of their names.
#[derive(Debug, Default)]
struct Node {
    value: Option<String>,
    children: BTreeMap<String, Node>,
}

impl Node {
    fn insert(&mut self, path: &str, value: &str) {
        let mut node = self;
        for part in path.split('.') {
            node = node.children.entry(part.to_owned()).or_default();
        }
        node.value = Some(value.to_owned());
    }

    /// Returns the name of the first parameter below this node, for messages.
    fn first_name(&self, path: &str) -> String {
        match self.children.iter().next() {
            Some((name, child)) if self.value.is_none() => {
                child.first_name(&format!("{path}.{name}"))
            }
            _ => path.to_owned(),
        }
    }
}

/// Turns the parameters of an operation into the members of its input.
pub(super) fn read(
    model: &Model,
    family: Family,
    operation: &str,
    form: &[(String, String)],
) -> Result<Input, Refusal> {
    let mut root = Node::default();
    for (name, value) in form {
        if name != "Action" && name != "Version" && !name.starts_with("X-Amz-") {
            root.insert(name, value);
        }
    }
    let reader = Reader { model, family, ec2: model.is_ec2() };
    match model.operations.get(operation).and_then(|known| known.input.as_ref()) {
        Some(side) => reader.structure(model.shape(&side.shape), &root, ""),
        None if root.children.is_empty() => Ok(Input::new()),
        None => Err(family.unknown(root.first_name("").trim_start_matches('.'))),
    }
}

struct Reader<'a> {
    model: &'a Model,
    family: Family,
    ec2: bool,
}

impl Reader<'_> {
    /// Returns the name a member has among the parameters.
    fn wire_name(&self, name: &str, member: &Reference) -> String {
        let shape = self.model.shape(&member.shape);
        if self.ec2 {
            if let Some(name) = &member.query_name {
                return name.clone();
            }
            let name = member.location_name.as_deref().unwrap_or(name);
            let mut letters = name.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            return first.into_iter().chain(letters).collect();
        }
        // A flattened list is named by what it holds.
        let held = shape.member.as_ref().and_then(|held| held.location_name.as_ref());
        match held {
            Some(held) if shape.flattened || member.flattened => held.clone(),
            _ => member.location_name.clone().unwrap_or_else(|| name.to_owned()),
        }
    }

    fn structure(
        &self,
        shape: &Shape,
        node: &Node,
        path: &str,
    ) -> Result<Map<String, Value>, Refusal> {
        let names: BTreeMap<String, (&String, &Reference)> = shape
            .members
            .iter()
            .map(|(name, member)| (self.wire_name(name, member), (name, member)))
            .collect();
        let mut members = Map::new();
        for (wire, child) in &node.children {
            let path = if path.is_empty() { wire.clone() } else { format!("{path}.{wire}") };
            let Some((name, member)) = names.get(wire) else {
                return Err(self.family.unknown(&child.first_name(&path)));
            };
            let shape = self.model.shape(&member.shape);
            let value = self.value(shape, member.flattened, child, &path)?;
            members.insert((*name).clone(), value);
        }
        Ok(members)
    }

    fn value(
        &self,
        shape: &Shape,
        flattened: bool,
        node: &Node,
        path: &str,
    ) -> Result<Value, Refusal> {
        match shape.kind {
            Kind::Structure => Ok(Value::Object(self.structure(shape, node, path)?)),
            Kind::List => self.list(shape, flattened, node, path),
            Kind::Map => self.map(shape, flattened, node, path),
            kind => {
                if let Some((name, child)) = node.children.iter().next() {
                    return Err(self.family.unknown(&child.first_name(&format!("{path}.{name}"))));
                }
                let text = node.value.as_deref().unwrap_or_default();
                scalar(kind, text).ok_or_else(|| self.family.mistyped(text, path, kind))
            }
        }
    }

    fn list(
        &self,
        shape: &Shape,
        flattened: bool,
        node: &Node,
        path: &str,
    ) -> Result<Value, Refusal> {
        let Some(member) = &shape.member else { return Ok(Value::Array(Vec::new())) };
        let wrapped = !self.ec2 && !shape.flattened && !flattened;
        let (node, path) = if wrapped && !node.children.is_empty() {
            let name = member.location_name.as_deref().unwrap_or("member");
            match node.children.get(name) {
                Some(child) if node.children.len() == 1 => (child, format!("{path}.{name}")),
                _ => return Err(self.family.unknown(&node.first_name(path))),
            }
        } else {
            (node, path.to_owned())
        };
        let items = self.numbered(node, &path)?;
        let shape = self.model.shape(&member.shape);
        let items = items.into_iter().map(|(number, child)| {
            self.value(shape, member.flattened, child, &format!("{path}.{number}"))
        });
        Ok(Value::Array(items.collect::<Result<_, _>>()?))
    }

    fn map(
        &self,
        shape: &Shape,
        flattened: bool,
        node: &Node,
        path: &str,
    ) -> Result<Value, Refusal> {
        let (Some(key), Some(value)) = (&shape.key, &shape.value) else {
            return Ok(Value::Object(Map::new()));
        };
        let wrapped = !shape.flattened && !flattened && !node.children.is_empty();
        let node = match node.children.get("entry") {
            Some(child) if wrapped => child,
            None if wrapped => return Err(self.family.unknown(&node.first_name(path))),
            _ => node,
        };
        let mut entries = Map::new();
        for (number, child) in self.numbered(node, path)? {
            let part = |reference: &Reference, default: &str| {
                let name = reference.location_name.as_deref().unwrap_or(default);
                child.children.get(name)
            };
            let name = part(key, "key").and_then(|node| node.value.clone());
            let name =
                name.ok_or_else(|| self.family.unknown(&format!("{path}.entry.{number}")))?;
            let empty = Node { value: Some(String::new()), ..Node::default() };
            let held = part(value, "value").unwrap_or(&empty);
            let shape = self.model.shape(&value.shape);
            let held = self.value(shape, value.flattened, held, &format!("{path}.{name}"))?;
            entries.insert(name, held);
        }
        Ok(Value::Object(entries))
    }

    /// Returns the numbered children in order; anything else below a list is refused.
    fn numbered<'n>(&self, node: &'n Node, path: &str) -> Result<Vec<(u32, &'n Node)>, Refusal> {
        let mut items = Vec::new();
        for (name, child) in &node.children {
            match name.parse() {
                Ok(number) => items.push((number, child)),
                Err(_) => {
                    return Err(self.family.unknown(&child.first_name(&format!("{path}.{name}"))));
                }
            }
        }
        items.sort_by_key(|(number, _)| *number);
        Ok(items)
    }
}

/// Reads a single value; none when the text is not of the kind.
pub(super) fn scalar(kind: Kind, text: &str) -> Option<Value> {
    match kind {
        Kind::Boolean => match text {
            "true" | "True" => Some(Value::Bool(true)),
            "false" | "False" => Some(Value::Bool(false)),
            _ => None,
        },
        Kind::Integer | Kind::Long => text.parse::<i64>().ok().map(Value::from),
        Kind::Float | Kind::Double => text.parse::<f64>().ok().map(Value::from),
        Kind::Timestamp => {
            let time: jiff::Timestamp = text.parse().ok()?;
            Some(Value::from(Time::from_millis(time.as_millisecond()).to_string()))
        }
        _ => Some(Value::from(text)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::services;

    fn read_form(service: &str, operation: &str, form: &str) -> Result<Value, Refusal> {
        let service = services::ALL.iter().find(|known| known.name == service).unwrap();
        let model = Model::of(service);
        let pairs: Vec<_> = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
        read(model, model.family(service), operation, &pairs).map(Value::Object)
    }

    #[test]
    fn ec2_lists_are_flat_and_names_capitalised() {
        // As botocore's EC2 serialiser writes it.
        let form = "Action=CreateVpc&Version=2016-11-15&CidrBlock=10.0.0.0%2F16\
                    &AmazonProvidedIpv6CidrBlock=true&TagSpecification.1.ResourceType=vpc\
                    &TagSpecification.1.Tag.1.Key=a&TagSpecification.1.Tag.1.Value=b";
        let expected = json!({
            "CidrBlock": "10.0.0.0/16", "AmazonProvidedIpv6CidrBlock": true,
            "TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "a", "Value": "b"}]}],
        });
        assert_eq!(read_form("ec2", "CreateVpc", form).unwrap(), expected);

        let form = "GroupId=sg-1&IpPermissions.1.FromPort=443&IpPermissions.1.IpProtocol=tcp\
                    &IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0%2F0\
                    &IpPermissions.1.Groups.1.GroupId=sg-2";
        let expected = json!({"GroupId": "sg-1", "IpPermissions": [{
            "FromPort": 443, "IpProtocol": "tcp", "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            "UserIdGroupPairs": [{"GroupId": "sg-2"}],
        }]});
        assert_eq!(read_form("ec2", "AuthorizeSecurityGroupIngress", form).unwrap(), expected);
    }

    #[test]
    fn ten_items_keep_their_order_and_unknown_names_are_refused_whole() {
        let form: String = (1..=11).map(|n| format!("&VpcId.{n}=vpc-{n}")).collect();
        let ids = read_form("ec2", "DescribeVpcs", &form).unwrap();
        assert_eq!(ids["VpcIds"][10], "vpc-11");
        let refusal = read_form("ec2", "DescribeVpcs", "Filters.1.Name=x").unwrap_err();
        assert_eq!(refusal.message, "The parameter Filters.1.Name is not recognized");
        let refusal = read_form("ec2", "DescribeVpcs", "MaxResults=many").unwrap_err();
        assert_eq!(refusal.code, "InvalidParameterValue");
    }

    #[test]
    fn query_lists_hide_behind_member() {
        let form = "RoleName=r&AssumeRolePolicyDocument=%7B%7D&Tags.member.1.Key=a\
                    &Tags.member.1.Value=b";
        let role = read_form("iam", "CreateRole", form).unwrap();
        assert_eq!(role["Tags"], json!([{"Key": "a", "Value": "b"}]));
        let none = read_form("iam", "UntagRole", "RoleName=r&TagKeys=").unwrap();
        assert_eq!(none["TagKeys"], json!([]));
    }
}
