//! What is said from node to node: in order, once, acknowledged, and to the partner of that chat alone.

use passerby_tests::{Client, Nodes, PATIENCE, pair_across};
use serde_json::json;

/// As much as one wants to say at once.
const TALKATIVE: (&str, &str) = ("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "0");

#[tokio::test]
async fn messages_arrive_both_ways_in_order_and_are_acknowledged() {
    let nodes = Nodes::start(2, &[TALKATIVE]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    for number in 0..50 {
        ann.say(&format!("a{number}"), &format!("from ann {number}"));
        ben.say(&format!("b{number}"), &format!("from ben {number}"));
    }
    for number in 0..50 {
        assert_eq!(
            ben.expect("message").await.text("text"),
            format!("from ann {number}")
        );
        assert_eq!(
            ann.expect("message").await.text("text"),
            format!("from ben {number}")
        );
        assert_eq!(ann.expect("ack").await.text("id"), format!("a{number}"));
        assert_eq!(ben.expect("ack").await.text("id"), format!("b{number}"));
    }
    ann.quiet().await;
    ben.quiet().await;
}

#[tokio::test]
async fn a_text_arrives_exactly_as_it_was_sent() {
    let nodes = Nodes::start(2, &[]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    let long = "\u{1f600}".repeat(2000);
    for (number, text) in [
        " a\tb\n",
        "\u{202e}abc",
        "{\"type\":\"skip\"}",
        "\"\\\u{2028}",
        &long,
    ]
    .into_iter()
    .enumerate()
    {
        ann.say(&number.to_string(), text);
        assert_eq!(ben.expect("message").await.text("text"), text);
        ann.expect("ack").await;
    }
}

#[tokio::test]
async fn typing_crosses_nodes() {
    let nodes = Nodes::start(2, &[]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    let chat = ann.chat();
    ann.send(json!({"type": "typing", "chat_id": chat, "on": true}));
    let typing = ben.expect("typing").await;
    assert_eq!((typing.flag("on"), typing.text("chat_id")), (true, chat.as_str()));
    ann.quiet().await;
}

#[tokio::test]
async fn a_message_sent_again_is_acknowledged_again_and_delivered_once() {
    let nodes = Nodes::start(2, &[]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    for text in ["hello", "hello", "something else"] {
        ann.say("same", text);
        assert_eq!(ann.expect("ack").await.text("id"), "same");
    }
    assert_eq!(ben.expect("message").await.text("text"), "hello");
    ben.quiet().await;
}

#[tokio::test]
async fn each_sending_of_a_message_is_answered_also_while_it_is_on_its_way() {
    let nodes = Nodes::start(2, &[]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    let message = json!({"type": "message", "chat_id": ann.chat(), "id": "a", "text": "once"});
    ann.send_all(&[message.clone(), message.clone(), message]);
    for _ in 0..3 {
        assert_eq!(ann.expect("ack").await.text("id"), "a");
    }
    assert_eq!(ben.expect("message").await.text("text"), "once");
    ann.quiet().await;
    ben.quiet().await;
}

#[tokio::test]
async fn what_was_meant_for_the_last_partner_does_not_reach_the_next() {
    let nodes = Nodes::start(2, &[]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    let old = ann.chat();
    ben.send_of_chat("skip");
    ben.ended("you_skipped").await;
    ann.ended("partner_skipped").await;
    ann.expect("waiting").await;
    ben.expect("waiting").await;
    let mut cyd = Client::connect(nodes[1].server(), "").await;
    cyd.meet().await;
    ann.meet().await;
    let message = json!({"type": "message", "chat_id": old, "text": "psst"});
    ann.refused(message.clone(), "stale_chat").await;
    ben.refused(message, "not_chatting").await;
    cyd.quiet().await;
}

#[tokio::test]
async fn a_flood_across_nodes_is_delivered_or_refused_and_never_silent() {
    let nodes = Nodes::start(2, &[TALKATIVE]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    let text = "x".repeat(1900);
    for number in 0..500 {
        ann.say(&number.to_string(), &format!("{number} {text}"));
    }
    let mut accepted = Vec::new();
    for number in 0..500 {
        let answer = ann.answer().await;
        let id = answer.body["id"].as_str().or(answer.body["ref"].as_str());
        let id = id
            .unwrap_or_else(|| panic!("it names no message: {}", answer.body))
            .to_owned();
        if answer.kind() == "ack" {
            accepted.push(id);
        } else {
            assert_eq!(answer.text("code"), "partner_unreachable", "answer {number}");
        }
    }
    for id in &accepted {
        let message = loop {
            if let Some(event) = ben.next(PATIENCE).await {
                break event;
            }
            // A megabyte at once may be more than he reads in time. He misses nothing of what was acknowledged.
            assert_eq!(ben.end(), Some(Some(4010)), "before message {id}");
            ben = Client::resume(nodes[1].server(), &ben.drop_connection()).await;
            assert!(!ben.welcome().flag("gap"), "before message {id}");
        };
        assert_eq!(message.kind(), "message", "{}", message.body);
        assert_eq!(message.text("text").split(' ').next(), Some(id.as_str()));
    }
    ben.quiet().await;
}
