//! Pairing by many nodes: the queue, the pairs and who holds which seat, in Redis.
//!
//! Each operation is one Lua script, or for a look one command. The scripts are in `pairing/scripts`, each with what it
//! takes and answers at its head; `record.lua` says what is known of a seat, `index.lua` how those who wait are found. What
//! is said most is said in rows (`row.lua`): the words of many seats, each an operation of its own, in one call.
//!
//! **Architecture Invariants.** A node says what it says of a seat as the seat's owner, with the seat's generation: what is
//! older than the store's knowledge changes nothing. Every script that changes something carries the time after which it
//! must not, and reads the time from Redis alone. What users are interested in crosses as keyed hashes, and sealed. What the
//! rule of who fits is, the domain says; the scripts find those who do as it does, which the suites compare.

mod anomalies;
mod calls;
mod claim;
mod dossier;
mod interests;
mod memory;
mod moves;
mod nodes;
mod record;
mod row;
mod scripts;

pub use anomalies::Anomalies;

use crate::Redis;
use crate::seal::{Sealer, Secrets};
use crate::time::RedisTime;
use calls::Caller;
use interests::InterestNames;
use memory::Memory;
use passerby_application::ports::{
    Belief, Block, Claim, Difference, Dossier, Handover, Location, Offer, PairingRules, PairingStore, Pulse,
    Release, Seeker, Stamp, StoreError, Taken, TokenSerial, Verdict,
};
use passerby_domain::id::{Incarnation, NodeId, UserId};
use passerby_domain::notice::Census;
use passerby_domain::time::Millis;
use row::Rows;
use scripts::{Keys, Scripts};
use std::fmt;
use std::sync::Arc;

/// Where the scripts take the time from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeSource {
    /// From Redis: all nodes have the same.
    #[default]
    Redis,
    /// From the clock of the node that asks. For tests whose clock is set by hand.
    OwnClock,
}

/// How pairing goes.
#[derive(Clone, Copy, Debug)]
pub struct PairingOptions {
    /// Who may meet whom.
    pub rules: PairingRules,
    /// Who this node is, in this life.
    pub incarnation: Incarnation,
    /// How long a seat is held for its user at most: what a dead node left is kept for so long.
    pub longest_grace: Millis,
    /// Where the scripts take the time from.
    pub time: TimeSource,
}

/// The pairing store of all nodes that share a Redis.
pub struct RedisPairing {
    caller: Arc<Caller>,
    rows: Rows,
    options: PairingOptions,
    names: InterestNames,
    words: Sealer,
    legacies: Sealer,
    memory: Memory,
    anomalies: Anomalies,
}

impl RedisPairing {
    /// The store in `redis`, as the node that `options` names. `time` is learned with each heartbeat, and by the first
    /// operation if that comes earlier.
    pub fn new(redis: Redis, secrets: Secrets<'_>, time: Arc<RedisTime>, options: PairingOptions) -> Self {
        let caller = Caller {
            keys: Keys::new(redis.keys()),
            scripts: Scripts::new(),
            redis,
            options,
            time,
        };
        Self {
            caller: Arc::new(caller),
            rows: Rows::default(),
            names: InterestNames::new(secrets.current),
            words: Sealer::new("interests of a seat", secrets, options.incarnation),
            legacies: Sealer::new("what is left of a seat", secrets, options.incarnation),
            options,
            memory: Memory::default(),
            anomalies: Anomalies::default(),
        }
    }

    /// What was found that never should be.
    pub fn anomalies(&self) -> &Anomalies {
        &self.anomalies
    }
}

impl fmt::Debug for RedisPairing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisPairing")
            .field("incarnation", &self.options.incarnation)
            .finish_non_exhaustive()
    }
}

impl PairingStore for RedisPairing {
    async fn claim(&self, seeker: Seeker) -> Result<Claim, StoreError> {
        self.search(seeker).await
    }

    async fn agree(&self, offer: Offer) -> Result<Verdict, StoreError> {
        self.agree_to(offer).await
    }

    async fn settle(&self, offer: Offer) -> Result<Verdict, StoreError> {
        self.end_offer(offer).await
    }

    async fn release(&self, seat: Stamp, release: Release) -> Result<(), StoreError> {
        self.let_go(seat, release).await
    }

    async fn keep(&self, dossier: Dossier) -> Result<(), StoreError> {
        self.note_dossier(&dossier, None).await
    }

    async fn bequeath(&self, handover: Handover) -> Result<(), StoreError> {
        self.leave_behind(handover).await
    }

    async fn take(&self, seat: UserId, serial: TokenSerial) -> Result<Option<Taken>, StoreError> {
        self.take_over(seat, serial).await
    }

    async fn give_back(&self, seat: UserId) -> Result<(), StoreError> {
        self.undo_take(seat).await
    }

    fn offer_span(&self) -> Millis {
        self.caller.offer_span()
    }

    async fn locate(&self, seat: UserId) -> Result<Option<Location>, StoreError> {
        self.look_up(seat).await
    }

    async fn block(&self, block: Block) -> Result<(), StoreError> {
        self.keep_apart(block).await
    }

    async fn heartbeat(&self, node: &NodeId, own: Census) -> Result<Pulse, StoreError> {
        self.beat(node, own).await
    }

    async fn verify(&self, beliefs: Vec<Belief>) -> Result<Vec<Difference>, StoreError> {
        self.compare(&beliefs).await
    }

    async fn owned(&self, after: Option<UserId>) -> Result<Vec<Stamp>, StoreError> {
        self.list_own(after).await
    }

    async fn reap(&self) -> Result<(), StoreError> {
        self.forget_dead().await
    }
}
