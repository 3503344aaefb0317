//! All that is said of seats beside searching.

use super::RedisPairing;
use super::calls::{Patience, number};
use super::record::{Link, Phase, Record, Written, generation, origin, seat, write_link};
use super::scripts::Keys;
use crate::connection::Failure;
use passerby_application::ports::{
    Block, Dossier, Handover, Lease, Location, Offer, Release, Stamp, Standing, StoreError, Taken,
    TokenSerial, Verdict,
};
use passerby_domain::criteria::Criteria;
use passerby_domain::id::{ChatId, Incarnation, UserId};
use passerby_domain::time::Moment;

/// For how long a seat that is gone is remembered, in milliseconds. No script comes later than a second.
const REMEMBERED: u32 = 10_000;

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
    pub(super) async fn agree_to(&self, offer: Offer) -> Result<Verdict, StoreError> {
        self.ask_verdict(b'a', offer).await
    }

    pub(super) async fn end_offer(&self, offer: Offer) -> Result<Verdict, StoreError> {
        self.ask_verdict(b's', offer).await
    }

    async fn ask_verdict(&self, kind: u8, offer: Offer) -> Result<Verdict, StoreError> {
        let word = of_two(kind, offer.chat, [offer.seeker, offer.found]);
        match self.say(word, None).await?.as_slice() {
            b"y" => Ok(Verdict::Agreed),
            b"n" => Ok(Verdict::Lapsed),
            // A memory that has lost all may have known that it had begun.
            [b'u', epoch @ ..] => self.unknown::<()>(epoch).map(|_| Verdict::Lapsed),
            _ => Err(Failure::shape()),
        }
    }

    pub(super) async fn let_go(&self, of: Stamp, release: Release) -> Result<(), StoreError> {
        let kind = match release {
            Release::Rest => b'r',
            Release::Hold => b'h',
            Release::Gone => b'g',
        };
        let mut word = vec![b'r', kind];
        write_stamp(&mut word, of);
        word.extend_from_slice(&REMEMBERED.to_be_bytes());
        self.tell(word, None).await
    }

    pub(super) async fn note_dossier(
        &self,
        dossier: &Dossier,
        legacy: Option<Legacy>,
    ) -> Result<(), StoreError> {
        let offset = self.caller.offset().await?;
        let (phase, link) = match dossier.standing {
            Standing::Idle => (b'r', None),
            Standing::Held { .. } => (b'h', None),
            Standing::Chatting {
                chat, partner, role, ..
            } => {
                let link = Link {
                    chat,
                    other: partner,
                    role,
                };
                (b'c', Some(link))
            }
        };
        let until = legacy
            .as_ref()
            .map_or(0, |legacy| offset.to_redis(legacy.until).0);
        let sealed = legacy.map(|legacy| legacy.sealed).unwrap_or_default();
        let mut word = Vec::with_capacity(75 + sealed.len());
        word.extend([b'k', phase]);
        write_stamp(&mut word, dossier.stamp);
        word.extend(write_link(link));
        word.extend_from_slice(&until.to_be_bytes());
        word.extend(sealed);
        self.tell(word, Some(self.of_dossier(dossier, offset))).await
    }

    pub(super) async fn leave_behind(&self, handover: Handover) -> Result<(), StoreError> {
        let offset = self.caller.offset().await?;
        let dossier = Dossier {
            stamp: handover.stamp,
            origin: handover.origin,
            lasting_origin: handover.lasting_origin,
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
        let offset = self.caller.offset().await?;
        let (of, serial) = (seat(user), serial.0.to_string());
        let (script, keys) = (&self.caller.scripts.take, self.caller.keys.all());
        let patience = Patience::Answered(offset);
        let args: [&[u8]; 2] = [&of, serial.as_bytes()];
        let answer = self.caller.call(script, &keys[..5], patience, &args).await?;
        if let [word, epoch] = answer.as_slice()
            && word == b"none"
        {
            return self.unknown(epoch);
        }
        let [_, former, lease, record, written, partner, theirs, legacy] = answer.as_slice() else {
            return Err(Failure::shape());
        };
        let former = match number(former).ok_or_else(Failure::shape)? {
            // Nobody held it before.
            0 => self.options.incarnation,
            bits => Incarnation::from_bits(bits),
        };
        let record = Record::read(record).ok_or_else(Failure::shape)?;
        let written = Written::read(written, offset).ok_or_else(Failure::shape)?;
        let criteria = self.criteria(user, &written);
        let partner = match (partner.is_empty(), record.link) {
            (false, Some(link)) => {
                let partner = Record::read(partner).ok_or_else(Failure::shape)?;
                let theirs = Written::read(theirs, offset).ok_or_else(Failure::shape)?;
                Some(self.stranger(link.other, &partner, &theirs, &criteria))
            }
            (true, _) | (_, None) => None,
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
            lease: if lease == b"h" { Lease::Holds } else { Lease::Over },
            dossier: dossier(user, &record, written, criteria)?,
            partner,
            legacy,
        }))
    }

    pub(super) async fn undo_take(&self, user: UserId) -> Result<(), StoreError> {
        let patience = Patience::Usual(self.caller.offset().await?);
        let (script, keys) = (&self.caller.scripts.give_back, self.caller.keys.all());
        let of = seat(user);
        self.caller.call(script, &keys[..4], patience, &[&of]).await?;
        Ok(())
    }

    pub(super) async fn look_up(&self, user: UserId) -> Result<Option<Location>, StoreError> {
        let offset = self.caller.offset().await?;
        let of = seat(user);
        let dossier = [&b"d"[..], &of].concat();
        let book = &self.caller.keys.book;
        let mut question = crate::client::cmd("HMGET");
        question.arg(book.as_str()).arg(&of[..]).arg(dossier).arg("");
        let words: Vec<Option<Vec<u8>>> = self.caller.redis.command(book, &question).await?;
        let [record, written, epoch] = <[_; 3]>::try_from(words).map_err(|_| Failure::shape())?;
        let record = record.and_then(|record| Record::read(&record));
        let written = written.and_then(|written| Written::read(&written, offset));
        match record.zip(written) {
            Some((record, written)) => Ok(Some(Location {
                owner: record.owner,
                tenure: record.generation.tenure(),
                origin: written.origin,
            })),
            None => self.unknown(&epoch.unwrap_or_default()),
        }
    }

    /// Redis does not know a seat. That says nothing if it has lost what it knew since this node's last heartbeat.
    fn unknown<T>(&self, epoch: &[u8]) -> Result<Option<T>, StoreError> {
        if self.memory.is(epoch) {
            Ok(None)
        } else {
            Err(Failure::forgetful())
        }
    }

    pub(super) async fn keep_apart(&self, block: Block) -> Result<(), StoreError> {
        let offset = self.caller.offset().await?;
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
        let Keys { book, blocks, .. } = &self.caller.keys;
        let (script, keys) = (&self.caller.scripts.block, [book, blocks]);
        let kept = self.caller.call(script, &keys, Patience::Usual(offset), &args);
        kept.await.map(drop)
    }
}

/// A word about the two seats of an offer.
fn of_two(kind: u8, chat: ChatId, seats: [Stamp; 2]) -> Vec<u8> {
    let mut word = vec![kind];
    word.extend_from_slice(chat.as_str().as_bytes());
    for stamp in seats {
        write_stamp(&mut word, stamp);
    }
    word
}

fn write_stamp(word: &mut Vec<u8>, stamp: Stamp) {
    word.extend_from_slice(&seat(stamp.seat));
    word.extend_from_slice(&generation(stamp.generation));
}

fn dossier(
    seat: UserId,
    record: &Record,
    written: Written,
    criteria: Criteria,
) -> Result<Dossier, StoreError> {
    let standing = match (record.phase, record.link) {
        (Phase::Resting, _) => Standing::Idle,
        (Phase::Held, _) => Standing::Held {
            place: written.place,
            from: written.from,
        },
        (Phase::Chatting, Some(Link { chat, other, role })) => Standing::Chatting {
            chat,
            partner: other,
            role,
            place: written.place,
        },
        // A seat that was taken is none of these.
        (Phase::Chatting, None) | (Phase::Elsewhere, _) => return Err(Failure::shape()),
    };
    Ok(Dossier {
        stamp: Stamp {
            seat,
            generation: record.generation,
        },
        origin: written.origin,
        lasting_origin: written.lasting_origin,
        criteria,
        avoid: written.avoid,
        serial: written.serial,
        standing,
    })
}
