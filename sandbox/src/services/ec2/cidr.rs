//! Blocks of addresses.

use ipnet::{Ipv4Net, Ipv6Net};

use super::rules;
use crate::rules::{Refusal, Rule};

/// Reads an IPv4 block; host bits are dropped, as AWS does (CreateVpc: `100.68.0.18/18` becomes
/// `100.68.0.0/18`).
pub(crate) fn v4(text: &str) -> Option<Ipv4Net> {
    text.parse::<Ipv4Net>().ok().map(|block| block.trunc())
}

/// Reads an IPv6 block; host bits are dropped.
pub(crate) fn v6(text: &str) -> Option<Ipv6Net> {
    text.parse::<Ipv6Net>().ok().map(|block| block.trunc())
}

/// Reads the IPv4 block of a VPC or subnet: a size from /16 to /28, else `range` refuses.
pub(super) fn sized_v4(text: &str, range: &'static Rule) -> Result<Ipv4Net, Refusal> {
    let block = v4(text).ok_or_else(|| rules::NOT_A_CIDR.refuse(&[text, "cidrBlock"]))?;
    if (16..=28).contains(&block.prefix_len()) { Ok(block) } else { Err(range.refuse(&[text])) }
}

/// Tells whether two IPv4 blocks share an address.
pub(crate) fn overlap_v4(one: Ipv4Net, other: Ipv4Net) -> bool {
    one.contains(&other) || other.contains(&one)
}

/// Tells whether two IPv6 blocks share an address.
pub(crate) fn overlap_v6(one: &Ipv6Net, other: &Ipv6Net) -> bool {
    one.contains(other) || other.contains(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read_in_their_canonical_form() {
        assert_eq!(
            v4("100.68.0.18/18").map(|block| block.to_string()),
            Some("100.68.0.0/18".into())
        );
        assert_eq!(
            v6("2001:DB8:0:0:0:0:0:1/32").map(|block| block.to_string()),
            Some("2001:db8::/32".into())
        );
        assert_eq!(v4("10.0.0.0"), None);
        assert_eq!(v4("10.0.0.0/33"), None);
    }

    #[test]
    fn blocks_overlap_when_one_holds_the_other() {
        let [wide, inside, beside] =
            ["10.0.0.0/16", "10.0.3.0/24", "10.1.0.0/16"].map(|text| v4(text).unwrap());
        assert!(overlap_v4(wide, inside) && overlap_v4(inside, wide));
        assert!(!overlap_v4(wide, beside));
    }
}
