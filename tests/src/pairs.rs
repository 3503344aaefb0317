//! Two users who have met: where most tests begin.

use std::time::Duration;

use crate::{Client, Server};

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

/// Lets the clock move on: places in the queue are told in milliseconds, and who comes later comes in a later one.
pub async fn next_millisecond() {
    tokio::time::sleep(Duration::from_millis(3)).await;
}
