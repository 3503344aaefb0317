//! The heartbeat: tell the store that this node lives, and learn how many people there are.

use crate::chat::Chat;
use crate::ports::{Delivery, Fact, Flush, PairingStore, Ports, StoreError};
use crate::seat::Seat;
use passerby_domain::notice::Notice;

impl<P: Ports> Chat<P> {
    /// To be called once a second. [`Chat::census`] is at most that old afterwards.
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
            Ok(census) => {
                self.set_census(census);
                Ok(())
            }
            Err(error) => {
                self.note(Fact::StoreFailed);
                Err(error)
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
