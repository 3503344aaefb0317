//! The events that tell a user where it is: `welcome`, `waiting`, `matched`, `stats`.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use passerby_tests::{Client, Connect, Server, pair, pair_with};
use serde_json::json;

fn now() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock after 1970");
    u64::try_from(since.as_millis()).expect("a clock of this age")
}

#[tokio::test]
async fn a_welcome_tells_all_about_a_fresh_seat() {
    let server = Server::start(&[("PASSERBY__NODE__ID", "the-node")]).await;
    let client = Client::idle(&server).await;
    let welcome = client.welcome();
    assert_eq!(welcome.text("node"), "the-node");
    assert_eq!((welcome.text("state"), welcome.number("protocol")), ("idle", 1));
    assert_eq!((welcome.flag("resumed"), welcome.flag("gap")), (false, false));
    assert_eq!((welcome.number("seq"), welcome.number("replay_to")), (0, 0));
    assert!(
        welcome.number("now").abs_diff(now()) < 10_000,
        "the time is {}",
        welcome.number("now")
    );
    assert_eq!(welcome["limits"]["message_chars"], 2000);
    assert_eq!(welcome["limits"]["frame_bytes"], 32_768);
    assert_eq!(welcome["limits"]["interests"], 10);
    assert!(!welcome.has("chat") && !welcome.has("chat_id") && !welcome.has("partner_away_until"));
}

#[tokio::test]
async fn every_seat_has_an_id_and_a_token_of_its_own() {
    let server = Server::start(&[]).await;
    let (mut users, mut tokens) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..20 {
        let client = Client::idle(&server).await;
        users.insert(client.welcome().text("user_id").to_owned());
        tokens.insert(client.welcome().text("resume_token").to_owned());
        client.close(1000).await;
    }
    assert_eq!((users.len(), tokens.len()), (20, 20));
}

#[tokio::test]
async fn a_client_without_a_subprotocol_is_served_all_the_same() {
    let server = Server::start(&[]).await;
    let mut client = Connect::to(&server)
        .offering(&[])
        .query("join=manual")
        .open()
        .await;
    client.is_served().await;
}

#[tokio::test]
async fn waiting_tells_since_when() {
    let server = Server::start(&[]).await;
    let mut client = Client::connect(&server, "").await;
    let waiting = client.expect("waiting").await;
    assert_eq!(waiting.number("seq"), 1);
    assert!(waiting.number("since").abs_diff(now()) < 10_000);
}

#[tokio::test]
async fn exactly_one_of_two_is_the_initiator() {
    let server = Server::start(&[]).await;
    let mut first = Client::waiting(&server, "interests=tea,rust&language=en-GB").await;
    let mut second = Client::connect(&server, "interests=rust,chess&language=en").await;
    let (to_second, to_first) = (second.meet().await, first.meet().await);
    assert_ne!(to_first.flag("initiator"), to_second.flag("initiator"));
    for matched in [to_first, to_second] {
        assert_eq!(matched.list("common_interests"), ["rust"]);
        assert_eq!((matched.text("language"), matched.text("mode")), ("en", "text"));
        assert!(!matched.has("ice_servers"));
    }
}

#[tokio::test]
async fn a_language_is_told_only_when_both_share_it() {
    let server = Server::start(&[]).await;
    let mut first = Client::waiting(&server, "language=en").await;
    let mut second = Client::connect(&server, "").await;
    assert!(!second.meet().await.has("language"));
    assert!(!first.meet().await.has("language"));
}

#[tokio::test]
async fn who_wants_a_partner_is_paired_at_once() {
    let server = Server::start(&[]).await;
    // The promise is 50 ms; what is checked is that nobody waits for a timer.
    for _ in 0..10 {
        let (ann, ben) = pair(&server).await;
        ann.close(1000).await;
        ben.close(1000).await;
    }
    let mut first = Client::waiting(&server, "").await;
    let started = std::time::Instant::now();
    let mut second = Client::connect(&server, "").await;
    second.meet().await;
    let told = first.meet().await.at.duration_since(started);
    assert!(told.as_millis() < 1000, "told after {told:?}");
}

#[tokio::test]
async fn a_chat_id_is_new_for_every_chat() {
    let server = Server::start(&[("PASSERBY__MATCHING__REMATCH_COOLDOWN", "0s")]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let mut chats = BTreeSet::from([ann.chat()]);
    for _ in 0..4 {
        ann.send_of_chat("skip");
        ann.ended("you_skipped").await;
        ben.ended("partner_skipped").await;
        ann.meet().await;
        ben.meet().await;
        assert!(chats.insert(ann.chat()), "a chat id came again");
    }
}

#[tokio::test]
async fn a_resumed_chatting_seat_is_told_its_chat() {
    let server = Server::start(&[]).await;
    let (ann, mut ben) = pair_with(&server, "interests=tea&language=en").await;
    let chat = ann.chat();
    let memory = ann.reset_connection().await;
    ben.expect("partner_away").await;
    let ann = Client::resume(&server, &memory).await;
    let welcome = ann.welcome();
    assert_eq!(
        (welcome.text("state"), welcome.text("chat_id")),
        ("chatting", chat.as_str())
    );
    assert_eq!(welcome["chat"]["common_interests"], json!(["tea"]));
    assert_eq!(
        (&welcome["chat"]["mode"], &welcome["chat"]["language"]),
        (&json!("text"), &json!("en"))
    );
    assert!(welcome["chat"]["initiator"].is_boolean());
    assert!(!welcome.has("partner_away_until"));
}

#[tokio::test]
async fn statistics_are_told_now_and_then() {
    let server = Server::start(&[]).await;
    let mut client = Client::idle(&server).await;
    let stats = client.stats().await;
    assert_eq!(
        (
            stats.number("online"),
            stats.number("waiting"),
            stats.number("chatting")
        ),
        (1, 0, 0)
    );
}
