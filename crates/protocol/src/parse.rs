//! From the text of a frame to a command.
//!
//! **Architecture Invariants.** A frame is judged in this order, and the first fault decides: it is one JSON
//! object without repeated keys; its `type` is a string; there is a command of that type; that command's
//! fields are right; its `id` is right. A field that belongs to another command is unknown to this one, and
//! what is unknown is ignored. `null` for a field that may be absent counts as absent; for one that must be
//! there it is of the wrong kind.

use std::borrow::Cow;

use crate::command::{Command, Frame, Join};
use crate::limits::{DETAIL_CHARS, MAX_INTERESTS, SIGNAL_BYTES};
use crate::members::Members;
use crate::refused::{Field, Malformed, Refused, RefusedKind};
use crate::words::{Mode, ReportReason};

/// Reads one frame from a client.
///
/// The work is linear in the length of the frame, but for the sorting of unknown and nested keys; nothing is
/// allocated for a frame without escapes, unknown fields and nested values. There is no limit of its own on
/// the frame's length: who reads frames from a socket bounds it there.
///
/// # Errors
/// What is wrong with the frame, and its `id` where that could be read: also from a frame that is broken
/// further on, so that whoever waits for the answer to that command gets it.
pub fn parse(frame: &str) -> Result<Frame<'_>, Refused<'_>> {
    let mut members = Members::default();
    read(frame, &mut members).map_err(|kind| Refused {
        kind,
        id: members.id().ok().flatten(),
    })
}

fn read<'a>(frame: &'a str, members: &mut Members<'a>) -> Result<Frame<'a>, RefusedKind> {
    members.read(frame)?;
    let command = command(members)?;
    Ok(Frame {
        id: members.id()?,
        command,
    })
}

fn command<'a>(members: &Members<'a>) -> Result<Command<'a>, RefusedKind> {
    let name = members.text(Field::Type)?;
    Ok(match &*name {
        "message" => Command::Message {
            chat_id: members.text(Field::ChatId)?,
            text: members.text(Field::Text)?,
        },
        "typing" => Command::Typing {
            chat_id: members.text(Field::ChatId)?,
            on: members.flag(Field::On)?,
        },
        "skip" => Command::Skip {
            chat_id: members.text(Field::ChatId)?,
        },
        "leave" => Command::Leave {
            chat_id: members.optional_text(Field::ChatId)?,
        },
        "join" => Command::Join(join(members)?),
        "report" => Command::Report {
            chat_id: members.text(Field::ChatId)?,
            reason: report_reason(members)?,
            detail: report_detail(members)?,
        },
        "block" => Command::Block {
            chat_id: members.text(Field::ChatId)?,
        },
        "signal" => Command::Signal {
            chat_id: members.text(Field::ChatId)?,
            data: signal_data(members)?,
        },
        "ping" => Command::Ping,
        _ => return Err(RefusedKind::UnknownType),
    })
}

fn join<'a>(members: &Members<'a>) -> Result<Join<'a>, RefusedKind> {
    let mode = members.optional_text(Field::Mode)?;
    Ok(Join {
        interests: interests(members)?,
        language: members.optional_text(Field::Language)?,
        mode: mode
            .map(|word| Mode::parse(&word).ok_or(RefusedKind::InvalidMode))
            .transpose()?,
    })
}

fn interests<'a>(members: &Members<'a>) -> Result<Option<Vec<Cow<'a, str>>>, RefusedKind> {
    const WRONG_KIND: Malformed = Malformed::WrongKind(Field::Interests);
    let Some(value) = members.optional(Field::Interests) else {
        return Ok(None);
    };
    let mut interests = Vec::new();
    for element in value.elements().ok_or(WRONG_KIND)? {
        let interest = element.text().ok_or(WRONG_KIND)?;
        if interests.len() == MAX_INTERESTS {
            return Err(RefusedKind::InvalidInterests);
        }
        interests.push(interest);
    }
    Ok(Some(interests))
}

fn report_reason(members: &Members<'_>) -> Result<ReportReason, Malformed> {
    ReportReason::parse(&members.text(Field::Reason)?).ok_or(Malformed::OutOfBounds(Field::Reason))
}

fn report_detail<'a>(members: &Members<'a>) -> Result<Option<Cow<'a, str>>, Malformed> {
    let detail = members.optional_text(Field::Detail)?;
    let is_too_long = detail
        .as_ref()
        .is_some_and(|detail| detail.chars().nth(DETAIL_CHARS).is_some());
    if is_too_long {
        Err(Malformed::OutOfBounds(Field::Detail))
    } else {
        Ok(detail)
    }
}

fn signal_data<'a>(members: &Members<'a>) -> Result<&'a str, RefusedKind> {
    let data = members.required(Field::Data)?.raw();
    if data.len() > SIGNAL_BYTES {
        Err(RefusedKind::TooLarge)
    } else {
        Ok(data)
    }
}

#[cfg(test)]
mod tests;
