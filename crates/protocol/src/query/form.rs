//! Form data (`application/x-www-form-urlencoded`), decoded strictly.
//!
//! **Architecture Invariants.** What browsers would repair is refused: a percent sign without two hexadecimal
//! digits, bytes that are not UTF-8, and control characters however they are written.

/// Decodes one name or value; `None` where it is not properly encoded.
pub(super) fn decode(encoded: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let (byte, after) = match byte {
            b'+' => (b' ', after),
            b'%' => percent_encoded(after)?,
            _ => (byte, after),
        };
        decoded.push(byte);
        rest = after;
    }
    String::from_utf8(decoded)
        .ok()
        .filter(|text| !text.chars().any(char::is_control))
}

/// The byte that two hexadecimal digits stand for, and what follows them.
fn percent_encoded(digits: &[u8]) -> Option<(u8, &[u8])> {
    let ([high, low], after) = digits.split_first_chunk()?;
    Some((hexadecimal(*high)? << 4 | hexadecimal(*low)?, after))
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|number| u8::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_browsers_encode_is_decoded() {
        for (encoded, decoded) in [
            ("", ""),
            ("a+b", "a b"),
            ("a%20b", "a b"),
            ("%2B%26%3d%2C", "+&=,"),
            ("caf%C3%A9", "café"),
            ("%F0%9F%98%80", "😀"),
            ("café", "café"),
        ] {
            assert_eq!(decode(encoded).as_deref(), Some(decoded), "{encoded}");
        }
    }

    #[test]
    fn what_is_not_properly_encoded_is_refused() {
        for encoded in [
            "%",
            "%4",
            "%zz",
            "%4z",
            "%+1",
            "%%20",
            "%00",
            "a%0Ab",
            "%7f",
            "%C2%85",
            "%ff",
            "%ED%A0%80",
            "\t",
        ] {
            assert_eq!(decode(encoded), None, "{encoded}");
        }
    }
}
