//! Requests that are too big, too slow, or for something that is not there.

use crate::testing::{Reply, Sent, node};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let node = node().start().await;
    for path in [
        "/",
        "/nothing",
        "/admin",
        "/admin/v1",
        "/admin/v1/",
        "/admin/v1/bans/",
        "/admin/v1/kick",
        "/api/v1/stats",
    ] {
        Sent::new("GET", path).to(&node).await.assert_problem(404);
    }
}

#[tokio::test]
async fn what_cannot_be_done_is_answered_by_what_can() {
    let node = node().start().await;
    for (method, path, allow) in [
        ("POST", "/metrics", "GET, HEAD"),
        ("DELETE", "/healthz", "GET, HEAD"),
        ("PUT", "/admin/v1/bans", "GET, HEAD, POST"),
        ("GET", "/admin/v1/bans/1", "DELETE"),
        ("GET", "/admin/v1/kick/x", "POST"),
        ("HEAD", "/admin/v1/drain", "POST"),
        ("OPTIONS", "/admin/v1/drain", "POST"),
        ("NONSENSE", "/readyz", "GET, HEAD"),
    ] {
        let reply = Sent::new(method, path).to(&node).await;
        assert_eq!(reply.status, 405, "{method} {path}");
        assert_eq!(reply.header("allow"), Some(allow), "{method} {path}");
    }
    assert!(!node.drain.is_cancelled());
}

#[tokio::test]
async fn a_body_that_is_too_big_is_refused_and_its_sender_hears_why() {
    let node = node().start().await;
    let big = vec![b' '; 65 * 1024];
    for path in ["/admin/v1/bans", "/admin/v1/drain"] {
        let reply = Sent::new("POST", path).body(big.clone()).to(&node).await;
        reply.assert_problem(413);
        let reply = Sent::new("POST", path).chunk(&big).to(&node).await;
        reply.assert_problem(413);
    }
    // The biggest that there may be is read to its end, and found not to be an order.
    let reply = Sent::new("POST", "/admin/v1/bans")
        .body(vec![b' '; 64 * 1024])
        .to(&node)
        .await;
    reply.assert_problem(400);
    assert!(!node.drain.is_cancelled());
}

#[tokio::test]
async fn too_many_headers_are_refused() {
    let node = node().start().await;
    let mut many = Sent::new("GET", "/healthz");
    for number in 0..64 {
        many = many.header(&format!("X-{number}"), "x");
    }
    assert_eq!(many.to(&node).await.status, 431);
    let long = Sent::new("GET", "/healthz").header("X-Long", &"x".repeat(17 * 1024));
    assert_eq!(long.to(&node).await.status, 431);
}

#[tokio::test]
async fn a_connection_serves_one_request() {
    let node = node().start().await;
    let mut stream = TcpStream::connect(node.address).await.unwrap();
    let twice = [
        Sent::new("GET", "/healthz").bytes(),
        Sent::new("POST", "/admin/v1/drain").bytes(),
    ]
    .concat();
    stream.write_all(&twice).await.unwrap();
    let reply = Reply::read(&mut stream).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "ok\n"));
    assert_eq!(reply.header("connection"), Some("close"));
    assert!(!node.drain.is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn one_who_never_ends_their_request_is_cut() {
    let node = node().start().await;
    for beginning in ["", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"] {
        let mut stream = TcpStream::connect(node.address).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"");
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_never_sends_the_body_they_announced_is_told_and_cut() {
    let node = node().start().await;
    let mut stream = TcpStream::connect(node.address).await.unwrap();
    let sent = Sent::new("POST", "/admin/v1/bans").header("Content-Length", "10");
    stream.write_all(&sent.bytes()).await.unwrap();
    Reply::read(&mut stream).await.assert_problem(408);
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_for_their_turn() {
    let node = node().start().await;
    let mut idle = Vec::new();
    for _ in 0..64 {
        idle.push(TcpStream::connect(node.address).await.unwrap());
    }
    let mut late = TcpStream::connect(node.address).await.unwrap();
    late.write_all(&Sent::anonymous("GET", "/healthz").bytes())
        .await
        .unwrap();
    idle.pop();
    assert_eq!(Reply::read(&mut late).await.status, 200);
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_those_who_ask_nothing() {
    let node = node().start().await;
    let mut idle = TcpStream::connect(node.address).await.unwrap();
    assert_eq!(Sent::anonymous("GET", "/healthz").to(&node).await.status, 200);
    node.shutdown.cancel();
    node.served.await.unwrap();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"");
    assert!(TcpStream::connect(node.address).await.is_err());
}
