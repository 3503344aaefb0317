//! Blocks, reports, kicks and bans reach across nodes.

use passerby_tests::nodes::Node;
use passerby_tests::{Client, Connect, Nodes, pair_across};
use serde_json::{Value, json};

const BAD: &str = "127.0.0.66";
const NO_COOLDOWN: (&str, &str) = ("PASSERBY__MATCHING__REMATCH_COOLDOWN", "0s");

async fn ban(node: &Node, body: &Value) -> Value {
    let answer = node.order("POST", "/admin/v1/bans", &body.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

async fn is_turned_away(connect: Connect<'_>) {
    let mut client = connect
        .attempt_unwelcomed()
        .await
        .expect("a ban is told after the upgrade");
    client.error("banned").await;
    client.closed(4003).await;
}

#[tokio::test]
async fn a_block_keeps_two_apart_on_all_nodes() {
    let nodes = Nodes::start(3, &[NO_COOLDOWN]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    ann.send_of_chat("block");
    ben.ended("partner_skipped").await;
    ben.expect("waiting").await;
    while ann.any().await.kind() != "waiting" {}
    ann.flush().await;
    ben.quiet().await;
    // Also after one of them has moved.
    let memory = ben.reset_connection().await;
    let mut ben = Client::resume(nodes[2].server(), &memory).await;
    ben.quiet().await;
    let mut cyd = Client::connect(nodes[1].server(), "").await;
    cyd.meet().await;
}

#[tokio::test]
async fn a_report_is_read_on_every_node_and_blocks() {
    let nodes = Nodes::start(2, &[NO_COOLDOWN]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    let chat = ann.chat();
    ann.send(json!({"type": "report", "chat_id": chat, "reason": "harassment", "detail": "rude"}));
    assert_eq!(ann.expect("reported").await.text("chat_id"), chat);
    let reported = ben.welcome().text("user_id").to_owned();
    let reporter = ann.welcome().text("user_id").to_owned();
    for node in nodes.all() {
        let answer = node.order("GET", "/admin/v1/reports", "").await;
        let reports = answer.json()["reports"].clone();
        assert_eq!(reports.as_array().map(Vec::len), Some(1), "{reports}");
        let report = &reports[0];
        assert_eq!(
            (&report["reported"], &report["reporter"], &report["detail"]),
            (&json!(reported), &json!(reporter), &json!("rude"))
        );
    }
    ben.quiet().await;
    ben.send_of_chat("skip");
    for client in [&mut ann, &mut ben] {
        client.expect("chat_ended").await;
        client.expect("waiting").await;
        client.quiet().await;
    }
}

#[tokio::test]
async fn a_kick_by_any_node_removes_the_user() {
    let nodes = Nodes::start(3, &[]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    let path = format!("/admin/v1/kick/{}", ann.welcome().text("user_id"));
    assert_eq!(nodes[2].order("POST", &path, "").await.status, 204);
    ann.error("kicked").await;
    ann.closed(4005).await;
    ben.expect("chat_ended").await;
    ben.expect("waiting").await;
    assert_eq!(
        nodes[2].order("POST", &path, "").await.status,
        404,
        "nobody of that id"
    );
}

#[tokio::test]
async fn a_ban_by_any_node_meets_live_connections_on_all() {
    let nodes = Nodes::start(3, &[]).await;
    let mut ann = Client::waiting(nodes[0].server(), "").await;
    let mut bad = Connect::to(nodes[1].server()).from(BAD).open().await;
    bad.meet().await;
    ann.meet().await;
    let mut other = Connect::to(nodes[0].server())
        .from(BAD)
        .query("join=manual")
        .open()
        .await;
    let user = bad.welcome().text("user_id").to_owned();
    let made = ban(
        &nodes[2],
        &json!({"user_id": user, "reason": "spam", "seconds": 600}),
    )
    .await;
    ann.ended("moderated").await;
    ann.expect("waiting").await;
    for client in [&mut bad, &mut other] {
        let error = client.error("banned").await;
        assert_eq!(error["ban_id"], made["id"]);
        client.closed(4003).await;
    }
    for node in nodes.all() {
        is_turned_away(Connect::to(node.server()).from(BAD)).await;
        let listed = node.order("GET", "/admin/v1/bans", "").await.text();
        assert!(listed.contains(made["id"].as_str().expect("an id")), "{listed}");
    }
    Client::idle(nodes[1].server()).await.is_served().await;
}

#[tokio::test]
async fn a_ban_is_about_where_somebody_is_now_who_changed_nodes() {
    let nodes = Nodes::start(2, &[]).await;
    let bad = Connect::to(nodes[0].server()).from(BAD).query("join=manual");
    let bad = bad.open().await;
    let user = bad.welcome().text("user_id").to_owned();
    let memory = bad.reset_connection().await;
    let moved = |node: usize| Connect::to(nodes[node].server()).from("127.0.0.67");
    let mut bad = moved(1).resuming(&memory).open().await;
    ban(&nodes[1], &json!({"user_id": user, "reason": "spam"})).await;
    bad.error("banned").await;
    bad.closed(4003).await;
    for node in [0, 1] {
        is_turned_away(moved(node)).await;
        // Where they came from there may be others by now.
        let other = Connect::to(nodes[node].server()).from(BAD).query("join=manual");
        other.open().await.is_served().await;
    }
}

#[tokio::test]
async fn a_ban_lifted_on_one_node_is_lifted_on_all() {
    let nodes = Nodes::start(2, &[]).await;
    let connect = |node: usize| Connect::to(nodes[node].server()).from(BAD).query("join=manual");
    let bad = connect(0).open().await;
    let user = bad.welcome().text("user_id").to_owned();
    let made = ban(&nodes[0], &json!({"user_id": user, "reason": "other"})).await;
    is_turned_away(connect(1)).await;
    let path = format!("/admin/v1/bans/{}", made["id"].as_str().expect("an id"));
    assert_eq!(nodes[1].order("DELETE", &path, "").await.status, 204);
    for node in 0..2 {
        connect(node).open().await.is_served().await;
    }
}

#[tokio::test]
async fn a_block_holds_for_new_seats_of_the_same_two_origins() {
    let nodes = Nodes::start(2, &[NO_COOLDOWN]).await;
    let connect = |node: usize, from: &'static str| Connect::to(nodes[node].server()).from(from).open();
    let mut ann = connect(0, "127.0.0.2").await;
    ann.expect("waiting").await;
    let mut ben = connect(1, "127.0.0.3").await;
    ben.meet().await;
    ann.meet().await;
    ann.send_of_chat("block");
    ben.ended("partner_skipped").await;
    while ann.any().await.kind() != "blocked" {}
    ann.close(1000).await;
    ben.close(1000).await;
    let mut ann = connect(1, "127.0.0.2").await;
    ann.expect("waiting").await;
    let mut ben = connect(0, "127.0.0.3").await;
    ben.expect("waiting").await;
    ben.quiet().await;
    ann.quiet().await;
}
