//! Many at once: everybody is paired, idle users cost little, and half-done connections keep nobody out.

use std::sync::Arc;

use passerby_tests::{Client, RawSocket, Server, pair};
use tokio::task::JoinSet;

#[tokio::test]
async fn of_many_who_come_at_once_everybody_meets_somebody() {
    let server = Arc::new(Server::start(&[]).await);
    let mut users = JoinSet::new();
    for _ in 0..60 {
        let server = Arc::clone(&server);
        users.spawn(async move {
            let mut client = Client::connect(&server, "").await;
            client.meet().await;
            (client.chat(), client)
        });
    }
    let users = users.join_all().await;
    let mut chats: Vec<&str> = users.iter().map(|(chat, _)| chat.as_str()).collect();
    chats.sort_unstable();
    for couple in chats.chunks(2) {
        assert_eq!(couple[0], couple[1], "{chats:?}");
    }
    chats.dedup();
    assert_eq!(chats.len(), 30);
}

#[tokio::test]
async fn a_thousand_idle_users_cost_little_memory() {
    let server = Server::start(&[]).await;
    let _warm = Client::idle(&server).await;
    let before = server.resident_kib();
    let mut kept = Vec::new();
    for _ in 0..1000 {
        kept.push(RawSocket::upgraded(&server, "join=manual").await);
    }
    let each = server.resident_kib().saturating_sub(before) / 1000;
    // The promise is 8 KiB in a release build; a buffer of a library's default size alone is 128 KiB.
    assert!(each <= 24, "an idle user costs {each} KiB");
}

#[tokio::test]
async fn silent_connections_keep_nobody_out() {
    let server = Server::start(&[]).await;
    let mut silent = Vec::new();
    for number in 0..500 {
        let mut socket = RawSocket::connect(server.http()).await;
        if number % 2 == 0 {
            socket.send(b"GET /ws HTTP/1.1\r\nHos").await;
        }
        silent.push(socket);
    }
    let (mut ann, mut ben) = pair(&server).await;
    ann.say("a", "hello");
    ben.expect("message").await;
}
