//! The log: structured lines on standard error that never hold up the server.
//!
//! Lines go through a queue to a thread that writes them. When nobody takes them, because a pipe is full or a disk is,
//! the queue fills and further lines are dropped and counted.
//!
//! **Architecture Invariants.** Logging never waits and never panics, whatever becomes of standard error. The queue has
//! a bound. A panic is logged by its place alone: its message may hold what a user wrote.

use std::io::{self, IsTerminal, Stderr, Write};
use std::panic::{self, PanicHookInfo};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, LogSettings};

/// Lines that may wait for the writer; at a few hundred bytes each they stay below two megabytes.
const QUEUED_LINES: usize = 4096;

/// Counts the lines that found the queue full, once the log has started.
static QUEUE: OnceLock<ErrorCounter> = OnceLock::new();

/// Counts the lines that standard error did not take.
static UNWRITTEN: AtomicU64 = AtomicU64::new(0);

/// The log is at work until this is dropped, which writes the lines still queued, for a second at most.
#[must_use = "the log ends when this is dropped"]
#[derive(Debug)]
pub struct LogGuard {
    _writer: WorkerGuard,
}

/// Starts the log and makes panics lines of it.
///
/// Only the first call in a process has an effect on where lines go.
pub fn start(settings: &LogSettings) -> LogGuard {
    let (queue, writer) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(QUEUED_LINES)
        .finish(Sink(io::stderr()));
    let _ = QUEUE.set(queue.error_counter());
    let terminal = io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(settings.level.as_str()))
        // The formatter would complain about itself on standard error, which may be what is out of order.
        .log_internal_errors(false)
        .with_writer(queue);
    // A second log in one process, as in tests, is no reason to stop.
    let _ = match (settings.format, terminal) {
        (LogFormat::Text, _) | (LogFormat::Auto, true) => lines.with_ansi(terminal).try_init(),
        (LogFormat::Json, _) | (LogFormat::Auto, false) => lines.json().flatten_event(true).try_init(),
    };
    panic::set_hook(Box::new(log_panic));
    LogGuard { _writer: writer }
}

/// How many lines of the log were lost since the start, because the queue was full or could not be written.
pub fn dropped_lines() -> u64 {
    let refused = QUEUE.get().map_or(0, ErrorCounter::dropped_lines);
    UNWRITTEN
        .load(Ordering::Relaxed)
        .saturating_add(u64::try_from(refused).unwrap_or(u64::MAX))
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(place, "a task panicked");
}

/// Standard error, whose refusals are counted.
struct Sink<W = Stderr>(W);

impl<W: Write> Write for Sink<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // The queue hands over one whole line at a time. What cannot be written is gone: trying again would only
        // tear lines apart.
        if self.0.write_all(line).is_err() {
            UNWRITTEN.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // Whatever a flush could report was counted when the line was written.
        let _ = self.0.flush();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }

    #[test]
    fn a_line_that_a_full_disk_refuses_is_counted_and_forgotten() {
        let before = dropped_lines();
        let mut sink = Sink(Full);
        assert!(sink.write_all(b"a line\n").is_ok());
        assert!(sink.flush().is_ok());
        assert_eq!(dropped_lines() - before, 1);
    }
}
