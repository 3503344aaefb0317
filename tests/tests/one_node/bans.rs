//! Bans: in force at once, told after the upgrade, and lifted by the operator or by time.

use passerby_tests::{Client, Connect, Server, http};
use serde_json::{Value, json};

const TOKEN: (&str, &str) = ("PASSERBY__ADMIN__TOKEN", "a-token-for-the-suite");
const BEARER: (&str, &str) = ("Authorization", "Bearer a-token-for-the-suite");
const BAD: &str = "127.0.0.66";

async fn ban(server: &Server, body: Value) -> Value {
    let answer = http::request(
        server.admin(),
        "POST",
        "/admin/v1/bans",
        &[BEARER],
        &body.to_string(),
    )
    .await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// The bans in force, whatever holds the list.
async fn bans(server: &Server) -> String {
    let answer = http::get(server.admin(), "/admin/v1/bans", &[BEARER]).await;
    assert_eq!(answer.status, 200);
    answer.text()
}

async fn lift(server: &Server, id: &str) -> u16 {
    http::request(
        server.admin(),
        "DELETE",
        &format!("/admin/v1/bans/{id}"),
        &[BEARER],
        "",
    )
    .await
    .status
}

async fn is_turned_away(connect: Connect<'_>) -> Value {
    let mut client = connect
        .attempt_unwelcomed()
        .await
        .expect("a ban is told after the upgrade");
    let error = client.error("banned").await;
    client.closed(4003).await;
    error.body.clone()
}

#[tokio::test]
async fn a_ban_takes_effect_on_the_live_connection() {
    let server = Server::start(&[TOKEN]).await;
    let mut ann = Client::waiting(&server, "").await;
    let mut bad = Connect::to(&server).from(BAD).open().await;
    bad.meet().await;
    ann.meet().await;
    let user = bad.welcome().text("user_id").to_owned();
    let made = ban(&server, json!({"user_id": user, "reason": "harassment"})).await;
    assert_eq!(made["reason"], "harassment");
    assert!(made["id"].is_string() && made["origin"].is_string(), "{made}");
    assert!(made["until"].is_null(), "for ever: {made}");
    ann.ended("moderated").await;
    ann.expect("waiting").await;
    let error = bad.error("banned").await;
    assert_eq!(error["ban_id"], made["id"]);
    assert!(error["until"].is_null());
    bad.closed(4003).await;
    ann.quiet().await;
}

#[tokio::test]
async fn a_banned_origin_is_turned_away_after_the_upgrade() {
    let server = Server::start(&[TOKEN]).await;
    let bad = Connect::to(&server).from(BAD).open().await;
    let memory = bad.memory();
    let made = ban(
        &server,
        json!({"user_id": bad.welcome().text("user_id"), "reason": "spam", "seconds": 600}),
    )
    .await;
    let until = made["until"].as_u64().expect("a time in milliseconds");
    let left = until.saturating_sub(bad.welcome().number("now"));
    assert!(
        (590_000..700_000).contains(&left),
        "until {left} ms after the welcome"
    );
    for connect in [
        Connect::to(&server).from(BAD),
        Connect::to(&server).from(BAD).query("join=manual"),
        Connect::to(&server).from(BAD).resuming(&memory),
    ] {
        let error = is_turned_away(connect).await;
        assert_eq!(
            (&error["ban_id"], error["until"].as_u64()),
            (&made["id"], Some(until))
        );
    }
    // The others are none the wiser.
    Client::idle(&server).await.is_served().await;
}

#[tokio::test]
async fn a_lifted_ban_is_over() {
    let server = Server::start(&[TOKEN]).await;
    let bad = Connect::to(&server).from(BAD).query("join=manual").open().await;
    let made = ban(
        &server,
        json!({"user_id": bad.welcome().text("user_id"), "reason": "other"}),
    )
    .await;
    let id = made["id"].as_str().expect("an id").to_owned();
    assert!(bans(&server).await.contains(&id));
    is_turned_away(Connect::to(&server).from(BAD)).await;
    assert_eq!(lift(&server, &id).await, 204);
    Connect::to(&server).from(BAD).query("join=manual").open().await;
    assert!(!bans(&server).await.contains(&id));
    assert_eq!(lift(&server, &id).await, 404);
    assert_eq!(lift(&server, "nothing").await, 404);
}

#[tokio::test]
async fn a_ban_of_some_seconds_is_over_by_itself() {
    let server = Server::start(&[TOKEN]).await;
    let bad = Connect::to(&server).from(BAD).query("join=manual").open().await;
    ban(
        &server,
        json!({"user_id": bad.welcome().text("user_id"), "reason": "nudity", "seconds": 2}),
    )
    .await;
    is_turned_away(Connect::to(&server).from(BAD)).await;
    tokio::time::sleep(std::time::Duration::from_millis(2200)).await;
    Connect::to(&server).from(BAD).query("join=manual").open().await;
}

#[tokio::test]
async fn an_origin_is_banned_by_the_name_a_ban_gave_it() {
    let server = Server::start(&[TOKEN]).await;
    let bad = Connect::to(&server).from(BAD).query("join=manual").open().await;
    let made = ban(
        &server,
        json!({"user_id": bad.welcome().text("user_id"), "reason": "spam"}),
    )
    .await;
    assert_eq!(lift(&server, made["id"].as_str().expect("an id")).await, 204);
    let mut bad = Connect::to(&server).from(BAD).query("join=manual").open().await;
    let again = ban(&server, json!({"origin": made["origin"], "reason": "spam"})).await;
    assert_eq!(again["origin"], made["origin"]);
    bad.error("banned").await;
    bad.closed(4003).await;
}

#[tokio::test]
async fn a_ban_does_not_name_the_address() {
    let server = Server::start(&[TOKEN]).await;
    let bad = Connect::to(&server).from(BAD).query("join=manual").open().await;
    let made = ban(
        &server,
        json!({"user_id": bad.welcome().text("user_id"), "reason": "illegal"}),
    )
    .await;
    assert!(!made.to_string().contains(BAD) && !bans(&server).await.contains(BAD));
}

#[tokio::test]
async fn every_connection_of_a_banned_origin_is_closed() {
    let server = Server::start(&[TOKEN]).await;
    let connect = || Connect::to(&server).from(BAD).query("join=manual").open();
    let (mut first, mut second) = (connect().await, connect().await);
    let mut bystander = Client::idle(&server).await;
    ban(
        &server,
        json!({"user_id": first.welcome().text("user_id"), "reason": "underage"}),
    )
    .await;
    for client in [&mut first, &mut second] {
        client.error("banned").await;
        client.closed(4003).await;
    }
    bystander.is_served().await;
}

#[tokio::test]
async fn a_ban_reaches_one_who_is_away() {
    let server = Server::start(&[TOKEN, ("PASSERBY__SESSION__RESUME_GRACE", "60s")]).await;
    let mut ann = Client::waiting(&server, "").await;
    let mut bad = Connect::to(&server).from(BAD).open().await;
    bad.meet().await;
    ann.meet().await;
    let user = bad.welcome().text("user_id").to_owned();
    let memory = bad.reset_connection().await;
    ann.expect("partner_away").await;
    ban(&server, json!({"user_id": user, "reason": "spam"})).await;
    ann.ended("moderated").await;
    ann.expect("waiting").await;
    is_turned_away(Connect::to(&server).from(BAD).resuming(&memory)).await;
}
