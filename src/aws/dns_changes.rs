//! Changes of Route 53 on their way to the name servers.
//!
//! A list shows what was written at once; whether everybody can resolve it, only the change itself
//! tells. So it is remembered from the write to the wait that follows.

use super::{Cx, Error, Result};
use aws_sdk_route53::types::{ChangeInfo, ChangeStatus};
use std::sync::PoisonError;

impl Cx {
    /// Remembers the latest change of an object.
    pub fn note_dns_change(&self, id: &str, change: Option<&ChangeInfo>) {
        let mut changes = self.dns_changes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(change) = change {
            changes.insert(id.to_owned(), change.id().to_owned());
        }
    }

    /// Tells whether the latest change that this run made of an object is still on its way. One that
    /// arrived is forgotten, so an object at rest costs no call.
    pub async fn dns_change_is_pending(&self, id: &str) -> Result<bool> {
        let noted =
            self.dns_changes.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        let Some(change) = noted else { return Ok(false) };
        let answer = self.route53().get_change().id(&change).send().await.map_err(Error::from);
        let pending = match answer {
            Ok(answer) => answer.change_info.is_some_and(|c| c.status == ChangeStatus::Pending),
            Err(error) if error.code.as_deref() == Some("NoSuchChange") => false,
            Err(error) => return Err(error),
        };
        if !pending {
            let mut changes = self.dns_changes.lock().unwrap_or_else(PoisonError::into_inner);
            if changes.get(id) == Some(&change) {
                changes.remove(id);
            }
        }
        Ok(pending)
    }
}
