//! The scripts, and the keys they touch.
//!
//! **Architecture Invariant:** the keys are fixed, have one hash tag, and are all passed to the scripts that touch them.

use crate::Script;
use crate::keys::{self, Key};

/// A script of several files. What comes after a semicolon is wrapped in a function: it takes what it needs of the files before
/// once, and hands that to the functions in it, each of which Lua would look it up for otherwise, whenever the script runs.
macro_rules! source {
    ($($file:literal),+ $(; $($inner:literal),+)*) => {
        Script::new(concat!(
            source!(@files $($file),+),
            $("return (function()\n", source!(@files $($inner),+),)*
            $(source!(@end $($inner),+)),*
        ))
    };
    (@files $($file:literal),+) => {
        concat!($(include_str!(concat!("scripts/", $file, ".lua")), "\n"),+)
    };
    (@end $($file:literal),+) => {
        "end)()\n"
    };
}

/// All scripts.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) row: Script,
    pub(super) take: Script,
    pub(super) give_back: Script,
    pub(super) block: Script,
    pub(super) heartbeat: Script,
    pub(super) verify: Script,
    pub(super) reap: Script,
    pub(super) time: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            row: source!(
                "record"; "index", "forget"; "claim", "settle", "release", "keep", "row"
            ),
            take: source!("record"; "index", "take"),
            give_back: source!("record"; "give_back"),
            block: source!("record"; "block"),
            heartbeat: source!("record"; "heartbeat"),
            verify: source!("record"; "verify"),
            reap: source!("record"; "index", "forget", "reap"),
            time: source!("time"),
        }
    }
}

/// The keys, each with its name in the scripts.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) book: Key,
    lines: Key,
    queue: Key,
    pub(super) owners: Key,
    nodes: Key,
    ends: Key,
    pub(super) blocks: Key,
    meta: Key,
}

impl Keys {
    pub(super) fn new(keys: &keys::Keys) -> Self {
        Self {
            book: keys.pairing("book"),
            lines: keys.pairing("lines"),
            queue: keys.pairing("queue"),
            owners: keys.pairing("owners"),
            nodes: keys.pairing("nodes"),
            ends: keys.pairing("ends"),
            blocks: keys.pairing("blocks"),
            meta: keys.pairing("meta"),
        }
    }

    /// All, in the order in which scripts take the first so many of them.
    pub(super) fn all(&self) -> [&Key; 8] {
        [
            &self.book,
            &self.lines,
            &self.queue,
            &self.owners,
            &self.nodes,
            &self.ends,
            &self.blocks,
            &self.meta,
        ]
    }
}
