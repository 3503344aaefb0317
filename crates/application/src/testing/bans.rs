//! Bans in a list.

use crate::ports::{Ban, BanId, Bans, StoreError};
use async_trait::async_trait;
use passerby_domain::id::Origin;
use passerby_domain::time::UnixMillis;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keeps every ban in a list.
#[derive(Debug, Default)]
pub struct ListedBans(Mutex<Vec<Ban>>);

impl ListedBans {
    fn lock(&self) -> MutexGuard<'_, Vec<Ban>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn in_force(ban: &Ban, now: UnixMillis) -> bool {
    ban.until.is_none_or(|until| until > now)
}

#[async_trait]
impl Bans for ListedBans {
    async fn find(&self, origin: Origin, now: UnixMillis) -> Result<Option<Ban>, StoreError> {
        let bans = self.lock();
        Ok(bans
            .iter()
            .find(|ban| ban.origin == origin && in_force(ban, now))
            .copied())
    }

    async fn add(&self, mut ban: Ban) -> Result<Ban, StoreError> {
        let mut bans = self.lock();
        ban.id = BanId(bans.iter().map(|old| old.id.0).max().unwrap_or(0) + 1);
        bans.retain(|old| old.origin != ban.origin);
        bans.push(ban);
        Ok(ban)
    }

    async fn lift(&self, id: BanId) -> Result<bool, StoreError> {
        let mut bans = self.lock();
        let before = bans.len();
        bans.retain(|ban| ban.id != id);
        Ok(bans.len() < before)
    }

    async fn list(&self, now: UnixMillis) -> Result<Vec<Ban>, StoreError> {
        let bans = self.lock();
        Ok(bans.iter().filter(|ban| in_force(ban, now)).copied().collect())
    }
}
