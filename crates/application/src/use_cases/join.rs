//! Joining: enter the queue, or change what is wanted while in it.

use crate::chat::Chat;
use crate::pending::Then;
use crate::ports::{Fact, Ports};
use crate::seat::Seat;
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

impl<P: Ports> Chat<P> {
    /// Enters the queue with `criteria`, or replaces those of a wait and keeps its place. The criteria hold for all
    /// later waits too. The user is told `Waiting` or `Matched` each time.
    ///
    /// # Errors
    /// [`JoinError`]; nothing has changed then.
    pub async fn join(&self, seat: &Arc<Seat<P>>, criteria: Criteria) -> Result<(), JoinError> {
        let now = self.now();
        self.change(seat, |book| {
            if book.slowed_until > now && book.session.wait().is_none() && book.session.chatting().is_none() {
                self.note(Fact::RateLimited);
                return Err(JoinError::Slowed {
                    retry_after: book.slowed_until.since(now),
                });
            }
            if let Some(pending) = book.pending_mut() {
                // Whether a chat has begun is for another node to say; if it has, `Matched` is the answer, and the criteria
                // hold from the next wait on.
                pending.then = match pending.then {
                    Then::Leave(_) => Then::Leave(Some(criteria)),
                    _ => Then::Join(criteria),
                };
                return Ok(());
            }
            match book.session.join(now) {
                Ok(_) => {
                    book.criteria = criteria;
                    book.retry_at = None;
                    Ok(())
                }
                Err(IllegalMove::Chatting) => Err(JoinError::AlreadyChatting),
                Err(
                    IllegalMove::Gone | IllegalMove::Idle | IllegalMove::NotChatting | IllegalMove::Stale,
                ) => Err(JoinError::Gone),
            }
        })?;
        self.seek(seat).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
