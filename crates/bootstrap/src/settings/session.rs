//! Settings of the life of a seat: section `session`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::problem::Problems;
use super::text;

/// Settings of the life of a seat.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SessionSettings {
    /// How long a seat is held after its connection broke.
    #[serde(with = "text")]
    pub resume_grace: Duration,
    /// How long a seat is held after the browser said that the page was closed or reloaded.
    #[serde(with = "text")]
    pub reload_grace: Duration,
    /// How often each connection is pinged.
    #[serde(with = "text")]
    pub ping_interval: Duration,
    /// How long a ping may stay unanswered.
    #[serde(with = "text")]
    pub pong_timeout: Duration,
    /// How long a connected seat may stay idle; none is for ever.
    #[serde(with = "text")]
    pub idle_timeout: Option<Duration>,
    /// The time over which a draining node closes its connections.
    #[serde(with = "text")]
    pub drain_spread: Duration,
    /// The time after which a draining node ends, whatever is left.
    #[serde(with = "text")]
    pub drain_timeout: Duration,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            resume_grace: Duration::from_secs(20),
            reload_grace: Duration::from_secs(3),
            ping_interval: Duration::from_secs(15),
            pong_timeout: Duration::from_secs(10),
            idle_timeout: Some(Duration::from_secs(15 * 60)),
            drain_spread: Duration::from_secs(5),
            drain_timeout: Duration::from_secs(30),
        }
    }
}

impl SessionSettings {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.require_duration("session.resume_grace", self.resume_grace);
        problems.require_duration("session.reload_grace", self.reload_grace);
        problems.require_time("session.ping_interval", self.ping_interval);
        problems.require_time("session.pong_timeout", self.pong_timeout);
        problems.require_duration("session.idle_timeout", self.idle_timeout.unwrap_or_default());
        problems.require_duration("session.drain_spread", self.drain_spread);
        problems.require_duration("session.drain_timeout", self.drain_timeout);
    }
}
