//! Counters of what never should be.
//!
//! **Architecture Invariant:** each of them is 0 as long as all goes well; whoever counts anything else has found a fault.

use passerby_domain::id::NodeId;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the scripts found that never should be, counted since the start.
#[derive(Debug, Default)]
pub struct Anomalies {
    strays: AtomicU64,
    unreadable: AtomicU64,
    namesakes: AtomicU64,
}

impl Anomalies {
    /// Entries of the queue or of the index whose seat does not wait, and seats that wait without an entry.
    pub fn strays(&self) -> u64 {
        self.strays.load(Ordering::Relaxed)
    }

    /// Records and legacies that this node cannot read.
    pub fn unreadable(&self) -> u64 {
        self.unreadable.load(Ordering::Relaxed)
    }

    /// Heartbeats at which another node lived that had this one's name.
    pub fn namesakes(&self) -> u64 {
        self.namesakes.load(Ordering::Relaxed)
    }

    pub(super) fn note_strays(&self, count: u64) {
        self.strays.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn note_unreadable(&self) {
        self.unreadable.fetch_add(1, Ordering::Relaxed);
    }

    /// Tells the operator at the first of them.
    pub(super) fn note_namesake(&self, name: &NodeId) {
        if self.namesakes.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::error!(
                node = name.as_str(),
                "another node lives that has this one's node.id: users are counted wrongly"
            );
        }
    }
}
