//! What whoever runs a node, and whoever uses it, notices of its start and its end.

use super::*;
use crate::settings::Settings;
use std::future::pending;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long a condition may take to come true, on any machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn settings() -> CheckedSettings {
    let mut settings = Settings::default();
    settings.http.listen.set_port(0);
    settings.admin.listen.set_port(0);
    settings.session.drain_spread = Duration::ZERO;
    // Nobody comes back to the seats of a node that drains.
    settings.session.resume_grace = Duration::ZERO;
    settings.check().unwrap()
}

fn runs(node: Node) -> JoinHandle<()> {
    TaskTracker::new().spawn(node.run(pending()))
}

/// What a user's socket is told.
struct User {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl User {
    /// Comes, and asks for a WebSocket.
    async fn comes(http: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(http).await.unwrap();
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: {http}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: passerby.v1\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let heard = Vec::new();
        Self { stream, heard }
    }

    /// Waits for these words.
    async fn hears(&mut self, words: &str) {
        let listening = async {
            while !String::from_utf8_lossy(&self.heard).contains(words) {
                let read = self.stream.read_buf(&mut self.heard).await.unwrap();
                assert!(read > 0, "{}", String::from_utf8_lossy(&self.heard));
            }
        };
        timeout(PATIENCE, listening).await.unwrap();
    }

    /// Waits for the end, and returns all that was heard.
    async fn hears_the_end(mut self) -> Vec<u8> {
        // A reset is an end as well.
        let _ = timeout(PATIENCE, self.stream.read_to_end(&mut self.heard))
            .await
            .unwrap();
        self.heard
    }
}

/// Waits until nobody listens there.
async fn is_left(address: SocketAddr) {
    let looking = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, looking).await.unwrap();
}

/// What a close frame says, as it is on the wire.
fn is_told_of_a_restart(heard: &[u8]) -> bool {
    heard.windows(2).any(|code| code == 1012_u16.to_be_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_future_hangs_up_on_everybody_and_lets_nobody_in() {
    let node = Node::open(&settings()).unwrap();
    let Addresses { http, admin } = node.addresses();
    let running = runs(node);
    let mut user = User::comes(http).await;
    user.hears("welcome").await;
    running.abort();
    assert!(is_told_of_a_restart(&user.hears_the_end().await));
    is_left(http).await;
    is_left(admin).await;
}

/// Some of these were not taken yet, some speak HTTP, some are about to be seated: none may be missed.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_on_the_way_in_when_the_future_is_dropped_does_not_stay() {
    for turns in 0..30 {
        let node = Node::open(&settings()).unwrap();
        let http = node.addresses().http;
        let running = runs(node);
        let mut users = Vec::new();
        for _ in 0..10 {
            users.push(User::comes(http).await);
        }
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        running.abort();
        for user in users {
            user.hears_the_end().await;
        }
        is_left(http).await;
    }
}

#[tokio::test]
async fn a_node_that_is_opened_and_not_run_serves_nobody_and_leaves_nothing() {
    let node = Node::open(&settings()).unwrap();
    let Addresses { http, admin } = node.addresses();
    let early = User::comes(http).await;
    // As a program does whose own start fails after it was told where the node listens.
    drop(node);
    assert!(early.hears_the_end().await.is_empty());
    is_left(http).await;
    is_left(admin).await;
}

#[tokio::test]
async fn whoever_comes_before_the_node_is_run_is_served_then() {
    let node = Node::open(&settings()).unwrap();
    let mut early = User::comes(node.addresses().http).await;
    let running = runs(node);
    early.hears("welcome").await;
    running.abort();
}

#[tokio::test]
async fn a_node_that_is_told_to_stop_sends_everybody_away_and_leaves_nothing() {
    let node = Node::open(&settings()).unwrap();
    let Addresses { http, admin } = node.addresses();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = TaskTracker::new().spawn(node.run(async { drop(stopped.await) }));
    let mut user = User::comes(http).await;
    user.hears("welcome").await;
    drop(stop);
    user.hears("draining").await;
    assert!(is_told_of_a_restart(&user.hears_the_end().await));
    timeout(PATIENCE, running).await.unwrap().unwrap();
    is_left(http).await;
    is_left(admin).await;
}

#[tokio::test]
async fn an_address_that_is_taken_is_an_error_that_names_its_setting() {
    let first = Node::open(&settings()).unwrap();
    let mut settings = Settings::default();
    settings.http.listen.set_port(0);
    settings.admin.listen = first.addresses().http;
    let refused = Node::open(&settings.check().unwrap());
    assert!(matches!(
        refused,
        Err(StartError::Listen {
            key: "admin.listen",
            ..
        })
    ));
}
