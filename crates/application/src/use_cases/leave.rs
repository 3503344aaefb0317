//! Leaving: out of the queue or the chat, and idle.

use crate::book::Book;
use crate::chat::Chat;
use crate::pending::Then;
use crate::ports::{Delivery, Fact, Flush, Ports};
use crate::seat::Seat;
use passerby_domain::notice::{EndReason, Notice};
use passerby_domain::session::{IllegalMove, Left};
use passerby_domain::time::Moment;
use std::sync::Arc;

/// Why there was nothing to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaveError {
    /// The user is idle.
    #[error("the user is idle")]
    AlreadyIdle,
    /// The user names a chat that is neither their present nor their last one.
    #[error("the chat is neither the user's present nor their last one")]
    StaleChat,
}

impl<P: Ports> Chat<P> {
    /// Leaves the queue or the chat. Without `chat`, or with the user's present or last one, it always takes effect,
    /// also from the queue or the chat that followed: leaving wins every race.
    ///
    /// It is obeyed however often the user left; one who leaves chats too often may not join for a while.
    ///
    /// # Errors
    /// [`LeaveError`]; nothing has changed then.
    pub async fn leave(&self, seat: &Arc<Seat<P>>, chat: Option<&str>) -> Result<(), LeaveError> {
        let now = self.now();
        let parted = self.part(seat, EndReason::PartnerLeft, |book| {
            let known = chat.is_none_or(|chat| book.known_chat(chat).is_ok());
            if !known {
                return Err(LeaveError::StaleChat);
            }
            if let Some(pending) = book.pending_mut() {
                // Whether a chat has begun is for another node to say; the user is idle as soon as that is known.
                return match &mut pending.then {
                    Then::Leave => Err(LeaveError::AlreadyIdle),
                    then => {
                        *then = Then::Leave;
                        Ok(None)
                    }
                };
            }
            // Their search may be put off or on its way.
            self.announce_if_due(seat, book);
            match book.session.leave() {
                Ok(Left::Chat(ended)) => {
                    self.charge_for_ending(book, now);
                    let chat = ended.chat;
                    let partner = self.after_end(seat, book, ended, EndReason::YouLeft);
                    self.adapters
                        .delivery
                        .post(&seat.route, &Notice::Idle, Flush::Now);
                    Ok(Some((chat, partner)))
                }
                Ok(Left::Queue | Left::Idleness) => {
                    book.retry_at = None;
                    self.adapters
                        .delivery
                        .post(&seat.route, &Notice::Idle, Flush::Now);
                    Ok(None)
                }
                Err(
                    IllegalMove::Idle
                    | IllegalMove::Gone
                    | IllegalMove::Chatting
                    | IllegalMove::NotChatting
                    | IllegalMove::Stale,
                ) => Err(LeaveError::AlreadyIdle),
            }
        })?;
        self.look_after_partner(seat, parted).await;
        self.rest(seat).await;
        Ok(())
    }

    /// Takes a skip for a chat that its user ended otherwise; one who has none left may not join until there is one.
    /// True if there was one.
    pub(crate) fn charge_for_ending(&self, book: &mut Book<P>, now: Moment) -> bool {
        match book.skips.take(self.options.skips.as_ref(), now) {
            Ok(()) => true,
            Err(exhausted) => {
                self.note(Fact::RateLimited);
                book.slowed_until = now + exhausted.retry_after;
                false
            }
        }
    }
}

#[cfg(test)]
mod tests;
