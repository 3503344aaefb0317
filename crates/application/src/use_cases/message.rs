//! Messages: from one user to their partner.
//!
//! **Architecture Invariant:** this is the hot path. It takes the sender's book and the partner's outbox, or the batch
//! for the partner's node; it asks no store, and on one node it allocates nothing.

use super::consign::{book_is_doubtful, forgets};
use super::part::{WrongChat, present_chat};
use crate::book::Book;
use crate::chat::Chat;
use crate::link::Partner;
use crate::ports::{
    Clock, Delivery, Fact, Flush, IdHash, Identity, Ports, Receipt, Repetition, Screened, TextScreen,
    Undelivered,
};
use crate::seat::Seat;
use passerby_domain::flood::Exhausted;
use passerby_domain::notice::{Notice, Secret};
use passerby_domain::text::{MessageId, Text, TextError};
use passerby_domain::time::Millis;

/// Why a message was not passed on. It never will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The user is in no chat.
    #[error("the user is in no chat")]
    NotChatting,
    /// The user is in another chat.
    #[error("the user is in another chat")]
    StaleChat,
    /// The user writes too often.
    #[error("the user writes too often")]
    RateLimited {
        /// When they may write.
        retry_after: Millis,
    },
    /// The text is not one.
    #[error("the text breaks the rules of the protocol")]
    Text(#[source] TextError),
    /// A content rule refused it.
    #[error("a content rule refused the text")]
    Rejected,
    /// The partner has no room for it, or has just gone.
    #[error("the partner cannot be reached")]
    Unreachable(#[source] Undelivered),
    /// It was sent before, and nobody knows any more what became of it: it was passed on then, or never will be.
    #[error("nobody knows what became of the message")]
    Unconfirmed,
}

impl From<WrongChat> for MessageError {
    fn from(wrong: WrongChat) -> Self {
        match wrong {
            WrongChat::Stale => Self::StaleChat,
            WrongChat::NotChatting => Self::NotChatting,
        }
    }
}

impl From<Exhausted> for MessageError {
    fn from(exhausted: Exhausted) -> Self {
        Self::RateLimited {
            retry_after: exhausted.retry_after,
        }
    }
}

impl<P: Ports> Chat<P> {
    /// Passes `text` on to the partner. With an `id` the user is told `Ack`; one of the last 64 ids accepted in this
    /// chat is acknowledged again and not passed on again, whatever the text.
    ///
    /// Messages of one seat in one chat arrive in the order of the calls. Both ends' bytes are written by the next
    /// [`Chat::flush`], so that many messages cost one write.
    ///
    /// # Errors
    /// [`MessageError`]; nothing was passed on then.
    pub fn message(
        &self,
        seat: &Seat<P>,
        chat: &str,
        text: &str,
        id: Option<MessageId<'_>>,
    ) -> Result<(), MessageError> {
        let now = self.now();
        let delivery = &self.adapters.delivery;
        let mut book = seat.lock();
        let doubtful = id.is_some() && book_is_doubtful(&book, now);
        let hash = id.map(|id| self.adapters.identity.digest(id.as_str()));
        let forgotten = hash.filter(|_| forgets(&book, now));
        let Book {
            session,
            messages,
            refusals,
            connection,
            ..
        } = &mut *book;
        let chatting = present_chat(session, chat)?;
        let chat = chatting.chat;
        let unheard = hash.and_then(|id| refusals.perhaps_unheard(id, *connection));
        let taken = messages
            .take(self.options.messages.as_ref(), now)
            .or_else(|exhausted| {
                // To refuse what was sent on already would be to say that it was not delivered.
                let sent = hash.zip(chatting.link.remote());
                let is_sent = sent.is_some_and(|(id, remote)| unheard.is_none() && remote.sent.contains(id));
                if is_sent { Ok(()) } else { Err(exhausted) }
            });
        let parsed = Text::parse(text, self.options.message_chars);
        let checked = unheard
            .map_or(Ok(()), Err)
            .and_then(|()| taken.map_err(MessageError::from))
            .and_then(|()| parsed.map_err(MessageError::Text))
            .and_then(|text| match self.adapters.screen.screen(text) {
                Screened::Pass => Ok(text),
                Screened::Rejected => Err(MessageError::Rejected),
            });
        let partner = match &chatting.link.partner {
            Partner::Here(partner) => partner,
            Partner::There(_) => return self.message_abroad(seat, &mut book, checked, id, unheard, now),
        };
        let placed = match checked {
            // Neither side remembers what was accepted before both were taken over.
            _ if doubtful && unheard.is_none() => Err(MessageError::Unconfirmed),
            // This side does not, and may be saying again what was overtaken.
            Ok(_)
                if forgotten.is_some_and(|id| {
                    self.comes_behind(
                        partner,
                        chat,
                        id,
                        &Repetition::Perhaps,
                        chatting.link.partner_recollection,
                    )
                }) =>
            {
                Err(MessageError::Unconfirmed)
            }
            Ok(text) => {
                let message = Notice::Message {
                    chat,
                    text: Secret(text.as_str()),
                    at: self.adapters.clock.unix(now),
                };
                delivery
                    .deliver(&partner.route, chat, &message, hash)
                    .map_err(MessageError::Unreachable)
            }
            // An error says "never delivered", which would be a lie about a message that was.
            Err(_) if hash.is_some_and(|id| delivery.has_placed(&partner.route, chat, id)) => {
                Ok(Receipt::Repeated)
            }
            Err(error) => Err(error),
        };
        let is_away = chatting.link.absence.is_some();
        let may_be_elsewhere = (is_away && self.may_be_usurped(now)) || self.may_be_mistaken(now);
        match placed {
            // If another node has taken them meanwhile, what lies here never reaches them.
            Ok(_) if id.is_some() && may_be_elsewhere => {
                Err(self.refuse_message(&mut book, MessageError::Unconfirmed, None))
            }
            Ok(receipt) => {
                self.note(match receipt {
                    Receipt::Placed => Fact::Relayed,
                    Receipt::Repeated => Fact::Repeated,
                });
                if receipt == Receipt::Placed {
                    self.overtake(&mut book, chat, hash);
                }
                if let Some((id, hash)) = id.zip(hash) {
                    let id = id.as_str();
                    // Those sent on while the partner was elsewhere have arrived with this one.
                    let abroad = book.abroad.as_mut();
                    let before = abroad.map_or(0, |abroad| abroad.unanswered.take_all_of(chat, hash));
                    for _ in 0..=before {
                        delivery.post(&seat.route, &Notice::Ack { chat, id }, Flush::Later);
                    }
                }
                Ok(())
            }
            Err(error) => Err(self.refuse_message(&mut book, error, hash.filter(|_| unheard.is_none()))),
        }
    }

    /// Notes that a message was refused, and remembers it.
    pub(crate) fn refuse_message(
        &self,
        book: &mut Book<P>,
        error: MessageError,
        id: Option<IdHash>,
    ) -> MessageError {
        if let Some(id) = id {
            book.refusals.remember(id, book.connection, error);
        }
        match error {
            MessageError::RateLimited { .. } => self.note(Fact::RateLimited),
            MessageError::Unreachable(_) => self.note(Fact::Undelivered),
            MessageError::Unconfirmed => self.note(Fact::Unconfirmed),
            MessageError::NotChatting
            | MessageError::StaleChat
            | MessageError::Text(_)
            | MessageError::Rejected => {}
        }
        error
    }

    /// Tells the user of `seat` something that is the transport's own, such as an error or a pong: a frame that is not numbered,
    /// in order with all that the chat tells them. A transport writes nothing to a connection by itself once it has a seat: it
    /// might be in the middle of another frame.
    pub fn reply(&self, seat: &Seat<P>, frame: &[u8], flush: Flush) {
        self.adapters.delivery.reply(&seat.route, frame, flush);
    }

    /// Writes what [`Chat::message`], [`Chat::typing`] and [`Chat::signal`] put off: the partner's part first, then
    /// the user's own.
    pub fn flush(&self, seat: &Seat<P>) {
        let partner = {
            let book = seat.lock();
            match book.session.chatting().map(|chatting| &chatting.link.partner) {
                Some(Partner::Here(partner)) => Some(partner.clone()),
                // What goes to another node goes with the next batch.
                Some(Partner::There(_)) | None => None,
            }
        };
        if let Some(partner) = partner {
            self.adapters.delivery.flush(&partner.route);
        }
        self.flush_own(seat);
    }

    pub(crate) fn flush_own(&self, seat: &Seat<P>) {
        self.adapters.delivery.flush(&seat.route);
    }
}

#[cfg(test)]
mod tests;
