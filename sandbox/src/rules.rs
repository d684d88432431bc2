//! The table of what the sandbox refuses: every refusal that AWS would make has its rule here.
//!
//! A service declares its rules with [`rules!`] beside the code that applies them; `all` gives them
//! together, for documentation and for the test that every rule is exercised.

use std::borrow::Cow;

use super::services;

/// One thing AWS refuses, with its code, AWS's wording and where that is written.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// The rule's own name, unique within its service.
    pub id: &'static str,
    /// The service that refuses, by its signing name.
    pub service: &'static str,
    /// The operations that are refused; empty where any operation of the service is.
    pub operations: &'static [&'static str],
    /// AWS's error code.
    pub code: &'static str,
    /// The HTTP status of the answer.
    pub status: u16,
    /// AWS's wording, `{}` where names are filled in.
    pub message: &'static str,
    /// Where AWS says so: a section of aws-semantics.md or a page of the API reference.
    pub source: &'static str,
}

impl Rule {
    /// Makes the refusal, with the given names filled into the message in order.
    pub(crate) fn refuse(&'static self, names: &[&str]) -> Refusal {
        let mut parts = self.message.split("{}");
        let mut message = parts.next().unwrap_or_default().to_owned();
        let mut names = names.iter();
        for part in parts {
            message.push_str(names.next().copied().unwrap_or_default());
            message.push_str(part);
        }
        let (code, status) = (Cow::Borrowed(self.code), self.status);
        Refusal { code, message, status, rule: Some(self), headers: Vec::new() }
    }
}

/// An error answer of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// AWS's error code as it goes over the wire.
    pub code: Cow<'static, str>,
    /// The message for people.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
    /// The rule behind it; none for what the protocol layer refuses by the shapes.
    pub rule: Option<&'static Rule>,
    /// Headers of the answer that clients read beside the code.
    pub headers: Vec<(&'static str, String)>,
}

impl Refusal {
    /// Makes a refusal that no rule stands behind, with status 400.
    pub(crate) fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        let (code, message) = (code.into(), message.into());
        Self { code, message, status: 400, rule: None, headers: Vec::new() }
    }

    /// Adds a header to the answer.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets the HTTP status.
    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

/// Declares a service's rules: a static for each, and `RULES`, the list of all of them.
///
/// `NAME [Operation, …] "Code" (status) "message with {}" <- "source";` where the status may be
/// left out (400) and the operations may be empty.
macro_rules! rules {
    ($service:literal: $(
        $name:ident [$($operation:ident),*] $code:literal $(($status:literal))?
        $message:literal <- $source:literal;
    )*) => {
        $(
            pub(crate) static $name: $crate::rules::Rule = $crate::rules::Rule {
                id: stringify!($name),
                service: $service,
                operations: &[$(stringify!($operation)),*],
                code: $code,
                status: {
                    #[allow(unused_mut, unused_assignments)]
                    let mut status = 400;
                    $(status = $status;)?
                    status
                },
                message: $message,
                source: $source,
            };
        )*
        /// Everything this service refuses.
        pub(crate) static RULES: &[&$crate::rules::Rule] = &[$(&$name),*];
    };
}
pub(crate) use rules;

/// Returns every rule of every service.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    services::ALL.iter().flat_map(|service| service.rules.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_exercised_and_refuses_by_itself() {
        let cases: Vec<_> = services::REFUSALS.iter().copied().flatten().collect();
        for rule in all() {
            let case = cases.iter().find(|(known, _)| std::ptr::eq(*known, rule));
            let (_, break_it) =
                case.unwrap_or_else(|| panic!("no test breaks {} of {}", rule.id, rule.service));
            let refusal = break_it();
            let by = refusal.rule.map(|rule| rule.id);
            assert_eq!(by, Some(rule.id), "refused with {}: {}", refusal.code, refusal.message);
            assert!(!refusal.message.contains("{}"), "unfilled: {}", refusal.message);
        }
    }

    #[test]
    fn rules_name_operations_that_their_service_has() {
        for service in services::ALL {
            for rule in service.rules {
                assert_eq!(rule.service, service.name, "{}", rule.id);
                for operation in rule.operations {
                    assert!(
                        service.operations.iter().any(|known| known.name == *operation),
                        "{} names {operation}, which {} does not have",
                        rule.id,
                        service.name
                    );
                }
                assert!(!rule.source.is_empty());
            }
        }
    }
}
