//! Messages and signals for a partner on another node: sent with the next batch, answered by a receipt.
//!
//! What the user is told is true: `Ack` after a receipt; an error at once if the message did not leave, or when the
//! receipt says so; and if there is none in time, that nobody knows. Whatever may have arrived is not sent again.

use super::message::MessageError;
use crate::book::Book;
use crate::chat::Chat;
use crate::doorstep::{Door, Left};
use crate::link::{Cause, Partner};
use crate::ports::{
    Address, Clock, Consignment, Delivery, Fact, Flush, IdHash, Letter, Outcome, Peers, Ports, Recollection,
    Repetition, Stamp, Undelivered, Unsent,
};
use crate::seat::{ConnectionNumber, Seat};
use crate::unanswered::{Attempt, Entry, Kept, KeptId, Watch};
use passerby_domain::id::{ChatId, Tenure};
use passerby_domain::notice::{Failure, Notice, Secret};
use passerby_domain::text::{MessageId, Text};
use passerby_domain::time::{Millis, Moment};

/// For so long after a seat was taken over from a dead node, its client may be sending again what was accepted there: at once, or
/// when the three seconds are over in which the protocol answers.
const RESENDING: Millis = Millis::new(3_500);
/// And for so long, where the client or this node was slow, so that nobody may be told yet that something never arrived.
const RESENDING_LATE: Millis = Millis::from_secs(30);

/// Whether neither this seat nor its partner remembers what was accepted in their chat, so that a message with an id may
/// be one that was accepted already: both were taken over from dead nodes a moment ago, or the partner's still is to be.
pub(crate) fn book_is_doubtful<P: Ports>(book: &Book<P>, now: Moment) -> bool {
    let Some(restored) = book.abroad.as_ref().and_then(|abroad| abroad.restored) else {
        return false;
    };
    let Some(chatting) = book.session.chatting() else {
        return false;
    };
    let link = &chatting.link;
    link.partner_recollection == Recollection::Lost
        && (now.since(restored) < RESENDING || link.absence.is_some())
}

/// Whether this seat does not remember what was sent for it in its chat, while its client may be sending that again.
pub(crate) fn forgets<P: Ports>(book: &Book<P>, now: Moment) -> bool {
    forgets_within(RESENDING, book, now)
}

fn forgets_within<P: Ports>(time: Millis, book: &Book<P>, now: Moment) -> bool {
    let restored = book.abroad.as_ref().and_then(|abroad| abroad.restored);
    restored.is_some_and(|restored| now.since(restored) < time)
}

/// The client of a seat has just come back, and may say again what has no answer: none is due before it does. If its seat is
/// without memory and it was not heard since for long enough to say again what was accepted elsewhere, the time for that begins
/// anew.
pub(crate) fn begin_to_say_again<P: Ports>(book: &mut Book<P>, now: Moment) {
    let was_heard = book.tokens.used == book.tokens.latest;
    if !was_heard || forgets(book, now) {
        doubt_again(book, now);
    }
    if let Some(abroad) = &mut book.abroad {
        abroad.unanswered.forget_sendings();
    }
}

/// A seat without memory, or its partner who has lost theirs, has just come back.
pub(crate) fn doubt_again<P: Ports>(book: &mut Book<P>, now: Moment) {
    if let Some(restored) = book.abroad.as_mut().and_then(|abroad| abroad.restored.as_mut()) {
        *restored = now;
    }
}

/// What is sent to the partner's owner.
#[derive(Clone, Copy)]
pub(crate) enum Matter<'a> {
    Message {
        id: Option<KeptId>,
        text: &'a str,
        leg: Leg,
    },
    /// With the id that an answer is to repeat.
    Signal { id: Option<MessageId<'a>> },
}

/// Whether a message sets out, or follows a partner who has moved.
#[derive(Clone, Copy)]
pub(crate) enum Leg {
    First,
    Next {
        /// Its place among what the user said.
        order: Consignment,
        /// When they said it, from which the time for its answer counts.
        said: Moment,
        attempt: Attempt,
        /// How many answers are due.
        sendings: u8,
    },
}

impl Leg {
    /// What is known of a message that was sent once by this node and refused: where it went it did not arrive.
    fn refused(self) -> Option<Attempt> {
        match self {
            Self::Next {
                attempt: attempt @ (Attempt::First | Attempt::Late),
                ..
            } => Some(attempt),
            Self::First | Self::Next { .. } => None,
        }
    }
}

impl<P: Ports> Chat<P> {
    /// Sends a message to the partner's owner. `checked` is what the checks made of it.
    pub(crate) fn message_abroad(
        &self,
        seat: &Seat<P>,
        book: &mut Book<P>,
        checked: Result<Text<'_>, MessageError>,
        id: Option<MessageId<'_>>,
        unheard: Option<MessageError>,
        now: Moment,
    ) -> Result<(), MessageError> {
        let id = id.map(|id| {
            let hash = crate::ports::Identity::digest(&self.adapters.identity, id.as_str());
            KeptId::new(id, hash)
        });
        if let Some(id) = &id
            && unheard.is_none()
            && self.answer_again(seat, book, id)
        {
            return Ok(());
        }
        let forgets = id.is_some() && forgets(book, now);
        let was_sent = forgets
            || id.is_some_and(|id| {
                let chatting = book.session.chatting();
                let remote = chatting.and_then(|chatting| chatting.link.remote());
                remote.is_some_and(|remote| remote.sent.contains(id.hash))
            });
        let text = match checked {
            Ok(_) if id.is_some() && book_is_doubtful(book, now) => Err(MessageError::Unconfirmed),
            Ok(text) => Ok(text),
            // An error says "never delivered", which may be a lie about a message that was sent before.
            Err(_) if was_sent && unheard.is_none() => Err(MessageError::Unconfirmed),
            Err(error) => Err(error),
        };
        let remembered = id.map(|id| id.hash).filter(|_| unheard.is_none() && !was_sent);
        let text = text.map_err(|error| self.refuse_message(book, error, remembered))?;
        let may_have_come = was_sent || id.is_some() && forgets_within(RESENDING_LATE, book, now);
        let sent = self.consign_message(seat, book, id, text.as_str(), Leg::First, now);
        sent.map_err(|undelivered| {
            let error = if may_have_come {
                MessageError::Unconfirmed
            } else {
                MessageError::Unreachable(undelivered)
            };
            self.refuse_message(book, error, remembered)
        })
    }

    /// A message was placed for a partner on this node, and others of the chat, which were sent before it, are on their way to
    /// where the partner was, if they are not lost. Sent again, those that have not come would come behind it.
    pub(crate) fn overtake(&self, book: &mut Book<P>, chat: ChatId, placed: Option<IdHash>) {
        let Some(abroad) = &book.abroad else {
            return;
        };
        let before = abroad.unanswered.before(chat, placed);
        self.note_overtaken(book, chat, before);
    }

    /// Of these, which were said before what was just placed for a partner on this node, those that have not come never will.
    pub(super) fn note_overtaken(&self, book: &mut Book<P>, chat: ChatId, before: Vec<IdHash>) {
        let Some(Partner::Here(partner)) = book.session.chatting().map(|chatting| &chatting.link.partner)
        else {
            return;
        };
        let route = &partner.route;
        let has_come = |id: &IdHash| self.adapters.delivery.has_placed(route, chat, *id);
        let lost: Vec<_> = before.into_iter().filter(|id| !has_come(id)).collect();
        remember_lost(book, lost);
    }

    /// Answers a message that is sent again after this node has sent it on: as before if it was received, and if it is on
    /// its way still, when its receipt comes. To send it on once more might bring a refusal of what had arrived.
    fn answer_again(&self, seat: &Seat<P>, book: &mut Book<P>, id: &KeptId) -> bool {
        let Some(chatting) = book.session.chatting() else {
            return false;
        };
        let chat = chatting.chat;
        let remote = chatting.link.remote();
        if remote.is_some_and(|remote| remote.sent.was_received(id.hash)) {
            self.note(Fact::Repeated);
            let id = id.as_str();
            self.adapters
                .delivery
                .post(&seat.route, &Notice::Ack { chat, id }, Flush::Later);
            return true;
        }
        let abroad = book.abroad.as_mut();
        abroad.is_some_and(|abroad| abroad.unanswered.send_again(chat, id.hash))
    }

    /// Sends a message to the partner's owner, on this leg of its way.
    pub(super) fn consign_message(
        &self,
        seat: &Seat<P>,
        book: &mut Book<P>,
        id: Option<KeptId>,
        text: &str,
        leg: Leg,
        now: Moment,
    ) -> Result<(), Undelivered> {
        let at = self.adapters.clock.unix(now);
        let message = |address, consignment, tenure, repetition| Letter::Message {
            address,
            consignment,
            tenure,
            id: id.map(|id| id.hash),
            repetition,
            text: Secret(text),
            at,
        };
        self.consign(seat, book, Matter::Message { id, text, leg }, now, message)
    }

    /// Sends something that is answered by a receipt.
    pub(crate) fn consign<'a>(
        &self,
        seat: &Seat<P>,
        book: &mut Book<P>,
        matter: Matter<'_>,
        now: Moment,
        letter: impl FnOnce(Address, Consignment, Tenure, Repetition) -> Letter<'a>,
    ) -> Result<(), Undelivered> {
        let (id, text, leg, named) = match matter {
            Matter::Message { id, text, leg } => (id, Some(text), leg, None),
            Matter::Signal { id } => (None, None, Leg::First, id.map(|id| id.as_str().into())),
        };
        let generation = book.session.generation();
        let forgets = forgets(book, now);
        let may_be_late = forgets_within(RESENDING_LATE, book, now);
        let abroad = book.abroad.get_or_insert_default();
        let consignment = abroad.unanswered.next(generation.tenure());
        let consignment = consignment.ok_or(Undelivered::Full)?;
        let chatting = book.session.chatting_mut().ok_or(Undelivered::Gone)?;
        let chat = chatting.chat;
        let silent = chatting
            .link
            .absence
            .is_some_and(|absence| absence.cause == Cause::Silence);
        let heard = chatting.link.partner_heard.tenure();
        let remote = chatting.link.remote_mut().ok_or(Undelivered::Gone)?;
        let tenure = heard.max(remote.announced);
        if silent {
            return Err(Undelivered::Away);
        }
        let address = Address {
            chat,
            from: Stamp {
                seat: seat.user(),
                generation,
            },
            to: remote.who.user,
        };
        let repetition = match id {
            _ if leg.refused().is_some() => Repetition::No,
            Some(id) if remote.sent.contains(id.hash) => Repetition::Yes {
                later: remote.sent.after(id.hash),
            },
            // Nor does whoever has the partner now, if they have forgotten all.
            Some(_) if forgets || matches!(leg, Leg::Next { .. }) => Repetition::Perhaps,
            _ => Repetition::No,
        };
        let attempt = match leg {
            // That it was sent by this node does not make it one that was sent before.
            Leg::Next { attempt, .. } => attempt,
            Leg::First => Attempt::new(&repetition, || id.is_some() && may_be_late),
        };
        let peers = &self.adapters.peers;
        if remote.owner == peers.own() {
            // The partner is on the way here, and reached without letters from then on, which must not overtake this.
            let left = |text: &str| Left {
                from: remote.owner,
                address,
                consignment,
                tenure,
                id: id.map(|id| id.hash),
                repetition: repetition.clone(),
                text: text.into(),
                at: self.adapters.clock.unix(now),
            };
            let door = text.map(|text| self.doorstep.leave(remote.who.user, || left(text)));
            // If they are gone their chat is over any moment, and what was sent before is answered then.
            if door != Some(Door::Expecting) && !attempt.is_followed() {
                return Err(Undelivered::Away);
            }
        } else {
            self.overtake_at_the_door(seat.user(), remote.who.user, &abroad.unanswered);
            match peers.send(remote.owner, &letter(address, consignment, tenure, repetition)) {
                Ok(()) => {}
                Err(Unsent::Full) => return Err(Undelivered::Full),
                Err(Unsent::Gone | Unsent::Cut) => return Err(Undelivered::Away),
            }
        }
        if let Some(id) = id {
            remote.sent.add(id.hash);
        }
        let to = remote.owner;
        let kept = text.map(|text| Kept {
            to,
            text: text.into(),
        });
        let (order, sent, sendings) = match leg {
            Leg::First => (consignment, now, 1),
            Leg::Next {
                order,
                said,
                sendings,
                ..
            } => (order, said, sendings),
        };
        let entry = Entry {
            consignment,
            order,
            chat,
            id,
            named,
            attempt,
            kept,
            sent,
            sendings,
        };
        abroad.unanswered.push(entry, to);
        if abroad.unanswered.watch == Watch::Unlisted {
            abroad.unanswered.watch = Watch::Listed;
            self.watchlist.add(seat.user());
        }
        Ok(())
    }

    /// A receipt has come. True if the user was told something, to be written by the next flush.
    pub(crate) fn receive_receipt(&self, seat: &Seat<P>, consignment: Consignment, outcome: Outcome) -> bool {
        let mut book = seat.lock();
        let Some(entry) = book
            .abroad
            .as_mut()
            .and_then(|abroad| abroad.unanswered.take(consignment))
        else {
            // It came too late: the user was told that nobody knows.
            return false;
        };
        let chat = entry.chat;
        let id = entry.id.as_ref().map(KeptId::as_str);
        if let Some(id) = &entry.id
            && outcome == Outcome::Received
            && let Some(remote) = remote_in(&mut book, chat)
        {
            remote.sent.note_received(id.hash);
        }
        match (outcome, id) {
            (Outcome::Received, None) => {
                self.note(Fact::Relayed);
                false
            }
            (Outcome::Received, Some(id)) => {
                self.note(Fact::Relayed);
                self.tell_arrival(seat, &entry, id);
                true
            }
            (Outcome::Refused, Some(id)) if self.has_come_here(&book, &entry) => {
                // The partner has come here, and what was sent again was placed here.
                self.tell_arrival(seat, &entry, id);
                true
            }
            (Outcome::Refused, Some(id)) if self.arrives_here(&mut book, &entry) => {
                self.note(Fact::Relayed);
                self.tell_arrival(seat, &entry, id);
                true
            }
            (Outcome::Refused, _) if self.goes_after(seat, &mut book, &entry) => false,
            (Outcome::Refused, Some(_)) if entry.attempt.may_have_come() => {
                let why = unanswered_failure(&book, &entry);
                self.tell_failure(seat, &mut book, &entry, why);
                true
            }
            (Outcome::Refused, _) => {
                if let Some(id) = &entry.id
                    && let Some(remote) = remote_in(&mut book, chat)
                {
                    remote.sent.forget(id.hash);
                }
                self.tell_failure(seat, &mut book, &entry, Failure::Unreachable);
                true
            }
        }
    }

    /// Tells the user of messages of which nobody knows what became. True if some are still on their way.
    pub(crate) fn give_up_unanswered(&self, seat: &Seat<P>, now: Moment) -> bool {
        let mut book = seat.lock();
        let mut overdue = Vec::new();
        let Some(abroad) = &mut book.abroad else {
            return false;
        };
        while let Some(entry) = abroad.unanswered.take_overdue(now) {
            overdue.push(entry);
        }
        let settled = abroad.unanswered.is_settled();
        if settled {
            abroad.unanswered.watch = Watch::Unlisted;
        }
        for entry in &overdue {
            let why = unanswered_failure(&book, entry);
            self.tell_failure(seat, &mut book, entry, why);
        }
        drop(book);
        if !overdue.is_empty() {
            self.flush_own(seat);
        }
        !settled
    }

    fn tell_arrival(&self, seat: &Seat<P>, entry: &Entry, id: &str) {
        let arrived = Notice::Ack { chat: entry.chat, id };
        for _ in 0..entry.answers() {
            self.adapters.delivery.post(&seat.route, &arrived, Flush::Later);
        }
    }

    fn tell_failure(&self, seat: &Seat<P>, book: &mut Book<P>, entry: &Entry, why: Failure) {
        let error = match why {
            Failure::Unreachable => MessageError::Unreachable(Undelivered::Gone),
            Failure::Unconfirmed => MessageError::Unconfirmed,
            Failure::Stale => MessageError::StaleChat,
        };
        let is_present = book
            .session
            .chatting()
            .is_some_and(|chatting| chatting.chat == entry.chat);
        if let Some(id) = entry.id.filter(|_| is_present) {
            // Its client may be saying it again on the present connection, not having heard of this: that is refused, too.
            let told = if entry.sendings == 0 {
                ConnectionNumber::default()
            } else {
                book.connection
            };
            book.refusals.remember(id.hash, told, error);
        }
        self.refuse_message(book, error, None);
        let failed = Notice::Failed {
            id: entry.name(),
            why,
        };
        for _ in 0..entry.answers() {
            self.adapters.delivery.post(&seat.route, &failed, Flush::Later);
        }
    }
}

/// What is told of a message of which nobody knows what became. One that was sent again, as is known, in a chat which is over
/// by now is answered as if it had been sent a moment later.
fn unanswered_failure<P: Ports>(book: &Book<P>, entry: &Entry) -> Failure {
    let chatting = book.session.chatting();
    let is_over = chatting.is_none_or(|chatting| chatting.chat != entry.chat);
    if is_over && entry.attempt == Attempt::Again {
        Failure::Stale
    } else {
        Failure::Unconfirmed
    }
}

fn remote_in<P: Ports>(book: &mut Book<P>, chat: ChatId) -> Option<&mut crate::link::Remote> {
    let chatting = book
        .session
        .chatting_mut()
        .filter(|chatting| chatting.chat == chat)?;
    chatting.link.remote_mut()
}

/// Of what was sent, oldest first, that which was not received although something later was: it would come behind that.
pub(crate) fn overtaken(sent: &[IdHash], received: &[IdHash]) -> Vec<IdHash> {
    let last = sent.iter().rposition(|id| received.contains(id));
    let before = &sent[..last.unwrap_or_default()];
    before
        .iter()
        .filter(|id| !received.contains(id))
        .copied()
        .collect()
}

/// Ids of which nobody knows what became are refused for as long as the chat lasts.
pub(crate) fn remember_lost<P: Ports>(book: &mut Book<P>, ids: impl IntoIterator<Item = IdHash>) {
    let connection = book.connection;
    for id in ids {
        book.refusals.remember(id, connection, MessageError::Unconfirmed);
    }
}

#[cfg(test)]
mod tests;
