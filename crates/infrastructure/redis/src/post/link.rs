//! The way to one node.
//!
//! **Architecture Invariants.** At most one write to a node is on its way: what comes meanwhile goes together with the
//! next one. A link at rest has no task and no more than a small buffer. What was refused was not queued, and what was
//! queued is sent in its order, or lost.

use super::envelope::Sealing;
use super::queue::{Bounds, Chunk, Queue};
use crate::keys::Key;
use passerby_application::ports::Unsent;
use passerby_domain::id::Incarnation;
use passerby_domain::time::{Millis, Moment};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// For how long letters are refused after one could not be sent. Then one is let through, to see.
const CAUTION: Millis = Millis::new(200);
/// A link that nobody used for so long may be forgotten.
const IDLE: Millis = Millis::from_secs(60);

/// The way to one node.
#[derive(Debug)]
pub(super) struct Link {
    to: Incarnation,
    inbox: Key,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    queue: Queue,
    /// Who writes to the node; nobody else has it while a write is on its way.
    courier: Option<Courier>,
    barrier: Option<Barrier>,
    used: Moment,
}

/// What is needed to write to a node, and how much was written since its inbox was last looked at.
#[derive(Debug)]
pub(super) struct Courier {
    pub(super) sealing: Sealing,
    pub(super) batches: u32,
    pub(super) bytes: usize,
}

/// Letters are refused.
#[derive(Debug)]
struct Barrier {
    why: Unsent,
    /// Until when; none while something is being tried.
    until: Option<Moment>,
}

/// Whether somebody has to be woken to send what was queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wake {
    Needed,
    Unneeded,
}

impl Link {
    pub(super) fn new(to: Incarnation, inbox: Key, sealing: Sealing, now: Moment) -> Self {
        let courier = Courier {
            sealing,
            batches: 0,
            bytes: 0,
        };
        Self {
            to,
            inbox,
            state: Mutex::new(State {
                queue: Queue::default(),
                courier: Some(courier),
                barrier: None,
                used: now,
            }),
        }
    }

    pub(super) fn to(&self) -> Incarnation {
        self.to
    }

    pub(super) fn inbox(&self) -> &Key {
        &self.inbox
    }

    /// Queues the frame that `write` writes. If somebody has to be woken, [`Self::set_out`] is called next.
    ///
    /// # Errors
    /// [`Unsent`]: nothing was queued.
    pub(super) fn push(
        &self,
        bounds: Bounds,
        now: impl Fn() -> Moment,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Wake, Unsent> {
        let mut state = self.lock();
        if let Some(barrier) = &mut state.barrier {
            let now = now();
            if barrier.until.is_none_or(|until| now < until) {
                return Err(barrier.why);
            }
            barrier.until = Some(now + CAUTION);
        }
        let was_empty = state.queue.is_empty();
        state.queue.push(bounds, now, write)?;
        Ok(if was_empty && state.courier.is_some() {
            Wake::Needed
        } else {
            Wake::Unneeded
        })
    }

    /// Whether there is room for a frame of any size.
    pub(super) fn has_room(&self, bounds: Bounds) -> bool {
        let state = self.lock();
        state.barrier.is_none() && state.queue.has_room(bounds)
    }

    /// The courier, if it is not on its way.
    pub(super) fn set_out(&self) -> Option<Courier> {
        self.lock().courier.take()
    }

    /// The next batch. Without one the courier comes home.
    pub(super) fn next(&self, courier: Courier, now: impl FnOnce() -> Moment) -> Option<(Courier, Chunk)> {
        let mut state = self.lock();
        if let Some(chunk) = state.queue.take() {
            return Some((courier, chunk));
        }
        let now = now();
        state.courier = Some(courier);
        state.used = now;
        if let Some(barrier) = &mut state.barrier
            && barrier.until.is_none()
        {
            barrier.until = Some(now + CAUTION);
        }
        None
    }

    /// Something could not be sent and is being tried again; until that succeeds letters are refused.
    pub(super) fn close(&self, why: Unsent) {
        self.lock().barrier = Some(Barrier { why, until: None });
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().barrier.is_some()
    }

    /// Something was sent.
    pub(super) fn open(&self) {
        self.lock().barrier = None;
    }

    pub(super) fn give_back(&self, buffer: Vec<u8>) {
        self.lock().queue.give_back(buffer);
    }

    /// Whether nothing waits and nothing is on its way.
    pub(super) fn rests(&self) -> bool {
        let state = self.lock();
        state.queue.is_empty() && state.courier.is_some()
    }

    /// Whether it may be forgotten.
    pub(super) fn is_idle(&self, now: Moment) -> bool {
        let state = self.lock();
        state.queue.is_empty() && state.courier.is_some() && now.since(state.used) > IDLE
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
