//! Why a frame was refused before anybody acted on it.
//!
//! **Architecture Invariants.** A refusal names a field of the protocol at most; it never repeats input. The
//! one thing of the client's that it carries is the command's `id`, which the client needs to know what
//! failed.

use std::borrow::Cow;
use std::fmt;

use crate::code::ErrorCode;

/// A frame that is no command.
#[derive(Clone, PartialEq, Eq)]
pub struct Refused<'a> {
    /// What is wrong with it.
    pub kind: RefusedKind,
    /// The command's `id`, where it could be read and is itself valid: the `ref` of the `error`.
    pub id: Option<Cow<'a, str>>,
}

impl fmt::Debug for Refused<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Refused<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl std::error::Error for Refused<'_> {}

/// What is wrong with a frame. `Display` is the sentence for people in the `error` event.
///
/// [`parse`](crate::parse) itself looks at the form of a frame. It never says `InvalidLanguage`, and
/// `InvalidInterests` only when there are too many: whoever gives the values their meaning says the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedKind {
    /// Not a command at all.
    Malformed(Malformed),
    /// A well-formed frame of a type that does not exist.
    UnknownType,
    /// The `data` of a `signal` is over its limit.
    TooLarge,
    /// Too many interests, or one that is none.
    InvalidInterests,
    /// Not a language tag.
    InvalidLanguage,
    /// Not a mode.
    InvalidMode,
}

impl RefusedKind {
    /// The code of the `error` event.
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::Malformed(_) => ErrorCode::Malformed,
            Self::UnknownType => ErrorCode::UnknownType,
            Self::TooLarge => ErrorCode::TooLarge,
            Self::InvalidInterests => ErrorCode::InvalidInterests,
            Self::InvalidLanguage => ErrorCode::InvalidLanguage,
            Self::InvalidMode => ErrorCode::InvalidMode,
        }
    }
}

impl From<Malformed> for RefusedKind {
    fn from(cause: Malformed) -> Self {
        Self::Malformed(cause)
    }
}

impl fmt::Display for RefusedKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(cause) => cause.fmt(f),
            other => f.write_str(other.code().message()),
        }
    }
}

/// What makes a frame malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The frame is something else than a JSON object.
    NotAnObject,
    /// The frame is not valid JSON.
    Syntax,
    /// Something follows the object.
    TrailingData,
    /// Objects and arrays are nested deeper than [`NESTING`](crate::NESTING).
    TooDeep,
    /// An object, the frame itself or one inside it, has the same key twice.
    RepeatedKey,
    /// A field that the command needs is not there.
    Missing(Field),
    /// A field has a value of another kind than it should.
    WrongKind(Field),
    /// A field is too long, empty, or not one of the words it may be.
    OutOfBounds(Field),
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => f.write_str("the frame is not a json object"),
            Self::Syntax => f.write_str("the frame is not valid json"),
            Self::TrailingData => f.write_str("the frame goes on after the json object"),
            Self::TooDeep => f.write_str("the frame is nested too deeply"),
            Self::RepeatedKey => f.write_str("the frame has the same key twice in one object"),
            Self::Missing(field) => write!(f, "the field {field} is missing"),
            Self::WrongKind(field) => write!(f, "the field {field} is of the wrong kind"),
            Self::OutOfBounds(field) => write!(f, "the field {field} has a value that is not allowed"),
        }
    }
}

/// A field of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// `type`.
    Type,
    /// `id`.
    Id,
    /// `chat_id`.
    ChatId,
    /// `text`.
    Text,
    /// `on`.
    On,
    /// `interests`.
    Interests,
    /// `language`.
    Language,
    /// `mode`.
    Mode,
    /// `reason`.
    Reason,
    /// `detail`.
    Detail,
    /// `data`.
    Data,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 11] = [
        Self::Type,
        Self::Id,
        Self::ChatId,
        Self::Text,
        Self::On,
        Self::Interests,
        Self::Language,
        Self::Mode,
        Self::Reason,
        Self::Detail,
        Self::Data,
    ];

    /// The key on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Id => "id",
            Self::ChatId => "chat_id",
            Self::Text => "text",
            Self::On => "on",
            Self::Interests => "interests",
            Self::Language => "language",
            Self::Mode => "mode",
            Self::Reason => "reason",
            Self::Detail => "detail",
            Self::Data => "data",
        }
    }

    /// The field with exactly this key, if the protocol has one.
    pub(crate) fn parse(key: &str) -> Option<Self> {
        // A `match` on the key is what the message path can afford; a test keeps it in step with `as_str`.
        Some(match key {
            "type" => Self::Type,
            "id" => Self::Id,
            "chat_id" => Self::ChatId,
            "text" => Self::Text,
            "on" => Self::On,
            "interests" => Self::Interests,
            "language" => Self::Language,
            "mode" => Self::Mode,
            "reason" => Self::Reason,
            "detail" => Self::Detail,
            "data" => Self::Data,
            _ => return None,
        })
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_is_found_by_its_key() {
        for field in Field::ALL {
            assert_eq!(Field::parse(field.as_str()), Some(field));
        }
        assert_eq!(Field::parse("__proto__"), None);
    }

    #[test]
    fn a_refusal_says_which_field_is_at_fault() {
        let kind = RefusedKind::from(Malformed::WrongKind(Field::ChatId));
        assert_eq!(kind.to_string(), "the field chat_id is of the wrong kind");
        assert_eq!(kind.code(), ErrorCode::Malformed);
    }

    #[test]
    fn a_log_line_about_a_refusal_does_not_show_the_id() {
        let refused = Refused {
            kind: RefusedKind::UnknownType,
            id: Some("my-id".into()),
        };
        assert_eq!(format!("{refused:?}"), "Refused { kind: UnknownType, .. }");
        assert_eq!(refused.to_string(), "there is no command of that type");
    }
}
