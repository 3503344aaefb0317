//! `relay`: pairs talk, without pause or at a rate.
//!
//! Closed loop: each pair has one message in flight, and whoever gets it sends the next. That is as much as the server can
//! do, and says what a message costs. Open loop: messages are sent when they are due, whatever the server does, and each
//! latency counts from when the message was due. That says what users feel at a given load.
//!
//! **Architecture Invariants:** a message carries the moment from which its latency counts, so nothing is looked up for it.
//! A chat that ends, a connection that closes and a message that is refused end the run.

mod talk;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::cli::Relay;
use crate::clock::{Nanos, SECOND, nanos};
use crate::crew::{Crew, Span};
use crate::failure::Failure;
use crate::pacer::{self, Schedule};
use crate::progress::advance;
use crate::recorder::Recorder;
use crate::report::Report;
use crate::run::Run;
use crate::scenario::gather::{Gathering, arrival};
use crate::scenario::span::Moment;
use crate::scenario::{FAREWELL, real};
use talk::talk;

/// How long is measured.
const DURATION: Duration = Duration::from_secs(10);
/// How long messages may be on their way after the end.
const DRAIN: Duration = Duration::from_secs(3);
/// Between the plan and the first message, so that everybody knows it.
const HEAD_START: Nanos = SECOND / 10;

/// When everybody talks.
#[derive(Clone, Copy, Debug)]
struct Plan {
    /// The open loop's; without one it is closed.
    schedule: Option<Schedule>,
    begin: Nanos,
    /// From here on is measured.
    measure: Nanos,
    /// Nothing is sent from here on.
    end: Nanos,
}

#[derive(Debug)]
struct Shared {
    run: Arc<Run>,
    gathering: Gathering,
    plan: watch::Sender<Option<Plan>>,
    /// The end of the plan, for those who look at it with each message.
    end: AtomicU64,
    /// One for each user: a message of theirs is due.
    due: Vec<Notify>,
    wants_acks: bool,
    sent: AtomicU64,
    received: AtomicU64,
    messages: Recorder,
    acks: Recorder,
    /// How late this tool itself sent.
    late: Recorder,
    over: CancellationToken,
}

/// Runs the scenario.
pub(crate) async fn run(run: &Arc<Run>, options: &Relay) -> Result<Report, Failure> {
    let shared = Arc::new(Shared {
        run: Arc::clone(run),
        gathering: Gathering::new(run),
        plan: watch::Sender::new(None),
        end: AtomicU64::new(0),
        due: (0..run.options.users).map(|_| Notify::new()).collect(),
        wants_acks: options.acks,
        sent: AtomicU64::new(0),
        received: AtomicU64::new(0),
        messages: Recorder::new(run.threads),
        acks: Recorder::new(run.threads),
        late: Recorder::new(run.threads),
        over: CancellationToken::new(),
    });
    let mut crew = Crew::default();
    let now = run.clock.now();
    for user in 0..run.options.users {
        crew.spawn(talk(Arc::clone(&shared), user, arrival(run, now, user)));
    }
    shared.gathering.complete(run, &mut crew).await?;

    let duration = run.options.duration.unwrap_or(DURATION);
    let plan = make_plan(run, options, duration);
    shared.end.store(plan.end, Ordering::Relaxed);
    shared.plan.send_replace(Some(plan));
    if let Some(schedule) = plan.schedule {
        let shared = Arc::clone(&shared);
        let clock = run.clock;
        crew.spawn(async move { pacer::run(schedule, clock, plan.end, &shared.due).await });
    }
    crew.until(tokio::time::sleep_until(run.clock.instant(plan.measure)))
        .await?;
    let before = shared.look().await?;
    let bar = run.progress.span("talking", duration);
    let end = async {
        tokio::select! {
            () = tokio::time::sleep_until(run.clock.instant(plan.end)) => {}
            () = advance(&bar) => {}
        }
    };
    let span = crew.measure(end).await?;
    bar.finish_and_clear();
    let after = shared.look().await?;
    if span == Span::CutShort {
        // Nobody sends from now on.
        shared.end.store(0, Ordering::Relaxed);
    }
    let drained = crew.until(shared.drain()).await;
    shared.over.cancel();
    crew.finish(FAREWELL).await?;
    drained?;

    let mut report = run.report("relay", settings(options, duration));
    if span == Span::CutShort {
        report.notes.push("cut short by Ctrl-C".to_owned());
    }
    shared.figures(options, &before, &after, &mut report);
    Ok(report)
}

fn make_plan(run: &Run, options: &Relay, duration: Duration) -> Plan {
    let begin = run.clock.now().saturating_add(HEAD_START);
    let measure = begin.saturating_add(nanos(options.warmup));
    Plan {
        schedule: options
            .rate
            .and_then(|rate| Schedule::new(begin, rate, run.options.users)),
        begin,
        measure,
        end: measure.saturating_add(nanos(duration)),
    }
}

fn settings(options: &Relay, duration: Duration) -> Vec<(&'static str, String)> {
    vec![
        ("duration", humantime::format_duration(duration).to_string()),
        ("warmup", humantime::format_duration(options.warmup).to_string()),
        (
            "loop",
            match options.rate {
                Some(rate) => format!("open, {rate} messages a second"),
                None => "closed, one message in flight in each pair".to_owned(),
            },
        ),
        ("acks", if options.acks { "yes" } else { "no" }.to_owned()),
    ]
}

/// A moment, and how many messages had arrived.
struct Look {
    moment: Moment,
    received: u64,
}

impl Shared {
    async fn look(&self) -> Result<Look, Failure> {
        let moment = Moment::now(&self.run).await?;
        Ok(Look {
            moment,
            received: self.received.load(Ordering::Relaxed),
        })
    }

    /// Waits until all that was sent has arrived, but not for ever.
    async fn drain(&self) {
        let mut tick = tokio::time::interval(DRAIN / 100);
        for _ in 0..100 {
            tick.tick().await;
            if self.received.load(Ordering::Relaxed) >= self.sent.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    fn figures(&self, options: &Relay, before: &Look, after: &Look, report: &mut Report) {
        let arrived = after.received.saturating_sub(before.received);
        let span = after.moment.seconds_since(&before.moment);
        let rate = real(arrived) / span;
        report.count("messages", "messages that arrived", arrived);
        report.real("messages_per_second", "messages a second", rate);
        if let Some(asked) = options.rate {
            report.real("messages_per_second_asked", "messages a second, asked for", asked);
        }
        let sent = self.sent.load(Ordering::Relaxed);
        let lost = sent.saturating_sub(self.received.load(Ordering::Relaxed));
        report.count("lost", "messages lost, of all sent", lost);
        if let Some(cpu) = after.moment.server_cpu_since(&before.moment) {
            report.real(
                "server_cpu_us_per_message",
                "server CPU per message, µs",
                cpu * 1e6 / real(arrived),
            );
        }
        after.moment.report_since(&before.moment, &self.run, report);
        self.gathering.report(report, self.run.options.url.len());
        let from = if options.rate.is_some() {
            "message, from when it was due"
        } else {
            "message, from when it was sent"
        };
        report.latency("message", from, self.messages.total());
        if self.wants_acks {
            report.latency("ack", "acknowledgement, from the same moment", self.acks.total());
        }
        if options.rate.is_some() {
            report.latency("late", "sent late by this tool", self.late.total());
        }
        if lost > 0 {
            report.problems.push(format!(
                "{lost} of {sent} messages did not arrive within {DRAIN:?}"
            ));
        }
        if arrived == 0 {
            report.problems.push("no message arrived".to_owned());
        }
    }
}
