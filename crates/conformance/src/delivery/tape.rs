//! A connection that remembers what it took.

use passerby_application::ports::{Backlog, Encoder, Farewell, Flushed, Wire, Written};
use passerby_application::testing::Told;
use passerby_domain::id::Seq;
use passerby_domain::notice::{Notice, Replay};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Writes each notice as a line, with its number in front if it has one: `3 message hello`. A `welcome` says
/// what is replayed: `welcome fresh`, `welcome whole 2..4`, `welcome gap 2..4`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Script;

impl Encoder for Script {
    fn encode(&self, notice: &Notice<'_>, seq: Option<Seq>, out: &mut Vec<u8>) {
        let words = match notice {
            Notice::Welcome(welcome) => match welcome.replay {
                Replay::Fresh => "welcome fresh".to_owned(),
                Replay::Whole { seq, replay_to } => format!("welcome whole {seq}..{replay_to}"),
                Replay::Gap { seq, replay_to } => format!("welcome gap {seq}..{replay_to}"),
            },
            other => Told::from(other).to_string(),
        };
        let line = match seq {
            Some(seq) => format!("{} {words}\n", seq.get()),
            None => format!("{words}\n"),
        };
        out.extend_from_slice(line.as_bytes());
    }
}

/// A connection that takes what a case allows and remembers it.
#[derive(Default)]
pub struct TapeWire(Mutex<Tape>);

#[derive(Default)]
struct Tape {
    taken: Vec<u8>,
    /// How many of the bytes the case has read.
    read: usize,
    /// How many writes took something.
    writes: usize,
    mood: Mood,
    backlog: Option<Arc<dyn Backlog>>,
    hung_up: Option<Farewell>,
}

/// How a connection takes bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mood {
    /// All it is given.
    #[default]
    Greedy,
    /// So many more.
    Sated(usize),
    /// None, ever again.
    Broken,
}

impl TapeWire {
    /// The whole lines that came since this was last asked. The rest of a line that was begun waits for its
    /// end.
    pub(crate) fn hears(&self) -> Vec<String> {
        let mut tape = self.lock();
        let news = &tape.taken[tape.read..];
        let whole = news
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |end| end + 1);
        let lines = String::from_utf8_lossy(&news[..whole])
            .lines()
            .map(ToOwned::to_owned)
            .collect();
        tape.read += whole;
        lines
    }

    /// How often something was written.
    pub(crate) fn writes(&self) -> usize {
        self.lock().writes
    }

    /// Why the connection was hung up on.
    pub(crate) fn hung_up(&self) -> Option<Farewell> {
        self.lock().hung_up
    }

    /// Whether the bytes taken end with a whole line.
    pub(crate) fn ends_whole(&self) -> bool {
        self.lock().taken.last().is_none_or(|&byte| byte == b'\n')
    }

    /// From now on it takes `bytes` and no more.
    pub(crate) fn take_only(&self, bytes: usize) {
        self.lock().mood = Mood::Sated(bytes);
    }

    /// From now on it takes nothing, and says why.
    pub(crate) fn snap(&self) {
        self.lock().mood = Mood::Broken;
    }

    /// It takes bytes again, all of them; whoever waits for that is told.
    pub(crate) fn recover(&self) {
        self.lock().mood = Mood::Greedy;
        self.drain_backlog();
    }

    /// It takes `bytes` more; whoever waits for that is told.
    pub(crate) fn swallow(&self, bytes: usize) {
        self.take_only(bytes);
        self.drain_backlog();
    }

    /// Whoever waits for it is told that it took nothing for too long.
    pub(crate) fn stall(&self) {
        let backlog = self.lock().backlog.clone();
        if let Some(backlog) = backlog {
            backlog.stalled();
        }
    }

    /// Whether somebody waits for it to take bytes.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.lock().backlog.is_some()
    }

    fn drain_backlog(&self) {
        // The outbox calls back, so this lock must be free by then.
        let backlog = self.lock().backlog.clone();
        if backlog.is_some_and(|backlog| backlog.flush() == Flushed::Nothing) {
            self.lock().backlog = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Tape> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for TapeWire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tape = self.lock();
        write!(
            f,
            "TapeWire({:?}, {:?})",
            String::from_utf8_lossy(&tape.taken),
            tape.hung_up
        )
    }
}

impl Wire for TapeWire {
    type Encoder = Script;

    fn write(&self, first: &[u8], second: &[u8]) -> Written {
        let mut tape = self.lock();
        assert_eq!(tape.hung_up, None, "something is written after the end");
        let offered = first.len() + second.len();
        let count = match tape.mood {
            Mood::Greedy => offered,
            Mood::Sated(left) => left.min(offered),
            Mood::Broken => return Written::Broken("the line snapped".into()),
        };
        if count == 0 {
            return Written::Blocked;
        }
        if let Mood::Sated(left) = &mut tape.mood {
            *left -= count;
        }
        tape.taken.extend(first.iter().chain(second).take(count));
        tape.writes += 1;
        Written::Some(count)
    }

    fn drain(self: &Arc<Self>, backlog: Arc<dyn Backlog>) {
        let mut tape = self.lock();
        assert!(tape.backlog.is_none(), "one connection is drained twice at once");
        tape.backlog = Some(backlog);
    }

    fn close(&self, rest: Vec<u8>, why: Farewell) {
        let mut tape = self.lock();
        assert_eq!(tape.hung_up, None, "a connection is hung up on twice");
        tape.taken.extend(rest);
        tape.hung_up = Some(why);
    }
}
