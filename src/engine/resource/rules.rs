//! What the engine needs to know of a type, beyond its schemas.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How live objects of a type are found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityBy {
    /// By ownership tags alone; the id is AWS's choice.
    Tags,
    /// By a name of our choice, unique in its scope; the tags then say whether it is ours.
    Name,
}

/// Which side of a replacement comes first (aws-semantics.md 0.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplaceOrder {
    /// The new one is made, what depends on it follows, the old one goes.
    CreateFirst,
    /// The old one goes first: both cannot exist at once.
    DeleteFirst,
}

/// The step of a resource's life a retryable error belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Creating call.
    Create,
    /// Updating calls, tags among them.
    Update,
    /// Quiescing and deleting calls.
    Delete,
}

/// An error worth trying again because AWS is known to get over it, within the settle time.
#[derive(Clone, Copy, Debug)]
pub struct Retryable {
    /// When.
    pub step: Step,
    /// AWS's error code.
    pub code: &'static str,
    /// Part of the message, or empty for any.
    pub message: &'static str,
    /// What is waited for, as shown to the user, e.g. `IAM to know the role`.
    pub reason: &'static str,
}

impl Retryable {
    /// Makes one of its parts, in their order.
    pub const fn new(
        step: Step,
        code: &'static str,
        message: &'static str,
        reason: &'static str,
    ) -> Self {
        Self { step, code, message, reason }
    }
}

/// What the engine needs to know of a type, beyond its schemas.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How live objects are found.
    pub identity: IdentityBy,
    /// Types created before and deleted after this one, though no reference says so.
    pub created_after: &'static [&'static str],
    /// Types that must be gone before deletion of this one begins, with its
    /// [`Resource::quiesce`](super::Resource::quiesce) step if it has one (aws-semantics.md 9.2).
    pub deleted_after: &'static [&'static str],
    /// Types that must be quiesced before this one is deleted or lets go of anything, where they
    /// are deleted too (aws-semantics.md 9.3).
    pub quiesced_before: &'static [&'static str],
    /// Types whose objects keep this one from going while they stay, in the same network: what both
    /// name, directly or through others, is the same (aws-semantics.md 9.2).
    pub needed_by: &'static [&'static str],
    /// Whether some of ours are found only by what the stack says of them. A destruction then reads
    /// the account as a plan does.
    pub found_by_stack: bool,
    /// Holds data: never replaced without `--allow-data-loss`, and asked for [`Resource::holds`](super::Resource::holds)
    /// before it is deleted.
    pub stateful: bool,
    /// Whether AWS may protect it from deletion by a setting of its own, without data in it that
    /// could be lost: it is asked for [`Resource::holds`](super::Resource::holds) too.
    pub guarded: bool,
    /// Whether an update makes one kind of change and leaves the rest to the next one. It is then
    /// repeated at once for as long as each takes some difference away.
    pub stepwise: bool,
    /// Order of a replacement.
    pub replace: ReplaceOrder,
    /// Whether deletion begins with a [`Resource::quiesce`](super::Resource::quiesce) step of its own.
    pub quiesces: bool,
    /// Whether it is set and never owned: it carries no tags, is found by its name whoever made it,
    /// and is never deleted.
    pub unowned: bool,
    /// Whether AWS may take an update back by itself, so that what differs again after one is a
    /// failure and not to be written again.
    pub falls_back: bool,
    /// Whether a live one that failed is updated rather than replaced: the update is made even where
    /// nothing differs, with nothing in its list of changes, and tries again what failed.
    pub tries_again: bool,
    /// Whether fields that are not late can be emptied in place. One that stays then lets go of what
    /// it names before that is deleted and made anew, and is updated after.
    pub lets_go: bool,
    /// Errors worth trying again.
    pub retry: &'static [Retryable],
    /// How long creation or an update may take to settle.
    pub settle: Duration,
    /// How long deletion may take.
    pub settle_delete: Duration,
}

impl Rules {
    /// Tells whether it is asked what would go with it before it is deleted.
    pub fn is_weighed(&self) -> bool {
        self.stateful || self.guarded
    }

    /// Found by tags, no extra edges, replaced by deleting first, five minutes for everything.
    pub const DEFAULT: Self = Self {
        identity: IdentityBy::Tags,
        created_after: &[],
        deleted_after: &[],
        quiesced_before: &[],
        needed_by: &[],
        found_by_stack: false,
        stateful: false,
        guarded: false,
        stepwise: false,
        replace: ReplaceOrder::DeleteFirst,
        quiesces: false,
        unowned: false,
        falls_back: false,
        tries_again: false,
        lets_go: false,
        retry: &[],
        settle: Duration::from_secs(300),
        settle_delete: Duration::from_secs(300),
    };
}
