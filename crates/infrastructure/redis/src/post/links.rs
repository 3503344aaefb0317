//! The ways to all nodes that this one writes to.
//!
//! **Architecture Invariants.** Their number is bounded; links that nobody uses any more are forgotten when a new one is
//! made. A letter is queued while the map is held, so that no link is forgotten with something in it, and there are never
//! two links to one node.

use super::Shared;
use super::link::Link;
use passerby_application::ports::Unsent;
use passerby_domain::id::Incarnation;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The most links.
const CAPACITY: usize = 4_096;
/// From so many on, idle ones are forgotten.
const MANY: usize = 16;

/// All links.
#[derive(Debug, Default)]
pub(super) struct Links(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    links: HashMap<Incarnation, Arc<Link>>,
    /// How many there have been.
    sessions: u32,
}

impl Links {
    /// Does something with the link to a node, which is made if there is none.
    ///
    /// # Errors
    /// [`Unsent::Full`], if there are too many.
    pub(super) fn with<T>(
        &self,
        shared: &Shared,
        to: Incarnation,
        work: impl FnOnce(&Arc<Link>) -> Result<T, Unsent>,
    ) -> Result<T, Unsent> {
        {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(link) = known.links.get(&to) {
                return work(link);
            }
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let known = &mut *known;
        let now = shared.time.moment();
        if known.links.len() >= MANY {
            known.links.retain(|_, link| !link.is_idle(now));
        }
        if known.links.len() >= CAPACITY && !known.links.contains_key(&to) {
            return Err(Unsent::Full);
        }
        let link = known.links.entry(to).or_insert_with(|| {
            known.sessions += 1;
            let sealing = shared.keys.sealing(to, known.sessions);
            Arc::new(Link::new(to, shared.redis.keys().inbox(to), sealing, now))
        });
        work(link)
    }

    /// Whether nothing waits and nothing is on its way.
    pub(super) fn all_rest(&self) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.links.values().all(|link| link.rests())
    }
}
