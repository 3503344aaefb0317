//! Futures that are dropped before their end, as when a caller has waited long enough, or a task is aborted: nobody is left
//! behind whom nobody looks after.
//!
//! What was still to be done is noted for the next [`Chat::reap`], which the deadline that this sets is the time of. Only what a
//! store would have been told is not told; it is asked or told again like one that did not answer.
//!
//! **Architecture Invariant:** a future that comes to its end pays nothing for this.

use crate::chat::Chat;
use crate::ports::Ports;
use crate::seat::{ConnectionNumber, Seat};
use std::sync::Arc;

/// A connection that has its seat, and whose caller has not been told so yet: nobody else could say that it has ended.
pub(super) struct Boarding<'a, P: Ports> {
    chat: &'a Chat<P>,
    seat: &'a Arc<Seat<P>>,
    /// None once it is the caller's.
    connection: Option<ConnectionNumber>,
}

impl<'a, P: Ports> Boarding<'a, P> {
    pub(super) fn begin(chat: &'a Chat<P>, seat: &'a Arc<Seat<P>>, connection: ConnectionNumber) -> Self {
        let connection = Some(connection);
        Self {
            chat,
            seat,
            connection,
        }
    }

    /// From now on the connection is the caller's.
    pub(super) fn end(mut self) {
        self.connection = None;
    }
}

impl<P: Ports> Drop for Boarding<'_, P> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection {
            // As if it had broken: its user may come back with the token that they were told.
            self.chat
                .hang_up(self.seat, connection, self.chat.options.resume_grace);
        }
    }
}

/// A seat that is to be searched for.
pub(super) struct Owed<'a, P: Ports> {
    chat: &'a Chat<P>,
    /// None once it has been.
    seat: Option<&'a Seat<P>>,
}

impl<'a, P: Ports> Owed<'a, P> {
    pub(super) fn search(chat: &'a Chat<P>, seat: &'a Seat<P>) -> Self {
        let seat = Some(seat);
        Self { chat, seat }
    }

    /// It has been searched for.
    pub(super) fn settle(mut self) {
        self.seat = None;
    }
}

impl<P: Ports> Drop for Owed<'_, P> {
    fn drop(&mut self) {
        if let Some(seat) = self.seat {
            self.chat.search_soon(seat);
        }
    }
}

impl<P: Ports> Chat<P> {
    /// Has the next [`Chat::reap`] search for a seat, if it waits and nothing else is planned for it.
    fn search_soon(&self, seat: &Seat<P>) {
        self.change(seat, |book| {
            if book.session.search().is_some() && book.retry_at.is_none() {
                book.retry_at = Some(self.now());
                // The store may have done what nobody waits for any more. With a new ticket, nothing comes of that.
                book.session.renew();
            }
        });
    }
}

#[cfg(test)]
mod tests;
