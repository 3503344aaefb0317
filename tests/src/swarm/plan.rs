//! How large, how long, in what weather, and with which dice.

use std::ops::Range;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What all users are doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Whatever comes to their mind.
    Running,
    /// They talk, and stay where they are: no skip, no leave, no drop.
    Talking,
    /// Nothing new; they come back, answer and wait.
    Settling,
    /// They may go.
    Done,
}

/// What users must be prepared for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Nothing is at fault but the users' own connections.
    Calm,
    /// Nodes, networks and stores fail.
    Stormy,
}

/// The size and the temper of a swarm.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many users.
    pub users: usize,
    /// For how long they do what comes to their mind.
    pub time: Duration,
    /// What they must be prepared for.
    pub weather: Weather,
    /// The time from one act of a user to the next, in milliseconds: from, to.
    pub pause: (u64, u64),
    /// How many messages may be answered with `unconfirmed` in calm weather.
    pub unconfirmed: usize,
    /// The root of all chance.
    pub seed: u64,
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number")),
    )
}

impl Plan {
    /// What a swarm's nodes are started with. No two who parted may meet again within a run, so every second meeting is
    /// a violation whatever the clock says.
    pub const SETTINGS: [(&str, &str); 7] = [
        ("PASSERBY__MATCHING__REMATCH_COOLDOWN", "30m"),
        ("PASSERBY__MATCHING__INTEREST_PATIENCE", "1s"),
        ("PASSERBY__MATCHING__LANGUAGE_PATIENCE", "1s"),
        ("PASSERBY__SESSION__RESUME_GRACE", "3s"),
        ("PASSERBY__SESSION__RELOAD_GRACE", "1s"),
        ("PASSERBY__LIMITS__SKIPS_PER_MINUTE", "600"),
        ("PASSERBY__LIMITS__COMMANDS_PER_SECOND", "0"),
    ];

    /// So many lively users for so many seconds in calm weather, unless `PASSERBY_SWARM_USERS`,
    /// `PASSERBY_SWARM_SECONDS` and `PASSERBY_SWARM_SEED` say otherwise.
    pub fn from_environment(users: u64, seconds: u64) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let users = number("PASSERBY_SWARM_USERS").unwrap_or(users);
        Self {
            users: usize::try_from(users).expect("a swarm fits in memory"),
            time: Duration::from_secs(number("PASSERBY_SWARM_SECONDS").unwrap_or(seconds)),
            weather: Weather::Calm,
            pause: (5, 120),
            unconfirmed: 0,
            seed: number("PASSERBY_SWARM_SEED")
                .unwrap_or_else(|| u64::from(now.subsec_nanos()) ^ now.as_secs()),
        }
    }

    /// In stormy weather, with users who take their time.
    #[must_use]
    pub fn stormy(mut self) -> Self {
        (self.weather, self.pause) = (Weather::Stormy, (100, 900));
        self
    }

    /// The dice of one user, or of something else with a number of its own.
    pub fn seed_of(&self, user: usize) -> u64 {
        self.seed
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .wrapping_add(user as u64)
    }

    pub(super) fn pause(&self) -> Range<u64> {
        self.pause.0..self.pause.1
    }
}
