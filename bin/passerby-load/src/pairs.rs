//! Who was paired with whom, joined by the id of the chat.
//!
//! **Architecture Invariants:** one entry for each chat that only one of the two has reported.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use crate::clock::Nanos;
use crate::recorder::Recorder;

/// What a user knows when it is told of its chat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) user: usize,
    /// Which node it is on.
    pub(crate) node: usize,
    /// Since when the server could pair it.
    pub(crate) here: Nanos,
    /// When it was told.
    pub(crate) at: Nanos,
}

#[derive(Debug, Default)]
struct Inner {
    alone: HashMap<String, Told>,
    across_nodes: u64,
}

/// Collects the pairs of a run.
#[derive(Debug)]
pub(crate) struct Pairs {
    inner: Mutex<Inner>,
    paired: watch::Sender<u64>,
    delay: Recorder,
}

impl Pairs {
    pub(crate) fn new(threads: usize) -> Self {
        Self {
            inner: Mutex::default(),
            paired: watch::Sender::new(0),
            delay: Recorder::new(threads),
        }
    }

    /// A user was told of its chat.
    pub(crate) fn told(&self, chat: &str, told: Told) {
        let first = {
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            let first = inner.alone.remove(chat);
            match first {
                Some(first) if first.node != told.node => inner.across_nodes += 1,
                Some(_) => {}
                None => {
                    inner.alone.insert(chat.to_owned(), told);
                }
            }
            first
        };
        if let Some(first) = first {
            let both_here = first.here.max(told.here);
            for one in [first, told] {
                self.delay.record(one.user, one.at.saturating_sub(both_here));
            }
        }
        self.paired.send_modify(|paired| *paired += 1);
    }

    /// How many users were told of a chat, as it changes.
    pub(crate) fn paired(&self) -> watch::Receiver<u64> {
        self.paired.subscribe()
    }

    /// How many pairs are on two nodes.
    pub(crate) fn across_nodes(&self) -> u64 {
        self.inner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .across_nodes
    }

    /// How long each user had to wait once both of its pair were there.
    pub(crate) fn delay(&self) -> &Recorder {
        &self.delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(user: usize, node: usize, here: Nanos, at: Nanos) -> Told {
        Told { user, node, here, at }
    }

    #[test]
    fn the_wait_counts_from_when_the_second_of_the_two_came() {
        let pairs = Pairs::new(1);
        pairs.told("a", told(0, 0, 1_000_000, 9_500_000));
        pairs.told("a", told(1, 0, 9_000_000, 10_000_000));
        let total = pairs.delay().total();
        assert_eq!(total.len(), 2);
        assert!((990_000..=1_010_000).contains(&total.max()), "{}", total.max());
        assert!((495_000..=505_000).contains(&total.min()), "{}", total.min());
        assert_eq!(*pairs.paired().borrow(), 2);
    }

    #[test]
    fn only_pairs_of_two_nodes_are_across() {
        let pairs = Pairs::new(1);
        pairs.told("a", told(0, 0, 0, 1));
        pairs.told("b", told(1, 1, 0, 1));
        pairs.told("a", told(2, 0, 0, 1));
        assert_eq!(pairs.across_nodes(), 0);
        pairs.told("b", told(3, 0, 0, 1));
        assert_eq!(pairs.across_nodes(), 1);
    }
}
