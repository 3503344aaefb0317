//! The scripts, and the keys they touch.
//!
//! **Architecture Invariant:** the keys are fixed, have one hash tag, and are all passed to the scripts that touch them.

use crate::Script;
use crate::keys::{self, Key};

macro_rules! source {
    ($($file:literal),+) => {
        Script::new(concat!($(include_str!(concat!("scripts/", $file, ".lua")), "\n"),+))
    };
}

/// All scripts.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) claim: Script,
    pub(super) confirm: Script,
    pub(super) agree: Script,
    pub(super) settle: Script,
    pub(super) release: Script,
    pub(super) keep: Script,
    pub(super) take: Script,
    pub(super) block: Script,
    pub(super) heartbeat: Script,
    pub(super) verify: Script,
    pub(super) reap: Script,
    pub(super) time: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            claim: source!("record", "index", "claim"),
            confirm: source!("record", "index", "confirm"),
            agree: source!("record", "agree"),
            settle: source!("record", "settle"),
            release: source!("record", "index", "forget", "release"),
            keep: source!("record", "index", "forget", "keep"),
            take: source!("record", "index", "take"),
            block: source!("record", "block"),
            heartbeat: source!("record", "heartbeat"),
            verify: source!("record", "verify"),
            reap: source!("record", "index", "forget", "reap"),
            time: source!("time"),
        }
    }
}

/// The keys, each with its name in the scripts.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) seats: Key,
    pub(super) families: Key,
    pub(super) lines: Key,
    pub(super) queue: Key,
    pub(super) owners: Key,
    pub(super) nodes: Key,
    pub(super) blocks: Key,
    pub(super) meta: Key,
    pub(super) ends: Key,
    pub(super) legacies: Key,
}

impl Keys {
    pub(super) fn new(keys: &keys::Keys) -> Self {
        Self {
            seats: keys.pairing("seats"),
            families: keys.pairing("families"),
            lines: keys.pairing("lines"),
            queue: keys.pairing("queue"),
            owners: keys.pairing("owners"),
            nodes: keys.pairing("nodes"),
            blocks: keys.pairing("blocks"),
            meta: keys.pairing("meta"),
            ends: keys.pairing("ends"),
            legacies: keys.pairing("legacies"),
        }
    }

    /// All, as the scripts of nodes take them.
    pub(super) fn all(&self) -> [&Key; 10] {
        [
            &self.seats,
            &self.families,
            &self.lines,
            &self.queue,
            &self.owners,
            &self.nodes,
            &self.blocks,
            &self.meta,
            &self.ends,
            &self.legacies,
        ]
    }

    /// Those of records and of the index, and then `more`.
    pub(super) fn index<'a, const N: usize>(&'a self, more: [&'a Key; N]) -> Vec<&'a Key> {
        let index = [
            &self.seats,
            &self.families,
            &self.lines,
            &self.queue,
            &self.owners,
        ];
        index.into_iter().chain(more).collect()
    }
}
