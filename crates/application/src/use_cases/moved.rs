//! Seats that are another node's by now: those of partners, and those that were here.

use super::presence::attendance;
use super::receive::answer_to;
use crate::book::Ownership;
use crate::chat::Chat;
use crate::link::{Moved, Partner};
use crate::ports::{Address, Anomaly, Assertion, Delivery, Fact, Farewell, Letter, Peers, Ports, Stamp};
use crate::seat::Seat;
use passerby_domain::id::{Generation, Incarnation, Tenure, UserId};
use passerby_domain::session::State;
use std::sync::Arc;

impl<P: Ports> Chat<P> {
    /// A seat that something was said to has another owner.
    pub(crate) fn receive_moved(&self, from: Incarnation, address: Address, owner: Incarnation) {
        let Some(seat) = self.register.get(address.to) else {
            return;
        };
        let moved_here = (owner == self.adapters.peers.own())
            .then(|| self.end_here(address.from.seat, address.chat))
            .flatten();
        let mut book = seat.lock();
        let own = Stamp {
            seat: seat.user(),
            generation: book.session.generation(),
        };
        let to = Address {
            from: own,
            ..answer_to(address, own.generation)
        };
        let attendance = attendance(&book, self.now());
        let recollection = book.recollection();
        if let Some(chatting) = book.session.chatting_mut()
            && chatting.chat == address.chat
            && chatting.link.partner.user() == address.from.seat
        {
            let is_superseded = chatting.link.is_superseded(address.from.generation);
            let Some(remote) = chatting.link.remote_mut() else {
                return;
            };
            if is_superseded {
                if from == remote.owner {
                    // Nor has it whoever was to have it by then: a store may have forgotten that. The next word is believed.
                    remote.announced = Tenure::FIRST;
                    self.verify_soon();
                }
                return;
            }
            if let Some(partner) = moved_here {
                chatting.link.partner = Partner::Here(partner.clone());
                drop(book);
                self.look_at_partner(&seat, &partner, address.chat);
                return;
            }
            // Its new owner asserts itself; until then what is said goes there.
            remote.owner = owner;
            remote.announced = address.from.generation.tenure();
            if owner == self.adapters.peers.own() {
                // It is on the way here, and will find its partner; or it is here, and nothing is known of the chat.
                self.verify_soon();
                return;
            }
            let assertion = Assertion {
                address: to,
                attendance,
                recollection,
            };
            let _ = self.adapters.peers.send(owner, &Letter::Presence(assertion));
            return;
        }
        let tenure = address.from.generation.tenure();
        if let Some(last) = &mut book.last_chat
            && last.chat == address.chat
            && last.followed < tenure
        {
            // The new owner does not know yet that the chat is over.
            last.followed = tenure;
            let ended = Letter::Ended {
                address: to,
                reason: last.told,
            };
            let _ = self.adapters.peers.send(owner, &ended);
        }
    }

    /// A seat that this node held is another node's: it is served no more, and no user is told anything. A partner on this
    /// node writes no more to what is left of it. The new owner may still ask for that.
    pub(crate) fn lose_seat(&self, seat: &Arc<Seat<P>>, to: Option<(Incarnation, Generation)>) {
        let (remains, partner) = self.change(seat, |book| {
            if matches!(book.session.state(), State::Gone) {
                return (None, None);
            }
            let partner = book
                .session
                .chatting()
                .map(|chatting| (chatting.chat, chatting.link.partner.clone()));
            if book
                .abroad
                .as_ref()
                .is_some_and(|abroad| abroad.ownership == Ownership::Doubtful)
            {
                // They came here when another node had taken the seat already, and are nowhere else: they are to come back.
                self.adapters.delivery.close(&seat.route, Farewell::Overloaded);
            }
            // Packing hangs up.
            let remains = self.pack(seat, book);
            book.abroad = None;
            // It is not gone.
            let _ = book.session.depart();
            (Some(remains), partner)
        });
        self.register.remove_this(seat);
        let Some(remains) = remains else { return };
        self.note(Fact::Anomaly(Anomaly::Usurped));
        if let Some((chat, Partner::Here(partner))) = partner {
            // Nobody knows yet who has it.
            let moved = Moved {
                owner: self.adapters.peers.own(),
                generation: Generation::default(),
                at: self.now(),
                came: None,
            };
            self.send_after(&partner, seat, chat, moved, &remains.outbox);
            self.look_for_partner(&partner);
        }
        self.remains.keep(remains, to, self.now());
    }

    /// The seat of `user` is another node's, as the store says.
    pub(crate) fn lose_user(&self, user: UserId) {
        if let Some(seat) = self.register.get(user) {
            self.lose_seat(&seat, None);
        }
    }
}

#[cfg(test)]
mod tests;
