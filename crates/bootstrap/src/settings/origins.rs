//! Which web pages may connect, and under which host names the server answers.

use std::fmt;
use std::net::Ipv6Addr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::text::{Text, Wrong, list};

/// The pages that may connect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// Only pages of the host that is asked itself.
    #[default]
    SameHost,
    /// Any page.
    Any,
    /// The pages of these origins; there is at least one.
    Listed(Vec<WebOrigin>),
}

impl<'de> Deserialize<'de> for AllowedOrigins {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries: Vec<Entry> = list::deserialize(deserializer)?;
        if entries.is_empty() {
            return Ok(Self::SameHost);
        }
        if entries == [Entry::Any] {
            return Ok(Self::Any);
        }
        let named = entries.into_iter().map(|entry| match entry {
            Entry::One(origin) => Ok(origin),
            Entry::Any => Err(de::Error::custom("\"*\" means any origin, so it stands alone")),
        });
        named.collect::<Result<_, _>>().map(Self::Listed)
    }
}

impl Serialize for AllowedOrigins {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::SameHost => list::serialize::<WebOrigin, S>(&[], serializer),
            Self::Any => list::serialize(&[Entry::Any], serializer),
            Self::Listed(origins) => list::serialize(origins, serializer),
        }
    }
}

#[derive(PartialEq)]
enum Entry {
    Any,
    One(WebOrigin),
}

impl Text for Entry {
    fn read(text: &str) -> Result<Self, Wrong> {
        if text == "*" {
            Ok(Self::Any)
        } else {
            WebOrigin::read(text).map(Self::One)
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Any => "*".to_owned(),
            Self::One(origin) => origin.show(),
        }
    }
}

/// An origin as browsers send it in the `Origin` header: scheme, host and, unless it is the scheme's own, port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WebOrigin(String);

impl WebOrigin {
    /// The origin, in lower case and without a port that the scheme implies.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Text for WebOrigin {
    fn read(text: &str) -> Result<Self, Wrong> {
        const FORM: Wrong =
            "expected an origin such as https://chat.example or http://localhost:3000, or \"*\"";
        let (scheme, authority) = text.split_once("://").ok_or(FORM)?;
        let scheme = scheme.to_ascii_lowercase();
        let starts_with_letter = scheme
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_lowercase());
        let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
        if !starts_with_letter || !scheme.bytes().all(fine) {
            return Err(FORM);
        }
        if authority.contains(['/', '?', '#']) {
            return Err("expected an origin without a path, such as https://chat.example");
        }
        let (host, port) = split_port(authority).ok_or(FORM)?;
        let host = HostName::read(host)?;
        let implied = match scheme.as_str() {
            "http" | "ws" => Some(80),
            "https" | "wss" => Some(443),
            _ => None,
        };
        Ok(Self(match port.filter(|&port| Some(port) != implied) {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }))
    }

    fn show(&self) -> String {
        self.0.clone()
    }
}

/// Splits `HOST` or `HOST:PORT`; the colons of a bracketed IPv6 address belong to the host.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let bracket = authority.rfind(']').map_or(0, |place| place + 1);
    let Some(colon) = authority[bracket..].find(':').map(|place| place + bracket) else {
        return Some((authority, None));
    };
    let digits = &authority[colon + 1..];
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let port = digits.parse().ok().filter(|&port| port != 0)?;
    Some((&authority[..colon], Some(port)))
}

/// The name of a host, as it stands in a `Host` header before the port: a DNS name, an IPv4 address or an IPv6
/// address in brackets, in lower case and without a dot at its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostName(String);

impl HostName {
    /// The longest DNS name, in bytes.
    const MAX_BYTES: usize = 253;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Text for HostName {
    fn read(text: &str) -> Result<Self, Wrong> {
        if let Some(address) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let address: Ipv6Addr = address
                .parse()
                .map_err(|_| "expected an IPv6 address in the brackets")?;
            return Ok(Self(format!("[{address}]")));
        }
        if !text.is_ascii() {
            return Err("expected a host name in its ASCII form, such as xn--bcher-kva.example");
        }
        if text.contains([':', '/']) {
            return Err("expected a host name alone, such as chat.example, without scheme, port or path");
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(fine);
        if name.len() > Self::MAX_BYTES || !name.split('.').all(label) {
            return Err("expected a host name, such as chat.example");
        }
        Ok(Self(name))
    }

    fn show(&self) -> String {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_kept_as_browsers_send_it() {
        for (written, sent) in [
            ("https://Chat.Example", "https://chat.example"),
            ("https://chat.example:443", "https://chat.example"),
            ("http://localhost:80", "http://localhost"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("https://chat.example:80", "https://chat.example:80"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
            ("capacitor://localhost", "capacitor://localhost"),
        ] {
            assert_eq!(WebOrigin::read(written).unwrap().as_str(), sent);
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "",
            "null",
            "chat.example",
            "https://",
            "://chat.example",
            "https://chat.example/",
            "https://chat.example/chat",
            "https://user@chat.example",
            "https://chat.example:",
            "https://chat.example:0",
            "https://chat.example:65536",
            "https://chat.example:+1",
            "https://chat..example",
            "https://*.example",
            "https://bücher.example",
            "http://::1",
            "http://[::1",
        ] {
            assert!(WebOrigin::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_host_name_is_compared_without_case_and_last_dot() {
        assert_eq!(HostName::read("Chat.Example.").unwrap().as_str(), "chat.example");
        assert_eq!(HostName::read("10.0.0.1").unwrap().as_str(), "10.0.0.1");
        assert_eq!(HostName::read("[::0001]").unwrap().as_str(), "[::1]");
    }

    #[test]
    fn a_host_name_with_port_scheme_or_spaces_is_refused() {
        for text in [
            "",
            ".",
            "chat.example:8080",
            "https://chat.example",
            "chat example",
            "a..b",
            "[::1]:80",
            "*",
        ] {
            assert!(HostName::read(text).is_err(), "{text}");
        }
    }
}
