//! The codes of refusals and of closes, each with a sentence for people.
//!
//! **Architecture Invariants.** A code's sentence is fixed text: it never holds anything a client sent. The
//! `match`es are exhaustive, so that a new code cannot be left without its word.

use std::fmt;

/// Why a command was refused: the `code` of an `error` event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// Not a JSON object, no `type`, or a field that is missing, of the wrong kind or out of its bounds.
    Malformed,
    /// No command of that `type`.
    UnknownType,
    /// The text has nothing to see in it, or holds control characters.
    InvalidText,
    /// The text has too many characters.
    TextTooLong,
    /// Too many interests, or one that is empty, too long or holds what no interest may hold.
    InvalidInterests,
    /// Not a language tag.
    InvalidLanguage,
    /// No such mode, or a `signal` in a text chat.
    InvalidMode,
    /// The command needs a chat and there is none.
    NotChatting,
    /// The command is for those who do not chat.
    AlreadyChatting,
    /// There is nothing to leave.
    AlreadyIdle,
    /// The command names another chat than the present one.
    StaleChat,
    /// Too many commands, messages or skips; `retry_after_ms` says when to try again.
    RateLimited,
    /// The message was not delivered and never will be.
    PartnerUnreachable,
    /// The message was delivered already or never will be; nobody can say which.
    Unconfirmed,
    /// The store does not answer.
    StoreUnavailable,
    /// An operator has banned this origin.
    Banned,
    /// An operator has removed this user.
    Kicked,
    /// A content rule refused the message.
    MessageRejected,
    /// The `data` of a `signal` is too large.
    TooLarge,
    /// A fault of the server.
    Internal,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 20] = [
        Self::Malformed,
        Self::UnknownType,
        Self::InvalidText,
        Self::TextTooLong,
        Self::InvalidInterests,
        Self::InvalidLanguage,
        Self::InvalidMode,
        Self::NotChatting,
        Self::AlreadyChatting,
        Self::AlreadyIdle,
        Self::StaleChat,
        Self::RateLimited,
        Self::PartnerUnreachable,
        Self::Unconfirmed,
        Self::StoreUnavailable,
        Self::Banned,
        Self::Kicked,
        Self::MessageRejected,
        Self::TooLarge,
        Self::Internal,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownType => "unknown_type",
            Self::InvalidText => "invalid_text",
            Self::TextTooLong => "text_too_long",
            Self::InvalidInterests => "invalid_interests",
            Self::InvalidLanguage => "invalid_language",
            Self::InvalidMode => "invalid_mode",
            Self::NotChatting => "not_chatting",
            Self::AlreadyChatting => "already_chatting",
            Self::AlreadyIdle => "already_idle",
            Self::StaleChat => "stale_chat",
            Self::RateLimited => "rate_limited",
            Self::PartnerUnreachable => "partner_unreachable",
            Self::Unconfirmed => "unconfirmed",
            Self::StoreUnavailable => "store_unavailable",
            Self::Banned => "banned",
            Self::Kicked => "kicked",
            Self::MessageRejected => "message_rejected",
            Self::TooLarge => "too_large",
            Self::Internal => "internal",
        }
    }

    /// What the code means, for people.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Malformed => "the frame is not a valid command",
            Self::UnknownType => "there is no command of that type",
            Self::InvalidText => "the text is empty or holds control characters",
            Self::TextTooLong => "the text is too long",
            Self::InvalidInterests => "these interests are too many, too long or not valid",
            Self::InvalidLanguage => "that is not a language tag",
            Self::InvalidMode => "that does not go with this mode",
            Self::NotChatting => "you are not in a chat",
            Self::AlreadyChatting => "you are in a chat",
            Self::AlreadyIdle => "you are neither waiting nor in a chat",
            Self::StaleChat => "that chat is not your present one",
            Self::RateLimited => "you are too fast, please wait a moment",
            Self::PartnerUnreachable => "your partner could not be reached",
            Self::Unconfirmed => "nobody can say whether this was delivered",
            Self::StoreUnavailable => "the service is out of order, please try again soon",
            Self::Banned => "you have been banned",
            Self::Kicked => "you have been removed by an operator",
            Self::MessageRejected => "the message was refused by a rule of this service",
            Self::TooLarge => "the signal is too large",
            Self::Internal => "something went wrong on our side",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why the server closes a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// 1000: the seat was idle for too long.
    Idle,
    /// 1002: the peer broke the WebSocket protocol.
    ProtocolError,
    /// 1003: a binary frame.
    Unsupported,
    /// 1007: text that is not UTF-8.
    InvalidUtf8,
    /// 1008: too many malformed frames, or limits that were ignored for too long.
    Policy,
    /// 1009: a frame or message over the limit.
    TooBig,
    /// 1011: a fault of the server.
    Internal,
    /// 1012: the node restarts; resume elsewhere.
    Restart,
    /// 1013: the node is overloaded; try again later.
    Overloaded,
    /// 4001: the same seat was resumed on another connection.
    Replaced,
    /// 4003: an operator has banned this origin.
    Banned,
    /// 4005: an operator has removed this user.
    Removed,
    /// 4008: no sign of life from the client.
    NoSignOfLife,
    /// 4010: the client does not read what it is sent; it may resume.
    SlowConsumer,
}

impl CloseCode {
    /// Every code.
    pub const ALL: [Self; 14] = [
        Self::Idle,
        Self::ProtocolError,
        Self::Unsupported,
        Self::InvalidUtf8,
        Self::Policy,
        Self::TooBig,
        Self::Internal,
        Self::Restart,
        Self::Overloaded,
        Self::Replaced,
        Self::Banned,
        Self::Removed,
        Self::NoSignOfLife,
        Self::SlowConsumer,
    ];

    /// The number in the close frame.
    pub const fn number(self) -> u16 {
        match self {
            Self::Idle => 1000,
            Self::ProtocolError => 1002,
            Self::Unsupported => 1003,
            Self::InvalidUtf8 => 1007,
            Self::Policy => 1008,
            Self::TooBig => 1009,
            Self::Internal => 1011,
            Self::Restart => 1012,
            Self::Overloaded => 1013,
            Self::Replaced => 4001,
            Self::Banned => 4003,
            Self::Removed => 4005,
            Self::NoSignOfLife => 4008,
            Self::SlowConsumer => 4010,
        }
    }

    /// The reason in the close frame, for people; it fits the 123 bytes a close frame has for it.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Idle => "idle for too long",
            Self::ProtocolError => "websocket protocol error",
            Self::Unsupported => "binary frames are not supported",
            Self::InvalidUtf8 => "text is not valid utf-8",
            Self::Policy => "too many refused frames",
            Self::TooBig => "frame or message too big",
            Self::Internal => "internal error",
            Self::Restart => "restarting, please reconnect",
            Self::Overloaded => "overloaded, please try again later",
            Self::Replaced => "resumed on another connection",
            Self::Banned => "banned",
            Self::Removed => "removed by an operator",
            Self::NoSignOfLife => "no sign of life",
            Self::SlowConsumer => "not reading fast enough",
        }
    }

    /// Whether a client reconnects by itself after this close, with jittered back-off.
    pub const fn invites_reconnect(self) -> bool {
        match self {
            Self::Internal | Self::Restart | Self::Overloaded | Self::NoSignOfLife | Self::SlowConsumer => {
                true
            }
            Self::Idle
            | Self::ProtocolError
            | Self::Unsupported
            | Self::InvalidUtf8
            | Self::Policy
            | Self::TooBig
            | Self::Replaced
            | Self::Banned
            | Self::Removed => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_codes_share_a_word_or_a_number() {
        let words: HashSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        let numbers: HashSet<_> = CloseCode::ALL.iter().map(|code| code.number()).collect();
        assert_eq!(
            (words.len(), numbers.len()),
            (ErrorCode::ALL.len(), CloseCode::ALL.len())
        );
    }

    #[test]
    fn a_close_reason_fits_its_frame() {
        for code in CloseCode::ALL {
            assert!((1..=123).contains(&code.reason().len()), "{code:?}");
        }
    }

    #[test]
    fn sentences_are_lower_case_and_short() {
        let errors = ErrorCode::ALL.iter().map(|code| code.message());
        let closes = CloseCode::ALL.iter().map(|code| code.reason());
        for sentence in errors.chain(closes) {
            assert_eq!(sentence, sentence.to_lowercase());
            assert!((1..=80).contains(&sentence.len()), "{sentence}");
            assert!(!sentence.ends_with('.'), "{sentence}");
        }
    }

    #[test]
    fn a_client_comes_back_after_the_closes_the_protocol_names_and_no_others() {
        let inviting = CloseCode::ALL.iter().filter(|code| code.invites_reconnect());
        assert_eq!(
            inviting.map(|code| code.number()).collect::<Vec<_>>(),
            [1011, 1012, 1013, 4008, 4010]
        );
    }
}
