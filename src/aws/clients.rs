//! What a handler needs to talk to one account and region: one SDK client per service.

use super::batch::Batch;
use super::connector::Meter;
use super::ownership::Scope;
use super::tagging::TagIndex;
use aws_config::SdkConfig;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::OnceCell;

/// Access to one account and region; cheap to share, made once for a run by [`Cx::connect`].
pub struct Cx {
    /// Whose resources this run deals with; its region is where the calls go.
    pub scope: Scope,
    /// The account, as `GetCallerIdentity` told it.
    pub account_id: String,
    /// The partition, e.g. `aws`.
    pub partition: String,
    config: SdkConfig,
    meter: Arc<Meter>,
    clients: Clients,
    pub(super) tag_index: Mutex<Arc<OnceCell<TagIndex>>>,
    pub(super) global_tag_index: Mutex<Arc<OnceCell<TagIndex>>>,
    pub(super) dns_changes: Mutex<BTreeMap<String, String>>,
    batches: Mutex<BTreeMap<&'static str, Arc<Batch>>>,
}

#[derive(Default)]
struct Clients {
    ec2: OnceLock<aws_sdk_ec2::Client>,
    iam: OnceLock<aws_sdk_iam::Client>,
    logs: OnceLock<aws_sdk_cloudwatchlogs::Client>,
    sts: OnceLock<aws_sdk_sts::Client>,
    tagging: OnceLock<aws_sdk_resourcegroupstagging::Client>,
    ecs: OnceLock<aws_sdk_ecs::Client>,
    ecr: OnceLock<aws_sdk_ecr::Client>,
    dynamodb: OnceLock<aws_sdk_dynamodb::Client>,
    elbv2: OnceLock<aws_sdk_elasticloadbalancingv2::Client>,
    acm: OnceLock<aws_sdk_acm::Client>,
    application_autoscaling: OnceLock<aws_sdk_applicationautoscaling::Client>,
    autoscaling: OnceLock<aws_sdk_autoscaling::Client>,
    cloudwatch: OnceLock<aws_sdk_cloudwatch::Client>,
    kms: OnceLock<aws_sdk_kms::Client>,
    route53: OnceLock<aws_sdk_route53::Client>,
    s3: OnceLock<aws_sdk_s3::Client>,
    secretsmanager: OnceLock<aws_sdk_secretsmanager::Client>,
    service_discovery: OnceLock<aws_sdk_servicediscovery::Client>,
    ssm: OnceLock<aws_sdk_ssm::Client>,
}

/// One accessor per service: built on first use, with our retry rules on top of the SDK's.
macro_rules! client {
    ($field:ident, $krate:ident, $service:literal) => {
        client!($field, $krate, $service, |_: &SdkConfig, builder| builder);
    };
    ($field:ident, $krate:ident, $service:literal, $more:expr) => {
        #[doc = concat!("Returns the client of ", $service, ".")]
        pub fn $field(&self) -> &$krate::Client {
            self.clients.$field.get_or_init(|| {
                let builder = $krate::config::Builder::from(&self.config)
                    .retry_classifier(super::retry::OneShotCreations)
                    .interceptor(super::connector::NamesOperation);
                let more: fn(&SdkConfig, $krate::config::Builder) -> $krate::config::Builder =
                    $more;
                $krate::Client::from_conf(more(&self.config, builder).build())
            })
        }
    };
}

impl Cx {
    pub(super) fn from_parts(
        config: SdkConfig,
        meter: Arc<Meter>,
        scope: Scope,
        account_id: String,
        partition: String,
    ) -> Self {
        Self {
            scope,
            account_id,
            partition,
            config,
            meter,
            clients: Clients::default(),
            tag_index: Mutex::default(),
            global_tag_index: Mutex::default(),
            dns_changes: Mutex::default(),
            batches: Mutex::default(),
        }
    }

    /// Makes access to no account: every call fails without a connection. For work that needs the
    /// names of an account but never calls it, and for tests with handlers of their own.
    pub fn detached(scope: Scope, account_id: &str, partition: &str) -> Self {
        let config = SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .region(aws_config::Region::new(scope.region.clone()))
            .endpoint_url("http://127.0.0.1:1")
            .retry_config(aws_config::retry::RetryConfig::disabled())
            .build();
        Self::from_parts(config, Arc::default(), scope, account_id.into(), partition.into())
    }

    /// Makes access to another region of the same account; call counts and limits are shared.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        let config =
            self.config.to_builder().region(aws_config::Region::new(region.to_owned())).build();
        let scope = Scope { region: region.to_owned(), ..self.scope.clone() };
        let (account, partition) = (self.account_id.clone(), self.partition.clone());
        Self::from_parts(config, Arc::clone(&self.meter), scope, account, partition)
    }

    client!(ec2, aws_sdk_ec2, "EC2");
    client!(iam, aws_sdk_iam, "IAM");
    client!(logs, aws_sdk_cloudwatchlogs, "CloudWatch Logs");
    client!(sts, aws_sdk_sts, "STS");
    client!(tagging, aws_sdk_resourcegroupstagging, "the Resource Groups Tagging API");
    client!(ecs, aws_sdk_ecs, "ECS");
    client!(ecr, aws_sdk_ecr, "ECR");
    client!(dynamodb, aws_sdk_dynamodb, "DynamoDB");
    client!(elbv2, aws_sdk_elasticloadbalancingv2, "Elastic Load Balancing");
    client!(acm, aws_sdk_acm, "Certificate Manager");
    client!(application_autoscaling, aws_sdk_applicationautoscaling, "Application Auto Scaling");
    client!(autoscaling, aws_sdk_autoscaling, "EC2 Auto Scaling");
    client!(cloudwatch, aws_sdk_cloudwatch, "CloudWatch");
    client!(kms, aws_sdk_kms, "KMS");
    client!(route53, aws_sdk_route53, "Route 53");
    // Names below an endpoint of one's own need not resolve.
    client!(s3, aws_sdk_s3, "S3", |config: &SdkConfig, builder| builder
        .force_path_style(config.endpoint_url().is_some()));
    client!(secretsmanager, aws_sdk_secretsmanager, "Secrets Manager");
    client!(service_discovery, aws_sdk_servicediscovery, "Cloud Map");
    client!(ssm, aws_sdk_ssm, "Systems Manager");

    /// Returns what shares the calls of an operation that takes many ids, by the operation's name.
    pub fn batch(&self, operation: &'static str) -> Arc<Batch> {
        let mut batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(batches.entry(operation).or_default())
    }

    /// Returns how many requests were sent so far, by `service.Operation`; retries count.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.meter.calls()
    }

    /// Returns how many requests that write were answered with success so far.
    pub fn writes(&self) -> u64 {
        self.meter.writes()
    }

    /// Builds an ARN of this region and account, e.g. `arn("ec2", "vpc/vpc-1")`.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        self.arn_of(service, &self.account_id, resource)
    }

    /// Builds an ARN of this region in an account that may be another's.
    pub fn arn_of(&self, service: &str, account_id: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{account_id}:{resource}", self.partition, self.scope.region)
    }
}

impl fmt::Debug for Cx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx")
            .field("scope", &self.scope)
            .field("account_id", &self.account_id)
            .field("partition", &self.partition)
            .finish_non_exhaustive()
    }
}
