//! Ends of a chat whose partners are on different nodes.

use passerby_tests::{Client, Nodes, next_millisecond, pair_across};
use serde_json::json;

#[tokio::test]
async fn a_skip_ends_the_chat_on_both_nodes_and_both_wait() {
    let nodes = Nodes::start(2, &[]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    ben.send_of_chat("skip");
    ben.ended("you_skipped").await;
    ann.ended("partner_skipped").await;
    ann.expect("waiting").await;
    ben.expect("waiting").await;
}

#[tokio::test]
async fn who_leaves_is_idle_and_the_partner_elsewhere_waits() {
    let nodes = Nodes::start(2, &[]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    ann.send_of_chat("leave");
    ann.ended("you_left").await;
    ann.expect("idle").await;
    ben.ended("partner_left").await;
    ben.expect("waiting").await;
    ann.quiet().await;
}

#[tokio::test]
async fn who_closes_is_gone_at_once() {
    let nodes = Nodes::start(2, &[]).await;
    let (ann, mut ben) = pair_across(&nodes).await;
    ann.close(1000).await;
    let event = ben.expect("chat_ended").await;
    let reason = event.text("reason");
    assert!(
        ["partner_left", "partner_disconnected"].contains(&reason),
        "{reason}"
    );
    ben.expect("waiting").await;
}

#[tokio::test]
async fn two_skips_at_once_end_the_chat_once() {
    let nodes = Nodes::start(2, &[("PASSERBY__MATCHING__REMATCH_COOLDOWN", "60s")]).await;
    for _ in 0..5 {
        let (mut ann, mut ben) = pair_across(&nodes).await;
        ann.send_of_chat("skip");
        ben.send_of_chat("skip");
        for client in [&mut ann, &mut ben] {
            client.expect("chat_ended").await;
            client.expect("waiting").await;
        }
        ann.close(1000).await;
        ben.close(1000).await;
    }
}

#[tokio::test]
async fn who_was_left_keeps_the_place_of_the_last_wait() {
    let nodes = Nodes::start(3, &[("PASSERBY__MATCHING__REMATCH_COOLDOWN", "60s")]).await;
    let mut ann = Client::connect(nodes[0].server(), "").await;
    let since = ann.expect("waiting").await.number("since");
    next_millisecond().await;
    let mut ben = Client::connect(nodes[1].server(), "").await;
    ben.meet().await;
    ann.meet().await;
    let mut late = Client::waiting(nodes[2].server(), "mode=video").await;
    ben.send_of_chat("leave");
    ann.ended("partner_left").await;
    assert_eq!(
        ann.expect("waiting").await.number("since"),
        since,
        "the old place"
    );
    // One who came later, and waits as ann does now, comes after her.
    late.send(json!({"type": "join", "interests": ["unlike all others"]}));
    late.expect("waiting").await;
    let mut seeker = Client::connect(nodes[1].server(), "").await;
    seeker.meet().await;
    ann.meet().await;
    assert_eq!(ann.chat(), seeker.chat());
}

#[tokio::test]
async fn nothing_of_a_chat_follows_its_end() {
    let nodes = Nodes::start(2, &[("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "0")]).await;
    for round in 0..5 {
        let (mut ann, mut ben) = pair_across(&nodes).await;
        for number in 0..20 {
            ann.say(&number.to_string(), &format!("{number}"));
        }
        ben.send_of_chat("skip");
        // The ledger of each client fails when something of the chat comes after its end.
        while ben.any().await.kind() != "waiting" {}
        while ann.any().await.kind() != "waiting" {}
        for answer in 0..20 {
            let event = ann.answer().await;
            let told = event.kind() == "ack"
                || ["stale_chat", "partner_unreachable", "not_chatting"].contains(&event.text("code"));
            assert!(told, "round {round}, answer {answer}: {}", event.body);
        }
        ben.quiet().await;
        ann.close(1000).await;
        ben.close(1000).await;
    }
}
