//! Messages and typing: to the partner only, in order, acknowledged truly.

use std::time::Duration;

use passerby_tests::{Client, Server, pair};
use serde_json::json;

const UNLIMITED: (&str, &str) = ("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "0");

#[tokio::test]
async fn a_message_reaches_the_partner_and_is_acknowledged() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    ann.say("first", "hello");
    let ack = ann.expect("ack").await;
    assert_eq!(
        (ack.text("id"), ack.text("chat_id")),
        ("first", ann.chat().as_str())
    );
    let message = ben.expect("message").await;
    assert_eq!(
        (message.text("text"), message.text("chat_id")),
        ("hello", ben.chat().as_str())
    );
    assert!(!message.has("id"), "ids are the sender's own: {}", message.body);
    let (at, now) = (message.number("at"), ben.welcome().number("now"));
    assert!(at.abs_diff(now) < 60_000, "sent at {at}, welcomed at {now}");
    ann.quiet().await;
}

#[tokio::test]
async fn a_message_without_an_id_is_delivered_and_not_acknowledged() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let chat = ann.chat();
    ann.send(json!({"type": "message", "chat_id": chat, "text": "no id"}));
    assert_eq!(ben.expect("message").await.text("text"), "no id");
    ann.quiet().await;
}

#[tokio::test]
async fn messages_arrive_in_the_order_sent_in_both_directions() {
    let server = Server::start(&[UNLIMITED]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let said = |chat: &str, who: &str| -> Vec<_> {
        (0..500)
            .map(|number| {
                json!({"type": "message", "chat_id": chat, "id": format!("{number}"), "text": format!("{who}{number}")})
            })
            .collect()
    };
    let chat = ann.chat();
    for half in 0..10 {
        ann.send_all(&said(&chat, "a")[half * 50..(half + 1) * 50]);
        ben.send_all(&said(&chat, "b")[half * 50..(half + 1) * 50]);
        for number in half * 50..(half + 1) * 50 {
            assert_eq!(ben.expect("message").await.text("text"), format!("a{number}"));
            assert_eq!(ann.expect("message").await.text("text"), format!("b{number}"));
            assert_eq!(ann.expect("ack").await.text("id"), number.to_string());
            assert_eq!(ben.expect("ack").await.text("id"), number.to_string());
        }
    }
}

#[tokio::test]
async fn typing_is_forwarded() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let chat = ann.chat();
    for on in [true, false] {
        // What comes too soon after the last is dropped, so it is said until it is heard.
        let mut heard = None;
        for _ in 0..100 {
            ann.send(json!({"type": "typing", "chat_id": chat, "on": on}));
            heard = ben.soon("typing", Duration::from_millis(200)).await;
            if heard.is_some() {
                break;
            }
        }
        let typing = heard.expect("typing is forwarded");
        assert_eq!((typing.flag("on"), typing.text("chat_id")), (on, chat.as_str()));
    }
    ann.quiet().await;
}

#[tokio::test]
async fn too_much_typing_is_dropped_in_silence() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let chat = ann.chat();
    let typing: Vec<_> = (0..50)
        .map(|n| json!({"type": "typing", "chat_id": chat, "on": n % 2 == 0}))
        .collect();
    ann.send_all(&typing);
    ann.quiet().await;
    ben.expect("typing").await;
    ann.say("a", "still here");
    ben.expect("message").await;
}

#[tokio::test]
async fn typing_of_a_chat_that_is_over_is_dropped_in_silence() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let chat = ann.chat();
    ben.send_of_chat("leave");
    ann.ended("partner_left").await;
    ann.expect("waiting").await;
    ann.send(json!({"type": "typing", "chat_id": chat, "on": true}));
    ann.quiet().await;
}

#[tokio::test]
async fn no_message_follows_the_end_of_its_chat() {
    let server = Server::start(&[UNLIMITED, ("PASSERBY__MATCHING__REMATCH_COOLDOWN", "0s")]).await;
    let (mut ann, mut ben) = pair(&server).await;
    // Every event of either client runs through the checks of the suite: none may be outside of its chat.
    for round in 0..4 {
        let chat = ann.chat();
        let mut burst: Vec<_> = (0..30)
            .map(|n| json!({"type": "message", "chat_id": chat, "id": format!("{round}-{n}"), "text": chat}))
            .collect();
        burst.push(json!({"type": "skip", "chat_id": chat}));
        burst
            .extend((0..10).map(
                |n| json!({"type": "message", "chat_id": chat, "id": format!("late{n}"), "text": chat}),
            ));
        ann.send_all(&burst);
        for client in [&mut ann, &mut ben] {
            loop {
                let event = client.any().await;
                match event.kind() {
                    "message" => assert_eq!(event.text("text"), event.text("chat_id")),
                    "matched" => break,
                    kind => assert!(["chat_ended", "waiting"].contains(&kind), "{}", event.body),
                }
            }
        }
        assert_eq!(ann.chat(), ben.chat());
        let (mut acked, mut refused) = (0, 0);
        while acked + refused < 40 {
            let answer = ann.answer().await;
            if answer.kind() == "ack" {
                acked += 1;
            } else {
                assert!(
                    ["stale_chat", "not_chatting"].contains(&answer.text("code")),
                    "{}",
                    answer.body
                );
                assert!(answer.text("ref").starts_with("late"));
                refused += 1;
            }
        }
        assert_eq!((acked, refused), (30, 10));
    }
}

#[tokio::test]
async fn a_sender_hears_nothing_of_its_own_message() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let mut bystander = Client::waiting(&server, "mode=video").await;
    ann.say("a", "hello");
    ben.expect("message").await;
    ann.expect("ack").await;
    ann.quiet().await;
    bystander.quiet().await;
}
