//! Connections that remember.

use super::Told;
use crate::ports::{Backlog, Encoder, Farewell, ResumeToken, Wire, Written};
use passerby_domain::id::Seq;
use passerby_domain::notice::Notice;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A connection that is never looked at.
#[derive(Debug, Default)]
pub struct NoWire;

/// Writes each notice as the line of its [`Told`], with its number in front if it has one: `3 message hello`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lines;

impl Encoder for Lines {
    fn encode(&self, notice: &Notice<'_>, seq: Option<Seq>, out: &mut Vec<u8>) {
        let told = Told::from(notice);
        let line = match seq {
            Some(seq) => format!("{} {told}\n", seq.get()),
            None => format!("{told}\n"),
        };
        out.extend_from_slice(line.as_bytes());
    }
}

/// A connection that remembers what was written to it, and why it was hung up on.
///
/// A [`RecordingDelivery`](super::RecordingDelivery) gives it whole notices; any other delivery writes [`Lines`] to
/// it. It takes all it is given.
#[derive(Debug, Default)]
pub struct RecordingWire(Mutex<Recorded>);

#[derive(Debug, Default)]
struct Recorded {
    told: Vec<Told>,
    bytes: Vec<u8>,
    /// How many notices the test has asked for already.
    read: usize,
    farewell: Option<Farewell>,
}

impl RecordingWire {
    /// Every notice so far.
    pub fn told(&self) -> Vec<Told> {
        self.lock().told.clone()
    }

    /// The notices that came since this was last asked, each as its short line.
    pub fn hears(&self) -> Vec<String> {
        let mut recorded = self.lock();
        let news = recorded.told.iter().skip(recorded.read).map(Told::to_string);
        let news = news.collect();
        recorded.read = recorded.told.len();
        news
    }

    /// The token of the latest welcome. Empty if there was none.
    pub fn token(&self) -> ResumeToken {
        let mut latest = ResumeToken(String::new());
        for told in &self.lock().told {
            if let Told::Welcome { token, .. } = told {
                latest = token.clone();
            }
        }
        latest
    }

    /// The bytes so far, as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.lock().bytes).into_owned()
    }

    /// Why it was hung up on, if it was.
    pub fn farewell(&self) -> Option<Farewell> {
        self.lock().farewell
    }

    pub(super) fn tell(&self, told: impl IntoIterator<Item = Told>) {
        self.lock().told.extend(told);
    }

    fn lock(&self) -> MutexGuard<'_, Recorded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wire for RecordingWire {
    type Encoder = Lines;

    fn write(&self, first: &[u8], second: &[u8]) -> Written {
        let mut recorded = self.lock();
        recorded.bytes.extend_from_slice(first);
        recorded.bytes.extend_from_slice(second);
        Written::Some(first.len() + second.len())
    }

    fn drain(self: &Arc<Self>, _backlog: Arc<dyn Backlog>) {}

    fn close(&self, rest: Vec<u8>, why: Farewell) {
        let mut recorded = self.lock();
        recorded.bytes.extend_from_slice(&rest);
        recorded.farewell.get_or_insert(why);
    }
}
