//! Every command in every state it is not for.

use passerby_tests::{Client, Server, pair};
use serde_json::{Value, json};

/// The commands that need a chat, naming this one.
fn of_chat(chat: &str) -> [Value; 6] {
    [
        json!({"type": "message", "chat_id": chat, "text": "canary"}),
        json!({"type": "skip", "chat_id": chat}),
        json!({"type": "block", "chat_id": chat}),
        json!({"type": "report", "chat_id": chat, "reason": "spam"}),
        json!({"type": "signal", "chat_id": chat, "data": {}}),
        json!({"type": "typing", "chat_id": chat, "on": true}),
    ]
}

#[tokio::test]
async fn without_a_chat_nothing_of_a_chat_works() {
    let server = Server::start(&[]).await;
    let mut idle = Client::idle(&server).await;
    let mut waiting = Client::waiting(&server, "").await;
    for client in [&mut idle, &mut waiting] {
        for command in of_chat("AAAAAAAAAAAAAAAA") {
            if command["type"] == "typing" {
                client.send(command);
                client.quiet().await;
            } else {
                client.refused(command, "not_chatting").await;
            }
        }
    }
}

#[tokio::test]
async fn a_guessed_chat_is_stale() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    for command in of_chat("AAAAAAAAAAAAAAAA") {
        let kind = command["type"].as_str().unwrap_or_default().to_owned();
        ann.send(command);
        match kind.as_str() {
            "typing" => {}
            "signal" => drop(ann.error_of(&["stale_chat", "invalid_mode"]).await),
            _ => drop(ann.error("stale_chat").await),
        }
    }
    for chat in ["x", "", "not a chat id at all, and far too long to ever be one"] {
        ann.send(json!({"type": "message", "chat_id": chat, "text": "canary"}));
        ann.error_of(&["stale_chat", "malformed"]).await;
    }
    ann.flush().await;
    ben.quiet().await;
    ben.say("a", "still here");
    ann.expect("message").await;
}

#[tokio::test]
async fn the_chat_of_others_is_told_apart_from_none_by_nothing() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let (mut cyd, mut dan) = pair(&server).await;
    for (foreign, guessed) in of_chat(&ann.chat()).into_iter().zip(of_chat("AAAAAAAAAAAAAAAA")) {
        if foreign["type"] == "typing" || foreign["type"] == "signal" {
            continue;
        }
        let first = cyd.refused(foreign, "stale_chat").await;
        let second = cyd.refused(guessed, "stale_chat").await;
        assert_eq!(first["message"], second["message"]);
    }
    for client in [&mut ann, &mut ben] {
        client.quiet().await;
    }
    dan.quiet().await;
}

#[tokio::test]
async fn what_was_meant_for_the_last_partner_never_reaches_the_next() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let first = ann.chat();
    ben.send_of_chat("leave");
    ben.ended("you_left").await;
    ann.ended("partner_left").await;
    let mut cyd = Client::connect(&server, "").await;
    cyd.meet().await;
    ann.meet().await;
    for command in of_chat(&first) {
        match command["type"].as_str() {
            Some("typing") => ann.send(command),
            Some("message" | "skip") => {
                ann.refused(command, "stale_chat").await;
            }
            Some("signal") => {
                ann.send(command);
                ann.error_of(&["stale_chat", "invalid_mode"]).await;
            }
            _ => {}
        }
    }
    ann.flush().await;
    cyd.quiet().await;
    ann.say("a", "for you");
    assert_eq!(cyd.expect("message").await.text("text"), "for you");
}

#[tokio::test]
async fn two_skips_in_one_packet_end_one_chat() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let skip = json!({"type": "skip", "chat_id": ann.chat(), "id": "skip"});
    ann.send_all(&[skip.clone(), skip]);
    ann.ended("you_skipped").await;
    let refusal = ann.error_of(&["stale_chat", "not_chatting"]).await;
    assert_eq!(refusal["ref"], "skip");
    ann.expect("waiting").await;
    ben.ended("partner_skipped").await;
    ben.expect("waiting").await;
    ann.quiet().await;
    ben.quiet().await;
}

#[tokio::test]
async fn skips_that_cross_end_one_chat_and_requeue_each_once() {
    let server = Server::start(&[]).await;
    for _ in 0..5 {
        let (mut ann, mut ben) = pair(&server).await;
        ann.send_of_chat("skip");
        ben.send_of_chat("skip");
        let reasons = [ann.expect("chat_ended").await, ben.expect("chat_ended").await];
        let skipped = reasons
            .iter()
            .filter(|event| event["reason"] == "you_skipped")
            .count();
        let was_skipped = reasons
            .iter()
            .filter(|event| event["reason"] == "partner_skipped")
            .count();
        // Two nodes may each have ended the chat before they heard of the other's skip.
        let both_were_first = (skipped, was_skipped) == (2, 0) && server.is_two();
        assert!((skipped, was_skipped) == (1, 1) || both_were_first, "{reasons:?}");
        for client in [&mut ann, &mut ben] {
            client.expect("waiting").await;
        }
        let loser = if reasons[0]["reason"] == "you_skipped" {
            &mut ben
        } else {
            &mut ann
        };
        if !both_were_first {
            loser.error_of(&["stale_chat", "not_chatting"]).await;
        }
        for mut client in [ann, ben] {
            client.quiet().await;
            client.close(1000).await;
        }
    }
}

#[tokio::test]
async fn a_ping_is_answered_in_every_state() {
    let server = Server::start(&[]).await;
    let mut idle = Client::idle(&server).await;
    let mut waiting = Client::waiting(&server, "mode=video").await;
    let (mut chatting, _partner) = pair(&server).await;
    for client in [&mut idle, &mut waiting, &mut chatting] {
        client.send(json!({"type": "ping"}));
        assert!(!client.expect("pong").await.has("id"));
        client.send(json!({"type": "ping", "id": "a"}));
        assert_eq!(client.expect("pong").await["id"], "a");
    }
}

#[tokio::test]
async fn a_refusal_names_the_command_only_if_it_had_an_id() {
    let server = Server::start(&[]).await;
    let mut client = Client::idle(&server).await;
    client.send(json!({"type": "leave"}));
    assert!(!client.error("already_idle").await.has("ref"));
    client.send(json!({"type": "leave", "id": "mine"}));
    assert_eq!(client.error("already_idle").await["ref"], "mine");
    client.send(json!({"type": "nonsense", "id": "mine"}));
    assert_eq!(client.error("unknown_type").await["ref"], "mine");
    client.send(json!({"type": "skip", "id": "mine"}));
    assert_eq!(client.error("malformed").await["ref"], "mine");
}
