//! Settings of video chats: section `video`.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::problem::Problems;
use super::text::{self, Text, Wrong};
use crate::secret::Secret;

/// The most servers: browsers slow down with more than a few.
const MAX_SERVERS: usize = 16;

/// Settings of video chats.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct VideoSettings {
    /// The servers that both sides of a video chat are told, to find a way to each other.
    #[serde(deserialize_with = "ice_servers")]
    pub ice_servers: Vec<IceServer>,
}

/// One entry of `ice_servers`, with the names that WebRTC gives its parts.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IceServer {
    /// The addresses of the server; at least one.
    #[serde(with = "text::list")]
    pub urls: Vec<IceUrl>,
    /// The name to sign in with.
    #[serde(default, with = "text::optional")]
    pub username: Option<String>,
    /// The password to sign in with.
    #[serde(default, with = "text::optional")]
    pub credential: Option<Secret>,
}

/// The address of a STUN or TURN server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceUrl(String);

impl IceUrl {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the server relays, and so asks for name and password.
    fn relays(&self) -> bool {
        self.0.starts_with("turn")
    }
}

impl Text for IceUrl {
    fn read(text: &str) -> Result<Self, Wrong> {
        let rest = text
            .split_once(':')
            .filter(|(scheme, _)| matches!(*scheme, "stun" | "stuns" | "turn" | "turns"));
        let fine = |rest: &str| {
            !rest.is_empty() && !rest.starts_with('/') && rest.bytes().all(|byte| byte.is_ascii_graphic())
        };
        match rest {
            Some((_, rest)) if fine(rest) => Ok(Self(text.to_owned())),
            _ => Err("expected stun:HOST, stuns:HOST, turn:HOST or turns:HOST"),
        }
    }

    fn show(&self) -> String {
        self.0.clone()
    }
}

impl VideoSettings {
    pub(super) fn check(&self, problems: &mut Problems) {
        if self.ice_servers.len() > MAX_SERVERS {
            problems.add(
                "video.ice_servers",
                format!("expected at most {MAX_SERVERS} servers"),
            );
        }
        for (place, server) in self.ice_servers.iter().enumerate() {
            let mut refuse = |why: &str| problems.add(format!("video.ice_servers[{place}]"), why);
            if server.urls.is_empty() {
                refuse("expected at least one address in urls");
            }
            let signs_in = server.username.is_some() && server.credential.is_some();
            if server.urls.iter().any(IceUrl::relays) && !signs_in {
                refuse("a TURN server needs username and credential");
            }
        }
    }
}

/// Reads the list from an array of tables, or from the text of a variable that holds the same as JSON.
fn ice_servers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IceServer>, D::Error> {
    struct Servers;

    impl<'de> Visitor<'de> for Servers {
        type Value = Vec<IceServer>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of servers")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<IceServer>, E> {
            if text.trim().is_empty() {
                return Ok(Vec::new());
            }
            // The parser's own words are kept back, because they may repeat a credential.
            let wrong = |error: serde_json::Error| {
                E::custom(format_args!(
                    "expected a JSON array of {{\"urls\": […], \"username\": \"…\", \"credential\": \"…\"}}; it goes wrong at line {}, column {}",
                    error.line(),
                    error.column()
                ))
            };
            serde_json::from_str(text).map_err(wrong)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Vec<IceServer>, A::Error> {
            let mut servers = Vec::new();
            while let Some(server) = entries.next_element()? {
                servers.push(server);
            }
            Ok(servers)
        }
    }

    deserializer.deserialize_any(Servers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_has_one_of_four_schemes() {
        for text in [
            "stun:stun.example",
            "stuns:stun.example:5349",
            "turn:turn.example:3478?transport=udp",
        ] {
            assert!(IceUrl::read(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "stun:",
            "http://stun.example",
            "turn://turn.example",
            "stun:a b",
            "stun.example",
        ] {
            assert!(IceUrl::read(text).is_err(), "{text}");
        }
    }
}
