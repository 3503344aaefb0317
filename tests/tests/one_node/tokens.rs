//! Resume tokens: a new one with each `welcome`, the old one dead once its successor's holder was heard.

use std::time::Duration;

use passerby_tests::connect::Memory;
use passerby_tests::ledger::Position;
use passerby_tests::raw::upgrade_head;
use passerby_tests::{Client, Connect, Frame, RawSocket, Server, pair};
use serde_json::{Value, json};

fn memory_of(token: &str) -> Memory {
    Memory {
        token: token.to_owned(),
        position: Position::default(),
    }
}

/// A connection that takes a seat back and is never heard from; tells its token.
async fn mute(server: &Server, token: &str) -> (RawSocket, String) {
    let mut socket = RawSocket::connect(server.http()).await;
    let query = format!("resume={token}&last_seq=0");
    socket
        .send(format!("{}\r\n", upgrade_head(&server.http().to_string(), &query)).as_bytes())
        .await;
    assert_eq!(socket.answer().await.status, 101);
    let welcome = socket.event("welcome").await;
    assert_eq!(welcome["resumed"], true, "{welcome}");
    let next = welcome["resume_token"].as_str().expect("a token").to_owned();
    (socket, next)
}

/// The next event; nothing if the connection ends.
async fn next_event(socket: &mut RawSocket) -> Option<Value> {
    loop {
        let frame = socket.frame().await.filter(|frame| frame.opcode != 8)?;
        if frame.opcode == 1 {
            return Some(serde_json::from_str(frame.as_text()).expect("events are JSON"));
        }
    }
}

/// Asks for an answer; false if the connection ends instead.
async fn answers(socket: &mut RawSocket) -> bool {
    let ping = Frame::text(json!({"type": "ping"}).to_string());
    socket.send_frames(&[ping]).await;
    while let Some(event) = next_event(socket).await {
        if event["type"] == "pong" {
            return true;
        }
    }
    false
}

/// Shows a token, and speaks as soon as it is welcome; the connection, if it was given the seat.
async fn comes_and_speaks(server: &Server, memory: &Memory) -> Option<RawSocket> {
    let query = format!(
        "join=manual&resume={}&last_seq={}",
        memory.token, memory.position.last_seq
    );
    let mut socket = RawSocket::connect(server.http()).await;
    socket.upgrade(server, &query).await;
    let welcome = next_event(&mut socket).await?;
    let ping = Frame::text(json!({"type": "ping"}).to_string());
    socket.try_send(&ping.bytes()).await;
    (welcome["resumed"] == true).then_some(socket)
}

async fn is_dead(server: &Server, token: &str) {
    let client = Connect::to(server)
        .query(&format!("join=manual&resume={token}"))
        .open()
        .await;
    assert!(!client.welcome().flag("resumed"), "a dead token opened a seat");
    assert_eq!(client.welcome().text("state"), "idle");
}

#[tokio::test]
async fn every_welcome_carries_a_new_token() {
    let server = Server::start(&[]).await;
    let client = Client::idle(&server).await;
    let first = client.memory();
    client.reset_connection().await;
    let client = Client::resume(&server, &first).await;
    assert_ne!(client.memory().token, first.token);
}

#[tokio::test]
async fn the_old_token_dies_when_the_client_is_heard() {
    let server = Server::start(&[]).await;
    let (ann, mut ben) = pair(&server).await;
    let first = ann.memory();
    ann.reset_connection().await;
    ben.expect("partner_away").await;
    let mut ann = Client::resume(&server, &first).await;
    ann.is_served().await;
    is_dead(&server, &first.token).await;
    ann.is_served().await;
    // And the seat itself has suffered nothing.
    ben.expect("partner_back").await;
    ben.say("a", "still here");
    assert_eq!(ann.expect("message").await.text("text"), "still here");
}

#[tokio::test]
async fn a_pong_is_enough_to_be_heard() {
    let server = Server::start(&[("PASSERBY__SESSION__PING_INTERVAL", "300ms")]).await;
    let client = Client::idle(&server).await;
    let first = client.memory();
    client.reset_connection().await;
    let (mut socket, _next) = mute(&server, &first.token).await;
    let ping = loop {
        let frame = socket.frame().await.expect("the connection is open");
        if frame.opcode == 9 {
            break frame.payload;
        }
    };
    socket
        .send_frames(&[
            Frame::pong(ping),
            Frame::text(json!({"type": "ping"}).to_string()),
        ])
        .await;
    socket.event("pong").await;
    is_dead(&server, &first.token).await;
}

#[tokio::test]
async fn a_lost_welcome_strands_nobody() {
    let server = Server::start(&[]).await;
    let (ann, mut ben) = pair(&server).await;
    let memory = ann.reset_connection().await;
    ben.expect("partner_away").await;
    for _ in 0..3 {
        // The upgrade arrives, and whatever is answered is lost.
        let mut socket = RawSocket::connect(server.http()).await;
        let query = format!("resume={}&last_seq={}", memory.token, memory.position.last_seq);
        socket.upgrade(&server, &query).await;
        socket.reset();
    }
    let mut ann = Client::resume(&server, &memory).await;
    assert_eq!(
        (ann.welcome().flag("resumed"), ann.welcome().text("state")),
        (true, "chatting")
    );
    ann.say("a", "here again");
    while ben.any().await["text"] != "here again" {}
}

/// As that of a client whose seat takes long to come, and which keeps its connection alive meanwhile.
#[tokio::test]
async fn what_was_said_before_the_welcome_does_not_say_that_it_was_read() {
    let server = Server::start(&[]).await;
    let first = Client::idle(&server).await.reset_connection().await;
    let mut socket = RawSocket::connect(server.http()).await;
    let query = format!("resume={}&last_seq=0", first.token);
    let head = upgrade_head(&server.http().to_string(), &query);
    let ping = Frame::text(json!({"type": "ping"}).to_string());
    let bytes = [format!("{head}\r\n").as_bytes(), &ping.bytes()].concat();
    socket.send(&bytes).await;
    assert_eq!(socket.answer().await.status, 101);
    socket.event("welcome").await;
    // It is answered all the same.
    socket.event("pong").await;
    drop(socket);
    let (mut socket, _next) = mute(&server, &first.token).await;
    socket
        .send_frames(&[Frame::text(json!({"type": "ping"}).to_string())])
        .await;
    socket.event("pong").await;
    is_dead(&server, &first.token).await;
}

#[tokio::test]
async fn the_newest_token_works_when_the_old_one_would_too() {
    let server = Server::start(&[]).await;
    let client = Client::idle(&server).await;
    let first = client.memory();
    client.reset_connection().await;
    let (socket, second) = mute(&server, &first.token).await;
    drop(socket);
    let client = Client::resume(&server, &memory_of(&second)).await;
    assert!(client.welcome().flag("resumed"));
}

#[tokio::test]
async fn at_most_two_tokens_of_a_seat_are_valid() {
    let server = Server::start(&[]).await;
    let client = Client::idle(&server).await;
    let first = client.memory();
    client.reset_connection().await;
    let (_socket, second) = mute(&server, &first.token).await;
    let (_socket, third) = mute(&server, &first.token).await;
    is_dead(&server, &second).await;
    // The last used and the latest given still work.
    let (_socket, fourth) = mute(&server, &first.token).await;
    is_dead(&server, &third).await;
    let mut client = Client::resume(&server, &memory_of(&fourth)).await;
    assert!(client.welcome().flag("resumed"));
    client.is_served().await;
    is_dead(&server, &first.token).await;
    is_dead(&server, &fourth).await;
}

#[tokio::test]
async fn a_dead_token_takes_nothing_from_the_connection_that_the_seat_serves() {
    let server = Server::start(&[]).await;
    for others in [0, 1] {
        let (ann, mut ben) = pair(&server).await;
        let first = ann.memory();
        ann.reset_connection().await;
        ben.expect("partner_away").await;
        let (_socket, second) = mute(&server, &first.token).await;
        ben.expect("partner_back").await;
        // Where there are several doors, the seat comes back by the one or the other.
        for _ in 0..others {
            Client::idle(&server).await.close(1000).await;
        }
        let mut ann = Client::resume(&server, &first).await;
        is_dead(&server, &second).await;
        ben.say("a", "still here?");
        assert_eq!(ann.expect("message").await.text("text"), "still here?");
        ben.expect("ack").await;
        ann.is_served().await;
        ben.quiet().await;
    }
}

#[tokio::test]
async fn of_two_who_show_one_token_at_once_and_speak_at_once_one_has_the_seat() {
    let server = Server::start(&[]).await;
    for _ in 0..5 {
        let (ann, mut ben) = pair(&server).await;
        let memory = ann.memory();
        ann.reset_connection().await;
        ben.expect("partner_away").await;
        let (one, other) = tokio::join!(
            comes_and_speaks(&server, &memory),
            comes_and_speaks(&server, &memory)
        );
        let mut served = Vec::new();
        // By now whoever is replaced has been told so.
        for mut socket in [one, other].into_iter().flatten() {
            if answers(&mut socket).await {
                served.push(socket);
            }
        }
        assert_eq!(served.len(), 1, "connections on the seat");
        ben.say("a", "who is there?");
        served[0].event("message").await;
    }
}

#[tokio::test]
async fn a_token_is_useless_once_the_seat_is_gone() {
    let server = Server::start(&[("PASSERBY__SESSION__RESUME_GRACE", "1s")]).await;
    let left = Client::idle(&server).await;
    let token = left.memory().token;
    left.close(1000).await;
    is_dead(&server, &token).await;

    let (ann, mut ben) = pair(&server).await;
    let memory = ann.reset_connection().await;
    ben.expect("partner_away").await;
    ben.ended("partner_disconnected").await;
    let mut fresh = Client::resume(&server, &memory).await;
    assert!(!fresh.welcome().flag("resumed"));
    // The query's `join` applies: the fresh seat waits, or has met the one left alone.
    fresh.any().await;
}

#[tokio::test]
async fn a_token_with_one_bit_changed_opens_nothing() {
    let server = Server::start(&[]).await;
    let mut client = Client::idle(&server).await;
    let token = client.memory().token;
    for place in [0, token.len() / 2, token.len() - 2] {
        let mut bytes = token.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        is_dead(&server, std::str::from_utf8(&bytes).expect("ASCII")).await;
        is_dead(&server, &token[..place.max(1)]).await;
    }
    client.is_served().await;
}

#[tokio::test]
async fn a_token_of_another_server_opens_nothing() {
    let (here, there) = (Server::start(&[]).await, Server::start(&[]).await);
    let client = Client::idle(&there).await;
    is_dead(&here, &client.memory().token).await;
}

#[tokio::test]
async fn a_token_of_a_start_before_opens_nothing_of_another_user() {
    let secret = (
        "PASSERBY__IDENTITY__SECRET",
        "the-same-secret-for-both-and-long-enough-for-it",
    );
    let first = Server::start(&[secret]).await;
    let client = Client::idle(&first).await;
    let token = client.memory().token;
    drop(client);
    drop(first);
    let second = Server::start(&[secret]).await;
    let mut other = Client::idle(&second).await;
    is_dead(&second, &token).await;
    other.is_served().await;
    other.hears_nothing_for(Duration::from_millis(100)).await;
}
