//! Whose a seat is that its user has come back to on this node: another node may have taken it while this one was not heard.
//!
//! What is noted here decides how a connection is closed should that turn out to be so. One that is older than the other node's
//! was replaced. One that came when this node was not heard any more is most likely the only one its client has, who gave up
//! on the other node: it is asked to come again.

use crate::book::{Book, Ownership};
use crate::chat::{Chat, Deployment};
use crate::ports::Ports;
use crate::seat::Seat;
use passerby_domain::time::{Millis, Moment};

/// How long who came back is remembered: longer than it takes to notice that the store does not hear this node, with a question that
/// it does not answer.
pub(crate) const LATELY: Millis = Millis::from_secs(4);

impl<P: Ports> Chat<P> {
    /// Somebody has come back.
    pub(crate) fn note_ownership(&self, seat: &Seat<P>, book: &mut Book<P>, now: Moment) {
        if self.options.deployment == Deployment::Alone {
            return;
        }
        if self.may_be_usurped(now) {
            book.abroad().ownership = Ownership::Doubtful;
            return;
        }
        if let Some(abroad) = &mut book.abroad {
            abroad.ownership = Ownership::Known;
        }
        // The store may have stopped to hear this node already.
        self.comers.note(seat.user(), now, now);
    }

    /// The store has not heard this node for a while: who came back since it last did came back to a node that did not know it
    /// yet.
    pub(crate) fn doubt_ownership(&self) {
        let answered = self.peerage.answered();
        for (user, came) in self.comers.take() {
            if came >= answered
                && let Some(seat) = self.register.get(user)
            {
                seat.lock().abroad().ownership = Ownership::Doubtful;
            }
        }
    }
}
