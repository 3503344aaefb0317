//! A node that goes away in good order: its users go on elsewhere and have lost nothing.

use std::time::Duration;

use passerby_tests::{Client, Connect, Nodes, PATIENCE, pair_across};

const QUICK: [(&str, &str); 2] = [
    ("PASSERBY__SESSION__DRAIN_SPREAD", "500ms"),
    ("PASSERBY__SESSION__RESUME_GRACE", "60s"),
];
/// Longer than `session.drain_timeout`.
const DRAIN: Duration = Duration::from_secs(40);

/// Reads on to the close that ends a drain, and tells what is needed to come back.
async fn is_sent_away(client: &mut Client) {
    client.expect("draining").await;
    client.closed(1012).await;
}

#[tokio::test]
async fn a_chat_goes_on_after_a_drain_and_nothing_is_lost() {
    let mut nodes = Nodes::start(2, &QUICK).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    let chat = ann.chat();
    ben.say("a", "before");
    ann.expect("message").await;
    nodes[0].terminate();
    is_sent_away(&mut ann).await;
    ben.expect("ack").await;
    ben.say("b", "meanwhile");
    assert_eq!(ben.expect("ack").await.text("id"), "b");
    let mut ann = Client::resume(nodes[1].server(), &ann.memory()).await;
    let welcome = ann.welcome();
    assert_eq!(
        (
            welcome.flag("resumed"),
            welcome.flag("gap"),
            welcome.text("chat_id")
        ),
        (true, false, chat.as_str()),
        "{}",
        welcome.body
    );
    assert_eq!(ann.expect("message").await.text("text"), "meanwhile");
    ann.say("c", "here again");
    while ben.any().await["text"] != "here again" {}
    // Nobody is left, so the process need not wait for any grace.
    assert_eq!(nodes[0].ends(DRAIN).await.code(), Some(0));
    ann.say("d", "and after its end");
    assert_eq!(ben.expect("message").await.text("text"), "and after its end");
}

#[tokio::test]
async fn both_partners_of_a_drained_node_meet_again_on_different_ones() {
    let mut nodes = Nodes::start(3, &QUICK).await;
    let mut ann = Client::waiting(nodes[0].server(), "").await;
    let mut ben = Client::connect(nodes[0].server(), "").await;
    ben.meet().await;
    ann.meet().await;
    nodes[0].terminate();
    ann.expect("draining").await;
    ben.expect("draining").await;
    assert_eq!(ann.ending().await, Some(1012));
    assert_eq!(ben.ending().await, Some(1012));
    let mut ann = Client::resume(nodes[1].server(), &ann.memory()).await;
    let mut ben = Client::resume(nodes[2].server(), &ben.memory()).await;
    assert!(!ann.welcome().flag("gap") && !ben.welcome().flag("gap"));
    assert_eq!(nodes[0].ends(DRAIN).await.code(), Some(0));
    ann.say("a", "hello");
    while ben.any().await["text"] != "hello" {}
    ben.say("b", "hello");
    while ann.any().await["text"] != "hello" {}
}

#[tokio::test]
async fn a_waiting_user_keeps_the_place_over_a_drain() {
    let mut nodes = Nodes::start(2, &QUICK).await;
    let mut ann = Client::connect(nodes[0].server(), "").await;
    let since = ann.expect("waiting").await.number("since");
    nodes[0].terminate();
    is_sent_away(&mut ann).await;
    let mut ann = Client::resume(nodes[1].server(), &ann.memory()).await;
    assert_eq!(
        (
            ann.welcome().text("state"),
            ann.welcome().number("since"),
            ann.welcome().flag("gap")
        ),
        ("waiting", since, false)
    );
    assert_eq!(nodes[0].ends(DRAIN).await.code(), Some(0));
    let mut ben = Client::connect(nodes[1].server(), "").await;
    ben.meet().await;
    ann.meet().await;
}

#[tokio::test]
async fn who_resumes_after_the_process_has_ended_has_lost_nothing() {
    let mut nodes = Nodes::start(
        2,
        &[QUICK[0], QUICK[1], ("PASSERBY__SESSION__DRAIN_TIMEOUT", "2s")],
    )
    .await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    nodes[0].terminate();
    is_sent_away(&mut ann).await;
    ben.say("a", "kept");
    ben.expect("ack").await;
    assert_eq!(nodes[0].ends(DRAIN).await.code(), Some(0));
    let mut ann = Client::resume(nodes[1].server(), &ann.memory()).await;
    let welcome = ann.welcome();
    assert!(
        welcome.flag("resumed") && !welcome.flag("gap"),
        "{}",
        welcome.body
    );
    assert_eq!(ann.expect("message").await.text("text"), "kept");
    ben.expect("partner_away").await;
    ben.expect("partner_back").await;
}

/// Nobody else could take anybody back meanwhile, so that the process does not wait for them.
#[tokio::test]
async fn chats_go_on_though_all_nodes_are_drained_at_once() {
    for count in [1, 2] {
        // With the usual grace, which is shorter than a drain may take.
        let mut nodes = Nodes::start(count, &QUICK[..1]).await;
        let last = count - 1;
        let mut ann = Client::waiting(nodes[0].server(), "").await;
        let mut ben = Client::connect(nodes[last].server(), "").await;
        ben.meet().await;
        ann.meet().await;
        ann.say("a", "before");
        ann.expect("ack").await;
        for node in nodes.all() {
            node.terminate();
        }
        for client in [&mut ann, &mut ben] {
            client.expect("draining").await;
            assert_eq!(client.ending().await, Some(1012));
        }
        for node in nodes.all_mut() {
            assert_eq!(node.ends(DRAIN).await.code(), Some(0));
        }
        for node in nodes.all_mut() {
            node.again().await;
            node.until_ready(200).await;
        }
        let mut ann = Client::resume(nodes[last].server(), &ann.memory()).await;
        let mut ben = Client::resume(nodes[0].server(), &ben.memory()).await;
        for client in [&ann, &ben] {
            let welcome = client.welcome();
            assert!(
                welcome.flag("resumed") && !welcome.flag("gap"),
                "{}",
                welcome.body
            );
            assert_eq!(welcome.text("chat_id"), ann.chat());
        }
        // Who was back first may still be told that the other one cannot be reached, until they hear that they are back.
        while ann.any().await.kind() != "partner_back" {}
        ann.say("b", "hello");
        ann.expect("ack").await;
        while ben.any().await["text"] != "hello" {}
        ben.say("c", "hello");
        while ann.any().await["text"] != "hello" {}
    }
}

#[tokio::test]
async fn a_drained_node_that_starts_again_serves_as_before() {
    let mut nodes = Nodes::start(2, &QUICK).await;
    let idle = Client::idle(nodes[0].server()).await;
    idle.close(1000).await;
    nodes[0].terminate();
    assert_eq!(nodes[0].ends(PATIENCE).await.code(), Some(0));
    nodes[0].again().await;
    nodes[0].until_ready(200).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    ann.say("a", "hello");
    ben.expect("message").await;
}

#[tokio::test]
async fn a_draining_node_takes_nobody_and_the_others_do() {
    let nodes = Nodes::start(2, &QUICK).await;
    let _held = Client::idle(nodes[0].server()).await;
    nodes[0].terminate();
    nodes[0].until_ready(503).await;
    let refusal = Connect::to(nodes[0].server())
        .query("join=manual")
        .refused()
        .await;
    refusal.is_problem(503).says_when_to_retry();
    Client::idle(nodes[1].server()).await.is_served().await;
}
