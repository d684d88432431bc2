//! Every resource type and data source: one file a type, two lines here.

/// Certificate Manager.
pub mod acm {
    pub mod certificate;
    pub(crate) mod read;
    pub mod validation;
}

/// Application Auto Scaling: capacities that follow what is asked of them.
pub mod applicationautoscaling {
    pub mod metric;
    pub mod policy;
    pub mod range;
    mod read;
    pub mod target;
}

/// CloudWatch: alarms.
pub mod cloudwatch {
    pub mod alarm;
    pub mod metric;
    mod read;
}

/// EC2 Auto Scaling: groups of instances.
pub mod autoscaling {
    pub mod group;
}

/// Data sources: what others own, read and never written.
pub mod data {
    pub mod acm_certificate;
    pub mod availability_zones;
    pub mod dynamodb_table;
    pub mod ecr_repository;
    mod filters;
    pub mod iam_role;
    pub mod image;
    pub mod nat_gateway;
    pub mod route53_zone;
    pub mod ssm_parameter;
    pub mod subnet;
    pub mod vpc;
}

/// DynamoDB.
pub mod dynamodb {
    pub(crate) mod read;
    pub mod schema;
    mod steps;
    pub mod table;
    mod units;
}

/// EC2: networks and what stands in them.
pub mod ec2 {
    pub mod egress_only_internet_gateway;
    pub mod eip;
    pub(crate) mod interfaces;
    pub mod internet_gateway;
    pub mod launch_template;
    pub mod nat_gateway;
    mod requests;
    pub mod route;
    pub mod route_table;
    pub mod security_group;
    pub mod security_group_rule;
    pub mod subnet;
    pub mod vpc;
    pub mod vpc_endpoint;
}

/// ECR: container images.
pub mod ecr {
    pub mod lifecycle;
    mod read;
    pub mod repository;
}

/// ECS: clusters, and what runs in them.
pub mod ecs {
    pub mod account_setting;
    pub mod capacity_provider;
    pub mod cluster;
    pub mod service;
    pub mod strategy;
    mod tags;
    pub mod task_definition;
}

/// Elastic Load Balancing: load balancers and where they send requests.
pub mod elbv2 {
    pub mod action;
    mod attributes;
    mod balancer_read;
    pub mod condition;
    pub mod listener;
    mod listener_read;
    pub mod listener_rule;
    pub mod load_balancer;
    mod priority;
    mod read;
    mod rule_read;
    mod tags;
    pub mod target_group;
    mod target_group_read;
}

/// IAM: who may do what.
pub mod iam {
    pub mod instance_profile;
    pub mod role;
}

/// KMS: keys that services encrypt with.
pub mod kms {
    pub mod key;
    pub(crate) mod read;
}

/// CloudWatch Logs.
pub mod logs {
    pub mod log_group;
}

/// Route 53: domains and their records.
pub mod route53 {
    pub(crate) mod mark;
    pub mod name;
    pub mod record;
    pub(crate) mod sets;
    pub mod zone;
    pub(crate) mod zone_read;
}

/// Secrets Manager.
pub mod secretsmanager {
    pub(crate) mod read;
    pub mod secret;
}

/// Systems Manager: Parameter Store.
pub mod ssm {
    pub mod parameter;
    pub(crate) mod read;
}

/// S3: buckets.
pub mod s3 {
    pub mod bucket;
    mod contents;
    mod read;
    pub mod schema;
}

mod hidden;
/// Cloud Map: names under which services find each other.
pub mod servicediscovery {
    pub mod namespace;
    mod operation;
    pub mod service;
    mod tags;
}

mod naming;
#[cfg(test)]
mod tests;

use crate::aws::{Error, Result};
use crate::engine::resource::{Erased, ErasedData, Registry};

/// Returns all types.
pub fn registry() -> Registry {
    Registry::new(
        vec![
            Erased::<acm::certificate::AcmCertificate>::boxed(),
            Erased::<applicationautoscaling::target::ScalingTarget>::boxed(),
            Erased::<cloudwatch::alarm::CloudwatchAlarm>::boxed(),
            Erased::<autoscaling::group::AutoscalingGroup>::boxed(),
            Erased::<dynamodb::table::DynamodbTable>::boxed(),
            Erased::<ec2::egress_only_internet_gateway::EgressOnlyInternetGateway>::boxed(),
            Erased::<ec2::eip::Eip>::boxed(),
            Erased::<ec2::internet_gateway::InternetGateway>::boxed(),
            Erased::<ec2::launch_template::LaunchTemplate>::boxed(),
            Erased::<ec2::nat_gateway::NatGateway>::boxed(),
            Erased::<ec2::route_table::RouteTable>::boxed(),
            Erased::<ec2::security_group::SecurityGroup>::boxed(),
            Erased::<ec2::subnet::Subnet>::boxed(),
            Erased::<ec2::vpc::Vpc>::boxed(),
            Erased::<ec2::vpc_endpoint::VpcEndpoint>::boxed(),
            Erased::<ecr::repository::EcrRepository>::boxed(),
            Erased::<ecs::account_setting::AccountSetting>::boxed(),
            Erased::<ecs::capacity_provider::EcsCapacityProvider>::boxed(),
            Erased::<ecs::cluster::EcsCluster>::boxed(),
            Erased::<ecs::service::EcsService>::boxed(),
            Erased::<ecs::task_definition::EcsTaskDefinition>::boxed(),
            Erased::<elbv2::listener::Listener>::boxed(),
            Erased::<elbv2::listener_rule::ListenerRule>::boxed(),
            Erased::<elbv2::load_balancer::LoadBalancer>::boxed(),
            Erased::<elbv2::target_group::TargetGroup>::boxed(),
            Erased::<iam::instance_profile::IamInstanceProfile>::boxed(),
            Erased::<iam::role::IamRole>::boxed(),
            Erased::<kms::key::KmsKey>::boxed(),
            Erased::<logs::log_group::LogGroup>::boxed(),
            Erased::<secretsmanager::secret::SecretsmanagerSecret>::boxed(),
            Erased::<ssm::parameter::SsmParameter>::boxed(),
            Erased::<route53::record::Route53Record>::boxed(),
            Erased::<route53::zone::Route53Zone>::boxed(),
            Erased::<s3::bucket::S3Bucket>::boxed(),
            Erased::<servicediscovery::namespace::ServiceDiscoveryNamespace>::boxed(),
            Erased::<servicediscovery::service::ServiceDiscoveryService>::boxed(),
        ],
        vec![
            ErasedData::<data::acm_certificate::AcmCertificate>::boxed(),
            ErasedData::<data::availability_zones::AvailabilityZones>::boxed(),
            ErasedData::<data::dynamodb_table::DynamodbTable>::boxed(),
            ErasedData::<data::ecr_repository::EcrRepository>::boxed(),
            ErasedData::<data::iam_role::IamRole>::boxed(),
            ErasedData::<data::image::Image>::boxed(),
            ErasedData::<data::nat_gateway::NatGateway>::boxed(),
            ErasedData::<data::route53_zone::Route53Zone>::boxed(),
            ErasedData::<data::ssm_parameter::SsmParameter>::boxed(),
            ErasedData::<data::subnet::Subnet>::boxed(),
            ErasedData::<data::vpc::Vpc>::boxed(),
        ],
    )
}

/// Requests run side by side at most this many at a time, within one listing.
const PARALLEL: usize = 8;

/// Treats an object that is gone already as done.
fn or_gone<T, E: Into<Error>>(result: std::result::Result<T, E>) -> Result<()> {
    match result.map_err(Into::into) {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}
