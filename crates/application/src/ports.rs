//! What the use cases need from the world, as traits.
//!
//! A port exists where there are two real implementations or a source of chance: the store, the network, the
//! clock, ids. Ports on the path of a message are generic and synchronous; those called once per human action
//! may be `dyn`.
//!
//! **Architecture Invariant:** a port speaks the domain's language. No port knows Redis, HTTP or JSON.

mod bans;
mod clock;
mod delivery;
mod identity;
mod limiter;
mod observer;
mod pairing;
mod peers;
mod reports;
mod screen;
mod wire;

pub use bans::{Ban, BanId, Bans, NewBans};
pub use clock::Clock;
pub use delivery::{Delivery, Flush, OutboxContents, Receipt, Undelivered};
pub use identity::{IdHash, Identity, ResumeToken, TokenSerial};
pub use limiter::{RateLimiter, TurnedAway};
pub use observer::{Anomaly, Completeness, Fact, Observer};
pub use pairing::{
    Belief, Believed, Block, Claim, Difference, Dossier, Lease, Location, Offer, PairingRules, PairingStore,
    Pulse, Release, SameOrigin, Seeker, Stamp, Standing, StoreMemory, Stranger, Taken, Verdict,
};
pub use peers::{
    Address, Assertion, Attendance, Consignment, Fate, Handover, HandoverAnswer, HandoverLastChat,
    HandoverLimits, HandoverOffer, HandoverPartner, HandoverRequest, Hearing, Letter, Outcome, Peers,
    Recollection, Repetition, Unsent,
};
pub use reports::{Offence, Page, PageCursor, Report, ReportId, Reports};
pub use screen::{Screened, TextScreen};
pub use wire::{Backlog, Encoder, Farewell, Flushed, Wire, Written};

#[cfg(feature = "testing")]
pub use {
    bans::MockBans, clock::MockClock, delivery::MockDelivery, identity::MockIdentity,
    limiter::MockRateLimiter, observer::MockObserver, pairing::MockPairingStore, peers::MockPeers,
    reports::MockReports, screen::MockTextScreen,
};

/// The adapters that one deployment is made of, as one type parameter.
pub trait Ports: Send + Sync + 'static {
    /// Where pairing happens.
    type Pairing: PairingStore;
    /// How a connection looks from the inside.
    type Wire: Wire;
    /// The other nodes.
    type Peers: Peers;
    /// How notices reach seats.
    type Delivery: Delivery<Wire = Self::Wire>;
    /// What time it is.
    type Clock: Clock;
    /// Ids, keyed hashes and tokens.
    type Identity: Identity;
    /// Limits per origin.
    type Limiter: RateLimiter;
    /// What may be said.
    type Screen: TextScreen;
    /// Who counts what happens.
    type Observer: Observer;
}

/// The store could not do what it was asked.
///
/// The cause is for operators; a user is told only that the service is out of order.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No answer in time. The operation may have happened, or may still.
    #[error("the store did not answer in time")]
    Timeout(#[source] Cause),
    /// The store cannot be reached, or refuses to work.
    #[error("the store is unavailable")]
    Unavailable(#[source] Cause),
    /// The store answered something that it never should.
    #[error("the store's answer makes no sense")]
    Corrupt(#[source] Cause),
}

/// What an adapter knows of why it failed.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;
