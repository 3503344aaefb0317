//! Pairing on one node: the queue and the pairs under one lock.
//!
//! **Architecture Invariants.** The rule of who fits is the domain's; what is here only finds those who may.
//! The lock is held for as long as one operation takes, and no operation looks at those who do not fit, so
//! all cost about the same however many wait.

mod blocks;
mod book;
mod departed;
mod families;
mod hashed;
mod index;
mod line;
mod nodes;
mod record;
mod search;
mod shelf;

use book::Book;
use nodes::Nodes;
use passerby_application::ports::{
    Block, Claim, Clock, PairingRules, PairingStore, Pulse, Release, Seeker, Stamp, StoreError,
};
use passerby_domain::id::NodeId;
use passerby_domain::notice::Census;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The pairing store of a single process.
///
/// No operation ever fails or waits. The memory that a long queue took is given back when it has gone.
pub struct MemoryPairing<C> {
    clock: Arc<C>,
    book: Mutex<Book>,
    nodes: Mutex<Nodes>,
}

impl<C: Clock> MemoryPairing<C> {
    /// An empty queue.
    pub fn new(rules: PairingRules, clock: Arc<C>) -> Self {
        Self {
            clock,
            book: Mutex::new(Book::new(rules)),
            nodes: Mutex::default(),
        }
    }

    fn with_book<T>(&self, work: impl FnOnce(&mut Book) -> T) -> T {
        work(&mut self.book.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<C> fmt::Debug for MemoryPairing<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryPairing").finish_non_exhaustive()
    }
}

impl<C: Clock> PairingStore for MemoryPairing<C> {
    async fn claim(&self, seeker: Seeker) -> Result<Claim, StoreError> {
        let now = self.clock.now();
        Ok(self.with_book(|book| book.claim(seeker, now)))
    }

    async fn release(&self, seat: Stamp, release: Release) -> Result<(), StoreError> {
        self.with_book(|book| book.release(seat, release));
        Ok(())
    }

    async fn block(&self, block: Block) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.with_book(|book| book.block(block, now));
        Ok(())
    }

    async fn heartbeat(&self, node: &NodeId, own: Census) -> Result<Pulse, StoreError> {
        let now = self.clock.now();
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(nodes.beat(node, own, now).into())
    }
}

#[cfg(test)]
mod tests;
