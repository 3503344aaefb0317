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
        let scheme_fits = matches!(scheme, "http" | "https");
        let authority_fits = !authority.is_empty()
            && authority
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte));
        if !scheme_fits || !authority_fits {
            return Err(InvalidOrigin);
        }
        let own_port = if scheme == "http" { ":80" } else { ":443" };
        Ok(Self(format!(
            "{scheme}://{}",
            authority.strip_suffix(own_port).unwrap_or(authority)
        )))
    }

    /// Host and port, as a request for a page of this origin names them.
    pub(crate) fn authority(&self) -> &str {
        self.0.split_once("://").map_or("", |(_, authority)| authority)
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
            "[::1]:8080"
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
            "ftp://a",
            "https://a b",
        ] {
            assert_eq!(WebOrigin::parse(text), Err(InvalidOrigin), "{text}");
        }
    }
}
