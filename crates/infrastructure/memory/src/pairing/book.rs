//! All that the store knows, and the operations on it.
//!
//! **Architecture Invariants.** Those in the index are exactly those whose record says that they wait, as it
//! says. What is older than the record of its seat changes nothing.

use super::blocks::Blocks;
use super::departed::Departed;
use super::hashed::{HashedMap, give_back};
use super::index::Index;
use super::record::{Phase, Record, Waiter};
use super::search::{Outcome, Search};
use passerby_application::ports::{Block, Claim, Offer, PairingRules, Release, Seeker, Stamp};
use passerby_domain::criteria::Openness;
use passerby_domain::id::UserId;
use passerby_domain::time::Moment;

/// Records, index and blocks, as one.
#[derive(Debug)]
pub(super) struct Book {
    rules: PairingRules,
    records: HashedMap<UserId, Record>,
    index: Index,
    blocks: Blocks,
    departed: Departed,
}

impl Book {
    pub(super) fn new(rules: PairingRules) -> Self {
        Self {
            rules,
            records: HashedMap::default(),
            index: Index::default(),
            blocks: Blocks::default(),
            departed: Departed::default(),
        }
    }

    pub(super) fn claim(&mut self, seeker: Seeker, now: Moment) -> Claim {
        let (stamp, chat) = (seeker.stamp, seeker.chat);
        let is_known_better = self
            .records
            .get(&stamp.seat)
            .is_some_and(|record| !record.may_search(stamp));
        if is_known_better || self.departed.contains(stamp.seat) {
            return Claim::Stale;
        }
        let opens_at = Openness::next_change(&seeker.criteria, seeker.from, &self.rules.patience, now);
        let families = self.index.families_of(&seeker.criteria);
        let waiter = Waiter::new(seeker, families, &self.rules, now);
        match self.search(now).run(stamp.seat, &waiter) {
            Outcome::Somebody(found) => self.pair(stamp, found).map_or(Claim::Stale, |found| {
                Claim::Offered(Offer {
                    chat,
                    seeker: stamp,
                    found,
                })
            }),
            Outcome::Nobody { until } => {
                self.replace(stamp, Phase::Waiting(Box::new(waiter)));
                Claim::Waiting {
                    retry_at: [opens_at, until].into_iter().flatten().min(),
                }
            }
        }
    }

    pub(super) fn release(&mut self, stamp: Stamp, release: Release) {
        if !self.heeds(stamp) {
            return;
        }
        match release {
            Release::Rest | Release::Hold => self.replace(stamp, Phase::Settled),
            Release::Gone => {
                self.departed.add(stamp.seat);
                if let Some(Phase::Waiting(waiter)) =
                    self.records.remove(&stamp.seat).map(|record| record.phase)
                {
                    self.index.remove(stamp.seat, &waiter);
                }
                give_back(&mut self.records);
            }
        }
    }

    pub(super) fn block(&mut self, block: Block, now: Moment) {
        self.blocks.add(block, now);
    }

    /// How many seats and how many lines there are.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.records.len(), self.index.len())
    }

    fn search(&self, now: Moment) -> Search<'_> {
        Search {
            rules: &self.rules,
            records: &self.records,
            index: &self.index,
            blocks: &self.blocks,
            now,
        }
    }

    /// Whether the owner's word about a seat counts: it is not older than what is known.
    fn heeds(&self, stamp: Stamp) -> bool {
        let is_known_better = self
            .records
            .get(&stamp.seat)
            .is_some_and(|record| record.is_newer_than(stamp));
        !is_known_better && !self.departed.contains(stamp.seat)
    }

    /// Takes two seats out of the queue for each other: they are in their chat. Answers with the stamp of the one who was
    /// found.
    fn pair(&mut self, seeker: Stamp, found: UserId) -> Option<Stamp> {
        let generation = self.records.get(&found)?.generation;
        let found = Stamp {
            seat: found,
            generation,
        };
        self.replace(seeker, Phase::Settled);
        self.replace(found, Phase::Settled);
        Some(found)
    }

    /// Puts the newest word about a seat in place of all that was known of it.
    fn replace(&mut self, stamp: Stamp, phase: Phase) {
        let record = Record {
            generation: stamp.generation,
            phase,
        };
        let former = self.records.insert(stamp.seat, record).map(|record| record.phase);
        let newest = self.records.get(&stamp.seat).map(|record| &record.phase);
        if let (Some(Phase::Waiting(former)), Some(Phase::Waiting(newest))) = (&former, newest)
            && former.stands_as(newest)
        {
            // Most searches are repeated as they were, and stand where they stood.
            return;
        }
        if let Some(Phase::Waiting(former)) = former {
            self.index.remove(stamp.seat, &former);
        }
        if let Some(Record {
            phase: Phase::Waiting(newest),
            ..
        }) = self.records.get(&stamp.seat)
        {
            self.index.insert(stamp.seat, newest);
        }
    }
}
