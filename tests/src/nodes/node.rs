//! One node: a process that can die and come back under its name, and the two bad networks it lives between.

use std::net::SocketAddr;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::{Metrics, Store};
use crate::http::{self, Answer};
use crate::proxy::Proxy;
use crate::server::{Log, Secrets, Target};
use crate::{PATIENCE, Server, succeeds};

/// Opens the operator's API of every node.
pub const BEARER: (&str, &str) = ("Authorization", "Bearer a-token-for-the-suite");
/// What every node of the suite is started with.
const SETTINGS: [(&str, &str); 2] = [
    ("PASSERBY__ADMIN__TOKEN", "a-token-for-the-suite"),
    ("PASSERBY__IDENTITY__SECRET", SECRET),
];
/// The secret of the nodes' cluster.
const SECRET: &str = "a-secret-that-the-nodes-of-the-suite-share";

/// A node, running or not.
#[derive(Debug)]
pub struct Node {
    name: String,
    settings: Vec<(String, String)>,
    log: Log,
    server: Option<Server>,
    /// Processes that were killed: their logs are still looked at.
    past: Vec<Server>,
    door: Target,
    front: Proxy,
    store: Vec<Proxy>,
}

impl Node {
    pub(super) async fn start(
        name: String,
        store: &Store,
        settings: &[(&str, &str)],
        secrets: &Secrets,
        seed: u64,
    ) -> Self {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
        let front = Proxy::to(nowhere, seed).await;
        let mut proxies = Vec::new();
        for address in store.addresses() {
            proxies.push(Proxy::to(address, seed).await);
        }
        let door = Target {
            address: front.address(),
            secrets: Arc::clone(secrets),
        };
        let addresses: Vec<_> = proxies.iter().map(Proxy::address).collect();
        let mut all = store.settings(&addresses);
        let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        all.extend(SETTINGS.iter().map(own));
        all.push(("PASSERBY__NODE__ID".to_owned(), name.clone()));
        all.extend(settings.iter().map(own));
        secrets
            .lock()
            .expect("nobody panics with the list")
            .push(SECRET.to_owned());
        let mut node = Self {
            name,
            settings: all,
            log: Log::Kept,
            server: None,
            past: Vec::new(),
            door,
            front,
            store: proxies,
        };
        node.listens().await;
        node
    }

    /// Its `node.id`, which stays the same over restarts.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Changes a setting, from the next start on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Changes where it writes, from the next start on.
    pub fn logs_to(&mut self, log: Log) {
        self.log = log;
    }

    /// Starts a process, after the last one is gone, and waits until it welcomes connections.
    pub async fn again(&mut self) {
        self.listens().await;
        self.until_ready(200).await;
    }

    async fn listens(&mut self) {
        if let Err(why) = self.try_again().await {
            panic!("{} did not get ready {why}", self.name);
        }
    }

    /// Starts a process, and waits until it listens; tells what happened when it ends instead.
    pub async fn try_again(&mut self) -> Result<(), String> {
        assert!(self.server.is_none(), "{} is still running", self.name);
        let settings: Vec<_> = self
            .settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let server =
            Server::try_start(&["serve"], &settings, Arc::clone(&self.door.secrets), self.log).await?;
        self.front.aim(server.http());
        self.server = Some(server);
        Ok(())
    }

    /// Where clients come in, through the proxy.
    pub fn door(&self) -> &Target {
        &self.door
    }

    /// The network between clients and this node.
    pub fn front(&self) -> &Proxy {
        &self.front
    }

    /// The network between this node and the server, or the first of the sentinels or of the cluster.
    pub fn store(&self) -> &Proxy {
        &self.store[0]
    }

    /// The networks between this node and everything it was told about the store.
    pub fn stores(&self) -> &[Proxy] {
        &self.store
    }

    /// The process.
    pub fn server(&self) -> &Server {
        match &self.server {
            Some(server) => server,
            None => panic!("{} is not running", self.name),
        }
    }

    /// Whether there is a process, frozen or not.
    pub fn is_running(&self) -> bool {
        self.server.is_some()
    }

    /// The public listener itself.
    pub fn http(&self) -> SocketAddr {
        self.server().http()
    }

    /// Ends the process as a power cut does.
    pub async fn kill(&mut self) {
        self.server().signal(Signal::KILL);
        self.ends(PATIENCE).await;
    }

    /// Asks the process to drain.
    pub fn terminate(&self) {
        self.server().terminate();
    }

    /// Waits for the end of the process.
    pub async fn ends(&mut self, within: Duration) -> ExitStatus {
        let Some(mut server) = self.server.take() else {
            panic!("{} is not running", self.name);
        };
        let status = server.exit(within).await;
        self.past.push(server);
        status
    }

    /// Stops the process from running, connections open.
    pub fn freeze(&self) {
        self.server().freeze();
    }

    /// Lets the process run on.
    pub fn thaw(&self) {
        self.server().thaw();
    }

    /// Asks `/readyz`.
    pub async fn readiness(&self) -> u16 {
        http::get(self.http(), "/readyz", &[]).await.status
    }

    /// Waits until `/readyz` answers this; tells how long it took.
    pub async fn until_ready(&self, status: u16) -> Duration {
        let begun = Instant::now();
        let what = format!("{} answers {status} on /readyz", self.name);
        succeeds(&what, 3 * PATIENCE, async || match self.readiness().await {
            told if told == status => Ok(()),
            told => Err((told, self.server().logs())),
        })
        .await;
        begun.elapsed()
    }

    /// Its metrics.
    pub async fn metrics(&self) -> Metrics {
        Metrics::read(&http::get(self.server().admin(), "/metrics", &[]).await.text())
    }

    /// What it tells the operator about itself.
    pub async fn audit(&self) -> Value {
        self.order("GET", "/admin/v1/node", "").await.json()
    }

    /// An order of the operator.
    pub async fn order(&self, method: &str, path: &str, body: &str) -> Answer {
        http::request(self.server().admin(), method, path, &[BEARER], body).await
    }
}
