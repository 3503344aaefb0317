//! Letters, questions and answers as bytes.
//!
//! A batch is a row of frames: the length of what follows in four bytes, a byte that says what it is, and its fields in
//! a fixed order. Fields may be added at the end, so what follows the last known one is not looked at, and a frame of
//! an unknown kind is left out.
//!
//! **Architecture Invariants.** Whatever the bytes are, reading them ends in a value or in [`Malformed`]. Texts are
//! borrowed from what is read. Every struct is taken apart by all its fields and every enum by all its variants, so that
//! the compiler asks for whatever is added to the port.

mod bytes;
mod handover;
mod letter;
mod parts;

#[cfg(test)]
mod tests;

pub(crate) use bytes::{Malformed, Reader, Writer};
pub(crate) use handover::{decode_handover, encode_handover};

use crate::time::TimeOffset;
use parts::Coded;
use passerby_application::ports::{HandoverAnswer, HandoverRequest, Letter};

/// The bytes before the kind of a frame.
const LENGTH_BYTES: usize = 4;
/// Kinds below this are letters.
const ASK: u8 = 64;
const ANSWER: u8 = 65;

/// What nodes send to each other.
#[derive(Debug)]
pub(super) enum Frame<'a> {
    /// A letter.
    Letter(Letter<'a>),
    /// A wish for all there is of a seat.
    Ask {
        /// The number that the answer repeats.
        number: u64,
        /// Which seat.
        request: HandoverRequest,
    },
    /// The answer to it.
    Answer {
        /// The number of the question.
        number: u64,
        /// What is said, if there is anything.
        answer: Option<HandoverAnswer>,
    },
}

/// Appends a letter.
pub(super) fn encode_letter(letter: &Letter<'_>, offset: TimeOffset, buffer: &mut Vec<u8>) {
    framed(offset, buffer, |out| letter::encode(letter, out));
}

/// Appends a question.
pub(super) fn encode_ask(number: u64, request: HandoverRequest, offset: TimeOffset, buffer: &mut Vec<u8>) {
    let HandoverRequest {
        seat,
        generation,
        seen,
        serial,
        came,
    } = request;
    framed(offset, buffer, |out| {
        out.byte(ASK);
        out.number(number);
        seat.encode(out);
        generation.encode(out);
        seen.encode(out);
        serial.encode(out);
        out.moment(came);
    });
}

/// Appends an answer.
pub(super) fn encode_answer(
    number: u64,
    answer: Option<&HandoverAnswer>,
    offset: TimeOffset,
    buffer: &mut Vec<u8>,
) {
    framed(offset, buffer, |out| {
        out.byte(ANSWER);
        out.number(number);
        match answer {
            None => out.byte(0),
            Some(HandoverAnswer::Given(handover)) => {
                out.byte(1);
                handover::write(handover, out);
            }
            Some(HandoverAnswer::Stays) => out.byte(2),
            Some(HandoverAnswer::Ended) => out.byte(3),
            Some(HandoverAnswer::With(owner)) => {
                out.byte(4);
                owner.encode(out);
            }
            Some(HandoverAnswer::Unknown) => out.byte(5),
            Some(HandoverAnswer::Newer) => out.byte(6),
        }
    });
}

fn framed(offset: TimeOffset, buffer: &mut Vec<u8>, write: impl FnOnce(&mut Writer<'_>)) {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; LENGTH_BYTES]);
    write(&mut Writer::new(buffer, offset));
    // No frame that is sent is longer than a batch.
    let length = u32::try_from(buffer.len() - start - LENGTH_BYTES).unwrap_or(u32::MAX);
    buffer[start..start + LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
}

/// The frames of a batch, in order. After one that is malformed the next ones are read all the same.
pub(super) struct Frames<'a> {
    rest: &'a [u8],
    offset: TimeOffset,
}

impl<'a> Frames<'a> {
    pub(super) fn new(batch: &'a [u8], offset: TimeOffset) -> Self {
        Self { rest: batch, offset }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Result<Frame<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let mut reader = Reader::new(self.rest, self.offset);
        let body = reader
            .array()
            .and_then(|length| reader.raw(u32::from_le_bytes(length) as usize));
        let Ok(body) = body else {
            self.rest = &[];
            return Some(Err(Malformed));
        };
        self.rest = &self.rest[LENGTH_BYTES + body.len()..];
        Some(decode(&mut Reader::new(body, self.offset)))
    }
}

fn decode<'a>(reader: &mut Reader<'a>) -> Result<Frame<'a>, Malformed> {
    match reader.byte()? {
        ASK => Ok(Frame::Ask {
            number: reader.number()?,
            request: HandoverRequest {
                seat: Coded::decode(reader)?,
                generation: Coded::decode(reader)?,
                seen: Coded::decode(reader)?,
                serial: Coded::decode(reader)?,
                came: reader.moment()?,
            },
        }),
        ANSWER => Ok(Frame::Answer {
            number: reader.number()?,
            answer: match reader.byte()? {
                0 => None,
                1 => Some(HandoverAnswer::Given(Box::new(handover::read(reader)?))),
                2 => Some(HandoverAnswer::Stays),
                3 => Some(HandoverAnswer::Ended),
                4 => Some(HandoverAnswer::With(Coded::decode(reader)?)),
                5 => Some(HandoverAnswer::Unknown),
                6 => Some(HandoverAnswer::Newer),
                _ => return Err(Malformed),
            },
        }),
        kind => letter::decode(kind, reader).map(Frame::Letter),
    }
}
