//! Domain names in one spelling.

use crate::stack::value::contains_placeholder;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;

/// A domain name: in small letters, without a dot at the end. AWS's own spellings are equal:
/// `*` is `\052`, and a dot at the end says nothing (aws-semantics.md 8).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct DnsName(String);

impl DnsName {
    /// Brings a name into this spelling; a value not known yet stays as it is.
    pub fn new(name: &str) -> Self {
        if contains_placeholder(name) {
            return Self(name.to_owned());
        }
        let name = unescaped(name).to_ascii_lowercase();
        Self(name.strip_suffix('.').unwrap_or(&name).to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without the wildcard before it: what stands for both when it is validated.
    #[must_use]
    pub fn without_wildcard(&self) -> Self {
        Self(self.0.strip_prefix("*.").unwrap_or(&self.0).to_owned())
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DnsName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|name| Self::new(&name))
    }
}

impl JsonSchema for DnsName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "DnsName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// Resolves Route 53's octal escapes.
fn unescaped(name: &str) -> String {
    let mut out = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let code = after.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code.filter(u8::is_ascii) {
            Some(code) => {
                out.push(char::from(code));
                rest = &after[3..];
            }
            None => {
                out.push('\\');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_equal() {
        for name in ["*.Example.com.", "\\052.example.com", "*.example.com"] {
            assert_eq!(DnsName::new(name).as_str(), "*.example.com");
        }
        assert_eq!(DnsName::new("*.example.com").without_wildcard().as_str(), "example.com");
    }
}
