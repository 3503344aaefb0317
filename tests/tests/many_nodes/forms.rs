//! Redis in its other forms: guarded by TLS and an ACL, behind sentinels, as a cluster.

use std::time::Instant;

use passerby_tests::nodes::Store;
use passerby_tests::redis::{Cluster, Sentinel, Standalone};
use passerby_tests::{Client, Connect, Nodes, PATIENCE, pair_across};

/// The least a node may be allowed to do; `docs/configuration.md` tells operators the same.
const LEAST: &str = "user passerby on >a-password-of-the-suite resetchannels ~passerby:* ~{passerby}:* ~{passerby* &passerby* &{passerby* \
    -@all +@read +@write +@pubsub +@scripting +@stream +@connection +time +info +config|get +cluster|slots +cluster|shards +cluster|nodes";

async fn works(nodes: &Nodes) {
    let (mut ann, mut ben) = pair_across(nodes).await;
    ann.say("a", "hello");
    assert_eq!(ben.expect("message").await.text("text"), "hello");
    ann.expect("ack").await;
    let memory = ann.reset_connection().await;
    ben.expect("partner_away").await;
    let mut ann = Client::resume(nodes[1].server(), &memory).await;
    assert!(ann.welcome().flag("resumed") && !ann.welcome().flag("gap"));
    ben.expect("partner_back").await;
    ann.send_of_chat("skip");
    ann.ended("you_skipped").await;
    ben.ended("partner_skipped").await;
}

/// Waits until every node has let in several in a row: each of its connections to Redis finds out for itself that the
/// primary is another, and who comes meanwhile may be asked to try again.
async fn take_people_in(nodes: &Nodes) {
    let begun = Instant::now();
    for node in nodes.all() {
        let mut in_a_row = 0;
        while in_a_row < 8 {
            assert!(begun.elapsed() < PATIENCE, "a node turns people away");
            let attempt = Connect::to(node.server()).query("join=manual");
            in_a_row = match attempt.try_open(PATIENCE).await {
                Ok(client) => {
                    client.close(1000).await;
                    in_a_row + 1
                }
                Err(_) => 0,
            };
        }
    }
}

#[tokio::test]
async fn nodes_work_over_tls_as_a_user_with_the_least_rights() {
    let server = Standalone::start_guarded(&[LEAST]).await;
    let authority = server.authority().expect("it speaks TLS").display().to_string();
    let settings = [
        ("PASSERBY__STORE__REDIS__TLS_CA_FILE", authority.as_str()),
        ("PASSERBY__STORE__REDIS__USER", "passerby"),
        ("PASSERBY__STORE__REDIS__PASSWORD", "a-password-of-the-suite"),
    ];
    let nodes = Nodes::start_on(Store::Standalone(server), 2, &settings, 0).await;
    nodes.keep_out_of_logs("a-password-of-the-suite");
    works(&nodes).await;
}

#[tokio::test]
async fn nodes_work_behind_sentinels_and_after_a_failover() {
    let sentinel = Sentinel::start().await;
    let mut nodes = Nodes::start_on(Store::Sentinel(sentinel), 2, &[], 0).await;
    works(&nodes).await;
    if let Store::Sentinel(sentinel) = nodes.store() {
        let primary = sentinel.primary().await;
        sentinel.server(primary).kill();
        sentinel.primary_after(primary).await;
    }
    nodes.know_each_other().await;
    take_people_in(&nodes).await;
    works(&nodes).await;
}

#[tokio::test]
async fn nodes_work_on_a_cluster_and_after_the_loss_of_a_primary() {
    let cluster = Cluster::start(1).await;
    let mut nodes = Nodes::start_on(Store::Cluster(cluster), 2, &[], 0).await;
    works(&nodes).await;
    if let Store::Cluster(cluster) = nodes.store() {
        let slot = cluster.slot_of("{passerby:pair}").await;
        let owner = cluster.owner_of(slot).await;
        cluster.node(owner).kill();
        cluster.owner_after(slot, owner).await;
        cluster.agrees().await;
    }
    nodes.know_each_other().await;
    take_people_in(&nodes).await;
    works(&nodes).await;
}
