//! The one serialisable value the sandbox keeps, and the services' view of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Slow;
use super::clock::Time;
use super::ids;
pub(crate) use super::services::{Global, Region};

/// Everything one sandbox account holds, over all regions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Account {
    /// The account's 12 digits.
    pub(crate) id: String,
    /// Sandbox time when this was stored; the next process goes on from there.
    pub(crate) time: Time,
    /// Counts ids handed out.
    pub(crate) next_id: u64,
    /// What belongs to a region, by region name. A region appears when it is first written to.
    pub(crate) regions: BTreeMap<String, Region>,
    /// What belongs to the whole account.
    pub(crate) global: Global,
    /// How this sandbox runs; not part of what is kept.
    #[serde(skip)]
    pub(crate) way: Way,
}

/// How a sandbox runs, for what happens in it without a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Way {
    /// Whether states take as long as AWS's.
    pub(crate) slow: Slow,
    /// Patterns of images that can be pulled though no repository here holds them.
    #[allow(dead_code, reason = "for the tasks of ECS, which are to come")]
    pub(crate) images: Arc<[String]>,
}

impl Way {
    /// Returns when a state that begins at `time` and lasts `span` on AWS ends here: at once,
    /// without slow states.
    pub(crate) fn after(&self, time: Time, span: Duration) -> Time {
        match self.slow {
            Slow::None => time,
            Slow::Aws => time + span,
        }
    }
}

impl Account {
    /// Makes an empty account.
    pub(crate) fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }

    /// Returns the state of a region for writing.
    pub(crate) fn region_mut(&mut self, region: &str) -> &mut Region {
        self.regions.entry(region.to_owned()).or_default()
    }

    /// Returns the state of a region, if anything was ever written there.
    pub(crate) fn region(&self, region: &str) -> Option<&Region> {
        self.regions.get(region)
    }

    /// Returns the next id of a kind, such as `vpc-0` and 16 hexadecimal digits for `vpc`.
    ///
    /// The same calls give the same ids, so recorded output stays stable.
    pub(crate) fn new_id(&mut self, prefix: &str) -> String {
        format!("{prefix}-0{}", &self.new_digits()[..16])
    }

    /// Returns the next id of IAM's form, such as `AROA` and 17 capitals or digits.
    pub(crate) fn new_unique_id(&mut self, prefix: &str) -> String {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let digits = self.new_digits();
        let rest = digits.bytes().take(34).collect::<Vec<_>>();
        let rest = rest.chunks(2).map(|pair| {
            let sum = usize::from(pair[0]) * 16 + usize::from(pair[1]);
            char::from(ALPHABET[sum % ALPHABET.len()])
        });
        prefix.chars().chain(rest).collect()
    }

    /// Returns 64 hexadecimal digits that no earlier call gave.
    pub(crate) fn new_digits(&mut self) -> String {
        self.next_id += 1;
        ids::digits(self.next_id.to_be_bytes())
    }

    /// Returns a UUID that no earlier call gave.
    pub(crate) fn new_uuid(&mut self) -> String {
        ids::uuid(&self.new_digits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable_and_never_repeat() {
        let mut account = Account::new("123456789012");
        let first = account.new_id("vpc");
        assert_eq!(first.len(), "vpc-".len() + 17);
        assert_ne!(first, account.new_id("vpc"));
        assert_eq!(first, Account::new("123456789012").new_id("vpc"));
        assert_eq!(account.new_unique_id("AROA").len(), 21);
    }
}
