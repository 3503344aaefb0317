//! The inside of a JSON string, and its escapes.
//!
//! **Architecture Invariants.** One function, [`escape`], says what an escape is; checking and decoding both
//! use it. A lone surrogate is no escape, in skipped values neither.

use std::borrow::Cow;

use super::plain::plain_run;

/// The inside of a string that the scanner has checked.
#[derive(Clone, Copy)]
pub(crate) struct Quoted<'a> {
    inside: &'a str,
    escaped: bool,
}

impl<'a> Quoted<'a> {
    /// What stood between the quotation marks, and whether an escape is among it.
    pub(super) const fn new(inside: &'a str, escaped: bool) -> Self {
        Self { inside, escaped }
    }

    /// Whether the string says anything else than what is written.
    pub(super) const fn has_escapes(self) -> bool {
        self.escaped
    }

    /// What the string says; borrowed unless it has escapes.
    #[inline]
    pub(crate) fn decode(self) -> Cow<'a, str> {
        if self.escaped {
            Cow::Owned(self.decode_escapes())
        } else {
            Cow::Borrowed(self.inside)
        }
    }

    fn decode_escapes(self) -> String {
        let mut decoded = String::with_capacity(self.inside.len());
        let mut rest = self.inside;
        loop {
            let (plain, from_escape) = rest.split_at(plain_run(rest.as_bytes()));
            decoded.push_str(plain);
            let Some((character, length)) = escape(from_escape.as_bytes()) else {
                // Nothing but the end is left, since the scanner has let only whole escapes pass.
                return decoded;
            };
            decoded.push(character);
            rest = &from_escape[length..];
        }
    }
}

/// The character that the escape at the front of `bytes` stands for, and the escape's length; `None` where
/// there is no valid escape.
pub(super) fn escape(bytes: &[u8]) -> Option<(char, usize)> {
    let [b'\\', letter, rest @ ..] = bytes else {
        return None;
    };
    let character = match letter {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode_escape(rest),
        _ => return None,
    };
    Some((character, 2))
}

/// As [`escape`], for what follows `\u`: one unit of UTF-16, or the two of a surrogate pair.
fn unicode_escape(after: &[u8]) -> Option<(char, usize)> {
    let unit = hexadecimal(after.get(..4)?)?;
    if !(0xd800..0xdc00).contains(&unit) {
        // A low surrogate that no high one precedes is no character, so this is `None` for it.
        return Some((char::from_u32(unit)?, 6));
    }
    let low = hexadecimal(after.get(4..10)?.strip_prefix(b"\\u")?)?;
    let below = low.checked_sub(0xdc00).filter(|below| *below < 0x400)?;
    let character = char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + below)?;
    Some((character, 12))
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, &digit| {
        Some(number << 4 | char::from(digit).to_digit(16)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_stand_for_the_characters_the_standard_gives_them() {
        let inside = r#"a\"\\\/\b\f\n\r\t\u0041\u00e9\uFFFF\ud83d\ude00z"#;
        let decoded = Quoted::new(inside, true).decode();
        assert_eq!(decoded, "a\"\\/\u{8}\u{c}\n\r\tA\u{e9}\u{ffff}\u{1f600}z");
    }

    #[test]
    fn what_is_no_escape_is_told() {
        for text in [
            "",
            "a",
            "\\",
            "\\x41",
            "\\u",
            "\\u12",
            "\\u12g4",
            "\\u+123",
            "\\U0041",
            "\\ud800",
            "\\udc00",
            "\\ud800\\n",
            "\\ud800\\u0041",
            "\\ud800\\ud800",
            "\\ud83d\\ude0",
            "\\ud800x\\udc00",
        ] {
            assert_eq!(escape(text.as_bytes()), None, "{text}");
        }
    }
}
