//! Signals: WebRTC signalling between partners, opaque to the server.

use super::consign::Matter;
use super::part::WrongChat;
use crate::chat::Chat;
use crate::link::Partner;
use crate::ports::{Delivery, Letter, Ports, Undelivered};
use crate::seat::Seat;
use passerby_domain::criteria::Mode;
use passerby_domain::notice::{Notice, Secret};
use passerby_domain::text::MessageId;

/// Why a signal was not passed on. It never will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignalError {
    /// The user is in no chat.
    #[error("the user is in no chat")]
    NotChatting,
    /// The user is in another chat.
    #[error("the user is in another chat")]
    StaleChat,
    /// The chat is one of text.
    #[error("the chat is one of text")]
    WrongMode,
    /// The partner has no room for it, or has just gone.
    #[error("the partner cannot be reached")]
    Unreachable(#[source] Undelivered),
}

impl From<WrongChat> for SignalError {
    fn from(wrong: WrongChat) -> Self {
        match wrong {
            WrongChat::Stale => Self::StaleChat,
            WrongChat::NotChatting => Self::NotChatting,
        }
    }
}

impl<P: Ports> Chat<P> {
    /// Passes `data`, a JSON value that is not looked at, on to the partner. Written by the next [`Chat::flush`]. Should the
    /// partner's node not take it, the user is told [`Notice::Failed`] with `id`.
    ///
    /// # Errors
    /// [`SignalError`]; nothing was passed on then.
    pub fn signal(
        &self,
        seat: &Seat<P>,
        chat: &str,
        data: &str,
        id: Option<MessageId<'_>>,
    ) -> Result<(), SignalError> {
        let now = self.now();
        let mut book = seat.lock();
        let chatting = book.present_chat(chat)?;
        match chatting.link.facts.mode {
            Mode::Text => return Err(SignalError::WrongMode),
            Mode::Video => {}
        }
        let partner = match &chatting.link.partner {
            Partner::Here(partner) => partner,
            Partner::There(_) => {
                let data = Secret(data);
                let letter = |address, consignment, _, _| Letter::Signal {
                    address,
                    consignment,
                    data,
                };
                let sent = self.consign(seat, &mut book, Matter::Signal { id }, now, letter);
                return sent.map_err(SignalError::Unreachable);
            }
        };
        let signal = Notice::Signal {
            chat: chatting.chat,
            data: Secret(data),
        };
        let placed = self
            .adapters
            .delivery
            .deliver(&partner.route, chatting.chat, &signal, None);
        placed.map(drop).map_err(SignalError::Unreachable)
    }
}

#[cfg(test)]
mod tests;
