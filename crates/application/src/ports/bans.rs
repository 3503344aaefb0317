//! Bans that operators make.

use super::{Offence, StoreError};
use async_trait::async_trait;
use passerby_domain::id::Origin;
use passerby_domain::time::UnixMillis;

/// The name of a ban, which the banned user is told so that they can complain about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// Keeps bans, within a bound.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait]
pub trait Bans: Send + Sync + 'static {
    /// The ban in force for `origin` at `now`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn find(&self, origin: Origin, now: UnixMillis) -> Result<Option<Ban>, StoreError>;

    /// Makes a ban, in place of an older one of the same origin, and gives it its name.
    ///
    /// # Errors
    /// [`StoreError`]; the ban may be in force after [`StoreError::Timeout`].
    async fn add(&self, ban: Ban) -> Result<Ban, StoreError>;

    /// Lifts a ban. False if there is none of that name.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn lift(&self, id: BanId) -> Result<bool, StoreError>;

    /// The bans in force at `now`, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn list(&self, now: UnixMillis) -> Result<Vec<Ban>, StoreError>;
}
