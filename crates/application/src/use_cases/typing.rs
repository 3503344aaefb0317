//! Typing: a hint that is worth something at once or not at all.

use crate::chat::Chat;
use crate::link::Partner;
use crate::ports::{Address, Delivery, Letter, Peers, Ports, Stamp};
use crate::seat::Seat;
use passerby_domain::flood::Rate;
use passerby_domain::notice::{Notice, Typing};

/// How many hints a second reach the partner, after a burst of as many.
const HINTS_PER_SECOND: u32 = 5;

impl<P: Ports> Chat<P> {
    /// Hints to the partner that the user is typing or stopped. Dropped in silence when it is about another chat, too
    /// frequent, or the partner is away. Written by the next [`Chat::flush`].
    pub fn typing(&self, seat: &Seat<P>, chat: &str, typing: Typing) {
        let now = self.now();
        let mut book = seat.lock();
        let Ok(chatting) = book.present_chat(chat) else {
            return;
        };
        let (chat, partner) = (chatting.chat, chatting.link.partner.clone());
        let rate = Rate::per_second(HINTS_PER_SECOND, HINTS_PER_SECOND);
        if book.typing.take(rate.as_ref(), now).is_err() {
            return;
        }
        // A hint that does not arrive is a hint too many.
        match partner {
            Partner::Here(partner) => {
                let _ = self.adapters.delivery.deliver(
                    &partner.route,
                    chat,
                    &Notice::Typing { chat, typing },
                    None,
                );
            }
            Partner::There(remote) => {
                let from = Stamp {
                    seat: seat.user(),
                    generation: book.session.generation(),
                };
                let to = remote.who.user;
                let hint = Letter::Typing {
                    address: Address { chat, from, to },
                    typing,
                };
                let _ = self.adapters.peers.send(remote.owner, &hint);
            }
        }
    }
}

#[cfg(test)]
mod tests;
