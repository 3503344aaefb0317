//! Messages that were refused where their partner was a moment ago: they follow them to where they are now.
//!
//! A node learns that a partner has moved when their former owner says so, and what was on its way there meanwhile is refused.
//! It did not arrive, so it is sent on; unless something that was said later has gone before it, behind which it would come.

use super::consign::Leg;
use crate::book::Book;
use crate::chat::Chat;
use crate::link::Partner;
use crate::ports::{Clock, Delivery, Ports};
use crate::seat::Seat;
use crate::unanswered::{Attempt, Entry, Kept};
use passerby_domain::notice::{Notice, Secret};
use passerby_domain::time::Millis;

/// How long after it was said a message may set out after its partner: it arrives within the two seconds after that, or never,
/// and its user is told by then.
const FOLLOWED: Millis = Millis::new(500);

impl<P: Ports> Chat<P> {
    /// A message was refused since the partner has moved meanwhile. It goes after them, unless something that was said later
    /// went there before; and of one that was sent before by a former owner of its seat it is known there whether it was
    /// received. True if it is on its way again.
    pub(super) fn goes_after(&self, seat: &Seat<P>, book: &mut Book<P>, entry: &Entry) -> bool {
        let Some(Kept { to, text }) = &entry.kept else {
            return false;
        };
        let chatting = book
            .session
            .chatting()
            .filter(|chatting| chatting.chat == entry.chat);
        let has_moved = chatting
            .and_then(|chatting| chatting.link.remote())
            .is_some_and(|remote| remote.owner != *to);
        let keeps_order = book
            .abroad
            .as_ref()
            .is_some_and(|abroad| abroad.unanswered.is_overtaken_by_nothing(entry.order, *to));
        if !has_moved || !keeps_order {
            return false;
        }
        let now = self.now();
        // One that was sent before is worth the time, since nobody else knows what became of it.
        let (in_time, said) = if entry.attempt.is_followed() {
            (true, now)
        } else {
            (now.since(entry.sent) <= FOLLOWED, entry.sent)
        };
        if !in_time {
            return false;
        }
        let leg = Leg::Next {
            order: entry.order,
            said,
            attempt: entry.attempt,
            sendings: entry.sendings,
        };
        self.consign_message(seat, book, entry.id, text, leg, now).is_ok()
    }

    /// A message was refused where the partner was, who has come here meanwhile, and nothing that was said later has. True if
    /// it is placed for them here.
    pub(super) fn arrives_here(&self, book: &mut Book<P>, entry: &Entry) -> bool {
        let (Some(Kept { text, .. }), Some(id), Attempt::First) = (&entry.kept, entry.id, entry.attempt)
        else {
            return false;
        };
        let now = self.now();
        let chatting = book
            .session
            .chatting()
            .filter(|chatting| chatting.chat == entry.chat);
        let Some(Partner::Here(partner)) = chatting
            .filter(|chatting| chatting.link.absence.is_none() || !self.may_be_usurped(now))
            .filter(|_| !self.may_be_mistaken(now))
            .map(|chatting| &chatting.link.partner)
        else {
            return false;
        };
        let partner = partner.clone();
        // What was said later and has come has left word of it.
        if book.refusals.are_for_good(id.hash) {
            return false;
        }
        let message = Notice::Message {
            chat: entry.chat,
            text: Secret(text),
            at: self.adapters.clock.unix(now),
        };
        let placed = self
            .adapters
            .delivery
            .deliver(&partner.route, entry.chat, &message, Some(id.hash));
        if placed.is_err() {
            return false;
        }
        let abroad = book.abroad.as_ref();
        let before = abroad.map(|abroad| abroad.unanswered.said_before(entry.chat, entry.order));
        self.note_overtaken(book, entry.chat, before.unwrap_or_default());
        self.flush_later(partner);
        true
    }

    pub(super) fn has_come_here(&self, book: &Book<P>, entry: &Entry) -> bool {
        let Some((Partner::Here(partner), id)) = book
            .session
            .chatting()
            .map(|chatting| &chatting.link.partner)
            .zip(entry.id)
        else {
            return false;
        };
        self.adapters
            .delivery
            .has_placed(&partner.route, entry.chat, id.hash)
    }
}

#[cfg(test)]
mod tests;
