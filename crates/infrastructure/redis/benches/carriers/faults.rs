//! What is lost when the way breaks, and for how long nothing comes.

use crate::carrier::{End, Kind, Side, Take};
use passerby_tests::proxy::{Mode, Proxy, Way};
use passerby_tests::redis::{Keeps, Standalone};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How long after the last message others may come.
const AFTER: Duration = Duration::from_secs(2);
/// Between two messages.
const PACE: Duration = Duration::from_millis(2);

#[derive(Clone, Copy)]
enum Fault {
    /// The server closes the reader's connection.
    Killed,
    /// The reader's connection passes nothing any more, and stays open.
    Deaf,
    /// The server stops for a second and a half.
    Frozen,
}

impl Fault {
    const ALL: [Self; 3] = [Self::Killed, Self::Deaf, Self::Frozen];

    fn name(self) -> &'static str {
        match self {
            Self::Killed => "reader's connection killed",
            Self::Deaf => "reader's connection deaf",
            Self::Frozen => "Redis frozen for 1.5 s",
        }
    }
}

/// Breaks each way in each manner. Some 400 messages a second are sent during 8 s.
pub(crate) async fn run() {
    println!();
    println!("| fault | carrier | sent | refused | lost | longest silence ms |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for fault in Fault::ALL {
        for kind in Kind::ALL {
            let (sent, refused, lost, silence) = break_it(fault, kind).await;
            println!(
                "| {} | {} | {sent} | {refused} | {lost} | {} |",
                fault.name(),
                kind.name(),
                silence.as_millis()
            );
        }
    }
}

struct Seen {
    numbers: HashSet<u64>,
    last: Instant,
    silence: Duration,
}

async fn break_it(fault: Fault, kind: Kind) -> (u64, u64, u64, Duration) {
    let mut server = Standalone::start(Keeps::Nothing).await;
    let proxy = Proxy::to(server.address(), 1).await;
    let seen = Arc::new(Mutex::new(Seen {
        numbers: HashSet::new(),
        last: Instant::now(),
        silence: Duration::ZERO,
    }));
    let take: Take = {
        let seen = Arc::clone(&seen);
        Arc::new(move |number, _| {
            let mut seen = seen.lock().expect("nobody panics with it");
            seen.numbers.insert(number);
            seen.silence = seen.silence.max(seen.last.elapsed());
            seen.last = Instant::now();
        })
    };
    let _reader = End::open(kind, &format!("redis://{}", proxy.address()), Side::There, take).await;
    let nothing: Take = Arc::new(|_, _| {});
    let writer = End::open(
        kind,
        &format!("redis://{}", server.address()),
        Side::Here,
        nothing,
    )
    .await;
    sleep(Duration::from_millis(500)).await;
    seen.lock().expect("nobody panics with it").last = Instant::now();
    let start = Instant::now();
    let (mut number, mut refused, mut is_broken) = (0, 0, false);
    while start.elapsed() < Duration::from_secs(8) {
        if !is_broken && start.elapsed() > Duration::from_secs(1) {
            is_broken = true;
            inflict(fault, &mut server, &proxy).await;
        }
        if writer.send(number, 0).is_err() {
            refused += 1;
        }
        number += 1;
        sleep(PACE).await;
    }
    sleep(AFTER).await;
    let seen = seen.lock().expect("nobody panics with it");
    let silence = seen.silence.max(seen.last.elapsed().saturating_sub(AFTER));
    let sent = number - refused;
    (sent, refused, sent - seen.numbers.len() as u64, silence)
}

async fn inflict(fault: Fault, server: &mut Standalone, proxy: &Proxy) {
    match fault {
        Fault::Killed => proxy.reset_links(),
        Fault::Deaf => {
            for port in proxy.links() {
                proxy.set_link(port, &Mode::Deaf(Way::Down));
            }
        }
        Fault::Frozen => {
            server.process().freeze();
            sleep(Duration::from_millis(1_500)).await;
            server.process().thaw();
        }
    }
}
