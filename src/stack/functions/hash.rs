//! Digests.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest;

use super::{Args, Function, FunctionError, Kind, Outcome, param};
use crate::stack::value::Value;

const TEXT: &[super::Param] = &[param("string", Kind::Text)];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("base64sha256", TEXT, |args| Ok(base64_digest::<sha2::Sha256>(args.text(0)))),
    Function::new("base64sha512", TEXT, |args| Ok(base64_digest::<sha2::Sha512>(args.text(0)))),
    Function::new("md5", TEXT, |args| Ok(digest::<md5::Md5>(args.text(0)))),
    Function::new("sha1", TEXT, |args| Ok(digest::<sha1::Sha1>(args.text(0)))),
    Function::new("sha256", TEXT, |args| Ok(digest::<sha2::Sha256>(args.text(0)))),
    Function::new("sha512", TEXT, |args| Ok(digest::<sha2::Sha512>(args.text(0)))),
    Function::new("uuidv5", &[param("namespace", Kind::Text), param("name", Kind::Text)], uuidv5),
];

/// The digest in hexadecimal.
pub(super) fn digest<D: Digest>(bytes: impl AsRef<[u8]>) -> Value {
    hex(&D::digest(bytes)).into()
}

/// The digest in base64.
pub(super) fn base64_digest<D: Digest>(bytes: impl AsRef<[u8]>) -> Value {
    STANDARD.encode(D::digest(bytes)).into()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A UUID of version 5 (RFC 9562): SHA-1 of the namespace and the name.
fn uuidv5(args: &Args<'_>) -> Outcome {
    let namespace: u128 = match args.text(0) {
        "dns" => 0x6ba7_b810_9dad_11d1_80b4_00c0_4fd4_30c8,
        "url" => 0x6ba7_b811_9dad_11d1_80b4_00c0_4fd4_30c8,
        "oid" => 0x6ba7_b812_9dad_11d1_80b4_00c0_4fd4_30c8,
        "x500" => 0x6ba7_b814_9dad_11d1_80b4_00c0_4fd4_30c8,
        other => parse_uuid(other).ok_or_else(|| {
            FunctionError::at(0, "the namespace is `dns`, `url`, `oid`, `x500` or a UUID")
        })?,
    };
    let mut hasher = sha1::Sha1::new();
    hasher.update(namespace.to_be_bytes());
    hasher.update(args.text(1));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x50;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex(&bytes);
    let parts = [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]];
    Ok(parts.join("-").into())
}

fn parse_uuid(text: &str) -> Option<u128> {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    if lengths != [8, 4, 4, 4, 12] || text.contains('+') {
        return None;
    }
    u128::from_str_radix(&text.replace('-', ""), 16).ok()
}
