//! What is known of a seat, as the scripts keep it: `record.lua` has the layout.
//!
//! **Architecture Invariant:** this file and `record.lua` are the only ones that know where what is.

use super::interests::{InterestName, NAME_BYTES};
use crate::time::{RedisMillis, TimeOffset};
use passerby_application::ports::TokenSerial;
use passerby_domain::cooldown::{Avoided, Cause};
use passerby_domain::criteria::{Language, Mode};
use passerby_domain::id::{ChatId, Generation, Incarnation, Origin, UserId};
use passerby_domain::notice::Role;
use passerby_domain::priority::Place;
use passerby_domain::time::Moment;

/// The link of a seat that is in no offer and in no chat.
pub(super) const LINK_BYTES: usize = 41;

/// The family of those who do not insist on an interest. No interest has this name.
const ANYBODY: InterestName = [0; NAME_BYTES];

/// Where a seat stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Resting,
    Held,
    Chatting,
    /// In the queue or in an offer, or just out of one.
    Elsewhere,
}

/// The chat that a seat is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) chat: ChatId,
    pub(super) other: UserId,
    pub(super) role: Role,
}

/// A record.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) phase: Phase,
    pub(super) generation: Generation,
    pub(super) owner: Incarnation,
    pub(super) link: Option<Link>,
}

/// What of a dossier is written in the clear.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) origin: Origin,
    pub(super) lasting_origin: Origin,
    pub(super) serial: TokenSerial,
    pub(super) from: Moment,
    pub(super) mode: Mode,
    pub(super) language: Option<Language>,
    pub(super) place: Place,
    pub(super) interests: Vec<InterestName>,
    pub(super) avoid: Vec<Avoided>,
    /// The words of the interests.
    pub(super) sealed: Vec<u8>,
}

/// The link of a chat.
pub(super) fn write_link(link: Option<Link>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(LINK_BYTES);
    match link {
        None => {
            bytes.resize(LINK_BYTES - 1, 0);
            bytes.push(b'-');
        }
        Some(Link { chat, other, role }) => {
            bytes.extend_from_slice(chat.as_str().as_bytes());
            bytes.extend_from_slice(&seat(other));
            bytes.extend_from_slice(&[0; 8]);
            bytes.push(match role {
                Role::Initiator => b'i',
                Role::Responder => b'r',
            });
        }
    }
    bytes
}

impl Written {
    pub(super) fn write(&self, offset: TimeOffset) -> Vec<u8> {
        let size = 80 + (1 + NAME_BYTES) * self.interests.len() + 25 * self.avoid.len() + self.sealed.len();
        let mut bytes = Vec::with_capacity(size);
        let time = |moment| offset.to_redis(moment).0.to_be_bytes();
        bytes.extend_from_slice(&origin(self.origin));
        bytes.extend_from_slice(&origin(self.lasting_origin));
        bytes.extend_from_slice(&self.serial.0.to_be_bytes());
        bytes.extend_from_slice(&time(self.from));
        // Both lists are far shorter than their counts can say.
        let avoids = u16::try_from(self.avoid.len()).unwrap_or(u16::MAX);
        bytes.extend_from_slice(&avoids.to_be_bytes());
        let mut letters = [0; 8];
        let language = self.language.as_ref().map(Language::as_str).unwrap_or_default();
        letters[..language.len()].copy_from_slice(language.as_bytes());
        bytes.extend_from_slice(&letters);
        bytes.extend_from_slice(&time(self.place.since()));
        bytes.push(u8::try_from(self.interests.len()).unwrap_or(u8::MAX));
        let mode = mode(self.mode);
        for family in self.interests.iter().chain([&ANYBODY]) {
            bytes.push(mode);
            bytes.extend_from_slice(family);
        }
        for entry in self.avoid.iter().take(usize::from(avoids)) {
            bytes.extend_from_slice(&seat(entry.seat));
            bytes.extend_from_slice(&time(entry.until));
            bytes.push(match entry.cause {
                Cause::Parted => b'p',
                Cause::Blocked => b'b',
            });
        }
        bytes.extend_from_slice(&self.sealed);
        bytes
    }

    /// What [`Self::write`] wrote.
    pub(super) fn read(bytes: &[u8], offset: TimeOffset) -> Option<Self> {
        Input { rest: bytes, offset }.dossier()
    }
}

impl Record {
    /// How long a record is, in bytes.
    pub(super) const BYTES: usize = 67;

    /// What a script answered; `None` if it is no record, or of a seat that is gone.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        // The one moment in it is of no use here.
        let offset = TimeOffset::new(0);
        let mut input = Input { rest: bytes, offset };
        let phase = match input.byte()? {
            b'r' => Phase::Resting,
            b'h' => Phase::Held,
            b'c' => Phase::Chatting,
            b'w' | b'o' | b'l' => Phase::Elsewhere,
            _ => return None,
        };
        let _openness = input.byte()?;
        let generation = Generation::new(input.number()?);
        let owner = Incarnation::from_bits(input.number()?);
        let _former = input.number()?;
        let chat = input.array::<16>()?;
        let other = input.seat()?;
        let _end = input.number()?;
        let role = match input.byte()? {
            b'i' => Some(Role::Initiator),
            b'r' => Some(Role::Responder),
            _ => None,
        };
        let link = match role {
            None => None,
            Some(role) => Some(Link {
                chat: std::str::from_utf8(&chat).ok()?.parse().ok()?,
                other,
                role,
            }),
        };
        Some(Self {
            phase,
            generation,
            owner,
            link,
        })
    }
}

/// Reads a record from its beginning to its end.
struct Input<'a> {
    rest: &'a [u8],
    offset: TimeOffset,
}

impl Input<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn number(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    fn seat(&mut self) -> Option<UserId> {
        self.array().map(u128::from_be_bytes).map(UserId::from_bits)
    }

    fn origin(&mut self) -> Option<Origin> {
        self.array().map(u128::from_be_bytes).map(Origin::from_bits)
    }

    fn moment(&mut self) -> Option<Moment> {
        let time = RedisMillis(self.number()?);
        Some(self.offset.to_moment(time))
    }

    fn dossier(&mut self) -> Option<Written> {
        let (origin, lasting_origin) = (self.origin()?, self.origin()?);
        let serial = TokenSerial(u32::from_be_bytes(self.array()?));
        let from = self.moment()?;
        let avoids = u16::from_be_bytes(self.array()?);
        let language = language(self.array()?)?;
        let place = Place::taken_at(self.moment()?);
        let interests = self.byte()?;
        let mut names = Vec::with_capacity(usize::from(interests));
        for _ in 0..interests {
            self.byte()?;
            names.push(self.array()?);
        }
        // The family of anybody is the last.
        let mode = match self.byte()? {
            b't' => Mode::Text,
            b'v' => Mode::Video,
            _ => return None,
        };
        self.array::<NAME_BYTES>()?;
        let avoid = (0..avoids).map(|_| self.avoided()).collect::<Option<_>>()?;
        Some(Written {
            origin,
            lasting_origin,
            serial,
            from,
            mode,
            language,
            place,
            interests: names,
            avoid,
            sealed: std::mem::take(&mut self.rest).to_vec(),
        })
    }

    fn avoided(&mut self) -> Option<Avoided> {
        Some(Avoided {
            seat: self.seat()?,
            until: self.moment()?,
            cause: match self.byte()? {
                b'p' => Cause::Parted,
                b'b' => Cause::Blocked,
                _ => return None,
            },
        })
    }
}

/// A language, or none: the outer `None` is neither.
#[allow(
    clippy::option_option,
    reason = "the outer one says that there is nothing to read"
)]
fn language(letters: [u8; 8]) -> Option<Option<Language>> {
    let end = letters
        .iter()
        .position(|&letter| letter == 0)
        .unwrap_or(letters.len());
    match std::str::from_utf8(&letters[..end]).ok()? {
        "" => Some(None),
        letters => Language::parse(letters).ok().map(Some),
    }
}

/// A seat as the scripts know it.
pub(super) const fn seat(seat: UserId) -> [u8; 16] {
    seat.bits().to_be_bytes()
}

/// The seat that the scripts know as this.
pub(super) fn read_seat(bytes: &[u8]) -> Option<UserId> {
    let bytes = bytes.try_into().ok()?;
    Some(UserId::from_bits(u128::from_be_bytes(bytes)))
}

/// An origin as the scripts know it.
pub(super) const fn origin(origin: Origin) -> [u8; 16] {
    origin.bits().to_be_bytes()
}

/// A generation as the scripts know it.
pub(super) const fn generation(generation: Generation) -> [u8; 8] {
    generation.get().to_be_bytes()
}

/// A node as the scripts know it.
pub(super) const fn node(incarnation: Incarnation) -> [u8; 8] {
    incarnation.bits().to_be_bytes()
}

const fn mode(mode: Mode) -> u8 {
    match mode {
        Mode::Text => b't',
        Mode::Video => b'v',
    }
}
