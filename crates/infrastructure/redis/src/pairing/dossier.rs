//! From what the port says of a seat to what is written, and back.
//!
//! **Architecture Invariant:** the words of interests are sealed for the seat whose they are.

use super::RedisPairing;
use super::interests;
use super::record::{Record, Written, seat};
use crate::time::TimeOffset;
use passerby_application::ports::{Dossier, Seeker, Stamp, Standing, Stranger, TokenSerial};
use passerby_domain::cooldown::Avoided;
use passerby_domain::criteria::{Criteria, Interests};
use passerby_domain::id::{Origin, UserId};
use passerby_domain::priority::Place;
use passerby_domain::time::Moment;

/// The parts of a dossier that seekers and others have alike.
struct Parts<'a> {
    seat: UserId,
    origins: [Origin; 2],
    criteria: &'a Criteria,
    avoid: &'a [Avoided],
    serial: TokenSerial,
    place: Place,
    from: Moment,
}

impl RedisPairing {
    /// What is written of a seeker.
    pub(super) fn of_seeker(&self, seeker: &Seeker, offset: TimeOffset) -> Vec<u8> {
        let parts = Parts {
            seat: seeker.stamp.seat,
            origins: [seeker.origin, seeker.lasting_origin],
            criteria: &seeker.criteria,
            avoid: &seeker.avoid,
            serial: seeker.serial,
            place: seeker.place,
            from: seeker.from,
        };
        self.written(&parts).write(offset)
    }

    /// What is written of somebody who does not search.
    pub(super) fn of_dossier(&self, dossier: &Dossier, offset: TimeOffset) -> Vec<u8> {
        let nowhen = Moment::ORIGIN;
        let (place, from) = match dossier.standing {
            Standing::Idle => (Place::taken_at(nowhen), nowhen),
            Standing::Held { place, from } => (place, from),
            Standing::Chatting { place, .. } => (place, nowhen),
        };
        let parts = Parts {
            seat: dossier.stamp.seat,
            origins: [dossier.origin, dossier.lasting_origin],
            criteria: &dossier.criteria,
            avoid: &dossier.avoid,
            serial: dossier.serial,
            place,
            from,
        };
        self.written(&parts).write(offset)
    }

    fn written(&self, parts: &Parts<'_>) -> Written {
        let Criteria {
            interests,
            language,
            mode,
        } = parts.criteria;
        let [origin, lasting_origin] = parts.origins;
        let sealed = if interests.is_empty() {
            Vec::new()
        } else {
            self.words
                .seal(&seat(parts.seat), interests::to_text(interests).as_bytes())
        };
        Written {
            origin,
            lasting_origin,
            serial: parts.serial,
            from: parts.from,
            mode: *mode,
            language: *language,
            place: parts.place,
            interests: interests.iter().map(|interest| self.names.of(interest)).collect(),
            avoid: parts.avoid.to_vec(),
            sealed,
        }
    }

    /// What somebody asked for. Their interests are lost if they were sealed with a secret that this node does not have.
    pub(super) fn criteria(&self, user: UserId, written: &Written) -> Criteria {
        let interests = if written.interests.is_empty() {
            Some(Interests::NONE)
        } else {
            let words = self.words.open(&seat(user), &written.sealed).ok();
            words.and_then(|words| interests::from_text(std::str::from_utf8(&words).ok()?))
        };
        Criteria {
            interests: interests.unwrap_or_else(|| {
                self.anomalies.note_unreadable();
                Interests::NONE
            }),
            language: written.language,
            mode: written.mode,
        }
    }

    /// What is known of somebody else, as one who asks for `own` may get to know it.
    pub(super) fn stranger(
        &self,
        user: UserId,
        record: &Record,
        theirs: &Written,
        own: &Criteria,
    ) -> Stranger {
        let Written {
            origin,
            lasting_origin,
            language,
            ..
        } = *theirs;
        Stranger {
            stamp: Stamp {
                seat: user,
                generation: record.generation,
            },
            owner: record.owner,
            origin,
            lasting_origin,
            common_interests: self.names.in_common(&own.interests, &theirs.interests),
            language: language.filter(|_| language == own.language),
        }
    }
}
