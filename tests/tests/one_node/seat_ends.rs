//! Which ends of a connection end the seat too.

use passerby_tests::{Client, Connect, Frame, RawSocket, Server, pair};

/// A raw user in a chat with a client; both are past `matched`.
async fn a_pair(server: &Server) -> (RawSocket, Client) {
    let mut ben = Client::waiting(server, "").await;
    let mut ann = RawSocket::upgraded(server, "").await;
    ann.event("matched").await;
    ben.meet().await;
    (ann, ben)
}

async fn is_gone_at_once(ben: &mut Client) {
    let event = ben.any().await;
    assert_eq!(event.kind(), "chat_ended", "{}", event.body);
    // Whether this is `partner_left` or `partner_disconnected` is left open.
    assert!(
        ["partner_left", "partner_disconnected"].contains(&event.text("reason")),
        "{}",
        event.body
    );
    ben.expect("waiting").await;
}

#[tokio::test]
async fn a_goodbye_of_the_client_ends_the_seat() {
    let server = Server::start(&[("PASSERBY__SESSION__RESUME_GRACE", "60s")]).await;
    for with_code in [true, false] {
        let (ann, mut ben) = pair(&server).await;
        let memory = ann.memory();
        if with_code {
            ann.close(1000).await;
        } else {
            ann.close_without_code().await;
        }
        is_gone_at_once(&mut ben).await;
        ben.close(1000).await;
        let fresh = Connect::to(&server)
            .resuming(&memory)
            .query("join=manual")
            .open()
            .await;
        assert!(!fresh.welcome().flag("resumed"));
    }
}

#[tokio::test]
async fn a_protocol_error_ends_the_seat() {
    let server = Server::start(&[("PASSERBY__SESSION__RESUME_GRACE", "60s")]).await;
    for (code, frame) in [
        (1002, Frame::text("{}").unmasked()),
        (1003, Frame::binary("x")),
        (1007, Frame::text(b"\xff")),
        (1009, Frame::text("x".repeat(40_000))),
    ] {
        let (mut ann, mut ben) = a_pair(&server).await;
        ann.send_frames(&[frame]).await;
        assert_eq!(ann.closed().await, Some(code));
        is_gone_at_once(&mut ben).await;
        ben.close(1000).await;
    }
}

#[tokio::test]
async fn malformed_frames_end_the_seat_in_the_end() {
    let server = Server::start(&[("PASSERBY__SESSION__RESUME_GRACE", "60s")]).await;
    let (mut ann, mut ben) = a_pair(&server).await;
    ann.send_frames(&vec![Frame::text("{"); 10]).await;
    assert_eq!(ann.closed().await, Some(1008));
    is_gone_at_once(&mut ben).await;
}

#[tokio::test]
async fn any_other_end_holds_the_seat() {
    let server = Server::start(&[
        ("PASSERBY__SESSION__RESUME_GRACE", "60s"),
        ("PASSERBY__SESSION__RELOAD_GRACE", "60s"),
    ])
    .await;
    for code in [1001, 1011, 3000, 4000, 4999] {
        let (ann, mut ben) = pair(&server).await;
        let memory = ann.memory();
        ann.close(code).await;
        ben.expect("partner_away").await;
        let ann = Client::resume(&server, &memory).await;
        assert!(ann.welcome().flag("resumed"), "after {code}");
        ben.expect("partner_back").await;
        ann.close(1000).await;
        ben.close(1000).await;
    }
}

#[tokio::test]
async fn a_reset_in_the_middle_of_a_message_holds_the_seat() {
    let server = Server::start(&[("PASSERBY__SESSION__RESUME_GRACE", "60s")]).await;
    let (mut ann, mut ben) = a_pair(&server).await;
    let frame = Frame::text("{\"type\":\"message\",\"text\":\"half of a message\"}").bytes();
    ann.send(&frame[..20]).await;
    ann.reset();
    ben.expect("partner_away").await;
    ben.quiet().await;
}

#[tokio::test]
async fn an_end_without_a_close_frame_holds_the_seat() {
    let server = Server::start(&[("PASSERBY__SESSION__RESUME_GRACE", "60s")]).await;
    let (ann, mut ben) = a_pair(&server).await;
    drop(ann);
    ben.expect("partner_away").await;
}
