//! Limits on what one user may send: refused aloud, and never at the partner's cost.

use std::time::{Duration, Instant};

use passerby_tests::{Client, Server, pair};
use serde_json::json;

#[tokio::test]
async fn messages_beyond_the_burst_are_refused_and_each_is_answered_once() {
    let server = Server::start(&[]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let chat = ann.chat();
    let said: Vec<_> = (0..60)
        .map(|n| json!({"type": "message", "chat_id": chat, "id": format!("{n}"), "text": format!("{n}")}))
        .collect();
    let started = Instant::now();
    ann.send_all(&said);
    let (mut acked, mut refused) = (Vec::new(), 0);
    for _ in 0..60 {
        let answer = ann.answer().await;
        if answer.kind() == "ack" {
            acked.push(answer.text("id").to_owned());
        } else {
            assert_eq!(answer.text("code"), "rate_limited");
            assert!(
                answer.number("retry_after_ms") > 0 && answer.has("ref"),
                "{}",
                answer.body
            );
            refused += 1;
        }
    }
    let allowed = 20 + 10 * usize::try_from(started.elapsed().as_secs() + 1).expect("a short test");
    assert!(
        (20..=allowed).contains(&acked.len()),
        "{} acknowledged, {refused} refused",
        acked.len()
    );
    for id in acked {
        assert_eq!(ben.expect("message").await.text("text"), id);
    }
    ben.quiet().await;
    // The partner is not slowed.
    for number in 0..10 {
        ben.say(&number.to_string(), "quick");
        ben.expect("ack").await;
    }
}

#[tokio::test]
async fn a_refused_message_may_be_sent_again_when_told() {
    let server = Server::start(&[("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "1")]).await;
    let (mut ann, mut ben) = pair(&server).await;
    for id in ["a", "b"] {
        ann.say(id, id);
        ann.expect("ack").await;
    }
    ann.say("c", "c");
    let wait = ann.error("rate_limited").await.number("retry_after_ms");
    tokio::time::sleep(Duration::from_millis(wait)).await;
    ann.say("c", "c");
    ann.expect("ack").await;
    for text in ["a", "b", "c"] {
        assert_eq!(ben.expect("message").await.text("text"), text);
    }
}

/// Says something five times a second, until the connection is closed for it after ten seconds.
async fn goes_on_until_closed(client: &mut Client, mut say: impl FnMut(&mut Client, usize)) {
    let started = Instant::now();
    let mut number = 0;
    while client.is_open() && started.elapsed() < Duration::from_secs(30) {
        say(client, number);
        number += 1;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    client.closed(1008).await;
    let lasted = started.elapsed();
    assert!(lasted > Duration::from_secs(8), "closed after only {lasted:?}");
}

#[tokio::test]
async fn ten_seconds_beyond_a_limit_end_the_connection() {
    let server = Server::start(&[("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "1")]).await;
    let (mut ann, mut ben) = pair(&server).await;
    goes_on_until_closed(&mut ann, |ann, number| ann.say(&number.to_string(), "too much")).await;
    while ben.any().await.kind() != "chat_ended" {}
}

#[tokio::test]
async fn so_do_ten_seconds_of_messages_for_no_chat() {
    let server = Server::start(&[("PASSERBY__LIMITS__COMMANDS_PER_SECOND", "1")]).await;
    let mut client = Client::idle(&server).await;
    let astray = json!({"type": "message", "chat_id": "AAAAAAAAAAAAAAAA", "text": "anybody?"});
    goes_on_until_closed(&mut client, |client, _| client.send(astray.clone())).await;
    // Each is told as it is: that a limit refused it would say more than is known.
    client.error("not_chatting").await;
}

#[tokio::test]
async fn commands_of_an_unknown_type_are_limited_too() {
    let server = Server::start(&[]).await;
    let mut client = Client::idle(&server).await;
    client.send_all(&vec![json!({"type": "dance"}); 120]);
    let mut refused = 0;
    for _ in 0..120 {
        let error = client.error_of(&["unknown_type", "rate_limited"]).await;
        refused += usize::from(error.text("code") == "rate_limited");
    }
    assert!((10..=60).contains(&refused), "{refused} refused");
}

#[tokio::test]
async fn commands_beyond_the_burst_are_refused() {
    let server = Server::start(&[]).await;
    let mut client = Client::idle(&server).await;
    let pings: Vec<_> = (0..120)
        .map(|n| json!({"type": "ping", "id": format!("{n}")}))
        .collect();
    client.send_all(&pings);
    let (mut answered, mut refused) = (0, 0);
    while answered + refused < 120 {
        match client.pong_or_error().await {
            event if event.kind() == "pong" => answered += 1,
            event => {
                assert_eq!(event.text("code"), "rate_limited", "{}", event.body);
                refused += 1;
            }
        }
    }
    assert!(
        answered >= 60 && refused >= 10,
        "{answered} answered, {refused} refused"
    );
}

#[tokio::test]
async fn messages_do_not_take_from_other_commands() {
    let server = Server::start(&[("PASSERBY__LIMITS__COMMANDS_PER_SECOND", "1")]).await;
    let (mut ann, mut ben) = pair(&server).await;
    for number in 0..15 {
        ann.say(&number.to_string(), "quick");
        ann.expect("ack").await;
        ben.expect("message").await;
    }
    ann.is_served().await;
}

#[tokio::test]
async fn a_block_is_never_refused_by_a_limit() {
    let server = Server::start(&[("PASSERBY__LIMITS__COMMANDS_PER_SECOND", "1")]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let pings: Vec<_> = (0..6).map(|_| json!({"type": "ping"})).collect();
    ann.send_all(&pings);
    ann.send_of_chat("block");
    let mut told = vec![
        ann.any().await.kind().to_owned(),
        ann.any().await.kind().to_owned(),
    ];
    told.sort();
    assert_eq!(told, ["blocked", "chat_ended"]);
    ben.ended("partner_skipped").await;
}

#[tokio::test]
async fn limits_of_zero_are_no_limits() {
    let server = Server::start(&[
        ("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "0"),
        ("PASSERBY__LIMITS__COMMANDS_PER_SECOND", "0"),
    ])
    .await;
    let (mut ann, mut ben) = pair(&server).await;
    for number in 0..200 {
        ann.say(&number.to_string(), "quick");
        ann.expect("ack").await;
        ann.is_served().await;
        ben.expect("message").await;
    }
}
