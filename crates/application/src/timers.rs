//! When which seat wants to be looked at: the end of a grace, of an idle time, of a patience.
//!
//! One entry per seat at most, so it is bounded by the number of seats; a seat that waits with nothing to wait
//! for, or that chats, has none.
//!
//! **Architecture Invariant:** nothing here reads a clock or sleeps. Whoever runs the node asks for the next
//! deadline, sleeps, and calls `Chat::reap`.

use passerby_domain::id::UserId;
use passerby_domain::time::Moment;
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

#[derive(Default)]
struct Deadlines {
    entries: BTreeSet<(Moment, UserId)>,
    /// Whoever sleeps until this deadline, to be woken when an earlier one comes.
    sleeper: Option<(Option<Moment>, Waker)>,
}

/// The deadlines of all seats.
#[derive(Default)]
pub(crate) struct Timers(Mutex<Deadlines>);

impl Timers {
    /// Replaces a seat's deadline.
    pub(crate) fn replace(&self, seat: UserId, old: Option<Moment>, new: Option<Moment>) {
        let mut deadlines = self.lock();
        if let Some(old) = old {
            deadlines.entries.remove(&(old, seat));
        }
        if let Some(new) = new {
            deadlines.entries.insert((new, seat));
            if let Some((until, _)) = &deadlines.sleeper
                && until.is_none_or(|until| new < until)
                && let Some((_, waker)) = deadlines.sleeper.take()
            {
                drop(deadlines);
                waker.wake();
            }
        }
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Moment> {
        self.lock().entries.first().map(|(at, _)| *at)
    }

    /// Takes out up to `limit` seats whose deadline is over at `now`.
    pub(crate) fn take_due(&self, now: Moment, limit: usize) -> Vec<(Moment, UserId)> {
        let mut deadlines = self.lock();
        let mut due = Vec::new();
        while due.len() < limit
            && let Some(first) = deadlines.entries.first().copied()
            && first.0 <= now
        {
            deadlines.entries.remove(&first);
            due.push(first);
        }
        due
    }

    /// Completes when a deadline earlier than `known` is there. One caller at a time: a second one takes the place
    /// of the first.
    pub(crate) async fn earlier_than(&self, known: Option<Moment>) {
        poll_fn(|context| {
            let mut deadlines = self.lock();
            let next = deadlines.entries.first().map(|(at, _)| *at);
            if next.is_some_and(|next| known.is_none_or(|known| next < known)) {
                return Poll::Ready(());
            }
            deadlines.sleeper = Some((known, context.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, Deadlines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake};

    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "every caller wants an option")]
    fn at(millis: u64) -> Option<Moment> {
        Some(Moment::from_millis(millis))
    }

    #[test]
    fn a_seat_has_one_deadline_and_the_earliest_comes_first() {
        let timers = Timers::default();
        let [first, second] = [1, 2].map(UserId::from_bits);
        timers.replace(first, None, at(50));
        timers.replace(second, None, at(20));
        timers.replace(first, at(50), at(10));
        assert_eq!(timers.next(), at(10));
        assert_eq!(timers.take_due(Moment::from_millis(9), 10), []);
        let due = timers.take_due(Moment::from_millis(60), 10);
        assert_eq!(
            due.iter().map(|(_, seat)| *seat).collect::<Vec<_>>(),
            [first, second]
        );
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn a_sleeper_is_woken_by_an_earlier_deadline_only() {
        let timers = Timers::default();
        let bell = Arc::new(Bell::default());
        let waker = bell.clone().into();
        let mut context = Context::from_waker(&waker);
        let mut sleep = pin!(timers.earlier_than(at(30)));
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        timers.replace(UserId::from_bits(1), None, at(40));
        assert_eq!(bell.0.load(Ordering::Relaxed), 0);
        timers.replace(UserId::from_bits(2), None, at(20));
        assert_eq!(bell.0.load(Ordering::Relaxed), 1);
        assert!(sleep.as_mut().poll(&mut context).is_ready());
    }
}
