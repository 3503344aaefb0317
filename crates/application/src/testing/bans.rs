//! Bans in a list.

use crate::ports::{Ban, BanId, Bans, NewBans, StoreError};
use async_trait::async_trait;
use passerby_domain::id::Origin;
use passerby_domain::time::UnixMillis;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keeps every ban in a list.
#[derive(Debug, Default)]
pub struct ListedBans(Mutex<List>);

#[derive(Debug, Default)]
struct List {
    bans: Vec<Ban>,
    last: BanId,
}

impl ListedBans {
    fn lock(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn in_force(ban: &Ban, now: UnixMillis) -> bool {
    ban.until.is_none_or(|until| until > now)
}

#[async_trait]
impl Bans for ListedBans {
    async fn find(&self, origin: Origin, now: UnixMillis) -> Result<Option<Ban>, StoreError> {
        let list = self.lock();
        Ok(list
            .bans
            .iter()
            .find(|ban| ban.origin == origin && in_force(ban, now))
            .copied())
    }

    async fn add(&self, mut ban: Ban) -> Result<Ban, StoreError> {
        let mut list = self.lock();
        list.last.0 += 1;
        ban.id = list.last;
        list.bans.retain(|old| old.origin != ban.origin);
        list.bans.push(ban);
        Ok(ban)
    }

    async fn lift(&self, id: BanId) -> Result<bool, StoreError> {
        let bans = &mut self.lock().bans;
        let before = bans.len();
        bans.retain(|ban| ban.id != id);
        Ok(bans.len() < before)
    }

    async fn list(&self, now: UnixMillis) -> Result<Vec<Ban>, StoreError> {
        let list = self.lock();
        let bans = list.bans.iter().filter(|ban| in_force(ban, now));
        Ok(bans.copied().collect())
    }

    async fn made_after(&self, last: BanId, now: UnixMillis) -> Result<NewBans, StoreError> {
        let list = self.lock();
        let new = list.bans.iter().filter(|ban| ban.id > last && in_force(ban, now));
        Ok(NewBans {
            last: list.last,
            bans: new.copied().collect(),
        })
    }
}
