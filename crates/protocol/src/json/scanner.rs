//! One pass over a frame that checks all of it and hands out its values.
//!
//! **Architecture Invariants.** What comes out is valid by RFC 8259, and stricter: no lone surrogates, no
//! nesting beyond [`NESTING`]. Repeated keys are noted and not refused at once, so that the reader may still
//! find the `id` that an error has to name. Everything is iterative; the stack of open values is bounded by
//! [`NESTING`].

use std::borrow::Cow;

use super::quoted::Quoted;
use super::value::{Kind, Value};
use crate::limits::NESTING;
use crate::refused::Malformed;

mod scalars;

/// A place in a frame, and what is open around it.
pub(crate) struct Scanner<'a> {
    frame: &'a str,
    /// Everything before this byte has been checked. It is never inside a character.
    at: usize,
    /// The objects and arrays inside the frame's own object that are still open.
    open: Vec<Open>,
    /// The keys of the open objects so far; each object's lie on top of those of the objects around it.
    keys: Vec<Cow<'a, str>>,
    repeated_key: bool,
}

/// A nested value that has begun and not ended.
#[derive(Clone, Copy)]
enum Open {
    Array,
    /// The object's keys lie from here to the top.
    Object {
        keys_from: usize,
    },
}

impl<'a> Scanner<'a> {
    /// A scanner at the beginning of `frame`.
    pub(crate) const fn new(frame: &'a str) -> Self {
        Self {
            frame,
            at: 0,
            open: Vec::new(),
            keys: Vec::new(),
            repeated_key: false,
        }
    }

    /// Reads the beginning of the frame's object, and its first key unless it has none.
    pub(crate) fn first_key_of_frame(&mut self) -> Result<Option<Quoted<'a>>, Malformed> {
        self.skip_space();
        if self.peek() == Some(b'{') {
            self.first_key()
        } else {
            Err(Malformed::NotAnObject)
        }
    }

    /// After a value in an object: reads the next key, or the object's end.
    pub(crate) fn next_key(&mut self) -> Result<Option<Quoted<'a>>, Malformed> {
        self.skip_space();
        match self.take() {
            Some(b',') => self.key().map(Some),
            Some(b'}') => Ok(None),
            _ => Err(Malformed::Syntax),
        }
    }

    /// Remembers a key of the frame's own object that the reader has no other memory of.
    pub(crate) fn remember_key(&mut self, key: Cow<'a, str>) {
        self.keys.push(key);
    }

    /// Notes that the reader has met a key of the frame's own object before.
    pub(crate) const fn note_repeated_key(&mut self) {
        self.repeated_key = true;
    }

    /// After the end of the frame's object: checks that nothing follows and no object had a key twice.
    pub(crate) fn finish(mut self) -> Result<(), Malformed> {
        self.skip_space();
        if self.at < self.frame.len() {
            return Err(Malformed::TrailingData);
        }
        self.forget_keys(0);
        if self.repeated_key {
            Err(Malformed::RepeatedKey)
        } else {
            Ok(())
        }
    }

    /// Reads the value that begins here, whatever it is, with all that is in it.
    pub(crate) fn value(&mut self) -> Result<Value<'a>, Malformed> {
        self.skip_space();
        let start = self.at;
        let kind = match self.peek() {
            Some(b'[') => self.nested().map(|()| Kind::Array),
            Some(b'{') => self.nested().map(|()| Kind::Object),
            _ => self.scalar(),
        }?;
        Ok(Value::new(&self.frame[start..self.at], kind))
    }

    /// Reads the beginning of an array and says whether an element follows.
    pub(super) fn first_element(&mut self) -> Result<bool, Malformed> {
        self.expect(b'[')?;
        self.skip_space();
        let is_empty = self.peek() == Some(b']');
        self.at += usize::from(is_empty);
        Ok(!is_empty)
    }

    /// After an element: reads what separates it from the next, or the array's end, and says whether one
    /// follows.
    pub(super) fn next_element(&mut self) -> Result<bool, Malformed> {
        self.skip_space();
        match self.take() {
            Some(b',') => Ok(true),
            Some(b']') => Ok(false),
            _ => Err(Malformed::Syntax),
        }
    }

    /// Reads an array or object that begins here.
    fn nested(&mut self) -> Result<(), Malformed> {
        loop {
            let goes_deeper = self.begin_value()?;
            if !goes_deeper && !self.end_values()? {
                return Ok(());
            }
        }
    }

    /// Reads a scalar whole, of anything else the beginning; says whether a value inside it follows.
    fn begin_value(&mut self) -> Result<bool, Malformed> {
        self.skip_space();
        let (opened, inner_follows) = match self.peek() {
            Some(b'[') => {
                self.check_depth()?;
                (Open::Array, self.first_element()?)
            }
            Some(b'{') => {
                self.check_depth()?;
                let keys_from = self.keys.len();
                let key = self.first_key()?;
                self.keys.extend(key.map(Quoted::decode));
                (Open::Object { keys_from }, key.is_some())
            }
            _ => return self.scalar().map(|_| false),
        };
        if inner_follows {
            self.open.push(opened);
        }
        Ok(inner_follows)
    }

    /// After a value: closes what ends here; says whether another value follows in what is still open.
    fn end_values(&mut self) -> Result<bool, Malformed> {
        while let Some(&innermost) = self.open.last() {
            match innermost {
                Open::Array => {
                    if self.next_element()? {
                        return Ok(true);
                    }
                }
                Open::Object { keys_from } => {
                    if let Some(key) = self.next_key()? {
                        self.keys.push(key.decode());
                        return Ok(true);
                    }
                    self.forget_keys(keys_from);
                }
            }
            self.open.pop();
        }
        Ok(false)
    }

    /// Fails where one more level would be one too many. The frame's own object is a level that is not in
    /// `open`.
    const fn check_depth(&self) -> Result<(), Malformed> {
        if self.open.len() + 2 > NESTING {
            Err(Malformed::TooDeep)
        } else {
            Ok(())
        }
    }

    /// Drops the keys of an object that has ended, noting whether one of them came twice.
    fn forget_keys(&mut self, from: usize) {
        let keys = &mut self.keys[from..];
        keys.sort_unstable();
        self.repeated_key |= keys.windows(2).any(|pair| pair[0] == pair[1]);
        self.keys.truncate(from);
    }

    /// Reads `{` and the first key after it, or the end of an empty object.
    fn first_key(&mut self) -> Result<Option<Quoted<'a>>, Malformed> {
        self.expect(b'{')?;
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(None);
        }
        self.key().map(Some)
    }

    /// Reads a key and the colon behind it.
    fn key(&mut self) -> Result<Quoted<'a>, Malformed> {
        self.skip_space();
        self.expect(b'"')?;
        let key = self.rest_of_string()?;
        self.skip_space();
        self.expect(b':')?;
        Ok(key)
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.take() == Some(byte) {
            Ok(())
        } else {
            Err(Malformed::Syntax)
        }
    }

    /// Takes one byte if it is ASCII, so that `at` never stops inside a character.
    fn take(&mut self) -> Option<u8> {
        let byte = self.peek().filter(u8::is_ascii)?;
        self.at += 1;
        Some(byte)
    }

    fn peek(&self) -> Option<u8> {
        self.frame.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        &self.frame.as_bytes()[self.at..]
    }
}
