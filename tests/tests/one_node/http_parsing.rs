//! Requests that no honest client sends: answered exactly, closed in time, never echoed.

use std::time::Duration;

use passerby_tests::raw::upgrade_head;
use passerby_tests::{RawSocket, Server, http};

/// A half-done request is cut after 5 s; the rest is allowance for a busy machine.
const CUT: Duration = Duration::from_secs(9);

#[tokio::test]
async fn a_host_that_is_missing_double_or_malformed_is_a_bad_request() {
    let server = Server::start(&[]).await;
    for hosts in [
        "",
        "Host: a\r\nHost: b\r\n",
        "Host: a b\r\n",
        "Host: user@a\r\n",
        "Host: u:p@a:80\r\n",
    ] {
        for path in ["/", "/ws", "/api/v1/stats"] {
            let request = format!("GET {path} HTTP/1.1\r\n{hosts}\r\n");
            http::exchange(server.http(), request.as_bytes())
                .await
                .is_problem(400);
        }
        let upgrade = upgrade_head("REPLACED", "").replace("Host: REPLACED\r\n", hosts);
        http::exchange(server.http(), format!("{upgrade}\r\n").as_bytes())
            .await
            .is_problem(400);
    }
}

#[tokio::test]
async fn too_many_or_too_large_headers_are_431() {
    let server = Server::start(&[]).await;
    let host = server.http().to_string();
    let many = |count: usize| "X-Many: a\r\n".repeat(count);
    let large = |size: usize| format!("X-Large: {}\r\n", "a".repeat(size));
    for extra in [
        many(64),
        large(17 * 1024),
        large(70 * 1024),
        large(1000).repeat(20),
    ] {
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n{extra}\r\n");
        http::exchange(server.http(), request.as_bytes())
            .await
            .is_problem(431);
        let upgrade = format!("{}{extra}\r\n", upgrade_head(&host, ""));
        http::exchange(server.http(), upgrade.as_bytes())
            .await
            .is_problem(431);
    }
    let fitting = format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{}\r\n",
        many(62)
    );
    assert_eq!(
        http::exchange(server.http(), fitting.as_bytes()).await.status,
        200,
        "64 lines are allowed"
    );
}

#[tokio::test]
async fn headers_without_end_are_431_before_they_end() {
    let server = Server::start(&[]).await;
    let mut socket = RawSocket::connect(server.http()).await;
    socket
        .send(
            format!(
                "GET / HTTP/1.1\r\nHost: {}\r\nX: {}",
                server.http(),
                "a".repeat(17 * 1024)
            )
            .as_bytes(),
        )
        .await;
    socket.answer().await.is_problem(431);
}

#[tokio::test]
async fn an_endless_request_line_is_refused() {
    let server = Server::start(&[]).await;
    let request = format!(
        "GET /{} HTTP/1.1\r\nHost: {}\r\n\r\n",
        "a".repeat(20 * 1024),
        server.http()
    );
    http::exchange(server.http(), request.as_bytes())
        .await
        .is_problem_of(&[414, 431]);
}

#[tokio::test]
async fn framing_that_can_be_read_in_two_ways_is_a_bad_request() {
    let server = Server::start(&[]).await;
    let host = server.http().to_string();
    for lines in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: +4\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x4\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "X-Folded: a\r\n b\r\n",
        "X-Nul: a\0b\r\n",
        "X-Spaced : a\r\n",
    ] {
        for head in [
            format!("GET / HTTP/1.1\r\nHost: {host}\r\n"),
            upgrade_head(&host, ""),
        ] {
            let mut socket = RawSocket::connect(server.http()).await;
            socket
                .send(format!("{head}{lines}\r\n0\r\n\r\n").as_bytes())
                .await;
            let answer = socket.answer().await;
            assert_eq!(answer.status, 400, "{lines:?} after {head:.8}");
            socket.end(CUT).await;
        }
    }
}

#[tokio::test]
async fn a_host_with_a_space_before_its_colon_is_a_bad_request() {
    let server = Server::start(&[]).await;
    let request = format!("GET / HTTP/1.1\r\nHost : {}\r\n\r\n", server.http());
    assert_eq!(
        http::exchange(server.http(), request.as_bytes()).await.status,
        400
    );
}

#[tokio::test]
async fn even_what_cannot_be_parsed_is_answered_as_a_problem() {
    let server = Server::start(&[]).await;
    let host = server.http();
    for request in [
        format!("GET / HTTP/1.1\r\nHost: {host}\r\nX-Nul: canary\0b\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\nX-Spaced : canary\r\n\r\n"),
        format!("GET / HTTP/9.9\r\nHost: {host}\r\nX: canary\r\n\r\n"),
        "canary canary canary canary\r\n\r\n".to_owned(),
    ] {
        let mut socket = RawSocket::connect(host).await;
        socket.send(request.as_bytes()).await;
        let answer = socket.answer().await;
        assert!(
            !answer.text().contains("canary"),
            "input is echoed: {}",
            answer.text()
        );
        answer.is_problem_of(&[400, 505]);
        socket.end(CUT).await;
    }
}

#[tokio::test]
async fn an_upgrade_with_a_body_is_a_bad_request() {
    let server = Server::start(&[]).await;
    let request = format!(
        "{}Content-Length: 5\r\n\r\nhello",
        upgrade_head(&server.http().to_string(), "")
    );
    http::exchange(server.http(), request.as_bytes())
        .await
        .is_problem(400);
}

#[tokio::test]
async fn an_absolute_target_is_a_bad_request() {
    let server = Server::start(&[]).await;
    let head = upgrade_head(&server.http().to_string(), "").replace("GET /ws", "GET http://evil.example/ws");
    http::exchange(server.http(), format!("{head}\r\n").as_bytes())
        .await
        .is_problem(400);
    let page = format!(
        "GET http://evil.example/ HTTP/1.1\r\nHost: {}\r\n\r\n",
        server.http()
    );
    http::exchange(server.http(), page.as_bytes())
        .await
        .is_problem(400);
}

#[tokio::test]
async fn a_silent_or_dripping_connection_is_cut() {
    let server = Server::start(&[]).await;
    let silent = async {
        let mut socket = RawSocket::connect(server.http()).await;
        socket.end(CUT).await;
    };
    let half = async {
        let mut socket = RawSocket::connect(server.http()).await;
        socket.send(b"GET /ws HTTP/1.1\r\nHost: a\r\n").await;
        socket.end(CUT).await;
    };
    let dripping = async {
        let mut socket = RawSocket::connect(server.http()).await;
        let head = upgrade_head(&server.http().to_string(), "");
        let mut open = true;
        for byte in head.as_bytes().chunks(1).take(16) {
            open = open && socket.try_send(byte).await;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let answer = socket.answer_or_end().await;
        assert!(
            answer.is_none_or(|answer| answer.status == 408),
            "a dripping request was answered"
        );
    };
    tokio::join!(silent, half, dripping);
}

#[tokio::test]
async fn other_protocols_on_the_port_get_a_400_or_nothing() {
    let server = Server::start(&[]).await;
    let hello = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(),
        &[7; 500],
    ]
    .concat();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    for bytes in [hello, preface, vec![0; 2000], b"\n\n\n\n\r\r".repeat(100)] {
        let mut socket = RawSocket::connect(server.http()).await;
        socket.send(&bytes).await;
        let answer = socket.answer_or_end().await;
        assert!(
            answer.is_none_or(|answer| [400, 431, 505].contains(&answer.status)),
            "{:?}",
            &bytes[..3]
        );
        socket.end(CUT).await;
    }
}

#[tokio::test]
async fn two_requests_on_one_connection_are_both_answered() {
    let server = Server::start(&[]).await;
    let mut socket = RawSocket::connect(server.http()).await;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", server.http());
    socket.send(request.repeat(2).as_bytes()).await;
    assert_eq!(
        (socket.answer().await.status, socket.answer().await.status),
        (200, 200)
    );
}
