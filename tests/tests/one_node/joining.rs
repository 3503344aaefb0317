//! `join`: into the queue, and again while in it.

use passerby_tests::{Client, Server, next_millisecond, pair};
use serde_json::json;

#[tokio::test]
async fn an_idle_user_joins_by_command() {
    let server = Server::start(&[]).await;
    let mut ann = Client::idle(&server).await;
    ann.send(json!({"type": "join"}));
    let waiting = ann.expect("waiting").await;
    assert!(
        !waiting.has("cooldown_until") && waiting["paused"] != true,
        "{}",
        waiting.body
    );
    let mut ben = Client::idle(&server).await;
    ben.send(json!({"type": "join"}));
    ben.meet().await;
    ann.meet().await;
}

#[tokio::test]
async fn every_join_while_waiting_is_answered_and_keeps_the_place() {
    let server = Server::start(&[]).await;
    let mut client = Client::connect(&server, "").await;
    let since = client.expect("waiting").await.number("since");
    for interests in [json!([]), json!(["tea"]), json!(["tea", "rust"])] {
        for _ in 0..10 {
            client.send(json!({"type": "join", "interests": interests}));
            assert_eq!(client.expect("waiting").await.number("since"), since);
        }
    }
    client.quiet().await;
}

#[tokio::test]
async fn a_hundred_joins_are_held_to_the_limit() {
    let server = Server::start(&[]).await;
    let mut client = Client::connect(&server, "").await;
    let since = client.expect("waiting").await.number("since");
    let joins: Vec<_> = (0..100)
        .map(|number| json!({"type": "join", "id": format!("j{number}")}))
        .collect();
    client.send_all(&joins);
    let (mut waited, mut refused) = (0, 0);
    // The burst is two seconds of 30 commands.
    for _ in 0..60 {
        assert_eq!(client.expect("waiting").await.number("since"), since);
        waited += 1;
    }
    while waited + refused < 100 {
        match client.either().await.kind() {
            "waiting" => waited += 1,
            _ => refused += 1,
        }
    }
    assert!(refused >= 10, "{waited} joins were obeyed, {refused} refused");
}

#[tokio::test]
async fn a_join_replaces_the_criteria_whole() {
    let server = Server::start(&[("PASSERBY__MATCHING__INTEREST_PATIENCE", "5m")]).await;
    let mut ann = Client::waiting(&server, "interests=tea&mode=text").await;
    let mut ben = Client::waiting(&server, "interests=rust").await;
    ann.send(json!({"type": "join", "interests": ["rust"]}));
    ann.meet().await;
    assert_eq!(ben.meet().await.list("common_interests"), ["rust"]);

    let mut cyd = Client::waiting(&server, "interests=tea&language=de&mode=video").await;
    // Without fields: no interests, no language, mode `text`.
    cyd.send(json!({"type": "join"}));
    cyd.expect("waiting").await;
    let mut dan = Client::connect(&server, "language=en").await;
    let met = dan.meet().await;
    assert_eq!(
        (
            met.text("mode"),
            met.list("common_interests").len(),
            met.has("language")
        ),
        ("text", 0, false)
    );
    cyd.meet().await;
}

#[tokio::test]
async fn criteria_hold_for_all_later_waits() {
    let server = Server::start(&[("PASSERBY__MATCHING__INTEREST_PATIENCE", "5m")]).await;
    let mut ann = Client::idle(&server).await;
    ann.send(json!({"type": "join", "interests": ["tea"]}));
    ann.expect("waiting").await;
    next_millisecond().await;
    let mut ben = Client::connect(&server, "interests=tea").await;
    ben.meet().await;
    ann.meet().await;
    ben.send(json!({"type": "leave"}));
    ann.ended("partner_left").await;
    ann.expect("waiting").await;
    let mut cyd = Client::waiting(&server, "interests=rust").await;
    let mut dan = Client::connect(&server, "interests=tea,rust,more").await;
    // Place decides between the two who share one interest each: it is Ann's, who came first.
    assert_eq!(dan.meet().await.list("common_interests"), ["tea"]);
    ann.meet().await;
    cyd.quiet().await;
}

#[tokio::test]
async fn a_join_that_crosses_the_match_is_refused_and_changes_nothing() {
    let server = Server::start(&[]).await;
    for _ in 0..10 {
        let mut ann = Client::waiting(&server, "").await;
        let ((), mut ben) = tokio::join!(
            async { ann.send(json!({"type": "join", "id": "crossing"})) },
            Client::connect(&server, ""),
        );
        ben.meet().await;
        ann.meet().await;
        ann.flush().await;
        assert_eq!(ann.chat(), ben.chat());
        ann.say("a", "hello");
        assert_eq!(ben.expect("message").await.text("text"), "hello");
        ann.close(1000).await;
        ben.close(1000).await;
    }
}

#[tokio::test]
async fn nobody_meets_themself() {
    let server = Server::start(&[]).await;
    let mut client = Client::waiting(&server, "").await;
    for _ in 0..10 {
        client.send(json!({"type": "join"}));
        client.expect("waiting").await;
    }
    client.quiet().await;
}

#[tokio::test]
async fn two_users_are_told_one_chat_and_no_third_is() {
    let server = Server::start(&[]).await;
    let (ann, ben) = pair(&server).await;
    let (cyd, dan) = pair(&server).await;
    let mut alone = Client::waiting(&server, "").await;
    assert_eq!((ann.chat(), cyd.chat()), (ben.chat(), dan.chat()));
    assert_ne!(ann.chat(), cyd.chat());
    alone.quiet().await;
}
