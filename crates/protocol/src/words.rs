//! The closed sets of words that fields of frames are made of.
//!
//! **Architecture Invariants.** Each word is spelled once, in its `as_str`; reading compares with what
//! writing says. Words are compared exactly: no case folding, no trimming.

/// What two people use to chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Written messages only.
    Text,
    /// Messages, and a video call set up through `signal`.
    Video,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 2] = [Self::Text, Self::Video];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Video => "video",
        }
    }

    /// The mode that is spelled exactly so.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == word)
    }
}

/// Why somebody is reported, and why an operator bans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReportReason {
    /// Advertising, or the same text again and again.
    Spam,
    /// Insults, threats, unwanted advances.
    Harassment,
    /// The partner seems to be a minor.
    Underage,
    /// Nudity shown unasked.
    Nudity,
    /// Something against the law.
    Illegal,
    /// Anything else; `detail` says what.
    Other,
}

impl ReportReason {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::Spam,
        Self::Harassment,
        Self::Underage,
        Self::Nudity,
        Self::Illegal,
        Self::Other,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spam => "spam",
            Self::Harassment => "harassment",
            Self::Underage => "underage",
            Self::Nudity => "nudity",
            Self::Illegal => "illegal",
            Self::Other => "other",
        }
    }

    /// The reason that is spelled exactly so.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// Why a chat is over, as told to one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// This user skipped or blocked.
    YouSkipped,
    /// The partner skipped or blocked.
    PartnerSkipped,
    /// This user left.
    YouLeft,
    /// The partner left.
    PartnerLeft,
    /// The partner's connection dropped and did not come back in time.
    PartnerDisconnected,
    /// An operator ended it.
    Moderated,
    /// The server that kept the chat lost it.
    Lost,
}

impl EndReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::YouSkipped,
        Self::PartnerSkipped,
        Self::YouLeft,
        Self::PartnerLeft,
        Self::PartnerDisconnected,
        Self::Moderated,
        Self::Lost,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::YouSkipped => "you_skipped",
            Self::PartnerSkipped => "partner_skipped",
            Self::YouLeft => "you_left",
            Self::PartnerLeft => "partner_left",
            Self::PartnerDisconnected => "partner_disconnected",
            Self::Moderated => "moderated",
            Self::Lost => "lost",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mode_and_reason_reads_back_as_itself() {
        for mode in Mode::ALL {
            assert_eq!(Mode::parse(mode.as_str()), Some(mode));
        }
        for reason in ReportReason::ALL {
            assert_eq!(ReportReason::parse(reason.as_str()), Some(reason));
        }
    }

    #[test]
    fn words_are_compared_exactly() {
        for word in ["", "Text", "video ", "audio"] {
            assert_eq!(Mode::parse(word), None);
        }
        for word in ["", "SPAM", "spam ", "boring"] {
            assert_eq!(ReportReason::parse(word), None);
        }
    }
}
