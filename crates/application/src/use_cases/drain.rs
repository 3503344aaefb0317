//! Draining: send everybody away, politely, because this node is going down.

use crate::chat::Chat;
use crate::ports::{Delivery, Farewell, Flush, Ports};
use crate::seat::Seat;
use passerby_domain::notice::Notice;
use passerby_domain::session::Presence;
use passerby_domain::time::Millis;
use std::sync::Arc;

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

    /// Hangs up on a seat's connection, because this node is going away or must not obey its user. The seat is held.
    pub fn send_away(&self, seat: &Seat<P>) {
        self.adapters.delivery.close(&seat.route, Farewell::Restarting);
    }
}

#[cfg(test)]
mod tests;
