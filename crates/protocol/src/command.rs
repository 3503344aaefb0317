//! What a client may ask for.
//!
//! **Architecture Invariants.** A value here is well formed and no more: whether the chat exists, the text is
//! allowed or the language is one is for others to say. `Debug` names the command and shows none of its
//! fields, so that no log can repeat what somebody wrote.

use std::borrow::Cow;
use std::fmt;

use crate::words::{Mode, ReportReason};

/// One frame from a client: a command, and the name it gave to it.
///
/// Strings are borrowed from the frame wherever they hold no escape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The client's own name for the command, 1 to [`ID_BYTES`](crate::ID_BYTES) bytes; an `error` gives it
    /// back as `ref`. For [`Command::Message`] it is the message's id, which `ack` names.
    pub id: Option<Cow<'a, str>>,
    /// What is asked for.
    pub command: Command<'a>,
}

/// What a client asks for.
#[derive(Clone, PartialEq, Eq)]
pub enum Command<'a> {
    /// Enter the queue, or replace the criteria while in it.
    Join(Join<'a>),
    /// Say something to the partner.
    Message {
        /// The chat it is meant for.
        chat_id: Cow<'a, str>,
        /// What is said, exactly as sent; not yet checked.
        text: Cow<'a, str>,
    },
    /// Tell the partner that one is writing, or has stopped.
    Typing {
        /// The chat it is meant for.
        chat_id: Cow<'a, str>,
        /// Whether one is writing.
        on: bool,
    },
    /// End this chat and look for the next partner.
    Skip {
        /// The chat to end.
        chat_id: Cow<'a, str>,
    },
    /// End the chat or leave the queue, and be idle.
    Leave {
        /// The chat to end; without it the command is meant for whatever there is.
        chat_id: Option<Cow<'a, str>>,
    },
    /// Report the partner of a chat.
    Report {
        /// The chat the report is about.
        chat_id: Cow<'a, str>,
        /// What the partner did.
        reason: ReportReason,
        /// More about it, up to [`DETAIL_CHARS`](crate::DETAIL_CHARS) characters.
        detail: Option<Cow<'a, str>>,
    },
    /// Never meet the partner of this chat again.
    Block {
        /// The chat whose partner is meant.
        chat_id: Cow<'a, str>,
    },
    /// Pass WebRTC signalling to the partner.
    Signal {
        /// The chat it is meant for.
        chat_id: Cow<'a, str>,
        /// One JSON value, up to [`SIGNAL_BYTES`](crate::SIGNAL_BYTES) bytes, character for character as
        /// sent. It is valid JSON without repeated keys or lone surrogates, and may be forwarded as it is.
        data: &'a str,
    },
    /// Ask for a `pong`.
    Ping,
}

impl Command<'_> {
    /// The `type` on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Join(_) => "join",
            Self::Message { .. } => "message",
            Self::Typing { .. } => "typing",
            Self::Skip { .. } => "skip",
            Self::Leave { .. } => "leave",
            Self::Report { .. } => "report",
            Self::Block { .. } => "block",
            Self::Signal { .. } => "signal",
            Self::Ping => "ping",
        }
    }
}

impl fmt::Debug for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(self.name()).finish_non_exhaustive()
    }
}

/// Whom one would like to meet. An absent field stands for its default, not for what was said before.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Join<'a> {
    /// Up to [`MAX_INTERESTS`](crate::MAX_INTERESTS) interests as written: neither normalised nor checked.
    pub interests: Option<Vec<Cow<'a, str>>>,
    /// A language tag as written; not yet checked.
    pub language: Option<Cow<'a, str>>,
    /// Text or video.
    pub mode: Option<Mode>,
}

impl fmt::Debug for Join<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join")
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_about_a_command_shows_nothing_that_was_written() {
        let command = Command::Message {
            chat_id: "Zr8kQ0aW".into(),
            text: "a secret".into(),
        };
        let frame = Frame { id: None, command };
        assert_eq!(
            format!("{frame:?}"),
            "Frame { id: None, command: message { .. } }"
        );
    }
}
