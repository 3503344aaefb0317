//! What a node still has to do for seats when it next has time: look after them, or tell the store of them.
//!
//! **Architecture Invariant:** lists of names only. What is to be done about a seat is found in its book.

use crate::ports::Stamp;
use futures_util::task::AtomicWaker;
use passerby_domain::id::UserId;
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

/// Seats that this node was given, or may have been given, and does not hold, each with the end of its grace: until then
/// their users may come for them. Bounded as departures are.
#[derive(Default)]
pub(crate) struct Abandoned(Mutex<HashMap<UserId, Moment>>);

impl Abandoned {
    pub(crate) fn add(&self, seat: UserId, until: Moment) {
        let mut abandoned = self.lock();
        if abandoned.len() < DEPARTURES || abandoned.contains_key(&seat) {
            abandoned.insert(seat, until);
        }
    }

    /// Takes those whose grace is over, in no order.
    pub(crate) fn take_ended(&self, now: Moment) -> Vec<UserId> {
        let mut abandoned = self.lock();
        let over = abandoned.extract_if(|_, until| *until <= now);
        over.map(|(seat, _)| seat).collect()
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
