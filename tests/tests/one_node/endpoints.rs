//! The endpoints beside the socket: probes, statistics, metrics, and what is on which listener.

use passerby_tests::{PATIENCE, Server, http, succeeds};

#[tokio::test]
async fn the_probes_are_green_on_a_server_that_serves() {
    let server = Server::start(&[]).await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(http::get(server.http(), path, &[]).await.status, 200, "{path}");
        assert_eq!(
            http::get(server.admin(), path, &[]).await.status,
            200,
            "{path} for operators"
        );
    }
}

#[tokio::test]
async fn the_page_is_served_with_a_strict_policy() {
    let server = Server::start(&[]).await;
    let page = http::get(server.http(), "/", &[]).await;
    assert_eq!(page.status, 200);
    assert!(page.needs("content-type").starts_with("text/html"));
    assert_eq!(page.needs("x-content-type-options"), "nosniff");
    let policy = page.needs("content-security-policy");
    assert!(
        policy.contains("default-src") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert!(page.text().to_ascii_lowercase().contains("<!doctype html>"));
}

#[tokio::test]
async fn statistics_are_numbers_that_nobody_may_keep() {
    let server = Server::start(&[]).await;
    let answer = http::get(server.http(), "/api/v1/stats", &[]).await;
    assert_eq!(answer.status, 200);
    assert!(answer.needs("content-type").starts_with("application/json"));
    assert_eq!(answer.needs("cache-control"), "no-store");
    assert_eq!(
        answer.json(),
        serde_json::json!({"online": 0, "waiting": 0, "chatting": 0})
    );
}

#[tokio::test]
async fn metrics_are_prometheus_text_on_the_admin_listener_only() {
    let server = Server::start(&[]).await;
    let metrics = http::get(server.admin(), "/metrics", &[]).await;
    assert_eq!(metrics.status, 200);
    let kind = metrics.needs("content-type");
    assert!(
        kind.starts_with("text/plain") || kind.starts_with("application/openmetrics-text"),
        "{kind}"
    );
    let text = metrics.text();
    assert!(text.contains("# TYPE "), "{text}");
    for line in text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        let value = line.rsplit(' ').next().unwrap_or_default();
        assert!(value.parse::<f64>().is_ok(), "`{line}` has no value");
    }
}

#[tokio::test]
async fn the_public_listener_knows_nothing_of_operators() {
    let server = Server::start(&[("PASSERBY__ADMIN__TOKEN", "a-token-for-the-suite")]).await;
    let token = ("Authorization", "Bearer a-token-for-the-suite");
    for path in [
        "/metrics",
        "/admin/v1/node",
        "/admin/v1/bans",
        "/admin/v1/openapi.json",
        "/admin",
    ] {
        http::get(server.http(), path, &[token]).await.is_problem(404);
    }
}

#[tokio::test]
async fn the_admin_listener_serves_no_chat() {
    let server = Server::start(&[]).await;
    for path in ["/", "/ws", "/api/v1/stats"] {
        let answer = http::get(server.admin(), path, &[]).await;
        assert!([403, 404].contains(&answer.status), "{path}: {}", answer.status);
    }
}

#[tokio::test]
async fn a_method_that_does_not_fit_is_told_which_does() {
    let server = Server::start(&[]).await;
    for path in ["/ws", "/", "/api/v1/stats", "/healthz", "/readyz"] {
        for method in ["POST", "PUT", "DELETE", "TRACE", "OPTIONS", "PATCH"] {
            let answer = http::request(server.http(), method, path, &[], "").await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert!(
                answer.is_problem(405).needs("allow").contains("GET"),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn connect_is_refused() {
    let server = Server::start(&[]).await;
    let request = "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n";
    let answer = http::exchange(server.http(), request.as_bytes()).await;
    answer.is_problem_of(&[400, 405]);
}

#[tokio::test]
async fn the_server_listens_on_ipv6_as_well() {
    let server = Server::start(&[("PASSERBY__HTTP__LISTEN", "[::1]:0")]).await;
    assert!(server.http().is_ipv6());
    assert_eq!(http::get(server.http(), "/readyz", &[]).await.status, 200);
    passerby_tests::pair(&server).await;
}

#[tokio::test]
async fn the_log_tells_where_the_server_listens() {
    let server = Server::start(&[]).await;
    for address in [server.http(), server.admin()] {
        succeeds(&format!("{address} is in the log"), PATIENCE, async || {
            let logs = server.logs();
            if logs.contains(&address.to_string()) {
                Ok(())
            } else {
                Err(logs)
            }
        })
        .await;
    }
}
