//! Blocking: never meet this partner again.

use super::part::WrongChat;
use crate::chat::Chat;
use crate::ports::{Delivery, Fact, Flush, PairingStore, Ports, StoreError};
use crate::seat::Seat;
use crate::use_cases::interrupted::Owed;
use passerby_domain::id::Generation;
use passerby_domain::notice::{EndReason, Notice};
use passerby_domain::session::{AfterChat, IllegalMove};
use std::sync::Arc;

/// Why a block is not in force.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// The user is in no chat, and was not in that one a moment ago.
    #[error("the user is in no chat")]
    NotChatting,
    /// The user is in another chat, and was not in that one a moment ago.
    #[error("the user is in another chat")]
    StaleChat,
    /// The store failed.
    #[error("the block could not be put in force")]
    Store(#[source] StoreError),
}

impl From<WrongChat> for BlockError {
    fn from(wrong: WrongChat) -> Self {
        match wrong {
            WrongChat::Stale => Self::StaleChat,
            WrongChat::NotChatting => Self::NotChatting,
        }
    }
}

impl<P: Ports> Chat<P> {
    /// Keeps the user and the partner of `chat` apart: the present one, which ends as by a skip, or the last one
    /// within 60 s of its end. The partner learns nothing. The user is told `Blocked`, and is idle afterwards if they
    /// ended too many chats of late. No limit refuses it.
    ///
    /// # Errors
    /// [`BlockError`]; the chat goes on then.
    pub async fn block(&self, seat: &Arc<Seat<P>>, chat: &str) -> Result<(), BlockError> {
        let now = self.now();
        let (chat, partner) = seat.lock().acquaintance(chat, now)?;
        self.bar(seat, partner, now).await.map_err(BlockError::Store)?;
        self.note(Fact::Blocked);
        let mut sequel = None;
        let parted = self.part(seat, EndReason::PartnerSkipped, |book| {
            self.adapters
                .delivery
                .post(&seat.route, &Notice::Blocked { chat }, Flush::Later);
            let is_present = book
                .session
                .chatting()
                .is_some_and(|chatting| chatting.chat == chat);
            if !is_present {
                return Ok(None);
            }
            let chatted_as = book.session.generation();
            let after = if self.charge_for_ending(book, now) {
                AfterChat::QueueAnew
            } else {
                AfterChat::Idle
            };
            let partner = self.end_chat(seat, book, chat, after, EndReason::YouSkipped)?;
            if after == AfterChat::Idle {
                self.adapters
                    .delivery
                    .post(&seat.route, &Notice::Idle, Flush::Later);
            }
            sequel = Some((after, chatted_as));
            Ok::<_, IllegalMove>(Some((chat, partner)))
        });
        // A chat that cannot be ended is not the present one any more: nobody is left alone by that.
        if let (Ok(parted), Some((after, chatted_as))) = (parted, sequel) {
            let owed = Owed::search(self, seat);
            let elsewhere = parted.elsewhere();
            self.promptly(seat, self.look_after_partner(seat, parted)).await;
            match after {
                AfterChat::Idle => self.rest(seat).await,
                AfterChat::QueueAnew | AfterChat::QueueInOldPlace => {
                    if elsewhere.is_some() {
                        self.keep_parted(seat, chatted_as).await;
                    }
                    self.seek_behind(seat, elsewhere).await;
                }
            }
            owed.settle();
        }
        self.flush_own(seat);
        Ok(())
    }

    /// Tells the store that one who searches is out of their chat, and whom they must not meet, before they are looked for: should
    /// this node and the partner's die meanwhile, whoever takes the two would put them into that chat again. `chatted_as` is
    /// the generation of the seat in it, so that the search is newer.
    async fn keep_parted(&self, seat: &Seat<P>, chatted_as: Generation) {
        let dossier = {
            let book = seat.lock();
            let mut dossier = self.dossier(seat, &book);
            dossier.stamp.generation = chatted_as;
            book.session.search().is_some().then_some(dossier)
        };
        if let Some(dossier) = dossier
            && self.adapters.pairing.keep(dossier).await.is_err()
        {
            self.doubt_store();
        }
    }
}

#[cfg(test)]
mod tests;
