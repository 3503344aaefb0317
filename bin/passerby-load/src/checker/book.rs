//! All chats of a run, where what one user said meets what the other was told.
//!
//! **Architecture Invariants:** a message is forgotten once it arrived and was answered, a chat once both its seats are out
//! of it; what stays is one entry for each chat of which only one seat was told, and each seat that dies leaves one of
//! those at most.

mod chat;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::checker::violation::{Rule, Tally, Violation};
use crate::checker::{SeatNumber, Sight};
use chat::{Chat, Receipt, Side};

/// Whose message a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Said<'a> {
    /// The chat that the text itself names.
    pub(crate) chat: &'a str,
    pub(crate) sender: SeatNumber,
    /// Grows with each message of the sender.
    pub(crate) number: u64,
}

/// How a message was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It was not delivered and never will be.
    Never,
    /// `unconfirmed`: it was delivered already, or never will be.
    Unknown,
}

/// How a seat came out of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// As chats end.
    Ordinary,
    /// A fault of the service took it (`lost`), so the other seat may never have been told of it.
    Lost,
}

/// The record of a run.
#[derive(Debug, Default)]
pub(crate) struct Book {
    seats: SeatNumber,
    chats: HashMap<String, Chat>,
    /// The chats that a seat was told of and that are not settled.
    chats_of: HashMap<SeatNumber, Vec<String>>,
    /// Seats that died, and gaps: each explains why a chat was told to one seat only.
    blind_spots: u64,
    begun: u64,
    received: u64,
    tally: Tally,
}

impl Book {
    /// A new seat.
    pub(crate) fn new_seat(&mut self) -> SeatNumber {
        self.seats += 1;
        self.seats
    }

    /// Seats so far.
    pub(crate) fn seats(&self) -> u64 {
        self.seats
    }

    /// Chats that both were told of.
    pub(crate) fn begun(&self) -> u64 {
        self.begun
    }

    /// Messages that arrived.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// All violations so far.
    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Takes down a violation that was found elsewhere.
    pub(crate) fn violation(&mut self, violation: Violation) {
        self.tally.add(violation);
    }

    fn found(&mut self, rule: Rule, what: String) {
        self.tally.add(Violation { rule, what });
    }

    /// A seat was told that it is in a chat.
    pub(crate) fn matched(&mut self, seat: SeatNumber, name: &str, sight: Sight) {
        let chat = self.chats.entry(name.to_owned()).or_default();
        if chat.side(seat).is_some() {
            if sight == Sight::Whole {
                self.found(
                    Rule::Strangers,
                    format!("chat {name} was told to seat {seat} twice"),
                );
            }
            return;
        }
        if let [one, other] = &chat.sides[..] {
            let what = format!(
                "chat {name} was told to seats {}, {} and {seat}",
                one.seat, other.seat
            );
            self.found(Rule::Mutual, what);
            return;
        }
        chat.sides.push(Side::new(seat));
        if chat.sides.len() == 2 {
            self.begun += 1;
        }
        self.chats_of.entry(seat).or_default().push(name.to_owned());
    }

    /// A message is about to be sent, perhaps again.
    pub(crate) fn said(&mut self, seat: SeatNumber, name: &str, number: u64) {
        if let Some(side) = self.chats.get_mut(name).and_then(|chat| chat.side(seat)) {
            side.says(number);
        }
    }

    /// A message was acknowledged.
    pub(crate) fn acked(&mut self, seat: SeatNumber, name: &str, number: u64) {
        if let Some(side) = self.chats.get_mut(name).and_then(|chat| chat.side(seat)) {
            side.is_acked(number);
        }
        self.settle(name);
    }

    /// A message was refused.
    pub(crate) fn refused(&mut self, seat: SeatNumber, name: &str, number: u64, refusal: Refusal) {
        let side = self.chats.get_mut(name).and_then(|chat| chat.side(seat));
        if side.is_some_and(|side| side.is_refused(number, refusal) == Receipt::Refused) {
            let what = format!("message {number} of seat {seat} in {name} arrived and was refused");
            self.found(Rule::Honest, what);
        }
        self.settle(name);
    }

    /// The user gave up waiting for an answer.
    pub(crate) fn gave_up(&mut self, seat: SeatNumber, name: &str, number: u64) {
        if let Some(side) = self.chats.get_mut(name).and_then(|chat| chat.side(seat)) {
            side.gives_up(number);
        }
        self.settle(name);
    }

    /// A message arrived in this chat.
    pub(crate) fn received_by(&mut self, receiver: SeatNumber, name: &str, said: Said<'_>, sight: Sight) {
        self.received += 1;
        let Said { chat, sender, number } = said;
        let told = format!("seat {receiver} in {name} was sent message {number} of seat {sender} in {chat}");
        let Some(record) = self.chats.get_mut(name) else {
            // A replay with holes may tell the rest of a chat that is forgotten.
            if sight == Sight::Blind {
                return;
            }
            self.found(Rule::Private, format!("{told}: a chat that nobody is in"));
            return;
        };
        let is_partner = sight == Sight::Blind || record.side(receiver).is_some();
        let receipt = match record.side(sender) {
            Some(side) if chat == name && sender != receiver && is_partner => side.arrives(number),
            _ => Receipt::Foreign,
        };
        let (rule, why) = match receipt {
            Receipt::Good => {
                self.settle(name);
                return;
            }
            Receipt::Foreign => (Rule::Private, "it is not their partner's in this chat"),
            Receipt::Unsaid => (Rule::Private, "nobody said it"),
            Receipt::Twice => (Rule::Once, "not for the first time"),
            Receipt::Late => (Rule::Order, "after one that was said later"),
            Receipt::Refused => (Rule::Honest, "which was refused"),
        };
        self.found(rule, format!("{told}: {why}"));
    }

    /// A seat is out of a chat.
    pub(crate) fn left(&mut self, seat: SeatNumber, name: &str, end: End) {
        if let Some(side) = self.chats.get_mut(name).and_then(|chat| chat.side(seat)) {
            side.leaves(end);
        }
        self.settle(name);
    }

    /// A seat was told that it has missed something for ever: for its chats so far, and it is only in this one now.
    pub(crate) fn missed(&mut self, seat: SeatNumber, now_in: Option<&str>) {
        self.blind_spots += 1;
        for name in self.chats_of.get(&seat).cloned().unwrap_or_default() {
            if let Some(side) = self.chats.get_mut(&name).and_then(|chat| chat.side(seat)) {
                side.misses();
                if now_in != Some(name.as_str()) {
                    side.leaves(End::Ordinary);
                }
            }
            self.settle(&name);
        }
        if let Some(name) = now_in {
            self.matched(seat, name, Sight::Blind);
            if let Some(side) = self.chats.get_mut(name).and_then(|chat| chat.side(seat)) {
                side.misses();
                // A node that could not be asked may have been the only one to know that they had left.
                side.is_back();
            }
        }
    }

    /// A seat is dead: nobody will hear what it was told.
    pub(crate) fn gone(&mut self, seat: SeatNumber) {
        self.blind_spots += 1;
        for name in self.chats_of.get(&seat).cloned().unwrap_or_default() {
            if let Some(side) = self.chats.get_mut(&name).and_then(|chat| chat.side(seat)) {
                side.dies();
            }
            self.settle(&name);
        }
        self.chats_of.remove(&seat);
    }

    /// What still has to happen before the run can be judged: messages without an answer, and acknowledged ones that have
    /// not arrived.
    pub(crate) fn unsettled(&self) -> usize {
        self.chats.values().map(Chat::unsettled).sum()
    }

    /// Judges what can only be judged at the end.
    pub(crate) fn closes(&mut self) {
        let mut alone = Vec::new();
        for name in self.chats.keys().cloned().collect::<Vec<_>>() {
            self.judge(&name);
            if let Some([only]) = self.chats.get(&name).map(|chat| &chat.sides[..])
                && !only.has_lost()
            {
                alone.push(format!("{name} to seat {}", only.seat));
            }
        }
        let spots = usize::try_from(self.blind_spots).unwrap_or(usize::MAX);
        // Each seat that died, or missed something, explains one.
        if alone.len() > spots {
            alone.sort_unstable();
            alone.truncate(10);
            let what = format!(
                "more chats were told to one seat only than the {spots} that seats died with or missed: {}",
                alone.join(", ")
            );
            self.found(Rule::Mutual, what);
        }
    }

    /// Forgets a chat once both are out of it and all is answered.
    fn settle(&mut self, name: &str) {
        if !self.chats.get(name).is_some_and(Chat::is_over) {
            return;
        }
        self.judge(name);
        let Some(chat) = self.chats.remove(name) else {
            return;
        };
        for side in chat.sides {
            if let Entry::Occupied(mut chats) = self.chats_of.entry(side.seat) {
                chats.get_mut().retain(|other| other != name);
                if chats.get().is_empty() {
                    chats.remove();
                }
            }
        }
    }

    /// Acknowledged messages must have arrived by now.
    fn judge(&mut self, name: &str) {
        let vain = self.chats.get(name).map(Chat::acked_in_vain).unwrap_or_default();
        for (sender, number) in vain {
            let what =
                format!("message {number} of seat {sender} in {name} was acknowledged and did not arrive");
            self.found(Rule::Honest, what);
        }
    }
}

#[cfg(test)]
mod tests;
