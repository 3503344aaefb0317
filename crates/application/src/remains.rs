//! What is left of seats that are another node's, for as long as that node may still ask for it.
//!
//! The answer to its question may be lost on the way, and it asks again. Or an owner hears from the store that a seat is
//! another's before it hears so from that other: the question was sent when there was no way for it, as just after a Redis
//! that has lost everything is back. The seat is served no more then, but its memory would be missed.
//!
//! **Architecture Invariants.** Bounded in bytes and time: what is not kept is a seat that begins again with a `gap`.
//! All there is of a seat goes to one node and to no other.

use crate::ports::{Handover, Stamp};
use passerby_domain::id::{Generation, Incarnation, UserId};
use passerby_domain::time::{Millis, Moment};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// For how long a new owner may ask: longer than it waits for an answer.
const SPAN: Millis = Millis::from_secs(5);
/// How many bytes they may have together.
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
    /// Who was given it, and as of which generation of the seat.
    given: Option<(Incarnation, Generation)>,
    bytes: usize,
    until: Moment,
}

impl Remains {
    /// Keeps what a seat was, if there is room: for whoever was given it, or for whoever asks first.
    pub(crate) fn keep(&self, handover: Handover, given: Option<(Incarnation, Generation)>, now: Moment) {
        let mut kept = self.lock();
        let seat = handover.stamp.seat;
        kept.remove(seat);
        let bytes = weight(&handover);
        if kept.bytes + bytes <= BYTES {
            kept.bytes += bytes;
            let remnant = Remnant {
                handover: Box::new(handover),
                given,
                bytes,
                until: now + SPAN,
            };
            kept.seats.insert(seat, remnant);
        }
    }

    /// What is left of a seat, for a node that was given the seat as of this generation. It is told the same each time.
    pub(crate) fn give(
        &self,
        seat: UserId,
        to: Incarnation,
        generation: Generation,
        now: Moment,
    ) -> Option<Box<Handover>> {
        let mut kept = self.lock();
        let remnant = kept.seats.get_mut(&seat)?;
        let is_theirs = match remnant.given {
            None => remnant.handover.stamp.generation < generation,
            Some(given) => given == (to, generation),
        };
        if !is_theirs || remnant.until <= now {
            return None;
        }
        remnant.given = Some((to, generation));
        Some(remnant.handover.clone())
    }

    /// Which seats were given to others, as of which generation, and may be asked for once more.
    pub(crate) fn given(&self, now: Moment) -> Vec<Stamp> {
        let kept = self.lock();
        let seats = kept.seats.iter().filter(|(_, remnant)| remnant.until > now);
        let given = seats.filter_map(|(seat, remnant)| {
            let (_, generation) = remnant.given?;
            Some(Stamp {
                seat: *seat,
                generation,
            })
        });
        given.collect()
    }

    /// Forgets what is left of a seat that others have held since: whoever had it before them must not take that for all.
    pub(crate) fn discard(&self, seat: UserId) {
        self.lock().remove(seat);
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

/// About how many bytes a handover takes: itself, and what of it grows.
fn weight(handover: &Handover) -> usize {
    let events = handover.outbox.events.iter();
    size_of::<Handover>()
        + events
            .map(|event| size_of_val(event) + event.1.len())
            .sum::<usize>()
        + size_of_val(handover.avoid.as_slice())
        + size_of_val(handover.outbox.placed.as_slice())
        + size_of_val(handover.refused.as_slice())
}

impl Kept {
    fn remove(&mut self, seat: UserId) {
        let Some(remnant) = self.seats.remove(&seat) else {
            return;
        };
        self.bytes -= remnant.bytes;
        if self.seats.is_empty() {
            // After a storm the table would stay as large as it ever was.
            self.seats = HashMap::new();
        }
    }
}
