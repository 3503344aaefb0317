//! Taking a seat back: what is replayed, in which order, and how much is honestly lost.

use passerby_tests::connect::Memory;
use passerby_tests::{Client, Connect, PATIENCE, Server, http, pair, pair_with, until};
use serde_json::json;

const HELD: (&str, &str) = ("PASSERBY__SESSION__RESUME_GRACE", "60s");

#[tokio::test]
async fn a_dropped_client_takes_its_chat_back_and_has_missed_nothing() {
    let server = Server::start(&[HELD]).await;
    let (mut ann, mut ben) = pair(&server).await;
    ben.say("1", "read");
    ben.expect("ack").await;
    ann.expect("message").await;
    let memory = ann.reset_connection().await;
    ben.expect("partner_away").await;
    for id in ["2", "3", "4"] {
        ben.say(id, id);
        ben.expect("ack").await;
    }
    let mut ann = Client::resume(&server, &memory).await;
    let welcome = ann.welcome();
    assert_eq!((welcome.flag("resumed"), welcome.flag("gap")), (true, false));
    assert_eq!(welcome.number("seq"), memory.position.last_seq);
    assert!(
        welcome.number("replay_to") >= memory.position.last_seq + 3,
        "{memory:?}: {}",
        welcome.body
    );
    for text in ["2", "3", "4"] {
        assert_eq!(ann.expect("message").await.text("text"), text);
    }
    ben.expect("partner_back").await;
    ann.say("5", "back");
    assert_eq!(ben.expect("message").await.text("text"), "back");
}

#[tokio::test]
async fn all_events_a_client_has_not_processed_are_replayed() {
    let server = Server::start(&[HELD]).await;
    let (mut ann, mut ben) = pair(&server).await;
    for id in ["1", "2", "3"] {
        ben.say(id, id);
        ann.expect("message").await;
    }
    let memory = ann.reset_connection().await;
    let last = memory.position.last_seq;
    for back in 0..=last {
        ben.flush().await;
        let query = format!("resume={}&last_seq={back}", memory.token);
        let known = Memory {
            token: memory.token.clone(),
            position: at(back, &memory),
        };
        let mut ann = Connect::to(&server)
            .query(&query)
            .remembering(&known)
            .open()
            .await;
        assert_eq!(
            (ann.welcome().flag("resumed"), ann.welcome().flag("gap")),
            (true, false)
        );
        assert_eq!(
            (ann.welcome().number("seq"), ann.welcome().number("replay_to")),
            (back, last)
        );
        for seq in back + 1..=last {
            assert_eq!(ann.any().await.number("seq"), seq);
        }
        assert_eq!(ann.welcome().text("state"), "chatting");
        // Never heard from, so the same token opens the seat again.
        drop(ann);
    }
}

/// Where a client was that had processed this many events of a memory whose second event was `matched`.
fn at(seq: u64, memory: &Memory) -> passerby_tests::ledger::Position {
    let chat = if seq >= memory.position.last_seq - 3 {
        memory.position.chat.clone()
    } else {
        None
    };
    passerby_tests::ledger::Position {
        last_seq: seq,
        chat,
        ..Default::default()
    }
}

#[tokio::test]
async fn a_number_above_the_servers_is_a_gap() {
    let server = Server::start(&[HELD]).await;
    let (ann, mut ben) = pair(&server).await;
    let mut memory = ann.reset_connection().await;
    let last = memory.position.last_seq;
    memory.position.last_seq = last + 1000;
    ben.expect("partner_away").await;
    let mut ann = Client::resume(&server, &memory).await;
    assert_eq!(
        (ann.welcome().flag("resumed"), ann.welcome().flag("gap")),
        (true, true)
    );
    assert_eq!(ann.welcome().text("state"), "chatting");
    ben.expect("partner_back").await;
    ben.say("a", "go on");
    while ann.any().await["text"] != "go on" {}
}

#[tokio::test]
async fn what_is_no_longer_held_is_told_as_a_gap() {
    let server = Server::start(&[HELD, ("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "0")]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let fresh = Memory {
        token: ann.memory().token,
        position: passerby_tests::ledger::Position::default(),
    };
    let text = "\u{1f600}".repeat(2000);
    // 8 KB each: far more than the 320 KiB that are held for one seat.
    for number in 0..100 {
        ben.say(&number.to_string(), &text);
        ann.expect("message").await;
    }
    let last = ann.reset_connection().await.position.last_seq;
    ben.expect("partner_away").await;
    let mut ann = Client::resume(&server, &fresh).await;
    let welcome = ann.welcome();
    assert_eq!((welcome.flag("resumed"), welcome.flag("gap")), (true, true));
    let first = welcome.number("seq") + 1;
    assert_eq!(welcome.number("replay_to"), last);
    assert!(first > 2 && first < last, "replayed from {first} to {last}");
    for seq in first..=last {
        assert_eq!(ann.any().await.number("seq"), seq);
    }
    ben.expect("partner_back").await;
    ben.say("live", "live");
    assert_eq!(ann.expect("message").await.text("text"), "live");
}

#[tokio::test]
async fn every_state_is_resumed_as_it_was() {
    let server = Server::start(&[HELD]).await;
    let mut idle = Client::idle(&server).await;
    idle.is_served().await;
    let memory = idle.reset_connection().await;
    // The query's `join` is for fresh seats.
    let mut idle = Client::resume(&server, &memory).await;
    assert_eq!(
        (idle.welcome().text("state"), idle.welcome().flag("resumed")),
        ("idle", true)
    );
    idle.quiet().await;

    let mut waiting = Client::connect(&server, "interests=tea").await;
    let since = waiting.expect("waiting").await.number("since");
    let memory = waiting.reset_connection().await;
    let mut waiting = Client::resume(&server, &memory).await;
    assert_eq!(
        (waiting.welcome().text("state"), waiting.welcome().number("since")),
        ("waiting", since)
    );
    let mut second = Client::connect(&server, "interests=tea").await;
    second.meet().await;
    assert_eq!(waiting.meet().await.list("common_interests"), ["tea"]);
}

#[tokio::test]
async fn a_seat_is_taken_back_by_subprotocol_as_browsers_do() {
    let server = Server::start(&[HELD]).await;
    let (ann, mut ben) = pair(&server).await;
    let memory = ann.reset_connection().await;
    ben.expect("partner_away").await;
    let ann = Connect::to(&server).resuming_by_subprotocol(&memory).open().await;
    assert_eq!(
        (ann.welcome().flag("resumed"), ann.welcome().text("state")),
        (true, "chatting")
    );
    ben.expect("partner_back").await;
}

#[tokio::test]
async fn without_a_number_all_that_is_held_is_replayed() {
    let server = Server::start(&[HELD]).await;
    let client = Client::waiting(&server, "").await;
    let token = client.reset_connection().await.token;
    let mut client = Connect::to(&server)
        .query(&format!("resume={token}"))
        .open()
        .await;
    assert_eq!(
        (client.welcome().flag("resumed"), client.welcome().flag("gap")),
        (true, false)
    );
    assert_eq!(
        (
            client.welcome().number("seq"),
            client.welcome().number("replay_to")
        ),
        (0, 1)
    );
    client.expect("waiting").await;
    client.quiet().await;
}

#[tokio::test]
async fn the_id_of_a_user_stays_with_the_seat() {
    let server = Server::start(&[HELD]).await;
    let client = Client::idle(&server).await;
    let user = client.welcome().text("user_id").to_owned();
    let memory = client.reset_connection().await;
    let client = Client::resume(&server, &memory).await;
    assert_eq!(client.welcome().text("user_id"), user);
}

#[tokio::test]
async fn events_that_came_while_away_are_replayed_in_order() {
    let server = Server::start(&[HELD]).await;
    let (ann, mut ben) = pair(&server).await;
    let memory = ann.reset_connection().await;
    ben.expect("partner_away").await;
    ben.say("1", "goodbye");
    ben.expect("ack").await;
    ben.send_of_chat("skip");
    ben.ended("you_skipped").await;
    // On another node it takes a moment until the end is known.
    until("nobody is in the chat", PATIENCE, async || {
        http::get(server.http(), "/api/v1/stats", &[]).await.json()["chatting"] == 0
    })
    .await;
    let mut ann = Client::resume(&server, &memory).await;
    assert_eq!(ann.welcome().text("state"), "waiting");
    assert_eq!(ann.expect("message").await.text("text"), "goodbye");
    ann.ended("partner_skipped").await;
    ann.expect("waiting").await;
    ann.quiet().await;
}

#[tokio::test]
async fn a_seat_is_taken_back_again_and_again() {
    let server = Server::start(&[HELD]).await;
    let (mut ann, mut ben) = pair_with(&server, "interests=tea").await;
    for round in 0..10 {
        let memory = ann.reset_connection().await;
        ben.expect("partner_away").await;
        ben.say(&format!("m{round}"), &format!("{round}"));
        ben.expect("ack").await;
        ann = Client::resume(&server, &memory).await;
        ben.expect("partner_back").await;
        assert_eq!(ann.expect("message").await.text("text"), round.to_string());
        ann.is_served().await;
    }
}

#[tokio::test]
async fn commands_work_right_after_a_resume() {
    let server = Server::start(&[HELD]).await;
    let (ann, mut ben) = pair(&server).await;
    let memory = ann.reset_connection().await;
    ben.expect("partner_away").await;
    let mut ann = Client::resume(&server, &memory).await;
    ann.send_of_chat("skip");
    ann.ended("you_skipped").await;
    ben.expect("partner_back").await;
    ben.ended("partner_skipped").await;
    ann.send(json!({"type": "leave"}));
    ann.expect("waiting").await;
    ann.expect("idle").await;
}
