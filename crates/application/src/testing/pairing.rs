//! A pairing store whose every operation is a walk over a list.

use super::ManualClock;
use crate::ports::{
    Block, Claim, Clock, Offer, PairingRules, PairingStore, Pulse, Release, SameOrigin, Seeker, Stamp,
    StoreError,
};
use passerby_domain::criteria::{Openness, Wish, fit};
use passerby_domain::id::{ChatId, Generation, NodeId, UserId};
use passerby_domain::notice::Census;
use passerby_domain::time::{Millis, Moment};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long a node that is not heard from counts as alive.
const LEASE: Millis = Millis::from_secs(5);

/// The contract of [`PairingStore`], in as few words as it can be written: the order of looking, the fences, and
/// nothing to make it fast.
#[derive(Debug)]
pub struct HonestPairing {
    rules: PairingRules,
    clock: ManualClock,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    seats: BTreeMap<UserId, (Generation, Phase)>,
    blocks: Vec<Block>,
    nodes: Vec<(NodeId, Census, Moment)>,
}

/// What the newest word about a seat says.
#[derive(Debug)]
enum Phase {
    /// It is in the queue.
    Waiting(Box<Seeker>),
    /// It was offered to that seat.
    Offered(UserId),
    /// It was offered to a seat that has moved on since. Its owner is about to claim anew.
    Lapsed,
    /// It is in a chat or at rest.
    Settled,
    /// It is gone for ever.
    Gone,
}

impl HonestPairing {
    /// An empty queue.
    pub fn new(rules: PairingRules, clock: ManualClock) -> Self {
        Self {
            rules,
            clock,
            known: Mutex::default(),
        }
    }

    /// Who is in the queue, by id.
    pub fn waiting(&self) -> Vec<UserId> {
        let known = self.lock();
        let waiting = known
            .seats
            .iter()
            .filter(|(_, (_, phase))| matches!(phase, Phase::Waiting(_)));
        waiting.map(|(seat, _)| *seat).collect()
    }

    /// Who is set aside for an offer that has not come to anything, by id.
    pub fn offered(&self) -> Vec<UserId> {
        let known = self.lock();
        let offered = known
            .seats
            .iter()
            .filter(|(_, (_, phase))| matches!(phase, Phase::Offered(_) | Phase::Lapsed));
        offered.map(|(seat, _)| *seat).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many interests the two have in common, if nothing but time keeps them apart.
    fn fit(&self, one: &Seeker, other: &Seeker, now: Moment) -> Option<usize> {
        let patience = &self.rules.patience;
        let [first, second] = [one, other].map(|seeker| Wish {
            criteria: &seeker.criteria,
            openness: Openness::of(&seeker.criteria, seeker.from, patience, now),
        });
        let same_origin = one.origin == other.origin && self.rules.same_origin == SameOrigin::Refused;
        if one.stamp.seat == other.stamp.seat || same_origin {
            return None;
        }
        fit(first, second)
    }
}

impl Known {
    /// Whether the owner's word counts: it is not older than what is known.
    fn heeds(&self, stamp: Stamp) -> bool {
        match self.seats.get(&stamp.seat) {
            None => true,
            Some((_, Phase::Gone)) => false,
            Some((generation, _)) => *generation <= stamp.generation,
        }
    }

    /// Whether a search is still of use. It may be repeated, but not once it has come to something.
    fn may_search(&self, stamp: Stamp) -> bool {
        let came_to_something = self.seats.get(&stamp.seat).is_some_and(|(generation, phase)| {
            *generation == stamp.generation && matches!(phase, Phase::Offered(_) | Phase::Settled)
        });
        self.heeds(stamp) && !came_to_something
    }

    /// Puts the newest word about a seat in place of all that was known of it, an offer included.
    fn replace(&mut self, stamp: Stamp, phase: Phase) {
        let former = self.seats.insert(stamp.seat, (stamp.generation, phase));
        if let Some((_, Phase::Offered(partner))) = former
            && let Some((_, phase)) = self.seats.get_mut(&partner)
            && matches!(phase, Phase::Offered(partner) if *partner == stamp.seat)
        {
            *phase = Phase::Lapsed;
        }
    }

    /// Until when the two must not meet; `None` if they may.
    fn apart_until(&self, one: &Seeker, other: &Seeker, now: Moment) -> Option<Moment> {
        let avoids = |who: &Seeker, whom: UserId| {
            let entries = who.avoid.iter().filter(|entry| entry.seat == whom);
            entries.map(|entry| entry.until).max()
        };
        let origins = [one.lasting_origin, other.lasting_origin];
        let binds = |block: &&Block| {
            origins[0] != origins[1]
                && (block.origins == origins || block.origins == [origins[1], origins[0]])
        };
        let blocked = self.blocks.iter().filter(binds).map(|block| block.until).max();
        [
            avoids(one, other.stamp.seat),
            avoids(other, one.stamp.seat),
            blocked,
        ]
        .into_iter()
        .flatten()
        .max()
        .filter(|until| *until > now)
    }
}

impl PairingStore for HonestPairing {
    async fn claim(&self, seeker: Seeker) -> Result<Claim, StoreError> {
        let now = self.clock.now();
        let mut known = self.lock();
        let stamp = seeker.stamp;
        if !known.may_search(stamp) {
            return Ok(Claim::Stale);
        }
        let mut best = None;
        let mut retry_at = Openness::next_change(&seeker.criteria, seeker.from, &self.rules.patience, now);
        for (seat, (generation, phase)) in &known.seats {
            let Phase::Waiting(other) = phase else { continue };
            let Some(common) = self.fit(&seeker, other, now) else {
                continue;
            };
            if let Some(until) = known.apart_until(&seeker, other, now) {
                retry_at = Some(retry_at.map_or(until, |at| at.min(until)));
                continue;
            }
            let rank = (common, Reverse(other.place), Reverse(*seat));
            let found = Stamp {
                seat: *seat,
                generation: *generation,
            };
            if best.is_none_or(|(best, _)| rank > best) {
                best = Some((rank, found));
            }
        }
        let Some((_, found)) = best else {
            known.replace(stamp, Phase::Waiting(Box::new(seeker)));
            return Ok(Claim::Waiting { retry_at });
        };
        known.replace(stamp, Phase::Offered(found.seat));
        known.replace(found, Phase::Offered(stamp.seat));
        Ok(Claim::Offered(Offer {
            chat: seeker.chat,
            seeker: stamp,
            found,
        }))
    }

    async fn confirm(&self, _chat: ChatId, seats: [Stamp; 2]) -> Result<(), StoreError> {
        let mut known = self.lock();
        for stamp in seats {
            if known.heeds(stamp) {
                known.replace(stamp, Phase::Settled);
            }
        }
        Ok(())
    }

    async fn release(&self, seat: Stamp, release: Release) -> Result<(), StoreError> {
        let mut known = self.lock();
        if known.heeds(seat) {
            let phase = match release {
                Release::Rest | Release::Hold => Phase::Settled,
                Release::Gone => Phase::Gone,
            };
            known.replace(seat, phase);
        }
        Ok(())
    }

    async fn block(&self, block: Block) -> Result<(), StoreError> {
        self.lock().blocks.push(block);
        Ok(())
    }

    async fn heartbeat(&self, node: &NodeId, own: Census) -> Result<Pulse, StoreError> {
        let now = self.clock.now();
        let nodes = &mut self.lock().nodes;
        nodes.retain(|(known, _, heard)| known != node && now < *heard + LEASE);
        nodes.push((node.clone(), own, now));
        let census = nodes
            .iter()
            .fold(Census::default(), |sum, (_, census, _)| Census {
                online: sum.online + census.online,
                waiting: sum.waiting + census.waiting,
                chatting: sum.chatting + census.chatting,
            });
        Ok(census.into())
    }
}
