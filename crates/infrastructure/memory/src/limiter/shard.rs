//! A part of the counts.
//!
//! **Architecture Invariant:** at most [`Shard::CAPACITY`] origins, and none for longer than it takes to
//! matter.

use super::Ceiling;
use super::attempts::Attempts;
use passerby_domain::id::Origin;
use passerby_domain::time::{Millis, Moment};
use std::collections::HashMap;

/// How long a seat may take to become free: nobody knows, so it is worth asking again soon.
const RETRY_FOR_A_SEAT: Millis = Millis::from_secs(5);

/// The shortest wait that anybody is told.
const SHORTEST_RETRY: Millis = Millis::from_secs(1);

/// How long an attempt matters, and how often what no longer matters is looked for.
const MINUTE: Millis = Millis::from_secs(60);

/// How often it is looked for while there is no room.
const SWEEP_WHEN_FULL: Millis = Millis::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Shard {
    entries: HashMap<Origin, Entry>,
    swept: Moment,
    /// The latest moment anybody told.
    now: Moment,
}

#[derive(Debug, Default)]
struct Entry {
    seats: u32,
    attempts: Attempts,
}

impl Entry {
    fn matters(&self, now: Moment) -> bool {
        self.seats > 0 || !self.attempts.are_over(now)
    }
}

impl Shard {
    pub(super) const CAPACITY: usize = 16_384;

    /// Counts an attempt and, if the ceiling allows both, a seat.
    ///
    /// # Errors
    /// When it is worth trying again.
    pub(super) fn admit(&mut self, origin: Origin, ceiling: Ceiling, now: Moment) -> Result<(), Millis> {
        if !self.has_room_for(origin, now) {
            return Err(MINUTE);
        }
        let entry = self.entries.entry(origin).or_default();
        if let Some(limit) = ceiling.attempts {
            entry
                .attempts
                .count(limit, now)
                .map_err(|wait| wait.max(SHORTEST_RETRY))?;
        }
        if let Some(limit) = ceiling.seats {
            if entry.seats >= limit {
                return Err(RETRY_FOR_A_SEAT);
            }
            entry.seats += 1;
        }
        Ok(())
    }

    /// Counts a seat, be there too many; unless there is no room for one more origin.
    pub(super) fn hold(&mut self, origin: Origin, now: Moment) -> bool {
        let has_room = self.has_room_for(origin, now);
        if has_room {
            self.entries.entry(origin).or_default().seats += 1;
        }
        has_room
    }

    /// Counts a seat no longer.
    pub(super) fn give_back(&mut self, origin: Origin) {
        let Some(entry) = self.entries.get_mut(&origin) else {
            return;
        };
        entry.seats = entry.seats.saturating_sub(1);
        if !entry.matters(self.now) {
            self.entries.remove(&origin);
        }
    }

    fn has_room_for(&mut self, origin: Origin, now: Moment) -> bool {
        self.now = now;
        self.sweep_if_due(origin);
        self.entries.len() < Self::CAPACITY || self.entries.contains_key(&origin)
    }

    fn sweep_if_due(&mut self, coming: Origin) {
        let is_full = self.entries.len() >= Self::CAPACITY && !self.entries.contains_key(&coming);
        let interval = if is_full { SWEEP_WHEN_FULL } else { MINUTE };
        let now = self.now;
        if now >= self.swept + interval {
            self.swept = now;
            self.entries.retain(|_, entry| entry.matters(now));
            self.entries.shrink_to(self.entries.len() * 2);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}
