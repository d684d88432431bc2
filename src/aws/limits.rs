//! AWS's request rates as token buckets on our side: waiting costs less than being throttled.
//!
//! The numbers are those of aws-semantics.md 0, from AWS's throttling pages for EC2 and ECS; other
//! services publish none and are left to retries.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tokio::time::{Duration, Instant};

/// Burst, and tokens regained per second.
type Rate = (f64, f64);

/// Returns the rate of an API; `None` where AWS publishes none.
fn rate(service: &str, operation: &str) -> Option<Rate> {
    match service {
        "ec2" => Some(ec2(operation)),
        "ecs" => Some(ecs(operation)),
        // Five requests a second for the whole account.
        "route53" => Some((5.0, 5.0)),
        "dynamodb" if operation.ends_with("TagResource") => Some((5.0, 5.0)),
        _ => None,
    }
}

fn ec2(operation: &str) -> Rate {
    match operation {
        "CreateTags" | "DeleteTags" => (100.0, 10.0),
        "CreateNatGateway" | "DeleteNatGateway" => (10.0, 1.0),
        "CreateVpcEndpoint" | "ModifyVpcEndpoint" | "DeleteVpcEndpoints" => (4.0, 0.3),
        "CreateLaunchTemplateVersion" => (100.0, 5.0),
        // The stricter rate is for unfiltered and unpaged calls, which we never make.
        read if read.starts_with("Describe") || read.starts_with("Get") => (100.0, 20.0),
        _ => (50.0, 5.0),
    }
}

fn ecs(operation: &str) -> Rate {
    let reads = operation.starts_with("Describe") || operation.starts_with("List");
    match operation {
        "DeleteTaskDefinitions" => (5.0, 1.0),
        "TagResource" | "UntagResource" | "ListTagsForResource" => (20.0, 10.0),
        setting if setting.contains("AccountSetting") => (10.0, 1.0),
        // Before clusters: `PutClusterCapacityProviders` modifies a cluster.
        provider if provider.contains("CapacityProvider") && !provider.contains("Cluster") => {
            if reads {
                (50.0, 20.0)
            } else {
                (10.0, 1.0)
            }
        }
        service if service.contains("Service") => {
            if reads {
                (100.0, 20.0)
            } else {
                (50.0, 5.0)
            }
        }
        container if container.contains("ContainerInstance") && reads => (100.0, 20.0),
        cluster if cluster.contains("Cluster") => {
            if reads {
                (50.0, 20.0)
            } else {
                (20.0, 1.0)
            }
        }
        definition if definition.contains("TaskDefinition") => {
            if reads {
                (50.0, 20.0)
            } else {
                (20.0, 1.0)
            }
        }
        _ if reads => (100.0, 20.0),
        _ => (100.0, 40.0),
    }
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

/// The buckets of a run, per region and API.
#[derive(Debug, Default)]
pub(super) struct Limits {
    buckets: Mutex<HashMap<(String, String), Bucket>>,
}

impl Limits {
    /// Takes one token, waiting until there is one.
    pub(super) async fn take(&self, region: &str, service: &str, operation: &str) {
        let Some((burst, refill)) = rate(service, operation) else { return };
        let key = (region.to_owned(), format!("{service}.{operation}"));
        let wait = {
            let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let bucket = buckets.entry(key).or_insert(Bucket { tokens: burst, at: now });
            let gained = now.duration_since(bucket.at).as_secs_f64() * refill;
            bucket.tokens = (bucket.tokens + gained).min(burst) - 1.0;
            bucket.at = now;
            // Below zero: the callers before us hold the tokens still to come.
            (-bucket.tokens / refill).max(0.0)
        };
        if wait > 0.0 {
            tokio::time::sleep(Duration::from_secs_f64(wait)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ten_endpoints_take_twenty_seconds() {
        let limits = Limits::default();
        let start = Instant::now();
        for _ in 0..10 {
            limits.take("eu-west-1", "ec2", "CreateVpcEndpoint").await;
        }
        assert_eq!(start.elapsed().as_secs(), 20);
        limits.take("us-east-1", "ec2", "CreateVpcEndpoint").await;
        assert_eq!(start.elapsed().as_secs(), 20, "another region has a bucket of its own");
    }

    #[test]
    fn a_cluster_s_capacity_providers_are_a_change_of_the_cluster() {
        assert_eq!(rate("ecs", "PutClusterCapacityProviders"), Some((20.0, 1.0)));
        assert_eq!(rate("ecs", "DescribeCapacityProviders"), Some((50.0, 20.0)));
        assert_eq!(rate("iam", "CreateRole"), None);
    }
}
