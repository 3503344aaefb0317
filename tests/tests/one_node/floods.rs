//! Clients that send far more than they should: cut off, with the server's memory as it was.

use std::time::{Duration, Instant};

use passerby_tests::{Client, Frame, RawSocket, Server};
use serde_json::json;

/// How much the server's memory may grow under a flood, in KiB.
const GROWTH: u64 = 24 * 1024;

/// Sends these bytes over and over until the server ends it; a bystander is served all the while.
async fn flood(server: &Server, first: &[Frame], again: &[Frame], reading: bool) -> (Option<u16>, usize) {
    let mut bystander = Client::idle(server).await;
    bystander.is_served().await;
    let before = server.peak_resident_kib();
    let mut socket = RawSocket::upgraded(server, "join=manual").await;
    socket.send_frames(first).await;
    let bytes: Vec<u8> = again
        .iter()
        .flat_map(Frame::bytes)
        .collect::<Vec<u8>>()
        .repeat(512);
    let outcome = if reading {
        socket.flood(&bytes, Duration::from_secs(40)).await
    } else {
        (None, socket.flood_blindly(&bytes, Duration::from_secs(40)).await)
    };
    bystander.is_served().await;
    let grown = server.peak_resident_kib().saturating_sub(before);
    assert!(grown < GROWTH, "memory grew by {grown} KiB");
    outcome
}

#[tokio::test]
async fn a_flood_of_pings_is_answered_by_1008() {
    let server = Server::start(&[]).await;
    let (code, _) = flood(&server, &[], &[Frame::ping("ping")], true).await;
    assert_eq!(code, Some(1008));
}

#[tokio::test]
async fn a_flood_of_unasked_pongs_is_answered_by_1008() {
    let server = Server::start(&[]).await;
    let (code, _) = flood(&server, &[], &[Frame::pong("pong")], true).await;
    assert_eq!(code, Some(1008));
}

/// To read all that comes behind the close frame would be work that anybody could ask for.
#[tokio::test]
async fn one_who_is_hung_up_on_and_goes_on_sending_is_hardly_read() {
    let server = Server::start(&[]).await;
    let mut socket = RawSocket::upgraded(&server, "join=manual").await;
    socket.send_frames(&[Frame::binary("no")]).await;
    let sent = socket
        .flood_blindly(&[0; 8 * 1024], Duration::from_secs(10))
        .await;
    // A megabyte at once, and what both ends of the connection hold in the kernel.
    assert!(sent < 64 << 20, "{sent} bytes were taken");
}

#[tokio::test]
async fn pings_of_one_who_never_reads_cost_no_memory() {
    let server = Server::start(&[]).await;
    flood(&server, &[], &[Frame::ping([7; 125])], false).await;
}

#[tokio::test]
async fn endless_empty_fragments_are_throttled_and_answered_by_1008() {
    let server = Server::start(&[]).await;
    let fragment = Frame::continuation("").unfinished();
    let started = Instant::now();
    let (code, sent) = flood(&server, &[Frame::text("").unfinished()], &[fragment], true).await;
    assert_eq!(code, Some(1008));
    // After a burst of 256 KiB the rest of 1 MiB is read at 64 KiB/s, which takes 12 s.
    assert!(
        started.elapsed() > Duration::from_secs(8),
        "all was read within {:?}",
        started.elapsed()
    );
    // 1 MiB is read; what lies in the kernel's buffers on both sides was sent as well.
    assert!(sent < 24 << 20, "{sent} bytes were taken");
}

#[tokio::test]
async fn a_message_in_fragments_of_one_byte_is_still_read() {
    let server = Server::start(&[]).await;
    let mut socket = RawSocket::upgraded(&server, "join=manual").await;
    let text = json!({"type": "ping", "id": "crumbs", "pad": "a".repeat(16_000)}).to_string();
    let mut frames = vec![Frame::text("").unfinished()];
    frames.extend(text.bytes().map(|byte| Frame::continuation([byte]).unfinished()));
    frames.push(Frame::continuation(""));
    socket.send_frames(&frames).await;
    assert_eq!(socket.event("pong").await["id"], "crumbs");
}

#[tokio::test]
async fn a_flood_of_commands_is_answered_by_1008() {
    let server = Server::start(&[]).await;
    for command in [
        json!({"type": "ping"}),
        json!({"type": "join"}),
        json!({"type": "leave"}),
    ] {
        let (code, _) = flood(&server, &[], &[Frame::text(command.to_string())], true).await;
        assert_eq!(code, Some(1008), "{command}");
    }
}

#[tokio::test]
async fn a_flood_of_typing_or_messages_is_answered_by_1008() {
    let server = Server::start(&[]).await;
    for kind in ["typing", "message"] {
        let mut partner = Client::waiting(&server, "").await;
        let mut socket = RawSocket::upgraded(&server, "").await;
        let chat = socket.event("matched").await["chat_id"].clone();
        partner.meet().await;
        let command = json!({"type": kind, "chat_id": chat, "on": true, "text": "flood"});
        let bytes = Frame::text(command.to_string()).bytes().repeat(100);
        let (code, _) = socket.flood(&bytes, Duration::from_secs(40)).await;
        assert_eq!(code, Some(1008), "{kind}");
        let deadline = Instant::now() + passerby_tests::PATIENCE;
        while partner.any().await.kind() != "chat_ended" {
            assert!(Instant::now() < deadline, "the partner is never freed");
        }
        partner.close(1000).await;
    }
}

#[tokio::test]
async fn ten_malformed_frames_within_ten_seconds_are_answered_by_1008() {
    let server = Server::start(&[]).await;
    let mut client = Client::idle(&server).await;
    for _ in 0..9 {
        client.send_text("{");
        client.error("malformed").await;
    }
    client.is_served().await;
    client.send_text("{");
    client.closed(1008).await;
}
