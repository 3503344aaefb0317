//! What the plain store knows of seats, and which words about them it heeds.

use crate::ports::{Block, Dossier, Handover, Offer, Seeker, Stamp, Standing, TokenSerial};
use passerby_domain::cooldown::Avoided;
use passerby_domain::criteria::Criteria;
use passerby_domain::id::{ChatId, Generation, Incarnation, NodeId, Origin, UserId};
use passerby_domain::notice::{Census, Role};
use passerby_domain::priority::Place;
use passerby_domain::time::Moment;
use std::collections::BTreeMap;

/// All that the store knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) seats: BTreeMap<UserId, Record>,
    pub(super) blocks: Vec<Block>,
    pub(super) legacies: BTreeMap<UserId, Handover>,
    /// What each node counted last, and when.
    pub(super) counts: Vec<(NodeId, Census, Moment)>,
    /// When each node was last heard from, and since when it is suspected to be dead.
    pub(super) lives: BTreeMap<Incarnation, Life>,
    /// Which memory this is: another one after each loss.
    pub(super) epoch: u64,
    /// How often what it knew last was lost, and what it knew before was not.
    pub(super) restored: u64,
}

/// What is known of one node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    pub(super) heard: Moment,
    pub(super) suspected: Option<Moment>,
}

/// The newest word about a seat.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) generation: Generation,
    pub(super) owner: Incarnation,
    pub(super) former: Option<Incarnation>,
    pub(super) phase: Phase,
    /// Nothing if the seat was only ever spoken of in passing.
    pub(super) about: Option<Particulars>,
}

/// Where a seat stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// It is in the queue.
    Waiting,
    /// It was offered to that seat.
    Offered {
        chat: ChatId,
        other: UserId,
        role: Role,
        until: Moment,
    },
    /// It was offered to a seat that has moved on since. Its owner is about to claim anew.
    Lapsed,
    /// It is in a chat.
    Chatting { chat: ChatId, other: UserId, role: Role },
    /// It is idle.
    Resting,
    /// It keeps its place in the queue, but its user is away.
    Held,
    /// It is gone for ever.
    Gone,
}

impl Phase {
    pub(super) fn chatting(&self) -> Option<ChatId> {
        match self {
            Self::Chatting { chat, .. } => Some(*chat),
            _ => None,
        }
    }
}

/// What a seat wants, and what another node has to know of it.
#[derive(Clone, Debug)]
pub(super) struct Particulars {
    pub(super) origin: Origin,
    pub(super) lasting_origin: Origin,
    pub(super) criteria: Criteria,
    pub(super) avoid: Vec<Avoided>,
    pub(super) serial: TokenSerial,
    pub(super) place: Place,
    pub(super) from: Moment,
}

impl Particulars {
    pub(super) fn of(seeker: &Seeker) -> Self {
        Self {
            origin: seeker.origin,
            lasting_origin: seeker.lasting_origin,
            criteria: seeker.criteria.clone(),
            avoid: seeker.avoid.clone(),
            serial: seeker.serial,
            place: seeker.place,
            from: seeker.from,
        }
    }

    pub(super) fn dossier(&self, seat: UserId, record: &Record) -> Dossier {
        let standing = match record.phase {
            Phase::Chatting { chat, other, role } => Standing::Chatting {
                chat,
                partner: other,
                role,
                place: self.place,
            },
            Phase::Waiting | Phase::Offered { .. } | Phase::Lapsed | Phase::Held => Standing::Held {
                place: self.place,
                from: self.from,
            },
            Phase::Resting | Phase::Gone => Standing::Idle,
        };
        Dossier {
            stamp: Stamp {
                seat,
                generation: record.generation,
            },
            origin: self.origin,
            lasting_origin: self.lasting_origin,
            criteria: self.criteria.clone(),
            avoid: self.avoid.clone(),
            serial: self.serial,
            standing,
        }
    }
}

impl From<&Dossier> for Particulars {
    fn from(dossier: &Dossier) -> Self {
        let (place, from) = match dossier.standing {
            Standing::Idle => (Place::taken_at(Moment::ORIGIN), Moment::ORIGIN),
            Standing::Held { place, from } => (place, from),
            Standing::Chatting { place, .. } => (place, Moment::ORIGIN),
        };
        Self {
            origin: dossier.origin,
            lasting_origin: dossier.lasting_origin,
            criteria: dossier.criteria.clone(),
            avoid: dossier.avoid.clone(),
            serial: dossier.serial,
            place,
            from,
        }
    }
}

impl Known {
    /// Whether the owner's word counts: it is not older than what is known, and the seat is not gone, unless it came to this
    /// owner from the one who says so.
    pub(super) fn heeds(&self, stamp: Stamp) -> bool {
        match self.seats.get(&stamp.seat) {
            None => true,
            Some(Record {
                phase: Phase::Gone,
                generation,
                ..
            }) => generation.tenure() < stamp.generation.tenure(),
            Some(record) => record.generation <= stamp.generation,
        }
    }

    /// Whether a search is still of use. It may be repeated, but not once it has come to something.
    pub(super) fn may_search(&self, stamp: Stamp) -> bool {
        let came_to_something = self.seats.get(&stamp.seat).is_some_and(|record| {
            record.generation == stamp.generation && !matches!(record.phase, Phase::Waiting | Phase::Lapsed)
        });
        self.heeds(stamp) && !came_to_something
    }

    /// Puts the newest word about a seat in place of all that was known of it, an offer included.
    pub(super) fn replace(&mut self, seat: UserId, record: Record) {
        let former = self.seats.insert(seat, record);
        let Some(Phase::Offered { chat, other, .. }) = former.map(|former| former.phase) else {
            return;
        };
        if let Some(theirs) = self.seats.get_mut(&other)
            && matches!(theirs.phase, Phase::Offered { chat: of, other, .. } if of == chat && other == seat)
        {
            theirs.phase = Phase::Lapsed;
        }
    }

    /// Ends the offer of `chat` for one seat, if it is in it.
    pub(super) fn lapse_if_offered(&mut self, seat: UserId, chat: ChatId) {
        if let Some(record) = self.seats.get_mut(&seat)
            && matches!(record.phase, Phase::Offered { chat: of, .. } if of == chat)
        {
            record.phase = Phase::Lapsed;
        }
    }

    /// Whether a chat has come of an offer.
    pub(super) fn has_begun(&self, offer: &Offer) -> bool {
        [offer.seeker.seat, offer.found.seat].into_iter().any(|seat| {
            let record = self.seats.get(&seat);
            record.is_some_and(|record| record.phase.chatting() == Some(offer.chat))
        })
    }

    /// Makes the chat of an offer, for one of its seats.
    pub(super) fn begin(&mut self, seat: UserId, offered: ChatId) {
        if let Some(record) = self.seats.get_mut(&seat)
            && let Phase::Offered {
                chat, other, role, ..
            } = record.phase
            && chat == offered
        {
            record.phase = Phase::Chatting { chat, other, role };
        }
    }

    /// Until when the two must not meet; `None` if they may.
    pub(super) fn apart_until(
        &self,
        one: (UserId, &Particulars),
        other: (UserId, &Particulars),
        now: Moment,
    ) -> Option<Moment> {
        let avoids = |who: &Particulars, whom: UserId| {
            let entries = who.avoid.iter().filter(|entry| entry.seat == whom);
            entries.map(|entry| entry.until).max()
        };
        let origins = [one.1.lasting_origin, other.1.lasting_origin];
        let binds = |block: &&Block| {
            origins[0] != origins[1]
                && (block.origins == origins || block.origins == [origins[1], origins[0]])
        };
        let blocked = self.blocks.iter().filter(binds).map(|block| block.until).max();
        [avoids(one.1, other.0), avoids(other.1, one.0), blocked]
            .into_iter()
            .flatten()
            .max()
            .filter(|until| *until > now)
    }
}
