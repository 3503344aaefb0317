//! Letters: what other nodes say about seats and chats.
//!
//! **Architecture Invariant:** a letter is believed as far as it is about a chat that the reader's seat is in, and from
//! whoever holds the partner. What must happen in the order of letters happens before [`Chat::receive`] returns; what has
//! to ask the store is returned, to be run beside the letters that follow.

use super::consign::book_is_doubtful;
use super::propose::Reply;
use crate::book::Book;
use crate::chat::Chat;
use crate::doorstep::{Door, Left};
use crate::pending::Pending;
use crate::ports::{
    Address, Consignment, Delivery, IdHash, Letter, Offer, Outcome, Peers, Ports, Recollection, Repetition,
    Stamp, Stranger, Verdict,
};
use crate::seat::Seat;
use passerby_domain::criteria::Mode;
use passerby_domain::id::{ChatId, Generation, Incarnation, Tenure, UserId};
use passerby_domain::notice::{EndReason, Notice};
use passerby_domain::session::Presence;
use passerby_domain::time::{Millis, Moment};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

/// What a letter leads to that has to wait for the store. Run it to its end, beside whatever else.
pub type Followup = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How something came for a seat of this node.
#[derive(Clone, Copy)]
pub(crate) struct Arrived<'a> {
    pub(crate) from: Incarnation,
    pub(crate) address: Address,
    /// The tenure of the seat that its sender knew of, if it is said.
    pub(crate) tenure: Option<Tenure>,
    pub(crate) id: Option<IdHash>,
    pub(crate) repetition: &'a Repetition,
}

impl<P: Ports> Chat<P> {
    /// Acts on a letter from another node. Letters of one node are given in the order in which they came. What they
    /// tell users is written by [`Chat::flush_received`]. A node that did not run for a while loses them until
    /// it has a lease again.
    pub fn receive(self: &Arc<Self>, from: Incarnation, letter: Letter<'_>) -> Option<Followup> {
        if self.has_stalled() {
            // Whom it is for another node may serve by now, and what is said here they may never read.
            self.notice_stall();
            self.letters_lost();
            return None;
        }
        match letter {
            Letter::Proposal { offer, seeker, mode } => self.receive_proposal(from, offer, seeker, mode),
            Letter::Agreed { address } => self.receive_agreed(from, address),
            Letter::Declined { offer } => self.receive_end_of_offer(offer.seeker.seat, offer),
            Letter::Lapsed { offer } => self.receive_end_of_offer(offer.found.seat, offer),
            Letter::Message {
                address,
                consignment,
                tenure,
                id,
                repetition,
                text,
                at,
            } => {
                let left = || Left {
                    from,
                    address,
                    consignment,
                    tenure,
                    id,
                    repetition: repetition.clone(),
                    text: text.0.into(),
                    at,
                };
                let seat = self.register.get(address.to);
                if seat.is_none() && self.doorstep.leave(address.to, left) == Door::Expecting {
                    return None;
                }
                let chat = address.chat;
                let message = Notice::Message { chat, text, at };
                let arrival = Arrived {
                    from,
                    address,
                    tenure: Some(tenure),
                    id,
                    repetition: &repetition,
                };
                // Where the door is shut, they may be here by now.
                let seat = seat.or_else(|| self.register.get(address.to));
                let outcome = self.place(seat, arrival, &message)?;
                self.acknowledge(from, address, consignment, outcome);
                None
            }
            Letter::Signal {
                address,
                consignment,
                data,
            } => {
                let chat = address.chat;
                self.receive_notice(from, address, &Notice::Signal { chat, data }, Some(consignment))
            }
            Letter::Typing { address, typing } => {
                let chat = address.chat;
                self.receive_notice(from, address, &Notice::Typing { chat, typing }, None)
            }
            Letter::Receipt {
                address,
                consignment,
                outcome,
            } => {
                let seat = self.register.get(address.to)?;
                if self.receive_receipt(&seat, consignment, outcome) {
                    self.flush_later(seat);
                }
                None
            }
            Letter::Presence(assertion) => {
                self.hear(from, assertion);
                None
            }
            Letter::Assertions(assertions) => {
                self.hear_all(from, assertions);
                None
            }
            Letter::Disowned(addresses) => self.receive_disowned(from, &addresses),
            Letter::Ended { address, reason } => self.receive_ended(from, address, reason),
            Letter::Sought { address } => self.receive_sought(address),
            Letter::Barred { seat, against, span } => {
                self.bar_seat(seat, against, self.now() + span);
                None
            }
            Letter::Moved { address, owner } => {
                self.receive_moved(from, address, owner);
                None
            }
            Letter::Kick { user } => {
                let node = self.clone();
                Some(Box::pin(async move {
                    node.kick_from_here(user).await;
                }))
            }
            Letter::Ban(ban) => {
                let node = self.clone();
                Some(Box::pin(async move { node.enforce(&[ban]).await }))
            }
        }
    }

    /// Something that is not sent again. `consignment` is the number under which an answer is wanted, if one is.
    fn receive_notice(
        &self,
        from: Incarnation,
        address: Address,
        notice: &Notice<'_>,
        consignment: Option<Consignment>,
    ) -> Option<Followup> {
        let arrival = Arrived {
            from,
            address,
            tenure: None,
            id: None,
            repetition: &Repetition::No,
        };
        let outcome = self.place(self.register.get(address.to), arrival, notice)?;
        if let Some(consignment) = consignment {
            self.acknowledge(from, address, consignment, outcome);
        }
        None
    }

    /// Writes what letters have told users. To be called at the end of each batch.
    pub fn flush_received(&self) {
        let told = std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner));
        for seat in told {
            self.flush_own(&seat);
        }
    }

    /// Letters were lost on the way from another node: whoever misses something is asked for it soon.
    pub fn letters_lost(&self) {
        self.letters_lost_at
            .store(self.now().as_millis(), Ordering::Relaxed);
        self.verify_soon();
    }

    pub(crate) fn flush_later(&self, seat: Arc<Seat<P>>) {
        self.told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(seat);
    }

    fn receive_proposal(
        self: &Arc<Self>,
        from: Incarnation,
        offer: Offer,
        seeker: Stranger,
        mode: Mode,
    ) -> Option<Followup> {
        let decline = || {
            // The seeker's owner finds out by itself if this is lost.
            let _ = self.adapters.peers.send(from, &Letter::Declined { offer });
        };
        let Some(seat) = self.register.get(offer.found.seat) else {
            decline();
            return None;
        };
        let node = self.clone();
        match self.consider(&seat, offer, seeker, mode) {
            Reply::Agree => Some(Box::pin(async move { node.agree(&seat, offer).await })),
            Reply::SearchAgain => {
                decline();
                Some(Box::pin(async move { node.seek(&seat).await }))
            }
            Reply::Decline => {
                decline();
                None
            }
        }
    }

    fn receive_agreed(self: &Arc<Self>, from: Incarnation, address: Address) -> Option<Followup> {
        let Some(seat) = self.register.get(address.to) else {
            self.answer_for_absent(from, address);
            return None;
        };
        let (pending, is_in_it) = {
            let book = seat.lock();
            let is_it = |chat: ChatId| chat == address.chat;
            let chatting = book.session.chatting().map(|chatting| chatting.chat);
            (
                book.pending().map(Pending::chat).is_some_and(is_it),
                chatting.is_some_and(is_it),
            )
        };
        if pending {
            return Some(Box::pin(self.concluded(seat, address.chat, Verdict::Agreed)));
        }
        if !is_in_it {
            self.hear_agreed(from, address);
        }
        None
    }

    fn receive_end_of_offer(self: &Arc<Self>, user: UserId, offer: Offer) -> Option<Followup> {
        let seat = self.register.get(user)?;
        let (pending, waits) = {
            let book = seat.lock();
            let pending = book.pending().is_some_and(|pending| pending.chat() == offer.chat);
            let ticket = if user == offer.found.seat {
                offer.found.generation
            } else {
                offer.seeker.generation
            };
            let waits = book.session.search().is_some_and(|wait| wait.ticket == ticket);
            (pending, waits)
        };
        if pending {
            return Some(Box::pin(self.concluded(seat, offer.chat, Verdict::Lapsed)));
        }
        if waits {
            // The store has taken the seat out of the queue, and nobody has set it aside here.
            self.change(&seat, |book| book.session.renew());
            let node = self.clone();
            return Some(Box::pin(async move { node.seek(&seat).await }));
        }
        None
    }

    /// Puts something into the outbox it is for. `None` if that is to be said otherwise.
    pub(crate) fn place(
        &self,
        seat: Option<Arc<Seat<P>>>,
        arrival: Arrived<'_>,
        notice: &Notice<'_>,
    ) -> Option<Outcome> {
        let Arrived {
            from,
            address,
            tenure,
            id,
            repetition,
        } = arrival;
        let Some(seat) = seat else {
            self.answer_for_absent(from, address);
            return Some(Outcome::Refused);
        };
        let (may_be_elsewhere, recollection) = {
            let mut book = seat.lock();
            if !self.is_from_partner(&mut book, from, address) || comes_late(&book, address) {
                return Some(Outcome::Refused);
            }
            if tenure.is_some_and(|tenure| tenure < book.heeds_from()) {
                // It was sent to this node when it held the seat before, and would come behind what was said since. Whoever
                // sent it is to know where it came; of one who is away they hear when they are back.
                let is_here = book.session.presence() == Presence::Here;
                drop(book);
                if is_here {
                    self.assert_chat(&seat);
                }
                return Some(Outcome::Refused);
            }
            self.hears_partner(&seat, &mut book, address.from.generation);
            // Nobody remembers whether it was accepted before; without an answer the sender is told so.
            if id.is_some() && book_is_doubtful(&book, self.now()) {
                return None;
            }
            let is_away = book.session.presence() != Presence::Here;
            let now = self.now();
            let may_be_elsewhere = (is_away && self.may_be_usurped(now)) || self.may_be_mistaken(now);
            (may_be_elsewhere, book.recollection())
        };
        if id.is_some_and(|id| self.comes_behind(&seat, address.chat, id, repetition, recollection)) {
            return Some(Outcome::Refused);
        }
        let delivery = &self.adapters.delivery;
        if delivery.deliver(&seat.route, address.chat, notice, id).is_err() {
            seat.hears_not_all();
            return Some(Outcome::Refused);
        }
        self.flush_later(seat);
        // If another node has taken them meanwhile, what lies here never reaches them.
        (!may_be_elsewhere).then_some(Outcome::Received)
    }

    /// Whether a message that was not received before would come behind one that was sent after it, as far as anybody knows.
    /// `recollection` is that of the seat it is for.
    pub(crate) fn comes_behind(
        &self,
        seat: &Seat<P>,
        chat: ChatId,
        id: IdHash,
        repetition: &Repetition,
        recollection: Recollection,
    ) -> bool {
        let delivery = &self.adapters.delivery;
        let has_placed = |id: IdHash| delivery.has_placed(&seat.route, chat, id);
        match repetition {
            Repetition::No => false,
            // This side has forgotten what it received, and the client has not.
            _ if recollection == Recollection::Lost => !has_placed(id),
            // Whoever sent it has forgotten in which order they were.
            Repetition::Perhaps => {
                !has_placed(id)
                    && !self.hears_in_order(seat)
                    && !delivery.placed(&seat.route, chat).is_empty()
            }
            Repetition::Yes { later } => later.iter().copied().any(has_placed) && !has_placed(id),
        }
    }

    /// Whether whatever has not come from the partner yet was sent after all that has: letters of one node come in their order,
    /// and the loss of one is noticed before the next one is read.
    fn hears_in_order(&self, seat: &Seat<P>) -> bool {
        let lost = Moment::from_millis(self.letters_lost_at.load(Ordering::Relaxed));
        seat.hears_all_since().is_some_and(|since| lost < since)
    }

    pub(crate) fn acknowledge(
        &self,
        to: Incarnation,
        about: Address,
        consignment: Consignment,
        outcome: Outcome,
    ) {
        if to == self.adapters.peers.own() {
            if let Some(seat) = self.register.get(about.from.seat)
                && self.receive_receipt(&seat, consignment, outcome)
            {
                self.flush_own(&seat);
            }
            return;
        }
        let receipt = Letter::Receipt {
            address: answer_to(about, Generation::default()),
            consignment,
            outcome,
        };
        // Without it the sender is told that nobody knows, which is true.
        let _ = self.adapters.peers.send(to, &receipt);
    }

    /// Says what is known of a seat that is not here: that it ended this chat before it went, of which its new owner knows
    /// nothing, or where it is. False if nothing is.
    pub(crate) fn answer_for_absent(&self, from: Incarnation, about: Address) -> bool {
        if let Some(reason) = self.partings.reason(about.chat, about.to) {
            self.end_again(from, answer_to(about, Generation::default()), reason);
            return true;
        }
        self.tell_moved(from, about)
    }

    /// Says where a seat is that is not here any more. False if that is not known.
    fn tell_moved(&self, from: Incarnation, about: Address) -> bool {
        let Some(moved) = self.peerage.moved_to(about.to) else {
            return false;
        };
        let letter = Letter::Moved {
            address: answer_to(about, moved.generation),
            owner: moved.owner,
        };
        let _ = self.adapters.peers.send(from, &letter);
        true
    }

    fn receive_ended(
        self: &Arc<Self>,
        from: Incarnation,
        address: Address,
        reason: EndReason,
    ) -> Option<Followup> {
        let ends = self.end_from_afar(from, address, reason);
        if reason != EndReason::PartnerSkipped {
            return ends;
        }
        // Whoever ended it searches too, and lets the one who is left alone go first.
        let Some(ends) = ends else {
            self.tell_sought(from, address);
            return None;
        };
        let node = self.clone();
        Some(Box::pin(async move {
            ends.await;
            node.tell_sought(from, address);
        }))
    }

    fn end_from_afar(
        self: &Arc<Self>,
        from: Incarnation,
        address: Address,
        reason: EndReason,
    ) -> Option<Followup> {
        let Some(seat) = self.register.get(address.to) else {
            // Not that it has ended the chat too, which would be answered likewise.
            self.tell_moved(from, address);
            return None;
        };
        let pending = seat
            .lock()
            .pending()
            .is_some_and(|pending| pending.chat() == address.chat);
        if pending {
            return Some(Box::pin(self.concluded(seat, address.chat, Verdict::Lapsed)));
        }
        if !self.is_from_partner(&mut seat.lock(), from, address) {
            return None;
        }
        if !self.end_for(&seat, address.chat, reason) {
            return None;
        }
        let node = self.clone();
        Some(Box::pin(async move { node.after_left_alone(&seat).await }))
    }
}

/// The address of an answer.
pub(crate) fn answer_to(about: Address, generation: Generation) -> Address {
    Address {
        chat: about.chat,
        from: Stamp {
            seat: about.to,
            generation,
        },
        to: about.from.seat,
    }
}

/// How long after it was found that a partner's owner does not know a chat it is asked again.
pub(crate) const SECOND_LOOK: Millis = Millis::from_secs(2);

/// Whether the one who said something has been elsewhere since, be they back where they said it: it would come behind what they
/// said meanwhile.
fn comes_late<P: Ports>(book: &Book<P>, address: Address) -> bool {
    let chatting = book.session.chatting();
    chatting.is_some_and(|chatting| address.from.generation.tenure() < chatting.link.partner_heard.tenure())
}

#[cfg(test)]
mod tests;
