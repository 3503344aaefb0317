//! What a node still has to do for seats when it next has time: look after them, or tell the store of them.
//!
//! **Architecture Invariant:** lists of names only. What is to be done about a seat is found in its book.

use crate::ports::Stamp;
use futures_util::task::AtomicWaker;
use passerby_domain::id::UserId;
use std::collections::HashSet;
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
