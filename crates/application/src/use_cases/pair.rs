//! Pairing: look for the partner who fits best, and begin the chat.
//!
//! The store proposes two seats for each other, and takes them for paired; the chat begins only if both books still say so.
//! A seat that moved on meanwhile (left, dropped, joined anew) has a newer ticket, so the offer dies, and the other, if they
//! still wait with the old ticket, gets a new one and searches again: both tell the store what is newer than the offer. If the other seat is on another node its owner has a say:
//! see `propose`.
//!
//! **Architecture Invariant:** this is the only place that takes two books at once.

use crate::book::Book;
use crate::chat::{Chat, Deployment};
use crate::link::{Link, Partner};
use crate::ports::{
    Claim, Delivery, Fact, Flush, Identity, Offer, PairingStore, Ports, Seeker, Stamp, Stranger,
};
use crate::seat::Seat;
use crate::use_cases::interrupted::Owed;
use passerby_domain::criteria::shared_language;
use passerby_domain::id::{ChatId, Generation};
use passerby_domain::notice::{ChatFacts, Notice, Pairing, Role};
use passerby_domain::session::{Announced, Wait};
use passerby_domain::time::{Millis, Moment};
use std::sync::Arc;

/// How soon a search that the store could not answer is made again.
const STORE_RETRY: Millis = Millis::new(500);
/// How soon one whose search the store calls stale searches anew: an offer that it knows of, and this node does not, is
/// over by then.
const STALE_RETRY: Millis = Millis::new(1_200);
/// How long a search may go on until its user is told that they wait, whatever comes of it: half of the time in which the
/// protocol answers.
const UNTOLD: Millis = Millis::new(1_500);
/// How many proposals to other nodes may fail at once before a seat waits a little.
const PROPOSALS: usize = 16;
/// How long it waits then.
const PROPOSAL_RETRY: Millis = Millis::new(200);

/// What a search has found.
enum Found {
    /// Somebody on this node.
    Here(Offer),
    /// Somebody on another.
    There(Offer, Box<Stranger>),
}

/// What became of an offer.
enum Outcome<P: Ports> {
    /// Both are in the chat, as the store has it too.
    Paired,
    /// Nothing; these still wait, with new tickets, and must be looked for again.
    Lapsed(Vec<Arc<Seat<P>>>),
}

impl<P: Ports> Chat<P> {
    /// Searches for `seat`, and for whoever an offer that came to nothing leaves behind. Does nothing for a seat
    /// that does not wait or whose user is away.
    pub(crate) async fn seek(&self, seat: &Arc<Seat<P>>) {
        let mut next = Some(seat.clone());
        let mut others = Vec::new();
        let mut proposals = 0;
        while let Some(seat) = next {
            let owed = Owed::search(self, &seat);
            let found = self.claim(&seat).await;
            owed.settle();
            match found {
                Some(Found::Here(offer)) => match self.begin(&seat, &offer) {
                    Outcome::Paired => {}
                    Outcome::Lapsed(left_behind) => {
                        self.note(Fact::OfferLapsed);
                        others.extend(left_behind);
                    }
                },
                Some(Found::There(offer, found)) => {
                    proposals += 1;
                    if self.propose(&seat, offer, *found) {
                        self.note(Fact::OfferLapsed);
                        if proposals < PROPOSALS {
                            others.push(seat);
                        } else {
                            self.change(&seat, |book| book.retry_at = Some(self.now() + PROPOSAL_RETRY));
                        }
                    }
                }
                None => {}
            }
            next = others.pop();
        }
    }

    /// One search. Tells the user that they wait, if nobody was there.
    async fn claim(&self, seat: &Arc<Seat<P>>) -> Option<Found> {
        let seeker = self.seeker(seat)?;
        let ticket = seeker.stamp.generation;
        match self.promptly(seat, self.adapters.pairing.claim(seeker)).await {
            Ok(Claim::Offered(offer)) => return Some(Found::Here(offer)),
            Ok(Claim::Proposed { offer, found }) => return Some(Found::There(offer, found)),
            Ok(Claim::Waiting { retry_at }) => self.keep_waiting(seat, ticket, Pairing::Running, retry_at),
            Ok(Claim::Stale) => self.note_stale(seat, ticket),
            Err(_) => {
                self.doubt_store();
                // While the store is away nobody has to ask: all are looked for when it is back.
                let is_away = self.options.deployment == Deployment::Shared && !self.peerage.store_answers();
                let retry_at = (!is_away).then(|| self.now() + STORE_RETRY);
                self.keep_waiting(seat, ticket, Pairing::Paused, retry_at);
            }
        }
        None
    }

    /// The store knows of an offer to this very search. Its other side settles it, unless that is lost with its node. Until
    /// then the user has nothing to be told; if it takes longer they wait.
    fn note_stale(&self, seat: &Seat<P>, ticket: Generation) {
        if self.options.deployment == Deployment::Alone {
            return;
        }
        self.change(seat, |book| {
            if book.session.search().is_some_and(|wait| wait.ticket == ticket) {
                let now = self.now();
                book.abroad().stale = Some(ticket);
                book.retry_at = Some(now + STALE_RETRY);
                let is_late =
                    |wait: &Wait| wait.announced == Announced::Due && now.since(wait.from) >= STALE_RETRY;
                if book.session.wait().is_some_and(is_late) {
                    self.announce(seat, book);
                }
            }
        });
        // Or the seat is another node's.
        self.verify_soon();
    }

    /// Tells those that they wait whose search has had no answer for a while, however often it was made: a store that fails
    /// again and again, and is told of them anew each time, answers nothing that is still asked.
    pub(crate) fn tell_untold(&self, now: Moment) {
        for user in self.untold.take_noted_until(now - UNTOLD) {
            let Some(seat) = self.register.get(user) else {
                continue;
            };
            self.change(&seat, |book| {
                if book
                    .session
                    .wait()
                    .is_some_and(|wait| wait.announced == Announced::Due)
                {
                    if !self.peerage.store_answers() {
                        book.pairing = Pairing::Paused;
                    }
                    self.announce(&seat, book);
                }
            });
        }
    }

    fn seeker(&self, seat: &Seat<P>) -> Option<Seeker> {
        let now = self.now();
        let mut book = seat.lock();
        let mut wait = *book.session.search()?;
        if let Some(abroad) = &mut book.abroad {
            abroad.gives_way = None;
        }
        if let Some(stale) = book.abroad.as_mut().and_then(|abroad| abroad.stale.take())
            && stale == wait.ticket
            && book.retry_at.is_none()
        {
            // It has waited for the other side long enough: a newer ticket ends whatever the store knows.
            wait = book.session.renew()?;
        }
        book.avoidance.forget_ended(now);
        if wait.announced == Announced::Due && self.options.deployment == Deployment::Shared {
            self.untold.note(seat.user(), now);
        }
        Some(Seeker {
            stamp: Stamp {
                seat: seat.user(),
                generation: wait.ticket,
            },
            origin: book.origin(seat),
            lasting_origin: seat.lasting_origin(),
            criteria: book.criteria.clone(),
            place: wait.place,
            from: wait.from,
            avoid: book.avoidance.in_force(now).copied().collect(),
            serial: book.tokens.used,
            chat: self.adapters.identity.chat_id(),
        })
    }

    pub(crate) fn keep_waiting(
        &self,
        seat: &Seat<P>,
        ticket: Generation,
        pairing: Pairing,
        retry_at: Option<Moment>,
    ) {
        self.change(seat, |book| {
            // Somebody may have paired the seat since, and told it.
            let Some(wait) = book
                .session
                .search()
                .copied()
                .filter(|wait| wait.ticket == ticket)
            else {
                return;
            };
            // A store whose clock is a little ahead may name a moment that is not yet over here, or just over. Asked at
            // once it would say the same again.
            book.retry_at = retry_at.map(|at| at.max(self.now() + Millis::new(1)));
            let news = book.pairing != pairing;
            book.pairing = pairing;
            if news || wait.announced == Announced::Due {
                self.announce(seat, book);
            }
            if pairing == Pairing::Paused {
                // The store may have done what it did not answer. With a new ticket, nothing comes of that.
                book.session.renew();
            }
        });
    }

    /// Tells the user that they wait.
    pub(crate) fn announce(&self, seat: &Seat<P>, book: &mut Book<P>) {
        if let Some(wait) = book.session.wait().copied() {
            let waiting = self.waiting(book, &wait, self.now());
            self.adapters
                .delivery
                .post(&seat.route, &Notice::Waiting(waiting), Flush::Now);
            book.session.announce(wait.ticket);
        }
    }

    /// Tells the user that they wait, if they were not told yet.
    pub(crate) fn announce_if_due(&self, seat: &Seat<P>, book: &mut Book<P>) {
        if book
            .session
            .wait()
            .is_some_and(|wait| wait.announced == Announced::Due)
        {
            self.announce(seat, book);
        }
    }

    /// Turns an offer into a chat, if both books agree.
    fn begin(&self, seeker: &Arc<Seat<P>>, offer: &Offer) -> Outcome<P> {
        let found = self
            .register
            .get(offer.found.seat)
            .filter(|found| found.user() != seeker.user());
        let Some(found) = found else {
            let searches = self.change(seeker, |book| {
                take(book, offer.seeker, offer.chat) && go_on_waiting(book, offer.chat)
            });
            return Outcome::Lapsed(searches.then(|| seeker.clone()).into_iter().collect());
        };
        let agreed = self.change_both(seeker, &found, |seeker_book, found_book| {
            let taken = [
                take(seeker_book, offer.seeker, offer.chat),
                take(found_book, offer.found, offer.chat),
            ];
            let now = self.now();
            let waited = waited(seeker_book, now).max(waited(found_book, now));
            let [seeker_facts, found_facts] = facts(seeker_book, found_book);
            let begun = taken == [true, true]
                && may_meet((seeker, seeker_book), (&found, found_book), now)
                && self.enter(offer, seeker, seeker_book, &found, seeker_facts)
                && self.enter(offer, &found, found_book, seeker, found_facts);
            if !begun {
                // Only who agreed: one who did not has moved on, and is looked after by whoever moved them. To search
                // for those too would leave two searches at once, each of which spoils the other's offers.
                return Err([
                    taken[0] && go_on_waiting(seeker_book, offer.chat),
                    taken[1] && go_on_waiting(found_book, offer.chat),
                ]);
            }
            self.note(Fact::Paired { waited });
            Ok(())
        });
        match agreed {
            Ok(()) => Outcome::Paired,
            Err(searches) => {
                let seats = [seeker.clone(), found].into_iter().zip(searches);
                Outcome::Lapsed(
                    seats
                        .filter_map(|(seat, searches)| searches.then_some(seat))
                        .collect(),
                )
            }
        }
    }

    fn enter(
        &self,
        offer: &Offer,
        seat: &Seat<P>,
        book: &mut Book<P>,
        partner: &Arc<Seat<P>>,
        facts: ChatFacts,
    ) -> bool {
        let theirs = if seat.user() == offer.seeker.seat {
            offer.found
        } else {
            offer.seeker
        };
        let mut link = Link::new(Partner::Here(partner.clone()), facts);
        // Should either move, it is known to whom letters are sent.
        link.partner_heard = Generation::first_of(theirs.generation.tenure());
        self.enter_chat(offer.chat, seat, book, link)
    }

    /// Puts a seat in the chat that is on offer to it, and tells its user. False if none of that name is.
    pub(crate) fn enter_chat(&self, chat: ChatId, seat: &Seat<P>, book: &mut Book<P>, link: Link<P>) -> bool {
        if book.session.confirm(chat, link).is_err() {
            return false;
        }
        seat.hears_all_from(self.now());
        book.retry_at = None;
        book.forget_chat();
        book.pairing = Pairing::Running;
        if let Some(chatting) = book.session.chatting() {
            let matched = Notice::Matched {
                chat,
                facts: &chatting.link.facts,
            };
            self.adapters.delivery.post(&seat.route, &matched, Flush::Now);
        }
        true
    }
}

/// Takes a seat out of its search for `chat`, if it still is in that search.
fn take<P: Ports>(book: &mut Book<P>, offered: Stamp, chat: ChatId) -> bool {
    book.session.offer(offered.generation, chat).is_ok()
}

/// Nothing comes of `chat`: the seat waits as before, with a new ticket, and must be searched for.
fn go_on_waiting<P: Ports>(book: &mut Book<P>, chat: ChatId) -> bool {
    book.session.withdraw(chat).is_ok()
}

/// Whether neither avoids the other. The store asked the lists of a moment ago; one may have blocked the other since.
fn may_meet<P: Ports>(one: (&Seat<P>, &Book<P>), other: (&Seat<P>, &Book<P>), now: Moment) -> bool {
    let avoids = |book: &Book<P>, seat: &Seat<P>| book.avoidance.until(seat.user(), now).is_some();
    !avoids(one.1, other.0) && !avoids(other.1, one.0)
}

pub(crate) fn waited<P: Ports>(book: &Book<P>, now: Moment) -> Millis {
    let wait = book.session.wait();
    wait.map_or(Millis::ZERO, |wait| now.since(wait.from))
}

/// What each of two is told of the other.
fn facts<P: Ports>(initiator: &Book<P>, responder: &Book<P>) -> [ChatFacts; 2] {
    let (one, other) = (&initiator.criteria, &responder.criteria);
    let facts = |role| ChatFacts {
        common_interests: one.interests.in_common(&other.interests).cloned().collect(),
        language: shared_language(one, other),
        mode: one.mode,
        role,
    };
    [facts(Role::Initiator), facts(Role::Responder)]
}

#[cfg(test)]
mod tests;
