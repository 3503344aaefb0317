//! What the users of a run do.
//!
//! **Architecture Invariants:** a scenario starts its users, says when what is measured, and turns it into figures. Users
//! say good-bye at the end, so that no seat is left held.

pub(crate) mod churn;
mod gather;
pub(crate) mod idle;
pub(crate) mod relay;
mod span;
pub(crate) mod storm;

use std::time::Duration;

/// How long users may take to say good-bye.
const FAREWELL: Duration = Duration::from_secs(10);

/// A count as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "no run counts to 2^53")]
fn real(count: u64) -> f64 {
    count as f64
}

/// The number of users as a count.
fn count(users: usize) -> u64 {
    u64::try_from(users).unwrap_or(u64::MAX)
}
