//! Bans, by origin.
//!
//! A ban is looked for whenever somebody connects, so that is one field of one hash, over the shared connection. All of it
//! is in one hash, which no step can find half changed.
//!
//! **Architecture Invariants.** At most [`RedisBans::CAPACITY`] bans are kept. A ban in force never gives way to another
//! one: when there is no room, the operator is told.

use crate::client;
use crate::connection::{Failure, Redis, Script};
use crate::keys::Key;
use crate::offence;
use async_trait::async_trait;
use passerby_application::ports::{Ban, BanId, Bans, NewBans, StoreError};
use passerby_domain::id::Origin;
use passerby_domain::time::UnixMillis;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many fields of the hash are read in one go.
const SCAN: usize = 1_000;
/// How many bans are removed in one go.
const SWEEP: usize = 500;

/// There is no room for another ban.
#[derive(Debug, thiserror::Error)]
#[error("there are as many bans as there may be")]
struct Full;

/// Keeps the bans of all nodes.
pub struct RedisBans {
    redis: Redis,
    key: Key,
    add: Script,
    lift: Script,
    /// The latest time of day that anybody asked about: what was over then may be forgotten.
    now: AtomicU64,
}

impl RedisBans {
    /// The most bans that are kept.
    pub const CAPACITY: usize = 100_000;

    /// The bans in `redis`.
    pub fn new(redis: Redis) -> Self {
        Self {
            key: redis.keys().moderation("bans"),
            redis,
            add: Script::new(include_str!("bans/add.lua")),
            lift: Script::new(include_str!("bans/lift.lua")),
            now: AtomicU64::new(0),
        }
    }

    fn note(&self, now: UnixMillis) {
        self.now.store(now.0, Ordering::Relaxed);
    }

    fn now(&self) -> UnixMillis {
        UnixMillis(self.now.load(Ordering::Relaxed))
    }

    async fn try_add(&self, ban: &Ban) -> Result<Option<BanId>, StoreError> {
        let until = ban
            .until
            .map_or_else(|| "-".to_owned(), |until| until.0.to_string());
        let args = (
            ban.origin.to_operator_text(),
            u32::from(offence::number(ban.offence)),
            until,
            Self::CAPACITY,
        );
        let name: Option<u64> = self.redis.pooled_script(&self.add, &[&self.key], args).await?;
        Ok(name.map(BanId))
    }

    /// All bans, whether in force or over, oldest first.
    async fn all(&self) -> Result<Vec<Ban>, StoreError> {
        // An origin may be seen twice, with another ban if it got a newer one meanwhile.
        let mut newest: BTreeMap<Origin, Ban> = BTreeMap::new();
        let mut cursor = 0_u64;
        loop {
            let mut question = client::cmd("HSCAN");
            question
                .arg(self.key.as_str())
                .arg(cursor)
                .arg("MATCH")
                .arg("o*")
                .arg("COUNT")
                .arg(SCAN);
            let (next, fields): (u64, Vec<(String, String)>) =
                self.redis.pooled_command(&self.key, &question).await?;
            for (field, value) in fields {
                let origin = field.strip_prefix('o').ok_or_else(Failure::shape)?;
                let origin = Origin::from_operator_text(origin).map_err(|_| Failure::shape())?;
                let ban = read(origin, &value).ok_or_else(Failure::shape)?;
                let known = newest.entry(origin).or_insert(ban);
                if known.id < ban.id {
                    *known = ban;
                }
            }
            if next == 0 {
                let mut all: Vec<_> = newest.into_values().collect();
                all.sort_unstable_by_key(|ban| ban.id);
                return Ok(all);
            }
            cursor = next;
        }
    }

    async fn remove(&self, names: &[BanId]) -> Result<Vec<String>, StoreError> {
        let names: Vec<u64> = names.iter().map(|id| id.0).collect();
        self.redis.pooled_script(&self.lift, &[&self.key], names).await
    }

    async fn forget_ended(&self) -> Result<(), StoreError> {
        let now = self.now();
        let all = self.all().await?;
        let over: Vec<_> = all
            .iter()
            .filter(|ban| !is_in_force(ban, now))
            .map(|ban| ban.id)
            .collect();
        for some in over.chunks(SWEEP) {
            self.remove(some).await?;
        }
        Ok(())
    }
}

/// What the hash says of an origin.
fn read(origin: Origin, value: &str) -> Option<Ban> {
    let mut words = value.split(' ');
    let id = BanId(words.next()?.parse().ok()?);
    let offence = offence::from_number(words.next()?.parse().ok()?)?;
    let until = match words.next()? {
        "-" => None,
        until => Some(UnixMillis(until.parse().ok()?)),
    };
    Some(Ban {
        id,
        origin,
        offence,
        until,
    })
}

fn is_in_force(ban: &Ban, now: UnixMillis) -> bool {
    ban.until.is_none_or(|until| until > now)
}

#[async_trait]
impl Bans for RedisBans {
    async fn find(&self, origin: Origin, now: UnixMillis) -> Result<Option<Ban>, StoreError> {
        self.note(now);
        let mut question = client::cmd("HGET");
        question
            .arg(self.key.as_str())
            .arg(format!("o{}", origin.to_operator_text()));
        let value: Option<String> = self.redis.command(&self.key, &question).await?;
        let Some(value) = value else { return Ok(None) };
        let ban = read(origin, &value).ok_or_else(Failure::shape)?;
        Ok(Some(ban).filter(|ban| is_in_force(ban, now)))
    }

    async fn add(&self, ban: Ban) -> Result<Ban, StoreError> {
        let mut id = self.try_add(&ban).await?;
        if id.is_none() {
            self.forget_ended().await?;
            id = self.try_add(&ban).await?;
        }
        let id = id.ok_or_else(|| StoreError::Unavailable(Full.into()))?;
        Ok(Ban { id, ..ban })
    }

    async fn lift(&self, id: BanId) -> Result<bool, StoreError> {
        let lifted = self.remove(&[id]).await?;
        let Some(value) = lifted.first() else {
            return Ok(false);
        };
        // Whose ban it was does not matter any more.
        let ban = read(Origin::from_bits(0), value).ok_or_else(Failure::shape)?;
        Ok(is_in_force(&ban, self.now()))
    }

    async fn list(&self, now: UnixMillis) -> Result<Vec<Ban>, StoreError> {
        self.note(now);
        let mut bans = self.all().await?;
        bans.retain(|ban| is_in_force(ban, now));
        Ok(bans)
    }

    async fn made_after(&self, last: BanId, now: UnixMillis) -> Result<NewBans, StoreError> {
        let mut question = client::cmd("HGET");
        question.arg(self.key.as_str()).arg("last");
        let newest: Option<u64> = self.redis.command(&self.key, &question).await?;
        let newest = BanId(newest.unwrap_or_default());
        let mut bans = Vec::new();
        if newest != last {
            // One that has lost what it knew begins to count anew.
            bans = self.list(now).await?;
            bans.retain(|ban| ban.id > last || newest < last);
        }
        Ok(NewBans { last: newest, bans })
    }
}

impl fmt::Debug for RedisBans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBans").finish_non_exhaustive()
    }
}
