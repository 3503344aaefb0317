//! What all users together were told and sent; breaking a rule of two users is noticed here, at once.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::story::{Happened, Happening, RecentTalk, Talk, recently};

/// The number of a seat in order of appearance; a fresh `welcome` is a new seat.
pub(super) type SeatNumber = usize;

/// Where a seat is, as its user was told last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Idle,
    Waiting,
    Chatting(String),
    /// A fresh seat before it is in the queue, or a chat has ended and nothing was said since: what comes next is owed.
    Between,
}

/// Whether somebody sits there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Connected,
    Away,
    /// Given up: closed for good, or not resumed within the grace.
    Gone,
}

#[derive(Debug)]
pub(super) struct Seat {
    pub(super) fate: Fate,
    pub(super) status: Status,
    pub(super) mode: &'static str,
    /// When a `welcome` last told of lost events.
    pub(super) gap: Option<Instant>,
    /// Messages without an answer on the present connection.
    pub(super) unanswered: usize,
}

/// What became of one message.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    pub(super) sends: u32,
    pub(super) acked: Option<Instant>,
    /// Its first sending was refused.
    pub(super) refused: bool,
    pub(super) received: bool,
}

impl Said {
    /// Whether its sender was told that it would never be received, and it was. Of one that was sent again nobody knows
    /// which sending was meant.
    pub(super) fn is_refused_in_vain(&self) -> bool {
        self.received && self.refused && self.sends == 1
    }
}

/// One message: its chat, its sender, its number.
pub(super) type MessageName = (String, SeatNumber, u64);

#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) seats: Vec<Seat>,
    pub(super) chats: HashMap<String, Vec<SeatNumber>>,
    pub(super) said: HashMap<MessageName, Said>,
    pub(super) met: HashSet<(SeatNumber, SeatNumber)>,
    /// Chats that a `welcome` told of after a gap: their `matched` may be among what is replayed then.
    told_by_welcome: HashSet<(String, SeatNumber)>,
    last_received: HashMap<(String, SeatNumber), u64>,
    /// What no other seat may ever read: user ids and tokens, by the seat they are of; node names, of nobody.
    private: HashMap<String, Option<SeatNumber>>,
    pub(super) violations: Vec<String>,
    pub(super) counts: Counts,
    pub(super) happened: Vec<Happened>,
    /// What was said last in all chats.
    talk: RecentTalk,
    /// What led to the first broken rules.
    pub(super) stories: Vec<String>,
}

/// When so many lines were told of what led to broken rules, no more are begun.
const STORIES: usize = 400;

/// How lively it was.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Chats that began.
    pub chats: usize,
    /// Messages that were received.
    pub messages: usize,
    /// Messages that were acknowledged.
    pub acks: usize,
    /// Messages that were refused.
    pub refusals: usize,
    /// Messages of which nobody knows.
    pub unconfirmed: usize,
    /// Seats that were taken back.
    pub resumes: usize,
    /// Of these, how many had lost events.
    pub gaps: usize,
    /// Skips that were ordered.
    pub skips: usize,
    /// The longest that a message waited for its answer on a connection that lasted.
    pub slowest: Duration,
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            chats,
            messages,
            acks,
            refusals,
            unconfirmed,
            resumes,
            gaps,
            skips,
            slowest,
        } = self;
        write!(
            formatter,
            "{chats} chats, {messages} messages received, {acks} acks, {refusals} refusals, "
        )?;
        write!(
            formatter,
            "{unconfirmed} unconfirmed, {resumes} resumes ({gaps} with a gap), {skips} skips, "
        )?;
        write!(formatter, "slowest answer {slowest:.1?}")
    }
}

/// The shared record.
#[derive(Debug, Default)]
pub struct Record {
    inner: Mutex<Inner>,
}

impl Record {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody panics with the record")
    }

    /// Notes a broken rule that somebody else has found.
    pub fn violation(&self, what: String) {
        self.lock().violations.push(what);
    }

    /// As [`Self::violation`], in this chat: tells what led to it.
    pub(super) fn violation_in(&self, chat: &str, what: String) {
        let mut inner = self.lock();
        let seats = inner.chats.get(chat).cloned().unwrap_or_default();
        inner.tell_what_led_to(&what, &seats);
        inner.violations.push(what);
    }

    /// How lively it was so far.
    pub fn counts(&self) -> Counts {
        self.lock().counts
    }

    /// What happened from this moment on, in the order in which users noticed.
    pub fn since(&self, moment: Instant) -> Vec<Happened> {
        let inner = self.lock();
        let later = inner.happened.iter().filter(|happened| happened.at >= moment);
        later.cloned().collect()
    }

    pub(super) fn happened(&self, at: Instant, seat: SeatNumber, what: Happening) {
        self.lock().happened.push(Happened { at, seat, what });
    }

    /// The user on this seat found the protocol violated, and is gone.
    pub(super) fn failed(&self, seat: SeatNumber) {
        self.lock().tell_what_led_to("a user failed", &[seat]);
    }

    pub(super) fn new_seat(&self, mode: &'static str, welcome: &Value) -> SeatNumber {
        let mut inner = self.lock();
        inner.seats.push(Seat {
            fate: Fate::Connected,
            status: Status::Between,
            mode,
            gap: None,
            unanswered: 0,
        });
        let seat = inner.seats.len() - 1;
        inner.welcomed(seat, welcome);
        seat
    }

    pub(super) fn change(&self, seat: SeatNumber, change: impl FnOnce(&mut Seat)) {
        change(&mut self.lock().seats[seat]);
    }

    /// A seat was taken back. When events were lost, its `welcome` may tell of a chat whose beginning was among them.
    pub(super) fn resumed(&self, seat: SeatNumber, welcome: &Value, at: Instant) {
        let mut inner = self.lock();
        let gap = welcome["gap"] == true;
        inner.counts.resumes += 1;
        inner.counts.gaps += usize::from(gap);
        inner.welcomed(seat, welcome);
        let place = &mut inner.seats[seat];
        (place.fate, place.unanswered) = (Fate::Connected, 0);
        if !gap {
            return;
        }
        place.gap = Some(at);
        place.status = match welcome["state"].as_str() {
            Some("waiting") => Status::Waiting,
            Some("chatting") => Status::Chatting(welcome["chat_id"].as_str().unwrap_or_default().to_owned()),
            _ => Status::Idle,
        };
        if let Status::Chatting(chat) = place.status.clone() {
            let known = inner.chats.get(&chat).is_some_and(|seats| seats.contains(&seat));
            if !known {
                inner.matched(seat, &chat);
                inner.told_by_welcome.insert((chat, seat));
            }
        }
    }

    /// A seat was told of a chat: at most two are, and never the same two again.
    pub(super) fn matched(&self, seat: SeatNumber, chat: &str, mode: &str) {
        let mut inner = self.lock();
        if !inner.told_by_welcome.remove(&(chat.to_owned(), seat)) {
            inner.matched(seat, chat);
        }
        let wanted = inner.seats[seat].mode;
        if wanted != mode {
            inner
                .violations
                .push(format!("seat {seat} wanted {wanted} and got {mode}"));
        }
        inner.seats[seat].status = Status::Chatting(chat.to_owned());
    }

    /// Whether somebody else than this seat was told of a chat.
    pub(super) fn is_shared(&self, seat: SeatNumber, chat: &str) -> bool {
        let inner = self.lock();
        let told = inner.chats.get(chat);
        told.is_some_and(|told| told.iter().any(|other| *other != seat))
    }

    /// A message is about to be sent.
    pub(super) fn sent(&self, name: &MessageName) {
        let mut inner = self.lock();
        inner.talk.note(Instant::now(), name.1, Talk::Said(name.2));
        inner.said.entry(name.clone()).or_default().sends += 1;
    }

    pub(super) fn acked(&self, name: &MessageName, at: Instant) {
        let mut inner = self.lock();
        inner.counts.acks += 1;
        inner.talk.note(at, name.1, Talk::Acked(name.2));
        let said = inner.said.entry(name.clone()).or_default();
        said.acked.get_or_insert(at);
    }

    /// A message was refused. Of a repeated one this says nothing about the first sending.
    pub(super) fn refused(&self, name: &MessageName, code: &str) {
        let mut inner = self.lock();
        inner.talk.note(Instant::now(), name.1, Talk::Refused(name.2));
        if code == "unconfirmed" {
            inner.counts.unconfirmed += 1;
            return;
        }
        inner.counts.refusals += 1;
        let said = inner.said.entry(name.clone()).or_default();
        said.refused |= said.sends == 1;
        if said.is_refused_in_vain() {
            let seats = inner.chats.get(&name.0).cloned().unwrap_or_default();
            inner.tell_what_led_to(&format!("{name:?} was received, then refused"), &seats);
        }
    }

    /// A message got its answer on the connection it was sent on.
    pub(super) fn answered_after(&self, time: Duration) {
        let mut inner = self.lock();
        inner.counts.slowest = inner.counts.slowest.max(time);
    }

    /// A message arrived: at the partner of its chat, after all sent before it, once.
    pub(super) fn received(&self, receiver: SeatNumber, chat: &str, text: &str) {
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
        inner.talk.note(Instant::now(), receiver, Talk::Received(number));
        let last = inner.last_received.insert((chat.to_owned(), sender), number);
        if last.is_some_and(|last| last >= number) {
            let why = format!("{number} of seat {sender} in {chat} came after {last:?}");
            inner.tell_what_led_to(&why, &[sender, receiver]);
            inner.violations.push(why);
        }
        let said = inner.said.entry((chat.to_owned(), sender, number)).or_default();
        said.received = true;
        if said.is_refused_in_vain() {
            let why = format!("{number} of seat {sender} in {chat} was refused, then received");
            inner.tell_what_led_to(&why, &[sender, receiver]);
        }
    }

    /// Looks for what nobody but the partner, or nobody at all, may know.
    pub(super) fn reads(&self, seat: SeatNumber, frame: &Value) {
        let mut inner = self.lock();
        let mut found = Vec::new();
        inner.search(seat, frame, &mut found);
        for secret in found {
            inner.violations.push(format!(
                "seat {seat} reads `{secret}`, which is not its own: {frame}"
            ));
        }
    }
}

impl Inner {
    /// Keeps what these seats went through lately, and said.
    fn tell_what_led_to(&mut self, what: &str, seats: &[SeatNumber]) {
        if self.stories.len() > STORIES {
            return;
        }
        self.stories.push(format!("what led to this: {what}"));
        self.stories.extend(recently(&self.happened, &self.talk, seats));
    }

    fn welcomed(&mut self, seat: SeatNumber, welcome: &Value) {
        for (field, of) in [
            ("user_id", Some(seat)),
            ("resume_token", Some(seat)),
            ("node", None),
        ] {
            if let Some(secret) = welcome[field].as_str() {
                let before = self.private.insert(secret.to_owned(), of);
                if before.is_some_and(|before| before != of) {
                    self.violations
                        .push(format!("seat {seat} was given the {field} of {before:?}"));
                }
            }
        }
    }

    fn search(&self, seat: SeatNumber, value: &Value, found: &mut Vec<String>) {
        match value {
            Value::String(text) => {
                let own = |of: &Option<SeatNumber>| *of == Some(seat);
                if self.private.get(text).is_some_and(|of| !own(of)) {
                    found.push(text.clone());
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.search(seat, item, found)),
            Value::Object(fields) => fields.values().for_each(|field| self.search(seat, field, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn matched(&mut self, seat: SeatNumber, chat: &str) {
        let seats = self.chats.entry(chat.to_owned()).or_default();
        seats.push(seat);
        match seats[..] {
            [_] => self.counts.chats += 1,
            [first, second] if first != second => {
                let pair = (first.min(second), first.max(second));
                if !self.met.insert(pair) {
                    let what = format!("seats {pair:?} met again in {chat}");
                    self.tell_what_led_to(&what, &[pair.0, pair.1]);
                    self.violations.push(what);
                }
            }
            _ => self.violations.push(format!("{chat} was told to {seats:?}")),
        }
    }
}
