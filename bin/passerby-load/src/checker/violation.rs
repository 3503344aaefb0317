//! The promises, and what breaks them.
//!
//! **Architecture Invariants:** all violations are counted; only the first are kept word for word.

use std::collections::BTreeMap;

/// How many violations are kept word for word.
const KEPT: usize = 50;

/// A promise of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    OneChat,
    Strangers,
    Mutual,
    Private,
    Inside,
    Order,
    Once,
    Answered,
    Honest,
    Numbered,
    Shape,
}

impl Rule {
    /// Its short name.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::OneChat => "S1",
            Self::Strangers => "S2",
            Self::Mutual => "S3",
            Self::Private => "S4",
            Self::Inside => "S5",
            Self::Order => "S6",
            Self::Once => "S7",
            Self::Answered => "S8",
            Self::Honest => "S9",
            Self::Numbered => "SEQ",
            Self::Shape => "FRAME",
        }
    }

    /// What it promises.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::OneChat => "a seat is in at most one chat, and never waits while chatting",
            Self::Strangers => "nobody is paired with their own seat",
            Self::Mutual => "a chat is told to exactly two seats",
            Self::Private => "a message reaches the partner of its chat and nobody else",
            Self::Inside => "nothing of a chat comes before it begins or after it ends",
            Self::Order => "messages of one sender arrive in the order sent",
            Self::Once => "a message arrives at most once",
            Self::Answered => "what is asked is answered within 3 s, and a message exactly once",
            Self::Honest => "what is acknowledged arrives, and what is refused does not",
            Self::Numbered => "events are numbered without holes",
            Self::Shape => "every frame is an event of the protocol",
        }
    }
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) rule: Rule,
    /// What happened, with the ids of all concerned.
    pub(crate) what: String,
}

/// All violations of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    counts: BTreeMap<Rule, u64>,
    first: Vec<Violation>,
}

impl Tally {
    pub(crate) fn add(&mut self, violation: Violation) {
        *self.counts.entry(violation.rule).or_default() += 1;
        if self.first.len() < KEPT {
            self.first.push(violation);
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// How often each promise was broken; those that held are absent.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (Rule, u64)> {
        self.counts.iter().map(|(rule, count)| (*rule, *count))
    }

    /// The first ones, in order.
    pub(crate) fn first(&self) -> &[Violation] {
        &self.first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_violations_are_counted_and_the_first_are_kept() {
        let mut tally = Tally::default();
        for number in 0..1000 {
            tally.add(Violation {
                rule: if number % 2 == 0 { Rule::Order } else { Rule::Once },
                what: number.to_string(),
            });
        }
        assert_eq!(tally.total(), 1000);
        assert_eq!(
            tally.counts().collect::<Vec<_>>(),
            [(Rule::Order, 500), (Rule::Once, 500)]
        );
        assert_eq!(tally.first().len(), KEPT);
        assert_eq!(tally.first()[0].what, "0");
    }
}
