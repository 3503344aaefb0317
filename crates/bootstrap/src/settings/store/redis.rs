//! Settings of the way to Redis: section `store.redis`.

use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use passerby_redis::client::IntoConnectionInfo as _;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::secret::{REDACTED, Secret};
use crate::settings::problem::Problems;
use crate::settings::text::{self, Text, Wrong};

/// The longest first part of a key, in bytes: it is in every key.
const MAX_PREFIX_BYTES: usize = 64;

/// The most pooled connections.
const MAX_POOL: u32 = 10_000;

/// Settings of the way to Redis.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RedisSettings {
    /// How the servers are arranged.
    #[serde(with = "text")]
    pub mode: RedisMode,
    /// The server, the sentinels, or the seed nodes of the cluster.
    #[serde(with = "text::list")]
    pub urls: Vec<RedisUrl>,
    /// The sentinels' name for the primary.
    #[serde(with = "text")]
    pub master_name: String,
    /// The first part of every key and channel.
    #[serde(with = "text")]
    pub key_prefix: String,
    /// The name to sign in with.
    #[serde(with = "text::optional")]
    pub user: Option<String>,
    /// The password to sign in with. Once the settings are checked this is also where that of `password_file` is.
    #[serde(with = "text::optional")]
    pub password: Option<Secret>,
    /// The file to read the password from; only one of the two is given.
    #[serde(with = "text::optional")]
    pub password_file: Option<PathBuf>,
    /// A file of the certificates (PEM) to trust with `rediss://`; none stands for those of the system.
    #[serde(with = "text::optional")]
    pub tls_ca_file: Option<PathBuf>,
    /// The most pooled connections; none stands for two for each processor.
    #[serde(with = "text")]
    pub pool_size: Option<NonZeroU32>,
    /// How long a command waits for a free pooled connection.
    #[serde(with = "text")]
    pub pool_wait_timeout: Duration,
    /// How long making a connection may take.
    #[serde(with = "text")]
    pub connect_timeout: Duration,
    /// How long the check of a pooled connection may take.
    #[serde(with = "text")]
    pub recycle_timeout: Duration,
    /// How long the answer to a command may take.
    #[serde(with = "text")]
    pub response_timeout: Duration,
}

impl Default for RedisSettings {
    fn default() -> Self {
        Self {
            mode: RedisMode::default(),
            urls: vec![RedisUrl::local()],
            master_name: "mymaster".to_owned(),
            key_prefix: "passerby".to_owned(),
            user: None,
            password: None,
            password_file: None,
            tls_ca_file: None,
            pool_size: None,
            pool_wait_timeout: Duration::from_millis(250),
            connect_timeout: Duration::from_secs(1),
            recycle_timeout: Duration::from_millis(500),
            response_timeout: Duration::from_millis(500),
        }
    }
}

impl RedisSettings {
    pub(in crate::settings) fn read_files(&mut self, problems: &mut Problems) {
        problems.read_secret(
            "store.redis.password",
            &mut self.password,
            self.password_file.as_deref(),
        );
        problems.require_certificates("store.redis.tls_ca_file", self.tls_ca_file.as_deref());
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        match (self.mode, self.urls.len()) {
            (_, 0) => problems.add("store.redis.urls", "expected at least one address"),
            (RedisMode::Standalone, 2..) => {
                problems.add(
                    "store.redis.urls",
                    "expected one address, because store.redis.mode is standalone",
                );
            }
            (RedisMode::Standalone | RedisMode::Sentinel | RedisMode::Cluster, _) => {}
        }
        let encrypted = self.urls.iter().filter(|url| url.is_encrypted()).count();
        if encrypted != 0 && encrypted != self.urls.len() {
            problems.add("store.redis.urls", "expected all of them with rediss:// or none");
        } else if encrypted == 0 && self.tls_ca_file.is_some() {
            problems.add(
                "store.redis.tls_ca_file",
                "expected none, because no address in store.redis.urls begins with rediss://",
            );
        }
        if self.master_name.is_empty() {
            problems.add("store.redis.master_name", "expected a name");
        }
        // Braces would decide in which slot of a cluster a key lies, which is the node's own business.
        let fine = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'{' | b'}');
        if self.key_prefix.is_empty()
            || self.key_prefix.len() > MAX_PREFIX_BYTES
            || !self.key_prefix.bytes().all(fine)
        {
            problems.add(
                "store.redis.key_prefix",
                "expected 1 to 64 visible ASCII characters without braces",
            );
        }
        problems.require_range(
            "store.redis.pool_size",
            self.pool_size.map_or(0, NonZeroU32::get),
            0..=MAX_POOL,
        );
        problems.require_time("store.redis.pool_wait_timeout", self.pool_wait_timeout);
        problems.require_time("store.redis.connect_timeout", self.connect_timeout);
        problems.require_time("store.redis.recycle_timeout", self.recycle_timeout);
        problems.require_time("store.redis.response_timeout", self.response_timeout);
    }
}

/// How the Redis servers are arranged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RedisMode {
    /// One server.
    #[default]
    Standalone,
    /// A primary that sentinels elect.
    Sentinel,
    /// Redis Cluster.
    Cluster,
}

impl Text for RedisMode {
    fn read(text: &str) -> Result<Self, Wrong> {
        match text {
            "standalone" => Ok(Self::Standalone),
            "sentinel" => Ok(Self::Sentinel),
            "cluster" => Ok(Self::Cluster),
            _ => Err("expected standalone, sentinel or cluster"),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Standalone => "standalone",
            Self::Sentinel => "sentinel",
            Self::Cluster => "cluster",
        }
        .to_owned()
    }
}

/// The address of a Redis server, which may hold a name and a password and so is shown without them.
#[derive(Clone)]
pub struct RedisUrl {
    whole: SecretString,
    shown: String,
}

impl RedisUrl {
    /// The whole address, with name and password.
    pub fn expose(&self) -> &str {
        self.whole.expose_secret()
    }

    fn is_encrypted(&self) -> bool {
        self.shown.starts_with("rediss://")
    }

    fn local() -> Self {
        let shown = "redis://127.0.0.1:6379".to_owned();
        Self {
            whole: SecretString::from(shown.as_str()),
            shown,
        }
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Text for RedisUrl {
    fn read(text: &str) -> Result<Self, Wrong> {
        const FORM: Wrong = "expected redis://HOST:PORT or rediss://HOST:PORT";
        const MORE: Wrong = "expected nothing behind HOST:PORT but the number of a database";
        let (scheme, rest) = text.split_once("://").ok_or(FORM)?;
        if !matches!(scheme, "redis" | "rediss") || !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(FORM);
        }
        // The last @ before the path ends name and password, as they may hold an unescaped one.
        let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let host_start = rest[..authority_end].rfind('@').map_or(0, |place| place + 1);
        if rest.starts_with(REDACTED) {
            return Err("expected the address whole, not as it is shown");
        }
        let host = &rest[host_start..authority_end];
        if host.is_empty() || host.starts_with(':') {
            return Err(FORM);
        }
        let behind = rest[authority_end..]
            .strip_prefix('/')
            .unwrap_or(&rest[authority_end..]);
        if !behind.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(MORE);
        }
        // Whatever else is wrong with it would be found out when the node starts.
        if text.into_connection_info().is_err() {
            return Err(FORM);
        }
        let shown = match host_start {
            0 => text.to_owned(),
            _ => format!("{scheme}://{REDACTED}@{}", &rest[host_start..]),
        };
        Ok(Self {
            whole: SecretString::from(text),
            shown,
        })
    }

    fn show(&self) -> String {
        self.shown.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_an_address_is_never_shown() {
        let url = RedisUrl::read("redis://anna:p@ss@redis.example:6379/2").unwrap();
        assert_eq!(url.show(), "redis://[REDACTED]@redis.example:6379/2");
        assert!(!format!("{url:?}").contains("ss@"));
        assert_eq!(url.expose(), "redis://anna:p@ss@redis.example:6379/2");
    }

    #[test]
    fn an_address_without_scheme_or_host_is_refused() {
        for text in [
            "",
            "127.0.0.1:6379",
            "redis://",
            "redis://:6379",
            "http://redis.example",
            "redis://a b",
            "redis://[REDACTED]@redis.example:6379",
            "redis://redis.example:1/x",
            "redis://redis.example:1/5/6",
            "redis://redis.example:65536",
            "redis://redis.example:1?protocol=resp3",
            "redis://redis.example:1/#secret",
            "redis://anna:%ff@redis.example:1",
        ] {
            assert!(RedisUrl::read(text).is_err(), "{text}");
        }
    }
}
