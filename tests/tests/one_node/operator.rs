//! The operator's API: who may use it, and what it answers to nonsense.

use passerby_tests::{Client, Server, http, pair};
use serde_json::json;

const TOKEN: (&str, &str) = ("PASSERBY__ADMIN__TOKEN", "a-token-for-the-suite");
const BEARER: (&str, &str) = ("Authorization", "Bearer a-token-for-the-suite");

const PATHS: [&str; 4] = [
    "/admin/v1/node",
    "/admin/v1/reports",
    "/admin/v1/bans",
    "/admin/v1/openapi.json",
];

#[tokio::test]
async fn without_a_token_configured_there_is_no_api() {
    let server = Server::start(&[]).await;
    for headers in [&[][..], &[BEARER], &[("Authorization", "Bearer ")]] {
        for path in PATHS {
            assert_eq!(
                http::get(server.admin(), path, headers).await.status,
                403,
                "{path}"
            );
        }
        let answer = http::request(server.admin(), "POST", "/admin/v1/drain", headers, "").await;
        assert_eq!(answer.status, 403);
    }
    assert_eq!(http::get(server.admin(), "/metrics", &[]).await.status, 200);
}

#[tokio::test]
async fn only_the_bearer_of_the_token_is_served() {
    let server = Server::start(&[TOKEN]).await;
    for headers in [
        &[][..],
        &[("Authorization", "Bearer wrong")],
        &[("Authorization", "Bearer a-token-for-the-suitf")],
        &[("Authorization", "Basic a-token-for-the-suite")],
        &[("Authorization", "a-token-for-the-suite")],
        &[("Cookie", "token=a-token-for-the-suite")],
    ] {
        let answer = http::get(server.admin(), "/admin/v1/node", headers).await;
        assert_eq!(answer.status, 401, "{headers:?}");
    }
    let by_query = http::get(server.admin(), "/admin/v1/node?token=a-token-for-the-suite", &[]).await;
    assert_eq!(by_query.status, 401);
    assert_eq!(
        http::get(server.admin(), "/admin/v1/node", &[BEARER])
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn who_guesses_tokens_is_slowed() {
    let server = Server::start(&[TOKEN]).await;
    let mut statuses = Vec::new();
    for number in 0..30 {
        let guess = format!("Bearer guess-{number}");
        statuses.push(
            http::get(server.admin(), "/admin/v1/node", &[("Authorization", &guess)])
                .await
                .status,
        );
    }
    assert!(
        statuses.iter().all(|status| [401, 429].contains(status)),
        "{statuses:?}"
    );
    assert!(statuses[..9].iter().all(|&status| status == 401), "{statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn the_node_describes_itself() {
    let server = Server::start(&[TOKEN, ("PASSERBY__NODE__ID", "the-node")]).await;
    let node = http::get(server.admin(), "/admin/v1/node", &[BEARER]).await;
    assert!(node.needs("content-type").starts_with("application/json"));
    assert!(
        node.json().is_object() && node.text().contains("the-node"),
        "{}",
        node.text()
    );
}

#[tokio::test]
async fn the_api_describes_itself_in_openapi() {
    let server = Server::start(&[TOKEN]).await;
    let document = http::get(server.admin(), "/admin/v1/openapi.json", &[BEARER])
        .await
        .json();
    assert!(
        document["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3.")),
        "{document}"
    );
    let paths = document["paths"]
        .as_object()
        .expect("paths")
        .keys()
        .cloned()
        .collect::<Vec<_>>()
        .join(" ");
    for path in [
        "/node",
        "/reports",
        "/bans",
        "/bans/{id}",
        "/kick/{user_id}",
        "/drain",
    ] {
        assert!(paths.contains(path), "{path} is not in {paths}");
    }
}

#[tokio::test]
async fn a_kick_closes_with_4005_and_frees_the_partner() {
    let server = Server::start(&[TOKEN]).await;
    let (mut ann, mut ben) = pair(&server).await;
    let memory = ann.memory();
    let path = format!("/admin/v1/kick/{}", ann.welcome().text("user_id"));
    let answer = http::request(server.admin(), "POST", &path, &[BEARER], "").await;
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    ann.error("kicked").await;
    ann.closed(4005).await;
    let ended = ben.expect("chat_ended").await;
    // The protocol names no reason for a kick; only those of an end nobody in the chat chose make sense.
    let reason = ended.text("reason");
    assert!(
        ["moderated", "partner_disconnected", "partner_left"].contains(&reason),
        "{reason}"
    );
    ben.expect("waiting").await;
    assert_eq!(
        http::request(server.admin(), "POST", &path, &[BEARER], "")
            .await
            .status,
        404
    );
    // Removed, but not banned.
    let back = passerby_tests::Connect::to(&server)
        .resuming(&memory)
        .query("join=manual")
        .open()
        .await;
    assert!(!back.welcome().flag("resumed"));
}

#[tokio::test]
async fn a_kick_of_nobody_is_404() {
    let server = Server::start(&[TOKEN]).await;
    let mut client = Client::idle(&server).await;
    for user in ["nobody", "AAAAAAAAAAAAAAAAAAAAAA"] {
        let path = format!("/admin/v1/kick/{user}");
        http::request(server.admin(), "POST", &path, &[BEARER], "")
            .await
            .is_problem(404);
    }
    client.is_served().await;
}

#[tokio::test]
async fn a_web_page_cannot_use_the_api() {
    let server = Server::start(&[TOKEN]).await;
    let ban = json!({"origin": "abc", "reason": "spam"}).to_string();
    for (method, path, body) in [
        ("POST", "/admin/v1/bans", ban.as_str()),
        ("POST", "/admin/v1/drain", ""),
    ] {
        let headers = [BEARER, ("Origin", "https://evil.example")];
        assert_eq!(
            http::request(server.admin(), method, path, &headers, body)
                .await
                .status,
            403,
            "{path}"
        );
    }
    assert_eq!(
        http::get(server.http(), "/readyz", &[]).await.status,
        200,
        "nothing was drained"
    );
}

#[tokio::test]
async fn nonsense_is_refused() {
    let server = Server::start(&[TOKEN]).await;
    let client = Client::idle(&server).await;
    let user = client.welcome().text("user_id");
    for body in [
        "not json".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        json!({"user_id": user}).to_string(),
        json!({"user_id": user, "reason": "rude"}).to_string(),
        json!({"user_id": user, "origin": "abc", "reason": "spam"}).to_string(),
        json!({"user_id": user, "reason": "spam", "seconds": -1}).to_string(),
        json!({"user_id": user, "reason": "spam", "seconds": "ten"}).to_string(),
        json!({"origin": "0.0.0.0/0", "reason": "spam"}).to_string(),
        json!({"reason": "spam"}).to_string(),
    ] {
        let answer = http::request(server.admin(), "POST", "/admin/v1/bans", &[BEARER], &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        answer.is_problem(400);
    }
    let broken = json!({"user_id": user, "reason": "spam\r\nX: y"}).to_string();
    assert_eq!(
        http::request(server.admin(), "POST", "/admin/v1/bans", &[BEARER], &broken)
            .await
            .status,
        400
    );
    let large = json!({"user_id": user, "reason": "spam", "pad": "x".repeat(65 * 1024)}).to_string();
    let answer = http::request(server.admin(), "POST", "/admin/v1/bans", &[BEARER], &large).await;
    answer.is_problem(413);
    assert!(client.is_open());
}

#[tokio::test]
async fn a_path_or_method_the_api_lacks_is_refused() {
    let server = Server::start(&[TOKEN]).await;
    assert_eq!(
        http::get(server.admin(), "/admin/v1/nothing", &[BEARER])
            .await
            .status,
        404
    );
    assert_eq!(
        http::get(server.admin(), "/admin/v1/drain", &[BEARER])
            .await
            .status,
        405
    );
    assert_eq!(
        http::request(server.admin(), "DELETE", "/admin/v1/bans", &[BEARER], "")
            .await
            .status,
        405
    );
}
