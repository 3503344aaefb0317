//! What this node's users have reported of late, so that nobody drowns the reports of others.
//!
//! An operator keeps some thousands of reports, and the oldest give way. One who says the same of one chat again and again is
//! heard once; and there is a limit on the reports of an origin, whoever of it makes them.
//!
//! **Architecture Invariant:** bounded. What is forgotten too early is a report that is recorded twice.

use crate::fading::Fading;
use crate::ports::Offence;
use crate::throttle::Throttle;
use passerby_domain::flood::{Exhausted, Rate};
use passerby_domain::id::{ChatId, Origin, UserId};
use passerby_domain::time::{Millis, Moment};

/// How many reports of one origin are recorded at once, and in each minute after that.
const AT_ONCE: u32 = 100;
const EACH_MINUTE: u32 = 10;
/// After so long an origin may make as many as at first.
const FULL_AGAIN: Millis = Millis::from_secs(600);
/// For how long it is remembered at least of what somebody was reported.
const SPAN: Millis = Millis::from_secs(1_800);

/// All reports that are remembered.
pub(crate) struct Complaints {
    /// What was said of a chat by one of the two.
    recorded: Fading<(UserId, ChatId), Offences>,
    origins: Throttle<Origin>,
}

/// A set of offences.
#[derive(Clone, Copy, Default)]
struct Offences(u8);

impl Offences {
    const fn of(offence: Offence) -> Self {
        Self(1 << offence as u8)
    }
}

impl Default for Complaints {
    fn default() -> Self {
        Self {
            recorded: Fading::new(SPAN),
            origins: Throttle::new(Rate::per_minute(EACH_MINUTE, AT_ONCE), FULL_AGAIN),
        }
    }
}

impl Complaints {
    /// Whether `reporter` has reported their partner in `chat` for this already.
    pub(crate) fn knows(&self, reporter: UserId, chat: ChatId, offence: Offence) -> bool {
        let recorded = self.recorded.get(&(reporter, chat));
        recorded.is_some_and(|recorded| recorded.0 & Offences::of(offence).0 != 0)
    }

    /// Somebody of this origin makes a report.
    ///
    /// # Errors
    /// [`Exhausted`]: the origin makes too many.
    pub(crate) fn count(&self, origin: Origin, now: Moment) -> Result<(), Exhausted> {
        self.origins.take(origin, now)
    }

    /// A report was recorded.
    pub(crate) fn note(&self, reporter: UserId, chat: ChatId, offence: Offence, now: Moment) {
        self.recorded.change((reporter, chat), now, |recorded| {
            recorded.0 |= Offences::of(offence).0;
        });
    }

    /// Forgets what is old.
    pub(crate) fn forget(&self, now: Moment) {
        self.recorded.forget(now);
        self.origins.forget(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_millis(100_000);

    #[test]
    fn what_was_said_of_one_chat_is_known_and_nothing_else() {
        let complaints = Complaints::default();
        let (who, chat) = (UserId::from_bits(1), ChatId::from_bits(2));
        complaints.note(who, chat, Offence::Spam, NOW);
        complaints.note(who, chat, Offence::Other, NOW);
        assert!(complaints.knows(who, chat, Offence::Spam));
        assert!(complaints.knows(who, chat, Offence::Other));
        assert!(!complaints.knows(who, chat, Offence::Nudity));
        assert!(!complaints.knows(UserId::from_bits(3), chat, Offence::Spam));
        assert!(!complaints.knows(who, ChatId::from_bits(4), Offence::Spam));
    }

    #[test]
    fn an_origin_that_reports_without_end_is_slowed_and_no_other() {
        let complaints = Complaints::default();
        let [loud, quiet] = [1, 2].map(Origin::from_bits);
        let made = (0..1_000).filter(|_| complaints.count(loud, NOW).is_ok()).count();
        assert_eq!(made, AT_ONCE as usize);
        assert!(complaints.count(quiet, NOW).is_ok());
        let later = NOW + Millis::from_secs(60);
        let made = (0..1_000)
            .filter(|_| complaints.count(loud, later).is_ok())
            .count();
        assert_eq!(made, EACH_MINUTE as usize);
    }
}
