//! Clients that do not read, do not answer pings, or stop in the middle of a frame.

use std::time::{Duration, Instant};

use passerby_tests::{Client, Connect, Frame, PATIENCE, RawSocket, Server};
use serde_json::json;

const QUICK_PINGS: [(&str, &str); 2] = [
    ("PASSERBY__SESSION__PING_INTERVAL", "500ms"),
    ("PASSERBY__SESSION__PONG_TIMEOUT", "500ms"),
];

#[tokio::test]
async fn a_client_without_a_sign_of_life_is_closed_with_4008() {
    let server = Server::start(&QUICK_PINGS).await;
    let silent = async {
        let mut socket = RawSocket::upgraded(&server, "join=manual").await;
        assert_eq!(socket.close_frame().await, Some(4008));
    };
    let half = async {
        let mut socket = RawSocket::upgraded(&server, "join=manual").await;
        socket.send(&Frame::text("a whole command").bytes()[..9]).await;
        assert_eq!(socket.close_frame().await, Some(4008));
    };
    tokio::join!(silent, half);
}

#[tokio::test]
async fn a_client_that_answers_pings_stays() {
    let server = Server::start(&QUICK_PINGS).await;
    let mut client = Client::idle(&server).await;
    client.hears_nothing_for(Duration::from_secs(4)).await;
    client.is_served().await;
}

#[tokio::test]
async fn the_seat_of_one_without_a_sign_of_life_is_held() {
    let server = Server::start(&[
        QUICK_PINGS[0],
        QUICK_PINGS[1],
        ("PASSERBY__SESSION__RESUME_GRACE", "20s"),
    ])
    .await;
    let mut partner = Client::waiting(&server, "").await;
    let mut socket = RawSocket::connect(server.http()).await;
    socket.upgrade(&server, "").await;
    let token = socket.event("welcome").await["resume_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let chat = socket.event("matched").await["chat_id"].clone();
    partner.meet().await;
    assert_eq!(partner.expect("partner_away").await["chat_id"], chat);
    assert_eq!(socket.close_frame().await, Some(4008));
    let back = Connect::to(&server)
        .query(&format!("resume={token}&last_seq=0"))
        .open()
        .await;
    assert_eq!(
        (back.welcome().flag("resumed"), &back.welcome()["chat_id"]),
        (true, &chat)
    );
    partner.expect("partner_back").await;
}

#[tokio::test]
async fn a_client_that_never_reads_is_cut_and_costs_little() {
    let server = Server::start(&[
        ("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "0"),
        ("PASSERBY__SESSION__RESUME_GRACE", "60s"),
    ])
    .await;
    let before = server.peak_resident_kib();
    let mut writer = Client::waiting(&server, "").await;
    let mut reader = RawSocket::connect_narrow(server.http(), 4096).await;
    reader.upgrade(&server, "").await;
    writer.meet().await;
    let (chat, text) = (writer.chat(), "\u{1f600}".repeat(2000));
    let (mut accepted, mut refused) = (0, 0);
    let deadline = Instant::now() + 4 * PATIENCE;
    while refused == 0 && Instant::now() < deadline {
        let id = format!("m{}", accepted + refused);
        writer.send(json!({"type": "message", "chat_id": chat, "id": id, "text": text}));
        let answer = writer.answer().await;
        if answer.kind() == "ack" {
            accepted += 1;
        } else {
            assert_eq!(answer["code"], "partner_unreachable", "{}", answer.body);
            refused += 1;
        }
    }
    assert!(
        refused > 0,
        "{accepted} large messages were taken for one who reads none"
    );
    assert!(writer.expect("partner_away").await.has("until"));
    let grown = server.peak_resident_kib().saturating_sub(before);
    assert!(grown < 32 * 1024, "memory grew by {grown} KiB");
    let code = loop {
        match reader.frame().await {
            Some(frame) if frame.opcode == 8 => break frame.close_code(),
            Some(_) => {}
            None => break None,
        }
    };
    assert!([Some(4010), None].contains(&code), "closed with {code:?}");
}

#[tokio::test]
async fn a_slow_reader_may_resume_and_has_missed_nothing() {
    let server = Server::start(&[
        ("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "0"),
        ("PASSERBY__SESSION__RESUME_GRACE", "60s"),
    ])
    .await;
    let mut writer = Client::waiting(&server, "").await;
    let mut reader = RawSocket::connect_narrow(server.http(), 4096).await;
    reader.upgrade(&server, "").await;
    let token = reader.event("welcome").await["resume_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    writer.meet().await;
    let (chat, text) = (writer.chat(), "a".repeat(2000));
    let mut acked = Vec::new();
    for number in 0..5000 {
        let id = format!("m{number}");
        writer.send(
            json!({"type": "message", "chat_id": chat, "id": id, "text": format!("{number} {text}")
            .chars().take(2000).collect::<String>()}),
        );
        if writer.answer().await.kind() != "ack" {
            break;
        }
        acked.push(number);
    }
    writer.expect("partner_away").await;
    drop(reader);
    let mut back = Connect::to(&server)
        .query(&format!("resume={token}&last_seq=0"))
        .open()
        .await;
    assert!(back.welcome().flag("resumed"));
    let gap = back.welcome().flag("gap");
    let mut received = Vec::new();
    for _ in back.welcome().number("seq")..back.welcome().number("replay_to") {
        let event = back.any().await;
        if event.kind() == "message" {
            let number = event.text("text").split(' ').next().expect("a number");
            received.push(number.parse::<u32>().expect("a number"));
        }
    }
    let tail = &acked[acked.len() - received.len()..];
    assert_eq!(
        received, tail,
        "what was acknowledged is kept, in order, to the last"
    );
    assert!(
        gap || received.len() == acked.len(),
        "messages are missing, and no gap was told"
    );
    assert!(
        received.len() >= 32,
        "only {} of {} are left",
        received.len(),
        acked.len()
    );
}
