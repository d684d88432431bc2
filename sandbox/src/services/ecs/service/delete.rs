//! DeleteService: it is DRAINING until its tasks have stopped.

use serde_json::json;

use super::super::rules::{NO_SERVICE, SCALED};
use super::super::{Call, Input, Members, cluster, life, names, state, state_mut};
use super::{key, show};
use crate::services::Answer;
use crate::state::Account;

/// DeleteService.
pub(crate) fn delete(account: &mut Account, call: &Call, input: &Input) -> Answer {
    let cluster = names::cluster(call, input)?.to_owned();
    cluster::active(state(account, &call.region), &cluster)?;
    let key = key(&cluster, names::last(input.text("service").unwrap_or_default()));
    let state = state_mut(account, &call.region);
    let found = state.services.get_mut(&key).filter(|service| service.ended.is_none());
    let service = found.ok_or_else(|| NO_SERVICE.refuse(&[]))?;
    let is_forced = input.flag("force") == Some(true);
    if service.is_active() {
        if service.desired > 0 && !service.is_daemon && !is_forced {
            return Err(SCALED.refuse(&[]));
        }
        service.desired = 0;
        service.deleted = Some(call.now);
        service
            .interrupt("Service deployment was stopped because the service was deleted.", call.now);
    }
    life::wake(account, &call.region, call.now);
    Ok(json!({"service": show::one(account, call, &key, true)}))
}
