//! A delivery that gives whole notices to [`RecordingWire`]s.

use super::{RecordingWire, Told};
use crate::ports::{Delivery, Farewell, Flush, IdHash, OutboxContents, Receipt, Undelivered};
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
    /// What was ever packed: an event in a pack is its place here.
    archive: Arc<Mutex<Vec<Told>>>,
}

impl Default for RecordingDelivery {
    fn default() -> Self {
        Self {
            room: Arc::new(AtomicUsize::new(usize::MAX)),
            archive: Arc::default(),
        }
    }
}

impl RecordingDelivery {
    /// The delivery of another node, which can read what this one packs.
    #[must_use]
    pub fn of_another_node(&self) -> Self {
        Self {
            archive: self.archive.clone(),
            ..Self::default()
        }
    }

    fn archive(&self) -> MutexGuard<'_, Vec<Told>> {
        self.archive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An event that was packed. One that nobody here packed stays the bytes it is.
    fn read(&self, event: &[u8]) -> Told {
        let place = <[u8; 8]>::try_from(event).map(u64::from_be_bytes).ok();
        let place = place.and_then(|place| usize::try_from(place).ok());
        let told = place.and_then(|place| self.archive().get(place).cloned());
        told.unwrap_or_else(|| Told::Frame(event.to_vec()))
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
    /// The number of the last event before those in `numbered`.
    last: u64,
    /// What was told on another node.
    packed: Vec<(Seq, Told)>,
    /// Every numbered notice since.
    numbered: Vec<Told>,
    /// What the next flush writes.
    unwritten: Vec<Told>,
    /// The ids of the messages placed in the present chat.
    placed: Vec<IdHash>,
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
        let last = self.last + self.numbered.len() as u64;
        let held = self.packed.first().map_or(self.last, |(seq, _)| seq.get() - 1);
        match seen.map(Seq::get) {
            None => Replay::Fresh,
            Some(seq) if (held..=last).contains(&seq) => Replay::Whole { seq, replay_to: last },
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

    fn unpack(&self, contents: OutboxContents) -> RecordingRoute {
        let route = self.open();
        {
            let mut outbox = route.lock();
            outbox.last = contents.last.get();
            outbox.chat = contents.chat;
            outbox.placed = contents.placed;
            let events = contents.events.iter();
            outbox.packed = events.map(|(seq, event)| (*seq, self.read(event))).collect();
        }
        route
    }

    fn pack(&self, route: &RecordingRoute) -> OutboxContents {
        let mut outbox = route.lock();
        outbox.hang_up(Farewell::Replaced);
        let packed = mem::take(&mut outbox.packed);
        let first = outbox.last + 1;
        let numbered = mem::take(&mut outbox.numbered);
        let count = numbered.len() as u64;
        let numbered = (first..).map(Seq::new).zip(numbered);
        let mut archive = self.archive();
        let events = packed.into_iter().chain(numbered).map(|(seq, told)| {
            let place = archive.len() as u64;
            archive.push(told);
            (seq, Box::from(place.to_be_bytes()))
        });
        OutboxContents {
            last: Seq::new(outbox.last + count),
            chat: outbox.chat.take(),
            events: events.collect(),
            placed: mem::take(&mut outbox.placed),
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
        let packed = outbox.packed.iter().filter(|(seq, _)| seq.get() > after);
        let packed = packed.map(|(_, told)| told.clone());
        let known = usize::try_from(after.saturating_sub(outbox.last)).unwrap_or(usize::MAX);
        let missed = outbox.numbered.iter().skip(known).cloned();
        let welcome = std::iter::once(Told::from(&Notice::Welcome(&welcome)));
        let unwritten = welcome.chain(packed).chain(missed).collect();
        outbox.unwritten = unwritten;
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
        id: Option<IdHash>,
    ) -> Result<Receipt, Undelivered> {
        let mut outbox = route.lock();
        if outbox.chat != Some(chat) {
            return Err(Undelivered::Gone);
        }
        if notice.persistence() == Persistence::Transient && outbox.wire.is_none() {
            return Err(Undelivered::Away);
        }
        if id.is_some_and(|id| outbox.placed.contains(&id)) {
            return Ok(Receipt::Repeated);
        }
        if outbox.unwritten.len() >= route.room.load(Ordering::SeqCst) {
            return Err(Undelivered::Full);
        }
        outbox.put(notice);
        outbox.placed.extend(id);
        Ok(Receipt::Placed)
    }

    fn has_placed(&self, route: &RecordingRoute, chat: ChatId, id: IdHash) -> bool {
        let outbox = route.lock();
        outbox.chat == Some(chat) && outbox.placed.contains(&id)
    }

    fn last(&self, route: &RecordingRoute) -> Seq {
        let outbox = route.lock();
        Seq::new(outbox.last + outbox.numbered.len() as u64)
    }

    fn placed(&self, route: &RecordingRoute, chat: ChatId) -> Vec<IdHash> {
        let outbox = route.lock();
        if outbox.chat == Some(chat) {
            outbox.placed.clone()
        } else {
            Vec::new()
        }
    }

    fn flush(&self, route: &RecordingRoute) {
        route.lock().flush();
    }

    fn close(&self, route: &RecordingRoute, why: Farewell) {
        route.lock().hang_up(why);
    }

    fn tidy(&self, _route: &RecordingRoute, _now: Moment) {}
}
