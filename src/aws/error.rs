//! One error for every AWS call: operation, code, message, and what may be done about it.

use super::connector::{chain, never_connected};
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::error::Error as StdError;
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

    /// Makes the error of an answer that lacks what it must have, e.g. the id of a new object.
    pub fn incomplete(operation: &str, field: &str) -> Self {
        Self {
            class: ErrorClass::Ambiguous,
            ..Self::local(operation, format!("the answer has no {field}"))
        }
    }

    /// Makes the error of one item of an answer that tells of several.
    pub fn of_item(operation: &str, code: &str, message: &str) -> Self {
        Self {
            code: Some(code.to_owned()),
            class: class_of(code, message, None),
            ..Self::local(operation, message)
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

impl StdError for Error {}

/// The result of an AWS call.
pub type Result<T> = std::result::Result<T, Error>;

impl<E> From<SdkError<E, HttpResponse>> for Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let status = error.raw_response().map(|r| r.status().as_u16());
        let code = error.code().map(str::to_owned);
        let class = match &code {
            Some(code) => class_of(code, error.message().unwrap_or_default(), status),
            None => class_without_answer(&error, status),
        };
        let message = match error.message() {
            Some(message) => message.to_owned(),
            None => words(&error),
        };
        let request_id = error.meta().extra("aws_request_id").map(str::to_owned);
        Self { operation: operation_of::<E>(), code, message, request_id, class }
    }
}

/// Takes the operation from the error's type: `…::create_vpc::CreateVpcError`.
fn operation_of<E>() -> String {
    let name = std::any::type_name::<E>();
    let name = name.rsplit("::").next().unwrap_or(name);
    name.strip_suffix("Error").unwrap_or(name).to_owned()
}

fn class_without_answer<E>(error: &SdkError<E, HttpResponse>, status: Option<u16>) -> ErrorClass
where
    E: StdError + Send + Sync + 'static,
{
    if chain(error).any(<dyn StdError>::is::<CredentialsError>) {
        return ErrorClass::Credentials;
    }
    if never_connected(error) {
        return ErrorClass::Unreachable;
    }
    match error {
        // Never sent: the request could not be built or signed.
        SdkError::ConstructionFailure(_) => ErrorClass::Other,
        SdkError::DispatchFailure(failure) if failure.is_user() => ErrorClass::Other,
        _ if status.is_some_and(|s| s < 500) => ErrorClass::Other,
        _ => ErrorClass::Ambiguous,
    }
}

/// Joins what an error and its sources say, without repeating the SDK's general phrases.
fn words(error: &(dyn StdError + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    for text in chain(error).skip(1).map(ToString::to_string) {
        let general = ["io error", "other", "timeout", "client error (Connect)"];
        if !general.contains(&text.as_str()) && !said.iter().any(|s| s.contains(&text)) {
            said.push(text);
        }
    }
    if said.is_empty() { error.to_string() } else { said.join(": ") }
}

/// Codes that end in `NotFound` or `NotFoundException` are told by their end; these are not.
const NOT_FOUND: &[&str] =
    &["NoSuchEntity", "NoSuchBucket", "NoSuchHostedZone", "NoSuchKey", "NoSuchUpload"];

const ALREADY_EXISTS: &[&str] = &[
    "InvalidGroup.Duplicate",
    "InvalidPermission.Duplicate",
    "BucketAlreadyOwnedByYou",
    "DuplicateLoadBalancerName",
    "DuplicateTargetGroupName",
    "DuplicateListener",
    "Resource.AlreadyAssociated",
    "ResourceExistsException",
];

const IN_USE: &[&str] = &[
    "DependencyViolation",
    "DeleteConflict",
    "VpcEndpointInUse",
    "ClusterContainsServicesException",
    "ClusterContainsContainerInstancesException",
    "ClusterContainsTasksException",
    "RepositoryNotEmptyException",
    "BucketNotEmpty",
    "HostedZoneNotEmpty",
];

/// aws-semantics.md 0, "Throttle codes".
const THROTTLED: &[&str] = &[
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
    "SlowDown",
];

const DENIED: &[&str] = &[
    "UnauthorizedOperation",
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "NotAuthorized",
    "Client.UnauthorizedOperation",
];

const CREDENTIALS: &[&str] = &[
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "OptInRequired",
    "InvalidAccessKeyId",
];

fn class_of(code: &str, message: &str, status: Option<u16>) -> ErrorClass {
    let ends = |suffixes: &[&str]| suffixes.iter().any(|s| code.ends_with(s));
    if NOT_FOUND.contains(&code) || ends(&["NotFound", "NotFoundException"]) {
        ErrorClass::NotFound
    } else if ALREADY_EXISTS.contains(&code) || ends(&["AlreadyExists", "AlreadyExistsException"]) {
        ErrorClass::AlreadyExists
    } else if THROTTLED.contains(&code) {
        ErrorClass::Throttled
    } else if DENIED.contains(&code) {
        ErrorClass::AccessDenied
    } else if CREDENTIALS.contains(&code)
        || (code == "AuthFailure" && message.contains("credentials"))
    {
        ErrorClass::Credentials
    } else if IN_USE.contains(&code) || ends(&["InUse", "InUseException"]) {
        ErrorClass::InUse
    } else if status.is_some_and(|s| s >= 500) {
        ErrorClass::Ambiguous
    } else {
        ErrorClass::Other
    }
}

/// Returns what was found; `None` where AWS does not know it, or not any more.
pub fn unless_missing<T, E: Into<Error>>(found: std::result::Result<T, E>) -> Result<Option<T>> {
    match found.map_err(Into::into) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_classes() {
        let class = |code| class_of(code, "", Some(400));
        assert_eq!(class("InvalidVpcID.NotFound"), ErrorClass::NotFound);
        assert_eq!(class("NoSuchEntity"), ErrorClass::NotFound);
        assert_eq!(class("ResourceNotFoundException"), ErrorClass::NotFound);
        assert_eq!(class("EntityAlreadyExists"), ErrorClass::AlreadyExists);
        assert_eq!(class("DependencyViolation"), ErrorClass::InUse);
        assert_eq!(class("InvalidIPAddress.InUse"), ErrorClass::InUse);
        assert_eq!(class("ExpiredToken"), ErrorClass::Credentials);
        assert_eq!(class("InvalidParameterValue"), ErrorClass::Other);
        assert_eq!(class_of("InternalError", "", Some(500)), ErrorClass::Ambiguous);
        assert_eq!(class_of("RequestLimitExceeded", "", Some(503)), ErrorClass::Throttled);
    }

    #[test]
    fn the_operation_is_named_by_the_error_s_type() {
        type E = aws_sdk_ec2::operation::create_vpc::CreateVpcError;
        assert_eq!(operation_of::<E>(), "CreateVpc");
    }
}
