//! What a user was told, kept for a test to look at.

use crate::ports::ResumeToken;
use passerby_domain::id::ChatId;
use passerby_domain::notice::{
    Census, ChatFacts, EndReason, Failure, Notice, Pairing, Replay, Role, Standing, Typing, Waiting, Welcome,
};
use passerby_domain::time::UnixMillis;
use std::fmt;

/// A [`Notice`] that owns what it tells. `Display` is a short line without ids and times, for comparing whole
/// conversations: `chat_ended partner_skipped`, `message hello`, `waiting paused`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each is the notice of that name, where its parts are explained"
)]
pub enum Told {
    Welcome {
        standing: &'static str,
        chat: Option<ChatId>,
        partner_away_until: Option<UnixMillis>,
        token: ResumeToken,
        replay: Replay,
    },
    Waiting(Waiting),
    Matched {
        chat: ChatId,
        facts: ChatFacts,
    },
    Message {
        chat: ChatId,
        text: String,
        at: UnixMillis,
    },
    Ack {
        chat: ChatId,
        id: String,
    },
    Failed {
        id: Option<String>,
        why: Failure,
    },
    Typing {
        chat: ChatId,
        typing: Typing,
    },
    Signal {
        chat: ChatId,
        data: String,
    },
    PartnerAway {
        chat: ChatId,
        until: UnixMillis,
    },
    PartnerBack {
        chat: ChatId,
    },
    ChatEnded {
        chat: ChatId,
        reason: EndReason,
    },
    Idle,
    Reported {
        chat: ChatId,
    },
    Blocked {
        chat: ChatId,
    },
    Stats(Census),
    Draining {
        reconnect_after: u64,
    },
    /// A frame that the transport made itself.
    Frame(Vec<u8>),
}

impl Told {
    /// The chat it is about.
    pub fn chat(&self) -> Option<ChatId> {
        match self {
            Self::Matched { chat, .. }
            | Self::Message { chat, .. }
            | Self::Ack { chat, .. }
            | Self::Typing { chat, .. }
            | Self::Signal { chat, .. }
            | Self::PartnerAway { chat, .. }
            | Self::PartnerBack { chat }
            | Self::ChatEnded { chat, .. }
            | Self::Reported { chat }
            | Self::Blocked { chat } => Some(*chat),
            Self::Welcome { chat, .. } => *chat,
            Self::Waiting(_)
            | Self::Idle
            | Self::Failed { .. }
            | Self::Stats(_)
            | Self::Draining { .. }
            | Self::Frame(_) => None,
        }
    }

    fn welcome(welcome: &Welcome<'_>) -> Self {
        let (standing, chat, partner_away_until) = match &welcome.standing {
            Standing::Idle => ("idle", None, None),
            Standing::Waiting(_) => ("waiting", None, None),
            Standing::Chatting {
                chat,
                partner_away_until,
                ..
            } => ("chatting", Some(*chat), *partner_away_until),
        };
        Self::Welcome {
            standing,
            chat,
            partner_away_until,
            token: ResumeToken(welcome.resume_token.to_owned()),
            replay: welcome.replay,
        }
    }
}

impl From<&Notice<'_>> for Told {
    fn from(notice: &Notice<'_>) -> Self {
        match notice {
            Notice::Welcome(welcome) => Self::welcome(welcome),
            Notice::Waiting(waiting) => Self::Waiting(*waiting),
            Notice::Matched { chat, facts } => Self::Matched {
                chat: *chat,
                facts: (*facts).clone(),
            },
            Notice::Message { chat, text, at } => Self::Message {
                chat: *chat,
                text: text.0.to_owned(),
                at: *at,
            },
            Notice::Ack { chat, id } => Self::Ack {
                chat: *chat,
                id: (*id).to_owned(),
            },
            Notice::Failed { id, why } => Self::Failed {
                id: id.map(str::to_owned),
                why: *why,
            },
            Notice::Typing { chat, typing } => Self::Typing {
                chat: *chat,
                typing: *typing,
            },
            Notice::Signal { chat, data } => Self::Signal {
                chat: *chat,
                data: data.0.to_owned(),
            },
            Notice::PartnerAway { chat, until } => Self::PartnerAway {
                chat: *chat,
                until: *until,
            },
            Notice::PartnerBack { chat } => Self::PartnerBack { chat: *chat },
            Notice::ChatEnded { chat, reason } => Self::ChatEnded {
                chat: *chat,
                reason: *reason,
            },
            Notice::Idle => Self::Idle,
            Notice::Reported { chat } => Self::Reported { chat: *chat },
            Notice::Blocked { chat } => Self::Blocked { chat: *chat },
            Notice::Stats(census) => Self::Stats(*census),
            Notice::Draining { reconnect_after } => Self::Draining {
                reconnect_after: *reconnect_after,
            },
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Welcome { standing, replay, .. } => match replay {
                Replay::Fresh => write!(f, "welcome {standing}"),
                Replay::Whole { .. } => write!(f, "welcome back {standing}"),
                Replay::Gap { .. } => write!(f, "welcome back {standing}, with a gap"),
            },
            Self::Waiting(waiting) => match waiting.pairing {
                Pairing::Running => f.write_str("waiting"),
                Pairing::Paused => f.write_str("waiting paused"),
            },
            Self::Matched { .. } => f.write_str("matched"),
            Self::Message { text, .. } => write!(f, "message {text}"),
            Self::Ack { id, .. } => write!(f, "ack {id}"),
            Self::Failed { id, why } => {
                let why = match why {
                    Failure::Unreachable => "unreachable",
                    Failure::Unconfirmed => "unconfirmed",
                    Failure::Stale => "stale",
                };
                write!(f, "{why} {}", id.as_deref().unwrap_or_default())
            }
            Self::Typing { typing, .. } => f.write_str(match typing {
                Typing::Started => "typing started",
                Typing::Stopped => "typing stopped",
            }),
            Self::Signal { data, .. } => write!(f, "signal {data}"),
            Self::PartnerAway { .. } => f.write_str("partner_away"),
            Self::PartnerBack { .. } => f.write_str("partner_back"),
            Self::ChatEnded { reason, .. } => write!(f, "chat_ended {}", words(*reason)),
            Self::Idle => f.write_str("idle"),
            Self::Reported { .. } => f.write_str("reported"),
            Self::Blocked { .. } => f.write_str("blocked"),
            Self::Stats(_) => f.write_str("stats"),
            Self::Draining { .. } => f.write_str("draining"),
            Self::Frame(frame) => f.write_str(&String::from_utf8_lossy(frame)),
        }
    }
}

impl Told {
    /// Whether it has a number at its seat.
    pub fn is_numbered(&self) -> bool {
        match self {
            Self::Waiting(_)
            | Self::Matched { .. }
            | Self::Message { .. }
            | Self::Signal { .. }
            | Self::PartnerAway { .. }
            | Self::PartnerBack { .. }
            | Self::ChatEnded { .. }
            | Self::Idle
            | Self::Reported { .. }
            | Self::Blocked { .. } => true,
            Self::Welcome { .. }
            | Self::Ack { .. }
            | Self::Failed { .. }
            | Self::Typing { .. }
            | Self::Stats(_)
            | Self::Draining { .. }
            | Self::Frame(_) => false,
        }
    }

    /// The role a `matched` gives.
    pub fn role(&self) -> Option<Role> {
        match self {
            Self::Matched { facts, .. } => Some(facts.role),
            _ => None,
        }
    }
}

fn words(reason: EndReason) -> &'static str {
    match reason {
        EndReason::YouSkipped => "you_skipped",
        EndReason::PartnerSkipped => "partner_skipped",
        EndReason::YouLeft => "you_left",
        EndReason::PartnerLeft => "partner_left",
        EndReason::PartnerDisconnected => "partner_disconnected",
        EndReason::Moderated => "moderated",
        EndReason::Lost => "lost",
    }
}
