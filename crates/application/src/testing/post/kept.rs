//! Letters that own what they say, so that they can be kept.

use crate::ports::{Address, Consignment, IdHash, Letter, Repetition};
use passerby_domain::id::Tenure;
use passerby_domain::notice::Secret;
use passerby_domain::time::UnixMillis;

/// A [`Letter`] that borrows nothing.
#[derive(Clone, Debug)]
pub(super) enum KeptLetter {
    Message {
        address: Address,
        consignment: Consignment,
        tenure: Tenure,
        id: Option<IdHash>,
        repetition: Repetition,
        text: String,
        at: UnixMillis,
    },
    Signal {
        address: Address,
        consignment: Consignment,
        data: String,
    },
    /// Any of those that borrow nothing anyway.
    Other(Letter<'static>),
}

impl KeptLetter {
    /// Reads it.
    pub(super) fn with<R>(self, read: impl FnOnce(Letter<'_>) -> R) -> R {
        match self {
            Self::Message {
                address,
                consignment,
                tenure,
                id,
                repetition,
                text,
                at,
            } => read(Letter::Message {
                address,
                consignment,
                tenure,
                id,
                repetition,
                text: Secret(&text),
                at,
            }),
            Self::Signal {
                address,
                consignment,
                data,
            } => read(Letter::Signal {
                address,
                consignment,
                data: Secret(&data),
            }),
            Self::Other(letter) => read(letter),
        }
    }

    /// The name of its kind.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Message { .. } => "message",
            Self::Signal { .. } => "signal",
            Self::Other(letter) => match letter {
                Letter::Proposal { .. } => "proposal",
                Letter::Agreed { .. } => "agreed",
                Letter::Declined { .. } => "declined",
                Letter::Lapsed { .. } => "lapsed",
                Letter::Message { .. } => "message",
                Letter::Signal { .. } => "signal",
                Letter::Typing { .. } => "typing",
                Letter::Receipt { .. } => "receipt",
                Letter::Presence(_) => "presence",
                Letter::Ended { .. } => "ended",
                Letter::Sought { .. } => "sought",
                Letter::Barred { .. } => "barred",
                Letter::Assertions(_) => "assertions",
                Letter::Disowned(_) => "disowned",
                Letter::Moved { .. } => "moved",
                Letter::Kick { .. } => "kick",
                Letter::Ban(_) => "ban",
            },
        }
    }
}

impl From<&Letter<'_>> for KeptLetter {
    fn from(letter: &Letter<'_>) -> Self {
        Self::Other(match letter {
            Letter::Message {
                address,
                consignment,
                tenure,
                id,
                repetition,
                text,
                at,
            } => {
                return Self::Message {
                    address: *address,
                    consignment: *consignment,
                    tenure: *tenure,
                    id: *id,
                    repetition: repetition.clone(),
                    text: text.0.to_owned(),
                    at: *at,
                };
            }
            Letter::Signal {
                address,
                consignment,
                data,
            } => {
                return Self::Signal {
                    address: *address,
                    consignment: *consignment,
                    data: data.0.to_owned(),
                };
            }
            Letter::Proposal { offer, seeker, mode } => Letter::Proposal {
                offer: *offer,
                seeker: seeker.clone(),
                mode: *mode,
            },
            Letter::Agreed { address } => Letter::Agreed { address: *address },
            Letter::Declined { offer } => Letter::Declined { offer: *offer },
            Letter::Lapsed { offer } => Letter::Lapsed { offer: *offer },
            Letter::Typing { address, typing } => Letter::Typing {
                address: *address,
                typing: *typing,
            },
            Letter::Receipt {
                address,
                consignment,
                outcome,
            } => Letter::Receipt {
                address: *address,
                consignment: *consignment,
                outcome: *outcome,
            },
            Letter::Presence(assertion) => Letter::Presence(*assertion),
            Letter::Ended { address, reason } => Letter::Ended {
                address: *address,
                reason: *reason,
            },
            Letter::Sought { address } => Letter::Sought { address: *address },
            Letter::Barred { seat, against, span } => Letter::Barred {
                seat: *seat,
                against: *against,
                span: *span,
            },
            Letter::Assertions(assertions) => Letter::Assertions(assertions.clone()),
            Letter::Disowned(addresses) => Letter::Disowned(addresses.clone()),
            Letter::Moved { address, owner } => Letter::Moved {
                address: *address,
                owner: *owner,
            },
            Letter::Kick { user } => Letter::Kick { user: *user },
            Letter::Ban(ban) => Letter::Ban(*ban),
        })
    }
}
