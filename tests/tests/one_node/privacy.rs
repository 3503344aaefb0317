//! Nobody learns who the partner is, and the operator's logs learn nothing that was said.

use passerby_tests::{Client, Connect, Frame, RawSocket, Server, http};
use serde_json::json;

#[tokio::test]
async fn no_event_tells_anything_about_the_partner() {
    let server = Server::start(&[("PASSERBY__HTTP__TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let mut ann = Connect::to(&server)
        .header("X-Forwarded-For", "203.0.113.7")
        .open()
        .await;
    ann.expect("waiting").await;
    let ben = Connect::to(&server)
        .header("X-Forwarded-For", "198.51.100.99")
        .header("User-Agent", "canary-agent/1.0")
        .query("interests=tea&language=de&colour=canary-query");
    let mut ben = ben.open().await;
    let user = ben.welcome().text("user_id").to_owned();
    let token = ben.welcome().text("resume_token").to_owned();
    let secrets = [
        "198.51.100",
        "203.0.113",
        "127.0.0.1",
        "canary-agent",
        "canary-query",
        &user,
        &token,
    ];
    // Without common interests Ann hears of none, and without a common language of none.
    let mut told = vec![ann.welcome().body.clone()];
    ben.send(json!({"type": "join"}));
    told.push(ann.meet().await.body);
    ben.meet().await;
    ben.say("a", "hello");
    told.push(ann.expect("message").await.body);
    let memory = ben.reset_connection().await;
    told.push(ann.expect("partner_away").await.body);
    let mut ben = Client::resume(&server, &memory).await;
    told.push(ann.expect("partner_back").await.body);
    let chat = ann.chat();
    ann.send(json!({"type": "report", "chat_id": chat, "reason": "spam"}));
    told.push(ann.expect("reported").await.body);
    ben.send_of_chat("skip");
    told.push(ann.expect("chat_ended").await.body);
    told.push(ann.expect("waiting").await.body);
    ann.send(json!({"type": "block", "chat_id": chat}));
    told.push(ann.expect("blocked").await.body);
    for event in told {
        let text = event.to_string();
        for secret in secrets {
            assert!(!text.contains(secret), "`{secret}` is in {text}");
        }
        assert!(
            !text.contains("tea") || event["type"] == "welcome",
            "a partner's interest is in {text}"
        );
    }
}

#[tokio::test]
async fn the_logs_hold_no_text_no_interest_no_address_and_no_token() {
    let server = Server::start(&[
        ("PASSERBY__HTTP__TRUSTED_PROXIES", "127.0.0.0/8"),
        ("PASSERBY__ADMIN__TOKEN", "canary-admin-token"),
        (
            "PASSERBY__IDENTITY__SECRET",
            "canary-identity-secret-that-is-long-enough",
        ),
        ("PASSERBY__LOG__LEVEL", "trace"),
    ])
    .await;
    for canary in [
        "canary-text",
        "canary-interest",
        "canary-id",
        "canary-detail",
        "canary-query",
        "canary-malformed",
        "canary-agent",
        "canary-admin-token",
        "canary-guess",
        "canary-identity-secret",
        "203.0.113.7",
        "canary-path",
        "canary-signal",
        "canary-header",
    ] {
        server.keep_out_of_logs(canary);
    }
    let connect = || {
        Connect::to(&server)
            .header("X-Forwarded-For", "203.0.113.7")
            .header("User-Agent", "canary-agent")
            .query("interests=canary-interest&x=canary-query&mode=video")
    };
    let mut ann = connect().open().await;
    let mut ben = connect().open().await;
    ben.meet().await;
    ann.meet().await;
    ann.say("canary-id", "canary-text");
    ben.expect("message").await;
    ann.expect("ack").await;
    let chat = ann.chat();
    ann.send(json!({"type": "signal", "chat_id": chat, "data": "canary-signal"}));
    ben.expect("signal").await;
    ann.send(json!({"type": "report", "chat_id": chat, "reason": "spam", "detail": "canary-detail"}));
    ann.expect("reported").await;
    for text in [
        "canary-malformed",
        "{\"type\":\"canary-malformed\"}",
        "{\"type\":\"join\",\"mode\":\"canary-text\"}",
    ] {
        ann.send_text(text);
        ann.expect("error").await;
    }
    ann.reset_connection().await;
    ben.expect("partner_away").await;
    let mut socket = RawSocket::upgraded(&server, "join=manual&x=canary-query").await;
    socket.send_frames(&[Frame::text(b"canary-text \xff")]).await;
    socket.closed().await;
    http::get(
        server.http(),
        "/canary-path?canary-query=1",
        &[("X-Header", "canary-header")],
    )
    .await;
    http::exchange(server.http(), b"canary-path canary-path\r\n\r\n").await;
    http::get(
        server.admin(),
        "/admin/v1/node",
        &[("Authorization", "Bearer canary-guess")],
    )
    .await;
    http::get(server.admin(), "/admin/v1/node?token=canary-guess", &[]).await;
    http::get(
        server.admin(),
        "/admin/v1/node",
        &[("Authorization", "Bearer canary-admin-token")],
    )
    .await;
    let metrics = http::get(server.admin(), "/metrics", &[]).await.text();
    assert!(
        !metrics.contains("canary") && !metrics.contains("203.0.113"),
        "{metrics}"
    );
    server.check_logs();
}

#[tokio::test]
async fn a_user_id_tells_nothing_of_the_address() {
    let server = Server::start(&[]).await;
    let first = Connect::to(&server)
        .from("127.0.0.2")
        .query("join=manual")
        .open()
        .await;
    let second = Connect::to(&server)
        .from("127.0.0.2")
        .query("join=manual")
        .open()
        .await;
    let (first, second) = (
        first.welcome().text("user_id").to_owned(),
        second.welcome().text("user_id").to_owned(),
    );
    let shared = first
        .bytes()
        .zip(second.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    assert!(shared < 8, "{first} and {second} of one address begin alike");
}
