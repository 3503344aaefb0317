//! A block: two users never meet again, and the blocked one learns nothing.

use passerby_tests::{Client, Connect, Server, next_millisecond, pair};

/// No cooldown, so only a block keeps two apart.
async fn a_server() -> Server {
    Server::start(&[("PASSERBY__MATCHING__REMATCH_COOLDOWN", "0s")]).await
}

async fn block(ann: &mut Client, ben: &mut Client) {
    ann.send_of_chat("block");
    let chat = ann.chat();
    let (mut ended, mut blocked) = (false, false);
    while !(ended && blocked) {
        let event = ann.any().await;
        match event.kind() {
            "chat_ended" => {
                assert_eq!(event.text("reason"), "you_skipped");
                ended = true;
            }
            "blocked" => {
                assert_eq!(event.text("chat_id"), chat);
                blocked = true;
            }
            kind => assert_eq!(kind, "waiting", "{}", event.body),
        }
    }
    ben.ended("partner_skipped").await;
}

#[tokio::test]
async fn a_block_ends_the_chat_as_a_skip_would() {
    let server = a_server().await;
    let (mut ann, mut ben) = pair(&server).await;
    block(&mut ann, &mut ben).await;
    ben.expect("waiting").await;
    ann.flush().await;
    ben.quiet().await;
    let mut cyd = Client::connect(&server, "").await;
    cyd.meet().await;
}

#[tokio::test]
async fn a_block_after_the_chat_holds_too() {
    let server = a_server().await;
    let (mut ann, mut ben) = pair(&server).await;
    let chat = ann.chat();
    ben.send_of_chat("leave");
    ann.ended("partner_left").await;
    ann.expect("waiting").await;
    ann.send(serde_json::json!({"type": "block", "chat_id": chat}));
    assert_eq!(ann.expect("blocked").await.text("chat_id"), chat);
    ben.ended("you_left").await;
    ben.expect("idle").await;
    ben.send(serde_json::json!({"type": "join"}));
    ben.expect("waiting").await;
    ann.quiet().await;
    ben.quiet().await;
}

#[tokio::test]
async fn the_blocked_one_may_block_as_well_and_nothing_changes() {
    let server = a_server().await;
    let (mut ann, mut ben) = pair(&server).await;
    let chat = ann.chat();
    block(&mut ann, &mut ben).await;
    ben.expect("waiting").await;
    for _ in 0..2 {
        ben.send(serde_json::json!({"type": "block", "chat_id": chat}));
        ben.expect("blocked").await;
    }
    ben.quiet().await;
}

#[tokio::test]
async fn a_block_survives_a_resume() {
    let server = a_server().await;
    let (mut ann, mut ben) = pair(&server).await;
    block(&mut ann, &mut ben).await;
    ann.flush().await;
    let memory = ann.reset_connection().await;
    let mut ann = Client::resume(&server, &memory).await;
    assert_eq!(ann.welcome().text("state"), "waiting");
    ann.flush().await;
    ben.expect("waiting").await;
    ben.quiet().await;
}

#[tokio::test]
async fn a_block_binds_new_seats_of_two_origins() {
    let server = a_server().await;
    let ann_connects = || Connect::to(&server).from("127.0.0.2").open();
    let ben_connects = || Connect::to(&server).from("127.0.0.3").open();
    let mut ann = ann_connects().await;
    ann.expect("waiting").await;
    let mut ben = ben_connects().await;
    ben.meet().await;
    ann.meet().await;
    block(&mut ann, &mut ben).await;
    ann.close(1000).await;
    ben.close(1000).await;
    let mut ben = ben_connects().await;
    ben.expect("waiting").await;
    next_millisecond().await;
    let mut ann = ann_connects().await;
    ann.expect("waiting").await;
    ann.quiet().await;
    ben.quiet().await;
    let mut cyd = Connect::to(&server).from("127.0.0.4").open().await;
    cyd.meet().await;
    ben.meet().await;
    ann.quiet().await;
}

#[tokio::test]
async fn a_block_within_one_origin_binds_the_seats_alone() {
    let server = a_server().await;
    let (mut ann, mut ben) = pair(&server).await;
    block(&mut ann, &mut ben).await;
    ann.close(1000).await;
    ben.close(1000).await;
    pair(&server).await;
}

#[tokio::test]
async fn a_block_wears_off() {
    let server = Server::start(&[
        ("PASSERBY__MATCHING__REMATCH_COOLDOWN", "0s"),
        ("PASSERBY__MATCHING__BLOCK_TTL", "1s"),
    ])
    .await;
    let (mut ann, mut ben) = pair(&server).await;
    block(&mut ann, &mut ben).await;
    ann.flush().await;
    // Whoever joins after the block is over is met; nothing says that its end alone wakes a waiting pair.
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    ben.send(serde_json::json!({"type": "join"}));
    ben.meet().await;
    ann.meet().await;
}
