//! What happened on the way between nodes, counted.
//!
//! **Architecture Invariant:** counters only grow, and say nothing of whom it happened to.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])+ $name:ident),+ $(,)?) => {
        /// How often each thing happened since the start.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct PostCounts {
            $($(#[$doc])+ pub $name: u64,)+
        }

        #[derive(Debug, Default)]
        pub(super) struct Counters {
            $(pub(super) $name: Counter,)+
        }

        impl Counters {
            pub(super) fn counts(&self) -> PostCounts {
                PostCounts { $($name: self.$name.0.load(Ordering::Relaxed),)+ }
            }
        }
    };
}

#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn one(&self) {
        self.many(1);
    }

    pub(super) fn many(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }
}

counters! {
    /// Batches that Redis took.
    batches_sent,
    /// What was in them: letters, questions and answers.
    letters_sent,
    /// Letters that nobody took in time, because Redis or the other node was away, or its inbox was full.
    letters_lost,
    /// Letters refused at once because too much waited.
    refused_full,
    /// Batches that came and were read.
    batches_received,
    /// What was in them.
    letters_received,
    /// Batches that came too late.
    dropped_late,
    /// Batches that came before.
    dropped_duplicate,
    /// Batches that were cut, changed or for another node.
    dropped_forged,
    /// Batches of another version, or sealed with an unknown secret.
    dropped_foreign,
    /// Letters in a batch that could not be read.
    dropped_malformed,
    /// Holes in what came.
    gaps,
    /// Times that the reading connection was lost, or gave no answer, and was made anew.
    relinks,
    /// Times that the inbox was not there and was made.
    inboxes_made,
}
