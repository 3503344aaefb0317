//! A node that dies without a word.

use std::time::{Duration, Instant};

use passerby_tests::{Client, Connect, Nodes, PATIENCE, pair_across, succeeds};

/// What a node that goes on does about what waited for it, it does within this time.
const LATE: Duration = Duration::from_secs(2);
const HELD: (&str, &str) = ("PASSERBY__SESSION__RESUME_GRACE", "60s");

#[tokio::test]
async fn the_partner_of_a_dead_node_is_told_and_the_chat_goes_on_elsewhere() {
    let mut nodes = Nodes::start(3, &[HELD]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    ann.say("before", "hello");
    assert_eq!(ben.expect("message").await.text("text"), "hello");
    ann.expect("ack").await;
    let (chat, memory) = (ann.chat(), ann.memory());
    nodes[0].kill().await;
    ben.expect("partner_away").await;
    let mut ann = Client::resume(nodes[2].server(), &memory).await;
    let welcome = ann.welcome();
    assert_eq!(
        (
            welcome.flag("resumed"),
            welcome.text("state"),
            welcome.text("chat_id")
        ),
        (true, "chatting", chat.as_str()),
        "{}",
        welcome.body
    );
    ben.expect("partner_back").await;
    ann.say("a", "here again");
    assert_eq!(ben.expect("message").await.text("text"), "here again");
    ann.expect("ack").await;
    ben.say("b", "welcome");
    assert_eq!(ann.expect("message").await.text("text"), "welcome");
    ben.expect("ack").await;
}

/// What they had sent to that node before they gave it up is there still when it goes on.
#[tokio::test]
async fn whom_a_stopped_node_kept_waiting_stays_where_they_went() {
    let nodes = Nodes::start(2, &[HELD, ("PASSERBY__LIMITS__MESSAGES_PER_SECOND", "0")]).await;
    let (ann, mut ben) = pair_across(&nodes).await;
    let memory = ann.drop_connection();
    nodes[0].freeze();
    for _ in 0..3 {
        let attempt = Connect::at(nodes[0].door()).resuming(&memory);
        assert!(attempt.try_open(Duration::from_millis(200)).await.is_err());
    }
    let mut ann = succeeds("another node takes the seat", PATIENCE, async || {
        let attempt = Connect::at(nodes[1].door()).resuming(&memory);
        attempt.try_open(PATIENCE).await
    })
    .await;
    nodes[0].thaw();
    nodes[0].until_ready(200).await;
    // No word was said on the new connection before, so that the token is good everywhere.
    let thawed = Instant::now();
    for number in 0.. {
        if thawed.elapsed() > LATE {
            break;
        }
        let text = format!("still here {number}");
        ann.say(&number.to_string(), &text);
        let answer = ann.answer().await;
        assert_eq!(answer.kind(), "ack", "{number}: {}", answer.body);
        while ben.any().await["text"] != text {}
    }
}

/// A node that stands still for a moment, and no longer than it may, finds what clients have given up.
#[tokio::test]
async fn a_connection_that_was_given_up_takes_no_seat() {
    let nodes = Nodes::start(2, &[HELD]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    let memory = ann.memory();
    nodes[1].freeze();
    for _ in 0..3 {
        let attempt = Connect::at(nodes[1].door()).resuming(&memory);
        assert!(attempt.try_open(Duration::from_millis(100)).await.is_err());
    }
    nodes[1].thaw();
    ann.say("a", "still here");
    assert_eq!(ben.expect("message").await.text("text"), "still here");
    ann.expect("ack").await;
    ann.quiet().await;
}

/// Their user has gone elsewhere meanwhile, and left a word behind that nobody had read.
#[tokio::test]
async fn a_node_that_stood_still_hangs_up_and_obeys_nothing_that_was_said_before() {
    let nodes = Nodes::start(2, &[HELD]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    let memory = ann.memory();
    nodes[0].freeze();
    let frozen = Instant::now();
    ann.say("a", "left behind");
    ben.expect("partner_away").await;
    let mut there = succeeds("another node takes the seat", PATIENCE, async || {
        let attempt = Connect::at(nodes[1].door()).resuming(&memory);
        attempt.try_open(PATIENCE).await
    })
    .await;
    ben.expect("partner_back").await;
    // For longer than a node may stand still.
    tokio::time::sleep_until((frozen + Duration::from_millis(4_500)).into()).await;
    nodes[0].thaw();
    ann.closed(1012).await;
    nodes[0].until_ready(200).await;
    there.say("b", "from here");
    assert_eq!(ben.expect("message").await.text("text"), "from here");
    there.expect("ack").await;
    ben.quiet().await;
}

#[tokio::test]
async fn what_was_lost_with_the_node_is_owned_up_to() {
    let mut nodes = Nodes::start(2, &[HELD]).await;
    let (ann, mut ben) = pair_across(&nodes).await;
    // The seat is held by its node, the message with it.
    let memory = ann.reset_connection().await;
    ben.expect("partner_away").await;
    ben.say("a", "lost with the node");
    ben.expect("ack").await;
    nodes[0].kill().await;
    let ann = Client::resume(nodes[1].server(), &memory).await;
    let welcome = ann.welcome();
    assert!(welcome.flag("resumed") && welcome.flag("gap"), "{}", welcome.body);
    assert_eq!(welcome.text("chat_id"), ben.chat());
}

#[tokio::test]
async fn a_seat_that_nobody_claims_ends_and_the_partner_waits() {
    let mut nodes = Nodes::start(2, &[("PASSERBY__SESSION__RESUME_GRACE", "2s")]).await;
    let (_ann, mut ben) = pair_across(&nodes).await;
    nodes[0].kill().await;
    ben.expect("partner_away").await;
    ben.ended("partner_disconnected").await;
    ben.expect("waiting").await;
    let mut cyd = Client::connect(nodes[1].server(), "").await;
    cyd.meet().await;
    ben.meet().await;
}

#[tokio::test]
async fn who_waited_on_a_dead_node_is_met_by_nobody() {
    let mut nodes = Nodes::start(2, &[HELD]).await;
    let ann = Client::connect(nodes[0].server(), "").await;
    let mut ann_too = Client::connect(nodes[0].server(), "mode=video").await;
    ann_too.expect("waiting").await;
    let memory = ann_too.memory();
    nodes[0].kill().await;
    drop(ann);
    let mut ben = Client::connect(nodes[1].server(), "").await;
    ben.expect("waiting").await;
    let mut cyd = Client::connect(nodes[1].server(), "").await;
    cyd.meet().await;
    ben.meet().await;
    // Who comes back waits again, in the old place.
    let mut ann_too = Client::resume(nodes[1].server(), &memory).await;
    assert_eq!(ann_too.welcome().text("state"), "waiting");
    let mut dan = Client::connect(nodes[1].server(), "mode=video").await;
    dan.meet().await;
    ann_too.meet().await;
}

#[tokio::test]
async fn a_node_of_the_same_name_starts_again_as_another() {
    let mut nodes = Nodes::start(2, &[HELD]).await;
    let (ann, mut ben) = pair_across(&nodes).await;
    let memory = ann.memory();
    nodes[0].kill().await;
    nodes[0].again().await;
    nodes[0].until_ready(200).await;
    let mut ann = Client::resume(nodes[0].server(), &memory).await;
    assert!(ann.welcome().flag("resumed"), "{}", ann.welcome().body);
    ann.say("a", "here again");
    while ben.any().await["text"] != "here again" {}
    ann.expect("ack").await;
}

#[tokio::test]
async fn nothing_is_left_of_a_dead_node() {
    let mut nodes = Nodes::start(2, &[("PASSERBY__SESSION__RESUME_GRACE", "1s")]).await;
    let (_ann, mut ben) = pair_across(&nodes).await;
    let _waiting = Client::connect(nodes[0].server(), "mode=video").await;
    nodes[0].kill().await;
    ben.expect("partner_away").await;
    ben.ended("partner_disconnected").await;
    ben.expect("waiting").await;
    let all = nodes.count(|| (1, 1, 0), passerby_tests::PATIENCE).await;
    assert!(all.is_ok(), "{all:?}");
    let mut cyd = Client::connect(nodes[1].server(), "mode=video").await;
    cyd.expect("waiting").await;
    cyd.quiet().await;
}
