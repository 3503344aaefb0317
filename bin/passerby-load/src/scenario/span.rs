//! What was used between two moments: by the server, and by this tool.
//!
//! **Architecture Invariants:** figures of the server are told only if they were read.

use crate::clock::{Nanos, seconds};
use crate::failure::Failure;
use crate::report::Report;
use crate::run::Run;
use crate::usage::{Sample, own_cpu_seconds};

/// Above this share of its threads the tool itself may be what is slow.
const BUSY: f64 = 0.9;

/// All that is read at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) at: Nanos,
    pub(crate) server: Option<Sample>,
    own_cpu: Option<f64>,
}

impl Moment {
    /// Reads it now.
    ///
    /// # Errors
    /// When the server's use cannot be read.
    pub(crate) async fn now(run: &Run) -> Result<Self, Failure> {
        Ok(Self {
            server: run.meter.sample().await?,
            own_cpu: own_cpu_seconds(),
            at: run.clock.now(),
        })
    }

    /// Seconds since an earlier moment.
    pub(crate) fn seconds_since(&self, before: &Self) -> f64 {
        seconds(self.at.saturating_sub(before.at))
    }

    /// Processor time of the server since an earlier moment, in seconds.
    pub(crate) fn server_cpu_since(&self, before: &Self) -> Option<f64> {
        Some(self.server.as_ref()?.cpu_seconds - before.server.as_ref()?.cpu_seconds)
    }

    /// By how much the server's memory has grown since an earlier moment, in KiB.
    #[expect(clippy::cast_precision_loss, reason = "no memory has 2^53 bytes")]
    pub(crate) fn server_kib_since(&self, before: &Self) -> Option<f64> {
        let (now, then) = (self.server.as_ref()?, before.server.as_ref()?);
        Some((now.resident_bytes as f64 - then.resident_bytes as f64) / 1024.0)
    }

    /// Tells what both used between the two moments.
    pub(crate) fn report_since(&self, before: &Self, run: &Run, report: &mut Report) {
        let span = self.seconds_since(before);
        report.seconds = span;
        if let Some(cpu) = self.server_cpu_since(before) {
            report.real("server_cpu_seconds", "server CPU, s", cpu);
            report.real("server_cores", "server CPU, cores busy", cpu / span);
        }
        if let (Some(then), Some(now)) = (&before.server, &self.server) {
            report.real(
                "server_resident_mib_before",
                "server memory before, MiB",
                mib(then.resident_bytes),
            );
            report.real(
                "server_resident_mib",
                "server memory after, MiB",
                mib(now.resident_bytes),
            );
            report.counters = now.grown_since(then);
        }
        if let (Some(then), Some(now)) = (before.own_cpu, self.own_cpu) {
            let cores = (now - then) / span;
            report.real("tool_cores", "this tool's CPU, cores busy", cores);
            #[expect(clippy::cast_precision_loss, reason = "256 threads at most")]
            if cores > BUSY * run.threads as f64 {
                report.notes.push(
                    "this tool was as busy as its threads allow, so throughput and latency may be its own: use another \
                     machine, or more of them"
                        .to_owned(),
                );
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "no memory has 2^53 bytes")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}
