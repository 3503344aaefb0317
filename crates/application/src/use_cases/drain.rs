//! Draining: send everybody away, politely, because this node is going down.

use crate::chat::{Chat, Deployment};
use crate::ports::{Delivery, Farewell, Flush, Ports};
use crate::seat::Seat;
use passerby_domain::notice::Notice;
use passerby_domain::session::Presence;
use passerby_domain::time::Millis;
use std::sync::Arc;

/// Who may go on with the seats of a node that goes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heirs {
    /// Nobody: there is no store that others share, or it does not answer. The seats end with the node.
    None,
    /// Nodes that live, and fetch each seat from this one when its user comes to them.
    Present,
    /// Only nodes that have not begun yet, who find in the store what this one leaves there ([`Chat::bequeath`]).
    ToCome,
}

impl<P: Ports> Chat<P> {
    /// Tells every connection that this node is going away. `delay` says how long each is to wait before it
    /// reconnects. Returns the seats that were told, to be hung up on one by one with [`Chat::send_away`].
    pub fn announce_drain(&self, mut delay: impl FnMut() -> Millis) -> Vec<Arc<Seat<P>>> {
        let mut told = self.register.all();
        told.retain(|seat| seat.lock().session.presence() == Presence::Here);
        for seat in &told {
            let draining = Notice::Draining {
                reconnect_after: delay().get(),
            };
            self.adapters.delivery.post(&seat.route, &draining, Flush::Now);
        }
        told
    }

    /// Who may go on with the seats of this node once nobody is connected to it.
    pub fn heirs(&self) -> Heirs {
        if self.options.deployment == Deployment::Alone || !self.peerage.store_answers() || self.is_cut_off()
        {
            Heirs::None
        } else if self.peerage.heard().is_empty() {
            Heirs::ToCome
        } else {
            Heirs::Present
        }
    }

    /// Hangs up on a seat's connection, because this node is going away or must not obey its user. The seat is held.
    pub fn send_away(&self, seat: &Seat<P>) {
        self.adapters.delivery.close(&seat.route, Farewell::Restarting);
    }
}

#[cfg(test)]
mod tests;
