//! Two users just parted are not paired again for a while, and exactly then they are.

use std::time::Duration;

use passerby_tests::{Client, Server, pair};
use serde_json::json;

const SLACK: Duration = Duration::from_millis(150);

#[tokio::test]
async fn two_just_parted_are_paired_when_the_cooldown_ends_and_not_before() {
    let server = Server::start(&[("PASSERBY__MATCHING__REMATCH_COOLDOWN", "2s")]).await;
    let (mut ann, mut ben) = pair(&server).await;
    ann.send_of_chat("skip");
    let ended = ann.ended("you_skipped").await.at;
    ben.ended("partner_skipped").await;
    for client in [&mut ann, &mut ben] {
        let waiting = client.expect("waiting").await;
        let left = waiting.number("cooldown_until") - client.welcome().number("now");
        assert!(
            (1000..=60_000).contains(&left),
            "cooldown until {left} ms after the welcome"
        );
    }
    let met = ann.meet().await.at;
    ben.meet().await;
    assert!(
        met - ended + SLACK >= Duration::from_secs(2),
        "they met again after {:?}",
        met - ended
    );
    assert_eq!(ann.chat(), ben.chat());
}

#[tokio::test]
async fn the_cooldown_tells_its_end_truly() {
    let server = Server::start(&[("PASSERBY__MATCHING__REMATCH_COOLDOWN", "60s")]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let now = ann.welcome().number("now");
    ben.send_of_chat("skip");
    for client in [&mut ann, &mut ben] {
        client.expect("chat_ended").await;
        let until = client.expect("waiting").await.number("cooldown_until");
        assert!((55_000..90_000).contains(&(until - now)), "{} ms", until - now);
    }
    // It is told with every `waiting` while it lasts.
    ann.send(json!({"type": "join"}));
    assert!(ann.expect("waiting").await.has("cooldown_until"));
    ann.quiet().await;
    ben.quiet().await;
}

#[tokio::test]
async fn a_cooldown_strands_nobody_when_a_third_comes() {
    let server = Server::start(&[("PASSERBY__MATCHING__REMATCH_COOLDOWN", "60s")]).await;
    let (mut ann, mut ben) = pair(&server).await;
    ann.send_of_chat("skip");
    ann.ended("you_skipped").await;
    ben.ended("partner_skipped").await;
    ann.expect("waiting").await;
    ben.expect("waiting").await;
    let mut cyd = Client::connect(&server, "").await;
    cyd.meet().await;
    let mut dan = Client::connect(&server, "").await;
    dan.meet().await;
    ann.meet().await;
    ben.meet().await;
    assert_ne!(ann.chat(), ben.chat());
}

#[tokio::test]
async fn a_cooldown_holds_after_every_way_to_part() {
    let server = Server::start(&[("PASSERBY__MATCHING__REMATCH_COOLDOWN", "60s")]).await;
    for command in ["skip", "leave", "block"] {
        let (mut ann, mut ben) = pair(&server).await;
        ann.send_of_chat(command);
        ann.flush().await;
        ann.send(json!({"type": "join"}));
        ann.flush().await;
        while ben.any().await.kind() != "waiting" {}
        ben.quiet().await;
        ann.close(1000).await;
        ben.close(1000).await;
    }
}

#[tokio::test]
async fn a_cooldown_survives_a_resume() {
    let server = Server::start(&[("PASSERBY__MATCHING__REMATCH_COOLDOWN", "60s")]).await;
    let (mut ann, mut ben) = pair(&server).await;
    ann.send_of_chat("skip");
    ann.ended("you_skipped").await;
    ann.expect("waiting").await;
    ben.ended("partner_skipped").await;
    ben.expect("waiting").await;
    let memory = ann.reset_connection().await;
    let mut ann = Client::resume(&server, &memory).await;
    assert_eq!(ann.welcome().text("state"), "waiting");
    assert!(ann.welcome().has("cooldown_until"), "{}", ann.welcome().body);
    ann.quiet().await;
    ben.quiet().await;
}

#[tokio::test]
async fn without_a_cooldown_two_who_part_meet_at_once() {
    let server = Server::start(&[("PASSERBY__MATCHING__REMATCH_COOLDOWN", "0s")]).await;
    let (mut ann, mut ben) = pair(&server).await;
    ann.send_of_chat("skip");
    ann.ended("you_skipped").await;
    ben.ended("partner_skipped").await;
    ann.meet().await;
    ben.meet().await;
}

#[tokio::test]
async fn a_cooldown_is_each_pairs_own() {
    // Three users, each of whom has just parted from another: whoever may meet does.
    let server = Server::start(&[("PASSERBY__MATCHING__REMATCH_COOLDOWN", "60s")]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let mut cyd = Client::waiting(&server, "").await;
    ben.send_of_chat("leave");
    ben.ended("you_left").await;
    ann.ended("partner_left").await;
    ann.meet().await;
    cyd.meet().await;
    ann.send_of_chat("leave");
    ann.ended("you_left").await;
    cyd.ended("partner_left").await;
    cyd.expect("waiting").await;
    ben.expect("idle").await;
    ben.send(json!({"type": "join"}));
    ben.meet().await;
    cyd.meet().await;
    ann.expect("idle").await;
    ann.send(json!({"type": "join"}));
    ann.expect("waiting").await;
    ann.quiet().await;
}
