//! Lua scripts.
//!
//! **Architecture Invariants.** A script is sent by its digest. Where a server does not know it (a restart, a failover,
//! `SCRIPT FLUSH`) the whole of it is sent in the same place, so no step of deployment loads scripts.

use crate::keys::Key;
use deadpool_redis::redis::{self, Cmd, ToRedisArgs};
use std::fmt;

/// A Lua script.
///
/// It is idempotent, and bounded in time. Each key it touches is in KEYS, and all of them lie in one slot.
pub struct Script {
    source: &'static str,
    digest: String,
}

impl Script {
    /// The script with this source.
    pub fn new(source: &'static str) -> Self {
        Self {
            source,
            digest: redis::Script::new(source).get_hash().to_owned(),
        }
    }

    pub(super) fn by_digest(&self, keys: &[&Key], args: &impl ToRedisArgs) -> Cmd {
        call("EVALSHA", &self.digest, keys, args)
    }

    pub(super) fn whole(&self, keys: &[&Key], args: &impl ToRedisArgs) -> Cmd {
        call("EVAL", self.source, keys, args)
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Script({})", self.digest)
    }
}

fn call(verb: &str, script: &str, keys: &[&Key], args: &impl ToRedisArgs) -> Cmd {
    let mut command = redis::cmd(verb);
    command.arg(script).arg(keys.len());
    for key in keys {
        command.arg(key.as_str());
    }
    command.arg(args);
    command
}
