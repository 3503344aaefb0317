//! What users say.
//!
//! **Architecture Invariants:** a message of a run is a template in which only sixteen digits change, written into a
//! buffer that is used again: no allocation for each message.

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::json;

/// Bytes of a mark: a number in hexadecimal digits.
pub(crate) const MARK: usize = 16;

/// Whether a message asks to be acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has no id, so no `ack` comes.
    Unwanted,
    /// Its mark is its id as well.
    Wanted,
}

/// Messages of one chat that differ in nothing but a mark.
#[derive(Debug)]
pub(crate) struct Template {
    head: Vec<u8>,
    tail: Vec<u8>,
    answer: Answer,
    buffer: BytesMut,
}

impl Template {
    /// Messages with texts of this many bytes, at least [`MARK`].
    pub(crate) fn new(chat: &str, text_bytes: usize, answer: Answer) -> Self {
        let chat = json!(chat);
        let pad = "x".repeat(text_bytes.saturating_sub(MARK));
        let tail = match answer {
            Answer::Unwanted => format!(r#"{pad}"}}"#),
            Answer::Wanted => format!(r#"{pad}","id":""#),
        };
        Self {
            head: format!(r#"{{"type":"message","chat_id":{chat},"text":""#).into_bytes(),
            tail: tail.into_bytes(),
            answer,
            buffer: BytesMut::new(),
        }
    }

    /// The command with this mark.
    pub(crate) fn write(&mut self, mark: u64) -> Bytes {
        let mark = digits(mark);
        self.buffer
            .reserve(self.head.len() + self.tail.len() + 2 * MARK + 2);
        self.buffer.put_slice(&self.head);
        self.buffer.put_slice(&mark);
        self.buffer.put_slice(&self.tail);
        if self.answer == Answer::Wanted {
            self.buffer.put_slice(&mark);
            self.buffer.put_slice(b"\"}");
        }
        self.buffer.split().freeze()
    }
}

/// The mark at the beginning of a text, or of an id.
pub(crate) fn mark_of(text: &str) -> Option<u64> {
    u64::from_str_radix(text.get(..MARK)?, 16).ok()
}

fn digits(mark: u64) -> [u8; MARK] {
    let mut digits = [0; MARK];
    for (place, digit) in digits.iter_mut().rev().enumerate() {
        let nibble = (mark >> (4 * place)) & 0xf;
        // A nibble, so neither index nor cast can go wrong.
        *digit = b"0123456789abcdef"[nibble as usize];
    }
    digits
}

/// A command with no fields but an id and, perhaps, a chat.
pub(crate) fn plain(kind: &str, chat: Option<&str>, id: &str) -> Bytes {
    let command = match chat {
        Some(chat) => json!({"type": kind, "chat_id": chat, "id": id}),
        None => json!({"type": kind, "id": id}),
    };
    command.to_string().into()
}

/// A message.
pub(crate) fn message(chat: &str, text: &str, id: &str) -> Bytes {
    json!({"type": "message", "chat_id": chat, "text": text, "id": id})
        .to_string()
        .into()
}

/// A typing hint.
pub(crate) fn typing(chat: &str) -> Bytes {
    json!({"type": "typing", "chat_id": chat, "on": true})
        .to_string()
        .into()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_template_writes_commands_that_carry_their_mark() {
        let mut template = Template::new("ab\"c", 40, Answer::Unwanted);
        for mark in [0, 1, 0x0123_4567_89ab_cdef, u64::MAX] {
            let command: Value = serde_json::from_slice(&template.write(mark)).unwrap();
            assert_eq!(command["type"], "message");
            assert_eq!(command["chat_id"], "ab\"c");
            let text = command["text"].as_str().unwrap();
            assert_eq!(text.len(), 40);
            assert_eq!(mark_of(text), Some(mark));
            assert!(command.get("id").is_none());
        }
    }

    #[test]
    fn a_message_that_wants_an_answer_has_its_mark_as_its_id() {
        let mut template = Template::new("chat", 16, Answer::Wanted);
        let command: Value = serde_json::from_slice(&template.write(77)).unwrap();
        assert_eq!(command["id"], command["text"]);
        assert_eq!(mark_of(command["id"].as_str().unwrap()), Some(77));
    }

    #[test]
    fn the_buffer_of_a_template_is_used_again() {
        let mut template = Template::new("chat", 100, Answer::Unwanted);
        let first = template.write(1);
        let place = first.as_ptr();
        drop(first);
        assert_eq!(template.write(2).as_ptr(), place);
    }

    #[test]
    fn a_text_without_a_mark_has_none() {
        assert_eq!(mark_of("short"), None);
        assert_eq!(mark_of("0123456789abcdez"), None);
        assert_eq!(mark_of("ééééééééé"), None);
    }
}
