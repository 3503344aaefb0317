//! Statistics: honest counts, at most two seconds old.

use passerby_tests::{Client, PATIENCE, Server, http, pair, succeeds};
use serde_json::{Value, json};

/// Waits until the statistics are these. They may be two seconds old.
async fn become_these(server: &Server, expected: Value) {
    succeeds(&format!("statistics are {expected}"), PATIENCE, async || {
        let stats = http::get(server.http(), "/api/v1/stats", &[]).await.json();
        if stats == expected { Ok(()) } else { Err(stats) }
    })
    .await;
}

#[tokio::test]
async fn statistics_count_users_by_what_they_do() {
    let server = Server::start(&[]).await;
    let idle = Client::idle(&server).await;
    become_these(&server, json!({"online": 1, "waiting": 0, "chatting": 0})).await;
    let waiting = Client::waiting(&server, "mode=video").await;
    become_these(&server, json!({"online": 2, "waiting": 1, "chatting": 0})).await;
    let (mut ann, mut ben) = pair(&server).await;
    // Users, not chats.
    become_these(&server, json!({"online": 4, "waiting": 1, "chatting": 2})).await;
    ann.send_of_chat("leave");
    ann.ended("you_left").await;
    ben.ended("partner_left").await;
    become_these(&server, json!({"online": 4, "waiting": 2, "chatting": 0})).await;
    for client in [idle, waiting, ann, ben] {
        client.close(1000).await;
    }
    become_these(&server, json!({"online": 0, "waiting": 0, "chatting": 0})).await;
}

#[tokio::test]
async fn a_welcome_tells_how_many_are_online() {
    let server = Server::start(&[]).await;
    let mut kept = Vec::new();
    for _ in 0..5 {
        kept.push(Client::idle(&server).await);
    }
    become_these(&server, json!({"online": 5, "waiting": 0, "chatting": 0})).await;
    // It may come from another node than the statistics did, whose figure is older.
    succeeds("a welcome tells of all", PATIENCE, async || {
        let guest = Client::idle(&server).await;
        let online = guest.welcome().number("online");
        guest.close(1000).await;
        if (5..=6).contains(&online) {
            Ok(())
        } else {
            Err(online)
        }
    })
    .await;
}

#[tokio::test]
async fn gone_users_are_counted_no_more() {
    let server = Server::start(&[("PASSERBY__SESSION__RESUME_GRACE", "1s")]).await;
    let (ann, mut ben) = pair(&server).await;
    ann.drop_connection();
    ben.expect("partner_away").await;
    ben.ended("partner_disconnected").await;
    become_these(&server, json!({"online": 1, "waiting": 1, "chatting": 0})).await;
}

#[tokio::test]
async fn metrics_grow_with_what_happens() {
    let server = Server::start(&[]).await;
    let before = http::get(server.admin(), "/metrics", &[]).await.text();
    let (mut ann, mut ben) = pair(&server).await;
    ann.say("a", "hello");
    ann.expect("ack").await;
    ben.expect("message").await;
    let after = http::get(server.admin(), "/metrics", &[]).await.text();
    assert_ne!(before, after);
}
