//! Who may ask: the names the server answers to and the pages that may connect.

use passerby_tests::raw::upgrade_head;
use passerby_tests::{Connect, RawSocket, Server, http};

async fn status(server: &Server, host: &str, extra: &str) -> u16 {
    let mut socket = RawSocket::connect(server.http()).await;
    socket
        .send(format!("{}{extra}\r\n", upgrade_head(host, "join=manual")).as_bytes())
        .await;
    let answer = socket.answer().await;
    if answer.status != 101 {
        answer.is_problem(answer.status);
    }
    answer.status
}

#[tokio::test]
async fn only_the_names_of_this_server_are_served() {
    let server = Server::start(&[("PASSERBY__HTTP__HOSTS", "chat.example,other.example")]).await;
    for host in [
        "chat.example",
        "other.example",
        "chat.example:8080",
        "CHAT.Example",
    ] {
        assert_eq!(status(&server, host, "").await, 101, "{host}");
    }
    for host in [
        "evil.example",
        "chat.example.evil.example",
        "xchat.example",
        "127.0.0.1",
    ] {
        assert_eq!(status(&server, host, "").await, 421, "{host}");
        let page = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        http::exchange(server.http(), page.as_bytes())
            .await
            .is_problem(421);
    }
    let rebound = "Origin: http://evil.example\r\n";
    assert_eq!(
        status(&server, "evil.example", rebound).await,
        421,
        "a rebound name agrees with its origin"
    );
}

#[tokio::test]
async fn any_name_is_served_when_none_is_named() {
    let server = Server::start(&[]).await;
    assert_eq!(status(&server, "whatever.example", "").await, 101);
    assert_eq!(
        status(&server, "evil.example", "Origin: http://evil.example\r\n").await,
        101
    );
}

#[tokio::test]
async fn a_page_of_the_same_host_may_connect_and_no_other() {
    let server = Server::start(&[]).await;
    let host = server.http().to_string();
    assert_eq!(
        status(&server, &host, &format!("Origin: http://{host}\r\n")).await,
        101
    );
    for origin in [
        "https://evil.example",
        "null",
        "http://127.0.0.1:1",
        "http://127.0.0.1.evil.example",
        "",
    ] {
        assert_eq!(
            status(&server, &host, &format!("Origin: {origin}\r\n")).await,
            403,
            "{origin}"
        );
    }
}

#[tokio::test]
async fn only_the_pages_named_may_connect() {
    let server = Server::start(&[(
        "PASSERBY__HTTP__ALLOWED_ORIGINS",
        "https://good.example,https://app.example:8443",
    )])
    .await;
    let host = server.http().to_string();
    for origin in ["https://good.example", "https://app.example:8443"] {
        assert_eq!(
            status(&server, &host, &format!("Origin: {origin}\r\n")).await,
            101,
            "{origin}"
        );
    }
    for origin in [
        "https://evil.example",
        "null",
        "http://good.example",
        "https://good.example:444",
        "https://app.example",
        "https://good.example.evil.com",
        "https://goodXexample",
        "https://evil.example/https://good.example",
        "https://good.example@evil.example",
    ] {
        assert_eq!(
            status(&server, &host, &format!("Origin: {origin}\r\n")).await,
            403,
            "{origin}"
        );
    }
    let two = "Origin: https://good.example\r\nOrigin: https://evil.example\r\n";
    assert_eq!(status(&server, &host, two).await, 403, "two origins");
    let twice = "Origin: https://good.example\r\n".repeat(2);
    assert_eq!(status(&server, &host, &twice).await, 403, "the same origin twice");
}

#[tokio::test]
async fn a_star_lets_any_page_connect() {
    let server = Server::start(&[("PASSERBY__HTTP__ALLOWED_ORIGINS", "*")]).await;
    let host = server.http().to_string();
    for origin in ["https://evil.example", "null"] {
        assert_eq!(
            status(&server, &host, &format!("Origin: {origin}\r\n")).await,
            101,
            "{origin}"
        );
    }
}

#[tokio::test]
async fn a_program_without_an_origin_may_always_connect() {
    let server = Server::start(&[("PASSERBY__HTTP__ALLOWED_ORIGINS", "https://good.example")]).await;
    let client = Connect::to(&server).query("join=manual").open().await;
    assert_eq!(client.welcome().text("state"), "idle");
}
