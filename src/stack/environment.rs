//! `stacks/environments/<env>.toml`: where an environment lives, and its variables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::diagnostic::Source;

/// One environment file.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Name of the file without `.toml`.
    pub name: String,
    /// The file; `None` for the environment `default` that exists when there are no files.
    pub source: Option<Arc<Source>>,
    /// Chosen when `-e` is not given.
    pub default: bool,
    /// Regions it lives in; never empty: the project's region when the file names none.
    pub regions: Vec<String>,
    /// Named profile of the AWS configuration files.
    pub profile: Option<String>,
    /// Role to assume.
    pub role_arn: Option<String>,
    /// The only accounts it may touch; empty: any.
    pub account_ids: BTreeSet<String>,
    /// Tags of everything in it.
    pub tags: BTreeMap<String, String>,
}
