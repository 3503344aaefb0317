//! Skipping: leave the present partner and look for another one.

use super::part::WrongChat;
use crate::chat::Chat;
use crate::ports::{Fact, Ports};
use crate::seat::Seat;
use crate::use_cases::interrupted::Owed;
use passerby_domain::notice::EndReason;
use passerby_domain::session::AfterChat;
use passerby_domain::time::Millis;
use std::sync::Arc;

/// Why a chat was not skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SkipError {
    /// The user is in no chat.
    #[error("the user is in no chat")]
    NotChatting,
    /// The user is in another chat.
    #[error("the user is in another chat")]
    StaleChat,
    /// The user skips too often.
    #[error("the user skips too often")]
    RateLimited {
        /// When they may skip.
        retry_after: Millis,
    },
}

impl From<WrongChat> for SkipError {
    fn from(wrong: WrongChat) -> Self {
        match wrong {
            WrongChat::Stale => Self::StaleChat,
            WrongChat::NotChatting => Self::NotChatting,
        }
    }
}

impl<P: Ports> Chat<P> {
    /// Ends the chat. Both go back to the queue, the partner ahead, in the place of their last wait.
    ///
    /// # Errors
    /// [`SkipError`]; nothing has changed then.
    pub async fn skip(&self, seat: &Arc<Seat<P>>, chat: &str) -> Result<(), SkipError> {
        let now = self.now();
        let parted = self.part(seat, EndReason::PartnerSkipped, |book| {
            let chat = book.present_chat(chat)?.chat;
            book.skips
                .take(self.options.skips.as_ref(), now)
                .map_err(|exhausted| {
                    self.note(Fact::RateLimited);
                    SkipError::RateLimited {
                        retry_after: exhausted.retry_after,
                    }
                })?;
            let partner = self.end_chat(seat, book, chat, AfterChat::QueueAnew, EndReason::YouSkipped);
            partner
                .map(|partner| Some((chat, partner)))
                .map_err(|_| SkipError::NotChatting)
        })?;
        let owed = Owed::search(self, seat);
        let elsewhere = parted.elsewhere();
        self.promptly(seat, self.look_after_partner(seat, parted)).await;
        self.seek_behind(seat, elsewhere).await;
        owed.settle();
        self.flush_own(seat);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
