//! Addresses of resources: `type.name` or `type.name["key"]`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// `type.name`, or one instance of it: `type.name["key"]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Resource type, e.g. `subnet`.
    pub ty: String,
    /// Name given in the stack file.
    pub name: String,
    /// Key of `for_each`, when the block has one.
    pub key: Option<String>,
}

impl Address {
    /// Makes the address of a block without `for_each`.
    pub fn new(ty: impl Into<String>, name: impl Into<String>) -> Self {
        Self { ty: ty.into(), name: name.into(), key: None }
    }

    /// Makes the address of one instance.
    #[must_use]
    pub fn with_key(mut self, key: Option<&str>) -> Self {
        self.key = key.map(str::to_owned);
        self
    }

    /// Returns the form used in the tag `infra:resource`: `type.name` or `type.name/key`.
    pub fn to_tag(&self) -> String {
        match &self.key {
            Some(key) => format!("{}.{}/{key}", self.ty, self.name),
            None => format!("{}.{}", self.ty, self.name),
        }
    }

    /// Reads the form used in the tag; `None` when it is not one.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let (ty, rest) = tag.split_once('.')?;
        let (name, key) = match rest.split_once('/') {
            Some((name, key)) => (name, Some(key)),
            None => (rest, None),
        };
        let address = Self::new(ty, name).with_key(key);
        (is_word(ty) && is_word(name) && key.is_none_or(is_key)).then_some(address)
    }

    /// Reads the form people write, `type.name` or `type.name["key"]`; the tag's form is taken too.
    pub fn parse(text: &str) -> Option<Self> {
        let Some(open) = text.find('[') else { return Self::from_tag(text) };
        let key = text[open..].strip_prefix("[\"")?.strip_suffix("\"]")?;
        let plain = Self::from_tag(&text[..open]).filter(|a| a.key.is_none())?;
        is_key(key).then(|| plain.with_key(Some(key)))
    }

    /// Tells whether this is the other address, or the block the other is an instance of.
    pub fn covers(&self, other: &Self) -> bool {
        self.ty == other.ty
            && self.name == other.name
            && (self.key.is_none() || self.key == other.key)
    }
}

/// Tells whether a text may be the name of a block.
pub fn is_word(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// Tells whether a text may be a key of `for_each`: letters, digits, `_`, `.` and `-`.
pub fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.ty, self.name)?;
        self.key.as_ref().map_or(Ok(()), |key| write!(f, "[\"{key}\"]"))
    }
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not an address")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_round_trip() {
        let plain = Address::new("log_group", "app");
        let keyed = Address::new("subnet", "public").with_key(Some("eu-west-1.a"));
        for address in [plain, keyed] {
            assert_eq!(Address::parse(&address.to_string()), Some(address.clone()));
            assert_eq!(Address::from_tag(&address.to_tag()), Some(address));
        }
    }

    #[test]
    fn refuses_what_no_tag_may_hold() {
        for text in ["", "vpc", "vpc.", "vpc.main[\"\"]", "vpc.main[\"a b\"]", "vpc.main[a]", ".x"]
        {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }
}
