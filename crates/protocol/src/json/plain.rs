//! Finding the end of a run of bytes that a JSON string holds as they are.
//!
//! **Architecture Invariants.** The scanner and the writer share this one definition of what must be escaped:
//! the quotation mark, the backslash and the control characters below U+0020.

const ONES: u64 = u64::from_le_bytes([0x01; 8]);
const HIGH: u64 = u64::from_le_bytes([0x80; 8]);

/// The number of bytes at the front of `bytes` that need no escape in a JSON string.
///
/// A run never ends inside a character, since every byte that ends one is ASCII.
pub(crate) fn plain_run(bytes: &[u8]) -> usize {
    let (words, tail) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let flags = escaped_bytes(u64::from_le_bytes(*word));
        if flags != 0 {
            return index * 8 + flags.trailing_zeros() as usize / 8;
        }
    }
    let end = tail
        .iter()
        .position(|&byte| byte < b' ' || byte == b'"' || byte == b'\\');
    words.len() * 8 + end.unwrap_or(tail.len())
}

/// Sets the high bit of the first byte of `word` that must be escaped; the bits above that one mean nothing.
const fn escaped_bytes(word: u64) -> u64 {
    let control = word.wrapping_sub(ONES * b' ' as u64);
    let quote = (word ^ (ONES * b'"' as u64)).wrapping_sub(ONES);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    // A subtraction borrows into the high bit of a byte that is too small; a byte above 0x7f has that bit
    // anyway and is never escaped, which the last term sees to. XOR with ASCII leaves the high bit as it was.
    (control | quote | backslash) & !word & HIGH
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn must_be_escaped(byte: u8) -> bool {
        byte < b' ' || byte == b'"' || byte == b'\\'
    }

    #[test]
    fn each_byte_is_judged_alike_at_each_place_of_a_word() {
        for byte in 0..=u8::MAX {
            for place in 0..20 {
                let mut bytes = [b'a'; 20];
                bytes[place] = byte;
                let expected = if must_be_escaped(byte) { place } else { 20 };
                assert_eq!(plain_run(&bytes), expected, "byte {byte:#x} at {place}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_run_ends_at_the_first_byte_that_must_be_escaped(bytes: Vec<u8>) {
            let expected = bytes.iter().position(|&byte| must_be_escaped(byte)).unwrap_or(bytes.len());
            prop_assert_eq!(plain_run(&bytes), expected);
        }
    }
}
