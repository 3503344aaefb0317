//! Joining: enter the queue, or change what is wanted while in it.

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
    /// They will, once they have left what they are in.
    Later,
    /// They have, unless the chat on offer has begun.
    Unless(oneshot::Receiver<Verdict>),
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
        let now = self.now();
        let entered = self.change(seat, |book| {
            if book.slowed_until > now && book.session.wait().is_none() && book.session.chatting().is_none() {
                self.note(Fact::RateLimited);
                return Err(JoinError::Slowed {
                    retry_after: book.slowed_until.since(now),
                });
            }
            if let Some(pending) = book.pending_mut() {
                // Whether a chat has begun is for another node to say.
                if let Then::Leave(joins) = &mut pending.then {
                    *joins = Some(criteria);
                    return Ok(Entered::Later);
                }
                let (sender, verdict) = oneshot::channel();
                pending.then = Then::Join(criteria, sender);
                return Ok(Entered::Unless(verdict));
            }
            match book.session.join(now) {
                Ok(_) => {
                    book.criteria = criteria;
                    book.retry_at = None;
                    Ok(Entered::Now)
                }
                Err(IllegalMove::Chatting) => Err(JoinError::AlreadyChatting),
                Err(
                    IllegalMove::Gone | IllegalMove::Idle | IllegalMove::NotChatting | IllegalMove::Stale,
                ) => Err(JoinError::Gone),
            }
        })?;
        match entered {
            Entered::Now => self.seek(seat).await,
            Entered::Later => {}
            Entered::Unless(verdict) => {
                if self.promptly(seat, verdict).await == Ok(Verdict::Agreed) {
                    return Err(JoinError::AlreadyChatting);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
