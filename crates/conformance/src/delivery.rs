//! The suite of the port `Delivery`.
//!
//! The connections are [`TapeWire`]s: they remember what they took, take no more than a case allows, and
//! speak in lines that a case can read.

pub mod arriving;
pub mod crowds;
pub mod hanging_up;
pub mod passing_on;
mod stage;
mod tape;
pub mod telling;

pub use tape::{Script, TapeWire};

use crate::setup::Setup;
use passerby_application::ports::Delivery;
use passerby_application::testing::ManualClock;
use passerby_domain::time::Millis;

/// How much an outbox holds in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Events that are not yet written.
    pub events: usize,
    /// Bytes that are not yet written.
    pub bytes: usize,
    /// How long an event is kept for a replay after it was written, in whole seconds.
    pub retention: Millis,
}

/// Makes an adapter ready for one case.
pub trait DeliverySetup: Setup<Port: Delivery<Wire = TapeWire>> {
    /// One whose outboxes have these limits, whose connections speak as [`Script`] does, and which takes the
    /// time from `clock`.
    fn open(limits: Limits, clock: ManualClock) -> Self;
}
