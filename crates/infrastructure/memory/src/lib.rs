//! Adapters of the ports for a single node: everything in this process, nothing kept after it.
//!
//! **Architecture Invariants.** No method of these adapters waits for anything but a short lock, and none of
//! them keeps more than its documented bound. No runtime, no sockets, no serialisation.

mod bans;
mod clock;
pub mod hub;
mod limiter;
mod pairing;
mod peers;
mod reports;

pub use bans::MemoryBans;
pub use clock::SystemClock;
pub use limiter::{OriginLimiter, OriginLimits, Permit};
pub use pairing::MemoryPairing;
pub use peers::NoPeers;
pub use reports::MemoryReports;
