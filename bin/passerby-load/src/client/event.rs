//! What the server says.
//!
//! **Architecture Invariants:** fields are borrowed from the frame, so reading an event allocates nothing unless a text
//! is escaped. Unknown fields and events are ignored, as the protocol wants.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// All fields of all events; each event has some of them.
#[derive(Debug, Deserialize)]
pub(crate) struct Event<'a> {
    /// What kind of event it is.
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Words<'a>,
    pub(crate) seq: Option<u64>,
    #[serde(borrow)]
    pub(crate) chat_id: Option<Words<'a>>,
    #[serde(borrow)]
    pub(crate) text: Option<Words<'a>>,
    #[serde(borrow)]
    pub(crate) id: Option<Words<'a>>,
    #[serde(borrow, rename = "ref")]
    pub(crate) reference: Option<Words<'a>>,
    #[serde(borrow)]
    pub(crate) code: Option<Words<'a>>,
    #[serde(borrow)]
    pub(crate) resume_token: Option<Words<'a>>,
    #[serde(borrow)]
    pub(crate) reason: Option<Words<'a>>,
    #[serde(default)]
    pub(crate) resumed: bool,
    #[serde(default)]
    pub(crate) gap: bool,
    #[serde(default)]
    pub(crate) initiator: bool,
    pub(crate) replay_to: Option<u64>,
    pub(crate) reconnect_after_ms: Option<u64>,
}

impl<'a> Event<'a> {
    /// Reads one frame.
    pub(crate) fn read(frame: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(frame)
    }

    /// The chat that the event belongs to.
    pub(crate) fn chat(&self) -> Option<&str> {
        self.chat_id.as_deref()
    }
}

/// Text that is borrowed where it can be. serde borrows a `Cow` in an `Option` never.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words<'a>(Cow<'a, str>);

impl Deref for Words<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Words<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Words<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Words<'de>, E> {
                Ok(Words(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Words<'de>, E> {
                Ok(Words(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_without_a_copy() {
        let frame = r#"{"type":"message","seq":5,"chat_id":"abc","text":"Hello","at":1}"#;
        let event = Event::read(frame).unwrap();
        assert_eq!(&*event.kind, "message");
        assert_eq!(event.seq, Some(5));
        assert_eq!(event.chat(), Some("abc"));
        let text = event.text.unwrap();
        assert_eq!(&*text, "Hello");
        assert!(frame.as_bytes().as_ptr_range().contains(&text.as_ptr()));
    }

    #[test]
    fn an_escaped_text_and_unknown_fields_are_read_all_the_same() {
        let event = Event::read(r#"{"new":[{}],"text":"a\nb","type":"m\u0065ssage"}"#).unwrap();
        assert_eq!((&*event.kind, &*event.text.unwrap()), ("message", "a\nb"));
    }

    #[test]
    fn what_has_no_type_is_no_event() {
        assert!(Event::read(r#"{"text":"a"}"#).is_err());
        assert!(Event::read("[]").is_err());
    }
}
