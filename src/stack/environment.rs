//! `stacks/environments/<env>.toml`: where an environment lives, and its variables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::diagnostic::{Diagnostics, Source};
use super::document::{Data, Report, Table, parse, unknown_key};

/// One environment file.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Name of the file without `.toml`.
    pub name: String,
    /// The file; `None` for the environment `default` that exists when there are no files.
    pub source: Option<Arc<Source>>,
    /// What it is for.
    pub description: Option<String>,
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
    /// `[variables]`, with a table for each workspace that has its own.
    pub(super) variables: Table,
}

const KEYS: [&str; 6] = ["description", "default", "regions", "profile", "role_arn", "account_ids"];

impl Environment {
    /// Parses an environment file. `region` is the project's.
    pub fn parse(name: &str, source: &Arc<Source>, region: &str) -> Result<Self, Diagnostics> {
        let mut report = Report::new(source);
        let mut environment = Self {
            name: name.to_owned(),
            source: Some(Arc::clone(source)),
            regions: vec![region.to_owned()],
            ..Self::default()
        };
        if let Some(table) = parse(source, &mut report) {
            environment.read(&table, &mut report);
        }
        report.found.sort();
        if report.found.has_errors() { Err(report.found) } else { Ok(environment) }
    }

    fn read(&mut self, table: &Table, report: &mut Report) {
        for (key, entry) in &table.entries {
            let known = ["environment", "variables", "tags"];
            if !known.contains(&key.as_str()) {
                let problem = unknown_key(report, key, &entry.key, &known, "an environment file");
                report.push(problem);
                continue;
            }
            let Some(inner) = entry.node.table(report) else { continue };
            match key.as_str() {
                "environment" => self.read_head(inner, report),
                "variables" => self.variables = inner.clone(),
                _ => self.tags = constant_tags(inner, report),
            }
        }
    }

    fn read_head(&mut self, table: &Table, report: &mut Report) {
        table.only(report, &KEYS, "`[environment]`");
        self.description = table.get("description").and_then(|node| node.string(report));
        self.default = table.get("default").and_then(|node| node.boolean(report)).unwrap_or(false);
        self.profile = table.get("profile").and_then(|node| node.string(report));
        self.role_arn = table.get("role_arn").and_then(|node| node.string(report));
        if let (Some(_), Some(_), Some(node)) =
            (&self.profile, &self.role_arn, table.get("role_arn"))
        {
            let problem = report
                .error(
                    "conflicting_keys",
                    &node.range,
                    "`profile` and `role_arn` exclude each other",
                )
                .hint("a profile of the AWS configuration files may name a role itself");
            report.push(problem);
        }
        if let Some(node) = table.get("regions") {
            let regions = node.strings(report);
            for (region, range) in &regions {
                if !is_region(region) {
                    let problem = report
                        .error("invalid_region", range, format!("`{region}` is no region"))
                        .hint("a region looks like `eu-west-1`");
                    report.push(problem);
                }
            }
            if regions.is_empty() && matches!(node.data, Data::Array(_)) {
                let problem =
                    report.error("invalid_region", &node.range, "at least one region is needed");
                report.push(problem);
            }
            self.regions = regions.into_iter().map(|(region, _)| region).collect();
        }
        if let Some(node) = table.get("account_ids") {
            for (id, range) in node.strings(report) {
                if id.len() != 12 || !id.bytes().all(|b| b.is_ascii_digit()) {
                    let problem =
                        report.error("invalid_account", &range, "an account id has 12 digits");
                    report.push(problem);
                }
                self.account_ids.insert(id);
            }
        }
    }
}

/// Tells whether a text has the form of a region's name.
pub(super) fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_word = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase());
    match parts.as_slice() {
        [words @ .., number] => {
            words.len() >= 2
                && words.iter().all(is_word)
                && !number.is_empty()
                && number.chars().all(|c| c.is_ascii_digit())
        }
        [] => false,
    }
}

/// Reads tags without expressions.
pub(super) fn constant_tags(table: &Table, report: &mut Report) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    for (key, entry) in &table.entries {
        check_tag_key(key, &entry.key, report);
        if let Some(value) = entry.node.string(report) {
            tags.insert(key.clone(), value);
        }
    }
    tags
}

/// Reports a tag's key that only we or AWS may write.
pub(super) fn check_tag_key(key: &str, range: &std::ops::Range<usize>, report: &mut Report) {
    let lower = key.to_lowercase();
    if let Some(prefix) = ["infra:", "aws:"].into_iter().find(|p| lower.starts_with(p)) {
        let whose = if prefix == "aws:" { "AWS" } else { "`infra`" };
        let message = format!("tags that begin with `{prefix}` belong to {whose}");
        let problem = report.error("reserved_tag", range, message);
        report.push(problem);
    }
}
