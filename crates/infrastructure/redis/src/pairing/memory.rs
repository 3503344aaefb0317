//! Whether Redis still knows what it knew.

use super::nodes::LEASE;
use passerby_application::ports::StoreMemory;
use passerby_domain::time::{Millis, Moment};
use std::sync::{Mutex, PoisonError};

/// A step of the time of Redis against the node's own that is more than drift and delay.
const LEAP: Millis = Millis::from_secs(5);

/// What the last heartbeat was told.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Option<Seen>>);

/// What one heartbeat is told.
#[derive(Debug)]
pub(super) struct Seen {
    /// What the memory of Redis is called: another name, after everything was lost.
    pub(super) epoch: Vec<u8>,
    /// How often the link to Redis had come up when it was asked: another server may have answered since.
    pub(super) link: u64,
    /// The time of Redis, in milliseconds.
    pub(super) time: u64,
    /// The node's own time.
    pub(super) at: Moment,
}

impl Memory {
    /// Compares with what was seen a heartbeat ago. `lease` is the end of this node's lease until now, if it had one.
    pub(super) fn note(&self, seen: Seen, lease: Option<u64>) -> StoreMemory {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let memory = last.as_ref().map_or(StoreMemory::Kept, |last| {
            let is_lapsed = lease.is_none_or(|lease| lease <= seen.time);
            // The lease that the last heartbeat was given is not known: nor may be what else was said since.
            let is_older = lease.is_some_and(|lease| lease < last.time + LEASE.get());
            if last.epoch != seen.epoch || is_lapsed || leapt(last, &seen) {
                StoreMemory::Lost
            } else if is_older || last.link != seen.link {
                StoreMemory::Restored
            } else {
                StoreMemory::Kept
            }
        });
        *last = Some(seen);
        memory
    }

    /// Whether the memory that is called so is the one that the last heartbeat saw. Before the first, any is.
    pub(super) fn is(&self, epoch: &[u8]) -> bool {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().is_none_or(|last| last.epoch == epoch)
    }
}

fn leapt(last: &Seen, seen: &Seen) -> bool {
    let own = seen.at.since(last.at).get();
    let theirs = i128::from(seen.time) - i128::from(last.time);
    (theirs - i128::from(own)).unsigned_abs() > u128::from(LEAP.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(epoch: &[u8], time: u64, at: u64) -> Seen {
        Seen {
            epoch: epoch.to_vec(),
            link: 1,
            time,
            at: Moment::from_millis(at),
        }
    }

    /// A node that has heard of `a` at 10 s of its own.
    fn memory() -> Memory {
        let memory = Memory::default();
        assert_eq!(
            memory.note(seen(b"a", 1_000_000, 10_000), None),
            StoreMemory::Kept
        );
        memory
    }

    #[test]
    fn what_goes_on_as_it_was_is_kept() {
        let next = seen(b"a", 1_001_100, 11_000);
        assert_eq!(memory().note(next, Some(1_005_000)), StoreMemory::Kept);
    }

    #[test]
    fn another_name_a_lease_that_is_over_or_gone_and_a_leap_are_losses() {
        for (next, lease) in [
            (seen(b"b", 1_001_000, 11_000), Some(1_005_000)),
            (seen(b"a", 1_001_000, 11_000), None),
            (seen(b"a", 1_006_000, 16_000), Some(1_005_000)),
            (seen(b"a", 1_007_000, 11_000), Some(1_009_000)),
            (seen(b"a", 995_000, 11_000), Some(1_005_000)),
        ] {
            let told = format!("{next:?}");
            assert_eq!(memory().note(next, lease), StoreMemory::Lost, "{told}");
        }
    }

    #[test]
    fn an_older_lease_and_another_link_say_that_the_last_words_may_be_forgotten() {
        let older = seen(b"a", 1_001_000, 11_000);
        assert_eq!(memory().note(older, Some(1_004_000)), StoreMemory::Restored);
        let elsewhere = Seen {
            link: 2,
            ..seen(b"a", 1_001_000, 11_000)
        };
        assert_eq!(memory().note(elsewhere, Some(1_005_000)), StoreMemory::Restored);
    }

    #[test]
    fn a_memory_is_known_by_its_name() {
        assert!(Memory::default().is(b"a"));
        assert!(memory().is(b"a"));
        assert!(!memory().is(b"b"));
        assert!(!memory().is(b""));
    }

    #[test]
    fn a_loss_is_told_once() {
        let memory = memory();
        assert_eq!(
            memory.note(seen(b"b", 1_001_000, 11_000), None),
            StoreMemory::Lost
        );
        assert_eq!(
            memory.note(seen(b"b", 1_002_000, 12_000), Some(1_006_000)),
            StoreMemory::Kept
        );
    }
}
