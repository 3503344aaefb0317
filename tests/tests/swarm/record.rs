//! What all users together were told and sent; breaking a rule of two users is noticed here, at once.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard};

/// The number of a seat in order of appearance; a fresh `welcome` is a new seat.
pub(crate) type SeatNumber = usize;

/// Where a seat is, as its user was told last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Idle,
    Waiting,
    Chatting(String),
}

/// Whether somebody sits there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Connected,
    Away,
    /// Given up: closed for good, or not resumed within the grace.
    Gone,
}

#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) fate: Fate,
    pub(crate) status: Status,
    pub(crate) mode: &'static str,
    /// A `welcome` told of lost events.
    pub(crate) gap: bool,
    /// Messages without an answer on the present connection.
    pub(crate) unanswered: usize,
}

/// What became of one message.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Said {
    pub(crate) sends: u32,
    pub(crate) acked: bool,
    /// Its first sending was refused.
    pub(crate) refused: bool,
    pub(crate) received: bool,
}

/// One message: its chat, its sender, its number.
pub(crate) type MessageName = (String, SeatNumber, u64);

#[derive(Debug, Default)]
pub(crate) struct Inner {
    pub(crate) seats: Vec<Seat>,
    pub(crate) chats: HashMap<String, Vec<SeatNumber>>,
    pub(crate) said: HashMap<MessageName, Said>,
    pub(crate) met: HashSet<(SeatNumber, SeatNumber)>,
    last_received: HashMap<(String, SeatNumber), u64>,
    pub(crate) violations: Vec<String>,
    pub(crate) counts: Counts,
}

/// How lively it was.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) chats: usize,
    pub(crate) messages: usize,
    pub(crate) acks: usize,
    pub(crate) refusals: usize,
    pub(crate) resumes: usize,
    pub(crate) skips: usize,
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            chats,
            messages,
            acks,
            refusals,
            resumes,
            skips,
        } = self;
        write!(
            formatter,
            "{chats} chats, {messages} messages received, {acks} acks, {refusals} refusals, "
        )?;
        write!(formatter, "{resumes} resumes, {skips} skips")
    }
}

/// The shared record.
#[derive(Debug, Default)]
pub(crate) struct Record {
    inner: Mutex<Inner>,
}

impl Record {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody panics with the record")
    }

    pub(crate) fn violation(&self, what: String) {
        self.lock().violations.push(what);
    }

    pub(crate) fn new_seat(&self, mode: &'static str) -> SeatNumber {
        let mut inner = self.lock();
        inner.seats.push(Seat {
            fate: Fate::Connected,
            status: Status::Idle,
            mode,
            gap: false,
            unanswered: 0,
        });
        inner.seats.len() - 1
    }

    pub(crate) fn change(&self, seat: SeatNumber, change: impl FnOnce(&mut Seat)) {
        change(&mut self.lock().seats[seat]);
    }

    /// A seat was told of a chat: at most two are, and never the same two again.
    pub(crate) fn matched(&self, seat: SeatNumber, chat: &str, mode: &str) {
        let mut inner = self.lock();
        let seats = inner.chats.entry(chat.to_owned()).or_default();
        seats.push(seat);
        let seats = seats.clone();
        match seats[..] {
            [_] => inner.counts.chats += 1,
            [first, second] if first != second => {
                let pair = (first.min(second), first.max(second));
                if !inner.met.insert(pair) {
                    inner
                        .violations
                        .push(format!("seats {pair:?} met again in {chat}"));
                }
            }
            _ => inner.violations.push(format!("{chat} was told to {seats:?}")),
        }
        let wanted = inner.seats[seat].mode;
        if wanted != mode {
            inner
                .violations
                .push(format!("seat {seat} wanted {wanted} and got {mode}"));
        }
        inner.seats[seat].status = Status::Chatting(chat.to_owned());
    }

    /// A message is about to be sent.
    pub(crate) fn sent(&self, name: &MessageName) {
        self.lock().said.entry(name.clone()).or_default().sends += 1;
    }

    pub(crate) fn acked(&self, name: &MessageName) {
        let mut inner = self.lock();
        inner.counts.acks += 1;
        inner.said.entry(name.clone()).or_default().acked = true;
    }

    /// A message was refused. Of a repeated one this says nothing about the first sending.
    pub(crate) fn refused(&self, name: &MessageName) {
        let mut inner = self.lock();
        inner.counts.refusals += 1;
        let said = inner.said.entry(name.clone()).or_default();
        said.refused |= said.sends == 1;
    }

    /// A message arrived: at the partner of its chat, after all sent before it, once.
    pub(crate) fn received(&self, receiver: SeatNumber, chat: &str, text: &str) {
        let mut inner = self.lock();
        inner.counts.messages += 1;
        let name: Vec<&str> = text.split(' ').collect();
        let [said_in, sender, number, ..] = name[..] else {
            inner.violations.push(format!("nobody said `{text}`"));
            return;
        };
        let (Ok(sender), Ok(number)) = (sender.parse::<SeatNumber>(), number.parse::<u64>()) else {
            inner.violations.push(format!("nobody said `{text}`"));
            return;
        };
        let seats = inner.chats.get(chat).cloned().unwrap_or_default();
        let partners = sender != receiver && seats.contains(&sender) && seats.contains(&receiver);
        if said_in != chat || !partners {
            inner.violations.push(format!(
                "seat {receiver} in {chat} of {seats:?} received `{text}`"
            ));
        }
        let last = inner.last_received.insert((chat.to_owned(), sender), number);
        if last.is_some_and(|last| last >= number) {
            inner
                .violations
                .push(format!("{number} of seat {sender} in {chat} came after {last:?}"));
        }
        inner
            .said
            .entry((chat.to_owned(), sender, number))
            .or_default()
            .received = true;
    }
}
