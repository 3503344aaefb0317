//! Calling the scripts of pairing.
//!
//! **Architecture Invariants.** A script that comes too late changes nothing, and its caller is told that there was no
//! answer in time: it does not know whether an earlier sending ran. Answers are rows of byte strings.

use super::{RedisPairing, TimeSource};
use crate::Script;
use crate::connection::Failure;
use crate::keys::Key;
use crate::time::{RedisMillis, TimeOffset};
use passerby_application::ports::StoreError;
use passerby_domain::time::Millis;

/// How long after its sending a script may still begin.
const PATIENCE: Millis = Millis::from_secs(1);

/// A script came to Redis later than its sender had patience for.
#[derive(Debug, thiserror::Error)]
#[error("redis came to a script too late, and changed nothing")]
struct Late;

/// What a script answers.
pub(super) type Answer = Vec<Vec<u8>>;

impl RedisPairing {
    /// How far the scripts' time is ahead of this node's. Asks for it if nobody has yet.
    pub(super) async fn offset(&self) -> Result<TimeOffset, StoreError> {
        if self.options.time == TimeSource::OwnClock {
            return Ok(TimeOffset::new(0));
        }
        if let Some(offset) = self.time.offset() {
            return Ok(offset);
        }
        let asked = self.time.moment();
        let (keys, none): (_, [&[u8]; 0]) = ([&self.keys.seats], []);
        let told = self.redis.script(&self.scripts.time, &keys, &none[..]);
        let (seconds, micros): (u64, u64) = told.await?;
        self.time
            .learn(asked, RedisMillis(seconds * 1_000 + micros / 1_000));
        self.time.offset().ok_or_else(Failure::away)
    }

    /// Runs a script that changes something, or not at all if it comes too late.
    pub(super) async fn call(
        &self,
        script: &Script,
        keys: &[&Key],
        offset: TimeOffset,
        args: &[&[u8]],
    ) -> Result<Answer, StoreError> {
        let not_after = offset.to_redis(self.time.moment()).after(PATIENCE).0.to_string();
        let answer = self.ask(script, keys, not_after.as_bytes(), args).await?;
        if is(&answer, b"late") {
            return Err(StoreError::Timeout(Late.into()));
        }
        Ok(answer)
    }

    /// Runs a script that may come late.
    pub(super) async fn ask(
        &self,
        script: &Script,
        keys: &[&Key],
        not_after: &[u8],
        args: &[&[u8]],
    ) -> Result<Answer, StoreError> {
        let time = match self.options.time {
            TimeSource::Redis => String::new(),
            TimeSource::OwnClock => self.time.moment().as_millis().to_string(),
        };
        let mut all = Vec::with_capacity(args.len() + 2);
        all.extend([time.as_bytes(), not_after]);
        all.extend(args);
        self.redis.script(script, keys, &all[..]).await
    }

    /// Runs a script that has nothing to say but that it ran.
    pub(super) async fn tell(
        &self,
        script: &Script,
        keys: &[&Key],
        offset: TimeOffset,
        args: &[&[u8]],
    ) -> Result<(), StoreError> {
        let answer = self.call(script, keys, offset, args).await?;
        if is(&answer, b"ok") {
            Ok(())
        } else {
            Err(Failure::shape())
        }
    }
}

/// Whether an answer begins with this word.
pub(super) fn is(answer: &Answer, word: &[u8]) -> bool {
    answer.first().is_some_and(|first| first == word)
}

/// A number of eight bytes.
pub(super) fn number(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}

/// A number in digits.
pub(super) fn digits(bytes: &[u8]) -> Option<u64> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}
