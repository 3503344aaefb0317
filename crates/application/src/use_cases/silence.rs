//! Silence: nodes that are not heard from, and what their users' partners are told meanwhile.
//!
//! **Architecture Invariant:** a guess. It ends no chat before the grace is over, and whatever the partner's owner says itself
//! takes its place.

use crate::chat::Chat;
use crate::link::{Absence, Cause, Link};
use crate::ports::{Delivery, Flush, Ports};
use crate::seat::Seat;
use passerby_domain::id::Incarnation;
use passerby_domain::notice::Notice;
use passerby_domain::session::Chatting;
use passerby_domain::time::Moment;

impl<P: Ports> Chat<P> {
    /// Some nodes have missed heartbeats: the partners that they hold may be away.
    pub(crate) fn note_delay(&self, late: &[Incarnation]) {
        let until = self.now() + self.options.resume_grace;
        self.for_each_with_partner_at(late, |seat, chatting| {
            if chatting.link.absence.is_none() {
                let cause = Cause::Delay;
                self.is_away(seat, chatting, Absence { until, cause });
            }
        });
    }

    /// These nodes were heard from after all: it was not their users who were away.
    pub(crate) fn note_in_time(&self, peers: &[Incarnation]) {
        self.for_each_with_partner_at(peers, |seat, chatting| {
            let (chat, link) = (chatting.chat, &mut chatting.link);
            if link
                .absence
                .take_if(|absence| absence.cause == Cause::Delay)
                .is_some()
            {
                self.adapters
                    .delivery
                    .post(&seat.route, &Notice::PartnerBack { chat }, Flush::Now);
            }
        });
    }

    /// Nothing is heard of some nodes: the partners that they hold count as away.
    pub(crate) fn note_silence(&self, silent: &[Incarnation]) {
        let until = self.now() + self.options.resume_grace;
        self.for_each_with_partner_at(silent, |seat, chatting| self.is_silent(seat, chatting, until));
    }

    /// As [`Chat::note_silence`], for one seat.
    pub(crate) fn note_silence_for(&self, seat: &Seat<P>, silent: &[Incarnation]) {
        let until = self.now() + self.options.resume_grace;
        self.with_partner_at(silent, seat, |seat, chatting| {
            self.is_silent(seat, chatting, until);
        });
    }

    fn is_silent(&self, seat: &Seat<P>, chatting: &mut Chatting<Link<P>>, until: Moment) {
        let before = chatting.link.absence;
        let absence = Absence {
            // One who was away already is not awaited for longer than was said.
            until: before.map_or(until, |absence| absence.until.min(until)),
            cause: Cause::Silence,
        };
        self.is_away(seat, chatting, absence);
    }

    /// Changes the chats of all seats whose partners are at one of these nodes.
    fn for_each_with_partner_at(
        &self,
        owners: &[Incarnation],
        mut change: impl FnMut(&Seat<P>, &mut Chatting<Link<P>>),
    ) {
        if owners.is_empty() {
            return;
        }
        for seat in self.register.all() {
            self.with_partner_at(owners, &seat, &mut change);
        }
    }

    fn with_partner_at(
        &self,
        owners: &[Incarnation],
        seat: &Seat<P>,
        change: impl FnOnce(&Seat<P>, &mut Chatting<Link<P>>),
    ) {
        self.change(seat, |book| {
            if let Some(chatting) = book.session.chatting_mut()
                && let Some(remote) = chatting.link.remote()
                && owners.contains(&remote.owner)
            {
                change(seat, chatting);
            }
        });
    }
}
