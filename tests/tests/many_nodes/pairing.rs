//! Users of different nodes are paired as if there were one.

use std::time::Duration;

use passerby_tests::{Client, Nodes, next_millisecond, pair_across, pair_across_with};
use serde_json::json;

#[tokio::test]
async fn two_on_different_nodes_meet() {
    let nodes = Nodes::start(2, &[]).await;
    let mut ann = Client::waiting(nodes[0].server(), "").await;
    let mut ben = Client::connect(nodes[1].server(), "").await;
    let (to_ben, to_ann) = (ben.meet().await, ann.meet().await);
    assert_eq!(to_ann.text("chat_id"), to_ben.text("chat_id"));
    assert_ne!(
        to_ann.flag("initiator"),
        to_ben.flag("initiator"),
        "exactly one makes the offer"
    );
    assert_ne!(ann.welcome().text("node"), ben.welcome().text("node"));
}

#[tokio::test]
async fn both_are_told_what_they_have_in_common() {
    let nodes = Nodes::start(2, &[]).await;
    let query = "interests=tea,bees,%C3%89COLE&language=en-GB";
    let mut ann = Client::waiting(nodes[0].server(), query).await;
    let other = "interests=bees,chess,%C3%A9cole&language=en-US";
    let mut ben = Client::connect(nodes[1].server(), other).await;
    for client in [&mut ben, &mut ann] {
        let matched = client.meet().await;
        let mut common = matched.list("common_interests");
        common.sort_unstable();
        assert_eq!(common, ["bees", "école"]);
        assert_eq!(matched.text("language"), "en");
    }
}

#[tokio::test]
async fn who_waits_longest_is_met_first_wherever_they_are() {
    let nodes = Nodes::start(3, &[]).await;
    let mut first = Client::waiting(nodes[0].server(), "interests=a1").await;
    next_millisecond().await;
    let mut second = Client::waiting(nodes[1].server(), "interests=b1").await;
    let mut seeker = Client::connect(nodes[2].server(), "interests=a1,b1").await;
    let met = seeker.meet().await.text("chat_id").to_owned();
    assert_eq!(first.meet().await.text("chat_id"), met);
    second.quiet().await;
}

#[tokio::test]
async fn most_in_common_comes_before_place() {
    let nodes = Nodes::start(3, &[]).await;
    let mut one = Client::waiting(nodes[0].server(), "interests=a1").await;
    next_millisecond().await;
    let mut two = Client::waiting(nodes[1].server(), "interests=b1,c1").await;
    let mut seeker = Client::connect(nodes[2].server(), "interests=a1,b1,c1").await;
    seeker.meet().await;
    two.meet().await;
    assert_eq!(two.chat(), seeker.chat());
    one.quiet().await;
}

#[tokio::test]
async fn patience_ends_across_nodes_too() {
    let nodes = Nodes::start(2, &[("PASSERBY__MATCHING__INTEREST_PATIENCE", "1s")]).await;
    let mut ann = Client::waiting(nodes[0].server(), "interests=tea").await;
    let mut ben = Client::waiting(nodes[1].server(), "interests=rust").await;
    ann.meet().await;
    ben.meet().await;
    assert_eq!(ann.chat(), ben.chat());
}

#[tokio::test]
async fn unlike_modes_and_languages_do_not_meet() {
    let nodes = Nodes::start(2, &[("PASSERBY__MATCHING__LANGUAGE_PATIENCE", "10m")]).await;
    let mut text = Client::waiting(nodes[0].server(), "language=en").await;
    let mut video = Client::waiting(nodes[1].server(), "language=en&mode=video").await;
    let mut german = Client::waiting(nodes[1].server(), "language=de").await;
    for client in [&mut text, &mut video, &mut german] {
        client.quiet().await;
    }
    let mut third = Client::connect(nodes[1].server(), "language=en").await;
    third.meet().await;
    text.meet().await;
}

#[tokio::test]
async fn a_new_join_replaces_what_the_other_node_knows() {
    let nodes = Nodes::start(2, &[("PASSERBY__MATCHING__INTEREST_PATIENCE", "10m")]).await;
    let mut ann = Client::waiting(nodes[0].server(), "interests=tea").await;
    ann.send(json!({"type": "join", "interests": ["rust"]}));
    ann.expect("waiting").await;
    let mut tea = Client::waiting(nodes[1].server(), "interests=tea").await;
    let mut rust = Client::connect(nodes[1].server(), "interests=rust").await;
    rust.meet().await;
    ann.meet().await;
    assert_eq!(ann.chat(), rust.chat());
    tea.quiet().await;
}

#[tokio::test]
async fn who_has_left_the_queue_is_not_found_from_elsewhere() {
    let nodes = Nodes::start(2, &[]).await;
    let mut ann = Client::waiting(nodes[0].server(), "").await;
    ann.send(json!({"type": "leave"}));
    ann.expect("idle").await;
    let mut ben = Client::waiting(nodes[1].server(), "").await;
    ann.quiet().await;
    ben.quiet().await;
    ann.send(json!({"type": "join"}));
    ann.meet().await;
    ben.meet().await;
}

#[tokio::test]
async fn a_crowd_on_three_nodes_is_paired_off() {
    let nodes = Nodes::start(3, &[]).await;
    let mut clients = Vec::new();
    for number in 0..60 {
        clients.push(Client::connect(nodes[number % 3].server(), "").await);
    }
    let mut chats = std::collections::HashMap::<String, usize>::new();
    for client in &mut clients {
        let chat = client.meet().await.text("chat_id").to_owned();
        *chats.entry(chat).or_default() += 1;
    }
    assert!(
        chats.len() == 30 && chats.values().all(|&count| count == 2),
        "{chats:?}"
    );
}

#[tokio::test]
async fn a_pair_meets_again_across_nodes_when_the_cooldown_is_over() {
    let nodes = Nodes::start(2, &[("PASSERBY__MATCHING__REMATCH_COOLDOWN", "2s")]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    ann.send_of_chat("skip");
    let ended = ann.ended("you_skipped").await.at;
    ben.ended("partner_skipped").await;
    assert!(ann.expect("waiting").await.has("cooldown_until"));
    assert!(ben.expect("waiting").await.has("cooldown_until"));
    let met = ann.meet().await.at;
    ben.meet().await;
    assert_eq!(ann.chat(), ben.chat());
    assert!(met - ended + Duration::from_millis(150) >= Duration::from_secs(2));
}

#[tokio::test]
async fn a_cooldown_across_nodes_strands_nobody() {
    let nodes = Nodes::start(2, &[]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    ben.send_of_chat("skip");
    ann.ended("partner_skipped").await;
    ben.ended("you_skipped").await;
    for client in [&mut ann, &mut ben] {
        client.expect("waiting").await;
        client.quiet().await;
    }
    let mut cyd = Client::connect(nodes[0].server(), "").await;
    let mut dan = Client::connect(nodes[1].server(), "").await;
    for client in [&mut cyd, &mut dan, &mut ann, &mut ben] {
        client.meet().await;
    }
    assert_ne!(ann.chat(), ben.chat());
}

#[tokio::test]
async fn video_users_meet_across_nodes_and_signal() {
    let nodes = Nodes::start(2, &[]).await;
    let (mut ann, mut ben) = pair_across_with(&nodes, "mode=video").await;
    let chat = ann.chat();
    for data in [
        json!({"sdp": "v=0\r\n"}),
        json!(null),
        json!({"c": "x".repeat(15_000)}),
    ] {
        ann.send(json!({"type": "signal", "chat_id": chat, "data": data}));
        assert_eq!(ben.expect("signal").await["data"], data);
        ben.send(json!({"type": "signal", "chat_id": chat, "data": data}));
        assert_eq!(ann.expect("signal").await["data"], data);
    }
}
