//! What is left of seats that another node has taken, for as long as that node may still ask for it.
//!
//! An owner may hear from the store that a seat is another's before it hears so from that other: its question was sent when
//! there was no way for it, as just after a Redis that has lost everything is back. The seat is served no more then, but its
//! memory would be missed.
//!
//! **Architecture Invariant:** bounded in number, bytes and time. What is not kept is a seat that begins again with a `gap`.

use crate::ports::Handover;
use passerby_domain::id::{Generation, UserId};
use passerby_domain::time::{Millis, Moment};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// For how long a new owner may ask: longer than it waits for an answer.
const SPAN: Millis = Millis::from_secs(5);
/// How many seats are kept.
const SEATS: usize = 16_384;
/// How many bytes of events they may have together.
const BYTES: usize = 32 * 1024 * 1024;

/// All remains.
#[derive(Default)]
pub(crate) struct Remains(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    seats: HashMap<UserId, Remnant>,
    bytes: usize,
}

struct Remnant {
    handover: Box<Handover>,
    bytes: usize,
    until: Moment,
}

impl Remains {
    /// Keeps what a seat was, if there is room.
    pub(crate) fn keep(&self, handover: Handover, now: Moment) {
        let mut kept = self.lock();
        let seat = handover.stamp.seat;
        kept.remove(seat);
        let bytes = handover.outbox.events.iter().map(|(_, frame)| frame.len()).sum();
        if kept.seats.len() < SEATS && kept.bytes + bytes <= BYTES {
            kept.bytes += bytes;
            let until = now + SPAN;
            let handover = Box::new(handover);
            kept.seats.insert(
                seat,
                Remnant {
                    handover,
                    bytes,
                    until,
                },
            );
        }
    }

    /// What is left of a seat, for one who was given it as of this generation. There is none the second time.
    pub(crate) fn take(&self, seat: UserId, given: Generation, now: Moment) -> Option<Box<Handover>> {
        let mut kept = self.lock();
        let remnant = kept.seats.get(&seat)?;
        if remnant.handover.stamp.generation >= given || remnant.until <= now {
            return None;
        }
        kept.remove(seat)
    }

    /// Forgets what nobody will ask for.
    pub(crate) fn forget(&self, now: Moment) {
        let mut kept = self.lock();
        let over = kept.seats.iter().filter(|(_, remnant)| remnant.until <= now);
        let over: Vec<_> = over.map(|(seat, _)| *seat).collect();
        for seat in over {
            kept.remove(seat);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn remove(&mut self, seat: UserId) -> Option<Box<Handover>> {
        let remnant = self.seats.remove(&seat)?;
        self.bytes -= remnant.bytes;
        if self.seats.is_empty() {
            // After a storm the table would stay as large as it ever was.
            self.seats = HashMap::new();
        }
        Some(remnant.handover)
    }
}
