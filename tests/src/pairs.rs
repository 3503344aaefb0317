//! Two users who have met: where most tests begin.

use std::time::Duration;

use crate::{Client, Nodes, Server};

/// Two users in a text chat.
pub async fn pair(server: &Server) -> (Client, Client) {
    pair_with(server, "").await
}

/// Two users who connected with this query and met. Nobody else may be waiting.
pub async fn pair_with(server: &Server, query: &str) -> (Client, Client) {
    let mut first = Client::connect(server, query).await;
    first.expect("waiting").await;
    let mut second = Client::connect(server, query).await;
    let met = second.meet().await;
    first.meet().await;
    assert_eq!(first.chat(), met.text("chat_id"), "one chat for both");
    (first, second)
}

/// Two users in a text chat, the first on the first node and the second on the second.
pub async fn pair_across(nodes: &Nodes) -> (Client, Client) {
    pair_across_with(nodes, "").await
}

/// As [`pair_across`], of users who connected with this query. Nobody else may be waiting.
pub async fn pair_across_with(nodes: &Nodes, query: &str) -> (Client, Client) {
    let mut first = Client::connect(nodes[0].server(), query).await;
    first.expect("waiting").await;
    let mut second = Client::connect(nodes[1].server(), query).await;
    let met = second.meet().await;
    first.meet().await;
    assert_eq!(first.chat(), met.text("chat_id"), "one chat for both");
    (first, second)
}

/// Lets the clock move on: places in the queue are told in milliseconds, and who comes later comes in a later one.
pub async fn next_millisecond() {
    tokio::time::sleep(Duration::from_millis(3)).await;
}
