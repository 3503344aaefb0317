//! Settings of where pairing state is kept: section `store`.

mod redis;

use serde::{Deserialize, Serialize};

pub use self::redis::{RedisMode, RedisSettings, RedisUrl};
use super::identity::IdentitySettings;
use super::problem::Problems;
use super::text::{self, Text, Wrong};

/// Settings of where pairing state is kept.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StoreSettings {
    /// What keeps it.
    #[serde(with = "text")]
    pub backend: Backend,
    /// How to reach Redis; checked whatever the backend is.
    pub redis: RedisSettings,
}

/// What keeps the pairing state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// This node, for itself.
    #[default]
    Memory,
    /// Redis, for many nodes.
    Redis,
}

impl Text for Backend {
    fn read(text: &str) -> Result<Self, Wrong> {
        match text {
            "memory" => Ok(Self::Memory),
            "redis" => Ok(Self::Redis),
            _ => Err("expected memory or redis"),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Memory => "memory",
            Self::Redis => "redis",
        }
        .to_owned()
    }
}

impl StoreSettings {
    pub(super) fn check(&self, identity: &IdentitySettings, problems: &mut Problems) {
        self.redis.check(problems);
        match self.backend {
            Backend::Memory => {}
            Backend::Redis => {
                if identity.secret.is_none() {
                    problems.add(
                        "identity.secret",
                        "required on redis, and the same on all nodes of the cluster",
                    );
                }
            }
        }
    }
}
