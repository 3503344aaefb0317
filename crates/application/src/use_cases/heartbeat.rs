//! The heartbeat: tell the store that this node lives, and learn how many people there are.

use super::CONCURRENCY;
use crate::chat::{Chat, Deployment};
use crate::ports::{Delivery, Fact, Flush, PairingStore, Ports, Release, StoreError, StoreMemory};
use crate::seat::Seat;
use futures_util::stream::{StreamExt, iter};
use passerby_domain::notice::{Notice, Pairing};
use std::sync::Arc;

impl<P: Ports> Chat<P> {
    /// To be called once a second. [`Chat::census`] is at most that old afterwards.
    ///
    /// After a failure of the store nobody knows which of this node's words it has heard, so the first heartbeat that
    /// it answers says all of them again: who waits is searched for anew, and who does not is out of the queue.
    ///
    /// # Errors
    /// [`StoreError`]; the census is then that of before.
    pub async fn heartbeat(&self) -> Result<(), StoreError> {
        self.beat().await?;
        self.catch_up().await;
        Ok(())
    }

    /// The part of [`Chat::heartbeat`] that takes no longer than one question to the store, for nodes whose life hangs on
    /// it. To be called twice a second: a node that is not heard for a second and a half counts as late, and partners of its
    /// users are told that they are away. [`Chat::tend`] does the rest.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn beat(&self) -> Result<(), StoreError> {
        let sent = self.now();
        let answer = self
            .adapters
            .pairing
            .heartbeat(&self.options.node, self.own_census())
            .await;
        self.notice_stall();
        let was_unheard =
            self.options.deployment == Deployment::Shared && self.peerage.was_unheard(self.now());
        if was_unheard {
            self.doubt_ownership();
        }
        match answer {
            Ok(pulse) => {
                self.set_census(pulse.census);
                if was_unheard {
                    // Whoever asked this node for a seat meanwhile had no answer, and may have taken it without.
                    self.peerage.suspect_usurpers(sent);
                    self.verify_soon();
                }
                if pulse.memory != StoreMemory::Kept {
                    self.doubt_what_it_knows();
                }
                self.peerage.renew_lease(sent);
                let news = self.peerage.hear(&pulse.peers, pulse.memory, self.now());
                self.note_in_time(&news.in_time);
                self.note_delay(&news.late);
                self.note_silence(&news.silent);
                for peer in news.back {
                    self.assert_chats(Some(peer));
                }
                Ok(())
            }
            Err(error) => {
                self.note(Fact::StoreFailed);
                self.doubt_what_it_knows();
                let now = self.now();
                let silent = self.peerage.miss(now);
                self.note_silence(&silent);
                if self.is_cut_off() {
                    self.tell_paused();
                }
                Err(error)
            }
        }
    }

    /// Tells the store all again, if it has failed since this was last done.
    pub(crate) async fn catch_up(&self) {
        if self.take_doubt() {
            self.say_all_again().await;
        }
    }

    async fn say_all_again(&self) {
        iter(self.register.all())
            .for_each_concurrent(CONCURRENCY, |seat| async move { self.say_again(&seat).await })
            .await;
    }

    /// Tells the store where a seat stands.
    pub(crate) async fn say_again(&self, seat: &Arc<Seat<P>>) {
        let claimed_by = seat.lock().abroad.as_ref().and_then(|abroad| abroad.claimed_by);
        if let Some(claimed_by) = claimed_by
            && !self.take_back(seat, claimed_by).await
        {
            return;
        }
        let searches = self.change(seat, |book| {
            let searches = book.session.search().is_some();
            // With a new ticket, whatever came of the old one is void.
            searches && book.session.renew().is_some()
        });
        if searches {
            self.seek(seat).await;
        } else if self.options.deployment == Deployment::Shared {
            self.keep(seat).await;
        } else {
            self.release(seat, Release::Rest).await;
        }
    }

    /// Those who wait are told that pairing is out of order, once.
    fn tell_paused(&self) {
        for seat in self.register.all() {
            self.change(&seat, |book| {
                if book.session.wait().is_some() && book.pairing == Pairing::Running {
                    book.pairing = Pairing::Paused;
                    self.announce(&seat, book);
                }
            });
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
