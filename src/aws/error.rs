//! One error for every AWS call: operation, code, message, and what may be done about it.

use std::fmt;

/// What an error means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// The object is not there.
    NotFound,
    /// An object of that name or kind is there already.
    AlreadyExists,
    /// Something else still uses the object.
    InUse,
    /// Too many requests; the retries of the client are used up.
    Throttled,
    /// The caller lacks the right.
    AccessDenied,
    /// No credentials, or expired or invalid ones.
    Credentials,
    /// The endpoint could not be reached; nothing was sent.
    Unreachable,
    /// The request may have taken effect, but no answer came.
    Ambiguous,
    /// Anything else: AWS said no.
    Other,
}

/// An AWS call that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Operation, e.g. `CreateVpc`.
    pub operation: String,
    /// AWS's error code, when an answer came.
    pub code: Option<String>,
    /// AWS's message, or what went wrong on the way.
    pub message: String,
    /// AWS's request id, when an answer came.
    pub request_id: Option<String>,
    /// What it means.
    pub class: ErrorClass,
}

impl Error {
    /// Makes an error that did not come from AWS.
    pub fn local(operation: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            operation: operation.into(),
            code: None,
            message: message.into(),
            request_id: None,
            class: ErrorClass::Other,
        }
    }

    /// Tells whether AWS answered with this code.
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Tells whether the object is not there.
    pub fn is_not_found(&self) -> bool {
        self.class == ErrorClass::NotFound
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.operation)?;
        if let Some(code) = &self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// The result of an AWS call.
pub type Result<T> = std::result::Result<T, Error>;
