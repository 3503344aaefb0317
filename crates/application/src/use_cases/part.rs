//! Parting: what a chat's end means for the two seats.
//!
//! Each side's book ends the chat by itself and tells its own user; a side that has ended it already ignores the
//! news. So both may end it at once, and nobody is told twice. Where both sides are on this node and both users are
//! there to be told who ended it, both books end it in one step: one of the two was first.

use crate::book::{Acquaintance, Book, LastChat};
use crate::chat::{Chat, Deployment};
use crate::link::{Link, Partner};
use crate::ports::{Address, Delivery, Fact, Flush, Letter, PairingStore, Peers, Ports, Release, Stamp};
use crate::seat::Seat;
use passerby_domain::cooldown::{Avoided, Cause};
use passerby_domain::id::{ChatId, Incarnation, Tenure, UserId};
use passerby_domain::notice::{EndReason, Notice};
use passerby_domain::session::{AfterChat, Chatting, IllegalMove, Presence, Session};
use passerby_domain::time::Moment;
use std::sync::Arc;

/// What is left to do for the partner of one who ended a chat.
pub(crate) enum Parted<P: Ports> {
    /// They have been told, and look for another one.
    Told(Arc<Seat<P>>),
    /// They have to be told. Another node looks for one who is there and not here.
    Untold(Partner<P>, ChatId, EndReason, Option<Incarnation>),
    /// Nothing: no chat was ended, or its partner had ended it before.
    Nobody,
}

impl<P: Ports> Chat<P> {
    /// Lets a user end a chat as `end` does with their book, and ends it for the partner as well, who is told so as
    /// `told`: in one step if the partner is here. [`Chat::look_after_partner`] has to follow.
    pub(crate) fn part<E>(
        &self,
        seat: &Seat<P>,
        told: EndReason,
        end: impl FnOnce(&mut Book<P>) -> Result<Option<(ChatId, Partner<P>)>, E>,
    ) -> Result<Parted<P>, E> {
        self.change_with_partner(seat, |book, beside| {
            let link = book.session.chatting().map(|chatting| &chatting.link);
            let elsewhere = link.filter(|link| link.absence.is_none());
            let elsewhere = elsewhere.and_then(|link| Some(link.remote()?.owner));
            let Some((chat, partner)) = end(book)? else {
                return Ok(Parted::Nobody);
            };
            Ok(match (partner, beside) {
                (Partner::Here(partner), Some((locked, book))) if Arc::ptr_eq(&partner, locked) => {
                    if self.end_book(&partner, book, chat, told) {
                        Parted::Told(partner)
                    } else {
                        Parted::Nobody
                    }
                }
                (partner, _) => Parted::Untold(partner, chat, told, elsewhere),
            })
        })
    }

    /// What follows for the partner of `seat` once [`Chat::part`] has ended their chat.
    pub(crate) async fn look_after_partner(&self, seat: &Seat<P>, parted: Parted<P>) {
        match parted {
            Parted::Told(partner) => self.after_left_alone(&partner).await,
            Parted::Untold(partner, chat, told, _) => self.leave_alone(seat, &partner, chat, told).await,
            Parted::Nobody => {}
        }
    }

    /// Ends `chat` in one book and tells its user.
    pub(crate) fn end_chat(
        &self,
        seat: &Seat<P>,
        book: &mut Book<P>,
        chat: ChatId,
        after: AfterChat,
        reason: EndReason,
    ) -> Result<Partner<P>, IllegalMove> {
        let ended = book.session.end(chat, after, self.now())?;
        Ok(self.after_end(seat, book, ended, reason))
    }

    /// Remembers a chat that one book has just ended, and tells its user. Returns the partner.
    pub(crate) fn after_end(
        &self,
        seat: &Seat<P>,
        book: &mut Book<P>,
        ended: Chatting<Link<P>>,
        reason: EndReason,
    ) -> Partner<P> {
        let now = self.now();
        let partner = ended.link.partner;
        let met = partner.who();
        book.last_chat = Some(Box::new(LastChat {
            chat: ended.chat,
            partner: met,
            ended: now,
            told: as_the_partner_sees(reason),
            followed: Tenure::FIRST,
        }));
        book.retry_at = None;
        self.part_from(book, met.user);
        self.adapters.delivery.post(
            &seat.route,
            &Notice::ChatEnded {
                chat: ended.chat,
                reason,
            },
            Flush::Later,
        );
        self.note(Fact::ChatEnded(reason));
        partner
    }

    /// The user and this partner have parted, and are not paired again for a while.
    pub(crate) fn part_from(&self, book: &mut Book<P>, partner: UserId) {
        let now = self.now();
        let parted = Avoided {
            seat: partner,
            until: now + self.options.rematch_cooldown,
            cause: Cause::Parted,
        };
        book.avoidance.add(parted, now);
    }

    /// `seat` has ended `chat`: its partner is told so, as `reason`, and goes back to the queue.
    pub(crate) async fn leave_alone(
        &self,
        seat: &Seat<P>,
        partner: &Partner<P>,
        chat: ChatId,
        reason: EndReason,
    ) {
        match partner {
            Partner::Here(partner) => self.left_alone(partner, chat, reason).await,
            Partner::There(remote) => {
                if remote.owner == self.adapters.peers.own()
                    && let Some(partner) = self.register.get(remote.who.user)
                {
                    // They have come here, and the two have not found each other yet: no letter would reach them.
                    return self.left_alone(&partner, chat, reason).await;
                }
                let ended = Letter::Ended {
                    address: Address {
                        chat,
                        from: seat.stamp(),
                        to: remote.who.user,
                    },
                    reason,
                };
                self.partings.note(chat, seat.user(), reason, self.now());
                // What cannot be told now is told when the partner's owner asserts its end.
                let _ = self.adapters.peers.send(remote.owner, &ended);
            }
        }
    }

    /// The partner of `seat` ended `chat`: `seat` goes back to the queue in its old place, and is looked for at once.
    pub(crate) async fn left_alone(&self, seat: &Arc<Seat<P>>, chat: ChatId, reason: EndReason) {
        if self.end_for(seat, chat, reason) {
            self.after_left_alone(seat).await;
        }
    }

    /// Ends `chat` for one who is left alone by it. False if the seat is not in that chat.
    pub(crate) fn end_for(&self, seat: &Seat<P>, chat: ChatId, reason: EndReason) -> bool {
        self.change(seat, |book| self.end_book(seat, book, chat, reason))
    }

    fn end_book(&self, seat: &Seat<P>, book: &mut Book<P>, chat: ChatId, reason: EndReason) -> bool {
        let ended = self.end_chat(seat, book, chat, AfterChat::QueueInOldPlace, reason);
        if ended.is_ok() && book.session.presence() != Presence::Here {
            // Nobody is looked for while the user is away, but they must find out where they stand.
            self.announce(seat, book);
        }
        ended.is_ok()
    }

    /// Looks for a partner for one who was left alone.
    pub(crate) async fn after_left_alone(&self, seat: &Arc<Seat<P>>) {
        self.seek(seat).await;
        self.adapters.delivery.flush(&seat.route);
        if self.options.deployment == Deployment::Shared {
            // While the user is away nobody looks for them, so that no search has told the store.
            self.rest(seat).await;
        }
    }

    /// Keeps two seats apart until `until`, as both know from now on. The other one's owner is told if it holds them
    /// for the user's present partner.
    pub(crate) fn keep_apart(&self, seat: &Seat<P>, other: UserId, until: Moment) {
        let now = self.now();
        let owner = {
            let book = seat.lock();
            let remote = book
                .session
                .chatting()
                .and_then(|chatting| chatting.link.remote());
            remote
                .filter(|remote| remote.who.user == other)
                .map(|remote| remote.owner)
        };
        if let Some(owner) = owner {
            let barred = Letter::Barred {
                seat: other,
                against: seat.user(),
                span: until.since(now),
            };
            // This side knows, and that is enough to keep the two apart.
            let _ = self.adapters.peers.send(owner, &barred);
        }
        for (user, avoided) in [(seat.user(), other), (other, seat.user())] {
            self.bar_seat(user, avoided, until);
        }
    }

    /// One seat of this node must not meet another until `until`.
    pub(crate) fn bar_seat(&self, user: UserId, avoided: UserId, until: Moment) {
        let now = self.now();
        if let Some(seat) = self.register.get(user) {
            let barred = Avoided {
                seat: avoided,
                until,
                cause: Cause::Blocked,
            };
            seat.lock().avoidance.add(barred, now);
        }
    }

    /// Tells the store that a seat has left a chat and looks for nobody, and whom it must not meet now: should this node
    /// die, whoever takes the seat has to know.
    pub(crate) async fn rest(&self, seat: &Seat<P>) {
        match self.options.deployment {
            Deployment::Alone => self.release(seat, Release::Rest).await,
            // In another chat, the store has been told by what led there.
            Deployment::Shared if seat.lock().session.chatting().is_some() => {}
            Deployment::Shared => self.keep(seat).await,
        }
    }

    /// Tells the store that the seat is out of the queue and out of any chat, unless it is back in one of them:
    /// whoever moved it there has told the store of it, and what is said here must not undo that.
    pub(crate) async fn release(&self, seat: &Seat<P>, release: Release) {
        let (generation, release) = {
            let book = seat.lock();
            if book.session.search().is_some()
                || book.session.chatting().is_some()
                || book.pending().is_some()
            {
                return;
            }
            let release = match (release, book.session.wait()) {
                (Release::Rest, Some(_)) => Release::Hold,
                (release, _) => release,
            };
            (book.session.generation(), release)
        };
        let stamp = Stamp {
            seat: seat.user(),
            generation,
        };
        self.tell_released(stamp, release).await;
    }

    pub(crate) async fn tell_released(&self, stamp: Stamp, release: Release) {
        if self.adapters.pairing.release(stamp, release).await.is_err() {
            self.doubt_store();
            if release == Release::Gone && self.options.deployment == Deployment::Shared {
                // Whoever is still here is compared with the store again and again; one who is gone is not.
                self.departures.add(stamp);
            }
        }
    }
}

/// Why a chat is over for the one who is told `reason`, as their partner sees it.
fn as_the_partner_sees(reason: EndReason) -> EndReason {
    match reason {
        EndReason::YouSkipped => EndReason::PartnerSkipped,
        EndReason::YouLeft => EndReason::PartnerLeft,
        EndReason::PartnerSkipped => EndReason::YouSkipped,
        EndReason::PartnerLeft => EndReason::YouLeft,
        EndReason::PartnerDisconnected | EndReason::Moderated | EndReason::Lost => reason,
    }
}

/// What a command of the user is about.
pub(crate) enum Subject {
    /// The chat the seat is in.
    Present(ChatId, Acquaintance),
    /// The chat before it.
    Past(ChatId, Acquaintance, Moment),
}

/// The command names a chat that the seat is not in.
pub(crate) enum WrongChat {
    /// It is in another.
    Stale,
    /// It is in none.
    NotChatting,
}

/// The chat that `session` is in, if it is the one that its user means by `chat`.
pub(crate) fn present_chat<'a, P: Ports>(
    session: &'a Session<Link<P>>,
    chat: &str,
) -> Result<&'a Chatting<Link<P>>, WrongChat> {
    match session.chatting() {
        Some(chatting) if chatting.chat.is(chat) => Ok(chatting),
        Some(_) => Err(WrongChat::Stale),
        None => Err(WrongChat::NotChatting),
    }
}

impl<P: Ports> Book<P> {
    /// The seat's present chat, if it is the one that the user means by `chat`.
    pub(crate) fn present_chat(&self, chat: &str) -> Result<&Chatting<Link<P>>, WrongChat> {
        present_chat(&self.session, chat)
    }

    /// The seat's present or last chat, whichever the user means by `chat`.
    pub(crate) fn known_chat(&self, chat: &str) -> Result<Subject, WrongChat> {
        match (self.present_chat(chat), &self.last_chat) {
            (Ok(chatting), _) => Ok(Subject::Present(chatting.chat, chatting.link.partner.who())),
            (Err(_), Some(last)) if last.chat.is(chat) => {
                Ok(Subject::Past(last.chat, last.partner, last.ended))
            }
            (Err(wrong), _) => Err(wrong),
        }
    }
}

#[cfg(test)]
mod tests;
