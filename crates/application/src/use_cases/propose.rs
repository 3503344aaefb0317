//! Pairing across two nodes: each owner has a say, and the store has the last word.
//!
//! ```text
//! seeker's owner                    store                     found one's owner
//!   claim ─────────────────────────▶ both offered, for a second
//!   sets its seat aside ── proposal ──────────────────────────▶ sets its seat aside
//!                                    both in the chat ◀──────── agree
//!   begins the chat ◀────── agreed ──────────────────────────── begins the chat
//! ```
//!
//! Whoever misses an answer asks the store to settle the offer, and does what it says. What the user wants meanwhile
//! waits for that; if the store does not answer either the offer is taken for dead then. A user who simply waits goes on
//! waiting until the store, or the other side's owner, says what came of it.

use crate::book::Book;
use crate::chat::Chat;
use crate::link::{Link, Partner, Remote};
use crate::pending::{Pending, Then, Word};
use crate::ports::{
    Address, Attendance, Delivery, Fact, Flush, Letter, Offer, PairingStore, Peers, Ports, Release, Stranger,
    Verdict,
};
use crate::seat::Seat;
use crate::use_cases::pair::waited;
use passerby_domain::criteria::{Criteria, Mode};
use passerby_domain::id::{ChatId, Incarnation};
use passerby_domain::notice::{ChatFacts, EndReason, Notice, Role};
use passerby_domain::session::{AfterChat, IllegalMove, Left, Presence};
use passerby_domain::time::Millis;
use std::sync::Arc;

/// How soon the store is asked again when it did not answer.
const ASK_AGAIN: Millis = Millis::new(300);

/// What a proposal from another node comes to here.
pub(crate) enum Reply {
    /// The seat is set aside: ask the store.
    Agree,
    /// It is not free for this, but must be looked for again.
    SearchAgain,
    /// It is not free.
    Decline,
}

/// What follows once it is known what came of an offer.
enum Sequel<P: Ports> {
    /// There was no such offer any more.
    Nothing,
    /// The chat has begun.
    Begun,
    /// It has begun and ended at once, as the user wanted; the partner is told why.
    Parted(Partner<P>, EndReason),
    /// The same, and the user is gone.
    Gone(Left<Link<P>>, EndReason),
    /// The seat waits.
    Search,
    /// It is idle, or waits for its user.
    Rest,
}

impl<P: Ports> Chat<P> {
    /// Offers a seat to one on another node. True if that came to nothing and the seat must be looked for again.
    pub(crate) fn propose(&self, seat: &Arc<Seat<P>>, offer: Offer, found: Stranger) -> bool {
        let peers = &self.adapters.peers;
        let owner = found.owner;
        let lapsed = Letter::Lapsed { offer };
        let open = self.adapters.pairing.offer_span();
        self.change(seat, |book| {
            if book.session.offer(offer.seeker.generation, offer.chat).is_err() {
                // Whoever moved the seat on has told the store, which ends the offer.
                let _ = peers.send(owner, &lapsed);
                return false;
            }
            let now = self.now();
            if book.avoidance.until(found.stamp.seat, now).is_some() {
                let _ = peers.send(owner, &lapsed);
                return book.session.withdraw(offer.chat).is_ok();
            }
            let facts = facts(&found, book.criteria.mode, Role::Initiator);
            let proposal = Letter::Proposal {
                offer,
                seeker: Stranger {
                    stamp: offer.seeker,
                    owner: peers.own(),
                    origin: book.origin(seat),
                    lasting_origin: seat.lasting_origin(),
                    common_interests: found.common_interests.clone(),
                    language: found.language,
                },
                mode: book.criteria.mode,
            };
            if peers.send(owner, &proposal).is_err() {
                return book.session.withdraw(offer.chat).is_ok();
            }
            book.retry_at = None;
            book.abroad().pending = Some(Pending::new(offer, found, facts, open, now));
            false
        })
    }

    /// Another node's seat is offered to one of this node.
    pub(crate) fn consider(&self, seat: &Seat<P>, offer: Offer, seeker: Stranger, mode: Mode) -> Reply {
        let open = self.adapters.pairing.offer_span();
        self.change(seat, |book| {
            if book.session.offer(offer.found.generation, offer.chat).is_err() {
                return Reply::Decline;
            }
            let now = self.now();
            let meets = book.avoidance.until(seeker.stamp.seat, now).is_none();
            if !meets || book.criteria.mode != mode {
                return match book.session.withdraw(offer.chat) {
                    Ok(_) => Reply::SearchAgain,
                    Err(_) => Reply::Decline,
                };
            }
            let facts = facts(&seeker, mode, Role::Responder);
            book.retry_at = None;
            book.abroad().pending = Some(Pending::new(offer, seeker, facts, open, now));
            Reply::Agree
        })
    }

    /// Agrees to an offer, and begins the chat if the store says so too.
    pub(crate) async fn agree(&self, seat: &Arc<Seat<P>>, offer: Offer) {
        match self.adapters.pairing.agree(offer).await {
            Ok(verdict) => self.conclude(seat, offer, verdict).await,
            // It may have come to a chat: the seat's deadline asks.
            Err(_) => self.doubt_store(),
        }
    }

    /// Asks the store what came of an offer that nobody says anything about.
    ///
    /// If it does not answer, or may have forgotten the offer, the other side may have begun the chat and cannot be heard
    /// either. A user who simply waits can wait until it is: nobody else could be found meanwhile.
    pub(crate) async fn settle_offer(&self, seat: &Arc<Seat<P>>, offer: Offer) {
        if has_begun_there(seat, offer.chat) {
            return self.conclude(seat, offer, Verdict::Agreed).await;
        }
        match self.adapters.pairing.settle(offer).await {
            Ok(Verdict::Lapsed) if self.may_have_been_forgotten() => {}
            Ok(verdict) => return self.conclude(seat, offer, verdict).await,
            Err(_) => self.doubt_store(),
        }
        let now = self.now();
        let gives_up = self.change(seat, |book| {
            let pending = book
                .pending_mut()
                .filter(|pending| pending.chat() == offer.chat)?;
            // Nor does one who is away wait for an answer.
            let can_wait = matches!(pending.then, Then::GoOn);
            if pending.word == Word::None {
                pending.ask_at = now + ASK_AGAIN;
            }
            Some(pending.give_up_at <= now && !can_wait)
        });
        if gives_up == Some(true) {
            // With a newer ticket, nothing comes of it for this side; the other finds out.
            self.conclude(seat, offer, Verdict::Lapsed).await;
        }
    }

    /// Whether an offer that the store does not know may have come to a chat all the same.
    fn may_have_been_forgotten(&self) -> bool {
        !self.peerage.store_answers() || self.peerage.others_are_being_heard(self.now())
    }

    /// It is known what came of an offer.
    pub(crate) async fn conclude(&self, seat: &Arc<Seat<P>>, offer: Offer, verdict: Verdict) {
        let sequel = self.conclude_now(seat, offer.chat, verdict);
        self.follow(seat, offer.chat, sequel).await;
    }

    /// As [`Self::conclude`], for the part that must happen in the order of letters. What follows is returned.
    pub(crate) fn concluded(
        self: &Arc<Self>,
        seat: Arc<Seat<P>>,
        chat: ChatId,
        verdict: Verdict,
    ) -> impl Future<Output = ()> + Send + use<P> {
        let sequel = self.conclude_now(&seat, chat, verdict);
        let node = self.clone();
        async move { node.follow(&seat, chat, sequel).await }
    }

    fn conclude_now(&self, seat: &Arc<Seat<P>>, chat: ChatId, verdict: Verdict) -> Sequel<P> {
        let sequel = self.change(seat, |book| {
            let Some(mut pending) = book.abroad.as_mut().and_then(|abroad| {
                let is_it = abroad
                    .pending
                    .as_ref()
                    .is_some_and(|pending| pending.chat() == chat);
                is_it.then(|| abroad.pending.take()).flatten()
            }) else {
                return Sequel::Nothing;
            };
            let askers = pending.take_askers();
            let sequel = match verdict {
                Verdict::Agreed => self.begin_pending(seat, book, pending),
                Verdict::Lapsed => {
                    self.note(Fact::OfferLapsed);
                    self.drop_pending(seat, book, pending)
                }
            };
            askers.tell(verdict);
            sequel
        });
        if matches!(sequel, Sequel::Begun) {
            // The partner may have come here since they were on offer.
            self.find_partner_here(seat);
        }
        sequel
    }

    fn begin_pending(&self, seat: &Seat<P>, book: &mut Book<P>, pending: Pending) -> Sequel<P> {
        let (offer, owner, role) = (pending.offer, pending.partner.owner, pending.facts.role);
        let waited = waited(book, self.now());
        let remote = Remote::new(&pending.partner);
        let link = Link::new(Partner::There(Box::new(remote.clone())), pending.facts);
        if !self.enter_chat(offer.chat, seat, book, link) {
            return Sequel::Nothing;
        }
        if role == Role::Responder {
            // Said once for each pair: by the one who was found, whose owner agreed.
            self.note(Fact::Paired { waited });
            let agreed = Letter::Agreed {
                address: Address {
                    chat: offer.chat,
                    from: crate::ports::Stamp {
                        seat: seat.user(),
                        generation: book.session.generation(),
                    },
                    to: offer.seeker.seat,
                },
            };
            // If it is lost the other owner asks the store.
            let _ = self.adapters.peers.send(owner, &agreed);
        }
        match pending.then {
            Then::GoOn | Then::Join(_) => {
                if let Presence::Away { until } = book.session.presence() {
                    let held = until.since(self.now());
                    self.tell_attendance_of(seat, book, &remote, offer.chat, Attendance::Away { held });
                }
                Sequel::Begun
            }
            Then::Leave => {
                self.charge_for_ending(book, self.now());
                let ended = self.end_chat(seat, book, offer.chat, AfterChat::Idle, EndReason::YouLeft);
                self.adapters
                    .delivery
                    .post(&seat.route, &Notice::Idle, Flush::Now);
                match ended {
                    Ok(partner) => Sequel::Parted(partner, EndReason::PartnerLeft),
                    Err(_) => Sequel::Nothing,
                }
            }
            Then::Depart(reason) => match book.session.depart() {
                Ok(left) => Sequel::Gone(left, reason),
                Err(_) => Sequel::Nothing,
            },
        }
    }

    fn drop_pending(&self, seat: &Seat<P>, book: &mut Book<P>, pending: Pending) -> Sequel<P> {
        if pending.facts.role == Role::Initiator {
            // The other seat may be set aside still, or out of the queue without its owner knowing why.
            let lapsed = Letter::Lapsed { offer: pending.offer };
            let _ = self.adapters.peers.send(pending.partner.owner, &lapsed);
        } else {
            let declined = Letter::Declined { offer: pending.offer };
            let _ = self.adapters.peers.send(pending.partner.owner, &declined);
        }
        if book.session.withdraw(pending.chat()).is_err() {
            return Sequel::Nothing;
        }
        match pending.then {
            Then::GoOn => {}
            Then::Join(criteria) => self.rejoin(book, criteria),
            Then::Leave => {
                self.announce_if_due(seat, book);
                if book.session.leave().is_ok() {
                    self.adapters
                        .delivery
                        .post(&seat.route, &Notice::Idle, Flush::Now);
                }
            }
            Then::Depart(reason) => {
                return match book.session.depart() {
                    Ok(left) => Sequel::Gone(left, reason),
                    Err(IllegalMove::Gone) => Sequel::Nothing,
                    Err(_) => Sequel::Rest,
                };
            }
        }
        if book.session.search().is_some() {
            Sequel::Search
        } else {
            Sequel::Rest
        }
    }

    /// Does what a `join` asked for while nobody could say whether there was a chat.
    fn rejoin(&self, book: &mut Book<P>, criteria: Criteria) {
        if book.session.join(self.now()).is_ok() {
            book.criteria = criteria;
            book.retry_at = None;
        }
    }

    async fn follow(&self, seat: &Arc<Seat<P>>, chat: ChatId, sequel: Sequel<P>) {
        match sequel {
            Sequel::Nothing | Sequel::Begun => {}
            Sequel::Parted(partner, told) => {
                self.leave_alone(seat, &partner, chat, told).await;
                // One who has joined again is told of by their search.
                self.rest(seat).await;
                self.seek(seat).await;
            }
            Sequel::Gone(left, told) => self.see_off(seat, left, told).await,
            Sequel::Search => self.seek(seat).await,
            Sequel::Rest => self.release(seat, Release::Rest).await,
        }
    }

    /// The owner of one who was found has agreed. If nothing is on offer any more the partner must not be left in a
    /// chat with nobody.
    pub(crate) fn hear_agreed(&self, from: Incarnation, address: Address) {
        let ended = Letter::Ended {
            address: Address {
                chat: address.chat,
                from: crate::ports::Stamp {
                    seat: address.to,
                    generation: self
                        .register
                        .get(address.to)
                        .map_or_else(Default::default, |seat| seat.lock().session.generation()),
                },
                to: address.from.seat,
            },
            reason: EndReason::Lost,
        };
        let _ = self.adapters.peers.send(from, &ended);
    }
}

/// Whether the other side's owner has said that its user is in the chat.
fn has_begun_there<P: Ports>(seat: &Seat<P>, chat: ChatId) -> bool {
    let book = seat.lock();
    book.pending()
        .is_some_and(|pending| pending.chat() == chat && pending.word == Word::Begun)
}

fn facts(partner: &Stranger, mode: Mode, role: Role) -> ChatFacts {
    ChatFacts {
        common_interests: partner.common_interests.clone(),
        language: partner.language,
        mode,
        role,
    }
}

#[cfg(test)]
mod tests;
