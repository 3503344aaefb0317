//! Disconnecting: a connection is gone, and perhaps its user too.

use crate::chat::Chat;
use crate::ports::{Clock, Delivery, Fact, Flush, Ports, Release};
use crate::seat::{ConnectionNumber, Seat};
use passerby_domain::id::ChatId;
use passerby_domain::notice::{EndReason, Notice};
use passerby_domain::session::{IllegalMove, Left, Presence, State};
use passerby_domain::time::Moment;
use std::sync::Arc;

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// The user said good-bye: no grace.
    Left,
    /// The user broke the rules, or was idle for too long: no grace.
    Expelled,
    /// The page was closed or reloaded: a short grace.
    PageClosed,
    /// It broke, or this node hung up: the whole grace.
    Dropped,
}

impl<P: Ports> Chat<P> {
    /// The connection is gone. Does nothing if the seat has a newer one.
    ///
    /// The seat is held, or its user is gone at once, as `departure` says; a partner is told either way.
    pub async fn disconnect(&self, seat: &Arc<Seat<P>>, connection: ConnectionNumber, departure: Departure) {
        let grace = match departure {
            Departure::Left => return self.depart(seat, Some(connection), EndReason::PartnerLeft).await,
            Departure::Expelled => {
                return self
                    .depart(seat, Some(connection), EndReason::PartnerDisconnected)
                    .await;
            }
            Departure::PageClosed => self.options.reload_grace,
            Departure::Dropped => self.options.resume_grace,
        };
        let until = self.now() + grace;
        let Some((partner, waits)) = self.change(seat, |book| {
            let is_gone = matches!(book.session.state(), State::Gone);
            if is_gone || book.connection != connection || book.session.presence() != Presence::Here {
                return None;
            }
            self.adapters.delivery.detach(&seat.route);
            book.session.drop_connection(until);
            let partner = book
                .session
                .chatting()
                .map(|chatting| (chatting.chat, chatting.link.partner.clone()));
            Some((partner, book.session.wait().is_some()))
        }) else {
            return;
        };
        self.note(Fact::Dropped);
        if let Some((chat, partner)) = partner {
            self.partner_dropped(&partner, chat, until);
        }
        if waits {
            self.release(seat, Release::Rest).await;
        }
    }

    fn partner_dropped(&self, seat: &Seat<P>, chat: ChatId, until: Moment) {
        self.change(seat, |book| {
            if let Some(chatting) = book
                .session
                .chatting_mut()
                .filter(|chatting| chatting.chat == chat)
            {
                chatting.link.partner_away_until = Some(until);
                let until = self.adapters.clock.unix(until);
                self.adapters
                    .delivery
                    .post(&seat.route, &Notice::PartnerAway { chat, until }, Flush::Now);
            }
        });
    }

    /// The user is gone for ever, unless a connection newer than the one given speaks for the seat. A partner is told
    /// why and goes back to the queue.
    pub(crate) async fn depart(
        &self,
        seat: &Arc<Seat<P>>,
        connection: Option<ConnectionNumber>,
        told_partner: EndReason,
    ) {
        let departed = self.change(seat, |book| {
            if connection.is_some_and(|connection| connection != book.connection) {
                return Err(IllegalMove::Stale);
            }
            book.session.depart()
        });
        let Ok(left) = departed else { return };
        self.adapters.delivery.detach(&seat.route);
        self.register.remove(seat.user());
        self.note(Fact::Gone);
        if let Left::Chat(chatting) = left {
            self.left_alone(&chatting.link.partner, chatting.chat, told_partner)
                .await;
        }
        self.release(seat, Release::Gone).await;
    }
}
