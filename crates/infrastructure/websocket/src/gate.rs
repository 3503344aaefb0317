//! Whether new connections are welcome, and how many there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// Whether new connections are welcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Not yet.
    Starting,
    /// They are.
    Ready,
    /// The store does not answer: those whose seat is here may come back to it, and nobody else is welcome.
    CutOff,
    /// No more: the node is going away.
    Draining,
}

/// Whether new connections are welcome, and how many there are; shared by everything that asks or decides.
#[derive(Debug, Default)]
pub struct Gate {
    readiness: AtomicU8,
    connections: AtomicUsize,
}

impl Gate {
    /// Changes whether new connections are welcome.
    pub fn set(&self, readiness: Readiness) {
        self.readiness.store(readiness as u8, Ordering::Release);
    }

    /// Changes it from one state to another, unless it is in a third.
    pub fn change(&self, from: Readiness, to: Readiness) {
        let (from, to) = (from as u8, to as u8);
        // That it was in a third is an answer too.
        let _ = self
            .readiness
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Whether new connections are welcome.
    pub fn readiness(&self) -> Readiness {
        match self.readiness.load(Ordering::Acquire) {
            0 => Readiness::Starting,
            1 => Readiness::Ready,
            2 => Readiness::CutOff,
            _ => Readiness::Draining,
        }
    }

    /// How many WebSocket connections there are.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Counts a connection in, if there is room below `limit`.
    pub(crate) fn enter(self: &Arc<Self>, limit: Option<usize>) -> Option<Place> {
        let before = self.connections.fetch_add(1, Ordering::Relaxed);
        let place = Place(self.clone());
        limit.is_none_or(|limit| before < limit).then_some(place)
    }
}

/// A connection that is counted, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<Gate>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_enters_a_full_house_until_somebody_leaves() {
        let gate = Arc::new(Gate::default());
        let first = gate.enter(Some(1));
        assert!(first.is_some());
        assert!(gate.enter(Some(1)).is_none());
        assert_eq!(gate.connections(), 1);
        drop(first);
        assert!(gate.enter(Some(1)).is_some());
        assert!(gate.enter(None).is_some());
    }
}
