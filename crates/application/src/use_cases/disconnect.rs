//! Disconnecting: a connection is gone, and perhaps its user too.

use crate::chat::{Chat, Deployment};
use crate::link::{Absence, Cause, Link, Partner};
use crate::pending::Then;
use crate::ports::{Attendance, Clock, Delivery, Fact, Flush, Ports, Release};
use crate::seat::{ConnectionNumber, Seat};
use passerby_domain::id::{ChatId, Generation, UserId};
use passerby_domain::notice::{EndReason, Notice};
use passerby_domain::session::{IllegalMove, Left, Presence, State};
use passerby_domain::time::{Millis, Moment};
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
        self.notice_stall();
        let grace = match departure {
            Departure::Left => return self.depart(seat, connection, EndReason::PartnerLeft).await,
            Departure::Expelled => {
                return self
                    .depart(seat, connection, EndReason::PartnerDisconnected)
                    .await;
            }
            Departure::PageClosed => self.options.reload_grace,
            Departure::Dropped => self.options.resume_grace,
        };
        if self.hang_up(seat, connection, grace) {
            self.release(seat, Release::Rest).await;
        }
    }

    /// The part of [`Chat::disconnect`] that holds the seat and asks no store. True if the store has yet to hear that nobody is to
    /// find it in the queue.
    pub(super) fn hang_up(&self, seat: &Arc<Seat<P>>, connection: ConnectionNumber, grace: Millis) -> bool {
        let until = self.now() + grace;
        let Some((partner, waits, generation)) = self.change(seat, |book| {
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
            let waits = matches!(book.session.state(), State::Waiting(_));
            Some((partner, waits, book.session.generation()))
        }) else {
            return false;
        };
        self.note(Fact::Dropped);
        if let Some((chat, partner)) = partner {
            match partner {
                Partner::Here(partner) => self.partner_dropped(&partner, chat, until, generation),
                Partner::There(remote) => {
                    let held = until.since(self.now());
                    self.tell_attendance(seat, &remote, chat, Attendance::Away { held });
                }
            }
        }
        waits
    }

    pub(crate) fn partner_dropped(
        &self,
        seat: &Seat<P>,
        chat: ChatId,
        until: Moment,
        generation: Generation,
    ) {
        self.change(seat, |book| {
            if let Some(chatting) = book
                .session
                .chatting_mut()
                .filter(|chatting| chatting.chat == chat && chatting.link.partner_heard < generation)
            {
                chatting.link.partner_heard = generation;
                let absence = Absence {
                    until,
                    cause: Cause::Told,
                };
                // They may have come back meanwhile from another node, without this user having been told.
                if chatting.link.absence.replace(absence).is_some() {
                    return;
                }
                let until = self.adapters.clock.unix(until);
                self.adapters
                    .delivery
                    .post(&seat.route, &Notice::PartnerAway { chat, until }, Flush::Now);
            }
        });
    }

    async fn depart(&self, seat: &Arc<Seat<P>>, connection: ConnectionNumber, told_partner: EndReason) {
        let departed = self.change(seat, |book| {
            if connection != book.connection {
                return Err(IllegalMove::Stale);
            }
            if let Some(pending) = book.pending_mut() {
                pending.then = Then::Depart(told_partner);
                self.adapters.delivery.detach(&seat.route);
                book.session
                    .drop_connection(self.now() + self.options.resume_grace);
                return Err(IllegalMove::Stale);
            }
            book.session.depart()
        });
        if let Ok(left) = departed {
            self.see_off(seat, left, told_partner).await;
        }
    }

    /// What follows once a user is gone for ever: nobody finds the seat any more, and a partner is told why and goes
    /// back to the queue.
    pub(crate) async fn see_off(&self, seat: &Arc<Seat<P>>, left: Left<Link<P>>, told_partner: EndReason) {
        self.adapters.delivery.detach(&seat.route);
        self.strike_off(seat.user());
        if let Left::Chat(chatting) = left {
            self.leave_alone(seat, &chatting.link.partner, chatting.chat, told_partner)
                .await;
        }
        self.release(seat, Release::Gone).await;
    }

    /// A user is gone for ever. A node that has been given the seat a moment ago is told so when it asks for it.
    pub(super) fn strike_off(&self, user: UserId) {
        if self.options.deployment == Deployment::Shared {
            self.endings.note(user, self.now());
        }
        self.register.remove(user);
        self.note(Fact::Gone);
    }
}

#[cfg(test)]
mod tests;
