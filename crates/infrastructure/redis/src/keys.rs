//! The names of all keys.
//!
//! **Architecture Invariants.** No other module makes the name of a key. Each name begins with the prefix, or with a
//! brace and the prefix, so that an access rule can name them. A name says nothing of a user: origins are keyed hashes
//! already, incarnations are random.

use passerby_domain::id::{Incarnation, Origin};
use std::fmt;
use std::sync::Arc;

/// How many hash slots a cluster has.
const SLOTS: u16 = 16_384;

/// The name of a key, and the hash slot it lies in. Cheap to clone. `Debug` does not show it, since it may hold an origin.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key {
    name: Arc<str>,
    slot: u16,
}

impl Key {
    fn tagged(name: String, tag: &str) -> Self {
        debug_assert!(name.contains(&format!("{{{tag}}}")));
        let slot = crc16::State::<crc16::XMODEM>::calculate(tag.as_bytes()) % SLOTS;
        Self {
            name: name.into(),
            slot,
        }
    }

    /// The name as Redis knows it.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    pub(crate) fn slot(&self) -> u16 {
        self.slot
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key(slot {})", self.slot)
    }
}

/// Makes the names of keys. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Keys {
    prefix: Arc<str>,
}

impl Keys {
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.into(),
        }
    }

    /// A part of the state of pairing. All of it has one hash tag: its scripts touch many parts at once.
    pub fn pairing(&self, part: &str) -> Key {
        let tag = format!("{}:pair", self.prefix);
        Key::tagged(format!("{{{tag}}}:{part}"), &tag)
    }

    /// The inbox of one incarnation of a node. Each has a hash tag of its own, so that inboxes spread over primaries.
    pub fn inbox(&self, incarnation: Incarnation) -> Key {
        let tag = incarnation.to_string();
        Key::tagged(format!("{}:inbox:{{{tag}}}", self.prefix), &tag)
    }

    /// Something beside an inbox, in the same slot.
    pub fn beside_inbox(&self, incarnation: Incarnation, part: &str) -> Key {
        let tag = incarnation.to_string();
        Key::tagged(format!("{}:inbox:{{{tag}}}:{part}", self.prefix), &tag)
    }

    /// What one origin, or a wider network, has and tried. Each has a hash tag of its own.
    pub fn origin(&self, origin: Origin) -> Key {
        let tag = origin.to_operator_text();
        Key::tagged(format!("{}:origin:{{{tag}}}", self.prefix), &tag)
    }

    /// Which nodes live, as far as the limits per origin need to know.
    pub fn limit_nodes(&self) -> Key {
        let tag = format!("{}:limits", self.prefix);
        Key::tagged(format!("{{{tag}}}:nodes"), &tag)
    }

    /// A part of what operators see: reports and bans. All of it has one hash tag.
    pub fn moderation(&self, part: &str) -> Key {
        let tag = format!("{}:moderation", self.prefix);
        Key::tagged(format!("{{{tag}}}:{part}"), &tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deadpool_redis::redis::cluster_routing::{Route, SlotAddr};

    const NODE: Incarnation = Incarnation::from_bits(0x4f);

    #[test]
    fn a_key_lies_where_the_cluster_says_it_does() {
        let keys = Keys::new("passerby");
        for key in [
            keys.pairing("queue"),
            keys.inbox(NODE),
            keys.beside_inbox(NODE, "count"),
            keys.origin(Origin::from_bits(7)),
            keys.moderation("bans"),
        ] {
            let here = Route::new(key.slot(), SlotAddr::Master);
            let there = Route::with_key(key.as_str(), SlotAddr::Master);
            assert_eq!(here, there, "{}", key.as_str());
        }
    }

    #[test]
    fn what_scripts_touch_together_lies_together() {
        let keys = Keys::new("passerby");
        assert_eq!(keys.pairing("queue").slot(), keys.pairing("seats").slot());
        assert_eq!(keys.inbox(NODE).slot(), keys.beside_inbox(NODE, "count").slot());
        assert_ne!(
            keys.inbox(NODE).slot(),
            keys.inbox(Incarnation::from_bits(0x50)).slot()
        );
    }

    #[test]
    fn the_name_of_a_key_is_not_shown() {
        let key = Keys::new("passerby").origin(Origin::from_bits(0xabc));
        assert!(!format!("{key:?}").contains("abc"));
    }
}
