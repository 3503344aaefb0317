//! Appending one JSON object to a buffer, field by field.
//!
//! **Architecture Invariants.** Keys are the protocol's own words and are written as they are. Only what JSON
//! demands is escaped, so a text leaves with the characters it came with.

use super::plain::plain_run;

/// An object that is being written; [`ObjectWriter::end`] closes it.
pub(crate) struct ObjectWriter<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> ObjectWriter<'a> {
    /// Begins an object at the end of `out`.
    pub(crate) fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_empty: true }
    }

    /// Closes the object.
    pub(crate) fn end(self) {
        self.out.push(b'}');
    }

    /// Writes a string.
    pub(crate) fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        push_string(self.out, text);
    }

    /// Writes a whole number.
    pub(crate) fn number(&mut self, key: &str, number: u64) {
        self.key(key);
        push_number(self.out, number);
    }

    /// Writes a truth value.
    pub(crate) fn flag(&mut self, key: &str, flag: bool) {
        self.raw(key, if flag { "true" } else { "false" });
    }

    /// Writes a value that is JSON already.
    pub(crate) fn raw(&mut self, key: &str, json: &str) {
        self.key(key);
        self.out.extend_from_slice(json.as_bytes());
    }

    /// Writes a string, or nothing at all.
    pub(crate) fn optional_text(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(key, text);
        }
    }

    /// Writes a whole number, or nothing at all.
    pub(crate) fn optional_number(&mut self, key: &str, number: Option<u64>) {
        if let Some(number) = number {
            self.number(key, number);
        }
    }

    /// Writes an array of strings.
    pub(crate) fn texts(&mut self, key: &str, texts: impl IntoIterator<Item: AsRef<str>>) {
        self.array(key, texts, |out, text| push_string(out, text.as_ref()));
    }

    /// Writes an object, whose fields `write` writes.
    pub(crate) fn object(&mut self, key: &str, write: impl FnOnce(&mut ObjectWriter<'_>)) {
        self.key(key);
        push_object(self.out, write);
    }

    /// Writes an array of objects; `write` writes the fields of one.
    pub(crate) fn objects<I: IntoIterator>(
        &mut self,
        key: &str,
        items: I,
        write: impl Fn(&mut ObjectWriter<'_>, I::Item),
    ) {
        self.array(key, items, |out, item| {
            push_object(out, |object| write(object, item));
        });
    }

    fn array<I: IntoIterator>(&mut self, key: &str, items: I, write: impl Fn(&mut Vec<u8>, I::Item)) {
        self.key(key);
        self.out.push(b'[');
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            write(self.out, item);
        }
        self.out.push(b']');
    }

    fn key(&mut self, key: &str) {
        self.out
            .extend_from_slice(if self.is_empty { b"\"" } else { b",\"" });
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.is_empty = false;
    }
}

fn push_object(out: &mut Vec<u8>, write: impl FnOnce(&mut ObjectWriter<'_>)) {
    let mut object = ObjectWriter::begin(out);
    write(&mut object);
    object.end();
}

fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, from_escape) = rest.split_at(plain_run(rest));
        out.extend_from_slice(plain);
        let Some((&byte, after)) = from_escape.split_first() else {
            break;
        };
        push_escape(out, byte);
        rest = after;
    }
    out.push(b'"');
}

fn push_escape(out: &mut Vec<u8>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let letter = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            out.extend_from_slice(b"\\u00");
            out.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
            return;
        }
    };
    out.extend([b'\\', letter]);
}

fn push_number(out: &mut Vec<u8>, number: u64) {
    // Twenty digits hold every `u64`; they are found from the last to the first.
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    let mut rest = number;
    loop {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_text_reads_back_as_it_was(text in any::<String>()) {
            let mut out = Vec::new();
            push_string(&mut out, &text);
            let read: String = serde_json::from_slice(&out).expect("a JSON string");
            prop_assert_eq!(read, text);
        }

        #[test]
        fn every_number_is_written_in_decimal(number: u64) {
            let mut out = Vec::new();
            push_number(&mut out, number);
            prop_assert_eq!(out, number.to_string().into_bytes());
        }
    }

    #[test]
    fn every_control_character_is_escaped_and_nothing_else_is() {
        let text: String = (0..0x100).filter_map(char::from_u32).collect();
        let mut out = Vec::new();
        push_string(&mut out, &text);
        assert_eq!(
            serde_json::from_slice::<String>(&out).expect("a JSON string"),
            text
        );
        // Each escape has one backslash, and that of the backslash itself has two.
        let written = String::from_utf8(out).expect("UTF-8");
        assert_eq!(written.matches('\\').count(), 32 + 1 + 2);
    }

    #[test]
    fn the_ends_of_the_numbers_are_right() {
        for number in [0, 9, 10, u64::MAX] {
            let mut out = Vec::new();
            push_number(&mut out, number);
            assert_eq!(out, number.to_string().into_bytes());
        }
    }
}
