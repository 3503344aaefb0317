//! What a user is told. How it looks on the wire is the transport's affair.
//!
//! **Architecture Invariants.** A notice borrows what it tells, so the path of a message copies nothing here.
//! No notice has a field that says who the partner is. Texts and signals are redacted in `Debug`.

use crate::criteria::{Interest, Language, Mode};
use crate::id::{ChatId, NodeId, UserId};
use crate::time::UnixMillis;
use std::fmt;

/// Something that one user is told.
#[derive(Clone, Debug)]
pub enum Notice<'a> {
    /// The user is in the queue.
    Waiting(Waiting),
    /// The user has a partner.
    Matched {
        /// The chat that begins.
        chat: ChatId,
        /// What is known of it.
        facts: &'a ChatFacts,
    },
    /// The partner said something.
    Message {
        /// The chat it was said in.
        chat: ChatId,
        /// What was said.
        text: Secret<'a>,
        /// When the server passed it on.
        at: UnixMillis,
    },
    /// The user's own message with this id was received.
    Ack {
        /// The chat of the message.
        chat: ChatId,
        /// The id that the user gave the message.
        id: &'a str,
    },
    /// The user's own message, or signal, was not passed on after all; it was on its way to another node.
    Failed {
        /// The id that the user gave it, if they gave one.
        id: Option<&'a str>,
        /// What is known.
        why: Failure,
    },
    /// The partner began or stopped typing.
    Typing {
        /// The chat it concerns.
        chat: ChatId,
        /// Which of the two.
        typing: Typing,
    },
    /// The partner's WebRTC signalling, as it came.
    Signal {
        /// The chat it belongs to.
        chat: ChatId,
        /// A JSON value, unread.
        data: Secret<'a>,
    },
    /// The partner's connection dropped; the chat is held.
    PartnerAway {
        /// The chat that is held.
        chat: ChatId,
        /// Until when.
        until: UnixMillis,
    },
    /// The partner is back.
    PartnerBack {
        /// The chat that goes on.
        chat: ChatId,
    },
    /// The chat is over.
    ChatEnded {
        /// Which chat.
        chat: ChatId,
        /// Why, as seen by the one who is told.
        reason: EndReason,
    },
    /// The user is out of the queue and out of any chat.
    Idle,
    /// A report was recorded.
    Reported {
        /// The chat it is about.
        chat: ChatId,
    },
    /// A block is in force.
    Blocked {
        /// The chat whose partner was blocked.
        chat: ChatId,
    },
    /// How many people there are.
    Stats(Census),
    /// This node is going away: reconnect after so many milliseconds.
    Draining {
        /// How long to wait before reconnecting, in milliseconds.
        reconnect_after: u64,
    },
    /// The first word on a connection.
    Welcome(&'a Welcome<'a>),
}

impl Notice<'_> {
    /// Whether the notice is numbered at its seat, kept, and replayed to one who comes back.
    pub const fn persistence(&self) -> Persistence {
        match self {
            Self::Ack { .. }
            | Self::Failed { .. }
            | Self::Typing { .. }
            | Self::Stats(_)
            | Self::Draining { .. }
            | Self::Welcome(_) => Persistence::Transient,
            Self::Waiting(_)
            | Self::Matched { .. }
            | Self::Message { .. }
            | Self::Signal { .. }
            | Self::PartnerAway { .. }
            | Self::PartnerBack { .. }
            | Self::ChatEnded { .. }
            | Self::Idle
            | Self::Reported { .. }
            | Self::Blocked { .. } => Persistence::Numbered,
        }
    }
}

/// What becomes of a notice once it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// It has a number, and is told again to one who lost their connection.
    Numbered,
    /// It is told once or not at all.
    Transient,
}

/// What people say to each other: borrowed, and never shown by `Debug`.
#[derive(Clone, Copy)]
pub struct Secret<'a>(pub &'a str);

impl fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}

/// A place in the queue, as its holder is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Since when the place is held.
    pub since: UnixMillis,
    /// Until when the last partner cannot be met, if that is in the future.
    pub cooldown_until: Option<UnixMillis>,
    /// Whether pairing works.
    pub pairing: Pairing,
}

/// Whether pairing works just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// It does.
    Running,
    /// The store is out of reach; the place is kept.
    Paused,
}

/// What is known of a message that was on its way to another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It was not delivered and never will be.
    Unreachable,
    /// No answer came: it was delivered already or never will be.
    Unconfirmed,
    /// It was sent again, and the chat was over by then.
    Stale,
}

/// Whether somebody is typing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typing {
    /// They began.
    Started,
    /// They stopped.
    Stopped,
}

/// Why a chat is over, as seen by the one who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// The one who is told skipped.
    YouSkipped,
    /// The partner skipped.
    PartnerSkipped,
    /// The one who is told left.
    YouLeft,
    /// The partner left.
    PartnerLeft,
    /// The partner's connection broke and did not come back in time.
    PartnerDisconnected,
    /// An operator stepped in.
    Moderated,
    /// A fault of the service took the partner or the chat.
    Lost,
}

/// What both ends of a chat are told when it begins, as one of them sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatFacts {
    /// The interests that both named.
    pub common_interests: Box<[Interest]>,
    /// The language that both named, if it is one.
    pub language: Option<Language>,
    /// What kind of chat it is.
    pub mode: Mode,
    /// Which end this is.
    pub role: Role,
}

/// The two ends of a chat differ in this alone: who makes the WebRTC offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Makes the offer.
    Initiator,
    /// Waits for it.
    Responder,
}

/// How many people there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Seats, also those held for somebody whose connection dropped.
    pub online: u64,
    /// Seats in the queue.
    pub waiting: u64,
    /// Seats in a chat: two for each chat.
    pub chatting: u64,
}

/// The first word on a connection.
#[derive(Clone, Debug)]
pub struct Welcome<'a> {
    /// The user's own id.
    pub user: UserId,
    /// The node that serves the connection.
    pub node: &'a NodeId,
    /// Where the user stands once what follows was replayed.
    pub standing: Standing<'a>,
    /// The token to come back with.
    pub resume_token: &'a str,
    /// Whether an older seat was taken back, and what is replayed to it.
    pub replay: Replay,
    /// The server's time.
    pub now: UnixMillis,
    /// How many people are on line.
    pub online: u64,
}

/// Where a user stands.
#[derive(Clone, Debug)]
pub enum Standing<'a> {
    /// Out of the queue and out of any chat.
    Idle,
    /// In the queue.
    Waiting(Waiting),
    /// In a chat.
    Chatting {
        /// Which one.
        chat: ChatId,
        /// What is known of it.
        facts: &'a ChatFacts,
        /// Until when it is held for a partner who is away.
        partner_away_until: Option<UnixMillis>,
    },
}

/// What a connection is told of the events before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// The seat is new.
    Fresh,
    /// All that came after the last event the client has seen is replayed.
    Whole {
        /// The number of the last event before the replay.
        seq: u64,
        /// The number of the last event of the replay.
        replay_to: u64,
    },
    /// Some of it is no longer held.
    Gap {
        /// The number of the last event before the replay.
        seq: u64,
        /// The number of the last event of the replay.
        replay_to: u64,
    },
}
