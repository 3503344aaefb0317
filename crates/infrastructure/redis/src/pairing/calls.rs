//! Calling the scripts of pairing.
//!
//! **Architecture Invariants.** A script that comes too late changes nothing, and its caller is told that there was no
//! answer in time: it does not know whether an earlier sending ran. What is said of seats goes in rows.

use super::record::node;
use super::row::{Answers, Word};
use super::scripts::{Keys, Scripts};
use super::{PairingOptions, RedisPairing, TimeSource};
use crate::client::{FromRedisValue as _, Value};
use crate::connection::Failure;
use crate::keys::Key;
use crate::time::{RedisMillis, RedisTime, TimeOffset};
use crate::{Redis, Script};
use passerby_application::ports::{SameOrigin, StoreError};
use passerby_domain::time::Millis;
use std::sync::Arc;

/// How long after its sending a script may still begin.
const PATIENCE: Millis = Millis::from_secs(1);

/// How long an offer to another node is open where Redis is near.
const OFFER: Millis = Millis::from_secs(1);
/// So many round trips longer where it is not: a proposal and the word that agrees to it take one each, and may have to wait for
/// one on its way.
const ROUND_TRIPS: u64 = 4;
/// The longest that an offer is open.
const LONGEST_OFFER: Millis = Millis::from_secs(2);

/// A script came to Redis later than its sender had patience for.
#[derive(Debug, thiserror::Error)]
#[error("redis came to a script too late, and changed nothing")]
struct Late;

/// What a script answers.
pub(super) type Answer = Vec<Vec<u8>>;

/// What is needed to call scripts.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) redis: Redis,
    pub(super) keys: Keys,
    pub(super) scripts: Scripts,
    pub(super) options: PairingOptions,
    pub(super) time: Arc<RedisTime>,
}

/// Until when a script may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// For as long as all do.
    Usual(TimeOffset),
    /// For as long as its answer is waited for.
    Answered(TimeOffset),
    /// It is never too late.
    Endless,
}

impl Caller {
    /// How far the scripts' time is ahead of this node's. Asks for it if nobody has yet.
    pub(super) async fn offset(&self) -> Result<TimeOffset, StoreError> {
        if self.options.time == TimeSource::OwnClock {
            return Ok(TimeOffset::new(0));
        }
        if let Some(offset) = self.time.offset() {
            return Ok(offset);
        }
        let asked = self.time.moment();
        let (keys, none): (_, [&[u8]; 0]) = ([&self.keys.book], []);
        let told = self.redis.script(&self.scripts.time, &keys, &none[..]);
        let (seconds, micros): (u64, u64) = told.await?;
        self.time
            .learn(asked, RedisMillis(seconds * 1_000 + micros / 1_000));
        self.time.offset().ok_or_else(Failure::away)
    }

    /// What every script is told first.
    fn head(&self, patience: Patience) -> Vec<u8> {
        let not_after = match patience {
            Patience::Usual(offset) => offset.to_redis(self.time.moment()).after(PATIENCE).0,
            Patience::Answered(offset) => {
                let wait = PATIENCE.min(self.redis.response_timeout().into());
                offset.to_redis(self.time.moment()).after(wait).0
            }
            // The scripts count with doubles.
            Patience::Endless => 1 << 52,
        };
        let time = match self.options.time {
            TimeSource::Redis => 0,
            TimeSource::OwnClock => self.time.moment().as_millis(),
        };
        let mut head = Vec::with_capacity(29);
        head.extend_from_slice(&node(self.options.incarnation));
        head.extend_from_slice(&not_after.to_be_bytes());
        head.extend_from_slice(&time.to_be_bytes());
        head
    }

    /// Runs a script, or not at all if it comes too late.
    pub(super) async fn call(
        &self,
        script: &Script,
        keys: &[&Key],
        patience: Patience,
        args: &[&[u8]],
    ) -> Result<Answer, StoreError> {
        let head = self.head(patience);
        let mut all = Vec::with_capacity(args.len() + 1);
        all.push(&head[..]);
        all.extend(args);
        let answer: Answer = self.redis.script(script, keys, &all[..]).await?;
        if answer.first().is_some_and(|first| first == b"late") {
            return Err(StoreError::Timeout(Late.into()));
        }
        Ok(answer)
    }

    /// How long an offer is open.
    pub(super) fn offer_span(&self) -> Millis {
        let more = self.time.round_trip().get().saturating_mul(ROUND_TRIPS);
        (OFFER + Millis::new(more)).min(LONGEST_OFFER)
    }

    /// Sends a row of words.
    async fn send(&self, words: Vec<Word>) -> Answers {
        let offset = self.offset().await?;
        let mut head = self.head(Patience::Usual(offset));
        let open = u32::try_from(self.offer_span().get()).unwrap_or(u32::MAX);
        head.extend_from_slice(&open.to_be_bytes());
        head.push(match self.options.rules.same_origin {
            SameOrigin::Allowed => b'-',
            SameOrigin::Refused => b'r',
        });
        let mut all = Vec::with_capacity(2 * words.len() + 1);
        all.push(&head[..]);
        for (word, dossier) in &words {
            all.push(word);
            all.extend(dossier.as_deref());
        }
        let keys = self.keys.all();
        let answer: Value = self.redis.script(&self.scripts.row, &keys[..6], &all[..]).await?;
        if let Value::Array(_) = answer {
            return Err(Arc::new(StoreError::Timeout(Late.into())));
        }
        let answer = Vec::<u8>::from_redis_value(answer).map_err(|_| Failure::shape())?;
        let mut rest = &answer[..];
        let mut answers = Vec::with_capacity(words.len());
        while let Some((length, behind)) = rest.split_first_chunk() {
            let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
            let (one, behind) = behind.split_at_checked(length).ok_or_else(Failure::shape)?;
            answers.push(one.to_vec());
            rest = behind;
        }
        Ok(answers)
    }
}

impl RedisPairing {
    /// Says a word of a seat, in a row with whatever else is said.
    pub(super) async fn say(&self, word: Vec<u8>, dossier: Option<Vec<u8>>) -> Result<Vec<u8>, StoreError> {
        let caller = Arc::clone(&self.caller);
        self.rows
            .say((word, dossier), |words| async move { caller.send(words).await })
            .await
    }

    /// Says a word to which there is no answer but that it was heard.
    pub(super) async fn tell(&self, word: Vec<u8>, dossier: Option<Vec<u8>>) -> Result<(), StoreError> {
        if self.say(word, dossier).await?.is_empty() {
            Ok(())
        } else {
            Err(Failure::shape())
        }
    }
}

/// A number of eight bytes.
pub(super) fn number(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}

/// A number in digits.
pub(super) fn digits(bytes: &[u8]) -> Option<u64> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}
