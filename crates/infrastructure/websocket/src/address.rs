//! Where a client really is.
//!
//! The rule of the protocol, section 7: the socket's peer; or, if that is a trusted proxy, the right-most untrusted
//! valid address over all lines of `X-Forwarded-For` or `Forwarded`. A hop that does not parse ends the walk at
//! the hop to its right.

use http::HeaderMap;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// The client's address.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.to_canonical();
    if !is_trusted(peer, trusted) {
        return peer;
    }
    let (name, read): (_, fn(&str) -> Option<IpAddr>) = if headers.contains_key("x-forwarded-for") {
        ("x-forwarded-for", address)
    } else {
        ("forwarded", forwarded_for)
    };
    let mut nearest = peer;
    for line in headers.get_all(name).iter().rev() {
        let Ok(line) = line.to_str() else { return nearest };
        for hop in line.rsplit(',') {
            let Some(hop) = read(hop.trim()) else {
                return nearest;
            };
            nearest = hop;
            if !is_trusted(hop, trusted) {
                return nearest;
            }
        }
    }
    nearest
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// `1.2.3.4`, `1.2.3.4:99`, `::1`, `[::1]`, `[::1]:80`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    let address = bare
        .parse::<IpAddr>()
        .ok()
        .or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))?;
    Some(address.to_canonical())
}

/// The `for` of one element of a `Forwarded` line (RFC 7239).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    address(value.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn seen(peer: &str, name: &'static str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name, HeaderValue::from_str(line).expect("a header"));
        }
        let trusted = ["10.0.0.0/8", "127.0.0.1/32"].map(|network| network.parse().expect("a network"));
        client_address(peer.parse().expect("an address"), &headers, &trusted).to_string()
    }

    #[test]
    fn nobody_but_a_trusted_proxy_is_believed() {
        assert_eq!(seen("9.9.9.9", "x-forwarded-for", &["1.2.3.4"]), "9.9.9.9");
        assert_eq!(seen("127.0.0.1", "x-forwarded-for", &["1.2.3.4"]), "1.2.3.4");
        assert_eq!(
            seen("::ffff:127.0.0.1", "x-forwarded-for", &["1.2.3.4"]),
            "1.2.3.4"
        );
    }

    #[test]
    fn the_right_most_untrusted_address_of_all_lines_counts() {
        assert_eq!(
            seen("127.0.0.1", "x-forwarded-for", &["127.0.0.1, 5.6.7.8"]),
            "5.6.7.8"
        );
        assert_eq!(
            seen("127.0.0.1", "x-forwarded-for", &["1.1.1.1", "5.6.7.8, 10.1.1.1"]),
            "5.6.7.8"
        );
        let many = format!("{}7.7.7.7", "1.1.1.1, ".repeat(1_000));
        assert_eq!(seen("127.0.0.1", "x-forwarded-for", &[&many]), "7.7.7.7");
        assert_eq!(
            seen("127.0.0.1", "x-forwarded-for", &["10.0.0.1, 10.0.0.2"]),
            "10.0.0.1"
        );
    }

    #[test]
    fn a_hop_that_does_not_parse_ends_the_walk() {
        assert_eq!(
            seen("127.0.0.1", "x-forwarded-for", &["1.1.1.1, unknown, 10.0.0.2"]),
            "10.0.0.2"
        );
        assert_eq!(seen("127.0.0.1", "x-forwarded-for", &["garbage"]), "127.0.0.1");
        assert_eq!(seen("127.0.0.1", "x-forwarded-for", &[""]), "127.0.0.1");
    }

    #[test]
    fn addresses_may_come_with_ports_and_brackets() {
        assert_eq!(seen("127.0.0.1", "x-forwarded-for", &["1.2.3.4:99"]), "1.2.3.4");
        assert_eq!(
            seen("127.0.0.1", "x-forwarded-for", &["[2001:db8::1]:80"]),
            "2001:db8::1"
        );
        assert_eq!(
            seen("127.0.0.1", "x-forwarded-for", &["::ffff:1.2.3.4"]),
            "1.2.3.4"
        );
    }

    #[test]
    fn the_forwarded_header_is_understood_too() {
        let lines = [
            "for=1.1.1.1",
            "proto=https;For=\"[2001:db8::1]:4711\", for=10.0.0.1",
        ];
        assert_eq!(seen("127.0.0.1", "forwarded", &lines), "2001:db8::1");
        assert_eq!(seen("127.0.0.1", "forwarded", &["for=_hidden"]), "127.0.0.1");
    }
}
