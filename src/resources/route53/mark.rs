//! How a record says whose it is: AWS cannot tag it, so a TXT record beside it carries the tags,
//! one character-string each. It has a name of its own, because a CNAME record tolerates no other.

use super::name::DnsName;
use crate::aws::{Error, Result, Tags};
use sha2::{Digest, Sha256};

/// What the names of these TXT records begin with.
const PREFIX: &str = "_infra-";
/// The longest value of a record (RData of the API's model).
const LONGEST: usize = 4000;
/// The longest character-string of a TXT record.
const STRING: usize = 255;

/// Tells whether a name is that of such a TXT record.
pub(crate) fn is_mark(name: &DnsName) -> bool {
    name.as_str().starts_with(PREFIX)
}

/// Names the TXT record beside a record.
pub(crate) fn name_of(name: &DnsName, kind: &str, set: Option<&str>) -> DnsName {
    let kind = kind.to_ascii_lowercase();
    let set = set.map(|set| {
        let digest = Sha256::digest(set);
        format!("-{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3])
    });
    DnsName::new(&format!("{PREFIX}{kind}{}.{name}", set.unwrap_or_default()))
}

/// Writes tags as the value of a TXT record.
pub(crate) fn value_of(tags: &Tags) -> Result<String> {
    let strings: Vec<String> = tags
        .iter()
        .map(|(key, value)| {
            let pair = format!("{key}={value}");
            let mut text = String::from("\"");
            for byte in pair.bytes() {
                match byte {
                    b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
                    b' '..=b'~' => text.push(char::from(byte)),
                    // As DNS writes other bytes (developer guide, TXT record type).
                    _ => text.push_str(&format!("\\{byte:03o}")),
                }
            }
            text.push('"');
            text
        })
        .collect();
    let value = strings.join(" ");
    if value.len() > LONGEST || strings.iter().any(|text| text.len() > STRING + 2) {
        let message = "the tags do not fit into a TXT record: use fewer or shorter ones";
        return Err(Error::local("ChangeResourceRecordSets", message));
    }
    Ok(value)
}

/// Reads tags from the value of a TXT record.
pub(crate) fn tags_of(value: &str) -> Tags {
    let mut tags = Tags::new();
    for text in strings(value) {
        if let Some((key, value)) = text.split_once('=') {
            tags.insert(key.to_owned(), value.to_owned());
        }
    }
    tags
}

/// Takes the character-strings of a value apart.
fn strings(value: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut current: Option<Vec<u8>> = None;
    let mut bytes = value.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match (&mut current, byte) {
            (None, b'"') => current = Some(Vec::new()),
            (None, _) => {}
            (Some(_), b'"') => {
                let text = current.take().unwrap_or_default();
                all.push(String::from_utf8_lossy(&text).into_owned());
            }
            (Some(text), b'\\') => {
                let mut code = 0_u32;
                let mut digits = 0;
                while digits < 3 && bytes.peek().is_some_and(|b| (b'0'..=b'7').contains(b)) {
                    code = code * 8 + u32::from(bytes.next().unwrap_or(b'0') - b'0');
                    digits += 1;
                }
                match digits {
                    0 => text.extend(bytes.next()),
                    _ => text.push(u8::try_from(code).unwrap_or(b'?')),
                }
            }
            (Some(text), byte) => text.push(byte),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_come_back_from_their_record() {
        let tags: Tags = [
            ("infra:resource".to_owned(), "route53_record.www/a".to_owned()),
            ("note".to_owned(), "a \"b\" \\ c = ü".to_owned()),
            ("empty".to_owned(), String::new()),
        ]
        .into();
        let value = value_of(&tags).unwrap();
        assert!(value.is_ascii() && value.starts_with("\"empty=\" \"infra:resource="), "{value}");
        assert_eq!(tags_of(&value), tags);
        assert_eq!(tags_of("\"v=spf1\" x"), [("v".to_owned(), "spf1".to_owned())].into());
    }

    #[test]
    fn each_record_has_a_mark_of_its_own() {
        let name = DnsName::new("*.example.com");
        let one = name_of(&name, "CNAME", None);
        assert_eq!(one.as_str(), "_infra-cname.*.example.com");
        assert!(is_mark(&one) && !is_mark(&name));
        assert_ne!(name_of(&name, "A", Some("x")), name_of(&name, "A", Some("y")));
    }
}
