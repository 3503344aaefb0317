//! A store at the end of a bad line.

use crate::ports::{
    Belief, Block, Claim, Difference, Dossier, Handover, Location, Offer, PairingStore, Pulse, Release,
    Seeker, Stamp, StoreError, Taken, TokenSerial, Verdict,
};
use passerby_domain::id::{NodeId, UserId};
use passerby_domain::notice::Census;
use passerby_domain::time::Millis;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

/// How the line to a store is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Line {
    /// Answers come at once.
    #[default]
    Good,
    /// What is asked is neither done nor answered until the line is good again.
    RequestsHeld,
    /// What is asked is done at once, and answered when the line is good again.
    AnswersHeld,
    /// Nothing is done, and every answer is [`StoreError::Unavailable`].
    Down,
    /// What is asked is done, and every answer is [`StoreError::Timeout`].
    AnswersLost,
}

/// A store at the end of a [`Line`]. Clones share the store and the line.
///
/// A held future is woken at once and always: poll it by hand, with [`step`](super::step).
#[derive(Debug)]
pub struct UnreliablePairing<S> {
    store: Arc<S>,
    line: Arc<Mutex<Line>>,
}

impl<S> Clone for UnreliablePairing<S> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
            line: self.line.clone(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the line is bad")]
struct BadLine;

impl<S> UnreliablePairing<S> {
    /// `store` at the end of a good line.
    pub fn new(store: S) -> Self {
        Self {
            store: Arc::new(store),
            line: Arc::default(),
        }
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Makes the line good or bad, for what is asked or answered from now on.
    pub fn set(&self, line: Line) {
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = line;
    }

    fn line(&self) -> Line {
        *self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: PairingStore> UnreliablePairing<S> {
    async fn while_not(&self, held: Line) {
        poll_fn(|context| {
            if self.line() == held {
                // Whoever waits for several at once asks again only those that woke them.
                context.waker().wake_by_ref();
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }

    async fn ask<T: Send>(
        &self,
        question: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.while_not(Line::RequestsHeld).await;
        if self.line() == Line::Down {
            return Err(StoreError::Unavailable(Box::new(BadLine)));
        }
        let lost = self.line() == Line::AnswersLost;
        let answer = question.await;
        self.while_not(Line::AnswersHeld).await;
        if lost {
            return Err(StoreError::Timeout(Box::new(BadLine)));
        }
        answer
    }
}

impl<S: PairingStore> PairingStore for UnreliablePairing<S> {
    async fn claim(&self, seeker: Seeker) -> Result<Claim, StoreError> {
        self.ask(self.store.claim(seeker)).await
    }

    async fn release(&self, seat: Stamp, release: Release) -> Result<(), StoreError> {
        self.ask(self.store.release(seat, release)).await
    }

    async fn block(&self, block: Block) -> Result<(), StoreError> {
        self.ask(self.store.block(block)).await
    }

    async fn heartbeat(&self, node: &NodeId, own: Census) -> Result<Pulse, StoreError> {
        self.ask(self.store.heartbeat(node, own)).await
    }

    async fn agree(&self, offer: Offer) -> Result<Verdict, StoreError> {
        self.ask(self.store.agree(offer)).await
    }

    async fn settle(&self, offer: Offer) -> Result<Verdict, StoreError> {
        self.ask(self.store.settle(offer)).await
    }

    async fn keep(&self, dossier: Dossier) -> Result<(), StoreError> {
        self.ask(self.store.keep(dossier)).await
    }

    async fn bequeath(&self, handover: Handover) -> Result<(), StoreError> {
        self.ask(self.store.bequeath(handover)).await
    }

    async fn take(&self, seat: UserId, serial: TokenSerial) -> Result<Option<Taken>, StoreError> {
        self.ask(self.store.take(seat, serial)).await
    }

    async fn give_back(&self, seat: UserId) -> Result<(), StoreError> {
        self.ask(self.store.give_back(seat)).await
    }

    fn offer_span(&self) -> Millis {
        self.store.offer_span()
    }

    async fn locate(&self, seat: UserId) -> Result<Option<Location>, StoreError> {
        self.ask(self.store.locate(seat)).await
    }

    async fn verify(&self, beliefs: Vec<Belief>) -> Result<Vec<Difference>, StoreError> {
        self.ask(self.store.verify(beliefs)).await
    }

    async fn owned(&self, after: Option<UserId>) -> Result<Vec<Stamp>, StoreError> {
        self.ask(self.store.owned(after)).await
    }

    async fn reap(&self) -> Result<(), StoreError> {
        self.ask(self.store.reap()).await
    }
}
