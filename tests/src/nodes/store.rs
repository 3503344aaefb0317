//! What nodes share: Redis in one of its forms.

use std::net::SocketAddr;

use crate::redis::{Cluster, Sentinel, Standalone};

/// A store that several nodes are started with.
#[derive(Debug)]
pub enum Store {
    /// One server.
    Standalone(Standalone),
    /// A primary that sentinels choose.
    Sentinel(Sentinel),
    /// Several primaries.
    Cluster(Cluster),
}

impl Store {
    /// What a node is told first: the server, the sentinels, or all of the cluster.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        match self {
            Self::Standalone(server) => vec![server.address()],
            Self::Sentinel(sentinel) => sentinel.addresses(),
            Self::Cluster(cluster) => cluster.addresses(),
        }
    }

    /// The settings of a node that reaches the store at these addresses.
    pub(super) fn settings(&self, addresses: &[SocketAddr]) -> Vec<(String, String)> {
        let (mode, scheme) = match self {
            Self::Standalone(server) if server.authority().is_some() => ("standalone", "rediss"),
            Self::Standalone(_) => ("standalone", "redis"),
            Self::Sentinel(_) => ("sentinel", "redis"),
            Self::Cluster(_) => ("cluster", "redis"),
        };
        let urls: Vec<_> = addresses
            .iter()
            .map(|address| format!("{scheme}://{address}"))
            .collect();
        [
            ("PASSERBY__STORE__BACKEND", "redis"),
            ("PASSERBY__STORE__REDIS__MODE", mode),
            ("PASSERBY__STORE__REDIS__URLS", &urls.join(",")),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }
}
