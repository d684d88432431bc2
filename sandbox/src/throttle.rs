//! AWS's token buckets, one for each API of a region (aws-semantics.md 0).

use std::collections::HashMap;

use super::clock::Time;
use super::protocol::Wire;
use super::rules::Refusal;
use super::services::{Input, Service};

/// The level of every bucket that was used.
#[derive(Clone, Debug, Default)]
pub(super) struct Buckets {
    levels: HashMap<(&'static str, String, String), (f64, Time)>,
}

impl Buckets {
    /// Takes a token, or refuses with the service's throttle code.
    pub(super) fn take(
        &mut self,
        service: &'static Service,
        wire: &Wire,
        input: &Input,
        now: Time,
    ) -> Result<(), Refusal> {
        let bucket = (service.bucket)(&wire.operation, input);
        let key = (service.name, wire.region.clone(), wire.operation.clone());
        let (level, time) = self.levels.entry(key).or_insert((bucket.burst, now));
        let refill = now.since(*time).as_secs_f64() * bucket.per_second;
        *level = (*level + refill).min(bucket.burst);
        *time = now;
        if *level < 1.0 {
            // EC2 answers 503, the others 400 (API references, common errors).
            let status = if service.name == "ec2" { 503 } else { 400 };
            return Err(Refusal::new(service.throttle_code, "Rate exceeded").status(status));
        }
        *level -= 1.0;
        Ok(())
    }
}
