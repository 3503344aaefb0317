//! One WebSocket connection, as the outbox that writes to it sees it.

use crate::encoder::EventEncoder;
use futures_util::task::AtomicWaker;
use passerby_application::ports::{Backlog, Farewell, Flushed, Wire, Written};
use rustix::io::ioctl_fionread;
use socket2::SockRef;
use std::fmt;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;
use std::time::Duration;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

/// How long a connection may take nothing while something is to be written to it.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);

/// What the server says last.
pub(crate) struct LastWords {
    /// Bytes that were on their way.
    pub(crate) rest: Vec<u8>,
    /// Why it hangs up.
    pub(crate) why: Goodbye,
}

/// Why the server hangs up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goodbye {
    /// The application said so.
    Application(Farewell),
    /// There was no sign of life.
    NoSignOfLife,
}

/// One WebSocket connection: its writing half, and what its reading task is to be told.
///
/// Anybody may write to it, through the outbox that owns it; only its own task reads from it and ends it.
pub struct Connection {
    /// Owns the task that drains what the socket does not take at once.
    tasks: TaskTracker,
    writer: OwnedWriteHalf,
    /// Wakes the reading task when there are last words.
    reader: AtomicWaker,
    last_words: Mutex<Option<Box<LastWords>>>,
    /// Whether it was hung up on: what the client says from then on is not obeyed.
    is_over: AtomicBool,
    /// How many pings were sent since anything was heard.
    unheard: AtomicU8,
    /// How many bytes had come before the first were written.
    early: AtomicU16,
}

/// The most early bytes that are told apart.
const MOST_EARLY: u16 = u16::MAX - 1;
/// Nothing was written yet, and what has come before is to be counted then.
const UNCOUNTED: u16 = u16::MAX;

impl Connection {
    pub(crate) fn new(writer: OwnedWriteHalf, tasks: TaskTracker) -> Self {
        Self {
            tasks,
            writer,
            reader: AtomicWaker::new(),
            last_words: Mutex::new(None),
            is_over: AtomicBool::new(false),
            unheard: AtomicU8::new(0),
            early: AtomicU16::new(0),
        }
    }

    /// Has the bytes counted that come before anything is written: what a client sends then does not say that it has read
    /// anything.
    pub(crate) fn count_early(self) -> Self {
        self.early.store(UNCOUNTED, Ordering::Relaxed);
        self
    }

    /// How many bytes lay in the socket when the first were written, if they were to be counted.
    pub(crate) fn early(&self) -> u16 {
        let early = self.early.load(Ordering::Relaxed);
        if early == UNCOUNTED { 0 } else { early }
    }

    fn note_early(&self) {
        let waiting = ioctl_fionread(self.writer.as_ref()).unwrap_or_default();
        let waiting = u16::try_from(waiting).unwrap_or(MOST_EARLY);
        self.early.store(waiting.min(MOST_EARLY), Ordering::Relaxed);
    }

    /// Has `waker` woken when the server is to hang up. The latest one counts.
    pub(crate) fn wake_on_hang_up(&self, waker: &Waker) {
        self.reader.register(waker);
    }

    /// What the server says last, if it is to hang up.
    pub(crate) fn last_words(&self) -> Option<Box<LastWords>> {
        if !self.is_over() {
            return None;
        }
        self.last_words
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Whether it was hung up on.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    pub(crate) fn hang_up(&self, words: LastWords) {
        // The first reason is the true one.
        self.last_words
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(|| Box::new(words));
        self.is_over.store(true, Ordering::Release);
        self.reader.wake();
    }

    /// A whole frame came.
    pub(crate) fn heard(&self) {
        if self.unheard.load(Ordering::Relaxed) > 0 {
            self.unheard.store(0, Ordering::Relaxed);
        }
    }

    /// A ping was sent: from now on silence counts.
    pub(crate) fn pinged(&self) {
        let pings = self.unheard.load(Ordering::Relaxed);
        // Beside a frame that comes now one ping may count for nothing, or for one too many that the frame has answered: the
        // next one is judged as well.
        self.unheard.store(pings.saturating_add(1), Ordering::Relaxed);
    }

    /// Whether a ping met with silence, and the `later` ones that were sent since.
    pub(crate) fn is_silent(&self, later: u8) -> bool {
        self.unheard.load(Ordering::Relaxed) > later
    }

    /// Lets the kernel take what it would put off: the last words must find room behind what a slow client has not
    /// read.
    pub(crate) fn make_room(&self) {
        let socket = SockRef::from(self.writer.as_ref());
        // If it cannot be done the last words may be lost, as on any broken connection.
        let _ = socket.set_tcp_notsent_lowat(u32::MAX >> 1);
    }

    /// Writes all of `bytes`, waiting for room.
    pub(crate) async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.writer.writable().await?;
            match self.writer.try_write(bytes) {
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    pub(crate) fn shut_down(&self, how: Shutdown) {
        // A socket that is already shut needs no more.
        let _ = SockRef::from(self.writer.as_ref()).shutdown(how);
    }

    async fn drain_to(writer: &OwnedWriteHalf, backlog: &dyn Backlog) {
        loop {
            match timeout(STALL_TIMEOUT, writer.writable()).await {
                Ok(Ok(())) if backlog.flush() == Flushed::Something => {}
                Ok(_) => return,
                Err(_) => return backlog.stalled(),
            }
        }
    }
}

impl Wire for Connection {
    type Encoder = EventEncoder;

    fn write(&self, first: &[u8], second: &[u8]) -> Written {
        if self.early.load(Ordering::Relaxed) == UNCOUNTED {
            self.note_early();
        }
        let written = if second.is_empty() {
            self.writer.try_write(first)
        } else {
            self.writer
                .try_write_vectored(&[IoSlice::new(first), IoSlice::new(second)])
        };
        match written {
            Ok(count) => Written::Some(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Written::Blocked,
            Err(error) => Written::Broken(Box::new(error)),
        }
    }

    fn drain(self: &Arc<Self>, backlog: Arc<dyn Backlog>) {
        let connection = self.clone();
        self.tasks
            .spawn(async move { Connection::drain_to(&connection.writer, backlog.as_ref()).await });
    }

    fn close(&self, rest: Vec<u8>, why: Farewell) {
        self.hang_up(LastWords {
            rest,
            why: Goodbye::Application(why),
        });
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
