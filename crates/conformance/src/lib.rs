//! One suite per port: what the port's documentation promises, one case per sentence.
//!
//! An adapter implements the *setup* of its port (how to make a fresh adapter for one case, and how to let
//! time pass) and calls the suite's macro in a test; each case becomes a `#[test]` of its own.
//!
//! ```text
//! impl Setup for MemorySetup { … }
//! impl PairingSetup for MemorySetup { … }
//! passerby_conformance::pairing_store_conformance!(MemorySetup);
//! ```
//!
//! **Architecture Invariants.** Development only: nothing that ships depends on this crate. It knows the
//! ports and the domain, no adapter and no runtime: whoever needs one for its futures runs the cases in it
//! ([`Setup::run`]).
#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a case fails by panicking"
)]

pub mod bans;
pub mod clock;
pub mod delivery;
pub mod identity;
pub mod limiter;
mod macros;
pub mod pairing;
pub mod reports;
mod setup;

pub use setup::{Setup, Timed, block_on, manual_clock};
