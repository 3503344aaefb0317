//! What interests are called in Redis.
//!
//! **Architecture Invariants.** The name of an interest is a hash with a key that only the nodes know, so whoever sees Redis
//! learns who shares what with whom and not what it is. All nodes with one secret give the same names. The words themselves
//! are kept sealed, for a node that takes a seat over.

use passerby_domain::criteria::{Interest, Interests};
use std::fmt;

/// How long a name is, in bytes.
pub(super) const NAME_BYTES: usize = 16;

/// What an interest is called.
pub(super) type InterestName = [u8; NAME_BYTES];

/// Names interests. `Debug` shows no key.
pub(super) struct InterestNames([u8; 32]);

impl InterestNames {
    pub(super) fn new(secret: &[u8]) -> Self {
        Self(blake3::derive_key("passerby names of interests v1", secret))
    }

    pub(super) fn of(&self, interest: &Interest) -> InterestName {
        let hash = blake3::keyed_hash(&self.0, interest.as_str().as_bytes());
        let mut name = InterestName::default();
        name.copy_from_slice(&hash.as_bytes()[..NAME_BYTES]);
        name
    }

    /// Those of `own` that are among `theirs`.
    pub(super) fn in_common(&self, own: &Interests, theirs: &[InterestName]) -> Box<[Interest]> {
        let is_theirs = |interest: &&Interest| theirs.contains(&self.of(interest));
        own.iter().filter(is_theirs).cloned().collect()
    }
}

impl fmt::Debug for InterestNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InterestNames([REDACTED])")
    }
}

/// Interests as one text. None of them has a comma.
pub(super) fn to_text(interests: &Interests) -> String {
    let words: Vec<_> = interests.iter().map(Interest::as_str).collect();
    words.join(",")
}

/// What [`to_text`] made a text of.
pub(super) fn from_text(text: &str) -> Option<Interests> {
    Interests::parse(text.split(',')).ok()
}
