//! What happened to all users together.
//!
//! **Architecture Invariants:** the keys are codes and reasons of the protocol; where a server makes up others they are
//! counted together, so nothing grows.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::report::Report;

/// Keys of one kind of event; more are counted as [`OTHER`].
const MAX_KEYS: usize = 64;
/// Where keys beyond the bound are counted.
const OTHER: &str = "other";

/// Something that happens to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Happened {
    Said,
    SaidAgain,
    Acked,
    Refused,
    Skipped,
    Left,
    Dropped,
    SaidGoodbye,
    Resumed,
    Gap,
    SeatLost,
    ChatEnded,
    ConnectionEnded,
    AttemptFailed,
}

impl Happened {
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Said => ("sent", "messages sent"),
            Self::SaidAgain => ("sent_again", "messages sent again after a cut"),
            Self::Acked => ("acked", "messages acknowledged"),
            Self::Refused => ("refused", "refusals"),
            Self::Skipped => ("skips", "skips"),
            Self::Left => ("leaves", "leaves"),
            Self::Dropped => ("drops", "connections dropped by users"),
            Self::SaidGoodbye => ("goodbyes", "good-byes"),
            Self::Resumed => ("resumed", "seats taken back"),
            Self::Gap => ("gaps", "seats taken back with a gap"),
            Self::SeatLost => ("seats_lost", "seats that were gone when their user came back"),
            Self::ChatEnded => ("chat_ended", "ends of chats, as told"),
            Self::ConnectionEnded => ("connection_ended", "connections ended by the server"),
            Self::AttemptFailed => ("attempt_failed", "attempts to connect that failed"),
        }
    }
}

/// Counts.
#[derive(Debug, Default)]
pub(super) struct Counts {
    all: Mutex<BTreeMap<(Happened, String), u64>>,
}

impl Counts {
    /// Counts one.
    pub(super) fn one(&self, happened: Happened) {
        self.one_of(happened, "");
    }

    /// Counts one of this sort.
    pub(super) fn one_of(&self, happened: Happened, sort: &str) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = (happened, sort.to_owned());
        if !all.contains_key(&key) && all.keys().filter(|(other, _)| *other == happened).count() >= MAX_KEYS {
            OTHER.clone_into(&mut key.1);
        }
        *all.entry(key).or_default() += 1;
    }

    /// Tells all.
    pub(super) fn report(&self, report: &mut Report) {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        for ((happened, sort), count) in &*all {
            let (name, label) = happened.names();
            if sort.is_empty() {
                report.count(name, label, *count);
            } else {
                let plain = sort.replace(' ', "_");
                report.count(format!("{name}_{plain}"), format!("{label}: {sort}"), *count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Value;

    fn told(counts: &Counts) -> Vec<(String, Value)> {
        let mut report = Report::new("churn", 0, vec![]);
        counts.report(&mut report);
        let figures = report.figures.into_iter();
        figures
            .map(|figure| (figure.name.into_owned(), figure.value))
            .collect()
    }

    #[test]
    fn sorts_are_told_apart() {
        let counts = Counts::default();
        counts.one(Happened::Said);
        counts.one(Happened::Said);
        counts.one_of(Happened::ConnectionEnded, "closed with 1012");
        assert_eq!(
            told(&counts),
            [
                ("sent".to_owned(), Value::Count(2)),
                ("connection_ended_closed_with_1012".to_owned(), Value::Count(1)),
            ]
        );
    }

    #[test]
    fn a_server_that_makes_up_codes_does_not_fill_the_memory() {
        let counts = Counts::default();
        for code in 0..1000 {
            counts.one_of(Happened::Refused, &code.to_string());
        }
        let told = told(&counts);
        assert_eq!(told.len(), MAX_KEYS + 1);
        assert!(told.contains(&("refused_other".to_owned(), Value::Count(936))));
    }
}
