//! The fences that the protocol rests on, each of which can be taken down to see what comes of it.

/// One rule that turns away what is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fence {
    /// A seat takes an offer only for its present search.
    TicketAtOffer,
    /// The store heeds no claim that is older than what it knows of the seat.
    GenerationAtClaim,
    /// Nor a release.
    GenerationAtRelease,
    /// A seat takes a message only of the chat it is in.
    ChatOnDelivery,
    /// A seat ends its chat only when told that this very chat is over.
    ChatOnEnd,
    /// Whoever an offer came to nothing for searches again.
    SearchAfterLapse,
    /// They do so with a new ticket.
    RenewAfterLapse,
    /// A release is sent only while the seat is out of the queue and out of any chat.
    ReleaseOnlyAtRest,
    /// News of a partner's connection is ignored if newer news came first.
    NewestNewsOfPartner,
}

/// All fences, but perhaps one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rules {
    down: Option<Fence>,
}

impl Rules {
    pub(crate) const ALL: Self = Self { down: None };

    pub(crate) fn all_but(fence: Fence) -> Self {
        Self { down: Some(fence) }
    }

    pub(crate) fn has(self, fence: Fence) -> bool {
        self.down != Some(fence)
    }
}
