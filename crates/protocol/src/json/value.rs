//! A value found in a frame: where it stands and what kind it is.
//!
//! **Architecture Invariants.** A [`Value`] only comes from the scanner, so its text is one valid JSON value.
//! It is decoded when somebody asks, not before.

use std::borrow::Cow;

use super::quoted::Quoted;
use super::scanner::Scanner;

/// A checked value, not yet decoded.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    raw: &'a str,
    kind: Kind,
}

/// What a value is, as far as the protocol tells kinds apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A string; whether it has escapes decides how it is decoded.
    Text {
        escaped: bool,
    },
    True,
    False,
    Null,
    Number,
    Array,
    Object,
}

impl<'a> Value<'a> {
    pub(super) const fn new(raw: &'a str, kind: Kind) -> Self {
        Self { raw, kind }
    }

    /// The value exactly as it stands in the frame, without the white space around it.
    pub(crate) const fn raw(self) -> &'a str {
        self.raw
    }

    /// Whether this is `null`.
    pub(crate) fn is_null(self) -> bool {
        self.kind == Kind::Null
    }

    /// What the string says, if it is one; borrowed unless it has escapes.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        let Kind::Text { escaped } = self.kind else {
            return None;
        };
        Some(Quoted::new(&self.raw[1..self.raw.len() - 1], escaped).decode())
    }

    /// The truth value, if it is one.
    pub(crate) fn flag(self) -> Option<bool> {
        match self.kind {
            Kind::True => Some(true),
            Kind::False => Some(false),
            Kind::Text { .. } | Kind::Null | Kind::Number | Kind::Array | Kind::Object => None,
        }
    }

    /// The elements in order, if it is an array. They are read one by one, so that who stops early pays for
    /// no more.
    pub(crate) fn elements(self) -> Option<impl Iterator<Item = Value<'a>>> {
        if self.kind != Kind::Array {
            return None;
        }
        let mut scanner = Scanner::new(self.raw);
        let mut more = scanner.first_element();
        // The scanner has let the whole array pass before, so no error can hide in an end that comes too
        // soon.
        Some(std::iter::from_fn(move || {
            if !matches!(more, Ok(true)) {
                return None;
            }
            let element = scanner.value().ok();
            more = scanner.next_element();
            element
        }))
    }
}
