//! A bounded queue of log lines and the thread that writes them.
//!
//! **Architecture Invariants.** Putting a line into the queue never waits, never fails and never panics: a line that
//! does not fit is dropped and counted. Only the writing thread touches the sink, so a sink that blocks holds up
//! nothing else. Ending waits for a bounded time.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender, TrySendError};
use std::thread;
use std::time::{Duration, Instant};

use tracing_subscriber::fmt::MakeWriter;

/// Lines that may wait.
const MAX_LINES: usize = 2048;

/// The longest line, in bytes. Lines are far shorter; with this the whole queue cannot pass 16 MiB.
const MAX_LINE_BYTES: usize = 8 * 1024;

/// How long ending may wait for the lines that are left.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often ending looks whether a full queue has room.
const LOOK: Duration = Duration::from_millis(5);

enum Entry {
    Line(Box<[u8]>),
    /// Everything before it is to be written, and then the receiver to be told by dropping this.
    End(Sender<()>),
}

/// The end of the queue that takes lines.
#[derive(Clone, Debug)]
pub(super) struct LineQueue {
    entries: SyncSender<Entry>,
    dropped: &'static AtomicU64,
}

/// Writes what is left when it is dropped.
#[derive(Debug)]
pub(super) struct LastLines(SyncSender<Entry>);

impl LineQueue {
    /// Starts the thread that writes to `sink`; lines that are lost are added to `dropped`.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub(super) fn start(
        sink: impl Write + Send + 'static,
        dropped: &'static AtomicU64,
    ) -> io::Result<(Self, LastLines)> {
        let (entries, queued) = mpsc::sync_channel(MAX_LINES);
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_lines(sink, &queued, dropped))?;
        Ok((
            Self {
                entries: entries.clone(),
                dropped,
            },
            LastLines(entries),
        ))
    }
}

impl Write for LineQueue {
    /// Takes one whole line, which is how the formatter hands them over.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if line.len() > MAX_LINE_BYTES || self.entries.try_send(Entry::Line(line.into())).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LineQueue {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Drop for LastLines {
    #[expect(
        clippy::disallowed_methods,
        reason = "the end of the process is waited for in real time"
    )]
    fn drop(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        let (written, all_written) = mpsc::channel();
        let mut end = Entry::End(written);
        while let Err(TrySendError::Full(refused)) = self.0.try_send(end) {
            if Instant::now() >= deadline {
                return;
            }
            end = refused;
            thread::sleep(LOOK);
        }
        // Nothing is ever sent: the wait is over when the other side is dropped, or when patience is.
        let _ = all_written.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    }
}

fn write_lines(mut sink: impl Write, queued: &Receiver<Entry>, dropped: &AtomicU64) {
    for entry in queued {
        match entry {
            // A line that cannot be written is gone: to try its rest again would only tear lines apart.
            Entry::Line(line) => {
                if sink.write_all(&line).is_err() {
                    dropped.fetch_add(1, Ordering::Relaxed);
                }
            }
            Entry::End(written) => {
                let _ = sink.flush();
                drop(written);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A sink that takes nothing until it is opened.
    struct Gate {
        open: Receiver<()>,
        taken: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Gate {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            // Once the other side is gone the gate stays open.
            let _ = self.open.recv();
            self.taken.lock().unwrap().extend_from_slice(line);
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

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
    fn lines_are_written_in_order_and_the_last_one_before_the_end() {
        static DROPPED: AtomicU64 = AtomicU64::new(0);
        let taken = Arc::new(Mutex::new(Vec::new()));
        let (opener, open) = mpsc::channel();
        drop(opener);
        let (mut queue, last) = LineQueue::start(
            Gate {
                open,
                taken: Arc::clone(&taken),
            },
            &DROPPED,
        )
        .unwrap();
        queue.write_all(b"one\n").unwrap();
        queue.write_all(b"two\n").unwrap();
        drop(last);
        assert_eq!(*taken.lock().unwrap(), b"one\ntwo\n");
        assert_eq!(DROPPED.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_sink_that_blocks_holds_up_nobody_and_what_does_not_fit_is_counted() {
        static DROPPED: AtomicU64 = AtomicU64::new(0);
        let taken = Arc::new(Mutex::new(Vec::new()));
        let (opener, open) = mpsc::channel::<()>();
        let (mut queue, last) = LineQueue::start(
            Gate {
                open,
                taken: Arc::clone(&taken),
            },
            &DROPPED,
        )
        .unwrap();
        let sent = 2 * MAX_LINES as u64;
        for _ in 0..sent {
            queue.write_all(b"x").unwrap();
        }
        let dropped = DROPPED.load(Ordering::Relaxed);
        // One more than the queue holds may be with the thread already.
        assert!(
            dropped == sent - MAX_LINES as u64 || dropped == sent - MAX_LINES as u64 - 1,
            "{dropped}"
        );
        // The end is reached although the sink still blocks.
        drop(last);
        drop(opener);
    }

    #[test]
    fn a_line_that_a_full_disk_refuses_is_counted_and_forgotten() {
        static DROPPED: AtomicU64 = AtomicU64::new(0);
        let (mut queue, last) = LineQueue::start(Full, &DROPPED).unwrap();
        queue.write_all(b"a line\n").unwrap();
        queue.write_all(&[b'x'; MAX_LINE_BYTES + 1]).unwrap();
        drop(last);
        assert_eq!(DROPPED.load(Ordering::Relaxed), 2);
    }
}
