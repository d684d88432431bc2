//! Names of our choice: given whole, or by their start.

use crate::engine::resource::{Creation, FieldProblem};
use sha2::{Digest, Sha256};

/// Checks that a name is given whole or by its start, not both.
pub(crate) fn validate(name: Option<&str>, prefix: Option<&str>) -> Vec<FieldProblem> {
    let message = match (name, prefix) {
        (Some(_), Some(_)) => "give `name` or `name_prefix`, not both",
        (None, None) => "give a `name`, or a `name_prefix` to have the rest made",
        _ => return Vec::new(),
    };
    vec![FieldProblem { path: "name".into(), message: message.into() }]
}

/// Checks a path of IAM.
pub(crate) fn validate_path(path: Option<&str>) -> Option<FieldProblem> {
    let wrong = path.is_some_and(|p| !p.starts_with('/') || !p.ends_with('/'));
    let message = "a path begins and ends with `/`";
    wrong.then(|| FieldProblem { path: "path".into(), message: message.into() })
}

/// Returns the whole name: the one given, or the start given and a digest of the fields that cannot
/// change and of the creation's token. A repeated try makes the same name, a replacement another.
pub(crate) fn name(
    name: Option<&str>,
    prefix: Option<&str>,
    immutable: &[&str],
    with: Creation<'_>,
) -> String {
    if let Some(name) = name {
        return name.to_owned();
    }
    let mut digest = Sha256::new();
    for text in immutable.iter().chain(&[with.token]) {
        digest.update(text.len().to_be_bytes());
        digest.update(text);
    }
    let digest = digest.finalize();
    let hex: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
    format!("{}{hex}", prefix.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_name_is_stable_for_one_creation_only() {
        let tags = crate::aws::Tags::new();
        let made =
            |token, field| name(None, Some("web-"), &[field], Creation { tags: &tags, token });
        assert_eq!(made("t", "a"), made("t", "a"));
        assert_ne!(made("t", "a"), made("t", "b"));
        assert_ne!(made("t", "a"), made("u", "a"));
        assert!(made("t", "a").starts_with("web-"));
    }
}
