//! Appending one JSON object to a buffer, field by field.
//!
//! **Architecture Invariants.** Keys are the protocol's own words and are written as they are. Only what JSON
//! demands is escaped, so a text leaves with the characters it came with.

use super::plain::plain_run;

/// A key with the punctuation around it, put together at compile time: `key!("text")`.
#[derive(Clone, Copy)]
pub(crate) struct Key(&'static str);

impl Key {
    /// Takes a key as [`key!`] spells it.
    pub(crate) const fn spelled(key: &'static str) -> Self {
        Self(key)
    }
}

/// The [`Key`] of this name.
macro_rules! key {
    ($name:literal) => {
        $crate::json::Key::spelled(concat!(",\"", $name, "\":"))
    };
}
pub(crate) use key;

/// An object that is being written; [`ObjectWriter::end`] closes it.
pub(crate) struct ObjectWriter<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> ObjectWriter<'a> {
    /// Begins an object at the end of `out`.
    pub(crate) const fn begin(out: &'a mut Vec<u8>) -> Self {
        let start = out.len();
        Self { out, start }
    }

    /// Closes the object.
    pub(crate) fn end(self) {
        // Each key has brought its comma along, and the first one stands where the object begins.
        match self.out.get_mut(self.start) {
            Some(comma) => *comma = b'{',
            None => self.out.push(b'{'),
        }
        self.out.push(b'}');
    }

    /// Writes a string.
    #[inline]
    pub(crate) fn text(&mut self, key: Key, text: &str) {
        self.key(key);
        push_string(self.out, text);
    }

    /// Writes a whole number.
    #[inline]
    pub(crate) fn number(&mut self, key: Key, number: u64) {
        self.key(key);
        push_number(self.out, number);
    }

    /// Writes a truth value.
    #[inline]
    pub(crate) fn flag(&mut self, key: Key, flag: bool) {
        self.raw(key, if flag { "true" } else { "false" });
    }

    /// Writes a value that is JSON already.
    #[inline]
    pub(crate) fn raw(&mut self, key: Key, json: &str) {
        self.key(key);
        self.out.extend_from_slice(json.as_bytes());
    }

    /// Writes a string, or nothing at all.
    pub(crate) fn optional_text(&mut self, key: Key, text: Option<&str>) {
        if let Some(text) = text {
            self.text(key, text);
        }
    }

    /// Writes a whole number, or nothing at all.
    pub(crate) fn optional_number(&mut self, key: Key, number: Option<u64>) {
        if let Some(number) = number {
            self.number(key, number);
        }
    }

    /// Writes an array of strings.
    pub(crate) fn texts(&mut self, key: Key, texts: impl IntoIterator<Item: AsRef<str>>) {
        self.array(key, texts, |out, text| push_string(out, text.as_ref()));
    }

    /// Writes an object, whose fields `write` writes.
    pub(crate) fn object(&mut self, key: Key, write: impl FnOnce(&mut ObjectWriter<'_>)) {
        self.key(key);
        push_object(self.out, write);
    }

    /// Writes an array of objects; `write` writes the fields of one.
    pub(crate) fn objects<I: IntoIterator>(
        &mut self,
        key: Key,
        items: I,
        write: impl Fn(&mut ObjectWriter<'_>, I::Item),
    ) {
        self.array(key, items, |out, item| {
            push_object(out, |object| write(object, item));
        });
    }

    fn array<I: IntoIterator>(&mut self, key: Key, items: I, write: impl Fn(&mut Vec<u8>, I::Item)) {
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

    #[inline]
    fn key(&mut self, key: Key) {
        self.out.extend_from_slice(key.0.as_bytes());
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
    fn an_object_may_have_no_field_some_or_another_object() {
        let mut out = b"[".to_vec();
        let mut object = ObjectWriter::begin(&mut out);
        object.object(key!("empty"), |_| {});
        object.object(key!("full"), |inner| {
            inner.number(key!("a"), 1);
            inner.objects(key!("b"), [2, 3], |one, number| one.number(key!("n"), number));
        });
        object.end();
        assert_eq!(out, br#"[{"empty":{},"full":{"a":1,"b":[{"n":2},{"n":3}]}}"#);
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
