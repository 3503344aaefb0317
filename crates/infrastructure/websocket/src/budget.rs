//! What one connection may cost: bytes that carry nothing, frames that mean nothing, commands that are refused.
//!
//! The application limits what a user does. This is about clients that do not care: they are hung up on.
//!
//! **Architecture Invariant:** a client that behaves pays a few instructions a frame, and owns no memory here.

use passerby_domain::flood::{Rate, TokenBucket};
use passerby_domain::time::{Millis, Moment};
use std::num::NonZeroU32;

/// Bytes a second that need not be whole text messages of one frame: fragments, pings, pongs.
const OVERHEAD_RATE: u32 = 64 * 1024;
/// How many of them at once.
const OVERHEAD_BURST: u32 = 256 * 1024;
/// Bytes without a whole message after which a client is hung up on.
const OVERHEAD_LIMIT: u32 = 1024 * 1024;
/// Bytes of one token: buckets count in kibibytes.
const OVERHEAD_TOKEN: u32 = 1024;
/// Control frames a second; ten times as many end the connection.
const CONTROL_FRAMES_PER_SECOND: u32 = 30;
/// How many malformed frames within [`MALFORMED_SPAN`] are too many.
const MALFORMED_LIMIT: usize = 10;
/// The span in which they count.
const MALFORMED_SPAN: Millis = Millis::from_secs(10);
/// How long a client may go on being refused by a limit.
const REFUSED_SPAN: Millis = Millis::from_secs(10);
/// How long it must be obedient for that to be forgotten.
const REFUSED_PAUSE: Millis = Millis::from_secs(2);
/// Beyond so many times a limit within a second nobody is obeyed any more.
const EXCESS: u32 = 10;

/// The client went too far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exceeded;

/// What kind of frame it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Message,
    Command,
    Control,
}

/// What one connection has cost so far.
#[derive(Default)]
pub(crate) struct Budget {
    /// The second in which the counts below began.
    second: u32,
    counts: [u16; 3],
    /// Bytes since the last whole message that were not one.
    barren: u32,
    overhead: TokenBucket,
    offences: Option<Box<Offences>>,
}

/// What a client that misbehaved did of late.
#[derive(Default)]
struct Offences {
    malformed: Vec<Moment>,
    refused: Option<Streak>,
}

#[derive(Clone, Copy)]
struct Streak {
    from: Moment,
    last: Moment,
}

impl Budget {
    /// Counts a frame. More than ten times the limit of its kind within a second is too much.
    pub(crate) fn count(
        &mut self,
        kind: Kind,
        limit: Option<NonZeroU32>,
        now: Moment,
    ) -> Result<(), Exceeded> {
        let second = u32::try_from(now.as_millis() / 1_000).unwrap_or(u32::MAX);
        if second != self.second {
            self.second = second;
            self.counts = [0; 3];
        }
        let limit = match kind {
            Kind::Control => CONTROL_FRAMES_PER_SECOND,
            Kind::Message | Kind::Command => match limit {
                Some(limit) => limit.get(),
                None => return Ok(()),
            },
        };
        let count = &mut self.counts[kind as usize];
        *count = count.saturating_add(1);
        if u32::from(*count) > limit.saturating_mul(EXCESS).min(u32::from(u16::MAX) - 1) {
            Err(Exceeded)
        } else {
            Ok(())
        }
    }

    /// Counts the bytes of a frame that is not a whole message. `Ok(Some)` says how long to wait before more is read.
    pub(crate) fn count_overhead(&mut self, bytes: usize, now: Moment) -> Result<Option<Millis>, Exceeded> {
        self.barren = self
            .barren
            .saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        if self.barren > OVERHEAD_LIMIT {
            return Err(Exceeded);
        }
        let rate = Rate::per_second(OVERHEAD_RATE / OVERHEAD_TOKEN, OVERHEAD_BURST / OVERHEAD_TOKEN);
        let mut wait = None;
        // Whole kibibytes are paid for as they fill up.
        let filled = (self.barren / OVERHEAD_TOKEN)
            - (self.barren - u32::try_from(bytes).unwrap_or(self.barren)) / OVERHEAD_TOKEN;
        for _ in 0..filled {
            if let Err(exhausted) = self.overhead.take(rate.as_ref(), now) {
                self.overhead.force_take(rate.as_ref(), now);
                wait = Some(exhausted.retry_after);
            }
        }
        Ok(wait)
    }

    /// A whole message came: what carried nothing before it is forgiven.
    pub(crate) fn forgive_overhead(&mut self) {
        self.barren = 0;
    }

    /// A frame was malformed. Ten within ten seconds are too many.
    pub(crate) fn malformed(&mut self, now: Moment) -> Result<(), Exceeded> {
        let malformed = &mut self.offences.get_or_insert_default().malformed;
        malformed.retain(|at| now.since(*at) < MALFORMED_SPAN);
        malformed.push(now);
        if malformed.len() >= MALFORMED_LIMIT {
            Err(Exceeded)
        } else {
            Ok(())
        }
    }

    /// A command was refused by a limit. Ten seconds of it on end are too many.
    pub(crate) fn refused(&mut self, now: Moment) -> Result<(), Exceeded> {
        let refused = &mut self.offences.get_or_insert_default().refused;
        let streak = refused.filter(|streak| now.since(streak.last) < REFUSED_PAUSE);
        let from = streak.map_or(now, |streak| streak.from);
        *refused = Some(Streak { from, last: now });
        if now.since(from) >= REFUSED_SPAN {
            Err(Exceeded)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_millis(1_000_000 + millis)
    }

    #[test]
    fn ten_times_a_limit_within_a_second_is_too_much() {
        let mut budget = Budget::default();
        let limit = NonZeroU32::new(10);
        for _ in 0..100 {
            assert!(budget.count(Kind::Message, limit, at(0)).is_ok());
        }
        assert!(budget.count(Kind::Command, NonZeroU32::new(30), at(1)).is_ok());
        assert!(budget.count(Kind::Message, limit, at(2)).is_err());
        assert!(budget.count(Kind::Message, limit, at(1_000)).is_ok());
        for _ in 0..10_000 {
            assert!(budget.count(Kind::Message, None, at(1_000)).is_ok());
        }
    }

    #[test]
    fn the_tenth_malformed_frame_within_ten_seconds_is_one_too_many() {
        let mut budget = Budget::default();
        for i in 0..9 {
            assert!(budget.malformed(at(i * 1_000)).is_ok());
        }
        assert!(budget.malformed(at(10_000)).is_ok());
        assert!(budget.malformed(at(10_500)).is_err());
    }

    #[test]
    fn ten_seconds_of_refusals_on_end_are_too_many() {
        let mut budget = Budget::default();
        for i in 0..10 {
            assert!(budget.refused(at(i * 1_000)).is_ok());
        }
        assert!(budget.refused(at(10_000)).is_err());
        let mut budget = Budget::default();
        for i in 0..10 {
            assert!(
                budget.refused(at(i * 3_000)).is_ok(),
                "an obedient pause is remembered"
            );
        }
    }

    #[test]
    fn bytes_that_carry_nothing_are_slowed_and_then_too_many() {
        let mut budget = Budget::default();
        let mut bytes = 0;
        while budget
            .count_overhead(6, at(0))
            .expect("not yet too many")
            .is_none()
        {
            bytes += 6;
        }
        assert!((256 * 1024..260 * 1024).contains(&bytes), "{bytes}");
        while budget.count_overhead(4_096, at(0)).is_ok() {
            bytes += 4_096;
        }
        assert!((1_000_000..1_060_000).contains(&bytes), "{bytes}");
        budget.forgive_overhead();
        assert!(budget.count_overhead(4_096, at(0)).is_ok());
    }
}
