//! Who fits whom, and how a wait makes people less particular.
//!
//! Two people fit if they want the same kind of chat and each accepts the other. Somebody accepts on interests
//! if the two share one, if they have none themself, or if their patience is over; on language if the two
//! are equal, if either gave none, or if their patience is over. Patience counts from the beginning of a wait.
//!
//! **Architecture Invariants.** [`fit`] is symmetric. For each person an [`Openness`] only ever grows with
//! time, so two who fit go on fitting for as long as both wait.

use super::{Criteria, Language};
use crate::time::{Millis, Moment};

/// How long a person insists before they take anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// On a shared interest.
    pub interests: Millis,
    /// On their language.
    pub language: Millis,
}

/// Whether a person insists on what they asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stance {
    /// They do.
    Strict,
    /// They asked for nothing, or their patience is over: anybody will do.
    Open,
}

impl Stance {
    /// The stance of somebody who insists until `end`, if on anything.
    fn until(end: Option<Moment>, now: Moment) -> Self {
        if end.is_some_and(|end| now < end) {
            Self::Strict
        } else {
            Self::Open
        }
    }
}

/// How open a person is at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Openness {
    /// To those who share no interest with them.
    pub interests: Stance,
    /// To those who gave another language.
    pub language: Stance,
}

impl Openness {
    /// How open somebody with these criteria is at `now`, in a wait that began at `waits_from`.
    pub fn of(criteria: &Criteria, waits_from: Moment, patience: &Patience, now: Moment) -> Self {
        let [interests, language] = ends_of_patience(criteria, waits_from, patience);
        Self {
            interests: Stance::until(interests, now),
            language: Stance::until(language, now),
        }
    }

    /// The first moment after `now` at which [`Openness::of`] gives another answer; `None` if it never will.
    pub fn next_change(
        criteria: &Criteria,
        waits_from: Moment,
        patience: &Patience,
        now: Moment,
    ) -> Option<Moment> {
        ends_of_patience(criteria, waits_from, patience)
            .into_iter()
            .flatten()
            .filter(|&end| end > now)
            .min()
    }
}

/// Until when somebody insists on a shared interest, and on their language; `None` where they never do.
fn ends_of_patience(criteria: &Criteria, waits_from: Moment, patience: &Patience) -> [Option<Moment>; 2] {
    let asks_interests = !criteria.interests.is_empty();
    let asks_language = criteria.language.is_some();
    [
        asks_interests.then(|| waits_from + patience.interests),
        asks_language.then(|| waits_from + patience.language),
    ]
}

/// What somebody asks of a partner at some moment.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// What they asked for.
    pub criteria: &'a Criteria,
    /// How much they still insist on it.
    pub openness: Openness,
}

impl Wish<'_> {
    fn accepts_interests(&self, in_common: usize) -> bool {
        in_common > 0 || self.criteria.interests.is_empty() || self.openness.interests == Stance::Open
    }

    fn accepts_language(&self, other: Option<Language>) -> bool {
        match (self.criteria.language, other) {
            (Some(own), Some(other)) => own == other || self.openness.language == Stance::Open,
            (None, _) | (_, None) => true,
        }
    }
}

/// How many interests two people have in common if they fit; `None` if they do not fit.
pub fn fit(a: Wish<'_>, b: Wish<'_>) -> Option<usize> {
    if a.criteria.mode != b.criteria.mode
        || !a.accepts_language(b.criteria.language)
        || !b.accepts_language(a.criteria.language)
    {
        return None;
    }
    let in_common = a.criteria.interests.count_in_common(&b.criteria.interests);
    (a.accepts_interests(in_common) && b.accepts_interests(in_common)).then_some(in_common)
}

/// The language that both asked for, if they asked for the same.
pub fn shared_language(a: &Criteria, b: &Criteria) -> Option<Language> {
    a.language.filter(|_| a.language == b.language)
}

#[cfg(test)]
mod tests;
