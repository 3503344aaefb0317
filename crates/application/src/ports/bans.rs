//! Bans that operators make.

use super::{Offence, StoreError};
use async_trait::async_trait;
use passerby_domain::id::Origin;
use passerby_domain::time::UnixMillis;

/// The name of a ban, which the banned user is told so that they can complain about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BanId(pub u64);

/// One ban.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Its name; whatever the caller put here is replaced when the ban is made.
    pub id: BanId,
    /// Whom it keeps out.
    pub origin: Origin,
    /// Why.
    pub offence: Offence,
    /// Until when; `None` means until it is lifted.
    pub until: Option<UnixMillis>,
}

/// Bans that were made since somebody last asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewBans {
    /// The name of the one that was made last, be it over or lifted.
    pub last: BanId,
    /// Those in force, oldest first.
    pub bans: Vec<Ban>,
}

/// Keeps bans, within a bound of the adapter's own, 1,000 at least.
///
/// Calls may be under way side by side, from any thread; each is as if it were alone. One that has returned is seen by all that
/// begin after it, on every node that shares the adapter's store.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Bans: Send + Sync + 'static {
    /// The ban in force for `origin` at `now`. Called whenever somebody connects or comes back, who waits for the answer, and
    /// once more if a ban was made while they came in. Dropping the future changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn find(&self, origin: Origin, now: UnixMillis) -> Result<Option<Ban>, StoreError>;

    /// Makes a ban, in place of an older one of the same origin, and gives it its name. Called when an operator bans. When the
    /// future is dropped the ban may be in force.
    ///
    /// # Errors
    /// [`StoreError`]; the ban may be in force after [`StoreError::Timeout`]. Where as many are in force as the adapter keeps,
    /// none gives way and this one is refused.
    async fn add(&self, ban: Ban) -> Result<Ban, StoreError>;

    /// Lifts a ban. False if there is none of that name. When the future is dropped it may have been lifted.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn lift(&self, id: BanId) -> Result<bool, StoreError>;

    /// The bans in force at `now`, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn list(&self, now: UnixMillis) -> Result<Vec<Ban>, StoreError>;

    /// Those that were made after the one named `last`; all of them where the adapter has forgotten that one and those before.
    /// Called every few seconds where nodes share the adapter's store, since not all may have heard of a ban: an answer that
    /// there is none should be cheap. The default lists all.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn made_after(&self, last: BanId, now: UnixMillis) -> Result<NewBans, StoreError> {
        let mut bans = self.list(now).await?;
        let newest = bans.last().map_or(last, |ban| ban.id);
        bans.retain(|ban| ban.id > last || newest < last);
        Ok(NewBans { last: newest, bans })
    }
}
