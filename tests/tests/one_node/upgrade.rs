//! The upgrade itself: what must be offered, what is selected, and what may share its packet.

use passerby_tests::raw::upgrade_head;
use passerby_tests::{Frame, RawSocket, Server, http};
use serde_json::json;

fn head(server: &Server) -> String {
    upgrade_head(&server.http().to_string(), "join=manual")
}

#[tokio::test]
async fn the_socket_without_an_upgrade_asks_for_one() {
    let server = Server::start(&[]).await;
    let answer = http::get(server.http(), "/ws", &[]).await;
    assert_eq!(
        answer.is_problem(426).needs("upgrade").to_ascii_lowercase(),
        "websocket"
    );
    let old = head(&server).replace("HTTP/1.1", "HTTP/1.0");
    let answer = http::exchange(server.http(), format!("{old}\r\n").as_bytes()).await;
    assert_eq!(
        answer.is_problem(426).needs("upgrade").to_ascii_lowercase(),
        "websocket"
    );
}

#[tokio::test]
async fn another_version_is_told_the_right_one() {
    let server = Server::start(&[]).await;
    for version in [
        "Sec-WebSocket-Version: 8\r\n",
        "",
        "Sec-WebSocket-Version: 14\r\n",
    ] {
        let request = head(&server).replace("Sec-WebSocket-Version: 13\r\n", version);
        let answer = http::exchange(server.http(), format!("{request}\r\n").as_bytes()).await;
        assert_eq!(
            answer.is_problem(426).needs("sec-websocket-version"),
            "13",
            "{version}"
        );
    }
}

#[tokio::test]
async fn a_key_that_is_no_key_is_a_bad_request() {
    let server = Server::start(&[]).await;
    let right = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let double = right.repeat(2);
    let (short, long) = (
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA\r\n",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAAA\r\n",
    );
    for key in [
        "",
        "Sec-WebSocket-Key: abc\r\n",
        "Sec-WebSocket-Key: !!!!IHNhbXBsZSBub25jZQ==\r\n",
        short,
        long,
        &double,
    ] {
        let request = head(&server).replace(right, key);
        http::exchange(server.http(), format!("{request}\r\n").as_bytes())
            .await
            .is_problem(400);
    }
}

#[tokio::test]
async fn the_accept_key_is_the_one_of_the_standard() {
    let server = Server::start(&[]).await;
    let answer = http::exchange(server.http(), format!("{}\r\n", head(&server)).as_bytes()).await;
    assert_eq!(answer.status, 101);
    assert_eq!(
        answer.needs("sec-websocket-accept"),
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    );
    assert_eq!(answer.needs("upgrade").to_ascii_lowercase(), "websocket");
    assert_eq!(answer.header("sec-websocket-protocol"), None, "none was offered");
}

#[tokio::test]
async fn the_protocol_is_selected_when_it_is_offered() {
    let server = Server::start(&[]).await;
    let many = (0..500)
        .map(|number| format!("other.v{number}"))
        .collect::<Vec<_>>()
        .join(", ");
    for (offer, selected) in [
        ("passerby.v1", Some("passerby.v1")),
        ("chat, passerby.v1, soap", Some("passerby.v1")),
        ("chat\r\nSec-WebSocket-Protocol: passerby.v1", Some("passerby.v1")),
        ("passerby.v1, passerby.resume.nonsense", Some("passerby.v1")),
        ("passerby.resume.nonsense", None),
        ("passerby.v2", None),
        ("Passerby.V1", None),
        (&many, None),
    ] {
        let request = format!("{}Sec-WebSocket-Protocol: {offer}\r\n\r\n", head(&server));
        let answer = http::exchange(server.http(), request.as_bytes()).await;
        assert_eq!(answer.status, 101, "{offer:.40}");
        assert_eq!(answer.header("sec-websocket-protocol"), selected, "{offer:.40}");
    }
}

#[tokio::test]
async fn compression_is_not_negotiated() {
    let server = Server::start(&[]).await;
    let request = format!(
        "{}Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n",
        head(&server)
    );
    let answer = http::exchange(server.http(), request.as_bytes()).await;
    assert_eq!(
        (answer.status, answer.header("sec-websocket-extensions")),
        (101, None)
    );
}

#[tokio::test]
async fn a_second_request_in_the_packet_of_the_upgrade_is_read_as_frames() {
    let server = Server::start(&[]).await;
    let mut socket = RawSocket::connect(server.http()).await;
    let smuggled = format!(
        "{}\r\nGET /admin/v1/node HTTP/1.1\r\nHost: {}\r\n\r\n",
        head(&server),
        server.http()
    );
    socket.send(smuggled.as_bytes()).await;
    assert_eq!(socket.answer().await.status, 101);
    assert_eq!(socket.closed().await, Some(1002));
    assert!(socket.unread().is_empty());
}

#[tokio::test]
async fn a_frame_in_the_packet_of_the_upgrade_is_processed() {
    let server = Server::start(&[]).await;
    let mut socket = RawSocket::connect(server.http()).await;
    let mut bytes = format!("{}\r\n", head(&server)).into_bytes();
    bytes.extend(Frame::text(json!({"type": "ping", "id": "early"}).to_string()).bytes());
    socket.send(&bytes).await;
    assert_eq!(socket.answer().await.status, 101);
    assert_eq!(socket.event("pong").await["id"], "early");
}

#[tokio::test]
async fn a_refused_upgrade_echoes_nothing() {
    let server = Server::start(&[]).await;
    let request = format!(
        "{}\r\n",
        upgrade_head(&server.http().to_string(), "mode=canary&interests=canary")
    );
    let answer = http::exchange(server.http(), request.as_bytes()).await;
    assert!(
        !answer.is_problem(400).text().contains("canary"),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn an_upgrade_is_known_by_its_tokens_whatever_their_case_and_company() {
    let server = Server::start(&[]).await;
    for (connection, upgrade) in [
        ("keep-alive, Upgrade", "websocket"),
        ("keep-alive\r\nConnection: Upgrade", "websocket"),
        ("upgrade", "WebSocket"),
        ("Upgrade,keep-alive", "WEBSOCKET"),
    ] {
        let request = head(&server)
            .replace("Connection: Upgrade", &format!("Connection: {connection}"))
            .replace("Upgrade: websocket", &format!("Upgrade: {upgrade}"));
        let answer = http::exchange(server.http(), format!("{request}\r\n").as_bytes()).await;
        assert_eq!(answer.status, 101, "{connection} / {upgrade}");
    }
}

#[tokio::test]
async fn an_upgrade_to_anything_else_or_by_another_method_is_refused() {
    let server = Server::start(&[]).await;
    let h2c = head(&server).replace("Upgrade: websocket", "Upgrade: h2c");
    http::exchange(server.http(), format!("{h2c}\r\n").as_bytes())
        .await
        .is_problem(426);
    let unconnected = head(&server).replace("Connection: Upgrade", "Connection: keep-alive");
    http::exchange(server.http(), format!("{unconnected}\r\n").as_bytes())
        .await
        .is_problem(426);
    for method in ["POST", "PUT", "HEAD"] {
        let other = head(&server).replace("GET", method);
        let answer = http::exchange(server.http(), format!("{other}\r\n").as_bytes()).await;
        assert!([405, 426].contains(&answer.status), "{method}: {}", answer.status);
    }
}
