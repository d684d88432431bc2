//! Attributes: AWS keeps them as strings by key; a stack says them as fields with types.

use crate::engine::resource::{Id, Resource};
use std::collections::BTreeMap;

/// Attributes as AWS has them, by key.
pub(super) type Texts = BTreeMap<String, String>;

/// A value of an attribute.
pub(super) trait Value: Sized {
    /// Reads what AWS has; none for what is not set.
    fn read(text: &str) -> Option<Self>;
    /// Writes it for AWS.
    fn write(&self) -> String;
}

impl Value for bool {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Value for i64 {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Value for String {
    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn write(&self) -> String {
        self.clone()
    }
}

impl<R: Resource> Value for Id<R> {
    fn read(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self::new(text))
    }

    fn write(&self) -> String {
        self.as_str().to_owned()
    }
}

/// Makes the struct of a type's attributes: a field for each, with AWS's key.
macro_rules! attributes {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$field_doc:meta])* $field:ident: $ty:ty = $key:literal,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $(
                $(#[$field_doc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $field: Option<$ty>,
            )*
        }

        impl $name {
            /// Reads what AWS has.
            pub(super) fn read(texts: &$crate::resources::elbv2::attributes::Texts) -> Self {
                use $crate::resources::elbv2::attributes::Value;
                Self { $($field: texts.get($key).and_then(|text| <$ty>::read(text)),)* }
            }

            /// The keys and values for AWS of what is given here and is not so there.
            pub(super) fn beyond(&self, there: Option<&Self>) -> Vec<(&'static str, String)> {
                use $crate::resources::elbv2::attributes::Value;
                let mut pairs = Vec::new();
                $(
                    let before = there.and_then(|there| there.$field.as_ref());
                    if let Some(value) = self.$field.as_ref().filter(|it| Some(*it) != before) {
                        pairs.push(($key, value.write()));
                    }
                )*
                pairs
            }
        }
    };
}
pub(super) use attributes;
