//! What it costs to carry letters from node to node: by streams, by sharded Pub/Sub, and the whole post.
//!
//! Two nodes, each a process, pass messages to and fro through a Redis server of their own. What waits is carried as one
//! batch when the last write has returned, whatever the carrier. Prints microseconds of CPU time for each message, of Redis
//! and of both nodes, and how long a message takes one way. Then breaks the way, and prints what is lost.
//!
//! ```text
//! taskset -c 0 cargo bench -p passerby-redis --bench carriers [-- [rounds] [seconds] [carrier] [crowd]]
//! ```
//!
//! Without cargo's `--bench` it merely shows that it works.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a benchmark says what it finds, and has clock and runtime of its own"
)]

mod carrier;
mod faults;
mod load;

use carrier::Kind;
use load::Figures;
use passerby_tests::redis::{Keeps, Standalone};
use std::time::Duration;

/// How many messages are on their way at once.
const CROWDS: [usize; 3] = [1, 32, 1_000];

fn main() {
    let mut words = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect::<Vec<_>>();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if words.first().is_some_and(|word| word == "echo") {
        let kind = Kind::parse(&words[1]);
        runtime.block_on(load::echo(kind, &words[2]));
        return;
    }
    if !std::env::args().any(|word| word == "--bench") {
        runtime.block_on(compare(&Kind::ALL, &[CROWDS[1]], 1, Duration::from_millis(100)));
        return;
    }
    words.resize(4, String::new());
    let rounds = words[0].parse().unwrap_or(5);
    let seconds = words[1].parse().unwrap_or(2);
    let kinds: Vec<_> = Kind::ALL
        .into_iter()
        .filter(|kind| kind.name().contains(&words[2]))
        .collect();
    let crowds: Vec<_> = words[3].parse().map_or(CROWDS.to_vec(), |crowd| vec![crowd]);
    runtime.block_on(compare(&kinds, &crowds, rounds, Duration::from_secs(seconds)));
    if words[2].is_empty() {
        runtime.block_on(faults::run());
    }
}

async fn compare(kinds: &[Kind], crowds: &[usize], rounds: usize, span: Duration) {
    println!(
        "| on their way | carrier | Redis µs | nodes µs | together µs | one way p50 µs | p99 µs | messages/s | a batch |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for &crowd in crowds {
        let mut all: Vec<_> = kinds.iter().map(|kind| (*kind, Vec::<Figures>::new())).collect();
        for _ in 0..rounds {
            // In turn, so that a busy neighbour meets all alike.
            for (kind, figures) in &mut all {
                let server = Standalone::start(Keeps::Nothing).await;
                figures.push(load::measure(*kind, server.address(), crowd, span).await);
            }
        }
        for (kind, figures) in &all {
            let median = |of: fn(&Figures) -> f64| {
                let mut values: Vec<_> = figures.iter().map(of).collect();
                values.sort_by(f64::total_cmp);
                values[values.len() / 2]
            };
            println!(
                "| {crowd} | {} | {:.2} | {:.2} | {:.2} | {:.0} | {:.0} | {:.0} | {:.1} |",
                kind.name(),
                median(|figures| figures.redis),
                median(|figures| figures.nodes),
                median(|figures| figures.redis + figures.nodes),
                median(|figures| figures.p50),
                median(|figures| figures.p99),
                median(|figures| figures.rate),
                median(|figures| figures.batch),
            );
        }
    }
}
