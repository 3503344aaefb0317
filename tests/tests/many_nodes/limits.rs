//! Limits of an origin are the cluster's; what a user has used up moves along with them.

use passerby_tests::{Client, Connect, Nodes, PATIENCE, pair_across, succeeds};

#[tokio::test]
async fn connections_of_an_origin_are_counted_over_all_nodes() {
    let nodes = Nodes::start(2, &[("PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN", "4")]).await;
    let mut kept = Vec::new();
    for number in 0..4 {
        kept.push(Client::idle(nodes[number % 2].server()).await);
    }
    for node in nodes.all() {
        Connect::to(node.server())
            .query("join=manual")
            .refused()
            .await
            .is_problem(429)
            .says_when_to_retry();
        Connect::to(node.server())
            .query("join=manual")
            .from("127.0.0.2")
            .open()
            .await;
    }
    kept.pop().expect("four were made").close(1000).await;
    succeeds("it is counted no more", PATIENCE, async || {
        Connect::to(nodes[0].server())
            .query("join=manual")
            .attempt()
            .await
    })
    .await;
}

#[tokio::test]
async fn attempts_of_an_origin_are_counted_over_all_nodes() {
    let nodes = Nodes::start(2, &[("PASSERBY__LIMITS__CONNECTS_PER_ORIGIN_PER_MINUTE", "10")]).await;
    let mut refused = 0;
    for attempt in 1..=16 {
        let connect = Connect::to(nodes[attempt % 2].server()).query("join=manual");
        match connect.attempt().await {
            Ok(client) => client.close(1000).await,
            Err(answer) => {
                assert!(attempt > 10, "attempt {attempt} was refused");
                answer.is_problem(429);
                refused += 1;
            }
        }
    }
    assert!(refused >= 1, "16 attempts at once were let in");
}

#[tokio::test]
async fn a_resume_on_another_node_counts_in_no_limit() {
    let nodes = Nodes::start(
        2,
        &[
            ("PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN", "1"),
            ("PASSERBY__LIMITS__CONNECTS_PER_ORIGIN_PER_MINUTE", "2"),
        ],
    )
    .await;
    let mut client = Client::idle(nodes[0].server()).await;
    for round in 1..6 {
        client.is_served().await;
        let memory = client.reset_connection().await;
        client = Client::resume(nodes[round % 2].server(), &memory).await;
        assert!(client.welcome().flag("resumed"), "round {round}");
    }
}

/// At no moment is it counted nowhere: one origin could have as many as it likes.
#[tokio::test]
async fn a_seat_that_goes_to_another_node_is_counted_all_the_time() {
    let nodes = Nodes::start(2, &[("PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN", "2")]).await;
    let mut moving = Client::idle(nodes[0].server()).await;
    let _other = Client::idle(nodes[0].server()).await;
    for round in 1..6 {
        let memory = moving.reset_connection().await;
        moving = Client::resume(nodes[round % 2].server(), &memory).await;
        for node in nodes.all() {
            let newcomer = Connect::to(node.server()).query("join=manual");
            newcomer.refused().await.is_problem(429);
        }
    }
    moving.close(1000).await;
    succeeds("it is counted no more", PATIENCE, async || {
        let connect = Connect::to(nodes[0].server()).query("join=manual");
        connect.attempt().await
    })
    .await;
}

#[tokio::test]
async fn connections_of_a_dead_node_are_not_counted_for_ever() {
    let mut nodes = Nodes::start(
        2,
        &[
            ("PASSERBY__LIMITS__CONNECTIONS_PER_ORIGIN", "1"),
            ("PASSERBY__SESSION__RESUME_GRACE", "1s"),
        ],
    )
    .await;
    let _client = Client::idle(nodes[0].server()).await;
    nodes[0].kill().await;
    succeeds("it is counted no more", 3 * PATIENCE, async || {
        Connect::to(nodes[1].server())
            .query("join=manual")
            .attempt()
            .await
    })
    .await;
}

#[tokio::test]
async fn a_used_up_skip_limit_moves_with_the_seat() {
    let nodes = Nodes::start(
        2,
        &[
            ("PASSERBY__LIMITS__SKIPS_PER_MINUTE", "1"),
            ("PASSERBY__MATCHING__REMATCH_COOLDOWN", "0s"),
        ],
    )
    .await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    let mut skips = 0;
    loop {
        ann.send_of_chat("skip");
        let event = ann.either().await;
        if event.kind() == "error" {
            assert_eq!(event.text("code"), "rate_limited");
            break;
        }
        skips += 1;
        assert!(skips < 20, "nobody stops it");
        ann.meet().await;
        ben.ended("partner_skipped").await;
        ben.meet().await;
    }
    let memory = ann.reset_connection().await;
    let mut ann = Client::resume(nodes[1].server(), &memory).await;
    ann.send_of_chat("skip");
    ann.error("rate_limited").await;
}
