//! A message that is sent again with its `id`: acknowledged again, delivered once.

use passerby_tests::{Client, Server, pair};
use serde_json::json;

#[tokio::test]
async fn a_repeated_id_is_acknowledged_and_not_delivered_again() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    for text in ["first", "first", "another text"] {
        ann.say("same", text);
        assert_eq!(ann.expect("ack").await.text("id"), "same");
    }
    ann.say("other", "last");
    ann.expect("ack").await;
    assert_eq!(ben.expect("message").await.text("text"), "first");
    assert_eq!(ben.expect("message").await.text("text"), "last");
}

#[tokio::test]
async fn the_last_64_ids_are_remembered() {
    let server = Server::start(&[("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "0")]).await;
    let (mut ann, mut ben) = pair(&server).await;
    for number in 0..64 {
        ann.say(&format!("m{number}"), &format!("{number}"));
        ann.expect("ack").await;
        assert_eq!(ben.expect("message").await.text("text"), number.to_string());
    }
    for number in 0..64 {
        ann.say(&format!("m{number}"), "again");
        ann.expect("ack").await;
    }
    ben.quiet().await;
}

#[tokio::test]
async fn a_repeat_after_a_resume_is_not_delivered_again() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    ann.say("sent", "hello");
    ann.expect("ack").await;
    ben.expect("message").await;
    let memory = ann.reset_connection().await;
    ben.expect("partner_away").await;
    let mut ann = Client::resume(&server, &memory).await;
    ben.expect("partner_back").await;
    ann.say("sent", "hello");
    assert_eq!(ann.expect("ack").await.text("id"), "sent");
    ben.quiet().await;
}

#[tokio::test]
async fn a_repeat_to_one_who_was_away_is_delivered_once() {
    let server = Server::start(&[]).await;
    let (mut ann, ben) = pair(&server).await;
    let memory = ben.reset_connection().await;
    ann.expect("partner_away").await;
    for _ in 0..3 {
        ann.say("kept", "while you were away");
        ann.expect("ack").await;
    }
    let mut ben = Client::resume(&server, &memory).await;
    assert_eq!(ben.expect("message").await.text("text"), "while you were away");
    ann.expect("partner_back").await;
    ann.say("kept", "while you were away");
    ann.expect("ack").await;
    ben.quiet().await;
}

#[tokio::test]
async fn ids_of_one_sender_are_nothing_to_the_other() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    ann.say("same", "from ann");
    ann.expect("ack").await;
    ben.say("same", "from ben");
    ben.expect("ack").await;
    assert_eq!(ben.expect("message").await.text("text"), "from ann");
    assert_eq!(ann.expect("message").await.text("text"), "from ben");
}

#[tokio::test]
async fn an_id_of_the_last_chat_is_new_in_the_next() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    ann.say("same", "to ben");
    ann.expect("ack").await;
    ben.expect("message").await;
    let last = ann.chat();
    ben.send(json!({"type": "leave"}));
    ann.ended("partner_left").await;
    let mut cyd = Client::connect(&server, "").await;
    cyd.meet().await;
    ann.meet().await;
    ann.refused(
        json!({"type": "message", "chat_id": last, "id": "same", "text": "to ben"}),
        "stale_chat",
    )
    .await;
    ann.say("same", "to cyd");
    ann.expect("ack").await;
    assert_eq!(cyd.expect("message").await.text("text"), "to cyd");
}

#[tokio::test]
async fn a_refused_id_may_be_used_again() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let chat = ann.chat();
    ann.refused(
        json!({"type": "message", "chat_id": chat, "id": "again", "text": " "}),
        "invalid_text",
    )
    .await;
    ann.say("again", "now with something in it");
    ann.expect("ack").await;
    assert_eq!(
        ben.expect("message").await.text("text"),
        "now with something in it"
    );
}
