//! The parts that letters and handovers are made of.
//!
//! **Architecture Invariant:** a part that exists in a checked form only is checked again when it is read.

use super::bytes::{Malformed, Reader, Writer};
use passerby_application::ports::{
    Address, Assertion, Attendance, Ban, BanId, Consignment, Fate, IdHash, Offence, Offer, Outcome,
    Recollection, Repetition, Stamp, Stranger, TokenSerial,
};
use passerby_domain::cooldown::{Avoided, Cause};
use passerby_domain::criteria::{Interest, Interests, Language, Mode};
use passerby_domain::id::{ChatId, Generation, Incarnation, Origin, UserId};
use passerby_domain::notice::{EndReason, Role, Typing};
use passerby_domain::time::{Millis, Moment, UnixMillis};

/// Something that is written and read.
pub(super) trait Coded: Sized {
    /// The fewest bytes it takes. Never 0.
    const LEAST: usize;

    fn encode(&self, out: &mut Writer<'_>);

    fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed>;
}

impl<T: Coded> Coded for Option<T> {
    const LEAST: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        match self {
            None => out.byte(0),
            Some(value) => {
                out.byte(1);
                value.encode(out);
            }
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed> {
        match input.byte()? {
            0 => Ok(None),
            1 => T::decode(input).map(Some),
            _ => Err(Malformed),
        }
    }
}

impl<T: Coded> Coded for Vec<T> {
    const LEAST: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        out.count(self.len());
        for part in self {
            part.encode(out);
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed> {
        let count = input.count(T::LEAST)?;
        (0..count).map(|_| T::decode(input)).collect()
    }
}

impl Coded for Repetition {
    const LEAST: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        match self {
            Self::No => out.byte(0),
            Self::Perhaps => out.byte(1),
            Self::Yes { later } => {
                out.byte(2);
                later.encode(out);
            }
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed> {
        match input.byte()? {
            0 => Ok(Self::No),
            1 => Ok(Self::Perhaps),
            2 => Ok(Self::Yes {
                later: Coded::decode(input)?,
            }),
            _ => Err(Malformed),
        }
    }
}

/// Enums without fields, as a byte.
macro_rules! bytes_of {
    ($($name:ident { $($variant:ident = $byte:literal),+ $(,)? })+) => {$(
        impl Coded for $name {
            const LEAST: usize = 1;

            fn encode(&self, out: &mut Writer<'_>) {
                out.byte(match self { $(Self::$variant => $byte),+ });
            }

            fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed> {
                match input.byte()? {
                    $($byte => Ok(Self::$variant),)+
                    _ => Err(Malformed),
                }
            }
        }
    )+};
}

bytes_of! {
    Mode { Text = 0, Video = 1 }
    Role { Initiator = 0, Responder = 1 }
    Typing { Started = 0, Stopped = 1 }
    Outcome { Received = 0, Refused = 1 }
    Recollection { Whole = 0, Lost = 1 }
    Fate { Undelivered = 0, Unknown = 1 }
    Cause { Parted = 0, Blocked = 1 }
    EndReason {
        YouSkipped = 0,
        PartnerSkipped = 1,
        YouLeft = 2,
        PartnerLeft = 3,
        PartnerDisconnected = 4,
        Moderated = 5,
        Lost = 6,
    }
    Offence { Spam = 0, Harassment = 1, Underage = 2, Nudity = 3, Illegal = 4, Other = 5 }
}

/// Types around one number.
macro_rules! numbers {
    ($($name:ty: $write:ident $read:ident $least:literal, $into:expr, $from:expr;)+) => {$(
        impl Coded for $name {
            const LEAST: usize = $least;

            fn encode(&self, out: &mut Writer<'_>) {
                let into: fn($name) -> _ = $into;
                out.$write(into(*self));
            }

            fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed> {
                let from: fn(_) -> $name = $from;
                Ok(from(input.$read()?))
            }
        }
    )+};
}

numbers! {
    UserId: id id 16, Self::bits, Self::from_bits;
    Origin: id id 16, Self::bits, Self::from_bits;
    Incarnation: wide wide 8, Self::bits, Self::from_bits;
    IdHash: wide wide 8, |hash| hash.0, Self;
    Generation: number number 1, Self::get, Self::new;
    Consignment: number number 1, |consignment| consignment.0, Self;
    BanId: number number 1, |id| id.0, Self;
    Millis: number number 1, Self::get, Self::new;
    UnixMillis: number number 1, |time| time.0, Self;
    Moment: moment moment 1, |moment| moment, |moment| moment;
}

impl Coded for u32 {
    const LEAST: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        out.number(u64::from(*self));
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed> {
        Self::try_from(input.number()?).map_err(|_| Malformed)
    }
}

impl Coded for TokenSerial {
    const LEAST: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        out.number(u64::from(self.0));
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed> {
        u32::try_from(input.number()?).map(Self).map_err(|_| Malformed)
    }
}

/// Written as the text that it is.
impl Coded for ChatId {
    const LEAST: usize = 16;

    fn encode(&self, out: &mut Writer<'_>) {
        out.raw(self.as_str().as_bytes());
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(input.raw(16)?).map_err(|_| Malformed)?;
        text.parse().map_err(|_| Malformed)
    }
}

impl Coded for Language {
    const LEAST: usize = 3;

    fn encode(&self, out: &mut Writer<'_>) {
        out.text(self.as_str());
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed> {
        Self::parse(input.text()?).map_err(|_| Malformed)
    }
}

impl Coded for Interests {
    const LEAST: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        write_interests(self.iter(), self.len(), out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed> {
        let count = input.count(2)?;
        if count > Self::MAX {
            return Err(Malformed);
        }
        let mut words = [""; Self::MAX];
        for word in &mut words[..count] {
            *word = input.text()?;
        }
        Self::parse(words[..count].iter().copied()).map_err(|_| Malformed)
    }
}

impl Coded for Box<[Interest]> {
    const LEAST: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        write_interests(self.iter(), self.len(), out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Interests::decode(input)?.iter().cloned().collect())
    }
}

fn write_interests<'a>(interests: impl Iterator<Item = &'a Interest>, count: usize, out: &mut Writer<'_>) {
    out.count(count);
    for interest in interests {
        out.text(interest.as_str());
    }
}

/// Structs, field by field in the order given.
macro_rules! structs {
    ($($name:ident { $($field:ident: $type:ty),+ $(,)? })+) => {$(
        impl Coded for $name {
            const LEAST: usize = 0 $(+ <$type as Coded>::LEAST)+;

            fn encode(&self, out: &mut Writer<'_>) {
                let Self { $($field),+ } = self;
                $($field.encode(out);)+
            }

            fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed> {
                $(let $field = <$type as Coded>::decode(input)?;)+
                Ok(Self { $($field),+ })
            }
        }
    )+};
}
pub(super) use structs;

structs! {
    Stamp { seat: UserId, generation: Generation }
    Address { chat: ChatId, from: Stamp, to: UserId }
    Offer { chat: ChatId, seeker: Stamp, found: Stamp }
    Assertion { address: Address, attendance: Attendance, recollection: Recollection }
    Stranger {
        stamp: Stamp,
        owner: Incarnation,
        origin: Origin,
        lasting_origin: Origin,
        common_interests: Box<[Interest]>,
        language: Option<Language>,
    }
    Ban { id: BanId, origin: Origin, offence: Offence, until: Option<UnixMillis> }
    Avoided { seat: UserId, until: Moment, cause: Cause }
}

impl Coded for Attendance {
    const LEAST: usize = 1;

    fn encode(&self, out: &mut Writer<'_>) {
        match self {
            Self::Here => out.byte(0),
            Self::Away { held } => {
                out.byte(1);
                held.encode(out);
            }
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, Malformed> {
        match input.byte()? {
            0 => Ok(Self::Here),
            1 => Ok(Self::Away {
                held: Coded::decode(input)?,
            }),
            _ => Err(Malformed),
        }
    }
}
