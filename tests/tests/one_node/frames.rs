//! WebSocket frames that break RFC 6455, and odd ones that do not.

use passerby_tests::{Frame, PATIENCE, RawSocket, Server};
use serde_json::json;

async fn closes(server: &Server, what: &str, frames: &[Frame], code: u16) {
    let mut socket = RawSocket::upgraded(server, "join=manual").await;
    socket.send_frames(frames).await;
    assert_eq!(socket.closed().await, Some(code), "{what}");
}

fn ping(id: &str) -> String {
    json!({"type": "ping", "id": id}).to_string()
}

#[tokio::test]
async fn a_frame_that_breaks_the_protocol_is_answered_by_1002() {
    let server = Server::start(&[]).await;
    let right = ping("a");
    closes(&server, "unmasked", &[Frame::text(&right).unmasked()], 1002).await;
    for bits in [0x40, 0x20, 0x10, 0x70] {
        closes(
            &server,
            "reserved bits",
            &[Frame::text(&right).reserved(bits)],
            1002,
        )
        .await;
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        closes(&server, "a reserved opcode", &[Frame::new(opcode, "")], 1002).await;
    }
    closes(
        &server,
        "a fragmented ping",
        &[Frame::ping("a").unfinished()],
        1002,
    )
    .await;
    closes(&server, "a ping of 126 bytes", &[Frame::ping([b'a'; 126])], 1002).await;
    closes(
        &server,
        "a close of 126 bytes",
        &[Frame::close(1000, [b'a'; 124])],
        1002,
    )
    .await;
    closes(
        &server,
        "a continuation of nothing",
        &[Frame::continuation("a")],
        1002,
    )
    .await;
    let interleaved = [Frame::text("{").unfinished(), Frame::text("}")];
    closes(&server, "a message inside a message", &interleaved, 1002).await;
}

#[tokio::test]
async fn text_that_is_not_utf_8_is_answered_by_1007() {
    let server = Server::start(&[]).await;
    let bad: [&[u8]; 6] = [
        b"\xff\xfe",
        b"{\"a\":\"\xed\xa0\x80\"}",
        b"\xc0\x80",
        b"{\"a\":\"\xe2\x82",
        b"\xf4\x90\x80\x80",
        b"\x80",
    ];
    for bytes in bad {
        closes(&server, &format!("{bytes:?}"), &[Frame::text(bytes)], 1007).await;
    }
    let early = [
        Frame::text(b"{\"a\":\"\xff").unfinished(),
        Frame::continuation("\"}"),
    ];
    closes(&server, "a bad byte in an early fragment", &early, 1007).await;
    closes(
        &server,
        "a reason that is not UTF-8",
        &[Frame::close(1000, b"\xff\xfe")],
        1007,
    )
    .await;
}

#[tokio::test]
async fn a_close_code_nobody_may_send_is_answered_by_1002() {
    let server = Server::start(&[]).await;
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535] {
        closes(&server, &code.to_string(), &[Frame::close(code, "")], 1002).await;
    }
    closes(&server, "a close of one byte", &[Frame::new(8, [3])], 1002).await;
}

#[tokio::test]
async fn a_close_code_somebody_may_send_is_echoed() {
    let server = Server::start(&[]).await;
    for code in [1000, 1001, 1003, 1011, 1012, 3000, 3999, 4000, 4999] {
        closes(&server, &code.to_string(), &[Frame::close(code, "bye")], code).await;
    }
    let mut socket = RawSocket::upgraded(&server, "join=manual").await;
    socket.send_frames(&[Frame::new(8, "")]).await;
    let code = socket.closed().await;
    assert!(
        [None, Some(1000)].contains(&code),
        "a close without a code was answered by {code:?}"
    );
}

#[tokio::test]
async fn a_binary_frame_is_answered_by_1003() {
    let server = Server::start(&[]).await;
    closes(&server, "binary", &[Frame::binary(ping("a"))], 1003).await;
    closes(&server, "empty binary", &[Frame::binary("")], 1003).await;
}

#[tokio::test]
async fn a_frame_that_claims_too_much_is_answered_by_1009_at_once() {
    let server = Server::start(&[]).await;
    let before = server.peak_resident_kib();
    for length in [32_769, 1 << 30, 1 << 62, 1 << 63, u64::MAX] {
        closes(
            &server,
            &length.to_string(),
            &[Frame::text("").claiming(length)],
            1009,
        )
        .await;
    }
    let grown = server.peak_resident_kib().saturating_sub(before);
    assert!(grown < 32 * 1024, "memory grew by {grown} KiB");
}

#[tokio::test]
async fn a_message_of_32_769_bytes_is_answered_by_1009() {
    let server = Server::start(&[]).await;
    let large = json!({"type": "ping", "pad": "a".repeat(32_769)}).to_string();
    let (head, tail) = large.split_at(20_000);
    closes(&server, "in one frame", &[Frame::text(&large[..32_769])], 1009).await;
    closes(
        &server,
        "far too large",
        &[Frame::text("a".repeat(1 << 20))],
        1009,
    )
    .await;
    let fragments = [Frame::text(head).unfinished(), Frame::continuation(tail)];
    closes(&server, "in fragments", &fragments, 1009).await;
}

#[tokio::test]
async fn a_message_of_32_768_bytes_is_read() {
    let server = Server::start(&[]).await;
    let mut text = json!({"type": "ping", "id": "large", "pad": ""}).to_string();
    let pad = "a".repeat(32_768 - text.len());
    text = text.replace("\"pad\":\"\"", &format!("\"pad\":\"{pad}\""));
    assert_eq!(text.len(), 32_768);
    let mut socket = RawSocket::upgraded(&server, "join=manual").await;
    socket.send_frames(&[Frame::text(&text)]).await;
    assert_eq!(socket.event("pong").await["id"], "large");
}

#[tokio::test]
async fn the_size_of_a_frame_is_a_setting() {
    let server = Server::start(&[("PASSERBY__LIMITS__FRAME_BYTES", "20000")]).await;
    let mut socket = RawSocket::connect(server.http()).await;
    socket.upgrade(&server, "join=manual").await;
    assert_eq!(socket.event("welcome").await["limits"]["frame_bytes"], 20_000);
    socket.send_frames(&[Frame::text("a".repeat(20_001))]).await;
    assert_eq!(socket.closed().await, Some(1009));
}

#[tokio::test]
async fn fragments_and_pings_between_them_are_accepted() {
    let server = Server::start(&[]).await;
    let mut socket = RawSocket::upgraded(&server, "join=manual").await;
    let text = ping("späte Antwort");
    let cut = text.find('ä').expect("the id has an umlaut") + 1;
    let (head, tail) = text.as_bytes().split_at(cut);
    socket
        .send_frames(&[
            Frame::text(head).unfinished(),
            Frame::ping("between"),
            Frame::continuation(tail),
        ])
        .await;
    socket.pong(b"between").await;
    assert_eq!(socket.event("pong").await["id"], "späte Antwort");
}

#[tokio::test]
async fn a_length_written_longer_than_needed_is_accepted() {
    let server = Server::start(&[]).await;
    let mut socket = RawSocket::upgraded(&server, "join=manual").await;
    socket
        .send_frames(&[Frame::text(ping("long")).long_length()])
        .await;
    assert_eq!(socket.event("pong").await["id"], "long");
}

#[tokio::test]
async fn a_ping_of_125_bytes_is_answered_in_kind() {
    let server = Server::start(&[]).await;
    let mut socket = RawSocket::upgraded(&server, "join=manual").await;
    socket.send_frames(&[Frame::ping([7; 125])]).await;
    socket.pong(&[7; 125]).await;
}

#[tokio::test]
async fn data_after_the_close_is_ignored_and_the_connection_ends() {
    let server = Server::start(&[]).await;
    let mut socket = RawSocket::upgraded(&server, "join=manual").await;
    socket
        .send_frames(&[Frame::close(1000, ""), Frame::text(ping("late"))])
        .await;
    assert_eq!(socket.close_frame().await, Some(1000));
    assert_eq!(socket.frame().await, None, "nothing follows a close");
}

#[tokio::test]
async fn a_client_that_never_closes_tcp_is_hung_up_on() {
    let server = Server::start(&[]).await;
    let mut socket = RawSocket::upgraded(&server, "join=manual").await;
    socket.send_frames(&[Frame::binary("")]).await;
    assert_eq!(socket.close_frame().await, Some(1003));
    socket.end(PATIENCE).await;
}
