//! The values that hold no others: strings, numbers, and the three words.
//!
//! **Architecture Invariants.** Nothing is decoded here; a number is only looked at to find its end.

use super::Scanner;
use crate::json::plain::plain_run;
use crate::json::quoted::{Quoted, escape};
use crate::json::value::Kind;
use crate::refused::Malformed;

impl<'a> Scanner<'a> {
    /// Reads a string, a number or a word; anything else is an error.
    pub(super) fn scalar(&mut self) -> Result<Kind, Malformed> {
        match self.take() {
            Some(b'"') => self.rest_of_string().map(|text| Kind::Text {
                escaped: text.has_escapes(),
            }),
            Some(b't') => self.rest_of_word("rue", Kind::True),
            Some(b'f') => self.rest_of_word("alse", Kind::False),
            Some(b'n') => self.rest_of_word("ull", Kind::Null),
            Some(b'-') => {
                let first = self.take();
                self.rest_of_number(first)
            }
            first => self.rest_of_number(first),
        }
    }

    /// Reads to the closing quotation mark.
    pub(super) fn rest_of_string(&mut self) -> Result<Quoted<'a>, Malformed> {
        let rest = &self.frame[self.at..];
        let plain = plain_run(rest.as_bytes());
        if rest.as_bytes().get(plain) != Some(&b'"') {
            return self.rest_of_escaped_string();
        }
        self.at += plain + 1;
        Ok(Quoted::new(&rest[..plain], false))
    }

    /// As [`Scanner::rest_of_string`], where there is more to it than characters that stand for themselves.
    fn rest_of_escaped_string(&mut self) -> Result<Quoted<'a>, Malformed> {
        let start = self.at;
        loop {
            self.at += plain_run(self.rest());
            match self.peek() {
                Some(b'"') => {
                    let inside = &self.frame[start..self.at];
                    self.at += 1;
                    return Ok(Quoted::new(inside, true));
                }
                Some(b'\\') => {
                    let (_, length) = escape(self.rest()).ok_or(Malformed::Syntax)?;
                    self.at += length;
                }
                _ => return Err(Malformed::Syntax),
            }
        }
    }

    fn rest_of_word(&mut self, rest: &str, kind: Kind) -> Result<Kind, Malformed> {
        if !self.rest().starts_with(rest.as_bytes()) {
            return Err(Malformed::Syntax);
        }
        self.at += rest.len();
        Ok(kind)
    }

    /// Reads a number from behind its first digit. Its size does not matter: nobody computes with it.
    fn rest_of_number(&mut self, first: Option<u8>) -> Result<Kind, Malformed> {
        match first {
            Some(b'0') => {}
            Some(b'1'..=b'9') => self.skip_digits(),
            _ => return Err(Malformed::Syntax),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Kind::Number)
    }

    /// Reads one digit or more.
    fn digits(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        self.skip_digits();
        if self.at == start {
            Err(Malformed::Syntax)
        } else {
            Ok(())
        }
    }

    fn skip_digits(&mut self) {
        self.at += self
            .rest()
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
    }
}
