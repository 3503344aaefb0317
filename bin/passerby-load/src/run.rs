//! One run, from the words of the command line to the exit code.
//!
//! **Architecture Invariants:** results go to standard output, everything else to standard error. The exit code is 0 when
//! all is well, 1 when the run found something wrong, 2 when it could not be carried out.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;

use crate::cli::{Arguments, Common, Scenario};
use crate::client::connect::Connector;
use crate::client::target::resolve;
use crate::clock::{Clock, unix_millis};
use crate::descriptors;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::report::{Report, summary};
use crate::scenario::{churn, idle, relay, storm};
use crate::usage::Meter;

/// What every user of a run needs.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) clock: Clock,
    pub(crate) connector: Connector,
    pub(crate) meter: Meter,
    pub(crate) progress: Progress,
    pub(crate) options: Common,
    pub(crate) threads: usize,
    /// What all chance of the run comes from.
    pub(crate) seed: u64,
    started: u64,
}

/// Runs the program.
pub(crate) fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match carry_out(&arguments.scenario) {
        Ok(report) if report.is_sound() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(failure) => {
            // Where even this cannot be written, the exit code says it.
            let _ = writeln!(io::stderr(), "passerby-load: {failure}");
            ExitCode::from(2)
        }
    }
}

fn carry_out(scenario: &Scenario) -> Result<Report, Failure> {
    let options = scenario.common();
    descriptors::make_room(options.users)?;
    let threads = match options.threads {
        Some(threads) => usize::from(threads),
        None => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .map_err(|error| Failure::System {
            what: "a runtime",
            why: error.to_string(),
        })?;
    let report = runtime.block_on(measure(scenario, threads))?;
    // Users that did not end in time are not waited for.
    runtime.shutdown_timeout(Duration::from_secs(1));
    report.write(options.json.as_deref(), options.report.as_deref())?;
    let mut out = io::stdout();
    out.write_all(summary(&report).as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::Output {
            path: "standard output".into(),
            why: error.to_string(),
        })?;
    Ok(report)
}

async fn measure(scenario: &Scenario, threads: usize) -> Result<Report, Failure> {
    let options = scenario.common().clone();
    let clock = Clock::start();
    let targets = resolve(&options.url).await?;
    let run = Arc::new(Run {
        clock,
        connector: Connector::new(targets, options.from.clone(), clock),
        meter: Meter::new(options.pid.clone(), options.metrics.clone()),
        progress: if options.quiet {
            Progress::Hidden
        } else {
            Progress::Shown
        },
        threads,
        seed: options.seed.unwrap_or_else(|| fastrand::u64(..1_000_000_000)),
        started: unix_millis(),
        options,
    });
    match scenario {
        Scenario::Idle(_) => idle::run(&run).await,
        Scenario::Relay(options) => relay::run(&run, options).await,
        Scenario::Churn(options) => churn::run(&run, options).await,
        Scenario::Storm(_) => storm::run(&run).await,
    }
}

impl Run {
    /// A report with the settings that every run has, and these.
    pub(crate) fn report(&self, scenario: &'static str, further: Vec<(&'static str, String)>) -> Report {
        let urls: Vec<_> = (0..self.options.url.len())
            .map(|node| self.connector.target(node).uri.clone())
            .collect();
        let mut settings = vec![
            ("url", urls.join(" ")),
            ("users", self.options.users.to_string()),
            ("text_bytes", self.options.text_bytes.to_string()),
            ("threads", self.threads.to_string()),
            ("seed", self.seed.to_string()),
        ];
        settings.extend(further);
        Report::new(scenario, self.started, settings)
    }

    /// The dice of one user.
    pub(crate) fn dice(&self, user: usize) -> fastrand::Rng {
        let user = u64::try_from(user).unwrap_or(u64::MAX);
        fastrand::Rng::with_seed(self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(user))
    }
}
