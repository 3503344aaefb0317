//! What a node still has to do for seats when it next has time: look after them, or tell the store of them.
//!
//! **Architecture Invariant:** lists of names only. What is to be done about a seat is found in its book.

use crate::ports::Stamp;
use futures_util::task::AtomicWaker;
use passerby_domain::id::{Generation, UserId};
use passerby_domain::time::Moment;
use std::collections::{HashMap, HashSet};
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

/// How many departures are remembered that the store has not heard of. Beyond it the store keeps seats that nobody
/// holds, until this node ends.
const DEPARTURES: usize = 65_536;

/// Seats that are gone without the store having heard of it, as they were last.
#[derive(Default)]
pub(crate) struct Departures(Mutex<Vec<Stamp>>);

impl Departures {
    pub(crate) fn add(&self, stamp: Stamp) {
        let mut departures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if departures.len() < DEPARTURES {
            departures.push(stamp);
        }
    }

    /// Takes all of them.
    pub(crate) fn take(&self) -> Vec<Stamp> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Seats that this node was given, or may have been given, and does not hold, each with the moment from which something is to
/// be done about it: at once, or at the end of its grace, until which its user may come for it. Bounded as departures are.
#[derive(Default)]
pub(crate) struct Abandoned(Mutex<HashMap<UserId, Moment>>);

impl Abandoned {
    pub(crate) fn add(&self, seat: UserId, until: Moment) {
        let mut abandoned = self.lock();
        if abandoned.len() < DEPARTURES || abandoned.contains_key(&seat) {
            abandoned.insert(seat, until);
        }
    }

    /// Takes those whose moment has come, in no order.
    pub(crate) fn take_ended(&self, now: Moment) -> Vec<UserId> {
        let mut abandoned = self.lock();
        let over = abandoned.extract_if(|_, until| *until <= now);
        over.map(|(seat, _)| seat).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Moment>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seats that the store has as this node's, as it knows them, and that this node does not have; each with the end of its
/// grace. Bounded as departures are: those beyond are found the next time.
#[derive(Default)]
pub(crate) struct Strays(Mutex<HashMap<UserId, (Generation, Moment)>>);

impl Strays {
    /// One was found. If it is the same as before it keeps its time.
    pub(crate) fn note(&self, stamp: Stamp, until: Moment) {
        let mut strays = self.lock();
        let is_known = |(generation, _): &(Generation, Moment)| *generation == stamp.generation;
        if strays.len() < DEPARTURES && !strays.get(&stamp.seat).is_some_and(is_known) {
            strays.insert(stamp.seat, (stamp.generation, until));
        }
    }

    /// Takes those whose grace is over, in no order.
    pub(crate) fn take_ended(&self, now: Moment) -> Vec<Stamp> {
        let mut strays = self.lock();
        let over = strays.extract_if(|_, (_, until)| *until <= now);
        over.map(|(seat, (generation, _))| Stamp { seat, generation })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, (Generation, Moment)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seats that search and whose users were not told yet that they wait, each with the moment since when. Bounded as departures
/// are: those beyond are told when their search is answered.
#[derive(Default)]
pub(crate) struct Untold(Mutex<HashMap<UserId, Moment>>);

impl Untold {
    /// One begins to search, or goes on. It keeps its first moment.
    pub(crate) fn note(&self, seat: UserId, now: Moment) {
        let mut untold = self.lock();
        if untold.len() < DEPARTURES {
            untold.entry(seat).or_insert(now);
        }
    }

    /// Takes those that have been on the list since this moment or before, in no order. Most were told meanwhile.
    pub(crate) fn take_noted_until(&self, moment: Moment) -> Vec<UserId> {
        let mut untold = self.lock();
        let late = untold.extract_if(|_, since| *since <= moment);
        late.map(|(seat, _)| seat).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Moment>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seats whose owner has something to look after beside their deadlines. Each is listed once.
#[derive(Default)]
pub(crate) struct Watchlist {
    seats: Mutex<HashSet<UserId>>,
    /// Whoever waits for the first on the list.
    sleeper: AtomicWaker,
}

impl Watchlist {
    pub(crate) fn add(&self, seat: UserId) {
        self.lock().insert(seat);
        self.sleeper.wake();
    }

    /// Takes all of it.
    pub(crate) fn take(&self) -> HashSet<UserId> {
        std::mem::take(&mut *self.lock())
    }

    /// Completes when there is somebody on the list. One caller at a time.
    pub(crate) async fn filled(&self) {
        poll_fn(|context| {
            self.sleeper.register(context.waker());
            if self.lock().is_empty() {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<UserId>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stray_is_named_once_after_a_grace_that_counts_from_when_it_was_first_seen_so() {
        let strays = Strays::default();
        let at = Moment::from_millis;
        let stray = |seat, generation| Stamp {
            seat: UserId::from_bits(seat),
            generation: Generation::new(generation),
        };
        strays.note(stray(1, 5), at(10));
        strays.note(stray(2, 5), at(10));
        strays.note(stray(1, 5), at(30));
        strays.note(stray(2, 6), at(30));
        assert_eq!(strays.take_ended(at(9)), []);
        assert_eq!(strays.take_ended(at(10)), [stray(1, 5)]);
        assert_eq!(strays.take_ended(at(30)), [stray(2, 6)]);
        assert_eq!(strays.take_ended(at(90)), []);
    }

    #[test]
    fn an_abandoned_seat_is_kept_until_the_end_of_its_latest_grace_and_named_once() {
        let abandoned = Abandoned::default();
        let at = Moment::from_millis;
        let (one, other) = (UserId::from_bits(1), UserId::from_bits(2));
        abandoned.add(one, at(10));
        abandoned.add(other, at(20));
        abandoned.add(one, at(30));
        assert_eq!(abandoned.take_ended(at(19)), []);
        assert_eq!(abandoned.take_ended(at(20)), [other]);
        assert_eq!(abandoned.take_ended(at(40)), [one]);
        assert_eq!(abandoned.take_ended(at(50)), []);
    }
}
