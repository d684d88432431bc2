//! Address ranges in canonical form.

use crate::stack::value::is_placeholder;
use ipnet::IpNet;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;

/// An IPv4 or IPv6 range such as `10.0.0.0/16`, in canonical form: no host bits, IPv6 compressed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Cidr(String);

impl Cidr {
    /// Reads a range; the error says what was meant.
    pub fn parse(text: &str) -> Result<Self, String> {
        if is_placeholder(text) {
            return Ok(Self(text.to_owned()));
        }
        let net: IpNet = text.parse().map_err(|_| {
            let slash = text.parse::<std::net::IpAddr>().map(|ip| {
                let bits = if ip.is_ipv4() { 32 } else { 128 };
                format!("; a single address is written `{ip}/{bits}`")
            });
            format!("`{text}` is not an address range{}", slash.unwrap_or_default())
        })?;
        let canonical = net.trunc();
        if canonical != net {
            return Err(format!(
                "`{text}` has bits set beyond its prefix; the range is `{canonical}`"
            ));
        }
        Ok(Self(canonical.to_string()))
    }

    /// Takes what AWS says; a text that is no range stays as it is.
    pub fn of_aws(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::parse(&text).unwrap_or(Self(text))
    }

    /// The range as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether an address is in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self.0.parse::<IpNet>(), other.0.parse::<IpNet>()) {
            (Ok(one), Ok(other)) => one.contains(&other) || other.contains(&one),
            _ => false,
        }
    }

    /// Tells whether it is an IPv6 range.
    pub fn is_ipv6(&self) -> bool {
        matches!(self.0.parse(), Ok(IpNet::V6(_)))
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Cidr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Cidr {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Cidr".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "cidr" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_canonical_or_refused_with_what_was_meant() {
        assert_eq!(Cidr::parse("10.0.0.0/16").unwrap().as_str(), "10.0.0.0/16");
        assert_eq!(Cidr::parse("2001:DB8:0:0::/56").unwrap().as_str(), "2001:db8::/56");
        assert!(Cidr::parse("10.0.1.5/24").unwrap_err().contains("`10.0.1.0/24`"));
        assert!(Cidr::parse("10.0.1.5").unwrap_err().contains("`10.0.1.5/32`"));
        assert!(Cidr::parse("everything").is_err());
    }
}
