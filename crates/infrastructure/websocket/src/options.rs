//! How the public listener behaves.

use ipnet::IpNet;
use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

/// How the public listener behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Pages that may open a connection.
    pub origins: AllowedOrigins,
    /// Host names that are served, without ports, in lower case; empty for any.
    pub hosts: Vec<String>,
    /// Networks whose word on a client's address is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// How many connections this node holds; `None` for no limit.
    pub connections: Option<NonZeroUsize>,
    /// The largest frame and message a client may send, in bytes.
    pub frame_bytes: usize,
    /// Messages a second per user, as the application enforces it: ten times as many end the connection.
    pub messages_per_second: Option<NonZeroU32>,
    /// The same for all other commands.
    pub commands_per_second: Option<NonZeroU32>,
    /// How often a connection is pinged.
    pub ping_interval: Duration,
    /// How long a ping may go unanswered.
    pub pong_timeout: Duration,
}

/// Pages that may open a connection. Whoever sends no `Origin` is no browser and passes: limits are the defence
/// against those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// Pages of the host that the request is for.
    SameHost,
    /// These.
    Listed(Vec<WebOrigin>),
    /// Any.
    Any,
}

/// Not an origin as browsers write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an origin such as https://chat.example.org")]
pub struct InvalidOrigin;

/// The origin of a page: scheme, host and, unless it is the scheme's own, port; as browsers write it.
#[derive(Clone, PartialEq, Eq)]
pub struct WebOrigin(String);

impl WebOrigin {
    /// Takes an origin such as `https://chat.example.org` or `http://localhost:8080`; letter case does not matter.
    ///
    /// # Errors
    /// [`InvalidOrigin`]: no scheme, a path, a user name, or anything else that an origin does not have.
    pub fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        let lower = text.to_ascii_lowercase();
        let (scheme, authority) = lower.split_once("://").ok_or(InvalidOrigin)?;
        // RFC 3986, 3.1. Pages inside a program for telephones have schemes of their own.
        let scheme_fits = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        let authority_fits = !authority.is_empty()
            && authority
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte));
        if !scheme_fits || !authority_fits {
            return Err(InvalidOrigin);
        }
        let own_port = match scheme {
            "http" => Some(":80"),
            "https" => Some(":443"),
            _ => None,
        };
        let without_it = own_port.and_then(|port| authority.strip_suffix(port));
        Ok(Self(format!("{scheme}://{}", without_it.unwrap_or(authority))))
    }

    /// Host and port, as a request for a page of this origin names them; nothing for a page that is not asked for by HTTP.
    pub(crate) fn authority(&self) -> Option<&str> {
        let (scheme, authority) = self.0.split_once("://")?;
        matches!(scheme, "http" | "https").then_some(authority)
    }

    /// The port that goes without saying.
    pub(crate) fn own_port(&self) -> &'static str {
        if self.0.starts_with("https:") {
            ":443"
        } else {
            ":80"
        }
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_read_whatever_its_letter_case_and_with_its_own_port_left_out() {
        let https = WebOrigin::parse("HTTPS://Chat.Example.org:443").expect("valid");
        assert_eq!(https.to_string(), "https://chat.example.org");
        assert_eq!(
            WebOrigin::parse("http://[::1]:8080").expect("valid").authority(),
            Some("[::1]:8080")
        );
        let inside_a_program = WebOrigin::parse("capacitor://localhost").expect("valid");
        assert_eq!(inside_a_program.to_string(), "capacitor://localhost");
        assert_eq!(
            inside_a_program.authority(),
            None,
            "it is not the page of this host"
        );
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "",
            "null",
            "chat.example.org",
            "https://",
            "https://a/b",
            "https://a@b",
            "://a",
            "1tp://a",
            "h_tp://a",
            "https://a b",
        ] {
            assert_eq!(WebOrigin::parse(text), Err(InvalidOrigin), "{text}");
        }
    }
}
