//! A pairing store whose every operation is a walk over a list.

mod known;
mod nodes;
mod primaries;

pub use primaries::Backup;

use super::ManualClock;
use crate::ports::{
    Belief, Believed, Block, Claim, Clock, Difference, Dossier, Handover, Location, Offer, PairingRules,
    PairingStore, Pulse, Release, SameOrigin, Seeker, Stamp, Standing, StoreError, Stranger, Taken,
    TokenSerial, Verdict,
};
use known::{Known, Particulars, Phase, Record};
use passerby_domain::criteria::{Openness, Wish, fit, shared_language};
use passerby_domain::id::{ChatId, Incarnation, NodeId, UserId};
use passerby_domain::notice::{Census, Role};
use passerby_domain::time::{Millis, Moment};
use std::cmp::Reverse;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How long an offer to another node is open.
const OFFER: Millis = Millis::from_secs(1);

/// How many seats are listed at once.
const PAGE: usize = 3;

/// The contract of [`PairingStore`], in as few words as it can be written: the order of looking, the fences, and
/// nothing to make it fast.
///
/// It speaks to one node; [`HonestPairing::node`] makes another that shares what it knows and speaks to another node.
#[derive(Debug)]
pub struct HonestPairing {
    rules: PairingRules,
    clock: ManualClock,
    own: Incarnation,
    /// What each primary knows that there has been. The last one counts.
    primaries: Arc<Mutex<Vec<Known>>>,
    /// Which of them this node speaks to.
    primary: AtomicUsize,
    /// Which memory answered the last heartbeat, and how often it had been restored.
    seen: Mutex<Option<(u64, u64)>>,
}

impl HonestPairing {
    /// An empty queue.
    pub fn new(rules: PairingRules, clock: ManualClock) -> Self {
        Self {
            rules,
            clock,
            own: Incarnation::from_bits(1),
            primaries: Arc::new(Mutex::new(vec![Known::default()])),
            primary: AtomicUsize::new(0),
            seen: Mutex::default(),
        }
    }

    /// The same store, as it speaks to the node `own`.
    #[must_use]
    pub fn node(&self, own: Incarnation) -> Self {
        Self {
            rules: self.rules,
            clock: self.clock.clone(),
            own,
            primaries: self.primaries.clone(),
            primary: AtomicUsize::new(self.primary.load(Ordering::Relaxed)),
            seen: Mutex::default(),
        }
    }

    /// Who is in the queue, by id.
    pub fn waiting(&self) -> Vec<UserId> {
        self.in_phase(|phase| matches!(phase, Phase::Waiting))
    }

    /// Who is set aside for an offer that has not come to anything, by id.
    pub fn offered(&self) -> Vec<UserId> {
        self.in_phase(|phase| matches!(phase, Phase::Offered { .. } | Phase::Lapsed))
    }

    /// Who is in a chat, and in which, by id.
    pub fn chatting(&self) -> Vec<(UserId, ChatId)> {
        let known = self.lock();
        let chatting = known.seats.iter().filter_map(|(seat, record)| {
            let chat = record.phase.chatting()?;
            Some((*seat, chat))
        });
        chatting.collect()
    }

    /// Who is known at all, but for those who are gone, by id.
    pub fn known(&self) -> Vec<UserId> {
        self.in_phase(|phase| !matches!(phase, Phase::Gone))
    }

    /// A seat is not known, or forgotten, and this node has not heard of that yet.
    fn unknown<T>(&self, known: &Known) -> Result<Option<T>, StoreError> {
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.is_none_or(|(epoch, _)| epoch == known.epoch) {
            Ok(None)
        } else {
            Err(StoreError::Unavailable("all was forgotten".into()))
        }
    }

    fn in_phase(&self, is_it: impl Fn(&Phase) -> bool) -> Vec<UserId> {
        let known = self.lock();
        let those = known.seats.iter().filter(|(_, record)| is_it(&record.phase));
        those.map(|(seat, _)| *seat).collect()
    }

    /// How many interests the two have in common, if nothing but time keeps them apart.
    fn fit(&self, one: &Seeker, found: UserId, other: &Particulars, now: Moment) -> Option<usize> {
        let patience = &self.rules.patience;
        let wish = |criteria, from| Wish {
            criteria,
            openness: Openness::of(criteria, from, patience, now),
        };
        let same_origin = one.origin == other.origin && self.rules.same_origin == SameOrigin::Refused;
        if one.stamp.seat == found || same_origin {
            return None;
        }
        fit(wish(&one.criteria, one.from), wish(&other.criteria, other.from))
    }

    fn record(&self, stamp: Stamp, phase: Phase, known: &Known, about: Option<Particulars>) -> Record {
        let old = known.seats.get(&stamp.seat);
        Record {
            generation: stamp.generation,
            owner: self.own,
            former: old.and_then(|old| old.former),
            phase,
            about: about.or_else(|| old.and_then(|old| old.about.clone())),
        }
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
        let own = Particulars::of(&seeker);
        for (seat, record) in &known.seats {
            let (Phase::Waiting, Some(other)) = (&record.phase, &record.about) else {
                continue;
            };
            let Some(common) = self.fit(&seeker, *seat, other, now) else {
                continue;
            };
            if record.owner != self.own && !known.is_alive(record.owner, now) {
                continue;
            }
            if let Some(until) = known.apart_until((stamp.seat, &own), (*seat, other), now) {
                retry_at = Some(retry_at.map_or(until, |at| at.min(until)));
                continue;
            }
            let rank = (common, Reverse(other.place), Reverse(*seat));
            if best.is_none_or(|(best, _)| rank > best) {
                best = Some((rank, *seat));
            }
        }
        let Some(found) = best.and_then(|(_, seat)| Some((seat, known.seats.get(&seat)?.clone()))) else {
            let record = self.record(stamp, Phase::Waiting, &known, Some(own));
            known.replace(stamp.seat, record);
            return Ok(Claim::Waiting { retry_at });
        };
        let (found, theirs) = found;
        let offer = Offer {
            chat: seeker.chat,
            seeker: stamp,
            found: Stamp {
                seat: found,
                generation: theirs.generation,
            },
        };
        let (chat, owner) = (offer.chat, theirs.owner);
        let offered = |other, role| {
            if owner == self.own {
                Phase::Chatting { chat, other, role }
            } else {
                let until = now + OFFER;
                Phase::Offered {
                    chat,
                    other,
                    role,
                    until,
                }
            }
        };
        let mine = self.record(stamp, offered(found, Role::Initiator), &known, Some(own));
        known.replace(stamp.seat, mine);
        let about = theirs.about.clone();
        let theirs = Record {
            phase: offered(stamp.seat, Role::Responder),
            ..theirs
        };
        known.replace(found, theirs);
        let Some(about) = about.filter(|_| owner != self.own) else {
            return Ok(Claim::Offered(offer));
        };
        Ok(Claim::Proposed {
            offer,
            found: Box::new(stranger(offer.found, owner, &about, &seeker.criteria)),
        })
    }

    async fn agree(&self, offer: Offer) -> Result<Verdict, StoreError> {
        let now = self.clock.now();
        let mut known = self.lock();
        if known.has_begun(&offer) {
            return Ok(Verdict::Agreed);
        }
        let is_open = [offer.seeker, offer.found].into_iter().all(|stamp| {
            known.seats.get(&stamp.seat).is_some_and(|record| {
                record.generation == stamp.generation
                    && matches!(record.phase, Phase::Offered { chat, until, .. } if chat == offer.chat && now < until)
            })
        });
        for stamp in [offer.seeker, offer.found] {
            if is_open {
                known.begin(stamp.seat, offer.chat);
            } else {
                known.lapse_if_offered(stamp.seat, offer.chat);
            }
        }
        Ok(if is_open { Verdict::Agreed } else { Verdict::Lapsed })
    }

    async fn settle(&self, offer: Offer) -> Result<Verdict, StoreError> {
        let mut known = self.lock();
        if known.has_begun(&offer) {
            return Ok(Verdict::Agreed);
        }
        let seats = [offer.seeker.seat, offer.found.seat];
        if !seats.iter().all(|seat| known.seats.contains_key(seat)) {
            self.unknown::<()>(&known)?;
        }
        for seat in seats {
            known.lapse_if_offered(seat, offer.chat);
        }
        Ok(Verdict::Lapsed)
    }

    async fn release(&self, seat: Stamp, release: Release) -> Result<(), StoreError> {
        let mut known = self.lock();
        if known.heeds(seat) {
            let phase = match release {
                Release::Rest => Phase::Resting,
                Release::Hold => Phase::Held,
                Release::Gone => Phase::Gone,
            };
            let mut record = self.record(seat, phase, &known, None);
            if release == Release::Gone {
                record.about = None;
            }
            known.replace(seat.seat, record);
        }
        Ok(())
    }

    async fn keep(&self, dossier: Dossier) -> Result<(), StoreError> {
        self.note(&mut self.lock(), &dossier);
        Ok(())
    }

    async fn bequeath(&self, handover: Handover) -> Result<(), StoreError> {
        let dossier = Dossier {
            stamp: handover.stamp,
            origin: handover.origin,
            lasting_origin: handover.lasting_origin,
            criteria: handover.criteria.clone(),
            avoid: handover.avoid.clone(),
            serial: handover.serials[0],
            standing: handover.standing,
        };
        let mut known = self.lock();
        if self.note(&mut known, &dossier) {
            known.legacies.insert(dossier.stamp.seat, handover);
        }
        Ok(())
    }

    async fn take(&self, seat: UserId, serial: TokenSerial) -> Result<Option<Taken>, StoreError> {
        let now = self.clock.now();
        let mut known = self.lock();
        let Some(old) = known.seats.get(&seat).cloned() else {
            return self.unknown(&known);
        };
        let Some(about) = old.about.clone().filter(|about| serial >= about.serial) else {
            return Ok(None);
        };
        let is_taken = old.owner == self.own && old.generation.is_first();
        let mut was = None;
        if !is_taken {
            was = Some(old.generation);
            let phase = match old.phase {
                Phase::Chatting { .. } | Phase::Resting => old.phase,
                Phase::Waiting | Phase::Offered { .. } | Phase::Lapsed | Phase::Held | Phase::Gone => {
                    Phase::Held
                }
            };
            let record = Record {
                generation: old.generation.next_tenure(now),
                owner: self.own,
                former: Some(old.owner),
                phase,
                about: Some(about.clone()),
            };
            known.replace(seat, record);
        }
        let Some(record) = known.seats.get(&seat).cloned() else {
            return Ok(None);
        };
        let legacy = known.legacies.get(&seat).filter(|legacy| {
            let left = legacy.stamp.generation;
            let is_last = Some(left) == was
                || (was.is_none() && left.tenure().count() + 1 == record.generation.tenure().count());
            is_last && legacy.held_until > now
        });
        let partner = match record.phase {
            Phase::Chatting { chat, other, .. } => known.seats.get(&other).and_then(|theirs| {
                let about = theirs.about.as_ref()?;
                let is_there =
                    matches!(theirs.phase, Phase::Chatting { chat: c, other: o, .. } if c == chat && o == seat);
                let stamp = Stamp {
                    seat: other,
                    generation: theirs.generation,
                };
                let criteria = &record.about.as_ref()?.criteria;
                is_there.then(|| stranger(stamp, theirs.owner, about, criteria))
            }),
            _ => None,
        };
        Ok(Some(Taken {
            former: record.former.unwrap_or(self.own),
            lease: known.lease_of(record.former.unwrap_or(self.own), self.own, now),
            dossier: about.dossier(seat, &record),
            partner,
            legacy: legacy.cloned().map(Box::new),
        }))
    }

    async fn give_back(&self, seat: UserId) -> Result<(), StoreError> {
        let mut known = self.lock();
        let Some(old) = known.seats.get(&seat) else {
            return Ok(());
        };
        let is_mine = old.owner == self.own && old.generation.is_first() && !matches!(old.phase, Phase::Gone);
        if let Some(former) = old.former.filter(|former| is_mine && *former != self.own) {
            let record = Record {
                generation: old.generation.next_tenure(self.clock.now()),
                owner: former,
                former: Some(self.own),
                ..old.clone()
            };
            known.replace(seat, record);
        }
        Ok(())
    }

    async fn locate(&self, seat: UserId) -> Result<Option<Location>, StoreError> {
        let known = self.lock();
        let Some(record) = known.seats.get(&seat) else {
            return self.unknown(&known);
        };
        Ok(record.about.as_ref().map(|about| Location {
            owner: record.owner,
            tenure: record.generation.tenure(),
            origin: about.origin,
        }))
    }

    async fn block(&self, block: Block) -> Result<(), StoreError> {
        self.lock().blocks.push(block);
        Ok(())
    }

    async fn heartbeat(&self, node: &NodeId, own: Census) -> Result<Pulse, StoreError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(self.lock().beat(self.own, node, own, &mut seen, self.clock.now()))
    }

    async fn verify(&self, beliefs: Vec<Belief>) -> Result<Vec<Difference>, StoreError> {
        let now = self.clock.now();
        let known = self.lock();
        let differences = beliefs
            .into_iter()
            .filter_map(|belief| self.compare(&known, belief, now));
        Ok(differences.collect())
    }

    async fn owned(&self, after: Option<UserId>) -> Result<Vec<Stamp>, StoreError> {
        let known = self.lock();
        let own = known.seats.iter().filter(|(seat, record)| {
            record.owner == self.own
                && !matches!(record.phase, Phase::Gone)
                && after.is_none_or(|after| **seat > after)
        });
        let stamps = own.map(|(&seat, record)| Stamp {
            seat,
            generation: record.generation,
        });
        Ok(stamps.take(PAGE).collect())
    }

    async fn reap(&self) -> Result<(), StoreError> {
        self.lock().reap(self.clock.now());
        Ok(())
    }
}

impl HonestPairing {
    /// Takes an owner's word for where a seat stands. False if it is stale.
    fn note(&self, known: &mut Known, dossier: &Dossier) -> bool {
        if !known.heeds(dossier.stamp) {
            return false;
        }
        let phase = match dossier.standing {
            Standing::Idle => Phase::Resting,
            Standing::Held { .. } => Phase::Held,
            Standing::Chatting {
                chat, partner, role, ..
            } => Phase::Chatting {
                chat,
                other: partner,
                role,
            },
        };
        let record = self.record(dossier.stamp, phase, known, Some(Particulars::from(dossier)));
        known.replace(dossier.stamp.seat, record);
        true
    }

    fn compare(&self, known: &Known, belief: Belief, now: Moment) -> Option<Difference> {
        let Stamp { seat, generation } = belief.stamp;
        let Some(record) = known.seats.get(&seat) else {
            return Some(Difference::Unlike(seat));
        };
        let taken_if = |is_taken| {
            if is_taken {
                Difference::Taken(seat)
            } else {
                Difference::Unlike(seat)
            }
        };
        if matches!(record.phase, Phase::Gone) {
            if record.generation.tenure() > generation.tenure() {
                return Some(Difference::Taken(seat));
            }
            let generation = record.generation.next_tenure(now);
            return Some(Difference::Ended(Stamp { seat, generation }));
        }
        if record.owner != self.own {
            return Some(taken_if(record.generation > generation));
        }
        if record.generation.tenure() > generation.tenure() {
            let generation = record.generation;
            return Some(Difference::Given(Stamp { seat, generation }));
        }
        let is_like = match (belief.standing, &record.phase) {
            (Believed::Waiting, Phase::Waiting) => record.generation == generation,
            // What is on offer is about to be settled.
            (Believed::Waiting, Phase::Offered { until, .. }) => {
                record.generation == generation && now < *until
            }
            (Believed::Chatting(believed), Phase::Chatting { chat, .. }) => believed == *chat,
            (Believed::Resting, Phase::Resting | Phase::Held) => true,
            _ => false,
        };
        (!is_like).then_some(Difference::Unlike(seat))
    }
}

fn stranger(
    stamp: Stamp,
    owner: Incarnation,
    about: &Particulars,
    criteria: &passerby_domain::criteria::Criteria,
) -> Stranger {
    let in_common = criteria.interests.in_common(&about.criteria.interests);
    Stranger {
        stamp,
        owner,
        origin: about.origin,
        lasting_origin: about.lasting_origin,
        common_interests: in_common.cloned().collect(),
        language: shared_language(criteria, &about.criteria),
    }
}
