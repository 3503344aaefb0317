//! What people write: messages, the ids their clients give to them, and the detail of a report.
//!
//! **Architecture Invariants.** A [`Text`] is checked once, at the edge, and never altered. Nothing here
//! keeps a message: a [`Text`] borrows from the frame it came in, and its `Debug` shows no more than its
//! length, so that what people say cannot end up in a log by accident.

use std::fmt;

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

/// Why a text cannot be forwarded. A text that is wrong in both ways is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// It has more characters than allowed.
    #[error("the text is too long")]
    TooLong,
    /// It shows nothing, or holds a control character other than line feed and tab.
    #[error("the text shows nothing or holds a control character")]
    Invalid,
}

/// The text of a message, checked and exactly as it was sent.
///
/// It has at least one visible character (neither white space nor default-ignorable) and no control
/// character (category Cc) but line feed and tab.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    /// Takes `raw` as it is if it may be forwarded; `max_chars` counts Unicode scalar values.
    ///
    /// # Errors
    /// [`TextError::TooLong`] if it has more than `max_chars` characters, whatever they are;
    /// [`TextError::Invalid`] if it shows nothing or holds a control character.
    pub fn parse(raw: &'a str, max_chars: usize) -> Result<Self, TextError> {
        if exceeds(raw, max_chars) {
            return Err(TextError::TooLong);
        }
        let ascii = AsciiFindings::of(raw.as_bytes());
        let fine = if ascii.beyond_ascii {
            fine_beyond_ascii(raw, ascii.visible)
        } else {
            ascii.visible
        };
        if fine && !ascii.control {
            Ok(Self(raw))
        } else {
            Err(TextError::Invalid)
        }
    }

    /// The text.
    pub fn as_str(self) -> &'a str {
        self.0
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.0.len())
    }
}

/// A text is not the id of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id has 1 to 64 bytes")]
pub struct InvalidMessageId;

/// What a client calls one of its messages, so that the answer can name it and a second sending is known.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageId<'a>(&'a str);

impl<'a> MessageId<'a> {
    /// The longest id, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// Takes `raw` if it has 1 to 64 bytes, whatever they are.
    ///
    /// # Errors
    /// [`InvalidMessageId`] otherwise.
    pub fn parse(raw: &'a str) -> Result<Self, InvalidMessageId> {
        if raw.is_empty() || raw.len() > Self::MAX_BYTES {
            return Err(InvalidMessageId);
        }
        Ok(Self(raw))
    }

    /// The id as the client wrote it.
    pub fn as_str(self) -> &'a str {
        self.0
    }
}

impl fmt::Debug for MessageId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A client may put anything into an id, so it is kept from the log as a text is.
        write!(f, "MessageId({} bytes)", self.0.len())
    }
}

/// The detail of a report is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the detail of a report has at most 500 characters")]
pub struct DetailTooLong;

/// What a person adds to a report in their own words. It may hold any character, control characters too.
#[derive(Clone, PartialEq, Eq)]
pub struct Detail(Box<str>);

impl Detail {
    /// The most characters (Unicode scalar values) of a detail.
    pub const MAX_CHARS: usize = 500;

    /// Keeps `raw` as it is.
    ///
    /// # Errors
    /// [`DetailTooLong`] if it has more than 500 characters.
    pub fn parse(raw: &str) -> Result<Self, DetailTooLong> {
        if exceeds(raw, Self::MAX_CHARS) {
            return Err(DetailTooLong);
        }
        Ok(Self(raw.into()))
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Detail({} bytes)", self.0.len())
    }
}

/// Whether a reader sees anything of this character: it is neither white space nor default-ignorable.
pub(crate) fn is_visible(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_graphic();
    }
    !character.is_whitespace() && !CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

/// Whether `raw` has more than `max` characters, without counting them where the bytes settle it.
fn exceeds(raw: &str, max: usize) -> bool {
    raw.len() > max && (raw.len() > max.saturating_mul(4) || raw.chars().count() > max)
}

/// What one pass over the bytes finds out about a text.
///
/// Nearly all messages are short and ASCII: for them this pass has no branch (so the compiler makes it
/// handle many bytes at a time), and it settles the matter without a look at a table of Unicode.
struct AsciiFindings {
    /// Some byte belongs to a character beyond ASCII.
    beyond_ascii: bool,
    /// Some byte is a control character that no text may hold.
    control: bool,
    /// Some byte is a character that a reader sees.
    visible: bool,
}

impl AsciiFindings {
    fn of(bytes: &[u8]) -> Self {
        let (mut all, mut control, mut visible) = (0_u8, 0_u8, 0_u8);
        for &byte in bytes {
            all |= byte;
            let allowed = u8::from(byte == b'\n') | u8::from(byte == b'\t');
            control |= u8::from(byte.is_ascii_control()) & !allowed;
            visible |= u8::from(byte.wrapping_sub(b'!') <= b'~' - b'!');
        }
        Self {
            beyond_ascii: all >= 0x80,
            control: control != 0,
            visible: visible != 0,
        }
    }
}

/// Whether a text without forbidden ASCII holds no other control character and shows something.
fn fine_beyond_ascii(raw: &str, ascii_visible: bool) -> bool {
    let mut visible = ascii_visible;
    for character in raw.chars().filter(|character| !character.is_ascii()) {
        if character.is_control() {
            return false;
        }
        visible = visible || is_visible(character);
    }
    visible
}

#[cfg(test)]
mod tests;
