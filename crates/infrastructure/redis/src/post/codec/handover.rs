//! All there is of a seat.
//!
//! **Architecture Invariant:** it may lie in the store for a while, so it says its version, and nothing in it depends on
//! which node wrote it.

use super::bytes::{Malformed, Reader, Writer};
use super::parts::{Coded, structs};
use crate::time::TimeOffset;
use passerby_application::ports::{
    Fate, Handover, HandoverLastChat, HandoverLimits, HandoverOffer, HandoverPartner, IdHash, Offer,
    OutboxContents, Recollection, Stamp, Standing, Stranger, TokenSerial,
};
use passerby_domain::cooldown::Avoided;
use passerby_domain::criteria::{Criteria, Interest, Interests, Language, Mode};
use passerby_domain::flood::TokenBucket;
use passerby_domain::id::{ChatId, Origin, Seq, UserId};
use passerby_domain::notice::{ChatFacts, EndReason, Role};
use passerby_domain::priority::Place;
use passerby_domain::time::{Moment, UnixMillis};

const VERSION: u8 = 3;

/// Appends a handover, its moments told by the time of Redis.
pub(crate) fn encode_handover(handover: &Handover, offset: TimeOffset, buffer: &mut Vec<u8>) {
    write(handover, &mut Writer::new(buffer, offset));
}

/// Reads what [`encode_handover`] wrote, on this node or another.
///
/// # Errors
/// [`Malformed`], also if a later version wrote it.
pub(crate) fn decode_handover(bytes: &[u8], offset: TimeOffset) -> Result<Handover, Malformed> {
    read(&mut Reader::new(bytes, offset))
}

pub(super) fn write(handover: &Handover, out: &mut Writer<'_>) {
    out.byte(VERSION);
    handover.encode(out);
}

pub(super) fn read(input: &mut Reader<'_>) -> Result<Handover, Malformed> {
    if input.byte()? != VERSION {
        return Err(Malformed);
    }
    Handover::decode(input)
}

structs! {
    Handover {
        stamp: Stamp,
        origin: Origin,
        lasting_origin: Origin,
        criteria: Criteria,
        avoid: Vec<Avoided>,
        standing: Standing,
        partner: Option<HandoverPartner>,
        offer: Option<HandoverOffer>,
        last_chat: Option<HandoverLastChat>,
        serials: [TokenSerial; 2],
        limits: HandoverLimits,
        refused: Vec<(IdHash, Fate)>,
        outbox: OutboxContents,
        held_until: Moment,
        since: Option<UnixMillis>,
        recollection: Recollection,
    }
    HandoverPartner {
        stranger: Stranger,
        facts: ChatFacts,
        away_until: Option<Moment>,
        recollection: Recollection,
        sent: Vec<IdHash>,
    }
    HandoverOffer { offer: Offer, partner: HandoverPartner }
    HandoverLastChat { chat: ChatId, partner: UserId, origin: Origin, lasting_origin: Origin, ended: Moment, told: EndReason }
    HandoverLimits {
        messages: TokenBucket,
        commands: TokenBucket,
        skips: TokenBucket,
        typing: TokenBucket,
        slowed_until: Moment,
    }
    OutboxContents { last: Seq, chat: Option<ChatId>, events: Vec<(Seq, Box<[u8]>)>, placed: Vec<IdHash> }
    Criteria { interests: Interests, language: Option<Language>, mode: Mode }
    ChatFacts { common_interests: Box<[Interest]>, language: Option<Language>, mode: Mode, role: Role }
}

impl Coded for Standing {
    const LEAST: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        match self {
            Self::Idle => out.byte(0),
            Self::Held { place, from } => {
                out.byte(1);
                place.encode(out);
                from.encode(out);
            }
            Self::Chatting {
                chat,
                partner,
                role,
                place,
            } => {
                out.byte(2);
                chat.encode(out);
                partner.encode(out);
                role.encode(out);
                place.encode(out);
            }
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match input.byte()? {
            0 => Self::Idle,
            1 => Self::Held {
                place: Coded::decode(input)?,
                from: Coded::decode(input)?,
            },
            2 => Self::Chatting {
                chat: Coded::decode(input)?,
                partner: Coded::decode(input)?,
                role: Coded::decode(input)?,
                place: Coded::decode(input)?,
            },
            _ => return Err(Malformed),
        })
    }
}

impl Coded for [TokenSerial; 2] {
    const LEAST: usize = 2;

    fn encode(&self, out: &mut Writer<'_>) {
        let [oldest, newest] = self;
        oldest.encode(out);
        newest.encode(out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok([Coded::decode(input)?, Coded::decode(input)?])
    }
}

impl Coded for (Seq, Box<[u8]>) {
    const LEAST: usize = 2;

    fn encode(&self, out: &mut Writer<'_>) {
        let (seq, event) = self;
        seq.encode(out);
        out.bytes(event);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok((Coded::decode(input)?, input.bytes()?.into()))
    }
}

impl Coded for (IdHash, Fate) {
    const LEAST: usize = IdHash::LEAST + Fate::LEAST;

    fn encode(&self, out: &mut Writer<'_>) {
        self.0.encode(out);
        self.1.encode(out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok((IdHash::decode(input)?, Fate::decode(input)?))
    }
}

impl Coded for Seq {
    const LEAST: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        out.number(self.get());
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed> {
        input.number().map(Self::new)
    }
}

impl Coded for Place {
    const LEAST: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        self.since().encode(out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed> {
        Moment::decode(input).map(Self::taken_at)
    }
}

impl Coded for TokenBucket {
    const LEAST: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        out.bucket(*self);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed> {
        input.bucket()
    }
}
