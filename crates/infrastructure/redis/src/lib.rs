//! Adapters of the ports for many nodes that share Redis: one server, a primary elected by sentinels, or a cluster.
//!
//! **Architecture Invariants.** Everything goes through [`Redis`], which is the one way to the servers; all names of
//! keys are made by [`keys`]. What users write or are known by never crosses in the clear: it is sealed, or a keyed
//! hash. Redis proposes and never decides: whatever a script says may have been lost, repeated or come late, so the
//! scripts are idempotent and fenced. No task is started here: what has to run in the background is a future that the
//! caller owns.

mod bans;
mod connection;
pub mod keys;
mod limiter;
mod offence;
mod pairing;
mod post;
mod reports;
pub mod seal;
pub mod time;

pub use bans::RedisBans;
pub use connection::{
    CheckError, Dedicated, Keeper, Link, OpenError, Redis, RedisMode, RedisOptions, Script,
};
/// The client library, for commands, pipelines and values.
pub use deadpool_redis::redis as client;
pub use limiter::{Permit, RedisLimiter};
pub use pairing::{Anomalies, PairingOptions, RedisPairing, TimeSource};
pub use post::{Inbox, Incoming, Mailbox, Outgoing, PostCounts, PostOptions, RedisPost};
pub use reports::RedisReports;
