//! Rows F26 and F27: two faults at once, and all faults for hours. Run by `make soak`.

use std::time::{Duration, Instant};

use fastrand::Rng;
use passerby_tests::proxy::Mode;
use passerby_tests::swarm::Phase;

use crate::report::{self, seconds};
use crate::scene::Scene;

/// How long all faults take turns, unless `PASSERBY_SOAK_SECONDS` says otherwise.
const SOAK: u64 = 8 * 3600;
/// How many times two faults meet, unless `PASSERBY_SOAK_ROUNDS` says otherwise.
const ROUNDS: u64 = 50;

fn number(name: &str, otherwise: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(otherwise, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number"))
    })
}

/// A fault that begins and ends within some seconds.
#[derive(Clone, Copy, Debug)]
enum Fault {
    KillNode,
    DrainNode,
    FreezeNode,
    KillRedis,
    EmptyRedis,
    FreezeRedis,
    Flush,
    CutOff,
    Refuse,
    Slow,
    ResetClients,
    /// All nodes stop.
    FreezeAll,
    /// Redis refuses what writes.
    NoMemory,
    /// Redis lets whatever writes wait.
    NoWrites,
    /// Redis hangs up on everybody.
    HangUp,
}

impl Fault {
    const ALL: [Self; 15] = [
        Self::KillNode,
        Self::DrainNode,
        Self::FreezeNode,
        Self::KillRedis,
        Self::EmptyRedis,
        Self::FreezeRedis,
        Self::Flush,
        Self::CutOff,
        Self::Refuse,
        Self::Slow,
        Self::ResetClients,
        Self::FreezeAll,
        Self::NoMemory,
        Self::NoWrites,
        Self::HangUp,
    ];

    async fn begin(self, scene: &mut Scene, node: usize) {
        let nodes = &mut scene.nodes;
        match self {
            Self::KillNode => {
                if nodes[node].is_running() {
                    nodes[node].kill().await;
                }
            }
            Self::DrainNode => {
                if nodes[node].is_running() {
                    nodes[node].terminate();
                }
            }
            Self::FreezeNode => {
                if nodes[node].is_running() {
                    nodes[node].freeze();
                }
            }
            Self::KillRedis | Self::EmptyRedis => nodes.redis().process().kill(),
            Self::FreezeRedis => {
                if nodes.redis().process().is_running() {
                    nodes.redis().process().freeze();
                }
            }
            Self::Flush | Self::NoMemory | Self::NoWrites | Self::HangUp => {
                let order: &[&str] = match self {
                    Self::NoMemory => &["CONFIG", "SET", "maxmemory", "1"],
                    Self::NoWrites => &["CLIENT", "PAUSE", "60000", "WRITE"],
                    Self::HangUp => &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"],
                    _ => &["FLUSHALL"],
                };
                // While Redis is away it hears no order.
                let _ = nodes.redis().cli().clone().text(order).await;
            }
            Self::CutOff => nodes[node].store().set(Mode::Blackhole).await,
            Self::Refuse => nodes[node].store().set(Mode::Refuse).await,
            Self::Slow => {
                let (by, jitter) = (Duration::from_millis(100), Duration::from_millis(50));
                nodes[node].store().set(Mode::Delay { by, jitter }).await;
            }
            Self::ResetClients => nodes[node].front().reset_links(),
            Self::FreezeAll => {
                for node in nodes.all().iter().filter(|node| node.is_running()) {
                    node.freeze();
                }
            }
        }
    }

    async fn end(self, scene: &mut Scene, node: usize) {
        let nodes = &mut scene.nodes;
        match self {
            Self::KillNode | Self::DrainNode => {
                if nodes[node].is_running() && matches!(self, Self::DrainNode) {
                    nodes[node].ends(Duration::from_secs(60)).await;
                }
                if !nodes[node].is_running() {
                    nodes[node].again().await;
                }
            }
            Self::FreezeNode => {
                if nodes[node].is_running() {
                    nodes[node].thaw();
                }
            }
            Self::KillRedis | Self::EmptyRedis => {
                if matches!(self, Self::EmptyRedis) {
                    nodes.redis().forget();
                }
                if !nodes.redis().process().is_running() {
                    nodes.redis().again().await;
                }
            }
            Self::FreezeRedis => {
                if nodes.redis().process().is_running() {
                    nodes.redis().process().thaw();
                }
            }
            Self::FreezeAll => {
                for node in nodes.all().iter().filter(|node| node.is_running()) {
                    node.thaw();
                }
            }
            Self::NoMemory | Self::NoWrites => {
                let order: &[&str] = match self {
                    Self::NoMemory => &["CONFIG", "SET", "maxmemory", "0"],
                    _ => &["CLIENT", "UNPAUSE"],
                };
                let _ = nodes.redis().cli().clone().text(order).await;
            }
            Self::Flush | Self::ResetClients | Self::HangUp => {}
            Self::CutOff | Self::Refuse | Self::Slow => nodes[node].store().set(Mode::Pass).await,
        }
    }
}

/// Two faults, the second of which begins while the first lasts.
async fn two_faults(scene: &mut Scene, dice: &mut Rng) -> (Fault, Fault) {
    let first = Fault::ALL[dice.usize(..Fault::ALL.len())];
    let mut second = Fault::ALL[dice.usize(..Fault::ALL.len())];
    // A node that has no store when it starts, and one order given twice, are other tests' stories.
    let is_of_redis = |fault| {
        matches!(
            fault,
            Fault::KillRedis
                | Fault::EmptyRedis
                | Fault::FreezeRedis
                | Fault::NoMemory
                | Fault::NoWrites
                | Fault::FreezeAll
        )
    };
    if is_of_redis(first) && is_of_redis(second) {
        second = Fault::CutOff;
    }
    let (one, other) = (0, 1 + dice.usize(..2));
    first.begin(scene, one).await;
    scene.live(dice.u64(0..4)).await;
    second.begin(scene, other).await;
    scene.live(dice.u64(1..9)).await;
    // Redis comes back before a node that needs it to start.
    if is_of_redis(second) {
        second.end(scene, other).await;
        first.end(scene, one).await;
    } else {
        first.end(scene, one).await;
        second.end(scene, other).await;
    }
    (first, second)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes an hour: make soak"]
async fn f26_two_faults_at_once() {
    let rounds = number("PASSERBY_SOAK_ROUNDS", ROUNDS);
    let mut slowest = Duration::ZERO;
    for _ in 0..rounds {
        let mut scene = Scene::begin_keeping("F26", "two faults at once").await;
        let mut dice = Rng::with_seed(scene.plan.seed_of(usize::MAX));
        scene.breaks();
        let faults = two_faults(&mut scene, &mut dice).await;
        eprintln!("F26: {faults:?}");
        let outcome = scene.ends_within(Duration::from_secs(30)).await;
        slowest = slowest.max(outcome.found);
    }
    let figures = format!(
        "{rounds} pairs of faults, 0 violations; all found within {}",
        seconds(slowest)
    );
    report::row("F26", "two faults at once", &figures);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a night: make soak"]
async fn f27_all_faults_for_hours() {
    let time = Duration::from_secs(number("PASSERBY_SOAK_SECONDS", SOAK));
    let mut scene = Scene::begin_keeping("F27", "all faults at random").await;
    let mut dice = Rng::with_seed(scene.plan.seed_of(usize::MAX));
    let begun = Instant::now();
    let (mut faults, mut slowest) = (0, Duration::ZERO);
    let mut first = None;
    while begun.elapsed() < time {
        scene.swarm.turn(Phase::Running);
        scene.live(dice.u64(5..15)).await;
        let (fault, node) = (Fault::ALL[dice.usize(..Fault::ALL.len())], dice.usize(..3));
        fault.begin(&mut scene, node).await;
        scene.live(dice.u64(1..12)).await;
        fault.end(&mut scene, node).await;
        scene.nodes.know_each_other().await;
        match scene.swarm.finds_everybody(Duration::from_secs(30)).await {
            Ok(found) => slowest = slowest.max(found),
            Err(lost) => panic!("{:?}: {fault:?}: lost: {lost:#?}", scene.plan),
        }
        faults += 1;
        let keys = scene.nodes.redis().cli().clone().ask(&["DBSIZE"]).await;
        let memory: u64 = scene
            .nodes
            .all()
            .iter()
            .map(|node| node.server().resident_kib() / 1024)
            .sum();
        first.get_or_insert(memory);
        eprintln!("F27: {fault:?}; {memory} MiB in all nodes, {keys} keys");
    }
    let outcome = scene.ends().await;
    outcome.tell(&format!(
        "{} of faults, {faults} of them, all found within {}",
        seconds(begun.elapsed()),
        seconds(slowest)
    ));
}
