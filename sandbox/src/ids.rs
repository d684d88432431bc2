//! Ids in the forms AWS gives them.

use sha2::{Digest, Sha256};

/// Returns 64 hexadecimal digits, always the same for the same text.
pub(crate) fn digits(text: impl AsRef<[u8]>) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes the first 32 of hexadecimal digits in the form of a UUID.
pub(crate) fn uuid(digits: &str) -> String {
    [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &digits[range]).join("-")
}

#[cfg(test)]
mod tests {
    use super::{digits, uuid};

    #[test]
    fn the_same_text_gives_the_same_id() {
        let id = uuid(&digits("one"));
        assert_eq!((uuid(&digits("one")), id.len()), (id.clone(), 36));
        let places: Vec<usize> = id.match_indices('-').map(|(at, _)| at).collect();
        assert_eq!(places, [8, 13, 18, 23]);
        assert_ne!(uuid(&digits("other")), id);
    }
}
