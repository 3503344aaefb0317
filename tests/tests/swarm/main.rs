//! A swarm of users who chat, skip, leave, drop and resume at random against one node, watched by a checker.
//!
//! `PASSERBY_SWARM_USERS`, `PASSERBY_SWARM_SECONDS` and `PASSERBY_SWARM_SEED` make it larger, longer or the same
//! again; the seed is printed.
//!
//! **Architecture Invariants:** each rule that is checked is one of section 5 of the protocol.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test says what went wrong by panicking, and has clock and environment of its own"
)]

mod hostile;

use std::sync::Arc;
use std::time::{Duration, Instant};

use passerby_tests::swarm::{CANARY_INTEREST, CANARY_TEXT, Phase, Plan, Record, Swarm};
use passerby_tests::{Server, http};

/// Longer than any patience and grace of the swarm's server, several times over.
const SETTLE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_swarm_of_users_breaks_no_promise() {
    swarm(Plan::from_environment(200, 20), 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_swarm_beside_hostile_neighbours_breaks_no_promise() {
    swarm(Plan::from_environment(60, 10), 8).await;
}

async fn swarm(plan: Plan, neighbours: usize) {
    let server = Arc::new(Server::start(&Plan::SETTINGS).await);
    for canary in [CANARY_TEXT, CANARY_INTEREST] {
        server.keep_out_of_logs(canary);
    }
    let swarm = Swarm::start(plan, vec![server.target().clone()]);
    let hostile: Vec<_> = (0..neighbours)
        .map(|number| {
            let seed = plan.seed_of(plan.users + number);
            tokio::spawn(hostile::live(seed, Arc::clone(&server), swarm.phase()))
        })
        .collect();
    swarm.live(plan.time).await;
    swarm.turn(Phase::Settling);
    for neighbour in hostile {
        neighbour
            .await
            .expect("nobody checks what happens to a hostile neighbour");
    }
    if let Err(open) = swarm.settles(SETTLE).await {
        eprintln!("swarm: not settled: {open:#?}");
    }
    let stats = statistics_agree(&server, swarm.record()).await;
    let (broken, counts) = swarm.finish().await;
    eprintln!(
        "swarm: {counts}; peak memory {} KiB; {stats}",
        server.peak_resident_kib()
    );
    assert!(broken.is_empty(), "{plan:?}: {broken:#?}");
    counts.was_lively(plan.users);
}

/// Waits until the server counts as the swarm does.
async fn statistics_agree(server: &Server, record: &Record) -> String {
    let deadline = Instant::now() + passerby_tests::PATIENCE;
    loop {
        let stats = http::get(server.http(), "/api/v1/stats", &[]).await.json();
        let (online, waiting, chatting) = record.census();
        let agree = stats["online"] == online && stats["waiting"] == waiting && stats["chatting"] == chatting;
        if agree {
            return stats.to_string();
        }
        if Instant::now() > deadline {
            record.violation(format!(
                "statistics say {stats}, users ({online}, {waiting}, {chatting})"
            ));
            return stats.to_string();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
