//! Reunion: two ends of a chat that are on one node find each other there, however each of them came.
//!
//! An end that thinks of the other as being on the same node hears no letters about it, so it has to look by itself.

use super::CONCURRENCY;
use super::consign::{overtaken, remember_lost};
use super::presence::attendance;
use crate::chat::Chat;
use crate::link::{Cause, Partner, Remote};
use crate::pending::Pending;
use crate::ports::{Address, Delivery, IdHash, Location, PairingStore, Peers, Ports, Recollection, Stamp};
use crate::seat::Seat;
use futures_util::stream::{StreamExt, iter};
use passerby_domain::id::{ChatId, Generation, Tenure, UserId};
use std::sync::Arc;

impl<P: Ports> Chat<P> {
    /// A partner who is thought to be on another node may have come here at the same time. Whichever of the two comes
    /// last finds the other.
    pub(crate) fn find_partner_here(&self, seat: &Arc<Seat<P>>) {
        if self.peerage.suspects_usurpers() {
            // What looks like the partner may be what another node has taken.
            return;
        }
        let Some((chat, user, tenure)) = ({
            let book = seat.lock();
            book.session.chatting().and_then(|chatting| {
                let remote = chatting.link.remote()?;
                let tenure = chatting.link.partner_heard.tenure();
                Some((chatting.chat, remote.who.user, tenure))
            })
        }) else {
            return;
        };
        let Some(partner) = self.register.get(user) else {
            return;
        };
        let generation = {
            let book = partner.lock();
            let is_in_it = book
                .session
                .chatting()
                .is_some_and(|chatting| chatting.chat == chat);
            let generation = book.session.generation();
            if !is_in_it || generation.tenure() < tenure {
                return;
            }
            generation
        };
        self.change(seat, |book| {
            if let Some(chatting) = book.session.chatting_mut()
                && chatting.chat == chat
            {
                chatting.link.partner = Partner::Here(partner.clone());
                // Whoever held the partner before is not believed any more; what can be seen of them here is news.
                let since = Generation::first_of(generation.tenure());
                chatting.link.partner_heard = chatting.link.partner_heard.max(since);
            }
        });
        self.look_at_partner(seat, &partner, chat);
    }

    /// A partner on this node finds the seat here from now on. `sent` is what the seat has sent to them until now.
    pub(crate) fn meet_partner_here(&self, seat: &Arc<Seat<P>>, sent: &[IdHash]) {
        let (chat, partner, generation, recollection) = {
            let book = seat.lock();
            let Some(chatting) = book.session.chatting() else {
                return;
            };
            let Partner::Here(partner) = &chatting.link.partner else {
                return;
            };
            let generation = book.session.generation();
            (chatting.chat, partner.clone(), generation, book.recollection())
        };
        let received = self.adapters.delivery.placed(&seat.route, chat);
        let mut theirs = Recollection::Whole;
        self.change(&partner, |book| {
            let Some(chatting) = book
                .session
                .chatting_mut()
                .filter(|chatting| chatting.chat == chat)
            else {
                return;
            };
            if chatting.link.partner.user() != seat.user() {
                return;
            }
            let lost = match (&mut chatting.link.partner, recollection) {
                (Partner::There(remote), Recollection::Lost) => remote.sent.take(),
                (Partner::There(remote), Recollection::Whole) => overtaken(&remote.sent.to_vec(), &received),
                (Partner::Here(_), _) => Vec::new(),
            };
            chatting.link.partner = Partner::Here(seat.clone());
            chatting.link.partner_heard = chatting.link.partner_heard.max(generation);
            if recollection == Recollection::Lost {
                chatting.link.partner_recollection = Recollection::Lost;
                self.miss_partner(&partner, book);
            }
            remember_lost(book, lost);
            theirs = book.recollection();
        });
        let received = self.adapters.delivery.placed(&partner.route, chat);
        let mut book = seat.lock();
        if theirs == Recollection::Lost {
            if let Some(chatting) = book.session.chatting_mut() {
                chatting.link.partner_recollection = Recollection::Lost;
            }
            // Nobody remembers whether the rest was received.
            let unknown = sent.iter().filter(|id| !received.contains(id));
            remember_lost(&mut book, unknown.copied());
        } else {
            remember_lost(&mut book, overtaken(sent, &received));
        }
        drop(book);
        // The partner learns of this seat's user when they are attached.
        self.look_at_partner(seat, &partner, chat);
    }

    /// Tells a user whether a partner who is on the same node is there. News of that may have been lost on the way to the
    /// node where one of them was before.
    pub(crate) fn look_at_partner(&self, seat: &Seat<P>, partner: &Seat<P>, chat: ChatId) {
        let (generation, attendance) = {
            let book = partner.lock();
            if book
                .session
                .chatting()
                .is_none_or(|chatting| chatting.chat != chat)
            {
                return;
            }
            (book.session.generation(), attendance(&book, self.now()))
        };
        let address = Address {
            chat,
            from: Stamp {
                seat: partner.user(),
                generation,
            },
            to: seat.user(),
        };
        self.change(seat, |book| {
            let Some(chatting) = book
                .session
                .chatting_mut()
                .filter(|chatting| chatting.chat == chat)
            else {
                return;
            };
            if generation >= chatting.link.partner_heard
                && let Some(absence) = &mut chatting.link.absence
            {
                // Whatever was said of it, here it can be seen.
                absence.cause = Cause::Inherited;
            }
            self.note_attendance(seat, book, address, attendance);
        });
    }

    /// Both ends of a chat may be on this node without knowing it, or one may think so of another that is not there. In
    /// the first case they find each other; in the second, this end is asserted as if another node held the other one, so
    /// that it is found out whether anybody does.
    pub(crate) fn look_for_partner(&self, seat: &Arc<Seat<P>>) {
        let own = self.adapters.peers.own();
        let Some((chat, known, absence)) = ({
            let book = seat.lock();
            book.session
                .chatting()
                .and_then(|chatting| match &chatting.link.partner {
                    Partner::There(remote) if remote.owner != own => None,
                    known => Some((chatting.chat, known.clone(), chatting.link.absence)),
                })
        }) else {
            return;
        };
        let user = known.user();
        let partner = self.end_here(user, chat);
        let sent = match (&known, &partner) {
            (Partner::Here(known), Some(partner)) if Arc::ptr_eq(known, partner) => {
                if absence.is_some() {
                    self.look_at_partner(seat, partner, chat);
                }
                return;
            }
            (Partner::There(_), None) => return,
            (Partner::Here(known), _) => self.adapters.delivery.placed(&known.route, chat),
            (Partner::There(remote), Some(_)) => remote.sent.to_vec(),
        };
        let partner = partner.map_or_else(
            || {
                Partner::There(Box::new(Remote {
                    who: known.who(),
                    owner: own,
                    announced: Tenure::FIRST,
                    disowned: None,
                    sent: sent.iter().copied().collect(),
                }))
            },
            Partner::Here,
        );
        self.change(seat, |book| {
            if let Some(chatting) = book.session.chatting_mut()
                && chatting.chat == chat
                && chatting.link.partner.user() == user
            {
                chatting.link.partner = partner;
            }
        });
        // If it is here after all, each of the two learns what the other remembers.
        self.meet_partner_here(seat, &sent);
    }

    /// Looks for partners whose owner nothing is heard of, or who were here and are not: they may be elsewhere by now, or
    /// gone.
    pub(crate) async fn look_for_missing_partners(&self) {
        let own = self.adapters.peers.own();
        let lost = self.register.all().into_iter().filter_map(|seat| {
            let (chat, user, owner) = {
                let book = seat.lock();
                let chatting = book.session.chatting()?;
                let remote = chatting.link.remote()?;
                (chatting.chat, remote.who.user, remote.owner)
            };
            let is_lost = if owner == own {
                self.register.get(user).is_none() && !self.takes.is_taken(user)
            } else {
                !self.peerage.seems_alive(owner)
            };
            is_lost.then_some((seat, chat, user, owner))
        });
        iter(lost.collect::<Vec<_>>())
            .for_each_concurrent(CONCURRENCY, |(seat, chat, user, owner)| async move {
                match self.adapters.pairing.locate(user).await {
                    Ok(Some(location)) if location.owner != owner => {
                        self.partner_is_with(&seat, chat, user, location);
                    }
                    // They are on the way here.
                    Ok(Some(_)) if owner == own => {}
                    // Nobody has come for them yet.
                    Ok(Some(_)) => self.note_silence_for(&seat, &[owner]),
                    Ok(None) if self.trust_ignorance().is_err() => {}
                    Ok(None) => {
                        if self.disown_end(&seat, chat, owner) {
                            self.after_left_alone(&seat).await;
                        }
                    }
                    Err(_) => self.doubt_store(),
                }
            })
            .await;
    }

    pub(super) fn partner_is_with(&self, seat: &Seat<P>, chat: ChatId, user: UserId, location: Location) {
        self.change(seat, |book| {
            if let Some(chatting) = book.session.chatting_mut()
                && chatting.chat == chat
                && let Some(remote) = chatting
                    .link
                    .remote_mut()
                    .filter(|remote| remote.who.user == user)
            {
                remote.owner = location.owner;
                remote.announced = location.tenure;
                remote.disowned = None;
                // The store may have forgotten a later tenure: what is said as of this one counts.
                let since = Generation::first_of(location.tenure);
                chatting.link.partner_heard = chatting.link.partner_heard.min(since);
            }
        });
        // Their owner is told of this end, and says what it knows of the other.
        self.verify_soon();
    }

    /// The seat of `user`, if it is here and in this chat, or about to be. One who is here without it is nobody's partner: its end
    /// is to be told, and until then what was sent is not forgotten.
    pub(super) fn end_here(&self, user: UserId, chat: ChatId) -> Option<Arc<Seat<P>>> {
        let is_in_it = |seat: &Arc<Seat<P>>| {
            let book = seat.lock();
            let present = book.session.chatting().map(|chatting| chatting.chat);
            present.or(book.pending().map(Pending::chat)) == Some(chat)
        };
        self.register.get(user).filter(is_in_it)
    }
}

#[cfg(test)]
mod tests;
