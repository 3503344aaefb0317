//! What does not answer is not asked: a breaker for each range of hash slots.
//!
//! One server is one lane. In a cluster one primary may be away while the others work, so there is a lane for every 256
//! slots; what a primary holds is a few lanes.
//!
//! **Architecture Invariants.** A lane that is closed to callers is opened by the keeper's own probe alone, so that no
//! caller waits for a server that is away. Their number is fixed.

use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};

/// How many lanes a cluster has.
const LANES: usize = 64;
/// How many slots a lane of a cluster has.
const SLOTS: u16 = 256;

/// Which lane a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lane(usize);

#[derive(Debug, Default)]
struct State {
    is_blocked: AtomicBool,
    /// The slot that did not answer. The lane may be shared by two primaries of which the other one works.
    slot: AtomicU16,
    /// How many answers there have been.
    answers: AtomicU64,
}

/// All lanes.
#[derive(Debug)]
pub(super) struct Lanes {
    states: Box<[State]>,
}

impl Lanes {
    pub(super) fn for_one_server() -> Self {
        Self::new(1)
    }

    pub(super) fn for_cluster() -> Self {
        Self::new(LANES)
    }

    fn new(count: usize) -> Self {
        Self {
            states: (0..count).map(|_| State::default()).collect(),
        }
    }

    /// The lane of a slot.
    pub(super) fn of(&self, slot: u16) -> Lane {
        Lane(usize::from(slot / SLOTS).min(self.states.len() - 1))
    }

    pub(super) fn is_blocked(&self, lane: Lane) -> bool {
        self.states[lane.0].is_blocked.load(Ordering::Acquire)
    }

    /// How many answers came by this lane so far.
    pub(super) fn answers(&self, lane: Lane) -> u64 {
        self.states[lane.0].answers.load(Ordering::Relaxed)
    }

    pub(super) fn note_answer(&self, lane: Lane) {
        self.states[lane.0].answers.fetch_add(1, Ordering::Relaxed);
    }

    /// Closes a lane to callers because of `slot`. Whether it was open until now.
    pub(super) fn block(&self, lane: Lane, slot: u16) -> bool {
        self.states[lane.0].slot.store(slot, Ordering::Relaxed);
        !self.states[lane.0].is_blocked.swap(true, Ordering::AcqRel)
    }

    /// Opens a lane to callers.
    pub(super) fn unblock(&self, lane: Lane) {
        self.states[lane.0].is_blocked.store(false, Ordering::Release);
    }

    pub(super) fn unblock_all(&self) {
        for state in &self.states {
            state.is_blocked.store(false, Ordering::Release);
        }
    }

    /// The lanes that are closed, each with the slot that did not answer.
    pub(super) fn blocked(&self) -> Vec<(Lane, u16)> {
        (0..self.states.len())
            .map(Lane)
            .filter(|&lane| self.is_blocked(lane))
            .map(|lane| (lane, self.states[lane.0].slot.load(Ordering::Relaxed)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_is_one_lane() {
        let lanes = Lanes::for_one_server();
        assert_eq!(lanes.of(0), lanes.of(16_383));
    }

    #[test]
    fn a_lane_of_a_cluster_is_a_range_of_slots() {
        let lanes = Lanes::for_cluster();
        assert_eq!(lanes.of(256), lanes.of(511));
        assert_ne!(lanes.of(255), lanes.of(256));
        assert_eq!(lanes.of(16_128), lanes.of(16_383));
    }

    #[test]
    fn a_lane_that_is_blocked_leaves_the_others_open() {
        let lanes = Lanes::for_cluster();
        assert!(lanes.block(lanes.of(300), 300));
        assert!(!lanes.block(lanes.of(400), 400));
        assert!(lanes.is_blocked(lanes.of(256)));
        assert!(!lanes.is_blocked(lanes.of(600)));
        assert_eq!(lanes.blocked(), [(lanes.of(300), 400)]);
        lanes.unblock(lanes.of(300));
        assert!(lanes.blocked().is_empty());
    }
}
