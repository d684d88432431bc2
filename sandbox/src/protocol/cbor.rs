//! The part of CBOR (RFC 8949) that RPC v2 needs, read strictly and written in its shortest form.
//!
//! Text, byte strings, arrays and maps may come in definite or indefinite length. The keys of maps
//! are text, each once. Simple values other than booleans, null and undefined are refused, as are
//! bytes after the item.

use thiserror::Error;

/// How deep items may lie in each other.
const DEPTH: usize = 64;

/// One data item.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    /// A whole number; CBOR's reach from -2^64 to 2^64-1.
    Integer(i128),
    Float(f64),
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Item>),
    Map(Vec<(String, Item)>),
    /// An item with a tag, which says what it means.
    Tagged(u64, Box<Item>),
    Boolean(bool),
    /// Null, or undefined.
    Null,
}

/// Why bytes are not the CBOR that is meant.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("malformed CBOR at byte {at}: {what}")]
pub(super) struct Malformed {
    at: usize,
    what: &'static str,
}

/// Reads the one item that the bytes are.
pub(super) fn read(bytes: &[u8]) -> Result<Item, Malformed> {
    let mut reader = Reader { bytes, at: 0 };
    let item = reader.item(DEPTH)?;
    if reader.at == bytes.len() { Ok(item) } else { Err(reader.malformed("bytes after the item")) }
}

/// Writes an item.
pub(super) fn write(item: &Item, out: &mut Vec<u8>) {
    match item {
        Item::Integer(number) if *number < 0 => {
            head(1, u64::try_from(-1 - number).unwrap_or(u64::MAX), out);
        }
        Item::Integer(number) => head(0, u64::try_from(*number).unwrap_or(u64::MAX), out),
        Item::Float(number) => {
            out.push(0xfb);
            out.extend(number.to_be_bytes());
        }
        Item::Bytes(bytes) => {
            head(2, bytes.len() as u64, out);
            out.extend(bytes);
        }
        Item::Text(text) => {
            head(3, text.len() as u64, out);
            out.extend(text.as_bytes());
        }
        Item::Array(items) => {
            head(4, items.len() as u64, out);
            items.iter().for_each(|item| write(item, out));
        }
        Item::Map(entries) => {
            head(5, entries.len() as u64, out);
            for (key, value) in entries {
                head(3, key.len() as u64, out);
                out.extend(key.as_bytes());
                write(value, out);
            }
        }
        Item::Tagged(tag, item) => {
            head(6, *tag, out);
            write(item, out);
        }
        Item::Boolean(value) => out.push(if *value { 0xf5 } else { 0xf4 }),
        Item::Null => out.push(0xf6),
    }
}

/// Writes a major type with its argument, in the shortest form.
fn head(major: u8, argument: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    match argument {
        0..=23 => out.push(major + argument as u8),
        24..=0xff => out.extend([major + 24, argument as u8]),
        0x100..=0xffff => {
            out.push(major + 25);
            out.extend((argument as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major + 26);
            out.extend((argument as u32).to_be_bytes());
        }
        _ => {
            out.push(major + 27);
            out.extend(argument.to_be_bytes());
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn malformed(&self, what: &'static str) -> Malformed {
        Malformed { at: self.at, what }
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        let byte = *self.bytes.get(self.at).ok_or_else(|| self.malformed("it ends too early"))?;
        self.at += 1;
        Ok(byte)
    }

    fn take(&mut self, length: u64) -> Result<&[u8], Malformed> {
        let end = usize::try_from(length).ok().and_then(|length| self.at.checked_add(length));
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or_else(|| self.malformed("it ends too early"))?;
        self.at += taken.len();
        Ok(taken)
    }

    /// Reads an argument of so many bytes.
    fn number(&mut self, length: u64) -> Result<u64, Malformed> {
        Ok(self.take(length)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// Reads the argument that five bits announce; none for an indefinite length.
    fn argument(&mut self, bits: u8) -> Result<Option<u64>, Malformed> {
        match bits {
            0..=23 => Ok(Some(u64::from(bits))),
            24 => self.number(1).map(Some),
            25 => self.number(2).map(Some),
            26 => self.number(4).map(Some),
            27 => self.number(8).map(Some),
            31 => Ok(None),
            _ => Err(self.malformed("a reserved length")),
        }
    }

    fn item(&mut self, depth: usize) -> Result<Item, Malformed> {
        let deeper = depth.checked_sub(1).ok_or_else(|| self.malformed("it is too deep"))?;
        let (major, bits) = self.initial()?;
        if major == 7 {
            return self.simple(bits);
        }
        let argument = self.argument(bits)?;
        let definite = argument.ok_or_else(|| self.malformed("an indefinite number"));
        match major {
            0 => Ok(Item::Integer(i128::from(definite?))),
            1 => Ok(Item::Integer(-1 - i128::from(definite?))),
            2 => Ok(Item::Bytes(self.string(2, argument)?)),
            3 => Ok(Item::Text(self.text(argument)?)),
            4 => {
                let mut items = Vec::new();
                while self.goes_on(argument, items.len())? {
                    items.push(self.item(deeper)?);
                }
                Ok(Item::Array(items))
            }
            5 => {
                let mut entries: Vec<(String, Item)> = Vec::new();
                while self.goes_on(argument, entries.len())? {
                    let (major, bits) = self.initial()?;
                    if major != 3 {
                        return Err(self.malformed("a key that is not text"));
                    }
                    let length = self.argument(bits)?;
                    let key = self.text(length)?;
                    if entries.iter().any(|(known, _)| *known == key) {
                        return Err(self.malformed("a key given twice"));
                    }
                    let value = self.item(deeper)?;
                    entries.push((key, value));
                }
                Ok(Item::Map(entries))
            }
            _ => Ok(Item::Tagged(definite?, Box::new(self.item(deeper)?))),
        }
    }

    /// Reads the first byte of an item: its major type and five bits more.
    fn initial(&mut self) -> Result<(u8, u8), Malformed> {
        let byte = self.byte()?;
        Ok((byte >> 5, byte & 0x1f))
    }

    /// Returns whether another element follows; takes the break that ends an indefinite length.
    fn goes_on(&mut self, length: Option<u64>, so_far: usize) -> Result<bool, Malformed> {
        match length {
            Some(length) => Ok((so_far as u64) < length),
            None if self.bytes.get(self.at) == Some(&0xff) => {
                self.at += 1;
                Ok(false)
            }
            None => Ok(true),
        }
    }

    fn text(&mut self, length: Option<u64>) -> Result<String, Malformed> {
        let bytes = self.string(3, length)?;
        String::from_utf8(bytes).map_err(|_| self.malformed("text that is not UTF-8"))
    }

    /// Reads the bytes of a string, which in indefinite length come in definite chunks of its kind.
    fn string(&mut self, major: u8, length: Option<u64>) -> Result<Vec<u8>, Malformed> {
        if let Some(length) = length {
            return Ok(self.take(length)?.to_vec());
        }
        let mut bytes = Vec::new();
        while self.goes_on(None, 0)? {
            let (chunk, bits) = self.initial()?;
            let length = self.argument(bits)?.filter(|_| chunk == major);
            let length = length.ok_or_else(|| self.malformed("a chunk of another kind"))?;
            let taken = self.take(length)?;
            // Each chunk of text is text by itself (RFC 8949, 3.2.3).
            if major == 3 && std::str::from_utf8(taken).is_err() {
                return Err(self.malformed("text that is not UTF-8"));
            }
            bytes.extend(taken);
        }
        Ok(bytes)
    }

    fn simple(&mut self, bits: u8) -> Result<Item, Malformed> {
        match bits {
            20 => Ok(Item::Boolean(false)),
            21 => Ok(Item::Boolean(true)),
            22 | 23 => Ok(Item::Null),
            25 => Ok(Item::Float(half(self.number(2)? as u16))),
            26 => Ok(Item::Float(f64::from(f32::from_bits(self.number(4)? as u32)))),
            27 => Ok(Item::Float(f64::from_bits(self.number(8)?))),
            31 => Err(self.malformed("a break without a beginning")),
            _ => Err(self.malformed("a simple value without a meaning here")),
        }
    }
}

/// Widens a half-precision float (RFC 8949, appendix D).
fn half(bits: u16) -> f64 {
    let mantissa = f64::from(bits & 0x3ff);
    let exponent = i32::from(bits >> 10 & 0x1f);
    let size = match exponent {
        0 => mantissa * 2f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (mantissa + 1024.0) * 2f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { size } else { -size }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    }

    fn hex(item: &Item) -> String {
        let mut out = Vec::new();
        write(item, &mut out);
        out.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn text(text: &str) -> Item {
        Item::Text(text.to_owned())
    }

    fn numbers(range: std::ops::RangeInclusive<i128>) -> Vec<Item> {
        range.map(Item::Integer).collect()
    }

    fn map(entries: Vec<(&str, Item)>) -> Item {
        Item::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    fn nested() -> Item {
        let inner = |range| Item::Array(numbers(range));
        Item::Array(vec![Item::Integer(1), inner(2..=3), inner(4..=5)])
    }

    /// RFC 8949, appendix A: what is written as it is read.
    #[test]
    fn the_examples_of_the_rfc_are_read_and_written() {
        let tagged = |tag, item| Item::Tagged(tag, Box::new(item));
        let examples = [
            ("00", Item::Integer(0)),
            ("01", Item::Integer(1)),
            ("0a", Item::Integer(10)),
            ("17", Item::Integer(23)),
            ("1818", Item::Integer(24)),
            ("1819", Item::Integer(25)),
            ("1864", Item::Integer(100)),
            ("1903e8", Item::Integer(1000)),
            ("1a000f4240", Item::Integer(1_000_000)),
            ("1b000000e8d4a51000", Item::Integer(1_000_000_000_000)),
            ("1bffffffffffffffff", Item::Integer(18_446_744_073_709_551_615)),
            ("3bffffffffffffffff", Item::Integer(-18_446_744_073_709_551_616)),
            ("20", Item::Integer(-1)),
            ("29", Item::Integer(-10)),
            ("3863", Item::Integer(-100)),
            ("3903e7", Item::Integer(-1000)),
            ("fb3ff199999999999a", Item::Float(1.1)),
            ("fb7e37e43c8800759c", Item::Float(1.0e300)),
            ("fbc010666666666666", Item::Float(-4.1)),
            ("f4", Item::Boolean(false)),
            ("f5", Item::Boolean(true)),
            ("f6", Item::Null),
            (
                "c074323031332d30332d32315432303a30343a30305a",
                tagged(0, text("2013-03-21T20:04:00Z")),
            ),
            ("c11a514b67b0", tagged(1, Item::Integer(1_363_896_240))),
            ("c1fb41d452d9ec200000", tagged(1, Item::Float(1_363_896_240.5))),
            ("d818456449455446", tagged(24, Item::Bytes(b"dIETF".to_vec()))),
            ("40", Item::Bytes(vec![])),
            ("4401020304", Item::Bytes(vec![1, 2, 3, 4])),
            ("60", text("")),
            ("6449455446", text("IETF")),
            ("62225c", text("\"\\")),
            ("62c3bc", text("ü")),
            ("64f0908591", text("𐅑")),
            ("80", Item::Array(vec![])),
            ("83010203", Item::Array(numbers(1..=3))),
            ("8301820203820405", nested()),
            (
                "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
                Item::Array(numbers(1..=25)),
            ),
            ("a0", map(vec![])),
            (
                "a26161016162820203",
                map(vec![("a", Item::Integer(1)), ("b", Item::Array(numbers(2..=3)))]),
            ),
            ("826161a161626163", Item::Array(vec![text("a"), map(vec![("b", text("c"))])])),
        ];
        for (encoded, item) in examples {
            assert_eq!(read(&bytes(encoded)).as_ref(), Ok(&item), "{encoded}");
            assert_eq!(hex(&item), encoded, "{item:?}");
        }
    }

    /// RFC 8949, appendix A: longer forms, and smaller floats.
    #[test]
    fn other_forms_of_the_same_are_read() {
        let examples = [
            ("f90000", Item::Float(0.0)),
            ("f98000", Item::Float(-0.0)),
            ("f93c00", Item::Float(1.0)),
            ("f93e00", Item::Float(1.5)),
            ("f97bff", Item::Float(65504.0)),
            ("f90001", Item::Float(5.960_464_477_539_063e-8)),
            ("f90400", Item::Float(0.000_061_035_156_25)),
            ("f9c400", Item::Float(-4.0)),
            ("fa47c35000", Item::Float(100_000.0)),
            ("fa7f7fffff", Item::Float(3.402_823_466_385_288_6e38)),
            ("f97c00", Item::Float(f64::INFINITY)),
            ("f9fc00", Item::Float(f64::NEG_INFINITY)),
            ("f7", Item::Null),
            ("1800", Item::Integer(0)),
            ("5f42010243030405ff", Item::Bytes(vec![1, 2, 3, 4, 5])),
            ("7f657374726561646d696e67ff", text("streaming")),
            ("9fff", Item::Array(vec![])),
            ("9f018202039f0405ffff", nested()),
            ("83018202039f0405ff", nested()),
            (
                "bf61610161629f0203ffff",
                map(vec![("a", Item::Integer(1)), ("b", Item::Array(numbers(2..=3)))]),
            ),
            (
                "bf6346756ef563416d7421ff",
                map(vec![("Fun", Item::Boolean(true)), ("Amt", Item::Integer(-2))]),
            ),
        ];
        for (encoded, item) in examples {
            assert_eq!(read(&bytes(encoded)), Ok(item), "{encoded}");
        }
        assert!(matches!(read(&bytes("f97e00")), Ok(Item::Float(number)) if number.is_nan()));
    }

    #[test]
    fn what_is_malformed_is_refused() {
        let cases = [
            ("", "it ends too early"),
            ("18", "it ends too early"),
            ("6161616161", "bytes after the item"),
            ("62c3", "it ends too early"),
            ("9bffffffffffffffff01", "it ends too early"),
            ("5bffffffffffffffff01", "it ends too early"),
            ("62c328", "text that is not UTF-8"),
            ("7f61c361bcff", "text that is not UTF-8"),
            ("7f4101ff", "a chunk of another kind"),
            ("7f7f6161ffff", "a chunk of another kind"),
            ("1c", "a reserved length"),
            ("1f", "an indefinite number"),
            ("ff", "a break without a beginning"),
            ("8101ff", "bytes after the item"),
            ("a10102", "a key that is not text"),
            ("a2616101616102", "a key given twice"),
            ("f0", "a simple value without a meaning here"),
        ];
        for (encoded, what) in cases {
            assert_eq!(read(&bytes(encoded)).map_err(|error| error.what), Err(what), "{encoded}");
        }
        let deep = [vec![0x81; 100], vec![0x01]].concat();
        assert_eq!(read(&deep).map_err(|error| error.what), Err("it is too deep"));
    }
}
