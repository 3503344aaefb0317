//! Rows F13, F14, F18 and F25: the network between a node and Redis, or between clients and a node, fails or is slow.

use std::time::{Duration, Instant};

use passerby_tests::nodes::Store;
use passerby_tests::proxy::{Mode, Way};
use passerby_tests::redis::{Keeps, Standalone};
use passerby_tests::swarm::Happening;
use passerby_tests::{Client, PATIENCE};

use crate::report::{closed, count, ended, refused, returns, seconds};
use crate::scene::{Scene, within};

/// One node is cut off from Redis in this way for so long.
async fn f13(what: &'static str, mode: Mode, time: u64) {
    let mut scene = Scene::begin("F13", what).await;
    scene.breaks();
    scene.nodes[0].store().set(mode).await;
    scene.live(time).await;
    scene.nodes[0].store().set(Mode::Pass).await;
    let healed = Instant::now();
    scene.nodes[0].until_ready(200).await;
    let ready = healed.elapsed();
    let outcome = scene.ends().await;
    outcome.tell(&format!(
        "ready after {}; chats lost: {}, partners given up: {}; refused {}, closed with 4001: {}",
        seconds(ready),
        ended(&outcome.happened, "lost"),
        ended(&outcome.happened, "partner_disconnected"),
        refused(&outcome.happened, "partner_unreachable"),
        closed(&outcome.happened, Some(4001)),
    ));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f13_a_node_is_cut_off_shorter_than_its_lease() {
    f13("one node cut off from Redis for 3 s", Mode::Blackhole, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_a_node_is_cut_off_longer_than_its_lease() {
    f13("one node cut off from Redis for 8 s", Mode::Blackhole, 8).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make test-faults"]
async fn f13_a_node_is_cut_off_for_a_minute() {
    f13("one node cut off from Redis for 60 s", Mode::Blackhole, 60).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f13_a_node_is_refused_by_redis() {
    f13("connections of one node refused for 8 s", Mode::Refuse, 8).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f13_a_node_is_not_heard() {
    f13("one node not heard by Redis for 8 s", Mode::Deaf(Way::Up), 8).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f13_a_node_does_not_hear() {
    f13("one node does not hear Redis for 8 s", Mode::Deaf(Way::Down), 8).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f13_all_nodes_are_cut_off() {
    let mut scene = Scene::begin("F13", "all nodes cut off from Redis for 8 s").await;
    scene.breaks();
    for node in scene.nodes.all() {
        node.store().set(Mode::Blackhole).await;
    }
    scene.live(8).await;
    for node in scene.nodes.all() {
        node.store().set(Mode::Pass).await;
    }
    scene.nodes.know_each_other().await;
    let outcome = scene.ends().await;
    outcome.tell(&format!(
        "chats lost: {}, partners given up: {}",
        ended(&outcome.happened, "lost"),
        ended(&outcome.happened, "partner_disconnected")
    ));
}

/// The slowest of some pairs that meet across nodes, each of whom is fit for the other alone.
async fn slowest_pair(scene: &Scene, pairs: usize) -> Duration {
    let mut slowest = Duration::ZERO;
    for number in 0..pairs {
        let query = format!("interests=pair-{number}");
        let mut ann = Client::waiting(scene.nodes[0].server(), &query).await;
        let begun = Instant::now();
        let mut ben = Client::connect(scene.nodes[1].server(), &query).await;
        ben.meet().await;
        let met = ann.meet().await.at;
        slowest = slowest.max(met.saturating_duration_since(begun));
        ann.close(1000).await;
        ben.close(1000).await;
    }
    slowest
}

/// All nodes are far from Redis, with these settings.
async fn far_away(row: &'static str, what: &'static str, settings: &[(&str, &str)]) {
    let store = Store::Standalone(Standalone::start(Keeps::Nothing).await);
    // The pairs that are measured are fit for each other alone.
    let patient = [("PASSERBY__MATCHING__INTEREST_PATIENCE", "10s")];
    let mut scene = Scene::on(row, what, store, &[settings, &patient].concat()).await;
    let quick = slowest_pair(&scene, 10).await;
    scene.breaks();
    let (by, jitter) = (Duration::from_millis(100), Duration::from_millis(25));
    for node in scene.nodes.all() {
        node.store().set(Mode::Delay { by, jitter }).await;
    }
    scene.live(3).await;
    let slow = slowest_pair(&scene, 10).await;
    for node in scene.nodes.all() {
        let lasting = Duration::from_secs(2);
        let mode = Mode::Stall {
            by,
            jitter,
            one_in: 100,
            lasting,
        };
        node.store().set(mode).await;
    }
    scene.live(20).await;
    for node in scene.nodes.all() {
        node.store().set(Mode::Pass).await;
    }
    assert!(slow < within(Duration::from_millis(1500)), "a pair took {slow:?}");
    let outcome = scene.ends().await;
    outcome.tell(&format!(
        "slowest of ten pairs {} ms without and {} ms with the delay; chats lost: {}",
        quick.as_millis(),
        slow.as_millis(),
        ended(&outcome.happened, "lost")
    ));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f14_redis_is_far_away_and_stalls() {
    far_away("F14", "200 ms to Redis and back, 1 % stalls of 2 s", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f25_one_pooled_connection_to_a_redis_far_away() {
    let settings = [("PASSERBY__STORE__REDIS__POOL_SIZE", "1")];
    far_away("F25", "one pooled connection, 200 ms to Redis, stalls", &settings).await;
}

async fn storm(scene: &mut Scene, nodes: std::ops::Range<usize>) {
    scene.stay_where_you_are().await;
    scene.live(1).await;
    scene.breaks();
    for number in nodes {
        scene.nodes[number].front().reset_links();
    }
    scene.live(3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f18_all_connections_of_a_node_are_reset() {
    let mut scene = Scene::begin("F18", "all connections of one node reset").await;
    storm(&mut scene, 0..1).await;
    let outcome = scene.ends().await;
    let (resumed, gaps, lost, longest) = returns(&outcome.happened);
    assert_eq!((gaps, lost), (0, 0));
    outcome.tell(&format!(
        "{resumed} resumed, {lost} lost, longest without a connection {}",
        seconds(longest)
    ));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f18_all_connections_of_all_nodes_are_reset() {
    let mut scene = Scene::begin("F18", "all connections of all nodes reset").await;
    let cli = scene.nodes.redis().cli().clone();
    let commands = async || -> u64 {
        let told = cli.info("total_commands_processed").await;
        told.and_then(|told| told.parse().ok()).unwrap_or_default()
    };
    let before = commands().await;
    let users = scene.plan.users;
    storm(&mut scene, 0..3).await;
    let after = commands().await;
    let outcome = scene.ends().await;
    let (resumed, gaps, lost, longest) = returns(&outcome.happened);
    let turned_away = count(&outcome.happened, |what| {
        matches!(what, Happening::TurnedAway { .. })
    });
    assert!(resumed >= users * 9 / 10, "{resumed} of {users} came back");
    assert_eq!((gaps, lost), (0, 0));
    assert!(longest < within(PATIENCE));
    outcome.tell(&format!(
        "{resumed} resumed, {lost} lost, {turned_away} turned away, longest without a connection {}; {} Redis \
         commands per user meanwhile",
        seconds(longest),
        (after - before) / users as u64
    ));
}
