//! Random nonsense: commands with parts exchanged, cut or doubled, and bytes that are no frames at all.
//!
//! `PASSERBY_FUZZ_SEED` repeats a run and `PASSERBY_FUZZ_ROUNDS` makes it longer; the seed is told when it fails.

use std::time::{SystemTime, UNIX_EPOCH};

use fastrand::Rng;
use passerby_tests::raw::upgrade_head;
use passerby_tests::{Client, Frame, RawSocket, Server, pair};
use serde_json::json;

const PIECES: [&str; 40] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\",
    "\\u0000",
    "\\ud83d",
    "null",
    "true",
    "-0",
    "1e309",
    "\"type\"",
    "\"id\"",
    "\"chat_id\"",
    "\"text\"",
    "\"join\"",
    "\"leave\"",
    "\"skip\"",
    "\"message\"",
    "\"typing\"",
    "\"report\"",
    "\"block\"",
    "\"signal\"",
    "\"ping\"",
    "\"interests\"",
    "\"language\"",
    "\"mode\"",
    "\"video\"",
    "\"on\"",
    "\"reason\"",
    "\"spam\"",
    "\"detail\"",
    "\"data\"",
    "\u{202e}",
    "\u{10ffff}",
    " ",
    "9999999999999999999999",
];

fn dice() -> (u64, Rng) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seed = number("PASSERBY_FUZZ_SEED").unwrap_or_else(|| u64::from(now.subsec_nanos()));
    (seed, Rng::with_seed(seed))
}

fn rounds() -> usize {
    std::env::var("PASSERBY_FUZZ_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(60)
}

/// A command of this chat with something wrong with it, mostly.
fn command(dice: &mut Rng, chat: &str) -> String {
    let commands = [
        json!({"type": "join", "interests": ["tea"], "language": "en", "mode": "text"}),
        json!({"type": "message", "chat_id": chat, "text": "hello", "id": "a"}),
        json!({"type": "typing", "chat_id": chat, "on": true}),
        json!({"type": "report", "chat_id": chat, "reason": "spam", "detail": "x"}),
        json!({"type": "signal", "chat_id": chat, "data": {"a": [1, 2, 3]}}),
        json!({"type": "ping", "id": "b"}),
    ];
    let mut text: Vec<char> = commands[dice.usize(..commands.len())]
        .to_string()
        .chars()
        .collect();
    for _ in 0..dice.usize(0..4) {
        let (from, to) = (dice.usize(..text.len()), dice.usize(..text.len()));
        let (from, to) = (from.min(to), from.max(to));
        match dice.u8(..4) {
            0 => drop(text.drain(from..to)),
            1 => drop(text.splice(from..to, PIECES[dice.usize(..PIECES.len())].chars())),
            2 => drop(text.splice(from..from, PIECES[dice.usize(..PIECES.len())].chars())),
            _ => {
                let copy: Vec<char> = text[from..to].to_vec();
                drop(text.splice(to..to, copy));
            }
        }
        if text.is_empty() {
            text.push('{');
        }
    }
    text.into_iter().collect()
}

#[tokio::test]
async fn commands_with_something_wrong_are_answered_and_harm_nobody() {
    let server = Server::start(&[("PASSERBY__LIMITS__COMMANDS_PER_SECOND", "0")]).await;
    let (seed, mut dice) = dice();
    eprintln!("nonsense: seed {seed}");
    let (mut ann, mut ben) = pair(&server).await;
    let chat = ann.chat();
    for _ in 0..rounds() {
        // Every event either of them is told runs through the checks of the suite.
        let mut sender = RawSocket::upgraded(&server, "join=manual").await;
        for _ in 0..8 {
            let text = command(&mut dice, &chat);
            sender.send_frames(&[Frame::text(text)]).await;
        }
        sender.send_frames(&[Frame::close(1000, "")]).await;
        assert_eq!(sender.closed().await, Some(1000));
    }
    ann.say("a", "still here");
    assert_eq!(ben.expect("message").await.text("text"), "still here");
    ann.expect("ack").await;
}

#[tokio::test]
async fn commands_with_something_wrong_keep_a_chat_in_order() {
    let server = Server::start(&[("PASSERBY__LIMITS__COMMANDS_PER_SECOND", "0")]).await;
    let (seed, mut dice) = dice();
    eprintln!("nonsense: seed {seed}");
    for _ in 0..rounds() {
        let (mut ann, mut ben) = pair(&server).await;
        let chat = ann.chat();
        for _ in 0..8 {
            ann.send_text(command(&mut dice, &chat));
        }
        // Each is a `Client`, so a broken rule fails the test; that nothing else is broken shows here.
        ann.flush().await;
        ben.flush().await;
        ann.close(1000).await;
        ben.close(1000).await;
    }
}

#[tokio::test]
async fn bytes_that_are_no_frames_end_one_connection_alone() {
    let server = Server::start(&[]).await;
    let (seed, mut dice) = dice();
    eprintln!("nonsense: seed {seed}");
    let mut bystander = Client::idle(&server).await;
    for _ in 0..rounds() {
        let mut socket = RawSocket::upgraded(&server, "join=manual").await;
        let bytes: Vec<u8> = (0..dice.usize(2..2000)).map(|_| dice.u8(..)).collect();
        socket.send(&bytes).await;
        socket.send_frames(&[Frame::text("x".repeat(40_000))]).await;
        drop(socket);
    }
    bystander.is_served().await;
}

#[tokio::test]
async fn requests_with_something_wrong_are_answered_or_cut() {
    let server = Server::start(&[]).await;
    let (seed, mut dice) = dice();
    eprintln!("nonsense: seed {seed}");
    for _ in 0..rounds() {
        let mut bytes =
            format!("{}\r\n", upgrade_head(&server.http().to_string(), "join=manual")).into_bytes();
        for _ in 0..dice.usize(1..4) {
            let place = dice.usize(..bytes.len());
            match dice.u8(..3) {
                0 => bytes[place] = dice.u8(..),
                1 => bytes.insert(place, dice.u8(..)),
                _ => drop(bytes.remove(place)),
            }
        }
        bytes.extend_from_slice(b"\r\n\r\n");
        let mut socket = RawSocket::connect(server.http()).await;
        socket.send(&bytes).await;
        if let Some(answer) = socket.answer_or_end().await {
            assert!(
                [101, 400, 404, 405, 414, 421, 426, 431, 505].contains(&answer.status),
                "{answer:?}: {bytes:?}"
            );
        }
    }
    Client::idle(&server).await.is_served().await;
}
