//! Joining: enter the queue, or change what is wanted while in it.

use crate::book::Book;
use crate::chat::Chat;
use crate::pending::Then;
use crate::ports::{Fact, Ports, Verdict};
use crate::seat::Seat;
use futures_channel::oneshot;
use passerby_domain::criteria::Criteria;
use passerby_domain::session::IllegalMove;
use passerby_domain::time::Millis;
use std::sync::Arc;

/// Why a user may not enter the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The user is in a chat.
    #[error("the user is in a chat")]
    AlreadyChatting,
    /// The user left too many chats of late.
    #[error("the user left too many chats of late")]
    Slowed {
        /// When they may join.
        retry_after: Millis,
    },
    /// The user is gone.
    #[error("the user is gone")]
    Gone,
}

/// Whether a user has entered the queue.
enum Entered {
    Now,
    /// They have, unless the chat on offer has begun.
    Unless(oneshot::Receiver<Verdict>),
    /// They may once it is known whether the chat on offer has begun, which they leave.
    Not(oneshot::Receiver<Verdict>),
}

impl<P: Ports> Chat<P> {
    /// Enters the queue with `criteria`, or replaces those of a wait and keeps its place. The criteria hold for all
    /// later waits too. The user is told `Waiting` or `Matched` each time.
    ///
    /// While a chat with somebody of another node is on offer this completes when it is known whether it has begun: within
    /// three seconds, mostly after some milliseconds. If it is dropped before, the user is told `Waiting` or `Matched` all
    /// the same.
    ///
    /// # Errors
    /// [`JoinError`]; nothing has changed then.
    pub async fn join(&self, seat: &Arc<Seat<P>>, criteria: Criteria) -> Result<(), JoinError> {
        loop {
            let entered = self.change(seat, |book| self.try_join(book, &criteria))?;
            match entered {
                Entered::Now => {
                    self.seek(seat).await;
                    return Ok(());
                }
                Entered::Unless(verdict) => {
                    let verdict = self.promptly(seat, verdict).await;
                    let has_begun = verdict == Ok(Verdict::Agreed);
                    return if has_begun {
                        Err(JoinError::AlreadyChatting)
                    } else {
                        Ok(())
                    };
                }
                // Wherever the seat goes meanwhile, it is looked at anew.
                Entered::Not(verdict) => drop(self.promptly(seat, verdict).await),
            }
        }
    }

    fn try_join(&self, book: &mut Book<P>, criteria: &Criteria) -> Result<Entered, JoinError> {
        let now = self.now();
        if book.slowed_until > now && book.session.wait().is_none() && book.session.chatting().is_none() {
            self.note(Fact::RateLimited);
            return Err(JoinError::Slowed {
                retry_after: book.slowed_until.since(now),
            });
        }
        if let Some(pending) = book.pending_mut() {
            // Whether a chat has begun is for another node to say.
            let verdict = pending.verdict();
            if matches!(pending.then, Then::Leave | Then::Depart(_)) {
                return Ok(Entered::Not(verdict));
            }
            pending.then = Then::Join(criteria.clone());
            return Ok(Entered::Unless(verdict));
        }
        match book.session.join(now) {
            Ok(_) => {
                book.criteria = criteria.clone();
                book.retry_at = None;
                Ok(Entered::Now)
            }
            Err(IllegalMove::Chatting) => Err(JoinError::AlreadyChatting),
            Err(IllegalMove::Gone | IllegalMove::Idle | IllegalMove::NotChatting | IllegalMove::Stale) => {
                Err(JoinError::Gone)
            }
        }
    }
}

#[cfg(test)]
mod tests;
