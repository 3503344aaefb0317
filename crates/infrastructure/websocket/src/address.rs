//! Where a client really is.
//!
//! The rule of the protocol, section 7: the socket's peer; or, if that is a trusted proxy, the right-most untrusted
//! valid address over all lines of `X-Forwarded-For` or `Forwarded`, so that a hop that is no address is passed over.
//! Where both are there and tell of different clients, the proxy itself is taken for the client.

use http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client's address.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.to_canonical();
    if !is_trusted(peer, trusted) {
        return peer;
    }
    let by_list = walk(peer, headers, X_FORWARDED_FOR, trusted, address);
    let by_standard = walk(peer, headers, header::FORWARDED, trusted, forwarded_for);
    match (by_list, by_standard) {
        (Some(one), Some(other)) if one == other => one,
        // One of them is what the client wrote and the proxy passed on, and nobody knows which.
        (Some(_), Some(_)) | (None, None) => peer,
        (Some(only), None) | (None, Some(only)) => only,
    }
}

/// The right-most untrusted address that the lines of this header tell, if there are some; `read` reads one hop.
fn walk(
    peer: IpAddr,
    headers: &HeaderMap,
    name: HeaderName,
    trusted: &[IpNet],
    read: fn(&str) -> Option<IpAddr>,
) -> Option<IpAddr> {
    let lines = headers.get_all(name);
    lines.iter().next()?;
    let lines = lines.iter().rev().filter_map(|line| line.to_str().ok());
    let hops = lines
        .filter_map(|line| split(line, ','))
        .flat_map(|hops| hops.into_iter().rev());
    let mut nearest = peer;
    for hop in hops.filter_map(read) {
        nearest = hop;
        if !is_trusted(hop, trusted) {
            break;
        }
    }
    Some(nearest)
}

/// The parts between the separators that are in no quoted string (RFC 9110, 5.6.4), trimmed. None if such a string is open at
/// the end.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parts = text.split(|character| {
        let is_separator = character == separator && !is_quoted;
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = is_quoted,
            '"' => is_quoted = !is_quoted,
            _ => {}
        }
        is_separator
    });
    let parts: Vec<_> = parts.map(str::trim).collect();
    (!is_quoted).then_some(parts)
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
    let pairs = split(element, ';')?;
    let mut values = pairs.into_iter().filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.eq_ignore_ascii_case("for").then_some(value)
    });
    match (values.next(), values.next()) {
        (Some(value), None) => address(value.trim_matches('"')),
        _ => None,
    }
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
    fn a_hop_that_is_no_address_is_passed_over() {
        for lines in [
            &["5.6.7.8, unknown, 10.0.0.2"][..],
            &["1.1.1.1, 5.6.7.8, garbage"],
            &["5.6.7.8", "garbage, 10.0.0.2"],
        ] {
            assert_eq!(
                seen("127.0.0.1", "x-forwarded-for", lines),
                "5.6.7.8",
                "{lines:?}"
            );
        }
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

    #[test]
    fn a_comma_in_a_quoted_string_ends_no_hop() {
        for line in [
            "for=5.6.7.8;host=\"a, for=1.1.1.1\"",
            "for=5.6.7.8;host=\"\\\", for=1.1.1.1\"",
            "for=1.1.1.1, for=5.6.7.8;proto=\"a;b,c\"",
            "for=1.1.1.1, for=5.6.7.8,",
            "for=1.1.1.1, for=5.6.7.8;, ,",
        ] {
            assert_eq!(seen("127.0.0.1", "forwarded", &[line]), "5.6.7.8", "{line}");
        }
        for line in [
            "for=\"1.1.1.1",
            "for=1.1.1.1;for=2.2.2.2",
            "for=\"1.1.1.1, for=2.2.2.2",
        ] {
            assert_eq!(seen("127.0.0.1", "forwarded", &[line]), "127.0.0.1", "{line}");
        }
    }

    #[test]
    fn an_empty_element_is_none() {
        assert_eq!(seen("127.0.0.1", "x-forwarded-for", &["5.6.7.8,"]), "5.6.7.8");
        assert_eq!(
            seen("127.0.0.1", "x-forwarded-for", &["1.1.1.1,, 5.6.7.8, ,", ""]),
            "5.6.7.8"
        );
    }

    #[test]
    fn two_headers_are_believed_where_they_tell_the_same() {
        let told = |list: &'static str, standard: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(X_FORWARDED_FOR, HeaderValue::from_static(list));
            headers.insert(header::FORWARDED, HeaderValue::from_static(standard));
            let peer = IpAddr::from([127, 0, 0, 1]);
            client_address(peer, &headers, &["127.0.0.1/32".parse().expect("a network")]).to_string()
        };
        assert_eq!(told("5.6.7.8", "for=5.6.7.8"), "5.6.7.8");
        assert_eq!(told("1.1.1.1", "for=5.6.7.8"), "127.0.0.1");
    }
}
