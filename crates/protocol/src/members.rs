//! The fields of one frame that the protocol knows, found in one pass and not yet decoded.
//!
//! **Architecture Invariants.** The `type` may come last, so fields are gathered before anybody knows which
//! of them matter. Keys are compared decoded, so no spelling of a key can smuggle a second value past the
//! first.

use std::borrow::Cow;

use crate::json::{Scanner, Value};
use crate::limits::ID_BYTES;
use crate::refused::{Field, Malformed};

/// What a frame said, by field.
#[derive(Default)]
pub(crate) struct Members<'a> {
    values: [Option<Value<'a>>; Field::ALL.len()],
    /// Nobody can tell which of two ids the client would know an answer by, so it gets neither.
    id_is_in_doubt: bool,
}

impl<'a> Members<'a> {
    /// Reads the whole frame. Where that fails, what was found up to there stays, for the sake of the `id`.
    pub(crate) fn read(&mut self, frame: &'a str) -> Result<(), Malformed> {
        let mut scanner = Scanner::new(frame);
        let mut next = scanner.first_key_of_frame()?;
        while let Some(key) = next {
            let key = key.decode();
            let value = scanner.value()?;
            match Field::parse(&key) {
                None => scanner.remember_key(key),
                Some(field) => {
                    let earlier = self.values[field as usize].replace(value);
                    if earlier.is_some() {
                        self.id_is_in_doubt |= field == Field::Id;
                        scanner.note_repeated_key();
                    }
                }
            }
            next = scanner.next_key()?;
        }
        scanner.finish()
    }

    /// The frame's `id`; absent or `null` is none.
    pub(crate) fn id(&self) -> Result<Option<Cow<'a, str>>, Malformed> {
        if self.id_is_in_doubt {
            return Err(Malformed::RepeatedKey);
        }
        let Some(id) = self.optional_text(Field::Id)? else {
            return Ok(None);
        };
        if id.is_empty() || id.len() > ID_BYTES || has_control_characters(&id) {
            return Err(Malformed::OutOfBounds(Field::Id));
        }
        Ok(Some(id))
    }

    /// The value of a field that must be there.
    pub(crate) fn required(&self, field: Field) -> Result<Value<'a>, Malformed> {
        self.values[field as usize].ok_or(Malformed::Missing(field))
    }

    /// The value of a field that may be absent; `null` counts as absent.
    pub(crate) fn optional(&self, field: Field) -> Option<Value<'a>> {
        self.values[field as usize].filter(|value| !value.is_null())
    }

    /// A string that must be there.
    pub(crate) fn text(&self, field: Field) -> Result<Cow<'a, str>, Malformed> {
        text_of(field, self.required(field)?)
    }

    /// A string that may be absent or `null`.
    pub(crate) fn optional_text(&self, field: Field) -> Result<Option<Cow<'a, str>>, Malformed> {
        self.optional(field)
            .map(|value| text_of(field, value))
            .transpose()
    }

    /// A truth value that must be there.
    pub(crate) fn flag(&self, field: Field) -> Result<bool, Malformed> {
        self.required(field)?.flag().ok_or(Malformed::WrongKind(field))
    }
}

fn text_of(field: Field, value: Value<'_>) -> Result<Cow<'_, str>, Malformed> {
    value.text().ok_or(Malformed::WrongKind(field))
}

fn has_control_characters(text: &str) -> bool {
    // Most ids are ASCII, which is cheaper to look through byte by byte.
    if text.is_ascii() {
        text.bytes().any(|byte| byte.is_ascii_control())
    } else {
        text.chars().any(char::is_control)
    }
}
