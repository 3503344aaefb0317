//! A swarm of users who chat, skip, leave, drop and resume at random against one node, watched by a checker.
//!
//! `PASSERBY_SWARM_USERS`, `PASSERBY_SWARM_SECONDS` and `PASSERBY_SWARM_SEED` make it larger, longer or the same
//! again; the seed is printed.
//!
//! **Architecture Invariants:** the checker knows only what users were told and what they sent; each rule it checks
//! is one of section 5 of the protocol.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test says what went wrong by panicking, and has clock and environment of its own"
)]

mod criteria;
mod hostile;
mod plan;
mod record;
mod user;
mod verdict;

use std::sync::Arc;
use std::time::{Duration, Instant};

use passerby_tests::{Server, http};
use tokio::sync::watch;

use plan::{Phase, Plan};
use record::Record;

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
    eprintln!("swarm: {plan:?}, {neighbours} hostile neighbours");
    let server = Arc::new(Server::start(&Plan::SETTINGS).await);
    let record = Arc::new(Record::default());
    let (phase, watched) = watch::channel(Phase::Running);
    let users: Vec<_> = (0..plan.users)
        .map(|number| {
            let (server, record, watched) = (Arc::clone(&server), Arc::clone(&record), watched.clone());
            tokio::spawn(user::live(number, plan.seed_of(number), server, record, watched))
        })
        .collect();
    let hostile: Vec<_> = (0..neighbours)
        .map(|number| {
            let seed = plan.seed_of(plan.users + number);
            tokio::spawn(hostile::live(seed, Arc::clone(&server), watched.clone()))
        })
        .collect();
    tokio::time::sleep(plan.time).await;
    phase.send_replace(Phase::Settling);
    for neighbour in hostile {
        neighbour
            .await
            .expect("nobody checks what happens to a hostile neighbour");
    }
    let deadline = Instant::now() + SETTLE;
    loop {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let unsettled = record.unsettled(plan.users);
        if unsettled.is_empty() {
            break;
        }
        let failed = users.iter().filter(|user| user.is_finished()).count();
        if failed > 0 || Instant::now() > deadline {
            eprintln!("swarm: {failed} users failed; not settled: {unsettled:#?}");
            break;
        }
    }
    let stats = statistics_agree(&server, &record).await;
    phase.send_replace(Phase::Done);
    for user in users {
        user.await.expect("no user saw a promise broken");
    }
    let verdict = record.verdict(plan.users);
    eprintln!(
        "swarm: {}; peak memory {} KiB; {stats}",
        record.tally(),
        server.peak_resident_kib()
    );
    assert!(verdict.is_empty(), "{plan:?}: {verdict:#?}");
    record.was_lively(plan.users);
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
