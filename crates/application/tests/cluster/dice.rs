//! Numbers that look random and are the same for the same seed.

use std::sync::{Arc, Mutex, PoisonError};

/// Clones roll the same dice in turn.
#[derive(Clone, Debug)]
pub(crate) struct Dice(Arc<Mutex<u64>>);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let state = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Self(Arc::new(Mutex::new(state)))
    }

    /// A number below `sides`.
    pub(crate) fn roll(&self, sides: usize) -> usize {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        usize::try_from((*state >> 11) % sides.max(1) as u64).unwrap_or_default()
    }

    /// True once in so many times.
    pub(crate) fn once_in(&self, times: usize) -> bool {
        self.roll(times) == 0
    }
}
