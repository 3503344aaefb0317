//! Blocks between lasting origins.
//!
//! **Architecture Invariants.** At most [`Blocks::CAPACITY`] blocks, and at most [`Blocks::PER_ORIGIN`] of
//! one origin, the newest. A block binds both origins alike.

use passerby_application::ports::Block;
use passerby_domain::id::Origin;
use passerby_domain::time::Moment;
use std::collections::{BTreeSet, HashMap, VecDeque};

/// Two origins, the smaller one first.
type Pair = [Origin; 2];

/// The blocks that are, or lately were, in force.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    until: HashMap<Pair, Moment>,
    /// All of them, by their end.
    ends: BTreeSet<(Moment, Pair)>,
    /// Whom each origin is kept away from, oldest block first.
    others: HashMap<Origin, VecDeque<Origin>>,
}

impl Blocks {
    /// The most blocks that are kept. Beyond it the one that ends first is forgotten.
    pub(super) const CAPACITY: usize = 1_000_000;

    /// The most blocks of one origin.
    pub(super) const PER_ORIGIN: usize = 256;

    /// Keeps two origins apart. An older block of the same two that ends later stays as it is.
    pub(super) fn add(&mut self, block: Block, now: Moment) {
        self.forget_ended(now);
        let pair = sorted(block.origins);
        if pair[0] == pair[1]
            || block.until <= now
            || self.until(pair, now).is_some_and(|end| end >= block.until)
        {
            return;
        }
        self.forget(pair);
        self.until.insert(pair, block.until);
        self.ends.insert((block.until, pair));
        for [origin, other] in [pair, [pair[1], pair[0]]] {
            let others = self.others.entry(origin).or_default();
            others.push_back(other);
            if others.len() > Self::PER_ORIGIN
                && let Some(&oldest) = others.front()
            {
                self.forget(sorted([origin, oldest]));
            }
        }
        if self.until.len() > Self::CAPACITY
            && let Some(&(_, first)) = self.ends.first()
        {
            self.forget(first);
        }
    }

    /// Until when two origins are kept apart; `None` if they are not.
    pub(super) fn until(&self, origins: [Origin; 2], now: Moment) -> Option<Moment> {
        self.until
            .get(&sorted(origins))
            .copied()
            .filter(|&until| until > now)
    }

    fn forget_ended(&mut self, now: Moment) {
        while let Some(&(end, pair)) = self.ends.first()
            && end <= now
        {
            self.forget(pair);
        }
    }

    fn forget(&mut self, pair: Pair) {
        let Some(end) = self.until.remove(&pair) else {
            return;
        };
        self.ends.remove(&(end, pair));
        for [origin, other] in [pair, [pair[1], pair[0]]] {
            if let Some(others) = self.others.get_mut(&origin) {
                others.retain(|&known| known != other);
                if others.is_empty() {
                    self.others.remove(&origin);
                }
            }
        }
    }
}

fn sorted([a, b]: [Origin; 2]) -> Pair {
    if a <= b { [a, b] } else { [b, a] }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_millis(1_000);

    fn origins(a: u128, b: u128) -> [Origin; 2] {
        [a, b].map(Origin::from_bits)
    }

    fn block(a: u128, b: u128, until: u64) -> Block {
        Block {
            origins: origins(a, b),
            until: Moment::from_millis(until),
        }
    }

    #[test]
    fn a_block_binds_both_until_it_ends_and_a_shorter_one_does_not_shorten_it() {
        let mut blocks = Blocks::default();
        blocks.add(block(2, 1, 5_000), NOW);
        blocks.add(block(1, 2, 3_000), NOW);
        assert_eq!(blocks.until(origins(1, 2), NOW), Some(Moment::from_millis(5_000)));
        assert_eq!(blocks.until(origins(2, 1), NOW), Some(Moment::from_millis(5_000)));
        assert_eq!(blocks.until(origins(2, 1), Moment::from_millis(5_000)), None);
        blocks.add(block(1, 2, 9_000), NOW);
        assert_eq!(blocks.until(origins(1, 2), NOW), Some(Moment::from_millis(9_000)));
    }

    #[test]
    fn one_origin_keeps_its_newest_blocks_only() {
        let mut blocks = Blocks::default();
        for other in 1..=Blocks::PER_ORIGIN as u128 + 1 {
            blocks.add(block(0, other, 9_000), NOW);
        }
        assert_eq!(blocks.until(origins(0, 1), NOW), None);
        assert!(blocks.until(origins(0, 2), NOW).is_some());
        assert_eq!(blocks.until.len(), Blocks::PER_ORIGIN);
        assert_eq!(blocks.ends.len(), Blocks::PER_ORIGIN);
    }

    #[test]
    fn nothing_is_left_of_blocks_that_ended() {
        let mut blocks = Blocks::default();
        for other in 1..100 {
            blocks.add(block(0, other, 2_000), NOW);
        }
        blocks.add(block(7, 7, 9_000), Moment::from_millis(2_000));
        assert!(blocks.until.is_empty() && blocks.ends.is_empty() && blocks.others.is_empty());
    }
}
