//! Closed lists of values, taken from the SDK's own enums.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::cmp::Ordering;

/// An enum of the SDK.
pub trait Values: Clone + PartialEq + for<'a> From<&'a str> + Send + Sync + 'static {
    /// AWS's name of the enum.
    const NAME: &'static str;
    /// All values this version knows.
    fn all() -> &'static [&'static str];
    /// The value as AWS writes it.
    fn text(&self) -> &str;
}

/// A value of one of AWS's closed lists, written as AWS writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sdk<T>(pub T);

impl<T: Values> Serialize for Sdk<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.text())
    }
}

impl<'de, T: Values> Deserialize<'de> for Sdk<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if T::all().contains(&text.as_str()) {
            return Ok(Self(T::from(&text)));
        }
        let known = T::all().join("`, `");
        Err(serde::de::Error::custom(format!("unknown value `{text}`, expected one of `{known}`")))
    }
}

impl<T: Values> JsonSchema for Sdk<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::NAME.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": T::all() })
    }
}

impl<T: Values + Eq> PartialOrd for Sdk<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Values + Eq> Ord for Sdk<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.text().cmp(other.0.text())
    }
}

/// Lets an SDK enum stand in a resource struct as [`Sdk`].
#[macro_export]
macro_rules! sdk_enum {
    ($($ty:ty => $name:literal),+ $(,)?) => {$(
        impl $crate::aws::sdk_enum::Values for $ty {
            const NAME: &'static str = $name;

            fn all() -> &'static [&'static str] {
                <$ty>::values()
            }

            fn text(&self) -> &str {
                self.as_str()
            }
        }
    )+};
}
