//! Hosted zones that another service made and manages: those of Cloud Map's namespaces.

use super::rules::LINKED;
use super::{Vpc, Zone, bare, new_id, zone, zones};
use crate::rules::Refusal;
use crate::state::Account;

/// Makes the zone of a namespace, in a VPC if it is private. Refuses as CreateHostedZone does.
pub(crate) fn link(
    account: &mut Account,
    name: &str,
    vpc: Option<(&str, &str)>,
    namespace_arn: &str,
) -> Result<String, Refusal> {
    let vpc = vpc.map(|(region, id)| Vpc { region: region.to_owned(), id: id.to_owned() });
    let id = new_id(account, "Z");
    let zone = zones::made(account, name, vpc, &id)?;
    let zone = Zone {
        comment: Some("Created by AWS Cloud Map".to_owned()),
        linked: Some(namespace_arn.to_owned()),
        ..zone
    };
    account.global.route53.zones.insert(id.clone(), zone);
    Ok(id)
}

/// Deletes the zone of a namespace.
pub(crate) fn unlink(account: &mut Account, id: &str) {
    account.global.route53.zones.remove(bare(id));
}

/// Refuses to change a zone that another service manages.
pub(super) fn check(account: &Account, id: &str) -> Result<(), Refusal> {
    match &zone(account, id)?.linked {
        Some(namespace) => Err(LINKED.refuse(&[bare(id), namespace])),
        None => Ok(()),
    }
}
