//! One chat: two sides, and what each has said.
//!
//! **Architecture Invariants:** a message is forgotten once it arrived and was answered; that it came is then told by its
//! number alone, as numbers grow.

use std::collections::BTreeMap;

use crate::checker::SeatNumber;
use crate::checker::book::{End, Refusal};

/// Whether a message was right to arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Receipt {
    Good,
    /// Not of the partner in this chat.
    Foreign,
    /// Never sent.
    Unsaid,
    /// Arrived before.
    Twice,
    /// Overtaken by a later one.
    Late,
    /// Refused, and yet it arrived.
    Refused,
}

/// What the sender of a message was told of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Answer {
    /// Nothing so far, and it waits.
    #[default]
    Awaited,
    Acked,
    Refused,
    /// Nothing that says whether it arrived.
    Nothing,
}

/// Where a message is between its sender and its receiver.
#[derive(Clone, Copy, Debug, Default)]
struct Message {
    sends: u32,
    answer: Answer,
    has_arrived: bool,
}

impl Message {
    fn gives_up(&mut self) {
        if self.answer == Answer::Awaited {
            self.answer = Answer::Nothing;
        }
    }
}

/// One of the two in a chat, as a sender.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) seat: SeatNumber,
    /// Out of the chat, or dead.
    is_out: bool,
    /// What this seat should have received, it may have missed.
    has_missed: bool,
    has_lost: bool,
    messages: BTreeMap<u64, Message>,
    /// The highest number of this side that has arrived.
    arrived: u64,
}

impl Side {
    pub(super) fn new(seat: SeatNumber) -> Self {
        Self {
            seat,
            is_out: false,
            has_missed: false,
            has_lost: false,
            messages: BTreeMap::new(),
            arrived: 0,
        }
    }

    pub(super) fn says(&mut self, number: u64) {
        let message = self.messages.entry(number).or_default();
        message.sends += 1;
        if message.answer != Answer::Acked {
            message.answer = Answer::Awaited;
        }
    }

    pub(super) fn is_acked(&mut self, number: u64) {
        if let Some(message) = self.messages.get_mut(&number) {
            message.answer = Answer::Acked;
            self.forgets(number);
        }
    }

    /// Of a message that was sent more than once a refusal says nothing about the first sending.
    pub(super) fn is_refused(&mut self, number: u64, refusal: Refusal) -> Receipt {
        let Some(message) = self.messages.get_mut(&number) else {
            return Receipt::Good;
        };
        message.answer = match (message.answer, refusal, message.sends) {
            (Answer::Acked, _, _) => Answer::Acked,
            (_, Refusal::Never, 1) => Answer::Refused,
            _ => Answer::Nothing,
        };
        let receipt = if message.answer == Answer::Refused && message.has_arrived {
            Receipt::Refused
        } else {
            Receipt::Good
        };
        self.forgets(number);
        receipt
    }

    pub(super) fn gives_up(&mut self, number: u64) {
        if let Some(message) = self.messages.get_mut(&number) {
            message.gives_up();
            self.forgets(number);
        }
    }

    pub(super) fn arrives(&mut self, number: u64) -> Receipt {
        let is_newest = number > self.arrived;
        self.arrived = self.arrived.max(number);
        let Some(message) = self.messages.get_mut(&number) else {
            return if is_newest {
                Receipt::Unsaid
            } else {
                Receipt::Twice
            };
        };
        if message.has_arrived {
            return Receipt::Twice;
        }
        message.has_arrived = true;
        let is_refused = message.answer == Answer::Refused;
        self.forgets(number);
        match (is_refused, is_newest) {
            (true, _) => Receipt::Refused,
            (false, true) => Receipt::Good,
            (false, false) => Receipt::Late,
        }
    }

    pub(super) fn leaves(&mut self, end: End) {
        self.is_out = true;
        self.has_lost |= end == End::Lost;
    }

    pub(super) fn is_back(&mut self) {
        self.is_out = false;
    }

    pub(super) fn misses(&mut self) {
        self.has_missed = true;
    }

    pub(super) fn dies(&mut self) {
        (self.is_out, self.has_missed) = (true, true);
        self.messages.values_mut().for_each(Message::gives_up);
    }

    pub(super) fn has_lost(&self) -> bool {
        self.has_lost
    }

    fn open(&self) -> usize {
        let messages = self.messages.values();
        messages
            .filter(|message| message.answer == Answer::Awaited)
            .count()
    }

    fn in_vain(&self) -> impl Iterator<Item = u64> {
        let vain = self.messages.iter();
        vain.filter(|(_, message)| message.answer == Answer::Acked && !message.has_arrived)
            .map(|(number, _)| *number)
    }

    fn forgets(&mut self, number: u64) {
        if let Some(message) = self.messages.get(&number)
            && message.has_arrived
            && message.answer != Answer::Awaited
        {
            self.messages.remove(&number);
        }
    }
}

/// A chat as its seats were told of it.
#[derive(Debug, Default)]
pub(super) struct Chat {
    /// One or two.
    pub(super) sides: Vec<Side>,
}

impl Chat {
    pub(super) fn side(&mut self, seat: SeatNumber) -> Option<&mut Side> {
        self.sides.iter_mut().find(|side| side.seat == seat)
    }

    /// Whether nothing more can come of it.
    pub(super) fn is_over(&self) -> bool {
        self.sides.len() == 2 && self.sides.iter().all(|side| side.is_out && side.open() == 0)
    }

    /// Messages that were acknowledged, have not arrived, and have no excuse: their senders and numbers.
    pub(super) fn acked_in_vain(&self) -> Vec<(SeatNumber, u64)> {
        let [one, other] = &self.sides[..] else {
            return Vec::new();
        };
        let mut vain = Vec::new();
        for (sender, receiver) in [(one, other), (other, one)] {
            if !receiver.has_missed {
                vain.extend(sender.in_vain().map(|number| (sender.seat, number)));
            }
        }
        vain
    }

    /// Messages about which something is still to be heard.
    pub(super) fn unsettled(&self) -> usize {
        let open: usize = self.sides.iter().map(Side::open).sum();
        open + self.acked_in_vain().len()
    }
}
