//! The primaries of the plain store: what it forgets, and how another takes its place.

use super::HonestPairing;
use super::known::Known;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};

/// What one primary knows, for as long as nobody else may change it.
pub(super) struct Primary<'a> {
    all: MutexGuard<'a, Vec<Known>>,
    own: usize,
}

impl Deref for Primary<'_> {
    type Target = Known;

    fn deref(&self) -> &Known {
        &self.all[self.own]
    }
}

impl DerefMut for Primary<'_> {
    fn deref_mut(&mut self) -> &mut Known {
        &mut self.all[self.own]
    }
}

/// What a [`HonestPairing`] knew at some time.
#[derive(Debug)]
pub struct Backup(Known);

impl HonestPairing {
    /// It is emptied: nothing is known any more.
    pub fn forget_all(&self) {
        self.lock().forget_all();
    }

    /// What it knows now.
    pub fn back_up(&self) -> Backup {
        Backup(self.lock().clone())
    }

    /// It knows again what it knew then, as after a failover to a copy that was a little late: all that it was told since is
    /// lost. Nodes hear of that at their next heartbeat, as when their way to it breaks.
    pub fn restore(&self, backup: Backup) {
        let mut known = self.lock();
        let restored = known.restored + 1;
        // A memory that has lost all since does not come back.
        if backup.0.epoch == known.epoch {
            *known = backup.0;
        }
        known.restored = restored;
    }

    /// A failover: another primary, which knows what this one knew then, counts from now on. Nodes go on to speak to this one
    /// until they [`follow`](Self::follow); whoever speaks through `self` does so at once.
    pub fn fail_over(&self, backup: Backup) {
        {
            let mut known = self.lock();
            // A memory that has lost all since does not come back.
            let mut next = if backup.0.epoch == known.epoch {
                backup.0
            } else {
                known.clone()
            };
            next.restored = known.restored + 1;
            known.all.push(next);
        }
        self.follow();
    }

    /// Speaks to the primary that counts from now on.
    pub fn follow(&self) {
        let newest = self.lock().all.len() - 1;
        self.primary.store(newest, Ordering::Relaxed);
    }

    pub(super) fn lock(&self) -> Primary<'_> {
        Primary {
            all: self.primaries.lock().unwrap_or_else(PoisonError::into_inner),
            own: self.primary.load(Ordering::Relaxed),
        }
    }
}
