//! Statistics count the whole cluster, on every node.

use passerby_tests::{Client, Nodes, PATIENCE, pair_across};

async fn all_say(nodes: &Nodes, online: usize, waiting: usize, chatting: usize) {
    let agreed = nodes.count(|| (online, waiting, chatting), PATIENCE).await;
    assert!(agreed.is_ok(), "{agreed:?}");
}

#[tokio::test]
async fn every_node_counts_all_users() {
    let nodes = Nodes::start(3, &[]).await;
    let idle = Client::idle(nodes[2].server()).await;
    all_say(&nodes, 1, 0, 0).await;
    let (mut ann, mut ben) = pair_across(&nodes).await;
    let waiting = Client::waiting(nodes[2].server(), "mode=video").await;
    all_say(&nodes, 4, 1, 2).await;
    ann.send_of_chat("leave");
    ann.ended("you_left").await;
    ben.ended("partner_left").await;
    all_say(&nodes, 4, 2, 0).await;
    for client in [idle, waiting, ann, ben] {
        client.close(1000).await;
    }
    all_say(&nodes, 0, 0, 0).await;
}

#[tokio::test]
async fn the_operator_sees_the_node_and_the_cluster() {
    let nodes = Nodes::start(2, &[]).await;
    let (_ann, _ben) = pair_across(&nodes).await;
    let _waiting = Client::waiting(nodes[1].server(), "mode=video").await;
    all_say(&nodes, 3, 1, 2).await;
    let audit = nodes[1].audit().await;
    assert_eq!(
        (&audit["node"], &audit["state"]),
        (&nodes[1].name().into(), &"ready".into())
    );
    assert_eq!(
        audit["seats"],
        serde_json::json!({"online": 2, "waiting": 1, "chatting": 1})
    );
    assert_eq!(
        audit["cluster"],
        serde_json::json!({"online": 3, "waiting": 1, "chatting": 2})
    );
    // Nor did any fail while the nodes started.
    assert!(nodes.total("passerby_store_failures_total").await < 1.0);
}
