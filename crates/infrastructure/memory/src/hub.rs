//! Local delivery: an outbox for each seat of this node.
//!
//! **Architecture Invariants.** Each outbox has a lock of its own, never held across a wait nor together with
//! another outbox's. There is no list of outboxes: whoever may write to one holds the way to it. What an outbox
//! keeps is bounded, and an idle one owns no buffer.

mod accepted;
mod outbox;
mod ring;

use outbox::Outbox;
use passerby_application::ports::{
    Clock, Delivery, Farewell, Flush, IdHash, OutboxContents, Receipt, Undelivered, Wire,
};
use passerby_domain::id::{ChatId, Seq};
use passerby_domain::notice::{Notice, Replay, Welcome};
use passerby_domain::time::{Millis, Moment};
use std::fmt;
use std::sync::Arc;

/// How much an outbox holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxLimits {
    /// Events that are not yet written.
    pub events: usize,
    /// Bytes that are not yet written.
    pub bytes: usize,
    /// How long an event is kept for a replay after it was written.
    pub retention: Millis,
}

/// All that one outbox holds, written or not, in bytes.
pub const OUTBOX_BYTES: usize = 320 * 1024;

/// What all outboxes of a hub share.
struct Shared<W: Wire, C> {
    limits: OutboxLimits,
    encoder: W::Encoder,
    clock: C,
}

/// Delivers notices to the seats of this node.
pub struct Hub<W: Wire, C> {
    shared: Arc<Shared<W, C>>,
}

/// The way to one outbox.
pub struct LocalRoute<W: Wire, C: Clock>(Arc<Outbox<W, C>>);

impl<W: Wire, C: Clock> Clone for LocalRoute<W, C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<W: Wire, C: Clock> fmt::Debug for LocalRoute<W, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalRoute")
    }
}

impl<W: Wire, C> fmt::Debug for Hub<W, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("limits", &self.shared.limits)
            .finish_non_exhaustive()
    }
}

impl<W: Wire, C: Clock> Hub<W, C> {
    /// A hub whose outboxes have these limits and whose connections speak as `encoder` does.
    pub fn new(limits: OutboxLimits, encoder: W::Encoder, clock: C) -> Self {
        Self {
            shared: Arc::new(Shared {
                limits,
                encoder,
                clock,
            }),
        }
    }
}

impl<W: Wire, C: Clock> Delivery for Hub<W, C> {
    type Wire = W;
    type Route = LocalRoute<W, C>;

    fn open(&self) -> Self::Route {
        LocalRoute(Outbox::open(self.shared.clone()))
    }

    fn unpack(&self, contents: OutboxContents) -> Self::Route {
        LocalRoute(Outbox::unpack(self.shared.clone(), contents))
    }

    fn pack(&self, route: &Self::Route) -> OutboxContents {
        route.0.pack()
    }

    fn attach(&self, route: &Self::Route, wire: Arc<W>, seen: Option<Seq>, welcome: &Welcome<'_>) -> Replay {
        route.0.attach(wire, seen, welcome)
    }

    fn detach(&self, route: &Self::Route) {
        route.0.detach();
    }

    fn post(&self, route: &Self::Route, notice: &Notice<'_>, flush: Flush) {
        route.0.post(notice, flush);
    }

    fn reply(&self, route: &Self::Route, frame: &[u8], flush: Flush) {
        route.0.reply(frame, flush);
    }

    fn deliver(
        &self,
        route: &Self::Route,
        chat: ChatId,
        notice: &Notice<'_>,
        id: Option<IdHash>,
    ) -> Result<Receipt, Undelivered> {
        route.0.deliver(chat, notice, id)
    }

    fn has_placed(&self, route: &Self::Route, chat: ChatId, id: IdHash) -> bool {
        route.0.has_placed(chat, id)
    }

    fn placed(&self, route: &Self::Route, chat: ChatId) -> Vec<IdHash> {
        route.0.placed(chat)
    }

    fn last(&self, route: &Self::Route) -> Seq {
        route.0.last()
    }

    fn flush(&self, route: &Self::Route) {
        route.0.flush();
    }

    fn close(&self, route: &Self::Route, why: Farewell) {
        route.0.close(why);
    }

    fn tidy(&self, route: &Self::Route, now: Moment) {
        route.0.tidy(now);
    }
}
