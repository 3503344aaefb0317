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
    courier: Option<Box<Courier>>,
    call: Call,
    barrier: Option<Barrier>,
    used: Moment,
}

/// What is needed to write to a node, and how much was written since its inbox was last looked at.
#[derive(Debug)]
pub(super) struct Courier {
    pub(super) sealing: Sealing,
    /// When it last set out.
    pub(super) set_out: Option<Moment>,
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

/// What the courier was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    /// Nothing waits.
    None,
    /// What waits can wait a little.
    Later,
    /// It does not wait.
    Now,
}

/// How soon a letter is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// At once.
    Now,
    /// With the next one that is, or in a little while.
    Later,
}

/// Whether somebody has to be told that something was queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wake {
    Needed(Urgency),
    Unneeded,
}

/// What the courier does next.
#[derive(Debug)]
pub(super) enum Next {
    /// It sends this.
    Batch(Box<Courier>, Chunk),
    /// It is home, and what waits can wait a little.
    Linger,
    /// It is home, and nothing waits.
    Rest,
}

impl Link {
    pub(super) fn new(to: Incarnation, inbox: Key, sealing: Sealing, now: Moment) -> Self {
        let courier = Courier {
            sealing,
            set_out: None,
            batches: 0,
            bytes: 0,
        };
        Self {
            to,
            inbox,
            state: Mutex::new(State {
                queue: Queue::default(),
                courier: Some(Box::new(courier)),
                call: Call::None,
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

    /// Queues the frame that `write` writes, and says whether somebody has to call [`Self::set_out`], and how soon.
    ///
    /// # Errors
    /// [`Unsent`]: nothing was queued.
    pub(super) fn push(
        &self,
        bounds: Bounds,
        urgency: Urgency,
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
        state.queue.push(bounds, now, write)?;
        let wake = match (state.call, urgency) {
            (Call::Now, _) | (Call::Later, Urgency::Later) => return Ok(Wake::Unneeded),
            (Call::None | Call::Later, Urgency::Now) => {
                state.call = Call::Now;
                Wake::Needed(Urgency::Now)
            }
            (Call::None, Urgency::Later) => {
                state.call = Call::Later;
                Wake::Needed(Urgency::Later)
            }
        };
        // A courier that is on its way sees the call when it comes back.
        Ok(if state.courier.is_some() {
            wake
        } else {
            Wake::Unneeded
        })
    }

    /// Whether there is room for a frame of any size.
    pub(super) fn has_room(&self, bounds: Bounds) -> bool {
        let state = self.lock();
        state.barrier.is_none() && state.queue.has_room(bounds)
    }

    /// The courier, if it is not on its way and something waits.
    pub(super) fn set_out(&self) -> Option<Box<Courier>> {
        let mut state = self.lock();
        if state.queue.is_empty() {
            return None;
        }
        let courier = state.courier.take()?;
        state.call = Call::Now;
        Some(courier)
    }

    /// The next batch. If nothing waits that is urgent the courier comes home.
    pub(super) fn next(&self, courier: Box<Courier>, now: impl FnOnce() -> Moment) -> Next {
        let mut state = self.lock();
        if state.call == Call::Now
            && let Some(chunk) = state.queue.take()
        {
            if state.queue.is_empty() {
                state.call = Call::None;
            }
            return Next::Batch(courier, chunk);
        }
        let now = now();
        state.courier = Some(courier);
        state.used = now;
        if let Some(barrier) = &mut state.barrier
            && barrier.until.is_none()
        {
            barrier.until = Some(now + CAUTION);
        }
        if state.queue.is_empty() {
            state.call = Call::None;
            Next::Rest
        } else {
            state.call = Call::Later;
            Next::Linger
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keys;
    use crate::post::envelope::LinkKeys;
    use crate::seal::Secrets;

    const THERE: Incarnation = Incarnation::from_bits(2);
    const BOUNDS: Bounds = Bounds {
        bytes: 10_000_000,
        frames: 1_000,
    };

    struct Stage {
        link: Link,
        now: Moment,
    }

    impl Stage {
        fn new() -> Self {
            let secrets = Secrets {
                current: b"secret",
                previous: &[],
            };
            let keys = LinkKeys::new(Incarnation::from_bits(1), secrets);
            let inbox = Keys::new("passerby").inbox(THERE);
            let now = Moment::from_millis(1_000);
            Self {
                link: Link::new(THERE, inbox, keys.sealing(THERE, 1), now),
                now,
            }
        }

        fn push(&self, urgency: Urgency) -> Result<Wake, Unsent> {
            self.link
                .push(BOUNDS, urgency, || self.now, |bytes| bytes.push(7))
        }

        fn next(&self, courier: Box<Courier>) -> Next {
            self.link.next(courier, || self.now)
        }

        fn batch(&self, courier: Box<Courier>) -> (Box<Courier>, usize) {
            match self.next(courier) {
                Next::Batch(courier, chunk) => (courier, chunk.frames),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn the_first_letter_calls_the_courier_and_those_behind_it_go_along() {
        let stage = Stage::new();
        assert_eq!(stage.push(Urgency::Now), Ok(Wake::Needed(Urgency::Now)));
        assert_eq!(stage.push(Urgency::Now), Ok(Wake::Unneeded));
        assert_eq!(stage.push(Urgency::Later), Ok(Wake::Unneeded));
        let courier = stage.link.set_out().unwrap();
        assert!(stage.link.set_out().is_none());
        let (courier, frames) = stage.batch(courier);
        assert_eq!(frames, 3);
        assert_eq!(stage.push(Urgency::Now), Ok(Wake::Unneeded));
        let (courier, frames) = stage.batch(courier);
        assert_eq!(frames, 1);
        assert!(!stage.link.rests());
        assert!(matches!(stage.next(courier), Next::Rest));
        assert!(stage.link.rests());
    }

    #[test]
    fn what_is_not_urgent_waits_for_what_is() {
        let stage = Stage::new();
        assert_eq!(stage.push(Urgency::Later), Ok(Wake::Needed(Urgency::Later)));
        assert_eq!(stage.push(Urgency::Later), Ok(Wake::Unneeded));
        assert_eq!(stage.push(Urgency::Now), Ok(Wake::Needed(Urgency::Now)));
        let (courier, frames) = stage.batch(stage.link.set_out().unwrap());
        assert_eq!(frames, 3);
        assert_eq!(stage.push(Urgency::Later), Ok(Wake::Unneeded));
        assert!(matches!(stage.next(courier), Next::Linger));
        assert!(!stage.link.rests());
        let (courier, frames) = stage.batch(stage.link.set_out().unwrap());
        assert_eq!(frames, 1);
        assert!(matches!(stage.next(courier), Next::Rest));
        assert!(stage.link.set_out().is_none(), "nothing waits");
        assert_eq!(stage.push(Urgency::Now), Ok(Wake::Needed(Urgency::Now)));
    }

    #[test]
    fn letters_are_refused_while_something_cannot_be_sent_and_one_is_let_through_to_see() {
        let mut stage = Stage::new();
        stage.push(Urgency::Now).unwrap();
        let (courier, _) = stage.batch(stage.link.set_out().unwrap());
        stage.link.close(Unsent::Gone);
        assert_eq!(stage.push(Urgency::Now), Err(Unsent::Gone));
        stage.now += Millis::from_secs(10);
        assert_eq!(
            stage.push(Urgency::Now),
            Err(Unsent::Gone),
            "it is still being tried"
        );
        assert!(matches!(stage.next(courier), Next::Rest));
        assert_eq!(stage.push(Urgency::Now), Err(Unsent::Gone));
        stage.now += CAUTION;
        assert_eq!(stage.push(Urgency::Now), Ok(Wake::Needed(Urgency::Now)));
        assert_eq!(stage.push(Urgency::Now), Err(Unsent::Gone), "one is enough");
        stage.link.open();
        assert_eq!(stage.push(Urgency::Now), Ok(Wake::Unneeded));
    }

    #[test]
    fn a_link_that_nobody_uses_may_be_forgotten_and_no_other() {
        let stage = Stage::new();
        let later = stage.now + IDLE + Millis::new(1);
        assert!(stage.link.is_idle(later) && !stage.link.is_idle(stage.now + IDLE));
        stage.push(Urgency::Now).unwrap();
        assert!(!stage.link.is_idle(later));
        let (courier, _) = stage.batch(stage.link.set_out().unwrap());
        assert!(!stage.link.is_idle(later));
        assert!(matches!(stage.next(courier), Next::Rest));
        assert!(stage.link.is_idle(later));
    }
}
