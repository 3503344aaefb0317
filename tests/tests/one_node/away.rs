//! A partner who is away: told until when, written to while there is room, and gone when the grace is over.

use std::time::Duration;

use passerby_tests::{Client, Connect, PATIENCE, Server, pair, succeeds};
use serde_json::json;

const HELD: (&str, &str) = ("PASSERBY__SESSION__RESUME_GRACE", "60s");
const SHORT: (&str, &str) = ("PASSERBY__SESSION__RESUME_GRACE", "2s");
const SLACK: Duration = Duration::from_millis(200);

#[tokio::test]
async fn the_partner_is_told_until_when_the_chat_is_held() {
    let server = Server::start(&[HELD]).await;
    let (ann, mut ben) = pair(&server).await;
    ann.drop_connection();
    let away = ben.expect("partner_away").await;
    let held = away.number("until") - ben.welcome().number("now");
    assert_eq!(away.text("chat_id"), ben.chat());
    assert!((50_000..90_000).contains(&held), "held for {held} ms");
}

#[tokio::test]
async fn after_the_grace_the_user_is_gone_and_the_partner_waits() {
    let server = Server::start(&[SHORT]).await;
    let (ann, mut ben) = pair(&server).await;
    ann.reset_connection().await;
    let away = ben.expect("partner_away").await.at;
    let ended = ben.ended("partner_disconnected").await.at;
    ben.expect("waiting").await;
    assert!(
        ended - away + SLACK >= Duration::from_secs(2),
        "gone after {:?}",
        ended - away
    );
}

#[tokio::test]
async fn a_closed_page_is_held_for_the_shorter_grace() {
    let server = Server::start(&[HELD, ("PASSERBY__SESSION__RELOAD_GRACE", "1s")]).await;
    let (ann, mut ben) = pair(&server).await;
    ann.close(1001).await;
    let away = ben.expect("partner_away").await;
    let held = away.number("until").saturating_sub(ben.welcome().number("now"));
    assert!(held < 30_000, "held for {held} ms");
    ben.ended("partner_disconnected").await;
    ben.expect("waiting").await;
}

#[tokio::test]
async fn a_reloaded_page_takes_its_chat_back() {
    let server = Server::start(&[("PASSERBY__SESSION__RELOAD_GRACE", "20s")]).await;
    let (ann, mut ben) = pair(&server).await;
    let memory = ann.memory();
    ann.close(1001).await;
    ben.expect("partner_away").await;
    let ann = Client::resume(&server, &memory).await;
    assert_eq!(ann.welcome().text("state"), "chatting");
    ben.expect("partner_back").await;
}

#[tokio::test]
async fn messages_to_one_who_is_away_are_kept_while_there_is_room() {
    let server = Server::start(&[HELD, ("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "0")]).await;
    let (ann, mut ben) = pair(&server).await;
    let memory = ann.reset_connection().await;
    ben.expect("partner_away").await;
    let (mut kept, mut refused) = (Vec::new(), 0);
    let text = "\u{1f600}".repeat(1000);
    for number in 0..120 {
        let text = format!("{number} {text}");
        ben.say(&number.to_string(), &text);
        let answer = ben.answer().await;
        if answer.kind() == "ack" {
            kept.push(text);
        } else {
            assert_eq!(answer.text("code"), "partner_unreachable");
            refused += 1;
        }
    }
    assert!(
        kept.len() >= 30 && refused >= 1,
        "{} kept, {refused} refused",
        kept.len()
    );
    let mut ann = Client::resume(&server, &memory).await;
    assert!(!ann.welcome().flag("gap"));
    for text in kept {
        assert_eq!(ann.expect("message").await.text("text"), text);
    }
    ann.quiet().await;
    ben.expect("partner_back").await;
    ben.say("again", "room again");
    assert_eq!(ann.expect("message").await.text("text"), "room again");
}

#[tokio::test]
async fn events_of_state_always_have_room() {
    let server = Server::start(&[HELD, ("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "0")]).await;
    let (ann, mut ben) = pair(&server).await;
    let memory = ann.reset_connection().await;
    ben.expect("partner_away").await;
    let mut number = 0;
    loop {
        ben.say(&number.to_string(), "filling up");
        number += 1;
        if ben.answer().await.kind() == "error" {
            break;
        }
        assert!(number < 1000, "there is always room");
    }
    ben.send_of_chat("skip");
    ben.ended("you_skipped").await;
    let mut ann = Client::resume(&server, &memory).await;
    for _ in 0..number - 1 {
        ann.expect("message").await;
    }
    ann.ended("partner_skipped").await;
    ann.expect("waiting").await;
}

#[tokio::test]
async fn one_may_skip_or_leave_a_partner_who_is_away() {
    let server = Server::start(&[HELD]).await;
    for (command, mine, theirs) in [
        ("skip", "you_skipped", "partner_skipped"),
        ("leave", "you_left", "partner_left"),
    ] {
        let (ann, mut ben) = pair(&server).await;
        let memory = ann.reset_connection().await;
        ben.expect("partner_away").await;
        ben.send_of_chat(command);
        ben.ended(mine).await;
        let mut ann = Client::resume(&server, &memory).await;
        // On its way from node to node the news may come after the welcome.
        let state = ann.welcome().text("state");
        assert!(
            state == "waiting" || server.is_two() && state == "chatting",
            "{state}"
        );
        ann.ended(theirs).await;
        ann.expect("waiting").await;
        ann.close(1000).await;
        ben.close(1000).await;
    }
}

#[tokio::test]
async fn when_both_are_away_each_finds_the_others_state() {
    let server = Server::start(&[HELD]).await;
    let (ann, mut ben) = pair(&server).await;
    let ann = ann.reset_connection().await;
    ben.expect("partner_away").await;
    let ben = ben.reset_connection().await;
    let mut ann = Client::resume(&server, &ann).await;
    let welcome = ann.welcome();
    assert_eq!(welcome.text("state"), "chatting");
    let ben_held = welcome.has("partner_away_until");
    ann.say("kept", "are you there?");
    ann.expect("ack").await;
    if !ben_held {
        // The drop was noticed only after the welcome, and is told then.
        ann.expect("partner_away").await;
    }
    let mut ben = Client::resume(&server, &ben).await;
    assert!(!ben.welcome().has("partner_away_until"));
    while ben.any().await["text"] != "are you there?" {}
    while ann.any().await.kind() != "partner_back" {}
}

#[tokio::test]
async fn when_both_are_away_the_chat_ends_with_the_first_grace() {
    let server = Server::start(&[HELD, ("PASSERBY__SESSION__RELOAD_GRACE", "1s")]).await;
    let (ann, ben) = pair(&server).await;
    let ben = ben.reset_connection().await;
    ann.close(1001).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut ben = Client::resume(&server, &ben).await;
    assert_eq!(ben.welcome().text("state"), "waiting");
    loop {
        let event = ben.any().await;
        if event.kind() == "chat_ended" {
            assert_eq!(event["reason"], "partner_disconnected");
            break;
        }
        assert!(
            ["partner_away", "partner_back"].contains(&event.kind()),
            "{}",
            event.body
        );
    }
    ben.expect("waiting").await;
    ben.quiet().await;
}

/// Who is away hears nothing of what is over before they are back.
#[tokio::test]
async fn one_who_comes_and_goes_fills_nobodys_outbox() {
    let server = Server::start(&[HELD]).await;
    let (mut ann, ben) = pair(&server).await;
    let ben = ben.reset_connection().await;
    for _ in 0..20 {
        let memory = ann.reset_connection().await;
        ann = Client::resume(&server, &memory).await;
    }
    let mut ben = Client::resume(&server, &ben).await;
    let welcome = ben.welcome();
    let missed = welcome.number("replay_to") - welcome.number("seq");
    assert!(missed <= 2, "{}", welcome.body);
    ann.say("a", "still here");
    while ben.any().await["text"] != "still here" {}
}

#[tokio::test]
async fn a_seat_that_is_taken_back_without_end_has_to_wait_and_is_kept() {
    // Where that has no limit, neither has this.
    let attempts = ("PASSERBY__LIMITS__CONNECTS_PER_ORIGIN_PER_MINUTE", "100000");
    let server = Server::start(&[HELD, attempts]).await;
    let (ann, ben) = pair(&server).await;
    let mut memory = ann.reset_connection().await;
    let mut tries = 0;
    let refusal = loop {
        tries += 1;
        assert!(tries < 500, "there is no limit");
        match Connect::to(&server).resuming(&memory).attempt().await {
            Ok(ann) => memory = ann.reset_connection().await,
            Err(refusal) => break refusal,
        }
    };
    assert!(refusal.is_problem(429).says_when_to_retry() <= 2);
    let ann = succeeds("the seat is taken back", PATIENCE, async || {
        Connect::to(&server).resuming(&memory).attempt().await
    })
    .await;
    assert_eq!(ann.welcome().text("chat_id"), ben.chat());
}

#[tokio::test]
async fn typing_to_one_who_is_away_is_no_harm() {
    let server = Server::start(&[HELD]).await;
    let (ann, mut ben) = pair(&server).await;
    let memory = ann.reset_connection().await;
    ben.expect("partner_away").await;
    let chat = ben.chat();
    ben.send(json!({"type": "typing", "chat_id": chat, "on": true}));
    ben.quiet().await;
    Client::resume(&server, &memory).await.flush().await;
}
