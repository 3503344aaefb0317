//! What is needed to reach Redis.
//!
//! **Architecture Invariant:** nothing here is read from files or the environment; whoever starts the node does that.

use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

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

/// How to reach Redis. `Debug` shows no address, name or password.
#[derive(Clone)]
pub struct RedisOptions {
    /// How the servers are arranged.
    pub mode: RedisMode,
    /// The server, the sentinels, or the seed nodes of the cluster, as `redis://` or `rediss://`. What is `rediss://` is
    /// reached by TLS, and with it the primary that sentinels name and every node of the cluster.
    pub urls: Vec<String>,
    /// The sentinels' name for the primary.
    pub master_name: String,
    /// The first part of the name of every key: visible ASCII without braces.
    pub key_prefix: String,
    /// The name to sign in with, instead of what the addresses say. Sentinels are signed in to with what their addresses
    /// say, always.
    pub user: Option<String>,
    /// The password to sign in with, instead of what the addresses say.
    pub password: Option<String>,
    /// Certificates (PEM) to trust instead of those of the system.
    pub tls_ca: Option<Vec<u8>>,
    /// The most pooled connections; none stands for two for each processor.
    pub pool_size: Option<NonZeroUsize>,
    /// How long a command waits for a free pooled connection.
    pub pool_wait_timeout: Duration,
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// How long the check of a pooled connection may take.
    pub recycle_timeout: Duration,
    /// How long the answer to a command may take.
    pub response_timeout: Duration,
}

impl RedisOptions {
    /// Options for one server with the times that are usual.
    pub fn standalone(url: impl Into<String>) -> Self {
        Self {
            mode: RedisMode::Standalone,
            urls: vec![url.into()],
            master_name: "mymaster".to_owned(),
            key_prefix: "passerby".to_owned(),
            user: None,
            password: None,
            tls_ca: None,
            pool_size: None,
            pool_wait_timeout: Duration::from_millis(250),
            connect_timeout: Duration::from_secs(1),
            recycle_timeout: Duration::from_millis(500),
            response_timeout: Duration::from_millis(500),
        }
    }
}

impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions")
            .field("mode", &self.mode)
            .field("urls", &self.urls.len())
            .field("key_prefix", &self.key_prefix)
            .field("response_timeout", &self.response_timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_addresses_nor_secrets_are_shown() {
        let options = RedisOptions {
            user: Some("anna".to_owned()),
            password: Some("s3cret".to_owned()),
            ..RedisOptions::standalone("redis://berta:hidden@redis.example")
        };
        let shown = format!("{options:?}");
        for secret in ["anna", "s3cret", "berta", "hidden", "redis.example"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
