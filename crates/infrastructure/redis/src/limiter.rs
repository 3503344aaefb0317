//! Limits per origin, counted over all nodes.
//!
//! Each origin, and each wider network, is one hash in Redis, which one script reads and writes when somebody connects.
//! Seats that become free, or come from other nodes, are told a little later, many at a time; whoever connects at the same node tells of them at
//! once. What a dead node told does not count: whoever would be refused because of it asks first which nodes live. Whoever
//! was just refused for their attempts is refused for a moment without asking.
//!
//! **Architecture Invariants.** While Redis is away nobody is refused for that: the node counts by itself, as if it were
//! alone. Seats that nobody takes or leaves cost a write in [`REFRESH`], and attempts are forgotten after little more than
//! a minute, so what is kept follows from who is there and who came in the last minute. What is counted wrongly, since
//! Redis lost it or a node was thought dead, is put right within [`REFRESH`].

mod refused;
mod tallies;
mod verdict;

use crate::connection::{Link, Redis, Script};
use crate::keys::Key;
use futures_util::stream::{self, StreamExt as _};
use passerby_application::ports::{Clock, RateLimiter, StoreError, TurnedAway};
use passerby_domain::id::{Incarnation, Origin, Origins, WiderOrigins};
use passerby_domain::time::Millis;
use passerby_memory::{OriginLimiter, OriginLimits};
use refused::Refused;
use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tallies::{SHARDS, Tallies, Word};
use tokio::time::{MissedTickBehavior, interval};
use verdict::Verdict;

/// How often Redis is told of seats that became free or came from other nodes. One that has gone elsewhere is counted twice for a
/// moment: who is refused meanwhile for it is so by mistake.
const FLUSH: Duration = Duration::from_millis(50);
/// How often a node says that it lives.
const BEAT: Duration = Duration::from_secs(5);
/// After how long in silence a node is dead.
const SILENCE: Millis = Millis::from_secs(30);
/// How often Redis is told of every seat, changed or not.
const REFRESH: Duration = Duration::from_secs(20 * 60);
/// How long Redis remembers seats it is not told of.
const REMEMBERED: Millis = Millis::from_secs(60 * 60);
/// How long attempts are remembered: a minute, and the step in which they were made.
const ATTEMPTS: Millis = Millis::from_secs(65);
/// How much is told at once.
const AT_ONCE: usize = 32;
/// How long a seat may take to become free: nobody knows, so it is worth asking again soon.
const RETRY_FOR_A_SEAT: Millis = Millis::from_secs(5);
/// The shortest wait that anybody is told.
const SHORTEST_RETRY: Millis = Millis::from_secs(1);

/// Counts the seats and attempts of each origin over all nodes. Its clones share everything.
pub struct RedisLimiter<C> {
    inner: Arc<Inner<C>>,
}

struct Inner<C> {
    redis: Redis,
    limits: OriginLimits,
    clock: Arc<C>,
    tallies: Arc<Tallies>,
    refused: Refused,
    /// Counts attempts while Redis is away. Seats are counted here in any case.
    alone: OriginLimiter<C>,
    life: String,
    nodes: Key,
    admit: Script,
    tell: Script,
    beat: Script,
    /// Whether the operator knows that what Redis has cannot be understood: once is enough, however many come meanwhile.
    is_reported: AtomicBool,
    /// How far the clock of Redis is ahead in tests, in milliseconds.
    ahead: AtomicU64,
}

/// The most that one origin, or one network around it, may have; 0 is no limit.
#[derive(Clone, Copy)]
struct Ceiling {
    seats: u32,
    attempts: u32,
}

/// Why somebody is refused.
enum Refusal {
    /// For so long.
    TooMany(Millis),
    /// Redis gives no answer.
    Away(StoreError),
}

impl<C: Clock> RedisLimiter<C> {
    /// A limiter of one node. `life` tells it from all others, also from those before it on the same machine. Without
    /// [`Self::background`] other nodes hear of free seats late and may take this one for dead.
    pub fn new(redis: Redis, limits: OriginLimits, clock: Arc<C>, life: Incarnation) -> Self {
        let attempts_only = OriginLimits {
            connections: None,
            ..limits
        };
        Self {
            inner: Arc::new(Inner {
                nodes: redis.keys().limit_nodes(),
                redis,
                limits,
                tallies: Arc::default(),
                refused: Refused::default(),
                alone: OriginLimiter::new(attempts_only, Arc::clone(&clock)),
                clock,
                life: life.to_string(),
                admit: Script::new(include_str!("limiter/admit.lua")),
                tell: Script::new(include_str!("limiter/tell.lua")),
                beat: Script::new(include_str!("limiter/beat.lua")),
                is_reported: AtomicBool::new(false),
                ahead: AtomicU64::new(0),
            }),
        }
    }

    /// What has to run in the background. Never ends.
    pub fn background(&self) -> impl Future<Output = ()> + Send + 'static {
        let inner = Arc::clone(&self.inner);
        async move { inner.run().await }
    }

    /// Lets time pass for a test, without waiting for it.
    #[doc(hidden)]
    pub fn pass(&self, span: Millis) {
        self.inner.ahead.fetch_add(span.get(), Ordering::SeqCst);
    }
}

impl<C> Clone for RedisLimiter<C> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<C> fmt::Debug for RedisLimiter<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLimiter")
            .field("limits", &self.inner.limits)
            .finish_non_exhaustive()
    }
}

impl<C: Clock> RateLimiter for RedisLimiter<C> {
    type Permit = Permit;

    async fn admit(&self, origins: &Origins) -> Result<Permit, TurnedAway> {
        let inner = &self.inner;
        if inner.limits.connections.is_none() && inner.limits.attempts_per_minute.is_none() {
            return Ok(Permit { _seats: None });
        }
        let admitted = match inner.admit_with_redis(origins).await {
            Err(Refusal::Away(error)) => {
                let is_corrupt = matches!(error, StoreError::Corrupt(_));
                if is_corrupt && !inner.is_reported.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "the limits over all nodes cannot be counted");
                }
                inner.admit_alone(origins).await
            }
            answered => answered,
        };
        match admitted {
            Ok(seats) => Ok(Permit { _seats: seats }),
            Err(Refusal::TooMany(retry_after)) => Err(TurnedAway::TooMany { retry_after }),
            Err(Refusal::Away(error)) => Err(TurnedAway::Store(error)),
        }
    }

    fn hold(&self, origins: &Origins) -> Permit {
        let inner = &self.inner;
        if inner.limits.connections.is_none() {
            return Permit { _seats: None };
        }
        let mut held = inner.hold_nothing(origins);
        for origin in circles(origins).into_iter().filter_map(|(origin, _)| origin) {
            let word = inner.tallies.take(origin);
            held.origins.push(origin);
            // Redis hears of it with the next words.
            inner.tallies.in_doubt(word);
        }
        Permit { _seats: Some(held) }
    }
}

impl<C: Clock> Inner<C> {
    fn ceiling(&self, factor: u32) -> Ceiling {
        let times = |limit: Option<NonZeroU32>| limit.map_or(0, |limit| limit.get().saturating_mul(factor));
        Ceiling {
            seats: times(self.limits.connections),
            attempts: times(self.limits.attempts_per_minute),
        }
    }

    /// Holds nothing yet, and has room for all that `origins` may take.
    fn hold_nothing(&self, origins: &Origins) -> HeldSeats {
        HeldSeats {
            tallies: Arc::clone(&self.tallies),
            origins: Vec::with_capacity(if origins.wider.is_some() { 3 } else { 1 }),
        }
    }

    /// Counts from narrow to wide, one after the other: whoever is refused for their own sake does not count in the
    /// networks around them, so that nobody can use up the ceiling of their neighbours. Seats taken before a refusal, or
    /// before this is dropped, are given back.
    async fn admit_with_redis(&self, origins: &Origins) -> Result<Option<HeldSeats>, Refusal> {
        let mut held = self.hold_nothing(origins);
        for (origin, factor) in circles(origins) {
            let Some(origin) = origin else { continue };
            if let Some(wait) = self.refused.refuses(origin, self.clock.now()) {
                return Err(Refusal::TooMany(wait.max(SHORTEST_RETRY)));
            }
            let ceiling = self.ceiling(factor);
            if ceiling.seats == 0 {
                let word = Word {
                    origin,
                    number: 0,
                    seats: 0,
                };
                self.ask(word, ceiling).await?;
            } else {
                let word = self.tallies.ask_for(origin);
                held.origins.push(origin);
                let unsure = Unsure {
                    tallies: &self.tallies,
                    word,
                    answer: Answer::None,
                };
                match self.ask(word, ceiling).await {
                    Ok(()) => unsure.hears(Answer::Admitted),
                    Err(Refusal::TooMany(wait)) => {
                        unsure.hears(Answer::Refused);
                        return Err(Refusal::TooMany(wait));
                    }
                    Err(away) => return Err(away),
                }
            }
        }
        Ok(self.limits.connections.map(|_| held))
    }

    /// As if this node were alone.
    async fn admit_alone(&self, origins: &Origins) -> Result<Option<HeldSeats>, Refusal> {
        match self.alone.admit(origins).await {
            Ok(_) => {}
            Err(TurnedAway::TooMany { retry_after }) => return Err(Refusal::TooMany(retry_after)),
            Err(TurnedAway::Store(error)) => return Err(Refusal::Away(error)),
        }
        let mut held = self.hold_nothing(origins);
        for (origin, factor) in circles(origins) {
            let Some(origin) = origin else { continue };
            let ceiling = self.ceiling(factor);
            if ceiling.seats > 0 {
                let word = self.tallies.take(origin);
                held.origins.push(origin);
                if word.seats > ceiling.seats {
                    return Err(Refusal::TooMany(RETRY_FOR_A_SEAT));
                }
                self.tallies.in_doubt(word);
            }
        }
        Ok(self.limits.connections.map(|_| held))
    }

    async fn ask(&self, word: Word, ceiling: Ceiling) -> Result<(), Refusal> {
        let untold = self.refused.take_untold(word.origin, self.clock.now());
        let attempts = untold.saturating_add(1);
        let first = self.run_admit(word, ceiling, attempts, &BTreeSet::new()).await?;
        let nodes = match first {
            Verdict::Admitted => return Ok(()),
            Verdict::TooManyAttempts(wait) => {
                self.refused.note(word.origin, wait, self.clock.now());
                return Err(Refusal::TooMany(wait.max(SHORTEST_RETRY)));
            }
            Verdict::TooManySeats(nodes) => nodes,
        };
        // Nobody is refused for the sake of seats that died with their node.
        let dead = if nodes.is_empty() {
            nodes
        } else {
            match self.beat().await.map_err(Refusal::Away)? {
                living if living.is_empty() => living,
                living => nodes.difference(&living).cloned().collect(),
            }
        };
        if !dead.is_empty() {
            // The attempts are counted already.
            let ceiling = Ceiling {
                attempts: 0,
                ..ceiling
            };
            if let Verdict::Admitted = self.run_admit(word, ceiling, 0, &dead).await? {
                return Ok(());
            }
        }
        Err(Refusal::TooMany(RETRY_FOR_A_SEAT))
    }

    async fn run_admit(
        &self,
        word: Word,
        ceiling: Ceiling,
        attempts: u32,
        dead: &BTreeSet<String>,
    ) -> Result<Verdict, Refusal> {
        let key = self.redis.keys().origin(word.origin);
        let dead: Vec<&str> = dead.iter().map(String::as_str).collect();
        let args = (
            self.ahead.load(Ordering::SeqCst),
            ceiling.seats,
            ceiling.attempts,
            self.life.as_str(),
            word.number,
            word.seats,
            REMEMBERED.get(),
            attempts,
            dead,
        );
        let answer = self.redis.script(&self.admit, &[&key], args).await;
        answer.map_err(Refusal::Away)
    }

    /// The nodes that live, this one among them; none if nobody knows yet.
    async fn beat(&self) -> Result<BTreeSet<String>, StoreError> {
        let args = (self.life.as_str(), SILENCE.get());
        self.redis.script(&self.beat, &[&self.nodes], args).await
    }

    async fn tell(&self, words: Vec<Word>) {
        let told = stream::iter(words).for_each_concurrent(AT_ONCE, |word| async move {
            let key = self.redis.keys().origin(word.origin);
            let args = (
                self.life.as_str(),
                word.number,
                word.seats,
                REMEMBERED.get(),
                ATTEMPTS.get(),
            );
            match self.redis.script::<()>(&self.tell, &[&key], args).await {
                Ok(()) => self.tallies.heard(word),
                Err(_) => self.tallies.in_doubt(word),
            }
        });
        told.await;
    }

    async fn run(&self) {
        let [mut flushes, mut beats, mut refreshes] =
            [FLUSH, BEAT, REFRESH / u32::try_from(SHARDS).unwrap_or(1)].map(|period| {
                let mut ticks = interval(period);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                ticks
            });
        let mut link = self.redis.link();
        let mut next = 0;
        // How many parts are to be told at the next flushes, because Redis may have lost them.
        let mut lost = 0;
        loop {
            tokio::select! {
                _ = flushes.tick() => {
                    if link.has_changed().unwrap_or_default() {
                        lost = SHARDS;
                        beats.reset_immediately();
                    }
                    if *link.borrow_and_update() == Link::Down {
                        continue;
                    }
                    for index in 0..SHARDS {
                        self.tell(self.tallies.changes(index)).await;
                    }
                    if lost > 0 {
                        lost -= 1;
                        next = (next + 1) % SHARDS;
                        self.tell(self.tallies.everything(next)).await;
                    }
                }
                _ = beats.tick() => {
                    self.refused.tidy(self.clock.now());
                    // Whoever was not heard of is taken for dead, and puts it right at the next refresh.
                    let _ = self.beat().await;
                }
                _ = refreshes.tick() => {
                    next = (next + 1) % SHARDS;
                    self.tell(self.tallies.everything(next)).await;
                }
            }
        }
    }
}

/// A seat of which Redis may have been told; if it is not said how that went, nobody knows.
struct Unsure<'a> {
    tallies: &'a Tallies,
    word: Word,
    answer: Answer,
}

/// What Redis said to a question.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// Nothing: it may have heard it, or may yet.
    None,
    /// The seat is counted.
    Admitted,
    /// What it knew before it knows still.
    Refused,
}

impl Unsure<'_> {
    fn hears(mut self, answer: Answer) {
        self.answer = answer;
    }
}

impl Drop for Unsure<'_> {
    fn drop(&mut self) {
        self.tallies.answered(self.word.origin);
        match self.answer {
            Answer::None => self.tallies.in_doubt(self.word),
            Answer::Admitted => self.tallies.heard(self.word),
            Answer::Refused => {}
        }
    }
}

/// A seat that is counted, until this is dropped.
#[derive(Debug)]
pub struct Permit {
    _seats: Option<HeldSeats>,
}

/// The counts that hold one seat.
struct HeldSeats {
    tallies: Arc<Tallies>,
    origins: Vec<Origin>,
}

impl fmt::Debug for HeldSeats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeldSeats")
    }
}

impl Drop for HeldSeats {
    fn drop(&mut self) {
        for &origin in &self.origins {
            self.tallies.give_back(origin);
        }
    }
}

/// The origin and the networks around it, from narrow to wide, each with how much more it may have: 4 times for a /56,
/// 16 times for a /48.
fn circles(origins: &Origins) -> [(Option<Origin>, u32); 3] {
    let wider = |pick: fn(WiderOrigins) -> Origin| origins.wider.map(pick);
    [
        (Some(origins.exact), 1),
        (wider(|wider| wider.site), 4),
        (wider(|wider| wider.network), 16),
    ]
}
