//! How the application's words look in JSON, both ways.

use passerby_application::ports::Offence;
use serde::{Deserialize, Serialize};

/// An offence, as the protocol writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reason {
    Spam,
    Harassment,
    Underage,
    Nudity,
    Illegal,
    Other,
}

impl From<Offence> for Reason {
    fn from(offence: Offence) -> Self {
        match offence {
            Offence::Spam => Self::Spam,
            Offence::Harassment => Self::Harassment,
            Offence::Underage => Self::Underage,
            Offence::Nudity => Self::Nudity,
            Offence::Illegal => Self::Illegal,
            Offence::Other => Self::Other,
        }
    }
}

impl From<Reason> for Offence {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Spam => Self::Spam,
            Reason::Harassment => Self::Harassment,
            Reason::Underage => Self::Underage,
            Reason::Nudity => Self::Nudity,
            Reason::Illegal => Self::Illegal,
            Reason::Other => Self::Other,
        }
    }
}
