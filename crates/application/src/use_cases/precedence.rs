//! Precedence: whoever is left alone is looked for before the one who left them.
//!
//! On one node that is the order of two calls. Where another node holds the partner, whoever ended the chat waits to be looked
//! for until that node says that it has looked for the partner, or for [`COURTESY`]: it may be dead.

use crate::chat::Chat;
use crate::ports::{Address, Letter, Peers, Ports};
use crate::seat::Seat;
use crate::use_cases::Followup;
use crate::use_cases::part::Parted;
use crate::use_cases::receive::answer_to;
use passerby_domain::id::{Generation, Incarnation};
use passerby_domain::time::Millis;
use std::sync::Arc;

/// How long one who ended a chat waits for the partner to be looked for: many times what two letters and a search take.
const COURTESY: Millis = Millis::new(100);

impl<P: Ports> Parted<P> {
    /// The node that looks for the partner, if it is not this one. Nobody looks for one who is away: the store is to hear at once
    /// who has left them.
    pub(crate) fn elsewhere(&self) -> Option<Incarnation> {
        match self {
            Self::Untold(_, _, _, elsewhere) => *elsewhere,
            Self::Told(_) | Self::Nobody => None,
        }
    }
}

impl<P: Ports> Chat<P> {
    /// Looks for a partner for one who ended a chat, after the one who was left alone if `elsewhere` looks for them.
    pub(crate) async fn seek_behind(&self, seat: &Arc<Seat<P>>, elsewhere: Option<Incarnation>) {
        let waits = elsewhere.is_some_and(|owner| self.peerage.seems_alive(owner)) && self.give_way(seat);
        if !waits {
            self.seek(seat).await;
        }
    }

    /// Puts a search off. False if the seat does not search.
    fn give_way(&self, seat: &Seat<P>) -> bool {
        let end = self.now() + COURTESY;
        self.change(seat, |book| {
            let Some(ticket) = book.session.search().map(|wait| wait.ticket) else {
                return false;
            };
            book.abroad().gives_way = Some(ticket);
            book.retry_at = Some(end);
            true
        })
    }

    /// Tells the owner of one who ended a chat that the one who was left alone has been looked for.
    pub(crate) fn tell_sought(&self, to: Incarnation, about: Address) {
        let address = answer_to(about, Generation::default());
        // Without it they wait a little longer.
        let _ = self.adapters.peers.send(to, &Letter::Sought { address });
    }

    /// The partner whom a seat has left has been looked for.
    pub(crate) fn receive_sought(self: &Arc<Self>, address: Address) -> Option<Followup> {
        let seat = self.register.get(address.to)?;
        let is_next = self.change(&seat, |book| {
            let left = book.last_chat.as_ref();
            if left.is_none_or(|left| left.chat != address.chat) {
                return false;
            }
            let ticket = book.session.search().map(|wait| wait.ticket);
            let gives_way = book.abroad.as_mut().and_then(|abroad| abroad.gives_way.take());
            let is_next = gives_way.is_some() && gives_way == ticket;
            if is_next {
                book.retry_at = None;
            }
            is_next
        });
        let node = self.clone();
        is_next.then(|| -> Followup { Box::pin(async move { node.seek(&seat).await }) })
    }
}

#[cfg(test)]
mod tests;
