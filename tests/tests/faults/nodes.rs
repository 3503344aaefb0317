//! Rows F1 to F4: a node dies, goes, or stops for a while.

use std::time::{Duration, Instant};

use fastrand::Rng;
use passerby_tests::PATIENCE;
use passerby_tests::swarm::Happening;

use crate::report::{closed, count, ended, returns, seconds, stories_of_the_lost};
use crate::scene::{Scene, within};

/// Longer than `session.drain_timeout`.
const DRAIN: Duration = Duration::from_secs(45);

#[tokio::test(flavor = "multi_thread")]
async fn f1_a_node_is_killed() {
    let mut scene = Scene::begin("F1", "kill -9 of one node of three").await;
    scene.stay_where_you_are().await;
    scene.live(1).await;
    let killed = scene.breaks();
    scene.nodes[0].kill().await;
    scene.live(8).await;
    let told: Vec<_> = scene
        .happened()
        .into_iter()
        .filter(|happened| happened.what == Happening::Away)
        .map(|happened| happened.at - killed)
        .collect();
    let slowest = told.iter().max().copied().unwrap_or_default();
    scene.nodes[0].again().await;
    let outcome = scene.ends().await;
    let (resumed, gaps, lost, longest) = returns(&outcome.happened);
    assert!(!told.is_empty(), "nobody had a partner on the dead node");
    assert!(slowest < within(Duration::from_secs(3)), "told after {slowest:?}");
    assert!(
        resumed > 0 && lost * 100 <= resumed,
        "{lost} of {resumed} lost their seats"
    );
    outcome.tell(&format!(
        "partners told within {}; {resumed} resumed ({gaps} with a gap), {lost} lost, longest without a connection {}",
        seconds(slowest),
        seconds(longest)
    ));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute: make test-faults"]
async fn f1_a_killed_node_leaves_nothing_behind() {
    let mut scene = Scene::begin("F1", "kill -9 of one node, which stays away").await;
    let before = keys(&mut scene).await;
    scene.breaks();
    scene.nodes[0].kill().await;
    scene.live(30).await;
    let after = keys(&mut scene).await;
    let outcome = scene.ends().await;
    let inboxes = |keys: &[String]| keys.iter().filter(|key| key.contains(":inbox:")).count();
    assert!(
        inboxes(&after) <= inboxes(&before) * 2 / 3,
        "keys of the dead node are left: {after:#?}"
    );
    outcome.tell(&format!(
        "keys of inboxes {} before and {} after",
        inboxes(&before),
        inboxes(&after)
    ));
}

async fn keys(scene: &mut Scene) -> Vec<String> {
    let told = scene.nodes.redis().cli().ask(&["KEYS", "*"]).await;
    told.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn f2_a_node_is_told_to_go() {
    let mut scene = Scene::begin("F2", "SIGTERM of one node of three").await;
    scene.stay_where_you_are().await;
    scene.outlive_the_graces().await;
    let told = scene.breaks();
    scene.nodes[0].terminate();
    let status = scene.nodes[0].ends(DRAIN).await;
    let took = told.elapsed();
    assert_eq!(status.code(), Some(0));
    scene.nodes[0].again().await;
    let outcome = scene.ends().await;
    let (resumed, gaps, lost, longest) = returns(&outcome.happened);
    let closed = closed(&outcome.happened, Some(1012));
    assert!(
        closed > 0 && resumed >= closed,
        "{closed} closed, {resumed} resumed"
    );
    assert_eq!((gaps, lost), (0, 0), "nothing is lost in a drain");
    for reason in ["partner_disconnected", "lost"] {
        assert_eq!(ended(&outcome.happened, reason), 0, "chats ended: {reason}");
    }
    assert!(took < within(Duration::from_secs(30)));
    outcome.tell(&format!(
        "exit 0 after {}, {closed} closed with 1012, {resumed} resumed, {lost} lost, longest without a connection {}",
        seconds(took),
        seconds(longest)
    ));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f2_a_second_signal_ends_the_node_at_once() {
    let mut scene = Scene::begin("F2", "SIGTERM twice").await;
    scene.breaks();
    scene.nodes[0].terminate();
    scene.nodes[0].until_ready(503).await;
    let second = Instant::now();
    scene.nodes[0].terminate();
    let status = scene.nodes[0].ends(PATIENCE).await;
    let took = second.elapsed();
    scene.live(8).await;
    scene.nodes[0].again().await;
    let outcome = scene.ends().await;
    let (resumed, gaps, lost, _) = returns(&outcome.happened);
    outcome.tell(&format!(
        "exit {:?} {} after the second, {resumed} resumed ({gaps} with a gap), {lost} lost",
        status.code(),
        seconds(took)
    ));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make test-faults"]
async fn f3_all_nodes_are_restarted_in_turn_three_times() {
    let mut scene = Scene::begin("F3", "rolling restart, three rounds").await;
    scene.stay_where_you_are().await;
    scene.outlive_the_graces().await;
    scene.breaks();
    for _ in 0..3 {
        for number in 0..3 {
            scene.nodes[number].terminate();
            assert_eq!(scene.nodes[number].ends(DRAIN).await.code(), Some(0));
            scene.nodes[number].again().await;
            scene.nodes[number].until_ready(200).await;
        }
    }
    let users = scene.plan.users;
    let outcome = scene.ends().await;
    let (resumed, gaps, lost, longest) = returns(&outcome.happened);
    let (disconnected, orphans) = (
        ended(&outcome.happened, "partner_disconnected"),
        ended(&outcome.happened, "lost"),
    );
    assert_eq!(
        (gaps, lost, disconnected, orphans),
        (0, 0, 0, 0),
        "a chat ended or lost something: {:#?}",
        stories_of_the_lost(&outcome.happened)
    );
    outcome.tell(&format!(
        "{} reconnects of {users} users, 0 chats ended, 0 gaps, longest without a connection {}",
        resumed,
        seconds(longest)
    ));
}

async fn pause(scene: &mut Scene, time: Duration) -> Instant {
    scene.breaks();
    scene.nodes[0].freeze();
    scene.swarm.live(time).await;
    scene.nodes[0].thaw();
    Instant::now()
}

async fn f4(what: &'static str, time: Duration) {
    let mut scene = Scene::begin("F4", what).await;
    let thawed = pause(&mut scene, time).await;
    scene.live(5).await;
    let sent_away: Vec<_> = scene
        .happened()
        .into_iter()
        .filter(|happened| happened.what == Happening::Closed(Some(1012)))
        .map(|happened| happened.at.saturating_duration_since(thawed))
        .collect();
    let outcome = scene.ends().await;
    let (resumed, gaps, lost, _) = returns(&outcome.happened);
    let turned_away = count(&outcome.happened, |what| {
        matches!(what, Happening::TurnedAway { .. })
    });
    outcome.tell(&format!(
        "{} closed with 1012 within {} of waking; {resumed} resumed ({gaps} with a gap), {lost} lost, \
         {turned_away} turned away",
        sent_away.len(),
        seconds(sent_away.iter().max().copied().unwrap_or_default())
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn f4_a_node_stops_for_longer_than_its_lease() {
    f4("SIGSTOP of one node for 8 s", Duration::from_secs(8)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make test-faults"]
async fn f4_a_node_stops_for_a_minute() {
    f4("SIGSTOP of one node for 60 s", Duration::from_secs(60)).await;
}

/// For less than anybody counts as dead: what is on its way to a node arrives, when its sender may have gone and come back.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "one of many: make test-faults"]
async fn f4_nodes_stop_for_a_moment_in_turn() {
    let mut scene = Scene::begin_restless(
        "F4",
        "SIGSTOP of one node after the other for up to 1.6 s, 20 times",
    )
    .await;
    let mut dice = Rng::with_seed(scene.plan.seed);
    let mut moment = |most| tokio::time::sleep(Duration::from_millis(dice.u64(50..most)));
    scene.breaks();
    for round in 0..20 {
        let node = &scene.nodes[round % 3];
        node.freeze();
        moment(1_600).await;
        node.thaw();
        moment(1_500).await;
    }
    let outcome = scene.ends().await;
    let (resumed, gaps, lost, _) = returns(&outcome.happened);
    outcome.tell(&format!("{resumed} resumed ({gaps} with a gap), {lost} lost"));
}
