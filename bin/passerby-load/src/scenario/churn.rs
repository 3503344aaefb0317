//! `churn`: users who chat, skip, leave, drop and come back, while everything that they are told is checked.
//!
//! Made for clusters too: run it while nodes are restarted, killed, or cut off from their store, and see that no promise
//! is broken and how the users fare.
//!
//! **Architecture Invariants:** users behave as good clients do: they come back after a jittered delay, with their token
//! and the last number they have processed, and send again what has no answer. A node that is gone is no failure of the
//! run.

mod counts;
mod life;
mod stay;
mod words;

use std::convert::Infallible;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::ProgressBar;
use tokio::sync::watch;

use crate::checker::Checker;
use crate::checker::violation::Violation;
use crate::cli::Churn;
use crate::crew::{Crew, Span};
use crate::failure::Failure;
use crate::progress::advance;
use crate::recorder::Recorder;
use crate::report::Report;
use crate::run::Run;
use crate::scenario::gather::arrival;
use crate::scenario::span::Moment;
use crate::scenario::{FAREWELL, count};
use counts::Counts;

/// How long users live.
const DURATION: Duration = Duration::from_secs(60);
/// How long users may take to come to rest: longer than graces and back-offs together.
const SETTLE: Duration = Duration::from_secs(40);
/// How often it is looked whether they have.
const LOOK: Duration = Duration::from_millis(100);

/// What users are to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Live.
    Running,
    /// Do nothing new, but come back where they were cut off.
    Settling,
    /// Say good-bye.
    Done,
}

#[derive(Debug)]
struct Shared {
    run: Arc<Run>,
    checker: Checker,
    counts: Counts,
    phase: watch::Sender<Phase>,
    /// The mean pause between two deeds.
    think: Duration,
    /// Users who were let in at least once.
    arrived: watch::Sender<u64>,
    /// Users who are connected.
    here: AtomicU64,
    /// From a message to its answer.
    answers: Recorder,
    /// From the first attempt to come back to the `welcome`.
    returns: Recorder,
}

/// Runs the scenario.
pub(crate) async fn run(run: &Arc<Run>, options: &Churn) -> Result<Report, Failure> {
    let duration = run.options.duration.unwrap_or(DURATION);
    let users = count(run.options.users);
    let shared = Arc::new(Shared {
        run: Arc::clone(run),
        checker: Checker::default(),
        counts: Counts::default(),
        phase: watch::Sender::new(Phase::Running),
        think: options.think,
        arrived: watch::Sender::new(0),
        here: AtomicU64::new(0),
        answers: Recorder::new(run.threads),
        returns: Recorder::new(run.threads),
    });
    let before = Moment::now(run).await?;
    let mut crew = Crew::default();
    for user in 0..run.options.users {
        let at = arrival(run, before.at, user);
        crew.spawn(life::live(Arc::clone(&shared), user, at));
    }
    let mut arrived = shared.arrived.subscribe();
    let bar = run.progress.count("arriving", users);
    let all = async {
        loop {
            let now = *arrived.borrow_and_update();
            bar.set_position(now);
            if now >= users || arrived.changed().await.is_err() {
                return;
            }
        }
    };
    crew.until(all).await?;
    bar.finish_and_clear();

    let bar = run.progress.span("living", duration);
    let end = async {
        tokio::select! {
            () = tokio::time::sleep(duration) => {}
            () = advance(&bar) => {}
        }
    };
    let span = tokio::select! {
        span = crew.measure(end) => span?,
        never = shared.tells_violations(&bar) => match never {},
    };
    bar.finish_and_clear();
    let after = Moment::now(run).await?;
    shared.phase.send_replace(Phase::Settling);
    let bar = run.progress.span("settling", SETTLE);
    let at_rest = async {
        tokio::select! {
            at_rest = shared.settle(users) => at_rest,
            () = advance(&bar) => false,
        }
    };
    // Whoever presses Ctrl-C once more does not want to wait for this.
    let at_rest = match crew.until(at_rest).await {
        Err(Failure::Interrupted) => false,
        outcome => outcome?,
    };
    bar.finish_and_clear();
    shared.checker.book().closes();
    let here = shared.here.load(Ordering::Relaxed);
    shared.phase.send_replace(Phase::Done);
    crew.finish(FAREWELL).await?;

    let settings = vec![
        ("duration", humantime::format_duration(duration).to_string()),
        ("think", humantime::format_duration(options.think).to_string()),
    ];
    let mut report = run.report("churn", settings);
    if span == Span::CutShort {
        report.notes.push("cut short by Ctrl-C".to_owned());
    }
    if !at_rest && here < users {
        let missing = users - here;
        report
            .problems
            .push(format!("{missing} users could not come back"));
    }
    shared.figures(&mut report);
    after.report_since(&before, run, &mut report);
    report.latency("answer", "a message's ack or error", shared.answers.total());
    report.latency("return", "back after a cut, all attempts", shared.returns.total());
    Ok(report)
}

impl Shared {
    /// Tells violations as they are found, the first of them: a run may take hours.
    async fn tells_violations(&self, bar: &ProgressBar) -> Infallible {
        let mut told = 0;
        loop {
            tokio::time::sleep(LOOK).await;
            let new = {
                let book = self.checker.book();
                let new = book.tally().first().get(told..).unwrap_or_default().to_vec();
                told += new.len();
                new
            };
            for Violation { rule, what } in new {
                // Where it cannot be written it is told at the end all the same.
                let line = format!("passerby-load: {} is broken: {what}\n", rule.id());
                let _ = bar.suspend(|| io::stderr().write_all(line.as_bytes()));
            }
        }
    }

    /// Waits until everybody is connected and nothing is on its way; false when that takes too long.
    async fn settle(&self, users: u64) -> bool {
        let rest = async {
            loop {
                tokio::time::sleep(LOOK).await;
                let unsettled = self.checker.book().unsettled();
                if self.here.load(Ordering::Relaxed) >= users && unsettled == 0 {
                    return;
                }
            }
        };
        tokio::time::timeout(SETTLE, rest).await.is_ok()
    }

    fn figures(&self, report: &mut Report) {
        {
            let book = self.checker.book();
            report.count("chats", "chats", book.begun());
            report.count("messages", "messages that arrived", book.received());
            report.count("seats", "seats, one for each fresh start", book.seats());
            report.violations = Some(book.tally().clone());
        }
        self.counts.report(report);
    }
}
