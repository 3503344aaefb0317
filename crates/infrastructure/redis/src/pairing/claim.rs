//! Searching.

use super::RedisPairing;
use super::calls::{digits, is, number};
use super::record::{Record, generation, node, seat};
use crate::connection::Failure;
use crate::time::{RedisMillis, TimeOffset};
use passerby_application::ports::{Claim, Offer, SameOrigin, Seeker, Stamp, StoreError};
use passerby_domain::id::{Generation, UserId};
use passerby_domain::time::{Millis, Moment};

/// How long an offer to another node is open.
pub(super) const OFFER: Millis = Millis::from_secs(1);

impl RedisPairing {
    pub(super) async fn search(&self, seeker: Seeker) -> Result<Claim, StoreError> {
        let offset = self.offset().await?;
        let [interests, language] = self.ends_of_patience(&seeker, offset);
        let (own, seat_bytes) = (node(self.options.incarnation), seat(seeker.stamp.seat));
        let generation = generation(seeker.stamp.generation);
        let dossier = self.of_seeker(&seeker, offset);
        let same_origin: &[u8] = match self.options.rules.same_origin {
            SameOrigin::Allowed => b"",
            SameOrigin::Refused => b"r",
        };
        let offer = OFFER.get().to_string();
        let keys = self.keys.index([&self.keys.nodes, &self.keys.blocks]);
        let (mut cursor, mut retry_at) = (Vec::new(), None);
        // A search that has seen a part of a large family goes on behind it. The seat is in the queue by then.
        loop {
            let args: [&[u8]; 10] = [
                &own,
                &seat_bytes,
                &generation,
                &dossier,
                interests.as_bytes(),
                language.as_bytes(),
                seeker.chat.as_str().as_bytes(),
                same_origin,
                offer.as_bytes(),
                &cursor,
            ];
            let mut answer = self.call(&self.scripts.claim, &keys, offset, &args).await?;
            if !is(&answer, b"w") {
                return self.found(&seeker, offset, &answer);
            }
            let [_, retry, go_on, strays] = answer.as_mut_slice() else {
                return Err(Failure::shape());
            };
            self.anomalies
                .note_strays(digits(strays).ok_or_else(Failure::shape)?);
            if let Some(time) = number(retry) {
                let at = offset.to_moment(RedisMillis(time));
                retry_at = Some(retry_at.map_or(at, |earliest: Moment| earliest.min(at)));
            }
            if go_on.is_empty() {
                return Ok(Claim::Waiting { retry_at });
            }
            cursor = std::mem::take(go_on);
        }
    }

    /// Until when a seeker insists, on interests and on the language; `0` where they never do.
    fn ends_of_patience(&self, seeker: &Seeker, offset: TimeOffset) -> [String; 2] {
        let patience = &self.options.rules.patience;
        [
            (!seeker.criteria.interests.is_empty(), patience.interests),
            (seeker.criteria.language.is_some(), patience.language),
        ]
        .map(|(asks, patience)| {
            if asks {
                offset.to_redis(seeker.from + patience).0.to_string()
            } else {
                "0".to_owned()
            }
        })
    }

    fn found(&self, seeker: &Seeker, offset: TimeOffset, answer: &[Vec<u8>]) -> Result<Claim, StoreError> {
        let offer = |found: Stamp| Offer {
            chat: seeker.chat,
            seeker: seeker.stamp,
            found,
        };
        match answer {
            [word] if word == b"s" => Ok(Claim::Stale),
            [word, found, at] if word == b"o" => {
                let found = Stamp {
                    seat: user(found).ok_or_else(Failure::shape)?,
                    generation: Generation::new(number(at).ok_or_else(Failure::shape)?),
                };
                Ok(Claim::Offered(offer(found)))
            }
            [word, found, record] if word == b"p" => {
                let found = user(found).ok_or_else(Failure::shape)?;
                let record = Record::read(record, offset).ok_or_else(Failure::shape)?;
                let found = self.stranger(found, &record, &seeker.criteria);
                Ok(Claim::Proposed {
                    offer: offer(found.stamp),
                    found: Box::new(found),
                })
            }
            _ => Err(Failure::shape()),
        }
    }
}

/// A seat as the scripts know it.
fn user(bytes: &[u8]) -> Option<UserId> {
    bytes
        .try_into()
        .ok()
        .map(u128::from_be_bytes)
        .map(UserId::from_bits)
}
