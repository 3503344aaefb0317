//! Errors of the use cases as codes of the protocol: the one place where a client is told why not.

use passerby_application::{
    BlockError, JoinError, LeaveError, MessageError, ReportError, SignalError, SkipError,
};
use passerby_domain::flood::Exhausted;
use passerby_domain::text::TextError;
use passerby_domain::time::Millis;
use passerby_protocol::{ErrorCode, Refusal};

/// Why a command was refused, as the client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) code: ErrorCode,
    pub(crate) retry_after: Option<Millis>,
}

impl Refused {
    pub(crate) const fn new(code: ErrorCode) -> Self {
        Self {
            code,
            retry_after: None,
        }
    }

    const fn rate_limited(retry_after: Millis) -> Self {
        Self {
            code: ErrorCode::RateLimited,
            retry_after: Some(retry_after),
        }
    }

    /// As an event that answers the command with this `id`.
    pub(crate) fn event(self, id: Option<&str>) -> Refusal<'_> {
        Refusal {
            retry_after_ms: self.retry_after.map(Millis::get),
            ..Refusal::new(self.code).answering(id)
        }
    }

    /// Whether a limit refused it.
    pub(crate) fn is_by_limit(self) -> bool {
        self.code == ErrorCode::RateLimited
    }
}

impl From<Exhausted> for Refused {
    fn from(exhausted: Exhausted) -> Self {
        Self::rate_limited(exhausted.retry_after)
    }
}

impl From<JoinError> for Refused {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::AlreadyChatting => Self::new(ErrorCode::AlreadyChatting),
            JoinError::Slowed { retry_after } => Self::rate_limited(retry_after),
            JoinError::Gone => Self::new(ErrorCode::Internal),
        }
    }
}

impl From<MessageError> for Refused {
    fn from(error: MessageError) -> Self {
        match error {
            MessageError::NotChatting => Self::new(ErrorCode::NotChatting),
            MessageError::StaleChat => Self::new(ErrorCode::StaleChat),
            MessageError::RateLimited { retry_after } => Self::rate_limited(retry_after),
            MessageError::Text(TextError::TooLong) => Self::new(ErrorCode::TextTooLong),
            MessageError::Text(TextError::Invalid) => Self::new(ErrorCode::InvalidText),
            MessageError::Rejected => Self::new(ErrorCode::MessageRejected),
            MessageError::Unreachable(_) => Self::new(ErrorCode::PartnerUnreachable),
            MessageError::Unconfirmed => Self::new(ErrorCode::Unconfirmed),
        }
    }
}

impl From<SignalError> for Refused {
    fn from(error: SignalError) -> Self {
        Self::new(match error {
            SignalError::NotChatting => ErrorCode::NotChatting,
            SignalError::StaleChat => ErrorCode::StaleChat,
            SignalError::WrongMode => ErrorCode::InvalidMode,
            SignalError::Unreachable(_) => ErrorCode::PartnerUnreachable,
        })
    }
}

impl From<SkipError> for Refused {
    fn from(error: SkipError) -> Self {
        match error {
            SkipError::NotChatting => Self::new(ErrorCode::NotChatting),
            SkipError::StaleChat => Self::new(ErrorCode::StaleChat),
            SkipError::RateLimited { retry_after } => Self::rate_limited(retry_after),
        }
    }
}

impl From<LeaveError> for Refused {
    fn from(error: LeaveError) -> Self {
        Self::new(match error {
            LeaveError::AlreadyIdle => ErrorCode::AlreadyIdle,
            LeaveError::StaleChat => ErrorCode::StaleChat,
        })
    }
}

impl From<ReportError> for Refused {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::NotChatting => Self::new(ErrorCode::NotChatting),
            ReportError::StaleChat => Self::new(ErrorCode::StaleChat),
            ReportError::TooMany(exhausted) => Self::rate_limited(exhausted.retry_after),
            ReportError::Store(_) => Self::new(ErrorCode::StoreUnavailable),
        }
    }
}

impl From<BlockError> for Refused {
    fn from(error: BlockError) -> Self {
        Self::new(match error {
            BlockError::NotChatting => ErrorCode::NotChatting,
            BlockError::StaleChat => ErrorCode::StaleChat,
            BlockError::Store(_) => ErrorCode::StoreUnavailable,
        })
    }
}
