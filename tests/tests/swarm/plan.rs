//! How large, how long, and with which dice.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What all users are doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Whatever comes to their mind.
    Running,
    /// Nothing new; they come back, answer and wait.
    Settling,
    /// They may go.
    Done,
}

/// The size of a swarm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) users: usize,
    pub(crate) time: Duration,
    seed: u64,
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number")),
    )
}

impl Plan {
    /// No two who parted may meet again within a run, so every second meeting is a violation whatever the clock says.
    pub(crate) const SETTINGS: [(&str, &str); 7] = [
        ("PASSERBY__MATCHING__REMATCH_COOLDOWN", "30m"),
        ("PASSERBY__MATCHING__INTEREST_PATIENCE", "1s"),
        ("PASSERBY__MATCHING__LANGUAGE_PATIENCE", "1s"),
        ("PASSERBY__SESSION__RESUME_GRACE", "3s"),
        ("PASSERBY__SESSION__RELOAD_GRACE", "1s"),
        ("PASSERBY__LIMITS__SKIPS_PER_MINUTE", "600"),
        ("PASSERBY__LIMITS__COMMANDS_PER_SECOND", "0"),
    ];

    /// So many users for so many seconds, unless the environment says otherwise.
    pub(crate) fn from_environment(users: u64, seconds: u64) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let users = number("PASSERBY_SWARM_USERS").unwrap_or(users);
        Self {
            users: usize::try_from(users).expect("a swarm fits in memory"),
            time: Duration::from_secs(number("PASSERBY_SWARM_SECONDS").unwrap_or(seconds)),
            seed: number("PASSERBY_SWARM_SEED")
                .unwrap_or_else(|| u64::from(now.subsec_nanos()) ^ now.as_secs()),
        }
    }

    /// The dice of one user.
    pub(crate) fn seed_of(&self, user: usize) -> u64 {
        self.seed
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .wrapping_add(user as u64)
    }
}
