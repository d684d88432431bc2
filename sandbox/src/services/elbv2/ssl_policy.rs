//! Security policies of HTTPS and TLS listeners.

use serde_json::{Value, json};

use super::{Answer, Call, Input, Members, paged, rules};
use crate::rules::Refusal;
use crate::state::Account;

/// The policy of a listener that names none (CreateListener API reference).
pub(super) const DEFAULT: &str = "ELBSecurityPolicy-2016-08";

/// The policies and the TLS versions each allows (Security policies for your Application Load
/// Balancer, user guide).
const POLICIES: &[(&str, &[&str])] = &[
    (DEFAULT, &["TLSv1", "TLSv1.1", "TLSv1.2"]),
    ("ELBSecurityPolicy-TLS-1-0-2015-04", &["TLSv1", "TLSv1.1", "TLSv1.2"]),
    ("ELBSecurityPolicy-TLS-1-1-2017-01", &["TLSv1.1", "TLSv1.2"]),
    ("ELBSecurityPolicy-TLS-1-2-2017-01", &["TLSv1.2"]),
    ("ELBSecurityPolicy-TLS-1-2-Ext-2018-06", &["TLSv1.2"]),
    ("ELBSecurityPolicy-FS-2018-06", &["TLSv1", "TLSv1.1", "TLSv1.2"]),
    ("ELBSecurityPolicy-FS-1-1-2019-08", &["TLSv1.1", "TLSv1.2"]),
    ("ELBSecurityPolicy-FS-1-2-2019-08", &["TLSv1.2"]),
    ("ELBSecurityPolicy-FS-1-2-Res-2019-08", &["TLSv1.2"]),
    ("ELBSecurityPolicy-FS-1-2-Res-2020-10", &["TLSv1.2"]),
    ("ELBSecurityPolicy-TLS13-1-0-2021-06", &["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]),
    ("ELBSecurityPolicy-TLS13-1-1-2021-06", &["TLSv1.1", "TLSv1.2", "TLSv1.3"]),
    ("ELBSecurityPolicy-TLS13-1-2-2021-06", &["TLSv1.2", "TLSv1.3"]),
    ("ELBSecurityPolicy-TLS13-1-2-Res-2021-06", &["TLSv1.2", "TLSv1.3"]),
    ("ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06", &["TLSv1.2", "TLSv1.3"]),
    ("ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06", &["TLSv1.2", "TLSv1.3"]),
    ("ELBSecurityPolicy-TLS13-1-3-2021-06", &["TLSv1.3"]),
    ("ELBSecurityPolicy-TLS13-1-2-PQ-2025-09", &["TLSv1.2", "TLSv1.3"]),
    ("ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", &["TLSv1.2", "TLSv1.3"]),
    ("ELBSecurityPolicy-TLS13-1-3-PQ-2025-09", &["TLSv1.3"]),
];

/// Refuses a policy that AWS does not have.
pub(super) fn check(name: &str) -> Result<(), Refusal> {
    if POLICIES.iter().any(|(known, _)| *known == name) {
        Ok(())
    } else {
        Err(rules::SSL_POLICY_NOT_FOUND.refuse(&[name]))
    }
}

/// DescribeSSLPolicies, without the ciphers.
pub(super) fn describe(_: &Account, _: &Call, input: &Input) -> Answer {
    let names = input.texts("Names");
    for name in &names {
        check(name)?;
    }
    let kinds = ["application", "network"];
    let fits = input.text("LoadBalancerType").is_none_or(|kind| kinds.contains(&kind));
    let wanted = POLICIES.iter().filter(|(name, _)| names.is_empty() || names.contains(name));
    let items: Vec<(String, Value)> = wanted
        .filter(|_| fits)
        .map(|(name, protocols)| {
            let shown = json!({
                "Name": name,
                "SslProtocols": protocols,
                "SupportedLoadBalancerTypes": kinds,
            });
            ((*name).to_owned(), shown)
        })
        .collect();
    paged(input, "SslPolicies", items)
}
