//! The search for the one who fits best.
//!
//! **Architecture Invariants.** Whoever is met fits by the domain's rule: the index sees to that, and builds
//! with debug assertions check it. A search that finds nobody has met everybody who fits but is kept away, so
//! it knows when that will end.

use super::blocks::Blocks;
use super::hashed::HashedMap;
use super::index::Index;
use super::line::Spot;
use super::record::{Phase, Record, Waiter};
use passerby_application::ports::{PairingRules, SameOrigin};
use passerby_domain::criteria::{Stance, fit};
use passerby_domain::id::UserId;
use passerby_domain::time::Moment;
use std::cmp::Reverse;

/// How many in one line are compared for the most interests in common, once somebody is found.
///
/// Lines of interests are short, since those who share one are paired at once; only languages and cooldowns
/// make them longer.
const LOOKS: usize = 256;

/// All that a search looks at.
pub(super) struct Search<'a> {
    pub(super) rules: &'a PairingRules,
    pub(super) records: &'a HashedMap<UserId, Record>,
    pub(super) index: &'a Index,
    pub(super) blocks: &'a Blocks,
    pub(super) now: Moment,
}

/// What a search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The one who fits best.
    Somebody(UserId),
    /// Nobody; and when the first of those who fit but are kept away may be met.
    Nobody { until: Option<Moment> },
}

/// What one who waits is to the seeker.
enum Verdict {
    /// They fit, with so many interests in common.
    Fits(usize),
    /// They must not meet until then.
    KeptAway(Moment),
    /// They must not meet in this wait.
    Never,
}

impl Search<'_> {
    /// The one who fits `seeker` best.
    pub(super) fn run(&self, seat: UserId, seeker: &Waiter) -> Outcome {
        let mut until = None;
        if let Some(found) = self.best_sharing(seat, seeker, &mut until) {
            return Outcome::Somebody(found);
        }
        if seeker.openness.interests == Stance::Open {
            for (_, candidate) in self.index.open_to_all(seeker) {
                match self.judge(seat, seeker, candidate) {
                    Verdict::Fits(_) => return Outcome::Somebody(candidate),
                    Verdict::KeptAway(end) => note_end(&mut until, end),
                    Verdict::Never => {}
                }
            }
        }
        Outcome::Nobody { until }
    }

    /// Of those who share an interest, the one who shares most, and of these the first.
    fn best_sharing(&self, seat: UserId, seeker: &Waiter, until: &mut Option<Moment>) -> Option<UserId> {
        let most = seeker.criteria.interests.len();
        let mut best: Option<(Reverse<usize>, Spot)> = None;
        for line in self.index.sharing(seeker) {
            for (looks, spot) in line.enumerate() {
                // Nobody shares more than everything, and a line is in order.
                let is_enough =
                    |(Reverse(in_common), first)| looks >= LOOKS || (in_common == most && first <= spot);
                if best.is_some_and(is_enough) {
                    break;
                }
                match self.judge(seat, seeker, spot.1) {
                    Verdict::Fits(in_common) => {
                        let candidate = (Reverse(in_common), spot);
                        best = Some(best.map_or(candidate, |best| best.min(candidate)));
                    }
                    Verdict::KeptAway(end) => note_end(until, end),
                    Verdict::Never => {}
                }
            }
        }
        best.map(|(_, spot)| spot.1)
    }

    fn judge(&self, seat: UserId, seeker: &Waiter, candidate: UserId) -> Verdict {
        let Some(Record {
            phase: Phase::Waiting(waiter),
            ..
        }) = self.records.get(&candidate)
        else {
            return Verdict::Never;
        };
        if candidate == seat {
            return Verdict::Never;
        }
        if self.rules.same_origin == SameOrigin::Refused && seeker.origin == waiter.origin {
            return Verdict::Never;
        }
        let ends = [
            seeker.avoids_until(candidate, self.now),
            waiter.avoids_until(seat, self.now),
            self.blocks
                .until([seeker.lasting_origin, waiter.lasting_origin], self.now),
        ];
        if let Some(end) = ends.into_iter().flatten().max() {
            return Verdict::KeptAway(end);
        }
        let in_common = seeker.families.count_in_common(&waiter.families);
        debug_assert_eq!(
            fit(seeker.wish(), waiter.wish()),
            Some(in_common),
            "the index says otherwise than the rule"
        );
        Verdict::Fits(in_common)
    }
}

fn note_end(until: &mut Option<Moment>, end: Moment) {
    *until = Some(until.map_or(end, |until| until.min(end)));
}
