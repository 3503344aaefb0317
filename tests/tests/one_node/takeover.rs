//! Two connections claim one seat: the newer wins.

use passerby_tests::{Client, Connect, PATIENCE, Server, Unwelcome, pair};
use serde_json::json;

#[tokio::test]
async fn the_older_connection_is_closed_with_4001_and_the_seat_lives_on() {
    let server = Server::start(&[]).await;
    let (mut older, mut ben) = pair(&server).await;
    let chat = older.chat();
    let mut newer = Client::resume(&server, &older.memory()).await;
    older.closed(4001).await;
    assert_eq!(
        (newer.welcome().flag("resumed"), newer.welcome().text("chat_id")),
        (true, chat.as_str())
    );
    newer.say("a", "from the newer one");
    loop {
        // Whether the partner is told of a change of connections is left open.
        let event = ben.any().await;
        match event.kind() {
            "partner_away" | "partner_back" => {}
            _ => {
                assert_eq!(event["text"], "from the newer one", "{}", event.body);
                break;
            }
        }
    }
    newer.expect("ack").await;
}

#[tokio::test]
async fn of_many_that_claim_a_seat_at_once_exactly_one_stays() {
    let server = Server::start(&[]).await;
    let (ann, mut ben) = pair(&server).await;
    let memory = ann.reset_connection().await;
    ben.expect("partner_away").await;
    let connect = || {
        let claim = Connect::to(&server).resuming(&memory).query("join=manual");
        claim.try_open(PATIENCE)
    };
    let (a, b, c, d) = tokio::join!(connect(), connect(), connect(), connect());
    let (mut open, mut resumed) = (Vec::new(), 0);
    for client in [a, b, c, d] {
        let mut client = match client {
            Ok(client) => client,
            // A newer one was faster.
            Err(Unwelcome::Ended(Some(4001))) => continue,
            Err(other) => panic!("{other:?}"),
        };
        let took_the_seat = client.welcome().flag("resumed");
        resumed += usize::from(took_the_seat);
        client.send(json!({"type": "ping"}));
        if client.pong_or_end().await {
            open.push((client, took_the_seat));
        } else {
            client.closed(4001).await;
            assert!(took_the_seat, "a fresh seat was closed");
        }
    }
    assert!(resumed >= 1, "nobody got the seat");
    open.retain(|(_, took_the_seat)| *took_the_seat);
    assert_eq!(open.len(), 1, "of {resumed} that took the seat");
    let (mut ann, _) = open.pop().expect("one is left");
    ann.say("a", "the one that stays");
    while ben.any().await["text"] != "the one that stays" {}
}

#[tokio::test]
async fn taking_over_a_waiting_seat_keeps_the_place() {
    let server = Server::start(&[]).await;
    let mut older = Client::connect(&server, "").await;
    let since = older.expect("waiting").await.number("since");
    let mut newer = Client::resume(&server, &older.memory()).await;
    older.closed(4001).await;
    assert_eq!(
        (newer.welcome().text("state"), newer.welcome().number("since")),
        ("waiting", since)
    );
    let mut second = Client::connect(&server, "").await;
    second.meet().await;
    newer.meet().await;
}

#[tokio::test]
async fn a_taken_over_connection_cannot_act_for_the_seat() {
    let server = Server::start(&[]).await;
    let (mut older, mut ben) = pair(&server).await;
    let memory = older.memory();
    let leave = json!({"type": "leave"});
    let mut newer = Client::resume(&server, &memory).await;
    newer.is_served().await;
    older.send(leave);
    older.closed(4001).await;
    newer.flush().await;
    newer.say("a", "still chatting");
    while ben.any().await["text"] != "still chatting" {}
}
