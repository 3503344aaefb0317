//! What one outbox keeps: the bytes of its events, those written first and those still to be written behind them.
//!
//! ```text
//! bytes    [ written, kept for a replay | not yet written ........ ]
//! entries  [ 7 | 8 | - | 9              | 10 | - | 11              ]   numbered or transient (-)
//! ```
//!
//! **Architecture Invariants.** Entries lie in the order in which they are told; numbered ones are consecutive.
//! Unwritten entries are never evicted. An empty ring owns no memory.

use super::OUTBOX_BYTES;
use std::collections::VecDeque;

/// Bytes that a ring may own beyond four times what it holds.
const SLACK: usize = 128;
/// A ring's bytes grow by multiples of this.
const GRAIN: usize = 64;
/// From this size on a ring is that of somebody who talks, and copying it each time it is full costs more than its memory.
const LIVELY: usize = 4096;

/// In place of the second: not written, and of no interest once it is over.
const RETRACTABLE: u32 = u32::MAX;

/// One event.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Its number; 0 for a transient one, which is not told again.
    seq: u64,
    /// Its length on the wire, in bytes.
    len: u32,
    /// The second of the clock in which it was written, or [`RETRACTABLE`].
    written: u32,
}

impl Entry {
    const fn is_transient(self) -> bool {
        self.seq == 0
    }
}

/// The events of one outbox.
#[derive(Debug, Default)]
pub(super) struct Ring {
    bytes: VecDeque<u8>,
    entries: VecDeque<Entry>,
    /// What is not yet written whole, from the back.
    unwritten: Measure,
    /// What of that, from the first on, is a replay, which the limits do not count.
    replayed: Measure,
}

/// How many entries, and how many bytes of them. An outbox holds far less than 4 GiB.
#[derive(Clone, Copy, Debug, Default)]
struct Measure {
    entries: u32,
    bytes: u32,
}

impl Measure {
    const fn entries(self) -> usize {
        self.entries as usize
    }

    const fn bytes(self) -> usize {
        self.bytes as usize
    }
}

/// What is still to be written, as it lies in memory.
pub(super) type Parts<'a> = (&'a [u8], &'a [u8]);

impl Ring {
    pub(super) fn has_unwritten(&self) -> bool {
        self.unwritten.bytes > 0
    }

    /// Unwritten events that the limits count.
    pub(super) fn pending_events(&self) -> usize {
        self.unwritten.entries() - self.replayed.entries()
    }

    /// Their bytes.
    pub(super) fn pending_bytes(&self) -> usize {
        self.unwritten.bytes() - self.replayed.bytes()
    }

    pub(super) fn push_numbered(&mut self, seq: u64, frame: &[u8]) {
        self.push(seq, frame);
    }

    /// The event just pushed need not be told any more if something comes before it was begun: see [`Self::retract`].
    pub(super) fn mark_retractable(&mut self) {
        if let Some(entry) = self.entries.back_mut() {
            entry.written = RETRACTABLE;
        }
    }

    /// Takes the last event back, if it is retractable and no connection was given any of it. True if it was.
    pub(super) fn retract(&mut self) -> bool {
        let Some(last) = self.entries.back().copied() else {
            return false;
        };
        let is_whole = self.unwritten.entries() > 1 || self.unwritten.bytes == last.len;
        let is_untold = self.unwritten.entries > self.replayed.entries && is_whole;
        if last.written != RETRACTABLE || !is_untold {
            return false;
        }
        self.entries.pop_back();
        self.bytes.truncate(self.bytes.len() - last.len as usize);
        self.unwritten.entries -= 1;
        self.unwritten.bytes -= last.len;
        true
    }

    pub(super) fn push_transient(&mut self, frame: &[u8]) {
        self.push(0, frame);
    }

    fn push(&mut self, seq: u64, frame: &[u8]) {
        self.grow_for(frame.len());
        self.bytes.extend(frame);
        // A frame is far below 4 GiB: the protocol's bounds see to that.
        let len = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        self.entries.push_back(Entry { seq, len, written: 0 });
        self.unwritten.entries += 1;
        self.unwritten.bytes += len;
    }

    /// Makes place for `more` bytes, and an eighth beyond: doubling would leave the rings of silent users half empty, and
    /// those are most of a node's memory. A large one grows by half, and takes no more than an outbox may hold before it has to.
    fn grow_for(&mut self, more: usize) {
        let needed = self.bytes.len() + more;
        if needed > self.bytes.capacity() {
            let room = if needed < LIVELY {
                needed + needed / 8
            } else {
                (needed + needed / 2).min(OUTBOX_BYTES.max(needed))
            };
            let room = room.next_multiple_of(GRAIN);
            self.bytes.reserve_exact(room - self.bytes.len());
        }
    }

    /// What is still to be written.
    pub(super) fn unwritten(&self) -> Parts<'_> {
        let from = self.bytes.len() - self.unwritten.bytes();
        let (front, back) = self.bytes.as_slices();
        match from.checked_sub(front.len()) {
            Some(in_back) => (back.get(in_back..).unwrap_or_default(), &[]),
            None => (front.get(from..).unwrap_or_default(), back),
        }
    }

    /// So many more bytes were written, in this second.
    pub(super) fn wrote(&mut self, mut count: usize, second: u32) {
        count = count.min(self.unwritten.bytes());
        let mut left_of_first = self.left_of_first();
        // At most what is counted there.
        let taken = u32::try_from(count).unwrap_or(self.unwritten.bytes);
        self.unwritten.bytes -= taken;
        self.replayed.bytes = self.replayed.bytes.saturating_sub(taken);
        while self.unwritten.entries > 0 && count >= left_of_first {
            count -= left_of_first;
            let index = self.first_unwritten();
            self.entries[index].written = second;
            self.unwritten.entries -= 1;
            self.replayed.entries = self.replayed.entries.saturating_sub(1);
            left_of_first = self
                .entries
                .get(index + 1)
                .map_or(usize::MAX, |entry| entry.len as usize);
        }
        if self.unwritten.entries == 0 {
            self.drop_transient_ends();
            self.give_back_excess();
        }
    }

    /// Where the first entry lies that is not yet written whole.
    fn first_unwritten(&self) -> usize {
        self.entries.len() - self.unwritten.entries()
    }

    /// Unwritten bytes of the first unwritten entry.
    fn left_of_first(&self) -> usize {
        let first = self.first_unwritten();
        let behind: usize = self
            .entries
            .iter()
            .skip(first + 1)
            .map(|entry| entry.len as usize)
            .sum();
        self.unwritten.bytes() - behind
    }

    /// The rest of a frame of which a part was written already.
    pub(super) fn begun_frame(&self) -> Vec<u8> {
        let first = self.first_unwritten();
        let Some(entry) = self.entries.get(first) else {
            return Vec::new();
        };
        let left = self.left_of_first();
        if left == entry.len as usize {
            return Vec::new();
        }
        let (front, back) = self.unwritten();
        front.iter().chain(back).take(left).copied().collect()
    }

    /// All that is still to be written.
    pub(super) fn unwritten_to_vec(&self) -> Vec<u8> {
        let (front, back) = self.unwritten();
        [front, back].concat()
    }

    /// Transient events that were written are of no use to anybody.
    fn drop_transient_ends(&mut self) {
        while let Some(entry) = self.entries.back().copied().filter(|entry| entry.is_transient()) {
            self.entries.pop_back();
            self.bytes.truncate(self.bytes.len() - entry.len as usize);
        }
        while self.entries.front().is_some_and(|entry| entry.is_transient()) {
            self.pop_front();
        }
    }

    /// The first word on a connection is the longest of most seats' lives, and is not kept: what it took is given back.
    fn give_back_excess(&mut self) {
        if self.bytes.capacity() > 4 * self.bytes.len() + SLACK {
            self.bytes.shrink_to_fit();
        }
    }

    fn pop_front(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.bytes.drain(..entry.len as usize);
        }
    }

    /// Evicts written events until `room` more bytes fit into `capacity`. False if that is not enough.
    pub(super) fn make_room(&mut self, room: usize, capacity: usize) -> bool {
        while self.bytes.len() + room > capacity && self.entries.len() > self.unwritten.entries() {
            self.pop_front();
        }
        self.bytes.len() + room <= capacity
    }

    /// Forgets events that were written in or before this second, and gives memory back.
    pub(super) fn forget_written(&mut self, second: u32) {
        while self.entries.len() > self.unwritten.entries()
            && self.entries.front().is_some_and(|entry| entry.written <= second)
        {
            self.pop_front();
        }
        if self.entries.is_empty() {
            *self = Self::default();
        } else if self.bytes.capacity() > 4 * self.bytes.len().max(256) {
            self.bytes.shrink_to(2 * self.bytes.len());
            self.entries.shrink_to(2 * self.entries.len());
        }
    }

    /// The number of the oldest event that is held.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.entries
            .iter()
            .find(|entry| !entry.is_transient())
            .map(|entry| entry.seq)
    }

    /// The connection is gone: what it had not taken whole is to be written to the next one, except what is transient.
    pub(super) fn lose_connection(&mut self) {
        let first = self.first_unwritten();
        let seen = self
            .entries
            .iter()
            .take(first)
            .rev()
            .find(|entry| !entry.is_transient())
            .map_or(0, |entry| entry.seq);
        self.rebuild(seen, &[]);
        self.replayed = Measure::default();
    }

    /// A new connection is there: `first` is written to it, then all events after number `seen`.
    pub(super) fn rewind(&mut self, seen: u64, first: &[u8]) {
        self.rebuild(seen, first);
        self.replayed = self.unwritten;
    }

    /// All numbered events, in order.
    pub(super) fn into_events(self) -> Vec<(u64, Box<[u8]>)> {
        let (front, back) = self.bytes.as_slices();
        let mut bytes = front.iter().chain(back).copied();
        let mut events = Vec::new();
        for entry in &self.entries {
            let frame = bytes.by_ref().take(entry.len as usize).collect();
            if !entry.is_transient() {
                events.push((entry.seq, frame));
            }
        }
        events
    }

    fn rebuild(&mut self, seen: u64, first: &[u8]) {
        let old = std::mem::take(self);
        let (front, back) = old.bytes.as_slices();
        let mut bytes = front.iter().chain(back).copied();
        let mut greeted = first.is_empty();
        let mut frame = Vec::new();
        for entry in &old.entries {
            frame.clear();
            frame.extend(bytes.by_ref().take(entry.len as usize));
            if entry.is_transient() {
                continue;
            }
            if entry.seq > seen {
                if !greeted {
                    self.push_transient(first);
                    greeted = true;
                }
                self.push_numbered(entry.seq, &frame);
            } else {
                self.bytes.extend(&frame);
                self.entries.push_back(*entry);
            }
        }
        if !greeted {
            self.push_transient(first);
        }
    }
}

#[cfg(test)]
mod tests;
