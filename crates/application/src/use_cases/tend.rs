//! Tending: what a node that shares its store does beside serving users, so that all agree again after any fault.
//!
//! [`Chat::tick`] is what cannot wait, [`Chat::tend`] what has to ask the store.

use crate::book::DossierState;
use crate::chat::{Chat, Deployment};
use crate::peerage::Run;
use crate::ports::{Anomaly, Belief, Believed, Difference, Fact, PairingStore, Ports, Release, Stamp};
use crate::seat::Seat;
use futures_util::FutureExt as _;
use futures_util::stream::{StreamExt, iter};
use passerby_domain::id::{Generation, UserId};
use passerby_domain::session::{Presence, State};
use passerby_domain::time::Millis;
use std::collections::HashSet;
use std::sync::Arc;

/// How often a node compares what it believes with what the store and the other nodes know.
const VERIFY: Millis = Millis::from_secs(5);
/// How often it does when it has reason to doubt.
const VERIFY_SOON: Millis = Millis::from_secs(1);

impl<P: Ports> Chat<P> {
    /// To be called about four times a second. Tells users of messages of which nobody knows what became; and hangs up on
    /// everybody if this node did not run for a while.
    pub fn tick(&self) {
        let now = self.now();
        if self.peerage.run(now) == Run::Stalled && self.options.deployment == Deployment::Shared {
            self.send_all_away();
        }
        // Until now nobody was obeyed who may be another node's user.
        self.peerage.look(now);
        self.peerage.forget_moved(now);
        self.partings.forget(now);
        self.given_over.forget(now);
        self.endings.forget(now);
        self.returns.forget(now);
        self.comers.forget(now);
        self.reports.forget(now);
        self.remains.forget(now);
        self.tell_untold(now);
        // What was placed for users without a letter's batch, which ends with this.
        self.flush_received();
        for user in self.watchlist.take() {
            if let Some(seat) = self.register.get(user)
                && self.give_up_unanswered(&seat, now)
            {
                self.watchlist.add(user);
            }
        }
    }

    /// This node did not run, and whoever it serves may be served by another since.
    fn send_all_away(&self) {
        for seat in self.register.all() {
            self.send_away(&seat);
        }
        self.doubt_what_it_knows();
        self.peerage.lose_lease(self.now());
        self.verify_soon();
    }

    /// Completes when the store has to be told of a spent token: [`Chat::tend`] is due before its time then, because until
    /// the store knows, the token is as good as ever on another node. Cancel safe; one caller at a time.
    ///
    /// Never while the store does not answer: nothing can be told then.
    pub async fn tend_is_due(&self) {
        if !self.peerage.store_answers() {
            std::future::pending::<()>().await;
        }
        self.to_keep.filled().await;
    }

    /// To be called about four times a second, one call after the other; a call may take as long as the store does. Tells
    /// the store what it has missed, compares notes with it and with the other nodes, and clears up after dead ones.
    pub async fn tend(&self) {
        self.notice_stall();
        if !self.peerage.store_answers() {
            // Whatever is due will be said again when it does.
            return;
        }
        self.catch_up().await;
        self.give_back_what_was_taken_in_vain().await;
        self.give_up_abandoned().await;
        self.give_up_strays();
        iter(self.departures.take())
            .for_each_concurrent(super::CONCURRENCY, |stamp| {
                self.tell_released(stamp, Release::Gone)
            })
            .await;
        self.keep_what_is_due().await;
        let now = self.now();
        if self.peerage.is_time_to_verify(now, VERIFY, VERIFY_SOON) {
            self.assert_chats(None);
            self.look_for_bans().await;
            self.verify().await;
            self.look_for_missing_partners().await;
        }
        if self.peerage.is_time_to_audit(now) {
            self.look_for_strays().await;
        }
        if self.peerage.is_time_to_reap(now) && self.adapters.pairing.reap().await.is_err() {
            self.doubt_store();
        }
    }

    /// The store may have seats as this node's that it does not have: it did not hear of their end, or has forgotten it. They
    /// are given up when nobody has come for them until the end of a grace.
    async fn look_for_strays(&self) {
        let mut after = None;
        loop {
            let Ok(page) = self.adapters.pairing.owned(after).await else {
                self.peerage.audit_failed();
                return self.doubt_store();
            };
            let Some(last) = page.last() else {
                return;
            };
            after = Some(last.seat);
            let until = self.now() + self.options.resume_grace;
            for stamp in page.into_iter().filter(|stamp| self.is_nobodys(stamp.seat)) {
                self.strays.note(stamp, until);
            }
        }
    }

    fn give_up_strays(&self) {
        for stamp in self.strays.take_ended(self.now()) {
            if self.is_nobodys(stamp.seat) {
                self.departures.add(stamp);
            }
        }
    }

    /// Whether a seat is neither here nor on its way here.
    fn is_nobodys(&self, user: UserId) -> bool {
        self.register.get(user).is_none() && !self.takes.is_taken(user)
    }

    /// Seats that this node took, or may have, for users whom it did not serve go back to who had them: that node is asked next,
    /// or serves them all the while and would lose them.
    async fn give_back_what_was_taken_in_vain(&self) {
        iter(self.taken_in_vain.take_ended(self.now()))
            .for_each_concurrent(super::CONCURRENCY, |user| async move {
                // Whoever takes it again after this waits for it. Whoever does now is served, or all this begins anew.
                let Some(_turn) = self.takes.take(user).now_or_never() else {
                    return;
                };
                if self.register.get(user).is_none() && self.adapters.pairing.give_back(user).await.is_err() {
                    self.taken_in_vain.add(user, self.now());
                }
            })
            .await;
    }

    /// Nobody came for seats that this node was given, or may have been given, and does not hold. Those that the store has
    /// as this node's are gone; those that are held elsewhere, as when their former owner told of them again, stay.
    async fn give_up_abandoned(&self) {
        let mut ended = self.abandoned.take_ended(self.now());
        ended.retain(|user| self.is_nobodys(*user));
        if ended.is_empty() {
            return;
        }
        // Whoever believes that a seat has never moved is told since when it is their own.
        let beliefs = ended.iter().map(|&seat| Belief {
            stamp: Stamp {
                seat,
                generation: Generation::default(),
            },
            standing: Believed::Resting,
        });
        let Ok(differences) = self.adapters.pairing.verify(beliefs.collect()).await else {
            self.doubt_store();
            for user in ended {
                self.abandoned.add(user, self.now());
            }
            return;
        };
        for difference in differences {
            if let Difference::Given(stamp) = difference
                && self.is_nobodys(stamp.seat)
            {
                self.departures.add(stamp);
            }
        }
    }

    /// Something may have been lost: compare notes at the next opportunity.
    pub(crate) fn verify_soon(&self) {
        self.peerage.ask_to_verify();
    }

    /// Notes that the store has to be told of a seat that is in no queue.
    pub(crate) fn keep_later(&self, seat: &Seat<P>) {
        if self.options.deployment == Deployment::Alone {
            return;
        }
        let mut book = seat.lock();
        if book.abroad().dossier == DossierState::Kept {
            book.abroad().dossier = DossierState::Due;
            self.to_keep.add(seat.user());
        }
    }

    async fn keep_what_is_due(&self) {
        iter(self.to_keep.take())
            .for_each_concurrent(super::CONCURRENCY, |user| async move {
                if let Some(seat) = self.register.get(user) {
                    let was = std::mem::replace(&mut seat.lock().abroad().dossier, DossierState::Kept);
                    if was == DossierState::Due {
                        self.say_again(&seat).await;
                    }
                }
            })
            .await;
    }

    /// Tells the store what another node would have to know of a seat. One that searches has told it so itself.
    pub(crate) async fn keep(&self, seat: &Seat<P>) {
        let dossier = {
            let book = seat.lock();
            let is_told_otherwise = book.session.search().is_some()
                || book.pending().is_some()
                || matches!(book.session.state(), State::Gone);
            (!is_told_otherwise).then(|| self.dossier(seat, &book))
        };
        if let Some(dossier) = dossier
            && self.adapters.pairing.keep(dossier).await.is_err()
        {
            self.doubt_store();
        }
    }

    async fn verify(&self) {
        let was_unheard = self.peerage.suspects_usurpers();
        self.peerage.look_for_usurpers();
        let seats = self.register.all();
        let beliefs: Vec<_> = seats.iter().filter_map(belief).collect();
        let Ok(differences) = self.adapters.pairing.verify(beliefs).await else {
            return self.doubt_store();
        };
        // Each with the generation as of which this node has to speak of it, if not as before.
        let mut unlike = Vec::new();
        let mut taken = Vec::new();
        for difference in differences {
            match difference {
                Difference::Unlike(user) => unlike.push((user, None)),
                Difference::Given(stamp) | Difference::Ended(stamp) => {
                    unlike.push((stamp.seat, Some(stamp.generation)));
                }
                Difference::Taken(user) => taken.push(user),
            }
        }
        let given_up = self.peerage.note_taken(&taken, self.now());
        let claimed = taken.len();
        // Whoever took a seat while this node was not heard will not ask for it any more.
        let lost = if was_unheard {
            taken
        } else {
            self.win_back(given_up).await
        };
        if !lost.is_empty() {
            let lost: HashSet<_> = lost.iter().copied().collect();
            // A seat that has come back here since notes were compared is another.
            for seat in seats.iter().filter(|seat| lost.contains(&seat.user())) {
                self.lose_seat(seat, None);
            }
        }
        if lost.len() < claimed {
            self.verify_soon();
        }
        iter(unlike)
            .for_each_concurrent(super::CONCURRENCY, |(user, given)| self.put_right(user, given))
            .await;
        self.peerage.found_usurpers();
        if self.peerage.suspects_usurpers() {
            self.verify_soon();
        } else if was_unheard {
            // Who came here meanwhile did not look for a partner who might have been another node's.
            for seat in &seats {
                self.look_for_partner(seat);
            }
        }
    }

    /// The store says that other nodes have these seats, which they have not asked for. Those of nodes that are dead are this
    /// node's again: one that dies between asking the store and asking whom it names has served nobody. The others are lost.
    async fn win_back(&self, seats: Vec<UserId>) -> Vec<UserId> {
        let lost = iter(seats).map(|user| async move {
            let seat = self.register.get(user)?;
            match self.adapters.pairing.locate(user).await {
                Ok(Some(location)) if !self.peerage.seems_alive(location.owner) => {
                    self.take_back(&seat, location.owner).await;
                    None
                }
                Ok(_) => Some(user),
                Err(_) => {
                    self.doubt_store();
                    None
                }
            }
        });
        let lost = lost.buffer_unordered(super::CONCURRENCY);
        lost.filter_map(|lost| async move { lost }).collect().await
    }

    /// The store differs about a seat. The second time, with the seat as it was, it is told again.
    async fn put_right(&self, user: UserId, given: Option<Generation>) {
        if given.is_some() && self.takes.is_taken(user) {
            // Whoever takes it is about to make it anew.
            return;
        }
        let Some(seat) = self.register.get(user) else {
            return;
        };
        let is_twice = {
            let mut book = seat.lock();
            let generation = book.session.generation();
            let before = book.abroad().unlike.replace(generation);
            before == Some(generation)
        };
        if is_twice {
            self.note(Fact::Anomaly(Anomaly::Difference));
            self.change(&seat, |book| {
                book.abroad().unlike = None;
                if let Some(generation) = given {
                    book.session.give_anew(generation);
                }
            });
            self.say_again(&seat).await;
        } else {
            self.verify_soon();
        }
    }
}

fn belief<P: Ports>(seat: &Arc<Seat<P>>) -> Option<Belief> {
    let book = seat.lock();
    let standing = match (book.session.state(), book.session.presence()) {
        // What becomes of an offer is asked for elsewhere.
        (State::Gone | State::Offered { .. }, _) => return None,
        (State::Waiting(_), Presence::Here) => Believed::Waiting,
        (State::Chatting(chatting), _) => Believed::Chatting(chatting.chat),
        (State::Idle | State::Waiting(_), _) => Believed::Resting,
    };
    Some(Belief {
        stamp: Stamp {
            seat: seat.user(),
            generation: book.session.generation(),
        },
        standing,
    })
}

#[cfg(test)]
mod tests;
