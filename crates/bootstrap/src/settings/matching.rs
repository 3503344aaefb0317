//! Settings of who meets whom: section `matching`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::problem::Problems;
use super::text;

/// Settings of who meets whom.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MatchingSettings {
    /// How long two users who have just parted do not meet again.
    #[serde(with = "text")]
    pub rematch_cooldown: Duration,
    /// How long a user with interests insists on a common one.
    #[serde(with = "text")]
    pub interest_patience: Duration,
    /// How long a user with a language insists on it.
    #[serde(with = "text")]
    pub language_patience: Duration,
    /// How long a block holds.
    #[serde(with = "text")]
    pub block_ttl: Duration,
    /// Whether two users of one origin may be paired.
    #[serde(with = "text")]
    pub same_origin: bool,
}

impl Default for MatchingSettings {
    fn default() -> Self {
        Self {
            rematch_cooldown: Duration::from_secs(60),
            interest_patience: Duration::from_secs(8),
            language_patience: Duration::from_secs(15),
            block_ttl: Duration::from_secs(30 * 24 * 60 * 60),
            same_origin: true,
        }
    }
}

impl MatchingSettings {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.require_duration("matching.rematch_cooldown", self.rematch_cooldown);
        problems.require_duration("matching.interest_patience", self.interest_patience);
        problems.require_duration("matching.language_patience", self.language_patience);
        problems.require_time("matching.block_ttl", self.block_ttl);
    }
}
