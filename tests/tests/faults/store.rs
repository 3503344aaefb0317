//! Rows F5 to F9: Redis dies, freezes, loads, forgets.

use std::time::{Duration, Instant};

use passerby_tests::swarm::Happening;

use crate::report::{count, ended, refused, seconds, stories_where};
use crate::scene::{Outcome, Scene, measures};

/// What users saw of a Redis that was away.
fn seen(outcome: &Outcome) -> String {
    let paused = count(&outcome.happened, |what| *what == Happening::Paused);
    let is_503 = |what: &Happening| {
        matches!(
            what,
            Happening::TurnedAway {
                status: Some(503),
                ..
            }
        )
    };
    let turned_away = count(&outcome.happened, is_503);
    format!(
        "refused: {} unreachable, {} without the store; {paused} told of the pause, {turned_away} answers 503; \
         chats lost: {}",
        refused(&outcome.happened, "partner_unreachable"),
        refused(&outcome.happened, "store_unavailable"),
        ended(&outcome.happened, "lost"),
    )
}

/// Waits until every node is ready; tells how long it took.
async fn ready(scene: &Scene) -> Duration {
    let begun = Instant::now();
    scene.nodes.know_each_other().await;
    begun.elapsed()
}

/// Resident memory of all nodes, in MiB.
fn memory(scene: &Scene) -> u64 {
    let nodes = scene.nodes.all().iter();
    nodes.map(|node| node.server().resident_kib()).sum::<u64>() / 1024
}

async fn dies(row: &'static str, mut scene: Scene, away: u64, empty: bool) {
    let before = memory(&scene);
    scene.breaks();
    scene.nodes.redis().process().kill();
    scene.live(3).await;
    for node in scene.nodes.all() {
        assert_eq!(node.readiness().await, 503, "{row}: without a store");
    }
    scene.live(away - 3).await;
    let during = memory(&scene);
    if empty {
        scene.nodes.redis().again_empty().await;
    } else {
        scene.nodes.redis().again().await;
    }
    let ready = ready(&scene).await;
    let outcome = scene.ends().await;
    if empty {
        assert_chats_go_on(&outcome);
    }
    outcome.tell(&format!(
        "ready after {}; memory {before} MiB before, {during} MiB during; {}",
        seconds(ready),
        seen(&outcome)
    ));
}

/// A chat that was just being made across two nodes when Redis lost everything may be lost; no other.
const IN_THE_MAKING: usize = 2;

fn assert_chats_go_on(outcome: &Outcome) {
    let lost = ended(&outcome.happened, "lost");
    let allowed = if measures() { 0 } else { IN_THE_MAKING };
    let stories = || {
        stories_where(&outcome.happened, |what| {
            *what == Happening::Ended("lost".to_owned())
        })
    };
    assert!(lost <= allowed, "{lost} chats were lost: {:#?}", stories());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f5_redis_is_killed_and_comes_back_with_what_it_had() {
    let scene = Scene::begin_keeping("F5", "Redis killed, back after 10 s with all it had").await;
    dies("F5", scene, 10, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f6_redis_is_killed_and_comes_back_empty() {
    let scene = Scene::begin("F6", "Redis killed, back after 10 s empty").await;
    dies("F6", scene, 10, true).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute: make test-faults"]
async fn f6_redis_is_away_for_half_a_minute_and_comes_back_empty() {
    let scene = Scene::begin("F6", "Redis killed, back after 30 s empty").await;
    dies("F6", scene, 30, true).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute: make test-faults"]
async fn f7_redis_is_shut_down_and_takes_long_to_load() {
    let mut scene = Scene::begin_keeping("F7", "Redis SHUTDOWN, then LOADING for 8 s").await;
    let cli = scene.nodes.redis().cli().clone();
    cli.ask(&["DEBUG", "POPULATE", "40000", "ballast"]).await;
    cli.ask(&["BGREWRITEAOF"]).await;
    cli.until(
        "the ballast is on the disk",
        Duration::from_secs(30),
        async || {
            cli.info("aof_rewrite_in_progress").await.as_deref() == Some("0")
                && cli.info("aof_rewrite_scheduled").await.as_deref() == Some("0")
        },
    )
    .await;
    scene.breaks();
    // The answer to this order is the end of the connection.
    let _ = cli.text(&["SHUTDOWN", "NOSAVE"]).await;
    let redis = scene.nodes.redis();
    redis.process().ends().await;
    // Each key takes 200 microseconds to load.
    redis.process().arguments().extend(
        [
            "--key-load-delay",
            "200",
            "--loading-process-events-interval-bytes",
            "1024",
        ]
        .map(str::to_owned),
    );
    redis.process().again();
    let started = Instant::now();
    let mut loading = 0;
    cli.until("it has loaded", Duration::from_secs(60), async || {
        let told = cli.text(&["PING"]).await;
        loading += usize::from(format!("{told:?}").contains("LOADING"));
        told.is_ok()
    })
    .await;
    let took = started.elapsed();
    assert!(loading > 0, "it was never seen loading");
    let ready = ready(&scene).await;
    let outcome = scene.ends().await;
    outcome.tell(&format!(
        "loading for {}, ready {} later; {}",
        seconds(took),
        seconds(ready),
        seen(&outcome)
    ));
}

async fn freezes(scene: Scene, time: u64) {
    let mut scene = scene;
    scene.breaks();
    scene.nodes.redis().process().freeze();
    scene.live(time).await;
    scene.nodes.redis().process().thaw();
    let ready = ready(&scene).await;
    let outcome = scene.ends().await;
    outcome.tell(&format!("ready after {}; {}", seconds(ready), seen(&outcome)));
}

#[tokio::test(flavor = "multi_thread")]
async fn f8_redis_freezes_for_three_seconds() {
    freezes(Scene::begin("F8", "Redis frozen for 3 s").await, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f8_redis_freezes_for_ten_seconds() {
    freezes(Scene::begin("F8", "Redis frozen for 10 s").await, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make test-faults"]
async fn f8_redis_freezes_for_a_minute() {
    freezes(Scene::begin("F8", "Redis frozen for 60 s").await, 60).await;
}

/// Redis is kept from its work by an order that takes this long.
async fn is_busy(mut scene: Scene, order: &[&str]) {
    scene.breaks();
    let cli = scene.nodes.redis().cli().clone();
    let begun = Instant::now();
    // No answer comes in time; the order is carried out all the same.
    let _ = cli.text(order).await;
    cli.is_up().await;
    let took = begun.elapsed();
    let ready = ready(&scene).await;
    let outcome = scene.ends().await;
    outcome.tell(&format!(
        "busy for {}, ready after {}; {}",
        seconds(took),
        seconds(ready),
        seen(&outcome)
    ));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f8_redis_sleeps() {
    let scene = Scene::begin("F8", "DEBUG SLEEP of 3 s").await;
    is_busy(scene, &["DEBUG", "SLEEP", "3"]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f8_a_script_of_somebody_else_keeps_redis_busy() {
    let mut scene = Scene::begin("F8", "a script that runs for 4 s (BUSY)").await;
    let cli = scene.nodes.redis().cli().clone();
    cli.ask(&["CONFIG", "SET", "busy-reply-threshold", "200"]).await;
    let script = "local b = redis.call('TIME')[1] while redis.call('TIME')[1] - b < 4 do end return 1";
    is_busy(scene, &["EVAL", script, "0"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f9_redis_is_emptied() {
    let mut scene = Scene::begin("F9", "FLUSHALL and SCRIPT FLUSH").await;
    scene.breaks();
    let cli = scene.nodes.redis().cli().clone();
    cli.ask(&["FLUSHALL"]).await;
    cli.ask(&["SCRIPT", "FLUSH"]).await;
    scene.live(5).await;
    cli.ask(&["FLUSHALL"]).await;
    let ready = ready(&scene).await;
    let outcome = scene.ends().await;
    assert_chats_go_on(&outcome);
    outcome.tell(&format!("ready after {}; {}", seconds(ready), seen(&outcome)));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f9_redis_is_emptied_again_and_again() {
    let mut scene = Scene::begin("F9", "FLUSHALL, five times").await;
    scene.breaks();
    let cli = scene.nodes.redis().cli().clone();
    for _ in 0..5 {
        cli.ask(&["FLUSHALL"]).await;
        scene.live(2).await;
    }
    let ready = ready(&scene).await;
    let outcome = scene.ends().await;
    outcome.tell(&format!("ready after {}; {}", seconds(ready), seen(&outcome)));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f9_keys_are_deleted_at_random() {
    let mut scene = Scene::begin("F9", "half of all keys deleted, five times").await;
    let mut dice = fastrand::Rng::with_seed(scene.plan.seed_of(usize::MAX));
    scene.breaks();
    let cli = scene.nodes.redis().cli().clone();
    let mut deleted = 0;
    for _ in 0..5 {
        let keys = cli.ask(&["KEYS", "*"]).await;
        for key in keys.lines().filter(|_| dice.bool()) {
            cli.ask(&["DEL", key]).await;
            deleted += 1;
        }
        scene.live(2).await;
    }
    let ready = ready(&scene).await;
    let outcome = scene.ends().await;
    outcome.tell(&format!(
        "{deleted} keys deleted, ready after {}; {}",
        seconds(ready),
        seen(&outcome)
    ));
}
