//! What a client hears.
//!
//! **Architecture Invariants.** An event borrows all it says and lives only to be written. No event has a
//! place for anything about the partner but what the partner said. `Debug` names the event and shows none of
//! its fields.

use std::fmt;

use crate::code::ErrorCode;
use crate::words::{EndReason, Mode};

mod welcome;
mod write;

pub use welcome::{State, Welcome};

/// One event to a client. Times are milliseconds since the Unix epoch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// The first event of a connection.
    Welcome(&'a Welcome<'a>),
    /// The user is in the queue.
    Waiting(Waiting),
    /// The user has a partner.
    Matched(Matched<'a>),
    /// The partner said something.
    Message {
        /// The chat it was said in.
        chat_id: &'a str,
        /// What was said, exactly.
        text: &'a str,
        /// When it was passed on.
        at: u64,
    },
    /// A message reached the partner's queue, or is kept for a partner who is away.
    Ack {
        /// The chat the message was meant for.
        chat_id: &'a str,
        /// The message's id.
        id: &'a str,
    },
    /// The partner is writing, or has stopped.
    Typing {
        /// The chat.
        chat_id: &'a str,
        /// Whether the partner is writing.
        on: bool,
    },
    /// WebRTC signalling from the partner.
    Signal {
        /// The chat.
        chat_id: &'a str,
        /// One valid JSON value, as [`Command::Signal`](crate::Command::Signal) holds it; written as it is.
        data: &'a str,
    },
    /// The partner's connection dropped.
    PartnerAway {
        /// The chat, which goes on.
        chat_id: &'a str,
        /// Until when the partner may come back.
        until: u64,
    },
    /// The partner is back.
    PartnerBack {
        /// The chat.
        chat_id: &'a str,
    },
    /// The chat is over.
    ChatEnded {
        /// The chat.
        chat_id: &'a str,
        /// Why, from this user's side.
        reason: EndReason,
    },
    /// The user is in no queue and no chat.
    Idle,
    /// A report was recorded.
    Reported {
        /// The chat it was about.
        chat_id: &'a str,
    },
    /// A block is in force.
    Blocked {
        /// The chat whose partner is blocked.
        chat_id: &'a str,
    },
    /// The answer to a `ping`.
    Pong {
        /// The `id` of the `ping`.
        id: Option<&'a str>,
    },
    /// How many people are here.
    Stats {
        /// All of them.
        online: u64,
        /// Those in the queue.
        waiting: u64,
        /// Those in a chat: people, not chats.
        chatting: u64,
    },
    /// This node is going away.
    Draining {
        /// After how many milliseconds to reconnect.
        reconnect_after_ms: u64,
    },
    /// A command was refused, or the connection is about to be closed.
    Error(Refusal<'a>),
}

impl Event<'_> {
    /// The `type` on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Welcome(_) => "welcome",
            Self::Waiting(_) => "waiting",
            Self::Matched(_) => "matched",
            Self::Message { .. } => "message",
            Self::Ack { .. } => "ack",
            Self::Typing { .. } => "typing",
            Self::Signal { .. } => "signal",
            Self::PartnerAway { .. } => "partner_away",
            Self::PartnerBack { .. } => "partner_back",
            Self::ChatEnded { .. } => "chat_ended",
            Self::Idle => "idle",
            Self::Reported { .. } => "reported",
            Self::Blocked { .. } => "blocked",
            Self::Pong { .. } => "pong",
            Self::Stats { .. } => "stats",
            Self::Draining { .. } => "draining",
            Self::Error(_) => "error",
        }
    }

    /// Whether the event is said once and never replayed, and so has no number in the order of events.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Welcome(_)
            | Self::Ack { .. }
            | Self::Typing { .. }
            | Self::Pong { .. }
            | Self::Stats { .. }
            | Self::Draining { .. }
            | Self::Error(_) => true,
            Self::Waiting(_)
            | Self::Matched(_)
            | Self::Message { .. }
            | Self::Signal { .. }
            | Self::PartnerAway { .. }
            | Self::PartnerBack { .. }
            | Self::ChatEnded { .. }
            | Self::Idle
            | Self::Reported { .. }
            | Self::Blocked { .. } => false,
        }
    }
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(self.name()).finish_non_exhaustive()
    }
}

/// Being in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The place in time.
    pub since: u64,
    /// Until when the last partner cannot be met, while that is in the future.
    pub cooldown_until: Option<u64>,
    /// Whether pairing is out of order just now; written only if so.
    pub paused: bool,
}

/// A chat, as one of the two is told of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Matched<'a> {
    /// The chat.
    pub chat_id: &'a str,
    /// The interests both have.
    pub common_interests: &'a [&'a str],
    /// The language both have, if so.
    pub language: Option<&'a str>,
    /// Text or video.
    pub mode: Mode,
    /// Whether this user makes the WebRTC offer.
    pub initiator: bool,
    /// Servers for the video call; written only if there are any.
    pub ice_servers: &'a [IceServer],
}

/// A STUN or TURN server, as browsers want it described.
#[derive(Clone, PartialEq, Eq)]
pub struct IceServer {
    /// Where it is, such as `turn:turn.example.org`.
    pub urls: Vec<String>,
    /// The user name for it.
    pub username: Option<String>,
    /// The secret for it.
    pub credential: Option<String>,
}

impl fmt::Debug for IceServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceServer")
            .field("urls", &self.urls)
            .finish_non_exhaustive()
    }
}

/// Why something was refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// For programs.
    pub code: ErrorCode,
    /// For people; never holds what they sent.
    pub message: &'a str,
    /// The `id` of the refused command: the field `ref`.
    pub reference: Option<&'a str>,
    /// After how many milliseconds the same would pass.
    pub retry_after_ms: Option<u64>,
    /// The name of the ban, to be quoted in an appeal.
    pub ban_id: Option<&'a str>,
    /// The end of the ban; none for a ban without one.
    pub until: Option<u64>,
}

impl<'a> Refusal<'a> {
    /// A refusal that says no more than its code and the sentence that belongs to it.
    pub const fn new(code: ErrorCode) -> Self {
        let message = code.message();
        Self {
            code,
            message,
            reference: None,
            retry_after_ms: None,
            ban_id: None,
            until: None,
        }
    }

    /// The same, as the answer to the command of this `id`.
    #[must_use]
    pub const fn answering(self, id: Option<&'a str>) -> Self {
        Self {
            reference: id,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_about_an_event_shows_nothing_that_was_said() {
        let event = Event::Message {
            chat_id: "Zr8kQ0aW",
            text: "a secret",
            at: 1,
        };
        assert_eq!(format!("{event:?}"), "message { .. }");
        let server = IceServer {
            urls: Vec::new(),
            username: None,
            credential: Some("a secret".into()),
        };
        assert_eq!(format!("{server:?}"), "IceServer { urls: [], .. }");
    }
}
