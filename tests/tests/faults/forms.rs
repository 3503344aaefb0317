//! Rows F10 to F12: Redis in its other forms loses a primary, or moves what the nodes work on.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use passerby_tests::nodes::Store;
use passerby_tests::proxy::Mode;
use passerby_tests::redis::{Cluster, Sentinel};
use passerby_tests::swarm::Happening;

use crate::report::{count, ended, seconds};
use crate::scene::{Outcome, Scene};

fn sentinel(scene: &mut Scene) -> &mut Sentinel {
    match scene.nodes.store() {
        Store::Sentinel(sentinel) => sentinel,
        Store::Standalone(_) | Store::Cluster(_) => panic!("the scene has sentinels"),
    }
}

fn cluster(scene: &mut Scene) -> &mut Cluster {
    match scene.nodes.store() {
        Store::Cluster(cluster) => cluster,
        Store::Standalone(_) | Store::Sentinel(_) => panic!("the scene has a cluster"),
    }
}

async fn with_sentinels(what: &'static str) -> (Scene, SocketAddr) {
    let store = Store::Sentinel(Sentinel::start().await);
    let mut scene = Scene::on("F10", what, store, &[]).await;
    let primary = sentinel(&mut scene).primary().await;
    scene.breaks();
    (scene, primary)
}

fn seen(outcome: &Outcome) -> String {
    let paused = count(&outcome.happened, |what| *what == Happening::Paused);
    format!(
        "{paused} told of the pause; chats lost: {}",
        ended(&outcome.happened, "lost")
    )
}

/// Waits for another primary and for all nodes; judges.
async fn fails_over(mut scene: Scene, old: SocketAddr, begun: Instant) {
    sentinel(&mut scene).primary_after(old).await;
    let outage = begun.elapsed();
    scene.nodes.know_each_other().await;
    let ready = begun.elapsed();
    scene.live(3).await;
    let outcome = scene.ends().await;
    outcome.tell(&format!(
        "another primary after {}, all nodes ready after {}; {}",
        seconds(outage),
        seconds(ready),
        seen(&outcome)
    ));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f10_the_primary_dies() {
    let (mut scene, primary) = with_sentinels("Sentinel: kill -9 of the primary").await;
    let begun = Instant::now();
    sentinel(&mut scene).server(primary).kill();
    fails_over(scene, primary, begun).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f10_the_primary_stops_and_wakes() {
    let (mut scene, primary) = with_sentinels("Sentinel: SIGSTOP of the primary for 8 s").await;
    let begun = Instant::now();
    sentinel(&mut scene).server(primary).freeze();
    scene.live(8).await;
    sentinel(&mut scene).server(primary).thaw();
    fails_over(scene, primary, begun).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f10_a_failover_is_ordered() {
    let (mut scene, primary) = with_sentinels("Sentinel: SENTINEL FAILOVER").await;
    let begun = Instant::now();
    sentinel(&mut scene).fail_over().await;
    fails_over(scene, primary, begun).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f10_one_node_stays_on_the_old_primary() {
    let what = "Sentinel: FAILOVER, one node cut off from the sentinels for 5 s";
    let (mut scene, primary) = with_sentinels(what).await;
    // It hears of no other primary; the old one takes its writes until it is demoted.
    for link in scene.nodes[0].stores() {
        link.set(Mode::Blackhole).await;
    }
    let begun = Instant::now();
    sentinel(&mut scene).fail_over().await;
    scene.live(5).await;
    for link in scene.nodes[0].stores() {
        link.set(Mode::Pass).await;
    }
    fails_over(scene, primary, begun).await;
}

/// The primary is well all the time, and nobody can know.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f10_no_node_hears_the_sentinels() {
    let (mut scene, primary) = with_sentinels("Sentinel: all nodes cut off from the sentinels for 5 s").await;
    for node in scene.nodes.all() {
        for link in node.stores() {
            link.set(Mode::Blackhole).await;
        }
    }
    scene.live(5).await;
    for node in scene.nodes.all() {
        for link in node.stores() {
            link.set(Mode::Pass).await;
        }
    }
    let healed = Instant::now();
    scene.nodes.know_each_other().await;
    let ready = healed.elapsed();
    scene.live(3).await;
    assert_eq!(sentinel(&mut scene).primary().await, primary);
    let outcome = scene.ends().await;
    outcome.tell(&format!("ready after {}; {}", seconds(ready), seen(&outcome)));
}

async fn with_cluster(row: &'static str, what: &'static str, replicas: usize) -> Scene {
    let store = Store::Cluster(Cluster::start(replicas).await);
    Scene::on(row, what, store, &[]).await
}

/// The slot of all that pairing needs.
async fn slot(scene: &mut Scene) -> u16 {
    cluster(scene).slot_of("{passerby:pair}").await
}

/// Waits until another holds the slot of pairing, and for all nodes; judges.
async fn loses_a_primary(mut scene: Scene, slot: u16, old: SocketAddr, begun: Instant) {
    cluster(&mut scene).owner_after(slot, old).await;
    let outage = begun.elapsed();
    scene.nodes.know_each_other().await;
    let ready = begun.elapsed();
    scene.live(3).await;
    let outcome = scene.ends().await;
    outcome.tell(&format!(
        "another primary after {}, all nodes ready after {}; {}",
        seconds(outage),
        seconds(ready),
        seen(&outcome)
    ));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f11_a_primary_of_the_cluster_dies() {
    let mut scene = with_cluster("F11", "Cluster: kill -9 of the primary of pairing", 1).await;
    let slot = slot(&mut scene).await;
    let owner = cluster(&mut scene).owner_of(slot).await;
    let begun = scene.breaks();
    cluster(&mut scene).node(owner).kill();
    loses_a_primary(scene, slot, owner, begun).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f11_a_primary_of_the_cluster_stops_and_wakes() {
    let mut scene = with_cluster("F11", "Cluster: SIGSTOP of the primary of pairing for 8 s", 1).await;
    let slot = slot(&mut scene).await;
    let owner = cluster(&mut scene).owner_of(slot).await;
    let begun = scene.breaks();
    cluster(&mut scene).node(owner).freeze();
    scene.live(8).await;
    cluster(&mut scene).node(owner).thaw();
    loses_a_primary(scene, slot, owner, begun).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f12_the_slot_of_pairing_moves_there_and_back() {
    let mut scene = with_cluster("F12", "Cluster: the slot of pairing moves there and back", 0).await;
    let slot = slot(&mut scene).await;
    let home = cluster(&mut scene).owner_of(slot).await;
    let primaries = cluster(&mut scene).primaries().await;
    let other = *primaries
        .iter()
        .find(|&&other| other != home)
        .expect("three of them");
    scene.breaks();
    let mut took = Vec::new();
    for to in [other, home] {
        let begun = Instant::now();
        cluster(&mut scene)
            .move_slot(slot, to, Duration::from_millis(100))
            .await;
        took.push(begun.elapsed());
        scene.live(3).await;
    }
    let outcome = scene.ends().await;
    assert_eq!(ended(&outcome.happened, "lost"), 0, "no chat ends");
    outcome.tell(&format!(
        "moved in {} and {}; slowest answer {}; {}",
        seconds(took[0]),
        seconds(took[1]),
        seconds(outcome.counts.slowest),
        seen(&outcome)
    ));
}
