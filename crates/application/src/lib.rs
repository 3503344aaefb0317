//! Passerby's use cases, and the ports they need.
//!
//! **API Boundary.** An engineer who embeds Passerby depends on this crate, and on adapters of the ports: those
//! of `passerby-memory`, or their own.
//!
//! **Architecture Invariants.** No runtime, no sockets, no serialisation, no store: only the ports. The seat's
//! owner is the only writer of its state; stores propose.

pub mod ports;
#[cfg(feature = "testing")]
pub mod testing;
