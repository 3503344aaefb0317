//! How notices reach seats.
#![cfg_attr(
    feature = "testing",
    allow(clippy::ref_option_ref, reason = "the mock borrows what is borrowed already")
)]

use super::IdHash;
use passerby_domain::id::{ChatId, Seq};
use passerby_domain::notice::{Notice, Replay, Welcome};
use passerby_domain::time::Moment;
use std::sync::Arc;

/// What became of a notice for a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It is on the partner's connection, or kept for a partner who is away.
    Placed,
    /// It was there before, under the same id, and was not placed again.
    Repeated,
}

/// A notice was not placed, and never will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// The partner is no longer in that chat.
    #[error("the partner is no longer in that chat")]
    Gone,
    /// The partner's outbox has no room.
    #[error("the partner's outbox is full")]
    Full,
    /// The partner is away, and the notice is only worth something at once.
    #[error("the partner is away")]
    Away,
}

/// When bytes go to the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// At once, with all that was put off before.
    Now,
    /// When somebody flushes: one write for many notices.
    Later,
}

/// What an outbox holds, to be moved to another node.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct OutboxContents {
    /// The number of the last event.
    pub last: Seq,
    /// The chat its seat is in.
    pub chat: Option<ChatId>,
    /// Numbered events that may have to be told again, in order, as they are written.
    pub events: Vec<(Seq, Box<[u8]>)>,
    /// The ids of the messages last placed in the present chat, oldest first.
    pub placed: Vec<IdHash>,
}

impl std::fmt::Debug for OutboxContents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutboxContents")
            .field("last", &self.last)
            .field("events", &self.events.len())
            .finish_non_exhaustive()
    }
}

/// Puts notices into outboxes, in the order of the calls, each outbox under a small lock of its own.
///
/// An outbox numbers what is numbered, keeps it for a replay, and writes to the connection attached to it. It
/// knows the chat its seat is in: [`Notice::Matched`] sets it, [`Notice::ChatEnded`] clears it, and
/// [`Delivery::deliver`] compares it, all under the same lock. So nothing that was meant for one partner reaches
/// the next, and nothing of a chat comes after its end.
///
/// No method waits.
#[cfg_attr(feature = "testing", mockall::automock(type Wire = crate::testing::NoWire; type Route = u64;))]
pub trait Delivery: Send + Sync + 'static {
    /// One client connection.
    type Wire: Send + Sync + 'static;
    /// The way to one seat's outbox; cheap to clone.
    type Route: Clone + Send + Sync + 'static;

    /// Makes an outbox with no connection.
    fn open(&self) -> Self::Route;

    /// Makes an outbox with no connection that goes on where one on another node ended.
    fn unpack(&self, contents: OutboxContents) -> Self::Route;

    /// What the outbox holds. Its connection is hung up on as replaced, and whatever is put into it afterwards is lost:
    /// it is on its way to another node.
    fn pack(&self, route: &Self::Route) -> OutboxContents;

    /// Attaches a connection, hanging up on the one before. The first word on it is `welcome`, with its `replay`
    /// filled in under the outbox's lock; the replay of all after `seen` follows it. Nothing is written before the
    /// next flush.
    ///
    /// Without `seen` the seat is new and nothing is replayed.
    #[allow(clippy::elidable_lifetime_names, reason = "the mock needs the lifetime named")]
    fn attach<'a>(
        &self,
        route: &Self::Route,
        wire: Arc<Self::Wire>,
        seen: Option<Seq>,
        welcome: &Welcome<'a>,
    ) -> Replay;

    /// Takes the connection off; what is numbered is kept from now on.
    fn detach(&self, route: &Self::Route);

    /// Tells a seat something about itself. Always accepted: a connection whose queue is full is cut as a slow
    /// consumer, and what is numbered waits for its return.
    #[allow(clippy::elidable_lifetime_names, reason = "the mock needs the lifetime named")]
    fn post<'a>(&self, route: &Self::Route, notice: &Notice<'a>, flush: Flush);

    /// Sends a frame that the transport made itself (an error, a pong), in order with everything else.
    fn reply(&self, route: &Self::Route, frame: &[u8], flush: Flush);

    /// Puts something of `chat` into the partner's outbox; it is written by the next flush. With an `id`, one of
    /// the last 64 that were placed in this chat is not placed again.
    ///
    /// # Errors
    /// [`Undelivered`]: nothing was placed.
    #[allow(clippy::elidable_lifetime_names, reason = "the mock needs the lifetime named")]
    fn deliver<'a>(
        &self,
        route: &Self::Route,
        chat: ChatId,
        notice: &Notice<'a>,
        id: Option<IdHash>,
    ) -> Result<Receipt, Undelivered>;

    /// Whether the message `id` was placed in this outbox in `chat`, as far as that is remembered.
    fn has_placed(&self, route: &Self::Route, chat: ChatId, id: IdHash) -> bool;

    /// The ids of the messages last placed in this outbox in `chat`, oldest first; none if its seat is not in that chat.
    fn placed(&self, route: &Self::Route, chat: ChatId) -> Vec<IdHash>;

    /// The number of the last event that was put into this outbox; 0 before the first.
    fn last(&self, route: &Self::Route) -> Seq;

    /// Writes what was put off.
    fn flush(&self, route: &Self::Route);

    /// Hangs up on the connection, after what was put off.
    fn close(&self, route: &Self::Route, why: super::Farewell);

    /// Forgets what is too old to be replayed, and gives memory back.
    fn tidy(&self, route: &Self::Route, now: Moment);
}
