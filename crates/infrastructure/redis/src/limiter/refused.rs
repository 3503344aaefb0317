//! Origins that Redis has just refused for their attempts: for a moment they are refused here, without asking it again.
//!
//! Whoever knocks a thousand times a second would cost the Redis of all nodes a script each time otherwise, on the
//! connection that letters between nodes go over.
//!
//! **Architecture Invariants.** Nobody is refused here for longer than Redis said, nor for longer than [`A_MOMENT`]. What is
//! refused here counts as if Redis had refused it, since it is told of it with the next question, if that comes soon. Bounded:
//! beyond [`MOST`] origins Redis is asked each time.

use passerby_domain::id::Origin;
use passerby_domain::time::{Millis, Moment};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long Redis is not asked again.
const A_MOMENT: Millis = Millis::from_secs(1);
/// How much later Redis is still told of attempts: it counts them as made when it hears of them.
const TELLING: Millis = Millis::from_secs(5);
/// How many origins are remembered, of some 50 bytes each.
const MOST: usize = 10_000;

/// The origins that were refused a moment ago.
#[derive(Debug, Default)]
pub(super) struct Refused {
    origins: Mutex<Origins>,
}

#[derive(Debug, Default)]
struct Origins {
    known: HashMap<Origin, Refusal>,
    /// Until when there was no room for one more, when it was last looked for.
    full_until: Moment,
}

#[derive(Debug)]
struct Refusal {
    /// When Redis may be asked again.
    ask_at: Moment,
    /// When somebody may be let in, as Redis said.
    until: Moment,
    /// The attempts that Redis has not been told of.
    untold: u32,
}

impl Refused {
    fn lock(&self) -> MutexGuard<'_, Origins> {
        self.origins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For how long an attempt is refused, if it is so without asking.
    pub(super) fn refuses(&self, origin: Origin, now: Moment) -> Option<Millis> {
        let mut origins = self.lock();
        let refusal = origins.known.get_mut(&origin)?;
        if refusal.ask_at <= now {
            return None;
        }
        refusal.untold = refusal.untold.saturating_add(1);
        Some(refusal.until.since(now))
    }

    /// How many attempts Redis is to be told of beside the present one.
    pub(super) fn take_untold(&self, origin: Origin, now: Moment) -> u32 {
        let refusal = self.lock().known.remove(&origin);
        let fresh = refusal.filter(|refusal| now < refusal.until && now.since(refusal.ask_at) < TELLING);
        fresh.map_or(0, |refusal| refusal.untold)
    }

    /// Redis refuses the origin for so long.
    pub(super) fn note(&self, origin: Origin, wait: Millis, now: Moment) {
        let mut origins = self.lock();
        if origins.known.len() >= MOST {
            if now < origins.full_until {
                return;
            }
            // Looked through once in a moment at the most.
            origins.full_until = now + A_MOMENT;
            origins.known.retain(|_, refusal| now < refusal.ask_at);
            if origins.known.len() >= MOST {
                return;
            }
        }
        let refusal = Refusal {
            ask_at: now + wait.min(A_MOMENT),
            until: now + wait,
            untold: 0,
        };
        origins.known.insert(origin, refusal);
    }

    /// Forgets those who have not come again.
    pub(super) fn tidy(&self, now: Moment) {
        let mut origins = self.lock();
        origins.known.retain(|_, refusal| now < refusal.until);
        if origins.known.is_empty() {
            origins.known = HashMap::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: Origin = Origin::from_bits(1);
    const NOW: Moment = Moment::from_millis(1_000);

    #[test]
    fn one_who_was_refused_is_refused_for_a_moment_without_asking() {
        let refused = Refused::default();
        assert_eq!(refused.refuses(HOME, NOW), None);
        refused.note(HOME, Millis::from_secs(40), NOW);
        let later = NOW + Millis::new(999);
        assert_eq!(refused.refuses(HOME, later), Some(Millis::new(39_001)));
        assert_eq!(refused.refuses(Origin::from_bits(2), later), None);
        assert_eq!(refused.refuses(HOME, NOW + A_MOMENT), None);
    }

    #[test]
    fn nobody_is_refused_for_longer_than_redis_said() {
        let refused = Refused::default();
        refused.note(HOME, Millis::new(300), NOW);
        assert!(refused.refuses(HOME, NOW + Millis::new(299)).is_some());
        assert_eq!(refused.refuses(HOME, NOW + Millis::new(300)), None);
    }

    #[test]
    fn redis_is_told_once_of_each_attempt_that_was_refused_here() {
        let refused = Refused::default();
        refused.note(HOME, Millis::from_secs(40), NOW);
        for _ in 0..3 {
            refused.refuses(HOME, NOW);
        }
        assert_eq!(refused.take_untold(HOME, NOW + A_MOMENT), 3);
        assert_eq!(refused.take_untold(HOME, NOW + A_MOMENT), 0);
    }

    #[test]
    fn what_was_long_ago_is_not_told_as_if_it_were_now() {
        for (wait, later) in [(40, 6), (3, 3)] {
            let refused = Refused::default();
            refused.note(HOME, Millis::from_secs(wait), NOW);
            refused.refuses(HOME, NOW);
            let later = NOW + Millis::from_secs(later);
            assert_eq!(refused.take_untold(HOME, later), 0);
        }
    }

    #[test]
    fn beyond_the_most_redis_is_asked_until_there_is_room_again() {
        let refused = Refused::default();
        let most = u128::try_from(MOST).unwrap();
        for origin in 0..=most {
            refused.note(Origin::from_bits(origin), Millis::from_secs(40), NOW);
        }
        let last = Origin::from_bits(most);
        assert_eq!(refused.refuses(last, NOW), None);
        let later = NOW + A_MOMENT;
        refused.note(last, Millis::from_secs(40), later);
        assert!(refused.refuses(last, later).is_some());
    }

    #[test]
    fn nothing_is_kept_of_who_does_not_come_again() {
        let refused = Refused::default();
        refused.note(HOME, Millis::from_secs(40), NOW);
        refused.tidy(NOW + Millis::from_secs(39));
        assert_eq!(refused.lock().known.len(), 1);
        refused.tidy(NOW + Millis::from_secs(40));
        assert_eq!(refused.lock().known.capacity(), 0);
    }
}
