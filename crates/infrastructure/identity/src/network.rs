//! Which network an address belongs to, as bytes to be hashed.
//!
//! **Architecture Invariant:** an IPv4-mapped IPv6 address is the IPv4 address, here and everywhere.

use std::net::{IpAddr, Ipv6Addr};

/// How much of an address counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Width {
    /// The whole of an IPv4 address, the /64 of an IPv6 one.
    Exact,
    /// The /56 of an IPv6 address.
    Site,
    /// The /48 of an IPv6 address.
    Network,
}

/// Whether `address` is truly an IPv6 address.
pub(crate) fn is_ipv6(address: IpAddr) -> bool {
    address.to_canonical().is_ipv6()
}

/// The address as 16 bytes, the same for an IPv4 address and the IPv6 address it is mapped to.
pub(crate) fn octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

/// The name of the network of `width` around `address`. Networks of different widths have different names,
/// also where their addresses are equal. An IPv4 address has one width only.
pub(crate) fn name(address: IpAddr, width: Width) -> [u8; 17] {
    let (length, octets) = match address.to_canonical() {
        IpAddr::V4(_) => (32, octets(address)),
        IpAddr::V6(address) => {
            let length = match width {
                Width::Exact => 64,
                Width::Site => 56,
                Width::Network => 48,
            };
            let mask = u128::MAX << (128 - length);
            (length, Ipv6Addr::from_bits(address.to_bits() & mask).octets())
        }
    };
    let mut name = [length; 17];
    name[1..].copy_from_slice(&octets);
    name
}
