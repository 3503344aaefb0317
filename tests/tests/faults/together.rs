//! Row F28: what no row of the matrix has. Several processes die or stop at once, and Redis answers, but not what it is asked.

use std::time::{Duration, Instant};

use passerby_tests::nodes::Store;
use passerby_tests::redis::{Keeps, Standalone};

use crate::report::{ended, refused, returns, seconds};
use crate::scene::{Outcome, Scene};

/// What is the same in all these rows.
fn seen(outcome: &Outcome) -> String {
    let (resumed, gaps, lost, longest) = returns(&outcome.happened);
    format!(
        "{resumed} resumed ({gaps} with a gap), {lost} lost, longest without a connection {}; refused without the store: {}; \
         chats lost: {}",
        seconds(longest),
        refused(&outcome.happened, "store_unavailable"),
        ended(&outcome.happened, "lost"),
    )
}

/// The fault is over: how long until all nodes are ready, and what users saw.
async fn is_over(scene: Scene) {
    let begun = Instant::now();
    scene.nodes.know_each_other().await;
    let ready = begun.elapsed();
    let outcome = scene.ends().await;
    outcome.tell(&format!("ready after {}; {}", seconds(ready), seen(&outcome)));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f28_two_nodes_of_three_are_killed() {
    let mut scene = Scene::begin("F28", "kill -9 of two nodes of three").await;
    scene.breaks();
    for node in [0, 1] {
        scene.nodes[node].kill().await;
    }
    scene.live(6).await;
    for node in [0, 1] {
        scene.nodes[node].again().await;
    }
    is_over(scene).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f28_a_node_is_killed_and_another_stops() {
    let mut scene = Scene::begin("F28", "kill -9 of a node, SIGSTOP of another for 6 s").await;
    scene.breaks();
    scene.nodes[0].kill().await;
    scene.live(2).await;
    scene.nodes[1].freeze();
    scene.live(6).await;
    scene.nodes[1].thaw();
    scene.nodes[0].again().await;
    is_over(scene).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f28_all_nodes_are_killed() {
    let mut scene = Scene::begin("F28", "kill -9 of all nodes").await;
    scene.breaks();
    for node in scene.nodes.all_mut() {
        node.kill().await;
    }
    for node in scene.nodes.all_mut() {
        node.again().await;
    }
    is_over(scene).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f28_all_nodes_stop_and_wake() {
    let mut scene = Scene::begin("F28", "SIGSTOP of all nodes for 6 s").await;
    scene.breaks();
    for node in scene.nodes.all() {
        node.freeze();
    }
    scene.live(6).await;
    for node in scene.nodes.all() {
        node.thaw();
    }
    is_over(scene).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f28_a_node_and_redis_are_killed() {
    let mut scene = Scene::begin("F28", "kill -9 of a node and of Redis, which is back empty").await;
    scene.breaks();
    scene.nodes[0].kill().await;
    scene.nodes.redis().process().kill();
    scene.live(5).await;
    scene.nodes.redis().again_empty().await;
    scene.nodes[0].again().await;
    is_over(scene).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f28_a_node_is_killed_while_redis_is_frozen() {
    let mut scene = Scene::begin("F28", "kill -9 of a node while Redis is frozen for 6 s").await;
    scene.breaks();
    scene.nodes.redis().process().freeze();
    scene.live(2).await;
    scene.nodes[0].kill().await;
    scene.live(4).await;
    scene.nodes.redis().process().thaw();
    scene.nodes[0].again().await;
    is_over(scene).await;
}

/// An order to Redis, and after some seconds the one that takes it back.
async fn ordered(mut scene: Scene, order: &[&str], time: u64, back: &[&str]) {
    scene.breaks();
    let cli = scene.nodes.redis().cli().clone();
    cli.ask(order).await;
    scene.live(time).await;
    cli.ask(back).await;
    is_over(scene).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f28_redis_has_no_memory_left() {
    let scene = Scene::begin("F28", "Redis refuses what writes (OOM) for 8 s").await;
    let none = ["CONFIG", "SET", "maxmemory", "1"];
    ordered(scene, &none, 8, &["CONFIG", "SET", "maxmemory", "0"]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f28_redis_lets_whatever_writes_wait() {
    let scene = Scene::begin("F28", "CLIENT PAUSE WRITE for 5 s").await;
    let pause = ["CLIENT", "PAUSE", "5000", "WRITE"];
    ordered(scene, &pause, 6, &["CLIENT", "UNPAUSE"]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f28_redis_is_made_a_replica_and_a_primary_again() {
    let mut scene = Scene::begin("F28", "REPLICAOF another for 6 s, then NO ONE").await;
    let other = Store::Standalone(Standalone::start(Keeps::Nothing).await);
    let port = other.addresses()[0].port().to_string();
    scene.breaks();
    let cli = scene.nodes.redis().cli().clone();
    // It takes over what the other has: nothing.
    cli.ask(&["REPLICAOF", "127.0.0.1", &port]).await;
    scene.live(6).await;
    cli.ask(&["REPLICAOF", "NO", "ONE"]).await;
    is_over(scene).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f28_redis_hangs_up_on_all_again_and_again() {
    let mut scene = Scene::begin("F28", "CLIENT KILL of all, ten times in 10 s").await;
    scene.breaks();
    let cli = scene.nodes.redis().cli().clone();
    for _ in 0..10 {
        cli.ask(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"])
            .await;
        scene.swarm.live(Duration::from_secs(1)).await;
    }
    is_over(scene).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f28_redis_lets_nobody_do_anything() {
    let scene = Scene::begin("F28", "the nodes' user may do nothing for 6 s (NOPERM)").await;
    let nothing = [
        "ACL", "SETUSER", "default", "-@all", "+acl", "+ping", "+info", "+keys",
    ];
    ordered(scene, &nothing, 6, &["ACL", "SETUSER", "default", "+@all"]).await;
}
