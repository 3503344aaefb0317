//! All that is said of seats beside searching.

use super::RedisPairing;
use super::calls::is;
use super::record::{Link, Phase, Record, generation, node, origin, seat, write_link};
use crate::connection::Failure;
use passerby_application::ports::{
    Block, Dossier, Handover, Location, Offer, Release, Stamp, Standing, StoreError, Taken, TokenSerial,
    Verdict,
};
use passerby_domain::criteria::Criteria;
use passerby_domain::id::{ChatId, Incarnation, UserId};
use passerby_domain::time::{Millis, Moment};

/// For how long a seat that is gone is remembered. No script comes later than a second.
const REMEMBERED: Millis = Millis::from_secs(10);

/// The most blocks of one origin, as with the store in memory.
const BLOCKS_PER_ORIGIN: usize = 256;

/// The most origins that have blocks.
const BLOCKING_ORIGINS: usize = 500_000;

/// What is left of a seat whose node has ended.
pub(super) struct Legacy {
    until: Moment,
    sealed: Vec<u8>,
}

impl RedisPairing {
    pub(super) async fn note_chat(&self, chat: ChatId, seats: [Stamp; 2]) -> Result<(), StoreError> {
        let offset = self.offset().await?;
        let own = node(self.options.incarnation);
        let [(seeker, seeker_at), (found, found_at)] = seats.map(stamp);
        let args: [&[u8]; 6] = [
            &own,
            chat.as_str().as_bytes(),
            &seeker,
            &seeker_at,
            &found,
            &found_at,
        ];
        let keys = self.keys.index([]);
        self.tell(&self.scripts.confirm, &keys, offset, &args).await
    }

    pub(super) async fn agree_to(&self, offer: Offer) -> Result<Verdict, StoreError> {
        let offset = self.offset().await?;
        let [(seeker, seeker_at), (found, found_at)] = [offer.seeker, offer.found].map(stamp);
        let args: [&[u8]; 5] = [
            offer.chat.as_str().as_bytes(),
            &seeker,
            &seeker_at,
            &found,
            &found_at,
        ];
        let answer = self
            .call(&self.scripts.agree, &[&self.keys.seats], offset, &args)
            .await?;
        verdict(&answer)
    }

    pub(super) async fn end_offer(&self, offer: Offer) -> Result<Verdict, StoreError> {
        let offset = self.offset().await?;
        let [seeker, found] = [offer.seeker, offer.found].map(|stamp| seat(stamp.seat));
        let args: [&[u8]; 3] = [offer.chat.as_str().as_bytes(), &seeker, &found];
        let answer = self
            .call(&self.scripts.settle, &[&self.keys.seats], offset, &args)
            .await?;
        verdict(&answer)
    }

    pub(super) async fn let_go(&self, of: Stamp, release: Release) -> Result<(), StoreError> {
        let offset = self.offset().await?;
        let own = node(self.options.incarnation);
        let (seat, at) = stamp(of);
        let kind: &[u8] = match release {
            Release::Rest => b"r",
            Release::Hold => b"h",
            Release::Gone => b"g",
        };
        let remembered = REMEMBERED.get().to_string();
        let args: [&[u8]; 5] = [&own, &seat, &at, kind, remembered.as_bytes()];
        let keys = self.keys.index([&self.keys.ends, &self.keys.legacies]);
        self.tell(&self.scripts.release, &keys, offset, &args).await
    }

    pub(super) async fn note_dossier(
        &self,
        dossier: &Dossier,
        legacy: Option<Legacy>,
    ) -> Result<(), StoreError> {
        let offset = self.offset().await?;
        let own = node(self.options.incarnation);
        let (seat, at) = stamp(dossier.stamp);
        let (phase, link): (&[u8], _) = match dossier.standing {
            Standing::Idle => (b"r", None),
            Standing::Held { .. } => (b"h", None),
            Standing::Chatting {
                chat, partner, role, ..
            } => {
                let link = Link {
                    chat,
                    other: partner,
                    role,
                };
                (b"c", Some(link))
            }
        };
        let (link, written) = (write_link(link), self.of_dossier(dossier, offset));
        let until = legacy
            .as_ref()
            .map_or(0, |legacy| offset.to_redis(legacy.until).0)
            .to_string();
        let sealed = legacy.map(|legacy| legacy.sealed).unwrap_or_default();
        let args: [&[u8]; 8] = [
            &own,
            &seat,
            &at,
            phase,
            &link,
            &written,
            until.as_bytes(),
            &sealed,
        ];
        let keys = self.keys.index([&self.keys.ends, &self.keys.legacies]);
        self.tell(&self.scripts.keep, &keys, offset, &args).await
    }

    pub(super) async fn leave_behind(&self, handover: Handover) -> Result<(), StoreError> {
        let offset = self.offset().await?;
        let dossier = Dossier {
            stamp: handover.stamp,
            origin: handover.origins.exact,
            lasting_origin: handover.origins.lasting,
            criteria: handover.criteria.clone(),
            avoid: handover.avoid.clone(),
            serial: handover.serials[0],
            standing: handover.standing,
        };
        let mut plain = Vec::new();
        crate::post::codec::encode_handover(&handover, offset, &mut plain);
        let legacy = Legacy {
            until: handover.held_until,
            sealed: self.legacies.seal(&seat(handover.stamp.seat), &plain),
        };
        self.note_dossier(&dossier, Some(legacy)).await
    }

    pub(super) async fn take_over(
        &self,
        user: UserId,
        serial: TokenSerial,
    ) -> Result<Option<Taken>, StoreError> {
        let offset = self.offset().await?;
        let (own, of) = (node(self.options.incarnation), seat(user));
        let serial = serial.0.to_string();
        let keys = self.keys.index([&self.keys.legacies]);
        let args: [&[u8]; 3] = [&own, &of, serial.as_bytes()];
        let answer = self.call(&self.scripts.take, &keys, offset, &args).await?;
        if is(&answer, b"none") {
            return Ok(None);
        }
        let [_, former, record, partner, legacy] = answer.as_slice() else {
            return Err(Failure::shape());
        };
        let former = match super::calls::number(former).ok_or_else(Failure::shape)? {
            // Nobody held it before.
            0 => self.options.incarnation,
            bits => Incarnation::from_bits(bits),
        };
        let record = Record::read(record, offset).ok_or_else(Failure::shape)?;
        let criteria = self.criteria(user, &record.dossier);
        let partner = if partner.is_empty() {
            None
        } else {
            let theirs = Record::read(partner, offset).ok_or_else(Failure::shape)?;
            let link = record.link.ok_or_else(Failure::shape)?;
            Some(self.stranger(link.other, &theirs, &criteria))
        };
        let legacy = if legacy.is_empty() {
            None
        } else {
            let plain = self.legacies.open(&of, legacy).ok();
            let legacy = plain.and_then(|plain| crate::post::codec::decode_handover(&plain, offset).ok());
            if legacy.is_none() {
                self.anomalies.note_unreadable();
            }
            legacy.map(Box::new)
        };
        Ok(Some(Taken {
            former,
            dossier: dossier(user, record, criteria)?,
            partner,
            legacy,
        }))
    }

    pub(super) async fn look_up(&self, user: UserId) -> Result<Option<Location>, StoreError> {
        let offset = self.offset().await?;
        let mut question = crate::client::cmd("HGET");
        question.arg(self.keys.seats.as_str()).arg(&seat(user)[..]);
        let record: Option<Vec<u8>> = self.redis.command(&self.keys.seats, &question).await?;
        let record = record.and_then(|record| Record::read(&record, offset));
        Ok(record.map(|record| Location {
            owner: record.owner,
            origin: record.dossier.origin,
        }))
    }

    pub(super) async fn keep_apart(&self, block: Block) -> Result<(), StoreError> {
        let offset = self.offset().await?;
        let [one, other] = block.origins.map(origin);
        let until = offset.to_redis(block.until).0.to_string();
        let (most, origins) = (BLOCKS_PER_ORIGIN.to_string(), BLOCKING_ORIGINS.to_string());
        let args: [&[u8]; 5] = [
            &one,
            &other,
            until.as_bytes(),
            most.as_bytes(),
            origins.as_bytes(),
        ];
        self.tell(&self.scripts.block, &[&self.keys.blocks], offset, &args)
            .await
    }
}

fn stamp(stamp: Stamp) -> ([u8; 16], [u8; 8]) {
    (seat(stamp.seat), generation(stamp.generation))
}

fn verdict(answer: &[Vec<u8>]) -> Result<Verdict, StoreError> {
    match answer {
        [word] if word == b"yes" => Ok(Verdict::Agreed),
        [word] if word == b"no" => Ok(Verdict::Lapsed),
        _ => Err(Failure::shape()),
    }
}

fn dossier(seat: UserId, record: Record, criteria: Criteria) -> Result<Dossier, StoreError> {
    let Record {
        phase,
        generation,
        link,
        dossier,
        ..
    } = record;
    let standing = match (phase, link) {
        (Phase::Resting, _) => Standing::Idle,
        (Phase::Held, _) => Standing::Held {
            place: dossier.place,
            from: dossier.from,
        },
        (Phase::Chatting, Some(Link { chat, other, role })) => Standing::Chatting {
            chat,
            partner: other,
            role,
            place: dossier.place,
        },
        // A seat that was taken is none of these.
        (Phase::Chatting, None) | (Phase::Elsewhere, _) => return Err(Failure::shape()),
    };
    Ok(Dossier {
        stamp: Stamp { seat, generation },
        origin: dossier.origin,
        lasting_origin: dossier.lasting_origin,
        criteria,
        avoid: dossier.avoid,
        serial: dossier.serial,
        standing,
    })
}
