//! Parting: what a chat's end means for the two seats.
//!
//! Each side's book ends the chat by itself and tells its own user; a side that has ended it already ignores the
//! news. So both may end it at once, and nobody is told twice.

use crate::book::{Acquaintance, Book, LastChat, Link};
use crate::chat::Chat;
use crate::ports::{Delivery, Fact, Flush, PairingStore, Ports, Release, Stamp};
use crate::seat::Seat;
use passerby_domain::cooldown::{Avoided, Cause};
use passerby_domain::id::{ChatId, UserId};
use passerby_domain::notice::{EndReason, Notice};
use passerby_domain::session::{AfterChat, Chatting, IllegalMove, Presence, Session};
use passerby_domain::time::Moment;
use std::sync::Arc;

impl<P: Ports> Chat<P> {
    /// Ends `chat` in one book and tells its user.
    pub(crate) fn end_chat(
        &self,
        seat: &Seat<P>,
        book: &mut Book<P>,
        chat: ChatId,
        after: AfterChat,
        reason: EndReason,
    ) -> Result<Arc<Seat<P>>, IllegalMove> {
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
    ) -> Arc<Seat<P>> {
        let now = self.now();
        let partner = ended.link.partner;
        let met = Acquaintance::of(&partner);
        book.last_chat = Some(Box::new(LastChat {
            chat: ended.chat,
            partner: met,
            ended: now,
        }));
        book.retry_at = None;
        let until = now + self.options.rematch_cooldown;
        book.avoidance.add(
            Avoided {
                seat: met.user,
                until,
                cause: Cause::Parted,
            },
            now,
        );
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

    /// The partner of `seat` ended `chat`: `seat` goes back to the queue in its old place, and is looked for at once.
    pub(crate) async fn left_alone(&self, seat: &Arc<Seat<P>>, chat: ChatId, reason: EndReason) {
        let parted = self.change(seat, |book| {
            let ended = self.end_chat(seat, book, chat, AfterChat::QueueInOldPlace, reason);
            if ended.is_ok() && book.session.presence() != Presence::Here {
                // Nobody is looked for while the user is away, but they must find out where they stand.
                self.announce(seat, book);
            }
            ended.is_ok()
        });
        if parted {
            self.seek(seat).await;
            self.adapters.delivery.flush(&seat.route);
        }
    }

    /// Keeps two seats apart until `until`, as both know from now on.
    pub(crate) fn keep_apart(&self, one: UserId, other: UserId, until: Moment) {
        let now = self.now();
        for (user, avoided) in [(one, other), (other, one)] {
            if let Some(seat) = self.register.get(user) {
                seat.lock().avoidance.add(
                    Avoided {
                        seat: avoided,
                        until,
                        cause: Cause::Blocked,
                    },
                    now,
                );
            }
        }
    }

    /// Tells the store that the seat is out of the queue and out of any chat, unless it is back in one of them:
    /// whoever moved it there has told the store of it, and what is said here must not undo that.
    pub(crate) async fn release(&self, seat: &Seat<P>, release: Release) {
        let generation = {
            let book = seat.lock();
            if book.session.search().is_some() || book.session.chatting().is_some() {
                return;
            }
            book.session.generation()
        };
        let stamp = Stamp {
            seat: seat.user(),
            generation,
        };
        if self.adapters.pairing.release(stamp, release).await.is_err() {
            self.doubt_store();
        }
    }
}

/// What a command of the user is about.
pub(crate) enum Subject<P: Ports> {
    /// The chat the seat is in.
    Present(ChatId, Arc<Seat<P>>),
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
    pub(crate) fn known_chat(&self, chat: &str) -> Result<Subject<P>, WrongChat> {
        match (self.present_chat(chat), &self.last_chat) {
            (Ok(chatting), _) => Ok(Subject::Present(chatting.chat, chatting.link.partner.clone())),
            (Err(_), Some(last)) if last.chat.is(chat) => {
                Ok(Subject::Past(last.chat, last.partner, last.ended))
            }
            (Err(wrong), _) => Err(wrong),
        }
    }
}

#[cfg(test)]
mod tests;
