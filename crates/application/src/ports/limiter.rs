//! Limits per origin.

use super::StoreError;
use passerby_domain::id::Origins;
use passerby_domain::time::Millis;
use std::future::Future;

/// Why an origin may not connect now.
#[derive(Debug, thiserror::Error)]
pub enum TurnedAway {
    /// It has as many seats as it may have, or connected too often.
    #[error("too many connections or attempts from one origin")]
    TooMany {
        /// When it is worth trying again.
        retry_after: Millis,
    },
    /// The counts cannot be read.
    #[error("the counts of connections cannot be read")]
    Store(#[source] StoreError),
}

/// Counts seats and attempts per origin, over the whole cluster.
///
/// A wider network has a ceiling too: 4 times the limit for an IPv6 /56, 16 times for a /48.
#[cfg_attr(feature = "testing", mockall::automock(type Permit = ();))]
pub trait RateLimiter: Send + Sync + 'static {
    /// A seat that is counted, until it is dropped.
    type Permit: Send + Sync + 'static;

    /// Counts an attempt and, if both limits allow it, a seat. A refused attempt counts as an attempt.
    ///
    /// # Errors
    /// [`TurnedAway`]. Dropping the future counts the attempt or nothing.
    fn admit(&self, origins: &Origins) -> impl Future<Output = Result<Self::Permit, TurnedAway>> + Send;

    /// Counts a seat that was let in elsewhere and has come from there, be there too many, and no attempt. Other nodes may
    /// hear of it a moment later. Called when somebody comes back from elsewhere, under the lock of their seat: it must not
    /// wait.
    fn hold(&self, origins: &Origins) -> Self::Permit;
}
