//! Taking a seat over from another node, because its user has come here.
//!
//! The store decides who owns it; the former owner, if it lives, hands over all there is of it. If it does not, the seat
//! begins again as the store knew it: in its chat, or in its place in the queue, but without its memory.

use super::expected::{Asked, Expected};
use super::hand_over::unpack;
use super::receive::Arrived;
use super::resume::OnItsWay;
use crate::book::{Abroad, Book};
use crate::chat::Chat;
use crate::doorstep::Left;
use crate::link::{Absence, Cause, Link, Partner, Remote};
use crate::ports::{
    Delivery, Dossier, Fact, Flush, Handover, HandoverAnswer, HandoverRequest, IdHash, Lease, OutboxContents,
    Outcome, PairingStore, Peers, Ports, Recollection, Standing, StoreError, Stranger, Taken, TokenSerial,
};
use crate::seat::{ConnectionNumber, Seat};
use passerby_domain::id::{ChatId, Generation, Seq, Tenure, UserId};
use passerby_domain::notice::{ChatFacts, EndReason, Notice, Secret};
use passerby_domain::session::{Announced, Chatting, Session, State, Wait};
use passerby_domain::time::Moment;
use std::sync::Arc;

/// How many numbers are left out where events are lost, for each tenure that the seat has had, so that the client learns that
/// some may be missing. They are more than a former owner, which may still be there, can give before it learns that it has no
/// such seat any more; and if that one had begun with nothing but the client's position, too, its numbers are not given again.
/// A store that forgets its last words, as in a failover, may count a tenure twice: so each beginning leaves out some more, at
/// most as many again, and no other beginning as many.
const LEFT_OUT: u64 = 1 << 20;
/// No client has read so many events. One that says so is numbered on from here, so that numbers stay below 2^53, which every
/// client can hold.
const MOST_SEEN: u64 = 1 << 52;

/// Why a seat of another node does not become one of this node.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TakeOverError {
    /// The store does not answer, or may not be believed.
    #[error("it cannot be found out whether the seat is this node's")]
    Store(#[from] StoreError),
    /// A third node has taken it since.
    #[error("another node has taken the seat since")]
    Outdone,
}

impl<P: Ports> Chat<P> {
    /// Makes a seat that another node holds, or held, one of this node. `None` if there is no such seat any more, or the
    /// token is dead. `came` is when the connection came for which it is taken.
    pub(crate) async fn take_over(
        &self,
        user: UserId,
        serial: TokenSerial,
        seen: Seq,
        came: Moment,
    ) -> Result<Option<Arc<Seat<P>>>, TakeOverError> {
        if self.has_stalled() {
            // Nobody is served here before the store has heard from this node.
            return Err(StoreError::Unavailable(Box::new(OnItsWay)).into());
        }
        let _turn = self.takes.take(user).await;
        let _expected = Expected::new(self, user);
        if let Some(known) = self.came_meanwhile(user) {
            let book = known.lock();
            if book.tokens.accept(serial) {
                drop(book);
                return Ok(Some(known));
            }
            if serial <= book.tokens.latest {
                return Ok(None);
            }
        }
        let asked = Asked::new(self, user);
        let Some(mut taken) = self.adapters.pairing.take(user, serial).await? else {
            asked.settled();
            self.trust_ignorance()?;
            return Ok(None);
        };
        let own = self.adapters.peers.own();
        let went_to = self.peerage.moved_to(user).map(|moved| moved.owner);
        if let Some(owner) = went_to
            && taken.former == own
        {
            // A store that has failed over may have forgotten whose it was last.
            taken.former = owner;
        }
        // Whoever writes to the seat here must not be sent back to where it is coming from.
        self.peerage.note_here(user);
        if taken.former != own {
            self.remains.discard(user);
        }
        let request = HandoverRequest {
            seat: user,
            generation: taken.dossier.stamp.generation,
            seen,
            serial,
            came,
        };
        let answer = match taken.legacy.clone() {
            Some(legacy) => Some(HandoverAnswer::Given(legacy)),
            None if taken.former == own => self.hand_over(own, request),
            // It may not give anything up any more, and asks whose its seats are before it serves anybody again. But where the
            // store was away for all, it may have been no more silent than this node, and have all there is.
            None if taken.lease == Lease::Over && !self.peerage.others_are_being_heard(self.now()) => None,
            None => self.ask_former(&taken, request, went_to).await?,
        };
        let handover = match answer {
            Some(HandoverAnswer::Given(handover)) => Some(handover),
            Some(HandoverAnswer::Stays) => {
                // Where whoever has taken it from this node since finds it.
                self.note_where_it_is(&taken);
                asked.settled();
                return Ok(None);
            }
            Some(HandoverAnswer::Ended) => {
                // The store has it as this node's, and is to know as well.
                asked.settled();
                self.departures.add(taken.dossier.stamp);
                return Ok(None);
            }
            Some(HandoverAnswer::Newer) => {
                // To give it back would take it from whoever has it.
                asked.settled();
                // The store is about to hear whose it is, and the user may be here and nowhere else.
                return Err(StoreError::Unavailable(Box::new(OnItsWay)).into());
            }
            Some(HandoverAnswer::With(_) | HandoverAnswer::Unknown) | None => None,
        };
        // What an owner says of its seat's tokens is newer than what the store knows.
        let handover = match handover {
            Some(handover) if handover.serials.contains(&serial) => Some(handover),
            Some(handover) if serial < handover.serials[1] => {
                // The seat is here now, and nobody may have it with this token: it is held for its user.
                self.settle_in(&taken, Some(&handover), seen, handover.serials);
                asked.settled();
                return Ok(None);
            }
            // A token that the former owner does not know is of one that has had the seat since, whom a store that has
            // lost everything does not know of either: what is handed over is older than what the user was told.
            Some(_) | None => {
                if is_without_its_partner(&taken) {
                    // Those who are asked to try again find it where they come then.
                    self.trust_ignorance()?;
                }
                None
            }
        };
        if handover.is_none() {
            self.look_again_for_partner(&mut taken).await;
        }
        let serials = handover
            .as_ref()
            .map_or([serial, serial], |handover| handover.serials);
        let seat = self.settle_in(&taken, handover.as_deref(), seen, serials);
        asked.settled();
        Ok(seat)
    }

    /// The former owner was asked in vain, which took a while. A partner who was there too may have been taken elsewhere
    /// meanwhile, by a node that knows as little of where this seat is.
    async fn look_again_for_partner(&self, taken: &mut Taken) {
        let Some(partner) = &mut taken.partner else {
            return;
        };
        // Should the store not say, the two find each other when next they are compared.
        if let Ok(Some(location)) = self.adapters.pairing.locate(partner.stamp.seat).await
            && location.owner != partner.owner
        {
            partner.owner = location.owner;
            partner.stamp.generation = Generation::first_of(location.tenure);
        }
    }

    /// The seat, if another connection has brought it here while this one waited for its turn.
    fn came_meanwhile(&self, user: UserId) -> Option<Arc<Seat<P>>> {
        if self.peerage.suspects_usurpers() {
            return None;
        }
        let seat = self.register.get(user)?;
        let is_gone = matches!(seat.lock().session.state(), State::Gone);
        (!is_gone).then_some(seat)
    }

    /// Makes the seat. `None` if a newer word about it is here already.
    fn settle_in(
        &self,
        taken: &Taken,
        handover: Option<&Handover>,
        seen: Seq,
        serials: [TokenSerial; 2],
    ) -> Option<Arc<Seat<P>>> {
        let now = self.now();
        let generation = taken.dossier.stamp.generation;
        let user = taken.dossier.stamp.seat;
        let standing = handover.map_or(taken.dossier.standing, |handover| handover.standing);
        let (state, lost) = self.state_of(taken, handover, standing, generation, now);
        let chat = match &state {
            State::Chatting(chatting) => Some(chatting.chat),
            State::Idle | State::Waiting(_) | State::Offered { .. } | State::Gone => None,
        };
        let contents = match handover {
            Some(handover) => handover.outbox.clone(),
            None => OutboxContents {
                last: self.position_after(seen, generation),
                chat,
                events: Vec::new(),
                placed: Vec::new(),
            },
        };
        let dossier: &Dossier = &taken.dossier;
        let held_until = handover.map_or(now + self.options.resume_grace, |handover| handover.held_until);
        let criteria = handover.map_or(&dossier.criteria, |handover| &handover.criteria);
        let mut book = Book::new(criteria.clone(), now);
        book.session = Session::taken_over(generation, state, held_until);
        book.connection = ConnectionNumber(0);
        [book.tokens.used, book.tokens.latest] = serials;
        let avoid = handover.map_or(&dossier.avoid, |handover| &handover.avoid);
        for avoided in avoid {
            book.avoidance.add(*avoided, now);
        }
        match handover {
            Some(handover) => {
                if handover.recollection == Recollection::Lost {
                    book.abroad = Some(Abroad::restored(now));
                }
                unpack(&mut book, handover);
            }
            None => book.abroad = Some(Abroad::restored(now)),
        }
        let since = handover.and_then(|handover| handover.since);
        let heeds_from = match handover {
            Some(handover) if handover.recollection == Recollection::Whole => {
                handover.stamp.generation.tenure()
            }
            Some(_) | None => generation.tenure().earliest(),
        };
        book.abroad().heeds_from = heeds_from;
        if let Some((wait, since)) = book.session.wait().copied().zip(since) {
            book.abroad().shown = Some((wait.place, since));
        }
        let route = self.adapters.delivery.unpack(contents);
        let seat = Arc::new(Seat::new(
            user,
            [dossier.origin, dossier.lasting_origin],
            route,
            book,
        ));
        if let Some(known) = self.register.get(user) {
            if known.lock().session.generation() >= generation {
                return None;
            }
            self.lose_seat(&known, None);
        }
        self.count_new(&seat, &mut seat.lock());
        if let Some((chat, partner)) = lost {
            self.change(&seat, |book| {
                // They may have parted before the former owner died, and nobody else know of it.
                self.part_from(book, partner);
                let delivery = &self.adapters.delivery;
                let reason = EndReason::Lost;
                delivery.post(&seat.route, &Notice::ChatEnded { chat, reason }, Flush::Later);
                self.note(Fact::ChatEnded(reason));
                self.announce(&seat, book);
            });
        }
        self.peerage.note_here(user);
        let placed = self.doorstep.open(user, |waiting| {
            let placed = self.bring_in(&seat, waiting);
            self.register.insert(seat.clone());
            placed
        });
        self.begin_agreed(&seat, taken, handover);
        self.find_partner_here(&seat);
        let sent = handover.and_then(|handover| handover.partner.as_ref());
        self.meet_partner_here(&seat, sent.map_or(&[], |partner| &partner.sent));
        for (left, outcome) in placed {
            self.acknowledge(left.from, left.address, left.consignment, outcome);
        }
        Some(seat)
    }

    /// The number of the last event of a seat that begins with nothing but its client's position.
    fn position_after(&self, seen: Seq, generation: Generation) -> Seq {
        // By Fibonacci hashing (Knuth, The Art of Computer Programming, 6.4) two that begin at nearly the same time are far
        // from each other.
        let beginning = self.adapters.peers.own().bits() ^ self.now().as_millis();
        let more = beginning.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - LEFT_OUT.trailing_zeros());
        let seen = seen.get().min(MOST_SEEN);
        Seq::new(seen + 2 * LEFT_OUT * (1 + u64::from(generation.tenure().count())) + more)
    }

    /// Places what has come for the seat while it was on its way, and says what is to be answered.
    fn bring_in(&self, seat: &Arc<Seat<P>>, waiting: Vec<Left>) -> Vec<(Left, Outcome)> {
        let placed = waiting.into_iter().filter_map(|left| {
            let message = Notice::Message {
                chat: left.address.chat,
                text: Secret(&left.text),
                at: left.at,
            };
            let arrival = Arrived {
                from: left.from,
                address: left.address,
                tenure: Some(left.tenure),
                id: left.id,
                repetition: &left.repetition,
            };
            let outcome = self.place(Some(seat.clone()), arrival, &message)?;
            Some((left, outcome))
        });
        placed.collect()
    }

    /// Where the seat stands now, and the chat it has lost, if it has, with whom.
    fn state_of(
        &self,
        taken: &Taken,
        handover: Option<&Handover>,
        standing: Standing,
        generation: Generation,
        now: Moment,
    ) -> (State<Link<P>>, Option<(ChatId, UserId)>) {
        let wait = |place, from, announced| {
            State::Waiting(Wait {
                ticket: generation,
                place,
                from,
                announced,
            })
        };
        match standing {
            Standing::Idle => (State::Idle, None),
            Standing::Held { place, from } => (wait(place, from, Announced::Done), None),
            Standing::Chatting {
                chat,
                partner,
                role,
                place,
            } => {
                let link = match (
                    handover.and_then(|handover| handover.partner.as_ref()),
                    &taken.partner,
                ) {
                    (Some(partner), known) => {
                        let mut stranger = partner.stranger.clone();
                        // The store may know of an earlier chat, with somebody else.
                        if let Some(known) = known
                            && known.stamp.seat == stranger.stamp.seat
                            && known.stamp.generation.tenure() > stranger.stamp.generation.tenure()
                        {
                            // They have moved too, and the former owner has not heard of it, or had ended by then.
                            stranger.owner = known.owner;
                            stranger.stamp = known.stamp;
                        }
                        let mut link = Link::new(
                            self.partner(chat, &stranger, &partner.sent),
                            partner.facts.clone(),
                        );
                        link.absence = partner.away_until.map(|until| Absence {
                            until,
                            cause: Cause::Inherited,
                        });
                        link.partner_heard = partner.stranger.stamp.generation;
                        link.partner_recollection = partner.recollection;
                        link
                    }
                    (None, Some(stranger)) => self.found_again(chat, stranger, taken, role, now),
                    (None, None) => return (wait(place, now, Announced::Due), Some((chat, partner))),
                };
                (State::Chatting(Chatting { chat, place, link }), None)
            }
        }
    }

    /// The way to a partner of whom only the store knows.
    fn found_again(
        &self,
        chat: ChatId,
        stranger: &Stranger,
        taken: &Taken,
        role: passerby_domain::notice::Role,
        now: Moment,
    ) -> Link<P> {
        let facts = ChatFacts {
            common_interests: stranger.common_interests.clone(),
            language: stranger.language,
            mode: taken.dossier.criteria.mode,
            role,
        };
        let mut link = Link::new(self.partner(chat, stranger, &[]), facts);
        if stranger.owner == self.adapters.peers.own() {
            return link;
        }
        let is_silent = !self.peerage.seems_alive(stranger.owner);
        // They were on the node that answers no more, or have moved, nobody here knows how: until their owner says that it
        // remembers what it accepted, it does not.
        if is_silent || stranger.owner == taken.former || stranger.stamp.generation.tenure() > Tenure::FIRST {
            link.partner_recollection = Recollection::Lost;
        }
        if is_silent {
            // Both were on the node that died. The partner is awaited as long as this seat was.
            link.absence = Some(Absence {
                until: now + self.options.resume_grace,
                cause: Cause::Silence,
            });
        }
        link
    }

    /// The way to a partner, and what was sent to them in `chat`. Takes the lock of a partner who is here.
    fn partner(&self, chat: ChatId, stranger: &Stranger, sent: &[IdHash]) -> Partner<P> {
        // What is left here of a seat that another node may have taken is nobody's partner. One who has left the chat is not
        // either: its end is to be told, and until then what was sent is not forgotten.
        if stranger.owner == self.adapters.peers.own()
            && !self.peerage.suspects_usurpers()
            && let Some(seat) = self.end_here(stranger.stamp.seat, chat)
        {
            return Partner::Here(seat);
        }
        let mut remote = Remote::new(stranger);
        if remote.owner == self.adapters.peers.own() {
            self.verify_soon();
            if let Some(moved) = self.peerage.moved_to(remote.who.user) {
                // They have left this node while the seat was on its way here.
                remote.owner = moved.owner;
                remote.announced = moved.generation.tenure();
            }
        }
        remote.sent = sent.iter().copied().collect();
        Partner::There(Box::new(remote))
    }

    /// A chat that was on offer to the seat when it was handed over may have begun: the store knows.
    fn begin_agreed(&self, seat: &Arc<Seat<P>>, taken: &Taken, handover: Option<&Handover>) {
        let Some(on_offer) = handover.and_then(|handover| handover.offer.as_ref()) else {
            return;
        };
        let Standing::Chatting { chat, .. } = taken.dossier.standing else {
            return;
        };
        if chat != on_offer.offer.chat {
            return;
        }
        let partner = self.partner(chat, &on_offer.partner.stranger, &[]);
        self.change(seat, |book| {
            let Some(ticket) = book.session.wait().map(|wait| wait.ticket) else {
                return;
            };
            let until = self.now() + self.options.resume_grace;
            // Only one who is here may be offered anything; this was offered before.
            book.session.attach();
            let ticket = book.session.wait().map_or(ticket, |wait| wait.ticket);
            let link = Link::new(partner, on_offer.partner.facts.clone());
            if book.session.offer(ticket, chat).is_ok() {
                self.enter_chat(chat, seat, book, link);
            }
            book.session.drop_connection(until);
        });
    }
}

/// Whether the store knows that the seat is in a chat, but nobody else who is.
fn is_without_its_partner(taken: &Taken) -> bool {
    matches!(taken.dossier.standing, Standing::Chatting { .. }) && taken.partner.is_none()
}

#[cfg(test)]
mod tests;
