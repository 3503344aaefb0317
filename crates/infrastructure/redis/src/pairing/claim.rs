//! Searching.

use super::RedisPairing;
use super::calls::number;
use super::record::{Record, Written, generation, seat};
use crate::connection::Failure;
use crate::time::{RedisMillis, TimeOffset};
use passerby_application::ports::{Claim, Offer, Seeker, Stamp, StoreError};
use passerby_domain::id::{Generation, UserId};
use passerby_domain::time::Moment;

impl RedisPairing {
    pub(super) async fn search(&self, seeker: Seeker) -> Result<Claim, StoreError> {
        let offset = self.caller.offset().await?;
        let dossier = self.of_seeker(&seeker, offset);
        let (mut cursor, mut retry_at) = (Vec::new(), None);
        // A search that has seen a part of a large family goes on behind it. The seat is in the queue by then.
        loop {
            let word = self.word(&seeker, &cursor, offset);
            let answer = self.say(word, Some(dossier.clone())).await?;
            let Some((b'w', answer)) = answer.split_first() else {
                return self.found(&seeker, offset, &answer);
            };
            let (retry, answer) = answer.split_first_chunk().ok_or_else(Failure::shape)?;
            let (strays, go_on) = answer.split_first_chunk().ok_or_else(Failure::shape)?;
            self.anomalies.note_strays(u16::from_be_bytes(*strays).into());
            let retry = u64::from_be_bytes(*retry);
            if retry != 0 {
                let at = offset.to_moment(RedisMillis(retry));
                retry_at = Some(retry_at.map_or(at, |earliest: Moment| earliest.min(at)));
            }
            if go_on.is_empty() {
                return Ok(Claim::Waiting { retry_at });
            }
            cursor = go_on.to_vec();
        }
    }

    fn word(&self, seeker: &Seeker, cursor: &[u8], offset: TimeOffset) -> Vec<u8> {
        let mut word = Vec::with_capacity(57 + cursor.len());
        word.push(b'c');
        word.extend_from_slice(&seat(seeker.stamp.seat));
        word.extend_from_slice(&generation(seeker.stamp.generation));
        for end in self.ends_of_patience(seeker, offset) {
            word.extend_from_slice(&end.to_be_bytes());
        }
        word.extend_from_slice(seeker.chat.as_str().as_bytes());
        word.extend_from_slice(cursor);
        word
    }

    /// Until when a seeker insists, on interests and on the language; 0 where they never do.
    fn ends_of_patience(&self, seeker: &Seeker, offset: TimeOffset) -> [u64; 2] {
        let patience = &self.options.rules.patience;
        [
            (!seeker.criteria.interests.is_empty(), patience.interests),
            (seeker.criteria.language.is_some(), patience.language),
        ]
        .map(|(asks, patience)| {
            if asks {
                offset.to_redis(seeker.from + patience).0
            } else {
                0
            }
        })
    }

    fn found(&self, seeker: &Seeker, offset: TimeOffset, answer: &[u8]) -> Result<Claim, StoreError> {
        let offer = |found: Stamp| Offer {
            chat: seeker.chat,
            seeker: seeker.stamp,
            found,
        };
        match answer.split_first() {
            Some((b's', [])) => Ok(Claim::Stale),
            Some((b'o', rest)) => {
                let (found, at) = user(rest).ok_or_else(Failure::shape)?;
                let found = Stamp {
                    seat: found,
                    generation: Generation::new(number(at).ok_or_else(Failure::shape)?),
                };
                Ok(Claim::Offered(offer(found)))
            }
            Some((b'p', rest)) => {
                let (found, rest) = user(rest).ok_or_else(Failure::shape)?;
                let (record, theirs) = rest.split_at_checked(Record::BYTES).ok_or_else(Failure::shape)?;
                let record = Record::read(record).ok_or_else(Failure::shape)?;
                let theirs = Written::read(theirs, offset).ok_or_else(Failure::shape)?;
                let found = self.stranger(found, &record, &theirs, &seeker.criteria);
                Ok(Claim::Proposed {
                    offer: offer(found.stamp),
                    found: Box::new(found),
                })
            }
            _ => Err(Failure::shape()),
        }
    }
}

/// A seat at the beginning of something, and the rest.
fn user(bytes: &[u8]) -> Option<(UserId, &[u8])> {
    let (seat, rest) = bytes.split_first_chunk()?;
    Some((UserId::from_bits(u128::from_be_bytes(*seat)), rest))
}
