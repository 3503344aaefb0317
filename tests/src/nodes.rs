//! Many nodes that share one store: real processes, each behind proxies of its own.
//!
//! Clients that come by a node's [`Node::door`] find it at the same address whatever becomes of its process; what a node
//! says to the store goes through [`Node::store`].
//!
//! **Architecture Invariants:** when a test is over, the logs of every process that ever ran are searched for panics and
//! for what they must not hold, those of killed ones too.

mod metrics;
mod node;
mod store;

use std::ops::{Index, IndexMut};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::http;
use crate::redis::{Keeps, Standalone};
use crate::server::{Secrets, Target};

pub use metrics::Metrics;
pub use node::{BEARER, Node};
pub use store::Store;

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Nodes and their store.
#[derive(Debug)]
pub struct Nodes {
    nodes: Vec<Node>,
    store: Store,
}

impl Nodes {
    /// So many nodes on a Redis that keeps nothing, with these settings on top of the suite's own.
    pub async fn start(count: usize, settings: &[(&str, &str)]) -> Self {
        let store = Store::Standalone(Standalone::start(Keeps::Nothing).await);
        Self::start_on(store, count, settings, 0).await
    }

    /// So many nodes on this store; the jitter of their proxies comes from the seed.
    pub async fn start_on(store: Store, count: usize, settings: &[(&str, &str)], seed: u64) -> Self {
        let secrets = Secrets::default();
        let mut nodes = Vec::new();
        for number in 0..count {
            let name = format!("node-of-the-suite-{number}");
            let seed = seed.wrapping_add(number as u64);
            nodes.push(Node::start(name, &store, settings, &secrets, seed).await);
        }
        let nodes = Self { nodes, store };
        nodes.know_each_other().await;
        nodes
    }

    /// The store.
    pub fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    /// The one Redis server.
    pub fn redis(&mut self) -> &mut Standalone {
        match &mut self.store {
            Store::Standalone(server) => server,
            Store::Sentinel(_) | Store::Cluster(_) => panic!("more than one server"),
        }
    }

    /// Where clients come in, node by node.
    pub fn doors(&self) -> Vec<Target> {
        self.nodes.iter().map(|node| node.door().clone()).collect()
    }

    /// Each node.
    pub fn all(&self) -> &[Node] {
        &self.nodes
    }

    /// Each node, to be changed.
    pub fn all_mut(&mut self) -> &mut [Node] {
        &mut self.nodes
    }

    /// From now on this text in any log is a failure.
    pub fn keep_out_of_logs(&self, secret: &str) {
        let secrets = &self.nodes[0].door().secrets;
        secrets
            .lock()
            .expect("nobody panics with the list")
            .push(secret.to_owned());
    }

    /// Waits until every running node welcomes connections.
    pub async fn know_each_other(&self) {
        for node in &self.nodes {
            node.until_ready(200).await;
        }
    }

    /// Waits until every running node's statistics of the cluster are what users have been told by then: how many are on
    /// line, wait and chat. Tells how long it took, or what they say.
    pub async fn count(
        &self,
        told_users: impl Fn() -> (usize, usize, usize),
        within: Duration,
    ) -> Result<Duration, String> {
        let begun = Instant::now();
        loop {
            let mut told = Vec::new();
            for node in self.nodes.iter().filter(|node| node.is_running()) {
                told.push(http::get(node.http(), "/api/v1/stats", &[]).await.json());
            }
            let (online, waiting, chatting) = told_users();
            let right = |stats: &Value| {
                stats["online"] == online && stats["waiting"] == waiting && stats["chatting"] == chatting
            };
            if told.iter().all(right) {
                return Ok(begun.elapsed());
            }
            if begun.elapsed() > within {
                return Err(format!("{told:?}, users ({online}, {waiting}, {chatting})"));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The sum of a metric over all running nodes.
    pub async fn total(&self, metric: &str) -> f64 {
        let mut sum = 0.0;
        for node in self.nodes.iter().filter(|node| node.is_running()) {
            sum += node.metrics().await.total(metric);
        }
        sum
    }
}

impl Index<usize> for Nodes {
    type Output = Node;

    fn index(&self, number: usize) -> &Node {
        &self.nodes[number]
    }
}

impl IndexMut<usize> for Nodes {
    fn index_mut(&mut self, number: usize) -> &mut Node {
        &mut self.nodes[number]
    }
}
