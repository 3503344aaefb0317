//! Whom a seat must not meet for a while: the partners it just parted from, and those it blocked or was
//! blocked by.
//!
//! Both sides of a chat keep the same entry, so either side's list alone keeps two apart.
//!
//! **Architecture Invariant:** the list is bounded and forgets by itself what is over.

use crate::id::UserId;
use crate::time::Moment;

/// Why two seats are kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// They parted a moment ago.
    Parted,
    /// One of them blocked or reported the other.
    Blocked,
}

/// One seat that must not be met until a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avoided {
    /// Whom.
    pub seat: UserId,
    /// Until when.
    pub until: Moment,
    /// Why.
    pub cause: Cause,
}

/// All seats that one seat must not meet.
#[derive(Clone, Debug, Default)]
pub struct Avoidance {
    entries: Vec<Avoided>,
}

impl Avoidance {
    /// How many seats are remembered. Beyond it the entry that ends first is forgotten.
    ///
    /// A seat that parts from somebody every 60 ms for a whole minute stays below it.
    pub const CAPACITY: usize = 1024;

    /// Keeps `seat` away until `until`. An earlier entry for the same seat and cause gives way to a later one.
    pub fn add(&mut self, entry: Avoided, now: Moment) {
        self.entries.retain(|old| {
            old.until > now && (old.seat != entry.seat || old.cause != entry.cause || old.until > entry.until)
        });
        if entry.until <= now
            || self
                .entries
                .iter()
                .any(|old| old.seat == entry.seat && old.cause == entry.cause)
        {
            return;
        }
        if self.entries.len() == Self::CAPACITY
            && let Some((first, _)) = self.entries.iter().enumerate().min_by_key(|(_, old)| old.until)
        {
            self.entries.swap_remove(first);
        }
        self.entries.push(entry);
    }

    /// Until when `seat` must not be met; `None` if it may be met at `now`.
    pub fn until(&self, seat: UserId, now: Moment) -> Option<Moment> {
        self.entries
            .iter()
            .filter(|entry| entry.seat == seat && entry.until > now)
            .map(|entry| entry.until)
            .max()
    }

    /// Until when `seat` is kept away for having just parted; `None` if that is over.
    pub fn parted_until(&self, seat: UserId, now: Moment) -> Option<Moment> {
        let parted =
            |entry: &&Avoided| entry.seat == seat && entry.cause == Cause::Parted && entry.until > now;
        self.entries.iter().find(parted).map(|entry| entry.until)
    }

    /// Until when the one is kept away whom the seat parted from last; `None` if that is over.
    pub fn last_parted_until(&self, now: Moment) -> Option<Moment> {
        let parted = self.entries.iter().filter(|entry| entry.cause == Cause::Parted);
        parted.map(|entry| entry.until).max().filter(|until| *until > now)
    }

    /// What is in force at `now`.
    pub fn in_force(&self, now: Moment) -> impl Iterator<Item = &Avoided> {
        self.entries.iter().filter(move |entry| entry.until > now)
    }

    /// Forgets what is over at `now`, and gives memory back when nothing is left.
    pub fn forget_ended(&mut self, now: Moment) {
        self.entries.retain(|entry| entry.until > now);
        if self.entries.is_empty() {
            self.entries = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_millis(1_000);

    fn parted(seat: u128, until: u64) -> Avoided {
        Avoided {
            seat: UserId::from_bits(seat),
            until: Moment::from_millis(until),
            cause: Cause::Parted,
        }
    }

    #[test]
    fn a_seat_is_avoided_until_its_time_is_over() {
        let mut avoidance = Avoidance::default();
        avoidance.add(parted(1, 2_000), NOW);
        let seat = UserId::from_bits(1);
        assert_eq!(
            avoidance.until(seat, Moment::from_millis(1_999)),
            Some(Moment::from_millis(2_000))
        );
        assert_eq!(avoidance.until(seat, Moment::from_millis(2_000)), None);
        assert_eq!(avoidance.until(UserId::from_bits(2), NOW), None);
    }

    #[test]
    fn a_block_outlasts_a_cooldown_with_the_same_seat() {
        let mut avoidance = Avoidance::default();
        let seat = UserId::from_bits(1);
        avoidance.add(
            Avoided {
                seat,
                until: Moment::from_millis(9_000),
                cause: Cause::Blocked,
            },
            NOW,
        );
        avoidance.add(parted(1, 2_000), NOW);
        assert_eq!(avoidance.until(seat, NOW), Some(Moment::from_millis(9_000)));
        assert_eq!(
            avoidance.parted_until(seat, NOW),
            Some(Moment::from_millis(2_000))
        );
        assert_eq!(avoidance.parted_until(seat, Moment::from_millis(2_000)), None);
    }

    #[test]
    fn a_block_after_parting_leaves_the_cooldown_as_it_is() {
        let mut avoidance = Avoidance::default();
        let [seat, other] = [1, 2].map(UserId::from_bits);
        avoidance.add(parted(1, 2_000), NOW);
        let blocked = Avoided {
            cause: Cause::Blocked,
            ..parted(1, 9_000)
        };
        avoidance.add(blocked, NOW);
        assert_eq!(
            avoidance.parted_until(seat, NOW),
            Some(Moment::from_millis(2_000))
        );
        assert_eq!(avoidance.until(seat, NOW), Some(Moment::from_millis(9_000)));
        assert_eq!(avoidance.parted_until(other, NOW), None, "it met nobody else");
    }

    #[test]
    fn parting_again_lengthens_a_cooldown_and_never_shortens_it() {
        let mut avoidance = Avoidance::default();
        avoidance.add(parted(1, 5_000), NOW);
        avoidance.add(parted(1, 3_000), NOW);
        assert_eq!(avoidance.entries, [parted(1, 5_000)]);
        avoidance.add(parted(1, 7_000), NOW);
        assert_eq!(
            avoidance.until(UserId::from_bits(1), NOW),
            Some(Moment::from_millis(7_000))
        );
        assert_eq!(avoidance.in_force(NOW).count(), 1);
    }

    #[test]
    fn the_list_is_bounded_and_forgets_what_ends_first() {
        let mut avoidance = Avoidance::default();
        for seat in 0..=Avoidance::CAPACITY as u64 {
            avoidance.add(parted(u128::from(seat), 10_000 + seat), NOW);
        }
        assert_eq!(avoidance.in_force(NOW).count(), Avoidance::CAPACITY);
        assert_eq!(avoidance.until(UserId::from_bits(0), NOW), None);
        assert!(avoidance.until(UserId::from_bits(1), NOW).is_some());
    }

    #[test]
    fn only_what_is_over_is_forgotten() {
        let mut avoidance = Avoidance::default();
        for (seat, until) in [(1, 2_000), (2, 2_001)] {
            avoidance.add(parted(seat, until), NOW);
        }
        let later = Moment::from_millis(2_000);
        assert_eq!(avoidance.in_force(later).count(), 1);
        avoidance.forget_ended(later);
        assert_eq!(avoidance.entries, [parted(2, 2_001)]);
    }

    #[test]
    fn nothing_is_kept_once_all_is_over() {
        let mut avoidance = Avoidance::default();
        avoidance.add(parted(1, 2_000), NOW);
        avoidance.forget_ended(Moment::from_millis(2_000));
        assert_eq!(avoidance.in_force(NOW).count(), 0);
        assert_eq!(avoidance.entries.capacity(), 0);
    }

    #[test]
    fn whom_it_parted_from_last_is_kept_away_for_longest() {
        let mut avoidance = Avoidance::default();
        let now = Moment::from_millis(10);
        assert_eq!(avoidance.last_parted_until(now), None);
        for (seat, until, cause) in [
            (1, 20, Cause::Parted),
            (2, 30, Cause::Parted),
            (3, 40, Cause::Blocked),
        ] {
            let (seat, until) = (UserId::from_bits(seat), Moment::from_millis(until));
            avoidance.add(Avoided { seat, until, cause }, now);
        }
        assert_eq!(avoidance.last_parted_until(now), Some(Moment::from_millis(30)));
        assert_eq!(avoidance.last_parted_until(Moment::from_millis(30)), None);
    }
}
