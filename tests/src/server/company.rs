//! A server that is two: the suite of one node, run on two that share a Redis, so that partners are on different nodes.
//!
//! **Architecture Invariants:** a test does not know, but where less is promised of two; whoever connects to the server is sent to the one node and the other
//! by turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Secrets, Server, Target};
use crate::redis::{Keeps, Standalone};

/// The name of the suite that is run on two nodes.
const SUITE: &str = "two_nodes-";

/// The other node, and what it shares with the first.
#[derive(Debug)]
pub(super) struct Company {
    other: Box<Server>,
    _redis: Standalone,
    turn: AtomicUsize,
}

/// Whether this test is of the suite that is run on two nodes. Its tests are those of another suite word for word, so
/// nothing but the name of the program tells.
pub(super) fn is_wanted() -> bool {
    let program = std::env::current_exe().expect("a test knows its own path");
    let name = program
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    name.is_some_and(|name| name.starts_with(SUITE))
}

/// Two servers with these settings.
pub(super) async fn start(arguments: &[&str], settings: &[(&str, &str)]) -> Server {
    let redis = Standalone::start(Keeps::Nothing).await;
    let url = format!("redis://{}", redis.address());
    let mut all = vec![
        ("PASSERBY__STORE__BACKEND", "redis"),
        ("PASSERBY__STORE__REDIS__URLS", url.as_str()),
        ("PASSERBY__IDENTITY__SECRET", "a-secret-that-both-nodes-share"),
    ];
    all.extend_from_slice(settings);
    let secrets = Secrets::default();
    let mut first = Server::start_sharing(arguments, &all, Arc::clone(&secrets)).await;
    let other = Server::start_sharing(arguments, &all, secrets).await;
    for server in [&first, &other] {
        server.is_ready().await;
    }
    first.company = Some(Company {
        other: Box::new(other),
        _redis: redis,
        turn: AtomicUsize::new(0),
    });
    first
}

impl Company {
    /// Where the next client goes.
    pub(super) fn next<'a>(&'a self, own: &'a Target) -> &'a Target {
        if self.turn.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            own
        } else {
            &self.other.target
        }
    }
}
