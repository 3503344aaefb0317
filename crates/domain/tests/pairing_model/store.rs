//! The store of the model: what it knows of each seat, and what each operation does to that.
//!
//! It says no more than the contract: what is older than the newest word about a seat changes nothing, and what is
//! newer replaces all that was known of it. Two who are offered to each other are in their chat, until their owners say
//! something newer.

use super::rules::{Fence, Rules};
use passerby_domain::id::Generation;

/// Which of the users.
pub(crate) type Who = u8;

/// A seat as it was at one generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Stamp {
    pub(crate) who: Who,
    pub(crate) generation: Generation,
}

/// What the store knows of a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Phase {
    Unknown,
    Waiting(Wants),
    /// In a chat or at rest.
    Settled,
    Gone,
}

/// What a user looks for, and whom they must not meet: a bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Wants {
    pub(crate) mode: u8,
    pub(crate) avoid: u8,
}

impl Wants {
    pub(crate) fn avoids(self, who: Who) -> bool {
        self.avoid & (1 << who) != 0
    }
}

/// Two seats taken out of the queue for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Offer {
    pub(crate) seeker: Stamp,
    pub(crate) found: Stamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Store {
    pub(crate) seats: Vec<(Generation, Phase)>,
}

impl Store {
    pub(crate) fn new(users: usize) -> Self {
        Self {
            seats: vec![(Generation::default(), Phase::Unknown); users],
        }
    }

    fn of(&self, who: Who) -> (Generation, Phase) {
        self.seats[usize::from(who)]
    }

    fn heeds(&self, stamp: Stamp, fence: Fence, rules: Rules) -> bool {
        let (generation, phase) = self.of(stamp.who);
        phase != Phase::Gone && (generation <= stamp.generation || !rules.has(fence))
    }

    fn replace(&mut self, stamp: Stamp, phase: Phase) {
        self.seats[usize::from(stamp.who)] = (stamp.generation, phase);
    }

    pub(crate) fn claim(&mut self, seeker: Stamp, wants: Wants, rules: Rules) -> Option<Offer> {
        let (generation, phase) = self.of(seeker.who);
        let came_to_something = generation == seeker.generation && phase == Phase::Settled;
        if !self.heeds(seeker, Fence::GenerationAtClaim, rules) || came_to_something {
            return None;
        }
        let found = (0_u8..)
            .zip(&self.seats)
            .find_map(|(who, (generation, phase))| match phase {
                Phase::Waiting(other)
                    if who != seeker.who
                        && other.mode == wants.mode
                        && !other.avoids(seeker.who)
                        && !wants.avoids(who) =>
                {
                    Some(Stamp {
                        who,
                        generation: *generation,
                    })
                }
                _ => None,
            });
        let Some(found) = found else {
            self.replace(seeker, Phase::Waiting(wants));
            return None;
        };
        self.replace(seeker, Phase::Settled);
        self.replace(found, Phase::Settled);
        Some(Offer { seeker, found })
    }

    pub(crate) fn release(&mut self, stamp: Stamp, phase: Phase, rules: Rules) {
        if self.heeds(stamp, Fence::GenerationAtRelease, rules) {
            self.replace(stamp, phase);
        }
    }
}
