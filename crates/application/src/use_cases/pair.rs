//! Pairing: look for the partner who fits best, and begin the chat.
//!
//! The store proposes two seats for each other; the chat begins only if both books still say so. A seat that moved
//! on meanwhile (left, dropped, joined anew) has a newer ticket, so the offer dies, and whoever is still waiting
//! with the old ticket gets a new one and searches again.
//!
//! **Architecture Invariant:** this is the only place that takes two books at once.

use crate::book::{Book, Link};
use crate::chat::Chat;
use crate::ports::{Claim, Delivery, Fact, Flush, Identity, Offer, PairingStore, Ports, Seeker, Stamp};
use crate::seat::Seat;
use passerby_domain::criteria::shared_language;
use passerby_domain::id::Generation;
use passerby_domain::notice::{ChatFacts, Notice, Pairing, Role};
use passerby_domain::session::{Announced, IllegalMove};
use passerby_domain::time::{Millis, Moment};
use std::sync::Arc;

/// How soon a search that the store could not answer is made again.
const STORE_RETRY: Millis = Millis::new(500);

/// What became of an offer.
enum Outcome<P: Ports> {
    /// Both are in the chat, at these generations.
    Paired([Stamp; 2]),
    /// Nothing; these still wait, with new tickets, and must be looked for again.
    Lapsed(Vec<Arc<Seat<P>>>),
}

impl<P: Ports> Chat<P> {
    /// Searches for `seat`, and for whoever an offer that came to nothing leaves behind. Does nothing for a seat
    /// that does not wait or whose user is away.
    pub(crate) async fn seek(&self, seat: &Arc<Seat<P>>) {
        let mut next = Some(seat.clone());
        let mut others = Vec::new();
        while let Some(seat) = next {
            if let Some(offer) = self.claim(&seat).await {
                match self.begin(&seat, &offer) {
                    Outcome::Paired(seats) => {
                        if self.adapters.pairing.confirm(offer.chat, seats).await.is_err() {
                            self.note(Fact::StoreFailed);
                        }
                    }
                    Outcome::Lapsed(left_behind) => {
                        self.note(Fact::OfferLapsed);
                        others.extend(left_behind);
                    }
                }
            }
            next = others.pop();
        }
    }

    /// One search. Tells the user that they wait, if nobody was there.
    async fn claim(&self, seat: &Arc<Seat<P>>) -> Option<Offer> {
        let seeker = self.seeker(seat)?;
        let ticket = seeker.stamp.generation;
        match self.promptly(seat, self.adapters.pairing.claim(seeker)).await {
            Ok(Claim::Offered(offer)) => return Some(offer),
            Ok(Claim::Waiting { retry_at }) => self.keep_waiting(seat, ticket, Pairing::Running, retry_at),
            Ok(Claim::Stale) => {}
            Err(_) => {
                self.note(Fact::StoreFailed);
                self.keep_waiting(seat, ticket, Pairing::Paused, Some(self.now() + STORE_RETRY));
            }
        }
        None
    }

    fn seeker(&self, seat: &Seat<P>) -> Option<Seeker> {
        let now = self.now();
        let mut book = seat.lock();
        let wait = *book.session.search()?;
        book.avoidance.forget_ended(now);
        Some(Seeker {
            stamp: Stamp {
                seat: seat.user(),
                generation: wait.ticket,
            },
            origin: seat.origins().exact,
            lasting_origin: seat.origins().lasting,
            criteria: book.criteria.clone(),
            place: wait.place,
            from: wait.from,
            avoid: book.avoidance.in_force(now).copied().collect(),
            chat: self.adapters.identity.chat_id(),
        })
    }

    fn keep_waiting(&self, seat: &Seat<P>, ticket: Generation, pairing: Pairing, retry_at: Option<Moment>) {
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
            book.retry_at = retry_at;
            let news = book.pairing != pairing;
            book.pairing = pairing;
            if news || wait.announced == Announced::Due {
                self.announce(seat, book);
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

    /// Turns an offer into a chat, if both books agree.
    fn begin(&self, seeker: &Arc<Seat<P>>, offer: &Offer) -> Outcome<P> {
        let found = self
            .register
            .get(offer.found.seat)
            .filter(|found| found.user() != seeker.user());
        let Some(found) = found else {
            return Outcome::Lapsed(self.still_searching([(seeker, offer.seeker)]));
        };
        let agreed = self.change_both(seeker, &found, |seeker_book, found_book| {
            let now = self.now();
            // The store asked the lists of a moment ago; one of the two may have blocked the other since.
            if seeker_book.avoidance.until(found.user(), now).is_some()
                || found_book.avoidance.until(seeker.user(), now).is_some()
            {
                return Err(IllegalMove::Stale);
            }
            seeker_book.session.offer(offer.seeker.generation, offer.chat)?;
            if let Err(moved_on) = found_book.session.offer(offer.found.generation, offer.chat) {
                seeker_book.session.withdraw(offer.chat)?;
                return Err(moved_on);
            }
            let waited = [&*seeker_book, &*found_book].map(|book| {
                book.session
                    .wait()
                    .map_or(Millis::ZERO, |wait| now.since(wait.from))
            });
            let [seeker_facts, found_facts] = facts(seeker_book, found_book);
            self.enter(offer, seeker, seeker_book, &found, seeker_facts)?;
            self.enter(offer, &found, found_book, seeker, found_facts)?;
            self.note(Fact::Paired {
                waited: waited[0].max(waited[1]),
            });
            Ok::<_, IllegalMove>(
                [(seeker, &*seeker_book), (&found, &*found_book)].map(|(seat, book)| Stamp {
                    seat: seat.user(),
                    generation: book.session.generation(),
                }),
            )
        });
        match agreed {
            Ok(stamps) => Outcome::Paired(stamps),
            Err(_) => Outcome::Lapsed(self.still_searching([(seeker, offer.seeker), (&found, offer.found)])),
        }
    }

    fn enter(
        &self,
        offer: &Offer,
        seat: &Seat<P>,
        book: &mut Book<P>,
        partner: &Arc<Seat<P>>,
        facts: ChatFacts,
    ) -> Result<(), IllegalMove> {
        let link = Link {
            partner: partner.clone(),
            facts: Box::new(facts),
            partner_away_until: None,
            partner_heard: Generation::default(),
        };
        book.session.confirm(offer.chat, link)?;
        book.retry_at = None;
        book.pairing = Pairing::Running;
        if let Some(chatting) = book.session.chatting() {
            let matched = Notice::Matched {
                chat: offer.chat,
                facts: &chatting.link.facts,
            };
            self.adapters.delivery.post(&seat.route, &matched, Flush::Now);
        }
        Ok(())
    }

    /// Gives a new ticket to those who still wait as they did when the offer was made. A seat that moved on is
    /// looked after by whoever moved it.
    fn still_searching<const N: usize>(&self, seats: [(&Arc<Seat<P>>, Stamp); N]) -> Vec<Arc<Seat<P>>> {
        let mut searching = Vec::new();
        for (seat, stamp) in seats {
            let again = self.change(seat, |book| {
                // An offer that was made and withdrawn has moved the seat on by itself, and by nothing else.
                let own = [stamp.generation, stamp.generation.next().next()];
                book.session
                    .search()
                    .is_some_and(|wait| own.contains(&wait.ticket))
                    && book.session.renew().is_some()
            });
            if again {
                searching.push(seat.clone());
            }
        }
        searching
    }
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
