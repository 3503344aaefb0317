//! Presence across nodes: whose user is there, who holds whom, and whether both ends of a chat know of it.
//!
//! Each owner asserts the ends of chats it holds to the owners of the other ends: at each change, and all of them every
//! few seconds. An end that its partner's owner knows nothing about, twice, is an orphan: its chat is lost.

use super::consign::{doubt_again, remember_lost};
use super::receive::{SECOND_LOOK, answer_to};
use crate::book::Book;
use crate::chat::Chat;
use crate::link::{Absence, Cause, Link, Moved, Partner, Remote};
use crate::ports::{
    Address, Anomaly, Assertion, Attendance, Clock, Delivery, Fact, Flush, Letter, Peers, Ports,
    Recollection, Stamp,
};
use crate::seat::Seat;
use crate::use_cases::Followup;
use passerby_domain::id::{ChatId, Generation, Incarnation, Tenure};
use passerby_domain::notice::{EndReason, Notice};
use passerby_domain::session::{Chatting, Presence};
use passerby_domain::time::Moment;
use std::collections::HashMap;
use std::sync::Arc;

/// How many assertions one letter holds.
const LETTERFUL: usize = 500;

/// Whether a partner's owner had been heard from before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Known,
    New,
}

impl<P: Ports> Chat<P> {
    /// Tells the owner of a partner whether the seat's user is there.
    pub(crate) fn tell_attendance(
        &self,
        seat: &Seat<P>,
        remote: &Remote,
        chat: ChatId,
        attendance: Attendance,
    ) {
        let book = seat.lock();
        self.tell_attendance_of(seat, &book, remote, chat, attendance);
    }

    pub(crate) fn tell_attendance_of(
        &self,
        seat: &Seat<P>,
        book: &Book<P>,
        remote: &Remote,
        chat: ChatId,
        attendance: Attendance,
    ) {
        let assertion = Assertion {
            address: Address {
                chat,
                from: Stamp {
                    seat: seat.user(),
                    generation: book.session.generation(),
                },
                to: remote.who.user,
            },
            attendance,
            recollection: book.recollection(),
        };
        // All of them are said again every few seconds.
        let _ = self
            .adapters
            .peers
            .send(remote.owner, &Letter::Presence(assertion));
    }

    /// Tells the owner of a seat's partner who holds the seat, and whether its user is there.
    pub(crate) fn assert_chat(&self, seat: &Seat<P>) {
        let book = seat.lock();
        if let Some(chatting) = book.session.chatting()
            && let Some(remote) = chatting.link.remote()
        {
            let attendance = attendance(&book, self.now());
            self.tell_attendance_of(seat, &book, remote, chatting.chat, attendance);
        }
    }

    /// Asserts all ends of chats that are held here to the owners of the other ends: to all of them, or to one.
    pub(crate) fn assert_chats(&self, only: Option<Incarnation>) {
        let now = self.now();
        let mut letters: HashMap<Incarnation, Vec<Assertion>> = HashMap::new();
        for seat in self.register.all() {
            self.look_for_partner(&seat);
            let book = seat.lock();
            let Some(chatting) = book.session.chatting() else {
                continue;
            };
            let Some(remote) = chatting.link.remote() else {
                continue;
            };
            if only.is_some_and(|only| only != remote.owner) {
                continue;
            }
            letters.entry(remote.owner).or_default().push(Assertion {
                address: Address {
                    chat: chatting.chat,
                    from: Stamp {
                        seat: seat.user(),
                        generation: book.session.generation(),
                    },
                    to: remote.who.user,
                },
                attendance: attendance(&book, now),
                recollection: book.recollection(),
            });
        }
        for (owner, assertions) in letters {
            for part in assertions.chunks(LETTERFUL) {
                let _ = self
                    .adapters
                    .peers
                    .send(owner, &Letter::Assertions(part.to_vec()));
            }
        }
    }

    pub(crate) fn hear_all(&self, from: Incarnation, assertions: Vec<Assertion>) {
        let mut disowned = Vec::new();
        for assertion in assertions {
            if let Some(address) = self.hear_one(from, assertion) {
                disowned.push(address);
            }
        }
        self.disown(from, disowned);
    }

    pub(crate) fn hear(&self, from: Incarnation, assertion: Assertion) {
        let disowned = self.hear_one(from, assertion);
        self.disown(from, disowned.into_iter().collect());
    }

    fn disown(&self, from: Incarnation, disowned: Vec<Address>) {
        if !disowned.is_empty() {
            let _ = self.adapters.peers.send(from, &Letter::Disowned(disowned));
        }
    }

    /// Hears of the other end of a chat. Answers with the end's address if nothing is known of it here.
    fn hear_one(&self, from: Incarnation, assertion: Assertion) -> Option<Address> {
        let address = assertion.address;
        let Some(seat) = self.register.get(address.to) else {
            // One who is on the way here will find the partner.
            let is_answered = self.answer_for_absent(from, address) || self.takes.is_taken(address.to);
            return (!is_answered).then_some(address);
        };
        let heard = self.change(&seat, |book| {
            if let Some(pending) = book
                .pending_mut()
                .filter(|pending| pending.chat() == address.chat)
            {
                if pending.partner.stamp.seat == address.from.seat {
                    pending.has_begun_there(self.now());
                }
                return Ok((None, Owner::Known));
            }
            let is_in_it = book.session.chatting().is_some_and(|chatting| {
                chatting.chat == address.chat && chatting.link.partner.user() == address.from.seat
            });
            if !is_in_it {
                let told = book
                    .last_chat
                    .as_ref()
                    .filter(|last| last.chat == address.chat && last.partner.user == address.from.seat)
                    .map(|last| last.told)
                    .or_else(|| self.partings.reason(address.chat, address.to));
                return Err((told, book.session.generation()));
            }
            let link = book.session.chatting().map(|chatting| &chatting.link);
            // A former owner that does not know yet that another has the partner: what is said to it now would come to them
            // before what was said to the other.
            let is_late = link.is_some_and(|link| {
                let is_owner = link.remote().is_some_and(|remote| remote.owner == from);
                link.is_superseded(address.from.generation) && !is_owner
            });
            if is_late {
                return Ok((None, Owner::Known));
            }
            let heard = link.map(|link| link.partner_heard.tenure());
            let owner = if heard.is_some_and(|heard| heard < address.from.generation.tenure()) {
                Owner::New
            } else {
                Owner::Known
            };
            let usurped = self.adopt(book, from, address, assertion.recollection);
            if owner == Owner::New && assertion.recollection == Recollection::Lost {
                self.miss_partner(&seat, book);
            }
            self.note_attendance(&seat, book, address, assertion.attendance);
            Ok((usurped, owner))
        });
        match heard {
            Ok((usurped, owner)) => {
                if let Some(former) = usurped {
                    // It serves them, and may ask for what there is of them still. Nobody else may: that would not be all.
                    let generation = Generation::first_of(address.from.generation.tenure());
                    self.lose_seat(&former, Some((from, generation)));
                    let moved = Moved {
                        owner: from,
                        generation,
                        at: self.now(),
                        came: None,
                    };
                    self.peerage.note_moved(former.user(), moved);
                }
                if owner == Owner::New {
                    // What this end said while the partner was on the way there was lost.
                    self.assert_chat(&seat);
                }
            }
            Err((Some(reason), generation)) => {
                self.end_again(from, answer_to(address, generation), reason);
            }
            Err((None, _)) => return Some(address),
        }
        None
    }

    /// A chat ended here while the word of it could not be sent, or was lost.
    pub(super) fn end_again(&self, to: Incarnation, address: Address, reason: EndReason) {
        let _ = self.adapters.peers.send(to, &Letter::Ended { address, reason });
    }

    /// Whether what `from` says about a chat comes from the partner of the seat that it is for. A new owner of the
    /// partner makes itself known by a newer tenure.
    pub(crate) fn is_from_partner(&self, book: &mut Book<P>, from: Incarnation, address: Address) -> bool {
        let Some(chatting) = book.session.chatting_mut() else {
            return false;
        };
        if chatting.chat != address.chat || chatting.link.partner.user() != address.from.seat {
            return false;
        }
        let newest = chatting.link.partner_heard.tenure();
        match &mut chatting.link.partner {
            // One who has just come here may not know that both are on one node.
            Partner::Here(_) => from == self.adapters.peers.own(),
            Partner::There(remote) => {
                if remote.owner == from {
                    remote.disowned = None;
                    return true;
                }
                // The owner's own assertion comes before anything else it says, unless that was lost.
                if address.from.generation.tenure() > newest {
                    remote.owner = from;
                    chatting.link.partner_heard = address.from.generation;
                    if let Some(absence) = &mut chatting.link.absence {
                        // That was said by a former owner, and of this generation nothing was said yet.
                        absence.cause = Cause::Inherited;
                    }
                    return true;
                }
                false
            }
        }
    }

    /// The partner speaks, so they are there, whatever is still on its way about that.
    pub(crate) fn hears_partner(&self, seat: &Seat<P>, book: &mut Book<P>, generation: Generation) {
        let Some(chatting) = book.session.chatting_mut() else {
            return;
        };
        let (chat, link) = (chatting.chat, &mut chatting.link);
        let is_news = generation > link.partner_heard;
        // What their owner said of this generation, or of a later one, stands. What it has not said yet is news when it does.
        let was_there = link
            .absence
            .take_if(|absence| is_news || absence.cause != Cause::Told);
        if was_there.is_some() {
            self.adapters
                .delivery
                .post(&seat.route, &Notice::PartnerBack { chat }, Flush::Later);
        }
    }

    /// Learns who holds the partner. Answers with a seat of this node that turns out to be another node's.
    fn adopt(
        &self,
        book: &mut Book<P>,
        from: Incarnation,
        address: Address,
        recollection: Recollection,
    ) -> Option<Arc<Seat<P>>> {
        let chatting = book.session.chatting_mut()?;
        let link = &mut chatting.link;
        let tenure = address.from.generation.tenure();
        let is_news = tenure > link.partner_heard.tenure();
        let mut usurped = None;
        let mut lost = Vec::new();
        match &mut link.partner {
            Partner::There(remote) => {
                if tenure < link.partner_heard.tenure() {
                    return None;
                }
                if tenure > link.partner_heard.tenure() && recollection == Recollection::Lost {
                    lost = remote.sent.take();
                }
                remote.owner = from;
                remote.disowned = None;
            }
            Partner::Here(seat) => {
                let known = self.register.get(seat.user());
                let here = known.is_some_and(|known| Arc::ptr_eq(&known, seat));
                // A former owner that is late to learn of it may still speak for the seat.
                let is_stale = tenure < link.partner_heard.tenure();
                if here && (from == self.adapters.peers.own() || is_stale) {
                    return None;
                }
                let seat = seat.clone();
                let placed = self.adapters.delivery.placed(&seat.route, address.chat);
                let mut remote = Remote {
                    who: crate::book::Acquaintance::of(&seat),
                    owner: from,
                    announced: Tenure::FIRST,
                    disowned: None,
                    sent: placed.into_iter().collect(),
                };
                if recollection == Recollection::Lost {
                    lost = remote.sent.take();
                }
                link.partner = Partner::There(Box::new(remote));
                usurped = here.then_some(seat);
            }
        }
        link.partner_recollection = recollection;
        if recollection == Recollection::Lost && is_news {
            doubt_again(book, self.now());
        }
        remember_lost(book, lost);
        usurped
    }

    pub(crate) fn note_attendance(
        &self,
        seat: &Seat<P>,
        book: &mut Book<P>,
        address: Address,
        attendance: Attendance,
    ) {
        let now = self.now();
        let Some(chatting) = book.session.chatting_mut() else {
            return;
        };
        let link = &mut chatting.link;
        let generation = address.from.generation;
        let is_news = generation > link.partner_heard;
        // Then whatever their owner says is news, also what it said before.
        let was_guessed = link.absence.is_some_and(|absence| absence.cause != Cause::Told);
        if generation < link.partner_heard || !(is_news || was_guessed) {
            return;
        }
        link.partner_heard = generation;
        let chat = address.chat;
        match attendance {
            Attendance::Here => {
                if link.absence.take().is_some() {
                    self.adapters
                        .delivery
                        .post(&seat.route, &Notice::PartnerBack { chat }, Flush::Now);
                }
            }
            Attendance::Away { held } => {
                let (until, cause) = (now + held, Cause::Told);
                self.is_away(seat, chatting, Absence { until, cause });
            }
        }
    }

    /// The node that held the partner has died, and another has them. The user hears that they were away, though that
    /// was found out only now: what was on its way between the two may be lost.
    pub(crate) fn miss_partner(&self, seat: &Seat<P>, book: &mut Book<P>) {
        let until = self.now() + self.options.resume_grace;
        if let Some(chatting) = book.session.chatting_mut()
            && chatting.link.absence.is_none()
        {
            let cause = Cause::Silence;
            self.is_away(seat, chatting, Absence { until, cause });
        }
    }

    /// The partner is away. The user is told, unless they know.
    pub(crate) fn is_away(&self, seat: &Seat<P>, chatting: &mut Chatting<Link<P>>, absence: Absence) {
        if chatting.link.absence.replace(absence).is_some() {
            return;
        }
        let (chat, until) = (chatting.chat, self.adapters.clock.unix(absence.until));
        self.adapters
            .delivery
            .post(&seat.route, &Notice::PartnerAway { chat, until }, Flush::Now);
    }

    pub(crate) fn receive_disowned(
        self: &Arc<Self>,
        from: Incarnation,
        addresses: &[Address],
    ) -> Option<Followup> {
        let mut orphans = Vec::new();
        for address in addresses {
            let Some(seat) = self.register.get(address.from.seat) else {
                continue;
            };
            if self.disown_end(&seat, address.chat, from) {
                orphans.push(seat);
            }
        }
        self.verify_soon();
        if orphans.is_empty() {
            return None;
        }
        let node = self.clone();
        Some(Box::pin(async move {
            for seat in orphans {
                node.after_left_alone(&seat).await;
            }
        }))
    }

    /// Nobody knows the other end of a chat, as far as its owner can be found. The second time, the chat is over for
    /// this end: true then.
    pub(crate) fn disown_end(&self, seat: &Seat<P>, chat: ChatId, owner: Incarnation) -> bool {
        let now = self.now();
        let is_orphan = self.change(seat, |book| {
            let chatting = book.session.chatting_mut()?;
            if chatting.chat != chat {
                return None;
            }
            let remote = chatting
                .link
                .remote_mut()
                .filter(|remote| remote.owner == owner)?;
            match remote.disowned {
                None => {
                    remote.disowned = Some(now);
                    // Nor does whoever was said to have it: whoever says so next is believed.
                    remote.announced = Tenure::FIRST;
                    None
                }
                Some(first) => (now.since(first) >= SECOND_LOOK).then_some(()),
            }
        });
        let is_over = is_orphan.is_some() && self.end_for(seat, chat, EndReason::Lost);
        if is_over {
            self.note(Fact::Anomaly(Anomaly::Orphan));
        }
        is_over
    }
}

pub(crate) fn attendance<P: Ports>(book: &Book<P>, now: Moment) -> Attendance {
    match book.session.presence() {
        Presence::Here => Attendance::Here,
        Presence::Away { until } => Attendance::Away {
            held: until.since(now),
        },
    }
}

#[cfg(test)]
mod tests;
