//! Who may ask.

use crate::testing::{Node, Reply, Sent, node};
use passerby_domain::time::Millis;

const OPERATORS_PATHS: [(&str, &str); 9] = [
    ("GET", "/admin/v1/node"),
    ("GET", "/admin/v1/openapi.json"),
    ("GET", "/admin/v1/reports"),
    ("GET", "/admin/v1/bans"),
    ("POST", "/admin/v1/bans"),
    ("DELETE", "/admin/v1/bans/1"),
    ("POST", "/admin/v1/kick/AAAAAAAAAAAAAAAAAAAAAA"),
    ("POST", "/admin/v1/drain"),
    ("GET", "/admin/v1/nothing"),
];

async fn guess(node: &Node) -> Reply {
    let sent = Sent::anonymous("GET", "/admin/v1/node");
    sent.header("Authorization", "Bearer a wrong one").to(node).await
}

#[tokio::test]
async fn without_a_token_nothing_of_the_operators_is_to_be_had() {
    let node = node().start().await;
    for (method, path) in OPERATORS_PATHS {
        let reply = Sent::anonymous(method, path).to(&node).await;
        reply.assert_problem(401);
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    }
    assert!(!node.drain.is_cancelled());
}

#[tokio::test]
async fn a_token_in_the_query_is_none() {
    let node = node().start().await;
    for query in ["token=open+sesame", "access_token=open%20sesame"] {
        let reply = Sent::anonymous("GET", &format!("/admin/v1/node?{query}"))
            .to(&node)
            .await;
        reply.assert_problem(401);
    }
}

#[tokio::test]
async fn where_no_token_is_configured_the_api_is_off_and_the_rest_is_not() {
    let node = node().without_token().start().await;
    for (method, path) in OPERATORS_PATHS {
        Sent::new(method, path).to(&node).await.assert_problem(403);
        Sent::anonymous(method, path).to(&node).await.assert_problem(403);
    }
    for path in ["/metrics", "/healthz", "/readyz"] {
        assert_eq!(Sent::anonymous("GET", path).to(&node).await.status, 200);
    }
}

#[tokio::test]
async fn one_who_guesses_is_slowed_and_does_not_lock_the_operator_out() {
    let node = node().start().await;
    for _ in 0..10 {
        guess(&node).await.assert_problem(401);
    }
    for _ in 0..3 {
        let reply = guess(&node).await;
        reply.assert_problem(429);
        assert_eq!(reply.header("retry-after"), Some("60"));
    }
    assert_eq!(Sent::new("GET", "/admin/v1/node").to(&node).await.status, 200);
    node.clock.advance(Millis::from_secs(60));
    guess(&node).await.assert_problem(401);
}

#[tokio::test]
async fn a_web_page_changes_nothing_even_with_the_token() {
    let node = node().start().await;
    let visitor = node.visitor(1).await;
    let kick = format!("/admin/v1/kick/{}", visitor.id());
    for (method, path) in [
        ("POST", "/admin/v1/drain"),
        ("POST", kick.as_str()),
        ("POST", "/admin/v1/bans"),
        ("DELETE", "/admin/v1/bans/1"),
    ] {
        for sent in [Sent::new(method, path), Sent::anonymous(method, path)] {
            let reply = sent.header("Origin", "http://localhost:9090").to(&node).await;
            reply.assert_problem(403);
        }
    }
    assert!(!node.drain.is_cancelled());
    assert_eq!(visitor.farewell(), None);
}
