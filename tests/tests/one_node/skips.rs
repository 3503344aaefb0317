//! `skip`, and how a frequent skipper is slowed without slowing anybody else.

use std::time::{Duration, Instant};

use passerby_tests::{Client, PATIENCE, Server, pair};
use serde_json::json;

/// Two users who meet again and again: no cooldown; five skips, and a new one every three seconds.
async fn a_server() -> Server {
    Server::start(&[("PASSERBY__MATCHING__REMATCH_COOLDOWN", "0s")]).await
}

async fn spend_all_skips(ann: &mut Client, ben: &mut Client) {
    for _ in 0..5 {
        ann.send_of_chat("skip");
        ann.ended("you_skipped").await;
        ben.ended("partner_skipped").await;
        ann.meet().await;
        ben.meet().await;
    }
}

/// Joins as soon as the server allows it; whether it was refused before that.
async fn join_when_allowed(client: &mut Client) -> bool {
    let deadline = Instant::now() + 2 * PATIENCE;
    let mut refused = false;
    while Instant::now() < deadline {
        client.send(json!({"type": "join"}));
        client.flush().await;
        let Some(event) = client.soon("error", Duration::ZERO).await else {
            return refused;
        };
        assert_eq!(event["code"], "rate_limited", "{}", event.body);
        refused = true;
        tokio::time::sleep(Duration::from_millis(
            event.number("retry_after_ms").clamp(1, 10_000),
        ))
        .await;
    }
    panic!("a join is refused for ever");
}

#[tokio::test]
async fn a_skip_ends_the_chat_and_both_wait_again() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let chat = ann.chat();
    ann.send_of_chat("skip");
    assert_eq!(ann.ended("you_skipped").await.text("chat_id"), chat);
    assert_eq!(ben.ended("partner_skipped").await.text("chat_id"), chat);
    ann.expect("waiting").await;
    ben.expect("waiting").await;
    ann.quiet().await;
    ben.quiet().await;
}

#[tokio::test]
async fn the_sixth_skip_in_a_row_is_refused_and_the_chat_goes_on() {
    let server = a_server().await;
    let (mut ann, mut ben) = pair(&server).await;
    spend_all_skips(&mut ann, &mut ben).await;
    let chat = ann.chat();
    let refusal = ann
        .refused(json!({"type": "skip", "chat_id": chat}), "rate_limited")
        .await;
    let wait = refusal.number("retry_after_ms");
    assert!(
        (1..=3000).contains(&wait),
        "a new skip comes every three seconds, yet retry after {wait} ms"
    );
    ann.say("a", "then let us talk");
    ben.expect("message").await;
    // The one who was skipped so often may skip all the same.
    ben.send_of_chat("skip");
    ben.ended("you_skipped").await;
    ann.ended("partner_skipped").await;
}

#[tokio::test]
async fn a_refused_skip_works_when_its_time_has_come() {
    let server = a_server().await;
    let (mut ann, mut ben) = pair(&server).await;
    spend_all_skips(&mut ann, &mut ben).await;
    let chat = ann.chat();
    let refusal = ann
        .refused(json!({"type": "skip", "chat_id": chat}), "rate_limited")
        .await;
    tokio::time::sleep(Duration::from_millis(refusal.number("retry_after_ms"))).await;
    ann.send_of_chat("skip");
    ann.ended("you_skipped").await;
    ben.ended("partner_skipped").await;
}

#[tokio::test]
async fn a_leave_is_obeyed_without_a_skip_left_and_the_next_join_waits() {
    let server = a_server().await;
    let (mut ann, mut ben) = pair(&server).await;
    spend_all_skips(&mut ann, &mut ben).await;
    ann.send_of_chat("leave");
    ann.ended("you_left").await;
    ann.expect("idle").await;
    ben.ended("partner_left").await;
    ben.expect("waiting").await;
    assert!(join_when_allowed(&mut ann).await, "the join was obeyed at once");
    ben.meet().await;
}

#[tokio::test]
async fn a_block_is_obeyed_without_a_skip_left_and_leaves_the_seat_idle() {
    let server = a_server().await;
    let (mut ann, mut ben) = pair(&server).await;
    spend_all_skips(&mut ann, &mut ben).await;
    ann.send_of_chat("block");
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(ann.any().await.kind().to_owned());
    }
    told.sort();
    assert_eq!(told, ["blocked", "chat_ended", "idle"]);
    ben.ended("partner_skipped").await;
    ben.expect("waiting").await;
    assert!(join_when_allowed(&mut ann).await, "the join was obeyed at once");
    ann.flush().await;
    ben.quiet().await;
}

#[tokio::test]
async fn leaving_and_skipping_take_from_one_bucket() {
    let server = a_server().await;
    let (mut ann, mut ben) = pair(&server).await;
    for _ in 0..5 {
        ann.send_of_chat("leave");
        ann.ended("you_left").await;
        ann.expect("idle").await;
        ben.ended("partner_left").await;
        join_when_allowed(&mut ann).await;
        ann.meet().await;
        ben.meet().await;
    }
    let chat = ann.chat();
    ann.send(json!({"type": "skip", "chat_id": chat}));
    let event = ann.either().await;
    // A busy machine may have taken three seconds for this.
    assert!(
        event["code"] == "rate_limited" || event["reason"] == "you_skipped",
        "{}",
        event.body
    );
}

#[tokio::test]
async fn leaving_the_queue_takes_nothing() {
    let server = a_server().await;
    let mut client = Client::waiting(&server, "").await;
    for _ in 0..12 {
        client.send(json!({"type": "leave"}));
        client.expect("idle").await;
        client.send(json!({"type": "join"}));
        client.expect("waiting").await;
    }
}

#[tokio::test]
async fn without_a_limit_skips_are_free() {
    let server = Server::start(&[
        ("PASSERBY__MATCHING__REMATCH_COOLDOWN", "0s"),
        ("PASSERBY__LIMITS__SKIPS_PER_MINUTE", "0"),
    ])
    .await;
    let (mut ann, mut ben) = pair(&server).await;
    for _ in 0..6 {
        spend_all_skips(&mut ann, &mut ben).await;
    }
}

#[tokio::test]
async fn an_emptied_bucket_is_still_empty_after_a_resume() {
    let server = Server::start(&[
        ("PASSERBY__MATCHING__REMATCH_COOLDOWN", "0s"),
        ("PASSERBY__LIMITS__SKIPS_PER_MINUTE", "1"),
    ])
    .await;
    let (mut ann, mut ben) = pair(&server).await;
    spend_all_skips(&mut ann, &mut ben).await;
    let memory = ann.reset_connection().await;
    let mut ann = Client::resume(&server, &memory).await;
    let chat = ann.chat();
    ann.refused(json!({"type": "skip", "chat_id": chat}), "rate_limited")
        .await;
}
