//! Every resource type and data source: one file a type, two lines here.

pub mod data;
pub mod ec2;
pub mod iam;
pub mod logs;
mod naming;
#[cfg(test)]
mod tests;

use crate::aws::{Error, Result};
use crate::engine::resource::{Erased, ErasedData, Registry};

/// Returns all types.
pub fn registry() -> Registry {
    Registry::new(
        vec![
            Erased::<ec2::internet_gateway::InternetGateway>::boxed(),
            Erased::<ec2::route_table::RouteTable>::boxed(),
            Erased::<ec2::security_group::SecurityGroup>::boxed(),
            Erased::<ec2::subnet::Subnet>::boxed(),
            Erased::<ec2::vpc::Vpc>::boxed(),
            Erased::<iam::role::IamRole>::boxed(),
            Erased::<logs::log_group::LogGroup>::boxed(),
        ],
        vec![
            ErasedData::<data::availability_zones::AvailabilityZones>::boxed(),
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
