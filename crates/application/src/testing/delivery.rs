//! A delivery that gives whole notices to [`RecordingWire`]s.

use super::{RecordingWire, Told};
use crate::ports::{Delivery, Farewell, Flush, Receipt, Undelivered};
use passerby_domain::id::{ChatId, Seq};
use passerby_domain::notice::{Notice, Persistence, Replay, Welcome};
use passerby_domain::time::Moment;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Delivers to [`RecordingWire`]s and keeps every numbered notice for a replay.
#[derive(Debug)]
pub struct RecordingDelivery {
    /// How many undelivered messages an outbox takes.
    room: Arc<AtomicUsize>,
}

impl Default for RecordingDelivery {
    fn default() -> Self {
        Self {
            room: Arc::new(AtomicUsize::new(usize::MAX)),
        }
    }
}

impl RecordingDelivery {
    /// From now on an outbox that holds so many unwritten notices takes no more messages or signals.
    pub fn set_room(&self, notices: usize) {
        self.room.store(notices, Ordering::SeqCst);
    }
}

/// The way to one recording outbox.
#[derive(Clone, Debug)]
pub struct RecordingRoute {
    outbox: Arc<Mutex<Outbox>>,
    room: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct Outbox {
    chat: Option<ChatId>,
    wire: Option<Arc<RecordingWire>>,
    /// Every numbered notice; the first has number 1.
    numbered: Vec<Told>,
    /// What the next flush writes.
    unwritten: Vec<Told>,
    /// The ids of the messages placed in the present chat.
    placed: Vec<String>,
}

impl Outbox {
    fn put(&mut self, notice: &Notice<'_>) {
        let told = Told::from(notice);
        match notice.persistence() {
            Persistence::Numbered => self.numbered.push(told.clone()),
            Persistence::Transient if self.wire.is_none() => return,
            Persistence::Transient => {}
        }
        self.unwritten.push(told);
    }

    fn flush(&mut self) {
        if let Some(wire) = &self.wire {
            wire.tell(mem::take(&mut self.unwritten));
        }
    }

    fn hang_up(&mut self, why: Farewell) {
        self.flush();
        if let Some(wire) = self.wire.take() {
            crate::ports::Wire::close(&*wire, Vec::new(), why);
        }
    }

    fn replay(&self, seen: Option<Seq>) -> Replay {
        let last = self.numbered.len() as u64;
        match seen.map(Seq::get) {
            None => Replay::Fresh,
            Some(seq) if seq <= last => Replay::Whole { seq, replay_to: last },
            Some(_) => Replay::Gap {
                seq: last,
                replay_to: last,
            },
        }
    }
}

impl RecordingRoute {
    fn lock(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Delivery for RecordingDelivery {
    type Wire = RecordingWire;
    type Route = RecordingRoute;

    fn open(&self) -> RecordingRoute {
        RecordingRoute {
            outbox: Arc::default(),
            room: self.room.clone(),
        }
    }

    fn attach(
        &self,
        route: &RecordingRoute,
        wire: Arc<RecordingWire>,
        seen: Option<Seq>,
        welcome: &Welcome<'_>,
    ) -> Replay {
        let mut outbox = route.lock();
        outbox.hang_up(Farewell::Replaced);
        let replay = outbox.replay(seen);
        let welcome = Welcome {
            replay,
            ..welcome.clone()
        };
        let after = match replay {
            Replay::Fresh => 0,
            Replay::Whole { seq, .. } | Replay::Gap { seq, .. } => seq,
        };
        let missed = usize::try_from(after).map_or(&[][..], |after| &outbox.numbered[after..]);
        outbox.unwritten = [&[Told::from(&Notice::Welcome(&welcome))], missed].concat();
        outbox.wire = Some(wire);
        replay
    }

    fn detach(&self, route: &RecordingRoute) {
        let mut outbox = route.lock();
        outbox.wire = None;
        outbox.unwritten.clear();
    }

    fn post(&self, route: &RecordingRoute, notice: &Notice<'_>, flush: Flush) {
        let mut outbox = route.lock();
        match notice {
            Notice::Matched { chat, .. } => {
                outbox.chat = Some(*chat);
                outbox.placed.clear();
            }
            Notice::ChatEnded { .. } => outbox.chat = None,
            _ => {}
        }
        outbox.put(notice);
        if flush == Flush::Now {
            outbox.flush();
        }
    }

    fn reply(&self, route: &RecordingRoute, frame: &[u8], flush: Flush) {
        let mut outbox = route.lock();
        if outbox.wire.is_some() {
            outbox.unwritten.push(Told::Frame(frame.to_vec()));
        }
        if flush == Flush::Now {
            outbox.flush();
        }
    }

    fn deliver(
        &self,
        route: &RecordingRoute,
        chat: ChatId,
        notice: &Notice<'_>,
        id: Option<&str>,
    ) -> Result<Receipt, Undelivered> {
        let mut outbox = route.lock();
        if outbox.chat != Some(chat) {
            return Err(Undelivered::Gone);
        }
        if notice.persistence() == Persistence::Transient && outbox.wire.is_none() {
            return Err(Undelivered::Away);
        }
        if id.is_some_and(|id| outbox.placed.iter().any(|placed| placed == id)) {
            return Ok(Receipt::Repeated);
        }
        if outbox.unwritten.len() >= route.room.load(Ordering::SeqCst) {
            return Err(Undelivered::Full);
        }
        outbox.put(notice);
        outbox.placed.extend(id.map(str::to_owned));
        Ok(Receipt::Placed)
    }

    fn has_placed(&self, route: &RecordingRoute, chat: ChatId, id: &str) -> bool {
        let outbox = route.lock();
        outbox.chat == Some(chat) && outbox.placed.iter().any(|placed| placed == id)
    }

    fn flush(&self, route: &RecordingRoute) {
        route.lock().flush();
    }

    fn close(&self, route: &RecordingRoute, why: Farewell) {
        route.lock().hang_up(why);
    }

    fn tidy(&self, _route: &RecordingRoute, _now: Moment) {}
}
