//! A node that does not reach Redis, and all nodes while there is none.

use passerby_tests::proxy::Mode;
use passerby_tests::{Client, Connect, Nodes, PATIENCE, pair, pair_across, succeeds, until};
use serde_json::json;

const HELD: (&str, &str) = ("PASSERBY__SESSION__RESUME_GRACE", "60s");

#[tokio::test]
async fn a_node_that_is_cut_off_says_so_and_recovers_by_itself() {
    let nodes = Nodes::start(2, &[]).await;
    nodes[0].store().set(Mode::Blackhole).await;
    nodes[0].until_ready(503).await;
    let refusal = Connect::to(nodes[0].server())
        .query("join=manual")
        .refused()
        .await;
    refusal.is_problem(503).says_when_to_retry();
    assert_eq!(nodes[1].readiness().await, 200, "the other is well");
    let cut = nodes[0].metrics().await.total("passerby_ready");
    let well = nodes[1].metrics().await.total("passerby_ready");
    assert_eq!((cut, well), (0.0, 1.0));
    nodes[0].store().set(Mode::Pass).await;
    nodes[0].until_ready(200).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    ann.say("a", "hello");
    ben.expect("message").await;
}

#[tokio::test]
async fn a_chat_of_one_node_does_not_notice() {
    let nodes = Nodes::start(1, &[HELD]).await;
    let (mut ann, mut ben) = pair(nodes[0].server()).await;
    nodes[0].store().set(Mode::Refuse).await;
    nodes[0].until_ready(503).await;
    for number in 0..5 {
        ann.say(&number.to_string(), "hello");
        ben.expect("message").await;
        ann.expect("ack").await;
    }
    // Also coming back to the same node works, and ending the chat.
    let memory = ann.reset_connection().await;
    ben.expect("partner_away").await;
    let mut ann = Client::resume(nodes[0].server(), &memory).await;
    assert!(ann.welcome().flag("resumed") && !ann.welcome().flag("gap"));
    ben.expect("partner_back").await;
    ann.send_of_chat("skip");
    ann.ended("you_skipped").await;
    ben.ended("partner_skipped").await;
    for client in [&mut ann, &mut ben] {
        while !client.expect("waiting").await.has("paused") {}
    }
    ann.send(json!({"type": "leave"}));
    ann.after_waiting("idle").await;
    nodes[0].store().set(Mode::Pass).await;
    let mut cyd = succeeds("the node takes newcomers", PATIENCE, async || {
        Connect::to(nodes[0].server()).attempt().await
    })
    .await;
    cyd.meet().await;
    ben.meet().await;
}

#[tokio::test]
async fn what_cannot_reach_the_other_node_is_refused_aloud() {
    let nodes = Nodes::start(2, &[HELD]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    nodes[0].store().set(Mode::Refuse).await;
    nodes[0].until_ready(503).await;
    ann.say("a", "into the void");
    let answer = ann.answer().await;
    assert_eq!(
        (answer.kind(), answer.body["ref"].as_str()),
        ("error", Some("a")),
        "{}",
        answer.body
    );
    assert!(
        ["partner_unreachable", "unconfirmed"].contains(&answer.text("code")),
        "{}",
        answer.body
    );
    nodes[0].store().set(Mode::Pass).await;
    nodes[0].until_ready(200).await;
    // Short enough a cut that neither side has given the other up.
    until("a message gets through", PATIENCE, async || {
        ann.say("b", "again");
        ann.answer().await.kind() == "ack"
    })
    .await;
    while ben.any().await["text"] != "again" {}
}

#[tokio::test]
async fn a_report_without_the_store_is_refused_and_works_later() {
    let nodes = Nodes::start(1, &[]).await;
    let (mut ann, _ben) = pair(nodes[0].server()).await;
    let chat = ann.chat();
    let report = json!({"type": "report", "chat_id": chat, "reason": "spam"});
    nodes[0].store().set(Mode::Refuse).await;
    nodes[0].until_ready(503).await;
    ann.refused(report.clone(), "store_unavailable").await;
    nodes[0].store().set(Mode::Pass).await;
    nodes[0].until_ready(200).await;
    ann.send(report);
    ann.expect("reported").await;
}

#[tokio::test]
async fn waiting_users_are_told_when_pairing_pauses_and_are_paired_when_it_works() {
    let mut nodes = Nodes::start(2, &[]).await;
    let mut ann = Client::waiting(nodes[0].server(), "interests=tea").await;
    let mut ben = Client::waiting(nodes[1].server(), "interests=rust").await;
    nodes.redis().process().kill();
    for client in [&mut ann, &mut ben] {
        assert!(client.expect("waiting").await.flag("paused"));
    }
    ann.send(json!({"type": "join", "interests": ["rust"]}));
    nodes.redis().again_empty().await;
    ann.meet().await;
    ben.meet().await;
    assert_eq!(ann.chat(), ben.chat());
}

#[tokio::test]
async fn an_emptied_redis_is_filled_again_and_no_chat_ends() {
    let mut nodes = Nodes::start(2, &[]).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    let mut waiting = Client::waiting(nodes[0].server(), "mode=video").await;
    nodes.redis().cli().ask(&["FLUSHALL"]).await;
    nodes.redis().cli().ask(&["SCRIPT", "FLUSH"]).await;
    // Until the nodes have noticed, pairing may be paused and new seats refused.
    let mut late = succeeds("a newcomer gets a seat", PATIENCE, async || {
        Connect::to(nodes[1].server()).query("mode=video").attempt().await
    })
    .await;
    late.meet().await;
    waiting.meet().await;
    let all = nodes.count(|| (4, 0, 4), PATIENCE).await;
    assert!(all.is_ok(), "{all:?}");
    loop {
        ann.say("a", "still here");
        if ann.answer().await.kind() == "ack" {
            break;
        }
    }
    assert_eq!(ben.expect("message").await.text("text"), "still here");
}

#[tokio::test]
async fn a_start_without_redis_waits_for_it_or_says_why_not() {
    let mut nodes = Nodes::start(1, &[]).await;
    nodes.redis().process().kill();
    nodes[0].kill().await;
    let started = nodes[0].try_again().await;
    match started {
        Ok(()) => {
            assert_eq!(nodes[0].readiness().await, 503);
            nodes.redis().again().await;
            nodes[0].until_ready(200).await;
        }
        Err(why) => assert!(why.contains("redis") || why.contains("store"), "{why}"),
    }
}
