//! The heartbeat: tell the store that this node lives, and learn how many people there are.

use crate::chat::Chat;
use crate::ports::{Delivery, Flush, PairingStore, Ports, Release, StoreError};
use crate::seat::Seat;
use passerby_domain::notice::Notice;

impl<P: Ports> Chat<P> {
    /// To be called once a second. [`Chat::census`] is at most that old afterwards.
    ///
    /// After a failure of the store nobody knows which of this node's words it has heard, so the first heartbeat that
    /// it answers says all of them again: who waits is searched for anew, and who does not is out of the queue.
    ///
    /// # Errors
    /// [`StoreError`]; the census is then that of before.
    pub async fn heartbeat(&self) -> Result<(), StoreError> {
        match self
            .adapters
            .pairing
            .heartbeat(&self.options.node, self.own_census())
            .await
        {
            Ok(pulse) => {
                self.set_census(pulse.census);
                if self.take_doubt() {
                    self.say_all_again().await;
                }
                Ok(())
            }
            Err(error) => {
                self.doubt_store();
                Err(error)
            }
        }
    }

    async fn say_all_again(&self) {
        for seat in self.register.all() {
            let searches = self.change(&seat, |book| {
                let searches = book.session.search().is_some();
                // With a new ticket, whatever came of the old one is void.
                searches && book.session.renew().is_some()
            });
            if searches {
                self.seek(&seat).await;
            } else {
                self.release(&seat, Release::Rest).await;
            }
        }
    }

    /// Forgets what is too old to be replayed to the seat, and gives memory back. To be called now and then.
    pub fn tidy(&self, seat: &Seat<P>) {
        let now = self.now();
        self.adapters.delivery.tidy(&seat.route, now);
        seat.lock().avoidance.forget_ended(now);
    }

    /// Tells a user who is not in a chat how many people there are; written by the next flush. To be called at most
    /// every 5 s.
    pub fn tell_census(&self, seat: &Seat<P>) {
        let chats = seat.lock().session.chatting().is_some();
        if !chats {
            self.adapters
                .delivery
                .post(&seat.route, &Notice::Stats(self.census()), Flush::Later);
        }
    }
}

#[cfg(test)]
mod tests;
