//! This node's inbox.
//!
//! **Architecture Invariant:** an inbox whose owner is gone goes soon after it, so that nobody writes to the dead.

use super::{RedisPost, Shared};
use crate::connection::Script;
use deadpool_redis::redis::{self, Value};
use passerby_application::ports::StoreError;
use std::sync::LazyLock;

/// How long an inbox outlives its owner, in milliseconds.
const KEPT: u64 = 15_000;

static INBOX: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("inbox.lua")));

/// What was found when the inbox was looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inbox {
    /// It was there.
    Kept,
    /// It was not, and was made. Unless this is the first time, letters were lost.
    Made,
}

impl RedisPost {
    /// Keeps this node's inbox for another 15 seconds, or makes it. Others can write to this node from then on.
    ///
    /// # Errors
    /// [`StoreError`]; after a time-out it may have been kept or made.
    pub async fn keep_inbox(&self) -> Result<Inbox, StoreError> {
        let Shared {
            redis,
            inbox,
            counters,
            ..
        } = &*self.shared;
        let was_made: u8 = redis.script(&INBOX, &[inbox], KEPT).await?;
        if was_made == 0 {
            return Ok(Inbox::Kept);
        }
        counters.inboxes_made.one();
        Ok(Inbox::Made)
    }

    /// Removes the inbox with what is in it, so that others know at once that this node is gone.
    ///
    /// # Errors
    /// [`StoreError`]; the inbox then goes by itself.
    pub async fn close_inbox(&self) -> Result<(), StoreError> {
        let Shared { redis, inbox, .. } = &*self.shared;
        let mut command = redis::cmd("UNLINK");
        command.arg(inbox.as_str());
        redis.command::<Value>(inbox, &command).await.map(drop)
    }
}
