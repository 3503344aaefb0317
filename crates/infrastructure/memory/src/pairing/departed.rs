//! Seats that are gone for ever, remembered for a while so that a late word does not bring them back.

use passerby_domain::id::UserId;
use std::collections::{HashSet, VecDeque};

/// The seats that went last.
#[derive(Debug, Default)]
pub(super) struct Departed {
    seats: HashSet<UserId>,
    order: VecDeque<UserId>,
}

impl Departed {
    /// How many are remembered. A late word of this process is late by the time a thread may be kept waiting,
    /// in which far fewer seats go.
    const CAPACITY: usize = 4_096;

    pub(super) fn add(&mut self, seat: UserId) {
        if !self.seats.insert(seat) {
            return;
        }
        self.order.push_back(seat);
        if self.order.len() > Self::CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.seats.remove(&oldest);
        }
    }

    pub(super) fn contains(&self, seat: UserId) -> bool {
        self.seats.contains(&seat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seat_that_went_first_is_forgotten_first() {
        let mut departed = Departed::default();
        for seat in (0..=Departed::CAPACITY as u128).chain([1, 2]) {
            departed.add(UserId::from_bits(seat));
        }
        assert!(!departed.contains(UserId::from_bits(0)));
        assert!(departed.contains(UserId::from_bits(1)));
        assert_eq!(
            (departed.seats.len(), departed.order.len()),
            (Departed::CAPACITY, Departed::CAPACITY)
        );
    }
}
