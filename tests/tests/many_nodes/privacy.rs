//! What passes Redis and stays there tells a thief nothing.

use std::process::{Command, Stdio};

use passerby_tests::{Client, Connect, Nodes, PATIENCE, pair_across, pair_across_with, until};
use serde_json::json;

/// Words that are nowhere but in what users said and asked for.
const TEXT: &str = "canary-in-a-text";
const INTEREST: &str = "canary-in-an-interest";
const DETAIL: &str = "canary-in-a-signal";
const ADDRESS: &str = "127.77.66.55";

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

#[tokio::test]
async fn nothing_that_users_say_or_are_can_be_read_in_redis() {
    let mut nodes = Nodes::start(2, &[("PASSERBY__SESSION__RESUME_GRACE", "60s")]).await;
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("monitor");
    let port = nodes.redis().address().port().to_string();
    let mut monitor = Command::new("redis-cli")
        .args(["-p", &port, "MONITOR"])
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&path).expect("a file can be made"))
        .spawn()
        .expect("redis-cli is there");
    until("the monitor listens", PATIENCE, async || {
        std::fs::read(&path).is_ok_and(|bytes| bytes.starts_with(b"OK"))
    })
    .await;
    let query = format!("mode=video&interests={INTEREST}");
    let (mut ann, mut ben) = pair_across_with(&nodes, &query).await;
    let _stranger = Connect::to(nodes[0].server())
        .from(ADDRESS)
        .query(&query)
        .open()
        .await;
    let chat = ann.chat();
    ann.say("a", TEXT);
    ben.expect("message").await;
    ann.send(json!({"type": "signal", "chat_id": chat, "data": DETAIL}));
    ben.expect("signal").await;
    let (token, user) = (ann.memory().token, ann.welcome().text("user_id").to_owned());
    let memory = ann.reset_connection().await;
    ben.expect("partner_away").await;
    ben.say("b", TEXT);
    ben.expect("ack").await;
    // Moves with its ring.
    let mut ann = Client::resume(nodes[1].server(), &memory).await;
    assert_eq!(ann.expect("message").await.text("text"), TEXT);
    let disk = nodes.redis().disk().await;
    let _ = monitor.kill();
    let _ = monitor.wait();
    let seen = std::fs::read(&path).expect("readable");
    assert!(holds(&seen, "passerby"), "the monitor saw nothing");
    for word in [
        TEXT,
        INTEREST,
        DETAIL,
        ADDRESS,
        "127.0.0.1:0",
        &token,
        "a-secret-that-the-nodes",
    ] {
        assert!(!holds(&disk, word), "`{word}` is on the disk of Redis");
        assert!(!holds(&seen, word), "`{word}` was sent to Redis");
    }
    assert!(!user.is_empty());
}

/// Somebody who may write to Redis, and has no secret.
#[tokio::test]
async fn what_is_forged_does_nothing_and_is_counted() {
    let mut nodes = Nodes::start(2, &[]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    let inboxes = nodes.redis().cli().ask(&["KEYS", "*:inbox:*"]).await;
    let long = "x".repeat(70_000);
    for inbox in inboxes.lines() {
        for forged in ["", "hello", &long] {
            nodes.redis().cli().ask(&["XADD", inbox, "*", "b", forged]).await;
        }
    }
    until("all six are counted", PATIENCE, async || {
        nodes.total("passerby_batches_dropped_total").await >= 6.0
    })
    .await;
    ann.say("a", "still here");
    assert_eq!(ben.expect("message").await.text("text"), "still here");
    ann.expect("ack").await;
    let told = nodes[0].server().logs();
    assert!(told.contains("letters came that this node cannot open"), "{told}");
}
