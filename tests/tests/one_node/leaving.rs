//! `leave`: out of the queue and out of any chat, whatever raced.

use passerby_tests::{Client, Server, pair};
use serde_json::json;

#[tokio::test]
async fn leaving_the_queue_makes_idle() {
    let server = Server::start(&[]).await;
    let mut ann = Client::waiting(&server, "").await;
    ann.send(json!({"type": "leave"}));
    ann.expect("idle").await;
    let mut ben = Client::waiting(&server, "").await;
    ann.quiet().await;
    ben.quiet().await;
}

#[tokio::test]
async fn leaving_a_chat_makes_idle_and_returns_the_partner_to_the_queue() {
    let server = Server::start(&[]).await;
    for with_chat in [true, false] {
        let (mut ann, mut ben) = pair(&server).await;
        if with_chat {
            ann.send_of_chat("leave");
        } else {
            ann.send(json!({"type": "leave"}));
        }
        ann.ended("you_left").await;
        ann.expect("idle").await;
        ben.ended("partner_left").await;
        ben.expect("waiting").await;
        ann.quiet().await;
        ann.close(1000).await;
        ben.close(1000).await;
    }
}

#[tokio::test]
async fn leaving_while_idle_is_refused() {
    let server = Server::start(&[]).await;
    let mut client = Client::idle(&server).await;
    client.refused(json!({"type": "leave"}), "already_idle").await;
}

#[tokio::test]
async fn leaving_the_last_chat_also_leaves_the_queue() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let last = ann.chat();
    ben.send_of_chat("skip");
    ann.ended("partner_skipped").await;
    ann.expect("waiting").await;
    ann.send(json!({"type": "leave", "chat_id": last}));
    ann.expect("idle").await;
}

#[tokio::test]
async fn leaving_the_last_chat_also_leaves_the_one_that_followed() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let last = ann.chat();
    let mut cyd = Client::waiting(&server, "").await;
    ben.send_of_chat("leave");
    ann.ended("partner_left").await;
    ann.meet().await;
    cyd.meet().await;
    ann.send(json!({"type": "leave", "chat_id": last}));
    ann.ended("you_left").await;
    ann.expect("idle").await;
    cyd.ended("partner_left").await;
    cyd.expect("waiting").await;
}

#[tokio::test]
async fn leaving_any_other_chat_is_stale() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let before_last = ann.chat();
    ben.send(json!({"type": "leave"}));
    ann.ended("partner_left").await;
    for _ in 0..2 {
        let mut next = Client::connect(&server, "").await;
        next.meet().await;
        ann.meet().await;
        next.close(1000).await;
        ann.expect("chat_ended").await;
    }
    let mut last = Client::connect(&server, "").await;
    last.meet().await;
    ann.meet().await;
    for chat in [before_last.as_str(), "AAAAAAAAAAAAAAAA"] {
        ann.refused(json!({"type": "leave", "chat_id": chat}), "stale_chat")
            .await;
    }
    last.quiet().await;
    let mut waiting = Client::waiting(&server, "").await;
    waiting.send(json!({"type": "leave", "chat_id": "AAAAAAAAAAAAAAAA"}));
    waiting.error_of(&["stale_chat", "not_chatting"]).await;
    waiting.quiet().await;
}

#[tokio::test]
async fn leaving_wins_the_race_with_a_match() {
    let server = Server::start(&[("PASSERBY__LIMITS__SKIPS_PER_MINUTE", "0")]).await;
    for _ in 0..20 {
        let mut ann = Client::waiting(&server, "").await;
        let ((), mut ben) = tokio::join!(
            async { ann.send(json!({"type": "leave"})) },
            Client::connect(&server, "")
        );
        let mut event = ann.any().await;
        if event.kind() == "matched" {
            ann.ended("you_left").await;
            event = ann.any().await;
        }
        assert_eq!(event.kind(), "idle");
        // Ben is back in the queue, or never left it.
        ben.flush().await;
        let mut cyd = Client::connect(&server, "").await;
        let chat = cyd.meet().await.text("chat_id").to_owned();
        while ben.any().await["chat_id"] != chat {}
        ann.quiet().await;
        for client in [ann, ben, cyd] {
            client.close(1000).await;
        }
    }
}

#[tokio::test]
async fn who_left_may_join_again() {
    let server = Server::start(&[]).await;
    let (mut ann, _ben) = pair(&server).await;
    ann.send(json!({"type": "leave"}));
    ann.ended("you_left").await;
    ann.expect("idle").await;
    let mut cyd = Client::connect(&server, "mode=video").await;
    cyd.expect("waiting").await;
    ann.send(json!({"type": "join", "mode": "video"}));
    ann.meet().await;
    cyd.meet().await;
}
