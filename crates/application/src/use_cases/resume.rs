//! Resuming: take a seat back, on a new connection.

use super::connect::{ConnectError, Connected};
use crate::chat::Chat;
use crate::ports::{Clock, Completeness, Delivery, Fact, Flush, Identity, Ports, TokenSerial};
use crate::seat::{ConnectionNumber, Seat};
use passerby_domain::id::{ChatId, Generation, Seq};
use passerby_domain::notice::{Notice, Replay, Standing, Welcome};
use passerby_domain::session::{Presence, State};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// Somebody who showed a valid token of a seat that is still there.
pub struct Returning<P: Ports> {
    seat: Arc<Seat<P>>,
    serial: TokenSerial,
    /// Its number at the seat: of two that claim it, the one that was recognised later is the newer.
    connection: ConnectionNumber,
}

impl<P: Ports> fmt::Debug for Returning<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Returning")
    }
}

impl<P: Ports> Chat<P> {
    /// The seat that `token` is for, if the token is valid and the seat is still there. A wrong, spent or foreign
    /// token looks the same from outside.
    pub fn recognise(&self, token: &str) -> Option<Returning<P>> {
        let (user, serial) = self.adapters.identity.read_token(token)?;
        let seat = self.register.get(user)?;
        let connection = {
            let mut book = seat.lock();
            let valid = !matches!(book.session.state(), State::Gone) && book.tokens.accept(serial);
            valid.then(|| book.claim())
        };
        connection.map(|connection| Returning {
            seat,
            serial,
            connection,
        })
    }

    /// Takes the seat back: the user is told `Welcome`, then everything after `seen` that is still held, then what
    /// happens from now on. An older connection of the seat is hung up on.
    ///
    /// `Ok(None)` if the seat or the token died meanwhile; the caller then connects anew. A seat that is here may be
    /// taken back even while the bans cannot be read.
    ///
    /// # Errors
    /// [`ConnectError::Banned`], or [`ConnectError::Replaced`] if one that was recognised later was faster: it may be
    /// all that is left of a client that gave up on this one. The seat is as before.
    pub async fn resume(
        &self,
        returning: Returning<P>,
        address: IpAddr,
        wire: Arc<P::Wire>,
        seen: Seq,
    ) -> Result<Option<Connected<P>>, ConnectError> {
        let origin = self.adapters.identity.origins(address).exact;
        match self.check_ban(origin).await {
            Ok(()) | Err(ConnectError::Store(_)) => {}
            Err(refused @ (ConnectError::Banned(_) | ConnectError::Replaced)) => return Err(refused),
        }
        let Returning {
            seat,
            serial,
            connection,
        } = returning;
        let Some((replay, partner, generation)) = self.change(&seat, |book| {
            if connection < book.connection {
                return Err(ConnectError::Replaced);
            }
            if matches!(book.session.state(), State::Gone) || !book.tokens.accept(serial) {
                return Ok(None);
            }
            let now = self.now();
            let was_away = book.session.presence() != Presence::Here;
            book.connection = connection;
            book.tokens.used = serial;
            book.tokens.latest = TokenSerial(book.tokens.latest.0.wrapping_add(1));
            book.session.attach();
            let standing = match book.session.state() {
                State::Waiting(wait) | State::Offered { wait, .. } => {
                    Standing::Waiting(self.waiting(book, wait, now))
                }
                State::Chatting(chatting) => Standing::Chatting {
                    chat: chatting.chat,
                    facts: &chatting.link.facts,
                    partner_away_until: chatting
                        .link
                        .partner_away_until
                        .map(|until| self.adapters.clock.unix(until)),
                },
                State::Idle | State::Gone => Standing::Idle,
            };
            let token = self.token(seat.user(), book.tokens.latest);
            let welcome = Welcome {
                user: seat.user(),
                node: &self.options.node,
                standing,
                resume_token: &token.0,
                replay: Replay::Fresh,
                now: self.adapters.clock.unix(now),
                online: self.census().online.max(self.own_census().online),
            };
            let replay = self
                .adapters
                .delivery
                .attach(&seat.route, wire, Some(seen), &welcome);
            book.idle_since = now;
            let partner = book
                .session
                .chatting()
                .map(|chatting| (chatting.chat, chatting.link.partner.clone()));
            Ok(Some((
                replay,
                partner.filter(|_| was_away),
                book.session.generation(),
            )))
        })?
        else {
            return Ok(None);
        };
        self.adapters.delivery.flush(&seat.route);
        let complete = if matches!(replay, Replay::Gap { .. }) {
            Completeness::Gap
        } else {
            Completeness::Whole
        };
        self.note(Fact::Resumed { complete });
        if let Some((chat, partner)) = partner {
            self.partner_returned(&partner, chat, generation);
        }
        self.seek(&seat).await;
        Ok(Some(Connected { seat, connection }))
    }

    fn partner_returned(&self, seat: &Seat<P>, chat: ChatId, generation: Generation) {
        self.change(seat, |book| {
            let Some(chatting) = book
                .session
                .chatting_mut()
                .filter(|chatting| chatting.chat == chat && chatting.link.partner_heard < generation)
            else {
                return;
            };
            chatting.link.partner_heard = generation;
            if chatting.link.partner_away_until.take().is_some() {
                self.adapters
                    .delivery
                    .post(&seat.route, &Notice::PartnerBack { chat }, Flush::Now);
            }
        });
    }

    /// The user was heard from on this connection: the token it came with is spent, and only the one it was given
    /// is valid from now on.
    pub fn heard(&self, seat: &Seat<P>, connection: ConnectionNumber) {
        let mut book = seat.lock();
        if book.connection == connection {
            book.tokens.used = book.tokens.latest;
        }
    }
}

#[cfg(test)]
mod tests;
