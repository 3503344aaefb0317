//! The clock of the machine.
//!
//! **Architecture Invariant:** this is the one place that reads a clock. Everything else asks the `Clock`
//! port.

use passerby_application::ports::Clock;
use passerby_domain::time::{Millis, Moment, UnixMillis};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// What a clock shows when it is started: later than its origin by more than anybody waits, so that what was before the
/// start can be told as well. The place of a seat that comes from another node may be older than this process.
const STARTED: Moment = Moment::from_millis(30 * 24 * 60 * 60 * 1_000);

/// The machine's clocks: the monotonic one, and the time of day.
///
/// Both methods take a few atomic operations and never wait.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
    anchor: Anchor,
}

impl SystemClock {
    /// A clock that has run for some weeks, as far as one can tell by it.
    #[expect(clippy::disallowed_methods, reason = "time has its home here")]
    pub fn start() -> Self {
        let start = Instant::now();
        Self {
            start,
            anchor: Anchor::new(UnixMillis(wall_clock().0.saturating_sub(STARTED.as_millis()))),
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        STARTED + Millis::from(self.start.elapsed())
    }

    fn unix(&self, moment: Moment) -> UnixMillis {
        if self.anchor.is_due(moment) {
            self.anchor.settle(self.now(), wall_clock());
        }
        self.anchor.unix(moment)
    }
}

#[expect(clippy::disallowed_methods, reason = "time has its home here")]
fn wall_clock() -> UnixMillis {
    UnixMillis(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |span| Millis::from(span).get()),
    )
}

/// Ties monotonic time to the time of day.
///
/// The tie holds until the wall clock is found elsewhere by more than [`Anchor::TOLERANCE`]: what is said of
/// one moment does not change while a time server merely corrects the clock.
#[derive(Debug)]
struct Anchor {
    /// The time of day at [`Moment::ORIGIN`], in milliseconds; negative if the wall clock was set back that
    /// far.
    origin: AtomicI64,
    /// When the wall clock was last looked at.
    looked: AtomicU64,
}

impl Anchor {
    /// How far the wall clock may be off before it is believed.
    const TOLERANCE: i64 = 500;

    /// How often it is looked at.
    const INTERVAL: Millis = Millis::new(1_000);

    fn new(wall: UnixMillis) -> Self {
        Self {
            origin: AtomicI64::new(signed(wall.0)),
            looked: AtomicU64::new(0),
        }
    }

    /// Whether it is time to look at the wall clock, as far as one can tell who is asked about `moment`.
    fn is_due(&self, moment: Moment) -> bool {
        moment >= Moment::from_millis(self.looked.load(Ordering::Relaxed)) + Self::INTERVAL
    }

    /// Takes note that the time of day is `wall` at `now`. Two threads that do so at once agree well enough.
    fn settle(&self, now: Moment, wall: UnixMillis) {
        self.looked.store(now.as_millis(), Ordering::Relaxed);
        let origin = signed(wall.0).saturating_sub(signed(now.as_millis()));
        let known = self.origin.load(Ordering::Relaxed);
        if origin.saturating_sub(known).saturating_abs() > Self::TOLERANCE {
            self.origin.store(origin, Ordering::Relaxed);
        }
    }

    fn unix(&self, moment: Moment) -> UnixMillis {
        let unix = self
            .origin
            .load(Ordering::Relaxed)
            .saturating_add(signed(moment.as_millis()));
        UnixMillis(u64::try_from(unix).unwrap_or(0))
    }
}

fn signed(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: u64 = 1_800_000_000_000;

    fn at(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    #[test]
    fn a_moment_keeps_its_time_of_day_while_the_wall_clock_is_merely_corrected() {
        let anchor = Anchor::new(UnixMillis(NOON));
        assert_eq!(anchor.unix(at(2_000)), UnixMillis(NOON + 2_000));
        anchor.settle(at(3_000), UnixMillis(NOON + 3_500));
        anchor.settle(at(4_000), UnixMillis(NOON + 3_500));
        assert_eq!(anchor.unix(at(2_000)), UnixMillis(NOON + 2_000));
    }

    #[test]
    fn a_wall_clock_that_was_set_is_believed() {
        let anchor = Anchor::new(UnixMillis(NOON));
        anchor.settle(at(3_000), UnixMillis(NOON + 3_501));
        assert_eq!(anchor.unix(at(3_000)), UnixMillis(NOON + 3_501));
        anchor.settle(at(4_000), UnixMillis(1_000));
        assert_eq!(anchor.unix(at(4_000)), UnixMillis(1_000));
        assert_eq!(anchor.unix(at(2_000)), UnixMillis(0));
    }

    #[test]
    fn the_wall_clock_is_looked_at_once_a_second() {
        let anchor = Anchor::new(UnixMillis(NOON));
        assert!(!anchor.is_due(at(999)));
        assert!(anchor.is_due(at(1_000)));
        anchor.settle(at(1_700), UnixMillis(NOON + 1_700));
        assert!(!anchor.is_due(at(2_699)));
        assert!(anchor.is_due(at(2_700)));
    }

    #[test]
    fn the_clock_of_the_machine_runs_forward_and_knows_the_date() {
        let clock = SystemClock::start();
        let before = clock.now();
        assert!(clock.unix(before).0 > 1_600_000_000_000);
        assert_eq!(clock.unix(before), clock.unix(before));
        assert!(clock.now() >= before);
    }

    #[test]
    fn what_was_before_the_clock_was_started_can_be_told() {
        let clock = SystemClock::start();
        let now = clock.now();
        let day = Millis::from_secs(24 * 60 * 60);
        assert_eq!((now - day) + day, now);
        assert_eq!(clock.unix(now - day).0 + day.get(), clock.unix(now).0);
    }
}
