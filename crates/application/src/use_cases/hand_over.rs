//! Handing a seat over to another node, with all there is of it.
//!
//! It is given up unless its owner knows better than the store that it is not to be. From then on this node says nothing about
//! the seat but where it went. Its connection is told that it was replaced; its partner is told nothing, since the new owner
//! speaks for it.

use super::message::MessageError;
use crate::book::{Abroad, Acquaintance, Book};
use crate::chat::Chat;
use crate::link::{Link, Moved, Partner, Remote};
use crate::ports::{
    Belief, Believed, Delivery, Difference, Dossier, Fate, Handover, HandoverAnswer, HandoverLastChat,
    HandoverLimits, HandoverOffer, HandoverPartner, HandoverRequest, OutboxContents, PairingStore, Peers,
    Ports, Stamp, Standing, Stranger, Undelivered,
};
use crate::seat::Seat;
use passerby_domain::id::{ChatId, Incarnation, Seq, Tenure, UserId};
use passerby_domain::session::{Presence, State};
use std::sync::Arc;

/// How much of what a client has processed is handed over, in bytes.
const SEEN_BYTES: usize = 16 * 1024;

impl<P: Ports> Chat<P> {
    /// Gives a seat up to `new_owner`, which the store has made its owner, or what is left of one that is another's
    /// already: whoever asks again is told the same. `None` if it is on its way here, or if the wish is older than the seat.
    ///
    /// A seat is not given up for a dead token: the store takes any that is not older than the last it was told of, and only
    /// the owner knows better. Another may be served by it.
    pub fn hand_over(&self, new_owner: Incarnation, request: HandoverRequest) -> Option<HandoverAnswer> {
        // Whom it hangs up on for that is not told that they are served elsewhere.
        self.notice_stall();
        if self.stays(new_owner, request) {
            return Some(HandoverAnswer::Stays);
        }
        if self.is_newer(request) {
            return Some(HandoverAnswer::Newer);
        }
        let given = self.yield_to(new_owner, request).map(HandoverAnswer::Given);
        given
            .or_else(|| self.endings.knows(request.seat).then_some(HandoverAnswer::Ended))
            .or_else(|| self.refer(new_owner, request.seat))
    }

    /// Whether a seat is here in a later tenure than that in which another node has taken it. The store is told so.
    fn is_newer(&self, request: HandoverRequest) -> bool {
        let Some(seat) = self.register.get(request.seat) else {
            return false;
        };
        let is_newer = {
            let book = seat.lock();
            let is_gone = matches!(book.session.state(), State::Gone);
            !is_gone && request.generation.tenure() < book.session.generation().tenure()
        };
        if !is_newer || self.has_stalled() || self.peerage.suspects_usurpers() {
            return false;
        }
        self.keep_later(&seat);
        true
    }

    /// What one is told who asks for a seat that is not here: a store that has failed over may take this node for its owner
    /// still, or this node has asked for it in vain.
    fn refer(&self, asker: Incarnation, user: UserId) -> Option<HandoverAnswer> {
        if self.register.get(user).is_some() || self.takes.is_taken(user) {
            return None;
        }
        let moved = self.peerage.moved_to(user);
        let owner = moved.map(|moved| moved.owner).filter(|owner| *owner != asker);
        Some(owner.map_or(HandoverAnswer::Unknown, HandoverAnswer::With))
    }

    /// Whether a seat is here and its owner knows that the token is dead. It is taken back from the store then.
    fn stays(&self, asker: Incarnation, request: HandoverRequest) -> bool {
        let Some(seat) = self.register.get(request.seat) else {
            return false;
        };
        if asker == self.adapters.peers.own() || self.has_stalled() || self.peerage.suspects_usurpers() {
            return false;
        }
        let stays = {
            let mut book = seat.lock();
            let is_gone = matches!(book.session.state(), State::Gone);
            let tokens = book.tokens;
            let is_dead = request.serial < tokens.latest && !tokens.accept(request.serial);
            let stays = !is_gone && is_dead && request.generation > book.session.generation();
            if stays {
                book.abroad().claimed_by = Some(asker);
            }
            stays
        };
        if stays {
            self.keep_later(&seat);
        }
        stays
    }

    /// The store has given a seat of this node to one that has no right to it. If it still has it so, the seat becomes this
    /// node's again; unless the store does not answer, nothing more is to be done about it then. True if so.
    pub(crate) async fn take_back(&self, seat: &Arc<Seat<P>>, claimed_by: Incarnation) -> bool {
        let (user, serial) = (seat.user(), seat.lock().tokens.latest);
        let pairing = &self.adapters.pairing;
        let taken = match pairing.locate(user).await {
            Ok(Some(location)) if location.owner == claimed_by => pairing.take(user, serial).await,
            // Whoever has it now asks for it, or it is found when notes are compared.
            Ok(_) => Ok(None),
            Err(error) => Err(error),
        };
        let Ok(taken) = taken else {
            // All is said again when it does.
            self.doubt_store();
            return false;
        };
        self.change(seat, |book| {
            book.abroad().claimed_by = None;
            if let Some(taken) = &taken {
                book.session.give_anew(taken.dossier.stamp.generation);
            }
        });
        if taken.is_some() {
            // What it says to the partner's owner is newer now, too.
            self.assert_chat(seat);
        } else {
            self.verify_soon();
        }
        true
    }

    fn yield_to(&self, new_owner: Incarnation, request: HandoverRequest) -> Option<Box<Handover>> {
        let moved = Moved {
            owner: new_owner,
            generation: request.generation,
            at: self.now(),
            came: Some(request.came),
        };
        let is_elsewhere = new_owner != self.adapters.peers.own();
        let Some(seat) = self.register.get(request.seat) else {
            let mut handover = self
                .remains
                .give(request.seat, new_owner, request.generation, moved.at)?;
            leave_out(&mut handover.outbox.events, request.seen);
            if is_elsewhere {
                self.peerage.note_moved(request.seat, moved);
            }
            return Some(handover);
        };
        let (handover, partner) = self.change(&seat, |book| {
            let is_gone = matches!(book.session.state(), State::Gone);
            if is_gone || request.generation <= book.session.generation() {
                return None;
            }
            let partner = book
                .session
                .chatting()
                .map(|chatting| (chatting.chat, chatting.link.partner.clone()));
            let mut handover = self.pack(&seat, book);
            leave_out(&mut handover.outbox.events, request.seen);
            book.abroad = None;
            // Who takes it over counts it too.
            if let Some(counted) = book.permit.take() {
                self.given_over.keep(counted, moved.at);
            }
            // The deadline goes with the state.
            let _ = book.session.depart();
            Some((handover, partner))
        })?;
        self.register.remove_this(&seat);
        if is_elsewhere {
            self.peerage.note_moved(seat.user(), moved);
        }
        if let Some((chat, Partner::Here(partner))) = partner {
            self.send_after(&partner, &seat, chat, moved, &handover.outbox);
        }
        if is_elsewhere {
            // The answer may be lost.
            let given = Some((new_owner, request.generation));
            self.remains.keep(handover.clone(), given, moved.at);
        }
        Some(Box::new(handover))
    }

    /// The partner of a seat that has gone to another node finds it there.
    pub(super) fn send_after(
        &self,
        partner: &Seat<P>,
        seat: &Arc<Seat<P>>,
        chat: ChatId,
        moved: Moved,
        outbox: &OutboxContents,
    ) {
        self.change(partner, |book| {
            let Some(chatting) = book
                .session
                .chatting_mut()
                .filter(|chatting| chatting.chat == chat)
            else {
                return;
            };
            let is_it = matches!(&chatting.link.partner, Partner::Here(known) if Arc::ptr_eq(known, seat));
            if is_it {
                chatting.link.partner = Partner::There(Box::new(Remote {
                    who: Acquaintance::of(seat),
                    owner: moved.owner,
                    announced: moved.generation.tenure(),
                    disowned: None,
                    sent: outbox.placed.iter().copied().collect(),
                }));
            }
        });
    }

    /// All there is of a seat. Its outbox is empty afterwards.
    pub(super) fn pack(&self, seat: &Seat<P>, book: &mut Book<P>) -> Handover {
        let now = self.now();
        // Who is told nothing more here must find out from what they are owed where they stand.
        self.announce_if_due(seat, book);
        let dossier = self.dossier(seat, book);
        let chatting = book.session.chatting();
        let partner = chatting.map(|chatting| self.pack_partner(chatting.chat, &chatting.link));
        let offer = book.pending().map(|pending| HandoverOffer {
            offer: pending.offer,
            partner: HandoverPartner {
                stranger: pending.partner.clone(),
                facts: pending.facts.clone(),
                away_until: None,
                recollection: crate::ports::Recollection::Whole,
                sent: Vec::new(),
            },
        });
        let last_chat = book.last_chat.as_ref().map(|last| HandoverLastChat {
            chat: last.chat,
            partner: last.partner.user,
            origin: last.partner.origin,
            lasting_origin: last.partner.lasting_origin,
            ended: last.ended,
            told: last.told,
        });
        let held_until = match book.session.presence() {
            Presence::Here => now + self.options.resume_grace,
            Presence::Away { until } => until,
        };
        Handover {
            stamp: dossier.stamp,
            origin: dossier.origin,
            lasting_origin: seat.lasting_origin(),
            criteria: dossier.criteria,
            avoid: dossier.avoid,
            standing: dossier.standing,
            partner,
            offer,
            last_chat,
            serials: [book.tokens.used, book.tokens.latest],
            limits: HandoverLimits {
                messages: book.messages,
                commands: book.commands,
                skips: book.skips,
                typing: book.typing,
                slowed_until: book.slowed_until,
            },
            refused: book.refusals.fates().collect(),
            outbox: self.adapters.delivery.pack(&seat.route),
            held_until,
            since: book.session.wait().map(|wait| self.since(book, wait)),
            recollection: book.recollection(),
        }
    }

    fn pack_partner(&self, chat: ChatId, link: &Link<P>) -> HandoverPartner {
        let who = link.partner.who();
        let (owner, sent) = match &link.partner {
            Partner::Here(partner) => {
                let placed = self.adapters.delivery.placed(&partner.route, chat);
                (self.adapters.peers.own(), placed)
            }
            Partner::There(remote) => (remote.owner, remote.sent.to_vec()),
        };
        HandoverPartner {
            stranger: Stranger {
                stamp: Stamp {
                    seat: who.user,
                    generation: link.partner_heard,
                },
                owner,
                origin: who.origin,
                lasting_origin: who.lasting_origin,
                common_interests: link.facts.common_interests.clone(),
                language: link.facts.language,
            },
            facts: (*link.facts).clone(),
            away_until: link.absence.map(|absence| absence.until),
            recollection: link.partner_recollection,
            sent,
        }
    }

    /// What the store should know of a seat.
    pub(crate) fn dossier(&self, seat: &Seat<P>, book: &Book<P>) -> Dossier {
        let standing = match book.session.state() {
            State::Idle | State::Gone => Standing::Idle,
            State::Waiting(wait) | State::Offered { wait, .. } => Standing::Held {
                place: wait.place,
                from: wait.from,
            },
            State::Chatting(chatting) => Standing::Chatting {
                chat: chatting.chat,
                partner: chatting.link.partner.user(),
                role: chatting.link.facts.role,
                place: chatting.place,
            },
        };
        Dossier {
            stamp: Stamp {
                seat: seat.user(),
                generation: book.session.generation(),
            },
            origin: book.origin(seat),
            lasting_origin: seat.lasting_origin(),
            criteria: book.criteria.clone(),
            avoid: book.avoidance.in_force(self.now()).copied().collect(),
            serial: book.tokens.used,
            standing,
        }
    }

    /// Whether somebody who came for a seat of this node may not have it yet: the answer may be on its way, or lost, so that they
    /// ask again. A node that ends goes on answering until nobody is, at most for as long as it keeps what it handed over. Cancel
    /// safe.
    pub async fn is_still_asked(&self) -> bool {
        let beliefs: Vec<_> = self
            .remains
            .given(self.now())
            .into_iter()
            .map(|stamp| Belief {
                stamp,
                standing: Believed::Resting,
            })
            .collect();
        if beliefs.is_empty() {
            return false;
        }
        // Whoever has one says where it stands, which is more than that it was given.
        match self.adapters.pairing.verify(beliefs).await {
            Ok(differences) => {
                let is_silent = |difference: &Difference| matches!(difference, Difference::Unlike(_));
                differences.iter().any(is_silent)
            }
            Err(_) => true,
        }
    }

    /// Leaves every seat that is still here with the store, since this node ends and nobody has come for them. To be
    /// called once nobody is served any more.
    pub async fn bequeath(&self) {
        use futures_util::stream::{StreamExt, iter};
        let seats = self.register.all();
        iter(seats)
            .for_each_concurrent(super::CONCURRENCY, |seat| async move {
                let packed = self.change(&seat, |book| {
                    if matches!(book.session.state(), State::Gone) {
                        return None;
                    }
                    let partner = book
                        .session
                        .chatting()
                        .map(|chatting| (chatting.chat, chatting.link.partner.clone()));
                    let handover = self.pack(&seat, book);
                    let _ = book.session.depart();
                    Some((handover, partner))
                });
                self.register.remove_this(&seat);
                let Some((handover, partner)) = packed else {
                    return;
                };
                if let Some((chat, Partner::Here(partner))) = partner {
                    // What was placed for this seat is known to the partner from now on, who is packed after it.
                    let moved = Moved {
                        owner: self.adapters.peers.own(),
                        generation: handover.stamp.generation,
                        at: self.now(),
                        came: None,
                    };
                    self.send_after(&partner, &seat, chat, moved, &handover.outbox);
                }
                if self.adapters.pairing.bequeath(handover).await.is_err() {
                    self.doubt_store();
                }
            })
            .await;
    }
}

/// Leaves out events that the client has processed, but for the latest: those who talk a lot would be as much to carry as
/// all they were told in the last minute, and so many may move at once. A client that comes with an older number than
/// before learns that something may be missing.
fn leave_out(events: &mut Vec<(Seq, Box<[u8]>)>, seen: Seq) {
    let mut bytes = 0;
    let last = events.iter().rposition(|(seq, frame)| {
        bytes += if *seq <= seen { frame.len() } else { 0 };
        bytes > SEEN_BYTES
    });
    events.drain(..last.map_or(0, |last| last + 1));
}

/// Makes what a handover says of a seat's limits and of what it met part of its book.
pub(crate) fn unpack<P: Ports>(book: &mut Book<P>, handover: &Handover) {
    book.messages = handover.limits.messages;
    book.commands = handover.limits.commands;
    book.skips = handover.limits.skips;
    book.typing = handover.limits.typing;
    book.slowed_until = handover.limits.slowed_until;
    book.last_chat = handover.last_chat.map(|last| {
        Box::new(crate::book::LastChat {
            chat: last.chat,
            partner: Acquaintance {
                user: last.partner,
                origin: last.origin,
                lasting_origin: last.lasting_origin,
            },
            ended: last.ended,
            told: last.told,
            followed: Tenure::FIRST,
        })
    });
    for &(id, fate) in &handover.refused {
        let why = match fate {
            Fate::Undelivered => MessageError::Unreachable(Undelivered::Gone),
            Fate::Unknown => MessageError::Unconfirmed,
        };
        book.refusals.remember(id, book.connection, why);
    }
}

impl Abroad {
    /// That of a seat which was taken over without its memory.
    pub(crate) fn restored(at: passerby_domain::time::Moment) -> Box<Self> {
        Box::new(Self {
            restored: Some(at),
            ..Self::default()
        })
    }
}

#[cfg(test)]
mod tests;
