//! What time Redis has, as this node thinks.
//!
//! Nodes tell each other of moments in the time of Redis, which all of them can ask for. A node learns it with each
//! heartbeat, and in between counts on by its own monotonic clock.
//!
//! **Architecture Invariants.** In a cluster it is the time of one primary, that of pairing: those of others differ. No
//! wall clock of a node is asked. Who has not learned the time yet does not guess it.

use passerby_application::ports::Clock;
use passerby_domain::flood::TokenBucket;
use passerby_domain::time::{Millis, Moment};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A point in the time of Redis, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RedisMillis(pub u64);

impl RedisMillis {
    /// So much later.
    #[must_use]
    pub const fn after(self, span: Millis) -> Self {
        Self(self.0.saturating_add(span.get()))
    }

    /// The span from `earlier` to `self`; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Millis {
        Millis::new(self.0.saturating_sub(earlier.0))
    }
}

/// How far the time of Redis is ahead of a node's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOffset(i64);

impl TimeOffset {
    /// The offset in milliseconds.
    pub const fn new(millis: i64) -> Self {
        Self(millis)
    }

    /// A moment of the node as Redis counts.
    pub const fn to_redis(self, moment: Moment) -> RedisMillis {
        RedisMillis(moment.as_millis().saturating_add_signed(self.0))
    }

    /// A time of Redis as the node counts. What was before the node's clock began is its beginning.
    pub const fn to_moment(self, time: RedisMillis) -> Moment {
        Moment::from_millis(time.0.saturating_add_signed(self.0.saturating_neg()))
    }

    /// The microsecond of Redis at which a bucket is full.
    pub const fn bucket_to_redis(self, bucket: TokenBucket) -> u64 {
        bucket
            .as_micros()
            .saturating_add_signed(self.0.saturating_mul(1_000))
    }

    /// The bucket that is full at this microsecond of Redis.
    pub const fn bucket_from_redis(self, micros: u64) -> TokenBucket {
        let back = self.0.saturating_mul(1_000).saturating_neg();
        TokenBucket::full_at_micros(micros.saturating_add_signed(back))
    }
}

/// The time of Redis. Shared by all who need it.
pub struct RedisTime {
    clock: Arc<dyn Clock>,
    /// In milliseconds; [`UNKNOWN`] until it is learned.
    offset: AtomicI64,
    /// How long it took to ask and to hear of late, in milliseconds.
    round_trip: AtomicU64,
}

const UNKNOWN: i64 = i64::MIN;
/// By how many milliseconds what is learned may differ from what is known without changing it.
const JITTER: u64 = 10;

impl RedisTime {
    /// Nothing is known yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            offset: AtomicI64::new(UNKNOWN),
            round_trip: AtomicU64::new(0),
        }
    }

    /// Redis said `time`, asked at `asked` and answering now: it is taken to have looked half-way.
    pub fn learn(&self, asked: Moment, time: RedisMillis) {
        let took = self.clock.now().since(asked).get();
        self.note_round_trip(took);
        let half = Millis::new(took / 2);
        let looked = signed((asked + half).as_millis());
        let offset = signed(time.0).saturating_sub(looked);
        // What each answer says differs by how long it took; a place in the queue must not move with that.
        if self.offset.load(Ordering::Relaxed).abs_diff(offset) > JITTER {
            self.offset.store(offset, Ordering::Relaxed);
        }
    }

    /// One that took long is believed sooner than one that did not.
    fn note_round_trip(&self, took: u64) {
        let known = self.round_trip.load(Ordering::Relaxed);
        let kept = if took > known { 1 } else { 7 };
        self.round_trip
            .store((known * kept + took) / (kept + 1), Ordering::Relaxed);
    }

    /// How long it takes to ask Redis and to hear of it, as of late.
    pub fn round_trip(&self) -> Millis {
        Millis::new(self.round_trip.load(Ordering::Relaxed))
    }

    /// How far Redis is ahead of this node's clock; `None` until it is learned.
    pub fn offset(&self) -> Option<TimeOffset> {
        let offset = self.offset.load(Ordering::Relaxed);
        (offset != UNKNOWN).then_some(TimeOffset(offset))
    }

    /// What Redis would say now; `None` until it is learned.
    pub fn now(&self) -> Option<RedisMillis> {
        Some(self.offset()?.to_redis(self.clock.now()))
    }

    /// The node's own time.
    pub fn moment(&self) -> Moment {
        self.clock.now()
    }
}

impl fmt::Debug for RedisTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisTime").field(&self.offset()).finish()
    }
}

fn signed(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use passerby_application::testing::ManualClock;

    #[test]
    fn what_redis_said_counts_on_by_the_nodes_own_clock() {
        let clock = Arc::new(ManualClock::default());
        let time = RedisTime::new(Arc::clone(&clock) as Arc<dyn Clock>);
        assert_eq!((time.now(), time.offset()), (None, None));
        let asked = clock.now();
        clock.advance(Millis::new(20));
        time.learn(asked, RedisMillis(1_000_000));
        assert_eq!(time.now(), Some(RedisMillis(1_000_010)));
        clock.advance(Millis::new(1_000));
        assert_eq!(time.now(), Some(RedisMillis(1_001_010)));
    }

    #[test]
    fn a_way_that_has_become_long_is_believed_soon_and_a_short_one_later() {
        let clock = Arc::new(ManualClock::default());
        let time = RedisTime::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let learn = |took| {
            let asked = clock.now();
            clock.advance(Millis::new(took));
            time.learn(asked, RedisMillis(1_000_000));
            time.round_trip().get()
        };
        assert_eq!(time.round_trip(), Millis::ZERO);
        assert_eq!([200, 200, 200].map(learn), [100, 150, 175]);
        assert_eq!([0, 0].map(learn), [153, 133]);
    }

    #[test]
    fn a_moment_comes_back_as_it_was_told_and_never_from_before_the_clock_began() {
        let here = TimeOffset::new(1_800_000_000_000);
        let there = TimeOffset::new(1_800_000_000_500);
        let told = here.to_redis(Moment::from_millis(700));
        assert_eq!(here.to_moment(told), Moment::from_millis(700));
        assert_eq!(there.to_moment(told), Moment::from_millis(200));
        let early = here.to_redis(Moment::from_millis(300));
        assert_eq!(there.to_moment(early), Moment::ORIGIN);
    }

    #[test]
    fn a_bucket_is_as_full_there_as_it_was_here() {
        let here = TimeOffset::new(5_000);
        let there = TimeOffset::new(2_000);
        let told = here.bucket_to_redis(TokenBucket::full_at_micros(1_234_567));
        assert_eq!(
            there.bucket_from_redis(told),
            TokenBucket::full_at_micros(4_234_567)
        );
        let full = here.bucket_to_redis(TokenBucket::default());
        assert_eq!(
            TimeOffset::new(9_000).bucket_from_redis(full),
            TokenBucket::default()
        );
    }
}
