//! What the plain store knows of nodes: who lives, and what the dead left.

use super::known::{Known, Life, Phase, Record};
use crate::ports::{Lease, Pulse, StoreMemory};
use passerby_domain::id::{Incarnation, NodeId, UserId};
use passerby_domain::notice::Census;
use passerby_domain::time::{Millis, Moment};

/// How long a node that is not heard from counts as alive.
const LEASE: Millis = Millis::from_secs(5);
/// How far apart two looks at a node must be that agree that it is dead.
const SECOND_LOOK: Millis = Millis::from_secs(1);
/// How much longer to wait when more than half of all nodes look dead.
const MAJORITY: Millis = Millis::from_secs(10);
/// How long what a dead node left is kept: the longest grace of the tests, and a little.
const KEPT: Millis = Millis::from_secs(25);

impl Known {
    pub(super) fn forget_all(&mut self) {
        *self = Self {
            epoch: self.epoch + 1,
            ..Self::default()
        };
    }

    pub(super) fn is_alive(&self, node: Incarnation, now: Moment) -> bool {
        self.lives.get(&node).is_some_and(|life| now < life.heard + LEASE)
    }

    /// Whether a former owner may be asked: so may one who has not spoken yet since all was forgotten, and anybody where even
    /// the one who asks is known of old.
    pub(super) fn lease_of(&self, former: Incarnation, asker: Incarnation, now: Moment) -> Lease {
        let is_over = |node| self.lives.contains_key(&node) && !self.is_alive(node, now);
        if is_over(former) && !is_over(asker) {
            Lease::Over
        } else {
            Lease::Holds
        }
    }

    /// A node lives. `seen` is the memory that it heard of last, and how often that had been restored.
    pub(super) fn beat(
        &mut self,
        own: Incarnation,
        name: &NodeId,
        census: Census,
        seen: &mut Option<(u64, u64)>,
        now: Moment,
    ) -> Pulse {
        self.counts
            .retain(|(known, _, heard)| known != name && now < *heard + LEASE);
        self.counts.push((name.clone(), census, now));
        let census = self
            .counts
            .iter()
            .fold(Census::default(), |sum, (_, census, _)| Census {
                online: sum.online + census.online,
                waiting: sum.waiting + census.waiting,
                chatting: sum.chatting + census.chatting,
            });
        let present = Some((self.epoch, self.restored));
        let is_same = seen.is_none_or(|(epoch, _)| epoch == self.epoch && self.is_alive(own, now));
        let memory = match *seen {
            _ if !is_same => StoreMemory::Lost,
            Some((_, restored)) if restored != self.restored => StoreMemory::Restored,
            _ => StoreMemory::Kept,
        };
        *seen = present;
        let life = Life {
            heard: now,
            suspected: None,
        };
        self.lives.insert(own, life);
        let others = self.lives.iter().filter(|(node, _)| **node != own);
        Pulse {
            census,
            peers: others
                .map(|(node, life)| (*node, now.since(life.heard)))
                .collect(),
            memory,
        }
    }

    /// Forgets what dead nodes left.
    pub(super) fn reap(&mut self, now: Moment) {
        let seats = self.seats.values();
        let there = seats.filter(|record| !matches!(record.phase, Phase::Gone));
        let owners: Vec<Incarnation> = there.map(|record| record.owner).collect();
        for owner in owners {
            // One that never spoke counts as if it did now.
            self.lives.entry(owner).or_insert(Life {
                heard: now,
                suspected: None,
            });
        }
        let silent = self.lives.keys().filter(|node| !self.is_alive(**node, now));
        let silent: Vec<Incarnation> = silent.copied().collect();
        let agrees = if silent.len() * 2 > self.lives.len() {
            SECOND_LOOK + MAJORITY
        } else {
            SECOND_LOOK
        };
        for node in silent {
            let Some(life) = self.lives.get_mut(&node) else {
                continue;
            };
            let since = *life.suspected.get_or_insert(now);
            let heard = life.heard;
            if now.since(since) >= agrees {
                self.withdraw(node);
                if now >= heard + LEASE + KEPT {
                    self.forget(node);
                }
            }
        }
        self.forget_legacies(now);
    }

    /// The seats of a dead node leave the queue and their offers.
    fn withdraw(&mut self, node: Incarnation) {
        for seat in self.seats_of(node) {
            if let Some(record) = self.seats.get(&seat).cloned()
                && matches!(record.phase, Phase::Waiting | Phase::Offered { .. })
            {
                let phase = Phase::Lapsed;
                self.replace(seat, Record { phase, ..record });
            }
        }
    }

    fn forget(&mut self, node: Incarnation) {
        for seat in self.seats_of(node) {
            self.seats.remove(&seat);
            self.legacies.remove(&seat);
        }
        self.lives.remove(&node);
    }

    fn seats_of(&self, node: Incarnation) -> Vec<UserId> {
        let seats = self.seats.iter();
        let those = seats.filter(|(_, record)| record.owner == node && !matches!(record.phase, Phase::Gone));
        those.map(|(seat, _)| *seat).collect()
    }

    /// Nobody came in time for what a node left at its end.
    fn forget_legacies(&mut self, now: Moment) {
        let over = self.legacies.values();
        let over = over.filter(|legacy| legacy.held_until <= now);
        let over: Vec<_> = over.map(|legacy| legacy.stamp).collect();
        for stamp in over {
            self.legacies.remove(&stamp.seat);
            let is_of_it = self
                .seats
                .get(&stamp.seat)
                .is_some_and(|record| record.generation == stamp.generation);
            if is_of_it {
                self.seats.remove(&stamp.seat);
            }
        }
    }
}
