//! How many seats each origin has at this node, and how many Redis was told of.
//!
//! **Architecture Invariants.** The node's own count is the truth, and Redis is told the whole of it each time, under a
//! number that grows: so nothing is counted twice, and what arrives late changes nothing. An origin is remembered while it
//! has a seat here or Redis may think so, and no longer. No two locks are held at once, and none across an await.

use passerby_domain::id::Origin;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many parts the counts have.
pub(super) const SHARDS: usize = 64;

/// What Redis is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) origin: Origin,
    /// Greater than that of any word before.
    pub(super) number: u64,
    pub(super) seats: u32,
}

/// What Redis knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Seats(u32),
    /// It was told something and may have heard it.
    Unknown,
}

#[derive(Debug)]
struct Tally {
    seats: u32,
    /// How many of these Redis is being asked for. Nothing else that it is told includes them: it would count them twice.
    asked_for: u32,
    told: Told,
    /// The number of the last word Redis is known to have heard.
    heard: u64,
    /// Whether it is among those that changed.
    is_listed: bool,
}

impl Tally {
    fn is_settled(&self) -> bool {
        self.told == Told::Seats(self.seats)
    }

    /// The seats that Redis may be told of.
    const fn certain(&self) -> u32 {
        self.seats.saturating_sub(self.asked_for)
    }
}

#[derive(Debug, Default)]
struct Shard {
    tallies: HashMap<Origin, Tally>,
    /// Those that Redis has to be told of, each once.
    changed: Vec<Origin>,
}

impl Shard {
    /// Sees to it that Redis will be told, or that the origin is forgotten if nobody needs it.
    fn settle(&mut self, origin: Origin) {
        let Some(tally) = self.tallies.get_mut(&origin) else {
            return;
        };
        if !tally.is_settled() {
            if !tally.is_listed {
                tally.is_listed = true;
                self.changed.push(origin);
            }
        } else if tally.seats == 0 && !tally.is_listed {
            self.tallies.remove(&origin);
        }
    }
}

/// The counts of all origins.
#[derive(Debug)]
pub(super) struct Tallies {
    shards: [Mutex<Shard>; SHARDS],
    numbers: AtomicU64,
}

impl Default for Tallies {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            numbers: AtomicU64::new(0),
        }
    }
}

impl Tallies {
    fn shard(&self, origin: Origin) -> MutexGuard<'_, Shard> {
        // Origins are hashes already. The remainder is below SHARDS, so the shard is always there.
        let index = usize::try_from(origin.bits() % SHARDS as u128).unwrap_or_default();
        self.lock(index)
    }

    fn lock(&self, index: usize) -> MutexGuard<'_, Shard> {
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number greater than all before. Taken under the lock of what it is for.
    fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Counts a seat, and what there is to tell of it.
    pub(super) fn take(&self, origin: Origin) -> Word {
        self.count(origin, 0)
    }

    /// Counts a seat, and what Redis is to be asked of it. Until [`Self::answered`], no other word includes it.
    pub(super) fn ask_for(&self, origin: Origin) -> Word {
        self.count(origin, 1)
    }

    /// Redis has said something to a question, or never will.
    pub(super) fn answered(&self, origin: Origin) {
        if let Some(tally) = self.shard(origin).tallies.get_mut(&origin) {
            tally.asked_for = tally.asked_for.saturating_sub(1);
        }
    }

    fn count(&self, origin: Origin, asked_for: u32) -> Word {
        let mut shard = self.shard(origin);
        let tally = shard.tallies.entry(origin).or_insert(Tally {
            seats: 0,
            asked_for: 0,
            told: Told::Seats(0),
            heard: 0,
            is_listed: false,
        });
        tally.seats = tally.seats.saturating_add(1);
        tally.asked_for = tally.asked_for.saturating_add(asked_for);
        Word {
            origin,
            number: self.next_number(),
            seats: tally.seats,
        }
    }

    /// Counts a seat no longer.
    pub(super) fn give_back(&self, origin: Origin) {
        let mut shard = self.shard(origin);
        if let Some(tally) = shard.tallies.get_mut(&origin) {
            tally.seats = tally.seats.saturating_sub(1);
        }
        shard.settle(origin);
    }

    /// Redis heard this.
    pub(super) fn heard(&self, word: Word) {
        let mut shard = self.shard(word.origin);
        if let Some(tally) = shard.tallies.get_mut(&word.origin)
            && tally.heard < word.number
        {
            tally.heard = word.number;
            tally.told = Told::Seats(word.seats);
        }
        shard.settle(word.origin);
    }

    /// Redis may have heard this, or may not, or may yet.
    pub(super) fn in_doubt(&self, word: Word) {
        let mut shard = self.shard(word.origin);
        if let Some(tally) = shard.tallies.get_mut(&word.origin) {
            tally.told = Told::Unknown;
        }
        shard.settle(word.origin);
    }

    /// What Redis has to be told since something changed. Whoever takes it tells it, and says how that went.
    pub(super) fn changes(&self, index: usize) -> Vec<Word> {
        let mut shard = self.lock(index);
        let shard = &mut *shard;
        let mut words = Vec::new();
        for origin in std::mem::take(&mut shard.changed) {
            let Some(tally) = shard.tallies.get_mut(&origin) else {
                continue;
            };
            tally.is_listed = false;
            if tally.is_settled() {
                shard.settle(origin);
            } else {
                words.push(Word {
                    origin,
                    number: self.next_number(),
                    seats: tally.certain(),
                });
            }
        }
        words
    }

    /// Everything a part of the counts has to say, changed or not.
    pub(super) fn everything(&self, index: usize) -> Vec<Word> {
        let shard = self.lock(index);
        let words = shard.tallies.iter().map(|(&origin, tally)| Word {
            origin,
            number: self.next_number(),
            seats: tally.certain(),
        });
        words.collect()
    }

    #[cfg(test)]
    fn remembered(&self) -> usize {
        (0..SHARDS).map(|index| self.lock(index).tallies.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: Origin = Origin::from_bits(1);

    fn changes(tallies: &Tallies) -> Vec<Word> {
        (0..SHARDS).flat_map(|index| tallies.changes(index)).collect()
    }

    #[test]
    fn an_origin_is_forgotten_once_redis_knows_that_it_has_no_seat() {
        let tallies = Tallies::default();
        let word = tallies.take(HOME);
        assert_eq!(word.seats, 1);
        tallies.heard(word);
        assert_eq!(changes(&tallies), []);
        tallies.give_back(HOME);
        let [last] = changes(&tallies)[..] else {
            panic!("one word");
        };
        assert_eq!(last.seats, 0);
        assert!(last.number > word.number);
        assert_eq!(tallies.remembered(), 1);
        tallies.heard(last);
        assert_eq!(tallies.remembered(), 0);
    }

    #[test]
    fn a_seat_that_was_refused_leaves_no_trace() {
        let tallies = Tallies::default();
        tallies.take(HOME);
        tallies.give_back(HOME);
        assert_eq!(changes(&tallies), []);
        assert_eq!(tallies.remembered(), 0);
    }

    #[test]
    fn what_redis_may_not_have_heard_is_told_again() {
        let tallies = Tallies::default();
        let word = tallies.take(HOME);
        tallies.in_doubt(word);
        let [again] = changes(&tallies)[..] else {
            panic!("one word");
        };
        assert_eq!(again.seats, 1);
        tallies.in_doubt(again);
        tallies.give_back(HOME);
        let [last] = changes(&tallies)[..] else {
            panic!("one word");
        };
        assert_eq!(last.seats, 0);
        tallies.heard(last);
        assert_eq!(tallies.remembered(), 0);
    }

    #[test]
    fn an_older_answer_that_comes_later_changes_nothing() {
        let tallies = Tallies::default();
        let first = tallies.take(HOME);
        let second = tallies.take(HOME);
        tallies.heard(second);
        tallies.heard(first);
        assert_eq!(changes(&tallies), []);
        tallies.give_back(HOME);
        assert_eq!(changes(&tallies)[0].seats, 1);
    }

    #[test]
    fn a_seat_that_redis_is_being_asked_for_is_in_no_other_word() {
        let tallies = Tallies::default();
        tallies.heard(tallies.take(HOME));
        let question = tallies.ask_for(HOME);
        assert_eq!(question.seats, 2);
        let told: Vec<_> = (0..SHARDS).flat_map(|index| tallies.everything(index)).collect();
        assert_eq!(told.iter().map(|word| word.seats).collect::<Vec<_>>(), [1]);
        // It comes first, and then the answer to the question.
        tallies.heard(told[0]);
        tallies.answered(HOME);
        tallies.heard(question);
        let [again] = changes(&tallies)[..] else {
            panic!("one word");
        };
        assert_eq!(again.seats, 2);
    }

    #[test]
    fn everything_is_told_anew_where_nothing_changed() {
        let tallies = Tallies::default();
        tallies.heard(tallies.take(HOME));
        let words: Vec<_> = (0..SHARDS).flat_map(|index| tallies.everything(index)).collect();
        assert_eq!(words.len(), 1);
        assert_eq!(words[0].seats, 1);
    }
}
