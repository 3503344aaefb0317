//! What is wrong with the settings, said all at once.
//!
//! **Architecture Invariants.** A problem names the whole key and never repeats the value.

use std::fmt;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use super::scalar;
use crate::secret::Secret;

/// One thing that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key at fault, in full, such as `http.listen`.
    pub key: String,
    /// What is wrong with it, for the operator.
    pub why: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.why)
    }
}

/// The problems found so far, the first one of each key.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    /// Adds a problem, unless its key has one already: a later one would most likely only follow from it.
    pub(super) fn add(&mut self, key: impl Into<String>, why: impl Into<String>) {
        let (key, why) = (key.into(), why.into());
        if self.0.iter().all(|problem| problem.key != key) {
            self.0.push(Problem { key, why });
        }
    }

    /// Requires a duration that a setting may be.
    pub(super) fn require_duration(&mut self, key: &str, duration: Duration) {
        if let Err(why) = scalar::within_bounds(duration) {
            self.add(key, why);
        }
    }

    /// Requires one of more than zero.
    pub(super) fn require_time(&mut self, key: &str, duration: Duration) {
        self.require_duration(key, duration);
        if duration.is_zero() {
            self.add(key, "expected a duration longer than 0s");
        }
    }

    /// Requires a count that a setting may be; none is fine.
    pub(super) fn require_count(&mut self, key: &str, count: Option<NonZeroU32>) {
        self.require_range(key, count.map_or(0, NonZeroU32::get), 0..=scalar::HIGHEST);
    }

    /// Requires a count in `range`, and says whether it is.
    pub(super) fn require_range(&mut self, key: &str, count: u32, range: RangeInclusive<u32>) -> bool {
        let inside = range.contains(&count);
        if !inside {
            self.add(
                key,
                format!("expected a number from {} to {}", range.start(), range.end()),
            );
        }
        inside
    }

    /// Reads the secret of `key` from `file`, if there is one, into `secret`, which must not be given as well.
    pub(super) fn read_secret(&mut self, key: &str, secret: &mut Option<Secret>, file: Option<&Path>) {
        let Some(file) = file else { return };
        if secret.is_some() {
            return self.add(key, format!("given twice: here and by {key}_file"));
        }
        match Secret::read(file) {
            Ok(read) => *secret = Some(read),
            Err(error) => self.add(format!("{key}_file"), error.to_string()),
        }
    }

    /// Requires that `file`, if there is one, can be read and holds certificates as PEM.
    pub(super) fn require_certificates(&mut self, key: &str, file: Option<&Path>) {
        const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
        let Some(file) = file else { return };
        match std::fs::read(file) {
            Ok(read) if read.windows(BEGIN.len()).any(|part| part == BEGIN) => {}
            Ok(_) => self.add(key, "expected a file with certificates (PEM)"),
            Err(error) => self.add(key, error.to_string()),
        }
    }

    /// All of them, by their keys: variables have no order of their own.
    pub(super) fn into_vec(mut self) -> Vec<Problem> {
        self.0.sort_by(|one, other| one.key.cmp(&other.key));
        self.0
    }
}
