//! `storm`: everybody connects at once.
//!
//! **Architecture Invariants:** nobody is asked to come back: whoever is turned away or lost is counted as that. All
//! latencies count from the one moment at which all set out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::client::connect::Refusal;
use crate::clock::Nanos;
use crate::crew::{Crew, Span};
use crate::failure::Failure;
use crate::recorder::Recorder;
use crate::report::Report;
use crate::run::Run;
use crate::scenario::gather::{Gathering, Unseated, arrival, seat};
use crate::scenario::span::Moment;
use crate::scenario::{FAREWELL, count, real};

/// How long users may be without a partner.
const DURATION: Duration = Duration::from_secs(30);
/// Time for all tasks to be made before they set out.
const HEAD_START: Nanos = 200_000_000;

/// How it ended for those who have no partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    TooMany,
    Unavailable,
    Refused,
    Unreachable,
    Lost,
    LostLater,
}

struct Shared {
    run: Arc<Run>,
    gathering: Arc<Gathering>,
    /// From setting out to a partner.
    ready: Recorder,
    fates: Mutex<BTreeMap<Fate, u64>>,
    /// Users whose story is known: paired, or not.
    decided: watch::Sender<u64>,
    over: CancellationToken,
}

/// Runs the scenario.
pub(crate) async fn run(run: &Arc<Run>) -> Result<Report, Failure> {
    let users = count(run.options.users);
    let patience = run.options.duration.unwrap_or(DURATION);
    let shared = Arc::new(Shared {
        run: Arc::clone(run),
        gathering: Arc::new(Gathering::new(run)),
        ready: Recorder::new(run.threads),
        fates: Mutex::default(),
        decided: watch::Sender::new(0),
        over: CancellationToken::new(),
    });
    let before = Moment::now(run).await?;
    let begin = before.at.saturating_add(HEAD_START);
    let mut crew = Crew::default();
    for number in 0..run.options.users {
        // At once, unless a ramp was asked for.
        let at = match run.options.ramp {
            Some(_) => arrival(run, begin, number),
            None => begin,
        };
        crew.spawn(user(Arc::clone(&shared), number, at));
    }
    let bar = run.progress.count("storm", users);
    let mut decided = shared.decided.subscribe();
    let all = async {
        loop {
            let now = *decided.borrow_and_update();
            bar.set_position(now);
            if now >= users || decided.changed().await.is_err() {
                return;
            }
        }
    };
    let patient = async {
        let _ = tokio::time::timeout(patience, all).await;
    };
    let span = crew.measure(patient).await?;
    bar.finish_and_clear();
    let after = Moment::now(run).await?;
    shared.over.cancel();
    crew.finish(FAREWELL).await?;

    let mut report = run.report(
        "storm",
        vec![("duration", humantime::format_duration(patience).to_string())],
    );
    if span == Span::CutShort {
        report.notes.push("cut short by Ctrl-C".to_owned());
    }
    figures(&shared, users, &before, &after, &mut report);
    after.report_since(&before, run, &mut report);
    report.latency("connect", "connected (TCP)", shared.gathering.connect.total());
    shared.gathering.report(&mut report, run.options.url.len());
    report.latency("ready", "from setting out to a partner", shared.ready.total());
    Ok(report)
}

fn figures(shared: &Shared, users: u64, before: &Moment, after: &Moment, report: &mut Report) {
    let fates = shared.fates.lock().unwrap_or_else(PoisonError::into_inner);
    let of = |fate: Fate| fates.get(&fate).copied().unwrap_or_default();
    let ready = shared.ready.total();
    let paired = ready.len();
    report.count("users", "users who set out", users);
    report.count("paired", "found a partner", paired);
    let turned_away = of(Fate::TooMany) + of(Fate::Unavailable) + of(Fate::Refused);
    report.count("turned_away", "turned away at the door", turned_away);
    report.count("unreachable", "did not get through", of(Fate::Unreachable));
    report.count(
        "lost",
        "lost after they were let in",
        of(Fate::Lost) + of(Fate::LostLater),
    );
    let known: u64 = paired + turned_away + of(Fate::Unreachable) + of(Fate::Lost);
    let waiting = users.saturating_sub(known);
    report.count("waiting", "still without a partner", waiting);
    report.real(
        "connects_per_second",
        "partners found a second, until the last",
        real(paired) / (real(ready.max()) / 1e9),
    );
    if let Some(cpu) = after.server_cpu_since(before) {
        report.real(
            "server_cpu_ms_per_1000",
            "server CPU, ms per 1000 users",
            cpu * 1e6 / real(users),
        );
    }
    if let Some(kib) = after.server_kib_since(before) {
        report.real(
            "server_kib_per_connection",
            "server memory per connection, KiB",
            kib / real(users),
        );
    }
    let mut wrong = |count: u64, what: &str| {
        if count > 0 {
            report.problems.push(format!("{count} users {what}"));
        }
    };
    wrong(
        of(Fate::TooMany),
        "were turned away with 429: limits.connections_per_origin=0 and limits.connects_per_origin_per_minute=0 lift the \
         limits that all users of this tool share",
    );
    wrong(
        of(Fate::Unavailable),
        "were turned away with 503: the server was draining, full (limits.connections), or cut off from its store",
    );
    wrong(
        of(Fate::Refused),
        "were turned away with another answer than 101, 429 and 503",
    );
    wrong(of(Fate::Unreachable), "did not get a connection or a handshake");
    wrong(
        of(Fate::Lost) + of(Fate::LostLater),
        "lost their connection after they were let in",
    );
    wrong(waiting, "found no partner in time");
}

async fn user(shared: Arc<Shared>, number: usize, at: Nanos) -> Result<(), Failure> {
    let run = &shared.run;
    let seated = tokio::select! {
        biased;
        () = shared.over.cancelled() => return Ok(()),
        seated = seat(run, &shared.gathering, number, at) => seated,
    };
    let ends = |fate: Fate| {
        let mut fates = shared.fates.lock().unwrap_or_else(PoisonError::into_inner);
        *fates.entry(fate).or_default() += 1;
    };
    let mut seated = match seated {
        Ok(seated) => seated,
        Err(unseated) => {
            ends(match unseated {
                Unseated::Refused(Refusal::Http { status: 429, .. }) => Fate::TooMany,
                Unseated::Refused(Refusal::Http { status: 503, .. }) => Fate::Unavailable,
                Unseated::Refused(Refusal::Http { .. }) => Fate::Refused,
                Unseated::Refused(Refusal::Network(_)) => Fate::Unreachable,
                Unseated::Lost(_) => Fate::Lost,
                Unseated::NotAnEvent(why) => return Err(Failure::NotAnEvent { user: number, why }),
            });
            shared.decided.send_modify(|decided| *decided += 1);
            return Ok(());
        }
    };
    shared.ready.record(number, run.clock.now().saturating_sub(at));
    shared.decided.send_modify(|decided| *decided += 1);
    loop {
        tokio::select! {
            biased;
            () = shared.over.cancelled() => break,
            frame = seated.socket.next() => if frame.is_err() {
                ends(Fate::LostLater);
                return Ok(());
            },
        }
    }
    seated.socket.goodbye().await;
    Ok(())
}
