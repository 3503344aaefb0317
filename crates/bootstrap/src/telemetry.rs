//! The log: structured lines on standard error that never hold up the server.
//!
//! Lines go through a queue to a thread that writes them. When nobody takes them, because a pipe is full or a disk is,
//! the queue fills and further lines are dropped and counted.
//!
//! **Architecture Invariants.** Logging never waits and never panics, whatever becomes of standard error. A panic is
//! logged by its place alone, because its message may hold what a user wrote.

mod line_queue;

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicU64, Ordering};

use tracing_subscriber::EnvFilter;

use self::line_queue::{LastLines, LineQueue};
use crate::settings::{LogFormat, LogSettings};

/// The lines lost so far.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// The log is at work until this is dropped, which writes the lines still queued and waits a second for it at most.
#[must_use = "the last lines of the log are written when this is dropped"]
#[derive(Debug)]
pub(crate) struct LogGuard {
    _last_lines: LastLines,
}

/// Starts the log, and makes a line of it of each panic.
///
/// Where lines go is decided by the first call in a process.
///
/// # Errors
/// When the system refuses a thread, or standard error is closed.
pub(crate) fn start(settings: &LogSettings) -> io::Result<LogGuard> {
    let terminal = io::stderr().is_terminal();
    // A handle of its own, so that a write that blocks does not hold the lock of `std::io::stderr`.
    let sink = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    let (queue, last_lines) = LineQueue::start(sink, &DROPPED)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(settings.level.as_str()))
        // The formatter would complain about itself on standard error, which may be what is out of order.
        .log_internal_errors(false)
        .with_writer(queue);
    // On a terminal the formatter decides by itself, because it knows NO_COLOR.
    let lines = if terminal { lines } else { lines.with_ansi(false) };
    // A log that is there already, as in tests with several nodes, goes on.
    let _ = match (settings.format, terminal) {
        (LogFormat::Text, _) | (LogFormat::Auto, true) => lines.try_init(),
        (LogFormat::Json, _) | (LogFormat::Auto, false) => lines.json().flatten_event(true).try_init(),
    };
    panic::set_hook(Box::new(log_panic));
    Ok(LogGuard {
        _last_lines: last_lines,
    })
}

/// How many lines of the log were lost since the process started, because they came faster than they were taken or
/// could not be written.
pub(crate) fn dropped_lines() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(place, "a task panicked");
}

/// An error and what led to it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(line)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_logged_by_its_place_and_without_its_words() {
        let page = Page::default();
        let writer = page.clone();
        let lines = tracing_subscriber::fmt()
            .json()
            .with_writer(move || writer.clone())
            .finish();
        let before = panic::take_hook();
        panic::set_hook(Box::new(log_panic));
        let outcome =
            tracing::subscriber::with_default(lines, || panic::catch_unwind(|| panic!("hello, stranger")));
        panic::set_hook(before);
        assert!(outcome.is_err());
        let logged = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        assert!(
            logged.contains("telemetry.rs:") && logged.contains("a task panicked"),
            "{logged}"
        );
        assert!(!logged.contains("stranger"), "{logged}");
    }
}
