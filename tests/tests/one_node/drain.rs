//! Going away in good order: SIGTERM, and an operator's `drain`.

use std::time::{Duration, Instant};

use passerby_tests::{Client, Connect, PATIENCE, RawSocket, Server, http, pair, until};

const QUICK: [(&str, &str); 3] = [
    ("PASSERBY__SESSION__DRAIN_SPREAD", "500ms"),
    ("PASSERBY__SESSION__RESUME_GRACE", "2s"),
    ("PASSERBY__ADMIN__TOKEN", "a-token-for-the-suite"),
];

async fn becomes_unready(server: &Server) {
    until("a draining node says so", PATIENCE, async || {
        http::get(server.http(), "/readyz", &[]).await.status == 503
    })
    .await;
}

async fn is_told_and_closed(client: &mut Client) {
    let draining = client.expect("draining").await;
    assert!(
        draining.number("reconnect_after_ms") <= 60_000,
        "{}",
        draining.body
    );
    client.closed(1012).await;
}

#[tokio::test]
async fn on_sigterm_everybody_is_told_and_closed_and_the_process_ends_well() {
    let mut server = Server::start(&QUICK).await;
    let (mut ann, mut ben) = pair(&server).await;
    let mut waiting = Client::waiting(&server, "mode=video").await;
    let mut idle = Client::idle(&server).await;
    server.terminate();
    for client in [&mut ann, &mut ben, &mut waiting, &mut idle] {
        is_told_and_closed(client).await;
    }
    let status = server.exit(3 * PATIENCE).await;
    assert_eq!(status.code(), Some(0), "{}", server.logs());
}

#[tokio::test]
async fn a_draining_node_is_alive_unready_and_takes_nobody_new() {
    let server = Server::start(&[("PASSERBY__SESSION__RESUME_GRACE", "60s"), QUICK[0]]).await;
    let _held = Client::idle(&server).await;
    server.terminate();
    becomes_unready(&server).await;
    assert_eq!(http::get(server.http(), "/healthz", &[]).await.status, 200);
    let refusal = Connect::to(&server).refused().await;
    let seconds = refusal.is_problem(503).says_when_to_retry();
    assert!((1..=5).contains(&seconds), "retry after {seconds} s");
}

#[tokio::test]
async fn a_node_without_connections_ends_at_once() {
    let mut server = Server::start(&[]).await;
    let client = Client::idle(&server).await;
    client.close(1000).await;
    server.terminate();
    assert_eq!(server.exit(PATIENCE).await.code(), Some(0));
}

#[tokio::test]
async fn the_drain_ends_at_its_time_out_whoever_is_left() {
    let mut server = Server::start(&[
        QUICK[0],
        ("PASSERBY__SESSION__RESUME_GRACE", "10m"),
        ("PASSERBY__SESSION__DRAIN_TIMEOUT", "2s"),
    ])
    .await;
    let (mut ann, _ben) = pair(&server).await;
    let started = Instant::now();
    server.terminate();
    is_told_and_closed(&mut ann).await;
    assert_eq!(
        server.exit(2 * PATIENCE).await.code(),
        Some(0),
        "{}",
        server.logs()
    );
    assert!(
        started.elapsed() > Duration::from_millis(1500),
        "held seats had no chance"
    );
}

#[tokio::test]
async fn one_who_does_not_answer_the_close_does_not_stop_the_drain() {
    let mut server = Server::start(&QUICK).await;
    let mut mute = RawSocket::upgraded(&server, "join=manual").await;
    server.terminate();
    mute.event("draining").await;
    assert_eq!(mute.close_frame().await, Some(1012));
    assert_eq!(server.exit(3 * PATIENCE).await.code(), Some(0));
}

#[tokio::test]
async fn a_second_signal_ends_the_process_at_once() {
    let mut server = Server::start(&[
        ("PASSERBY__SESSION__DRAIN_SPREAD", "60s"),
        ("PASSERBY__SESSION__DRAIN_TIMEOUT", "120s"),
        ("PASSERBY__SESSION__RESUME_GRACE", "120s"),
    ])
    .await;
    let _held = Client::idle(&server).await;
    server.terminate();
    becomes_unready(&server).await;
    assert!(server.is_running());
    server.terminate();
    server.exit(PATIENCE).await;
}

#[tokio::test]
async fn chats_go_on_until_their_connection_is_closed() {
    let server = Server::start(&[
        ("PASSERBY__SESSION__DRAIN_SPREAD", "30s"),
        ("PASSERBY__SESSION__DRAIN_TIMEOUT", "60s"),
    ])
    .await;
    let (mut ann, mut ben) = pair(&server).await;
    server.terminate();
    ann.expect("draining").await;
    ann.say("a", "one more word");
    // Closes are spread at random, so either of the two may already be on the way out.
    let heard = tokio::time::timeout(PATIENCE, async {
        ben.expect("draining").await;
        ben.any().await
    });
    if let Ok(event) = heard.await {
        assert!(
            ["message", "partner_away"].contains(&event.kind()),
            "{}",
            event.body
        );
    }
}

#[tokio::test]
async fn an_operator_can_drain_the_node() {
    let mut server = Server::start(&QUICK).await;
    let mut client = Client::waiting(&server, "").await;
    let bearer = ("Authorization", "Bearer a-token-for-the-suite");
    let answer = http::request(server.admin(), "POST", "/admin/v1/drain", &[bearer], "").await;
    assert!(
        (200..300).contains(&answer.status),
        "{} {}",
        answer.status,
        answer.text()
    );
    is_told_and_closed(&mut client).await;
    assert_eq!(server.exit(3 * PATIENCE).await.code(), Some(0));
}
