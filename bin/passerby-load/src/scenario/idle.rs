//! `idle`: everybody says one message, and then nobody says anything.
//!
//! **Architecture Invariants:** while it is silent the tool sends nothing but the pongs that a client owes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::client::command::{Answer, Template, mark_of};
use crate::clock::Nanos;
use crate::crew::{Crew, Span};
use crate::failure::Failure;
use crate::progress::advance;
use crate::recorder::Recorder;
use crate::report::Report;
use crate::run::Run;
use crate::scenario::gather::{Gathering, Heard, arrival, seat};
use crate::scenario::span::Moment;
use crate::scenario::{FAREWELL, count, real};

/// How long the silence is.
const DURATION: Duration = Duration::from_secs(60);

struct Shared {
    run: Arc<Run>,
    gathering: Arc<Gathering>,
    messages: Recorder,
    greeted: watch::Sender<u64>,
    over: CancellationToken,
}

/// Runs the scenario.
pub(crate) async fn run(run: &Arc<Run>) -> Result<Report, Failure> {
    let users = run.options.users;
    let silence = run.options.duration.unwrap_or(DURATION);
    let shared = Arc::new(Shared {
        run: Arc::clone(run),
        gathering: Arc::new(Gathering::new(run)),
        messages: Recorder::new(run.threads),
        greeted: watch::Sender::new(0),
        over: CancellationToken::new(),
    });
    let before = Moment::now(run).await?;
    let mut crew = Crew::default();
    for number in 0..users {
        let shared = Arc::clone(&shared);
        let at = arrival(run, before.at, number);
        crew.spawn(user(shared, number, at));
    }
    shared.gathering.complete(run, &mut crew).await?;
    let mut greeted = shared.greeted.subscribe();
    let all = count(users);
    let _ = crew.until(greeted.wait_for(|greeted| *greeted >= all)).await?;
    let settled = Moment::now(run).await?;

    let bar = run.progress.span("silence", silence);
    let quiet = async {
        tokio::select! {
            () = tokio::time::sleep(silence) => {}
            () = advance(&bar) => {}
        }
    };
    let span = crew.measure(quiet).await?;
    bar.finish_and_clear();
    let after = Moment::now(run).await?;
    shared.over.cancel();
    crew.finish(FAREWELL).await?;

    let mut report = run.report(
        "idle",
        vec![("duration", humantime::format_duration(silence).to_string())],
    );
    if span == Span::CutShort {
        report.notes.push("cut short by Ctrl-C".to_owned());
    }
    report.count("connections", "connections, all paired", all);
    figures(&mut report, all, &before, &settled, &after);
    after.report_since(&settled, run, &mut report);
    shared.gathering.report(&mut report, run.options.url.len());
    report.latency("message", "first message", shared.messages.total());
    Ok(report)
}

fn figures(report: &mut Report, users: u64, before: &Moment, settled: &Moment, after: &Moment) {
    let users = real(users);
    report.real(
        "arrival_seconds",
        "until all were paired and had talked, s",
        settled.seconds_since(before),
    );
    if let Some(cpu) = settled.server_cpu_since(before) {
        report.real(
            "server_arrival_cpu_ms_per_1000",
            "server CPU to connect, pair and talk, ms per 1000",
            cpu * 1e6 / users,
        );
    }
    if let Some(kib) = settled.server_kib_since(before) {
        report.real(
            "server_kib_per_connection_at_first",
            "server memory per connection before the silence, KiB",
            kib / users,
        );
    }
    if let Some(kib) = after.server_kib_since(before) {
        report.real(
            "server_kib_per_connection",
            "server memory per connection after the silence, KiB",
            kib / users,
        );
        if kib <= 0.0 {
            report.notes.push(
                "the server's memory did not grow: it has kept some from earlier users, so measure it just after its start"
                    .to_owned(),
            );
        }
    }
    if let Some(cpu) = after.server_cpu_since(settled) {
        report.real(
            "server_cpu_us_per_connection_second",
            "server CPU per connection and second of silence, µs",
            cpu * 1e6 / users / after.seconds_since(settled),
        );
    }
}

async fn user(shared: Arc<Shared>, number: usize, at: Nanos) -> Result<(), Failure> {
    let run = &shared.run;
    let mut seated = seat(run, &shared.gathering, number, at)
        .await
        .map_err(|unseated| unseated.fatal(run, number))?;
    let mut template = Template::new(&seated.chat, run.options.text_bytes, Answer::Unwanted);
    seated.socket.send(template.write(run.clock.now())).await;
    drop(template);
    loop {
        let frame = tokio::select! {
            biased;
            () = shared.over.cancelled() => break,
            frame = seated.socket.next() => frame.map_err(|ending| seated.closed(ending))?,
        };
        if let Some(Heard::Message(text)) = seated.judge(&frame)?
            && let Some(sent) = mark_of(&text)
        {
            shared
                .messages
                .record(number, run.clock.now().saturating_sub(sent));
            shared.greeted.send_modify(|greeted| *greeted += 1);
        }
    }
    seated.socket.goodbye().await;
    Ok(())
}
