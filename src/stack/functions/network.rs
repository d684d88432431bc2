//! IP networks. Results are canonical: host bits zero, IPv6 as RFC 5952 writes it.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Args, Function, FunctionError, Kind, Outcome, param};
use crate::stack::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "cidrhost",
        &[param("prefix", Kind::Text), param("hostnum", Kind::Integer)],
        cidrhost,
    ),
    Function::new("cidrnetmask", &[param("prefix", Kind::Text)], cidrnetmask),
    Function::new(
        "cidrsubnet",
        &[
            param("prefix", Kind::Text),
            param("newbits", Kind::Integer),
            param("netnum", Kind::Integer),
        ],
        cidrsubnet,
    ),
    Function::new("cidrsubnets", &[param("prefix", Kind::Text)], cidrsubnets)
        .variadic("newbits", Kind::Integer),
];

/// A network: its first address as an integer, its prefix length, and the bits of its family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    base: u128,
    length: u32,
    width: u32,
}

impl Network {
    fn parse(text: &str) -> Result<Self, FunctionError> {
        let bad = |why: &str| {
            FunctionError::at(0, format!("{text:?} is no network such as \"10.0.0.0/16\": {why}"))
        };
        let (address, length) = text.split_once('/').ok_or_else(|| bad("there is no `/`"))?;
        let digits = length.bytes().all(|b| b.is_ascii_digit());
        let length: u32 =
            length.parse().ok().filter(|_| digits).ok_or_else(|| bad("no prefix length"))?;
        let (base, width) = if let Ok(v4) = address.parse::<Ipv4Addr>() {
            (u128::from(u32::from(v4)), 32)
        } else if let Ok(v6) = address.parse::<Ipv6Addr>() {
            (u128::from(v6), 128)
        } else {
            return Err(bad("the address is wrong"));
        };
        if length > width {
            return Err(bad("the prefix is too long"));
        }
        let network = Self { base, length, width };
        Ok(Self { base: base & !network.host_mask(), ..network })
    }

    /// The bits that differ inside the network.
    fn host_mask(self) -> u128 {
        mask(self.width - self.length)
    }

    fn address(self, address: u128) -> String {
        if self.width == 32 {
            Ipv4Addr::from(address as u32).to_string()
        } else {
            Ipv6Addr::from(address).to_string()
        }
    }

    fn text(self) -> String {
        format!("{}/{}", self.address(self.base), self.length)
    }

    fn extended(self, newbits: i64, argument: usize) -> Result<u32, FunctionError> {
        let newbits = u32::try_from(newbits)
            .map_err(|_| FunctionError::at(argument, "the number of new bits is 0 or more"))?;
        Some(self.length.saturating_add(newbits)).filter(|l| *l <= self.width).ok_or_else(|| {
            FunctionError::at(
                argument,
                format!(
                    "a prefix of {} bits cannot be extended by {newbits}: there are {} bits",
                    self.length, self.width
                ),
            )
        })
    }
}

/// The lowest `bits` bits.
fn mask(bits: u32) -> u128 {
    1_u128.checked_shl(bits).map_or(u128::MAX, |n| n - 1)
}

fn cidrhost(args: &Args<'_>) -> Outcome {
    let network = Network::parse(args.text(0))?;
    let number = args.integer(1);
    let hosts = network.host_mask();
    let distance = u128::from(number.unsigned_abs());
    let too_far = || FunctionError::at(1, format!("{} has no host {number}", network.text()));
    let offset = if number < 0 {
        // -1 is the last address.
        hosts.checked_sub(distance - 1).ok_or_else(too_far)?
    } else {
        Some(distance).filter(|d| *d <= hosts).ok_or_else(too_far)?
    };
    Ok(network.address(network.base | offset).into())
}

fn cidrnetmask(args: &Args<'_>) -> Outcome {
    let network = Network::parse(args.text(0))?;
    if network.width != 32 {
        return Err(FunctionError::at(0, "only IPv4 has netmasks"));
    }
    Ok(network.address(mask(32) & !network.host_mask()).into())
}

fn cidrsubnet(args: &Args<'_>) -> Outcome {
    let network = Network::parse(args.text(0))?;
    let length = network.extended(args.integer(1), 1)?;
    let newbits = length - network.length;
    let number =
        u128::try_from(args.integer(2)).ok().filter(|n| *n <= mask(newbits)).ok_or_else(|| {
            FunctionError::at(
                2,
                format!(
                    "{newbits} new bits number subnets from 0 to {}, not {}",
                    mask(newbits),
                    args.integer(2)
                ),
            )
        })?;
    let shifted = number.checked_shl(network.width - length).unwrap_or(0);
    Ok(Network { base: network.base | shifted, length, ..network }.text().into())
}

/// Consecutive subnets of different sizes, each aligned to its own.
fn cidrsubnets(args: &Args<'_>) -> Outcome {
    let network = Network::parse(args.text(0))?;
    let last = network.base | network.host_mask();
    // The first address not yet given away; none once the address space itself is used up.
    let mut next = Some(network.base);
    let mut subnets = Vec::new();
    for at in 1..args.len() {
        let length = network.extended(args.integer(at), at)?;
        let size_mask = mask(network.width - length);
        let full = || {
            FunctionError::at(
                at,
                format!("there is no room left in {} for this subnet", network.text()),
            )
        };
        let free = next.ok_or_else(full)?;
        let base = if free & size_mask == 0 {
            free
        } else {
            (free | size_mask).checked_add(1).ok_or_else(full)?
        };
        if base < network.base || base > last {
            return Err(full());
        }
        subnets.push(Value::from(Network { base, length, ..network }.text()));
        next = (base | size_mask).checked_add(1);
    }
    Ok(Value::List(subnets))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{NoFiles, call};
    use super::*;

    fn network(value: &Value) -> Network {
        let Value::String(text) = value else { panic!("{value:?}") };
        let network = Network::parse(text).unwrap();
        assert_eq!(&network.text(), text, "canonical");
        network
    }

    proptest! {
        #[test]
        fn subnets_partition_their_network(
            base in any::<u128>(), v6 in any::<bool>(), length in 0_u32..=24, newbits in 0_u32..=8
        ) {
            let width = if v6 { 128 } else { 32 };
            let parent = Network { base: base & mask(width) & !mask(width - length), length, width };
            let mut next = parent.base;
            for number in 0..(1_i64 << newbits) {
                let args = vec![
                    parent.text().into(), i64::from(newbits).into(), number.into()
                ];
                let subnet = network(&call("cidrsubnet", args, &NoFiles).unwrap());
                prop_assert_eq!(subnet.base, next);
                prop_assert_eq!(subnet.length, length + newbits);
                next = (subnet.base | subnet.host_mask()).wrapping_add(1);
            }
            prop_assert_eq!(next, (parent.base | parent.host_mask()).wrapping_add(1));
            let beyond = vec![
                parent.text().into(), i64::from(newbits).into(), (1_i64 << newbits).into()
            ];
            prop_assert!(call("cidrsubnet", beyond, &NoFiles).is_err());
        }

        #[test]
        fn subnets_of_any_sizes_are_apart(newbits in prop::collection::vec(1_i64..8, 1..6)) {
            let mut args = vec![Value::from("10.0.0.0/16")];
            args.extend(newbits.iter().copied().map(Value::from));
            if let Ok(Value::List(subnets)) = call("cidrsubnets", args, &NoFiles) {
                let networks: Vec<Network> = subnets.iter().map(network).collect();
                for pair in networks.windows(2) {
                    prop_assert!(pair[0].base | pair[0].host_mask() < pair[1].base);
                }
            }
        }

        #[test]
        fn hosts_lie_inside(number in -65536_i64..65536) {
            let args = vec!["10.9.0.0/16".into(), number.into()];
            let Value::String(host) = call("cidrhost", args, &NoFiles).unwrap() else {
                return Err(TestCaseError::fail("no string"));
            };
            let address = u32::from(host.parse::<Ipv4Addr>().unwrap());
            prop_assert_eq!(i64::from(address & 0xffff), number.rem_euclid(65536));
            prop_assert_eq!(address >> 16, 0x0a09);
        }
    }
}
