//! Bans, by origin.
//!
//! **Architecture Invariants.** At most [`MemoryBans::CAPACITY`] bans are kept. A ban in force never gives
//! way to another one: when there is no room, the operator is told.

use async_trait::async_trait;
use passerby_application::ports::{Ban, BanId, Bans, NewBans, StoreError};
use passerby_domain::id::Origin;
use passerby_domain::time::UnixMillis;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

/// There is no room for another ban.
#[derive(Debug, thiserror::Error)]
#[error("there are as many bans as there may be")]
struct Full;

/// Keeps the bans of this process.
#[derive(Debug, Default)]
pub struct MemoryBans {
    list: Mutex<List>,
}

#[derive(Debug, Default)]
struct List {
    /// Oldest first, since later bans have greater names.
    bans: BTreeMap<BanId, Ban>,
    by_origin: HashMap<Origin, BanId>,
    last: u64,
    /// The latest time of day that anybody asked about: what was over then may be forgotten.
    now: UnixMillis,
}

impl MemoryBans {
    /// The most bans that are kept.
    pub const CAPACITY: usize = 100_000;

    /// No bans.
    pub fn new() -> Self {
        Self::default()
    }

    fn with_list<T>(&self, work: impl FnOnce(&mut List) -> T) -> T {
        work(&mut self.list.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl List {
    fn find(&mut self, origin: Origin, now: UnixMillis) -> Option<Ban> {
        self.now = now;
        let id = self.by_origin.get(&origin)?;
        self.bans.get(id).copied().filter(|ban| is_in_force(ban, now))
    }

    fn add(&mut self, ban: Ban) -> Result<Ban, Full> {
        if let Some(older) = self.by_origin.remove(&ban.origin) {
            self.bans.remove(&older);
        }
        if self.bans.len() >= MemoryBans::CAPACITY {
            self.forget_ended();
        }
        if self.bans.len() >= MemoryBans::CAPACITY {
            return Err(Full);
        }
        self.last += 1;
        let ban = Ban {
            id: BanId(self.last),
            ..ban
        };
        self.bans.insert(ban.id, ban);
        self.by_origin.insert(ban.origin, ban.id);
        Ok(ban)
    }

    fn lift(&mut self, id: BanId) -> bool {
        let Some(ban) = self.bans.remove(&id) else {
            return false;
        };
        self.by_origin.remove(&ban.origin);
        is_in_force(&ban, self.now)
    }

    fn list(&mut self, now: UnixMillis) -> Vec<Ban> {
        self.now = now;
        self.forget_ended();
        self.bans.values().copied().collect()
    }

    fn forget_ended(&mut self) {
        let now = self.now;
        self.bans.retain(|_, ban| is_in_force(ban, now));
        let bans = &self.bans;
        self.by_origin.retain(|_, id| bans.contains_key(id));
    }
}

fn is_in_force(ban: &Ban, now: UnixMillis) -> bool {
    ban.until.is_none_or(|until| until > now)
}

#[async_trait]
impl Bans for MemoryBans {
    async fn find(&self, origin: Origin, now: UnixMillis) -> Result<Option<Ban>, StoreError> {
        Ok(self.with_list(|list| list.find(origin, now)))
    }

    async fn add(&self, ban: Ban) -> Result<Ban, StoreError> {
        self.with_list(|list| list.add(ban))
            .map_err(|full| StoreError::Unavailable(full.into()))
    }

    async fn lift(&self, id: BanId) -> Result<bool, StoreError> {
        Ok(self.with_list(|list| list.lift(id)))
    }

    async fn list(&self, now: UnixMillis) -> Result<Vec<Ban>, StoreError> {
        Ok(self.with_list(|list| list.list(now)))
    }

    async fn made_after(&self, last: BanId, now: UnixMillis) -> Result<NewBans, StoreError> {
        Ok(self.with_list(|list| {
            let mut bans = list.list(now);
            bans.retain(|ban| ban.id > last);
            NewBans {
                last: BanId(list.last),
                bans,
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use passerby_application::ports::Offence;

    fn ban(origin: u128, until: Option<u64>) -> Ban {
        let until = until.map(UnixMillis);
        Ban {
            id: BanId(0),
            origin: Origin::from_bits(origin),
            offence: Offence::Spam,
            until,
        }
    }

    fn full(until: Option<u64>) -> List {
        let mut list = List::default();
        for origin in 0..MemoryBans::CAPACITY as u128 {
            list.add(ban(origin, until)).unwrap();
        }
        list
    }

    #[test]
    fn a_full_list_refuses_another_ban_and_keeps_those_it_has() {
        let mut list = full(None);
        assert!(list.add(ban(u128::MAX, None)).is_err());
        assert!(list.find(Origin::from_bits(0), UnixMillis(0)).is_some());
        assert!(
            list.add(ban(0, Some(5))).is_ok(),
            "a ban in place of an older one takes no room"
        );
    }

    #[test]
    fn a_full_list_forgets_what_is_over_to_make_room() {
        let mut list = full(Some(5));
        assert_eq!(list.find(Origin::from_bits(7), UnixMillis(5)), None);
        assert!(list.add(ban(u128::MAX, None)).is_ok());
        assert_eq!((list.bans.len(), list.by_origin.len()), (1, 1));
    }

    #[test]
    fn nothing_is_left_of_a_ban_that_was_lifted() {
        let mut list = List::default();
        let made = list.add(ban(1, None)).unwrap();
        assert!(list.lift(made.id));
        assert_eq!((list.bans.len(), list.by_origin.len()), (0, 0));
    }
}
