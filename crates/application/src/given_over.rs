//! What seats count in the limits of their origins, for a moment after they have gone to another node.
//!
//! That node counts them too, and others hear so a little later. Were a seat counted nowhere meanwhile, its origin could have
//! another in its place each time that it moves.
//!
//! **Architecture Invariant:** bounded in time, and so by the number of seats that leave in that time.

use passerby_domain::time::{Millis, Moment};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// For how long: some times as long as a node takes to tell the others what it counts.
const SPAN: Millis = Millis::new(500);

/// Counted seats that another node has.
pub(crate) struct GivenOver<T>(Mutex<VecDeque<(Moment, T)>>);

impl<T> Default for GivenOver<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> GivenOver<T> {
    /// A seat has gone to another node: `counted` counts it for a moment longer.
    pub(crate) fn keep(&self, counted: T, now: Moment) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((now + SPAN, counted));
    }

    /// Counts those no longer whose moment is over.
    pub(crate) fn forget(&self, now: Moment) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = kept.iter().take_while(|(until, _)| *until <= now).count();
        let over: Vec<_> = kept.drain(..over).collect();
        if kept.is_empty() {
            *kept = VecDeque::new();
        }
        drop(kept);
        // What is told of them now waits for nobody who gives one over.
        drop(over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_seat_that_has_gone_is_counted_a_moment_longer() {
        let seat = Arc::new(());
        let given_over = GivenOver::default();
        given_over.keep(seat.clone(), Moment::from_millis(1_000));
        for (millis, counts) in [(1_000, 2), (1_499, 2), (1_500, 1)] {
            given_over.forget(Moment::from_millis(millis));
            assert_eq!(Arc::strong_count(&seat), counts, "at {millis}");
        }
    }
}
