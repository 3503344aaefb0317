//! One after another: of several that want to take one seat over, each waits for those before it, since only one of
//! them is given what the former owner has.
//!
//! **Architecture Invariant:** a turn is held across awaits, so it is no lock of a book, and nobody holds two.

use futures_util::lock::{Mutex as Queue, OwnedMutexGuard};
use passerby_domain::id::UserId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Who is at it. Bounded by the number of connections.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<UserId, Arc<Queue<()>>>>);

/// The turn of whoever holds it, until it is dropped.
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    user: UserId,
    held: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Completes when nobody else is at it. Cancel safe; those who wait are served in about the order in which they came.
    pub(crate) async fn take(&self, user: UserId) -> Turn<'_> {
        let queue = self.lock().entry(user).or_default().clone();
        let mut turn = Turn {
            turns: self,
            user,
            held: None,
        };
        turn.held = Some(queue.lock_owned().await);
        turn
    }

    /// Whether somebody is at it.
    pub(crate) fn is_taken(&self, user: UserId) -> bool {
        self.lock().contains_key(&user)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<UserId, Arc<Queue<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.held = None;
        let mut turns = self.turns.lock();
        // Whoever waits or is at it has a share, beside that of the list.
        if turns
            .get(&self.user)
            .is_some_and(|queue| Arc::strong_count(queue) == 1)
        {
            turns.remove(&self.user);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::{FutureExt, poll_immediate};

    const ANN: UserId = UserId::from_bits(1);
    const BEN: UserId = UserId::from_bits(2);

    #[test]
    fn one_waits_for_another_of_the_same_seat_and_for_nobody_else() {
        let turns = Turns::default();
        assert!(!turns.is_taken(ANN));
        let first = turns.take(ANN).now_or_never().unwrap();
        assert!(turns.is_taken(ANN));
        let mut second = Box::pin(turns.take(ANN));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(turns.take(BEN).now_or_never().is_some());
        drop(first);
        assert!(poll_immediate(second).now_or_never().flatten().is_some());
        assert!(turns.lock().is_empty(), "nothing is kept of who has had a turn");
    }

    #[test]
    fn one_who_gives_up_waiting_holds_up_nobody() {
        let turns = Turns::default();
        let first = turns.take(ANN).now_or_never().unwrap();
        let mut second = Box::pin(turns.take(ANN));
        assert!(second.as_mut().now_or_never().is_none());
        drop(second);
        drop(first);
        assert!(turns.lock().is_empty());
    }
}
