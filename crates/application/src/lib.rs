//! Passerby's use cases, and the ports they need.
//!
//! **API Boundary.** An engineer who embeds Passerby depends on this crate, and on adapters of the ports: those
//! of `passerby-memory`, or their own. [`Chat`] is the whole of it: one method for each thing a user or an
//! operator can do. `docs/embedding.md` shows how.
//!
//! **Architecture Invariants.** No runtime, no sockets, no serialisation, no store: only the ports. The seat's
//! owner is the only writer of its state; stores propose.

mod book;
mod chat;
mod doorstep;
mod endings;
mod fading;
mod given_over;
mod link;
mod outstanding;
mod partings;
mod peerage;
mod pending;
pub mod ports;
mod refusals;
mod register;
mod remains;
mod seat;
#[cfg(feature = "testing")]
pub mod testing;
mod throttle;
mod timers;
mod turns;
mod unanswered;
mod use_cases;

pub use chat::{Adapters, Chat, Deployment, Options};
pub use seat::{ConnectionNumber, Seat};
pub use use_cases::{
    Admission, Arrival, BanOrder, BanTarget, BlockError, ConnectError, Connected, Departure, Entry,
    FirstWord, Followup, Heirs, JoinError, LeaveError, MessageError, ModerationError, NotNow, ReportError,
    Returning, SignalError, SkipError,
};
