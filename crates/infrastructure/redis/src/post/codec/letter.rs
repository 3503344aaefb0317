//! Letters.
//!
//! **Architecture Invariant:** the number of a kind is never given to another one.

use super::bytes::{Malformed, Reader, Writer};
use super::parts::Coded;
use passerby_application::ports::Letter;
use passerby_domain::id::Tenure;
use passerby_domain::notice::Secret;

const PROPOSAL: u8 = 1;
const AGREED: u8 = 2;
const DECLINED: u8 = 3;
const LAPSED: u8 = 4;
// 5 was a message that did not name a tenure.
const SIGNAL: u8 = 6;
const TYPING: u8 = 7;
const RECEIPT: u8 = 8;
const PRESENCE: u8 = 9;
const ENDED: u8 = 10;
const BARRED: u8 = 11;
const ASSERTIONS: u8 = 12;
const DISOWNED: u8 = 13;
const MOVED: u8 = 14;
const KICK: u8 = 15;
const BAN: u8 = 16;
const MESSAGE: u8 = 17;
const SOUGHT: u8 = 18;

pub(super) fn encode(letter: &Letter<'_>, out: &mut Writer<'_>) {
    match letter {
        Letter::Proposal { offer, seeker, mode } => {
            out.byte(PROPOSAL);
            offer.encode(out);
            seeker.encode(out);
            mode.encode(out);
        }
        Letter::Agreed { address } => single(AGREED, address, out),
        Letter::Declined { offer } => single(DECLINED, offer, out),
        Letter::Lapsed { offer } => single(LAPSED, offer, out),
        Letter::Message {
            address,
            consignment,
            tenure,
            id,
            repetition,
            text: Secret(text),
            at,
        } => {
            out.byte(MESSAGE);
            address.encode(out);
            consignment.encode(out);
            tenure.bits().encode(out);
            id.encode(out);
            repetition.encode(out);
            out.text(text);
            at.encode(out);
        }
        Letter::Signal {
            address,
            consignment,
            data: Secret(data),
        } => {
            out.byte(SIGNAL);
            address.encode(out);
            consignment.encode(out);
            out.text(data);
        }
        Letter::Typing { address, typing } => {
            out.byte(TYPING);
            address.encode(out);
            typing.encode(out);
        }
        Letter::Receipt {
            address,
            consignment,
            outcome,
        } => {
            out.byte(RECEIPT);
            address.encode(out);
            consignment.encode(out);
            outcome.encode(out);
        }
        Letter::Presence(assertion) => single(PRESENCE, assertion, out),
        Letter::Ended { address, reason } => {
            out.byte(ENDED);
            address.encode(out);
            reason.encode(out);
        }
        Letter::Sought { address } => single(SOUGHT, address, out),
        Letter::Barred { seat, against, span } => {
            out.byte(BARRED);
            seat.encode(out);
            against.encode(out);
            span.encode(out);
        }
        Letter::Assertions(assertions) => single(ASSERTIONS, assertions, out),
        Letter::Disowned(addresses) => single(DISOWNED, addresses, out),
        Letter::Moved { address, owner } => {
            out.byte(MOVED);
            address.encode(out);
            owner.encode(out);
        }
        Letter::Kick { user } => single(KICK, user, out),
        Letter::Ban(ban) => single(BAN, ban, out),
    }
}

/// A letter of one field.
fn single<T: Coded>(kind: u8, field: &T, out: &mut Writer<'_>) {
    out.byte(kind);
    field.encode(out);
}

pub(super) fn decode<'a>(kind: u8, input: &mut Reader<'a>) -> Result<Letter<'a>, Malformed> {
    Ok(match kind {
        PROPOSAL => Letter::Proposal {
            offer: Coded::decode(input)?,
            seeker: Coded::decode(input)?,
            mode: Coded::decode(input)?,
        },
        AGREED => Letter::Agreed {
            address: Coded::decode(input)?,
        },
        DECLINED => Letter::Declined {
            offer: Coded::decode(input)?,
        },
        LAPSED => Letter::Lapsed {
            offer: Coded::decode(input)?,
        },
        MESSAGE => Letter::Message {
            address: Coded::decode(input)?,
            consignment: Coded::decode(input)?,
            tenure: Tenure::from_bits(Coded::decode(input)?),
            id: Coded::decode(input)?,
            repetition: Coded::decode(input)?,
            text: Secret(input.text()?),
            at: Coded::decode(input)?,
        },
        SIGNAL => Letter::Signal {
            address: Coded::decode(input)?,
            consignment: Coded::decode(input)?,
            data: Secret(input.text()?),
        },
        TYPING => Letter::Typing {
            address: Coded::decode(input)?,
            typing: Coded::decode(input)?,
        },
        RECEIPT => Letter::Receipt {
            address: Coded::decode(input)?,
            consignment: Coded::decode(input)?,
            outcome: Coded::decode(input)?,
        },
        PRESENCE => Letter::Presence(Coded::decode(input)?),
        ENDED => Letter::Ended {
            address: Coded::decode(input)?,
            reason: Coded::decode(input)?,
        },
        SOUGHT => Letter::Sought {
            address: Coded::decode(input)?,
        },
        BARRED => Letter::Barred {
            seat: Coded::decode(input)?,
            against: Coded::decode(input)?,
            span: Coded::decode(input)?,
        },
        ASSERTIONS => Letter::Assertions(Coded::decode(input)?),
        DISOWNED => Letter::Disowned(Coded::decode(input)?),
        MOVED => Letter::Moved {
            address: Coded::decode(input)?,
            owner: Coded::decode(input)?,
        },
        KICK => Letter::Kick {
            user: Coded::decode(input)?,
        },
        BAN => Letter::Ban(Coded::decode(input)?),
        _ => return Err(Malformed),
    })
}
