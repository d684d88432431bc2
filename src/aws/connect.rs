//! Finding credentials, endpoint and account as the AWS CLI does, with one clear refusal for each
//! way this goes wrong.

use super::connector::{Meter, metered};
use super::{Cx, Error, ErrorClass, Scope, regions};
use crate::stack::Diagnostic;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Builder, Connector, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use std::sync::Arc;
use std::time::Duration;

/// Standard retries back off up to 20 seconds, so ten attempts outlast a minute of throttling.
const ATTEMPTS: u32 = 10;
const FIRST_ATTEMPTS: u32 = 3;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Some calls, such as creating a service, take AWS tens of seconds.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// How to reach an account.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whose resources; its region is where the calls go.
    pub scope: Scope,
    /// Profile of AWS's config files; the environment's own variables count otherwise.
    pub profile: Option<String>,
    /// Whether only the profile counts, as when it is asked for on the command line, not the
    /// credentials in the environment.
    pub profile_only: bool,
    /// Role to assume with the credentials found.
    pub role_arn: Option<String>,
    /// Endpoint for all services; `AWS_ENDPOINT_URL` counts otherwise.
    pub endpoint_url: Option<String>,
    /// Accounts that may be touched; empty allows all.
    pub account_ids: Vec<String>,
    /// Credentials to use as they are, instead of those found.
    pub credentials: Option<Credentials>,
    /// Takes the place of the network: an AWS in process, with credentials of its own.
    pub http_client: Option<SharedHttpClient>,
    /// Lets a region through that this version does not know.
    pub any_region: bool,
    /// Keeps to the request rates that AWS publishes; over the network only.
    pub rate_limits: bool,
    /// Delays every call, for measurements.
    pub latency: Duration,
}

impl Options {
    /// Makes the options of a plain run against AWS.
    pub fn new(scope: Scope) -> Self {
        Self {
            scope,
            profile: None,
            profile_only: false,
            role_arn: None,
            endpoint_url: None,
            account_ids: Vec::new(),
            credentials: None,
            http_client: None,
            any_region: false,
            rate_limits: true,
            latency: Duration::ZERO,
        }
    }
}

impl Cx {
    /// Finds credentials and asks AWS whose they are; refuses unknown regions and other accounts.
    pub async fn connect(options: Options) -> Result<Self, Diagnostic> {
        let own_endpoint = options.endpoint_url.is_some()
            || options.http_client.is_some()
            || std::env::var_os("AWS_ENDPOINT_URL").is_some();
        if !options.any_region && !own_endpoint {
            regions::check(&options.scope.region).map_err(|refusal| *refusal)?;
        }
        endpoint_is_url(&options)?;
        let meter = Arc::new(Meter::new(
            options.rate_limits && options.http_client.is_none(),
            options.latency,
        ));
        let config = load(&options, &meter).await;
        let scope = options.scope.clone();
        let mut cx = Self::from_parts(config, meter, scope, String::new(), String::new());
        // The first call fails fast: a wrong endpoint or missing credentials should not take minutes.
        let patience = RetryConfig::standard().with_max_attempts(FIRST_ATTEMPTS);
        let hasty = aws_sdk_sts::config::Builder::new().retry_config(patience);
        let caller = cx.sts().get_caller_identity().customize().config_override(hasty).send().await;
        let caller = caller.map_err(|e| refusal(&e.into(), &options))?;
        let arn = caller.arn.unwrap_or_default();
        let account_id = caller.account.unwrap_or_default();
        let partition = arn.split(':').nth(1).filter(|p| !p.is_empty()).unwrap_or("aws").to_owned();
        guard(&account_id, &options)?;
        cx.account_id = account_id;
        cx.partition = partition;
        Ok(cx)
    }
}

async fn load(options: &Options, meter: &Arc<Meter>) -> SdkConfig {
    let client = options.http_client.clone().unwrap_or_else(network);
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(metered(client, Arc::clone(meter)))
        .region(Region::new(options.scope.region.clone()))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        // No limit on the attempt as a whole: it would count the wait for our own request rates.
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(READ_TIMEOUT)
                .build(),
        )
        // The wait for our own request rates would count as an upload that stalls, too.
        .stalled_stream_protection(
            StalledStreamProtectionConfig::enabled().upload_enabled(false).build(),
        );
    if let Some(profile) = options.profile.as_ref().filter(|_| options.http_client.is_none()) {
        loader = loader.profile_name(profile);
        if options.profile_only {
            // The chain of the SDK would take the environment's credentials first.
            let with = ProviderConfig::default()
                .with_region(Some(Region::new(options.scope.region.clone())))
                .with_http_client(options.http_client.clone().unwrap_or_else(network));
            let provider = ProfileFileCredentialsProvider::builder().configure(&with);
            loader = loader.credentials_provider(provider.profile_name(profile).build());
        }
    }
    if let Some(url) = &options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some(credentials) = &options.credentials {
        loader = loader.credentials_provider(credentials.clone());
    }
    if options.http_client.is_some() {
        // Neither the user's credentials nor endpoint: nothing may leave the process.
        loader = loader
            .credentials_provider(Credentials::new("sandbox", "sandbox", None, None, "sandbox"))
            .endpoint_url("http://sandbox.invalid");
    }
    let config = loader.load().await;
    let Some(role) = options.role_arn.as_ref().filter(|_| options.http_client.is_none()) else {
        return config;
    };
    let provider =
        AssumeRoleProvider::builder(role).session_name("infra").configure(&config).build().await;
    let provider = SharedCredentialsProvider::new(provider);
    config.into_builder().credentials_provider(provider).build()
}

/// The client for real connections; proxies from `HTTPS_PROXY` and its kin.
fn network() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .proxy_config(ProxyConfig::from_env());
        if let Some(settings) = settings {
            connector = connector.connector_settings(settings.clone());
        }
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector.build()
    })
}

/// Where all calls go, when that is not AWS itself.
fn endpoint(options: &Options) -> Option<String> {
    options.endpoint_url.clone().or_else(|| std::env::var("AWS_ENDPOINT_URL").ok())
}

fn endpoint_is_url(options: &Options) -> Result<(), Diagnostic> {
    let Some(url) = endpoint(options).filter(|_| options.http_client.is_none()) else {
        return Ok(());
    };
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    if host.is_some_and(|host| !host.is_empty()) {
        return Ok(());
    }
    let from = if options.endpoint_url.is_some() { "--endpoint-url" } else { "AWS_ENDPOINT_URL" };
    Err(Diagnostic::error("bad_endpoint", format!("{from} is `{url}`, which is no URL"))
        .hint("give it as http://HOST:PORT or https://HOST"))
}

fn guard(account_id: &str, options: &Options) -> Result<(), Diagnostic> {
    if options.account_ids.is_empty() || options.account_ids.iter().any(|a| a == account_id) {
        return Ok(());
    }
    let allowed = options.account_ids.join(", ");
    let environment = &options.scope.environment;
    Err(Diagnostic::error(
        "wrong_account",
        format!("the credentials are of account {account_id}, but environment `{environment}` allows only {allowed}"),
    )
    .hint(format!(
        "choose credentials of account {allowed} with `--profile`, or change `account_ids` of the environment"
    )))
}

/// What AWS said, in the words of the SDK about credentials that AWS did not give; `None` where it was
/// never asked.
fn of_service(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("service error")?.1.split_once("message: \"")?;
    Some(rest.split_once('"')?.0.to_owned())
}

/// Says what to do about a first call that failed.
fn refusal(error: &Error, options: &Options) -> Diagnostic {
    let source = match &options.profile {
        Some(profile) => format!("profile `{profile}`"),
        None => "the environment and AWS's config files".to_owned(),
    };
    let expired = |text: &str| ["Expired", "expired"].iter().any(|w| text.contains(w));
    let code = error.code.as_deref().unwrap_or_default();
    match error.class {
        ErrorClass::Credentials if expired(code) || expired(&error.message) => {
            Diagnostic::error("credentials_expired", format!("the credentials of {source} have expired"))
                .note(error.to_string())
                .hint("sign in again, e.g. with `aws sso login`, and repeat the command")
        }
        ErrorClass::Credentials if error.code.is_none() && options.profile_only => {
            let problem =
                Diagnostic::error("no_credentials", format!("{source} gives no usable AWS credentials"));
            // What the SDK says of a profile that is not there.
            let missing = error.message.ends_with("was not enabled");
            let problem = if missing {
                problem.note("it is not in AWS's config files, or has no credentials there")
            } else {
                problem.note(error.message.clone())
            };
            problem.hint("`aws configure list-profiles` lists the profiles there are")
        }
        ErrorClass::Credentials
            if let (None, Some(role), Some(said)) =
                (&error.code, &options.role_arn, of_service(&error.message)) =>
        {
            Diagnostic::error("role_refused", format!("cannot take on the role {role}"))
                .note(said)
                .hint("the role must trust these credentials, and they must be allowed to \
                       sts:AssumeRole it; it is `role_arn` of the environment")
        }
        ErrorClass::Credentials if error.code.is_none() => {
            Diagnostic::error("no_credentials", format!("no usable AWS credentials in {source}"))
                .note(error.message.clone())
                .hint(match endpoint(options) {
                    Some(_) => "an emulator takes any: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, e.g. both to `test`",
                    None => "set AWS_PROFILE or `--profile`, sign in with `aws sso login`, or try `--sandbox`, which needs no account",
                })
        }
        ErrorClass::Credentials => {
            Diagnostic::error("credentials_refused", format!("AWS refuses the credentials of {source}"))
                .note(error.to_string())
                .hint("check them with `aws sts get-caller-identity`")
        }
        ErrorClass::AccessDenied => {
            Diagnostic::error("access_denied", format!("not allowed: {error}"))
                .hint("give these credentials the right to the operation, or use `--profile`")
        }
        _ if error.code.is_none() => {
            let what = endpoint(options).unwrap_or_else(|| format!("AWS in {}", options.scope.region));
            Diagnostic::error("endpoint_unreachable", format!("cannot reach {what}"))
                .note(error.message.clone())
                .hint("check the network, the proxy variables and the endpoint")
        }
        _ => Diagnostic::error("caller_unknown", format!("AWS does not tell whose account this is: {error}")),
    }
}
