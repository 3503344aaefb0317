//! Stand-ins for tests: for each port a mock to script, and for most a plain fake that behaves and records.
//!
//! [`chat`] makes a node out of the fakes. Nothing in it waits, so [`run`] is all the runtime a test needs, and
//! time passes only when [`ManualClock::advance`] says so:
//!
//! ```
//! use passerby_application::testing::{chat, run};
//!
//! let chat = chat().start();
//! let alice = run(chat.visitor());
//! let bob = run(chat.visitor());
//! assert_eq!(alice.hears(), ["welcome idle", "waiting", "matched"]);
//!
//! run(chat.skip(&bob.seat, &bob.chat())).unwrap();
//! assert_eq!(alice.hears(), ["chat_ended partner_skipped", "waiting"]);
//! ```
//!
//! **Architecture Invariants.** Only with the feature `testing`. The fakes are as plain as the contract of their
//! port allows: they scan lists, keep everything, and must never be served to people.

mod bans;
mod chat;
mod clock;
mod cluster;
mod delivery;
mod facts;
mod identity;
mod pairing;
mod peers;
mod permissive;
mod post;
mod reports;
mod run;
mod told;
mod unreliable;
mod visitor;
mod wire;

pub use crate::ports::{
    MockBans, MockClock, MockDelivery, MockIdentity, MockObserver, MockPairingStore, MockPeers,
    MockRateLimiter, MockReports, MockTextScreen,
};
pub use bans::ListedBans;
pub use chat::{ChatBuilder, TestChat, TestPorts, chat};
pub use clock::ManualClock;
pub use cluster::{Chore, ClusterChat, ClusterPorts, Guest, TestCluster};
pub use delivery::{RecordingDelivery, RecordingRoute};
pub use facts::FactLog;
pub use identity::CountingIdentity;
pub use pairing::{Backup, HonestPairing};
pub use peers::NoPeers;
pub use permissive::{NoLimits, PassAll};
pub use post::{LetterBox, PostOffice, Reader};
pub use reports::ListedReports;
pub use run::{run, step};
pub use told::Told;
pub use unreliable::{Line, UnreliablePairing};
pub use visitor::{Visit, Visitor};
pub use wire::{Lines, NoWire, RecordingWire};
